/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Mapping queues to CQs while events flow. The device wants a queue to have nothing in flight when
 * one more CQ is mapped to it, and a CQ to have nothing in flight when a queue is taken off it.
 * Both depend on what applications release, so nothing here waits: what cannot be finished stays
 * pending and is tried again.
 *
 *                       add (started)                    queue idle
 *             FREE ----------------------> MAPPING ----------------------> MAPPED
 *              ^ ^                            |                            |    ^
 *              | +-------- remove ------------+                     remove |    | add
 *              |                                                           v    |
 *              +----------------- CQ idle ------------------------------ UNMAPPING
 *              |                                           add another   |    ^
 *              |                                                         v    | remove that
 *              +------ CQ idle, then MAPPING ------------------------ UNMAPPING_MAP
 *
 * While a queue has a slot in MAPPING it is paused: its inflight limit is 0. While a CQ has a slot
 * in UNMAPPING or UNMAPPING_MAP it is disabled.
 */

#include <assert.h>

#include <rte_alarm.h>
#include <rte_common.h>

#include "dlb_hw.h"
#include "dlb_map.h"

/* Between two tries to finish what is pending. */
#define PROGRESS_US 1000

static const bool legal[DLB_SLOT_STATES][DLB_SLOT_STATES] = {
	[DLB_SLOT_FREE] = {[DLB_SLOT_MAPPED] = true, [DLB_SLOT_MAPPING] = true},
	[DLB_SLOT_MAPPED] = {[DLB_SLOT_UNMAPPING] = true},
	[DLB_SLOT_MAPPING] = {[DLB_SLOT_MAPPED] = true, [DLB_SLOT_FREE] = true},
	[DLB_SLOT_UNMAPPING] =
		{[DLB_SLOT_FREE] = true, [DLB_SLOT_MAPPED] = true, [DLB_SLOT_UNMAPPING_MAP] = true},
	[DLB_SLOT_UNMAPPING_MAP] = {[DLB_SLOT_UNMAPPING] = true, [DLB_SLOT_FREE] = true},
};

static void
slot_turn(struct dlb_slot *slot, enum dlb_slot_state state)
{
	bool is_legal = legal[slot->state][state];

	assert(is_legal);
	RTE_SET_USED(is_legal);
	slot->state = state;
}

static bool
slot_is_leaving(const struct dlb_slot *slot)
{
	return slot->state == DLB_SLOT_UNMAPPING || slot->state == DLB_SLOT_UNMAPPING_MAP;
}

static struct dlb_queue *
slot_queue(const struct dlb_port *p, const struct dlb_slot *slot)
{
	return &p->dlb->queues[slot->link.queue];
}

/* Number in the device of the queue in a slot. */
static unsigned int
slot_hw(const struct dlb_port *p, const struct dlb_slot *slot)
{
	return slot_queue(p, slot)->hw;
}

static unsigned int
slot_index(const struct dlb_port *p, const struct dlb_slot *slot)
{
	return (unsigned int)(slot - p->slots);
}

unsigned int
dlb_map_removals_pending(const struct dlb_port *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < DLB_CQ_SLOTS; i++)
		n += slot_is_leaving(&p->slots[i]);
	return n;
}

/* A CQ schedules unless a queue is being taken off it. */
static void
cq_update(const struct dlb_port *p)
{
	dlb_hw_cq_enable(p, dlb_map_removals_pending(p) == 0);
}

static uint32_t
queue_inflights(const struct dlb *dlb, const struct dlb_queue *q)
{
	return dlb_reg_read(dlb, DLB_LSP_QID_LDB_INFL_CNT, q->hw);
}

static void
queue_pause(const struct dlb *dlb, const struct dlb_queue *q)
{
	dlb_reg_write(dlb, DLB_LSP_QID_LDB_INFL_LIM, q->hw, 0);
}

static void
queue_resume(const struct dlb *dlb, const struct dlb_queue *q)
{
	dlb_reg_write(dlb, DLB_LSP_QID_LDB_INFL_LIM, q->hw, q->inflight_limit);
}

