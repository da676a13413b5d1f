/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Reasons of section 4.23 that depend on what an endpoint is, on signals, on time, on who asks and
 * on how errno is to be: those of single calls are tested with these.
 */

#define OFFSET 0x10000
#define NS_PER_S UINT64_C(1000000000)

/* ---- Time ---- */

static _Atomic uint64_t later_ns;

uint64_t __real_client_now_ns(void);
uint64_t __wrap_client_now_ns(void);

uint64_t
__wrap_client_now_ns(void)
{
	return __real_client_now_ns() + atomic_load(&later_ns);
}

/* ---- What is no endpoint, and what is not connected ---- */

/* All calls that need a connection, with nothing else wrong about them; of these mmap is apart. */
static void
assert_all_fail(scif_epd_t epd, int error)
{
	const int sync = SCIF_RMA_SYNC, signal = SCIF_FENCE_INIT_SELF | SCIF_SIGNAL_LOCAL;
	char *at = pair_pages(1);
	int mark;

	assert_failed(scif_send(epd, at, 1, 0), error);
	assert_failed(scif_send(epd, at, 1, SCIF_SEND_BLOCK), error);
	assert_failed(scif_recv(epd, at, 1, 0), error);
	assert_failed(scif_recv(epd, at, 1, SCIF_RECV_BLOCK), error);
	assert_failed(scif_register(epd, at, PAGE, 0, RW, 0), error);
	assert_failed(scif_unregister(epd, OFFSET, PAGE), error);
	assert_failed(scif_readfrom(epd, OFFSET, 1, OFFSET, sync), error);
	assert_failed(scif_writeto(epd, OFFSET, 1, OFFSET, sync), error);
	assert_failed(scif_vreadfrom(epd, at, 1, OFFSET, sync), error);
	assert_failed(scif_vwriteto(epd, at, 1, OFFSET, sync), error);
	assert_failed(scif_fence_mark(epd, SCIF_FENCE_INIT_SELF, &mark), error);
	assert_failed(scif_fence_mark(epd, SCIF_FENCE_INIT_PEER, &mark), error);
	assert_failed(scif_fence_wait(epd, 0), error);
	assert_failed(scif_fence_signal(epd, OFFSET, 1, OFFSET, 1, signal), error);
	errno = 0;
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, epd, OFFSET), SCIF_MMAP_FAILED);
	assert_int_equal(errno, error);
	munmap(at, PAGE);
}

static void
calls_of_what_is_no_endpoint(void **state)
{
	struct scif_portID to = {0, PAIR_PORT}, peer;
	scif_epd_t none[] = {-1, 4000, 0x7fffffff, 0, 0}, made;

	(void)state;
	none[3] = scif_open();
	scif_close(none[3]);
	none[4] = dup(STDOUT_FILENO);
	for (unsigned int i = 0; i < 5; i++) {
		assert_failed(scif_bind(none[i], 0), EBADF);
		assert_failed(scif_listen(none[i], 1), EBADF);
		assert_failed(scif_connect(none[i], &to), EBADF);
		assert_failed(scif_accept(none[i], &peer, &made, 0), EBADF);
		assert_failed(scif_get_fd(none[i]), EBADF);
		assert_all_fail(none[i], EBADF);
		assert_failed(scif_close(none[i]), EBADF);
	}
	/* Not ours to close. */
	assert_int_equal(close(none[4]), 0);
}

static void
calls_without_a_connection(void **state)
{
	char *at = pair_pages(1);
	scif_epd_t epd = scif_open();
	struct pair p;

	(void)state;
	assert_all_fail(epd, ENOTCONN);
	assert_true(scif_bind(epd, 0) > 0);
	assert_all_fail(epd, ENOTCONN);
	assert_int_equal(scif_listen(epd, 1), 0);
	assert_all_fail(epd, ENOTCONN);
	scif_close(epd);
	pair_make(&p);
	pair_window_at(p.a, at, 1, OFFSET, RW);
	pair_window_at(p.b, at, 1, OFFSET, RW);
	scif_close(p.a);
	assert_int_not_equal(pair_events(p.b, 5000) & POLLHUP, 0);
	assert_all_fail(p.b, ECONNRESET);
	scif_close(p.b);
	scif_close(p.listener);
	munmap(at, PAGE);
}

/* ---- Signals ---- */

static void
caught(int number)
{
	(void)number;
}

struct caller {
	pthread_t thread;
	int (*call)(scif_epd_t epd);
	scif_epd_t epd;
	int ret, error;
};

