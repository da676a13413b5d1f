/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The way through a reset, sections 10.1 and 10.2. */

#include <rte_atomic.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

static void
begin(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	m->step = MIC_STEP_QUIET;
	m->due = MIC_CONTROL_NEVER;
	pthread_mutex_unlock(&m->lock);
	mic_dev_tell(dev, MIC_DEV_RESETTING);
	mic_dev_write(dev, MIC_SPAD_AT(2), 0);
	/* The old ready flag is gone before the reset begins. */
	rte_mb();
	mic_dev_write(dev, MIC_AT(RGCR, 0),
		      mic_dev_read(dev, MIC_AT(RGCR, 0)) | (uint32_t)REG_MASK(MIC_RGCR_RESET));
	pthread_mutex_lock(&m->lock);
	if (m->step == MIC_STEP_QUIET)
		m->due = mic_control_now() + mic_ns(dev, MIC_RESET_QUIET_MS);
	m->loaded = false;
	m->polls = 0;
}

/* Before the card is said to be ready, it has all that it gets from us. */
static void
restore(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_unlock(&m->lock);
	mic_dev_restore_config(dev);
	mic_dev_restore_smpt(dev);
	mic_page_init(dev);
	mic_irq_restore(dev);
	mic_dev_publish_page(dev);
	mic_dev_tell(dev, MIC_DEV_RUNNING);
	pthread_mutex_lock(&m->lock);
}

static void
succeed(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;

	m->step = MIC_STEP_NONE;
	restore(dev);
	/* It may be lost by now. */
	if (m->state != MIC_RESETTING)
		return;
	m->resets++;
	m->shutdown = MIC_SHUTDOWN_NOP;
	m->booted_ns = m->online_ns = 0;
	if (m->again) {
		m->step = MIC_STEP_PLACE;
		m->due = now;
		m->placed = 0;
		return;
	}
	mic_machine_enter(dev, MIC_READY);
}

static void
fail(struct mic_dev *dev, uint32_t post)
{
	struct mic_machine *m = &dev->machine;

	MIC_DEV_LOG(ERR, dev,
		    "reset failed: not ready after %u polls, POST code %#x; a reset may help once "
		    "the reason is known",
		    m->polls, post);
	m->step = MIC_STEP_NONE;
	m->again = false;
	m->reset_failures++;
	mic_machine_enter(dev, MIC_RESET_FAILED);
}

/* Memory that cannot be trained stays so. Nothing else is given up early: a card may read as all
 * ones for most of its reset.
 */
static bool
is_hopeless(uint32_t post)
{
	return post == MIC_POST('F', '2') || post == MIC_POST('F', '4');
}

static void
poll_ready(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;
	uint32_t post;

	/* All ones are not ready, bit 0 or not (section 24, 1). */
	if (mic_spad2_is_ready(mic_dev_read(dev, MIC_SPAD_AT(2)))) {
		succeed(dev, now);
		return;
	}
	post = mic_dev_read(dev, MIC_AT(POSTCODE, 0));
	if (++m->polls == MIC_READY_POLLS || is_hopeless(post))
		fail(dev, post);
	else
		m->due = now + mic_ns(dev, MIC_READY_POLL_MS);
}

static void
place(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	struct mic_image_plan plan;

	m->bare = m->kept.image.bare;
	/* Only this thread takes what is kept away, or `configure`, which refuses now. */
	pthread_mutex_unlock(&m->lock);
	if (mic_boot_plan(dev, &m->kept.image, &plan) < 0) {
		pthread_mutex_lock(&m->lock);
		m->step = MIC_STEP_NONE;
		m->again = false;
		mic_machine_enter(dev, MIC_READY);
		return;
	}
	mic_boot_place(dev, &m->kept.image, &plan, &m->placed);
	/* Only this thread finds a card lost, and it has not meanwhile. */
	if (m->placed == 0)
		(void)mic_boot_run(dev);
	pthread_mutex_lock(&m->lock);
	if (m->placed != 0)
		return;
	m->step = MIC_STEP_NONE;
	m->again = false;
}

void
mic_reset_step(struct mic_dev *dev, uint64_t now)
{
	struct mic_machine *m = &dev->machine;

	switch (m->step) {
	case MIC_STEP_TELL:
		begin(dev);
		break;
	case MIC_STEP_QUIET:
		m->step = MIC_STEP_POLL;
		poll_ready(dev, now);
		break;
	case MIC_STEP_POLL:
		poll_ready(dev, now);
		break;
	case MIC_STEP_PLACE:
		place(dev);
		break;
	default:
		break;
	}
}
