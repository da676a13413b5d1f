/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Bring-up, ring and teardown of a node (10.2 to 10.4, 10.10).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "scif_peer.h"

#define COOKIE UINT64_C(0xc00c1e0000000000)

/* 198 */
static void
s198_words_of_a_queue_pair_are_where_the_datasheet_has_them(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	peer_step(p, 0);
	assert_true(card_attach(c));
	assert_int_equal(get(c->host_qp + 0, 8), UINT64_C(0x5c1f000000005c1f));
	assert_int_equal(get(c->host_qp + 72, 4), 65536);
	assert_int_equal(get(c->host_qp + 128, 4), 0);
	assert_non_null(card_map(c, get(c->host_qp + 208, 8), 65536));
}

/* 205: the host first, as card_up has it; and the card first. */
static void
the_card_may_begin(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_publish(c);
	for (unsigned int s = 0; s < 3 && !card_attach(c); s++)
		peer_step(p, 1000);
	assert_non_null(c->host_qp);
	peer_step(p, 1000);
	assert_int_equal(card_expect(c, INIT).dst_node, 1);
	assert_int_equal(nodes(p), 1);
	card_send(c, INIT, 0, 0, 0, 0);
	assert_int_equal(nodes(p), 2);
	assert_true(scif_engine_node_online(p->engine, 1));
}

static void
the_host_may_begin(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	peer_step(p, 1000);
	assert_true(card_attach(c));
	peer_step(p, 5000);
	assert_int_equal(nodes(p), 1);
	card_up(c);
	assert_int_equal(nodes(p), 2);
}

/* The outbound offset starts where the other side's word says (10.2, step 9). */
static void
the_host_begins_where_the_card_is(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint8_t *qp = c->bytes + CARD_QP;

	card_publish(c);
	put(qp + QP_LOCAL_WRITE, 4, 65520);
	c->in = 65520;
	peer_step(p, 1000);
	assert_true(card_attach(c));
	peer_step(p, 1000);
	card_expect(c, INIT);
	assert_int_equal(c->in, (65520 + 44) & 65535);
}

/* 204 */
static void
s204_a_bad_magic_is_no_peer(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_publish(c);
	put(c->bytes + CARD_QP + QP_MAGIC, 8, MAGIC + 1);
	for (unsigned int s = 0; s < 5; s++)
		peer_step(p, 1000);
	assert_int_equal(get(c->bytes + CARD_QP + QP_LOCAL_WRITE, 4), 0);
	assert_int_equal(nodes(p), 1);
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, 1, 0, 0, 0), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, 1, 1, 700, 0), -ENODEV);
}

/* Sizes that are none, and rings that are not there. */
static void
a_bad_ring_is_no_peer(void **state)
{
	static const uint64_t sizes[] = {0, 1, 43, 65535, UINT32_MAX, UINT64_C(0x80000000)};
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint8_t *qp = c->bytes + CARD_QP;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		card_publish(c);
		put(qp + QP_RING_SIZE, 4, sizes[i]);
		peer_step(p, 2000);
		assert_int_equal(nodes(p), 1);
		assert_int_equal(get(qp + QP_LOCAL_WRITE, 4), 0);
		c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
		peer_step(p, 2000);
	}
	card_publish(c);
	put(qp + QP_LOCAL_BUF, 8, c->address + CARD_BYTES - 100);
	peer_step(p, 2000);
	assert_int_equal(get(qp + QP_LOCAL_WRITE, 4), 0);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, c->address + CARD_BYTES - 100);
	peer_step(p, 2000);
	assert_int_equal(nodes(p), 1);
}

/* 206 */
static void
a_card_that_restarts_is_a_peer_again(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	for (unsigned int round = 0; round < 3; round++) {
		c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
		peer_step(p, 1000);
		peer_step(p, 1000);
		assert_int_equal(nodes(p), 1);
		card_up(c);
		assert_int_equal(nodes(p), 2);
	}
}

static void
a_second_init_counts_nothing(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_send(c, INIT, 0, 0, 0, 0);
	card_send(c, INIT, 0, 0, 0, 0);
	assert_int_equal(nodes(p), 2);
}

/* 197, 9.2: and what comes back has the fields where they belong. */
static void
node_info_is_answered(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;

	card_send(c, GET_NODE_INFO, 1, 2, 3, COOKIE);
	m = card_expect(c, GET_NODE_INFO);
	assert_int_equal(m.p[1], 1);
	assert_int_equal(m.p[2], 2);
	assert_int_equal(m.p[3], COOKIE);
	card_silent(c);
}

