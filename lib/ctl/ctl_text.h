/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_TEXT_H
#define SLIPWAY_CTL_TEXT_H

/**
 * @file
 * Answers of control sockets: text that grows.
 */

#include <stdbool.h>
#include <stddef.h>

/** Text that grows; what does not fit into memory is lost, and `short_of_memory` says so. */
struct ctl_text {
	char *bytes;
	size_t len, room;
	bool short_of_memory;
};

/** Add to a text, up to 255 bytes at a time. */
void ctl_text_add(struct ctl_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Add a JSON string of foreign text: what JSON or a terminal may not like is shown as '?'. */
void ctl_text_quote(struct ctl_text *t, const char *s, size_t len);

/** Add {"error": "..."}, made as by printf; at most 255 bytes, with the same care. */
void ctl_text_error(struct ctl_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Let go of a text's memory; it is empty then. */
void ctl_text_free(struct ctl_text *t);

#endif /* SLIPWAY_CTL_TEXT_H */
