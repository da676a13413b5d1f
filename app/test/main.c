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

/* A case that takes this long hangs. */
#define WATCHDOG_S 40

static const struct test_group *const groups[] = {
	&info_group,    &config_group,  &link_group,     &traffic_group,
	&atomic_group,  &ordered_group, &directed_group, &priority_group,
	&release_group, &credit_group,  &relink_group,   &stop_group,
	&timeout_group, &xstats_group,  &devargs_group,  &thread_group,
};

static const struct test_case *running;
static unsigned int started, passed;

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
	uint32_t is_started = 0;

	(void)state;
	threads_end();
	rte_event_dev_stop_flush_callback_register(dev.id, NULL, NULL);
	if (passed < started)
		fprintf(stderr, "%s: probing %s again\n", running->name, dev.name);
	if (rte_event_dev_attr_get(dev.id, RTE_EVENT_DEV_ATTR_STARTED, &is_started) == 0 &&
	    is_started)
		rte_event_dev_stop(dev.id);
	alarm(0);
	return 0;
}

static int
case_setup(void **state)
{
	static unsigned int failures_seen;

	(void)state;
	if (started - passed != failures_seen) {
		failures_seen = started - passed;
		dev_probe_again();
	}
	return 0;
}

static void
group_run(const struct test_group *group)
{
	struct CMUnitTest tests[32];
	unsigned int i;

	for (i = 0; i < group->count && i < RTE_DIM(tests); i++)
		tests[i] = (struct CMUnitTest){
			.name = group->cases[i].name,
			.test_func = case_run,
			.setup_func = case_setup,
			.teardown_func = case_teardown,
			.initial_state = (void *)(uintptr_t)&group->cases[i],
		};
	_cmocka_run_group_tests(group->name, tests, i, NULL, NULL);
}

static void
usage(void)
{
	printf("usage: slipway-test-event EAL-OPTIONS --vdev=DEVICE[,ARGUMENTS] [-- PATTERN]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?).\n"
	       "DEVICE is the device under test, for example event_dlb0,version=2.0\n");
}

int
main(int argc, char **argv)
{
	unsigned int i;
	int used;

	rte_set_application_usage_hook((rte_usage_hook_t)(void *)usage);
	used = rte_eal_init(argc, argv);
	if (used < 0 || argc - used > 2) {
		usage();
		return 2;
	}
	if (argc - used == 2)
		cmocka_set_test_filter(argv[used + 1]);
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
