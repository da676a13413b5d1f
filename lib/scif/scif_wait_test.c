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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* What ends waits, and what poll sees. */

#define RING 4096

struct waiter {
	int (*wait)(scif_epd_t epd);
	scif_epd_t epd;
	pthread_t thread;
	atomic_bool begun;
	int ret, error;
};

static void *
wait_thread(void *arg)
{
	struct waiter *w = arg;

	atomic_store(&w->begun, true);
	w->ret = w->wait(w->epd);
	w->error = errno;
	return NULL;
}

/* Asleep by then, or nearly: who comes too late finds out as well. */
static void
wait_begin(struct waiter *w)
{
	atomic_store(&w->begun, false);
	pthread_create(&w->thread, NULL, wait_thread, w);
	while (!atomic_load(&w->begun))
		usleep(1000);
	usleep(50000);
}

static int
wait_recv(scif_epd_t epd)
{
	char bytes[100];

	return scif_recv(epd, bytes, sizeof(bytes), SCIF_RECV_BLOCK);
}

static int
wait_send(scif_epd_t epd)
{
	static char bytes[3 * RING];

	return scif_send(epd, bytes, sizeof(bytes), SCIF_SEND_BLOCK);
}

static int
wait_accept(scif_epd_t epd)
{
	struct scif_portID peer;
	scif_epd_t made;

	return scif_accept(epd, &peer, &made, SCIF_ACCEPT_SYNC);
}

static int
wait_poll(scif_epd_t epd)
{
	struct scif_pollepd p = {.epd = epd, .events = POLLIN};

	return scif_poll(&p, 1, -1) < 0 ? -1 : p.revents;
}

/* Of several endpoints, of which one is waited for. */
static int
wait_poll_many(scif_epd_t epd)
{
	struct scif_pollepd p[] = {{.epd = epd, .events = POLLIN}, {.epd = epd}, {.epd = -1}};

	return scif_poll(p, 3, -1) < 0 ? -1 : p[0].revents;
}

/* With a descriptor of another kind, of which nothing comes. */
static int
wait_poll_mixed(scif_epd_t epd)
{
	int other = eventfd(0, EFD_CLOEXEC), ret;
	struct scif_pollepd p[] = {{.epd = other, .events = POLLIN}, {.epd = epd, .events = POLLIN}};

	ret = scif_poll(p, 2, -1);
	close(other);
	return ret < 0 ? -1 : p[1].revents;
}

static volatile sig_atomic_t signals;

static void
caught(int number)
{
	(void)number;
	signals++;
}

