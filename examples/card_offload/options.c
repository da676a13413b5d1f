/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offload.h"

#define OPTIONS_MIN_BLOCK 4096
#define OPTIONS_MAX_BLOCK (4 << 20)

static const char help[] =
	"NAME\n"
	"       card_offload - have a file hashed by a coprocessor card\n"
	"\n"
	"SYNOPSIS\n"
	"       card_offload [options] FILE\n"
	"\n"
	"DESCRIPTION\n"
	"       Maps FILE, copies it block by block to the memory of a virtual MIC card, by the\n"
	"       card's DMA engine, and calls the function `hash` that runs on the card. Each\n"
	"       answer is compared with the hash that the host computes of the same bytes.\n"
	"\n"
	"       The card is one of this process, which is booted for the purpose and shut down\n"
	"       at the end; or one that runs as a process of its own, with --card.\n"
	"\n"
	"OPTIONS\n"
	"       --make         write FILE first: 256 MiB that do not repeat; what was there is\n"
	"                      not overwritten\n"
	"       --card NAME    the card of that name, as `slipway card start NAME` leaves it:\n"
	"                      no other process may have it. It is booted anew\n"
	"       --block BYTES  bytes of a block, 4096 to 4194304, in steps of 64; K and M may be\n"
	"                      used; default 1M\n"
	"       --depth N      blocks under way, 1 to 16; default 4\n"
	"       --help         this text\n"
	"\n"
	"       How far it is shows on standard error, where that is a terminal.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  every answer of the card is right\n"
	"       1  a failure at run time, or an answer that is wrong\n"
	"       2  an option or a file that is not accepted\n"
	"       3  there is no card, or it does not start\n"
	"\n"
	"EXAMPLE\n"
	"       card_offload --make numbers.bin\n";

static const struct option long_options[] = {
	{"make", no_argument, NULL, 'm'},
	{"card", required_argument, NULL, 'c'},
	{"block", required_argument, NULL, 'b'},
	{"depth", required_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int
number_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t step,
	     uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if ((*end == 'K' || *end == 'M') && *value <= max)
		*value <<= *end++ == 'K' ? 10 : 20;
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= min &&
	    *value <= max && *value % step == 0)
		return 0;
	complain("--%s %s: accepted are %" PRIu64 " to %" PRIu64 "%s", name, text, min, max,
		 step > 1 ? ", multiples of 64" : "");
	return -EINVAL;
}

static int
option_parse(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'm':
		options->make = true;
		return 0;
	case 'c':
		/* The driver knows what a name may be; here it must be one argument of a device. */
		if (*value == '\0' || strlen(value) >= OFFLOAD_CARD_NAME ||
		    strpbrk(value, ",=/") != NULL) {
			complain("--card %s: not the name of a card", value);
			return -EINVAL;
		}
		options->card = value;
		return 0;
	case 'b':
		return number_parse("block", value, OPTIONS_MIN_BLOCK, OPTIONS_MAX_BLOCK, 64,
				    &options->block);
	case 'd':
		return number_parse("depth", value, 1, OFFLOAD_MAX_DEPTH, 1, &options->depth);
	default:
		complain("see --help for the options");
		return -EINVAL;
	}
}

/** Read the command line: 0, 1 when help was asked for, -EINVAL when one line says why not. */
int
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.block = 1 << 20, .depth = 4};
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option_parse(options, option, optarg) < 0)
			return -EINVAL;
	}
	if (argc - optind != 1) {
		complain("one file is wanted; there are %d, see --help", argc - optind);
		return -EINVAL;
	}
	options->file = argv[optind];
	return 0;
}
