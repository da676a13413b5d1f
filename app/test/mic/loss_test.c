/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>

#include "test.h"

/* The card's process ends. Its number is in the environment, and killing it is the last that is
 * done to it: this group runs by itself, with another card to come back to.
 */

static void
a_card_that_is_killed_is_lost_at_once(void)
{
	const char *victim = getenv("SLIPWAY_TEST_VICTIM");
	struct rte_pmd_mic_function fn;
	const uint64_t args[6] = {1};
	uint64_t start, answer[6];
	int64_t result;
	uint8_t *memory;

	if (victim == NULL)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	memory = pmd.aperture(dev.id, 0x200000, 4096);
	start = rte_get_timer_cycles();
	assert_int_equal(kill((pid_t)atoi(victim), SIGKILL), 0);
	wait_state(dev.id, RTE_PMD_MIC_LOST);
	assert_true(rte_get_timer_cycles() - start < rte_get_timer_hz() / 10);
	assert_string_equal(status(dev.id).state_text, "lost");
	/* Memory of it is there to be written to, and read; nothing comes of it. */
	memset(memory, 0x55, 4096);
	assert_int_equal(pmd.call(&fn, args), 0);
	assert_int_equal(pmd.answer(&fn, fn.sequence, answer, &result), 0);
	assert_int_equal(rte_rawdev_reset(dev.id), -ENODEV);
	rte_rawdev_stop(dev.id);
	assert_int_equal(load(dev.id), -ENODEV);
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_ONLINE, 1000), -ENODEV);
	assert_int_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
}

/* Its process is there, but every register reads all ones: whoever looks finds that out. */
static void
a_link_that_is_cut_is_noticed_by_who_looks(void)
{
	if (dev.model || !dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, "inject lost-link"), 0);
	assert_string_equal(status(dev.id).post_code, "");
	wait_state(dev.id, RTE_PMD_MIC_LOST);
	assert_int_equal(rte_rawdev_reset(dev.id), -ENODEV);
	rte_rawdev_stop(dev.id);
	/* Plugged in again it is as switched on anew. */
	dev_probe_again();
	boot(dev.id);
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_that_is_killed_is_lost_at_once),
	TEST_CASE(a_link_that_is_cut_is_noticed_by_who_looks),
};

TEST_GROUP(loss, cases);
