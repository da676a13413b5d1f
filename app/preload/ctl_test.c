/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Control sockets: what they answer, and that no client can hold up another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl.h"
#include "dlb_reg_table.h"
#include "signals.h"

/* ---- A device whose registers hold their reset values, but for one ---- */

static _Thread_local int inside;

/* As in signals.c, whose handlers this program has not got. */
void
signals_enter(void)
{
	inside++;
}

void
signals_leave(void)
{
	inside--;
}

static _Atomic unsigned int read_outside;

static _Atomic bool asleep;

static uint64_t
fake_read(struct bus_device *bus, unsigned int bar, uint64_t off, unsigned int size)
{
	(void)bus;
	if (inside != 1 || size != 4)
		read_outside++;
	if (asleep)
		return UINT32_MAX;
	if (bar == 2 && off == dlb_reg_rows[DLB_SYS_TOTAL_VAS].offset[DLB_V25])
		return 33;
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];
		uint64_t start = row->offset[DLB_V25];

		/* Rows with a reset value lie apart from all others. */
		if (row->bar == bar && row->reset[DLB_V25] != 0 && off >= start &&
		    off <= start + (uint64_t)(row->count[DLB_V25] - 1) * row->stride &&
		    (row->stride == 0 || (off - start) % row->stride == 0))
			return row->reset[DLB_V25];
	}
	return 0;
}

static const struct bus_device_ops fake_ops = {.read = fake_read};
static struct bus_device fake_bus = {.ops = &fake_ops};
static const struct device devices[2] = {
	{.address = "0000:7e:00.0", .model = "dlb", .version = DLB_V25, .version_name = "2.5",
	 .bus = &fake_bus},
	{.address = "0000:7f:00.0", .model = "dlb", .version = DLB_V25, .version_name = "2.5",
	 .bus = &fake_bus},
};

/* ---- A client ---- */

static char directory[64];

static void
socket_path(char *path, size_t len, unsigned int index)
{
	snprintf(path, len, "%s/%d.%u.ctl", directory, (int)getpid(), index);
}

static int
client(unsigned int index)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	socket_path(address.sun_path, sizeof(address.sun_path), index);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
tell(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

/* One line, without its end. */
static const char *
hear(int fd)
{
	static char line[65536];
	size_t n = 0;

	while (n < sizeof(line) && recv(fd, line + n, 1, 0) == 1 && line[n] != '\n')
		n++;
	assert_true(n < sizeof(line));
	line[n] = '\0';
	return line;
}

static const char *
asked(int fd, const char *request)
{
	tell(fd, request, strlen(request));
	return hear(fd);
}

/* The other side hangs up; what it said before is of no interest. */
static void
assert_closed(int fd)
{
	char bytes[256];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), 0);
	while (n > 0);
	assert_int_equal(n, 0);
	close(fd);
}

static const char regs[] = "{\"device\":\"dlb\",\"version\":\"2.5\","
			   "\"registers\":[[2,268435732,33]]}";

static void
assert_serves(void)
{
	int fd = client(0);

	assert_string_equal(asked(fd, "regs\n"), regs);
	close(fd);
}

/* ---- Tests ---- */

static void
requests_are_answered(void **state)
{
	char expected[256];
	const char *info;
	int fd = client(1);

	(void)state;
	snprintf(expected, sizeof(expected),
		 "{\"device\":\"dlb\",\"version\":\"2.5\",\"index\":1,\"address\":\"0000:7f:00.0\","
		 "\"pid\":%d,\"uptime\":",
		 (int)getpid());
	info = asked(fd, "info\n");
	assert_memory_equal(info, expected, strlen(expected));
	assert_non_null(strstr(info, ",\"program\":\"ctl_test"));
	assert_string_equal(asked(fd, "help\n"), "{\"requests\":[\"help\",\"info\",\"regs\"]}");
	assert_string_equal(asked(fd, "regs\r\n"), regs);
	assert_int_equal(read_outside, 0);
	close(fd);
}

static void
unknown_requests_are_refused_by_name(void **state)
{
	int fd = client(0);

	(void)state;
	assert_string_equal(asked(fd, "drop \"all\"\033\n"),
			    "{\"error\":\"unknown request; accepted are help, info and regs\","
			    "\"request\":\"drop 'all'?\"}");
	assert_string_equal(asked(fd, "regsx\n"),
			    "{\"error\":\"unknown request; accepted are help, info and regs\","
			    "\"request\":\"regsx\"}");
	assert_string_equal(asked(fd, "\n"),
			    "{\"error\":\"unknown request; accepted are help, info and regs\","
			    "\"request\":\"\"}");
	close(fd);
}

static void
requests_in_pieces_and_in_a_row_are_answered_in_order(void **state)
{
	int fd = client(0);

	(void)state;
	tell(fd, "re", 2);
	usleep(10000);
	tell(fd, "gs\nhelp\nre", 10);
	assert_string_equal(hear(fd), regs);
	assert_string_equal(hear(fd), "{\"requests\":[\"help\",\"info\",\"regs\"]}");
	assert_string_equal(asked(fd, "gs\n"), regs);
	close(fd);
}

