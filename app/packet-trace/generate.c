/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* packet-trace generate: a trace in which every packet tells who it is. */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "mark.h"
#include "packet_trace.h"
#include "trace_file.h"

enum {
	FRAME_BYTES_MAX = 1514,
	UDP_BYTES = 8,
	UDP_CHECKSUM = 6,
	TCP_BYTES = 20,
	TCP_CHECKSUM = 16,
	SOURCE_PORT = 1024,
	DESTINATION_PORT = 4791,
	TTL = 64,
	FLOWS_MAX = 65536, /* so many source addresses are there in 198.18.0.0/16 */
};

/* Seven short packets, four middling, one long. */
static const uint16_t imix[] = {64, 594, 64, 64, 594, 64, 1514, 64, 594, 64, 594, 64};

struct settings {
	const char *file;
	uint64_t packets;
	uint64_t flows;
	uint64_t seed;
};

struct generator {
	uint64_t random;
	uint64_t seed;
	uint32_t flows;
	uint32_t *sequences; /* the next, of each flow */
	uint8_t bytes[FRAME_BYTES_MAX];
};

/* The mixing step of the SplitMix64 generator, which makes any seed a good one. */
static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static uint64_t
next_random(struct generator *g)
{
	g->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(g->random);
}

static bool
flow_is_ipv6(uint32_t flow)
{
	return flow % 3 == 2;
}

static bool
flow_is_tcp(uint32_t flow)
{
	return flow % 5 == 4;
}

static uint64_t
flow_hash(const struct generator *g, uint32_t flow)
{
	return mix(mix(g->seed) + flow);
}

/* 198.18.0.0/15 is set aside for benchmarks: the source numbers the flow, the destination lies
 * anywhere in it.
 */
static void
ipv4_write(struct generator *g, uint32_t flow, unsigned int length)
{
	uint8_t *frame = g->bytes;

	frame_put16(&frame[ETHER_TYPE], 0x0800);
	memset(&frame[ETHER_BYTES], 0, IPV4_BYTES);
	frame[ETHER_BYTES] = 0x45;
	frame_put16(&frame[IPV4_TOTAL_LENGTH], length - ETHER_BYTES);
	frame[IPV4_TTL] = TTL;
	frame[IPV4_PROTOCOL] = flow_is_tcp(flow) ? PROTOCOL_TCP : PROTOCOL_UDP;
	frame_put32(&frame[IPV4_SOURCE], UINT32_C(0xc6120000) | flow);
	frame_put32(&frame[IPV4_DESTINATION],
		    UINT32_C(0xc6120000) | (flow_hash(g, flow) & 0x1ffff));
	frame_put16(&frame[IPV4_CHECKSUM], ~frame_sum(&frame[ETHER_BYTES], IPV4_BYTES, 0));
}

/* 2001:db8::/32 is set aside for documentation: as above, with the network anywhere in it. */
static void
ipv6_write(struct generator *g, uint32_t flow, unsigned int length)
{
	uint8_t *frame = g->bytes;

	frame_put16(&frame[ETHER_TYPE], 0x86dd);
	memset(&frame[ETHER_BYTES], 0, IPV6_BYTES);
	frame[ETHER_BYTES] = 0x60;
	frame_put16(&frame[IPV6_PAYLOAD_LENGTH], length - ETHER_BYTES - IPV6_BYTES);
	frame[IPV6_NEXT_HEADER] = flow_is_tcp(flow) ? PROTOCOL_TCP : PROTOCOL_UDP;
	frame[IPV6_HOP_LIMIT] = TTL;
	frame_put32(&frame[IPV6_SOURCE], UINT32_C(0x20010db8));
	frame_put32(&frame[IPV6_SOURCE + 12], flow);
	frame_put32(&frame[IPV6_DESTINATION], UINT32_C(0x20010db8));
	frame_put16(&frame[IPV6_DESTINATION + 4], flow_hash(g, flow) & 0xffff);
	frame_put32(&frame[IPV6_DESTINATION + 12], flow);
}

/* The sum over what precedes a transport header in its checksum: addresses, protocol, length. */
static uint32_t
pseudo_sum(const struct frame *frame, uint32_t length)
{
	uint32_t sum;

	sum = frame_sum(frame->source, frame->address_bytes, frame->protocol + length);
	return frame_sum(frame->destination, frame->address_bytes, sum);
}

