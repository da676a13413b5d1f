/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

/* How two endpoints become connected. The same messages pass within a node, where the halves of
 * both lie in one arena, that the accepter makes; across a link each makes its own, and says where.
 *
 *   connector                                accepter
 *     Connecting    CNCT_REQ -------------->   a knock at the listener
 *     Mapping       <-------------- CNCT_GNT   accept: a new endpoint, Connecting
 *     Connected     CNCT_GNTACK ----------->   Connected
 *
 *     Bound         <-------------- CNCT_REJ   nobody listens, or too many wait
 *                   CNCT_GNTNACK ---------->   gone: the connector gave up
 */

void
scif_connect_established(struct scif_endpoint *ep)
{
	const struct scif_endpoint *peer = scif_endpoint_peer(ep);

	if (!scif_endpoint_far(ep))
		ep->peer_ring_size = ep->engine->config.ring_size;
	if (ep->gated || (peer != NULL && peer->gated))
		scif_endpoint_tell(ep);
	ep->engine->counters.connected++;
}

/* ---- An attempt to connect ---- */

static void
finish(struct scif_endpoint *ep, int outcome, enum scif_state state)
{
	ep->attempt = SCIF_ATTEMPT_DONE;
	ep->outcome = outcome;
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_endpoint_set(ep, state);
}

void
scif_connect_cancel(struct scif_endpoint *ep, int outcome)
{
	if (ep->attempt != SCIF_ATTEMPT_RUNNING)
		return;
	scif_half_unmap(ep);
	scif_half_drop(ep);
	finish(ep, outcome, SCIF_BOUND);
}

/* An accepter that waits for an answer to its grant is not left to its time. */
void
scif_connect_give_up(struct scif_endpoint *ep, int outcome)
{
	if (ep->state == SCIF_MAPPING)
		scif_endpoint_send(ep, SCIF_CNCT_GNTNACK, ep->peer_token, 0, 0, 0);
	scif_connect_cancel(ep, outcome);
}

/* Where to go from a state: 0 to begin, 1 to collect an outcome, or a negative errno. */
static int
may_connect(const struct scif_endpoint *ep)
{
	if (ep->attempt == SCIF_ATTEMPT_DONE)
		return ep->asynchronous ? 1 : -EISCONN;
	switch (ep->state) {
	case SCIF_UNBOUND:
	case SCIF_BOUND:
		return 0;
	case SCIF_LISTENING:
		return -EOPNOTSUPP;
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
		return ep->asynchronous ? -EINPROGRESS : -EISCONN;
	case SCIF_CONNECTED:
		return -EISCONN;
	default:
		return -EINVAL;
	}
}

static int
auto_bind(struct scif_endpoint *ep)
{
	int port;

	if (ep->port != 0)
		return 0;
	port = scif_port_take_any(&ep->engine->ports);
	if (port < 0)
		return port;
	ep->port = (uint16_t)port;
	ep->state = SCIF_BOUND;
	return 0;
}

static int
request(struct scif_endpoint *ep, struct scif_node *node)
{
	int ret = 0;

	ep->side = 0;
	/* Of an attempt before, that came this far. */
	ep->grant_qp = 0;
	ep->peer_token = 0;
	if (!node->self)
		ret = scif_half_make(ep, node);
	if (ret < 0)
		return ret;
	ep->attempt = SCIF_ATTEMPT_RUNNING;
	scif_endpoint_wait(ep, scif_in_ms(ep->engine, ep->engine->config.connect_ms));
	scif_endpoint_set(ep, SCIF_CONNECTING);
	ret = scif_endpoint_send(ep, SCIF_CNCT_REQ, ep->token, scif_half_address(ep), 0, 0);
	if (ret < 0)
		scif_connect_cancel(ep, ret);
	return ret;
}

/* Nobody may collect an outcome of an attempt that never began. */
static int
begin(struct scif_endpoint *ep, struct scif_node *node, bool asynchronous)
{
	int ret = auto_bind(ep);

	if (ret < 0)
		return ret;
	ep->asynchronous = asynchronous;
	ret = request(ep, node);
	if (ret < 0) {
		ep->attempt = SCIF_ATTEMPT_NONE;
		ep->asynchronous = false;
		scif_endpoint_set(ep, SCIF_BOUND);
		return ret;
	}
	return -EINPROGRESS;
}

