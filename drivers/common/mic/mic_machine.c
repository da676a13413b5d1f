/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the control thread does for a card: notices how the card OS fares, takes the steps of a
 * reset, and tells of states.
 */

#include <errno.h>

#include <rte_common.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

/* Section 22, ms. */
#define HEARTBEAT_MS 40000u

/* How often a device is looked at that cannot tell that it is gone, real time. */
#define LOOK_NS UINT64_C(50000000)
/* How often status registers are read where there are no interrupts. */
#define POLL_NS UINT64_C(1000000)
/* A model in this process is stepped so often at least: another thread may have taken the step that
 * found out when the next one is due.
 */
#define STEP_NS UINT64_C(10000000)
/* How often to look what the bootstrap makes of an image. */
#define WATCH_NS UINT64_C(5000000)
/* How often a card OS may say how it ends. */
#define ENDS_MOST 4u
/* So many restarts are granted one after the other. One that was up for so long in between, ms,
 * works, and begins anew; another one would be booted for ever, for nothing.
 */
#define RESTARTS_MOST 5u
#define STEADY_MS     600000u

bool
mic_machine_is_up(const struct mic_machine *m)
{
	switch (m->state) {
	case MIC_BOOTING:
	case MIC_ONLINE:
	case MIC_SHUTTING_DOWN:
	case MIC_SUSPENDING:
		return true;
	default:
		return false;
	}
}

void
mic_machine_enter(struct mic_dev *dev, enum mic_state state)
{
	struct mic_machine *m = &dev->machine;

	m->state = state;
	m->entered[state]++;
	if (state == MIC_ONLINE)
		m->online_ns = mic_control_now();
	/* States follow each other slowly; whoever listens slower still loses the oldest. */
	if (m->tell_head - m->tell_tail == MIC_TOLD)
		m->tell_tail++;
	m->told[m->tell_head % MIC_TOLD].state = state;
	m->told[m->tell_head++ % MIC_TOLD].shutdown = m->shutdown;
	pthread_cond_broadcast(&m->changed);
	mic_control_wake(&dev->control);
}

static bool
was_steady(const struct mic_dev *dev)
{
	const struct mic_machine *m = &dev->machine;

	return m->online_ns != 0 && mic_control_now() - m->online_ns >= mic_ns(dev, STEADY_MS);
}

static bool
restart_is_granted(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	if (was_steady(dev))
		m->restarts_in_a_row = 0;
	if (m->restarts_in_a_row == RESTARTS_MOST) {
		m->restarts_refused++;
		MIC_DEV_LOG_CARD(ERR, dev,
				 "the card asks for a restart again after %u of them, and was not "
				 "up for %u minutes since the last one, so it stays down; boot it "
				 "once the reason is known",
				 RESTARTS_MOST, STEADY_MS / 60000);
		return false;
	}
	m->restarts_in_a_row++;
	m->restarts++;
	return true;
}

/* Reset, then boot what is kept, if that is wanted and nobody is about to reset it anyway. */
static void
restart(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	if (!m->conf.restart || m->stopping || m->kept.memory == NULL || !restart_is_granted(dev))
		return;
	MIC_DEV_LOG_CARD(NOTICE, dev, "the card asks for a restart");
	m->again = true;
	mic_machine_reset(dev);
}

void
mic_machine_ended(struct mic_dev *dev, enum mic_shutdown shutdown)
{
	struct mic_machine *m = &dev->machine;

	m->shutdown = shutdown;
	m->ends++;
	m->heartbeat_due = MIC_CONTROL_NEVER;
	m->watched = true;
	if (shutdown == MIC_SHUTDOWN_CRASHED)
		m->crashes++;
	mic_machine_enter(dev, m->state == MIC_SUSPENDING ? MIC_SUSPENDING : MIC_SHUTTING_DOWN);
	if (shutdown == MIC_SHUTDOWN_RESTART)
		restart(dev);
}

static void
lose(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	MIC_DEV_LOG(ERR, dev, "the card is gone; close it, and probe it again once it is back");
	atomic_store(&dev->lost, true);
	m->step = MIC_STEP_NONE;
	m->again = false;
	mic_machine_enter(dev, MIC_LOST);
	pthread_mutex_unlock(&m->lock);
	mic_dev_tell(dev, MIC_DEV_LOST);
	pthread_mutex_lock(&m->lock);
}

/* Is a look at the registers due? A server that has gone shows without one; one that is there for a
 * card that is not shows to whoever reads a register.
 */
static bool
look_is_due(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;
	bool suspected = atomic_exchange(&m->suspected, false);

	return mic_machine_is_up(m) &&
	       (suspected ||
		(access_wait_fd(dev->access) < 0 && now - m->looked >= LOOK_NS));
}

static void
check_there(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;
	bool there = !access_is_lost(dev->access);

	if (there && look_is_due(dev, now)) {
		m->looked = now;
		there = mic_dev_is_there(dev);
	}
	if (!there)
		lose(dev);
}

/* A card OS ends once, and may think of another end on the way, or crash. One that goes on would be
 * counted, and told of, for ever, and keep those busy who see to it.
 */
static bool
has_said(const struct mic_machine *m, enum mic_shutdown shutdown)
{
	return shutdown == m->shutdown || m->ends == ENDS_MOST;
}

