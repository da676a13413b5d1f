/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

/* How a card OS ends when nobody has asked it to. Of era A: it says so by itself. */

static bool
says_so(void)
{
	return dev.is_virtual && dev.info.era == RTE_PMD_MIC_ERA_A;
}

static void
expect_end(const char *command, enum rte_pmd_mic_shutdown shutdown)
{
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, command), 0);
	wait_state(dev.id, RTE_PMD_MIC_SHUTTING_DOWN);
	wait_shutdown(dev.id, shutdown);
	assert_int_equal(attr(dev.id, "shutdown_status"), shutdown);
	assert_int_equal(attr(dev.id, "state"), 2);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(status(dev.id).shutdown, RTE_PMD_MIC_NOP);
}

static void
every_end_has_its_status(void)
{
	if (!says_so())
		return;
	expect_end("halt", RTE_PMD_MIC_HALTED);
	expect_end("poweroff", RTE_PMD_MIC_POWEROFF);
	expect_end("restart", RTE_PMD_MIC_RESTART);
	assert_int_equal(status(dev.id).crashes, xstat(dev.id, "crashes"));
}

static void
a_crash_is_noticed_and_counted(void)
{
	uint32_t crashes = status(dev.id).crashes;

	if (!says_so())
		return;
	expect_end("crash", RTE_PMD_MIC_CRASHED);
	assert_int_equal(status(dev.id).crashes, crashes + 1);
	boot(dev.id);
}

/* The stop that follows finds it ended, and only resets. */
static void
after_a_crash_a_stop_is_enough(void)
{
	if (!says_so())
		return;
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, "crash"), 0);
	wait_shutdown(dev.id, RTE_PMD_MIC_CRASHED);
	rte_rawdev_stop(dev.id);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
}

static void
a_crash_in_any_state_leaves_a_card_that_boots(void)
{
	unsigned int us;

	if (!says_so())
		return;
	/* Sooner or later after the boot interrupt; before its OS is up there is none to crash. */
	for (us = 0; us < 5000; us += 500) {
		assert_int_equal(load(dev.id), 0);
		dev_type(dev.id, "crash");
		assert_int_equal(rte_rawdev_start(dev.id), 0);
		usleep(us);
		dev_type(dev.id, "crash");
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
	}
	/* While it is shutting down, and once it is down. */
	for (us = 0; us < 2000; us += 200) {
		boot(dev.id);
		assert_int_equal(rte_rawdev_set_attr(dev.id, "state", 2), 0);
		usleep(us);
		dev_type(dev.id, "crash");
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
	}
	/* While it is being reset. */
	boot(dev.id);
	assert_int_equal(rte_rawdev_set_attr(dev.id, "state", 3), 0);
	dev_type(dev.id, "crash");
	wait_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
}

/* It does nothing any more, so the shutdown is waited for, and then it is reset. */
static void
a_card_that_hangs_is_reset_by_stop(void)
{
	char *said;

	if (!says_so())
		return;
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, "hang"), 0);
	log_begin();
	rte_rawdev_stop(dev.id);
	said = log_end();
	assert_int_equal(lines_with(said, "does not shut down, so it is reset"), 1);
	free(said);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
}

static void
want_restart(struct rte_pmd_mic_info *info)
{
	info->restart = 1;
}

static void
a_restart_is_a_boot_if_that_is_wanted(void)
{
	uint32_t boots, resets;

	if (!says_so())
		return;
	configure(dev.id, want_restart);
	boot(dev.id);
	boots = status(dev.id).boots;
	resets = status(dev.id).resets;
	assert_int_equal(dev_type(dev.id, "restart"), 0);
	wait_state(dev.id, RTE_PMD_MIC_RESETTING);
	wait_state(dev.id, RTE_PMD_MIC_ONLINE);
	wait_up(dev.id);
	assert_int_equal(status(dev.id).boots, boots + 1);
	assert_int_equal(status(dev.id).resets, resets + 1);
	assert_int_equal(status(dev.id).shutdown, RTE_PMD_MIC_NOP);
	/* A halt is none. */
	assert_int_equal(dev_type(dev.id, "halt"), 0);
	wait_shutdown(dev.id, RTE_PMD_MIC_HALTED);
	usleep(50000);
	expect_state(dev.id, RTE_PMD_MIC_SHUTTING_DOWN);
	rte_rawdev_stop(dev.id);
	/* What was kept boots without another load. */
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_up(dev.id);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
	log_begin();
	assert_int_equal(rte_rawdev_start(dev.id), -EINVAL);
	expect_said("boot without an image");
}

