/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* One endpoint, used by threads and by children at the same time: nobody keeps the others. */

static void *
receive_one(void *arg)
{
	char byte = 0;

	assert_int_equal(scif_recv(*(scif_epd_t *)arg, &byte, 1, SCIF_RECV_BLOCK), 1);
	return (void *)(uintptr_t)(unsigned char)byte;
}

static void *
send_many(void *arg)
{
	static char bytes[100000];

	assert_int_equal(scif_send(*(scif_epd_t *)arg, bytes, sizeof(bytes), SCIF_SEND_BLOCK),
			 sizeof(bytes));
	return NULL;
}

static void *
send_until_closed(void *arg)
{
	static char bytes[100000];

	/* As much as there is room for. */
	assert_true(scif_send(*(scif_epd_t *)arg, bytes, sizeof(bytes), SCIF_SEND_BLOCK) <
		    (int)sizeof(bytes));
	return NULL;
}

static void
nap(unsigned int ms)
{
	usleep(ms * 1000);
}

/* ---- Threads ---- */

static void
who_does_not_wait_is_not_kept_by_a_thread_that_does(void **state)
{
	static char bytes[100000];
	pthread_t reader, writer;
	struct pair p;
	char byte;
	void *got;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&reader, NULL, receive_one, &p.a), 0);
	assert_int_equal(pthread_create(&writer, NULL, send_many, &p.a), 0);
	nap(50);
	errno = 0;
	assert_int_equal(scif_recv(p.a, &byte, 1, 0), 0);
	assert_int_equal(scif_send(p.a, &byte, 1, 0), 0);
	assert_int_equal(errno, 0);
	assert_int_equal(scif_recv(p.b, bytes, sizeof(bytes), SCIF_RECV_BLOCK), sizeof(bytes));
	assert_int_equal(scif_send(p.b, "x", 1, SCIF_SEND_BLOCK), 1);
	pthread_join(reader, &got);
	pthread_join(writer, NULL);
	assert_int_equal((uintptr_t)got, 'x');
	/* And with nobody waiting it is as ever. */
	assert_int_equal(scif_send(p.a, "y", 1, 0), 1);
	assert_int_equal(scif_recv(p.b, &byte, 1, 0), 1);
	pair_close(&p);
}

struct traffic {
	_Atomic int epd;
	_Atomic bool over;
};

static void *
talk(void *arg)
{
	struct traffic *t = arg;
	char byte = 0;

	while (!t->over) {
		scif_send(t->epd, &byte, 1, 0);
		scif_recv(t->epd, &byte, 1, 0);
	}
	return NULL;
}

static void
an_endpoint_is_closed_under_who_sends_and_receives(void **state)
{
	struct traffic t = {.epd = -1};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, talk, &t), 0);
	for (int i = 0; i < 2000; i++) {
		t.epd = scif_open();
		assert_true(t.epd >= 0);
		assert_int_equal(scif_close(t.epd), 0);
	}
	t.over = true;
	pthread_join(thread, NULL);
}

static void *
say_later(void *arg)
{
	nap(50);
	assert_int_equal(scif_send(*(scif_epd_t *)arg, "x", 1, SCIF_SEND_BLOCK), 1);
	return NULL;
}

static void
a_poll_can_take_as_long_as_can_be_said(void **state)
{
	static const long timeout[] = {LONG_MAX, LONG_MAX / 2, LONG_MAX / 1000, INT_MAX};
	struct scif_pollepd poll;
	pthread_t thread;
	struct pair p;
	char byte;

	(void)state;
	pair_make(&p);
	for (unsigned int i = 0; i < sizeof(timeout) / sizeof(timeout[0]); i++) {
		poll = (struct scif_pollepd){.epd = p.a, .events = SCIF_POLLIN};
		assert_int_equal(pthread_create(&thread, NULL, say_later, &p.b), 0);
		assert_int_equal(scif_poll(&poll, 1, timeout[i]), 1);
		assert_int_equal(poll.revents, SCIF_POLLIN);
		pthread_join(thread, NULL);
		assert_int_equal(scif_recv(p.a, &byte, 1, 0), 1);
	}
	pair_close(&p);
}

static void *
write_later(void *arg)
{
	nap(50);
	assert_int_equal(write(*(int *)arg, "x", 1), 1);
	return NULL;
}

