/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include <rte_memory.h>

#include "test.h"

/* Fences, inside a batch and across submissions; channels that nobody asks. */

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT
/* Long enough for what comes behind to overtake it. */
#define LEN  8192
#define HOPS 30

/* Each copies what the one before has written; without fences a later one may go first. `every`:
 * how many go by one submit.
 */
static void
one_chain(uint8_t *at, unsigned int every, uint32_t seed)
{
	unsigned int i;
	uint16_t last;
	bool error;

	memset(at, 0, (HOPS + 1) * LEN);
	memory_fill(at, LEN, seed);
	for (i = 0; i < HOPS; i++)
		assert_true(copy(0, at + i * LEN, at + (i + 1) * LEN, LEN,
				 FENCE | (i % every == every - 1 ? SUBMIT : 0)) >= 0);
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	assert_int_equal(wait_completed(0, HOPS, &last, &error), HOPS);
	assert_false(error);
	assert_memory_equal(at, at + HOPS * LEN, LEN);
}

static void
fences_keep_chains_in_order(void)
{
	uint8_t *at = memory_get((HOPS + 1) * LEN);
	unsigned int every, i;

	shape(1, 64);
	for (every = 1; every <= HOPS; every = every * 2 + 1)
		for (i = 0; i < 4; i++)
			one_chain(at, every, every * 10 + i);
}

/* What fences are for: a model that is stepped by hand does work in any order, so that a driver
 * which loses a fence does not get away with it.
 */
static void
without_fences_order_is_not_kept(void)
{
	uint8_t *at = memory_get((HOPS + 1) * LEN);
	unsigned int lap, i;
	uint16_t last;
	bool error;

	if (!dev.manual)
		return;
	shape(1, 64);
	for (lap = 0; lap < 100; lap++) {
		memset(at, 0, (HOPS + 1) * LEN);
		memory_fill(at, LEN, lap);
		for (i = 0; i < HOPS; i++)
			assert_true(copy(0, at + i * LEN, at + (i + 1) * LEN, LEN, 0) >= 0);
		assert_int_equal(rte_dma_submit(dev.id, 0), 0);
		assert_int_equal(wait_completed(0, HOPS, &last, &error), HOPS);
		if (memcmp(at, at + HOPS * LEN, LEN) != 0)
			return;
	}
	fail_msg("%u chains of %u copies in order, by chance", lap, HOPS);
}

/* Two stages with a fence only where the second begins: in the middle of a list. */
static void
a_fence_divides_two_stages(void)
{
	uint8_t *at = memory_get(3 * 16 * LEN);
	unsigned int lap, i;
	uint16_t last;
	bool error;

	shape(1, 128);
	for (lap = 0; lap < work_amount(50); lap++) {
		memory_fill(at, 16 * LEN, lap);
		memset(at + 16 * LEN, 0, 2 * 16 * LEN);
		for (i = 0; i < 16; i++)
			assert_true(copy(0, at + i * LEN, at + (16 + i) * LEN, LEN,
					 random_below(4) == 0 ? SUBMIT : 0) >= 0);
		/* Backwards: what the first stage wrote last is read first. */
		for (i = 0; i < 16; i++)
			assert_true(copy(0, at + (31 - i) * LEN, at + (47 - i) * LEN, LEN,
					 (i == 0 ? FENCE : 0) |
						 (random_below(4) == 0 ? SUBMIT : 0)) >= 0);
		assert_int_equal(rte_dma_submit(dev.id, 0), 0);
		assert_int_equal(wait_completed(0, 32, &last, &error), 32);
		assert_memory_equal(at, at + 32 * LEN, 16 * LEN);
	}
}

static void
fences_after_scattered_copies(void)
{
	uint8_t *at = memory_get(4 * LEN);
	rte_iova_t iova = rte_mem_virt2iova(at);
	struct rte_dma_sge from[2] = {{iova, LEN / 2}, {iova + LEN / 2, LEN / 2}};
	struct rte_dma_sge to[1] = {{iova + LEN, LEN}};
	unsigned int lap;
	uint16_t last;
	bool error;

	shape(1, 64);
	for (lap = 0; lap < 50; lap++) {
		memory_fill(at, LEN, lap);
		memset(at + LEN, 0, 3 * LEN);
		assert_true(rte_dma_copy_sg(dev.id, 0, from, to, 2, 1, lap % 2 ? SUBMIT : 0) >= 0);
		assert_true(copy(0, at + LEN, at + 2 * LEN, LEN, FENCE) >= 0);
		assert_true(copy(0, at + 2 * LEN, at + 3 * LEN, LEN, FENCE | SUBMIT) >= 0);
		assert_int_equal(wait_completed(0, 3, &last, &error), 3);
		assert_memory_equal(at, at + 3 * LEN, LEN);
	}
}

/* Places are free again without anybody having asked; what was written is there once none is used.
 */
static void
silent_channels_go_on(void)
{
	const unsigned int total = work_amount(2000);
	uint8_t *src = memory_get(64 * 256), *dst = memory_get(64 * 256);
	uint64_t end = now_us() + PATIENCE_US;
	struct rte_dma_stats stats;
	unsigned int i;

	shape_silent(1, 64);
	memory_fill(src, 64 * 256, 4);
	for (i = 0; i < total; i++) {
		while (copy(0, src + i % 64 * 256, dst + i % 64 * 256, 256,
			    i % 5 == 0 ? SUBMIT : 0) < 0)
			assert_true(now_us() < end);
	}
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	while (rte_dma_burst_capacity(dev.id, 0) != 64)
		assert_true(now_us() < end);
	assert_memory_equal(src, dst, 64 * 256);
	assert_int_equal(rte_dma_stats_get(dev.id, 0, &stats), 0);
	assert_int_equal(stats.submitted, total);
	assert_int_equal(stats.completed, total);
	assert_int_equal(stats.errors, 0);
}

/* Stopped in the middle of it, the device leaves memory alone, and every operation has an end. */
static void
stop_with_work_in_flight(void)
{
	enum rte_dma_status_code status[256];
	uint8_t *src = memory_get(256 * 4096), *dst = memory_get(256 * 4096);
	unsigned int lap, i, good;
	uint16_t last;

	for (lap = 0; lap < 4; lap++) {
		memory_fill(src, 256 * 4096, lap);
		memset(dst, 0, 256 * 4096);
		shape(1, 256);
		for (i = 0; i < 200; i++)
			copy(0, src + i * 4096, dst + i * 4096, 4096,
			     (i < 150 && random_below(10) == 0 ? SUBMIT : 0) |
				     (random_below(20) == 0 ? FENCE : 0));
		dev_stop();
		assert_int_equal(rte_dma_completed_status(dev.id, 0, 256, &last, status), 200);
		assert_int_equal(last, 199);
		for (good = 0; good < 200 && status[good] == RTE_DMA_STATUS_SUCCESSFUL; good++)
			;
		assert_memory_equal(src, dst, good * 4096);
		assert_true(good <= 150);
		for (i = good; i < 200; i++)
			assert_int_equal(status[i], RTE_DMA_STATUS_USER_ABORT);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(fences_keep_chains_in_order),
	TEST_CASE(without_fences_order_is_not_kept),
	TEST_CASE(a_fence_divides_two_stages),
	TEST_CASE(fences_after_scattered_copies),
	TEST_CASE(silent_channels_go_on),
	TEST_CASE(stop_with_work_in_flight),
};

TEST_GROUP(order, cases);
