/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What was seen in consumer queues: each entry by itself, then all of an observation together.
 */
#include "dlb_ref.h"

#include <inttypes.h>
#include <string.h>

/* A level that had something and was passed by this often: any share of 1 in 255 ends it sooner. */
#define PASSED_MAX 2000
/* Levels against each other: a stronger one gets no less, give or take how runs begin and end. */
#define CONTEST_SLACK 24
#define SLOT_SLACK    12
/* CQs may share what waits in a queue: one that had its share may fill up from weaker slots. So of
 * an observation no more turns than these count, and a stronger slot that had any is not beaten.
 */
#define SLOT_TURNS 2

/* Fields that a delivered entry must have as sent, 4.5; bytes 10-13 of directed ones follow 4.6. */
static bool
content_right(const struct dlb_ref *r, const struct dlb_ref_item *i, struct dlb_qe qe)
{
	uint64_t carried = REG_MASK(DLB_QE_OPAQUE) | REG_MASK(DLB_QE_DIRECTED_WORD) |
			   REG_MASK(DLB_QE_LOCK);
	uint64_t want = i->qe.meta;

	if (i->sched == DLB_DIRECTED && r->directed_lock_in_qid)
		want = REG_SET(DLB_QE_DIRECTED_WORD, want, i->lock);
	return qe.data == i->qe.data && ((qe.meta ^ want) & carried) == 0 &&
	       (qe.meta >> 56 & 0xf8) == 0;
}

static bool
linked(const struct dlb_ref *r, const struct dlb_ref_cq *cq, unsigned int c, unsigned int queue)
{
	const struct dlb_ref_queue *q = &r->queue[queue];

	if (q->domain != cq->domain || q->directed != cq->directed)
		return false;
	if (cq->directed)
		return queue - DLB_REF_LDB_QUEUES == c - DLB_REF_LDB_CQS;
	for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
		if (cq->slot[s].valid && cq->slot[s].queue == queue)
			return true;
	return false;
}

static bool
state_allows(struct dlb_ref *r, uint32_t id, unsigned int c)
{
	switch (r->item[id].state) {
	case DLB_REF_REORDER:
		dlb_ref_fail(r, "reorder",
			     "entry %u came to CQ %u before a smaller number was completed", id, c);
		return false;
	case DLB_REF_DELIVERED:
	case DLB_REF_DONE:
		dlb_ref_fail(r, "doubled", "entry %u came to CQ %u, and is not waiting", id, c);
		return false;
	default:
		return true;
	}
}

static bool
destination_allows(struct dlb_ref *r, const struct dlb_ref_item *i, uint32_t id, unsigned int c)
{
	const struct dlb_ref_cq *cq = &r->cq[c];
	const struct dlb_ref_queue *q = &r->queue[i->queue];

	if (!linked(r, cq, c, i->queue))
		dlb_ref_fail(r, "route", "entry %u of queue %u came to CQ %u, which is not linked",
			     id, i->queue, c);
	else if (!cq->enabled)
		dlb_ref_fail(r, "disabled", "entry %u came to CQ %u, which is disabled", id, c);
	else if (q->paused)
		dlb_ref_fail(r, "paused", "entry %u of queue %u was scheduled, whose limit is 0",
			     id, i->queue);
	else
		return true;
	return false;
}

static void
pin_flow(struct dlb_ref *r, const struct dlb_ref_item *i, uint32_t id, unsigned int c)
{
	struct dlb_ref_queue *q = &r->queue[i->queue];
	struct dlb_ref_flow *flow = &q->flow[i->lock];

	if (flow->inflight > 0 && flow->cq != c)
		dlb_ref_fail(r, "flow",
			     "entry %u of queue %u, flow %u, came to CQ %u while CQ %u holds %u",
			     id, i->queue, i->lock, c, flow->cq, flow->inflight);
	if (flow->inflight++ == 0)
		q->pinned++;
	flow->cq = (uint8_t)c;
}

static void
count_out(struct dlb_ref *r, struct dlb_ref_item *i)
{
	struct dlb_ref_queue *q = &r->queue[i->queue];
	enum dlb_ref_kind kind = dlb_ref_kind(i);

	if (i->state == DLB_REF_MAYBE) {
		q->maybe[kind]--;
		q->enqueued[kind]++;
		i->hi = r->now;
	} else {
		q->waiting[kind]--;
	}
	q->left[kind]++;
	if (kind == DLB_REF_NALB)
		q->left_bin[i->bin]++;
	++*dlb_ref_credits(r, i->domain, q->directed);
	r->delivered++;
}

