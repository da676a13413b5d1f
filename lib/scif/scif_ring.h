/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_RING_H
#define SLIPWAY_SCIF_RING_H

/**
 * @file
 * A ring of bytes from one producer to one consumer, for the streams of endpoints and the messages
 * of nodes. It lies with the consumer, and nobody loads from the other side:
 *
 *   producer                                    consumer
 *     free: its own copy of the read index
 *     bytes -> ring
 *     write index    -- release ------------>   acquire: used, by its own copy of the write index
 *                                               bytes out of the ring
 *     acquire: its own copy  <---- release --   read index
 *
 * One byte stays empty, so that equal indices mean empty. Indices are masked when they are loaded:
 * whatever the other side wrote, it is an index of the ring.
 */

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define SCIF_RING_LINE 64u   /**< bytes of a cache line; of no consequence where they are others */
#define SCIF_RING_PART 1024u /**< lines under way at once: as many as CPUs keep track of */

/** Where one side is. Only that side looks here, one thread at a time. */
struct scif_at {
	_Atomic uint32_t own;   /**< its index; ahead of what the other side has been shown */
	_Atomic uint32_t other; /**< the other side's, as last seen */
};

/** The producer's view. */
struct scif_producer {
	uint8_t *ring;                     /**< the consumer's */
	_Atomic uint32_t *write_published; /**< the consumer's local_write */
	const _Atomic uint32_t *read_seen; /**< own local_read */
	struct scif_at *at;
	uint32_t mask;
};

/** The consumer's view. */
struct scif_consumer {
	uint8_t *ring;                      /**< own */
	const _Atomic uint32_t *write_seen; /**< own local_write */
	_Atomic uint32_t *read_published;   /**< the producer's local_read; NULL: not known yet */
	struct scif_at *at;
	uint32_t mask;
};

static inline uint32_t
scif_at_load(const _Atomic uint32_t *index, uint32_t mask)
{
	return atomic_load_explicit(index, memory_order_relaxed) & mask;
}

/** Room for how many bytes? Looks at the consumer's index when the last one seen leaves less than
 * `wanted`.
 */
static inline uint32_t
scif_producer_free(const struct scif_producer *p, uint32_t wanted)
{
	uint32_t write = scif_at_load(&p->at->own, p->mask);
	uint32_t read = scif_at_load(&p->at->other, p->mask);

	if (((read - write - 1) & p->mask) >= wanted)
		return (read - write - 1) & p->mask;
	/* Pairs with the release in scif_consumer_publish: bytes there have been read. */
	read = atomic_load_explicit(p->read_seen, memory_order_acquire) & p->mask;
	atomic_store_explicit(&p->at->other, read, memory_order_relaxed);
	return (read - write - 1) & p->mask;
}

/** Lines are about to be written. The consumer has them, and stores would wait for one after the
 * other; these are on their way at once.
 */
static inline void
scif_ring_take_lines(const uint8_t *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += SCIF_RING_LINE)
#if defined(__x86_64__)
		/* Not __builtin_prefetch: for CPUs of all ages that becomes one for reading. Those
		 * without the instruction do nothing.
		 */
		__asm__ volatile("prefetchw %0" : : "m"(at[i]));
#else
		__builtin_prefetch(at + i, 1);
#endif
}

/** Copy into a ring: while a part is copied, the lines of the next come. */
static inline void
scif_ring_write(uint8_t *ring, const uint8_t *bytes, uint32_t n)
{
	uint32_t part = n < SCIF_RING_PART ? n : SCIF_RING_PART, next;

	scif_ring_take_lines(ring, part);
	for (; n > 0; n -= part, ring += part, bytes += part, part = next) {
		next = n - part < SCIF_RING_PART ? n - part : SCIF_RING_PART;
		scif_ring_take_lines(ring + part, next);
		memcpy(ring, bytes, part);
	}
}

/** Put bytes in, for which there is room; nobody sees them before the commit. */
static inline void
scif_producer_put(const struct scif_producer *p, const void *bytes, uint32_t n)
{
	uint32_t write = scif_at_load(&p->at->own, p->mask);
	uint32_t first = p->mask + 1 - write;

	if (first > n)
		first = n;
	scif_ring_write(p->ring + write, bytes, first);
	if (first < n)
		scif_ring_write(p->ring, (const uint8_t *)bytes + first, n - first);
	atomic_store_explicit(&p->at->own, (write + n) & p->mask, memory_order_relaxed);
}

