/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "scif_priv.h"

/* ---- The engine ---- */

#define DEFAULT(field, value)                                                                      \
	do {                                                                                       \
		if (config->field == 0)                                                            \
			config->field = (value);                                                   \
	} while (0)

static int
config_check(struct scif_engine_config *config)
{
	DEFAULT(ring_size, SCIF_RING_SIZE);
	DEFAULT(connect_ms, 10000);
	DEFAULT(accept_ms, 3000);
	DEFAULT(alive_ms, 30000);
	DEFAULT(page_poll_ms, 1000);
	DEFAULT(send_retry_ms, 3000);
	if (config->node >= SCIF_NODES_MAX || config->ring_size < 256 ||
	    config->ring_size > 1u << 20 || (config->ring_size & (config->ring_size - 1)) != 0)
		return -EINVAL;
	return 0;
}

static int
node_new(struct scif_engine *engine, uint16_t id, struct scif_bus *bus, struct scif_node **made)
{
	struct scif_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return -ENOMEM;
	node->engine = engine;
	node->id = id;
	node->bus = bus;
	node->self = bus == NULL;
	node->exiting = SCIF_NO_DEADLINE;
	engine->node[id] = node;
	*made = node;
	return 0;
}

struct scif_engine *
scif_engine_create(const struct scif_engine_config *config, const struct scif_host_ops *ops,
		   void *arg)
{
	struct scif_engine *engine = calloc(1, sizeof(*engine));
	struct scif_node *self;

	if (engine == NULL)
		return NULL;
	engine->config = *config;
	engine->ops = ops;
	engine->arg = arg;
	scif_list_init(&engine->endpoints);
	scif_list_init(&engine->timers);
	scif_list_init(&engine->owing);
	scif_list_init(&engine->clients);
	scif_list_init(&engine->arenas);
	scif_list_init(&engine->windows);
	scif_list_init(&engine->memories);
	scif_list_init(&engine->forming);
	scif_list_init(&engine->cookies);
	scif_list_init(&engine->askers);
	scif_list_init(&engine->waits);
	scif_list_init(&engine->resting);
	scif_list_init(&engine->loop);
	scif_ports_init(&engine->ports);
	if (config_check(&engine->config) < 0 ||
	    node_new(engine, engine->config.node, NULL, &self) < 0) {
		free(engine);
		return NULL;
	}
	scif_node_join(self);
	return engine;
}

void
scif_engine_destroy(struct scif_engine *engine)
{
	for (uint16_t i = 0; i < SCIF_NODES_MAX; i++)
		if (engine->node[i] != NULL && !engine->node[i]->self)
			scif_engine_link_remove(engine, i);
	scif_list_each(at, next, &engine->clients)
		scif_engine_client_remove(engine, scif_list_entry(at, struct scif_client, link));
	scif_message_loop(engine);
	scif_connection_rest(engine, true);
	free(scif_node_self(engine));
	scif_tokens_free(&engine->tokens);
	free(engine);
}

const struct scif_counters *
scif_engine_counters(const struct scif_engine *engine)
{
	return &engine->counters;
}

/* ---- Clients ---- */

int
scif_engine_client_add(struct scif_engine *engine, const struct scif_credentials *who,
		       struct scif_client *like, struct scif_client **made)
{
	struct scif_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return -ENOMEM;
	client->engine = engine;
	client->who = *who;
	/* A child's is not its parent's: it is told by the child's first request. */
	if (like != NULL)
		client->who.pid = 0;
	client->number = ++engine->numbers;
	scif_list_init(&client->link);
	client->desk = scif_desk_new(engine);
	if (client->desk == NULL) {
		free(client);
		return -ENOMEM;
	}
	scif_list_add(&engine->clients, &client->link);
	if (like != NULL && scif_endpoint_share(client, like) < 0) {
		scif_engine_client_remove(engine, client);
		return -ENOMEM;
	}
	*made = client;
	return 0;
}

void
scif_engine_client_remove(struct scif_engine *engine, struct scif_client *client)
{
	for (uint32_t i = 0; client->nb_holds > 0; i++)
		if (client->hold[i] != NULL)
			scif_endpoint_drop(client, i);
	scif_window_client_gone(client);
	scif_fence_client_gone(client);
	scif_info_client_gone(client);
	scif_list_remove(&client->link);
	scif_desk_put(engine, client->desk);
	free(client);
	scif_message_loop(engine);
}

void
scif_engine_client_set(struct scif_client *client, void *own)
{
	client->own = own;
}

void *
scif_engine_client_get(const struct scif_client *client)
{
	return client->own;
}

const struct scif_credentials *
scif_engine_client_who(const struct scif_client *client)
{
	return &client->who;
}

void
scif_engine_client_pid(struct scif_client *client, int32_t pid)
{
	client->who.pid = pid;
}

