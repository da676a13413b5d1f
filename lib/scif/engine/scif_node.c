/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "scif_priv.h"

/* Which nodes there are: sections 9, 10.2 and 10.10. Node 0 manages the others.
 *
 *   join    SCIF_INIT both ways
 *   stop    SCIF_EXIT; node 0 has the others remove it (NODE_REMOVE, each acknowledged), and then
 *           answers EXIT_ACK
 *   lost    the same without its EXIT
 */

struct scif_node *
scif_node_self(struct scif_engine *engine)
{
	return engine->node[engine->config.node];
}

struct scif_node *
scif_node_find(struct scif_engine *engine, uint64_t id)
{
	struct scif_node *node = id < SCIF_NODES_MAX ? engine->node[id] : NULL;

	return node != NULL && node->online ? node : NULL;
}

unsigned int
scif_node_count(const struct scif_engine *engine)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++)
		n += engine->node[i] != NULL && engine->node[i]->online;
	return n;
}

static bool
is_manager(const struct scif_engine *engine)
{
	return engine->config.node == 0;
}

static int
send_about(struct scif_node *to, enum scif_op op, uint16_t id)
{
	const struct scif_message m = {
		.src.node = to->engine->config.node,
		.dst.node = to->id,
		.op = op,
		.payload = {id},
	};

	return scif_message_send(to, &m);
}

/* ---- Join ---- */

void
scif_node_join(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;

	if (node->online)
		return;
	node->online = true;
	if (node->id > engine->max_id)
		engine->max_id = node->id;
	if (node->self)
		return;
	engine->counters.nodes_added++;
	if (!engine->config.quiet)
		scif_log(engine, "node %u: online", node->id);
	engine->ops->node(engine->arg, node->id, true);
	scif_peer_introduce(engine);
}

/* ---- Leave ---- */

/* Every other node is to forget one. */
static void
tell_others(struct scif_node *gone)
{
	struct scif_engine *engine = gone->engine;

	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++) {
		struct scif_node *node = engine->node[i];

		if (node == NULL || node == gone || node->self || !node->online)
			continue;
		if (send_about(node, SCIF_NODE_REMOVE, gone->id) == 0)
			engine->unacked[gone->id][node->id]++;
	}
}

/* Do all others know that it is gone? */
static bool
all_know(const struct scif_node *gone)
{
	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++)
		if (gone->engine->unacked[gone->id][i] != 0)
			return false;
	return true;
}

/* The others know, or had their time: the one that leaves may go. */
static void
let_go(struct scif_node *node)
{
	node->exiting = SCIF_NO_DEADLINE;
	send_about(node, SCIF_EXIT_ACK, 0);
	scif_link_reset(node);
}

static void
let_go_if_known(struct scif_engine *engine, uint64_t id)
{
	struct scif_node *gone = engine->node[id];

	if (gone != NULL && gone->exiting != SCIF_NO_DEADLINE && all_know(gone))
		let_go(gone);
}

/* Who is gone says nothing any more. */
static void
excuse(const struct scif_node *node)
{
	for (unsigned int id = 0; id < SCIF_NODES_MAX; id++) {
		if (node->engine->unacked[id][node->id] == 0)
			continue;
		node->engine->unacked[id][node->id] = 0;
		let_go_if_known(node->engine, id);
	}
}

void
scif_node_settle(const struct scif_node *to, uint64_t gone)
{
	if (gone >= SCIF_NODES_MAX || to->engine->unacked[gone][to->id] == 0)
		return;
	to->engine->unacked[gone][to->id]--;
	let_go_if_known(to->engine, gone);
}

void
scif_node_leave(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;

	if (!node->online)
		return;
	node->online = false;
	excuse(node);
	engine->counters.nodes_lost++;
	if (!engine->config.quiet)
		scif_log(engine, "node %u: gone", node->id);
	scif_close_node(node);
	if (is_manager(engine)) {
		scif_peer_part(node);
		tell_others(node);
	}
	engine->ops->node(engine->arg, node->id, false);
}

static void
exits(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;

	scif_node_leave(node);
	node->exiting = scif_in_ms(engine, engine->config.alive_ms);
	let_go_if_known(engine, node->id);
}

/* Only who was told knows, and once for each time that it was. */
static void
remove_acked(struct scif_node *from, uint64_t id)
{
	if (id < SCIF_NODES_MAX && from->engine->unacked[id][from->id] != 0)
		scif_node_settle(from, id);
	else
		from->engine->counters.bad_token++;
}

static void
removed(struct scif_node *from, uint64_t id)
{
	struct scif_node *gone = scif_node_find(from->engine, id);

	/* Only the manager says so, and not of itself or of this node. */
	if (from->id != 0 || id == 0 || id >= SCIF_NODES_MAX || (gone != NULL && gone->self)) {
		from->engine->counters.bad_token++;
		return;
	}
	if (gone != NULL)
		scif_node_leave(gone);
	if (from->engine->node[id] != NULL)
		scif_peer_end(from->engine->node[id]);
	send_about(from, SCIF_NODE_REMOVE_ACK, (uint16_t)id);
}

/* ---- This node stops ---- */

void
scif_node_stop(struct scif_engine *engine)
{
	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++) {
		struct scif_node *node = engine->node[i];

		/* Node 0 tells the peers. */
		if (node == NULL || node->self || node->peer || !node->online)
			continue;
		scif_link_withdraw(node);
		send_about(node, SCIF_EXIT, 0);
		node->stopping = true;
	}
}

bool
scif_node_stopped(const struct scif_engine *engine)
{
	for (unsigned int i = 0; i < SCIF_NODES_MAX; i++)
		if (engine->node[i] != NULL && engine->node[i]->stopping)
			return false;
	return true;
}

static void
exit_acked(struct scif_node *node)
{
	if (!node->stopping) {
		node->engine->counters.bad_token++;
		return;
	}
	node->stopping = false;
	scif_node_leave(node);
	scif_link_reset(node);
}

uint64_t
scif_node_expire(struct scif_node *node)
{
	if (node->exiting != SCIF_NO_DEADLINE && node->engine->now >= node->exiting)
		let_go(node);
	return node->exiting;
}

/* ---- Messages ---- */

static void
answer_info(struct scif_node *from, const struct scif_message *m)
{
	struct scif_message answer = *m;

	answer.payload[1] = from->engine->max_id;
	answer.payload[2] = scif_node_count(from->engine);
	scif_message_send(from, &answer);
}

void
scif_node_message(struct scif_node *from, const struct scif_message *m)
{
	/* Peers are nobody's manager: of what is here they have nothing to say. */
	if ((from->self || from->peer) && m->op != SCIF_GET_NODE_INFO) {
		from->engine->counters.bad_token++;
		return;
	}
	switch (m->op) {
	case SCIF_INIT:
		scif_node_join(from);
		break;
	case SCIF_EXIT:
		exits(from);
		break;
	case SCIF_EXIT_ACK:
		exit_acked(from);
		break;
	case SCIF_NODE_ADD:
	case SCIF_NODE_ADD_ACK:
	case SCIF_NODE_ADD_NACK:
		scif_peer_message(from, m);
		break;
	case SCIF_NODE_REMOVE:
		removed(from, m->payload[0]);
		break;
	case SCIF_NODE_REMOVE_ACK:
		remove_acked(from, m->payload[0]);
		break;
	case SCIF_GET_NODE_INFO:
		if (is_manager(from->engine))
			answer_info(from, m);
		else
			scif_info_message(from, m);
		break;
	default:
		from->engine->counters.bad_token++;
		break;
	}
}
