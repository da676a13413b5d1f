/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_priv.h"

/* The accepter's side of how endpoints become connected: scif_connect.c shows both. A request for a
 * connection is a knock at the listener, and waits there until it is accepted or refused.
 */

/* ---- Who waits at a listener ---- */

/* The connector learns of it, if its node is still there. */
static void
refuse(struct scif_engine *engine, struct scif_node *node, const struct scif_message *request)
{
	struct scif_message answer = *request;

	answer.op = SCIF_CNCT_REJ;
	engine->counters.refused++;
	if (node != NULL)
		scif_message_send(node, &answer);
}

static int
knock_add(struct scif_engine *engine, const struct scif_message *m, const struct scif_node *from)
{
	struct scif_endpoint *listener = engine->listener[m->dst.port];
	struct scif_knock *knock;

	/* Who has left, or is not here yet, is not waited for by whoever accepts. */
	if (!from->online)
		return -ENODEV;
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
knock_drop(struct scif_endpoint *listener, struct scif_knock *knock)
{
	scif_list_remove(&knock->link);
	atomic_store(&listener->ctl->pending, --listener->nb_knocks);
	free(knock);
}

static void
knock_refuse(struct scif_endpoint *listener, struct scif_knock *knock)
{
	struct scif_engine *engine = listener->engine;

	refuse(engine, scif_node_find(engine, knock->from.node), &knock->m);
	knock_drop(listener, knock);
}

void
scif_accept_reject_all(struct scif_endpoint *listener)
{
	scif_list_each(at, next, &listener->knocks)
		knock_refuse(listener, scif_list_entry(at, struct scif_knock, link));
}

void
scif_accept_forget(struct scif_endpoint *listener, const struct scif_node *node)
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

		if (knock->from.node != engine->config.node ||
		    scif_endpoint_find(engine, knock->token) != NULL)
			return knock;
		knock_drop(listener, knock);
	}
	return NULL;
}

/* ---- Accept ---- */

static int
halves_within(struct scif_endpoint *ep)
{
	const struct scif_endpoint *connector = scif_endpoint_find(ep->engine, ep->peer_token);

	if (connector == NULL || scif_list_empty(&connector->holds))
		return -EAGAIN;
	return scif_half_make_both(ep, connector);
}

static int
halves_across(struct scif_endpoint *ep)
{
	struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);
	int ret;

	if (node == NULL)
		return -ENODEV;
	ret = scif_half_make(ep, node);
	if (ret < 0)
		return ret;
	ret = scif_half_map(ep, ep->grant_qp);
	/* The connector's half is no longer there: it gave up, long ago. */
	return ret == -EFAULT ? -ECONNREFUSED : ret;
}

/* The grant; across a link, only once the connector's half is mapped. */
static int
grant(struct scif_endpoint *ep)
{
	int ret = scif_endpoint_send(ep, SCIF_CNCT_GNT, ep->peer_token, scif_half_address(ep),
				     ep->token, 0);

	ep->granted = ret == 0;
	return ret;
}

static int
accept_knock(struct scif_endpoint *ep, const struct scif_knock *knock)
{
	int ret;

	ep->accepted = true;
	ep->side = 1;
	ep->peer = knock->from;
	ep->peer_token = knock->token;
	ep->grant_qp = knock->qp;
	ret = scif_endpoint_far(ep) ? halves_across(ep) : halves_within(ep);
	if (ret == 0)
		ret = grant(ep);
	/* A link that has to be asked first: scif_accept_mapped grants. */
	if (ret < 0 && !(ret == -EAGAIN && scif_endpoint_far(ep)))
		return ret;
	scif_endpoint_set(ep, SCIF_CONNECTING);
	scif_endpoint_wait(ep, scif_in_ms(ep->engine, ep->engine->config.accept_ms));
	return 0;
}

int
scif_accept_begin(struct scif_client *client, struct scif_endpoint *listener, uint64_t index,
		  struct scif_endpoint **made)
{
	struct scif_knock *knock;
	struct scif_endpoint *ep;
	int ret;

	if (listener->state != SCIF_LISTENING)
		return -EINVAL;
	knock = knock_first(listener);
	if (knock == NULL) {
		/* There may have been some, of connectors that have gone. */
		scif_endpoint_show(listener);
		return -EAGAIN;
	}
	ret = scif_endpoint_open(client, index, &ep);
	if (ret == -EBUSY)
		return ret;
	if (ret == 0) {
		ep->port = listener->port;
		scif_port_hold(&listener->engine->ports, ep->port);
		ret = accept_knock(ep, knock);
		if (ret < 0)
			scif_endpoint_drop(client, ep->index);
	}
	if (ret < 0)
		knock_refuse(listener, knock);
	else
		knock_drop(listener, knock);
	scif_endpoint_show(listener);
	*made = ret == 0 ? ep : NULL;
	return ret == -ECONNREFUSED ? -EAGAIN : ret;
}

/* ---- An accepted endpoint ---- */

void
scif_accept_reject(struct scif_endpoint *ep)
{
	const struct scif_message request = {
		.src = ep->peer,
		.dst = {ep->engine->config.node, ep->port},
		.payload = {ep->peer_token, ep->grant_qp},
	};

	refuse(ep->engine, scif_node_find(ep->engine, ep->peer.node), &request);
}

void
scif_accept_fail(struct scif_endpoint *ep, int outcome)
{
	ep->attempt = SCIF_ATTEMPT_DONE;
	ep->outcome = outcome;
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_half_unmap(ep);
	scif_half_drop(ep);
	/* It is like any other now: it may be bound to a port of its own, and connect. */
	scif_endpoint_release_port(ep);
	ep->accepted = false;
	ep->granted = false;
	scif_endpoint_set(ep, SCIF_UNBOUND);
}

void
scif_accept_mapped(struct scif_endpoint *ep, int ret)
{
	if (ret == 0)
		ret = grant(ep);
	if (ret == 0)
		return;
	scif_accept_reject(ep);
	scif_accept_fail(ep, ret == -EFAULT ? -EAGAIN : ret);
}

void
scif_accept_expire(struct scif_endpoint *ep)
{
	/* Should the connector believe in the connection, it learns that there is none. */
	if (ep->granted)
		scif_endpoint_send(ep, SCIF_DISCNCT, ep->token, ep->peer_token, 0, 0);
	else
		scif_accept_reject(ep);
	scif_accept_fail(ep, -EAGAIN);
}

/* ---- Messages ---- */

static void
requested(struct scif_node *from, const struct scif_message *m)
{
	if (knock_add(from->engine, m, from) < 0)
		refuse(from->engine, from, m);
}

static void
grant_acked(struct scif_endpoint *ep)
{
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_connect_established(ep);
	scif_endpoint_set(ep, SCIF_CONNECTED);
}

/* What a connector says to the endpoint that granted it a connection. */
static void
answered(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);

	if (ep == NULL || ep->state != SCIF_CONNECTING || !ep->accepted || ep->peer.node != from->id)
		from->engine->counters.bad_token++;
	else if (m->op == SCIF_CNCT_GNTACK)
		grant_acked(ep);
	else
		scif_accept_fail(ep, -EAGAIN);
}

void
scif_accept_message(struct scif_node *from, const struct scif_message *m)
{
	if (m->op == SCIF_CNCT_REQ)
		requested(from, m);
	else
		answered(from, m);
}
