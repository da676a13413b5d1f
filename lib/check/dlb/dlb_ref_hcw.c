/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A command comes in: appendix C, "ingress of one HCW".
 */
#include "dlb_ref.h"

#include <stdlib.h>
#include <string.h>

static void
record(struct dlb_ref_alarm *a, const struct dlb_ref_alarm *event)
{
	if (a->valid)
		a->more = true;
	else
		*a = *event;
}

static void
alarm_raised(struct dlb_ref *r, enum dlb_ref_alarm_id id, const struct dlb_ref_cq *cq,
	     uint64_t meta)
{
	/* Bits of SYS_INGRESS_ALARM_ENBL; alarms of CHP have none. */
	static const int8_t enable[] = {
		[DLB_REF_ILLEGAL_QID] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID_LO,
		[DLB_REF_DISABLED_QID] = DLB_SYS_INGRESS_ALARM_ENBL_DISABLED_QID_LO,
		[DLB_REF_ILLEGAL_HCW] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_HCW_LO,
		[DLB_REF_QID_CFG] = DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_LDB_QID_CFG_LO,
		[DLB_REF_ILLEGAL_ENQ] = -1,
		[DLB_REF_EXCESS_TOKENS] = -1,
	};
	const struct dlb_ref_alarm event = {
		.valid = true, .id = id, .port = cq->number, .ldb = !cq->directed, .meta = meta};

	if (enable[id] >= 0 && !(r->alarms_enabled >> enable[id] & 1))
		return;
	record(&r->alarm, &event);
	record(enable[id] >= 0 ? &r->alarm_sys : &r->alarm_chp, &event);
}

static bool
command_legal(unsigned int cmd, bool directed)
{
	static const uint16_t any = 1 << DLB_CMD_NOOP | 1 << DLB_CMD_BAT_T | 1 << DLB_CMD_ARM |
				    1 << DLB_CMD_NEW | 1 << DLB_CMD_NEW_T;
	static const uint16_t ldb = 1 << DLB_CMD_COMP | 1 << DLB_CMD_COMP_T | 1 << DLB_CMD_FWD |
				    1 << DLB_CMD_FWD_T | 1 << DLB_CMD_FRAG | 1 << DLB_CMD_FRAG_T;

	return ((directed ? any : any | ldb) >> cmd & 1) != 0;
}

/* Appendix C, step 4. */
static void
return_tokens(struct dlb_ref *r, struct dlb_ref_cq *cq, unsigned int cmd, uint64_t meta)
{
	uint32_t n = 1;

	if (cmd == DLB_CMD_BAT_T)
		n = (uint32_t)REG_GET(DLB_HCW_TOKENS, meta) + 1;
	else if (cmd == DLB_CMD_COMP_T && !r->comp_t_one)
		n = (uint32_t)REG_GET(DLB_QE_LOCK, meta) + 1;
	if (n > cq->tokens) {
		/* 4.4: of COMP_T the difference is never an alarm. */
		if (cmd != DLB_CMD_COMP_T)
			alarm_raised(r, DLB_REF_EXCESS_TOKENS, cq, meta);
		n = cq->tokens;
	}
	cq->tokens -= n;
}

struct dlb_ref_item *
dlb_ref_oldest(struct dlb_ref *r, unsigned int port)
{
	struct dlb_ref_cq *cq = &r->cq[port];

	if (cq->directed || cq->pop == cq->push)
		return NULL;
	return &r->item[cq->list[cq->pop % DLB_HIST_ENTRIES]];
}

/* Appendix C, step 5: the oldest entry, whatever the command says. */
static void
complete(struct dlb_ref *r, struct dlb_ref_cq *cq, struct dlb_ref_item *e)
{
	struct dlb_ref_queue *q = &r->queue[e->queue];

	cq->pop++;
	cq->inflight--;
	q->inflight--;
	e->state = DLB_REF_DONE;
	if (e->sched == DLB_ATOMIC && --q->flow[e->lock].inflight == 0)
		q->pinned--;
	if (e->sched == DLB_ORDERED)
		e->resolved = true;
}

/* The checks of 7.1 from the third on, in its order: false is a drop. */
static bool
enqueue_allowed(struct dlb_ref *r, const struct dlb_ref_cq *cq, uint64_t meta, unsigned int *queue)
{
	unsigned int number = (unsigned int)REG_GET(DLB_QE_QID, meta);
	unsigned int sched = (unsigned int)REG_GET(DLB_QE_SCHED, meta);
	bool directed = sched == DLB_DIRECTED;
	const struct dlb_ref_queue *q = NULL;

	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++)
		if (r->queue[n].exists && r->queue[n].directed == directed &&
		    r->queue[n].number == number) {
			q = &r->queue[n];
			*queue = n;
		}
	if (q == NULL || q->domain != cq->domain || !q->open)
		alarm_raised(r, DLB_REF_ILLEGAL_QID, cq, meta);
	else if (!q->valid)
		alarm_raised(r, DLB_REF_DISABLED_QID, cq, meta);
	else if ((sched == DLB_ORDERED && !q->ordered) || (sched == DLB_ATOMIC && !q->atomic))
		alarm_raised(r, DLB_REF_QID_CFG, cq, meta);
	else if (*dlb_ref_credits(r, q->domain, directed) == 0)
		alarm_raised(r, DLB_REF_ILLEGAL_ENQ, cq, meta);
	else
		return true;
	return false;
}

