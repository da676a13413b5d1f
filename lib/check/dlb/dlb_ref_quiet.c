/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The device has come to rest: by 6.8, what could be scheduled has been.
 */
#include "dlb_ref.h"

static bool
cq_has_room(const struct dlb_ref_cq *cq)
{
	if (!cq->exists || !cq->enabled || cq->tokens >= cq->entries)
		return false;
	return cq->directed || (cq->push - cq->pop < cq->history && cq->inflight < cq->limit);
}

static bool
able(const struct dlb_ref *r, unsigned int c, unsigned int queue)
{
	const struct dlb_ref_cq *cq = &r->cq[c];

	if (!cq_has_room(cq))
		return false;
	for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
		if (cq->slot[s].valid && cq->slot[s].queue == queue)
			return true;
	return false;
}

/* Some CQ that could take from this queue, or none. */
static unsigned int
some_able(const struct dlb_ref *r, unsigned int queue)
{
	for (unsigned int c = 0; c < DLB_REF_LDB_CQS; c++)
		if (able(r, c, queue))
			return c;
	return DLB_REF_NONE;
}

static bool
takeable(const struct dlb_ref *r, const struct dlb_ref_queue *q, const struct dlb_ref_item *i)
{
	const struct dlb_ref_flow *flow = &q->flow[i->lock];

	if (flow->inflight > 0)
		return able(r, flow->cq, i->queue);
	return q->pinned < q->flows_max;
}

/* 7.2: entries that no CQ may take now; they can fill the stage and hold up the others. */
static uint32_t
count_blocked(const struct dlb_ref *r, const struct dlb_ref_queue *q, bool *unpinned)
{
	uint32_t blocked = 0;

	for (unsigned int k = 0; k < DLB_REF_BUCKETS * DLB_PRIO_BINS; k++)
		for (unsigned int way = 0; way < 2; way++) {
			uint32_t n = way == 0 ? q->direct[k].head : q->replay[k].head;

			for (; n != DLB_REF_NONE; n = r->item[n].next) {
				const struct dlb_ref_item *i = &r->item[n];

				/* One that may be there may also be at the head. */
				if (i->state != DLB_REF_WAITING && i->state != DLB_REF_MAYBE)
					continue;
				blocked += i->state == DLB_REF_WAITING && !takeable(r, q, i);
				*unpinned |= q->flow[i->lock].inflight == 0;
			}
		}
	return blocked;
}

static void
check_atomic(struct dlb_ref *r, unsigned int n, unsigned int c)
{
	const struct dlb_ref_queue *q = &r->queue[n];
	uint32_t waiting = q->waiting[DLB_REF_ATM], blocked;
	bool unpinned = false;

	if (waiting == 0)
		return;
	blocked = count_blocked(r, q, &unpinned);
	/* A flow that gets no id, or shares one, may stand at the head of the pre-queue. */
	if (unpinned && (q->pinned >= q->flows_max || (q->folds && q->pinned > 0)))
		return;
	if (blocked < waiting && blocked + q->maybe[DLB_REF_ATM] < q->stage)
		dlb_ref_fail(r, "idle",
			     "queue %u has %u atomic entries, %u of them blocked, CQ %u has room",
			     n, waiting, blocked, c);
}

static void
check_ldb(struct dlb_ref *r, unsigned int n)
{
	const struct dlb_ref_queue *q = &r->queue[n];
	unsigned int c = some_able(r, n);

	if (c == DLB_REF_NONE || q->paused || q->inflight >= q->limit ||
	    dlb_ref_window_may_be_full(r, n))
		return;
	if (q->waiting[DLB_REF_NALB] > 0)
		dlb_ref_fail(r, "idle", "queue %u has %u entries, and CQ %u has room", n,
			     q->waiting[DLB_REF_NALB], c);
	check_atomic(r, n, c);
}

void
dlb_ref_quiet(struct dlb_ref *r)
{
	for (unsigned int n = 0; n < DLB_REF_LDB_QUEUES; n++)
		if (r->queue[n].exists)
			check_ldb(r, n);
	for (unsigned int n = 0; n < DLB_REF_DIRS; n++) {
		const struct dlb_ref_queue *q = &r->queue[dlb_ref_dir_queue(n)];

		if (q->exists && q->waiting[DLB_REF_NALB] > 0 &&
		    cq_has_room(&r->cq[dlb_ref_dir_cq(n)]))
			dlb_ref_fail(r, "idle", "directed queue %u has %u entries, and its CQ room",
				     n, q->waiting[DLB_REF_NALB]);
	}
}
