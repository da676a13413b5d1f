/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_MAILBOX_H
#define SLIPWAY_MIC_MAILBOX_H

/**
 * @file
 * Card-side functions of the virtual card: how a host calls them. This is slipway's own agreement,
 * no part of the X100's protocol (a card that runs other software has SPAD8 = 0). The card OS keeps
 * a directory page in card memory, whose address is in SPAD8. Each function has a ring of slots, of
 * a 64-byte line each. The host writes a request, number n of a function (1, 2, ...), and last
 * whose turn it is; the card writes the answer over it, and last that it is there. Both sides poll;
 * the host may ring `h2c_db` for a card that sleeps.
 *
 * The first request lies in slot 0. A later one lies in the slot of the one before, if the host has
 * had the answer to that, or else in the next slot, and always may lie there. Whoever calls one
 * after the other thus uses one line, which is with whom it is wanted by: a line that was left in
 * the caches of both costs another way between them before it can be written.
 */

#include <stdint.h>

#define MIC_MAILBOX_SPAD      8u
#define MIC_MAILBOX_MAGIC     0x70696c73u /* "slip" */
#define MIC_MAILBOX_FUNCTIONS 16u
#define MIC_MAILBOX_SLOTS     64u
#define MIC_MAILBOX_ARGS      6u

/** A line, of host and card in turn. Offsets are of card memory (BAR0). */
struct mic_mailbox_slot {
	uint64_t arg[MIC_MAILBOX_ARGS];
	int64_t result; /**< of an answer: 0, or a negative errno of Linux */
	uint64_t turn;  /**< written last: what is here, of which number */
};

/** `turn` of request number n, and of its answer. */
#define MIC_MAILBOX_REQUEST(n) (2 * (n))
#define MIC_MAILBOX_ANSWER(n)  (2 * (n) + 1)

struct mic_mailbox_function {
	char name[24]; /**< ended by 0; "" for no more */
	uint64_t slots;     /**< offset of struct mic_mailbox_slot[MIC_MAILBOX_SLOTS], 64-aligned */
	uint64_t memory;    /**< offset of memory that callers may use for data, 64-aligned */
	uint64_t memory_size;
	uint32_t h2c_db;    /**< doorbell that wakes the card for it */
	uint32_t awake;     /**< card: 1 while it polls, 0 when it wants the doorbell */
	uint64_t reserved;
};

/** The directory page. */
struct mic_mailbox {
	uint32_t magic;
	uint32_t count;
	uint64_t reserved[7];
	struct mic_mailbox_function function[MIC_MAILBOX_FUNCTIONS];
};

#endif /* SLIPWAY_MIC_MAILBOX_H */
