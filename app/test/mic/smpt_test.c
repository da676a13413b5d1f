/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "dma.h"

/* Host memory for the card: section 7. */

#define WINDOW (UINT64_C(16) << 30)
#define BASE   UINT64_C(0x8000000000)
/* Where no program has anything, one page in each window. */
#define PLACE   UINT64_C(0x300000000000)
#define WINDOWS 32u

static void
memory_of_dpdk_is_mapped(void)
{
	uint64_t before = xstat(dev.id, "smpt_ref_bytes"), mic = 0, again = 0;
	void *memory = rte_zmalloc(NULL, 4096, 4096);

	assert_non_null(memory);
	assert_int_equal(pmd.map(dev.id, memory, 4096, &mic), 0);
	assert_true(mic >= BASE && mic < 2 * BASE);
	assert_int_equal(mic % WINDOW, (uint64_t)rte_malloc_virt2iova(memory) % WINDOW);
	assert_int_equal(pmd.map(dev.id, memory, 100, &again), 0);
	assert_int_equal(again, mic);
	assert_int_equal(xstat(dev.id, "smpt_ref_bytes"), before + 4196);
	assert_int_equal(pmd.unmap(dev.id, mic, 100), 0);
	assert_int_equal(pmd.unmap(dev.id, mic, 4096), 0);
	assert_int_equal(xstat(dev.id, "smpt_ref_bytes"), before);
	rte_free(memory);
}

static void
other_memory_is_refused(void)
{
	static char own[4096];
	uint64_t mic;

	log_begin();
	assert_int_equal(pmd.map(dev.id, own, sizeof(own), &mic), -EINVAL);
	expect_said("+4096; accepted: memory of DPDK's");
	log_begin();
	assert_int_equal(pmd.map(dev.id, own, 0, &mic), -EINVAL);
	expect_said("+0; accepted: memory of DPDK's");
	log_begin();
	assert_int_equal(pmd.unmap(dev.id, 2 * BASE - 1, 2), -EINVAL);
	expect_said("accepted: exactly what was mapped");
}

