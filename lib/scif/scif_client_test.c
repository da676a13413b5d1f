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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_rig.h"

/* What programs with libscif see of a node: connections and streams, events, forks, kills. */

#define PORT 2050
#define RING 4096

static struct rig rig;

static int
begin(void **state)
{
	const struct scif_engine_config config = {.connect_ms = 300, .accept_ms = 300};

	(void)state;
	return rig_begin(&rig, &config);
}

static int
end(void **state)
{
	(void)state;
	return rig_end(&rig);
}

/* ---- Two ends of a connection, both here ---- */

struct pair {
	scif_epd_t listener, client, server;
};

static void *
connect_thread(void *arg)
{
	struct pair *p = arg;
	struct scif_portID to = {0, PORT};

	assert_true(scif_connect(p->client, &to) > 0);
	return NULL;
}

static scif_epd_t
listen_at(uint16_t port)
{
	scif_epd_t epd = scif_open();

	assert_true(epd >= 0);
	assert_int_equal(scif_bind(epd, port), port);
	assert_int_equal(scif_listen(epd, 4), 0);
	return epd;
}

static void
pair_make(struct pair *p)
{
	struct scif_portID peer;
	pthread_t thread;

	p->listener = listen_at(PORT);
	p->client = scif_open();
	assert_int_equal(pthread_create(&thread, NULL, connect_thread, p), 0);
	assert_int_equal(scif_accept(p->listener, &peer, &p->server, SCIF_ACCEPT_SYNC), 0);
	assert_int_equal(peer.node, 0);
	assert_true(peer.port >= 1089);
	pthread_join(thread, NULL);
}

static void
pair_close(struct pair *p)
{
	scif_close(p->client);
	scif_close(p->server);
	assert_int_equal(scif_close(p->listener), 0);
}

static short
events_of(scif_epd_t epd, long timeout)
{
	struct scif_pollepd p = {.epd = epd, .events = POLLIN | POLLOUT};

	scif_poll(&p, 1, timeout);
	return p.revents;
}

/* ---- Tests ---- */

static void
bytes_arrive_in_order_and_without_boundaries(void **state)
{
	char sent[30] = "abcdefghijklmnopqrstuvwxyz012", got[31] = "";
	struct pair p;

	(void)state;
	pair_make(&p);
	for (int i = 0; i < 3; i++)
		assert_int_equal(scif_send(p.client, sent + 10 * i, 10, SCIF_SEND_BLOCK), 10);
	assert_int_equal(scif_recv(p.server, got, 30, SCIF_RECV_BLOCK), 30);
	assert_memory_equal(sent, got, 30);
	assert_int_equal(scif_recv(p.server, got, 30, 0), 0);
	pair_close(&p);
}

static void
a_ring_takes_all_but_one_of_its_bytes(void **state)
{
	static char bytes[2 * RING];
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.client, bytes, sizeof(bytes), 0), RING - 1);
	assert_int_equal(scif_send(p.client, bytes, 1, 0), 0);
	assert_int_equal(scif_recv(p.server, bytes, 100, 0), 100);
	assert_int_equal(scif_send(p.client, bytes, sizeof(bytes), 0), 100);
	pair_close(&p);
}

static void
finding_nothing_is_no_error(void **state)
{
	struct pair p;
	char byte;

	(void)state;
	pair_make(&p);
	for (int gated = 0; gated < 2; gated++) {
		errno = ENOTTY;
		for (int i = 0; i < 3000; i++)
			assert_int_equal(scif_recv(p.server, &byte, 1, 0), 0);
		assert_int_equal(errno, ENOTTY);
		assert_int_equal(scif_get_fd(p.server), p.server);
	}
	pair_close(&p);
}

struct flow {
	scif_epd_t epd;
	uint32_t size;
};

