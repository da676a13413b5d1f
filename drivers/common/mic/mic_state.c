/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What is asked of a card: sections 11.7, 11.8, 12.2, 12.3 and 12.9. */

#include "mic_state.h"

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>

#include "mic_dev_priv.h"

/* Section 22, ms: how long a card OS may take to end. */
#define SHUTDOWN_MS 60000u
/* A reset ends by itself, or fails, in the card's time; the rest is for a machine that is busy. */
#define RESET_MS 120000u
#define BUSY_NS  UINT64_C(10000000000)

static const char *
text(const struct mic_machine *m)
{
	return mic_state_name(m->conf.era, m->state);
}

/* The state alone would not say why. */
static int
refuse_busy(const struct mic_dev *dev, const char *what)
{
	MIC_DEV_LOG(ERR, dev, "%s while an image is being loaded or booted; accepted: once that is "
			      "done", what);
	return -EBUSY;
}

/* ---- Waiting ---- */

/* Done when the condition holds; whoever waits has the lock. */
static bool
wait_for(struct mic_dev *dev, bool (*done)(const void *m), uint64_t ns)
{
	struct mic_machine *m = &dev->machine;

	return mic_control_wait(&dev->control, &m->lock, &m->changed, done, m, ns);
}

static bool
is_reset(const void *arg)
{
	const struct mic_machine *m = arg;

	return m->state != MIC_RESETTING;
}

static bool
has_ended(const void *arg)
{
	const struct mic_machine *m = arg;

	return m->shutdown != MIC_SHUTDOWN_NOP || !mic_machine_is_up(m);
}

struct awaited {
	const struct mic_machine *m;
	enum mic_state state;
	uint64_t entered;
};

/* Entered and left again is entered. */
static bool
is_entered(const void *arg)
{
	const struct awaited *a = arg;

	return a->m->state == a->state || a->m->entered[a->state] != a->entered ||
	       a->m->state == MIC_LOST;
}

int
mic_state_wait(struct mic_dev *dev, enum mic_state state, uint64_t ns)
{
	struct mic_machine *m = &dev->machine;
	struct awaited a = {.m = m, .state = state};
	bool done;

	pthread_mutex_lock(&m->lock);
	a.entered = m->entered[state];
	done = mic_control_wait(&dev->control, &m->lock, &m->changed, is_entered, &a, ns);
	if (done && m->state == MIC_LOST && state != MIC_LOST && m->entered[state] == a.entered) {
		pthread_mutex_unlock(&m->lock);
		return -ENODEV;
	}
	pthread_mutex_unlock(&m->lock);
	return done ? 0 : -ETIMEDOUT;
}

/* ---- Configuration ---- */

/* A copy is needed where nobody is asked for it again. */
static bool
is_kept(const struct mic_conf *conf)
{
	return conf->restart || conf->boot_on_resume;
}

/* Under the lock: it would have to be kept, and was not. */
static bool
comes_late(const struct mic_machine *m, const struct mic_conf *conf)
{
	return is_kept(conf) && m->loaded && m->kept.memory == NULL;
}

int
mic_state_configure(struct mic_dev *dev, const struct mic_conf *conf)
{
	struct mic_machine *m = &dev->machine;
	bool era, busy, late, refused;

	pthread_mutex_lock(&m->lock);
	busy = m->busy;
	refused = busy || m->step != MIC_STEP_NONE || mic_machine_is_up(m);
	late = !refused && comes_late(m, conf);
	era = conf->era != m->conf.era || conf->number != m->conf.number;
	if (!refused && !late)
		m->conf = *conf;
	pthread_mutex_unlock(&m->lock);
	if (busy)
		return refuse_busy(dev, "configure");
	if (refused)
		MIC_DEV_LOG(ERR, dev, "configure in state %s; accepted: %s", text(m),
			    mic_state_name(m->conf.era, MIC_READY));
	else if (late)
		MIC_DEV_LOG(ERR, dev,
			    "configure: restart %d, boot_on_resume %d with an image loaded that "
			    "was not kept for it; accepted: before it is loaded, or once it is "
			    "unloaded",
			    conf->restart, conf->boot_on_resume);
	else if (era)
		mic_page_init(dev);
	return refused || late ? -EBUSY : 0;
}

void
mic_state_conf(struct mic_dev *dev, struct mic_conf *conf)
{
	pthread_mutex_lock(&dev->machine.lock);
	*conf = dev->machine.conf;
	pthread_mutex_unlock(&dev->machine.lock);
}

void
mic_state_watch(struct mic_dev *dev, mic_state_watch_fn *watch, void *arg)
{
	pthread_mutex_lock(&dev->machine.lock);
	dev->machine.watch = watch;
	dev->machine.watch_arg = arg;
	pthread_mutex_unlock(&dev->machine.lock);
}

/* ---- Reset ---- */

/* Under the lock. */
static int
reset_and_wait(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	int ret = mic_machine_reset(dev);

	if (ret == 0 && !wait_for(dev, is_reset, mic_ns(dev, RESET_MS) + BUSY_NS))
		ret = -ETIMEDOUT;
	if (ret == 0 && m->state == MIC_LOST)
		ret = -ENODEV;
	if (ret == 0 && m->state == MIC_RESET_FAILED)
		ret = -EIO;
	return ret;
}

