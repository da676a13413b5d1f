/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Connections and bytes (10.5, 10.6).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "scif_half.h"
#include "scif_peer.h"

/* 210, from the card: exactly REQ, GNT, GNTACK. */
static void
s197_a_card_connects(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	host_listen(p, 1, 700, 4);
	link_make(c, &l, 0);
	put(l.qp + QP_LOCAL_WRITE, 4, 77);
	put(l.qp + QP_LOCAL_READ, 4, 78);
	link_request(c, &l, 0, 700);
	assert_int_equal(p->board->ctl[1].pending, 1);
	card_silent(c);
	link_accept(c, &l, 1, 2);
	card_silent(c);
	assert_int_equal(p->board->ctl[1].pending, 0);
	assert_int_equal(get(l.qp + QP_LOCAL_WRITE, 4), 0);
	assert_int_equal(get(l.qp + QP_LOCAL_READ, 4), 0);
	assert_int_equal(get(l.host_qp + QP_MAGIC, 8), MAGIC);
	assert_int_equal(get(l.host_qp + QP_RING_SIZE, 4), 4096);
	assert_non_null(card_map(c, get(l.host_qp + QP_LOCAL_BUF, 8), 4096));
}

static struct message
host_connects(struct peer *p, uint32_t endpoint, uint16_t port)
{
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, endpoint, 0, 0, 0), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, endpoint, 1, port, 0), -EINPROGRESS);
	return card_expect(&p->card[0], CNCT_REQ);
}

static void
grant(struct card *c, const struct message *request, struct link *l)
{
	const struct message m = {
		.src_node = c->node,
		.src_port = request->dst_port,
		.dst_port = request->src_port,
		.op = CNCT_GNT,
		.p = {request->p[0], l->qp_address, l->handle},
	};

	l->host_handle = request->p[0];
	card_say(c, &m);
}

/* 210, from the host. */
static void
s197_a_host_connects(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = host_connects(p, 1, 700), ack;
	struct link l;

	assert_int_equal(m.src_node, 0);
	assert_int_equal(m.dst_node, 1);
	assert_int_equal(m.dst_port, 700);
	assert_true(m.src_port >= 1089);
	assert_int_equal(get(card_map(c, m.p[1], QP_BYTES) + QP_MAGIC, 8), MAGIC);
	assert_int_equal(state_of(p, 1), SCIF_CONNECTING);
	link_make(c, &l, 0);
	grant(c, &m, &l);
	ack = card_expect(c, CNCT_GNTACK);
	assert_int_equal(ack.src_port, m.src_port);
	assert_int_equal(ack.p[0], l.handle);
	card_silent(c);
	assert_int_equal(state_of(p, 1), SCIF_CONNECTED);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), 0);
	assert_int_equal(p->reply.value[0], m.src_port);
}

/* 211: no listener; too many; the request comes back as it was. */
static void
a_request_is_refused(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;
	struct link l[3];

	link_request(c, &l[0], 0, 700);
	m = card_expect(c, CNCT_REJ);
	assert_int_equal(m.p[0], l[0].handle);
	assert_int_equal(m.p[1], l[0].qp_address);
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, 1, 0, 0, 0), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_BIND, 1, 700, 0, 0), 0);
	link_request(c, &l[0], 0, 700);
	card_expect(c, CNCT_REJ);
	assert_int_equal(ask(p, SCIF_REQUEST_LISTEN, 1, 2, 0, 0), 0);
	link_request(c, &l[0], 0, 700);
	link_request(c, &l[1], 1, 700);
	card_silent(c);
	link_request(c, &l[2], 2, 700);
	assert_int_equal(card_expect(c, CNCT_REJ).p[0], l[2].handle);
	card_silent(c);
}

static void
a_listener_that_closes_refuses_who_waits(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l[2];

	host_listen(p, 1, 700, 4);
	link_request(c, &l[0], 0, 700);
	link_request(c, &l[1], 1, 700);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, 1, 0, 0, 0), 0);
	assert_int_equal(card_expect(c, CNCT_REJ).p[0], l[0].handle);
	assert_int_equal(card_expect(c, CNCT_REJ).p[0], l[1].handle);
	card_silent(c);
}

