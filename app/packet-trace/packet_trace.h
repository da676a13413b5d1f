/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The parts of packet-trace: three commands, each in the file of its name. */

#ifndef PACKET_TRACE_H
#define PACKET_TRACE_H

#include <stdint.h>

enum {
	EXIT_HOLDS = 0,
	EXIT_FAILS = 1,
	EXIT_USAGE = 2,
};

enum {
	PACKET_BYTES_MAX = 65535, /* what a DPDK packet buffer's length field can say */
	PORTS_MAX = 64,
};

int generate_command(int argc, char **argv);
int merge_command(int argc, char **argv);
int check_command(int argc, char **argv);

/* Prints one line on stderr, with the program's name in front. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a whole number; complains and returns -EINVAL when it is not from min to max. */
int number_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value);

#endif
