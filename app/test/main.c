/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "test.h"

/* Drivers that lease credits do so 32 at a time, and keep less than twice that. */
#define FOREIGN_HOARD 64

/* A case that takes this long hangs. */
#define WATCHDOG_S 40

static const struct test_group *const groups[] = {
	&info_group,    &config_group,  &link_group,     &traffic_group,
	&atomic_group,  &ordered_group, &directed_group, &priority_group,
	&release_group, &credit_group,  &relink_group,   &stop_group,
	&timeout_group, &xstats_group,  &devargs_group,  &thread_group,
	&domain_group,  &sleep_group,
	&token_group,
	&alarm_group,
	&wait_group,
	&calls_group,
	&weight_group,
	&telemetry_group,
	&mix_group,
};

static const struct test_case *running;
static unsigned int started, passed;
static bool all_cases = true;

static void
watchdog(int sig)
{
	char text[160];
	int len;

	(void)sig;
	len = snprintf(text, sizeof(text),
		       "[  FAILED  ] %s: no end after %u s\n%u passed, %u failed\n", running->name,
		       WATCHDOG_S, passed, started - passed);
	if (write(STDOUT_FILENO, text, len) != len)
		_exit(2);
	_exit(1);
}

/* Runs one case; an assertion leaves it by a long jump, so only what passed is counted here. */
static void
case_run(void **state)
{
	running = *state;
	started++;
	alarm(WATCHDOG_S);
	running->run();
	assert_int_equal(dev_stray(dev.id), 0);
	passed++;
}

/* The next case finds the device stopped; after a failure it finds a fresh one. */
static int
case_teardown(void **state)
{
	(void)state;
	threads_end();
	if (passed < started)
		fprintf(stderr, "%s: probing %s again\n", running->name, dev.name);
	if (dev_exists()) {
		rte_event_dev_stop_flush_callback_register(dev.id, NULL, NULL);
		dev_rest(dev.id);
	}
	alarm(0);
	return 0;
}

static int
case_setup(void **state)
{
	static unsigned int failures_seen;

	(void)state;
	/* Some cases take the device away, for want of another one. */
	if (started - passed != failures_seen || !dev_exists()) {
		failures_seen = started - passed;
		dev_probe_again();
	}
	return 0;
}

static void
group_run(const struct test_group *group)
{
	struct CMUnitTest tests[32];
	unsigned int i, n = 0;

	for (i = 0; i < group->count && n < RTE_DIM(tests); i++) {
		if (!all_cases && group->cases[i].ours)
			continue;
		tests[n++] = (struct CMUnitTest){
			.name = group->cases[i].name,
			.test_func = case_run,
			.setup_func = case_setup,
			.teardown_func = case_teardown,
			.initial_state = (void *)(uintptr_t)&group->cases[i],
		};
	}
	if (n > 0)
		_cmocka_run_group_tests(group->name, tests, n, NULL, NULL);
}

static void
usage(void)
{
	printf("usage: slipway-test-event EAL-OPTIONS DEVICE [-- [--foreign] [PATTERN]]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?).\n"
	       "DEVICE is the device under test: --vdev=event_dlb0[,ARGUMENTS], or on the PCI\n"
	       "bus -a ADDRESS[,ARGUMENTS], for example -a 0000:7e:00.0\n"
	       "  --foreign  its driver is someone else's: without PATTERN, leave out what only\n"
	       "             our driver promises\n");
}

/* What follows EAL's own arguments. */
static bool
options_take(int argc, char **argv)
{
	int i = 1;

	if (i < argc && strcmp(argv[i], "--foreign") == 0) {
		dev.foreign = true;
		dev.hoard = FOREIGN_HOARD;
		all_cases = false;
		i++;
	}
	if (i < argc && argv[i][0] != '-') {
		all_cases = true;
		cmocka_set_test_filter(argv[i++]);
	}
	return i == argc;
}

int
main(int argc, char **argv)
{
	unsigned int i;
	int used;

	rte_set_application_usage_hook((rte_usage_hook_t)(void *)usage);
	used = rte_eal_init(argc, argv);
	if (used < 0 || !options_take(argc - used, argv + used)) {
		usage();
		return 2;
	}
	if (dev_find() < 0 || stepper_start() < 0)
		return 2;
	signal(SIGALRM, watchdog);
	for (i = 0; i < RTE_DIM(groups); i++)
		group_run(groups[i]);
	rte_event_dev_close(dev.id);
	stepper_end();
	rte_eal_cleanup();
	printf("%u passed, %u failed\n", passed, started - passed);
	return started == passed && started > 0 ? 0 : 1;
}
