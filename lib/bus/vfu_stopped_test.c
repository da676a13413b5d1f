/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Servers whose process is stopped: told from those that are slow, and not waited for.
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "vfu_client.h"
#include "vfu_stopped.h"

/* Less than the client waits for an answer, which is 5 s. */
#define AT_ONCE_S 2.0

static char dir[32], path[64];
static pid_t server;

static struct sockaddr_un
address(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	strcpy(addr.sun_path, path);
	return addr;
}

/* Listens, and answers nobody. A name that looks like the state behind it is no state. */
static void
serve(void)
{
	const struct sockaddr_un addr = address();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "a) T (b) T");
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, 4) != 0)
		_exit(1);
	raise(SIGSTOP);
	for (;;)
		pause();
}

static int
begin(void **state)
{
	int status;

	(void)state;
	strcpy(dir, "/tmp/vfu_stopped.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	server = fork();
	if (server == 0)
		serve();
	return waitpid(server, &status, WUNTRACED) == server && WIFSTOPPED(status) ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	unlink(path);
	return rmdir(dir);
}

static int
connect_to_it(void)
{
	const struct sockaddr_un addr = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
a_process_is_stopped_until_it_goes_on(void **state)
{
	int fd = connect_to_it(), status;

	(void)state;
	assert_int_equal(vfu_stopped_process(fd), server);
	assert_int_equal(kill(server, SIGCONT), 0);
	assert_int_equal(waitpid(server, &status, WCONTINUED), server);
	assert_int_equal(vfu_stopped_process(fd), 0);
	close(fd);
}

static void
who_has_gone_is_not_stopped(void **state)
{
	int fd = connect_to_it();

	(void)state;
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(waitpid(server, NULL, 0), server);
	server = 0;
	assert_int_equal(vfu_stopped_process(fd), 0);
	close(fd);
}

static void
what_is_no_socket_has_no_process(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(vfu_stopped_process(ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(vfu_stopped_process(-1), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(vfu_stopped_process(ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void
note(void *arg, const char *line)
{
	snprintf(arg, 256, "%s", line);
}

static void
a_client_does_not_wait_for_it(void **state)
{
	char said[256] = "", words[64];
	const struct vfu_client_config config = {.path = path, .log = note, .arg = said};
	struct vfu_client *client = NULL;
	double begun = seconds();

	(void)state;
	assert_int_equal(vfu_client_open(&config, NULL, &client), -EHOSTDOWN);
	assert_true(seconds() - begun < AT_ONCE_S);
	assert_null(client);
	snprintf(words, sizeof(words), "process %d is stopped; kill -CONT %d", (int)server,
		 (int)server);
	if (strstr(said, words) == NULL || strstr(said, path) == NULL)
		fail_msg("%s does not say: %s", said, words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_process_is_stopped_until_it_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(who_has_gone_is_not_stopped, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_socket_has_no_process, begin, end),
		cmocka_unit_test_setup_teardown(a_client_does_not_wait_for_it, begin, end),
	};

	return cmocka_run_group_tests_name("vfu_stopped", tests, NULL, NULL);
}