static void
push_history(struct dlb_ref *r, struct dlb_ref_item *i, uint32_t id, unsigned int c)
{
	struct dlb_ref_cq *cq = &r->cq[c];

	if (cq->push - cq->pop >= cq->history) {
		dlb_ref_fail(r, "history", "CQ %u holds %" PRIu64 " entries, its list has %u", c,
			     cq->push - cq->pop + 1, cq->history);
		return;
	}
	cq->list[cq->push++ % DLB_HIST_ENTRIES] = id;
	cq->inflight++;
	r->queue[i->queue].inflight++;
	if (i->sched == DLB_ATOMIC)
		pin_flow(r, i, id, c);
	if (i->sched == DLB_ORDERED)
		dlb_ref_order_push(r, id);
}

void
dlb_ref_deliver(struct dlb_ref *r, unsigned int c, struct dlb_qe qe)
{
	struct dlb_ref_cq *cq = &r->cq[c];
	uint32_t id = (uint32_t)qe.data;
	struct dlb_ref_item *i = &r->item[id];

	if (id >= r->items || (r->item[id].qe.data != qe.data)) {
		dlb_ref_fail(r, "identity", "CQ %u got an entry that nobody sent, data 0x%" PRIx64,
			     c, qe.data);
		return;
	}
	if (!state_allows(r, id, c) || !destination_allows(r, i, id, c))
		return;
	if (!content_right(r, i, qe))
		dlb_ref_fail(r, "content",
			     "entry %u: bytes 8-15 are 0x%016" PRIx64 ", sent as 0x%016" PRIx64, id,
			     qe.meta, i->qe.meta);
	count_out(r, i);
	dlb_ref_unlink(r, id);
	i->state = DLB_REF_DELIVERED;
	i->cq = (uint8_t)c;
	i->seen = r->seen;
	i->pos = cq->placed++;
	i->code = (uint8_t)REG_GET(DLB_QE_DEPTH, qe.meta);
	cq->tokens++;
	cq->scheduled++;
	r->total[cq->directed]++;
	r->fresh[r->fresh_count++] = id;
	if (!cq->directed)
		push_history(r, i, id, c);
}

/* ---- All of an observation ---- */

static bool
same_line(const struct dlb_ref_item *a, const struct dlb_ref_item *b)
{
	return a->queue == b->queue && a->klass == b->klass &&
	       (a->sched != DLB_ATOMIC || a->lock == b->lock);
}

static void
check_overtaken(struct dlb_ref *r, const struct dlb_ref_list *list, uint32_t id)
{
	const struct dlb_ref_item *b = &r->item[id];

	for (uint32_t n = list->head; n != DLB_REF_NONE; n = r->item[n].next) {
		const struct dlb_ref_item *a = &r->item[n];

		/* Direct arrivals stand in the order of their time. */
		if (a->entry == DLB_REF_NONE && a->lo > b->hi)
			return;
		if (same_line(a, b) && dlb_ref_arrives_before(r, a, b)) {
			dlb_ref_fail(r, "fifo", "entry %u left queue %u before entry %u", id,
				     b->queue, n);
			return;
		}
	}
}

static void
check_line_of_cq(struct dlb_ref *r, uint32_t n)
{
	const struct dlb_ref_item *b = &r->item[r->fresh[n]];

	for (uint32_t m = n + 1; m < r->fresh_count; m++) {
		const struct dlb_ref_item *a = &r->item[r->fresh[m]];

		if (a->cq != b->cq)
			return;
		if (same_line(a, b) && dlb_ref_arrives_before(r, a, b)) {
			dlb_ref_fail(r, "fifo", "entry %u came to CQ %u before entry %u",
				     r->fresh[n], b->cq, r->fresh[m]);
			return;
		}
	}
}

/* 4.7. */
static unsigned int
depth_code(uint64_t depth, uint64_t threshold)
{
	if (2 * depth <= threshold)
		return 0;
	if (4 * depth <= 3 * threshold)
		return 1;
	return depth <= threshold ? 2 : 3;
}

