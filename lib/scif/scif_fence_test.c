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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_memory.h"
#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Marks and signals: what they refuse, and that transfers are over by then. */

/* It can write both halves; nothing is counted here. */
static void
what_a_peer_counts_is_not_waited_for(void **state)
{
	const int flags = SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL;
	struct client_endpoint *ep;
	char *at = pair_pages(1);
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_window_at(p.b, at, 1, 0, RW);
	ep = client_endpoint_enter(p.b);
	assert_int_equal(client_attach(ep), 0);
	atomic_fetch_add(&ep->mine->rma_begun, 1);
	client_leave(ep);
	assert_int_equal(scif_fence_signal(p.b, 0, 7, 0, 0, flags), 0);
	assert_int_equal(*(uint64_t *)(void *)at, 7);
	pair_close(&p);
	munmap(at, PAGE);
}

static void
fences_refuse_what_is_no_fence(void **state)
{
	char *at = pair_pages(2);
	scif_epd_t lone = scif_open();
	const int self = SCIF_FENCE_INIT_SELF, local = SCIF_SIGNAL_LOCAL;
	struct pair p;
	int mark;

	(void)state;
	assert_failed(scif_fence_mark(lone, self, &mark), ENOTCONN);
	assert_failed(scif_fence_wait(lone, 0), ENOTCONN);
	assert_failed(scif_fence_signal(lone, 0, 0, 0, 0, 0), ENOTCONN);
	scif_close(lone);
	pair_make(&p);
	pair_window_at(p.b, at, 1, 0, RW);
	pair_window_at(p.b, at, 1, 0x8000, SCIF_PROT_READ);
	assert_failed(scif_fence_mark(p.b, 0, &mark), EINVAL);
	assert_failed(scif_fence_mark(p.b, 3, &mark), EINVAL);
	assert_failed(scif_fence_mark(p.b, 4, &mark), EINVAL);
	assert_failed(scif_fence_mark(p.b, self, NULL), EFAULT);
	assert_failed(scif_fence_wait(p.b, 12345), EINVAL);
	assert_failed(scif_fence_wait(p.b, (int)0x80003039), EINVAL);
	assert_failed(scif_fence_signal(p.b, 0, 1, 0, 1, self), EINVAL);
	assert_failed(scif_fence_signal(p.b, 0, 1, 0, 1, local), EINVAL);
	assert_failed(scif_fence_signal(p.b, 0, 1, 0, 1, 3 | local), EINVAL);
	assert_failed(scif_fence_signal(p.b, 0, 1, 0, 1, self | local | 0x40), EINVAL);
	assert_failed(scif_fence_signal(p.b, 2, 1, 0, 1, self | local), EINVAL);
	assert_failed(scif_fence_signal(p.b, 0x4000, 1, 0, 1, self | local), ENXIO);
	assert_failed(scif_fence_signal(p.b, PAGE - 4, 1, 0, 1, self | local), ENXIO);
	assert_failed(scif_fence_signal(p.b, 0x8000, 1, 0, 1, self | local), EACCES);
	assert_int_equal(scif_fence_signal(p.b, 0, 1, -77, 1, self | local), 0);
	assert_int_equal(*(uint64_t *)(void *)at, 1);
	scif_close(p.a);
	assert_failed(scif_fence_mark(p.b, self, &mark), ECONNRESET);
	pair_close(&p);
	munmap(at, 2 * PAGE);
}

static uint64_t
word(const char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Signals by transfers of either side, to either side. */
static void
signals_are_stored_where_they_are_asked_for(void **state)
{
	static const int by[] = {SCIF_FENCE_INIT_SELF, SCIF_FENCE_INIT_PEER};
	const int both = SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE;
	struct two t;

	(void)state;
	two_make(&t, PAGE);
	for (int i = 0; i < 2; i++) {
		memset(t.mine, 0, PAGE);
		memset(t.theirs, 0, PAGE);
		assert_int_equal(scif_fence_signal(t.pair.b, 8, 11, 16, 22, by[i] | both), 0);
		assert_int_equal(word(t.mine + 8), 11);
		assert_int_equal(word(t.theirs + 16), 22);
		assert_int_equal(scif_fence_signal(t.pair.b, 4, 33, 1, 44,
						   by[i] | SCIF_SIGNAL_LOCAL),
				 0);
		assert_int_equal(word(t.mine + 4), 33);
		assert_int_equal(scif_fence_signal(t.pair.b, 1, 55, PAGE - 8, 66,
						   by[i] | SCIF_SIGNAL_REMOTE),
				 0);
		assert_int_equal(word(t.theirs + PAGE - 8), 66);
	}
	two_close(&t);
}

static void
marks_of_both_sides_can_be_waited_for_twice(void **state)
{
	struct two t;
	int self, peer;

	(void)state;
	two_make(&t, PAGE);
	assert_int_equal(two_call(&t, WRITETO, 0, 0, 100, 0), 0);
	assert_int_equal(scif_fence_mark(t.pair.b, SCIF_FENCE_INIT_SELF, &self), 0);
	assert_int_equal(scif_fence_mark(t.pair.b, SCIF_FENCE_INIT_PEER, &peer), 0);
	assert_true(self >= 0);
	assert_true(peer < 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scif_fence_wait(t.pair.b, self), 0);
		assert_int_equal(scif_fence_wait(t.pair.b, peer), 0);
	}
	two_close(&t);
}

