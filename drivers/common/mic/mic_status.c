/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* How a card stands, and the words and numbers for it: section 12.1. */

#include <rte_common.h>

#include "mic_dev_priv.h"

void
mic_state_status(struct mic_dev *dev, struct mic_status *status)
{
	struct mic_machine *m = &dev->machine;

	pthread_mutex_lock(&m->lock);
	*status = (struct mic_status){
		.state = m->state,
		.before = m->before,
		.shutdown = m->shutdown,
		.loaded = m->loaded,
		.booted_ns = m->booted_ns,
		.online_ns = m->online_ns,
		.boots = m->boots,
		.resets = m->resets,
		.reset_failures = m->reset_failures,
		.crashes = m->crashes,
		.heartbeats = m->heartbeats,
		.heartbeat_timeouts = m->heartbeat_timeouts,
		.restarts = m->restarts,
		.restarts_refused = m->restarts_refused,
	};
	status->post = m->post;
	status->spad2 = m->spad2;
	pthread_mutex_unlock(&m->lock);
	/* It could not answer, and must not be lost because somebody asks how it is. */
	if (access_is_stopped(dev->access))
		return;
	status->post = mic_dev_read(dev, MIC_AT(POSTCODE, 0));
	status->spad2 = mic_dev_read(dev, MIC_SPAD_AT(2));
	pthread_mutex_lock(&m->lock);
	m->post = status->post;
	m->spad2 = status->spad2;
	pthread_mutex_unlock(&m->lock);
	if (status->post != UINT32_MAX || status->spad2 != UINT32_MAX)
		return;
	atomic_store(&m->suspected, true);
	mic_control_wake(&dev->control);
}

const char *
mic_state_name(enum mic_era era, enum mic_state state)
{
	static const char *const names[] = {
		[MIC_READY] = "ready",
		[MIC_BOOTING] = "booting",
		[MIC_ONLINE] = "online",
		[MIC_SHUTTING_DOWN] = "shutting_down",
		[MIC_RESETTING] = "resetting",
		[MIC_RESET_FAILED] = "reset_failed",
		[MIC_SUSPENDING] = "suspending",
		[MIC_SUSPENDED] = "suspended",
		[MIC_LOST] = "lost",
	};

	if (state >= MIC_STATES)
		return "?";
	return era == MIC_ERA_A && state == MIC_READY ? "offline" : names[state];
}

/* Section 12.1; a card that is lost was no state there. */
int
mic_state_number(enum mic_era era, const struct mic_status *status)
{
	static const int8_t numbers[][MIC_STATES] = {
		{0, -1, 1, 2, -1, 3, 4, 5, 6},
		{0, 1, 2, 3, 4, 5, -1, -1, 6},
	};
	enum mic_state state = status->state;

	/* In the early era a card is what it was until it has been reset. */
	if (era == MIC_ERA_A && state == MIC_RESETTING)
		state = status->before;
	return numbers[era != MIC_ERA_A][state];
}

const char *
mic_shutdown_name(enum mic_shutdown shutdown)
{
	static const char *const names[] = {"nop", "crashed", "halted", "poweroff", "restart"};

	return shutdown < RTE_DIM(names) ? names[shutdown] : "?";
}
