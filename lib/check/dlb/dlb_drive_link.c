/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Links that change while traffic flows: datasheet section 6. A slot on its way:
 *
 *   FREE --map--> MAPPING --queue has nothing in flight--> MAPPED
 *     ^              |                                       |
 *     +----unmap-----+        UNMAPPING <-------unmap--------+
 *     ^                           |   (map of the same queue: back to MAPPED)
 *     +---CQ has nothing in flight+
 */
#include "dlb_drive.h"

#define CQS_PER_WORD 4

static struct dlb_drive_slot *
find_slot(struct dlb_drive *d, unsigned int port, unsigned int queue)
{
	for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
		if (d->slot[port][s].state != DLB_LINK_FREE && d->slot[port][s].queue == queue)
			return &d->slot[port][s];
	return NULL;
}

static bool
port_in_state(const struct dlb_drive *d, unsigned int port, enum dlb_drive_link state)
{
	for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
		if (d->slot[port][s].state == state)
			return true;
	return false;
}

static bool
queue_waits_for_link(const struct dlb_drive *d, unsigned int queue)
{
	for (unsigned int p = 0; p < d->ports; p++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
			if (d->slot[p][s].state == DLB_LINK_MAPPING && d->slot[p][s].queue == queue)
				return true;
	return false;
}

void
dlb_drive_set_cq(struct dlb_drive *d, unsigned int c)
{
	struct dlb_ref_cq *cq = &d->ref->cq[c];
	enum dlb_reg reg = cq->directed ? DLB_LSP_CQ_DIR_DSBL : DLB_LSP_CQ_LDB_DSBL;
	bool on = !d->off[c] && !d->held[c] &&
		  (cq->directed || !port_in_state(d, c, DLB_LINK_UNMAPPING));

	if (on == cq->enabled)
		return;
	if (on) {
		cq->enabled = true;
		dlb_drive_write(d, reg, cq->number, 0);
		dlb_drive_flush(d);
	} else {
		dlb_drive_write(d, reg, cq->number, 1);
		dlb_drive_sync(d);
		cq->enabled = false;
	}
}

void
dlb_drive_set_limit(struct dlb_drive *d, unsigned int queue)
{
	struct dlb_ref_queue *q = &d->ref->queue[queue];
	bool pause = queue_waits_for_link(d, queue);

	if (pause == q->paused)
		return;
	if (pause) {
		dlb_drive_write(d, DLB_LSP_QID_LDB_INFL_LIM, q->number, 0);
		dlb_drive_sync(d);
		q->paused = true;
	} else {
		q->paused = false;
		dlb_drive_write(d, DLB_LSP_QID_LDB_INFL_LIM, q->number, q->limit);
		dlb_drive_flush(d);
	}
}

static void
write_queue_side(struct dlb_drive *d, enum dlb_reg reg, unsigned int port, unsigned int slot,
		 bool valid)
{
	uint32_t cq = d->ref->cq[port].number;
	uint32_t queue = d->ref->queue[d->slot[port][slot].queue].number;
	uint32_t bit = UINT32_C(1) << (8 * (cq % CQS_PER_WORD) + slot);
	uint32_t word = dlb_drive_read_word(d, reg, queue, cq / CQS_PER_WORD);

	dlb_drive_write_word(d, reg, queue, cq / CQS_PER_WORD, valid ? word | bit : word & ~bit);
}

void
dlb_drive_write_slot(struct dlb_drive *d, unsigned int port, unsigned int slot, bool valid)
{
	const struct dlb_drive_slot *s = &d->slot[port][slot];
	uint32_t cq = d->ref->cq[port].number, shift = 8 * (slot % 4), word;
	enum dlb_reg reg = slot < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1;

	word = dlb_drive_read(d, DLB_LSP_CQ2PRIOV, cq);
	word &= ~(UINT32_C(1) << (24 + slot));
	if (valid) {
		word &= ~(UINT32_C(7) << (3 * slot));
		word |= UINT32_C(1) << (24 + slot) | (uint32_t)s->priority << (3 * slot);
	}
	dlb_drive_write(d, DLB_LSP_CQ2PRIOV, cq, word);
	if (valid) {
		word = dlb_drive_read(d, reg, cq) & ~(UINT32_C(0x7f) << shift);
		dlb_drive_write(d, reg, cq,
				word | (uint32_t)d->ref->queue[s->queue].number << shift);
	}
	write_queue_side(d, DLB_ATM_QID2CQIDIX, port, slot, valid);
	write_queue_side(d, DLB_LSP_QID2CQIDIX, port, slot, valid);
	write_queue_side(d, DLB_LSP_QID2CQIDIX2, port, slot, valid);
	dlb_drive_flush(d);
	d->ref->cq[port].slot[slot] = (struct dlb_ref_slot){valid, s->queue, s->priority};
}

static void
force(struct dlb_drive *d, unsigned int port, unsigned int slot, uint64_t bits, unsigned int value)
{
	dlb_drive_write(d, DLB_LSP_LDB_SCHED_CTRL, 0,
			(uint32_t)(REG_PUT(DLB_LSP_LDB_SCHED_CTRL_CQ, d->ref->cq[port].number) |
				   REG_PUT(DLB_LSP_LDB_SCHED_CTRL_QIDIX, slot) |
				   REG_PUT(DLB_LSP_LDB_SCHED_CTRL_VALUE, value) | bits));
}

/* 6.5, steps 3 to 5. */
static void
force_mapped(struct dlb_drive *d, unsigned int port, unsigned int slot, unsigned int queue)
{
	uint32_t id = d->ref->queue[queue].number;

	force(d, port, slot,
	      REG_PUT(DLB_LSP_LDB_SCHED_CTRL_RLIST_HASWORK_V,
		      dlb_drive_read(d, DLB_LSP_QID_AQED_ACTIVE_CNT, id) > 0),
	      1);
	force(d, port, slot,
	      REG_PUT(DLB_LSP_LDB_SCHED_CTRL_NALB_HASWORK_V,
		      dlb_drive_read(d, DLB_LSP_QID_LDB_ENQUEUE_CNT, id) > 0),
	      1);
	dlb_drive_flush(d);
	force(d, port, slot, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V), 0);
	dlb_drive_flush(d);
	for (unsigned int p = 0; p < d->ports; p++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
			if (d->slot[p][s].state == DLB_LINK_MAPPED && d->slot[p][s].queue == queue)
				force(d, p, s, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V), 1);
	dlb_drive_flush(d);
}