/* The slot of port p in which queue is MAPPED, or NULL. */
static const struct dlb_slot *
find_mapped(const struct dlb_port *p, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state == DLB_SLOT_MAPPED && p->slots[i].link.queue == queue)
			return &p->slots[i];
	}
	return NULL;
}

/* Disable every CQ that takes from a queue, or let them all schedule again. */
static void
queue_cqs_enable(const struct dlb *dlb, uint8_t queue, bool enable)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		if (p->kind != DLB_KIND_LDB || find_mapped(p, queue) == NULL)
			continue;
		if (enable)
			cq_update(p);
		else
			dlb_hw_cq_enable(p, false);
	}
}

static void
queue_inflight_ok(const struct dlb *dlb, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];
		const struct dlb_slot *slot = p->kind == DLB_KIND_LDB ? find_mapped(p, queue)
								      : NULL;

		if (slot == NULL)
			continue;
		dlb_hw_slot_force(p, slot_index(p, slot), true, DLB_SLOT_INFLIGHT_OK);
		dlb_hw_flush(dlb);
	}
}

/* Section 6.5, all CQs concerned being disabled and the queue idle. */
static void
complete_map(struct dlb_port *p, struct dlb_slot *slot)
{
	const struct dlb *dlb = p->dlb;
	struct dlb_queue *q = slot_queue(p, slot);

	dlb_hw_slot_map(p, slot_index(p, slot), slot_hw(p, slot), slot->link.priority);
	if (dlb_reg_read(dlb, DLB_LSP_QID_AQED_ACTIVE_CNT, q->hw) != 0)
		dlb_hw_slot_force(p, slot_index(p, slot), true, DLB_SLOT_HAS_ATOMIC_WORK);
	if (dlb_reg_read(dlb, DLB_LSP_QID_LDB_ENQUEUE_CNT, q->hw) != 0)
		dlb_hw_slot_force(p, slot_index(p, slot), true, DLB_SLOT_HAS_OTHER_WORK);
	dlb_hw_flush(dlb);
	dlb_hw_slot_force(p, slot_index(p, slot), false, DLB_SLOT_INFLIGHT_OK);
	dlb_hw_flush(dlb);

	slot_turn(slot, DLB_SLOT_MAPPED);
	queue_inflight_ok(dlb, slot->link.queue);
	if (--q->maps_pending == 0)
		queue_resume(dlb, q);
}

/* Sections 6.4 and 6.7: map if the queue is idle, both before and after its CQs are disabled. */
static void
try_map(struct dlb_port *p, struct dlb_slot *slot)
{
	const struct dlb *dlb = p->dlb;
	const struct dlb_queue *q = slot_queue(p, slot);

	if (queue_inflights(dlb, q) != 0)
		return;
	dlb_hw_cq_enable(p, false);
	queue_cqs_enable(dlb, slot->link.queue, false);
	if (queue_inflights(dlb, q) == 0)
		complete_map(p, slot);
	queue_cqs_enable(dlb, slot->link.queue, true);
	cq_update(p);
}

static void
begin_map(struct dlb_port *p, struct dlb_slot *slot, struct dlb_link link)
{
	slot->link = link;
	slot_turn(slot, DLB_SLOT_MAPPING);
	queue_pause(p->dlb, slot_queue(p, slot));
	slot_queue(p, slot)->maps_pending++;
	try_map(p, slot);
}

static void
cancel_map(struct dlb_port *p, struct dlb_slot *slot)
{
	struct dlb_queue *q = slot_queue(p, slot);

	slot_turn(slot, DLB_SLOT_FREE);
	/* Off the count before it is looked at: the last one to go lets the queue run again. */
	if (--q->maps_pending == 0)
		queue_resume(p->dlb, q);
}

