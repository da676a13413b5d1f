/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* The heap of the C library, of which parts were registered, and given back: with the library as
 * programs have it, as a sanitizer brings a heap of its own.
 */

#define BUFFERS 8u
#define BYTES   (4 * PAGE)
#define BLOCKS  600u

/* Register parts of the heap, and give them back to it. */
static void
register_and_free(scif_epd_t epd)
{
	void *buffer[BUFFERS];
	off_t offset;

	for (unsigned int i = 0; i < BUFFERS; i++) {
		assert_int_equal(posix_memalign(&buffer[i], PAGE, BYTES), 0);
		memset(buffer[i], (int)i, BYTES);
		offset = scif_register(epd, buffer[i], BYTES, 0, RW, 0);
		assert_true(offset > 0);
		assert_int_equal(scif_unregister(epd, offset, BYTES), 0);
	}
	for (unsigned int i = 0; i < BUFFERS; i++)
		free(buffer[i]);
}

static size_t
size_of(unsigned int i)
{
	return 24 + i * 37 % 900;
}

/* Everything is what it was written to be. */
static int
check(unsigned char *block[], unsigned int mark)
{
	for (unsigned int i = 0; i < BLOCKS; i++)
		for (size_t n = 0; block[i] != NULL && n < size_of(i); n++)
			if (block[i][n] != (unsigned char)(i + mark))
				return 1;
	return 0;
}

/* Give blocks back, take others, and write to all. */
static void
churn(unsigned char *block[], unsigned int mark)
{
	for (unsigned int i = 0; i < BLOCKS; i += 2)
		free(block[i]);
	for (unsigned int i = 0; i < BLOCKS; i += 2)
		block[i] = malloc(size_of(i));
	for (unsigned int i = 0; i < BLOCKS; i++)
		memset(block[i], (int)(i + mark), size_of(i));
}

static int
child(unsigned char *block[], unsigned int mark)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (check(block, mark) != 0)
		return 1;
	churn(block, mark + 1);
	return check(block, mark + 1);
}

static void
a_heap_that_was_registered_outlives_forks(void **state)
{
	static unsigned char *block[BLOCKS];
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	alarm(20);
	pair_make(&p);
	register_and_free(p.a);
	for (unsigned int i = 0; i < BLOCKS; i++)
		block[i] = malloc(size_of(i));
	for (unsigned int round = 0; round < 20; round++) {
		churn(block, round);
		pid = fork();
		if (pid == 0)
			_exit(child(block, round));
		/* At the same time, and of the same heap until a moment ago. */
		assert_int_equal(check(block, round), 0);
		churn(block, round + 7);
		assert_int_equal(check(block, round + 7), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	for (unsigned int i = 0; i < BLOCKS; i++)
		free(block[i]);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_heap_that_was_registered_outlives_forks),
	};

	return cmocka_run_group_tests_name("scif_heap", tests, rig_setup, rig_teardown);
}
