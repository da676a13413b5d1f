/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "dma.h"

/* A case that takes this long hangs. */
#define WATCHDOG_S 40

static const struct test_group *const groups[] = {
	&life_group,	&image_group, &crash_group,    &event_group, &irq_group,
	&reset_group,	&smpt_group,  &attr_group,     &seen_group,  &function_group,
	&era_group,	&suspend_group, &cards_group,  &loss_group,  &owner_group,
	&cosm_group,	&hostile_group, &devargs_group, &dma_group,    &dma_shape_group,
	&dma_error_group, &queue_group,
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

/* The next case finds the card without an OS; after a failure it finds a fresh one. */
static int
case_teardown(void **state)
{
	(void)state;
	if (passed < started)
		fprintf(stderr, "%s: probing %s again\n", running->name, dev.name);
	other_remove();
	if (dev_exists()) {
		dma_rest();
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
	/* Some cases take the device away. */
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
	printf("usage: slipway-test-mic EAL-OPTIONS DEVICE [-- PATTERN]\n"
	       "Runs every case, or those whose name matches PATTERN (with * and ?).\n"
	       "DEVICE is the card under test: --vdev=raw_mic0[,ARGUMENTS], or on the PCI bus\n"
	       "-a ADDRESS[,ARGUMENTS]; a virtual one with time_scale=100,ready_ms=1000, since a\n"
	       "reset takes 10 s.\n");
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
	stepper_end();
	if (dev_exists())
		rte_rawdev_close(dev.id);
	rte_eal_cleanup();
	printf("%u passed, %u failed\n", passed, started - passed);
	return started == passed && started > 0 ? 0 : 1;
}
