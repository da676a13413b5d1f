/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common.h"

/* A case that takes this long hangs. */
#define WATCHDOG_S 40

static const struct test_program *program;
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
	if (program->exists())
		assert_int_equal(program->stray(), 0);
	passed++;
}

/* The next case finds the device at rest; after a failure it finds a fresh one. */
static int
case_teardown(void **state)
{
	(void)state;
	if (passed < started)
		fprintf(stderr, "%s: probing %s again\n", running->name, program->device);
	program->rest();
	alarm(0);
	return 0;
}

static int
case_setup(void **state)
{
	static unsigned int failures_seen;

	(void)state;
	/* Some cases take the device away, for want of another one. */
	if (started - passed != failures_seen || !program->exists()) {
		failures_seen = started - passed;
		program->probe_again();
	}
	return 0;
}

static void
group_run(const struct test_group *group, bool with_ours)
{
	struct CMUnitTest tests[64];
	unsigned int i, n = 0;

	for (i = 0; i < group->count && n < RTE_DIM(tests); i++) {
		if (group->cases[i].ours && !with_ours)
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

/** Run every case that the filter of cmocka lets through, or only those that are not just ours. */
void
tests_run(const struct test_program *p, bool with_ours)
{
	unsigned int i;

	program = p;
	signal(SIGALRM, watchdog);
	for (i = 0; i < p->nb_groups; i++)
		group_run(p->groups[i], with_ours);
}

/** Say how it went: the program's exit status. */
int
tests_verdict(void)
{
	printf("%u passed, %u failed\n", passed, started - passed);
	return started == passed && started > 0 ? 0 : 1;
}