/* By a signal: again and again, for one that comes before the wait begins interrupts nothing. */
static void
wait_interrupt(struct waiter *w)
{
	struct timespec until;

	do {
		pthread_kill(w->thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 1;
	} while (pthread_timedjoin_np(w->thread, NULL, &until) == ETIMEDOUT);
}

/* With bytes received, they are what there is: any handler ends the wait for the rest. */
static void
check_interrupt_after_bytes(const struct pair *p)
{
	struct waiter w = {.wait = wait_recv, .epd = p->a};

	assert_int_equal(scif_send(p->b, "abc", 3, 0), 3);
	wait_begin(&w);
	wait_interrupt(&w);
	assert_int_equal(w.ret, 3);
}

static void
a_signal_ends_waits(void **state)
{
	int (*const wait[])(scif_epd_t) = {wait_recv, wait_accept, wait_poll};
	const struct sigaction action = {.sa_handler = caught};
	struct waiter w;
	struct pair p;

	(void)state;
	pair_make(&p);
	sigaction(SIGUSR1, &action, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		w.wait = wait[i];
		w.epd = wait[i] == wait_accept ? p.listener : p.a;
		wait_begin(&w);
		wait_interrupt(&w);
		assert_int_equal(w.ret, -1);
		assert_int_equal(w.error, EINTR);
	}
	check_interrupt_after_bytes(&p);
	pair_close(&p);
}

/* A few signals later it still waits. */
static void
assert_undisturbed(const struct waiter *w, int number)
{
	struct timespec until;

	for (int i = 0; i < 3; i++) {
		pthread_kill(w->thread, number);
		usleep(10000);
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 60000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	assert_int_equal(pthread_timedjoin_np(w->thread, NULL, &until), ETIMEDOUT);
}

/* As where the driver's calls are begun again. */
static void
a_handler_that_restarts_ends_no_wait(void **state)
{
	const struct sigaction action = {.sa_handler = caught, .sa_flags = SA_RESTART};
	char bytes[100] = "";
	struct waiter w;
	struct pair p;

	(void)state;
	pair_make(&p);
	sigaction(SIGUSR1, &action, NULL);
	w.epd = p.a;
	w.wait = wait_recv;
	wait_begin(&w);
	assert_undisturbed(&w, SIGUSR1);
	assert_int_equal(scif_send(p.b, bytes, sizeof(bytes), 0), sizeof(bytes));
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, sizeof(bytes));
	w.epd = p.listener;
	w.wait = wait_accept;
	wait_begin(&w);
	assert_undisturbed(&w, SIGUSR1);
	scif_close(p.listener);
	pthread_join(w.thread, NULL);
	check_interrupt_after_bytes(&p);
	scif_close(p.a);
	scif_close(p.b);
}

static void
a_poll_ends_with_any_handler_and_with_no_other_signal(void **state)
{
	int (*const wait[])(scif_epd_t) = {wait_poll, wait_poll_many, wait_poll_mixed};
	const struct sigaction action = {.sa_handler = caught, .sa_flags = SA_RESTART};
	struct waiter w;
	struct pair p;

	(void)state;
	pair_make(&p);
	sigaction(SIGUSR1, &action, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		w.wait = wait[i];
		w.epd = p.a;
		wait_begin(&w);
		assert_undisturbed(&w, SIGURG);
		wait_interrupt(&w);
		assert_int_equal(w.ret, -1);
		assert_int_equal(w.error, EINTR);
	}
	/* What is awaited ends it, too. */
	wait_begin(&w);
	assert_int_equal(scif_send(p.b, "a", 1, 0), 1);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, POLLIN);
	pair_close(&p);
}

/* A child that polls for ever. */
static int
poll_for_ever(scif_epd_t epd, void *arg)
{
	(void)arg;
	signal(SIGTERM, SIG_DFL);
	pair_say(epd);
	return wait_poll_many(epd);
}

/* At a time when many sleeps end; a second one comes, much later, where the first is missed. */
static void
no_signal_is_missed_between_two_sleeps(void **state)
{
	const struct itimerval twice = {{3, 0}, {0, 100000}}, never = {{0, 0}, {0, 0}};
	const struct sigaction action = {.sa_handler = caught};
	struct pair p;
	int ret;

	(void)state;
	pair_make(&p);
	sigaction(SIGALRM, &action, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		signals = 0;
		setitimer(ITIMER_REAL, &twice, NULL);
		ret = i % 2 == 0 ? wait_recv(p.a) : wait_poll(p.a);
		assert_int_equal(ret, -1);
		assert_int_equal(errno, EINTR);
		assert_int_equal(signals, 1);
		setitimer(ITIMER_REAL, &never, NULL);
	}
	pair_close(&p);
}

