/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_EVENT_H
#define SLIPWAY_DLB_EVENT_H

/**
 * @file
 * An event as the device sees it, and back, by moving bits:
 *
 *   event   63 opaque 56 | 55 prio 48 | 47 queue 40 | 39 type 38 | 33 op 32 | 31 ... 16 | 15 ... 0
 *                          top 3 bits   \---- route table ----/                 |         |
 *   meta    59 cmd 56 | 47 lock id 32 | 31 msg 29 | 28 prio 26 | 25 sched 24 | 23 qid 16 | 15 .. 0
 *                          event 15..0                                            event 31..16
 *
 * Sections 4.2 to 4.6 of the datasheet; 4.6 is why a directed event repeats bytes 10-11 in its
 * lock id.
 */

#include <assert.h>

#include "dlb_priv.h"

/** One HCW the way it is stored: a line written in halves of one width is read back fastest. Rings
 * and pages that lines go to have other types.
 */
typedef uint64_t dlb_hcw __attribute__((vector_size(16), may_alias));

struct dlb_line {
	_Alignas(DLB_LINE_SIZE) dlb_hcw hcw[DLB_LINE_HCWS];
};

static_assert(sizeof(struct dlb_line) == DLB_LINE_SIZE, "a line is one store");

/* Bits of struct rte_event's first word. */
#define DLB_EVENT_OP(word)     ((word) >> 32 & 3)
#define DLB_EVENT_WEIGHT(word) ((word) >> 36 & 3)
#define DLB_EVENT_ROUTE(word)  ((word) >> 38 & (DLB_ROUTES - 1))
#define DLB_EVENT_PRIO(word)   ((word) >> 53 & 7)
#define DLB_EVENT_OPAQUE(word) ((word) >> 16 & 0xffff)
#define DLB_EVENT_FLOW(word)   (UINT64_C(0xffff) & (word))

static_assert(RTE_EVENT_OP_NEW == 0 && RTE_EVENT_OP_FORWARD == 1 && RTE_EVENT_OP_RELEASE == 2,
	      "ops index dlb_port.command");

/** Commands in place. */
#define DLB_COMMAND(cmd) REG_PUT(DLB_HCW_CMD, cmd)
#define DLB_COMP         ((dlb_hcw){0, (uint64_t)DLB_CMD_COMP << DLB_HCW_CMD_LO})

/** The HCW that sends an event by `route` (dlb_port.routes) with `command` (dlb_port.command). */
static __rte_always_inline dlb_hcw
dlb_make_hcw(const struct rte_event *ev, uint32_t route, uint64_t command)
{
	uint64_t word = ev->event;
	uint64_t meta = DLB_EVENT_OPAQUE(word) | DLB_EVENT_PRIO(word) << DLB_QE_PRIO_LO | route |
			command;
	uint64_t lock = DLB_EVENT_FLOW(word);

	if (REG_GET(DLB_QE_SCHED, route) == DLB_DIRECTED)
		lock = meta >> DLB_QE_QID_LO & 0xffff;
	return (dlb_hcw){ev->u64, meta | lock << DLB_QE_LOCK_LO};
}

/** The event of a QE; `queue_of` and `flow_mask` are the port's. */
static __rte_always_inline void
dlb_make_event(struct rte_event *ev, uint64_t data, uint64_t meta, const uint8_t *queue_of,
	       uint64_t flow_mask)
{
	uint64_t queue = queue_of[REG_GET(DLB_QE_QID, meta) % DLB_QUEUES_MAX];

	ev->event = (REG_GET(DLB_QE_LOCK, meta) & flow_mask) | REG_GET(DLB_QE_OPAQUE, meta) << 16 |
		    (REG_GET(DLB_QE_MSG, meta) & 3) << 38 | queue << 40 |
		    REG_GET(DLB_QE_PRIO, meta) << 53;
	ev->u64 = data;
}

#endif /* SLIPWAY_DLB_EVENT_H */
