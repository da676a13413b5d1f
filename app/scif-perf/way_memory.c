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
