/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Which figures there are.
 */
#include <stddef.h>

#include "perf.h"

/* Shorter messages are about round trips. */
#define STREAM_LEAST 512

static const struct {
	enum perf_way way;
	enum perf_place place;
	const char *name;
} kinds[PERF_NB_PARTS][16] = {
	[PERF_TRIPS] = {
		{PERF_SCIF, PERF_NODE, "SCIF"},
		{PERF_SCIF, PERF_NODE_64K, "SCIF, 64K rings"},
		{PERF_SCIF, PERF_TWO_NODES, "SCIF, two nodes"},
		{PERF_UNIX, PERF_NODE, "UNIX"},
		{PERF_TCP, PERF_NODE, "TCP"},
	},
	[PERF_STREAMS] = {
		{PERF_RAW, PERF_NODE_64K, "plain ring"},
		{PERF_SCIF, PERF_NODE_64K, "SCIF"},
		{PERF_SCIF, PERF_NODE, "SCIF, 4K rings"},
		{PERF_SCIF, PERF_TWO_NODES, "SCIF, two nodes"},
		{PERF_UNIX, PERF_NODE, "UNIX"},
		{PERF_TCP_LASTING, PERF_NODE, "TCP"},
		{PERF_TCP, PERF_NODE, "TCP, at first"},
		{PERF_TCP_64K, PERF_NODE, "TCP, 64K buffers"},
	},
	[PERF_RMA] = {
		{PERF_UNIX, PERF_NODE, "UNIX"},
		{PERF_TCP, PERF_NODE, "TCP"},
		{PERF_MEMCPY, PERF_NODE, "memcpy"},
		{PERF_READFROM, PERF_NODE, "readfrom"},
		{PERF_WRITETO, PERF_NODE, "writeto"},
		{PERF_VREADFROM, PERF_NODE, "vreadfrom"},
		{PERF_VWRITETO, PERF_NODE, "vwriteto"},
		{PERF_READFROM, PERF_TWO_NODES, "readfrom, two nodes"},
		{PERF_WRITETO, PERF_TWO_NODES, "writeto, two nodes"},
		{PERF_VM, PERF_NODE, "process_vm_readv"},
	},
	[PERF_CONNECTIONS] = {
		{PERF_SCIF, PERF_NODE, "SCIF"},
		{PERF_SCIF, PERF_TWO_NODES, "SCIF, two nodes"},
		{PERF_UNIX, PERF_NODE, "UNIX"},
		{PERF_TCP, PERF_NODE, "TCP"},
	},
};

static void
add(struct perf_run *run, enum perf_part part, enum perf_way way, enum perf_place place,
    const char *name, uint32_t size)
{
	struct perf_cell *cell = &run->cell[run->nb_cells];

	if (run->nb_cells == PERF_MAX_CELLS)
		return;
	*cell = (struct perf_cell){
		.part = part,
		.way = way,
		.place = place,
		.name = name,
		.size = size,
	};
	run->nb_cells++;
}

static void
add_size(struct perf_run *run, enum perf_part part, uint32_t size)
{
	for (unsigned int i = 0; kinds[part][i].name != NULL; i++)
		add(run, part, kinds[part][i].way, kinds[part][i].place, kinds[part][i].name, size);
}

static void
add_sizes(struct perf_run *run, enum perf_part part, const struct bench_numbers *sizes,
	  uint32_t least)
{
	if ((run->opt.parts & 1u << part) == 0)
		return;
	for (unsigned int i = 0; i < sizes->count; i++)
		if (sizes->value[i] >= least)
			add_size(run, part, sizes->value[i]);
}

/** All cells of the parts that were asked for. What sockets leave to be done would disturb round
 * trips: those do not follow them.
 */
void
perf_cells_make(struct perf_run *run)
{
	if ((run->opt.parts & 1u << PERF_TRIPS) != 0) {
		add(run, PERF_TRIPS, PERF_RAW, PERF_NODE, "cache line", 8);
		add(run, PERF_TRIPS, PERF_MAPPED, PERF_NODE, "mapped", 8);
		add(run, PERF_TRIPS, PERF_MAPPED, PERF_TWO_NODES, "mapped, two nodes", 8);
	}
	add_sizes(run, PERF_TRIPS, &run->opt.messages, 0);
	add_sizes(run, PERF_STREAMS, &run->opt.messages, STREAM_LEAST);
	if ((run->opt.parts & 1u << PERF_CONNECTIONS) != 0)
		add_size(run, PERF_CONNECTIONS, 0);
	add_sizes(run, PERF_RMA, &run->opt.copies, 0);
}

/** The cell of that name and size, or NULL. */
const struct perf_cell *
perf_cell_find(const struct perf_run *run, enum perf_part part, enum perf_way way,
	       enum perf_place place, uint32_t size)
{
	for (unsigned int i = 0; i < run->nb_cells; i++) {
		const struct perf_cell *c = &run->cell[i];

		if (c->part == part && c->way == way && c->place == place && c->size == size)
			return c;
	}
	return NULL;
}
