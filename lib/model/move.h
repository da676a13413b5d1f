/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MOVE_H
#define SLIPWAY_MOVE_H

/**
 * @file
 * Bytes moved, filled and compared at the speed of memory. Which instructions do it is chosen at run
 * time by what the CPU has and by what pays; what comes out is the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** What a copy in several slices found out about the memory it moves. move.c's own. */
struct move_pace {
	uint8_t way;
	uint8_t probes; /**< until it is found out again */
};

/** Sets of instructions. */
enum move_isa {
	MOVE_PLAIN, /**< none but the C compiler's */
	MOVE_SSE2,
	MOVE_AVX2,
	MOVE_AVX512,
};

/** The best of those this CPU has. */
enum move_isa move_best(void);

/**
 * Copy. They may overlap when `dst` is below `src`.
 *
 * @param cached leave the destination in the cache
 * @param pace what a copy or fill in several calls remembers between them; zeroed before the first
 */
void move_bytes(uint8_t *dst, const uint8_t *src, size_t len, bool cached, struct move_pace *pace);

/** Shorter copies are left to the C library. */
#define MOVE_SHORT 512u

/** Copy at once, between places apart. */
static inline void
move_apart(uint8_t *dst, const uint8_t *src, size_t len, bool cached)
{
	struct move_pace pace = {0};

	if (len < MOVE_SHORT)
		memcpy(dst, src, len);
	else
		move_bytes(dst, src, len, cached, &pace);
}

/** Copy; they may overlap in any way. For short ones. */
void move_back(uint8_t *dst, const uint8_t *src, size_t len);

/** A pattern twice, so that any 16 bytes from its first half are the pattern turned round. */
#define MOVE_PATTERN_BYTES 16u
struct move_pattern {
	uint8_t twice[2 * MOVE_PATTERN_BYTES];
};

/** The pattern of two words, from byte `phase` of it on. */
struct move_pattern move_pattern(uint64_t low, uint64_t high, unsigned int phase);

/** Fill with a pattern. */
void move_fill(uint8_t *dst, size_t len, const struct move_pattern *pattern, bool cached,
	      struct move_pace *pace);

/** How many bytes of `a` and `b` are the same before the first that is not. */
size_t move_same(const uint8_t *a, const uint8_t *b, size_t len);

/** Write the lines of that memory back from the cache; `keep`: they may stay in it. */
void move_flush(const uint8_t *p, size_t len, bool keep);

/* ---- By a set of instructions that this CPU has: for tests and measurements ---- */

void move_by(enum move_isa isa, uint8_t *dst, const uint8_t *src, size_t len, bool cached,
		 struct move_pace *pace);
void move_fill_by(enum move_isa isa, uint8_t *dst, size_t len, const struct move_pattern *pattern,
		 bool cached, struct move_pace *pace);
size_t move_same_by(enum move_isa isa, const uint8_t *a, const uint8_t *b, size_t len);

#endif /* SLIPWAY_MOVE_H */
