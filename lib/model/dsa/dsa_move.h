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

#include "dsa_op.h"

/**
 * Copy. They may overlap when `dst` is below `src`.
 *
 * @param cached leave the destination in the cache
 * @param pace what a copy in several calls remembers between them; zeroed before the first
 */
void dsa_move(uint8_t *dst, const uint8_t *src, size_t len, bool cached, struct dsa_pace *pace);

/** Copy at most a page; they may overlap in any way. */
void dsa_move_back(uint8_t *dst, const uint8_t *src, size_t len);

/** Fill with a pattern of 16 bytes, from byte `phase` of it on. */
void dsa_fill(uint8_t *dst, size_t len, const uint64_t pattern[2], unsigned int phase, bool cached);

/** How many bytes of `a` and `b` are the same before the first that is not. */
size_t dsa_same(const uint8_t *a, const uint8_t *b, size_t len);

/** Write the lines of that memory back from the cache; `keep`: they may stay in it. */
void dsa_flush(const uint8_t *p, size_t len, bool keep);

#endif /* SLIPWAY_DSA_MOVE_H */
