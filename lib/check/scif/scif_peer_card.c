/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The scripted node: bring-up, ring, messages, connections.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scif_peer.h"

uint64_t
get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

void
put(uint8_t *at, unsigned int bytes, uint64_t value)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static struct scif_bus *
bus(struct card *c)
{
	return &c->loop.end[1].bus;
}

uint8_t *
card_map(struct card *c, uint64_t address, size_t len)
{
	struct scif_view view;

	return bus(c)->ops->map(bus(c), address, len, &view) == 0 ? view.base : NULL;
}

/* ---- Bring-up (10.2) ---- */

void
card_publish(struct card *c)
{
	uint8_t *qp = c->bytes + CARD_QP;

	memset(qp, 0, QP_BYTES);
	put(qp + QP_MAGIC, 8, MAGIC);
	put(qp + QP_RING_SIZE, 4, NODE_RING);
	put(qp + QP_LOCAL_BUF, 8, c->address + CARD_RING);
	c->out = 0;
	c->in = 0;
	bus(c)->ops->publish(bus(c), c->address + CARD_QP);
}

bool
card_attach(struct card *c)
{
	uint64_t qp = bus(c)->ops->peer_qp(bus(c));

	if (qp == 0)
		return false;
	c->host_qp = card_map(c, qp, QP_BYTES);
	assert_non_null(c->host_qp);
	assert_int_equal(get(c->host_qp + QP_MAGIC, 8), MAGIC);
	c->host_size = (uint32_t)get(c->host_qp + QP_RING_SIZE, 4);
	c->host_ring = card_map(c, get(c->host_qp + QP_LOCAL_BUF, 8), c->host_size);
	assert_non_null(c->host_ring);
	c->out = (uint32_t)get(c->host_qp + QP_LOCAL_WRITE, 4);
	put(c->host_qp + QP_LOCAL_READ, 4, c->in);
	return true;
}

void
card_up(struct card *c)
{
	struct message m;

	card_publish(c);
	peer_step(c->peer, 1000);
	assert_true(card_attach(c));
	card_send(c, INIT, 0, 0, 0, 0);
	peer_step(c->peer, 1000);
	m = card_expect(c, INIT);
	assert_int_equal(m.dst_node, c->node);
	card_silent(c);
	c->up = true;
}

/* ---- Ring (10.3.3 to 10.3.5) and messages (10.4) ---- */

uint32_t
card_room(const struct card *c)
{
	uint32_t read = (uint32_t)get(c->bytes + CARD_QP + QP_LOCAL_READ, 4);

	return (read - c->out - 1) & (c->host_size - 1);
}

void
card_write(struct card *c, const uint8_t *bytes, size_t len)
{
	assert_true(card_room(c) >= len);
	for (size_t i = 0; i < len; i++) {
		c->host_ring[c->out] = bytes[i];
		c->out = (c->out + 1) & (c->host_size - 1);
	}
}

void
card_commit(struct card *c)
{
	put(c->host_qp + QP_LOCAL_WRITE, 4, c->out);
	bus(c)->ops->ring(bus(c));
}

void
card_say(struct card *c, const struct message *m)
{
	uint8_t bytes[MESSAGE_BYTES];

	put(bytes + 0, 2, m->src_node);
	put(bytes + 2, 2, m->src_port);
	put(bytes + 4, 2, m->dst_node);
	put(bytes + 6, 2, m->dst_port);
	put(bytes + 8, 4, m->op);
	put(bytes + 12, 8, m->p[0]);
	put(bytes + 20, 8, m->p[1]);
	put(bytes + 28, 8, m->p[2]);
	put(bytes + 36, 8, m->p[3]);
	card_write(c, bytes, sizeof(bytes));
	card_commit(c);
	peer_step(c->peer, 0);
}

void
card_send(struct card *c, uint32_t op, uint64_t p0, uint64_t p1, uint64_t p2, uint64_t p3)
{
	const struct message m = {.src_node = c->node, .op = op, .p = {p0, p1, p2, p3}};

	card_say(c, &m);
}

