/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scif_priv.h"

/* ---- Halves of connections ---- */

static size_t
slot_size(const struct scif_engine *engine)
{
	return scif_half_size(engine->config.ring_size);
}

static void
arena_free(struct scif_engine *engine, struct scif_arena *arena)
{
	struct scif_node *node = engine->node[arena->node];

	if (arena->address != 0 && node != NULL && node->bus != NULL)
		node->bus->ops->unshare(node->bus, arena->address);
	scif_list_remove(&arena->link);
	engine->ops->memory_free(engine->arg, &arena->memory);
	free(arena);
}

static int
arena_share(struct scif_arena *arena, struct scif_node *node)
{
	if (node->bus == NULL)
		return 0;
	return node->bus->ops->share(node->bus, &arena->memory, &arena->address);
}

static int
arena_new(struct scif_engine *engine, uint32_t a, uint32_t b, struct scif_node *node,
	  struct scif_arena **made)
{
	struct scif_arena *arena = calloc(1, sizeof(*arena));
	int ret;

	if (arena == NULL)
		return -ENOMEM;
	scif_list_init(&arena->link);
	arena->between[0] = a;
	arena->between[1] = b;
	arena->node = node->id;
	arena->memory.number = ++engine->numbers;
	ret = engine->ops->memory(engine->arg, SCIF_ARENA_SLOTS * slot_size(engine),
				  &arena->memory);
	if (ret < 0)
		goto free_arena;
	ret = arena_share(arena, node);
	if (ret < 0)
		goto free_memory;
	scif_list_add(&engine->arenas, &arena->link);
	*made = arena;
	return 0;

free_memory:
	engine->ops->memory_free(engine->arg, &arena->memory);
free_arena:
	free(arena);
	return ret;
}

/* Is this where halves of these two go, with one to spare? */
static bool
arena_fits(const struct scif_arena *arena, uint32_t a, uint32_t b, const struct scif_node *node)
{
	return arena->used < SCIF_ARENA_SLOTS && arena->node == node->id &&
	       ((arena->between[0] == a && arena->between[1] == b) ||
		(arena->between[0] == b && arena->between[1] == a));
}

static int
arena_find(struct scif_engine *engine, uint32_t a, uint32_t b, struct scif_node *node,
	   struct scif_arena **found)
{
	scif_list_each(at, next, &engine->arenas) {
		struct scif_arena *arena = scif_list_entry(at, struct scif_arena, link);

		if (arena_fits(arena, a, b, node)) {
			*found = arena;
			return 0;
		}
	}
	return arena_new(engine, a, b, node, found);
}

void
scif_arena_forget(const struct scif_node *node)
{
	scif_list_each(at, next, &node->engine->arenas) {
		struct scif_arena *arena = scif_list_entry(at, struct scif_arena, link);

		if (arena->node != node->id)
			continue;
		node->bus->ops->unshare(node->bus, arena->address);
		arena->address = 0;
		arena->between[0] = 0;
	}
}

static uint32_t
slot_take(uint64_t taken[], uint32_t words)
{
	for (uint32_t w = 0; w < words; w++) {
		if (taken[w] != UINT64_MAX) {
			uint32_t bit = (uint32_t)__builtin_ctzll(~taken[w]);

			taken[w] |= UINT64_C(1) << bit;
			return w * 64 + bit;
		}
	}
	return UINT32_MAX;
}

static void
half_init(struct scif_engine *engine, struct scif_place *place)
{
	struct scif_half *half = place->half;

	memset(half, 0, sizeof(*half));
	half->magic = SCIF_QP_MAGIC;
	half->ring_size = engine->config.ring_size;
	half->local_qp = scif_place_address(place);
	half->local_buf = half->local_qp + sizeof(*half);
}

int
scif_place_new(struct scif_engine *engine, uint32_t a, uint32_t b, struct scif_node *node,
	       struct scif_place *place)
{
	struct scif_arena *arena = NULL;
	int ret = arena_find(engine, a, b, node, &arena);

	if (ret < 0)
		return ret;
	place->arena = arena;
	place->slot = slot_take(arena->taken, SCIF_ARENA_SLOTS / 64);
	place->offset = place->slot * (uint64_t)slot_size(engine);
	place->half = (void *)((char *)arena->memory.base + place->offset);
	arena->used++;
	half_init(engine, place);
	return 0;
}

static void
place_free(struct scif_engine *engine, struct scif_place *place)
{
	struct scif_arena *arena = place->arena;

	if (arena == NULL)
		return;
	arena->taken[place->slot / 64] &= ~(UINT64_C(1) << place->slot % 64);
	if (--arena->used == 0)
		arena_free(engine, arena);
	place->arena = NULL;
}

uint64_t
scif_place_address(const struct scif_place *place)
{
	return place->arena->address + place->offset;
}

struct scif_connection *
scif_connection_new(void)
{
	struct scif_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->users = 1;
	scif_list_init(&connection->rest);
	return connection;
}

static void
connection_free(struct scif_engine *engine, struct scif_connection *connection)
{
	scif_list_remove(&connection->rest);
	place_free(engine, &connection->place[0]);
	place_free(engine, &connection->place[1]);
	free(connection);
}

/* Is one of its halves known to another node? */
static bool
is_far(const struct scif_engine *engine, const struct scif_connection *connection)
{
	for (unsigned int i = 0; i < 2; i++)
		if (connection->place[i].arena != NULL &&
		    connection->place[i].arena->node != engine->config.node)
			return true;
	return false;
}

void
scif_connection_put(struct scif_engine *engine, struct scif_connection *connection)
{
	if (connection == NULL || --connection->users > 0)
		return;
	if (!is_far(engine, connection)) {
		connection_free(engine, connection);
		return;
	}
	/* The other node may be about to map it, or to write there, and learns only now. */
	connection->until = scif_in_ms(engine, engine->config.accept_ms);
	scif_list_add(&engine->resting, &connection->rest);
}

uint64_t
scif_connection_rest(struct scif_engine *engine, bool all)
{
	scif_list_each(at, next, &engine->resting) {
		struct scif_connection *connection =
			scif_list_entry(at, struct scif_connection, rest);

		if (!all && engine->now < connection->until)
			return connection->until;
		connection_free(engine, connection);
	}
	return SCIF_NO_DEADLINE;
}

/* ---- Boards ---- */

struct scif_desk *
scif_desk_new(struct scif_engine *engine)
{
	struct scif_desk *desk = calloc(1, sizeof(*desk));

	if (desk == NULL)
		return NULL;
	if (engine->ops->memory(engine->arg, sizeof(struct scif_board), &desk->memory) < 0) {
		free(desk);
		return NULL;
	}
	desk->memory.number = ++engine->numbers;
	desk->board = desk->memory.base;
	desk->users = 1;
	return desk;
}

void
scif_desk_put(struct scif_engine *engine, struct scif_desk *desk)
{
	if (--desk->users > 0)
		return;
	engine->counters.copies += atomic_load(&desk->board->copies);
	engine->counters.copied += atomic_load(&desk->board->copied);
	engine->ops->memory_free(engine->arg, &desk->memory);
	free(desk);
}