/* Of the driver: so many in a row, unless the card was up for ten minutes of its time meanwhile. */
#define RESTARTS_IN_A_ROW 5u

static void
ask_for_restarts(uint16_t id, unsigned int n)
{
	uint32_t boots = status(id).boots;
	unsigned int i;

	for (i = 0; i < n; i++) {
		assert_int_equal(dev_type(id, "restart"), 0);
		wait_state(id, RTE_PMD_MIC_RESETTING);
		wait_state(id, RTE_PMD_MIC_ONLINE);
		wait_up(id);
	}
	assert_int_equal(status(id).boots, boots + n);
}

static void
expect_restart_refused(uint16_t id)
{
	struct rte_pmd_mic_status s = status(id);
	uint64_t refused = xstat(id, "restarts_refused");
	char *said;

	log_begin();
	assert_int_equal(dev_type(id, "restart"), 0);
	wait_shutdown(id, RTE_PMD_MIC_RESTART);
	usleep(50000);
	said = log_end();
	assert_int_equal(lines_with(said, "asks for a restart again after 5 of them"), 1);
	free(said);
	expect_state(id, RTE_PMD_MIC_SHUTTING_DOWN);
	assert_int_equal(xstat(id, "restarts_refused"), refused + 1);
	assert_int_equal(status(id).boots, s.boots);
	assert_int_equal(status(id).resets, s.resets);
	assert_int_equal(status(id).restarts_refused, s.restarts_refused + 1);
}

/* A card OS that asks for one at each boot. */
static void
restarts_come_to_an_end(void)
{
	uint64_t restarts = xstat(dev.id, "restarts");

	if (!says_so())
		return;
	configure(dev.id, want_restart);
	boot(dev.id);
	ask_for_restarts(dev.id, RESTARTS_IN_A_ROW);
	assert_int_equal(xstat(dev.id, "restarts"), restarts + RESTARTS_IN_A_ROW);
	expect_restart_refused(dev.id);
	/* Whoever boots it wants it to work. */
	rte_rawdev_stop(dev.id);
	boot(dev.id);
	ask_for_restarts(dev.id, 1);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static void
a_card_that_was_up_for_a_while_may_restart_again(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("time_scale=1000");
	configure(id, want_restart);
	boot(id);
	ask_for_restarts(id, RESTARTS_IN_A_ROW - 1);
	usleep(600000);
	ask_for_restarts(id, RESTARTS_IN_A_ROW);
	rte_rawdev_stop(id);
}

/* What is loaded by then was not kept. */
static void
a_restart_is_wanted_before_the_image_is_loaded(void)
{
	struct rte_pmd_mic_info mic;
	struct rte_rawdev_info info = {.dev_private = &mic};

	assert_int_equal(load(dev.id), 0);
	assert_int_equal(rte_rawdev_info_get(dev.id, &info, sizeof(mic)), 0);
	mic.restart = 1;
	log_begin();
	assert_int_equal(rte_rawdev_configure(dev.id, &info, sizeof(mic)), -EBUSY);
	expect_said("configure: restart 1, boot_on_resume 0 with an image loaded");
	assert_int_equal(rte_rawdev_info_get(dev.id, &info, sizeof(mic)), 0);
	assert_int_equal(mic.restart, 0);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
	configure(dev.id, want_restart);
	assert_int_equal(load(dev.id), 0);
	/* Kept, it may be wanted or not. */
	configure(dev.id, want_restart);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static const struct test_case cases[] = {
	TEST_CASE(every_end_has_its_status),
	TEST_CASE(a_crash_is_noticed_and_counted),
	TEST_CASE(after_a_crash_a_stop_is_enough),
	TEST_CASE(a_crash_in_any_state_leaves_a_card_that_boots),
	TEST_CASE(a_card_that_hangs_is_reset_by_stop),
	TEST_CASE(a_restart_is_a_boot_if_that_is_wanted),
	TEST_CASE(restarts_come_to_an_end),
	TEST_CASE(a_card_that_was_up_for_a_while_may_restart_again),
	TEST_CASE(a_restart_is_wanted_before_the_image_is_loaded),
};

TEST_GROUP(crash, cases);