static void
a_poll_is_ended_by_what_ends_programs(void **state)
{
	struct other o;
	int status;

	(void)state;
	other_begin(&o, poll_for_ever, NULL);
	pair_hear(o.epd);
	usleep(50000);
	kill(o.pid, SIGTERM);
	assert_int_equal(waitpid(o.pid, &status, 0), o.pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	scif_close(o.epd);
}

/* One of the two is closed: what has come so far counts, and poll sees these events. */
static void
check_close_ends_waits(bool of_the_peer, short events)
{
	int (*const wait[])(scif_epd_t) = {wait_recv, wait_send, wait_poll};
	const int ret[] = {-1, RING - 1, events};
	struct waiter w;
	struct pair p;

	for (unsigned int i = 0; i < 3; i++) {
		pair_make(&p);
		w.epd = p.a;
		w.wait = wait[i];
		wait_begin(&w);
		assert_int_equal(scif_close(of_the_peer ? p.b : p.a), 0);
		pthread_join(w.thread, NULL);
		assert_int_equal(w.ret, ret[i]);
		pair_close(&p);
	}
}

static void
closing_an_endpoint_ends_who_waits_for_it(void **state)
{
	(void)state;
	check_close_ends_waits(false, POLLERR);
}

static void
a_peer_that_closes_ends_who_waits(void **state)
{
	(void)state;
	check_close_ends_waits(true, POLLHUP);
}

/* The same by poll(2), on a descriptor that shows events. */
static short
shown(scif_epd_t epd, int timeout)
{
	struct pollfd p = {.fd = epd, .events = POLLIN | POLLOUT};

	poll(&p, 1, timeout);
	return p.revents;
}

static short
shown_soon(scif_epd_t epd, short wanted)
{
	short events = 0;

	for (int i = 0; i < 200; i++) {
		events = shown(epd, 0);
		if (events == wanted)
			break;
		usleep(5000);
	}
	return events;
}

static void
a_descriptor_shows_events_for_as_long_as_they_last(void **state)
{
	static char bytes[2 * RING];
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_get_fd(p.a), p.a);
	assert_int_equal(shown_soon(p.a, POLLOUT), POLLOUT);
	assert_int_equal(scif_send(p.b, bytes, 20, 0), 20);
	assert_int_equal(shown_soon(p.a, POLLIN | POLLOUT), POLLIN | POLLOUT);
	assert_int_equal(scif_recv(p.a, bytes, 10, 0), 10);
	assert_int_equal(shown(p.a, 0), POLLIN | POLLOUT);
	assert_int_equal(scif_recv(p.a, bytes, 10, 0), 10);
	assert_int_equal(shown(p.a, 0), POLLOUT);
	assert_int_equal(scif_send(p.a, bytes, sizeof(bytes), 0), RING - 1);
	assert_int_equal(shown_soon(p.a, 0), 0);
	assert_int_equal(scif_recv(p.b, bytes, 10, 0), 10);
	assert_int_equal(shown_soon(p.a, POLLOUT), POLLOUT);
	scif_close(p.b);
	assert_true((shown_soon(p.a, POLLIN | POLLOUT | POLLHUP) & POLLHUP) != 0);
	pair_close(&p);
}

/* A request whose connector has gone is found out by who accepts, and shown no more: a server that
 * waits at its descriptor would never sleep.
 */
static void
a_listener_whose_visitor_has_gone_shows_nothing(void **state)
{
	struct scif_portID to = {0, PAIR_PORT}, peer;
	scif_epd_t listener = pair_listen(), epd = scif_open(), made;

	(void)state;
	assert_int_equal(scif_get_fd(listener), listener);
	fcntl(epd, F_SETFL, O_NONBLOCK);
	assert_failed(scif_connect(epd, &to), EINPROGRESS);
	assert_int_equal(shown_soon(listener, POLLIN), POLLIN);
	assert_int_equal(scif_close(epd), 0);
	assert_failed(scif_accept(listener, &peer, &made, 0), EAGAIN);
	assert_int_equal(shown_soon(listener, 0), 0);
	scif_close(listener);
}

/* A change, as edge-triggered epoll has it. */
static bool
edge_comes(int epoll, int ms)
{
	struct epoll_event event = {0};

	return epoll_wait(epoll, &event, 1, ms) == 1 && (event.events & EPOLLOUT) != 0;
}

