/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_MAILBOX_H
#define SLIPWAY_MIC_MAILBOX_H

/**
 * @file
 * Card-side functions of the virtual card: how a host calls them. This is slipway's own agreement,
 * no part of the X100's protocol (a card that runs other software has SPAD8 = 0). The card OS keeps
 * a directory page in card memory, whose address is in SPAD8. Each function has a ring of slots; a
 * slot is one 64-byte line for the request and one for the answer. The host writes a request, its
 * sequence number last; the card answers, the same number last. Number n of a function (1, 2, ...)
 * lies in slot (n - 1) % slots. Both sides poll; the host may ring `h2c_db` for a card that sleeps.
 */

#include <stdint.h>

#define MIC_MAILBOX_SPAD      8u
#define MIC_MAILBOX_MAGIC     0x70696c73u /* "slip" */
#define MIC_MAILBOX_FUNCTIONS 16u
#define MIC_MAILBOX_SLOTS     64u
#define MIC_MAILBOX_ARGS      6u

/** A line of either direction. Offsets are of card memory (BAR0). */
struct mic_mailbox_line {
	uint64_t arg[MIC_MAILBOX_ARGS];
	int64_t result;    /**< answers: 0, or a negative errno of Linux */
	uint64_t sequence; /**< written last */
};

struct mic_mailbox_slot {
	struct mic_mailbox_line request; /**< host writes */
	struct mic_mailbox_line answer;  /**< card writes */
};

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
