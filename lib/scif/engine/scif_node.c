/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>

#include "scif_priv.h"

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

void
scif_node_join(struct scif_node *node)
{
	struct scif_engine *engine = node->engine;

	if (node->online)
		return;
	node->online = true;
	if (node->id > engine->max_id)
		engine->max_id = node->id;
	engine->counters.nodes_added += !node->self;
}

void
scif_node_leave(struct scif_node *node)
{
	if (!node->online)
		return;
	node->online = false;
	node->engine->counters.nodes_lost++;
	scif_close_node(node);
}
