/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"

/* A card that writes what it likes into the device page. */

#define BASE   UINT64_C(0x8000000000)
#define WINDOW (UINT64_C(16) << 30)

/* In era A's boot parameters, section 14.2. */
#define H2C_SHUTDOWN_DB 5
#define SHUTDOWN_STATUS 7

/* It lies in memory of this process, at the address that the card gets by the SMPT. */
static volatile uint8_t *
page(void)
{
	uint64_t mic = attr(dev.id, "dp_addr");
	char name[32];

	snprintf(name, sizeof(name), "smpt_entry_%u", (unsigned int)((mic - BASE) / WINDOW));
	return (volatile uint8_t *)(uintptr_t)(((attr(dev.id, name) >> 2) << 34) + mic % WINDOW);
}

static bool
is_ours(void)
{
	return dev.is_virtual && dev.info.era == RTE_PMD_MIC_ERA_A;
}

static void
a_status_that_is_none_changes_nothing(void)
{
	unsigned int i, n;
	char *said;

	if (!is_ours())
		return;
	boot(dev.id);
	log_begin();
	for (i = 6; i < 256; i += 83) {
		page()[SHUTDOWN_STATUS] = (uint8_t)i;
		/* A doorbell, or the look that comes now and then, has it taken. */
		for (n = 0; n < PATIENCE_MS && page()[SHUTDOWN_STATUS] != 0; n++)
			usleep(1000);
		assert_int_not_equal(n, PATIENCE_MS);
	}
	said = log_end();
	assert_int_equal(lines_with(said, "the card ends with status "), 4);
	free(said);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	assert_int_equal(status(dev.id).shutdown, RTE_PMD_MIC_NOP);
}

/* The card says how it ends, as soon as it is listened to again. */
static void
say(uint8_t end)
{
	unsigned int n;

	page()[SHUTDOWN_STATUS] = end;
	/* Wakes the thread that listens, on every reach. */
	assert_int_equal(rte_rawdev_set_attr(dev.id, "heartbeat_enable", 1), 0);
	for (n = 0; n < PATIENCE_MS * 20 && page()[SHUTDOWN_STATUS] != 0; n++)
		usleep(50);
	assert_int_not_equal(n, PATIENCE_MS * 20);
}

/* What a card raves about is said of it, a few times in a second. */
static void
a_card_that_raves_does_not_fill_the_log(void)
{
	enum { MOST = 10, TIMES = 200 };
	unsigned int i, lines;
	uint64_t begun;
	char *said;

	if (!is_ours())
		return;
	boot(dev.id);
	begun = now_ms();
	log_begin();
	for (i = 0; i < TIMES; i++)
		say((uint8_t)(6 + i));
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	/* Those that had no line are counted, and that is said with the next one. */
	sleep(1);
	say(250);
	/* Who hears it has said so before it lets go of the state. */
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	said = log_end();
	lines = lines_with(said, "the card ends with status ");
	assert_in_range(lines, 1, MOST * ((now_ms() - begun) / 1000 + 2));
	assert_int_equal(lines_with(said, "the card ends with status 250"), 1);
	/* However long it took on a busy machine. */
	assert_true(lines > TIMES || lines_with(said, " lines about the card left out") > 0);
	free(said);
}

static unsigned int ends_told;

static void
count_ends(uint16_t id, enum rte_pmd_mic_state state, enum rte_pmd_mic_shutdown shutdown, void *arg)
{
	(void)id;
	(void)shutdown;
	(void)arg;
	ends_told += state == RTE_PMD_MIC_SHUTTING_DOWN;
}

/* It ends once, however often it says so; and it may crash as it is powered off. */
static void
an_end_is_counted_and_told_of_once(void)
{
	uint32_t crashes = status(dev.id).crashes;
	unsigned int i;

	if (!is_ours())
		return;
	boot(dev.id);
	ends_told = 0;
	assert_int_equal(pmd.event_register(dev.id, count_ends, NULL), 0);
	for (i = 0; i < 10; i++)
		say(RTE_PMD_MIC_POWEROFF);
	assert_int_equal(status(dev.id).shutdown, RTE_PMD_MIC_POWEROFF);
	for (i = 0; i < 10; i++)
		say(RTE_PMD_MIC_CRASHED);
	assert_int_equal(status(dev.id).shutdown, RTE_PMD_MIC_CRASHED);
	assert_int_equal(status(dev.id).crashes, crashes + 1);
	for (i = 0; i < 100; i++)
		say(i % 2 == 0 ? RTE_PMD_MIC_HALTED : RTE_PMD_MIC_CRASHED);
	assert_int_equal(pmd.event_unregister(dev.id, count_ends, NULL), 0);
	assert_in_range(ends_told, 2, 4);
	assert_in_range(status(dev.id).crashes, crashes + 1, crashes + 2);
	rte_rawdev_stop(dev.id);
	/* The next boot is another life. */
	boot(dev.id);
	say(RTE_PMD_MIC_CRASHED);
	wait_shutdown(dev.id, RTE_PMD_MIC_CRASHED);
}

/* Section 24, no. 10. */
static void
restart_may_be_five(void)
{
	if (!is_ours())
		return;
	boot(dev.id);
	page()[SHUTDOWN_STATUS] = 5;
	wait_shutdown(dev.id, RTE_PMD_MIC_RESTART);
}

static void
a_doorbell_that_is_none_is_not_rung(void)
{
	uint64_t rung;
	unsigned int i;

	if (!is_ours())
		return;
	for (i = 16; i < 256; i += 77) {
		boot(dev.id);
		rung = xstat(dev.id, "h2c_doorbells");
		page()[H2C_SHUTDOWN_DB] = (uint8_t)i;
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
		assert_int_equal(xstat(dev.id, "h2c_doorbells"), rung);
		assert_int_equal(page()[H2C_SHUTDOWN_DB], 0xff);
	}
}

static void
a_page_of_noise_does_no_harm(void)
{
	volatile uint8_t *at;
	unsigned int i, round;

	if (!is_ours())
		return;
	srand(3);
	for (round = 0; round < 10; round++) {
		boot(dev.id);
		/* Where it is takes some registers to find out. */
		at = page();
		for (i = 0; i < 4096; i++)
			at[i] = (uint8_t)rand();
		free(dump(dev.id));
		rte_rawdev_stop(dev.id);
		expect_state(dev.id, RTE_PMD_MIC_READY);
	}
	boot(dev.id);
}

static const struct test_case cases[] = {
	TEST_CASE(a_status_that_is_none_changes_nothing),
	TEST_CASE(a_card_that_raves_does_not_fill_the_log),
	TEST_CASE(an_end_is_counted_and_told_of_once),
	TEST_CASE(restart_may_be_five),
	TEST_CASE(a_doorbell_that_is_none_is_not_rung),
	TEST_CASE(a_page_of_noise_does_no_harm),
};

TEST_GROUP(hostile, cases);
