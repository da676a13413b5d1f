/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* A device that halts: section 16.3. It takes nothing, and its channels say so; nothing hangs. */

static bool
halt(void)
{
	return dev_halt(dev.id) == 0;
}

static void
a_halted_device_says_so(void)
{
	enum rte_dma_vchan_status status;
	char *said;

	shape(1, 64);
	copies_work(0, 1, 100);
	if (!halt())
		return;
	log_begin();
	assert_int_equal(rte_dma_vchan_status(dev.id, 0, &status), 0);
	said = log_end();
	assert_int_equal(status, RTE_DMA_VCHAN_HALTED_ERROR);
	if (!dev.served && lines_with(said, "configuration space changed") != 1)
		fail_msg("said: %s", said);
	free(said);
	dev_stop();
	dev_probe_again();
	shape(1, 64);
	copies_work(0, 1, 100);
}

/* Of a device that has gone, or has halted, nothing is printed that it no longer knows. */
static void
a_dump_makes_nothing_up(void)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	shape(1, 64);
	if (!halt())
		return;
	f = open_memstream(&text, &len);
	assert_int_equal(rte_dma_dump(dev.id, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "the device has halted or gone"));
	assert_null(strstr(text, "waiting"));
	free(text);
	dev_probe_again();
}

/* A queue that is being disabled still does what it took, and all of that is told as it ends. What
 * comes later it does not take.
 */
static void
a_queue_being_disabled_finishes_its_work(void)
{
	const uint32_t len = 1u << 20;
	uint8_t *src = memory_get(len), *dst = memory_get(len);
	enum rte_dma_status_code status = RTE_DMA_STATUS_SUCCESSFUL;
	unsigned int polls;
	bool error = false;
	uint16_t last;

	if (!dev.manual)
		return;
	memory_fill(src, len, 5);
	shape(1, 64);
	stepper_pause(true);
	pause_us(10000);
	assert_int_equal(copy(0, src, dst, len, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(dev_disable(dev.id, 0), 0);
	/* Begins both: the copy takes several. */
	dev_step(dev.id);
	/* As often as it takes until somebody looks what has become of the queue. */
	for (polls = 0; polls < 300000; polls++)
		assert_int_equal(rte_dma_completed(dev.id, 0, 1, &last, &error), 0);
	assert_false(error);
	stepper_pause(false);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	assert_int_equal(status, RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(src, dst, len);
	assert_int_equal(copy(0, src, dst, len, RTE_DMA_OP_FLAG_SUBMIT), 1);
	assert_int_equal(wait_status(0, 1, &last, &status), 1);
	assert_true(status == RTE_DMA_STATUS_DEV_LINK_ERROR ||
		    status == RTE_DMA_STATUS_NOT_ATTEMPTED);
	dev_probe_again();
}

/* What it had is not done any more, and is reported as aborted. */
static void
work_in_a_halted_device_is_aborted(void)
{
	enum rte_dma_status_code status[4];
	uint8_t *src = memory_get(4096), *dst = memory_get(4096);
	unsigned int i;
	uint16_t last;

	if (!dev.manual)
		return;
	shape(1, 64);
	stepper_pause(true);
	pause_us(10000);
	for (i = 0; i < 4; i++)
		assert_int_equal(copy(0, src, dst, 4096, RTE_DMA_OP_FLAG_SUBMIT), i);
	assert_true(halt());
	stepper_pause(false);
	dev_stop();
	assert_int_equal(wait_status(0, 4, &last, status), 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(status[i], RTE_DMA_STATUS_USER_ABORT);
	dev_probe_again();
	shape(1, 64);
	copies_work(0, 1, 100);
}

static const struct test_case cases[] = {
	TEST_CASE(a_halted_device_says_so),
	TEST_CASE(a_dump_makes_nothing_up),
	TEST_CASE(a_queue_being_disabled_finishes_its_work),
	TEST_CASE(work_in_a_halted_device_is_aborted),
};

TEST_GROUP(halt, cases);