static void *
call(void *arg)
{
	struct caller *c = arg;

	errno = 0;
	c->ret = c->call(c->epd);
	c->error = errno;
	return NULL;
}

/* Interrupted, again and again: what comes before the wait begins interrupts nothing. */
static void
assert_interrupted(int (*function)(scif_epd_t epd), scif_epd_t epd)
{
	const struct sigaction action = {.sa_handler = caught};
	struct caller c = {.call = function, .epd = epd};
	struct timespec until;

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&c.thread, NULL, call, &c);
	do {
		usleep(50000);
		pthread_kill(c.thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 1;
	} while (pthread_timedjoin_np(c.thread, NULL, &until) == ETIMEDOUT);
	assert_int_equal(c.ret, -1);
	assert_int_equal(c.error, EINTR);
}

static int
send_one(scif_epd_t epd)
{
	return scif_send(epd, "x", 1, SCIF_SEND_BLOCK);
}

static void
a_signal_ends_a_send_of_nothing(void **state)
{
	char bytes[100] = "";
	struct pair p;

	(void)state;
	pair_make(&p);
	while (scif_send(p.a, bytes, sizeof(bytes), 0) > 0)
		;
	assert_interrupted(send_one, p.a);
	pair_close(&p);
}

/* ---- Transfers that are long ---- */

/* Begins some, which are done a second after each other. */
static int
transfer_slowly(scif_epd_t epd, void *arg)
{
	char byte = 1;

	(void)arg;
	pair_hear(epd);
	for (int i = 0; i < 8; i++)
		if (scif_vwriteto(epd, &byte, 1, OFFSET, 0) < 0)
			return 1;
	pair_say(epd);
	pause();
	return 0;
}

struct slow {
	struct other other;
	char *at;
};

static void
slow_begin(struct slow *s, int (*run)(scif_epd_t epd, void *arg))
{
	s->at = pair_pages(1);
	setenv("SLIPWAY_SCIF_RMA", "worker,delay_us=1000000", 1);
	other_begin(&s->other, run, NULL);
	unsetenv("SLIPWAY_SCIF_RMA");
	pair_window_at(s->other.epd, s->at, 1, OFFSET, RW);
	pair_say(s->other.epd);
	pair_hear(s->other.epd);
}

static void
slow_end(struct slow *s)
{
	atomic_store(&later_ns, 0);
	kill(s->other.pid, SIGKILL);
	waitpid(s->other.pid, NULL, 0);
	scif_close(s->other.epd);
	munmap(s->at, PAGE);
}

static int
wait_for_peer(scif_epd_t epd)
{
	int mark;

	return scif_fence_mark(epd, SCIF_FENCE_INIT_PEER, &mark) < 0 ? -2
								      : scif_fence_wait(epd, mark);
}

static void
a_signal_ends_a_wait_for_transfers(void **state)
{
	struct slow s;

	(void)state;
	slow_begin(&s, transfer_slowly);
	assert_interrupted(wait_for_peer, s.other.epd);
	slow_end(&s);
}

static void *
let_pass_30_s(void *arg)
{
	(void)arg;
	usleep(200000);
	atomic_store(&later_ns, 31 * NS_PER_S);
	return NULL;
}

static void
a_wait_for_transfers_ends_after_30_s(void **state)
{
	pthread_t thread;
	struct slow s;

	(void)state;
	slow_begin(&s, transfer_slowly);
	pthread_create(&thread, NULL, let_pass_30_s, NULL);
	assert_failed(wait_for_peer(s.other.epd), ETIMEDOUT);
	/* It was waited for. */
	assert_true(atomic_load(&later_ns) != 0);
	pthread_join(thread, NULL);
	slow_end(&s);
}

/* Memory that only its owner can copy, who does nothing any more. */
static int
have_a_stack(scif_epd_t epd, void *arg)
{
	_Alignas(4096) char stack[PAGE] = "stack";

	(void)arg;
	pair_hear(epd);
	if (scif_register(epd, stack, PAGE, OFFSET, RW, SCIF_MAP_FIXED) != OFFSET)
		return 1;
	pair_say(epd);
	pause();
	return 0;
}

