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

/* A word in exactly one line of what was logged. */
static void
expect_logged(const char *word)
{
	char *said = log_end();

	if (lines_with(said, word) != 1)
		fail_msg("no single line with \"%s\" in: %s", word, said);
	free(said);
}

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

/* ---- A process that is stopped ---- */

/* That of the card under test; 0 where it has none that is known. */
static pid_t
card_process(void)
{
	const char *at = strstr(dev.args, "at=vfu:");
	char path[160], number[16] = "";
	int len = at != NULL ? (int)strcspn(at, ",") : 0;
	FILE *f;

	/* .../cards/NAME/card */
	if (len < (int)strlen("at=vfu:/card") || strncmp(at + len - 5, "/card", 5) != 0)
		return 0;
	snprintf(path, sizeof(path), "%.*s/pid", len - 5 - (int)strlen("at=vfu:"),
		 at + strlen("at=vfu:"));
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fgets(number, sizeof(number), f) == NULL)
		number[0] = '\0';
	fclose(f);
	return (pid_t)atoi(number);
}

static void
wait_stopped(pid_t pid)
{
	char path[32], text[128], *end;
	unsigned int i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (i = 0; i < PATIENCE_MS; i++) {
		f = fopen(path, "r");
		assert_non_null(f);
		assert_non_null(fgets(text, sizeof(text), f));
		fclose(f);
		end = strrchr(text, ')');
		if (end != NULL && end[2] == 'T')
			return;
		usleep(1000);
	}
	fail_msg("process %d does not stop", (int)pid);
}

/* A register access would wait for 5 s, and then the card would be lost. */
static void
a_card_whose_process_is_stopped_survives_a_look(void)
{
	struct rte_pmd_mic_status before, stopped;
	pid_t pid = card_process();
	uint64_t begun;
	int ret;

	if (pid == 0)
		return;
	boot(dev.id);
	before = status(dev.id);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	wait_stopped(pid);
	begun = now_us();
	stopped = status(dev.id);
	xstat(dev.id, "boots");
	log_begin();
	ret = other_try(dev.args);
	begun = now_us() - begun;
	kill(pid, SIGCONT);
	assert_int_not_equal(ret, 0);
	expect_logged("is stopped; kill -CONT");
	assert_in_range(begun, 0, 3000000);
	assert_string_equal(stopped.state_text, before.state_text);
	assert_string_equal(stopped.post_code, before.post_code);
	assert_int_equal(stopped.ready, before.ready);
	assert_string_equal(status(dev.id).state_text, before.state_text);
	rte_rawdev_stop(dev.id);
	boot(dev.id);
}

/* The driver watches a boot by itself, and leaves off meanwhile. */
static void
a_card_whose_process_is_stopped_as_it_boots_survives(void)
{
	pid_t pid = card_process();
	uint64_t begun, us;

	if (pid == 0)
		return;
	for (unsigned int round = 0; round < 5; round++) {
		assert_int_equal(load(dev.id), 0);
		assert_int_equal(rte_rawdev_start(dev.id), 0);
		assert_int_equal(kill(pid, SIGSTOP), 0);
		wait_stopped(pid);
		usleep(20000);
		begun = now_us();
		status(dev.id);
		us = now_us() - begun;
		kill(pid, SIGCONT);
		assert_in_range(us, 0, 3000000);
		wait_up(dev.id);
		rte_rawdev_stop(dev.id);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_that_is_killed_is_lost_at_once),
	TEST_CASE(a_link_that_is_cut_is_noticed_by_who_looks),
	TEST_CASE(a_card_whose_process_is_stopped_survives_a_look),
	TEST_CASE(a_card_whose_process_is_stopped_as_it_boots_survives),
};

TEST_GROUP(loss, cases);
