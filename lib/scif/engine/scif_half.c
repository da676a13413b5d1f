/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

/* The halves of a connection. Within a node the accepter makes both, and the connector joins it;
 * across a link each side makes its own, and maps the peer's.
 */

/* ---- Of this node ---- */

/* Of a process that has forked: whoever holds it longest. */
static uint32_t
holder(const struct scif_endpoint *ep)
{
	return scif_list_entry(ep->holds.next, struct scif_hold, link)->client->number;
}

int
scif_half_make(struct scif_endpoint *ep, struct scif_node *node)
{
	int ret;

	ep->connection = scif_connection_new();
	if (ep->connection == NULL)
		return -ENOMEM;
	ret = scif_place_new(ep->engine, holder(ep), 0, node, &ep->connection->place[ep->side]);
	if (ret < 0)
		scif_half_drop(ep);
	return ret;
}

int
scif_half_make_both(struct scif_endpoint *accepter, const struct scif_endpoint *connector)
{
	struct scif_engine *engine = accepter->engine;
	struct scif_node *self = scif_node_self(engine);
	int ret = 0;

	accepter->connection = scif_connection_new();
	if (accepter->connection == NULL)
		return -ENOMEM;
	for (unsigned int side = 0; side < 2 && ret == 0; side++)
		ret = scif_place_new(engine, holder(connector), holder(accepter), self,
				     &accepter->connection->place[side]);
	if (ret < 0)
		scif_half_drop(accepter);
	return ret;
}

int
scif_half_join(struct scif_endpoint *connector)
{
	const struct scif_endpoint *accepter =
		scif_endpoint_find(connector->engine, connector->peer_token);

	if (accepter == NULL || accepter->connection == NULL)
		return -ECONNREFUSED;
	connector->connection = accepter->connection;
	connector->connection->users++;
	return 0;
}

void
scif_half_drop(struct scif_endpoint *ep)
{
	scif_connection_put(ep->engine, ep->connection);
	ep->connection = NULL;
}

uint64_t
scif_half_address(const struct scif_endpoint *ep)
{
	return ep->connection != NULL && scif_endpoint_far(ep)
		       ? scif_place_address(&ep->connection->place[ep->side])
		       : 0;
}

/* ---- The peer's, on another node ---- */

void
scif_half_unmap(struct scif_endpoint *ep)
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
scif_half_map(struct scif_endpoint *ep, uint64_t qp)
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
		scif_half_unmap(ep);
	return ret;
}
