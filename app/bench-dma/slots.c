/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The bytes that are copied: made, spoilt before they are copied, and looked at afterwards. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_memzone.h>

#if defined(RTE_ARCH_X86)
#include <cpuid.h>
#include <emmintrin.h>
#endif

#include "bench.h"

/* All slots together, sources and destinations: hot ones fit in half of a second-level cache that
 * is not small; of cold ones there are enough to fill the device, and few enough to flush soon.
 */
#define HOT_BYTES  (1u << 20)
#define COLD_BYTES (8u << 20)

/* Copies between two looks: enough for some 200 us, so that the beginning and the end, when a
 * device is not full, count little.
 */
#define PASS_BYTES (4u << 20)
#define PASS_OPS   4096u

/** How many slots a cell has, and how often they are gone round. */
void
bench_slots_plan(struct bench_slots *slots, const struct bench_cell *cell)
{
	bool cold = cell->heat == BENCH_COLD;
	uint32_t ops = (cold ? COLD_BYTES / 2 : PASS_BYTES) / cell->size;
	uint32_t hot = HOT_BYTES / 2 / cell->size;

	slots->ops = RTE_MAX(RTE_MIN(ops, PASS_OPS), (uint32_t)cell->depth);
	slots->ops = RTE_ALIGN_MUL_CEIL(slots->ops, cell->batch);
	slots->count = cold ? slots->ops : RTE_MIN(RTE_MAX(hot, 1u), slots->ops);
	slots->stride = RTE_ALIGN_CEIL((size_t)cell->size, RTE_CACHE_LINE_SIZE);
}

/** Sources and destinations, from one page to another. */
size_t
bench_slots_bytes(const struct bench_slots *slots)
{
	return 2 * RTE_ALIGN_CEIL(slots->stride * slots->count, (size_t)4096);
}

/* Never the same twice in a while: whatever a copy mixes up shows. */
static void
fill_sources(const struct bench_slots *slots, unsigned int side)
{
	uint64_t *word = (uint64_t *)slots->src, x = side + 1;
	size_t i;

	for (i = 0; i < slots->stride * slots->count / sizeof(*word); i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		word[i] = x;
	}
}

/** Get memory for one thread's slots: 0, or -ENOMEM. */
int
bench_slots_get(struct bench_slots *slots, const struct bench_cell *cell, unsigned int side,
		char reason[BENCH_REASON_SIZE])
{
	const struct rte_memzone *zone;
	char name[RTE_MEMZONE_NAMESIZE];
	size_t bytes;

	bench_slots_plan(slots, cell);
	bytes = bench_slots_bytes(slots);
	snprintf(name, sizeof(name), "bench_dma_%u", side);
	zone = rte_memzone_reserve_aligned(name, bytes, SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG,
					   4096);
	if (zone == NULL) {
		snprintf(reason, BENCH_REASON_SIZE, "no %zu MB of memory for thread %u: EAL's -m",
			 bytes >> 20, side);
		return -ENOMEM;
	}
	slots->zone = zone;
	slots->src = zone->addr;
	slots->src_iova = zone->iova;
	slots->dst = slots->src + bytes / 2;
	slots->dst_iova = zone->iova + bytes / 2;
	fill_sources(slots, side);
	return 0;
}

void
bench_slots_put(struct bench_slots *slots)
{
	if (slots->zone != NULL)
		rte_memzone_free(slots->zone);
	slots->zone = NULL;
}

#if defined(RTE_ARCH_X86)
/* CLFLUSHOPT where there is one: such flushes do not wait for each other. */
__attribute__((target("clflushopt"))) static void
flush_fast(const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += RTE_CACHE_LINE_SIZE)
		__builtin_ia32_clflushopt(bytes + i);
}

static void
flush(const uint8_t *bytes, size_t n)
{
	static int fast = -1;
	unsigned int eax, ebx = 0, ecx, edx;
	size_t i;

	if (fast < 0) {
		/* Leaf 7, bit 23 of ebx. */
		__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
		fast = ebx >> 23 & 1;
	}
	if (fast)
		flush_fast(bytes, n);
	for (i = fast ? n : 0; i < n; i += RTE_CACHE_LINE_SIZE)
		_mm_clflush(bytes + i);
	/* Flushes are done before what is timed begins. */
	_mm_mfence();
}
#else
/* No cold cell is accepted here: cells.c. */
static void
flush(const uint8_t *bytes, size_t n)
{
	RTE_SET_USED(bytes);
	RTE_SET_USED(n);
}
#endif

/** Make the destinations differ from the sources, so that a copy left out shows; and have them
 * where the cell wants them.
 */
void
bench_slots_spoil(const struct bench_slots *slots, const struct bench_cell *cell)
{
	size_t bytes = slots->stride * slots->count;

	memset(slots->dst, 0x5a, bytes);
	if (cell->heat == BENCH_COLD) {
		flush(slots->src, bytes);
		flush(slots->dst, bytes);
	}
}

/** Is each byte where it should be? */
bool
bench_slots_right(const struct bench_slots *slots, const struct bench_cell *cell)
{
	uint32_t i;

	for (i = 0; i < slots->count; i++)
		if (memcmp(slots->dst + i * slots->stride, slots->src + i * slots->stride,
			   cell->size) != 0)
			return false;
	return true;
}
