/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_test_rig.h"

/* A program, or one of its plugins, loads the library, and unloads it while something of it is
 * under way.
 */

#define ROUNDS 3

/* Load, open, unload. */
static void
visit(void)
{
	void *library = dlopen(LIBSCIF, RTLD_NOW);
	int (*open_one)(void);

	assert_non_null(library);
	*(void **)&open_one = dlsym(library, "scif_open");
	assert_non_null(open_one);
	assert_true(open_one() >= 0);
	assert_int_equal(dlclose(library), 0);
}

static int
lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void
what_is_unloaded_is_there_when_it_comes_back(void **state)
{
	int before, status;
	pid_t pid;

	(void)state;
	visit();
	before = lowest_free();
	for (int i = 0; i < ROUNDS; i++)
		visit();
	/* One descriptor for each endpoint, and no engine is asked for anew. */
	assert_int_equal(lowest_free(), before + ROUNDS);
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_unloaded_is_there_when_it_comes_back),
	};

	return cmocka_run_group_tests_name("scif_unload", tests, rig_setup, rig_teardown);
}