/* As a program that has a pipe to be woken by, or serves sockets, too. */
static void
a_poll_looks_at_other_descriptors_too(void **state)
{
	struct scif_pollepd poll[3] = {
		{.events = SCIF_POLLIN}, {.events = SCIF_POLLIN}, {.epd = -1}};
	pthread_t thread;
	struct pair p;
	int pipes[2];
	char byte;

	(void)state;
	pair_make(&p);
	assert_int_equal(pipe(pipes), 0);
	poll[0].epd = pipes[0];
	poll[1].epd = p.a;
	assert_int_equal(scif_poll(poll, 3, 20), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_later, &pipes[1]), 0);
	assert_int_equal(scif_poll(poll, 3, -1), 1);
	assert_int_equal(poll[0].revents, SCIF_POLLIN);
	assert_int_equal(poll[1].revents, 0);
	pthread_join(thread, NULL);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&thread, NULL, say_later, &p.b), 0);
		assert_int_equal(scif_poll(poll, 3, -1), 1);
		assert_int_equal(poll[0].revents, 0);
		assert_int_equal(poll[1].revents, SCIF_POLLIN);
		pthread_join(thread, NULL);
		assert_int_equal(scif_recv(p.a, &byte, 1, 0), 1);
	}
	scif_close(p.b);
	close(pipes[1]);
	assert_int_equal(scif_poll(poll, 3, -1), 2);
	assert_int_equal(poll[0].revents, SCIF_POLLHUP);
	assert_int_equal(poll[1].revents, SCIF_POLLHUP);
	close(pipes[0]);
	assert_int_equal(scif_poll(poll, 3, 0), 2);
	assert_int_equal(poll[0].revents, SCIF_POLLNVAL);
	pair_close(&p);
}

/* ---- Children ---- */

/* One that receives, and does nothing else. */
static pid_t
reader_child(scif_epd_t epd)
{
	char bytes[2];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(scif_recv(epd, bytes, sizeof(bytes), SCIF_RECV_BLOCK) == sizeof(bytes) ? 0
											     : 1);
	}
	nap(50);
	return pid;
}

static void
who_does_not_wait_is_not_kept_by_a_child_that_does(void **state)
{
	struct pair p;
	int status;
	char byte;
	pid_t pid;

	(void)state;
	pair_make(&p);
	pid = reader_child(p.a);
	errno = 0;
	assert_int_equal(scif_recv(p.a, &byte, 1, 0), 0);
	assert_int_equal(errno, 0);
	assert_int_equal(scif_send(p.b, "xy", 2, SCIF_SEND_BLOCK), 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pair_close(&p);
}

static void
a_child_that_is_killed_while_it_waits_keeps_nobody(void **state)
{
	siginfo_t info;
	struct pair p;
	char byte = 0;
	pid_t pid;

	(void)state;
	pair_make(&p);
	pid = reader_child(p.a);
	kill(pid, SIGKILL);
	/* Nobody has asked what became of it: its number is still taken. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(scif_send(p.b, "z", 1, SCIF_SEND_BLOCK), 1);
	assert_int_equal(scif_recv(p.a, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(byte, 'z');
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pair_close(&p);
}

/* ---- Who is at a side when the process forks ---- */

enum { MANY = 100000, FEW = 10000 };

static void *
move_many(void *arg)
{
	static char bytes[MANY];
	const struct pair *p = arg;

	memset(bytes, 'p', sizeof(bytes));
	assert_int_equal(scif_send(p->a, bytes, sizeof(bytes), SCIF_SEND_BLOCK), sizeof(bytes));
	return NULL;
}

/* A child that sends, once its parent has let go of the side. */
static pid_t
sender_child(scif_epd_t epd)
{
	static char bytes[FEW];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		memset(bytes, 'c', sizeof(bytes));
		_exit(scif_send(epd, bytes, sizeof(bytes), SCIF_SEND_BLOCK) == sizeof(bytes) ? 0
											     : 1);
	}
	nap(50);
	return pid;
}

static void
what_is_sent_during_a_fork_does_not_mix_with_the_childs(void **state)
{
	static char bytes[MANY + FEW];
	pthread_t writer;
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&writer, NULL, move_many, &p), 0);
	nap(50);
	pid = sender_child(p.a);
	assert_int_equal(scif_recv(p.b, bytes, sizeof(bytes), SCIF_RECV_BLOCK), sizeof(bytes));
	for (int i = 0; i < MANY + FEW; i++)
		assert_int_equal(bytes[i], i < MANY ? 'p' : 'c');
	pthread_join(writer, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* And the side is nobody's again. */
	assert_int_equal(scif_send(p.a, "x", 1, 0), 1);
	pair_close(&p);
}

static void *
take_many(void *arg)
{
	static char bytes[MANY];
	const struct pair *p = arg;

	assert_int_equal(scif_recv(p->b, bytes, sizeof(bytes), SCIF_RECV_BLOCK), sizeof(bytes));
	for (int i = 0; i < MANY; i++)
		assert_int_equal(bytes[i], 'p');
	return NULL;
}

/* A child that receives those few, and nothing else. */
static pid_t
taker_child(scif_epd_t epd)
{
	static char bytes[FEW];
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (scif_recv(epd, bytes, sizeof(bytes), SCIF_RECV_BLOCK) != sizeof(bytes))
			_exit(1);
		for (int i = 0; i < FEW; i++)
			if (bytes[i] != 'c')
				_exit(2);
		_exit(0);
	}
	nap(50);
	return pid;
}

