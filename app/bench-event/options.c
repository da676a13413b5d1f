/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char help
	[] = "NAME\n"
	     "    bench-event - event devices side by side on one loop\n"
	     "\n"
	     "SYNOPSIS\n"
	     "    bench-event [EAL options] [--vdev=DEVICE ...] -- [options]\n"
	     "\n"
	     "DESCRIPTION\n"
	     "    One thread is producer, scheduler and worker: it keeps a window of events in\n"
	     "    the device, lets a device without hardware or distributed scheduling run its\n"
	     "    service inline, takes a burst out and passes each event to the next stage or\n"
	     "    releases it. Each cell of the table first checks that every event is delivered\n"
	     "    exactly once a stage and in order, then samples the devices in turns, so that\n"
	     "    whatever disturbs the machine disturbs all of them alike. Figures are medians.\n"
	     "    The ratio says how many times faster the first device was, sample by sample.\n"
	     "\n"
	     "    The devices are those of the EAL command line, in that order. Without any,\n"
	     "    event_dlb, event_sw, event_dsw and event_opdl are used, as far as present.\n"
	     "\n"
	     "OPTIONS\n"
	     "    --seconds S    length of a sample: 0.01 to 60, default 0.25\n"
	     "    --repeats N    samples of each device in each cell: 1 to 99, default 7\n"
	     "    --window N     events kept in the device: 32 to 4096, default 1024\n"
	     "    --burst N      events an enqueue and a dequeue: 1 to 128, default 32\n"
	     "    --flows N      flows: 1 to 16384, default 1024\n"
	     "    --cells LIST   which of atomic,parallel,ordered,ordered-then-atomic\n"
	     "    --quick        a table in about 15 seconds: --seconds 0.1 --repeats 5\n"
	     "    --json FILE    write everything measured to FILE, for plot_bench.py\n"
	     "    --help         this text\n"
	     "\n"
	     "EXIT STATUS\n"
	     "    0 all went well, 1 a device lost, repeated or reordered events, 2 wrong usage\n"
	     "\n"
	     "EXAMPLE\n"
	     "    bench-event --no-huge -m 512 --no-pci -l 0 -d librte_event_dlb.so -- --quick\n";

enum {
	OPT_SECONDS = 1,
	OPT_REPEATS,
	OPT_WINDOW,
	OPT_BURST,
	OPT_FLOWS,
	OPT_CELLS,
	OPT_QUICK,
	OPT_JSON,
};

static const struct option longopts[] = {
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"repeats", required_argument, NULL, OPT_REPEATS},
	{"window", required_argument, NULL, OPT_WINDOW},
	{"burst", required_argument, NULL, OPT_BURST},
	{"flows", required_argument, NULL, OPT_FLOWS},
	{"cells", required_argument, NULL, OPT_CELLS},
	{"quick", no_argument, NULL, OPT_QUICK},
	{"json", required_argument, NULL, OPT_JSON},
	{NULL, 0, NULL, 0},
};

static int
number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || v < min || v > max) {
		fprintf(stderr, "bench-event: --%s %s: must be a number from %u to %u\n", name,
			text, min, max);
		return -EINVAL;
	}
	*value = v;
	return 0;
}

static int
parse_seconds(const char *text, double *seconds)
{
	char *end;
	double v = strtod(text, &end);

	/* Written so that "nan" is refused as well. */
	if (end == text || *end != '\0' || !(v >= 0.01 && v <= 60)) {
		fprintf(stderr, "bench-event: --seconds %s: must be a number from 0.01 to 60\n",
			text);
		return -EINVAL;
	}
	*seconds = v;
	return 0;
}

static int
parse_cell(const char *name, unsigned int *cells)
{
	unsigned int i;

	for (i = 0; i < bench_nb_cells; i++) {
		if (strcmp(name, bench_cells[i].name) == 0) {
			*cells |= 1u << i;
			return 0;
		}
	}
	fprintf(stderr, "bench-event: --cells: no cell is named '%s', there are", name);
	for (i = 0; i < bench_nb_cells; i++)
		fprintf(stderr, " %s", bench_cells[i].name);
	fprintf(stderr, "\n");
	return -EINVAL;
}

static int
parse_cells(char *list, unsigned int *cells)
{
	char *save, *name;

	*cells = 0;
	for (name = strtok_r(list, ",", &save); name != NULL; name = strtok_r(NULL, ",", &save))
		if (parse_cell(name, cells) < 0)
			return -EINVAL;
	if (*cells != 0)
		return 0;
	return parse_cell("", cells);
}

static int
parse_one(int opt, char *arg, struct bench_options *o)
{
	uint32_t value = 0;
	int ret;

	switch (opt) {
	case OPT_SECONDS:
		return parse_seconds(arg, &o->seconds);
	case OPT_REPEATS:
		ret = number("repeats", arg, 1, BENCH_MAX_REPEATS, &value);
		o->repeats = value;
		return ret;
	case OPT_WINDOW:
		return number("window", arg, 32, 4096, &o->window);
	case OPT_BURST:
		ret = number("burst", arg, 1, BENCH_MAX_BURST, &value);
		o->burst = value;
		return ret;
	case OPT_FLOWS:
		return number("flows", arg, 1, 16384, &o->flows);
	case OPT_CELLS:
		return parse_cells(arg, &o->cells);
	case OPT_QUICK:
		o->seconds = 0.1;
		o->repeats = 5;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	default:
		return -EINVAL;
	}
}

/** Print the help text if it was asked for anywhere, EAL's part of the command line included. */
bool
bench_options_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(help, stdout);
			return true;
		}
	}
	return false;
}

/** Read what follows EAL's part of the command line: 0, or -EINVAL when one line says why. */
int
bench_options_parse(int argc, char **argv, struct bench_options *opt)
{
	int c;

	*opt = (struct bench_options){
		.seconds = 0.25,
		.repeats = 7,
		.window = 1024,
		.burst = 32,
		.flows = 1024,
		.cells = (1u << bench_nb_cells) - 1,
	};
	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		if (parse_one(c, optarg, opt) < 0)
			return -EINVAL;
	if (optind < argc) {
		fprintf(stderr, "bench-event: '%s' is not an option, see --help\n", argv[optind]);
		return -EINVAL;
	}
	if (opt->burst > opt->window) {
		fprintf(stderr, "bench-event: --burst %u: must not be more than the window, %u\n",
			opt->burst, opt->window);
		return -EINVAL;
	}
	return 0;
}
