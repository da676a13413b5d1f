/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_JSON_H
#define SLIPWAY_TRACE_JSON_H

/**
 * @file
 * A trace as Trace Event JSON, which chrome://tracing and ui.perfetto.dev show. Each event is
 * written as it comes, so a trace of any length takes the same memory.
 */

#include <stdio.h>

#include "trace_device.h"

/** The file that is written. */
struct trace_json {
	FILE *out;
	const char *name;
	bool any;          /**< an event is there */
	bool failed;       /**< memory was short, or an event could not be written */
	uint64_t start_ns; /**< time 0 */
	uint64_t flows;    /**< written so far */
};

/**
 * Create the file and write what goes before the events.
 *
 * @param name its path, kept; "-" is standard output
 * @return 0, or -1: reported
 */
int trace_json_open(struct trace_json *j, const char *name);

/** A device begins: it becomes a process of the viewer. */
void trace_json_device(struct trace_json *j, const struct trace_device *dev);

/** An operation, as an event of the thread that asked for it. */
void trace_json_item(struct trace_json *j, const struct trace_device *dev,
		     const struct bus_trace_record *r, const struct trace_item *item);

/** The depth of a queue, as a counter. */
void trace_json_depth(struct trace_json *j, const struct trace_device *dev,
		      const struct bus_trace_record *r, const char *queue, unsigned int depth);

/** The way of an event, from the slice of its post to that of its delivery, `r`. */
void trace_json_flow(struct trace_json *j, const struct trace_device *dev,
		     const struct bus_trace_record *r, const struct trace_enqueue *from);

/** Write what goes after the events, and close. 0, or -1 when not all is written: reported. */
int trace_json_close(struct trace_json *j);

#endif /* SLIPWAY_TRACE_JSON_H */
