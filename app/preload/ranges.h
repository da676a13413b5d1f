/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_RANGES_H
#define SLIPWAY_RANGES_H

/**
 * @file
 * A table of address ranges that do not overlap, and what lies there. Readers take no lock, so that
 * they may be signal handlers and may run under the lock of a model; writers come one at a time,
 * which is up to the caller.
 *
 *   writer   sequence odd -> entries move -> sequence even
 *   reader   sequence even, looks, sequence still the same: what it saw was so; otherwise again
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** A range, and what lies there. */
struct range {
	uint64_t start;
	uint64_t size; /**< bytes, not 0; may reach up to the end of the address space */
	uint64_t to;   /**< what `start` stands for; moves along when the front is cut off */
	uint64_t tag;  /**< anything */
};

/** One range in the table, word by word. */
struct range_slot {
	_Atomic uint64_t word[4];
};

/** The table; zeroed but for `max` and `slots`, it is empty. */
struct ranges {
	_Atomic uint32_t sequence;
	_Atomic uint32_t count;
	uint32_t max;
	struct range_slot *slots; /**< `max` of them, sorted by start; the caller's */
};

/** Last address of a range. */
static inline uint64_t
range_last(const struct range *r)
{
	return r->start + (r->size - 1);
}

/**
 * The range that holds an address. Any thread, signal handlers too.
 *
 * @param found out: the range, when there is one
 */
bool ranges_find(const struct ranges *t, uint64_t addr, struct range *found);

/**
 * The first range that reaches to `addr` or beyond: with it, one can walk through the table. Any
 * thread, signal handlers too.
 */
bool ranges_next(const struct ranges *t, uint64_t addr, struct range *found);

/**
 * Add a range. One writer at a time.
 *
 * @return 0, -EINVAL when it is empty or runs over the end of the address space, -EEXIST when it
 *         overlaps another, -ENOSPC
 */
int ranges_insert(struct ranges *t, const struct range *r);

/**
 * Take away all that lies in an interval; ranges that reach over its ends are cut. One writer at a
 * time.
 *
 * @return 0, or -ENOSPC when an end that should have stayed behind found no room and went as well
 */
int ranges_cut(struct ranges *t, uint64_t start, uint64_t size);

#endif /* SLIPWAY_RANGES_H */
