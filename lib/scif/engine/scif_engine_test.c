/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "scif_engine_test_rig.h"
#include "scif_priv.h"

/* Requests, and what they leave behind. */

#define PORT       2050
#define CONNECT_MS 100

static struct bench b;
static struct scif_client *one, *two;

static int
begin(void **state)
{
	const struct scif_engine_config config = {.connect_ms = CONNECT_MS, .accept_ms = 50};

	(void)state;
	bench_begin(&b, &config);
	one = bench_client(&b, false, NULL);
	two = bench_client(&b, true, NULL);
	return b.engine == NULL || one == NULL || two == NULL;
}

/* Nothing is left: no endpoint, port, token or memory but the boards. */
static void
assert_empty(unsigned int clients)
{
	const struct scif_held none = {.clients = clients};
	struct scif_held held;

	bench_step(&b, 60000);
	scif_engine_held(b.engine, &held);
	assert_memory_equal(&held, &none, sizeof(none));
	assert_true(scif_list_empty(&b.engine->endpoints));
	assert_true(scif_list_empty(&b.engine->timers));
	assert_true(scif_list_empty(&b.engine->arenas));
	assert_int_equal(b.engine->tokens.count, 0);
	assert_int_equal(b.memories, clients);
	assert_int_equal(b.gates, 0);
	for (unsigned int i = 0; i < 65536; i++)
		if (b.engine->ports.holders[i] != 0 || b.engine->listener[i] != NULL)
			fail_msg("port %u is held", i);
}

static int
end(void **state)
{
	(void)state;
	if (one != NULL)
		scif_engine_client_remove(b.engine, one);
	if (two != NULL)
		scif_engine_client_remove(b.engine, two);
	assert_empty(0);
	scif_engine_destroy(b.engine);
	return 0;
}

static int
ask(struct scif_client *client, enum scif_request_op op, uint32_t endpoint, uint64_t a0)
{
	return bench_ask(&b, client, op, endpoint, a0, 0, 0);
}

static int
ask_connect(struct scif_client *client, uint32_t endpoint, uint64_t port, bool asynchronous)
{
	return bench_ask(&b, client, SCIF_REQUEST_CONNECT, endpoint, 0, port, asynchronous);
}

static uint32_t
state_of(const struct scif_client *client, uint32_t index)
{
	return atomic_load(&client->desk->board->ctl[index].state);
}

/* Endpoint 0 of two listens. */
static void
listen_two(uint64_t backlog)
{
	assert_int_equal(ask(two, SCIF_REQUEST_OPEN, 0, 0), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_BIND, 0, PORT), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_LISTEN, 0, backlog), 0);
}

/* Endpoints 1 of both are connected. */
static void
connect_them(void)
{
	listen_two(1);
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 1, 0), 0);
	assert_int_equal(ask_connect(one, 1, PORT, false), -EINPROGRESS);
	assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 1), 0);
	assert_int_equal(state_of(one, 1), SCIF_CONNECTED);
	assert_int_equal(state_of(two, 1), SCIF_CONNECTED);
}

/* ---- Tests ---- */

static void
ports_below_1024_need_privilege(void **state)
{
	(void)state;
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 0, 0), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_BIND, 0, 1023), -EACCES);
	assert_int_equal(ask(two, SCIF_REQUEST_OPEN, 0, 0), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_BIND, 0, 1023), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_BIND, 0, 1024), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_BIND, 0, 1023), -EACCES);
	assert_int_equal(ask(two, SCIF_REQUEST_BIND, 0, 1022), -EINVAL);
}

static void
ports_that_are_given_out_come_to_an_end(void **state)
{
	unsigned int n = 0;

	(void)state;
	/* As if almost all were held. */
	for (unsigned int i = SCIF_PORT_FIRST; i < 65530; i++)
		b.engine->ports.holders[i] = 1;
	for (uint32_t i = 0; i < 10; i++) {
		ask(one, SCIF_REQUEST_OPEN, i, 0);
		n += ask(one, SCIF_REQUEST_BIND, i, 0) == 0;
	}
	assert_int_equal(n, 6);
	assert_int_equal(ask(one, SCIF_REQUEST_BIND, 6, 0), -ENOSPC);
	assert_int_equal(ask_connect(one, 6, PORT, false), -ENOSPC);
	assert_int_equal(ask(one, SCIF_REQUEST_CLOSE, 2, 0), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_BIND, 6, 0), 0);
	assert_int_equal(b.reply.value[0], 65532);
	memset(b.engine->ports.holders + SCIF_PORT_FIRST, 0,
	       (65530 - SCIF_PORT_FIRST) * sizeof(b.engine->ports.holders[0]));
}

