/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>

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
	"       --lasting S\n"
	"              Length of a sample of what TCP streams at last, 0.001 to 10, after twice that\n"
	"              time of streaming; 0.5 if not said. 'TCP, at first' is as short as all else.\n"
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

static const struct option names[] = {
	{"parts", required_argument, NULL, 'p'},
	{"messages", required_argument, NULL, 'm'},
	{"copies", required_argument, NULL, 'z'},
	{"endpoints", required_argument, NULL, 'e'},
	{"seconds", required_argument, NULL, 's'},
	{"lasting", required_argument, NULL, 'l'},
	{"repeats", required_argument, NULL, 'r'},
	{"cpus", required_argument, NULL, 'c'},
	{"json", required_argument, NULL, 'j'},
	{NULL, 0, NULL, 0},
};

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
take(int option, char *arg, void *to)
{
	struct perf_options *opt = to;

	switch (option) {
	case 'p':
		return bench_option_names("parts", arg, perf_part_names, PERF_NB_PARTS,
					  &opt->parts);
	case 'm':
		return bench_option_numbers("messages", arg, 8, 64u << 10, 8, &opt->messages);
	case 'z':
		return bench_option_numbers("copies", arg, 64, PERF_MAX_SIZE, 64, &opt->copies);
	case 'e':
		return bench_option_number("endpoints", arg, 1, 20000, &opt->endpoints);
	case 's':
		return bench_option_real("seconds", arg, 0.001, 10, &opt->seconds);
	case 'l':
		return bench_option_real("lasting", arg, 0.001, 10, &opt->lasting);
	case 'r':
		return bench_option_number("repeats", arg, 1, PERF_MAX_REPEATS, &opt->repeats);
	case 'c':
		return parse_cpus(arg, opt->cpu);
	default:
		return bench_option_file("json", arg, &opt->json);
	}
}

int
perf_options_parse(int argc, char **argv, struct perf_options *opt)
{
	*opt = (struct perf_options){
		.seconds = 0.01,
		.lasting = 0.5,
		.repeats = 7,
		.parts = (1u << PERF_NB_PARTS) - 1,
		.endpoints = 10000,
		.messages = {5, {8, 64, 512, 4u << 10, 64u << 10}},
		.copies = {9, {1u << 10, 4u << 10, 16u << 10, 64u << 10, 256u << 10, 1u << 20,
			       4u << 20, 16u << 20, 64u << 20}},
	};
	first_cpus(opt->cpu);
	if (bench_options_help(argc, argv, help))
		return -1;
	return bench_options_read("slipway scif-perf", argc, argv, names, take, opt) < 0 ? 2 : 0;
}
