/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_lcore.h>

#include "bench.h"
#include "options.h"

static const char help
	[] = "NAME\n"
	     "    bench-event - event devices side by side on one loop\n"
	     "\n"
	     "SYNOPSIS\n"
	     "    bench-event [EAL options] [--vdev=DEVICE ...] -- [options]\n"
	     "\n"
	     "DESCRIPTION\n"
	     "    Keeps a window of events in a device, takes them out in bursts and passes each\n"
	     "    to the next stage or releases it. Samples are taken of the devices in turns, so\n"
	     "    that whatever disturbs the machine disturbs all of them alike, and every event\n"
	     "    of them is accounted for: lost, repeated or out of order, and the run fails.\n"
	     "\n"
	     "    The devices are those of the EAL command line, in that order. Without any,\n"
	     "    event_dlb, event_sw, event_dsw and event_opdl are used, as far as present.\n"
	     "    The ratios say how many times as much the first device did. A device that has\n"
	     "    its scheduling done by a service gets it run inline, on the better thread.\n"
	     "\n"
	     "    Layouts of two threads need two lcores, each pinned to a CPU. Before and after\n"
	     "    each of their samples the way between the CPUs is measured by a cache line that\n"
	     "    goes there and back: below 200 ns they are near, else far. With one thread, a\n"
	     "    spell of additions tells whether it has a core for itself. Only samples of one\n"
	     "    kind are compared, and one that saw the machine change is repeated.\n"
	     "\n"
	     "OPTIONS\n"
	     "    --layouts LIST of cooperative      one thread produces, schedules and works\n"
	     "                      pair             one produces, one works\n"
	     "                      two-worker       both produce and work\n"
	     "                      latency          one event in flight, by a pair\n"
	     "                      latency-flushed  the same, each event followed by a flush\n"
	     "                      parts            cooperative, cycles of each call\n"
	     "                   default cooperative, and pair with two lcores\n"
	     "    --stages LIST  of one or two letters: a atomic, o ordered, p parallel, as in\n"
	     "                   a,oa; default a,p,o,oa\n"
	     "    --burst LIST   events an enqueue and a dequeue: 1 to 128, default 32; latency\n"
	     "                   layouts have 1\n"
	     "    --flows LIST   flows: 1 to 16384, default 1024\n"
	     "    --work LIST    cycles of work an event and stage: 0 to 100000, default 0\n"
	     "    --full         the table of the guide instead, of the layouts given or of all:\n"
	     "                   stages, bursts and flows that are of interest there\n"
	     "    --window N     events kept in the device: 32 to 4096, default 1024\n"
	     "    --seconds S    length of a sample: 0.01 to 60, default 0.25\n"
	     "    --repeats N    samples of each device in each cell: 1 to 99, default 7\n"
	     "    --quick        --seconds 0.1 --repeats 5\n"
	     "    --json FILE    write everything measured to FILE, for plot_bench.py\n"
	     "    --probe        only tell how far the two CPUs are from each other\n"
	     "    --help         this text\n"
	     "\n"
	     "EXIT STATUS\n"
	     "    0 all went well, 1 a device lost, repeated or reordered events, 2 wrong usage\n"
	     "\n"
	     "EXAMPLE\n"
	     "    bench-event --no-huge -m 512 --no-pci -l 0,1 -d librte_event_dlb.so -- --quick\n";

enum {
	OPT_LAYOUTS = 1,
	OPT_STAGES,
	OPT_BURST,
	OPT_FLOWS,
	OPT_WORK,
	OPT_FULL,
	OPT_WINDOW,
	OPT_SECONDS,
	OPT_REPEATS,
	OPT_QUICK,
	OPT_JSON,
	OPT_PROBE,
};

static const struct option longopts[] = {
	{"layouts", required_argument, NULL, OPT_LAYOUTS},
	{"stages", required_argument, NULL, OPT_STAGES},
	{"burst", required_argument, NULL, OPT_BURST},
	{"flows", required_argument, NULL, OPT_FLOWS},
	{"work", required_argument, NULL, OPT_WORK},
	{"full", no_argument, NULL, OPT_FULL},
	{"window", required_argument, NULL, OPT_WINDOW},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"repeats", required_argument, NULL, OPT_REPEATS},
	{"quick", no_argument, NULL, OPT_QUICK},
	{"json", required_argument, NULL, OPT_JSON},
	{"probe", no_argument, NULL, OPT_PROBE},
	{NULL, 0, NULL, 0},
};