static void
a_port_is_busy_while_an_accepted_endpoint_lives(void **state)
{
	(void)state;
	connect_them();
	assert_int_equal(ask(two, SCIF_REQUEST_CLOSE, 0, 0), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_OPEN, 0, 0), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_BIND, 0, PORT), -EINVAL);
	assert_int_equal(ask(two, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_BIND, 0, PORT), 0);
}

static void
as_many_wait_as_the_backlog_says(void **state)
{
	(void)state;
	listen_two(2);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(ask(one, SCIF_REQUEST_OPEN, i, 0), 0);
	assert_int_equal(ask_connect(one, 0, PORT, false), -EINPROGRESS);
	assert_int_equal(ask_connect(one, 1, PORT, false), -EINPROGRESS);
	assert_int_equal(state_of(one, 1), SCIF_CONNECTING);
	ask_connect(one, 2, PORT, false);
	assert_int_equal(state_of(one, 2), SCIF_BOUND);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 2, 0), -ECONNREFUSED);
	assert_int_equal(ask(two, SCIF_REQUEST_CLOSE, 0, 0), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 0, 0), -ECONNREFUSED);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 1, 0), -ECONNREFUSED);
}

static void
the_oldest_request_is_accepted_first(void **state)
{
	(void)state;
	listen_two(3);
	for (uint32_t i = 0; i < 3; i++) {
		ask(one, SCIF_REQUEST_OPEN, i, 0);
		ask(one, SCIF_REQUEST_BIND, i, 3000 + i);
		ask_connect(one, i, PORT, false);
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 1 + i), 0);
		assert_int_equal(b.reply.value[1], 3000 + i);
	}
	assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 9), -EAGAIN);
}

static void
a_connect_ends_when_its_time_is_over_and_no_sooner(void **state)
{
	(void)state;
	listen_two(1);
	ask(one, SCIF_REQUEST_OPEN, 1, 0);
	ask_connect(one, 1, PORT, false);
	bench_step(&b, CONNECT_MS - 1);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 1, 0), -EINPROGRESS);
	bench_step(&b, 1);
	assert_int_equal(state_of(one, 1), SCIF_BOUND);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 1, 0), -ECONNREFUSED);
	/* Who accepts now finds that it is not wanted. */
	assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 1), 0);
	assert_int_equal(state_of(two, 1), SCIF_UNBOUND);
	assert_int_equal(b.engine->counters.received[SCIF_CNCT_GNTNACK], 1);
	assert_int_equal(ask(two, SCIF_REQUEST_CLOSE, 1, 0), 0);
}

