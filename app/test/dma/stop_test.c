/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

/* Stopping with work in it: each piece is done or reported as aborted, none twice, none later. */

#define LEN   4096
#define COUNT 32

static uint8_t *src, *dst;

static void
begin(uint16_t nb_desc)
{
	src = memory_get(COUNT * LEN);
	dst = memory_get(COUNT * LEN);
	memory_fill(src, COUNT * LEN, 5);
	shape(1, nb_desc);
}

static void
enqueue(unsigned int n, uint64_t flags)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		assert_int_equal(copy(0, src + i * LEN, dst + i * LEN, LEN, flags), i);
}

/* What became of it, once the device is stopped. */
static void
expect_settled(unsigned int n, unsigned int at_least_done)
{
	enum rte_dma_status_code status[COUNT];
	uint8_t *zero = memory_get(LEN);
	unsigned int i, done = 0;
	uint16_t last;

	assert_int_equal(wait_status(0, n, &last, status), n);
	assert_int_equal(last, n - 1);
	for (i = 0; i < n; i++) {
		done += status[i] == RTE_DMA_STATUS_SUCCESSFUL;
		if (status[i] == RTE_DMA_STATUS_SUCCESSFUL)
			assert_memory_equal(src + i * LEN, dst + i * LEN, LEN);
		else
			assert_int_equal(status[i], RTE_DMA_STATUS_USER_ABORT);
	}
	assert_true(done >= at_least_done);
	/* What was aborted before it began has not been begun. */
	if (at_least_done == 0 && done == 0)
		assert_memory_equal(zero, dst, LEN);
	assert_int_equal(rte_dma_completed_status(dev.id, 0, 1, &last, status), 0);
}

static void
work_in_flight_is_done_at_stop(void)
{
	begin(64);
	enqueue(COUNT, RTE_DMA_OP_FLAG_SUBMIT);
	dev_stop();
	expect_settled(COUNT, COUNT);
}

static void
a_batch_in_flight_is_done_at_stop(void)
{
	begin(64);
	enqueue(COUNT, 0);
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	dev_stop();
	expect_settled(COUNT, COUNT);
}

static void
work_that_was_not_submitted_is_aborted_at_stop(void)
{
	begin(64);
	enqueue(COUNT, 0);
	dev_stop();
	expect_settled(COUNT, 0);
}

/* As long as nobody has let the device get on, it has done nothing; stop waits for it. */
static void
stop_waits_for_a_slow_device(void)
{
	uint64_t begun;

	if (!dev.manual)
		return;
	begin(64);
	stepper_pause(true);
	enqueue(4, RTE_DMA_OP_FLAG_SUBMIT);
	begun = now_us();
	while (now_us() - begun < 20000)
		assert_int_equal(rte_dma_completed(dev.id, 0, 1, &(uint16_t){0}, &(bool){0}), 0);
	stepper_pause(false);
	dev_stop();
	expect_settled(4, 4);
}

/* Afterwards there is nothing left of it, and indexes begin anew. */
static void
a_restart_begins_with_nothing(void)
{
	uint16_t last;
	bool error;

	begin(64);
	enqueue(COUNT, RTE_DMA_OP_FLAG_SUBMIT);
	dev_stop();
	dev_start();
	assert_int_equal(rte_dma_completed(dev.id, 0, COUNT, &last, &error), 0);
	assert_int_equal(rte_dma_burst_capacity(dev.id, 0) > COUNT, 1);
	memset(dst, 0, COUNT * LEN);
	enqueue(COUNT, RTE_DMA_OP_FLAG_SUBMIT);
	assert_int_equal(wait_completed(0, COUNT, &last, &error), COUNT);
	assert_memory_equal(src, dst, COUNT * LEN);
}

/* Stop and start at every depth of work. */
static void
stops_and_starts_in_a_row(void)
{
	unsigned int i, rounds = work_amount(200);

	for (i = 0; i < rounds; i++) {
		unsigned int n = 1 + random_below(COUNT);

		begin(64);
		enqueue(n, i % 3 == 0 ? 0 : RTE_DMA_OP_FLAG_SUBMIT);
		if (i % 2 == 0)
			rte_dma_submit(dev.id, 0);
		dev_stop();
		expect_settled(n, i % 3 == 0 && i % 2 != 0 ? 0 : n);
		memory_put_all();
	}
}

static const struct test_case cases[] = {
	TEST_CASE(work_in_flight_is_done_at_stop),
	TEST_CASE(a_batch_in_flight_is_done_at_stop),
	TEST_CASE(work_that_was_not_submitted_is_aborted_at_stop),
	TEST_CASE(stop_waits_for_a_slow_device),
	TEST_CASE(a_restart_begins_with_nothing),
	TEST_CASE(stops_and_starts_in_a_row),
};

TEST_GROUP(stop, cases);
