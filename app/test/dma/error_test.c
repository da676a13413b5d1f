/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_memory.h>

#include "test.h"

/* Operations that fail: which, in what way, and what becomes of those around them; and operations
 * on memory that the process has and DPDK does not know of.
 */

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT
#define BURST  16
#define LEN    2048
#define PAGE   4096

/* How an operation is made to fail, and how it is then said to have. */
struct mistake {
	const char *what;
	enum rte_dma_status_code status;
	int (*enqueue)(uint8_t *memory, uint64_t flags);
};

static int
no_source(uint8_t *memory, uint64_t flags)
{
	return rte_dma_copy(dev.id, 0, 0, rte_mem_virt2iova(memory), LEN, flags);
}

static int
no_destination(uint8_t *memory, uint64_t flags)
{
	return rte_dma_copy(dev.id, 0, rte_mem_virt2iova(memory), 0, LEN, flags);
}

static int
fill_of_nothing(uint8_t *memory, uint64_t flags)
{
	(void)memory;
	return rte_dma_fill(dev.id, 0, 5, UINT64_C(1) << 46, LEN, flags);
}

static int
scattered_from_nowhere(uint8_t *memory, uint64_t flags)
{
	rte_iova_t at = rte_mem_virt2iova(memory);
	struct rte_dma_sge from[2] = {{at, 100}, {16, LEN - 100}}, to[1] = {{at + LEN, LEN}};

	return rte_dma_copy_sg(dev.id, 0, from, to, 2, 1, flags);
}

static const struct mistake mistakes[] = {
	{"no source", RTE_DMA_STATUS_PAGE_FAULT, no_source},
	{"no destination", RTE_DMA_STATUS_PAGE_FAULT, no_destination},
	{"a fill of nothing", RTE_DMA_STATUS_PAGE_FAULT, fill_of_nothing},
	{"a scattered copy from nowhere", RTE_DMA_STATUS_PAGE_FAULT, scattered_from_nowhere},
};

/* 16 copies, of which those in `bad` (by bit) are mistaken; a fence at the ninth if there is one.
 */
static void
burst(const struct mistake *mistake, uint32_t bad, bool fence, uint8_t *src, uint8_t *dst)
{
	unsigned int i;
	int id;

	memset(dst, 0, BURST * LEN);
	for (i = 0; i < BURST; i++) {
		uint64_t flags = fence && i == BURST / 2 ? FENCE : 0;

		if (bad >> i & 1)
			id = mistake->enqueue(dst + BURST * LEN, flags);
		else
			id = copy(0, src + i * LEN, dst + i * LEN, LEN, flags);
		assert_true(id >= 0);
	}
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
}

/* One may be undone only behind a fence that follows a failure. What succeeded is there. */
static void
expect_statuses(const enum rte_dma_status_code status[], const struct mistake *mistake,
		uint32_t bad, bool fence, const uint8_t *src, const uint8_t *dst)
{
	bool failed_before = (bad & ((1u << BURST / 2) - 1)) != 0;
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		bool undone = fence && failed_before && i >= BURST / 2;

		if (undone && status[i] == RTE_DMA_STATUS_NOT_ATTEMPTED)
			continue;
		if (status[i] != (bad >> i & 1 ? mistake->status : RTE_DMA_STATUS_SUCCESSFUL))
			fail_msg("%s, bad 0x%04x, fence %d: status %u of operation %u",
				 mistake->what, bad, fence, status[i], i);
		if (!(bad >> i & 1))
			assert_memory_equal(src + i * LEN, dst + i * LEN, LEN);
	}
}

/* By completed() as far as that goes, which it then says again and again, and on by statuses. */
static void
one_burst(const struct mistake *mistake, uint32_t bad, bool fence, unsigned int at_once,
	  uint8_t *src, uint8_t *dst)
{
	enum rte_dma_status_code status[BURST] = {RTE_DMA_STATUS_SUCCESSFUL};
	unsigned int first = (unsigned int)__builtin_ctz(bad), n, i;
	uint16_t last, again;
	bool error;

	burst(mistake, bad, fence, src, dst);
	assert_int_equal(wait_completed(0, BURST, &last, &error), first);
	assert_true(error);
	for (i = 0; i < 10; i++) {
		error = false;
		assert_int_equal(rte_dma_completed(dev.id, 0, BURST, &again, &error), 0);
		assert_true(error);
		assert_int_equal(again, last);
	}
	for (n = first; n < BURST; n += i) {
		i = wait_status(0, RTE_MIN(at_once, BURST - n), &last, status + n);
		assert_int_equal(i, RTE_MIN(at_once, BURST - n));
	}
	assert_int_equal((last + 1) % BURST, 0);
	expect_statuses(status, mistake, bad, fence, src, dst);
}

static void
failures_are_exact(void)
{
	static const uint32_t bad[] = {
		1 << 0,          1 << 7, 1 << 14, 1 << 15, 1 << 0 | 1 << 7 | 1 << 15,
		1 << 8 | 1 << 9, 0xffff};
	uint8_t *src = memory_get((BURST + 2) * LEN), *dst = memory_get((BURST + 2) * LEN);
	unsigned int i, k, at_once;

	shape(1, 512);
	memory_fill(src, BURST * LEN, 3);
	for (i = 0; i < RTE_DIM(mistakes); i++) {
		for (k = 0; k < 2 * RTE_DIM(bad); k++)
			for (at_once = 1; at_once <= BURST; at_once += BURST - 1)
				one_burst(&mistakes[i], bad[k / 2], k % 2, at_once, src, dst);
	}
	/* And no trace of it is left. */
	copies_work(0, 600, 64);
}