/* 200: records lie end to end over the end of either ring, many times. */
static void
s200_records_wrap_without_padding(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	for (uint64_t i = 0; i < 4000; i++) {
		uint32_t out = c->out, in = c->in;

		card_send(c, GET_NODE_INFO, 0, 0, 0, COOKIE + i);
		assert_int_equal(card_expect(c, GET_NODE_INFO).p[3], COOKIE + i);
		assert_int_equal(c->out, (out + 44) & 65535);
		assert_int_equal(c->in, (in + 44) & 65535);
		assert_int_equal(get(c->bytes + CARD_QP + QP_LOCAL_READ, 4), c->out);
	}
	(void)p;
}

/* A message in pieces is not one before its last byte is committed. */
static void
a_part_of_a_message_is_left_alone(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint8_t bytes[44] = {0};

	put(bytes + 8, 4, GET_NODE_INFO);
	put(bytes + 36, 8, COOKIE);
	for (unsigned int i = 0; i < 44; i++) {
		card_silent(c);
		card_write(c, bytes + i, 1);
		card_commit(c);
		peer_step(p, 0);
	}
	assert_int_equal(card_expect(c, GET_NODE_INFO).p[3], COOKIE);
}

/* 220: doorbells mean nothing. Several in one commit, and rings without anything. */
static void
s220_doorbells_neither_lose_nor_repeat(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint8_t bytes[44] = {0};

	put(bytes + 8, 4, GET_NODE_INFO);
	for (uint64_t i = 0; i < 100; i++) {
		put(bytes + 36, 8, COOKIE + i);
		card_write(c, bytes, sizeof(bytes));
	}
	peer_step(p, 0);
	card_silent(c);
	card_commit(c);
	for (unsigned int i = 0; i < 5; i++)
		c->loop.end[1].bus.ops->ring(&c->loop.end[1].bus);
	for (unsigned int i = 0; i < 5; i++)
		peer_step(p, 0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(card_expect(c, GET_NODE_INFO).p[3], COOKIE + i);
	card_silent(c);
}

/* 199, 203: 1489 messages and no more; who sends another waits 3 s. */
static void
s203_a_full_ring_is_retried_for_three_seconds(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint32_t used;

	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, 1, 0, 0, 0), 0);
	for (unsigned int i = 0; i < 1489; i++)
		card_send(c, GET_NODE_INFO, 0, 0, 0, COOKIE + i);
	used = ((uint32_t)get(c->bytes + CARD_QP + QP_LOCAL_WRITE, 4) - c->in) & 65535;
	assert_int_equal(used, 1489 * 44);
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, 1, 1, 700, 0), -EINPROGRESS);
	for (unsigned int ms = 0; ms < 2990; ms++)
		peer_step(p, 1);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -EINPROGRESS);
	used = ((uint32_t)get(c->bytes + CARD_QP + QP_LOCAL_WRITE, 4) - c->in) & 65535;
	assert_int_equal(used, 1489 * 44);
	for (unsigned int ms = 0; ms < 20; ms++)
		peer_step(p, 1);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ENODEV);
}

static void
a_ring_with_room_again_goes_on(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, 1, 0, 0, 0), 0);
	for (unsigned int i = 0; i < 1489; i++)
		card_send(c, GET_NODE_INFO, 0, 0, 0, COOKIE + i);
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, 1, 1, 700, 0), -EINPROGRESS);
	peer_step(p, 2000);
	for (unsigned int i = 0; i < 1489; i++)
		assert_int_equal(card_expect(c, GET_NODE_INFO).p[3], COOKIE + i);
	peer_step(p, 1);
	assert_int_equal(card_expect(c, CNCT_REQ).dst_port, 700);
	card_silent(c);
}

/* ---- Teardown (10.10) ---- */

/* 219: the card leaves; the other node is told first. */
static void
s219_a_card_that_exits_is_removed_everywhere(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0], *other = &p->card[1];
	struct message m;
	struct link l;

	card_up(other);
	card_drain(c);
	card_drain(other);
	link_up(c, &l);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
	card_send(c, EXIT, 0, 0, 0, 0);
	m = card_expect(other, NODE_REMOVE);
	assert_int_equal(m.p[0], 1);
	card_silent(c);
	card_send(other, NODE_REMOVE_ACK, 1, 0, 0, 0);
	card_expect(c, EXIT_ACK);
	assert_int_equal(state_of(p, l.endpoint), SCIF_DISCONNECTED);
	assert_int_equal(nodes(p), 2);
	card_silent(other);
	card_up(c);
	assert_int_equal(nodes(p), 3);
}

