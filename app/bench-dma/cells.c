/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "bench.h"

const char *const bench_layout_names[BENCH_NB_LAYOUTS] = {
	[BENCH_COPY] = "copy",
	[BENCH_PARTS] = "parts",
};

const char *const bench_heat_names[BENCH_NB_HEATS] = {
	[BENCH_HOT] = "hot",
	[BENCH_COLD] = "cold",
};

/** Add a row to the table: 0, or -EINVAL when one line says why it cannot be measured. */
int
bench_cells_add(struct bench_run *run, const struct bench_cell *cell)
{
	struct bench_cell *c;

	if (cell->threads > rte_lcore_count()) {
		fprintf(stderr,
			"bench-dma: --threads %u: there are %u lcores: give EAL more CPUs, as by "
			"-l 0,1\n",
			cell->threads, rte_lcore_count());
		return -EINVAL;
	}
	if (cell->layout == BENCH_PARTS && cell->threads > 1) {
		fprintf(stderr, "bench-dma: layout parts: has 1 thread, not %u\n", cell->threads);
		return -EINVAL;
	}
	if (cell->depth != 0 && cell->depth < cell->batch) {
		fprintf(stderr, "bench-dma: --depth %u: must not be less than the batch, %u\n",
			cell->depth, cell->batch);
		return -EINVAL;
	}
#if !defined(RTE_ARCH_X86)
	if (cell->heat == BENCH_COLD) {
		fprintf(stderr, "bench-dma: --heat cold: on x86 CPUs only\n");
		return -EINVAL;
	}
#endif
	if (run->nb_cells == BENCH_MAX_CELLS) {
		fprintf(stderr, "bench-dma: more than %u rows\n", BENCH_MAX_CELLS);
		return -EINVAL;
	}
	c = &run->cell[run->nb_cells++];
	*c = *cell;
	/* One batch is made while the other is under way. */
	if (c->depth == 0)
		c->depth = 2 * c->batch;
	return 0;
}

/* Rows of the whole table, by lists that end with 0. */
struct group {
	enum bench_layout layout;
	bool heat[BENCH_NB_HEATS];
	uint16_t threads;
	uint32_t sizes[8];
	uint16_t batches[5];
};

#define K (1u << 10)
#define M (1u << 20)
#define HOT {true, false}
#define HOT_AND_COLD {true, true}

static const struct group full[] = {
	{BENCH_COPY, HOT_AND_COLD, 1, {64, 256, K, 4 * K, 16 * K, 64 * K}, {32}},
	/* Few of the large ones, or a sample would be one pass. */
	{BENCH_COPY, HOT_AND_COLD, 1, {256 * K, M, 4 * M}, {4}},
	{BENCH_COPY, HOT_AND_COLD, 1, {16 * M}, {1}},
	{BENCH_COPY, HOT, 1, {256, 4 * K}, {1, 4, 16, 64}},
	{BENCH_COPY, HOT, 2, {256, 4 * K, 64 * K}, {32}},
	{BENCH_PARTS, HOT, 1, {64, 4 * K}, {1, 8, 32}},
};

/* Of one heat, so that a table holds together. */
static int
add_group(struct bench_run *run, const struct group *g, enum bench_heat heat)
{
	struct bench_cell cell = {.layout = g->layout, .heat = heat, .threads = g->threads};
	unsigned int s, b;

	for (b = 0; b < RTE_DIM(g->batches) && g->batches[b] != 0; b++) {
		for (s = 0; s < RTE_DIM(g->sizes) && g->sizes[s] != 0; s++) {
			cell.size = g->sizes[s];
			cell.batch = g->batches[b];
			if (bench_cells_add(run, &cell) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

/** The table of the guide, without the rows that need more threads than there are lcores. */
int
bench_cells_full(struct bench_run *run)
{
	unsigned int layout, heat, g;

	for (layout = 0; layout < BENCH_NB_LAYOUTS; layout++)
		for (heat = 0; heat < BENCH_NB_HEATS; heat++)
			for (g = 0; g < RTE_DIM(full); g++)
				if (full[g].layout == layout && full[g].heat[heat] &&
				    full[g].threads <= rte_lcore_count() &&
				    add_group(run, &full[g], heat) < 0)
					return -EINVAL;
	return 0;
}