static void
each_step_has_its_message(void **state)
{
	const struct scif_counters *c = scif_engine_counters(b.engine);

	(void)state;
	connect_them();
	assert_int_equal(c->received[SCIF_CNCT_REQ], 1);
	assert_int_equal(c->received[SCIF_CNCT_GNT], 1);
	assert_int_equal(c->received[SCIF_CNCT_GNTACK], 1);
	assert_int_equal(ask(one, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(c->received[SCIF_DISCNCT], 1);
	assert_int_equal(c->received[SCIF_DISCNT_ACK], 1);
	assert_int_equal(state_of(two, 1), SCIF_DISCONNECTED);
	assert_int_equal(ask(two, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(c->received[SCIF_DISCNCT], 1);
	assert_int_equal(c->received[SCIF_CNCT_REJ], 0);
	ask(one, SCIF_REQUEST_OPEN, 1, 0);
	ask_connect(one, 1, PORT + 1, false);
	assert_int_equal(c->received[SCIF_CNCT_REJ], 1);
}

static void
halves_stay_until_both_sides_have_gone(void **state)
{
	(void)state;
	connect_them();
	assert_int_equal(b.memories, 3);
	ask(one, SCIF_REQUEST_CLOSE, 1, 0);
	assert_int_equal(b.memories, 3);
	ask(two, SCIF_REQUEST_CLOSE, 1, 0);
	assert_int_equal(b.memories, 2);
}

static void
a_client_that_goes_disconnects_its_peers(void **state)
{
	(void)state;
	connect_them();
	scif_engine_client_remove(b.engine, one);
	one = NULL;
	assert_int_equal(state_of(two, 1), SCIF_DISCONNECTED);
}

static void
the_last_of_two_holders_closes(void **state)
{
	struct scif_client *child;

	(void)state;
	connect_them();
	child = bench_client(&b, false, one);
	assert_int_equal(ask(one, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(b.reply.value[0], 0);
	assert_int_equal(state_of(two, 1), SCIF_CONNECTED);
	/* Its place on the parent's board is in use still, the index of the child, too. */
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 1, 0), -EBUSY);
	assert_int_equal(ask(child, SCIF_REQUEST_OPEN, 1, 0), -EBUSY);
	assert_int_equal(ask(child, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(b.reply.value[0], 1);
	assert_int_equal(state_of(two, 1), SCIF_DISCONNECTED);
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 1, 0), 0);
	scif_engine_client_remove(b.engine, child);
}

static void
an_endpoint_outlives_the_client_that_opened_it(void **state)
{
	struct scif_client *child;

	(void)state;
	connect_them();
	child = bench_client(&b, false, one);
	scif_engine_client_remove(b.engine, one);
	one = NULL;
	assert_int_equal(state_of(two, 1), SCIF_CONNECTED);
	assert_int_equal(ask(child, SCIF_REQUEST_ATTACH, 1, 0), 0);
	scif_engine_client_remove(b.engine, child);
	assert_int_equal(state_of(two, 1), SCIF_DISCONNECTED);
}

static void
without_memory_accept_fails_and_connect_is_refused(void **state)
{
	(void)state;
	listen_two(1);
	ask(one, SCIF_REQUEST_OPEN, 1, 0);
	ask_connect(one, 1, PORT, false);
	b.no_memory = true;
	assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 1), -ENOMEM);
	assert_int_equal(ask(one, SCIF_REQUEST_OUTCOME, 1, 0), -ECONNREFUSED);
	b.no_memory = false;
	ask_connect(one, 1, PORT, false);
	assert_int_equal(ask(two, SCIF_REQUEST_ACCEPT, 0, 1), 0);
}

static void
a_descriptor_shows_what_there_is(void **state)
{
	(void)state;
	listen_two(1);
	assert_int_equal(ask(two, SCIF_REQUEST_GATE, 0, 0), 0);
	assert_int_equal(b.shown, 0);
	ask(one, SCIF_REQUEST_OPEN, 1, 0);
	ask_connect(one, 1, PORT, false);
	assert_int_equal(b.shown, POLLIN);
	ask(two, SCIF_REQUEST_ACCEPT, 0, 1);
	assert_int_equal(b.shown, 0);
	ask(two, SCIF_REQUEST_GATE, 1, 0);
	assert_int_equal(b.shown, POLLOUT);
	ask(one, SCIF_REQUEST_CLOSE, 1, 0);
	assert_int_equal(b.shown, POLLOUT | POLLHUP);
}

static void
a_client_of_another_version_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ask(one, SCIF_REQUEST_HELLO, 0, SCIF_REQUEST_VERSION), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_HELLO, 0, SCIF_REQUEST_VERSION + 1), -ENXIO);
	assert_int_equal(ask(one, SCIF_REQUEST_HELLO, 0, 0), -ENXIO);
}

/* Whatever comes: refused, and the engine goes on. */
static void
requests_that_are_none_are_refused(void **state)
{
	static uint8_t bytes[sizeof(struct scif_request) + 1];
	struct scif_reply reply;
	int fds[SCIF_REQUEST_FDS], fd = -1;
	uint64_t random = 1;

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++)
		if (len != sizeof(struct scif_request)) {
			scif_engine_request(b.engine, one, bytes, len, &fd, &reply, fds);
			assert_int_equal(reply.error, EPROTO);
		}
	for (int n = 0; n < 20000; n++) {
		struct scif_request rq;

		for (size_t i = 0; i < sizeof(rq); i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			((uint8_t *)&rq)[i] = (uint8_t)(random >> 56);
		}
		rq.op %= 64;
		rq.endpoint %= n % 2 == 0 ? 8 : UINT32_MAX;
		for (int i = 0; i < SCIF_REQUEST_ARGS; i++)
			rq.arg[i] %= random % 3 == 0 ? UINT64_MAX : 8;
		fd = -1;
		scif_engine_request(b.engine, n % 3 == 0 ? one : two, &rq, sizeof(rq), &fd, &reply,
				    fds);
		if (n % 64 == 0)
			bench_step(&b, n % 7);
	}
}

/* A board and halves full of anything: looked at, and not believed. */
static void
what_clients_write_into_shared_memory_is_not_believed(void **state)
{
	struct scif_half *half;
	uint64_t random = 7;

	(void)state;
	connect_them();
	ask(one, SCIF_REQUEST_GATE, 1, 0);
	half = scif_endpoint_half(scif_endpoint_of(one, 1));
	for (int n = 0; n < 200; n++) {
		uint8_t *at[] = {(uint8_t *)one->desk->board, (uint8_t *)half};
		size_t size[] = {sizeof(struct scif_board), sizeof(*half)};

		for (int i = 0; i < 4000; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			at[i % 2][(random >> 20) % size[i % 2]] = (uint8_t)(random >> 56);
		}
		bench_step(&b, 1);
	}
	assert_int_equal(ask(one, SCIF_REQUEST_CLOSE, 1, 0), 0);
	assert_int_equal(state_of(two, 1), SCIF_DISCONNECTED);
}

/* ---- All sequences of what two clients can do about one connection ---- */