int
scif_connect_outcome(struct scif_endpoint *ep)
{
	if (ep->attempt == SCIF_ATTEMPT_RUNNING)
		return -EINPROGRESS;
	if (ep->attempt == SCIF_ATTEMPT_NONE)
		return -EINVAL;
	ep->attempt = SCIF_ATTEMPT_NONE;
	ep->asynchronous = false;
	scif_endpoint_set(ep, ep->state);
	return ep->outcome < 0 ? ep->outcome : ep->port;
}

int
scif_connect_begin(struct scif_endpoint *ep, uint64_t node, uint64_t port, bool asynchronous)
{
	struct scif_node *to = scif_node_find(ep->engine, node);
	int ret;

	if (to == NULL)
		return -ENODEV;
	if (port == 0 || port > UINT16_MAX)
		return -EINVAL;
	ret = may_connect(ep);
	if (ret < 0)
		return ret;
	if (ret == 1)
		return scif_connect_outcome(ep);
	ep->peer = (struct scif_address){(uint16_t)node, (uint16_t)port};
	return begin(ep, to, asynchronous);
}

/* ---- Messages ---- */

/* Tell an accepter that its grant is of no use. */
static void
nack(struct scif_node *from, const struct scif_message *m)
{
	const struct scif_message answer = {
		.src = m->dst,
		.dst = m->src,
		.op = SCIF_CNCT_GNTNACK,
		.payload = {m->payload[2]},
	};

	scif_message_send(from, &answer);
}

/* The accepter's half is mapped, or could not be. */
static void
mapped(struct scif_endpoint *ep, int ret)
{
	if (ret == 0)
		ret = scif_endpoint_send(ep, SCIF_CNCT_GNTACK, ep->peer_token, 0, 0, 0);
	if (ret < 0) {
		scif_connect_give_up(ep, ret);
		return;
	}
	scif_connect_established(ep);
	finish(ep, 0, SCIF_CONNECTED);
}

static void
granted(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);
	int ret;

	if (ep == NULL || ep->state != SCIF_CONNECTING || ep->accepted || ep->peer.node != from->id) {
		from->engine->counters.bad_token += ep == NULL;
		nack(from, m);
		return;
	}
	ep->peer_token = m->payload[2];
	ep->grant_qp = m->payload[1];
	scif_endpoint_set(ep, SCIF_MAPPING);
	ret = from->self ? scif_half_join(ep) : scif_half_map(ep, ep->grant_qp);
	if (ret != -EAGAIN)
		mapped(ep, ret);
}

static void
rejected(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);

	if (ep != NULL && ep->state == SCIF_CONNECTING && !ep->accepted && ep->peer.node == from->id)
		scif_connect_cancel(ep, -ECONNREFUSED);
	else
		from->engine->counters.bad_token++;
}

void
scif_connect_message(struct scif_node *from, const struct scif_message *m)
{
	if (m->op == SCIF_CNCT_GNT)
		granted(from, m);
	else
		rejected(from, m);
}

/* ---- Time ---- */

/* A connector that was granted a connection, or an accepter that is about to grant it. */
static bool
waits_for_map(const struct scif_endpoint *ep)
{
	return scif_endpoint_far(ep) &&
	       (ep->state == SCIF_MAPPING ||
		(ep->state == SCIF_CONNECTING && ep->accepted && !ep->granted));
}

/* Mapping may take time on a link: try again. */
static void
map_again(struct scif_endpoint *ep)
{
	int ret = scif_half_map(ep, ep->grant_qp);

	if (ret == -EAGAIN)
		return;
	if (ep->accepted)
		scif_accept_mapped(ep, ret);
	else
		mapped(ep, ret);
}

void
scif_connect_expire(struct scif_endpoint *ep)
{
	if (ep->engine->now < ep->deadline) {
		if (waits_for_map(ep))
			map_again(ep);
		return;
	}
	switch (ep->state) {
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
		if (ep->accepted)
			scif_accept_expire(ep);
		else
			scif_connect_give_up(ep, -ECONNREFUSED);
		break;
	case SCIF_CLOSING:
		scif_close_finish(ep);
		break;
	default:
		scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
		break;
	}
}
