/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "options.h"

static const char help
	[] = "NAME\n"
	     "    bench-dma - DMA devices and the CPU's own ways to copy, on one loop\n"
	     "\n"
	     "SYNOPSIS\n"
	     "    bench-dma [EAL options] [--vdev=DEVICE ...] -- [options]\n"
	     "\n"
	     "DESCRIPTION\n"
	     "    Copies buffers by a device: enqueues a batch, submits it, and polls for what is\n"
	     "    complete, all in one thread. The CPU's ways copy the same buffers one by one.\n"
	     "    Samples are taken of all of them in turns, so that whatever disturbs the machine\n"
	     "    disturbs all of them alike. Every byte is compared after each pass, outside of\n"
	     "    the time that counts, and every completion is counted: a wrong one, and the run\n"
	     "    fails.\n"
	     "\n"
	     "    The devices are those of the EAL command line, in that order. Without any,\n"
	     "    dma_dsa with a dedicated work queue, dma_dsa with shared ones and dma_skeleton\n"
	     "    are used, as far as present. N.NNx says how many times as fast as the first\n"
	     "    column a column is, +N how many ns a copy takes longer than there.\n"
	     "\n"
	     "    Before and after each sample of one thread a spell of additions tells whether it\n"
	     "    has a core for itself (whole, else shared). With several threads the way between\n"
	     "    two CPUs is measured by a cache line that goes there and back: below 200 ns they\n"
	     "    are near, else far. Only samples of one kind are compared, and one that saw the\n"
	     "    machine change is repeated.\n"
	     "\n"
	     "OPTIONS\n"
	     "    --layouts LIST of copy   the whole of it; 10^9 bytes a second\n"
	     "                      parts  cycles of rte_dma_copy, rte_dma_submit and\n"
	     "                             rte_dma_completed, a copy; one thread\n"
	     "                   default copy\n"
	     "    --heat LIST    of hot, cold: buffers in the caches as far as they fit, or\n"
	     "                   flushed from them before each pass; default both\n"
	     "    --sizes LIST   bytes of a copy: 1 to 16M, with K or M; default\n"
	     "                   64,256,1K,4K,64K,1M\n"
	     "    --batch LIST   copies submitted together: 1 to 64, default 32\n"
	     "    --depth N      copies under way: the batch to 1024, default twice the batch\n"
	     "    --threads LIST threads, each with a channel and buffers of its own: 1 to 8, as\n"
	     "                   there are lcores; default 1\n"
	     "    --copies LIST  the CPU's ways: rte_memcpy as it is compiled for DPDK's packages,\n"
	     "                   rte_memcpy-avx2, rte_memcpy-avx512, memcpy, nt (stores past the\n"
	     "                   caches); default all that the CPU has, the\n"
	     "                   widest rte_memcpy of the two\n"
	     "    --full         the table of the guide instead of the lists\n"
	     "    --seconds S    length of what is timed in a sample: 0.001 to 60, default 0.05\n"
	     "    --repeats N    samples of each in each cell: 1 to 99, default 7\n"
	     "    --quick        --seconds 0.01 --repeats 5\n"
	     "    --json FILE    write everything measured to FILE, for plot_bench.py\n"
	     "    --help         this text\n"
	     "\n"
	     "EXIT STATUS\n"
	     "    0 all went well, 1 a device lost, doubled or damaged something, 2 wrong usage\n"
	     "\n"
	     "EXAMPLE\n"
	     "    bench-dma --no-huge -m 1024 --no-pci -l 0,1 -d librte_dma_dsa.so -- --quick\n";

enum {
	OPT_LAYOUTS = 1,
	OPT_HEAT,
	OPT_SIZES,
	OPT_BATCH,
	OPT_DEPTH,
	OPT_THREADS,
	OPT_COPIES,
	OPT_FULL,
	OPT_SECONDS,
	OPT_REPEATS,
	OPT_QUICK,
	OPT_JSON,
};

static const struct option longopts[] = {
	{"layouts", required_argument, NULL, OPT_LAYOUTS},
	{"heat", required_argument, NULL, OPT_HEAT},
	{"sizes", required_argument, NULL, OPT_SIZES},
	{"batch", required_argument, NULL, OPT_BATCH},
	{"depth", required_argument, NULL, OPT_DEPTH},
	{"threads", required_argument, NULL, OPT_THREADS},
	{"copies", required_argument, NULL, OPT_COPIES},
	{"full", no_argument, NULL, OPT_FULL},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"repeats", required_argument, NULL, OPT_REPEATS},
	{"quick", no_argument, NULL, OPT_QUICK},
	{"json", required_argument, NULL, OPT_JSON},
	{NULL, 0, NULL, 0},
};

