/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "test.h"

/* A case that takes this long hangs. */
#define WATCHDOG_S 40

static const struct test_group *const groups[] = {
	&config_group, &vchan_group, &stop_group,  &stats_group,  &seen_group,
	&memory_group, &halt_group,  &data_group,  &order_group,  &error_group,
	&ops_group,    &shared_group, &devargs_group,
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
	if (dev_exists())
		assert_int_equal(dev_stray(dev.id), 0);
	passed++;
}

/* The next case finds the device stopped; after a failure it finds a fresh one. */
static int
case_teardown(void **state)
{
	(void)state;
	if (passed < started)
		fprintf(stderr, "%s: probing %s again\n", running->name, dev.name);
	stepper_pause(false);
	if (dev_exists())
		dev_rest(dev.id);
	memory_put_all();
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
	struct CMUnitTest tests[64];
	unsigned int i, n = 0;

	for (i = 0; i < group->count && n < RTE_DIM(tests); i++)
		tests[n++] = (struct CMUnitTest){
			.name = group->cases[i].name,
			.test_func = case_run,
			.setup_func = case_setup,
			.teardown_func = case_teardown,
			.initial_state = (void *)(uintptr_t)&group->cases[i],
		};
	_cmocka_run_group_tests(group->name, tests, n, NULL, NULL);
}

static void
usage(void)
{
	printf("usage: slipway-test-dma EAL-OPTIONS DEVICE [-- [--long] [PATTERN]]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?);\n"
	       "with --long also what takes minutes.\n"
	       "DEVICE is the device under test: --vdev=dma_dsa0[,ARGUMENTS], or on the PCI bus\n"
	       "-a ADDRESS[,ARGUMENTS], for example -a 0000:6a:01.0\n");
}

/* What follows EAL's own arguments. */
static bool
options_take(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--long") == 0) {
		dev.lengthy = true;
		argc--;
		argv++;
	}
	if (argc > 1 && argv[1][0] == '-')
		return false;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return argc <= 2;
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
	/* What is let go of needs no step of ours, and may get none. */
	stepper_end();
	rte_dma_close(dev.id);
	rte_eal_cleanup();
	printf("%u passed, %u failed\n", passed, started - passed);
	return started == passed && started > 0 ? 0 : 1;
}