static void
a_host_is_refused(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = host_connects(p, 1, 700);

	m.op = CNCT_REJ;
	card_say(c, &m);
	card_silent(c);
	assert_int_equal(state_of(p, 1), SCIF_BOUND);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ECONNREFUSED);
	/* And may try again. */
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, 1, 1, 700, 0), -EINPROGRESS);
	assert_int_equal(card_expect(c, CNCT_REQ).src_port, m.src_port);
}

/* REQ, GNT, GNTNACK: the accepter's queue pair cannot be mapped, or is none. */
static void
a_grant_of_nothing_is_not_acknowledged(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;
	struct link l;

	for (unsigned int what = 0; what < 4; what++) {
		m = host_connects(p, 1 + what, 700);
		link_make(c, &l, 0);
		if (what == 0)
			l.qp_address = UINT64_C(0x123456789000);
		if (what == 1)
			put(l.qp + QP_MAGIC, 8, 0);
		if (what == 2)
			put(l.qp + QP_RING_SIZE, 4, 4095);
		if (what == 3)
			put(l.qp + QP_LOCAL_BUF, 8, c->address + CARD_BYTES - 8);
		grant(c, &m, &l);
		assert_int_equal(card_expect(c, CNCT_GNTNACK).p[0], l.handle);
		assert_int_not_equal(state_of(p, 1 + what), SCIF_CONNECTED);
		card_silent(c);
	}
}

/* What was granted before is no grant of another attempt. */
static void
a_second_attempt_waits_for_its_own_grant(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = host_connects(p, 1, 700);
	struct link l;

	link_make(c, &l, 0);
	put(l.qp + QP_MAGIC, 8, 0);
	grant(c, &m, &l);
	card_expect(c, CNCT_GNTNACK);
	assert_true(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0) < 0);
	put(l.qp + QP_MAGIC, 8, MAGIC);
	assert_int_equal(ask(p, SCIF_REQUEST_CONNECT, 1, 1, 701, 0), -EINPROGRESS);
	card_expect(c, CNCT_REQ);
	peer_step(p, 10);
	assert_int_equal(state_of(p, 1), SCIF_CONNECTING);
	card_silent(c);
}

/* The same of a connector: the request comes back, and accept fails. */
static void
a_request_with_nothing_is_refused_at_accept(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = {.src_node = 1, .src_port = 5, .dst_port = 700, .op = CNCT_REQ};
	struct link l;

	host_listen(p, 1, 700, 4);
	for (unsigned int what = 0; what < 4; what++) {
		link_make(c, &l, 0);
		m.p[0] = l.handle;
		m.p[1] = what == 0 ? UINT64_C(0x123456789000) : l.qp_address;
		if (what == 1)
			put(l.qp + QP_MAGIC, 8, 0);
		if (what == 2)
			put(l.qp + QP_RING_SIZE, 4, 0);
		if (what == 3)
			put(l.qp + QP_LOCAL_BUF, 8, c->address + CARD_BYTES - 8);
		card_say(c, &m);
		/* Nothing at all there: who asked gave up, and another may be accepted. */
		assert_int_equal(ask(p, SCIF_REQUEST_ACCEPT, 1, 2, 0, 0),
				 what == 0 ? -EAGAIN : -EIO);
		assert_int_equal(card_expect(c, CNCT_REJ).p[0], l.handle);
		card_silent(c);
	}
	link_request(c, &l, 1, 700);
	link_accept(c, &l, 1, 3);
}

/* The connector answers a grant with GNTNACK. */
static void
an_accept_that_is_not_acknowledged_ends(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;
	struct message m;

	host_listen(p, 1, 700, 4);
	link_request(c, &l, 0, 700);
	assert_int_equal(ask(p, SCIF_REQUEST_ACCEPT, 1, 2, 0, 0), 0);
	m = card_expect(c, CNCT_GNT);
	card_send(c, CNCT_GNTNACK, m.p[2], 0, 0, 0);
	assert_int_equal(state_of(p, 2), SCIF_UNBOUND);
	card_silent(c);
	/* The listener is as it was. */
	link_request(c, &l, 1, 700);
	link_accept(c, &l, 1, 3);
}

