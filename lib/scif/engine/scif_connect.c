/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

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

#define NS_PER_MS UINT64_C(1000000)

static struct scif_endpoint *
endpoint_find(struct scif_engine *engine, uint64_t token)
{
	return scif_token_find(&engine->tokens, SCIF_KIND_ENDPOINT, token);
}

static bool
is_self(const struct scif_engine *engine, uint16_t node)
{
	return node == engine->config.node;
}

int
scif_connect_send(struct scif_endpoint *ep, enum scif_op op, uint64_t p0, uint64_t p1, uint64_t p2)
{
	struct scif_engine *engine = ep->engine;
	struct scif_node *node = scif_node_find(engine, ep->peer.node);
	const struct scif_message m = {
		.src = {engine->config.node, ep->port},
		.dst = ep->peer,
		.op = op,
		.payload = {p0, p1, p2},
	};

	return node != NULL ? scif_message_send(node, &m) : -ENODEV;
}

/* ---- The connector ---- */

/* An attempt to connect has ended. */
static void
finish(struct scif_endpoint *ep, int outcome, enum scif_state state)
{
	ep->attempt = SCIF_ATTEMPT_DONE;
	ep->outcome = outcome;
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_endpoint_set(ep, state);
}

static void
connection_drop(struct scif_endpoint *ep)
{
	scif_connection_put(ep->engine, ep->connection);
	ep->connection = NULL;
}

void
scif_connect_cancel(struct scif_endpoint *ep, int outcome)
{
	if (ep->attempt != SCIF_ATTEMPT_RUNNING)
		return;
	scif_connect_unmap(ep);
	connection_drop(ep);
	finish(ep, outcome, SCIF_BOUND);
}

