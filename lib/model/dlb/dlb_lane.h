/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_LANE_H
#define SLIPWAY_DLB_LANE_H

/**
 * @file
 * Lanes: QEs that wait in arrival order. A lane lies in chunks of neighbours, so that lines go in
 * and batches come out without a look at links:
 *
 *       head                                              tail: the next one goes here
 *        v                                                 v
 *   [..abcdefgh] --next--> [ijklmnopqr] --next--> [stuvwx....]
 *
 * The chunk of the tail is there before its first QE. A lane that runs empty goes back to the
 * start of its chunk, so a short one stays in the same cache lines.
 */

#include <stdbool.h>

#include "dlb_hcw.h"

/** QEs of a chunk. */
#define DLB_CHUNK 32u
#define DLB_LANES ((2 * DLB_LDB_QUEUES + DLB_DIR_PORTS_MAX) * DLB_PRIO_BINS)
/**
 * Chunks that all QEs there can be may need, spread over all lanes: what lies before the head and
 * behind the tail is at most two chunks of each. Chunk 0 is nobody's.
 */
#define DLB_CHUNKS (1 + DLB_CREDITS / DLB_CHUNK + 2 * DLB_LANES)

/** A lane: positions among the QEs of all chunks; both 0 before it got its first chunk. */
struct dlb_lane {
	uint32_t head, tail;
};

/** One lane per effective priority; bit b of `bins`: lane b has QEs. */
struct dlb_lanes {
	struct dlb_lane lane[DLB_PRIO_BINS];
	uint8_t bins;
	uint8_t turn;  /**< dlb_turn.h */
	uint8_t wheel; /**< the same, of the arbiter's wheel */
};

/** What lanes are made of. */
struct dlb_chunks {
	uint16_t free; /**< head of the free ones */
	uint16_t next[DLB_CHUNKS];
	struct dlb_qe qe[DLB_CHUNKS * DLB_CHUNK];
};

/** Make all chunks free: no lane may have one. */
static inline void
dlb_chunks_reset(struct dlb_chunks *c)
{
	for (uint32_t i = 1; i < DLB_CHUNKS; i++)
		c->next[i] = (uint16_t)(i + 1);
	c->free = 1;
}

static inline uint32_t
dlb_chunk_take(struct dlb_chunks *c)
{
	uint32_t chunk = c->free;

	c->free = c->next[chunk];
	return chunk;
}

static inline void
dlb_chunk_give(struct dlb_chunks *c, uint32_t chunk)
{
	c->next[chunk] = c->free;
	c->free = (uint16_t)chunk;
}

/** See that the lane has a tail. */
static inline void
dlb_lane_begin(struct dlb_chunks *c, struct dlb_lane *l)
{
	if (__builtin_expect(l->tail == 0, 0))
		l->head = l->tail = dlb_chunk_take(c) * DLB_CHUNK;
}

/** How many QEs go to the tail in one piece: at least one. */
static inline uint32_t
dlb_lane_room(const struct dlb_lane *l)
{
	return DLB_CHUNK - l->tail % DLB_CHUNK;
}

/** So many were put at the tail, in one piece. */
static inline void
dlb_lane_grow(struct dlb_chunks *c, struct dlb_lane *l, uint32_t n)
{
	uint32_t chunk;

	l->tail += n;
	if (l->tail % DLB_CHUNK != 0)
		return;
	chunk = dlb_chunk_take(c);
	c->next[l->tail / DLB_CHUNK - 1] = (uint16_t)chunk;
	l->tail = chunk * DLB_CHUNK;
}

static inline void
dlb_lane_append(struct dlb_chunks *c, struct dlb_lane *l, uint64_t data, uint64_t meta)
{
	dlb_lane_begin(c, l);
	c->qe[l->tail] = (struct dlb_qe){.data = data, .meta = meta};
	dlb_lane_grow(c, l, 1);
}

/** In front of all others. */
static inline void
dlb_lane_prepend(struct dlb_chunks *c, struct dlb_lane *l, struct dlb_qe qe)
{
	uint32_t chunk;

	dlb_lane_begin(c, l);
	if (l->head % DLB_CHUNK == 0) {
		chunk = dlb_chunk_take(c);
		c->next[chunk] = (uint16_t)(l->head / DLB_CHUNK);
		l->head = (chunk + 1) * DLB_CHUNK;
	}
	c->qe[--l->head] = qe;
}

/** How many QEs are at the head in one piece: none only when the lane is empty. */
static inline uint32_t
dlb_lane_piece(const struct dlb_lane *l)
{
	if (l->head / DLB_CHUNK == l->tail / DLB_CHUNK)
		return l->tail - l->head;
	return DLB_CHUNK - l->head % DLB_CHUNK;
}

/** So many were taken off the head, in one piece: false when the lane is empty now. */
static inline bool
dlb_lane_shrink(struct dlb_chunks *c, struct dlb_lane *l, uint32_t n)
{
	uint32_t chunk = l->head / DLB_CHUNK;

	l->head += n;
	if (l->head % DLB_CHUNK == 0) {
		l->head = c->next[chunk] * DLB_CHUNK;
		dlb_chunk_give(c, chunk);
	}
	if (l->head != l->tail)
		return true;
	l->head = l->tail -= l->tail % DLB_CHUNK;
	return false;
}

#endif /* SLIPWAY_DLB_LANE_H */
