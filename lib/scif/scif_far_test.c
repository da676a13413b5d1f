/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_far.h"

/* Connections and streams between two nodes, and what becomes of them. */

#define BYTES 1000000

/* ---- On node 1 ---- */

static uint8_t
byte_at(uint32_t i)
{
	return (uint8_t)(i * 2654435761u >> 24);
}

/* Sends back what comes, byte by byte changed, until the other side closes. */
static int
echo(scif_epd_t epd)
{
	uint8_t bytes[5000];
	int n;

	while ((n = scif_recv(epd, bytes, 1, SCIF_RECV_BLOCK)) == 1) {
		n += scif_recv(epd, bytes + 1, sizeof(bytes) - 1, 0);
		for (int i = 0; i < n; i++)
			bytes[i] ^= 0x55;
		if (scif_send(epd, bytes, n, SCIF_SEND_BLOCK) != n)
			return 2;
	}
	return errno == ECONNRESET ? 0 : 3;
}

/* Has it sent back by the other node. */
static int
ask(scif_epd_t epd)
{
	char bytes[3];

	if (scif_send(epd, "eabc", 4, SCIF_SEND_BLOCK) != 4 ||
	    scif_recv(epd, bytes, 3, SCIF_RECV_BLOCK) != 3 || bytes[2] != ('c' ^ 0x55))
		return 7;
	return scif_close(epd);
}

/* What is asked for by its first byte. */
static int
visit(scif_epd_t epd)
{
	char what;

	if (far_self == 2)
		return ask(epd);
	if (scif_recv(epd, &what, 1, SCIF_RECV_BLOCK) != 1)
		return 1;
	switch (what) {
	case 'e':
		return echo(epd);
	case 's':
		/* Something said on leaving. */
		scif_send(epd, "bye", 3, SCIF_SEND_BLOCK);
		return scif_close(epd);
	default:
		pause();
		return 0;
	}
}

/* ---- Here ---- */

static short
events_of(scif_epd_t epd, short events, long timeout)
{
	struct scif_pollepd p = {.epd = epd, .events = events};

	scif_poll(&p, 1, timeout);
	return p.revents;
}

static void
nodes_are_listed(void **state)
{
	uint16_t nodes[2] = {9, 9}, self = 9;

	(void)state;
	assert_int_equal(scif_get_nodeIDs(nodes, 2, &self), 2);
	assert_int_equal(self, 0);
	assert_int_equal(nodes[0], 0);
	assert_int_equal(nodes[1], 1);
	nodes[1] = 9;
	assert_int_equal(scif_get_nodeIDs(nodes, 1, &self), 2);
	assert_int_equal(nodes[1], 9);
}

