/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* A case that takes this long hangs, and its script with it. */
#define WATCHDOG_S 60
#define CASES_MAX  64

static const char *const setting_name[NB_SETTINGS] = {"threads", "processes", "nodes"};

static const struct test_group *const groups[] = {
	&open_group, &connect_group, &stream_group, &poll_group, &register_group,
	&mmap_group, &rma_group,     &fence_group,  &node_group, &wire_group,
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
	if (running->node_args != NULL)
		node_own(running->node_args);
	assert_int_equal(sides_start(), 0);
	running->run();
	sides_end();
	if (running->node_args == NULL) {
		assert_true(node_empty(0));
		assert_true(node_empty(1));
	}
	passed++;
}

static int
case_teardown(void **state)
{
	(void)state;
	sides_end();
	node_common();
	alarm(0);
	return 0;
}

static void
group_run(const struct test_group *group)
{
	static char names[CASES_MAX][128];
	struct CMUnitTest tests[CASES_MAX];
	char name[64];
	unsigned int i, n = 0;

	for (i = 0; i < group->count && n < CASES_MAX; i++) {
		if ((group->cases[i].where & ON(setting)) == 0)
			continue;
		snprintf(names[n], sizeof(names[n]), "%s %s", group->cases[i].name,
			 setting_name[setting]);
		tests[n] = (struct CMUnitTest){
			.name = names[n],
			.test_func = case_run,
			.teardown_func = case_teardown,
			.initial_state = (void *)(uintptr_t)&group->cases[i],
		};
		n++;
	}
	snprintf(name, sizeof(name), "%s, %s", group->name, setting_name[setting]);
	_cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

static void
usage(void)
{
	printf("usage: slipway-test-scif [--poll] [PATTERN]\n"
	       "Runs every case in every setting it is for, or those whose name matches PATTERN\n"
	       "(with * and ?), as in 's066*' or '* nodes'. Nodes are started for it; with --poll\n"
	       "they look at each other each millisecond, and ring no doorbells.\n");
}

int
main(int argc, char **argv)
{
	char self[256] = "";
	unsigned int i;

	if (argc > 1 && strcmp(argv[1], "--poll") == 0) {
		node_common_args = "--poll 1";
		argc--;
		argv++;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		usage();
		return 2;
	}
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    nodes_begin(dirname(self)) < 0) {
		fprintf(stderr, "slipway-test-scif: slipway scifd serves no node\n");
		nodes_end();
		return 2;
	}
	signal(SIGALRM, watchdog);
	for (setting = THREADS; setting < NB_SETTINGS; setting++)
		for (i = 0; i < COUNT(groups); i++)
			group_run(groups[i]);
	nodes_end();
	printf("%u passed, %u failed\n", passed, started - passed);
	return started == passed && started > 0 ? 0 : 1;
}