static void
hold_queue(struct dlb_drive *d, unsigned int queue, unsigned int port, bool hold)
{
	for (unsigned int p = 0; p < d->ports; p++) {
		const struct dlb_drive_slot *s = find_slot(d, p, queue);

		if (p != port && (s == NULL || s->state != DLB_LINK_MAPPED))
			continue;
		d->held[p] = hold;
		dlb_drive_set_cq(d, p);
	}
}

static void
finish_map(struct dlb_drive *d, unsigned int port, unsigned int slot)
{
	unsigned int queue = d->slot[port][slot].queue;

	if (dlb_drive_read(d, DLB_LSP_QID_LDB_INFL_CNT, d->ref->queue[queue].number) != 0)
		return;
	hold_queue(d, queue, port, true);
	d->slot[port][slot].state = DLB_LINK_MAPPED;
	dlb_drive_write_slot(d, port, slot, true);
	force_mapped(d, port, slot, queue);
	dlb_drive_set_limit(d, queue);
	hold_queue(d, queue, port, false);
}

static void
finish_unmap(struct dlb_drive *d, unsigned int port, unsigned int slot)
{
	if (dlb_drive_read(d, DLB_LSP_CQ_LDB_INFL_CNT, d->ref->cq[port].number) != 0)
		return;
	dlb_drive_write_slot(d, port, slot, false);
	force(d, port, slot, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_RLIST_HASWORK_V), 0);
	force(d, port, slot, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_NALB_HASWORK_V), 0);
	dlb_drive_flush(d);
	force(d, port, slot, REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V), 1);
	dlb_drive_flush(d);
	d->slot[port][slot].state = DLB_LINK_FREE;
	dlb_drive_set_cq(d, port);
}

void
dlb_drive_link_work(struct dlb_drive *d)
{
	dlb_drive_sync(d);
	for (unsigned int p = 0; p < d->ports; p++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
			if (d->slot[p][s].state == DLB_LINK_UNMAPPING)
				finish_unmap(d, p, s);
	for (unsigned int p = 0; p < d->ports; p++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
			if (d->slot[p][s].state == DLB_LINK_MAPPING)
				finish_map(d, p, s);
}

static void
map_again(struct dlb_drive *d, unsigned int port, struct dlb_drive_slot *slot)
{
	if (slot->state == DLB_LINK_MAPPING)
		return;
	d->held[port] = true;
	dlb_drive_set_cq(d, port);
	slot->state = DLB_LINK_MAPPED;
	dlb_drive_write_slot(d, port, (unsigned int)(slot - d->slot[port]), true);
	d->held[port] = false;
	dlb_drive_set_cq(d, port);
}

void
dlb_drive_map(struct dlb_drive *d, unsigned int port, unsigned int queue, unsigned int priority)
{
	struct dlb_drive_slot *slot = find_slot(d, port, queue);
	unsigned int s = 0;

	if (port_in_state(d, port, DLB_LINK_UNMAPPING) && slot == NULL) {
		dlb_drive_link_work(d);
		if (port_in_state(d, port, DLB_LINK_UNMAPPING))
			return;
	}
	if (slot != NULL) {
		slot->priority = (uint8_t)priority;
		map_again(d, port, slot);
		return;
	}
	while (s < DLB_CQ_SLOTS && d->slot[port][s].state != DLB_LINK_FREE)
		s++;
	if (s == DLB_CQ_SLOTS)
		return;
	d->slot[port][s] = (struct dlb_drive_slot){DLB_LINK_MAPPING, (uint8_t)queue,
						   (uint8_t)priority};
	dlb_drive_set_limit(d, queue);
	finish_map(d, port, s);
}

void
dlb_drive_unmap(struct dlb_drive *d, unsigned int port, unsigned int queue)
{
	struct dlb_drive_slot *slot = find_slot(d, port, queue);

	if (slot == NULL || slot->state == DLB_LINK_UNMAPPING)
		return;
	if (slot->state == DLB_LINK_MAPPING) {
		slot->state = DLB_LINK_FREE;
		dlb_drive_set_limit(d, queue);
		return;
	}
	slot->state = DLB_LINK_UNMAPPING;
	dlb_drive_set_cq(d, port);
	finish_unmap(d, port, (unsigned int)(slot - d->slot[port]));
}
