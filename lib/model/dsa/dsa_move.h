/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_MOVE_H
#define SLIPWAY_DSA_MOVE_H

/**
 * @file
 * Bytes moved, filled and compared at the speed of memory. Which instructions do it is chosen at run
 * time by what the CPU has and by what pays; what comes out is the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dsa_op.h"

/** Sets of instructions. */
enum dsa_move_isa {
	DSA_MOVE_PLAIN, /**< none but the C compiler's */
	DSA_MOVE_SSE2,
	DSA_MOVE_AVX2,
	DSA_MOVE_AVX512,
};

/** The best of those this CPU has. */
enum dsa_move_isa dsa_move_best(void);

/**
 * Copy. They may overlap when `dst` is below `src`.
 *
 * @param cached leave the destination in the cache
 * @param pace what a copy or fill in several calls remembers between them; zeroed before the first
 */
void dsa_move(uint8_t *dst, const uint8_t *src, size_t len, bool cached, struct dsa_pace *pace);

/** Shorter copies are left to the C library. */
#define DSA_MOVE_SHORT 512u

/** Copy at once, between places apart. */
static inline void
dsa_move_apart(uint8_t *dst, const uint8_t *src, size_t len, bool cached)
{
	struct dsa_pace pace = {0};

	if (len < DSA_MOVE_SHORT)
		memcpy(dst, src, len);
	else
		dsa_move(dst, src, len, cached, &pace);
}

/** Copy; they may overlap in any way. For short ones. */
void dsa_move_back(uint8_t *dst, const uint8_t *src, size_t len);

/** A pattern twice, so that any 16 bytes from its first half are the pattern turned round. */
#define DSA_PATTERN_BYTES 16u
struct dsa_pattern {
	uint8_t twice[2 * DSA_PATTERN_BYTES];
};

/** The pattern of two words, from byte `phase` of it on. */
struct dsa_pattern dsa_pattern(uint64_t low, uint64_t high, unsigned int phase);

/** Fill with a pattern. */
void dsa_fill(uint8_t *dst, size_t len, const struct dsa_pattern *pattern, bool cached,
	      struct dsa_pace *pace);

/** How many bytes of `a` and `b` are the same before the first that is not. */
size_t dsa_same(const uint8_t *a, const uint8_t *b, size_t len);

/** Write the lines of that memory back from the cache; `keep`: they may stay in it. */
void dsa_flush(const uint8_t *p, size_t len, bool keep);

/* ---- By a set of instructions that this CPU has: for tests and measurements ---- */

void dsa_move_by(enum dsa_move_isa isa, uint8_t *dst, const uint8_t *src, size_t len, bool cached,
		 struct dsa_pace *pace);
void dsa_fill_by(enum dsa_move_isa isa, uint8_t *dst, size_t len, const struct dsa_pattern *pattern,
		 bool cached, struct dsa_pace *pace);
size_t dsa_same_by(enum dsa_move_isa isa, const uint8_t *a, const uint8_t *b, size_t len);

#endif /* SLIPWAY_DSA_MOVE_H */