/* Pages of the application's, each in a window of its own. */
static void *
page_get(unsigned int i, size_t bytes)
{
	void *at = (void *)(PLACE + i * 2 * WINDOW - (bytes > 4096 ? 4096 : 0));
	struct rte_rawdev_info info = {.dev_private = NULL};

	if (mmap(at, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
		return NULL;
	assert_int_equal(rte_extmem_register(at, bytes, NULL, (unsigned int)(bytes / 4096), 4096),
			 0);
	assert_int_equal(rte_rawdev_info_get(dev.id, &info, 0), 0);
	assert_int_equal(rte_dev_dma_map(info.device, at, (uintptr_t)at, bytes), 0);
	return at;
}

static void
page_put(void *at, size_t bytes)
{
	struct rte_rawdev_info info = {.dev_private = NULL};

	assert_int_equal(rte_rawdev_info_get(dev.id, &info, 0), 0);
	assert_int_equal(rte_dev_dma_unmap(info.device, at, (uintptr_t)at, bytes), 0);
	assert_int_equal(rte_extmem_unregister(at, bytes), 0);
	assert_int_equal(munmap(at, bytes), 0);
}

static uint64_t
refused(const void *at, uint64_t len)
{
	uint64_t mic = 0;

	log_begin();
	assert_int_equal(pmd.map(dev.id, at, len, &mic), -ENOMEM);
	free(log_end());
	return mic;
}

/* All that is free is taken; what comes back in pieces is no room for what needs two in a row. */
static void
it_runs_out_and_breaks_up(void)
{
	uint64_t used = xstat(dev.id, "smpt_entries_used"), failed = xstat(dev.id, "smpt_fail");
	unsigned int i, n = WINDOWS - (unsigned int)used;
	uint64_t mic[WINDOWS] = {0}, wide = 0;
	void *pages[WINDOWS], *across;

	if (!dev.is_virtual)
		return;
	for (i = 0; i < n; i++) {
		pages[i] = page_get(i, 4096);
		assert_non_null(pages[i]);
		assert_int_equal(pmd.map(dev.id, pages[i], 4096, &mic[i]), 0);
	}
	assert_int_equal(xstat(dev.id, "smpt_entries_used"), WINDOWS);
	across = page_get(WINDOWS, 8192);
	assert_non_null(across);
	refused(across, 4096);
	for (i = 0; i < n; i++) {
		if ((mic[i] - BASE) / WINDOW % 2 == 0) {
			assert_int_equal(pmd.unmap(dev.id, mic[i], 4096), 0);
			mic[i] = 0;
		}
	}
	refused(across, 8192);
	assert_int_equal(xstat(dev.id, "smpt_fail"), failed + 2);
	assert_int_equal(pmd.map(dev.id, across, 4096, &wide), 0);
	assert_int_equal(pmd.unmap(dev.id, wide, 4096), 0);
	for (i = 0; i < n; i++) {
		if (mic[i] != 0)
			assert_int_equal(pmd.unmap(dev.id, mic[i], 4096), 0);
	}
	assert_int_equal(pmd.map(dev.id, across, 8192, &wide), 0);
	assert_int_equal(wide % WINDOW, WINDOW - 4096);
	assert_int_equal(pmd.unmap(dev.id, wide, 8192), 0);
	assert_int_equal(xstat(dev.id, "smpt_entries_used"), used);
	for (i = 0; i < n; i++)
		page_put(pages[i], 4096);
	page_put(across, 8192);
}

/* A copy that finds no window free is refused, is asked for again and again until there is one, and
 * fills no log meanwhile.
 */
static void
a_copy_waits_for_a_window_in_silence(void)
{
	unsigned int i, n;
	uint64_t mic[WINDOWS];
	void *pages[WINDOWS], *other;
	uint16_t last;
	bool error;
	char *said;

	if (!dev.is_virtual)
		return;
	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	n = WINDOWS - (unsigned int)xstat(dev.id, "smpt_entries_used");
	for (i = 0; i < n; i++) {
		pages[i] = page_get(i, 4096);
		assert_int_equal(pmd.map(dev.id, pages[i], 4096, &mic[i]), 0);
	}
	other = page_get(WINDOWS, 4096);
	log_begin();
	for (i = 0; i < 100; i++)
		assert_int_equal(to_card(0, 0, other, 4096, 0), -ENOSPC);
	said = log_end();
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(pmd.unmap(dev.id, mic[0], 4096), 0);
	assert_int_equal(to_card(0, 0, other, 4096, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(wait_done(0, 1, &last, &error), 1);
	assert_false(error);
	/* Windows of channels go with them. */
	dma_rest();
	for (i = 1; i < n; i++)
		assert_int_equal(pmd.unmap(dev.id, mic[i], 4096), 0);
	for (i = 0; i < n; i++)
		page_put(pages[i], 4096);
	page_put(other, 4096);
}

/* The card's registers are what is mapped, also after a reset has lost them. */
static void
a_reset_loses_no_mapping(void)
{
	void *memory = rte_zmalloc(NULL, 4096, 4096);
	uint64_t mic = 0, refs, before;
	char name[32];
	uint16_t id;

	if (!others_wanted())
		return;
	assert_non_null(memory);
	id = other_make("lose_smpt=1");
	assert_int_equal(pmd.map(id, memory, 4096, &mic), 0);
	snprintf(name, sizeof(name), "smpt_entry_%u", (unsigned int)((mic - BASE) / WINDOW));
	before = attr(id, name);
	refs = xstat(id, "smpt_ref_bytes");
	assert_int_equal(rte_rawdev_reset(id), 0);
	assert_int_equal(attr(id, name), before);
	assert_int_equal(xstat(id, "smpt_ref_bytes"), refs);
	/* The device page is behind it: a card OS that comes up has found it. */
	boot(id);
	assert_int_equal(pmd.unmap(id, mic, 4096), 0);
	rte_free(memory);
}

static void
the_aperture_has_an_end(void)
{
	uint64_t size = attr(dev.id, "aperture_size");

	assert_non_null(pmd.aperture(dev.id, 0, size));
	assert_non_null(pmd.aperture(dev.id, size - 1, 1));
	assert_null(pmd.aperture(dev.id, size, 0));
	assert_null(pmd.aperture(dev.id, size - 1, 2));
	assert_null(pmd.aperture(dev.id, 1, UINT64_MAX));
	assert_null(pmd.aperture(dev.id, UINT64_MAX, 2));
}

static const struct test_case cases[] = {
	TEST_CASE(memory_of_dpdk_is_mapped),
	TEST_CASE(other_memory_is_refused),
	TEST_CASE(it_runs_out_and_breaks_up),
	TEST_CASE(a_copy_waits_for_a_window_in_silence),
	TEST_CASE(a_reset_loses_no_mapping),
	TEST_CASE(the_aperture_has_an_end),
};

TEST_GROUP(smpt, cases);
