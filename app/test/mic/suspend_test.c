/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "test.h"

/* The host sleeps and wakes: section 12.9. */

static bool
is_era_a(void)
{
	return dev.info.era == RTE_PMD_MIC_ERA_A;
}

static void
a_card_that_is_up_is_shut_down_and_ready_later(void)
{
	uint32_t crashes = status(dev.id).crashes;

	if (!is_era_a())
		return;
	boot(dev.id);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(attr(dev.id, "state"), 5);
	log_begin();
	assert_int_equal(load(dev.id), -EINVAL);
	expect_said("load in state suspended");
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(status(dev.id).crashes, crashes);
	rte_rawdev_stop(dev.id);
	boot(dev.id);
}

static void
boot_again(struct rte_pmd_mic_info *info)
{
	info->boot_on_resume = 1;
}

static void
it_boots_again_if_that_is_wanted(void)
{
	if (!is_era_a())
		return;
	configure(dev.id, boot_again);
	/* One that was not up does not. */
	assert_int_equal(pmd.suspend(dev.id), 0);
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(pmd.resume(dev.id), 0);
	wait_up(dev.id);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static void
restart_and_boot_again(struct rte_pmd_mic_info *info)
{
	info->restart = 1;
	info->boot_on_resume = 1;
}

/* The host goes to sleep between the reset of a restart and its boot: that is made up for. */
static void
a_restart_that_sleep_cuts_off_is_made_up_for(void)
{
	if (!dev.is_virtual || !is_era_a())
		return;
	configure(dev.id, restart_and_boot_again);
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, "restart"), 0);
	wait_state(dev.id, RTE_PMD_MIC_RESETTING);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	wait_up(dev.id);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static void
only_what_sleeps_is_woken(void)
{
	if (!is_era_a())
		return;
	log_begin();
	assert_int_equal(pmd.resume(dev.id), -EINVAL);
	expect_said("resume in state offline; accepted: suspended");
	assert_int_equal(pmd.suspend(dev.id), 0);
	log_begin();
	assert_int_equal(pmd.suspend(dev.id), -EINVAL);
	expect_said("suspend in state suspended");
	assert_int_equal(pmd.resume(dev.id), 0);
	assert_int_equal(pmd.suspend(63), -ENODEV);
}

/* Programs are expected to have shut it down before. */
static void
later_eras_are_reset(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("era=d");
	boot(id);
	assert_int_equal(pmd.suspend(id), 0);
	expect_state(id, RTE_PMD_MIC_READY);
	assert_int_equal(pmd.resume(id), 0);
	expect_state(id, RTE_PMD_MIC_READY);
	rte_rawdev_stop(id);
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_that_is_up_is_shut_down_and_ready_later),
	TEST_CASE(it_boots_again_if_that_is_wanted),
	TEST_CASE(a_restart_that_sleep_cuts_off_is_made_up_for),
	TEST_CASE(only_what_sleeps_is_woken),
	TEST_CASE(later_eras_are_reset),
};

TEST_GROUP(suspend, cases);
