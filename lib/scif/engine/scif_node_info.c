/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_priv.h"

/* Which nodes there are, asked of another node than node 0: section 9.2.
 *
 *   node i                                   node 0
 *     cookie        GET_NODE_INFO --------->
 *                   <--------- GET_NODE_INFO  highest id, how many, the cookie
 *
 * What node 0 said before has come then: nodes that it removed are gone.
 */

/* Somebody waits for the answer. */
struct scif_asker {
	struct scif_list link; /* in engine->askers, in the order of their deadlines */
	struct scif_client *client;
	uint32_t slot, ticket;
	uint64_t deadline;
	uint64_t token;
};

static void
asker_free(struct scif_asker *a)
{
	scif_token_free(&a->client->engine->tokens, a->token);
	scif_list_remove(&a->link);
	a->client->nb_asked--;
	free(a);
}

/* With an answer or without: what is known is what there is. */
static void
asker_done(struct scif_asker *a)
{
	scif_slot_done(a->client, a->slot, a->ticket, 0, 0);
	asker_free(a);
}

static int
asker_new(struct scif_client *client, const struct scif_request *rq, struct scif_asker **made)
{
	struct scif_engine *engine = client->engine;
	struct scif_asker *a = NULL;

	if (client->nb_asked < SCIF_BOARD_SLOTS)
		a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->client = client;
	a->slot = rq->slot;
	a->ticket = rq->ticket;
	a->deadline = scif_in_ms(engine, engine->config.alive_ms);
	if (scif_token_new(&engine->tokens, SCIF_KIND_INFO, a, &a->token) < 0) {
		free(a);
		return -ENOMEM;
	}
	scif_list_add(&engine->askers, &a->link);
	client->nb_asked++;
	*made = a;
	return 0;
}

int
scif_info_ask(struct scif_client *client, const struct scif_request *rq)
{
	struct scif_node *manager = scif_node_find(client->engine, 0);
	struct scif_message m = {
		.src.node = client->engine->config.node,
		.op = SCIF_GET_NODE_INFO,
	};
	struct scif_asker *a;
	int ret;

	if (manager == NULL || manager->self)
		return 0;
	ret = asker_new(client, rq, &a);
	if (ret < 0)
		return ret;
	m.payload[3] = a->token;
	ret = scif_message_send(manager, &m);
	if (ret < 0)
		asker_free(a);
	return ret < 0 ? ret : -EINPROGRESS;
}

void
scif_info_message(struct scif_node *from, const struct scif_message *m)
{
	struct scif_engine *engine = from->engine;
	struct scif_asker *a = scif_token_find(&engine->tokens, SCIF_KIND_INFO, m->payload[3]);

	if (from->id != 0 || a == NULL) {
		engine->counters.bad_token++;
		return;
	}
	if (m->payload[1] < SCIF_NODES_MAX && m->payload[1] > engine->max_id)
		engine->max_id = (uint16_t)m->payload[1];
	asker_done(a);
}

void
scif_info_unsent(struct scif_node *to, const struct scif_message *m)
{
	struct scif_asker *a =
		scif_token_find(&to->engine->tokens, SCIF_KIND_INFO, m->payload[3]);

	if (a != NULL)
		asker_done(a);
}

void
scif_info_client_gone(const struct scif_client *client)
{
	scif_list_each(at, next, &client->engine->askers) {
		struct scif_asker *a = scif_list_entry(at, struct scif_asker, link);

		if (a->client == client)
			asker_free(a);
	}
}

uint64_t
scif_info_step(struct scif_engine *engine)
{
	bool is_there = scif_node_find(engine, 0) != NULL;

	scif_list_each(at, next, &engine->askers) {
		struct scif_asker *a = scif_list_entry(at, struct scif_asker, link);

		if (is_there && engine->now < a->deadline)
			return a->deadline;
		asker_done(a);
	}
	return SCIF_NO_DEADLINE;
}