static void
a_line_without_an_end_is_refused(void **state)
{
	char line[4096];
	int fd = client(0);

	(void)state;
	memset(line, 'x', sizeof(line));
	tell(fd, line, sizeof(line));
	assert_string_equal(hear(fd), "{\"error\":\"a request has at most 4096 bytes\"}");
	assert_closed(fd);
	/* One byte less, and its end: as long as a request may be. */
	fd = client(0);
	line[4095] = '\n';
	tell(fd, line, sizeof(line));
	assert_non_null(strstr(hear(fd), "unknown request"));
	close(fd);
	assert_serves();
}

static void
clients_that_do_not_read_hold_up_nobody(void **state)
{
	int fd = client(0);

	(void)state;
	/* Answers to this fill the socket's buffer many times over. */
	for (int i = 0; i < 100000; i++)
		if (send(fd, "info\nhelp\n", 10, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	assert_serves();
	close(fd);
	assert_serves();
}

static void
clients_may_leave_at_any_point(void **state)
{
	static const char request[] = "regs\nregs\ninfo\n";

	(void)state;
	for (size_t len = 0; len < sizeof(request); len++) {
		int fd = client(0);

		if (len > 0)
			tell(fd, request, len);
		close(fd);
	}
	assert_serves();
}

static void
of_many_silent_clients_the_oldest_leaves(void **state)
{
	int fds[17];

	(void)state;
	for (size_t i = 0; i < 17; i++) {
		fds[i] = client(0);
		/* Asking makes it known, and sets its time. */
		asked(fds[i], "help\n");
		usleep(2000);
	}
	assert_closed(fds[0]);
	assert_serves();
	/* That took the place of the second. */
	assert_closed(fds[1]);
	for (size_t i = 2; i < 17; i++) {
		assert_string_equal(asked(fds[i], "regs\n"), regs);
		close(fds[i]);
	}
}

static void
a_device_that_does_not_answer_is_said_to(void **state)
{
	int fd = client(0);

	(void)state;
	asleep = true;
	assert_string_equal(asked(fd, "regs\n"),
			    "{\"error\":\"0000:7e:00.0 answers no register now: its driver has "
			    "switched its memory space off, or sent it to sleep\"}");
	asleep = false;
	assert_string_equal(asked(fd, "regs\n"), regs);
	close(fd);
}

static void
sockets_are_for_their_owner(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	socket_path(path, sizeof(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* In a child the parent's sockets are not served, and its own come with its own devices. */
static int
child_life(void)
{
	char path[128];
	int fd;

	ctl_forked();
	socket_path(path, sizeof(path), 0);
	if (access(path, F_OK) == 0)
		return 1;
	ctl_open(&devices[0], 0);
	fd = client(0);
	if (strcmp(asked(fd, "regs\n"), regs) != 0)
		return 2;
	close(fd);
	unlink(path);
	return 0;
}

static void
a_forked_child_has_sockets_of_its_own(void **state)
{
	int fd = client(0), status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(child_life());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(asked(fd, "regs\n"), regs);
	close(fd);
}

static void
a_device_is_served_once(void **state)
{
	(void)state;
	ctl_open(&devices[0], 0);
	assert_serves();
}

static int
set_up(void **state)
{
	(void)state;
	ctl_open(&devices[0], 0);
	ctl_open(&devices[1], 1);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(requests_are_answered),
	cmocka_unit_test(unknown_requests_are_refused_by_name),
	cmocka_unit_test(requests_in_pieces_and_in_a_row_are_answered_in_order),
	cmocka_unit_test(a_line_without_an_end_is_refused),
	cmocka_unit_test(clients_that_do_not_read_hold_up_nobody),
	cmocka_unit_test(clients_may_leave_at_any_point),
	cmocka_unit_test(of_many_silent_clients_the_oldest_leaves),
	cmocka_unit_test(a_device_that_does_not_answer_is_said_to),
	cmocka_unit_test(sockets_are_for_their_owner),
	cmocka_unit_test(a_forked_child_has_sockets_of_its_own),
	cmocka_unit_test(a_device_is_served_once),
};

/* The tests run in a process of their own, so that what it leaves behind can be looked at. */
int
main(void)
{
	int status;
	pid_t pid;

	strcpy(directory, "/tmp/ctl_test.XXXXXX");
	if (mkdtemp(directory) == NULL || setenv("SLIPWAY_RUN_DIR", directory, 1) < 0)
		return 1;
	pid = fork();
	if (pid == 0)
		exit(cmocka_run_group_tests(tests, set_up, NULL));
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 1;
	if (rmdir(directory) == 0)
		return 0;
	fprintf(stderr, "%s: sockets are left in it\n", directory);
	return 1;
}
