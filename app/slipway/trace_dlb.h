/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_DLB_H
#define SLIPWAY_TRACE_DLB_H

/**
 * @file
 * A DLB as its trace shows it: registers and commands in words, and the way of every event from the
 * post that enqueued it to the DMA write that delivered it.
 *
 * What the device does inside is not in a trace. Which enqueues it took follows from the registers
 * that were written: ports, permissions, credits, and what each CQ has in flight (datasheet section
 * 7.1). Which enqueue a delivery belongs to follows from queue, payload and lock id; of several
 * equal ones, the oldest.
 */

#include "bus_trace.h"
#include "trace_item.h"

/** The DLB. */
struct trace_dlb;

/** An enqueue that was taken. */
struct trace_enqueue {
	uint64_t ns;
	uint32_t tid;
};

/** What else is learned from a record. */
struct trace_sink {
	void *owner;
	/** A queue's depth has changed at r->ns. */
	void (*depth)(void *owner, const struct bus_trace_record *r, bool directed,
		      unsigned int queue, unsigned int depth);
	/** This record, a DMA write, delivers what was enqueued then. */
	void (*flow)(void *owner, const struct bus_trace_record *r,
		     const struct trace_enqueue *from);
};

/**
 * A DLB as it is after power-on.
 *
 * @param version column of the register table
 * @return the DLB, or NULL when memory is short
 */
struct trace_dlb *trace_dlb_create(unsigned int version);

void trace_dlb_destroy(struct trace_dlb *dlb);

/**
 * Follow one record.
 *
 * @param r a register access, a post or a DMA write
 * @param payload its r->bytes bytes
 * @param item out: the record in words
 * @param sink who wants to know more
 */
void trace_dlb_record(struct trace_dlb *dlb, const struct bus_trace_record *r,
		      const unsigned char *payload, struct trace_item *item,
		      const struct trace_sink *sink);

/** The device was reset: all registers and queues are as after power-on. */
void trace_dlb_reset(struct trace_dlb *dlb, const struct bus_trace_record *r,
		     const struct trace_sink *sink);

#endif /* SLIPWAY_TRACE_DLB_H */