/* Section 6.6, the CQ being disabled and idle. */
static void
complete_unmap(struct dlb_port *p, struct dlb_slot *slot)
{
	bool another = slot->state == DLB_SLOT_UNMAPPING_MAP;

	dlb_hw_slot_unmap(p, slot_index(p, slot), slot_hw(p, slot));
	dlb_hw_slot_force(p, slot_index(p, slot), false, DLB_SLOT_HAS_ATOMIC_WORK);
	dlb_hw_slot_force(p, slot_index(p, slot), false, DLB_SLOT_HAS_OTHER_WORK);
	dlb_hw_flush(p->dlb);
	dlb_hw_slot_force(p, slot_index(p, slot), true, DLB_SLOT_INFLIGHT_OK);
	dlb_hw_flush(p->dlb);
	slot_turn(slot, DLB_SLOT_FREE);
	if (another)
		begin_map(p, slot, slot->next);
}

static void
try_unmap(struct dlb_port *p)
{
	unsigned int i;

	if (dlb_map_removals_pending(p) == 0 ||
	    dlb_reg_read(p->dlb, DLB_LSP_CQ_LDB_INFL_CNT, p->hw) != 0)
		return;
	for (i = 0; i < DLB_CQ_SLOTS; i++) {
		if (slot_is_leaving(&p->slots[i]))
			complete_unmap(p, &p->slots[i]);
	}
	cq_update(p);
}

static void
begin_unmap(struct dlb_port *p, struct dlb_slot *slot)
{
	dlb_hw_cq_enable(p, false);
	slot_turn(slot, DLB_SLOT_UNMAPPING);
	try_unmap(p);
}

/* Section 6.3 step 5: a new priority takes effect with the CQ at rest. */
static void
change_priority(struct dlb_port *p, struct dlb_slot *slot, uint8_t priority)
{
	slot->link.priority = priority;
	dlb_hw_cq_enable(p, false);
	dlb_hw_slot_prioritise(p, slot_index(p, slot), priority);
	cq_update(p);
}

static struct dlb_slot *
find_state(struct dlb_port *p, enum dlb_slot_state state)
{
	unsigned int i;

	for (i = 0; i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state == state)
			return &p->slots[i];
	}
	return NULL;
}

/* The slot a queue is in, whatever its state. */
static struct dlb_slot *
find_queue(struct dlb_port *p, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state != DLB_SLOT_FREE && p->slots[i].link.queue == queue)
			return &p->slots[i];
	}
	return NULL;
}

/* The slot a queue will move into when its present queue has left. */
static struct dlb_slot *
find_next(struct dlb_port *p, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state == DLB_SLOT_UNMAPPING_MAP && p->slots[i].next.queue == queue)
			return &p->slots[i];
	}
	return NULL;
}

/* A port has at most as many links as slots, so for a new one there is a slot, now or soon. */
static void
place(struct dlb_port *p, struct dlb_link link)
{
	struct dlb_slot *slot = find_state(p, DLB_SLOT_FREE);

	if (slot != NULL) {
		begin_map(p, slot, link);
		return;
	}
	slot = find_state(p, DLB_SLOT_UNMAPPING);
	assert(slot != NULL);
	slot->next = link;
	slot_turn(slot, DLB_SLOT_UNMAPPING_MAP);
}

/* The queue is leaving, but is wanted again: it stays, and who was to follow it goes elsewhere. */
static void
revive(struct dlb_port *p, struct dlb_slot *slot, uint8_t priority)
{
	bool another = slot->state == DLB_SLOT_UNMAPPING_MAP;

	if (another)
		slot_turn(slot, DLB_SLOT_UNMAPPING);
	slot_turn(slot, DLB_SLOT_MAPPED);
	change_priority(p, slot, priority);
	if (another)
		place(p, slot->next);
}

void
dlb_map_add(struct dlb_port *p, struct dlb_link link)
{
	struct dlb_slot *slot = find_next(p, link.queue);

	if (slot != NULL) {
		slot->next.priority = link.priority;
		return;
	}
	slot = find_queue(p, link.queue);
	if (slot == NULL)
		place(p, link);
	else if (slot_is_leaving(slot))
		revive(p, slot, link.priority);
	else if (slot->state == DLB_SLOT_MAPPED)
		change_priority(p, slot, link.priority);
	else
		slot->link.priority = link.priority;
}

