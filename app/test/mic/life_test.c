/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "test.h"

/* From load to shutdown, again and again. */

static void
a_card_boots_and_stops(void)
{
	uint32_t boots = status(dev.id).boots;
	struct rte_pmd_mic_status s;

	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(load(dev.id), 0);
	assert_int_equal(status(dev.id).image_loaded, 1);
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_up(dev.id);
	s = status(dev.id);
	assert_int_equal(s.state, dev.info.era == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_ONLINE
								    : RTE_PMD_MIC_BOOTING);
	assert_int_equal(s.boots, boots + 1);
	assert_int_not_equal(s.booted_ns, 0);
	assert_int_equal(s.image_loaded, 0);
	rte_rawdev_stop(dev.id);
	s = status(dev.id);
	assert_int_equal(s.state, RTE_PMD_MIC_READY);
	assert_int_equal(s.shutdown, RTE_PMD_MIC_NOP);
	assert_int_equal(s.ready, 1);
}

static void
it_boots_many_times(void)
{
	uint32_t boots = status(dev.id).boots;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		boot(dev.id);
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
	}
	assert_int_equal(status(dev.id).boots, boots + 10);
	assert_int_equal(status(dev.id).crashes, 0);
}

/* The OS may not have told yet how it wants to be asked. */
static void
it_may_be_stopped_at_once(void)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(load(dev.id), 0);
		assert_int_equal(rte_rawdev_start(dev.id), 0);
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
	}
}

static void
start_wants_an_image(void)
{
	log_begin();
	assert_int_equal(rte_rawdev_start(dev.id), -EINVAL);
	expect_said("boot without an image");
	expect_state(dev.id, RTE_PMD_MIC_READY);
	/* What a reset forgets has to be loaded anew. */
	assert_int_equal(load(dev.id), 0);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	log_begin();
	assert_int_equal(rte_rawdev_start(dev.id), -EINVAL);
	expect_said("boot without an image");
	boot(dev.id);
}

static void
a_card_that_is_up_takes_no_image(void)
{
	boot(dev.id);
	log_begin();
	assert_int_equal(load(dev.id), -EINVAL);
	expect_said("load in state ");
	assert_int_equal(rte_rawdev_start(dev.id), 0);
}

static void
a_reset_ends_what_runs(void)
{
	uint32_t resets;

	boot(dev.id);
	/* Not before: a card whose bootstrap still runs is reset before it takes an image. */
	resets = status(dev.id).resets;
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(status(dev.id).resets, resets + 1);
	/* The library may be asked to start it again without a stop. */
	boot(dev.id);
	expect_state(dev.id, dev.info.era == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_ONLINE
							       : RTE_PMD_MIC_BOOTING);
}

static void
a_card_that_is_ready_can_be_reset(void)
{
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(attr(dev.id, "fw_ready"), 1);
}

static void
unload_forgets_the_image(void)
{
	assert_int_equal(load(dev.id), 0);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
	assert_int_equal(status(dev.id).image_loaded, 0);
	boot(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
}

/* Under an application that holds on to a card, it cannot be taken away. */
static void
a_started_card_is_neither_closed_nor_removed(void)
{
	boot(dev.id);
	assert_int_equal(rte_rawdev_close(dev.id), -EBUSY);
	assert_int_not_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
	assert_true(dev_exists());
	rte_rawdev_stop(dev.id);
}

static void
a_closed_device_refuses_everything(void)
{
	struct rte_pmd_mic_status *s = NULL;
	uint64_t value;

	stepper_end();
	assert_int_equal(rte_rawdev_close(dev.id), 0);
	assert_int_equal(rte_rawdev_close(dev.id), 0);
	assert_int_equal(rte_rawdev_start(dev.id), -ENODEV);
	assert_int_equal(rte_rawdev_reset(dev.id), -ENODEV);
	assert_int_equal(load(dev.id), -ENODEV);
	assert_int_equal(rte_rawdev_get_attr(dev.id, "state", &value), -ENODEV);
	assert_int_equal(rte_rawdev_firmware_status_get(dev.id, &s), -ENODEV);
	assert_int_equal(rte_rawdev_selftest(dev.id), -ENODEV);
	assert_int_equal(pmd.wait(dev.id, RTE_PMD_MIC_READY, 1), -ENODEV);
	assert_null(pmd.aperture(dev.id, 0, 1));
	assert_int_equal(rte_errno, ENODEV);
	assert_int_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
}

static void
the_self_test_passes(void)
{
	assert_int_equal(rte_rawdev_selftest(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
	log_begin();
	assert_int_equal(rte_rawdev_selftest(dev.id), -EBUSY);
	expect_said("self test in state");
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_boots_and_stops),
	TEST_CASE(it_boots_many_times),
	TEST_CASE(it_may_be_stopped_at_once),
	TEST_CASE(start_wants_an_image),
	TEST_CASE(a_card_that_is_up_takes_no_image),
	TEST_CASE(a_reset_ends_what_runs),
	TEST_CASE(a_card_that_is_ready_can_be_reset),
	TEST_CASE(unload_forgets_the_image),
	TEST_CASE(a_started_card_is_neither_closed_nor_removed),
	TEST_CASE(a_closed_device_refuses_everything),
	TEST_CASE(the_self_test_passes),
};

TEST_GROUP(life, cases);
