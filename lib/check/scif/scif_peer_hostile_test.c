/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A node that says anything: the host drops or refuses it, counts it, and goes on with the others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "scif_peer.h"

static const uint64_t odd[] = {
	0,
	1,
	UINT32_MAX,
	UINT64_MAX,
	UINT64_C(1) << 63,
	UINT64_C(0x7fff00000000),
	UINT64_C(0x0000000100000001),
	UINT64_C(0x0100000000000001),
};

#define ODD (sizeof(odd) / sizeof(odd[0]))

/* Another card connects, and is heard. */
static void
the_host_goes_on(struct peer *p)
{
	struct card *c = &p->card[1];
	struct link l;

	if (!c->up)
		card_up(c);
	card_drain(c);
	host_listen(p, 100, 900, 4);
	link_request(c, &l, 3, 900);
	link_accept(c, &l, 100, 101);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, 101, 0, 0, 0), 0);
	card_expect(c, DISCNCT);
	card_send(c, DISCNT_ACK, l.host_handle, l.handle, 0, 0);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, 100, 0, 0, 0), 0);
	card_silent(c);
}

/* 207 */
static void
opcodes_that_are_none_are_dropped(void **state)
{
	static const uint32_t ops[] = {0, 40, 41, 62, 0x100, 0x10001, 0x80000000u, UINT32_MAX};
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	link_up(c, &l);
	for (unsigned int i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		card_send(c, ops[i], l.host_handle, l.host_handle, l.host_handle, l.host_handle);
		card_silent(c);
	}
	assert_int_equal(scif_engine_counters(p->engine)->unknown, 8);
	assert_int_equal(state_of(p, l.endpoint), SCIF_CONNECTED);
	the_host_goes_on(p);
}

/* 208: every opcode with handles of nothing in every word. */
static void
handles_of_nothing_do_nothing(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint64_t bad = scif_engine_counters(p->engine)->bad_token;
	struct link l;

	link_up(c, &l);
	for (uint32_t op = CNCT_REQ; op <= MESSAGE_MAX; op++) {
		for (unsigned int i = 0; i < ODD; i++) {
			card_send(c, op, odd[i], odd[(i + 1) % ODD], odd[(i + 3) % ODD], odd[i]);
			card_drain(c);
		}
	}
	assert_true(scif_engine_counters(p->engine)->bad_token > bad);
	assert_int_equal(state_of(p, l.endpoint), SCIF_CONNECTED);
	the_host_goes_on(p);
}

/* The same with one that is good among them: anything may become of that connection, and nothing of
 * others.
 */
static void
a_good_handle_in_the_wrong_place_hurts_only_its_connection(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l, other;

	host_listen(p, 1, 700, 4);
	link_request(c, &other, 5, 700);
	link_accept(c, &other, 1, 6);
	for (uint32_t op = INIT; op <= MESSAGE_MAX; op++) {
		uint32_t endpoint = 10 + op;

		if (op == EXIT || op == DISCNCT)
			continue;
		link_request(c, &l, 0, 700);
		link_accept(c, &l, 1, endpoint);
		for (unsigned int i = 0; i < 4 * ODD; i++) {
			uint64_t w[4] = {odd[i / 4], odd[i / 4], odd[i / 4], odd[i / 4]};

			w[i % 4] = l.host_handle;
			card_send(c, op, w[0], w[1], w[2], w[3]);
			card_drain(c);
		}
		assert_int_equal(state_of(p, 6), SCIF_CONNECTED);
		assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, endpoint, 0, 0, 0), 0);
		card_send(c, DISCNT_ACK, l.host_handle, l.handle, 0, 0);
		card_drain(c);
	}
	the_host_goes_on(p);
}

/* Handles are of a connection with one node: another node cannot use them. */
static void
a_handle_is_of_one_node(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0], *other = &p->card[1];
	struct link l;

	card_up(other);
	card_drain(c);
	link_up(c, &l);
	for (uint32_t op = CNCT_REQ; op <= MESSAGE_MAX; op++) {
		card_send(other, op, l.host_handle, l.host_handle, l.host_handle, l.host_handle);
		card_send(other, op, l.handle, l.host_handle, 0, 0);
		card_drain(other);
		card_silent(c);
	}
	assert_int_equal(state_of(p, l.endpoint), SCIF_CONNECTED);
}

