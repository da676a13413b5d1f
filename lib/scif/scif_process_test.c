/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "scif.h"
#include "scif_board.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Forks and kills, of programs and of the node. */

#define PORT PAIR_PORT

static void
wait_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_child_goes_on_with_what_its_parent_accepted(void **state)
{
	char bytes[4] = "ping";
	struct pair p;
	pid_t pid;

	(void)state;
	pair_make(&p);
	pid = fork();
	if (pid == 0) {
		scif_close(p.b);
		_exit(scif_recv(p.a, bytes, 4, SCIF_RECV_BLOCK) != 4 ||
		      scif_send(p.a, "pong", 4, SCIF_SEND_BLOCK) != 4);
	}
	assert_int_equal(scif_close(p.a), 0);
	assert_int_equal(scif_send(p.b, bytes, 4, SCIF_SEND_BLOCK), 4);
	assert_int_equal(scif_recv(p.b, bytes, 4, SCIF_RECV_BLOCK), 4);
	assert_memory_equal(bytes, "pong", 4);
	wait_well(pid);
	/* The child was the last to hold it. */
	assert_int_equal(scif_recv(p.b, bytes, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	pair_close(&p);
}

/* Connected by the parent once there is a child, and used by both. */
static void
a_child_uses_what_its_parent_has_connected_since(void **state)
{
	scif_epd_t listener = pair_listen(), epd = scif_open(), made;
	struct scif_portID to = {0, PAIR_PORT}, peer;
	int status, pipes[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		if (read(pipes[0], &byte, 1) != 1 || pair_events(epd, 1000) != POLLOUT)
			_exit(1);
		_exit(scif_send(epd, "c", 1, SCIF_SEND_BLOCK) == 1 ? 0 : 2);
	}
	fcntl(epd, F_SETFL, O_NONBLOCK);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(scif_accept(listener, &peer, &made, SCIF_ACCEPT_SYNC), 0);
	assert_int_equal(pair_events(epd, 1000), POLLOUT);
	assert_int_equal(scif_connect(epd, &to), peer.port);
	assert_int_equal(write(pipes[1], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(scif_recv(made, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(byte, 'c');
	scif_close(made);
	scif_close(epd);
	scif_close(listener);
	close(pipes[0]);
	close(pipes[1]);
}

static int
threads(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/task", &st), 0);
	return (int)st.st_nlink - 2;
}

/* Memory that stays where it is, and that calls copy: there are none under QEMU's user mode. */
static char *
page_of_a_file(void)
{
	char byte = 0, *file;
	struct iovec page = {&byte, 1};
	int fd;

	if (process_vm_readv(getpid(), &page, 1, &page, 1, 0) < 0 && errno == ENOSYS)
		skip();
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	close(fd);
	return file;
}

/* Its parent's thread copies for as long as that, and no longer. */
static void
a_child_keeps_a_window_that_its_parent_copies(void **state)
{
	char *file = page_of_a_file(), got[4];
	int before = threads();
	struct pair p;
	off_t offset;
	pid_t pid;

	(void)state;
	pair_make(&p);
	offset = pair_window(p.a, file, 1, SCIF_PROT_READ);
	assert_int_equal(threads(), before + 1);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	assert_int_equal(scif_close(p.a), 0);
	assert_int_equal(scif_vreadfrom(p.b, got, 4, offset, 0), 0);
	assert_memory_equal(got, "\177ELF", 4);
	/* If it were to end, it would have by now. */
	usleep(20000);
	assert_int_equal(threads(), before + 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int ms = 0; ms < 2000 && threads() > before; ms++)
		usleep(1000);
	assert_int_equal(threads(), before);
	pair_close(&p);
	munmap(file, PAGE);
}

static uint64_t
copies(scif_epd_t epd)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	uint64_t n = atomic_load(&ep->client->board->copies);

	client_leave(ep);
	return n;
}

/* The parent reads its own memory by itself, and a child has that read by who registered it: it may
 * not be let at another process, whose number may be another's by then, too.
 */
static void
a_child_has_memory_of_its_parent_copied_by_that(void **state)
{
	char *file = page_of_a_file(), *to = pair_pages(1);
	off_t offset, there;
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pair_make(&p);
	offset = pair_window(p.a, file, 1, SCIF_PROT_READ);
	there = pair_window(p.b, to, 1, RW);
	assert_int_equal(scif_writeto(p.a, offset, 4, there, 0), 0);
	assert_int_equal(copies(p.a), 0);
	pid = fork();
	if (pid == 0)
		_exit(scif_writeto(p.a, offset, 4, there + 8, 0) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(to + 8, "\177ELF", 4);
	assert_int_equal(copies(p.a), 1);
	pair_close(&p);
	munmap(file, PAGE);
	munmap(to, PAGE);
}

/* ---- A close that takes its time ---- */

static char *hole;
static _Atomic bool in_hole, hole_ends;

/* Who reads there is held up. */
static void
hold_up(int sig)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	(void)sig;
	atomic_store(&in_hole, true);
	while (!atomic_load(&hole_ends))
		nanosleep(&ms, NULL);
	mprotect(hole, PAGE, PROT_READ | PROT_WRITE);
}

static void *
send_hole(void *arg)
{
	scif_send(*(scif_epd_t *)arg, hole, 1, 0);
	return NULL;
}

static void *
close_it(void *arg)
{
	scif_close(*(scif_epd_t *)arg);
	return NULL;
}

static pid_t
fork_in_the_middle(scif_epd_t epd)
{
	pid_t pid;

	while (scif_bind(epd, 0) >= 0 || errno != EBADF)
		usleep(1000);
	pid = fork();
	if (pid != 0)
		return pid;
	if (scif_close(epd) == 0 || errno != EBADF || scif_open() < 0)
		_exit(1);
	for (;;)
		pause();
}

static void
a_child_does_not_keep_what_is_being_closed(void **state)
{
	struct sigaction hold = {.sa_handler = hold_up}, before;
	pthread_t sender, closer;
	int events = 0;
	struct pair p;
	pid_t pid, ended;

	(void)state;
	hole = pair_pages(1);
	mprotect(hole, PAGE, PROT_NONE);
	pair_make(&p);
	sigaction(SIGSEGV, &hold, &before);
	assert_int_equal(pthread_create(&sender, NULL, send_hole, &p.a), 0);
	while (!atomic_load(&in_hole))
		usleep(1000);
	assert_int_equal(pthread_create(&closer, NULL, close_it, &p.a), 0);
	pid = fork_in_the_middle(p.a);
	atomic_store(&hole_ends, true);
	pthread_join(sender, NULL);
	pthread_join(closer, NULL);
	for (int ms = 0; ms < 5000 && (events & POLLHUP) == 0; ms++) {
		usleep(1000);
		events = pair_events(p.b, 0);
	}
	/* It is there, and well. */
	ended = waitpid(pid, NULL, WNOHANG);
	kill(pid, SIGKILL);
	assert_int_equal(ended, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(events & POLLHUP, POLLHUP);
	sigaction(SIGSEGV, &before, NULL);
	pair_close(&p);
	munmap(hole, PAGE);
}

static void
a_child_opens_endpoints_of_its_own(void **state)
{
	struct scif_portID to = {0, PORT}, peer;
	scif_epd_t listener = pair_listen(), made, epd;
	char byte = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		epd = scif_open();
		_exit(scif_connect(epd, &to) < 0 || scif_send(epd, "x", 1, 0) != 1);
	}
	assert_int_equal(scif_accept(listener, &peer, &made, SCIF_ACCEPT_SYNC), 0);
	assert_int_equal(scif_recv(made, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(byte, 'x');
	wait_well(pid);
	scif_close(made);
	scif_close(listener);
}

static void
a_killed_process_is_noticed_at_once(void **state)
{
	struct scif_portID to = {0, PORT}, peer;
	scif_epd_t listener = pair_listen(), made;
	char byte;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		if (scif_connect(scif_open(), &to) < 0)
			_exit(1);
		pause();
	}
	assert_int_equal(scif_accept(listener, &peer, &made, SCIF_ACCEPT_SYNC), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(scif_recv(made, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(pair_events(made, 0) & POLLHUP, POLLHUP);
	scif_close(made);
	scif_close(listener);
}

static void
an_engine_that_is_killed_ends_waits_and_another_is_found(void **state)
{
	struct pair p;
	char byte;

	(void)state;
	pair_make(&p);
	rig_kill(&rig_node);
	assert_int_equal(scif_recv(p.a, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(scif_bind(p.listener, 0), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(scif_open(), -1);
	assert_int_equal(errno, ENOENT);
	pair_close(&p);
	assert_int_equal(rig_again(&rig_node, NULL), 0);
	pair_make(&p);
	assert_int_equal(scif_send(p.a, "x", 1, 0), 1);
	pair_close(&p);
}

/* One too many is refused, and takes nothing; each that is closed can be opened again. */
static void
a_process_has_so_many_endpoints_and_no_more(void **state)
{
	scif_epd_t *all = calloc(SCIF_BOARD_ENDPOINTS, sizeof(*all));
	struct rlimit limit, before;
	int fd;

	(void)state;
	assert_non_null(all);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < SCIF_BOARD_ENDPOINTS + 64 || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		free(all);
		skip();
	}
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		assert_true((all[i] = scif_open()) >= 0);
	fd = dup(0);
	close(fd);
	assert_failed(scif_open(), ENOMEM);
	assert_failed(scif_open(), ENOMEM);
	assert_int_equal(dup(0), fd);
	close(fd);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(scif_close(all[i]), 0);
		assert_true((all[i] = scif_open()) >= 0);
		assert_failed(scif_open(), ENOMEM);
	}
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		assert_int_equal(scif_close(all[i]), 0);
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		assert_int_equal(scif_close(scif_open()), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_goes_on_with_what_its_parent_accepted),
		cmocka_unit_test(a_child_uses_what_its_parent_has_connected_since),
		cmocka_unit_test(a_child_keeps_a_window_that_its_parent_copies),
		cmocka_unit_test(a_child_has_memory_of_its_parent_copied_by_that),
		cmocka_unit_test(a_child_does_not_keep_what_is_being_closed),
		cmocka_unit_test(a_child_opens_endpoints_of_its_own),
		cmocka_unit_test(a_killed_process_is_noticed_at_once),
		cmocka_unit_test(an_engine_that_is_killed_ends_waits_and_another_is_found),
		cmocka_unit_test(a_process_has_so_many_endpoints_and_no_more),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