/** Publish what was put in. */
static inline void
scif_producer_commit(const struct scif_producer *p)
{
	/* Pairs with the acquire in scif_consumer_used: whoever sees the index sees the bytes. */
	atomic_store_explicit(p->write_published, scif_at_load(&p->at->own, p->mask),
			      memory_order_release);
}

/** How many bytes are there? Looks at the producer's index when the last one seen gives fewer than
 * `wanted`.
 */
static inline uint32_t
scif_consumer_used(const struct scif_consumer *c, uint32_t wanted)
{
	uint32_t read = scif_at_load(&c->at->own, c->mask);
	uint32_t write = scif_at_load(&c->at->other, c->mask);

	if (((write - read) & c->mask) >= wanted)
		return (write - read) & c->mask;
	/* Pairs with the release in scif_producer_commit. */
	write = atomic_load_explicit(c->write_seen, memory_order_acquire) & c->mask;
	atomic_store_explicit(&c->at->other, write, memory_order_relaxed);
	return (write - read) & c->mask;
}

/** Something is waited for: have the line where it will be, as soon as the producer has written it.
 * It comes together with the index then, and not after it.
 */
static inline void
scif_consumer_expect(const struct scif_consumer *c)
{
	__builtin_prefetch(c->ring + scif_at_load(&c->at->own, c->mask));
}

/** Take bytes out, of those that are there. */
static inline void
scif_consumer_get(const struct scif_consumer *c, void *bytes, uint32_t n)
{
	uint32_t read = scif_at_load(&c->at->own, c->mask);
	uint32_t first = c->mask + 1 - read;

	if (first > n)
		first = n;
	memcpy(bytes, c->ring + read, first);
	if (first < n)
		memcpy((uint8_t *)bytes + first, c->ring, n - first);
	atomic_store_explicit(&c->at->own, (read + n) & c->mask, memory_order_relaxed);
}

/**
 * Make the lines that were taken out last this CPU's alone, before their room is given back. Where
 * both CPUs have a line, one that writes to it has to wait for the other to let go of it, and on
 * those of AMD that takes five times as long as to get it from the only one that has it. What is
 * stored is nobody's any more.
 *
 * @param n bytes that were taken; lines with others in them are the producer's, too
 */
static inline void
scif_consumer_claim(const struct scif_consumer *c, uint32_t n)
{
	uint32_t end = scif_at_load(&c->at->own, c->mask), begin = end - n;

	begin += -begin % SCIF_RING_LINE;
	end -= end % SCIF_RING_LINE;
	for (; (int32_t)(end - begin) > 0; begin += SCIF_RING_LINE)
		*(volatile uint8_t *)(c->ring + (begin & c->mask)) = 0;
}

/** Give the room back. */
static inline void
scif_consumer_publish(const struct scif_consumer *c)
{
	/* Pairs with the acquire in scif_producer_free: the bytes may be overwritten. */
	if (c->read_published != NULL)
		atomic_store_explicit(c->read_published, scif_at_load(&c->at->own, c->mask),
				      memory_order_release);
}

/** How many bytes are there, for others than the consumer: as of a moment ago. */
static inline uint32_t
scif_ring_used(const struct scif_at *rx, const _Atomic uint32_t *write_seen, uint32_t mask)
{
	/* In this order: the producer may run ahead of what is known of the consumer, and never the
	 * other way round.
	 */
	uint32_t read = atomic_load_explicit(&rx->own, memory_order_acquire);

	return (atomic_load_explicit(write_seen, memory_order_acquire) - read) & mask;
}

/** Room for how many, for others than the producer. */
static inline uint32_t
scif_ring_free(const struct scif_at *tx, const _Atomic uint32_t *read_seen, uint32_t mask)
{
	uint32_t write = atomic_load_explicit(&tx->own, memory_order_acquire);

	return (atomic_load_explicit(read_seen, memory_order_acquire) - write - 1) & mask;
}

#endif /* SLIPWAY_SCIF_RING_H */
