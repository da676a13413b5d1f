/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the driver never does: commands that the device has to complain of, for tests that it is
 * heard. One command each; the rest of its line is NOOPs.
 */

#include <errno.h>

#include "dlb_domain.h"
#include "dlb_event.h"
#include "dlb_hw.h"
#include "dlb_provoke.h"

/* No queue has this number. */
#define NO_QUEUE 127

static uint64_t
command(enum dlb_cmd cmd, uint64_t queue, enum dlb_sched type)
{
	return DLB_COMMAND(cmd) | REG_PUT(DLB_QE_QID, queue) | REG_PUT(DLB_QE_SCHED, type);
}

/* The device sees it before this returns. The line goes past the port's poster, which goes on behind
 * it.
 */
static void
send(struct dlb_port *p, uint64_t meta)
{
	struct dlb_line line = {{{0, meta}}};

	if (dlb_is_mapped(p->dlb)) {
		access_post_mmio(&p->bar, p->page, &line);
	} else {
		access_post_call(&p->bar, p->page, &line);
		line_ring_resume(&p->poster);
	}
	dlb_hw_flush(p->dlb);
}

/* To a queue that the domain may use, and that is not there. */
static void
send_to_disabled(struct dlb_port *p)
{
	const struct dlb_pool *pool = &p->dlb->device->pool;
	unsigned int queue = DLB_LDB_QUEUES - 1, i;

	while (queue > 0 && pool->ldb_queues[queue] == DLB_ELSEWHERE)
		queue--;
	i = p->dlb->domain * DLB_LDB_QUEUES + queue;
	dlb_reg_write(p->dlb, DLB_SYS_LDB_VASQID_V, i, 1);
	send(p, command(DLB_CMD_NEW, queue, DLB_UNORDERED));
	dlb_reg_write(p->dlb, DLB_SYS_LDB_VASQID_V, i, 0);
}

/* To a queue of another domain, if there is one. */
static int
send_to_foreign(struct dlb_port *p)
{
	const struct dlb_pool *pool = &p->dlb->device->pool;
	unsigned int i;

	for (i = 0; i < DLB_LDB_QUEUES; i++) {
		if (pool->ldb_queues[i] == DLB_NOBODY || pool->ldb_queues[i] == p->dlb->domain)
			continue;
		send(p, command(DLB_CMD_NEW, i, DLB_UNORDERED));
		return 0;
	}
	return -EINVAL;
}

int
dlb_provoke(struct dlb_port *p, enum access_fault fault)
{
	unsigned int queue = p->dlb->queues[0].hw;

	switch (fault) {
	case ACCESS_FAULT_COMMAND:
		send(p, command((enum dlb_cmd)0x4, queue, DLB_UNORDERED));
		return 0;
	case ACCESS_FAULT_QUEUE:
		send(p, command(DLB_CMD_NEW, NO_QUEUE, DLB_UNORDERED));
		return 0;
	case ACCESS_FAULT_DISABLED_QUEUE:
		send_to_disabled(p);
		return 0;
	case ACCESS_FAULT_QUEUE_TYPE:
		send(p, command(DLB_CMD_NEW, queue, DLB_ORDERED));
		return 0;
	case ACCESS_FAULT_COMPLETION:
		send(p, command(DLB_CMD_COMP, 0, DLB_ATOMIC));
		return 0;
	case ACCESS_FAULT_FRAGMENT:
		send(p, command(DLB_CMD_FRAG, queue, DLB_UNORDERED));
		return 0;
	case ACCESS_FAULT_CREDIT:
		send(p, command(DLB_CMD_NEW, queue, DLB_UNORDERED));
		return 0;
	case ACCESS_FAULT_TOKENS:
		send(p, command(DLB_CMD_BAT_T, 0, DLB_ATOMIC));
		return 0;
	case ACCESS_FAULT_FOREIGN_QUEUE:
		return send_to_foreign(p);
	}
	return -EINVAL;
}