#define STEPS 5

static uint32_t accepted; /* index of the last that was */

static void
act(unsigned int what)
{
	switch (what) {
	case 0:
		if (ask(two, SCIF_REQUEST_OPEN, 0, 0) == 0) {
			ask(two, SCIF_REQUEST_BIND, 0, PORT);
			ask(two, SCIF_REQUEST_LISTEN, 0, 1);
		}
		break;
	case 1:
		ask(two, SCIF_REQUEST_CLOSE, 0, 0);
		break;
	case 2:
	case 3:
		ask(one, SCIF_REQUEST_OPEN, what, 0);
		ask_connect(one, what, PORT, what == 3);
		break;
	case 4:
	case 5:
		ask(one, SCIF_REQUEST_CLOSE, what - 2, 0);
		break;
	case 6:
		accepted += ask(two, SCIF_REQUEST_ACCEPT, 0, accepted + 1) == 0;
		break;
	case 7:
		ask(two, SCIF_REQUEST_CLOSE, accepted, 0);
		break;
	case 8:
		bench_step(&b, CONNECT_MS);
		break;
	case 9:
		scif_engine_client_remove(b.engine, one);
		one = bench_client(&b, false, NULL);
		break;
	}
}

/* What is always so. */
static void
assert_sane(void)
{
	scif_list_each(at, next, &b.engine->endpoints) {
		const struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, link);
		const struct scif_endpoint *peer = scif_endpoint_peer(ep);

		if (ep->state == SCIF_CONNECTED &&
		    (peer == NULL || peer->state != SCIF_CONNECTED ||
		     peer->connection != ep->connection || peer->side == ep->side))
			fail_msg("connected to nobody");
		if (ep->state == SCIF_CONNECTING && ep->deadline == SCIF_NO_DEADLINE)
			fail_msg("connecting for ever");
		if (ep->state != SCIF_CLOSING && scif_list_empty(&ep->holds))
			fail_msg("state %d, and nobody holds it", ep->state);
	}
}

static void
close_all(struct scif_client *client, uint32_t last)
{
	for (uint32_t i = 0; i <= last; i++)
		ask(client, SCIF_REQUEST_CLOSE, i, 0);
}

static void
no_sequence_of_two_clients_leaves_anything(void **state)
{
	unsigned int sequences = 1;

	(void)state;
	for (unsigned int i = 0; i < STEPS; i++)
		sequences *= 10;
	for (unsigned int n = 0; n < sequences; n++) {
		accepted = 9;
		for (unsigned int i = 0, rest = n; i < STEPS; i++, rest /= 10) {
			act(rest % 10);
			assert_sane();
		}
		close_all(one, 3);
		close_all(two, accepted);
		if (!scif_list_empty(&b.engine->endpoints) || b.memories != 2 ||
		    b.engine->ports.holders[PORT] != 0 || b.engine->tokens.count != 0)
			fail_msg("sequence %u leaves something", n);
	}
}

static void
what_is_held_is_counted(void **state)
{
	struct scif_held held;

	(void)state;
	connect_them();
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 2, 0), 0);
	assert_int_equal(ask_connect(one, 2, PORT, false), -EINPROGRESS);
	scif_engine_held(b.engine, &held);
	assert_int_equal(held.clients, 2);
	assert_int_equal(held.endpoints, 4);
	assert_int_equal(held.tokens, 4);
	assert_int_equal(held.listeners, 1);
	assert_int_equal(held.requests, 1);
	/* Two of connectors; that of the listener, which who was accepted has, too. */
	assert_int_equal(held.ports, 4);
	assert_int_equal(held.arenas, 1);
	assert_int_equal(held.halves, 2);
	close_all(one, 2);
	close_all(two, 1);
	assert_empty(2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_below_1024_need_privilege),
		TEST(ports_that_are_given_out_come_to_an_end),
		TEST(a_port_is_busy_while_an_accepted_endpoint_lives),
		TEST(as_many_wait_as_the_backlog_says),
		TEST(the_oldest_request_is_accepted_first),
		TEST(a_connect_ends_when_its_time_is_over_and_no_sooner),
		TEST(each_step_has_its_message),
		TEST(halves_stay_until_both_sides_have_gone),
		TEST(a_client_that_goes_disconnects_its_peers),
		TEST(the_last_of_two_holders_closes),
		TEST(an_endpoint_outlives_the_client_that_opened_it),
		TEST(without_memory_accept_fails_and_connect_is_refused),
		TEST(a_descriptor_shows_what_there_is),
		TEST(a_client_of_another_version_is_refused),
		TEST(requests_that_are_none_are_refused),
		TEST(what_clients_write_into_shared_memory_is_not_believed),
		TEST(what_is_held_is_counted),
		TEST(no_sequence_of_two_clients_leaves_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
