/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* COSM's part in the states of eras C and D: sections 12.3, 12.5 and 12.6. */

#include <errno.h>
#include <time.h>

#include "mic_dev_priv.h"

/* Section 22, ms. */
#define HEARTBEAT_MS 40000u

/* Under the lock. */
static void
arm(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	bool watched = m->conf.heartbeat && m->state == MIC_ONLINE && m->send != NULL;

	m->heartbeat_due = watched ? mic_control_now() + mic_ns(dev, HEARTBEAT_MS)
				   : MIC_CONTROL_NEVER;
}

void
mic_state_set_heartbeat(struct mic_dev *dev, bool watch)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_lock(&m->lock);
	m->conf.heartbeat = watch;
	arm(dev);
	pthread_mutex_unlock(&m->lock);
	mic_control_wake(&dev->control);
}

int
mic_cosm_connected(struct mic_dev *dev, mic_cosm_send_fn *send, void *arg)
{
	struct mic_machine *m = &dev->machine;
	struct timespec now;
	bool taken;

	pthread_mutex_lock(&m->lock);
	/* A client that was loaded anew connects again. */
	taken = m->conf.era != MIC_ERA_A && (m->state == MIC_BOOTING || m->state == MIC_ONLINE);
	if (taken) {
		m->send = send;
		m->send_arg = arg;
		m->said = MIC_SHUTDOWN_NOP;
		if (m->state == MIC_BOOTING)
			mic_machine_enter(dev, MIC_ONLINE);
		arm(dev);
	}
	pthread_mutex_unlock(&m->lock);
	if (!taken) {
		MIC_DEV_LOG_CARD(WARNING, dev,
				 "a COSM connection in state %s; accepted: booting, online",
				 mic_state_name(m->conf.era, m->state));
		return -EINVAL;
	}
	mic_control_wake(&dev->control);
	clock_gettime(CLOCK_REALTIME, &now);
	return send(arg, MIC_COSM_SYNC_TIME, (uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
}

/* Kept until the connection is closed: the card's shutdown is still going on. */
static void
take_status(struct mic_dev *dev, uint64_t status)
{
	struct mic_machine *m = &dev->machine;

	if (status == MIC_SHUTDOWN_RESTART_LATER)
		status = MIC_SHUTDOWN_RESTART;
	if (status == MIC_SHUTDOWN_NOP || status > MIC_SHUTDOWN_RESTART) {
		MIC_DEV_LOG_CARD(ERR, dev, "the card ends with status %u; known: 1..5",
				 (unsigned int)status);
		return;
	}
	m->said = (enum mic_shutdown)status;
	m->heartbeat_due = MIC_CONTROL_NEVER;
	if (m->state == MIC_ONLINE)
		mic_machine_enter(dev, MIC_SHUTTING_DOWN);
}

void
mic_cosm_message(struct mic_dev *dev, enum mic_cosm_id id, uint64_t first)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_lock(&m->lock);
	if (m->send != NULL && id == MIC_COSM_HEARTBEAT) {
		m->heartbeats++;
		arm(dev);
	} else if (m->send != NULL && id == MIC_COSM_SHUTDOWN_STATUS) {
		take_status(dev, first);
	}
	pthread_mutex_unlock(&m->lock);
}

void
mic_cosm_closed(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_lock(&m->lock);
	m->send = NULL;
	m->heartbeat_due = MIC_CONTROL_NEVER;
	if (m->said != MIC_SHUTDOWN_NOP && mic_machine_is_up(m))
		mic_machine_ended(dev, m->said);
	m->said = MIC_SHUTDOWN_NOP;
	pthread_mutex_unlock(&m->lock);
}
