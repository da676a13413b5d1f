/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>

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
	TEST_CASE(work_in_a_halted_device_is_aborted),
};

TEST_GROUP(halt, cases);