/* What the lists make: every combination is a row. */
struct lists {
	bool full;
	unsigned int layouts, heats; /* a bit each */
	struct bench_numbers sizes, batch, threads;
	uint32_t depth;
};

/* Where options go. */
struct target {
	struct bench_run *run;
	struct lists lists;
};

static int
parse_copies(struct bench_run *run, char *list)
{
	const char *word;

	run->nb_subjects = 0;
	while ((word = strsep(&list, ",")) != NULL) {
		if (run->nb_subjects == BENCH_MAX_SUBJECTS) {
			fprintf(stderr, "bench-dma: --copies: more than %u\n", BENCH_MAX_SUBJECTS);
			return -EINVAL;
		}
		if (bench_copies_add(run, word) < 0)
			return -EINVAL;
	}
	return 0;
}

static int
take(int option, char *arg, void *to)
{
	struct target *target = to;
	struct bench_options *o = &target->run->opt;
	struct lists *l = &target->lists;

	switch (option) {
	case OPT_LAYOUTS:
		return bench_option_names("layouts", arg, bench_layout_names, BENCH_NB_LAYOUTS,
					  &l->layouts);
	case OPT_HEAT:
		return bench_option_names("heat", arg, bench_heat_names, BENCH_NB_HEATS,
					  &l->heats);
	case OPT_SIZES:
		return bench_option_numbers("sizes", arg, 1, BENCH_MAX_SIZE, 1, &l->sizes);
	case OPT_BATCH:
		return bench_option_numbers("batch", arg, 1, BENCH_MAX_BATCH, 1, &l->batch);
	case OPT_DEPTH:
		return bench_option_number("depth", arg, 1, BENCH_MAX_DEPTH, &l->depth);
	case OPT_THREADS:
		return bench_option_numbers("threads", arg, 1, SIDES_MAX, 1, &l->threads);
	case OPT_COPIES:
		return parse_copies(target->run, arg);
	case OPT_FULL:
		l->full = true;
		return 0;
	case OPT_SECONDS:
		return bench_option_real("seconds", arg, 0.001, 60, &o->seconds);
	case OPT_REPEATS:
		return bench_option_number("repeats", arg, 1, BENCH_MAX_REPEATS, &o->repeats);
	case OPT_QUICK:
		o->seconds = 0.01;
		o->repeats = 5;
		return 0;
	default:
		return bench_option_file("json", arg, &o->json);
	}
}

/* All rows of a layout and a heat. */
static int
add_rows(struct bench_run *run, const struct lists *l, struct bench_cell cell)
{
	unsigned int t, b, s;

	for (t = 0; t < l->threads.count; t++)
		for (b = 0; b < l->batch.count; b++)
			for (s = 0; s < l->sizes.count; s++) {
				cell.threads = l->threads.value[t];
				cell.batch = l->batch.value[b];
				cell.size = l->sizes.value[s];
				cell.depth = l->depth;
				if (bench_cells_add(run, &cell) < 0)
					return -EINVAL;
			}
	return 0;
}

static int
add_lists(struct bench_run *run, const struct lists *l)
{
	unsigned int layout, heat;

	for (layout = 0; layout < BENCH_NB_LAYOUTS; layout++) {
		for (heat = 0; heat < BENCH_NB_HEATS; heat++) {
			struct bench_cell cell = {.layout = layout, .heat = heat};

			if ((l->layouts & (1u << layout)) != 0 && (l->heats & (1u << heat)) != 0 &&
			    add_rows(run, l, cell) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

/** Print the help text if it was asked for. */
bool
bench_help(int argc, char **argv)
{
	return bench_options_help(argc, argv, help);
}

/** Read what follows EAL's part of the command line: 0, or -EINVAL when one line says why. */
int
bench_options_parse(int argc, char **argv, struct bench_run *run)
{
	struct target target = {
		.run = run,
		.lists = {
			.layouts = 1u << BENCH_COPY,
			.heats = 1u << BENCH_HOT | 1u << BENCH_COLD,
			.sizes = {6, {64, 256, 1u << 10, 4u << 10, 64u << 10, 1u << 20}},
			.batch = {1, {32}},
			.threads = {1, {1}},
		},
	};

	run->opt = (struct bench_options){.seconds = 0.05, .repeats = 7};
	if (bench_options_read("bench-dma", argc, argv, longopts, take, &target) < 0)
		return -EINVAL;
	if (run->nb_subjects == 0 && bench_copies_add_all(run) < 0)
		return -EINVAL;
	return target.lists.full ? bench_cells_full(run) : add_lists(run, &target.lists);
}
