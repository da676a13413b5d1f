/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_DLB_PRIV_H
#define SLIPWAY_TRACE_DLB_PRIV_H

/**
 * @file
 * The state behind trace_dlb.h: the registers as they were written or read last
 * (trace_dlb_regs.c), and the events under way (trace_dlb_queue.c).
 */

#include "dlb_hcw.h"
#include "dlb_regs.h"
#include "reg_text.h"
#include "trace_dlb.h"

/** Queues of both kinds: load-balanced from 0, directed from DLB_LDB_QUEUES. */
#define TRACE_QUEUES (DLB_LDB_QUEUES + DLB_DIR_PORTS_MAX)
/** Ports and CQs of both kinds: load-balanced from 0, directed from DLB_LDB_PORTS. */
#define TRACE_PORTS (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)
/** Events under way: no more than the device has credits. */
#define TRACE_WAITING DLB_CREDITS
/** No event: entry 0 of the pool stays unused. */
#define TRACE_NIL     0u
#define TRACE_BUCKETS 16384u

/** An event that was enqueued and not delivered yet. */
struct trace_waiting {
	uint64_t data;
	uint32_t key; /**< queue and lock id */
	uint32_t next;
	struct trace_enqueue from;
};

/** Events with the same hash, oldest first. */
struct trace_bucket {
	uint32_t head, tail;
};

struct trace_dlb {
	struct reg_text text;
	unsigned int dir_ports;
	uint32_t *value;                   /**< registers, one row after the other */
	uint32_t first[DLB_REG_COUNT + 1]; /**< where each row begins there */
	bool begun;                        /**< something other than reads has been recorded */
	int64_t credits[2][DLB_DOMAINS];   /**< [LDB or all, DIR], by domain */
	uint32_t inflight[DLB_LDB_PORTS];  /**< QEs that an LDB CQ has not completed */
	uint32_t depth[TRACE_QUEUES];
	uint32_t free;  /**< pool entries given back, linked */
	uint32_t fresh; /**< entries from here on were never used */
	struct trace_waiting pool[TRACE_WAITING + 1];
	struct trace_bucket bucket[TRACE_BUCKETS];
};

/** Where a QE was written to. */
struct trace_cq {
	unsigned int id; /**< of TRACE_PORTS */
	uint32_t slot;
};

/* trace_dlb_regs.c */

/** All registers at their reset values. */
void trace_regs_reset(struct trace_dlb *d);
/** A register as it was last seen; `i` is the first index, the second one is 0. */
uint32_t trace_reg(const struct trace_dlb *d, enum dlb_reg row, uint32_t i);
/** Put a register access in words, and remember the value. */
void trace_regs_record(struct trace_dlb *d, const struct bus_trace_record *r,
		       struct trace_item *item);
/** The port behind an offset of bar 0 in a window of commands, or TRACE_PORTS. */
unsigned int trace_port_at(const struct trace_dlb *d, unsigned int bar, uint64_t off);
/** The CQ ring that an IO address lies in; false when it is none. */
bool trace_cq_at(const struct trace_dlb *d, uint64_t iova, struct trace_cq *cq);
/** Domain that a CQ gives credits back to. */
uint32_t trace_cq_domain(const struct trace_dlb *d, unsigned int cq);
/** Why a port's enqueue is not taken, or NULL: checks 1 to 6 of section 7.1. */
const char *trace_refusal(const struct trace_dlb *d, unsigned int port, uint64_t meta);
/** Domain of a port. */
uint32_t trace_port_domain(const struct trace_dlb *d, unsigned int port);

/* trace_dlb_queue.c */

/** Nothing is under way. */
void trace_queues_reset(struct trace_dlb *d);
/** A register that was written has set credits or emptied a history list. */
void trace_queues_wrote(struct trace_dlb *d, unsigned int row, uint32_t i, uint32_t value);
/** A register was read before anything else: how a device was when its trace began. */
void trace_queues_told(struct trace_dlb *d, unsigned int row, uint32_t i, uint32_t value);
/** A port sent a command: NULL, or why the event in it was not taken. */
const char *trace_queues_command(struct trace_dlb *d, const struct bus_trace_record *r,
				 unsigned int port, const struct dlb_qe *hcw,
				 const struct trace_sink *sink);
/** A QE was delivered. True, and *from, when its enqueue is known. */
bool trace_queues_deliver(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int cq,
			  const struct dlb_qe *qe, struct trace_enqueue *from,
			  const struct trace_sink *sink);

#endif /* SLIPWAY_TRACE_DLB_PRIV_H */