/* An accepter that waits for an answer to its grant is not left to its time. */
void
scif_connect_give_up(struct scif_endpoint *ep, int outcome)
{
	if (ep->state == SCIF_MAPPING)
		scif_connect_send(ep, SCIF_CNCT_GNTNACK, ep->peer_token, 0, 0);
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

/* Across a link the request says where the connector's half is. */
static int
own_half(struct scif_endpoint *ep, struct scif_node *node)
{
	const struct scif_hold *hold = scif_list_entry(ep->holds.next, struct scif_hold, link);
	int ret;

	ep->connection = scif_connection_new();
	if (ep->connection == NULL)
		return -ENOMEM;
	ret = scif_place_new(ep->engine, hold->client->number, 0, node,
			     &ep->connection->place[ep->side]);
	if (ret < 0)
		connection_drop(ep);
	return ret;
}

static uint64_t
qp_address(const struct scif_endpoint *ep)
{
	return ep->connection != NULL && scif_endpoint_far(ep)
		       ? scif_place_address(&ep->connection->place[ep->side])
		       : 0;
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
		ret = own_half(ep, node);
	if (ret < 0)
		return ret;
	ep->attempt = SCIF_ATTEMPT_RUNNING;
	scif_endpoint_wait(ep, ep->engine->now + ep->engine->config.connect_ms * NS_PER_MS);
	scif_endpoint_set(ep, SCIF_CONNECTING);
	ret = scif_connect_send(ep, SCIF_CNCT_REQ, ep->token, qp_address(ep), 0);
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

/* ---- The peer's half ---- */

void
scif_connect_unmap(struct scif_endpoint *ep)
{
	const struct scif_node *node = ep->engine->node[ep->peer.node];

	if (node == NULL || node->bus == NULL)
		return;
	if (ep->peer_ring.len != 0)
		node->bus->ops->unmap(node->bus, &ep->peer_ring);
	if (ep->peer_qp.len != 0)
		node->bus->ops->unmap(node->bus, &ep->peer_qp);
	ep->peer_ring = (struct scif_view){0};
	ep->peer_qp = (struct scif_view){0};
}

static bool
ring_size_is_good(uint32_t size)
{
	return size >= 64 && size <= 1u << 30 && (size & (size - 1)) == 0;
}

static bool
half_is_good(const struct scif_view *view)
{
	const struct scif_half *half = view->base;

	return half != NULL && (uintptr_t)half % _Alignof(struct scif_half) == 0 &&
	       half->magic == SCIF_QP_MAGIC;
}

/* Clients map one memory for both. */
static bool
ring_is_good(const struct scif_endpoint *ep)
{
	return ep->peer_ring.base != NULL && ep->peer_ring.number == ep->peer_qp.number;
}

static int
map_ring(struct scif_endpoint *ep, struct scif_bus *bus)
{
	const struct scif_half *half = ep->peer_qp.base;
	int ret;

	ep->peer_ring_size = half->ring_size;
	if (!ring_size_is_good(ep->peer_ring_size))
		return -EIO;
	ret = bus->ops->map(bus, half->local_buf, ep->peer_ring_size, &ep->peer_ring);
	return ret == -EFAULT || (ret == 0 && !ring_is_good(ep)) ? -EIO : ret;
}

int
scif_connect_map(struct scif_endpoint *ep, uint64_t qp)
{
	const struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);
	int ret;

	if (node == NULL)
		return -ENODEV;
	ret = node->bus->ops->map(node->bus, qp, SCIF_QP_SIZE, &ep->peer_qp);
	if (ret < 0)
		return ret;
	ret = half_is_good(&ep->peer_qp) ? map_ring(ep, node->bus) : -EIO;
	if (ret < 0)
		scif_connect_unmap(ep);
	return ret;
}

/* Connected: whoever of the two shows events is told of what the other does. */
static void
connected(struct scif_endpoint *ep)
{
	const struct scif_endpoint *peer = scif_endpoint_peer(ep);

	if (!scif_endpoint_far(ep))
		ep->peer_ring_size = ep->engine->config.ring_size;
	if (ep->gated || (peer != NULL && peer->gated))
		scif_endpoint_tell(ep);
	ep->engine->counters.connected++;
}

/* ---- The accepter ---- */

static int
accepter_halves(struct scif_endpoint *ep, struct scif_client *client, const struct scif_knock *knock)
{
	struct scif_engine *engine = ep->engine;
	struct scif_endpoint *connector = endpoint_find(engine, knock->token);
	struct scif_node *self = scif_node_self(engine);
	const struct scif_hold *hold;
	int ret;

	if (connector == NULL || scif_list_empty(&connector->holds))
		return -EAGAIN;
	hold = scif_list_entry(connector->holds.next, struct scif_hold, link);
	ret = scif_place_new(engine, hold->client->number, client->number, self,
			     &ep->connection->place[0]);
	if (ret < 0)
		return ret;
	return scif_place_new(engine, hold->client->number, client->number, self,
			      &ep->connection->place[1]);
}

static int
accepter_half(struct scif_endpoint *ep, struct scif_client *client, const struct scif_knock *knock)
{
	struct scif_node *node = scif_node_find(ep->engine, knock->from.node);
	int ret;

	if (node == NULL)
		return -ENODEV;
	ret = scif_place_new(ep->engine, client->number, 0, node, &ep->connection->place[1]);
	if (ret < 0)
		return ret;
	ret = scif_connect_map(ep, knock->qp);
	/* Its half is no longer there: it gave up, long ago. */
	return ret == -EFAULT ? -ECONNREFUSED : ret;
}

/* The grant; across a link, only once the connector's half is mapped. */
static int
grant(struct scif_endpoint *ep)
{
	int ret = scif_connect_send(ep, SCIF_CNCT_GNT, ep->peer_token, qp_address(ep), ep->token);

	ep->granted = ret == 0;
	return ret;
}

static int
accept_knock(struct scif_client *client, struct scif_endpoint *ep, const struct scif_knock *knock)
{
	int ret;

	ep->accepted = true;
	ep->side = 1;
	ep->peer = knock->from;
	ep->peer_token = knock->token;
	ep->grant_qp = knock->qp;
	ep->connection = scif_connection_new();
	if (ep->connection == NULL)
		return -ENOMEM;
	if (is_self(ep->engine, knock->from.node))
		ret = accepter_halves(ep, client, knock);
	else
		ret = accepter_half(ep, client, knock);
	if (ret == 0)
		ret = grant(ep);
	/* A link that has to be asked first: map_again grants. */
	if (ret < 0 && !(ret == -EAGAIN && scif_endpoint_far(ep)))
		return ret;
	scif_endpoint_set(ep, SCIF_CONNECTING);
	scif_endpoint_wait(ep, ep->engine->now + ep->engine->config.accept_ms * NS_PER_MS);
	return 0;
}

static void
reject(struct scif_engine *engine, const struct scif_knock *knock)
{
	struct scif_node *node = scif_node_find(engine, knock->from.node);
	struct scif_message m = knock->m;

	m.op = SCIF_CNCT_REJ;
	engine->counters.refused++;
	if (node != NULL)
		scif_message_send(node, &m);
}

static void
knock_drop(struct scif_endpoint *listener, struct scif_knock *knock)
{
	scif_list_remove(&knock->link);
	atomic_store(&listener->ctl->pending, --listener->nb_knocks);
	free(knock);
}

void
scif_connect_reject_all(struct scif_endpoint *listener)
{
	scif_list_each(at, next, &listener->knocks) {
		struct scif_knock *knock = scif_list_entry(at, struct scif_knock, link);

		reject(listener->engine, knock);
		knock_drop(listener, knock);
	}
}

void
scif_connect_forget(struct scif_endpoint *listener, const struct scif_node *node)
{
	scif_list_each(at, next, &listener->knocks) {
		struct scif_knock *knock = scif_list_entry(at, struct scif_knock, link);

		if (knock->from.node == node->id)
			knock_drop(listener, knock);
	}
	scif_endpoint_ring(listener);
}

/* The oldest knock, whose connector has not gone meanwhile. */
static struct scif_knock *
knock_first(struct scif_endpoint *listener)
{
	struct scif_engine *engine = listener->engine;

	scif_list_each(at, next, &listener->knocks) {
		struct scif_knock *knock = scif_list_entry(at, struct scif_knock, link);

		if (!is_self(engine, knock->from.node) || endpoint_find(engine, knock->token) != NULL)
			return knock;
		knock_drop(listener, knock);
	}
	return NULL;
}

int
scif_connect_accept(struct scif_client *client, struct scif_endpoint *listener, uint64_t index,
		    struct scif_endpoint **made)
{
	struct scif_knock *knock;
	struct scif_endpoint *ep;
	int ret;

	if (listener->state != SCIF_LISTENING)
		return -EINVAL;
	knock = knock_first(listener);
	if (knock == NULL)
		return -EAGAIN;
	ret = scif_endpoint_open(client, index, &ep);
	if (ret == -EBUSY)
		return ret;
	if (ret == 0) {
		ep->port = listener->port;
		scif_port_hold(&listener->engine->ports, ep->port);
		ret = accept_knock(client, ep, knock);
		if (ret < 0)
			scif_endpoint_drop(client, ep->index);
	}
	if (ret < 0)
		reject(listener->engine, knock);
	knock_drop(listener, knock);
	scif_endpoint_show(listener);
	*made = ret == 0 ? ep : NULL;
	return ret == -ECONNREFUSED ? -EAGAIN : ret;
}

void
scif_connect_reject(struct scif_endpoint *ep)
{
	struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);
	const struct scif_message m = {
		.src = ep->peer,
		.dst = {ep->engine->config.node, ep->port},
		.op = SCIF_CNCT_REJ,
		.payload = {ep->peer_token, ep->grant_qp},
	};

	ep->engine->counters.refused++;
	if (node != NULL)
		scif_message_send(node, &m);
}

