/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet_trace.h"

static const char help[] =
	"NAME\n"
	"       packet-trace - make packet traces, and check what became of them\n"
	"\n"
	"SYNOPSIS\n"
	"       packet-trace generate -o FILE [--packets N] [--flows N] [--seed N]\n"
	"       packet-trace merge -o FILE [--verbose] CAPTURE...\n"
	"       packet-trace check --in FILE --out FILE... [--routes FILE] [--default-port N]\n"
	"                    [--flows addresses|payload]\n"
	"\n"
	"DESCRIPTION\n"
	"       generate   writes a trace of UDP and some TCP packets, IPv4 and IPv6, of 64, 594\n"
	"                  and 1514 bytes in the ratio 7:4:1. Each carries its flow's number\n"
	"                  and its own number within the flow. A 64-byte packet grows where\n"
	"                  headers and numbers need more. The same seed makes the same trace.\n"
	"         --packets N   1 to 100000000; default 200000\n"
	"         --flows N     1 to 65536; default 256\n"
	"         --seed N      0 to 18446744073709551615; default 1\n"
	"\n"
	"       merge      writes the packets of all Ethernet captures into one, in the order\n"
	"                  of the arguments. Of a directory it takes the files named *.pcap and\n"
	"                  *.pcapng, by name. A packet is taken as far as it was captured; one\n"
	"                  of no bytes, or of more than 65535, is left out.\n"
	"         --verbose     name each file that is left out, and why\n"
	"\n"
	"       check      compares the output of a router with its input. The first --out is\n"
	"                  what port 0 sent, the next port 1, and so on. Every packet must be\n"
	"                  there once, in its flow's order and on the port of its route, and be\n"
	"                  the same but for what routing rewrites: Ethernet addresses\n"
	"                  (destination 02:00:00:00:00:PORT, one source for each port), time to\n"
	"                  live or hop limit one less, IPv4 header checksum right. A packet is\n"
	"                  routed when its Ethernet type is IPv4 or IPv6, its header is sound\n"
	"                  (IPv4: RFC 1812, 5.2.2; both: all of the packet was captured),\n"
	"                  its time to live is above 1, and a route covers its destination. All\n"
	"                  others must be on the default port, unchanged.\n"
	"         --routes FILE       lines of PREFIX PORT; '#' begins a comment; default none\n"
	"         --default-port N    0 to 63; default 0\n"
	"         --flows addresses   a flow is a pair of IP addresses, and packets without an\n"
	"                             IP header are one flow; this is the default\n"
	"         --flows payload     a flow is what the packets of a generated trace say;\n"
	"                             their own numbers must then rise\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done; for check: everything holds\n"
	"       1  a file cannot be read or written; for check: something does not hold\n"
	"       2  an option is not accepted\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"generate", generate_command},
	{"merge", merge_command},
	{"check", check_command},
};

void
complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("packet-trace: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int
number_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= min &&
	    *value <= max)
		return 0;
	complain("%s %s: accepted are %" PRIu64 " to %" PRIu64, name, text, min, max);
	return -EINVAL;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	unsigned int i;

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		fputs(help, stdout);
		return EXIT_HOLDS;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	complain("'%s': the commands are generate, merge and check; see --help", name);
	return EXIT_USAGE;
}