static void
streams_pass_between_nodes(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	pid_t pid = far_visitor(listener, &epd);
	uint8_t bytes[7000], got[7000];
	uint32_t sent = 0, received = 0;
	int n;

	(void)state;
	assert_int_equal(scif_send(epd, "e", 1, SCIF_SEND_BLOCK), 1);
	while (received < BYTES) {
		for (uint32_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = byte_at(sent + i);
		n = (int)(BYTES - sent < sizeof(bytes) ? BYTES - sent : sizeof(bytes));
		n = scif_send(epd, bytes, n, 0);
		assert_true(n >= 0);
		sent += (uint32_t)n;
		events_of(epd, sent < BYTES ? POLLIN | POLLOUT : POLLIN, 1000);
		n = scif_recv(epd, got, sizeof(got), 0);
		assert_true(n >= 0);
		for (int i = 0; i < n; i++)
			assert_int_equal(got[i], byte_at(received + (uint32_t)i) ^ 0x55);
		received += (uint32_t)n;
	}
	scif_close(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(listener);
}

static void
what_a_node_was_sent_before_a_close_is_read(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	pid_t pid = far_visitor(listener, &epd);
	char bytes[10];

	(void)state;
	assert_int_equal(scif_send(epd, "s", 1, SCIF_SEND_BLOCK), 1);
	assert_int_equal(scif_recv(epd, bytes, 10, SCIF_RECV_BLOCK), 3);
	assert_memory_equal(bytes, "bye", 3);
	assert_int_equal(scif_recv(epd, bytes, 10, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	scif_close(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(listener);
}

static void
a_process_killed_on_the_other_node_is_noticed(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	pid_t pid = far_visitor(listener, &epd);
	char byte;

	(void)state;
	assert_int_equal(scif_send(epd, "p", 1, SCIF_SEND_BLOCK), 1);
	kill(pid, SIGKILL);
	far_wait(pid);
	assert_int_equal(scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	scif_close(epd);
	scif_close(listener);
}

static void
a_descriptor_shows_what_comes_from_the_other_node(void **state)
{
	scif_epd_t listener = far_listen(), epd;
	pid_t pid = far_visitor(listener, &epd);
	struct pollfd p = {.events = POLLIN};
	char byte;

	(void)state;
	p.fd = scif_get_fd(epd);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(scif_send(epd, "ex", 2, SCIF_SEND_BLOCK), 2);
	assert_int_equal(poll(&p, 1, 2000), 1);
	assert_int_equal(scif_recv(epd, &byte, 1, 0), 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	scif_close(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(listener);
}

static void
a_node_that_is_killed_is_lost_and_comes_back(void **state)
{
	struct scif_portID to = {1, FAR_PORT};
	scif_epd_t listener = far_listen(), epd, other;
	pid_t pid = far_visitor(listener, &epd);
	char byte;

	(void)state;
	rig_kill(&far_card);
	assert_int_equal(scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(events_of(epd, 0, 1000), POLLHUP);
	assert_int_equal(far_nodes(1), 1);
	other = scif_open();
	assert_int_equal(scif_connect(other, &to), -1);
	assert_int_equal(errno, ENODEV);
	kill(pid, SIGKILL);
	far_wait(pid);
	scif_close(epd);
	assert_int_equal(rig_again(&far_card, NULL), 0);
	assert_int_equal(far_nodes(2), 2);
	assert_int_equal(scif_connect(other, &to), -1);
	assert_int_equal(errno, ECONNREFUSED);
	pid = far_visitor(listener, &epd);
	assert_int_equal(scif_send(epd, "s", 1, SCIF_SEND_BLOCK), 1);
	assert_int_equal(far_wait(pid), 0);
	scif_close(epd);
	scif_close(other);
	scif_close(listener);
}

static void
nodes_that_joined_the_same_one_reach_each_other(void **state)
{
	struct rig third;
	pid_t listens, connects;

	(void)state;
	assert_int_equal(rig_join(&third, &far_host, 2), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(far_nodes(3), 3);
		listens = far_start(2, 2);
		connects = far_start(1, 2);
		assert_int_equal(far_wait(listens), 0);
		assert_int_equal(far_wait(connects), 0);
		if (i == 1)
			break;
		/* And again, after it was killed. */
		rig_kill(&third);
		assert_int_equal(far_nodes(2), 2);
		assert_int_equal(rig_again(&third, NULL), 0);
	}
	assert_int_equal(rig_end(&third), 0);
	assert_int_equal(far_nodes(2), 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_listed),
		cmocka_unit_test(streams_pass_between_nodes),
		cmocka_unit_test(what_a_node_was_sent_before_a_close_is_read),
		cmocka_unit_test(a_process_killed_on_the_other_node_is_noticed),
		cmocka_unit_test(a_descriptor_shows_what_comes_from_the_other_node),
		cmocka_unit_test(a_node_that_is_killed_is_lost_and_comes_back),
		cmocka_unit_test(nodes_that_joined_the_same_one_reach_each_other),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(visit);
	return cmocka_run_group_tests(tests, far_begin, far_end);
}
