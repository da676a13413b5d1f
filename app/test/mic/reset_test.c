/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "test.h"

/* Resets that fail, and how long they may take. */

static double
seconds_since(uint64_t start)
{
	return (double)(rte_get_timer_cycles() - start) / (double)rte_get_timer_hz();
}

static void
a_card_that_never_gets_ready_fails(void)
{
	uint64_t start;
	uint16_t id;
	char *said;

	if (!others_wanted())
		return;
	id = other_make("never_ready=1,time_scale=1000");
	log_begin();
	start = rte_get_timer_cycles();
	assert_int_equal(rte_rawdev_reset(id), -EIO);
	/* A second, and 44 more polls after the first one, a thousand times as fast. */
	assert_true(seconds_since(start) > 0.044);
	said = log_end();
	assert_int_equal(lines_with(said, "reset failed: not ready after 45 polls"), 1);
	free(said);
	expect_state(id, RTE_PMD_MIC_RESET_FAILED);
	assert_int_equal(attr(id, "state"), 3);
	assert_int_equal(status(id).reset_failures, 1);
	log_begin();
	assert_int_equal(load(id), -EINVAL);
	expect_said("load in state reset_failed");
	/* It may be tried again. */
	log_begin();
	assert_int_equal(rte_rawdev_reset(id), -EIO);
	free(log_end());
	assert_int_equal(xstat(id, "reset_failures"), 2);
}

/* Section 24, no. 1: all ones have the ready bit set, and mean that nobody is there. This card
 * reads so until its bootstrap is done, which takes ten polls.
 */
static void
all_ones_are_waited_for_and_not_ready(void)
{
	uint64_t start;
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("all_ones=1,time_scale=100,ready_ms=11000");
	start = rte_get_timer_cycles();
	assert_int_equal(rte_rawdev_reset(id), 0);
	assert_true(seconds_since(start) >= 0.11);
	boot(id);
	rte_rawdev_stop(id);
	expect_state(id, RTE_PMD_MIC_READY);
}

static void
waits_are_those_of_the_silicon(void)
{
	uint64_t start;
	uint16_t id;

	if (!others_wanted())
		return;
	/* A tenth: the second of quiet is 100 ms, and ready after 200 ms is seen at the next poll.
	 */
	id = other_make("time_scale=10,ready_ms=2000");
	start = rte_get_timer_cycles();
	assert_int_equal(rte_rawdev_reset(id), 0);
	assert_true(seconds_since(start) >= 0.2);
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_that_never_gets_ready_fails),
	TEST_CASE(all_ones_are_waited_for_and_not_ready),
	TEST_CASE(waits_are_those_of_the_silicon),
};

TEST_GROUP(reset, cases);
