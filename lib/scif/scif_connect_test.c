/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* How connections begin, and what they take. */

#define PORT PAIR_PORT

/* A node that waits less long than others. */
static int
impatient(void **state)
{
	const struct scif_engine_config config = {.connect_ms = 300, .accept_ms = 300};

	(void)state;
	return rig_begin(&rig_node, &config);
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
	scif_epd_t listener = pair_listen(), epd = scif_open(), made;

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
	scif_epd_t listener = pair_listen(), epd = scif_open(), made;
	int port;

	(void)state;
	fcntl(epd, F_SETFL, O_NONBLOCK);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(pair_events(epd, 0), 0);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(pair_events(listener, 1000), POLLIN);
	assert_int_equal(scif_accept(listener, &peer, &made, 0), 0);
	assert_int_equal(pair_events(epd, 1000), POLLOUT);
	port = scif_connect(epd, &to);
	assert_int_equal(port, peer.port);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EISCONN);
	scif_close(made);
	scif_close(epd);
	scif_close(listener);
}

/* The state is what counts, and not who has asked for it. */
static void
what_is_connected_can_be_used_before_its_outcome_is_asked_for(void **state)
{
	scif_epd_t listener = pair_listen(), epd = scif_open(), made;
	struct scif_portID to = {0, PORT}, peer;
	char bytes[2];

	(void)state;
	fcntl(epd, F_SETFL, O_NONBLOCK);
	assert_int_equal(scif_connect(epd, &to), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(scif_send(epd, "x", 1, 0), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(pair_events(listener, 1000), POLLIN);
	assert_int_equal(scif_accept(listener, &peer, &made, 0), 0);
	assert_int_equal(pair_events(epd, 1000), POLLOUT);
	assert_int_equal(scif_send(epd, "ab", 2, SCIF_SEND_BLOCK), 2);
	assert_int_equal(scif_recv(made, bytes, 2, SCIF_RECV_BLOCK), 2);
	assert_memory_equal(bytes, "ab", 2);
	assert_int_equal(scif_send(made, "c", 1, SCIF_SEND_BLOCK), 1);
	scif_close(made);
	assert_int_equal(scif_recv(epd, bytes, 2, SCIF_RECV_BLOCK), 1);
	assert_int_equal(bytes[0], 'c');
	assert_int_equal(scif_recv(epd, bytes, 2, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(scif_connect(epd, &to), peer.port);
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
	scif_epd_t listener = pair_listen();
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, accept_thread, &listener);
	while (!atomic_load(&begun))
		usleep(1000);
	usleep(50000);
	assert_int_equal(scif_close(listener), 0);
	pthread_join(thread, NULL);
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
	scif_epd_t listener = pair_listen(), epd;
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
	scif_epd_t listener = pair_listen(), made, first = -1;
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

int
main(void)
{
	const struct CMUnitTest timed[] = {
		cmocka_unit_test(a_connect_that_nobody_accepts_ends_and_leaves_no_trap),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connecting_to_nobody_is_refused_and_can_be_tried_again),
		cmocka_unit_test(a_nonblocking_connect_tells_its_end_by_pollout),
		cmocka_unit_test(what_is_connected_can_be_used_before_its_outcome_is_asked_for),
		cmocka_unit_test(closing_a_listener_ends_who_waits_there),
		cmocka_unit_test(visitors_in_crowds_are_told_apart),
		cmocka_unit_test(what_connections_took_is_given_back),
	};

	return cmocka_run_group_tests(timed, impatient, rig_teardown) +
	       cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