static void
a_transfer_that_nobody_carries_out_ends_after_5_s(void **state)
{
	char got[8] = "";
	pthread_t thread;
	struct slow s;
	int status;

	(void)state;
	slow_begin(&s, have_a_stack);
	assert_int_equal(scif_vreadfrom(s.other.epd, got, 6, OFFSET, SCIF_RMA_SYNC), 0);
	assert_string_equal(got, "stack");
	kill(s.other.pid, SIGSTOP);
	/* All its threads: one may be about to copy. */
	assert_int_equal(waitpid(s.other.pid, &status, WUNTRACED), s.other.pid);
	assert_true(WIFSTOPPED(status));
	pthread_create(&thread, NULL, let_pass_30_s, NULL);
	assert_failed(scif_vreadfrom(s.other.epd, got, 6, OFFSET, SCIF_RMA_SYNC), EIO);
	assert_true(atomic_load(&later_ns) != 0);
	pthread_join(thread, NULL);
	slow_end(&s);
}

/* ---- Who may use a node ---- */

#define NOBODY 65534

/* In a process of another user: the reason why an endpoint is refused, or 0. */
static int
refused_to(uid_t user)
{
	scif_epd_t epd;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(user) < 0 || setuid(user) < 0)
			_exit(255);
		errno = 0;
		epd = scif_open();
		_exit(epd < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Not by the directory, where everybody may look. */
static void
another_user_has_no_endpoint_of_a_node_that_is_ours(void **state)
{
	char path[sizeof(rig_node.dir) + 16];

	(void)state;
	/* Only root can be somebody else. */
	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), "%s/scif", rig_node.dir);
	assert_int_equal(chmod(rig_node.dir, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(refused_to(NOBODY), EACCES);
	snprintf(path, sizeof(path), "%s/scif/0.sock", rig_node.dir);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(refused_to(NOBODY), 0);
}

/* ---- errno as drivers have it ---- */

static int
drivers_errno(void **state)
{
	const struct scif_engine_config config = {.driver_errno = true};

	return rig_hurry(state) != 0 || rig_begin(&rig_node, &config) != 0;
}

/* By this side, whose windows are its own, and those of the other one. */
static void
refuses_by_protection(const struct pair *p, char *at, int error)
{
	const int self = SCIF_FENCE_INIT_SELF;

	errno = 0;
	assert_ptr_equal(scif_mmap(NULL, PAGE, RW, 0, p->b, OFFSET), SCIF_MMAP_FAILED);
	assert_int_equal(errno, error);
	assert_failed(scif_vwriteto(p->b, at, 1, OFFSET, 0), error);
	assert_failed(scif_writeto(p->b, 0, 1, OFFSET, 0), error);
	assert_failed(scif_readfrom(p->b, OFFSET, 1, 0, 0), error);
	assert_failed(scif_fence_signal(p->b, OFFSET, 1, 0, 1, self | SCIF_SIGNAL_LOCAL), error);
	assert_failed(scif_fence_signal(p->b, 0, 1, OFFSET, 1, self | SCIF_SIGNAL_REMOTE), error);
}

static void
check_profile(int protection, int part)
{
	char *at = pair_pages(4);
	struct pair p;

	pair_make(&p);
	for (int i = 0; i < 2; i++) {
		pair_window_at(i == 0 ? p.a : p.b, at, 1, 0, RW);
		pair_window_at(i == 0 ? p.a : p.b, at + PAGE, 2, OFFSET, SCIF_PROT_READ);
	}
	refuses_by_protection(&p, at, protection);
	assert_failed(scif_unregister(p.b, OFFSET, PAGE), part);
	/* Ports are nobody's profile. */
	assert_failed(scif_bind(p.listener, 0), EISCONN);
	pair_close(&p);
	munmap(at, 4 * PAGE);
}

static void
protection_is_eacces_as_documents_say(void **state)
{
	(void)state;
	check_profile(EACCES, EINVAL);
}

static void
protection_is_eperm_as_drivers_have_it(void **state)
{
	(void)state;
	check_profile(EPERM, ENXIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rig_fresh_test(calls_of_what_is_no_endpoint),
		rig_fresh_test(calls_without_a_connection),
		rig_fresh_test(a_signal_ends_a_send_of_nothing),
		rig_fresh_test(a_signal_ends_a_wait_for_transfers),
		rig_fresh_test(a_wait_for_transfers_ends_after_30_s),
		rig_fresh_test(a_transfer_that_nobody_carries_out_ends_after_5_s),
		rig_fresh_test(another_user_has_no_endpoint_of_a_node_that_is_ours),
		rig_fresh_test(protection_is_eacces_as_documents_say),
		cmocka_unit_test_setup_teardown(protection_is_eperm_as_drivers_have_it,
						drivers_errno, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