static void
check_code(struct dlb_ref *r, uint32_t id)
{
	const struct dlb_ref_item *i = &r->item[id];
	const struct dlb_ref_queue *q = &r->queue[i->queue];
	enum dlb_ref_kind k = dlb_ref_kind(i);
	uint32_t hi = q->was[k] + q->arrived[k];
	/* What was there and has left, the entry itself counted out. */
	uint32_t lo = q->waiting[k] > q->arrived[k] ? q->waiting[k] - q->arrived[k] : 0;

	if (i->code < depth_code(lo, q->threshold[k]) || i->code > depth_code(hi, q->threshold[k]))
		dlb_ref_fail(r, "depth code",
			     "entry %u: code %u, but the depth was %u to %u, threshold %u", id,
			     i->code, lo, hi, q->threshold[k]);
}

static void
check_cq(struct dlb_ref *r, unsigned int c)
{
	const struct dlb_ref_cq *cq = &r->cq[c];

	if (cq->tokens > cq->entries)
		dlb_ref_fail(r, "token", "CQ %u has %u tokens in use of %u", c, cq->tokens,
			     cq->entries);
	if (!cq->directed && cq->inflight > cq->limit)
		dlb_ref_fail(r, "cq inflight", "CQ %u has %u in flight of %u", c, cq->inflight,
			     cq->limit);
}

static unsigned int
links_of(const struct dlb_ref *r, unsigned int queue)
{
	unsigned int links = 0;

	for (unsigned int c = 0; c < DLB_REF_LDB_CQS; c++)
		links += r->cq[c].exists && linked(r, &r->cq[c], c, queue);
	return links;
}

static void
check_queue(struct dlb_ref *r, unsigned int n)
{
	const struct dlb_ref_queue *q = &r->queue[n];

	if (q->directed)
		return;
	if (q->inflight > q->limit)
		dlb_ref_fail(r, "queue inflight", "queue %u has %u in flight of %u", n, q->inflight,
			     q->limit);
	/* What counts as an active flow is not said: flows at a lone CQ need not. */
	if (q->pinned > q->flows_max && links_of(r, n) > 1)
		dlb_ref_fail(r, "flow limit", "queue %u has %u flows of %u", n, q->pinned,
			     q->flows_max);
	if (dlb_ref_window_overrun(r, n))
		dlb_ref_fail(r, "window", "queue %u has more than %u sequence numbers open", n,
			     q->window);
}

/* Was something of this level in the queue since before the last observation? */
static bool
waited_through(const struct dlb_ref *r, const struct dlb_ref_queue *q, unsigned int bin)
{
	for (unsigned int sched = DLB_UNORDERED; sched <= DLB_DIRECTED; sched++) {
		unsigned int k = (DLB_REF_BUCKETS + sched - 1) * DLB_PRIO_BINS + bin;
		uint32_t head = q->direct[k].head;

		if (head != DLB_REF_NONE && r->item[head].hi <= r->span)
			return true;
	}
	return false;
}

/* 7.6: priorities are weighed, so a level is neither passed by for ever nor preferred to a
 * stronger one.
 */
static void
weigh(struct dlb_ref *r, unsigned int n)
{
	struct dlb_ref_queue *q = &r->queue[n];
	bool through[DLB_PRIO_BINS];
	uint32_t all = 0;

	for (unsigned int b = 0; b < DLB_PRIO_BINS; b++) {
		through[b] = waited_through(r, q, b) && !dlb_ref_window_may_be_full(r, n);
		all += q->left_bin[b];
	}
	for (unsigned int b = 0; b < DLB_PRIO_BINS; b++) {
		q->passed[b] = through[b] && q->left_bin[b] == 0 ? q->passed[b] + all : 0;
		if (q->passed[b] > PASSED_MAX)
			dlb_ref_fail(r, "starvation", "queue %u: level %u waited for %u others", n,
				     b, q->passed[b]);
		for (unsigned int o = 0; o < DLB_PRIO_BINS && through[b]; o++)
			if (through[o])
				q->contest[b][o] += q->left_bin[b];
	}
}

/* Could this queue have given something to a CQ with room, ever since the last observation? */
static bool
ready_through(const struct dlb_ref *r, unsigned int queue)
{
	const struct dlb_ref_queue *q = &r->queue[queue];
	bool waited = false;

	for (unsigned int b = 0; b < DLB_PRIO_BINS; b++)
		waited = waited || waited_through(r, q, b);
	return waited && !q->paused && q->inflight < q->limit &&
	       !dlb_ref_window_may_be_full(r, queue);
}

/* The same for the slots of a CQ: of two queues that both had something, the one in the stronger
 * slot gets no fewer turns. Only while no command came in between, which could have made room.
 */