/* Nobody accepts: connect ends after its time, and a late grant does no harm. */
static void
a_late_grant_is_not_taken(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = host_connects(p, 1, 700), late;
	struct link l;

	for (unsigned int s = 0; s < 11; s++)
		peer_step(p, 1000);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ECONNREFUSED);
	assert_int_equal(state_of(p, 1), SCIF_BOUND);
	card_drain(c);
	link_make(c, &l, 0);
	grant(c, &m, &l);
	assert_int_equal(state_of(p, 1), SCIF_BOUND);
	if (card_hear(c, &late)) {
		assert_int_equal(late.op, CNCT_GNTNACK);
		assert_int_equal(late.p[0], l.handle);
	}
	card_silent(c);
}

/* Neither ack nor nack: accept ends by itself. */
static void
an_accept_does_not_wait_for_ever(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	host_listen(p, 1, 700, 4);
	link_request(c, &l, 0, 700);
	assert_int_equal(ask(p, SCIF_REQUEST_ACCEPT, 1, 2, 0, 0), 0);
	for (unsigned int s = 0; s < 40; s++)
		peer_step(p, 1000);
	assert_int_equal(state_of(p, 2), SCIF_UNBOUND);
}

/* 8.2 */
static void
a_node_that_is_lost_takes_its_connects_with_it(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l, waiting;

	link_up(c, &l);
	link_request(c, &waiting, 1, 700);
	host_connects(p, 5, 700);
	c->loop.end[0].away = true;
	peer_step(p, 1000);
	peer_step(p, 1000);
	assert_int_equal(nodes(p), 1);
	assert_int_equal(state_of(p, l.endpoint), SCIF_DISCONNECTED);
	assert_int_equal(ask(p, SCIF_REQUEST_OUTCOME, 5, 0, 0, 0), -ENODEV);
	assert_int_equal(p->board->ctl[l.endpoint].node_lost, 1);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
}

/* ---- Disconnect ---- */

/* 212, of the host. */
static void
a_close_is_acknowledged(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;
	struct message m;

	link_up(c, &l);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
	m = card_expect(c, DISCNCT);
	assert_int_equal(m.src_node, 0);
	assert_int_equal(m.src_port, 700);
	assert_int_equal(m.dst_port, l.port);
	assert_int_equal(m.p[0], l.host_handle);
	assert_int_equal(m.p[1], l.handle);
	m.op = DISCNT_ACK;
	card_say(c, &m);
	card_silent(c);
}

/* Unanswered: 30 s, and the endpoint is gone all the same; peer_end counts memory. */
static void
a_close_that_is_not_acknowledged_ends(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l;

	link_up(c, &l);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
	card_expect(c, DISCNCT);
	for (unsigned int s = 0; s < 32; s++)
		peer_step(p, 1000);
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, l.endpoint, 0, 0, 0), 0);
}

static void
disconnect(struct card *c, const struct link *l)
{
	const struct message m = {
		.src_node = c->node,
		.src_port = l->port,
		.dst_port = l->host_port,
		.op = DISCNCT,
		.p = {l->handle, l->host_handle},
	};

	card_say(c, &m);
}

/* 212, of the card; what was not read stays. */
static void
a_card_closes(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;
	struct link l;

	link_up(c, &l);
	put(l.host_qp + QP_LOCAL_WRITE, 4, 5);
	disconnect(c, &l);
	m = card_expect(c, DISCNT_ACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], l.host_handle);
	assert_int_equal(state_of(p, l.endpoint), SCIF_DISCONNECTED);
	assert_int_equal(get(l.host_qp + QP_LOCAL_WRITE, 4), 5);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
	card_silent(c);
}

/* 213 */
static void
s213_a_close_of_nothing_is_acknowledged(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct link l, wrong;

	link_up(c, &l);
	wrong = l;
	wrong.handle++;
	disconnect(c, &wrong);
	assert_int_equal(card_expect(c, DISCNT_ACK).p[0], wrong.handle);
	wrong = l;
	wrong.host_handle ^= UINT64_C(1) << 40;
	disconnect(c, &wrong);
	assert_int_equal(card_expect(c, DISCNT_ACK).p[1], wrong.host_handle);
	assert_int_equal(state_of(p, l.endpoint), SCIF_CONNECTED);
	card_silent(c);
}

