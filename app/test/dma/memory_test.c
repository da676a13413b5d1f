/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* Which memory the device gets at: DPDK's always, the application's when it was mapped, and all of
 * the process where the device says that it can (RTE_DMA_CAPA_SVA).
 */

#define LEN 10000

static size_t
page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Pages of the application's own, with nothing behind them until they are touched. */
static uint8_t *
pages_get(unsigned int n, int prot)
{
	void *at = mmap(NULL, n * page(), prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

static enum rte_dma_status_code
copy_ends(const void *src, void *dst, uint32_t len)
{
	enum rte_dma_status_code status = RTE_DMA_STATUS_ERROR_UNKNOWN;
	uint16_t last;

	assert_true(rte_dma_copy(dev.id, 0, (uintptr_t)src, (uintptr_t)dst, len,
				 RTE_DMA_OP_FLAG_SUBMIT) >= 0);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	return status;
}

static bool
has_sva(void)
{
	return (dev.info.dev_capa & RTE_DMA_CAPA_SVA) != 0;
}

/* The device takes addresses as they are, which one on a bus may not; and memory that is in no
 * file, which a work queue in another process does not reach.
 */
static bool
takes_addresses(void)
{
	return dev.is_virtual && !dev.part;
}

static void
memory_is_the_devices_while_it_is_mapped(void)
{
	uint8_t *mine = pages_get(4, PROT_READ | PROT_WRITE), *theirs = memory_get(LEN);

	if (!takes_addresses() || has_sva())
		return;
	shape(1, 64);
	memory_fill(mine, LEN, 1);
	assert_int_equal(copy_ends(mine, theirs, LEN), RTE_DMA_STATUS_PAGE_FAULT);
	assert_int_equal(dev_map(mine, 4, page()), 0);
	assert_int_equal(copy_ends(mine, theirs, LEN), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(mine, theirs, LEN);
	memory_fill(theirs, LEN, 2);
	assert_int_equal(copy_ends(theirs, mine, LEN), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(mine, theirs, LEN);
	assert_int_equal(dev_unmap(mine, 4, page()), 0);
	assert_int_equal(copy_ends(mine, theirs, LEN), RTE_DMA_STATUS_PAGE_FAULT);
	munmap(mine, 4 * page());
}

static void
all_of_a_process_is_the_devices(void)
{
	static uint8_t fixed[LEN];
	uint8_t stack[LEN], *heap = malloc(LEN);

	if (!has_sva())
		goto end;
	shape(1, 64);
	memory_fill(heap, LEN, 3);
	assert_int_equal(copy_ends(heap, stack, LEN), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(heap, stack, LEN);
	assert_int_equal(copy_ends(stack, fixed + 1, LEN - 1), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(stack, fixed + 1, LEN - 1);
	memset(heap, 0, LEN);
	assert_int_equal(copy_ends(fixed + 1, heap, LEN - 1), RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(heap, stack, LEN - 1);
end:
	free(heap);
}

/* Nobody has touched them, so there are none yet: they come when they are needed. */
static void
pages_come_when_they_are_needed(void)
{
	uint8_t *from = pages_get(3, PROT_READ | PROT_WRITE);
	uint8_t *to = pages_get(3, PROT_READ | PROT_WRITE), *theirs = memory_get(LEN);

	if (has_sva()) {
		shape(1, 64);
		memory_fill(theirs, LEN, 4);
		assert_int_equal(copy_ends(theirs, to + 100, LEN), RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(theirs, to + 100, LEN);
		assert_int_equal(copy_ends(from, theirs, LEN), RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(theirs, from, LEN);
	}
	munmap(from, 3 * page());
	munmap(to, 3 * page());
}

/* What a program could not read or write either is an error, and no signal. */
static void
what_the_process_may_not_touch_is_a_fault(void)
{
	uint8_t *at = pages_get(3, PROT_READ | PROT_WRITE), *theirs = memory_get(LEN);
	uint8_t *sealed = at + page();

	if (has_sva()) {
		shape(1, 64);
		memory_fill(at, 3 * page(), 5);
		assert_int_equal(mprotect(sealed, page(), PROT_NONE), 0);
		assert_int_equal(copy_ends(at, theirs, page() + 1), RTE_DMA_STATUS_PAGE_FAULT);
		assert_int_equal(copy_ends(theirs, at, page() + 1), RTE_DMA_STATUS_PAGE_FAULT);
		assert_int_equal(mprotect(sealed, page(), PROT_READ), 0);
		assert_int_equal(copy_ends(sealed, theirs, page()), RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(sealed, theirs, page());
		assert_int_equal(copy_ends(theirs, sealed, 1), RTE_DMA_STATUS_PAGE_FAULT);
		assert_int_equal(munmap(sealed, page()), 0);
		assert_int_equal(copy_ends(sealed, theirs, 1), RTE_DMA_STATUS_PAGE_FAULT);
		assert_int_equal(copy_ends(NULL, theirs, 1), RTE_DMA_STATUS_PAGE_FAULT);
		copies_work(0, 1, LEN);
	}
	munmap(at, page());
	munmap(at + 2 * page(), page());
}

static const struct test_case cases[] = {
	TEST_CASE(memory_is_the_devices_while_it_is_mapped),
	TEST_CASE(all_of_a_process_is_the_devices),
	TEST_CASE(pages_come_when_they_are_needed),
	TEST_CASE(what_the_process_may_not_touch_is_a_fault),
};

TEST_GROUP(memory, cases);