struct scif_client *
scif_engine_client_first(struct scif_engine *engine)
{
	return scif_list_empty(&engine->clients)
		       ? NULL
		       : scif_list_entry(engine->clients.next, struct scif_client, link);
}

/* ---- Time ---- */

/* The endpoints that a client has told of. */
static void
look_at_word(struct scif_client *client, uint32_t word)
{
	uint64_t bits = atomic_exchange(&client->desk->board->tell[word], 0);
	struct scif_endpoint *ep;

	for (; bits != 0; bits &= bits - 1) {
		ep = scif_endpoint_of(client, word * 64 + (uint32_t)__builtin_ctzll(bits));
		if (ep != NULL)
			scif_stream_tell(ep);
	}
}

static void
look_at_board(struct scif_client *client)
{
	_Atomic uint64_t *words = client->desk->board->tell_words;
	uint64_t bits;

	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS / 64 / 64; i++) {
		/* Sequentially consistent, or it could come before the store that says that this
		 * engine sleeps.
		 */
		if (atomic_load(&words[i]) == 0)
			continue;
		for (bits = atomic_exchange(&words[i], 0); bits != 0; bits &= bits - 1)
			look_at_word(client, i * 64 + (uint32_t)__builtin_ctzll(bits));
	}
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
expire(struct scif_engine *engine)
{
	uint64_t deadline = SCIF_NO_DEADLINE;

	scif_list_each(at, next, &engine->timers) {
		struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, timer);

		deadline = least(deadline, ep->deadline);
		scif_connect_expire(ep);
	}
	return deadline;
}

uint64_t
scif_engine_step(struct scif_engine *engine, uint64_t now_ns)
{
	uint64_t deadline;

	engine->now = now_ns;
	scif_list_each(at, next, &engine->clients)
		look_at_board(scif_list_entry(at, struct scif_client, link));
	deadline = least(expire(engine), scif_connection_rest(engine, false));
	for (unsigned int i = 0; i <= engine->max_link; i++) {
		if (engine->node[i] == NULL || engine->node[i]->self)
			continue;
		/* What a peer says counts once both are online. */
		if (engine->node[i]->peer)
			deadline = least(deadline, scif_peer_step(engine->node[i]));
		deadline = least(deadline, scif_link_step(engine->node[i]));
		deadline = least(deadline, scif_node_expire(engine->node[i]));
	}
	deadline = least(deadline, scif_stream_step(engine));
	deadline = least(deadline, scif_window_step(engine));
	deadline = least(deadline, scif_fence_step(engine));
	deadline = least(deadline, scif_info_step(engine));
	deadline = least(deadline, scif_answer_step(engine));
	scif_message_loop(engine);
	return deadline;
}

void
scif_engine_sleep(struct scif_engine *engine, bool asleep)
{
	scif_list_each(at, next, &engine->clients) {
		struct scif_client *client = scif_list_entry(at, struct scif_client, link);

		/* Pairs with who tells: sets its bit, then looks here. Both sequentially
		 * consistent, so either the step after this sees the bit, or that one sees this.
		 */
		atomic_store(&client->desk->board->asleep, asleep);
	}
}

/* ---- Links ---- */

int
scif_node_add(struct scif_engine *engine, uint16_t id, struct scif_bus *bus, bool peer)
{
	struct scif_node *node;
	int ret;

	if (id >= SCIF_NODES_MAX)
		return -EINVAL;
	if (engine->node[id] != NULL)
		return -EBUSY;
	ret = node_new(engine, id, bus, &node);
	if (ret < 0)
		return ret;
	node->peer = peer;
	ret = scif_link_open(node);
	if (ret < 0) {
		engine->node[id] = NULL;
		free(node);
		return ret;
	}
	if (id > engine->max_link)
		engine->max_link = id;
	return 0;
}

int
scif_engine_link_add(struct scif_engine *engine, uint16_t id, struct scif_bus *bus)
{
	return scif_node_add(engine, id, bus, false);
}

void
scif_engine_link_look(struct scif_engine *engine, uint16_t id)
{
	if (engine->node[id] != NULL && !engine->node[id]->self)
		scif_link_look(engine->node[id]);
}

bool
scif_engine_node_online(struct scif_engine *engine, uint16_t node)
{
	return scif_node_find(engine, node) != NULL;
}

void
scif_engine_stop(struct scif_engine *engine)
{
	scif_node_stop(engine);
}

bool
scif_engine_stopped(const struct scif_engine *engine)
{
	return scif_node_stopped(engine);
}

void
scif_engine_link_remove(struct scif_engine *engine, uint16_t id)
{
	struct scif_node *node = engine->node[id];

	if (node == NULL || node->self)
		return;
	scif_node_leave(node);
	scif_link_close(node);
	if (!node->over)
		engine->peer[id] = (struct scif_peer){0};
	scif_arena_forget(node);
	engine->node[id] = NULL;
	free(node);
}
