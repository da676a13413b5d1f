/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX    100000000
#define OPS_MAX     1000000
#define SECONDS_MAX 1000000

static void
help(void)
{
	printf("check-dlb - drive a software DLB at random, and judge all that it does\n"
	       "\n"
	       "SYNOPSIS\n"
	       "    check-dlb [--runs N] [--seed S] [--ops N] [--seconds N] [--save DIR]\n"
	       "              [--keep-going]\n"
	       "    check-dlb --replay FILE\n"
	       "\n"
	       "DESCRIPTION\n"
	       "    Each run makes a device, sets up domains, queues, ports and links at random,\n"
	       "    and sends random traffic. A reference interpreter, which shares no code with\n"
	       "    the device, decides whether what came out is allowed. A run follows from its\n"
	       "    seed alone; run K of a call has seed S + K.\n"
	       "\n"
	       "    A run that fails is made shorter, as long as the same rule is broken, and the\n"
	       "    script that is left is printed and saved as DIR/check-dlb-SEED.script.\n"
	       "\n"
	       "OPTIONS\n"
	       "    --runs N       runs, default 100\n"
	       "    --seed S       seed of the first run, 64 bits, decimal or 0x; default 1\n"
	       "    --ops N        operations in a run; default 300 to 2000, by the seed\n"
	       "    --seconds N    begin no run after N seconds\n"
	       "    --save DIR     where scripts of failed runs go, default .\n"
	       "    --keep-going   do not stop at the first run that fails\n"
	       "    --replay FILE  do what FILE says, and tell each line\n"
	       "    --version      print the version\n"
	       "    --help         print this text\n"
	       "\n"
	       "EXIT STATUS\n"
	       "    0 all was allowed, 1 something was not, 2 an argument or script is wrong\n");
}

static bool
number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	if (*text != '-' && end != text && *end == '\0' && *value >= min && *value <= max)
		return true;
	fprintf(stderr, "check-dlb: --%s %s: %llu to %llu are accepted\n", name, text,
		(unsigned long long)min, (unsigned long long)max);
	return false;
}

enum {
	OPT_RUNS = 1,
	OPT_SEED,
	OPT_OPS,
	OPT_SECONDS,
	OPT_SAVE,
	OPT_KEEP,
	OPT_REPLAY,
	OPT_VERSION,
	OPT_HELP
};

static const struct option names[] = {
	{"runs", required_argument, NULL, OPT_RUNS},
	{"seed", required_argument, NULL, OPT_SEED},
	{"ops", required_argument, NULL, OPT_OPS},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"save", required_argument, NULL, OPT_SAVE},
	{"keep-going", no_argument, NULL, OPT_KEEP},
	{"replay", required_argument, NULL, OPT_REPLAY},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static bool
take(struct options *o, int option)
{
	uint64_t value;
	bool right = true;

	switch (option) {
	case OPT_RUNS:
		right = number("runs", optarg, 1, RUNS_MAX, &value);
		o->runs = (unsigned int)value;
		break;
	case OPT_SEED:
		right = number("seed", optarg, 0, UINT64_MAX, &o->seed);
		break;
	case OPT_OPS:
		right = number("ops", optarg, 1, OPS_MAX, &value);
		o->ops = (unsigned int)value;
		break;
	case OPT_SECONDS:
		right = number("seconds", optarg, 1, SECONDS_MAX, &value);
		o->seconds = (unsigned int)value;
		break;
	case OPT_SAVE:
		o->save = optarg;
		break;
	case OPT_KEEP:
		o->keep_going = true;
		break;
	case OPT_REPLAY:
		o->replay = optarg;
		break;
	default:
		right = false;
		break;
	}
	return right;
}

enum options_result
options_read(struct options *o, int argc, char **argv)
{
	int option;

	*o = (struct options){.seed = 1, .runs = 100, .save = "."};
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == OPT_HELP) {
			help();
			return OPTIONS_DONE;
		}
		if (option == OPT_VERSION) {
			printf("check-dlb %s\n", SLIPWAY_VERSION);
			return OPTIONS_DONE;
		}
		if (!take(o, option))
			return OPTIONS_WRONG;
	}
	if (optind == argc)
		return OPTIONS_RUN;
	fprintf(stderr, "check-dlb: unknown argument '%s'\n", argv[optind]);
	return OPTIONS_WRONG;
}