/* What the card says of its end, era A. Newer kernels say 5 where they mean 4 (section 24, 10). */
static void
check_status(struct mic_dev *dev)
{
	unsigned int status = mic_page_take_status(dev);

	if (status == 0)
		return;
	if (status == MIC_SHUTDOWN_RESTART_LATER)
		status = MIC_SHUTDOWN_RESTART;
	if (status > MIC_SHUTDOWN_RESTART) {
		MIC_DEV_LOG_CARD(ERR, dev, "the card ends with status %u; known: 1..5", status);
		return;
	}
	if (has_said(&dev->machine, (enum mic_shutdown)status))
		return;
	mic_machine_ended(dev, (enum mic_shutdown)status);
}

/* Without the lock: who reads waits for a process that is stopped, and who asks how the card is does
 * not. False: it is not the boot that was watched any more.
 */
static bool
read_post(struct mic_dev *dev, uint32_t *post)
{
	struct mic_machine *m = &dev->machine;
	uint64_t boots = m->boots;

	pthread_mutex_unlock(&m->lock);
	*post = mic_dev_read(dev, MIC_AT(POSTCODE, 0)) & 0xffff;
	pthread_mutex_lock(&m->lock);
	return mic_machine_is_up(m) && m->boots == boots;
}

/* After the boot interrupt: an image that the bootstrap refuses never says so by itself. */
static void
check_bootstrap(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;
	uint32_t post;

	/* A card whose process is stopped would be lost by it. */
	if (m->watched || access_is_stopped(dev->access) || !read_post(dev, &post))
		return;
	if (post == MIC_POST('n', 'A')) {
		MIC_DEV_LOG(ERR, dev, "the card refuses the image: POST code nA");
		mic_machine_ended(dev, MIC_SHUTDOWN_CRASHED);
	}
	m->watched |= post == MIC_POST('F', 'F') || now >= m->watch_until;
}

static void
check_heartbeat(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;

	if (now < m->heartbeat_due)
		return;
	m->heartbeat_timeouts++;
	MIC_DEV_LOG(ERR, dev, "no heartbeat for %u s: the card has crashed", HEARTBEAT_MS / 1000);
	mic_machine_ended(dev, MIC_SHUTDOWN_CRASHED);
}

/* One after the other, without the lock. */
static void
tell_all(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	while (m->tell_tail != m->tell_head) {
		enum mic_state state = m->told[m->tell_tail % MIC_TOLD].state;
		enum mic_shutdown shutdown = m->told[m->tell_tail++ % MIC_TOLD].shutdown;
		mic_state_watch_fn *watch = m->watch;
		void *arg = m->watch_arg;

		if (watch == NULL)
			continue;
		pthread_mutex_unlock(&m->lock);
		watch(arg, state, shutdown);
		pthread_mutex_lock(&m->lock);
	}
}

static uint64_t
until(uint64_t due, uint64_t now)
{
	if (due == MIC_CONTROL_NEVER)
		return due;
	return due > now ? due - now : 0;
}

static uint64_t
next(const struct mic_dev *dev, uint64_t now)
{
	const struct mic_machine *m = &dev->machine;
	bool up = mic_machine_is_up(m);
	uint64_t ns = until(m->heartbeat_due, now);

	if (m->step != MIC_STEP_NONE)
		ns = RTE_MIN(ns, until(m->due, now));
	if (up && !m->watched)
		ns = RTE_MIN(ns, WATCH_NS);
	if (up && access_wait_fd(dev->access) < 0)
		ns = RTE_MIN(ns, until(m->looked + LOOK_NS, now));
	if (up && dev->irq.mode == MIC_IRQ_POLL)
		ns = RTE_MIN(ns, POLL_NS);
	if ((up || m->step != MIC_STEP_NONE) && dev->is_private)
		ns = RTE_MIN(ns, STEP_NS);
	return ns;
}

uint64_t
mic_machine_serve(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	uint64_t now = mic_control_now(), ns;

	pthread_mutex_lock(&m->lock);
	if (m->state != MIC_LOST)
		check_there(dev, now);
	if (mic_machine_is_up(m))
		check_status(dev);
	if (mic_machine_is_up(m))
		check_bootstrap(dev, now);
	if (mic_machine_is_up(m))
		check_heartbeat(dev, now);
	if (m->step != MIC_STEP_NONE && now >= m->due)
		mic_reset_step(dev, now);
	tell_all(dev);
	ns = next(dev, mic_control_now());
	pthread_mutex_unlock(&m->lock);
	return ns;
}

int
mic_machine_reset(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	if (m->state == MIC_LOST)
		return -ENODEV;
	if (m->state == MIC_RESETTING)
		return 0;
	if (m->busy) {
		MIC_DEV_LOG(ERR, dev, "an image is being loaded; reset it when that is done");
		return -EBUSY;
	}
	m->before = m->state;
	m->step = MIC_STEP_TELL;
	m->due = 0;
	m->heartbeat_due = MIC_CONTROL_NEVER;
	mic_machine_enter(dev, MIC_RESETTING);
	return 0;
}

void
mic_machine_init(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_init(&m->lock, NULL);
	mic_control_cond_init(&m->changed);
	m->heartbeat_due = MIC_CONTROL_NEVER;
	m->watched = true;
}

void
mic_machine_free(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	mic_boot_forget(&m->kept);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}