static void
what_is_received_during_a_fork_does_not_mix_with_the_childs(void **state)
{
	static char bytes[FEW];
	pthread_t reader;
	struct pair p;
	int status;
	pid_t pid;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&reader, NULL, take_many, &p), 0);
	nap(50);
	pid = taker_child(p.b);
	move_many(&p);
	memset(bytes, 'c', sizeof(bytes));
	assert_int_equal(scif_send(p.a, bytes, sizeof(bytes), SCIF_SEND_BLOCK), sizeof(bytes));
	pthread_join(reader, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pair_close(&p);
}

/* A side that is claimed for who never leaves it by itself: the endpoint is closed under it. */
static void
who_closes_what_was_in_use_at_a_fork_leaves_it_to_the_child(void **state)
{
	char bytes[5000];
	pthread_t writer;
	int status, n = 0;
	struct pair p;
	pid_t pid;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&writer, NULL, send_until_closed, &p.a), 0);
	nap(50);
	pid = sender_child(p.a);
	scif_close(p.a);
	pthread_join(writer, NULL);
	while ((n = scif_recv(p.b, bytes, sizeof(bytes), SCIF_RECV_BLOCK)) > 0)
		;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	p.a = -1;
	pair_close(&p);
}

/* Once its parent has become another program: a byte comes, and it is the one to have it. */
static _Noreturn void
take_after(struct pair *p, const int ran[2], int told)
{
	char byte = 0;

	close(ran[1]);
	if (read(ran[0], &byte, 1) != 0 || scif_send(p->b, "x", 1, SCIF_SEND_BLOCK) != 1 ||
	    scif_recv(p->a, &byte, 1, SCIF_RECV_BLOCK) != 1)
		_exit(1);
	/* Before it is told: the next test has the same port. */
	pair_close(p);
	_exit(write(told, &byte, 1) == 1 ? 0 : 1);
}

/* Its threads are gone, and its number is not. */
static _Noreturn void
run_another(int told)
{
	pthread_t reader;
	struct pair p;
	int ran[2];

	pair_make(&p);
	if (pthread_create(&reader, NULL, receive_one, &p.a) != 0 || pipe2(ran, O_CLOEXEC) < 0)
		_exit(1);
	nap(50);
	if (fork() == 0)
		take_after(&p, ran, told);
	execlp("sleep", "sleep", "60", NULL);
	_exit(1);
}

static void
a_process_that_runs_another_program_keeps_nobody(void **state)
{
	int told[2];
	char byte = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_another(told[1]);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(told[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The peer of a child writes that process 1, which never ends, is everywhere in its half. */
static int
scribble(scif_epd_t epd, void *arg)
{
	struct client_endpoint *ep = client_endpoint_enter(epd);
	uint32_t *word = (void *)((char *)ep->peer + offsetof(struct scif_half, sleepers));

	(void)arg;
	for (; word < (uint32_t *)(void *)ep->peer->ring; word++)
		*(volatile uint32_t *)word = 1;
	client_leave(ep);
	return scif_close(epd);
}

static void
a_peer_that_writes_anything_keeps_nobody(void **state)
{
	char bytes[64];
	struct other o;
	pid_t pid;
	int ret;

	(void)state;
	other_begin(&o, scribble, NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	while ((ret = scif_send(o.epd, "x", 1, 0)) >= 0)
		;
	assert_int_equal(errno, ECONNRESET);
	while ((ret = scif_recv(o.epd, bytes, sizeof(bytes), SCIF_RECV_BLOCK)) > 0)
		;
	assert_int_equal(errno, ECONNRESET);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	other_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rig_unit_test(who_does_not_wait_is_not_kept_by_a_thread_that_does),
		rig_unit_test(an_endpoint_is_closed_under_who_sends_and_receives),
		rig_unit_test(a_poll_can_take_as_long_as_can_be_said),
		rig_unit_test(a_poll_looks_at_other_descriptors_too),
		rig_unit_test(who_does_not_wait_is_not_kept_by_a_child_that_does),
		rig_unit_test(a_child_that_is_killed_while_it_waits_keeps_nobody),
		rig_unit_test(what_is_sent_during_a_fork_does_not_mix_with_the_childs),
		rig_unit_test(what_is_received_during_a_fork_does_not_mix_with_the_childs),
		rig_unit_test(who_closes_what_was_in_use_at_a_fork_leaves_it_to_the_child),
		rig_unit_test(a_process_that_runs_another_program_keeps_nobody),
		rig_unit_test(a_peer_that_writes_anything_keeps_nobody),
	};

	return cmocka_run_group_tests_name("scif_share", tests, rig_setup, rig_teardown);
}