/* With a worker that takes its time, in whatever order: not all is there before a fence has said
 * so, and all of it after.
 */
static int
transfers_take_their_time(scif_epd_t epd, void *arg)
{
	char *mine = pair_pages(16), *signal;
	int mark;

	(void)arg;
	pair_window_at(epd, mine, 16, 0, RW);
	pair_hear(epd);
	two_fill(mine, 16 * PAGE, 5);
	for (int i = 0; i < 16; i++)
		if (scif_writeto(epd, i * PAGE, PAGE, i * PAGE, 0) != 0)
			return 1;
	pair_say(epd); /* told too early */
	if (scif_fence_mark(epd, SCIF_FENCE_INIT_SELF, &mark) != 0 || mark != 16 ||
	    scif_fence_wait(epd, mark) != 0 || scif_fence_wait(epd, mark) != 0)
		return 2;
	pair_say(epd);
	pair_hear(epd);
	/* The peer fences the second half of it. */
	two_fill(mine, 16 * PAGE, 6);
	for (int i = 0; i < 16; i++)
		scif_vwriteto(epd, mine + i * PAGE, PAGE, i * PAGE, 0);
	pair_say(epd);
	pair_hear(epd);
	/* And a signal follows the third. */
	two_fill(mine, 15 * PAGE, 7);
	for (int i = 0; i < 15; i++)
		scif_vwriteto(epd, mine + i * PAGE, PAGE, i * PAGE, 0);
	signal = mine + 15 * PAGE;
	memset(signal, 0, 8);
	if (scif_fence_signal(epd, 15 * PAGE, 1234, 15 * PAGE, 5678,
			      SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL | SCIF_SIGNAL_REMOTE) != 0)
		return 3;
	while (*(volatile uint64_t *)(void *)signal != 1234)
		usleep(100);
	scif_close(epd);
	return 0;
}

static bool
is_taken(const char *setting)
{
	scif_epd_t epd;
	int status;
	pid_t pid;

	setenv("SLIPWAY_SCIF_RMA", setting, 1);
	pid = fork();
	if (pid == 0) {
		epd = scif_open();
		_exit(epd >= 0 ? 0 : errno);
	}
	unsetenv("SLIPWAY_SCIF_RMA");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(status == 0 || WEXITSTATUS(status) == EINVAL);
	return status == 0;
}

/* This process is no client yet, nor are its children. */
static void
a_worker_that_is_not_understood_is_refused(void **state)
{
	static const char *const good[] = {"", "worker", "worker,reorder", "worker,delay_us=0",
					   "worker,reorder,delay_us=1000000",
					   "worker,delay_us=10,reorder"};
	static const char *const bad[] = {"1", "none", "workers", "Worker", "worker,", "worker ",
					  "worker,delay_us", "worker,delay_us=",
					  "worker,delay_us=-1", "worker,delay_us=1000001",
					  "worker,delay_us=10us", "worker,reordered",
					  "worker,delay=10", "reorder", "worker;reorder"};

	(void)state;
	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(is_taken(good[i]));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(is_taken(bad[i]));
}

static void
fences_wait_for_transfers_that_take_their_time(void **state)
{
	char *at = pair_pages(16), *want = malloc(16 * PAGE);
	struct other o;
	int mark;

	(void)state;
	setenv("SLIPWAY_SCIF_RMA", "worker,delay_us=2000,reorder", 1);
	other_begin(&o, transfers_take_their_time, NULL);
	unsetenv("SLIPWAY_SCIF_RMA");
	pair_window_at(o.epd, at, 16, 0, RW);
	two_fill(want, 16 * PAGE, 5);
	pair_say(o.epd);
	pair_hear(o.epd);
	assert_memory_not_equal(at, want, 16 * PAGE);
	pair_hear(o.epd);
	assert_memory_equal(at, want, 16 * PAGE);
	pair_say(o.epd);
	two_fill(want, 16 * PAGE, 6);
	pair_hear(o.epd);
	assert_memory_not_equal(at, want, 16 * PAGE);
	assert_int_equal(scif_fence_mark(o.epd, SCIF_FENCE_INIT_PEER, &mark), 0);
	assert_int_equal(mark, (int)(0x80000000u | 32));
	assert_int_equal(scif_fence_wait(o.epd, mark), 0);
	assert_memory_equal(at, want, 16 * PAGE);
	memset(at + 15 * PAGE, 0, 8);
	pair_say(o.epd);
	two_fill(want, 15 * PAGE, 7);
	while (*(volatile uint64_t *)(void *)(at + 15 * PAGE) != 5678)
		usleep(100);
	assert_memory_equal(at, want, 15 * PAGE);
	other_end(&o);
	free(want);
	munmap(at, 16 * PAGE);
}

