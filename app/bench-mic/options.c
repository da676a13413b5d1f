/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char help[] =
	"NAME\n"
	"    bench-mic - what a MIC card costs its host\n"
	"\n"
	"SYNOPSIS\n"
	"    bench-mic [EAL options] [--vdev=raw_mic0,... ...] -- [options]\n"
	"\n"
	"DESCRIPTION\n"
	"    Boots every card that EAL has, and measures in turns: the round trip of a call to\n"
	"    the function `echo` on the card, 8 bytes each way through mapped card memory, both\n"
	"    sides polling, beside the round trip of a cache line between the two CPUs just\n"
	"    before and after; DMA both ways, beside copies of the same bytes by the CPU; and\n"
	"    boots. Every byte is compared. Without a device one card of this process is made.\n"
	"\n"
	"    Two lcores are needed: the main one measures, the other one shares its CPU with the\n"
	"    process of the card, if there is one.\n"
	"\n"
	"OPTIONS\n"
	"    --parts LIST       some of trips,dma,boots; default all\n"
	"    --sizes LIST       bytes of a copy, 64 to 64M in steps of 64; K and M may be used;\n"
	"                       default 4K,64K,256K,1M,4M,16M\n"
	"    --depths LIST      copies under way, 1 to 64; default 1,8\n"
	"    --seconds S        length of a sample, 0.001 to 10; default 0.05\n"
	"    --repeats N        samples of each figure, 1 to 99; default 7\n"
	"    --boots N          boots of each card, 1 to 20; default 3\n"
	"    --json FILE        write all samples\n"
	"    --help             this text\n"
	"\n"
	"EXIT STATUS\n"
	"    0  measured, every byte right\n"
	"    1  a card failed, or there is none\n"
	"    2  a wrong option\n"
	"\n"
	"EXAMPLE\n"
	"    slipway card config bench cpu=1 time_scale=100 && slipway card start bench\n"
	"    bench-mic --no-pci --no-huge -m 512 --lcores 0@0,1@1 -d librte_raw_mic.so \\\n"
	"        --vdev=raw_mic0,card=bench\n";

static const char *const part_names[BENCH_NB_PARTS] = {
	[BENCH_TRIPS] = "trips",
	[BENCH_DMA] = "dma",
	[BENCH_BOOTS] = "boots",
};

static const struct option long_options[] = {
	{"parts", required_argument, NULL, 'p'},
	{"sizes", required_argument, NULL, 'z'},
	{"depths", required_argument, NULL, 'd'},
	{"seconds", required_argument, NULL, 's'},
	{"repeats", required_argument, NULL, 'r'},
	{"boots", required_argument, NULL, 'b'},
	{"json", required_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

static int
parse_parts(char *list, unsigned int *bits)
{
	const char *word;
	unsigned int i;

	for (*bits = 0; (word = strsep(&list, ",")) != NULL; *bits |= 1u << i) {
		for (i = 0; i < BENCH_NB_PARTS && strcmp(word, part_names[i]) != 0; i++)
			;
		if (i < BENCH_NB_PARTS)
			continue;
		fprintf(stderr, "bench-mic: --parts: nothing is named '%s', there are %s %s %s\n",
			word, part_names[0], part_names[1], part_names[2]);
		return -EINVAL;
	}
	return 0;
}

static int
parse_list(const char *name, char *text, uint32_t max, uint32_t step, struct bench_list *list)
{
	const char *word;

	for (list->count = 0; (word = strsep(&text, ",")) != NULL; list->count++) {
		unsigned long long v = strtoull(word, (char **)&word, 10);

		if ((*word == 'K' || *word == 'M') && v <= max)
			v <<= *word++ == 'K' ? 10 : 20;
		if (*word != '\0' || v < step || v > max || v % step != 0 ||
		    list->count == BENCH_MAX_LIST) {
			fprintf(stderr, "bench-mic: --%s: up to %u numbers from %u to %u in steps "
				"of %u are accepted\n", name, BENCH_MAX_LIST, step, max, step);
			return -EINVAL;
		}
		list->value[list->count] = (uint32_t)v;
	}
	return 0;
}

static int
parse_number(const char *name, const char *text, double min, double max, double *value)
{
	char *end;

	*value = strtod(text, &end);
	/* Written so that "nan" is refused as well. */
	if (end != text && *end == '\0' && *value >= min && *value <= max)
		return 0;
	fprintf(stderr, "bench-mic: --%s %s: must be a number from %g to %g\n", name, text, min,
		max);
	return -EINVAL;
}

static int
parse_count(const char *name, const char *text, unsigned int max, unsigned int *value)
{
	double number;

	if (parse_number(name, text, 1, max, &number) < 0)
		return -EINVAL;
	*value = (unsigned int)number;
	return 0;
}

static int
parse_one(int option, char *arg, struct bench_options *opt)
{
	switch (option) {
	case 'p':
		return parse_parts(arg, &opt->parts);
	case 'z':
		return parse_list("sizes", arg, BENCH_MAX_SIZE, 64, &opt->sizes);
	case 'd':
		return parse_list("depths", arg, BENCH_MAX_DEPTH, 1, &opt->depths);
	case 's':
		return parse_number("seconds", arg, 0.001, 10, &opt->seconds);
	case 'r':
		return parse_count("repeats", arg, BENCH_MAX_REPEATS, &opt->repeats);
	case 'b':
		return parse_count("boots", arg, BENCH_MAX_BOOTS, &opt->boots);
	case 'j':
		opt->json = arg;
		return 0;
	default:
		return -EINVAL;
	}
}

/** Print the help text if it was asked for anywhere, EAL's part of the command line included. */
bool
bench_options_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
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
	int option;

	*opt = (struct bench_options){
		.seconds = 0.05,
		.repeats = 7,
		.boots = 3,
		.parts = (1u << BENCH_NB_PARTS) - 1,
		.sizes = {6, {4u << 10, 64u << 10, 256u << 10, 1u << 20, 4u << 20, 16u << 20}},
		.depths = {2, {1, 8}},
	};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (parse_one(option, optarg, opt) < 0)
			return -EINVAL;
	if (optind < argc) {
		fprintf(stderr, "bench-mic: '%s' is not an option, see --help\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}
