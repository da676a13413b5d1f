/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include <rte_memory.h>

#include "test.h"

/* What is counted, by channel and in all; and what a channel is doing. */

static void
expect_stats(uint16_t vchan, uint64_t submitted, uint64_t completed, uint64_t errors)
{
	struct rte_dma_stats stats;

	assert_int_equal(rte_dma_stats_get(dev.id, vchan, &stats), 0);
	assert_int_equal(stats.submitted, submitted);
	assert_int_equal(stats.completed, completed);
	assert_int_equal(stats.errors, errors);
}

static void
operations_are_counted_by_channel(void)
{
	uint16_t last = RTE_MIN(dev.info.max_vchans, 3) - 1;

	shape(last + 1, 64);
	expect_stats(RTE_DMA_ALL_VCHAN, 0, 0, 0);
	copies_work(0, 5, 100);
	expect_stats(0, 5, 5, 0);
	if (last == 0)
		return;
	expect_stats(last, 0, 0, 0);
	copies_work(last, 7, 100);
	expect_stats(0, 5, 5, 0);
	expect_stats(last, 7, 7, 0);
	expect_stats(RTE_DMA_ALL_VCHAN, 12, 12, 0);
	assert_int_equal(rte_dma_stats_reset(dev.id, 0), 0);
	expect_stats(0, 0, 0, 0);
	expect_stats(last, 7, 7, 0);
	assert_int_equal(rte_dma_stats_reset(dev.id, RTE_DMA_ALL_VCHAN), 0);
	expect_stats(RTE_DMA_ALL_VCHAN, 0, 0, 0);
	assert_int_equal(rte_dma_stats_get(dev.id, last + 1, &(struct rte_dma_stats){0}), -EINVAL);
}

static void
failures_are_counted(void)
{
	enum rte_dma_status_code status;
	uint8_t *dst = memory_get(100);
	uint16_t last;

	shape(1, 64);
	assert_int_equal(rte_dma_copy(dev.id, 0, 0, rte_mem_virt2iova(dst), 100,
				      RTE_DMA_OP_FLAG_SUBMIT),
			 0);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	assert_int_equal(status, RTE_DMA_STATUS_PAGE_FAULT);
	expect_stats(0, 1, 1, 1);
}

static void
a_channel_without_work_is_idle(void)
{
	uint8_t *src = memory_get(100), *dst = memory_get(100);
	enum rte_dma_vchan_status status;
	uint16_t last;
	bool error;

	shape(1, 64);
	assert_int_equal(rte_dma_vchan_status(dev.id, 0, &status), 0);
	assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
	stepper_pause(true);
	assert_int_equal(copy(0, src, dst, 100, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(rte_dma_vchan_status(dev.id, 0, &status), 0);
	if (dev.manual)
		assert_int_equal(status, RTE_DMA_VCHAN_ACTIVE);
	stepper_pause(false);
	/* Idle is what has ended, whether anybody has asked for it or not. */
	wait_idle(0);
	assert_int_equal(rte_dma_completed(dev.id, 0, 1, &last, &error), 1);
	assert_int_equal(rte_dma_vchan_status(dev.id, 0, &status), 0);
	assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
}

static const struct test_case cases[] = {
	TEST_CASE(operations_are_counted_by_channel),
	TEST_CASE(failures_are_counted),
	TEST_CASE(a_channel_without_work_is_idle),
};

TEST_GROUP(stats, cases);