static void
weigh_slots(struct dlb_ref *r, unsigned int c)
{
	struct dlb_ref_cq *cq = &r->cq[c];
	uint32_t turns[DLB_CQ_SLOTS] = {0};

	if (cq->directed || r->now != r->span)
		return;
	for (uint32_t n = 0; n < r->fresh_count; n++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS && r->item[r->fresh[n]].cq == c; s++)
			turns[s] += cq->slot[s].valid &&
				    cq->slot[s].queue == r->item[r->fresh[n]].queue;
	for (unsigned int a = 0; a < DLB_CQ_SLOTS; a++)
		for (unsigned int b = 0; b < DLB_CQ_SLOTS; b++) {
			const struct dlb_ref_slot *x = &cq->slot[a], *y = &cq->slot[b];

			if (a != b && x->valid && y->valid && ready_through(r, x->queue) &&
			    ready_through(r, y->queue))
				cq->contest[x->priority / 2]
					   [y->priority / 2] += turns[a] < SLOT_TURNS ? turns[a]
										      : SLOT_TURNS;
		}
}

static void
begin_span(struct dlb_ref_queue *q)
{
	uint32_t depth = q->waiting[DLB_REF_NALB];
	uint32_t most = q->was[DLB_REF_NALB] + q->arrived[DLB_REF_NALB];

	/* The largest depth is that of the non-atomic count, and of directed queues. */
	if (depth > q->depth_lo)
		q->depth_lo = depth;
	if (most > q->depth_hi)
		q->depth_hi = most;
	for (unsigned int k = 0; k < DLB_REF_KINDS; k++) {
		q->was[k] = q->waiting[k] + q->maybe[k];
		q->arrived[k] = q->left[k] = 0;
	}
	memset(q->left_bin, 0, sizeof(q->left_bin));
}

/* Commands at several ports since the last observation have no order among them. */
static void
widen_arrivals(struct dlb_ref *r)
{
	for (uint32_t n = 0; n < r->touched_count; n++) {
		struct dlb_ref_item *i = &r->item[r->touched[n]];

		if (i->lo != DLB_REF_NEVER && i->lo > r->span)
			i->lo = r->span + 1;
		if (i->hi != DLB_REF_NEVER && i->hi > r->span)
			i->hi = r->now;
	}
}

void
dlb_ref_observed(struct dlb_ref *r)
{
	if (r->span_port == DLB_REF_MANY_PORTS)
		widen_arrivals(r);
	for (uint32_t n = 0; n < r->fresh_count; n++) {
		const struct dlb_ref_item *i = &r->item[r->fresh[n]];

		check_overtaken(r, &r->queue[i->queue].direct[i->klass], r->fresh[n]);
		check_overtaken(r, &r->queue[i->queue].replay[i->klass], r->fresh[n]);
		check_line_of_cq(r, n);
		check_code(r, r->fresh[n]);
	}
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (r->cq[c].exists)
			check_cq(r, c);
	for (unsigned int c = 0; c < DLB_REF_CQS && r->fresh_count > 0; c++)
		if (r->cq[c].exists)
			weigh_slots(r, c);
	for (unsigned int q = 0; q < DLB_REF_QUEUES; q++) {
		if (!r->queue[q].exists)
			continue;
		check_queue(r, q);
		weigh(r, q);
		begin_span(&r->queue[q]);
	}
	r->touched_count = 0;
	r->fresh_count = 0;
	r->seen++;
	r->span = r->now;
	r->span_port = DLB_REF_NO_PORT;
}

static void
judge_contest(struct dlb_ref *r, const char *what, unsigned int n, uint32_t slack,
	      uint64_t contest[DLB_PRIO_BINS][DLB_PRIO_BINS])
{
	for (unsigned int b = 0; b < DLB_PRIO_BINS; b++)
		for (unsigned int o = b + 1; o < DLB_PRIO_BINS; o++)
			if (contest[o][b] > 2 * contest[b][o] + slack)
				dlb_ref_fail(r, "priority",
					     "%s %u: level %u had %" PRIu64
					     " turns, level %u %" PRIu64,
					     what, n, b, contest[b][o], o, contest[o][b]);
}

void
dlb_ref_finish(struct dlb_ref *r)
{
	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++)
		judge_contest(r, "queue", n, CONTEST_SLACK, r->queue[n].contest);
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		judge_contest(r, "slots of CQ", c, SLOT_SLACK, r->cq[c].contest);
}