/* 209, of the node's ring. */
static void
ring_words_may_be_anything(void **state)
{
	static const uint32_t words[] = {65536, 65535, 1, 43, 0x7fffffff, 0x80000000u, UINT32_MAX};
	struct peer *p = *state;
	struct card *c = &p->card[0];

	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		put(c->host_qp + QP_LOCAL_WRITE, 4, words[i]);
		put(c->bytes + CARD_QP + QP_LOCAL_READ, 4, words[i]);
		put(c->bytes + CARD_QP + QP_LOCAL_WRITE, 4, words[(i + 3) % 7]);
		put(c->bytes + CARD_QP + QP_MAGIC, 8, words[i]);
		put(c->bytes + CARD_QP + QP_RING_SIZE, 4, words[i]);
		put(c->bytes + CARD_QP + QP_LOCAL_BUF, 8, words[i]);
		for (unsigned int n = 0; n < 20; n++)
			peer_step(p, 1);
	}
	the_host_goes_on(p);
}

/* 209, of a connection's. */
static void
words_of_a_connection_may_be_anything(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	link_up(c, &l);
	for (unsigned int i = 0; i < ODD; i++) {
		for (unsigned int at = 0; at < QP_BYTES; at += 8) {
			put(l.host_qp + at, 8, odd[i]);
			put(l.qp + at, 8, odd[i]);
		}
		card_send(c, CLIENT_SENT, l.host_handle, 0, 0, 0);
		card_send(c, CLIENT_RCVD, l.host_handle, 0, 0, 0);
		card_drain(c);
	}
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
	card_send(c, DISCNT_ACK, l.host_handle, l.handle, 0, 0);
	card_drain(c);
	the_host_goes_on(p);
}

/* A storm of requests: what does not fit is refused, and all are refused when the listener goes. */
static void
requests_without_end_are_refused(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	unsigned int refused = 0;
	struct message m;
	struct link l;

	host_listen(p, 1, 700, 8);
	for (unsigned int i = 0; i < 3000; i++) {
		link_request(c, &l, i % 8, 700);
		while (card_hear(c, &m))
			refused += m.op == CNCT_REJ;
	}
	assert_int_equal(refused, 2992);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, 1, 0, 0, 0), 0);
	assert_int_equal(card_drain(c), 8);
	the_host_goes_on(p);
}

/* Nor windows: a node that only ever asks for them is stopped some time, and what it has is freed
 * with it, which peer_end counts.
 */
static void
windows_without_end_are_refused_or_freed(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	unsigned int rejected = 0;
	struct message m;
	struct link l;

	link_up(c, &l);
	for (unsigned int i = 0; i < 2000; i++) {
		card_send(c, ALLOC_REQ, 0, 1, i, 0);
		assert_true(card_hear(c, &m));
		rejected += m.op == ALLOC_REJ;
	}
	assert_true(rejected > 0);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
	peer_step(p, 1000);
	peer_step(p, 1000);
	assert_int_equal(nodes(p), 1);
	the_host_goes_on(p);
}

/* A node that does not read: it is lost to those who call it, and to nobody else. */
static void
a_node_that_does_not_read_holds_up_nobody(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_up(&p->card[1]);
	for (unsigned int i = 0; i < 20000; i++) {
		if (card_room(c) < MESSAGE_BYTES)
			break;
		card_send(c, GET_NODE_INFO, 0, 0, 0, i);
	}
	the_host_goes_on(p);
	peer_step(p, 4000);
	the_host_goes_on(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, peer_begin_up, peer_end)
		U(opcodes_that_are_none_are_dropped),
		U(handles_of_nothing_do_nothing),
		U(a_good_handle_in_the_wrong_place_hurts_only_its_connection),
		U(a_handle_is_of_one_node),
		U(ring_words_may_be_anything),
		U(words_of_a_connection_may_be_anything),
		U(requests_without_end_are_refused),
		U(windows_without_end_are_refused_or_freed),
		U(a_node_that_does_not_read_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
