/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Without any protocol: stores and loads of memory that both have, and copies.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "perf.h"

static void
wait_for(const struct perf_side *s, const _Atomic uint64_t *in, uint64_t number)
{
	while (atomic_load_explicit(in, memory_order_acquire) != number)
		perf_pause(s);
}

/** A number of 8 bytes goes there and back: the same loads and stores, whatever the memory. */
int
perf_memory_trips(struct perf_side *s, const struct perf_job *job)
{
	_Atomic uint64_t *out = job->way == PERF_RAW ? &s->shared->ball[s->side].number
						     : (_Atomic uint64_t *)(void *)s->remote;
	const _Atomic uint64_t *in = job->way == PERF_RAW
					     ? &s->shared->ball[!s->side].number
					     : (const _Atomic uint64_t *)(const void *)s->window;
	/* No two jobs have a number in common. */
	uint64_t first = (uint64_t)s->turn << 32;

	for (uint64_t i = 1; i <= job->count; i++) {
		if (s->side == 0)
			atomic_store_explicit(out, first + i, memory_order_release);
		wait_for(s, in, first + i);
		if (s->side == 1)
			atomic_store_explicit(out, first + i, memory_order_release);
	}
	return 0;
}

/* ---- A ring without any protocol ---- */

/* The same bytes as between endpoints, and nothing else: no call, no lock, nobody who may sleep, no
 * end. What is faster than this between two CPUs does not go through a ring.
 */
#define RING  65536u
#define PIECE 8192u
#define PART  1024u
#define LINE  64u

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Lines that the other side has: fetched at once, to be written. */
static void
take_lines(const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i += LINE)
#if defined(__x86_64__)
		__asm__ volatile("prefetchw %0" : : "m"(at[i]));
#else
		__builtin_prefetch(at + i, 1);
#endif
}

static void
write_bytes(uint8_t *to, const uint8_t *from, size_t n)
{
	take_lines(to, least(n, PART));
	for (size_t part; n > 0; n -= part, to += part, from += part) {
		part = least(n, PART);
		take_lines(to + part, least(n - part, PART));
		memcpy(to, from, part);
	}
}

/* What lies before the end of the ring, and after it. */
static void
write_piece(uint8_t *ring, uint64_t at, const uint8_t *from, size_t n)
{
	size_t first = least(n, RING - at % RING);

	write_bytes(ring + at % RING, from, first);
	write_bytes(ring, from + first, n - first);
}

static void
read_piece(uint8_t *ring, uint64_t at, uint8_t *to, size_t n, bool claims)
{
	size_t first = least(n, RING - at % RING);

	memcpy(to, ring + at % RING, first);
	memcpy(to + first, ring, n - first);
	/* CPUs of AMD pass a line on far faster when they have it alone, as after a store. */
	for (size_t i = -at % LINE; claims && i + LINE <= n; i += LINE)
		*(volatile uint8_t *)&ring[(at + i) % RING] = 0;
}

static bool
is_amd(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	return __builtin_cpu_is("amd");
#else
	return false;
#endif
}

static void
write_ring(const struct perf_side *s, const struct perf_job *job)
{
	uint64_t written = atomic_load(&s->shared->written), read = written;
	size_t n;

	for (uint64_t i = 0; i < job->count; i++) {
		for (size_t at = 0; at < job->size; at += n, written += n) {
			n = least(job->size - at, PIECE);
			while (written + n - read > RING)
				read = atomic_load_explicit(&s->shared->read, memory_order_acquire);
			write_piece(s->room, written, s->source + at, n);
			atomic_store_explicit(&s->shared->written, written + n,
					      memory_order_release);
		}
	}
	while (atomic_load_explicit(&s->shared->read, memory_order_acquire) != written)
		perf_pause(s);
}

static void
read_ring(const struct perf_side *s, const struct perf_job *job)
{
	uint64_t read = atomic_load(&s->shared->read), written = read;
	bool claims = is_amd();
	size_t n;

	for (uint64_t i = 0; i < job->count; i++) {
		for (size_t at = 0; at < job->size; at += n, read += n) {
			n = least(job->size - at, PIECE);
			while (written - read < n)
				written = atomic_load_explicit(&s->shared->written,
							       memory_order_acquire);
			read_piece(s->room, read, s->landing + at, n, claims);
			atomic_store_explicit(&s->shared->read, read + n, memory_order_release);
		}
	}
}

/** Messages through a ring in shared memory. */
int
perf_memory_stream(struct perf_side *s, const struct perf_job *job)
{
	if (s->side == 0)
		write_ring(s, job);
	else
		read_ring(s, job);
	return 0;
}

/* ---- Copies ---- */

static int
read_peer(const struct perf_side *s, size_t size)
{
	const struct iovec to = {s->landing, size}, from = {s->source, size};
	ssize_t n = process_vm_readv(s->peer, &to, 1, &from, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

/** Copies by the first side, without SCIF. */
int
perf_memory_copies(const struct perf_side *s, const struct perf_job *job)
{
	int ret = 0;

	for (uint64_t i = 0; ret == 0 && i < job->count; i++) {
		if (job->way == PERF_VM)
			ret = read_peer(s, job->size);
		else
			memcpy(s->room, s->source, job->size);
		/* Each copy is made, though the next is the same. */
		__asm__ volatile("" : : : "memory");
	}
	return ret;
}
