/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_WATCH_H
#define SLIPWAY_CARD_WATCH_H

/**
 * @file
 * Watching a card until it is where it is wanted, with its POST codes going by: on a terminal as
 * one line that changes, elsewhere as a line for each code.
 */

#include <stdint.h>

#include "card_look.h"

struct card_watch {
	const struct card_paths *paths;
	/** 0: not there yet; 1: there; or a status to exit with, reported, times -1. */
	int (*there)(struct card_watch *w, json_t *look);
	double timeout; /**< seconds; 0 for ever */
	bool quiet;
	const char *aim; /**< for the message that it was not reached */
	uint64_t began;  /**< card_watch_begin() */
	double up_since; /**< for `there`: when its card OS was first seen up; 0: not yet */
	/* What was shown last. */
	char post[3], state[16];
	unsigned int percent;
	bool drawn;
};

/** The clock starts. */
void card_watch_begin(struct card_watch *w);
/** 0, or a status to exit with: EXIT_TIMEOUT, or what `there` said. */
int card_watch(struct card_watch *w);
/** Seconds since it began. */
double card_watch_seconds(const struct card_watch *w);

#endif /* SLIPWAY_CARD_WATCH_H */