static void
both_close_at_once(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;
	struct link l;

	link_up(c, &l);
	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, l.endpoint, 0, 0, 0), 0);
	disconnect(c, &l);
	m = card_expect(c, DISCNCT);
	assert_int_equal(card_expect(c, DISCNT_ACK).p[0], l.handle);
	m.op = DISCNT_ACK;
	card_say(c, &m);
	card_silent(c);
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, l.endpoint, 0, 0, 0), 0);
}

/* Closed between request and ack, as the connector gave up. */
static void
a_connect_is_cancelled_before_its_grant(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m = host_connects(p, 1, 700);
	unsigned int heard = 0;
	struct link l;

	assert_int_equal(ask(p, SCIF_REQUEST_CLOSE, 1, 0, 0, 0), 0);
	card_drain(c);
	link_make(c, &l, 0);
	grant(c, &m, &l);
	while (card_hear(c, &m)) {
		assert_int_equal(m.op, CNCT_GNTNACK);
		heard++;
	}
	assert_true(heard <= 1);
}

/* ---- Bytes ---- */

/* 214: the words that an application leaves with its node become as many messages. */
static void
each_chunk_is_told(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct scif_ctl *ctl;
	struct message m;
	struct link l;

	link_up(c, &l);
	ctl = &p->board->ctl[l.endpoint];
	for (unsigned int i = 0; i < 3; i++) {
		ctl->sent++;
		p->board->tell_words[0] |= 1;
		p->board->tell[0] |= 1u << l.endpoint;
		ask(p, SCIF_REQUEST_NODES, 0, 0, 0, 0);
		m = card_expect(c, CLIENT_SENT);
		assert_int_equal(m.src_port, 700);
		assert_int_equal(m.p[0], l.handle);
		ctl->received++;
		p->board->tell_words[0] |= 1;
		p->board->tell[0] |= 1u << l.endpoint;
		assert_int_equal(card_expect(c, CLIENT_RCVD).p[0], l.handle);
	}
	card_silent(c);
}

/* CLIENT_SENT wakes who receives: the bell of the endpoint's half changes. */
static void
a_chunk_of_the_card_wakes(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct scif_half *half;
	struct link l;
	uint32_t bell;

	link_up(c, &l);
	half = (void *)l.host_qp;
	half->sleepers = 1;
	bell = half->bell;
	put(card_map(c, get(l.host_qp + QP_LOCAL_BUF, 8), 4096), 3, 0x636261);
	put(l.host_qp + QP_LOCAL_WRITE, 4, 3);
	card_send(c, CLIENT_SENT, l.host_handle, 0, 0, 0);
	assert_int_not_equal(half->bell, bell);
	bell = half->bell;
	card_send(c, CLIENT_RCVD, l.host_handle, 0, 0, 0);
	assert_int_not_equal(half->bell, bell);
	card_silent(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, peer_begin_up, peer_end)
		U(s197_a_card_connects),
		U(s197_a_host_connects),
		U(a_request_is_refused),
		U(a_listener_that_closes_refuses_who_waits),
		U(a_host_is_refused),
		U(a_grant_of_nothing_is_not_acknowledged),
		U(a_second_attempt_waits_for_its_own_grant),
		U(a_request_with_nothing_is_refused_at_accept),
		U(an_accept_that_is_not_acknowledged_ends),
		U(a_late_grant_is_not_taken),
		U(an_accept_does_not_wait_for_ever),
		U(a_node_that_is_lost_takes_its_connects_with_it),
		U(a_close_is_acknowledged),
		U(a_close_that_is_not_acknowledged_ends),
		U(a_card_closes),
		U(s213_a_close_of_nothing_is_acknowledged),
		U(both_close_at_once),
		U(a_connect_is_cancelled_before_its_grant),
		U(each_chunk_is_told),
		U(a_chunk_of_the_card_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
