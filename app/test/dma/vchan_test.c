/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_memory.h>

#include "test.h"

/* Several channels of one device, on work queues of their own or on shared ones. */

#define LEN 1024

static void
every_channel_works(void)
{
	uint16_t i, n = RTE_MIN(dev.info.max_vchans, 16);

	shape(n, 64);
	for (i = 0; i < n; i++)
		copies_work(i, 2, LEN);
}

/* All have work at once; each gets its own back, in its own order. */
static void
channels_do_not_mix(void)
{
	uint16_t n = RTE_MIN(dev.info.max_vchans, 8), i, k, last;
	uint8_t *src = memory_get(8 * 4 * LEN), *dst = memory_get(8 * 4 * LEN);
	bool error;

	shape(n, 64);
	memory_fill(src, 8 * 4 * LEN, 3);
	for (k = 0; k < 4; k++) {
		for (i = 0; i < n; i++)
			assert_int_equal(copy(i, src + (k * 8 + i) * LEN, dst + (k * 8 + i) * LEN,
					      LEN, RTE_DMA_OP_FLAG_SUBMIT),
					 k);
	}
	for (i = n; i-- > 0;) {
		assert_int_equal(wait_completed(i, 4, &last, &error), 4);
		assert_false(error);
		assert_int_equal(last, 3);
	}
	for (k = 0; k < 4; k++)
		assert_memory_equal(src + k * 8 * LEN, dst + k * 8 * LEN, n * LEN);
}

/* One has failed work; the others have none of it. */
static void
a_fault_is_one_channels(void)
{
	uint8_t *src = memory_get(LEN), *dst = memory_get(LEN);
	enum rte_dma_status_code status = RTE_DMA_STATUS_SUCCESSFUL;
	uint16_t last;

	if (dev.info.max_vchans < 2)
		return;
	shape(2, 64);
	assert_int_equal(rte_dma_copy(dev.id, 0, 0, rte_mem_virt2iova(dst), LEN,
				      RTE_DMA_OP_FLAG_SUBMIT),
			 0);
	assert_int_equal(copy(1, src, dst, LEN, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(wait_status(1, 1, &last, &status), 1);
	assert_int_equal(status, RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	assert_int_equal(status, RTE_DMA_STATUS_PAGE_FAULT);
	copies_work(0, 1, LEN);
	copies_work(1, 1, LEN);
}

static const struct test_case cases[] = {
	TEST_CASE(every_channel_works),
	TEST_CASE(channels_do_not_mix),
	TEST_CASE(a_fault_is_one_channels),
};

TEST_GROUP(vchan, cases);