/* No answer: 30 s, and on. */
static void
an_answer_to_node_remove_is_not_awaited_for_ever(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0], *other = &p->card[1];
	bool up = true;

	card_up(other);
	card_drain(c);
	card_drain(other);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
	card_send(c, EXIT, 0, 0, 0, 0);
	card_expect(other, NODE_REMOVE);
	for (unsigned int s = 0; s < 29; s++)
		peer_step(p, 1000);
	card_silent(c);
	for (unsigned int s = 0; s < 3; s++)
		peer_step(p, 1000);
	up = scif_engine_node_online(p->engine, 1);
	assert_false(up);
	card_expect(c, EXIT_ACK);
}

/* One that comes back meanwhile is a new one, and not sent away. */
static void
a_card_may_return_before_its_exit_is_answered(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0], *other = &p->card[1];

	card_up(other);
	card_drain(c);
	card_send(c, EXIT, 0, 0, 0, 0);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
	peer_step(p, 5000);
	memmove(c->bytes + CARD_QP + 0x400, c->bytes + CARD_QP, QP_BYTES);
	put(c->bytes + CARD_QP + 0x400 + QP_LOCAL_WRITE, 4, c->in);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, c->address + CARD_QP + 0x400);
	peer_step(p, 5000);
	peer_step(p, 1000);
	assert_true(card_attach(c));
	card_send(c, INIT, 0, 0, 0, 0);
	assert_int_equal(nodes(p), 3);
	for (unsigned int s = 0; s < 40; s++)
		peer_step(p, 1000);
	assert_int_equal(nodes(p), 3);
}

/* A card that goes without an answer, while the host leaves. */
static void
a_host_does_not_wait_for_cards_that_are_gone(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	scif_engine_stop(p->engine);
	card_expect(c, EXIT);
	c->loop.end[1].bus.ops->publish(&c->loop.end[1].bus, 0);
	peer_step(p, 2000);
	assert_true(scif_engine_stopped(p->engine));
}

/* The host leaves: its address goes, EXIT, and the answer is awaited. */
static void
a_host_that_stops_tells_its_cards(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	link_up(c, &l);
	scif_engine_stop(p->engine);
	peer_step(p, 0);
	card_expect(c, EXIT);
	assert_int_equal(c->loop.end[1].bus.ops->peer_qp(&c->loop.end[1].bus), 0);
	assert_false(scif_engine_stopped(p->engine));
	card_send(c, EXIT_ACK, 0, 0, 0, 0);
	peer_step(p, 0);
	assert_true(scif_engine_stopped(p->engine));
	assert_int_equal(state_of(p, l.endpoint), SCIF_DISCONNECTED);
}

/* Node 0 manages: nobody tells it who is gone. */
static void
a_card_cannot_remove_another(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_up(&p->card[1]);
	card_drain(c);
	for (uint64_t id = 0; id < 4; id++)
		card_send(c, NODE_REMOVE, id, 0, 0, 0);
	card_send(c, NODE_REMOVE_ACK, 2, 0, 0, 0);
	card_send(c, EXIT_ACK, 0, 0, 0, 0);
	assert_int_equal(nodes(p), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, peer_begin, peer_end)
#define U(name) cmocka_unit_test_setup_teardown(name, peer_begin_up, peer_end)
		T(s198_words_of_a_queue_pair_are_where_the_datasheet_has_them),
		T(the_card_may_begin),
		T(the_host_may_begin),
		T(the_host_begins_where_the_card_is),
		T(s204_a_bad_magic_is_no_peer),
		T(a_bad_ring_is_no_peer),
		U(a_card_that_restarts_is_a_peer_again),
		U(a_second_init_counts_nothing),
		U(node_info_is_answered),
		U(s200_records_wrap_without_padding),
		U(a_part_of_a_message_is_left_alone),
		U(s220_doorbells_neither_lose_nor_repeat),
		U(s203_a_full_ring_is_retried_for_three_seconds),
		U(a_ring_with_room_again_goes_on),
		U(s219_a_card_that_exits_is_removed_everywhere),
		U(an_answer_to_node_remove_is_not_awaited_for_ever),
		U(a_card_may_return_before_its_exit_is_answered),
		U(a_host_that_stops_tells_its_cards),
		U(a_host_does_not_wait_for_cards_that_are_gone),
		U(a_card_cannot_remove_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