/* The engine looks when all is over. */
static void
room_that_came_before_anybody_looked_is_an_edge(void **state)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
	static char bytes[2 * RING];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_get_fd(p.a), p.a);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, p.a, &event), 0);
	for (unsigned int i = 0; i < 3; i++) {
		/* The first, and what may come twice. */
		while (edge_comes(epoll, 20))
			;
		kill(rig_node.pid, SIGSTOP);
		assert_int_equal(scif_send(p.a, bytes, sizeof(bytes), 0), RING - 1);
		assert_int_equal(scif_recv(p.b, bytes, sizeof(bytes), 0), RING - 1);
		kill(rig_node.pid, SIGCONT);
		assert_true(edge_comes(epoll, 1000));
	}
	close(epoll);
	pair_close(&p);
}

/* Asked for what does not come by that. */
static void
who_polls_while_an_endpoint_is_connected_is_counted_out(void **state)
{
	struct waiter w = {.wait = wait_poll};
	struct client_endpoint *ep;
	struct scif_portID peer;
	struct pair p;

	(void)state;
	p.listener = pair_listen();
	p.a = scif_open();
	assert_int_equal(fcntl(p.a, F_SETFL, O_NONBLOCK), 0);
	assert_failed(scif_connect(p.a, &(struct scif_portID){0, PAIR_PORT}), EINPROGRESS);
	w.epd = p.a;
	wait_begin(&w);
	assert_int_equal(scif_accept(p.listener, &peer, &p.b, SCIF_ACCEPT_SYNC), 0);
	while (scif_connect(p.a, &(struct scif_portID){0, PAIR_PORT}) < 0)
		assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(scif_send(p.b, "x", 1, SCIF_SEND_BLOCK), 1);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, SCIF_POLLIN);
	ep = client_endpoint_enter(p.a);
	assert_int_equal(atomic_load(&ep->mine->sleepers), 0);
	assert_int_equal(atomic_load(&ep->ctl->sleepers), 0);
	client_leave(ep);
	pair_close(&p);
}

static bool
spins(const char *setting, uint32_t us)
{
	struct client_endpoint *ep;
	int status;
	pid_t pid;

	setenv("SLIPWAY_SCIF_SPIN_US", setting, 1);
	pid = fork();
	if (pid == 0) {
		ep = client_endpoint_enter(scif_open());
		_exit(ep == NULL || ep->client->spin_us != us);
	}
	unsetenv("SLIPWAY_SCIF_SPIN_US");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static void
how_long_is_looked_before_sleep_is_bounded(void **state)
{
	uint32_t us = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 20 : 0;
	scif_epd_t epd = scif_open();

	(void)state;
	assert_true(spins("0", 0));
	assert_true(spins("100000", 100000));
	/* Of what is no such time nothing changes: -1 would be more than an hour. */
	assert_true(spins("100001", us));
	assert_true(spins("-1", us));
	assert_true(spins("20us", us));
	scif_close(epd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_ends_waits),
		cmocka_unit_test(a_handler_that_restarts_ends_no_wait),
		cmocka_unit_test(a_poll_ends_with_any_handler_and_with_no_other_signal),
		cmocka_unit_test(no_signal_is_missed_between_two_sleeps),
		cmocka_unit_test(a_poll_is_ended_by_what_ends_programs),
		cmocka_unit_test(closing_an_endpoint_ends_who_waits_for_it),
		cmocka_unit_test(a_peer_that_closes_ends_who_waits),
		cmocka_unit_test(a_descriptor_shows_events_for_as_long_as_they_last),
		cmocka_unit_test(a_listener_whose_visitor_has_gone_shows_nothing),
		cmocka_unit_test(room_that_came_before_anybody_looked_is_an_edge),
		cmocka_unit_test(who_polls_while_an_endpoint_is_connected_is_counted_out),
		cmocka_unit_test(how_long_is_looked_before_sleep_is_bounded),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
