/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Compares what came out with what was expected, and remembers the first thing that was wrong. */

#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "expected.h"

enum {
	PROBLEMS_MAX = 1000, /* beyond these the rest is not looked at */
	PROBLEM_TEXT_BYTES = 512,
};

struct judge {
	struct expected *expected;
	uint64_t seen; /* packets of the port at hand */
	uint64_t right;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t altered;
	uint64_t misrouted;
	uint64_t missing;
	uint8_t source[ETHER_ADDRESS_BYTES]; /* of the routed packets of the port at hand */
	bool source_known;
	char first[PROBLEM_TEXT_BYTES];
};

void judge_port_begin(struct judge *judge);
void judge_packet(struct judge *judge, unsigned int port, const uint8_t *bytes, uint32_t length);
void judge_missing(struct judge *judge);
uint64_t judge_problems(const struct judge *judge);

#endif
