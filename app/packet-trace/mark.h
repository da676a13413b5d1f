/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The truth that a generated packet carries at the start of its payload: which flow it belongs
 * to, and the how-manieth of that flow it is.
 *
 *   bytes 0-3 "slip"   4-7 flow   8-11 sequence   12-15 check over flow and sequence
 */

#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MARK_BYTES = 16,
};

struct mark {
	uint32_t flow;
	uint32_t sequence;
};

void mark_write(const struct mark *mark, uint8_t *at);

/* Finds the mark of a whole frame; false where there is none, or a damaged one. */
bool mark_find(struct mark *mark, const uint8_t *bytes, uint32_t length);

#endif