void
dlb_map_remove(struct dlb_port *p, uint8_t queue)
{
	struct dlb_slot *slot = find_next(p, queue);

	if (slot != NULL) {
		slot_turn(slot, DLB_SLOT_UNMAPPING);
		return;
	}
	slot = find_queue(p, queue);
	if (slot == NULL)
		return;
	if (slot->state == DLB_SLOT_MAPPING)
		cancel_map(p, slot);
	else if (slot->state == DLB_SLOT_MAPPED)
		begin_unmap(p, slot);
}

void
dlb_map_static(struct dlb_port *p)
{
	unsigned int i;

	for (i = 0; i < p->nb_links; i++) {
		dlb_hw_cq_enable(p, false);
		p->slots[i].link = p->links[i];
		dlb_hw_slot_map(p, i, slot_hw(p, &p->slots[i]), p->links[i].priority);
		slot_turn(&p->slots[i], DLB_SLOT_MAPPED);
		dlb_hw_cq_enable(p, true);
	}
}

bool
dlb_map_progress(struct dlb *dlb)
{
	bool pending = false;
	unsigned int i, j;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		if (p->kind != DLB_KIND_LDB)
			continue;
		try_unmap(p);
		for (j = 0; j < DLB_CQ_SLOTS; j++) {
			if (p->slots[j].state == DLB_SLOT_MAPPING)
				try_map(p, &p->slots[j]);
			pending |= p->slots[j].state != DLB_SLOT_FREE &&
				   p->slots[j].state != DLB_SLOT_MAPPED;
		}
	}
	return pending;
}

static void
progress_alarm(void *arg)
{
	struct dlb *dlb = arg;

	rte_spinlock_lock(&dlb->lock);
	dlb->alarm_set = false;
	if (dlb->started && dlb_map_progress(dlb))
		dlb_map_progress_later(dlb);
	rte_spinlock_unlock(&dlb->lock);
	access_idle(dlb->access);
}

void
dlb_map_progress_later(struct dlb *dlb)
{
	if (dlb->alarm_set)
		return;
	dlb->alarm_set = rte_eal_alarm_set(PROGRESS_US, progress_alarm, dlb) == 0;
	if (!dlb->alarm_set)
		DLB_LOG(WARNING, dlb->name,
			"no alarm to finish pending links: call rte_event_port_unlinks_in_progress"
			"() until it returns 0");
}

void
dlb_map_progress_cancel(struct dlb *dlb)
{
	rte_eal_alarm_cancel(progress_alarm, dlb);
	dlb->alarm_set = false;
}

bool
dlb_map_is_mapped(const struct dlb *dlb, uint8_t queue)
{
	unsigned int i, j;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		for (j = 0; p->kind == DLB_KIND_LDB && j < DLB_CQ_SLOTS; j++) {
			if (p->slots[j].link.queue == queue &&
			    (p->slots[j].state == DLB_SLOT_MAPPED ||
			     p->slots[j].state == DLB_SLOT_MAPPING))
				return true;
		}
	}
	return false;
}

/* A slot nobody misses: a free one, or that of a queue with nothing in it. */
static struct dlb_slot *
find_spare(struct dlb_port *p)
{
	struct dlb_slot *slot = find_state(p, DLB_SLOT_FREE);
	unsigned int i;

	for (i = 0; slot == NULL && i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state == DLB_SLOT_MAPPED &&
		    dlb_hw_queue_depth(p->dlb, slot_queue(p, &p->slots[i])) == 0)
			slot = &p->slots[i];
	}
	return slot;
}

void
dlb_map_rescue(struct dlb *dlb, uint8_t queue)
{
	struct dlb_slot *slot = NULL;
	struct dlb_port *p = NULL;
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb) && slot == NULL; i++) {
		p = dlb->ports[i];
		if (p->kind == DLB_KIND_LDB)
			slot = find_spare(p);
	}
	if (slot == NULL)
		return;
	if (slot->state == DLB_SLOT_MAPPED)
		begin_unmap(p, slot);
	if (slot->state == DLB_SLOT_FREE)
		begin_map(p, slot, (struct dlb_link){.queue = queue});
}
