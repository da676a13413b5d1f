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
 * A poster is one thread at a time; so is a drainer. Each side keeps its own index in private memory
 * and writes the shared copy for the other, so each cache line here has one writer.
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

/* Two words of a line. Word by word, because posters write lines that way just before, and a wider
 * load would have to wait for those stores to leave the store buffer.
 */
static inline void
line_ring_pair(_Atomic uint64_t *slot, const void *line, unsigned int i)
{
	uint64_t a, b;

	memcpy(&a, (const char *)line + 8 * i, 8);
	memcpy(&b, (const char *)line + 8 * i + 8, 8);
	atomic_store_explicit(&slot[i], a, memory_order_relaxed);
	atomic_store_explicit(&slot[i + 1], b, memory_order_relaxed);
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
	_Atomic uint64_t *slot = p->ring->lines[p->head % LINE_RING_LINES];

	line_ring_pair(slot, line, 0);
	if (len == LINE_RING_LINE) {
		line_ring_pair(slot, line, 2);
		line_ring_pair(slot, line, 4);
		line_ring_pair(slot, line, 6);
	} else {
		for (unsigned int i = 2; i < LINE_RING_WORDS; i++)
			atomic_store_explicit(&slot[i], 0, memory_order_relaxed);
	}
	p->head++;
	/* Pairs with the acquire in line_ring_ready: whoever sees the index sees the line. */
	atomic_store_explicit(&p->ring->head, p->head, memory_order_release);
}

/**
 * How many lines wait?
 *
 * @return 0..LINE_RING_LINES, whatever the other side wrote
 */
static inline uint32_t
line_ring_ready(const struct line_drainer *d)
{
	/* Pairs with the release in line_ring_post. */
	uint32_t n = atomic_load_explicit(&d->ring->head, memory_order_acquire) - d->tail;

	return n <= LINE_RING_LINES ? n : LINE_RING_LINES;
}

/**
 * Does a line wait? For those who are neither poster nor drainer: may come too late either way.
 */
static inline bool
line_ring_waiting(const struct line_ring *ring)
{
	/* Pairs with the release in line_ring_post. */
	return atomic_load_explicit(&ring->head, memory_order_acquire) !=
	       atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

/**
 * The i-th waiting line. The other side may still write to it when it misbehaves: take each word out
 * once, with line_ring_word.
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

/** Give back the n oldest lines. */
static inline void
line_ring_take(struct line_drainer *d, uint32_t n)
{
	d->tail += n;
	/* Pairs with the acquire in line_ring_has_room: the slots may be written again. */
	atomic_store_explicit(&d->ring->tail, d->tail, memory_order_release);
}

/**
 * Start again from an empty ring, for who is poster and drainer at once and has taken all there was:
 * a wrong index that somebody wrote to the shared memory ends here.
 */
static inline void
line_ring_restart(struct line_poster *p, const struct line_drainer *d)
{
	p->head = d->tail;
	p->tail = d->tail;
	atomic_store_explicit(&d->ring->head, d->tail, memory_order_relaxed);
	atomic_store_explicit(&d->ring->tail, d->tail, memory_order_relaxed);
}

#endif /* SLIPWAY_LINE_RING_H */