/* Some are under way when the process forks; then it says by a signal that they are over. */
static int
a_fork_comes_between(scif_epd_t epd, void *arg)
{
	char *mine = pair_pages(1);
	pid_t pid;

	(void)arg;
	two_fill(mine, PAGE, 8);
	pair_hear(epd);
	for (int i = 0; i < 4; i++)
		scif_vwriteto(epd, mine + i * (PAGE / 4), PAGE / 4, i * (PAGE / 4), 0);
	pid = fork();
	/* Not by _exit, where leaks are looked for: what its parent has under way is lost to it. */
	if (pid == 0)
		raise(SIGKILL);
	waitpid(pid, NULL, 0);
	if (scif_fence_signal(epd, 0, 0, PAGE, 5678, SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_REMOTE) !=
	    0)
		return 1;
	pair_hear(epd);
	return 0;
}

static void
a_signal_follows_what_was_begun_before_a_fork(void **state)
{
	char *at = pair_pages(2), want[PAGE];
	struct other o;

	(void)state;
	setenv("SLIPWAY_SCIF_RMA", "worker,delay_us=50000", 1);
	other_begin(&o, a_fork_comes_between, NULL);
	unsetenv("SLIPWAY_SCIF_RMA");
	pair_window_at(o.epd, at, 2, 0, RW);
	two_fill(want, PAGE, 8);
	pair_say(o.epd);
	while (*(volatile uint64_t *)(void *)(at + PAGE) != 5678)
		usleep(100);
	assert_memory_equal(at, want, PAGE);
	pair_say(o.epd);
	other_end(&o);
	munmap(at, 2 * PAGE);
}

/* A process with a worker that accepts, and writes three times when it is told to. */
static pid_t
accepter(const int go[2], const int done[2])
{
	struct scif_portID peer;
	char bytes[8] = {0};
	scif_epd_t listener, epd;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("SLIPWAY_SCIF_RMA", "worker", 1);
	listener = pair_listen();
	if (write(done[1], bytes, 1) != 1 ||
	    scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC) != 0 || read(go[0], bytes, 1) != 1)
		_exit(1);
	for (int i = 0; i < 3; i++)
		if (scif_vwriteto(epd, bytes, sizeof(bytes), 0, 0) != 0)
			_exit(2);
	if (write(done[1], bytes, 1) != 1 || read(go[0], bytes, 1) != 1)
		_exit(3);
	_exit(0);
}

/* As a child that had the endpoint before its parent connected it, and was told a mark. */
static void
a_mark_is_waited_for_at_an_endpoint_not_used_before(void **state)
{
	struct scif_portID to = {0, PAIR_PORT};
	char *at = pair_pages(1), byte = 0;
	int go[2], done[2], status;
	scif_epd_t epd;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(go) | pipe(done), 0);
	pid = accepter(go, done);
	assert_int_equal(read(done[0], &byte, 1), 1);
	epd = scif_open();
	assert_int_equal(fcntl(epd, F_SETFL, O_NONBLOCK), 0);
	assert_failed(scif_connect(epd, &to), EINPROGRESS);
	while (scif_register(epd, at, PAGE, 0, RW, SCIF_MAP_FIXED) != 0)
		usleep(1000);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(read(done[0], &byte, 1), 1);
	assert_int_equal(scif_fence_wait(epd, (int)(0x80000000u | 3)), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	scif_close(epd);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
	munmap(at, PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: see there. */
		cmocka_unit_test(a_worker_that_is_not_understood_is_refused),
		/* These, too: the setting is read once, by parents for their children too. */
		cmocka_unit_test(fences_wait_for_transfers_that_take_their_time),
		cmocka_unit_test(a_signal_follows_what_was_begun_before_a_fork),
		cmocka_unit_test(a_mark_is_waited_for_at_an_endpoint_not_used_before),
		cmocka_unit_test(what_a_peer_counts_is_not_waited_for),
		cmocka_unit_test(fences_refuse_what_is_no_fence),
		cmocka_unit_test(signals_are_stored_where_they_are_asked_for),
		cmocka_unit_test(marks_of_both_sides_can_be_waited_for_twice),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
