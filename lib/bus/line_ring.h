/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_LINE_RING_H
#define SLIPWAY_LINE_RING_H

/**
 * @file
 * A ring of 64-byte lines from one poster to one drainer, for posted writes on their way to a
 * device. It lives in memory that two processes may share, so the drainer trusts nothing it reads
 * there: the index the poster publishes is only ever taken as a distance, and one that is too large
 * counts as full.
 *
 *   poster                                  drainer
 *     line -> lines[head % LINES]
 *     head + 1          -- release ------>  acquire: head - tail lines are there
 *                                             reads them, acts on them
 *     acquire: room     <------ release --  tail + n
 *
 * A poster is one thread at a time; so is a drainer. Each side keeps its own index in private
 * memory and writes the shared copy for the other, so each cache line here has one writer. A poster
 * may fill several slots, and publish them together.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Lines in a ring: what a port can have in flight before its poster has to wait. */
#define LINE_RING_LINES 512u
#define LINE_RING_LINE  64u
#define LINE_RING_WORDS (LINE_RING_LINE / 8)

/** One ring in shared memory. Zeroed memory is an empty ring. */
struct line_ring {
	_Alignas(64) _Atomic uint32_t head; /**< written by the poster: lines ever posted */
	_Alignas(64) _Atomic uint32_t tail; /**< written by the drainer: lines ever taken */
	_Alignas(64) _Atomic uint64_t lines[LINE_RING_LINES][LINE_RING_WORDS];
};

/** The poster's private view of a ring. */
struct line_poster {
	struct line_ring *ring;
	uint32_t head;
	uint32_t tail; /**< as last seen */
};

/** The drainer's private view of a ring. */
struct line_drainer {
	struct line_ring *ring;
	uint32_t tail;
};

/**
 * Is there room for a line? Looks at the drainer's index only when the last one seen says no.
 *
 * @return true when line_ring_post may be called once more
 */
static inline bool
line_ring_has_room(struct line_poster *p)
{
	if (p->head - p->tail < LINE_RING_LINES)
		return true;
	/* Pairs with the release in line_ring_take: the slots given back have been read. */
	p->tail = atomic_load_explicit(&p->ring->tail, memory_order_acquire);
	return p->head - p->tail < LINE_RING_LINES;
}

/** Take over from another poster of the ring, who published all it did: one at a time is allowed. */
static inline void
line_ring_resume(struct line_poster *p)
{
	/* Posters see to it themselves that one comes after the other. */
	p->head = atomic_load_explicit(&p->ring->head, memory_order_relaxed);
}

/** Where the next line goes; there must be room. Nobody else looks there before it is published. */
static inline void *
line_ring_slot(const struct line_poster *p)
{
	return p->ring->lines[p->head % LINE_RING_LINES];
}

/** Publish every line up to the poster's head. */
static inline void
line_ring_publish(const struct line_poster *p)
{
	/* Pairs with the acquire in line_ring_ready: whoever sees the index sees the lines. */
	atomic_store_explicit(&p->ring->head, p->head, memory_order_release);
}

/**
 * Post one line; there must be room.
 *
 * @param line the bytes
 * @param len 16 or 64; the rest of a shorter line is zero, which every device reads as nothing
 */
static inline void
line_ring_post(struct line_poster *p, const void *line, unsigned int len)
{
	unsigned char *slot = line_ring_slot(p);

	/* The poster's own until head moves on: plain stores, wide ones. */
	memcpy(slot, line, len == LINE_RING_LINE ? LINE_RING_LINE : 16);
	if (len != LINE_RING_LINE)
		memset(slot + 16, 0, LINE_RING_LINE - 16);
	p->head++;
	line_ring_publish(p);
}

/**
 * How many lines wait?
 *
 * @return 0..LINE_RING_LINES, whatever the other side wrote
 */
static inline uint32_t
line_ring_ready(const struct line_drainer *d)
{
	/* Pairs with the release in line_ring_publish. */
	uint32_t n = atomic_load_explicit(&d->ring->head, memory_order_acquire) - d->tail;

	return n <= LINE_RING_LINES ? n : LINE_RING_LINES;
}

/**
 * Does a line wait? For those who are neither poster nor drainer: may come too late either way.
 */
static inline bool
line_ring_waiting(const struct line_ring *ring)
{
	/* Pairs with the release in line_ring_publish. */
	return atomic_load_explicit(&ring->head, memory_order_acquire) !=
	       atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

/**
 * The i-th waiting line. The other side may still write to it when it misbehaves: take each word
 * out once, with line_ring_word or line_ring_copy.
 */
static inline const _Atomic uint64_t *
line_ring_line(const struct line_drainer *d, uint32_t i)
{
	return d->ring->lines[(d->tail + i) % LINE_RING_LINES];
}

static inline uint64_t
line_ring_word(const _Atomic uint64_t *line, unsigned int i)
{
	return atomic_load_explicit(&line[i], memory_order_relaxed);
}

/** A quarter of a line: two words. */
typedef uint64_t line_ring_quarter __attribute__((vector_size(16), may_alias));

/** The i-th quarter, 0..3. Volatile, so that it is read once. */
static inline line_ring_quarter
line_ring_quarter_at(const _Atomic uint64_t *line, unsigned int i)
{
	return ((const volatile line_ring_quarter *)(const void *)line)[i];
}

/** Copy a line out: spelled out, as compilers leave a loop over volatiles alone. */
static inline void
line_ring_copy(const _Atomic uint64_t *line, line_ring_quarter quarter[LINE_RING_WORDS / 2])
{
	quarter[0] = line_ring_quarter_at(line, 0);
	quarter[1] = line_ring_quarter_at(line, 1);
	quarter[2] = line_ring_quarter_at(line, 2);
	quarter[3] = line_ring_quarter_at(line, 3);
}

/** Give back the n oldest lines. */
static inline void
line_ring_take(struct line_drainer *d, uint32_t n)
{
	d->tail += n;
	/* Pairs with the acquire in line_ring_has_room: the slots may be written again. */
	atomic_store_explicit(&d->ring->tail, d->tail, memory_order_release);
}

#endif /* SLIPWAY_LINE_RING_H */
