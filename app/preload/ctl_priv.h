/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_PRIV_H
#define SLIPWAY_CTL_PRIV_H

/**
 * @file
 * What ctl.c, which talks to clients, asks of ctl_answer.c, which knows what to say. All of it is
 * for the thread of the control sockets.
 */

#include <sys/types.h>

#include "device.h"

/** Text that grows; what does not fit into memory is lost, and `short_of_memory` says so. */
struct ctl_text {
	char *bytes;
	size_t len, room;
	bool short_of_memory;
};

/** What an answer is about. */
struct ctl_device {
	const struct device *dev;
	unsigned int index;
	pid_t pid;
	uint64_t since; /**< when it was opened, as ctl_now_ms has it */
};

/** Add to a text, up to 255 bytes at a time. */
void ctl_text_add(struct ctl_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Let go of a text's memory; it is empty then. */
void ctl_text_free(struct ctl_text *t);

/** CLOCK_MONOTONIC, in ms. */
uint64_t ctl_now_ms(void);

/** Answer a request of `len` bytes, without the end of the line. */
void ctl_answer(const struct ctl_device *about, const char *request, size_t len,
		struct ctl_text *t);

#endif /* SLIPWAY_CTL_PRIV_H */