static void
udp_write(uint8_t *udp, const struct frame *frame, uint32_t length)
{
	uint16_t checksum;

	frame_put16(udp, SOURCE_PORT);
	frame_put16(udp + 2, DESTINATION_PORT);
	frame_put16(udp + 4, length);
	frame_put16(udp + UDP_CHECKSUM, 0);
	checksum = ~frame_sum(udp, length, pseudo_sum(frame, length));
	/* In UDP a zero says that there is no checksum; its other form says zero. */
	frame_put16(udp + UDP_CHECKSUM, checksum == 0 ? 0xffff : checksum);
}

static void
tcp_write(uint8_t *tcp, const struct frame *frame, uint32_t length, uint32_t sequence)
{
	memset(tcp, 0, TCP_BYTES);
	frame_put16(tcp, SOURCE_PORT);
	frame_put16(tcp + 2, DESTINATION_PORT);
	frame_put32(tcp + 4, sequence);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = 0x10; /* ACK */
	frame_put16(tcp + 14, 0xffff);
	frame_put16(tcp + TCP_CHECKSUM, ~frame_sum(tcp, length, pseudo_sum(frame, length)));
}

/* Headers, the mark, then bytes that differ from packet to packet. */
static unsigned int
packet_write(struct generator *g, const struct mark *mark, unsigned int length)
{
	unsigned int network = flow_is_ipv6(mark->flow) ? IPV6_BYTES : IPV4_BYTES;
	unsigned int transport = flow_is_tcp(mark->flow) ? TCP_BYTES : UDP_BYTES;
	unsigned int transport_at = ETHER_BYTES + network;
	unsigned int mark_at = transport_at + transport;
	struct frame frame;
	unsigned int i;

	if (length < mark_at + MARK_BYTES)
		length = mark_at + MARK_BYTES;
	for (i = mark_at + MARK_BYTES; i < length; i++)
		g->bytes[i] = mark->sequence + mark->flow * 7 + i;
	mark_write(mark, &g->bytes[mark_at]);
	if (flow_is_ipv6(mark->flow))
		ipv6_write(g, mark->flow, length);
	else
		ipv4_write(g, mark->flow, length);
	frame_read(&frame, g->bytes, length);
	if (flow_is_tcp(mark->flow))
		tcp_write(&g->bytes[transport_at], &frame, length - transport_at, mark->sequence);
	else
		udp_write(&g->bytes[transport_at], &frame, length - transport_at);
	return length;
}

static void
trace_write(struct generator *g, struct trace_writer *writer, uint64_t packets)
{
	static const uint8_t addresses[] = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2};
	unsigned int length;
	struct mark mark;
	uint64_t i;

	memcpy(&g->bytes[ETHER_DESTINATION], addresses, sizeof(addresses));
	for (i = 0; i < packets; i++) {
		mark.flow = next_random(g) % g->flows;
		mark.sequence = g->sequences[mark.flow]++;
		length = imix[next_random(g) % (sizeof(imix) / sizeof(imix[0]))];
		length = packet_write(g, &mark, length);
		trace_put(writer, g->bytes, length);
	}
}

static int
generate(const struct settings *settings)
{
	struct generator g = {
		.random = settings->seed,
		.seed = settings->seed,
		.flows = settings->flows,
	};
	struct trace_writer writer;
	int ret;

	g.sequences = calloc(g.flows, sizeof(g.sequences[0]));
	if (g.sequences == NULL) {
		complain("no memory for %" PRIu32 " flows", g.flows);
		return -ENOMEM;
	}
	ret = trace_create(&writer, settings->file);
	if (ret == 0) {
		trace_write(&g, &writer, settings->packets);
		ret = trace_finish(&writer);
	}
	free(g.sequences);
	if (ret == 0)
		printf("%s: %" PRIu64 " packets of %" PRIu32 " flows\n", settings->file,
		       settings->packets, g.flows);
	return ret;
}

static int
option_parse(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case 'o':
		settings->file = value;
		return 0;
	case 'p':
		return number_parse("--packets", value, 1, 100000000, &settings->packets);
	case 'f':
		return number_parse("--flows", value, 1, FLOWS_MAX, &settings->flows);
	case 's':
		return number_parse("--seed", value, 0, UINT64_MAX, &settings->seed);
	default:
		complain("generate: see --help for the options");
		return -EINVAL;
	}
}

int
generate_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"packets", required_argument, NULL, 'p'},
		{"flows", required_argument, NULL, 'f'},
		{"seed", required_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	struct settings settings = {.packets = 200000, .flows = 256, .seed = 1};
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1)
		if (option_parse(&settings, option, optarg) < 0)
			return EXIT_USAGE;
	if (settings.file == NULL || optind < argc) {
		complain("generate: give one output file with -o FILE, and no other arguments");
		return EXIT_USAGE;
	}
	return generate(&settings) < 0 ? EXIT_FAILS : EXIT_HOLDS;
}
