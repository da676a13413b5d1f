/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

/* How a connection ends.
 *
 *   closer                                   peer
 *     Closing       DISCNCT --------------->   Disconnected: what it was sent stays readable
 *     gone          <----------- DISCNT_ACK    also when the peer knows nothing of it
 */

/* Its last: nothing names it any more. */
void
scif_close_finish(struct scif_endpoint *ep)
{
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_half_unmap(ep);
	scif_endpoint_set(ep, SCIF_ZOMBIE);
	scif_endpoint_free(ep);
}

static void
stop_listening(struct scif_endpoint *ep)
{
	ep->engine->listener[ep->port] = NULL;
	scif_endpoint_set(ep, SCIF_CLLISTEN);
	scif_accept_reject_all(ep);
}

/* Returns whether the peer's answer is waited for. */
static bool
disconnect(struct scif_endpoint *ep)
{
	scif_endpoint_set(ep, SCIF_CLOSING);
	scif_endpoint_wait(ep, scif_in_ms(ep->engine, ep->engine->config.alive_ms));
	return scif_endpoint_send(ep, SCIF_DISCNCT, ep->token, ep->peer_token, 0, 0) == 0;
}

void
scif_close_begin(struct scif_endpoint *ep)
{
	bool waits = false;

	switch (ep->state) {
	case SCIF_LISTENING:
		stop_listening(ep);
		break;
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
		/* An accepter's connector may believe in the connection already. */
		if (ep->accepted && !ep->granted)
			scif_accept_reject(ep);
		else if (ep->accepted || ep->state == SCIF_MAPPING)
			waits = disconnect(ep);
		break;
	case SCIF_CONNECTED:
		scif_window_closed(ep);
		scif_fence_disconnected(ep);
		waits = disconnect(ep);
		break;
	case SCIF_DISCONNECTED:
		scif_window_closed(ep);
		break;
	default:
		break;
	}
	scif_endpoint_release_port(ep);
	if (!waits)
		scif_close_finish(ep);
}

static void
disconnected(struct scif_endpoint *ep)
{
	scif_endpoint_wait(ep, SCIF_NO_DEADLINE);
	scif_endpoint_set(ep, SCIF_DISCONNECTED);
	scif_window_disconnected(ep);
	scif_fence_disconnected(ep);
}

/* ---- Messages ---- */

/* The endpoint that the closer means. */
static struct scif_endpoint *
closed_peer(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[1]);

	return ep != NULL && ep->peer_token == m->payload[0] && ep->peer.node == from->id ? ep
											  : NULL;
}

static void
peer_closed(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = closed_peer(from, m);
	struct scif_message answer = *m;

	if (ep == NULL)
		from->engine->counters.bad_token++;
	else if (ep->state == SCIF_CONNECTED)
		disconnected(ep);
	else if (ep->state == SCIF_MAPPING)
		scif_connect_cancel(ep, -ECONNREFUSED);
	else if (ep->state == SCIF_CONNECTING && ep->accepted)
		scif_accept_fail(ep, -EAGAIN);
	answer.op = SCIF_DISCNT_ACK;
	scif_message_send(from, &answer);
}

static void
close_acked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);

	if (ep != NULL && ep->state == SCIF_CLOSING && ep->peer.node == from->id)
		scif_close_finish(ep);
	else
		from->engine->counters.bad_token++;
}

void
scif_close_message(struct scif_node *from, const struct scif_message *m)
{
	if (m->op == SCIF_DISCNCT)
		peer_closed(from, m);
	else
		close_acked(from, m);
}

/* ---- A node is gone ---- */

static void
node_gone(struct scif_endpoint *ep)
{
	atomic_store(&ep->ctl->node_lost, 1);
	switch (ep->state) {
	case SCIF_CONNECTED:
		disconnected(ep);
		scif_half_unmap(ep);
		break;
	case SCIF_CONNECTING:
	case SCIF_MAPPING:
		if (ep->accepted)
			scif_accept_fail(ep, -ENODEV);
		else
			scif_connect_cancel(ep, -ENODEV);
		break;
	case SCIF_CLOSING:
		scif_close_finish(ep);
		break;
	default:
		scif_half_unmap(ep);
		break;
	}
}

void
scif_close_node(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;

	scif_list_each(at, next, &engine->endpoints) {
		struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, link);

		if (ep->state == SCIF_LISTENING)
			scif_accept_forget(ep, node);
		else if (ep->peer.node == node->id && ep->peer.port != 0)
			node_gone(ep);
	}
	scif_window_node_gone(node);
}
