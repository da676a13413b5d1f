/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

/* Nodes that node 0 introduces to each other, section 10.9.
 *
 *   node 0                       i                              j
 *     NODE_ADD, from j ------->   a link to j, a queue pair
 *     NODE_ADD, from i --------------------------------------->  the same
 *       <--------- NODE_ADD_ACK   where that is
 *     the same, and maxid ------------------------------------>  maps it, writes ONLINE there
 *       (and all that the other way round)
 *                                 ONLINE in both: online
 *
 * A link may be there before node 0 speaks of it: each side answers once it has both.
 */

#define LOOK_MS   100u
#define LOOKS_MAX 100u
/* Where the link has to be asked first. */
#define AGAIN_MS 1u

static bool
bit_get(const uint64_t *bits, uint16_t id)
{
	return (bits[id / 64] >> id % 64 & 1) != 0;
}

static void
bit_set(uint64_t *bits, uint16_t id, bool set)
{
	bits[id / 64] &= ~(UINT64_C(1) << id % 64);
	bits[id / 64] |= (uint64_t)set << id % 64;
}

/* ---- Node 0 ---- */

static void
send_add(struct scif_node *to, const struct scif_node *about, const uint64_t said[4])
{
	const struct scif_message m = {
		.src.node = about->id,
		.dst.node = to->id,
		.op = SCIF_NODE_ADD,
		.payload = {said[0], said[1], said[2], said[3]},
	};

	scif_message_send(to, &m);
}

static void
introduce(struct scif_node *a, struct scif_node *b)
{
	uint64_t to_a[4] = {0}, to_b[4] = {0};

	if (bit_get(a->paired, b->id) || a->bus->ops->introduce == NULL ||
	    b->bus->ops->introduce == NULL)
		return;
	if (a->bus->ops->introduce(a->bus, b->bus, to_a) < 0 ||
	    b->bus->ops->introduce(b->bus, a->bus, to_b) < 0)
		return;
	bit_set(a->paired, b->id, true);
	bit_set(b->paired, a->id, true);
	send_add(a, b, to_a);
	send_add(b, a, to_b);
}

static struct scif_node *
other_node(struct scif_engine *engine, uint64_t id)
{
	struct scif_node *node = scif_node_find(engine, id);

	return node != NULL && !node->self ? node : NULL;
}

/* Every pair of them, once; and again when one that had left is back, or had refused. */
void
scif_peer_introduce(struct scif_engine *engine)
{
	struct scif_node *a, *b;

	if (engine->config.node != 0 || engine->config.no_peers)
		return;
	for (uint16_t i = 1; i <= engine->max_link; i++) {
		a = other_node(engine, i);
		for (uint16_t j = i + 1; a != NULL && j <= engine->max_link; j++) {
			b = other_node(engine, j);
			if (b != NULL)
				introduce(a, b);
		}
	}
}

void
scif_peer_part(struct scif_node *gone)
{
	struct scif_engine *engine = gone->engine;

	for (uint16_t i = 0; i < SCIF_NODES_MAX; i++) {
		if (engine->node[i] != NULL)
			bit_set(engine->node[i]->paired, gone->id, false);
		bit_set(gone->paired, i, false);
	}
}

/* An answer of one of the two, for the other one. */
static void
forward(struct scif_node *from, const struct scif_message *m)
{
	struct scif_node *to = other_node(from->engine, m->dst.node);
	struct scif_message copy = *m;

	if (to == NULL || to == from || m->src.node != from->id || !bit_get(from->paired, to->id)) {
		from->engine->counters.bad_token++;
		return;
	}
	if (m->op == SCIF_NODE_ADD_ACK) {
		copy.payload[1] = from->engine->max_id;
	} else {
		bit_set(from->paired, to->id, false);
		bit_set(to->paired, from->id, false);
	}
	scif_message_send(to, &copy);
}

/* ---- The other nodes ---- */

static void
send_nack(struct scif_engine *engine, uint16_t about)
{
	struct scif_node *manager = scif_node_find(engine, 0);
	const struct scif_message m = {
		.src.node = engine->config.node,
		.dst.node = about,
		.op = SCIF_NODE_ADD_NACK,
	};

	if (manager != NULL && !manager->self)
		scif_message_send(manager, &m);
}

/* The node of a link that is not over; or NULL. */
static struct scif_node *
peer_node(const struct scif_engine *engine, uint16_t id)
{
	struct scif_node *node = engine->node[id];

	return node != NULL && !node->over ? node : NULL;
}

static void
answer(struct scif_engine *engine, uint16_t about)
{
	struct scif_node *manager = scif_node_find(engine, 0), *node = peer_node(engine, about);
	struct scif_peer *peer = &engine->peer[about];
	const struct scif_message m = {
		.src.node = engine->config.node,
		.dst.node = about,
		.op = SCIF_NODE_ADD_ACK,
		.payload = {node != NULL ? scif_link_address(node) : 0, 0, 0, peer->said},
	};

	if (node == NULL || manager == NULL || !peer->asked)
		return;
	peer->asked = false;
	scif_message_send(manager, &m);
}

