/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "bench.h"

const char *const bench_layout_names[BENCH_NB_LAYOUTS] = {
	[BENCH_COOPERATIVE] = "cooperative",
	[BENCH_PAIR] = "pair",
	[BENCH_TWO_WORKER] = "two-worker",
	[BENCH_LATENCY] = "latency",
	[BENCH_LATENCY_FLUSHED] = "latency-flushed",
	[BENCH_PARTS] = "parts",
};

/** Threads of a layout. */
unsigned int
bench_layout_threads(enum bench_layout layout)
{
	return layout == BENCH_COOPERATIVE || layout == BENCH_PARTS ? 1 : 2;
}

bool
bench_layout_is_latency(enum bench_layout layout)
{
	return layout == BENCH_LATENCY || layout == BENCH_LATENCY_FLUSHED;
}

static int
sched_type_of(char letter)
{
	switch (letter) {
	case 'a':
		return RTE_SCHED_TYPE_ATOMIC;
	case 'o':
		return RTE_SCHED_TYPE_ORDERED;
	case 'p':
		return RTE_SCHED_TYPE_PARALLEL;
	default:
		return -EINVAL;
	}
}

/** Read the types of stages from their letters: 0, or -EINVAL when one line says why. */
int
bench_stages_parse(const char *name, struct bench_stages *stages)
{
	size_t len = strlen(name), i;
	int type = 0;

	*stages = (struct bench_stages){.count = RTE_MIN(len, LOOP_MAX_STAGES)};
	for (i = 0; i < stages->count && type >= 0; i++) {
		type = sched_type_of(name[i]);
		stages->sched_type[i] = type;
		stages->name[i] = name[i];
	}
	if (len == 0 || len > LOOP_MAX_STAGES || type < 0) {
		fprintf(stderr, "bench-event: --stages %s: must be one to %u letters of a, o, p\n",
			name, LOOP_MAX_STAGES);
		return -EINVAL;
	}
	return 0;
}

/** Add a row to the table: 0, or -EINVAL when one line says why it cannot be measured. */
int
bench_cells_add(struct bench_run *run, const struct bench_cell *cell)
{
	if (bench_layout_threads(cell->layout) > rte_lcore_count()) {
		fprintf(stderr,
			"bench-event: layout %s needs 2 lcores, there is 1: give EAL two CPUs, as "
			"by -l 0,1\n",
			bench_layout_names[cell->layout]);
		return -EINVAL;
	}
	/* Two producers have half of the window each. */
	if (cell->burst * 2u > run->opt.window) {
		fprintf(stderr,
			"bench-event: --burst %u: must not be more than half of the window, %u\n",
			cell->burst, run->opt.window);
		return -EINVAL;
	}
	if (run->nb_cells == BENCH_MAX_CELLS) {
		fprintf(stderr, "bench-event: more than %u rows\n", BENCH_MAX_CELLS);
		return -EINVAL;
	}
	run->cell[run->nb_cells++] = *cell;
	return 0;
}

/* Rows of the whole table: layouts by a mask, stages and numbers by lists that end with 0. */
struct group {
	unsigned int layouts;
	const char *stages[8];
	uint16_t bursts[4];
	uint32_t flows[8];
	uint32_t work;
};

#define LAYOUT(name) (1u << BENCH_##name)

static const struct group full[] = {
	{LAYOUT(COOPERATIVE) | LAYOUT(PAIR) | LAYOUT(TWO_WORKER),
	 {"a", "p", "o", "oa", "aa", "oo"},
	 {32},
	 {1024},
	 0},
	{LAYOUT(COOPERATIVE) | LAYOUT(PAIR), {"a", "p", "o", "oa"}, {1, 8}, {1024}, 0},
	{LAYOUT(COOPERATIVE) | LAYOUT(PAIR), {"a"}, {32}, {1, 3, 64, 16384}, 0},
	/* With one flow, its order is that of the whole queue. */
	{LAYOUT(COOPERATIVE) | LAYOUT(PAIR), {"oa"}, {32}, {1}, 0},
	{LAYOUT(TWO_WORKER), {"a"}, {32}, {1, 3, 64}, 400},
	{LAYOUT(LATENCY) | LAYOUT(LATENCY_FLUSHED), {"a", "oa"}, {1}, {1024}, 0},
	{LAYOUT(PARTS), {"a", "p", "o", "oa"}, {32}, {1024}, 0},
};

static int
add_stages(struct bench_run *run, const struct group *g, struct bench_cell *cell)
{
	unsigned int s, b, f;

	for (b = 0; b < RTE_DIM(g->bursts) && g->bursts[b] != 0; b++) {
		for (f = 0; f < RTE_DIM(g->flows) && g->flows[f] != 0; f++) {
			for (s = 0; s < RTE_DIM(g->stages) && g->stages[s] != NULL; s++) {
				cell->burst = g->bursts[b];
				cell->flows = g->flows[f];
				if (bench_stages_parse(g->stages[s], &cell->stages) < 0 ||
				    bench_cells_add(run, cell) < 0)
					return -EINVAL;
			}
		}
	}
	return 0;
}

/** The table of the guide, layout by layout, of those in a mask. */
int
bench_cells_full(struct bench_run *run, unsigned int layouts)
{
	struct bench_cell cell;
	unsigned int layout, g;

	for (layout = 0; layout < BENCH_NB_LAYOUTS; layout++) {
		for (g = 0; g < RTE_DIM(full); g++) {
			cell = (struct bench_cell){.layout = layout, .work = full[g].work};
			if ((full[g].layouts & layouts & (1u << layout)) != 0 &&
			    add_stages(run, &full[g], &cell) < 0)
				return -EINVAL;
		}
	}
	return 0;
}