static void
refusals_are_said_with_names(void)
{
	uint8_t *dst = memory_get(2 * LEN);
	enum rte_dma_status_code status;
	unsigned int i;
	uint16_t last;
	char *said;

	shape(1, 64);
	log_begin();
	for (i = 0; i < 9; i++) {
		assert_true(no_source(dst, SUBMIT) >= 0);
		assert_int_equal(wait_status(0, 1, &last, &status), 1);
	}
	said = log_end();
	/* The 1st, the 2nd, the 4th, the 8th. */
	if (lines_with(said, "memory move of 2048 bytes from 0x0") != 4 ||
	    lines_with(said, "on a read at 0x0") != 4)
		fail_msg("said: %s", said);
	free(said);
}

/* ---- Memory that DPDK does not know ---- */

static bool
has_sva(void)
{
	return (dev.info.dev_capa & RTE_DMA_CAPA_SVA) != 0;
}

static enum rte_dma_status_code
copy_any(const void *src, void *dst, uint32_t len)
{
	enum rte_dma_status_code status = RTE_DMA_STATUS_ERROR_UNKNOWN;
	uint16_t last;

	assert_true(rte_dma_copy(dev.id, 0, (uintptr_t)src, (uintptr_t)dst, len, SUBMIT) >= 0);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	return status;
}

static void
any_memory_will_do(void)
{
	static uint8_t from_static[100000];
	uint8_t on_stack[3000];
	uint8_t *heap = malloc(100000);

	if (!has_sva())
		return free(heap);
	shape(1, 64);
	memory_fill(from_static, sizeof(from_static), 6);
	assert_int_equal(copy_any(from_static, heap, 100000), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(from_static, heap, 100000);
	assert_int_equal(copy_any(heap + 7, on_stack, sizeof(on_stack)), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(from_static + 7, on_stack, sizeof(on_stack));
	free(heap);
}

/* Memory ends after so many pages: what comes before its end is copied, and no signal comes. */
static void
memory_that_ends_is_a_fault(void)
{
	const size_t len = 8 * PAGE;
	uint8_t *src = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	uint8_t *dst = src + len;
	unsigned int pages;

	assert_ptr_not_equal(src, MAP_FAILED);
	if (!has_sva()) {
		munmap(src, 2 * len);
		return;
	}
	shape(1, 64);
	memory_fill(src, len, 8);
	for (pages = 1; pages < 8; pages += 3) {
		assert_int_equal(mprotect(dst, len, PROT_READ | PROT_WRITE), 0);
		memset(dst, 0, len);
		assert_int_equal(mprotect(dst + pages * PAGE, len - pages * PAGE, PROT_READ), 0);
		assert_int_equal(copy_any(src, dst, (uint32_t)len), RTE_DMA_STATUS_PAGE_FAULT);
		assert_memory_equal(src, dst, pages * PAGE);
		assert_int_equal(dst[pages * PAGE], 0);
	}
	assert_int_equal(mprotect(dst, len, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(munmap(src + 2 * PAGE, PAGE), 0);
	assert_int_equal(copy_any(src + 5, dst, 3 * PAGE), RTE_DMA_STATUS_PAGE_FAULT);
	assert_memory_equal(src + 5, dst, 2 * PAGE - 5);
	munmap(src, 2 * len);
	copies_work(0, 10, 1000);
}

/* Pages that have never been touched are provided for. */
static void
untouched_memory_is_provided(void)
{
	const size_t len = 64 * PAGE;
	uint8_t *at = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	size_t i;

	assert_ptr_not_equal(at, MAP_FAILED);
	if (has_sva()) {
		shape(1, 64);
		memory_fill(at, len, 9);
		assert_int_equal(copy_any(at, at + len, (uint32_t)len), RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(at, at + len, len);
		/* From nothing. */
		madvise(at, len, MADV_DONTNEED);
		assert_int_equal(copy_any(at, at + len, (uint32_t)len), RTE_DMA_STATUS_SUCCESSFUL);
		for (i = 0; i < len; i += 512)
			assert_int_equal(at[len + i], 0);
	}
	munmap(at, 2 * len);
}

/* Without SVA such memory is none to the device. A CPU that finishes what faults have stopped can
 * do it nevertheless.
 */
static void
foreign_memory_is_a_fault_without_sva(void)
{
	uint8_t *dst = memory_get(LEN);
	uint8_t *heap = malloc(LEN);
	bool by_cpu = strstr(dev.args, "partial=cpu") != NULL;

	if (has_sva() || !dev.is_virtual)
		return free(heap);
	shape(1, 64);
	memory_fill(heap, LEN, 1);
	assert_int_equal(copy_any(heap, dst, LEN),
			 by_cpu ? RTE_DMA_STATUS_SUCCESSFUL : RTE_DMA_STATUS_PAGE_FAULT);
	if (by_cpu)
		assert_memory_equal(heap, dst, LEN);
	free(heap);
}

static const struct test_case cases[] = {
	TEST_CASE(failures_are_exact),           TEST_CASE(refusals_are_said_with_names),
	TEST_CASE(any_memory_will_do),           TEST_CASE(memory_that_ends_is_a_fault),
	TEST_CASE(untouched_memory_is_provided), TEST_CASE(foreign_memory_is_a_fault_without_sva),
};

TEST_GROUP(error, cases);
