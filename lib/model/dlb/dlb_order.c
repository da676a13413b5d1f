/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_model_priv.h"

/* The reorder stage, datasheet section 7.4. A queue's window is a stretch of its group's numbers:
 *
 *              sn_head                    sn_next
 *     ...  done | open  done+parked  open | not given out ...      at most sn_window apart
 *               ^ everything older has gone to its destination
 */

static struct dlb_reorder *
reorder_at(struct dlb_model *m, const struct dlb_ldb_queue *q, uint16_t sn)
{
	uint32_t in_group = (q->sn_base + (sn & (q->sn_window - 1u))) % DLB_SN_PER_GROUP;

	return &m->reorder[q->sn_base / DLB_SN_PER_GROUP * DLB_SN_PER_GROUP + in_group];
}

static void
release(struct dlb_model *m, struct dlb_reorder *r)
{
	uint16_t index = r->parked.head, next;

	r->parked.head = DLB_NIL;
	while (index != DLB_NIL) {
		next = m->next[index];
		dlb_queue_append(m, index);
		index = next;
	}
}

/* Everything at the head of the window that is done goes on its way. */
static void
window_advance(struct dlb_model *m, struct dlb_ldb_queue *q)
{
	struct dlb_reorder *r;

	while (q->sn_head != q->sn_next) {
		r = reorder_at(m, q, q->sn_head);
		release(m, r);
		if (!r->resolved)
			return;
		r->resolved = false;
		q->sn_head++;
	}
}

/* A driver that restarts a queue's numbers under way leaves completions of numbers nobody knows. */
static bool
is_open(const struct dlb_ldb_queue *q, uint16_t sn)
{
	return (uint16_t)(sn - q->sn_head) < (uint16_t)(q->sn_next - q->sn_head);
}

void
dlb_order_resolve(struct dlb_model *m, struct dlb_ldb_queue *q, uint16_t sn, uint16_t index)
{
	struct dlb_reorder *r = reorder_at(m, q, sn);

	if (unlikely(!is_open(q, sn))) {
		if (index != DLB_NIL)
			dlb_queue_append(m, index);
		return;
	}
	if (sn == q->sn_head) {
		/* In order: straight through. Fragments of it went before. */
		if (index != DLB_NIL)
			dlb_queue_append(m, index);
		q->sn_head++;
		window_advance(m, q);
		return;
	}
	if (index != DLB_NIL)
		dlb_fifo_append(m, &r->parked, index);
	r->resolved = true;
}

void
dlb_order_fragment(struct dlb_model *m, struct dlb_ldb_queue *q, uint16_t sn, uint16_t index)
{
	if (sn == q->sn_head || !is_open(q, sn))
		dlb_queue_append(m, index);
	else
		dlb_fifo_append(m, &reorder_at(m, q, sn)->parked, index);
}

void
dlb_order_restart(struct dlb_model *m, uint32_t qid, uint16_t sn)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_reorder *r;

	for (; q->sn_head != q->sn_next; q->sn_head++) {
		r = reorder_at(m, q, q->sn_head);
		release(m, r);
		r->resolved = false;
	}
	q->sn_head = sn;
	q->sn_next = sn;
}
