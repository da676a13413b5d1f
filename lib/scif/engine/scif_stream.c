/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_priv.h"

/* Chunks told to another node at once: a client's counters may say anything. */
#define TOLD_MAX 64u

/* One message for each chunk that the client counted. */
static void
send_count(struct scif_endpoint *ep, const _Atomic uint32_t *counter, uint32_t *told,
	   enum scif_op op)
{
	uint32_t count = atomic_load(counter);

	if (count - *told > TOLD_MAX)
		*told = count - TOLD_MAX;
	for (; *told != count; (*told)++)
		if (scif_connect_send(ep, op, ep->peer_token, 0, 0) < 0)
			break;
}

void
scif_stream_tell(struct scif_endpoint *ep)
{
	struct scif_endpoint *peer = scif_endpoint_peer(ep);

	scif_endpoint_show(ep);
	if (peer != NULL)
		scif_endpoint_show(peer);
	if (ep->state != SCIF_CONNECTED || !scif_endpoint_far(ep))
		return;
	send_count(ep, &ep->ctl->sent, &ep->sent_told, SCIF_CLIENT_SENT);
	send_count(ep, &ep->ctl->received, &ep->received_told, SCIF_CLIENT_RCVD);
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
