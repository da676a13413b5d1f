/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_priv.h"

/* Chunks told to another node at once: a client's counters may say anything. */
#define TOLD_MAX 64u

/* One message for each chunk that the client counted; false: there is no room for all of them. */
static bool
send_count(struct scif_endpoint *ep, struct scif_node *node, const _Atomic uint32_t *counter,
	   uint32_t *told, enum scif_op op)
{
	uint32_t count = atomic_load(counter);

	if (count - *told > TOLD_MAX)
		*told = count - TOLD_MAX;
	for (; *told != count; (*told)++)
		if (!scif_link_has_room(node) ||
		    scif_endpoint_send(ep, op, ep->peer_token, 0, 0, 0) < 0)
			return false;
	return true;
}

static bool
send_counts(struct scif_endpoint *ep)
{
	struct scif_node *node = scif_node_find(ep->engine, ep->peer.node);

	return node == NULL || (send_count(ep, node, &ep->ctl->sent, &ep->sent_told,
					   SCIF_CLIENT_SENT) &&
				send_count(ep, node, &ep->ctl->received, &ep->received_told,
					   SCIF_CLIENT_RCVD));
}

void
scif_stream_tell(struct scif_endpoint *ep)
{
	struct scif_endpoint *peer = scif_endpoint_peer(ep);

	scif_endpoint_show(ep);
	if (peer != NULL)
		scif_endpoint_show(peer);
	if (ep->state != SCIF_CONNECTED || !scif_endpoint_far(ep) || send_counts(ep) ||
	    !scif_list_empty(&ep->owing))
		return;
	/* The peer may sleep until it hears of it, and this client say nothing any more. */
	ep->engine->counters.ring_full++;
	scif_list_add(&ep->engine->owing, &ep->owing);
}

uint64_t
scif_stream_step(struct scif_engine *engine)
{
	scif_list_each(at, next, &engine->owing) {
		struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, owing);

		if (ep->state != SCIF_CONNECTED || send_counts(ep))
			scif_list_remove(&ep->owing);
	}
	return scif_list_empty(&engine->owing) ? SCIF_NO_DEADLINE : scif_in_ms(engine, 1);
}

/* The peer, on another node, has sent something, or made room. */
void
scif_stream_message(struct scif_node *from, const struct scif_message *m)
{
	struct scif_endpoint *ep = scif_endpoint_find(from->engine, m->payload[0]);

	if (ep != NULL && ep->state == SCIF_CONNECTED && ep->peer.node == from->id)
		scif_endpoint_ring(ep);
	else
		from->engine->counters.bad_token++;
}
