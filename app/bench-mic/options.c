/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
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
take(int option, char *arg, void *to)
{
	struct bench_options *opt = to;

	switch (option) {
	case 'p':
		return bench_option_names("parts", arg, part_names, BENCH_NB_PARTS, &opt->parts);
	case 'z':
		return bench_option_numbers("sizes", arg, 64, BENCH_MAX_SIZE, 64, &opt->sizes);
	case 'd':
		return bench_option_numbers("depths", arg, 1, BENCH_MAX_DEPTH, 1, &opt->depths);
	case 's':
		return bench_option_real("seconds", arg, 0.001, 10, &opt->seconds);
	case 'r':
		return bench_option_number("repeats", arg, 1, BENCH_MAX_REPEATS, &opt->repeats);
	case 'b':
		return bench_option_number("boots", arg, 1, BENCH_MAX_BOOTS, &opt->boots);
	default:
		return bench_option_file("json", arg, &opt->json);
	}
}

/** Print the help text if it was asked for. */
bool
bench_help(int argc, char **argv)
{
	return bench_options_help(argc, argv, help);
}

/** Read what follows EAL's part of the command line: 0, or -EINVAL when one line says why. */
int
bench_options_parse(int argc, char **argv, struct bench_options *opt)
{
	*opt = (struct bench_options){
		.seconds = 0.05,
		.repeats = 7,
		.boots = 3,
		.parts = (1u << BENCH_NB_PARTS) - 1,
		.sizes = {6, {4u << 10, 64u << 10, 256u << 10, 1u << 20, 4u << 20, 16u << 20}},
		.depths = {2, {1, 8}},
	};
	return bench_options_read("bench-mic", argc, argv, long_options, take, opt);
}
