/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_FUNCTION_H
#define SLIPWAY_CARD_FUNCTION_H

/**
 * @file
 * Functions that run on the card and are called by the host, by the agreement of mic_mailbox.h. One
 * is added by writing its `call` and naming it in the table of card_calls.c.
 */

#include "card.h"
#include "mic_mailbox.h"

/** Returned by a call that is not through: it is called again with the same struct. */
#define CARD_CALL_AGAIN INT64_MAX

/** A call: what the host sent was copied, and is the host's word only. */
struct card_call {
	uint64_t arg[MIC_MAILBOX_ARGS];
	uint64_t answer[MIC_MAILBOX_ARGS]; /**< 0 to start with */
	uint64_t now_ns;
	/** The function's own while it is called again; 0 at first. */
	uint64_t at;
	int64_t job;
	uint64_t began_ns;
	uint64_t state[8];
};

struct card_function {
	const char *name; /**< at most 23 characters */
	/** Memory for callers' data: this part of the card's memory, 8 for an eighth; 0: none. */
	unsigned int share;
	/**
	 * Do it, or a part of it that takes no longer than some tens of microseconds: 0 or a
	 * negative errno for the host, or CARD_CALL_AGAIN.
	 */
	int64_t (*call)(struct card *card, struct card_call *call);
};

/** All of them, ended by NULL; at most MIC_MAILBOX_FUNCTIONS. */
extern const struct card_function *const card_functions[];

#endif /* SLIPWAY_CARD_FUNCTION_H */