bool
card_hear(struct card *c, struct message *m)
{
	uint8_t *qp = c->bytes + CARD_QP, bytes[MESSAGE_BYTES];
	uint32_t write = (uint32_t)get(qp + QP_LOCAL_WRITE, 4);

	assert_true(write < NODE_RING);
	if (((write - c->in) & (NODE_RING - 1)) < MESSAGE_BYTES)
		return false;
	for (unsigned int i = 0; i < MESSAGE_BYTES; i++) {
		bytes[i] = c->bytes[CARD_RING + c->in];
		c->in = (c->in + 1) & (NODE_RING - 1);
	}
	put(c->host_qp + QP_LOCAL_READ, 4, c->in);
	*m = (struct message){
		.src_node = (uint16_t)get(bytes + 0, 2),
		.src_port = (uint16_t)get(bytes + 2, 2),
		.dst_node = (uint16_t)get(bytes + 4, 2),
		.dst_port = (uint16_t)get(bytes + 6, 2),
		.op = (uint32_t)get(bytes + 8, 4),
		.p = {get(bytes + 12, 8), get(bytes + 20, 8), get(bytes + 28, 8),
		      get(bytes + 36, 8)},
	};
	return true;
}

struct message
card_expect(struct card *c, uint32_t op)
{
	struct message m;

	peer_step(c->peer, 0);
	assert_true(card_hear(c, &m));
	assert_int_equal(m.op, op);
	return m;
}

void
card_silent(struct card *c)
{
	struct message m;

	peer_step(c->peer, 0);
	if (card_hear(c, &m))
		fail_msg("opcode %u came, and nothing should", m.op);
}

unsigned int
card_drain(struct card *c)
{
	struct message m;
	unsigned int n = 0;

	peer_step(c->peer, 0);
	while (card_hear(c, &m))
		n++;
	return n;
}

/* ---- Connections (10.6) ---- */

void
link_make(struct card *c, struct link *l, unsigned int n)
{
	uint32_t at = CARD_HALF + n * CARD_HALF_STEP;

	*l = (struct link){
		.port = (uint16_t)(500 + n),
		.handle = UINT64_C(0xffff888012340000) + n * 0x100,
		.qp = c->bytes + at,
		.qp_address = c->address + at,
	};
	memset(l->qp, 0, QP_BYTES);
	put(l->qp + QP_MAGIC, 8, MAGIC);
	put(l->qp + QP_RING_SIZE, 4, 4096);
	put(l->qp + QP_LOCAL_BUF, 8, l->qp_address + CARD_HALF_RING);
}

void
host_listen(struct peer *p, uint32_t endpoint, uint16_t port, int backlog)
{
	assert_int_equal(ask(p, SCIF_REQUEST_OPEN, endpoint, 0, 0, 0), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_BIND, endpoint, port, 0, 0), 0);
	assert_int_equal(p->reply.value[0], port);
	assert_int_equal(ask(p, SCIF_REQUEST_LISTEN, endpoint, (uint64_t)backlog, 0, 0), 0);
}

void
link_request(struct card *c, struct link *l, unsigned int n, uint16_t host_port)
{
	struct message m = {.src_node = c->node, .dst_port = host_port, .op = CNCT_REQ};

	link_make(c, l, n);
	l->host_port = host_port;
	m.src_port = l->port;
	m.p[0] = l->handle;
	m.p[1] = l->qp_address;
	card_say(c, &m);
}

void
link_accept(struct card *c, struct link *l, uint32_t listener, uint32_t endpoint)
{
	struct message m;

	l->endpoint = endpoint;
	assert_int_equal(ask(c->peer, SCIF_REQUEST_ACCEPT, listener, endpoint, 0, 0), 0);
	m = card_expect(c, CNCT_GNT);
	assert_int_equal(m.src_node, 0);
	assert_int_equal(m.src_port, l->host_port);
	assert_int_equal(m.p[0], l->handle);
	l->host_handle = m.p[2];
	l->host_qp = card_map(c, m.p[1], QP_BYTES);
	assert_non_null(l->host_qp);
	assert_int_equal(state_of(c->peer, endpoint), SCIF_CONNECTING);
	card_send(c, CNCT_GNTACK, l->host_handle, 0, 0, 0);
	assert_int_equal(state_of(c->peer, endpoint), SCIF_CONNECTED);
}

void
link_up(struct card *c, struct link *l)
{
	host_listen(c->peer, 1, 700, 4);
	link_request(c, l, 0, 700);
	link_accept(c, l, 1, 2);
}