void
scif_peer_forget(struct scif_node *node)
{
	if (!node->peer)
		return;
	scif_link_set_state(node, SCIF_QP_OFFLINE);
	scif_link_reset(node);
	node->engine->peer[node->id] = (struct scif_peer){0};
}

void
scif_peer_end(struct scif_node *node)
{
	if (!node->peer || node->over)
		return;
	scif_peer_forget(node);
	if (node->bus->ops->end == NULL)
		return;
	node->over = true;
	node->bus->ops->end(node->bus);
}

static void
log_unreachable(struct scif_engine *engine, uint16_t node, int error)
{
	scif_log(engine, "node %u: cannot be reached from here, errno %d", node, error);
}

static void
give_up(struct scif_node *node, int error)
{
	log_unreachable(node->engine, node->id, error);
	scif_peer_forget(node);
	send_nack(node->engine, node->id);
}

/* Once there are a link and the address of its other side's queue pair. */
static void
meet(struct scif_engine *engine, uint16_t about)
{
	struct scif_peer *peer = &engine->peer[about];
	struct scif_node *node = peer_node(engine, about);
	int ret;

	if (node == NULL || peer->qp == 0 || node->online)
		return;
	ret = scif_link_meet(node, peer->qp);
	if (ret == -EAGAIN)
		return;
	peer->qp = 0;
	if (ret < 0) {
		give_up(node, -ret);
		return;
	}
	scif_link_set_state(node, SCIF_QP_ONLINE);
	node->bus->ops->ring(node->bus);
	peer->looks = 0;
	peer->next_look = engine->now;
}

uint64_t
scif_peer_step(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;
	struct scif_peer *peer = &engine->peer[node->id];

	if (node->over)
		return SCIF_NO_DEADLINE;
	if (peer->qp != 0)
		meet(engine, node->id);
	if (peer->qp != 0)
		return scif_in_ms(engine, AGAIN_MS);
	if (node->online || !scif_link_is_met(node))
		return SCIF_NO_DEADLINE;
	if (scif_link_state(node) == SCIF_QP_ONLINE) {
		scif_node_join(node);
		return SCIF_NO_DEADLINE;
	}
	if (engine->now < peer->next_look)
		return peer->next_look;
	if (peer->looks++ == LOOKS_MAX) {
		give_up(node, ETIMEDOUT);
		return SCIF_NO_DEADLINE;
	}
	peer->next_look = scif_in_ms(engine, LOOK_MS);
	return peer->next_look;
}

int
scif_engine_peer_add(struct scif_engine *engine, uint16_t id, struct scif_bus *bus)
{
	int ret = id == 0 ? -EINVAL : scif_node_add(engine, id, bus, true);

	if (ret < 0)
		return ret;
	answer(engine, id);
	meet(engine, id);
	return 0;
}

/* Only node 0 speaks of others, and not of itself, of this one, or of one with another link. */
static bool
may_say(const struct scif_node *from, uint16_t about)
{
	const struct scif_engine *engine = from->engine;

	return from->id == 0 && about != 0 && about < SCIF_NODES_MAX &&
	       about != engine->config.node &&
	       (engine->node[about] == NULL || engine->node[about]->peer);
}

static void
asked(struct scif_node *from, const struct scif_message *m)
{
	struct scif_engine *engine = from->engine;
	const uint64_t said[4] = {m->payload[0], m->payload[1], m->payload[2], m->payload[3]};
	uint16_t about = m->src.node;
	int ret = 0;

	engine->peer[about].asked = true;
	engine->peer[about].said = said[3];
	if (peer_node(engine, about) == NULL)
		ret = engine->ops->peer == NULL ? -ENODEV
						: engine->ops->peer(engine->arg, about, said);
	if (ret < 0) {
		log_unreachable(engine, about, -ret);
		engine->peer[about] = (struct scif_peer){0};
		send_nack(engine, about);
		return;
	}
	answer(engine, about);
}

void
scif_peer_message(struct scif_node *from, const struct scif_message *m)
{
	struct scif_engine *engine = from->engine;
	uint16_t about = m->src.node;

	if (engine->config.node == 0 && m->op != SCIF_NODE_ADD) {
		forward(from, m);
		return;
	}
	if (!may_say(from, about)) {
		engine->counters.bad_token++;
		return;
	}
	if (m->op == SCIF_NODE_ADD) {
		asked(from, m);
	} else if (m->op == SCIF_NODE_ADD_ACK) {
		if (scif_node_find(engine, about) == NULL)
			engine->peer[about].qp = m->payload[0];
		meet(engine, about);
	} else if (engine->node[about] != NULL && !engine->node[about]->online) {
		scif_peer_forget(engine->node[about]);
	}
}