int
mic_state_reset(struct mic_dev *dev)
{
	int ret;

	pthread_mutex_lock(&dev->machine.lock);
	dev->machine.again = false;
	ret = reset_and_wait(dev);
	pthread_mutex_unlock(&dev->machine.lock);
	return ret;
}

int
mic_state_ask_reset(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	int ret;

	pthread_mutex_lock(&m->lock);
	if (m->state == MIC_READY)
		ret = m->conf.era == MIC_ERA_A ? 0 : -EINVAL;
	else
		ret = mic_machine_reset(dev);
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* ---- Load, boot ---- */

/* Under the lock: the card waits for an image, after a reset if need be. */
static int
make_ready(struct mic_dev *dev, const char *what)
{
	struct mic_machine *m = &dev->machine;
	int ret;

	if (m->state != MIC_LOST && m->busy)
		return refuse_busy(dev, what);
	if (m->state != MIC_READY) {
		MIC_DEV_LOG(ERR, dev, "%s in state %s; accepted: %s", what, text(m),
			    mic_state_name(m->conf.era, MIC_READY));
		return m->state == MIC_LOST ? -ENODEV : -EINVAL;
	}
	if (mic_spad2_is_ready(mic_dev_read(dev, MIC_SPAD_AT(2))))
		return 0;
	ret = reset_and_wait(dev);
	if (ret == 0 && m->state != MIC_READY)
		ret = -EINVAL;
	/* Somebody else was quicker once it was over. */
	return ret == 0 && m->busy ? -EBUSY : ret;
}

static int
place(struct mic_dev *dev, const struct mic_image *image)
{
	struct mic_machine *m = &dev->machine;
	struct mic_image_plan plan;
	uint64_t at = 0;
	int ret = mic_boot_plan(dev, image, &plan);

	/* It may be what was kept. */
	if (ret == 0 && is_kept(&m->conf) && image != &m->kept.image)
		ret = mic_boot_keep(&m->kept, image);
	if (ret == -ENOMEM)
		MIC_DEV_LOG(ERR, dev, "no memory to keep an image of %" PRIu64 " bytes",
			    image->image_size + image->ramdisk_size);
	if (ret < 0)
		return ret;
	do
		mic_boot_place(dev, image, &plan, &at);
	while (at != 0);
	return 0;
}

int
mic_state_may_load(struct mic_dev *dev, const struct mic_image *image)
{
	struct mic_image_plan plan;
	int ret;

	pthread_mutex_lock(&dev->machine.lock);
	ret = make_ready(dev, "load");
	pthread_mutex_unlock(&dev->machine.lock);
	return ret == 0 ? mic_boot_plan(dev, image, &plan) : ret;
}

int
mic_state_load(struct mic_dev *dev, const struct mic_image *image)
{
	struct mic_machine *m = &dev->machine;
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = make_ready(dev, "load");
	m->busy = m->busy || ret == 0;
	pthread_mutex_unlock(&m->lock);
	if (ret < 0)
		return ret;
	ret = place(dev, image);
	pthread_mutex_lock(&m->lock);
	m->busy = false;
	m->loaded = ret == 0;
	if (ret == 0)
		m->bare = image->bare;
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* Under the lock. What was kept is loaded again after a reset. */
static int
check_loaded(struct mic_dev *dev)
{
	const struct mic_machine *m = &dev->machine;

	if (m->loaded || m->kept.memory != NULL)
		return 0;
	MIC_DEV_LOG(ERR, dev, "boot without an image; accepted: after one has been loaded, which a "
			      "reset forgets");
	return -EINVAL;
}

int
mic_state_boot(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	bool loaded;
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = make_ready(dev, "boot");
	if (ret == 0)
		ret = check_loaded(dev);
	m->busy = m->busy || ret == 0;
	loaded = m->loaded;
	if (ret == 0 && !loaded)
		m->bare = m->kept.image.bare;
	/* Whoever boots it has seen to it. */
	if (ret == 0)
		m->restarts_in_a_row = 0;
	pthread_mutex_unlock(&m->lock);
	if (ret < 0)
		return ret;
	if (!loaded)
		ret = place(dev, &m->kept.image);
	if (ret == 0)
		ret = mic_boot_run(dev);
	pthread_mutex_lock(&m->lock);
	m->busy = false;
	/* The card OS uses that memory from now on. */
	m->loaded = false;
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* ---- Shutdown ---- */

/* By its doorbell (section 12.4), or by COSM. */
int
mic_machine_ask_shutdown(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	mic_cosm_send_fn *send = m->send;
	void *arg = m->send_arg;
	int db = mic_page_shutdown_db(dev), ret = 0;

	if (m->state != MIC_ONLINE)
		return -EINVAL;
	if (db < 0 && send == NULL)
		return -ENOTCONN;
	m->heartbeat_due = MIC_CONTROL_NEVER;
	mic_machine_enter(dev, MIC_SHUTTING_DOWN);
	pthread_mutex_unlock(&m->lock);
	if (send != NULL) {
		ret = send(arg, MIC_COSM_SHUTDOWN, 0, 0);
	} else {
		mic_page_ask_shutdown(dev);
		mic_dev_ring(dev, (unsigned int)db);
	}
	pthread_mutex_lock(&m->lock);
	return ret;
}

int
mic_state_shutdown(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = mic_machine_ask_shutdown(dev);
	if (ret < 0)
		MIC_DEV_LOG(ERR, dev, "shutdown in state %s%s; accepted: %s, when the card listens",
			    text(m), ret == -ENOTCONN ? ", and the card does not listen" : "",
			    mic_state_name(m->conf.era, MIC_ONLINE));
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* Under the lock: let the card OS end if it can be told to, however it does. It is in that state
 * meanwhile.
 */
static void
end_card_os(struct mic_dev *dev, enum mic_state meanwhile)
{
	struct mic_machine *m = &dev->machine;
	int ret = mic_machine_ask_shutdown(dev);

	if (ret == 0 && m->state == MIC_SHUTTING_DOWN && meanwhile != MIC_SHUTTING_DOWN)
		mic_machine_enter(dev, meanwhile);
	if (ret < 0 && m->state != MIC_SHUTTING_DOWN)
		return;
	if (!wait_for(dev, has_ended, mic_ns(dev, SHUTDOWN_MS)))
		MIC_DEV_LOG(WARNING, dev, "the card does not shut down, so it is reset");
}

int
mic_state_stop(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	int ret = 0;

	pthread_mutex_lock(&m->lock);
	m->stopping = true;
	m->again = false;
	if (mic_machine_is_up(m)) {
		end_card_os(dev, MIC_SHUTTING_DOWN);
		ret = reset_and_wait(dev);
	} else if (m->state == MIC_RESETTING) {
		ret = reset_and_wait(dev);
	}
	m->stopping = false;
	pthread_mutex_unlock(&m->lock);
	return ret;
}

int
mic_state_unload(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	int ret = 0;

	pthread_mutex_lock(&m->lock);
	if (m->busy) {
		pthread_mutex_unlock(&m->lock);
		return refuse_busy(dev, "unload");
	}
	m->again = false;
	if (m->loaded || m->state != MIC_READY)
		ret = reset_and_wait(dev);
	if (!m->busy && m->step == MIC_STEP_NONE)
		mic_boot_forget(&m->kept);
	pthread_mutex_unlock(&m->lock);
	return ret;
}

/* ---- Suspend, resume ---- */

/* Under the lock. */
static int
check_suspend(const struct mic_dev *dev)
{
	const struct mic_machine *m = &dev->machine;

	if (m->busy)
		return refuse_busy(dev, "suspend");
	if (m->state != MIC_LOST && m->state != MIC_SUSPENDED)
		return 0;
	MIC_DEV_LOG(ERR, dev, "suspend in state %s; accepted: any but suspended and lost", text(m));
	return m->state == MIC_LOST ? -ENODEV : -EINVAL;
}

int
mic_state_suspend(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	bool era_a = m->conf.era == MIC_ERA_A;
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = check_suspend(dev);
	if (ret < 0) {
		pthread_mutex_unlock(&m->lock);
		return ret;
	}
	m->stopping = true;
	/* One that is about to boot again is as good as up. */
	m->was_up = m->state == MIC_ONLINE || m->state == MIC_BOOTING || m->again;
	m->again = false;
	/* Later eras leave an orderly end to programs, and only reset. */
	if (era_a && m->state == MIC_ONLINE)
		end_card_os(dev, MIC_SUSPENDING);
	if (mic_machine_is_up(m) || m->state == MIC_RESETTING)
		ret = reset_and_wait(dev);
	m->stopping = false;
	if (ret == 0 && era_a && m->state == MIC_READY)
		mic_machine_enter(dev, MIC_SUSPENDED);
	pthread_mutex_unlock(&m->lock);
	return ret;
}

int
mic_state_resume(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	bool boot;
	int ret = 0;

	pthread_mutex_lock(&m->lock);
	if (m->state != (m->conf.era == MIC_ERA_A ? MIC_SUSPENDED : MIC_READY)) {
		MIC_DEV_LOG(ERR, dev, "resume in state %s; accepted: %s", text(m),
			    m->conf.era == MIC_ERA_A ? "suspended" : "ready");
		pthread_mutex_unlock(&m->lock);
		return m->state == MIC_LOST ? -ENODEV : -EINVAL;
	}
	boot = m->conf.era == MIC_ERA_A && m->conf.boot_on_resume && m->was_up;
	m->was_up = false;
	if (!mic_spad2_is_ready(mic_dev_read(dev, MIC_SPAD_AT(2))))
		ret = reset_and_wait(dev);
	else if (m->state == MIC_SUSPENDED)
		mic_machine_enter(dev, MIC_READY);
	pthread_mutex_unlock(&m->lock);
	return ret == 0 && boot ? mic_state_boot(dev) : ret;
}
