/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <pthread.h>

#include "test.h"

/* Two cards at once. */

static void
two_cards_do_not_mix(void)
{
	uint16_t id;

	if (!dev.is_virtual)
		return;
	id = other_make("memory=64");
	boot(dev.id);
	boot(id);
	assert_int_equal(attr(id, "aperture_size"), 64 << 20);
	assert_int_equal(dev_type(id, "crash"), 0);
	wait_shutdown(id, RTE_PMD_MIC_CRASHED);
	expect_state(dev.id, dev.info.era == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_ONLINE
							       : RTE_PMD_MIC_BOOTING);
	assert_int_equal(rte_rawdev_reset(id), 0);
	wait_up(dev.id);
	boot(id);
	rte_rawdev_stop(dev.id);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	wait_up(id);
	expect_state(id, RTE_PMD_MIC_ONLINE);
	rte_rawdev_stop(id);
	assert_int_equal(dev_stray(id), 0);
}

static void *
reset_for_long(void *arg)
{
	const uint16_t *id = arg;

	return (void *)(intptr_t)rte_rawdev_reset(*id);
}

/* One resets for long; the doorbells of the other one are served meanwhile. */
static void
a_slow_reset_holds_nobody_up(void)
{
	pthread_t thread;
	void *ret;
	uint16_t id;

	if (!others_wanted() || dev.info.era != RTE_PMD_MIC_ERA_A)
		return;
	id = other_make("time_scale=10,ready_ms=10000");
	boot(dev.id);
	assert_int_equal(pthread_create(&thread, NULL, reset_for_long, &id), 0);
	wait_state(id, RTE_PMD_MIC_RESETTING);
	assert_int_equal(dev_type(dev.id, "crash"), 0);
	wait_shutdown(dev.id, RTE_PMD_MIC_CRASHED);
	expect_state(id, RTE_PMD_MIC_RESETTING);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_null(ret);
	expect_state(id, RTE_PMD_MIC_READY);
}

static const struct test_case cases[] = {
	TEST_CASE(two_cards_do_not_mix),
	TEST_CASE(a_slow_reset_holds_nobody_up),
};

TEST_GROUP(cards, cases);
