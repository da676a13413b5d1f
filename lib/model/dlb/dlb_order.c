/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_model_priv.h"

/* The reorder stage, datasheet section 7.4. A queue's window of numbers:
 *
 *              sn_head                    sn_next
 *     ...  done | open  done+parked  open | not given out ...      at most sn_window apart
 *               ^ everything older has gone to its destination
 *
 * A number is late when it is done, or has fragments parked, and smaller ones are open.
 */

static struct dlb_reorder *
reorder_at(struct dlb_model *m, uint32_t qid, uint16_t sn)
{
	return &m->reorder[qid][sn & (m->ldb[qid].sn_window - 1u)];
}

static bool
is_late(const struct dlb_reorder *r)
{
	return r->resolved || r->parked.head != DLB_NIL;
}

static void
release(struct dlb_model *m, struct dlb_reorder *r)
{
	uint16_t index = r->parked.head, next;
	struct dlb_qe qe;

	r->parked.head = DLB_NIL;
	r->resolved = false;
	while (index != DLB_NIL) {
		next = m->next[index];
		qe = dlb_pool_give(m, index);
		dlb_queue_append(m, qe.data, qe.meta);
		index = next;
	}
}

/* Everything at the head of the window that is done goes on its way. */
static void
window_advance(struct dlb_model *m, uint32_t qid)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];

	while (q->sn_late != 0) {
		struct dlb_reorder *r = reorder_at(m, qid, q->sn_head);
		bool resolved = r->resolved;

		if (!is_late(r))
			return;
		q->sn_late--;
		release(m, r);
		if (!resolved)
			return;
		q->sn_head++;
	}
}

/* A driver that restarts a queue's numbers under way leaves completions of numbers nobody knows. */
static bool
is_open(const struct dlb_ldb_queue *q, uint16_t sn)
{
	return (uint16_t)(sn - q->sn_head) < (uint16_t)(q->sn_next - q->sn_head);
}

static void
park(struct dlb_model *m, uint32_t qid, uint16_t sn, const struct dlb_qe *qe, bool resolved)
{
	struct dlb_reorder *r = reorder_at(m, qid, sn);

	m->ldb[qid].sn_late += !is_late(r);
	if (qe != NULL)
		dlb_fifo_append(m, &r->parked, dlb_pool_take(m, *qe));
	r->resolved = resolved;
}

void
dlb_order_resolve(struct dlb_model *m, uint32_t qid, uint16_t sn, const struct dlb_qe *qe)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];

	if (is_open(q, sn) && sn != q->sn_head) {
		park(m, qid, sn, qe, true);
		return;
	}
	/* In order: straight through. Fragments of it went before. */
	if (qe != NULL)
		dlb_queue_append(m, qe->data, qe->meta);
	if (!is_open(q, sn))
		return;
	q->sn_head++;
	window_advance(m, qid);
}

void
dlb_order_fragment(struct dlb_model *m, uint32_t qid, uint16_t sn, const struct dlb_qe *qe)
{
	const struct dlb_ldb_queue *q = &m->ldb[qid];

	if (is_open(q, sn) && sn != q->sn_head)
		park(m, qid, sn, qe, false);
	else
		dlb_queue_append(m, qe->data, qe->meta);
}

void
dlb_order_restart(struct dlb_model *m, uint32_t qid, uint16_t sn)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];

	for (; q->sn_head != q->sn_next; q->sn_head++)
		release(m, reorder_at(m, qid, q->sn_head));
	q->sn_late = 0;
	q->sn_head = sn;
	q->sn_next = sn;
}
