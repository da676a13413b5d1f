/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"

#define OPTIONS_MIN_BLOCK 4096
#define OPTIONS_MAX_BLOCK (16 << 20)
#define OPTIONS_MAX_DEPTH 64

static const char help[] =
	"NAME\n"
	"       dma_pipeline - copy a file through a DMA device, with a CRC\n"
	"\n"
	"SYNOPSIS\n"
	"       dma_pipeline [EAL options] -- [options] IN OUT\n"
	"\n"
	"DESCRIPTION\n"
	"       Reads IN block by block, has the device copy each block, and writes what the\n"
	"       device has copied to OUT. A DSA, driven by dma_dsa, computes the CRC32C of the\n"
	"       bytes while it copies them; the CRC of a block is the seed of the next one, so\n"
	"       that the last one is that of the file. Another device only copies, and the CPU\n"
	"       computes the CRC of what was copied; the program says so.\n"
	"\n"
	"       At the end OUT is opened and read anew, and its CRC computed by the CPU in\n"
	"       another way. The program has succeeded when that is the same.\n"
	"\n"
	"       A regular file at OUT is replaced. When something goes wrong, an OUT that was\n"
	"       not there before is removed.\n"
	"\n"
	"OPTIONS\n"
	"       --block BYTES   bytes of a block, 4096 to 16777216; K and M may be used;\n"
	"                       default 1M\n"
	"       --depth N       blocks that are read ahead, copied or waiting to be written,\n"
	"                       1 to 64; default 8\n"
	"       --dma-dev NAME  the DMA device, e.g. dma_dsa0; default the first\n"
	"       --help          this text\n"
	"\n"
	"       How far it is shows on standard error, where that is a terminal.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  OUT is a copy of IN, and both CRCs are the same\n"
	"       1  a failure at run time, or CRCs that differ\n"
	"       2  an option or a file that is not accepted\n"
	"       3  there is no DMA device, or it cannot do what was asked\n"
	"\n"
	"EXAMPLE\n"
	"       dma_pipeline --no-pci --no-huge -m 256 -d librte_dma_dsa.so \\\n"
	"           --vdev=dma_dsa0 -- picture.img copy.img\n";

static const struct option long_options[] = {
	{"block", required_argument, NULL, 'b'},
	{"depth", required_argument, NULL, 'd'},
	{"dma-dev", required_argument, NULL, 'e'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* --help as the first word, before EAL, which would answer with its own. */
bool
options_help_wanted(int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0))
		return false;
	fputs(help, stdout);
	return true;
}

static int
number_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if ((*end == 'K' || *end == 'M') && *value <= max)
		*value <<= *end++ == 'K' ? 10 : 20;
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= min &&
	    *value <= max)
		return 0;
	complain("--%s %s: accepted are %" PRIu64 " to %" PRIu64, name, text, min, max);
	return -EINVAL;
}

static int
option_parse(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'b':
		return number_parse("block", value, OPTIONS_MIN_BLOCK, OPTIONS_MAX_BLOCK,
				    &options->block);
	case 'd':
		return number_parse("depth", value, 1, OPTIONS_MAX_DEPTH, &options->depth);
	case 'e':
		options->dma_dev = value;
		return 0;
	default:
		complain("see --help for the options");
		return -EINVAL;
	}
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.block = 1 << 20, .depth = 8};
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option_parse(options, option, optarg) < 0)
			return -EINVAL;
	}
	if (argc - optind != 2) {
		complain("two files are wanted, IN and OUT; there are %d, see --help",
			 argc - optind);
		return -EINVAL;
	}
	options->in = argv[optind];
	options->out = argv[optind + 1];
	return 0;
}
