/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_PRIV_H
#define SLIPWAY_CTL_PRIV_H

/**
 * @file
 * What ctl.c, which has the sockets, asks of ctl_answer.c, which knows what to say. All of it is
 * for the thread of the control sockets.
 */

#include <sys/types.h>

#include "ctl_clients.h"
#include "device.h"

/** What an answer is about. */
struct ctl_device {
	const struct device *dev;
	unsigned int index;
	pid_t pid;
	uint64_t since; /**< when it was opened, as ctl_now_ms has it */
};

/** Answer a request. `about` is a struct ctl_device. */
void ctl_answer(void *about, struct ctl_request *request, struct ctl_text *t);

#endif /* SLIPWAY_CTL_PRIV_H */
