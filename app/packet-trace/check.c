/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* packet-trace check: did every packet come out as it should? */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "judge.h"
#include "packet_trace.h"
#include "trace_file.h"

struct settings {
	const char *input;
	const char *outputs[PORTS_MAX];
	unsigned int nb_outputs;
	const char *routes;
	uint64_t default_port;
	bool by_payload;
};

static int
reader_open(struct trace_reader *reader, const char *name)
{
	if (trace_open(reader, name) < 0) {
		complain("%s: cannot be read: %s", name, reader->error);
		return -EIO;
	}
	if (trace_is_ethernet(reader))
		return 0;
	complain("%s: holds no Ethernet packets, but link type %d", name,
		 pcap_datalink(reader->pcap));
	trace_close(reader);
	return -EINVAL;
}

static int
reader_next(struct trace_reader *reader, struct trace_packet *packet)
{
	int ret = trace_next(reader, packet);

	if (ret < 0)
		complain("%s: damaged after packet %" PRIu64 ": %s", reader->name, reader->count,
			 reader->error);
	return ret;
}

static int
port_has_output(const struct settings *settings, const struct expected *expected)
{
	unsigned int port = expected->packets[expected->count - 1].port;

	if (port < settings->nb_outputs)
		return 0;
	complain("input packet %" PRIu32 " belongs on port %u, and only %u --out files are given",
		 expected->count, port, settings->nb_outputs);
	return -EINVAL;
}

static int
packets_expect(const struct settings *settings, struct expected *expected,
	       struct trace_reader *reader)
{
	struct trace_packet packet;
	int ret;

	while ((ret = reader_next(reader, &packet)) > 0) {
		ret = expected_add(expected, packet.bytes, packet.length);
		if (ret == 0)
			ret = port_has_output(settings, expected);
		if (ret < 0)
			return ret;
	}
	return ret;
}

static int
input_read(const struct settings *settings, struct expected *expected)
{
	struct trace_reader reader;
	int ret;

	ret = reader_open(&reader, settings->input);
	if (ret < 0)
		return ret;
	ret = packets_expect(settings, expected, &reader);
	trace_close(&reader);
	if (ret == 0)
		printf("input      %" PRIu32 " packets of %" PRIu32 " flows, in %s\n",
		       expected->count, expected->nb_flows, settings->input);
	return ret;
}

static int
output_judge(struct judge *judge, unsigned int port, const char *name)
{
	struct trace_reader reader;
	struct trace_packet packet;
	int ret;

	ret = reader_open(&reader, name);
	if (ret < 0)
		return ret;
	judge_port_begin(judge);
	while (judge_problems(judge) < PROBLEMS_MAX && (ret = reader_next(&reader, &packet)) > 0)
		judge_packet(judge, port, packet.bytes, packet.length);
	trace_close(&reader);
	printf("port %-4u  %" PRIu64 " packets, in %s\n", port, judge->seen, name);
	return ret < 0 ? ret : 0;
}

static int
outputs_judge(const struct settings *settings, struct judge *judge)
{
	unsigned int port;
	int ret = 0;

	for (port = 0; port < settings->nb_outputs && ret == 0; port++)
		ret = output_judge(judge, port, settings->outputs[port]);
	return ret;
}

static int
verdict(struct judge *judge)
{
	if (judge_problems(judge) >= PROBLEMS_MAX)
		printf("stopped after %u problems; what follows them was not looked at\n",
		       PROBLEMS_MAX);
	else
		judge_missing(judge);
	printf("right      %" PRIu64 "\nmissing %" PRIu64 ", duplicated %" PRIu64
	       ", reordered %" PRIu64 ", altered %" PRIu64 ", misrouted %" PRIu64 "\n",
	       judge->right, judge->missing, judge->duplicated, judge->reordered, judge->altered,
	       judge->misrouted);
	if (judge_problems(judge) == 0) {
		printf("holds: each packet came out once, in its flow's order, as its route says\n");
		return 0;
	}
	complain("%s", judge->first);
	return -EINVAL;
}

static int
check(const struct settings *settings, struct expected *expected)
{
	struct judge judge = {.expected = expected};
	int ret = 0;

	expected->by_payload = settings->by_payload;
	expected->default_port = settings->default_port;
	if (settings->routes != NULL)
		ret = routes_read(&expected->routes, settings->routes);
	if (ret == 0)
		ret = input_read(settings, expected);
	if (ret == 0)
		ret = outputs_judge(settings, &judge);
	return ret == 0 ? verdict(&judge) : ret;
}

static int
output_append(struct settings *settings, const char *name)
{
	if (settings->nb_outputs == PORTS_MAX) {
		complain("--out %s: accepted are 1 to %u files", name, PORTS_MAX);
		return -EINVAL;
	}
	settings->outputs[settings->nb_outputs++] = name;
	return 0;
}

static int
flows_parse(struct settings *settings, const char *value)
{
	settings->by_payload = strcmp(value, "payload") == 0;
	if (settings->by_payload || strcmp(value, "addresses") == 0)
		return 0;
	complain("--flows %s: accepted are addresses and payload", value);
	return -EINVAL;
}

static int
option_parse(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case 'i':
		settings->input = value;
		return 0;
	case 'o':
		return output_append(settings, value);
	case 'r':
		settings->routes = value;
		return 0;
	case 'd':
		return number_parse("--default-port", value, 0, PORTS_MAX - 1,
				    &settings->default_port);
	case 'f':
		return flows_parse(settings, value);
	default:
		complain("check: see --help for the options");
		return -EINVAL;
	}
}

/* Arguments that follow --out FILE are further output files. */
static int
settings_parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{"in", required_argument, NULL, 'i'},
		{"out", required_argument, NULL, 'o'},
		{"routes", required_argument, NULL, 'r'},
		{"default-port", required_argument, NULL, 'd'},
		{"flows", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	int option, ret = 0;

	while (ret == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		ret = option_parse(settings, option, optarg);
	for (; ret == 0 && optind < argc; optind++)
		ret = output_append(settings, argv[optind]);
	if (ret == 0 && (settings->input == NULL || settings->nb_outputs == 0)) {
		complain("check: give --in FILE, and --out FILE for each port");
		ret = -EINVAL;
	}
	return ret;
}

int
check_command(int argc, char **argv)
{
	struct settings settings = {.default_port = 0};
	struct expected *expected;
	int ret;

	if (settings_parse(&settings, argc, argv) < 0)
		return EXIT_USAGE;
	expected = calloc(1, sizeof(*expected));
	if (expected == NULL) {
		complain("no memory");
		return EXIT_FAILS;
	}
	ret = check(&settings, expected);
	routes_free(&expected->routes);
	expected_free(expected);
	free(expected);
	return ret < 0 ? EXIT_FAILS : EXIT_HOLDS;
}