/* What the lists make: every combination is a row. */
struct lists {
	bool full;
	unsigned int layouts; /* a bit each */
	unsigned int nb_stages;
	struct bench_stages stages[BENCH_MAX_LIST];
	struct bench_numbers burst, flows, work;
};

/* Where options go. */
struct target {
	struct bench_options *opt;
	struct lists lists;
};

static int
parse_stages(char *list, struct lists *l)
{
	const char *word;

	for (l->nb_stages = 0; (word = strsep(&list, ",")) != NULL; l->nb_stages++) {
		if (l->nb_stages == BENCH_MAX_LIST) {
			fprintf(stderr, "bench-event: --stages: accepted are up to %u\n",
				BENCH_MAX_LIST);
			return -EINVAL;
		}
		if (bench_stages_parse(word, &l->stages[l->nb_stages]) < 0)
			return -EINVAL;
	}
	return 0;
}

static int
take(int option, char *arg, void *to)
{
	struct target *target = to;
	struct bench_options *o = target->opt;
	struct lists *l = &target->lists;

	switch (option) {
	case OPT_LAYOUTS:
		return bench_option_names("layouts", arg, bench_layout_names, BENCH_NB_LAYOUTS,
					  &l->layouts);
	case OPT_STAGES:
		return parse_stages(arg, l);
	case OPT_BURST:
		return bench_option_numbers("burst", arg, 1, LOOP_MAX_BURST, 1, &l->burst);
	case OPT_FLOWS:
		return bench_option_numbers("flows", arg, 1, CHECK_MAX_FLOWS, 1, &l->flows);
	case OPT_WORK:
		return bench_option_numbers("work", arg, 0, 100000, 1, &l->work);
	case OPT_FULL:
		l->full = true;
		return 0;
	case OPT_WINDOW:
		return bench_option_number("window", arg, 32, 4096, &o->window);
	case OPT_SECONDS:
		return bench_option_real("seconds", arg, 0.01, 60, &o->seconds);
	case OPT_REPEATS:
		return bench_option_number("repeats", arg, 1, BENCH_MAX_REPEATS, &o->repeats);
	case OPT_QUICK:
		o->seconds = 0.1;
		o->repeats = 5;
		return 0;
	case OPT_PROBE:
		o->probe = true;
		return 0;
	default:
		return bench_option_file("json", arg, &o->json);
	}
}

/* All combinations of a layout. One event alone comes in no other burst than of one. */
static int
add_layout(struct bench_run *run, const struct lists *l, enum bench_layout layout)
{
	unsigned int bursts = bench_layout_is_latency(layout) ? 1 : l->burst.count;
	struct bench_cell cell = {.layout = layout};
	unsigned int b, f, w, s;

	for (b = 0; b < bursts; b++)
		for (f = 0; f < l->flows.count; f++)
			for (w = 0; w < l->work.count; w++)
				for (s = 0; s < l->nb_stages; s++) {
					cell.stages = l->stages[s];
					cell.burst = bench_layout_is_latency(layout) ?
							     1 : l->burst.value[b];
					cell.flows = l->flows.value[f];
					cell.work = l->work.value[w];
					if (bench_cells_add(run, &cell) < 0)
						return -EINVAL;
				}
	return 0;
}

static int
add_lists(struct bench_run *run, const struct lists *l)
{
	unsigned int layout;

	for (layout = 0; layout < BENCH_NB_LAYOUTS; layout++)
		if ((l->layouts & (1u << layout)) != 0 && add_layout(run, l, layout) < 0)
			return -EINVAL;
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
		.opt = &run->opt,
		.lists = {
			.burst = {1, {32}},
			.flows = {1, {1024}},
			.work = {1, {0}},
		},
	};
	struct lists *l = &target.lists;
	char stages[] = "a,p,o,oa";

	run->opt = (struct bench_options){.seconds = 0.25, .repeats = 7, .window = 1024};
	parse_stages(stages, l);
	if (bench_options_read("bench-event", argc, argv, longopts, take, &target) < 0)
		return -EINVAL;
	if (l->layouts == 0 && l->full)
		l->layouts = (1u << BENCH_NB_LAYOUTS) - 1;
	if (l->layouts == 0)
		l->layouts = 1u << BENCH_COOPERATIVE | (rte_lcore_count() > 1) << BENCH_PAIR;
	return l->full ? bench_cells_full(run, l->layouts) : add_lists(run, l);
}
