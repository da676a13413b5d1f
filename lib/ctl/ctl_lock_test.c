/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_lock.h"

static char directory[] = "/tmp/ctl-lock-XXXXXX";
static char path[64];

static int
make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/lock", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

/* A child that has the lock, and tells when by closing its end of the pipe. */
static pid_t
holder_start(void)
{
	int tell[2];
	pid_t child, holder;
	char end;

	assert_return_code(pipe(tell), errno);
	child = fork();
	if (child == 0) {
		close(tell[0]);
		if (ctl_lock(path, 0600, &holder) < 0)
			_exit(1);
		close(tell[1]);
		pause();
		_exit(1);
	}
	close(tell[1]);
	assert_int_equal(read(tell[0], &end, 1), 0);
	close(tell[0]);
	return child;
}

static void
second_is_told_who_has_it(void **state)
{
	pid_t child = holder_start(), holder;

	(void)state;
	assert_int_equal(ctl_lock(path, 0600, &holder), -EBUSY);
	assert_int_equal(holder, child);
	assert_int_equal(ctl_lock_holder(path), child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void
killed_holder_leaves_it_free(void **state)
{
	pid_t child = holder_start(), holder;
	int fd;

	(void)state;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	fd = ctl_lock(path, 0600, &holder);
	assert_return_code(fd, errno);
	assert_int_equal(ctl_lock_holder(path), getpid());
	close(fd);
}

/* A file that was removed and made anew is another lock: only that at the path counts. */
static void
removed_file_is_no_lock(void **state)
{
	pid_t holder;
	int old, now;

	(void)state;
	old = ctl_lock(path, 0600, &holder);
	assert_return_code(old, errno);
	unlink(path);
	now = ctl_lock(path, 0600, &holder);
	assert_return_code(now, errno);
	close(old);
	assert_int_equal(ctl_lock(path, 0600, &holder), -EBUSY);
	assert_int_equal(holder, getpid());
	close(now);
}

static void
link_and_missing_directory_are_refused(void **state)
{
	char other[80];
	pid_t holder;

	(void)state;
	snprintf(other, sizeof(other), "%s/link", directory);
	assert_return_code(symlink("/dev/null", other), errno);
	assert_int_equal(ctl_lock(other, 0600, &holder), -ELOOP);
	unlink(other);
	snprintf(other, sizeof(other), "%s/none/lock", directory);
	assert_int_equal(ctl_lock(other, 0600, &holder), -ENOENT);
	assert_int_equal(ctl_lock_holder(other), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_is_told_who_has_it),
		cmocka_unit_test(killed_holder_leaves_it_free),
		cmocka_unit_test(removed_file_is_no_lock),
		cmocka_unit_test(link_and_missing_directory_are_refused),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
