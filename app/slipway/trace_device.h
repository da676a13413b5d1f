/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_DEVICE_H
#define SLIPWAY_TRACE_DEVICE_H

/**
 * @file
 * The devices of a trace: which record belongs to which, and what it says in words.
 */

#include "bus_trace.h"
#include "trace_config.h"
#include "trace_dlb.h"
#include "trace_dsa.h"
#include "trace_item.h"

/** Devices of one trace, over all its processes. */
#define TRACE_DEVICES_MAX 256u

/** A device that began in the trace. */
struct trace_device {
	uint32_t pid;
	uint8_t index;         /**< in its process */
	unsigned int number;   /**< in the trace: from 1 */
	char label[64];        /**< "dlb 2.5, device 0 of process 1234" */
	struct trace_dlb *dlb; /**< that, or */
	struct trace_dsa *dsa; /**< that; both NULL: its registers are not known here */
	struct trace_config config;
};

/** All of them; starts zeroed. */
struct trace_devices {
	unsigned int count;
	struct trace_device *device[TRACE_DEVICES_MAX];
};

/**
 * A device begins. One that has been there, of a process that went on to another program, starts
 * anew under a number of its own.
 *
 * @return the device, or NULL when there are too many of them or memory is short
 */
struct trace_device *trace_device_begin(struct trace_devices *all, const struct bus_trace_record *r,
					const struct bus_trace_hello *hello);

/** The device of a record, or NULL. */
struct trace_device *trace_device_of(const struct trace_devices *all,
				     const struct bus_trace_record *r);

/** Put a record in words. Arguments as of trace_dlb_record; any record but BUS_TRACE_DEVICE. */
void trace_device_record(struct trace_device *dev, const struct bus_trace_record *r,
			 const unsigned char *payload, struct trace_item *item,
			 const struct trace_sink *sink);

void trace_devices_free(struct trace_devices *all);

#endif /* SLIPWAY_TRACE_DEVICE_H */