void
scif_connect_accept_failed(struct scif_endpoint *ep)
{
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_connect_unmap(ep);
	connection_drop(ep);
	scif_endpoint_set(ep, SCIF_UNBOUND);
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
	int ret = scif_connect_map(ep, ep->grant_qp);

	if (ret == -EAGAIN)
		return;
	if (!ep->accepted) {
		scif_connect_granted(ep, ret);
	} else if (ret < 0 || grant(ep) < 0) {
		scif_connect_reject(ep);
		scif_connect_accept_failed(ep);
	}
}

static void
accept_expired(struct scif_endpoint *ep)
{
	/* Should the connector believe in the connection, it learns that there is none. */
	if (ep->granted)
		scif_connect_send(ep, SCIF_DISCNCT, ep->token, ep->peer_token, 0);
	else
		scif_connect_reject(ep);
	scif_connect_accept_failed(ep);
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
			accept_expired(ep);
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

/* ---- Messages ---- */

static int
knock_add(struct scif_engine *engine, const struct scif_message *m, const struct scif_node *from)
{
	struct scif_endpoint *listener = engine->listener[m->dst.port];
	struct scif_knock *knock;

	if (listener == NULL || listener->nb_knocks >= listener->backlog)
		return -ECONNREFUSED;
	knock = calloc(1, sizeof(*knock));
	if (knock == NULL)
		return -ENOMEM;
	knock->from = (struct scif_address){from->id, m->src.port};
	knock->token = m->payload[0];
	knock->qp = m->payload[1];
	knock->m = *m;
	scif_list_add(&listener->knocks, &knock->link);
	atomic_store(&listener->ctl->pending, ++listener->nb_knocks);
	scif_endpoint_ring(listener);
	return 0;
}

static void
requested(struct scif_node *from, const struct scif_message *m)
{
	struct scif_message answer = *m;

	if (knock_add(from->engine, m, from) == 0)
		return;
	from->engine->counters.refused++;
	answer.op = SCIF_CNCT_REJ;
	scif_message_send(from, &answer);
}

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

/* The connector has mapped the accepter's half, or could not. */
void
scif_connect_granted(struct scif_endpoint *ep, int ret)
{
	if (ret == 0)
		ret = scif_connect_send(ep, SCIF_CNCT_GNTACK, ep->peer_token, 0, 0);
	if (ret < 0) {
		scif_connect_give_up(ep, ret);
		return;
	}
	connected(ep);
	finish(ep, 0, SCIF_CONNECTED);
}

/* Within a node the accepter made both halves. */
static int
take_halves(struct scif_endpoint *ep)
{
	struct scif_endpoint *accepter = endpoint_find(ep->engine, ep->peer_token);

	if (accepter == NULL || accepter->connection == NULL)
		return -ECONNREFUSED;
	ep->connection = accepter->connection;
	ep->connection->users++;
	return 0;
}

static void
granted(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = endpoint_find(from->engine, m->payload[0]);
	int ret;

	if (ep == NULL || ep->state != SCIF_CONNECTING || ep->accepted || ep->peer.node != from->id) {
		from->engine->counters.bad_token += ep == NULL;
		nack(from, m);
		return;
	}
	ep->peer_token = m->payload[2];
	ep->grant_qp = m->payload[1];
	scif_endpoint_set(ep, SCIF_MAPPING);
	ret = from->self ? take_halves(ep) : scif_connect_map(ep, ep->grant_qp);
	if (ret == -EAGAIN)
		return;
	scif_connect_granted(ep, ret);
}

/* An accepted endpoint that waits for what its connector says; NULL: there is none. */
static struct scif_endpoint *
waiting_accepter(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = endpoint_find(from->engine, m->payload[0]);

	if (ep != NULL && ep->state == SCIF_CONNECTING && ep->accepted && ep->peer.node == from->id)
		return ep;
	from->engine->counters.bad_token++;
	return NULL;
}

static void
grant_acked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = waiting_accepter(from, m);

	if (ep == NULL)
		return;
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	connected(ep);
	scif_endpoint_set(ep, SCIF_CONNECTED);
}

static void
rejected(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = endpoint_find(from->engine, m->payload[0]);

	if (ep != NULL && ep->state == SCIF_CONNECTING && !ep->accepted && ep->peer.node == from->id)
		scif_connect_cancel(ep, -ECONNREFUSED);
	else
		from->engine->counters.bad_token++;
}

void
scif_connect_message(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep;

	switch (m->op) {
	case SCIF_CNCT_REQ:
		requested(from, m);
		break;
	case SCIF_CNCT_GNT:
		granted(from, m);
		break;
	case SCIF_CNCT_GNTACK:
		grant_acked(from, m);
		break;
	case SCIF_CNCT_GNTNACK:
		ep = waiting_accepter(from, m);
		if (ep != NULL)
			scif_connect_accept_failed(ep);
		break;
	default:
		rejected(from, m);
		break;
	}
}
