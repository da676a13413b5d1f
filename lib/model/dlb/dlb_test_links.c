/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_test_rig.h"

/* Section 6 of the datasheet, as a driver goes through it: which queues feed which CQ. */

/* Set or clear the bit of (port, slot) in the three tables that map a queue to CQs. */
static void
qid2cqidix_change(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, bool on)
{
	static const enum dlb_reg tables[] = {DLB_ATM_QID2CQIDIX, DLB_LSP_QID2CQIDIX,
					      DLB_LSP_QID2CQIDIX2};
	const uint32_t bit = UINT32_C(1) << (p % 4 * 8 + slot);
	uint32_t old[3];

	for (unsigned int t = 0; t < 3; t++)
		old[t] = rig_read_word(r, tables[t], q, p / 4);
	for (unsigned int t = 0; t < 3; t++)
		rig_write_word(r, tables[t], q, p / 4, on ? old[t] | bit : old[t] & ~bit);
}

/* Section 6.1, and the order it gives. */
static void
map_write(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio)
{
	const enum dlb_reg names = slot < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1;
	const uint32_t shift = slot % 4 * 8;
	uint32_t word;

	word = rig_read(r, DLB_LSP_CQ2PRIOV, p);
	word &= ~(UINT32_C(7) << 3 * slot);
	rig_write(r, DLB_LSP_CQ2PRIOV, p, word | UINT32_C(1) << (24 + slot) | prio << 3 * slot);
	word = rig_read(r, names, p) & ~(UINT32_C(0x7f) << shift);
	rig_write(r, names, p, word | q << shift);
	qid2cqidix_change(r, q, p, slot, true);
	rig_flush(r);
	r->port[p].slot[slot] = (uint8_t)q;
	r->port[p].slot_used[slot] = true;
}

bool
rig_is_linked(const struct rig *r, uint32_t q, uint32_t p, uint32_t *slot)
{
	const struct rig_port *port = &r->port[p];

	for (uint32_t s = 0; s < DLB_CQ_SLOTS; s++) {
		if (port->slot_used[s] && port->slot[s] == q) {
			*slot = s;
			return true;
		}
	}
	return false;
}

static void
queue_cqs_enable(struct rig *r, uint32_t q, uint32_t p, bool on)
{
	uint32_t slot;

	for (uint32_t c = 0; c < DLB_LDB_PORTS; c++)
		if (r->port[c].made && (c == p || rig_is_linked(r, q, c, &slot)))
			rig_enable(r, c, on);
}

static void
sched_ctrl(struct rig *r, uint32_t p, uint32_t slot, bool value, uint64_t which)
{
	rig_write(r, DLB_LSP_LDB_SCHED_CTRL, 0,
		  (uint32_t)(REG_PUT(DLB_LSP_LDB_SCHED_CTRL_CQ, p) |
			     REG_PUT(DLB_LSP_LDB_SCHED_CTRL_QIDIX, slot) |
			     REG_PUT(DLB_LSP_LDB_SCHED_CTRL_VALUE, value) | which));
}

void
rig_link(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio)
{
	rig_enable(r, p, false);
	map_write(r, q, p, slot, prio);
	rig_enable(r, p, true);
}

/* Section 6.5. */
static void
map_finish(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio)
{
	bool atomic, other;
	uint32_t s;

	map_write(r, q, p, slot, prio);
	atomic = rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, q) > 0;
	sched_ctrl(r, p, slot, true, REG_PUT(DLB_LSP_LDB_SCHED_CTRL_RLIST_HASWORK_V, atomic));
	other = rig_read(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, q) > 0;
	sched_ctrl(r, p, slot, true, REG_PUT(DLB_LSP_LDB_SCHED_CTRL_NALB_HASWORK_V, other));
	rig_flush(r);
	sched_ctrl(r, p, slot, false, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V));
	rig_flush(r);
	for (uint32_t c = 0; c < DLB_LDB_PORTS; c++)
		if (rig_is_linked(r, q, c, &s))
			sched_ctrl(r, c, s, true, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V));
	rig_flush(r);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, q, r->queue[q].inflights);
	queue_cqs_enable(r, q, p, true);
}

int
rig_map_retry(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio)
{
	if (rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, q) != 0)
		return 1;
	queue_cqs_enable(r, q, p, false);
	if (rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, q) != 0) {
		queue_cqs_enable(r, q, p, true);
		return 1;
	}
	map_finish(r, q, p, slot, prio);
	return 0;
}

int
rig_map(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio)
{
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, q, 0);
	return rig_map_retry(r, q, p, slot, prio);
}

int
rig_unmap(struct rig *r, uint32_t q, uint32_t p)
{
	uint32_t slot, word;

	if (!rig_is_linked(r, q, p, &slot))
		return 0;
	rig_enable(r, p, false);
	if (rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p) != 0)
		return 1;
	word = rig_read(r, DLB_LSP_CQ2PRIOV, p);
	rig_write(r, DLB_LSP_CQ2PRIOV, p, word & ~(UINT32_C(1) << (24 + slot)));
	qid2cqidix_change(r, q, p, slot, false);
	rig_flush(r);
	sched_ctrl(r, p, slot, false, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_RLIST_HASWORK_V));
	sched_ctrl(r, p, slot, false, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_NALB_HASWORK_V));
	rig_flush(r);
	sched_ctrl(r, p, slot, true, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V));
	rig_flush(r);
	r->port[p].slot_used[slot] = false;
	rig_enable(r, p, true);
	return 0;
}