static unsigned int
class_of(const struct dlb_ref_item *i)
{
	unsigned int group = i->sched == DLB_ATOMIC ? i->lock % DLB_REF_BUCKETS
						    : DLB_REF_BUCKETS + i->sched - 1u;

	return group * DLB_PRIO_BINS + i->bin;
}

static struct dlb_ref_item *
make_item(struct dlb_ref *r, unsigned int port, unsigned int queue, struct dlb_qe hcw)
{
	uint32_t id = (uint32_t)hcw.data;
	struct dlb_ref_item *i = &r->item[id];

	for (; r->items <= id; r->items++)
		r->item[r->items].state = DLB_REF_DONE;
	memset(i, 0, sizeof(*i));
	i->qe = hcw;
	i->queue = (uint8_t)queue;
	i->domain = r->queue[queue].domain;
	i->port = (uint8_t)port;
	i->sched = (uint8_t)REG_GET(DLB_QE_SCHED, hcw.meta);
	i->bin = (uint8_t)(REG_GET(DLB_QE_PRIO, hcw.meta) / 2);
	i->lock = (uint16_t)REG_GET(DLB_QE_LOCK, hcw.meta);
	i->klass = (uint16_t)class_of(i);
	i->sent = r->now;
	i->lo = i->hi = DLB_REF_NEVER;
	i->entry = i->child = i->sibling = i->prev = i->next = DLB_REF_NONE;
	i->final = true;
	return i;
}

/* Appendix C, step 6. */
static void
enqueue(struct dlb_ref *r, unsigned int port, struct dlb_qe hcw, uint32_t entry, bool final)
{
	struct dlb_ref_item *i;
	unsigned int queue = 0;

	if (!enqueue_allowed(r, &r->cq[port], hcw.meta, &queue)) {
		r->dropped++;
		return;
	}
	i = make_item(r, port, queue, hcw);
	i->final = final;
	r->taken++;
	--*dlb_ref_credits(r, i->domain, r->queue[queue].directed);
	if (entry != DLB_REF_NONE)
		dlb_ref_order_child(r, entry, (uint32_t)hcw.data);
	else
		dlb_ref_arrive(r, (uint32_t)hcw.data, true);
}

static void
enqueue_fragment(struct dlb_ref *r, unsigned int port, struct dlb_qe hcw)
{
	struct dlb_ref_item *e = dlb_ref_oldest(r, port);

	if (e == NULL || e->sched != DLB_ORDERED) {
		alarm_raised(r, DLB_REF_ILLEGAL_ENQ, &r->cq[port], hcw.meta);
		r->dropped++;
		return;
	}
	enqueue(r, port, hcw, (uint32_t)(e - r->item), false);
}

static void
complete_and_enqueue(struct dlb_ref *r, unsigned int port, struct dlb_qe hcw, unsigned int cmd)
{
	struct dlb_ref_item *e = dlb_ref_oldest(r, port);
	uint32_t entry = DLB_REF_NONE;

	if (e == NULL) {
		alarm_raised(r, DLB_REF_ILLEGAL_ENQ, &r->cq[port], hcw.meta);
		r->dropped += (cmd & DLB_CMD_BIT_VALID) != 0;
		return;
	}
	complete(r, &r->cq[port], e);
	if (e->sched == DLB_ORDERED)
		entry = (uint32_t)(e - r->item);
	if (cmd & DLB_CMD_BIT_VALID)
		enqueue(r, port, hcw, entry, true);
	if (entry != DLB_REF_NONE)
		dlb_ref_order_resolved(r, r->item[entry].queue);
}

void
dlb_ref_hcw(struct dlb_ref *r, unsigned int port, struct dlb_qe hcw)
{
	unsigned int cmd = (unsigned int)REG_GET(DLB_HCW_CMD, hcw.meta);
	struct dlb_ref_cq *cq = &r->cq[port];

	r->now++;
	if (r->span_port == DLB_REF_NO_PORT)
		r->span_port = (uint8_t)port;
	else if (r->span_port != port)
		r->span_port = DLB_REF_MANY_PORTS;
	if (cmd == DLB_CMD_NOOP || !cq->exists)
		return;
	if (!command_legal(cmd, cq->directed)) {
		alarm_raised(r, DLB_REF_ILLEGAL_HCW, cq, hcw.meta);
		return;
	}
	if (cmd == DLB_CMD_ARM)
		return;
	if (cmd & DLB_CMD_BIT_TOKEN)
		return_tokens(r, cq, cmd, hcw.meta);
	if (cmd & DLB_CMD_BIT_COMP)
		complete_and_enqueue(r, port, hcw, cmd);
	else if (cmd & DLB_CMD_BIT_FRAG)
		enqueue_fragment(r, port, hcw);
	else if (cmd & DLB_CMD_BIT_VALID)
		enqueue(r, port, hcw, DLB_REF_NONE, true);
}
