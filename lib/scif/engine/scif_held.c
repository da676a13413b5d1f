/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_window.h"

/* What there is, counted where it is: a sum that were kept could miss what is missed elsewhere. */

static uint64_t
length_of(const struct scif_list *list)
{
	uint64_t n = 0;

	scif_list_each(at, next, list)
		n++;
	return n;
}

static void
count_endpoints(const struct scif_engine *engine, struct scif_held *held)
{
	scif_list_each(at, next, &engine->endpoints) {
		const struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, link);

		held->endpoints++;
		held->requests += length_of(&ep->knocks);
	}
}

static void
count_ports(const struct scif_engine *engine, struct scif_held *held)
{
	for (uint32_t i = 0; i < SCIF_PORTS; i++) {
		held->ports += engine->ports.holders[i];
		held->listeners += engine->listener[i] != NULL;
	}
}

static void
count_windows(const struct scif_engine *engine, struct scif_held *held)
{
	scif_list_each(at, next, &engine->windows) {
		const struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		held->windows++;
		held->mapped += length_of(&w->mapped);
	}
}

static void
count_arenas(const struct scif_engine *engine, struct scif_held *held)
{
	scif_list_each(at, next, &engine->arenas) {
		const struct scif_arena *arena = scif_list_entry(at, struct scif_arena, link);

		held->arenas++;
		held->halves += arena->used;
	}
}

void
scif_engine_held(const struct scif_engine *engine, struct scif_held *held)
{
	*held = (struct scif_held){
		.clients = length_of(&engine->clients),
		.tokens = engine->tokens.count,
		.memories = length_of(&engine->memories),
		.forming = length_of(&engine->forming),
		.resting = length_of(&engine->resting),
		.cookies = length_of(&engine->cookies),
		.askers = length_of(&engine->askers),
		.waits = length_of(&engine->waits),
	};
	count_endpoints(engine, held);
	count_ports(engine, held);
	count_windows(engine, held);
	count_arenas(engine, held);
}
