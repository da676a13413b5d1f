/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_FILE_H
#define SLIPWAY_TRACE_FILE_H

/**
 * @file
 * Reading a bus trace, record by record, without trust in what it holds.
 */

#include <stdio.h>

#include "bus_trace.h"

/** A trace that is being read. */
struct trace_file {
	FILE *in;
	const char *name;
	uint64_t offset; /**< bytes read, of whole records */
	union {          /**< payload of the record that was read last */
		unsigned char payload[BUS_TRACE_PAYLOAD_MAX];
		struct bus_trace_hello hello;
	};
};

/**
 * Open a trace.
 *
 * @param name its path, kept
 * @return 0, or -1: reported
 */
int trace_file_open(struct trace_file *f, const char *name);

/**
 * Read the next record.
 *
 * @param r out: its head; its payload is in f->payload
 * @return 1, 0 at the end of the file, or -1 for what is no record: reported, with its offset
 */
int trace_file_next(struct trace_file *f, struct bus_trace_record *r);

/** Report that the record just read cannot be, with its offset. Returns -1. */
int trace_file_bad(const struct trace_file *f, const struct bus_trace_record *r, const char *why);

void trace_file_close(struct trace_file *f);

#endif /* SLIPWAY_TRACE_FILE_H */