static void *
flow_thread(void *arg)
{
	struct flow *f = arg;
	uint8_t *bytes = malloc(f->size);
	uint32_t n, chunk;

	for (uint32_t i = 0; i < f->size; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	for (n = 0; n < f->size; n += chunk) {
		chunk = 1 + n % 9000;
		if (chunk > f->size - n)
			chunk = f->size - n;
		assert_int_equal(scif_send(f->epd, bytes + n, (int)chunk, SCIF_SEND_BLOCK), chunk);
	}
	free(bytes);
	return NULL;
}

static void
streams_both_ways_lose_nothing(void **state)
{
	struct flow there = {.size = 3000000}, back = {.size = 3000000};
	uint8_t *got = malloc(there.size);
	pthread_t thread[2];
	struct pair p;

	(void)state;
	pair_make(&p);
	there.epd = p.client;
	back.epd = p.server;
	pthread_create(&thread[0], NULL, flow_thread, &there);
	pthread_create(&thread[1], NULL, flow_thread, &back);
	for (uint32_t n = 0; n < there.size; n += 60000) {
		assert_int_equal(scif_recv(p.server, got + n, 60000, SCIF_RECV_BLOCK), 60000);
		assert_int_equal(scif_recv(p.client, got + n, 60000, SCIF_RECV_BLOCK), 60000);
	}
	for (uint32_t i = 0; i < back.size; i++)
		assert_int_equal(got[i], (uint8_t)(i * 2654435761u >> 24));
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	free(got);
	pair_close(&p);
}

static void
what_was_sent_before_a_close_is_read(void **state)
{
	char bytes[100];
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.client, bytes, 40, 0), 40);
	assert_int_equal(scif_close(p.client), 0);
	assert_int_equal(events_of(p.server, 0), POLLIN | POLLOUT | POLLHUP);
	assert_int_equal(scif_recv(p.server, bytes, 100, SCIF_RECV_BLOCK), 40);
	assert_int_equal(scif_recv(p.server, bytes, 100, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(scif_send(p.server, bytes, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(events_of(p.server, 0), POLLOUT | POLLHUP);
	pair_close(&p);
}

static void
connecting_to_nobody_is_refused_and_can_be_tried_again(void **state)
{
	struct scif_portID nobody = {0, PORT}, away = {7, PORT}, none = {0, 0};
	scif_epd_t epd = scif_open();

	(void)state;
	assert_int_equal(scif_connect(epd, &nobody), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(scif_connect(epd, &nobody), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(scif_connect(epd, &away), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(scif_connect(epd, &none), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(scif_bind(epd, PORT), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(scif_close(epd), 0);
	assert_int_equal(scif_close(epd), -1);
	assert_int_equal(errno, EBADF);
}

static void
a_connect_that_nobody_accepts_ends_and_leaves_no_trap(void **state)
{
	struct scif_portID to = {0, PORT}, peer;
	scif_epd_t listener = listen_at(PORT), epd = scif_open(), made;

	(void)state;
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* The request still waits; its connector has given up. */
	assert_int_equal(scif_accept(listener, &peer, &made, 0), -1);
	assert_int_equal(errno, EAGAIN);
	scif_close(epd);
	scif_close(listener);
}

static void
a_nonblocking_connect_tells_its_end_by_pollout(void **state)
{
	struct scif_portID to = {0, PORT}, peer;
	scif_epd_t listener = listen_at(PORT), epd = scif_open(), made;
	int port;

	(void)state;
	fcntl(epd, F_SETFL, O_NONBLOCK);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(events_of(epd, 0), 0);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(events_of(listener, 1000), POLLIN);
	assert_int_equal(scif_accept(listener, &peer, &made, 0), 0);
	assert_int_equal(events_of(epd, 1000), POLLOUT);
	port = scif_connect(epd, &to);
	assert_int_equal(port, peer.port);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EISCONN);
	scif_close(made);
	scif_close(epd);
	scif_close(listener);
}

static atomic_bool begun;

static void *
accept_thread(void *arg)
{
	scif_epd_t made, listener = *(scif_epd_t *)arg;
	struct scif_portID peer;

	atomic_store(&begun, true);
	assert_int_equal(scif_accept(listener, &peer, &made, SCIF_ACCEPT_SYNC), -1);
	assert_int_equal(errno, EINTR);
	return NULL;
}

static void
closing_a_listener_ends_who_waits_there(void **state)
{
	scif_epd_t listener = listen_at(PORT);
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, accept_thread, &listener);
	while (!atomic_load(&begun))
		usleep(1000);
	usleep(50000);
	assert_int_equal(scif_close(listener), 0);
	pthread_join(thread, NULL);
}

/* ---- Signals, and threads that close what others wait for ---- */

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

static void
caught(int number)
{
	(void)number;
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
		w.epd = wait[i] == wait_accept ? p.listener : p.server;
		wait_begin(&w);
		pthread_kill(w.thread, SIGUSR1);
		pthread_join(w.thread, NULL);
		assert_int_equal(w.ret, -1);
		assert_int_equal(w.error, EINTR);
	}
	/* With bytes received, they are what there is. */
	w.wait = wait_recv;
	w.epd = p.server;
	assert_int_equal(scif_send(p.client, "abc", 3, 0), 3);
	wait_begin(&w);
	pthread_kill(w.thread, SIGUSR1);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, 3);
	pair_close(&p);
}

static void
closing_an_endpoint_ends_who_waits_for_it(void **state)
{
	struct waiter w;
	struct pair p;

	(void)state;
	for (int round = 0; round < 3; round++) {
		pair_make(&p);
		w.epd = p.server;
		w.wait = round == 0 ? wait_recv : round == 1 ? wait_send : wait_poll;
		wait_begin(&w);
		assert_int_equal(scif_close(p.server), 0);
		pthread_join(w.thread, NULL);
		assert_int_equal(w.ret, round == 0 ? -1 : round == 1 ? RING - 1 : POLLERR);
		pair_close(&p);
	}
}

static void
a_peer_that_closes_ends_who_waits(void **state)
{
	struct waiter w;
	struct pair p;

	(void)state;
	for (int round = 0; round < 3; round++) {
		pair_make(&p);
		w.epd = p.server;
		w.wait = round == 0 ? wait_recv : round == 1 ? wait_send : wait_poll;
		wait_begin(&w);
		assert_int_equal(scif_close(p.client), 0);
		pthread_join(w.thread, NULL);
		assert_int_equal(w.ret, round == 0 ? -1 : round == 1 ? RING - 1 : POLLHUP);
		pair_close(&p);
	}
}

/* Many threads open, connect, say something and close: nothing gets mixed up. */
#define CLIENTS 4
#define ROUNDS  60

static void *
visit_thread(void *arg)
{
	struct scif_portID to = {0, PORT};
	uint32_t who = (uint32_t)(uintptr_t)arg, said, heard;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		scif_epd_t epd = scif_open();

		said = who << 16 | i;
		assert_true(scif_connect(epd, &to) > 0);
		assert_int_equal(scif_send(epd, &said, 4, SCIF_SEND_BLOCK), 4);
		assert_int_equal(scif_recv(epd, &heard, 4, SCIF_RECV_BLOCK), 4);
		assert_int_equal(said, heard);
		assert_int_equal(scif_close(epd), 0);
	}
	return NULL;
}

static void
visitors_in_crowds_are_told_apart(void **state)
{
	scif_epd_t listener = listen_at(PORT), epd;
	struct scif_portID peer;
	pthread_t thread[CLIENTS];
	uint32_t said;

	(void)state;
	for (uint32_t i = 0; i < CLIENTS; i++)
		pthread_create(&thread[i], NULL, visit_thread, (void *)(uintptr_t)(i + 1));
	for (uint32_t i = 0; i < CLIENTS * ROUNDS; i++) {
		assert_int_equal(scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC), 0);
		assert_int_equal(scif_recv(epd, &said, 4, SCIF_RECV_BLOCK), 4);
		assert_int_equal(scif_send(epd, &said, 4, SCIF_SEND_BLOCK), 4);
		assert_int_equal(scif_close(epd), 0);
	}
	for (uint32_t i = 0; i < CLIENTS; i++)
		pthread_join(thread[i], NULL);
	scif_close(listener);
}

/* Lines of a file of this process. */
static unsigned int
lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0;
	int c;

	while ((c = getc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

/* Connections with processes that come and go leave nothing here. */
static void
what_connections_took_is_given_back(void **state)
{
	scif_epd_t listener = listen_at(PORT), made, first = -1;
	struct scif_portID to = {0, PORT}, peer;
	unsigned int maps = 0;
	pid_t pid;
	int status;

	(void)state;
	for (int round = 0; round < 12; round++) {
		pid = fork();
		if (pid == 0)
			_exit(scif_connect(scif_open(), &to) < 0);
		assert_int_equal(scif_accept(listener, &peer, &made, SCIF_ACCEPT_SYNC), 0);
		waitpid(pid, &status, 0);
		assert_int_equal(scif_close(made), 0);
		/* The first ones make room that stays. */
		if (round < 3) {
			maps = lines_of("/proc/self/maps");
			first = made;
		}
		assert_int_equal(made, first);
	}
	assert_in_range(lines_of("/proc/self/maps"), 0, maps + 2);
	scif_close(listener);
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
	assert_int_equal(scif_get_fd(p.server), p.server);
	assert_int_equal(shown_soon(p.server, POLLOUT), POLLOUT);
	assert_int_equal(scif_send(p.client, bytes, 20, 0), 20);
	assert_int_equal(shown_soon(p.server, POLLIN | POLLOUT), POLLIN | POLLOUT);
	assert_int_equal(scif_recv(p.server, bytes, 10, 0), 10);
	assert_int_equal(shown(p.server, 0), POLLIN | POLLOUT);
	assert_int_equal(scif_recv(p.server, bytes, 10, 0), 10);
	assert_int_equal(shown(p.server, 0), POLLOUT);
	assert_int_equal(scif_send(p.server, bytes, sizeof(bytes), 0), RING - 1);
	assert_int_equal(shown_soon(p.server, 0), 0);
	assert_int_equal(scif_recv(p.client, bytes, 10, 0), 10);
	assert_int_equal(shown_soon(p.server, POLLOUT), POLLOUT);
	scif_close(p.client);
	assert_true((shown_soon(p.server, POLLIN | POLLOUT | POLLHUP) & POLLHUP) != 0);
	pair_close(&p);
}

/* ---- Other processes ---- */

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
		scif_close(p.client);
		_exit(scif_recv(p.server, bytes, 4, SCIF_RECV_BLOCK) != 4 ||
		      scif_send(p.server, "pong", 4, SCIF_SEND_BLOCK) != 4);
	}
	assert_int_equal(scif_close(p.server), 0);
	assert_int_equal(scif_send(p.client, bytes, 4, SCIF_SEND_BLOCK), 4);
	assert_int_equal(scif_recv(p.client, bytes, 4, SCIF_RECV_BLOCK), 4);
	assert_memory_equal(bytes, "pong", 4);
	wait_well(pid);
	/* The child was the last to hold it. */
	assert_int_equal(scif_recv(p.client, bytes, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	pair_close(&p);
}

static void
a_child_opens_endpoints_of_its_own(void **state)
{
	struct scif_portID to = {0, PORT}, peer;
	scif_epd_t listener = listen_at(PORT), made, epd;
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
	scif_epd_t listener = listen_at(PORT), made;
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
	assert_int_equal(events_of(made, 0) & POLLHUP, POLLHUP);
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
	rig_kill(&rig);
	assert_int_equal(scif_recv(p.server, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(scif_bind(p.listener, 0), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(scif_open(), -1);
	assert_int_equal(errno, ENOENT);
	pair_close(&p);
	assert_int_equal(rig_again(&rig, NULL), 0);
	pair_make(&p);
	assert_int_equal(scif_send(p.server, "x", 1, 0), 1);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_in_order_and_without_boundaries),
		cmocka_unit_test(a_ring_takes_all_but_one_of_its_bytes),
		cmocka_unit_test(finding_nothing_is_no_error),
		cmocka_unit_test(streams_both_ways_lose_nothing),
		cmocka_unit_test(what_was_sent_before_a_close_is_read),
		cmocka_unit_test(connecting_to_nobody_is_refused_and_can_be_tried_again),
		cmocka_unit_test(a_connect_that_nobody_accepts_ends_and_leaves_no_trap),
		cmocka_unit_test(a_nonblocking_connect_tells_its_end_by_pollout),
		cmocka_unit_test(closing_a_listener_ends_who_waits_there),
		cmocka_unit_test(a_signal_ends_waits),
		cmocka_unit_test(closing_an_endpoint_ends_who_waits_for_it),
		cmocka_unit_test(a_peer_that_closes_ends_who_waits),
		cmocka_unit_test(visitors_in_crowds_are_told_apart),
		cmocka_unit_test(a_descriptor_shows_events_for_as_long_as_they_last),
		cmocka_unit_test(a_child_goes_on_with_what_its_parent_accepted),
		cmocka_unit_test(a_child_opens_endpoints_of_its_own),
		cmocka_unit_test(what_connections_took_is_given_back),
		cmocka_unit_test(a_killed_process_is_noticed_at_once),
		cmocka_unit_test(an_engine_that_is_killed_ends_waits_and_another_is_found),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
