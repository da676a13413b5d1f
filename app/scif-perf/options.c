/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf.h"

static const char help[] =
	"NAME\n"
	"       slipway scif-perf - what SCIF between processes of this machine takes\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway scif-perf [OPTION]...\n"
	"\n"
	"DESCRIPTION\n"
	"       Serves four nodes of its own and measures between two processes, each on a CPU of\n"
	"       its own, in turns: round trips of messages, and of 8 bytes through memory that\n"
	"       scif_mmap mapped, beside the raw round trip of a cache line between these CPUs;\n"
	"       streams; RMA; connections; many endpoints. Beside them the same through UNIX\n"
	"       sockets and TCP over loopback, both polled, by memcpy into shared memory and by\n"
	"       process_vm_readv. Once of each, every byte is compared.\n"
	"\n"
	"       The two processes are on one node; for 'two nodes', on two that are joined. Samples\n"
	"       are told apart by the raw round trip before and after them: near is less than 200 ns.\n"
	"\n"
	"OPTIONS\n"
	"       --parts LIST\n"
	"              Some of trips, streams, rma, connections, endpoints; all if not said.\n"
	"       --messages LIST\n"
	"              Bytes of a message, 8 to 64K in steps of 8; K and M may be used;\n"
	"              8,64,512,4K,64K if not said.\n"
	"       --copies LIST\n"
	"              Bytes of a copy, 64 to 64M in steps of 64;\n"
	"              1K,4K,16K,64K,256K,1M,4M,16M,64M if not said.\n"
	"       --endpoints N\n"
	"              Connections at once, 1 to 20000; 10000 if not said.\n"
	"       --seconds S\n"
	"              Length of a sample, 0.001 to 10; 0.01 if not said.\n"
	"       --repeats N\n"
	"              Samples of each figure, 1 to 99; 7 if not said.\n"
	"       --cpus A,B\n"
	"              The CPUs of the two processes; the first two if not said. They may be the\n"
	"              same.\n"
	"       --json FILE\n"
	"              Write all samples.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  measured, every byte right\n"
	"       1  something failed\n"
	"       2  an argument is not accepted\n"
	"\n"
	"EXAMPLES\n"
	"       slipway scif-perf\n"
	"       slipway scif-perf --parts rma --copies 4K,1M --cpus 0,2\n";

const char *const perf_part_names[PERF_NB_PARTS] = {
	[PERF_TRIPS] = "trips",
	[PERF_STREAMS] = "streams",
	[PERF_RMA] = "rma",
	[PERF_CONNECTIONS] = "connections",
	[PERF_ENDPOINTS] = "endpoints",
};

static int
parse_parts(char *list, unsigned int *bits)
{
	const char *word;
	unsigned int i;

	for (*bits = 0; (word = strsep(&list, ",")) != NULL; *bits |= 1u << i) {
		for (i = 0; i < PERF_NB_PARTS && strcmp(word, perf_part_names[i]) != 0; i++)
			;
		if (i < PERF_NB_PARTS)
			continue;
		fprintf(stderr, "slipway scif-perf: --parts '%s': accepted are trips, streams, "
			"rma, connections and endpoints\n", word);
		return -EINVAL;
	}
	return 0;
}

static int
parse_list(const char *name, char *text, uint32_t step, uint32_t max, struct perf_list *list)
{
	const char *word;

	for (list->count = 0; (word = strsep(&text, ",")) != NULL; list->count++) {
		char *end;
		unsigned long long v = strtoull(word, &end, 10);

		if ((*end == 'K' || *end == 'M') && v <= max)
			v <<= *end++ == 'K' ? 10 : 20;
		if (end == word || *end != '\0' || v < step || v > max || v % step != 0 ||
		    list->count == PERF_MAX_LIST) {
			fprintf(stderr, "slipway scif-perf: --%s '%s': accepted are up to %d "
				"numbers, %u to %u in steps of %u\n", name, word, PERF_MAX_LIST,
				step, max, step);
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
	fprintf(stderr, "slipway scif-perf: --%s '%s': accepted are %g to %g\n", name, text, min,
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
parse_cpus(const char *text, unsigned int cpu[2])
{
	cpu_set_t set;
	int end = 0;

	if (sscanf(text, "%u,%u%n", &cpu[0], &cpu[1], &end) == 2 && text[end] == '\0' &&
	    sched_getaffinity(0, sizeof(set), &set) == 0 && cpu[0] < CPU_SETSIZE &&
	    cpu[1] < CPU_SETSIZE && CPU_ISSET(cpu[0], &set) && CPU_ISSET(cpu[1], &set))
		return 0;
	fprintf(stderr, "slipway scif-perf: --cpus '%s': accepted are two numbers of CPUs that "
		"this process may run on\n", text);
	return -EINVAL;
}

/* The first two that there are; one of them twice where there is no second. */
static void
first_cpus(unsigned int cpu[2])
{
	unsigned int found = 0;
	cpu_set_t set;

	cpu[0] = cpu[1] = 0;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (unsigned int i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[found++] = i;
	if (found == 1)
		cpu[1] = cpu[0];
}

static int
parse_one(int option, char *arg, struct perf_options *opt)
{
	switch (option) {
	case 'p':
		return parse_parts(arg, &opt->parts);
	case 'm':
		return parse_list("messages", arg, 8, 64u << 10, &opt->messages);
	case 'z':
		return parse_list("copies", arg, 64, PERF_MAX_SIZE, &opt->copies);
	case 'e':
		return parse_count("endpoints", arg, 20000, &opt->endpoints);
	case 's':
		return parse_number("seconds", arg, 0.001, 10, &opt->seconds);
	case 'r':
		return parse_count("repeats", arg, PERF_MAX_REPEATS, &opt->repeats);
	case 'c':
		return parse_cpus(arg, opt->cpu);
	default:
		opt->json = arg;
		return 0;
	}
}

int
perf_options_parse(int argc, char **argv, struct perf_options *opt)
{
	static const struct option names[] = {
		{"parts", required_argument, NULL, 'p'},
		{"messages", required_argument, NULL, 'm'},
		{"copies", required_argument, NULL, 'z'},
		{"endpoints", required_argument, NULL, 'e'},
		{"seconds", required_argument, NULL, 's'},
		{"repeats", required_argument, NULL, 'r'},
		{"cpus", required_argument, NULL, 'c'},
		{"json", required_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*opt = (struct perf_options){
		.seconds = 0.01,
		.repeats = 7,
		.parts = (1u << PERF_NB_PARTS) - 1,
		.endpoints = 10000,
		.messages = {5, {8, 64, 512, 4u << 10, 64u << 10}},
		.copies = {9, {1u << 10, 4u << 10, 16u << 10, 64u << 10, 256u << 10, 1u << 20,
			       4u << 20, 16u << 20, 64u << 20}},
	};
	first_cpus(opt->cpu);
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (option == ':' || option == '?') {
			fprintf(stderr, "slipway scif-perf: %s: %s; see slipway scif-perf --help\n",
				argv[optind - 1], option == ':' ? "needs a value" : "no option");
			return 2;
		}
		if (parse_one(option, optarg, opt) < 0)
			return 2;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "slipway scif-perf: '%s': there are only options; see slipway scif-perf "
		"--help\n", argv[optind]);
	return 2;
}
