/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who comes before whom: arrivals in queues, sequence numbers, the reorder stage (7.4).
 *
 * An ordered entry x is open from its delivery until it is certain that the reorder stage has let
 * go of what was forwarded for it:
 *
 *   may    every entry that certainly has a smaller number is completed: fragments of x may have
 *          been released, and once x is completed its final entry, too
 *   must   x is completed, and every entry that is not has certainly a larger number: x is closed
 */
#include "dlb_ref.h"

#include <stdlib.h>

bool
dlb_ref_arrives_before(const struct dlb_ref *r, const struct dlb_ref_item *a,
		       const struct dlb_ref_item *b)
{
	bool replay = a->entry != DLB_REF_NONE && b->entry != DLB_REF_NONE;

	if (a->entry == DLB_REF_NONE && b->entry == DLB_REF_NONE && a->port == b->port)
		return a->sent < b->sent;
	if (replay && a->entry == b->entry)
		return a->sent < b->sent;
	if (replay && r->item[a->entry].queue == r->item[b->entry].queue &&
	    dlb_ref_order_before(r, &r->item[a->entry], &r->item[b->entry]))
		return true;
	return a->hi != DLB_REF_NEVER && a->hi < b->lo;
}

bool
dlb_ref_order_before(const struct dlb_ref *r, const struct dlb_ref_item *a,
		     const struct dlb_ref_item *b)
{
	if (a->seen != b->seen)
		return a->seen < b->seen;
	if (a->cq == b->cq)
		return a->pos < b->pos;
	/* Within a level, numbers are given in the order of the queue. */
	return a->bin == b->bin && dlb_ref_arrives_before(r, a, b);
}

static void
append(struct dlb_ref *r, struct dlb_ref_list *list, uint32_t item)
{
	r->item[item].prev = list->tail;
	r->item[item].next = DLB_REF_NONE;
	if (list->tail == DLB_REF_NONE)
		list->head = item;
	else
		r->item[list->tail].next = item;
	list->tail = item;
}

static struct dlb_ref_list *
list_of(struct dlb_ref *r, const struct dlb_ref_item *i)
{
	struct dlb_ref_queue *q = &r->queue[i->queue];

	return i->entry == DLB_REF_NONE ? &q->direct[i->klass] : &q->replay[i->klass];
}

void
dlb_ref_unlink(struct dlb_ref *r, uint32_t item)
{
	struct dlb_ref_item *i = &r->item[item];
	struct dlb_ref_list *list = list_of(r, i);

	if (i->prev == DLB_REF_NONE)
		list->head = i->next;
	else
		r->item[i->prev].next = i->next;
	if (i->next == DLB_REF_NONE)
		list->tail = i->prev;
	else
		r->item[i->next].prev = i->prev;
}

void
dlb_ref_arrive(struct dlb_ref *r, uint32_t item, bool certain)
{
	struct dlb_ref_item *i = &r->item[item];
	struct dlb_ref_queue *q = &r->queue[i->queue];
	enum dlb_ref_kind kind = dlb_ref_kind(i);

	r->touched[r->touched_count++] = item;
	if (i->entry == DLB_REF_NONE) {
		append(r, list_of(r, i), item);
		i->lo = r->now;
		q->arrived[kind]++;
	} else if (i->state == DLB_REF_REORDER) {
		q->behind[kind]--;
		q->maybe[kind]++;
		q->arrived[kind]++;
		i->lo = r->now;
		i->state = DLB_REF_MAYBE;
	}
	if (!certain)
		return;
	if (i->state == DLB_REF_MAYBE)
		q->maybe[kind]--;
	q->waiting[kind]++;
	q->enqueued[kind]++;
	i->hi = r->now;
	i->state = DLB_REF_WAITING;
}

void
dlb_ref_order_child(struct dlb_ref *r, uint32_t entry, uint32_t item)
{
	struct dlb_ref_item *i = &r->item[item];
	uint32_t *link = &r->item[entry].child;

	while (*link != DLB_REF_NONE)
		link = &r->item[*link].sibling;
	*link = item;
	i->entry = entry;
	i->state = DLB_REF_REORDER;
	r->queue[i->queue].behind[dlb_ref_kind(i)]++;
	append(r, list_of(r, i), item);
	dlb_ref_order_resolved(r, r->item[entry].queue);
}

void
dlb_ref_order_push(struct dlb_ref *r, uint32_t item)
{
	struct dlb_ref_queue *q = &r->queue[r->item[item].queue];

	if (q->order_count == q->order_room) {
		uint32_t room = q->order_room == 0 ? 64 : 2 * q->order_room;
		uint32_t *order = realloc(q->order, room * sizeof(*order));

		if (order == NULL) {
			dlb_ref_fail(r, "memory", "no memory for %u ordered entries", room);
			return;
		}
		q->order = order;
		q->order_room = room;
	}
	q->order[q->order_count++] = item;
	q->scheduled++;
}

static bool
may_be_released(const struct dlb_ref *r, const struct dlb_ref_queue *q, uint32_t x)
{
	for (uint32_t n = 0; n < q->order_count; n++) {
		const struct dlb_ref_item *y = &r->item[q->order[n]];

		if (q->order[n] != x && !y->resolved && dlb_ref_order_before(r, y, &r->item[x]))
			return false;
	}
	return true;
}

static bool
must_be_released(const struct dlb_ref *r, const struct dlb_ref_queue *q, uint32_t x)
{
	if (!r->item[x].resolved)
		return false;
	for (uint32_t n = 0; n < q->order_count; n++) {
		const struct dlb_ref_item *y = &r->item[q->order[n]];

		if (q->order[n] != x && !y->resolved && !dlb_ref_order_before(r, &r->item[x], y))
			return false;
	}
	return true;
}

static void
release_children(struct dlb_ref *r, uint32_t x, bool certain)
{
	for (uint32_t c = r->item[x].child; c != DLB_REF_NONE; c = r->item[c].sibling) {
		struct dlb_ref_item *i = &r->item[c];

		if (i->state == DLB_REF_REORDER && (!i->final || r->item[x].resolved))
			dlb_ref_arrive(r, c, false);
		if (i->state == DLB_REF_MAYBE && certain)
			dlb_ref_arrive(r, c, true);
	}
}

void
dlb_ref_order_resolved(struct dlb_ref *r, unsigned int queue)
{
	struct dlb_ref_queue *q = &r->queue[queue];
	uint32_t kept = 0;

	/* Two passes: the list must be whole while it is looked at. Closed entries are marked. */
	for (uint32_t n = 0; n < q->order_count; n++) {
		uint32_t x = q->order[n];

		if (!may_be_released(r, q, x))
			continue;
		r->item[x].closed = must_be_released(r, q, x);
		release_children(r, x, r->item[x].closed);
	}
	for (uint32_t n = 0; n < q->order_count; n++) {
		if (r->item[q->order[n]].closed)
			q->closed++;
		else
			q->order[kept++] = q->order[n];
	}
	q->order_count = kept;
}

bool
dlb_ref_window_may_be_full(const struct dlb_ref *r, unsigned int queue)
{
	const struct dlb_ref_queue *q = &r->queue[queue];

	return q->ordered && q->scheduled - q->closed >= q->window;
}

bool
dlb_ref_window_overrun(const struct dlb_ref *r, unsigned int queue)
{
	const struct dlb_ref_queue *q = &r->queue[queue];
	uint64_t gone = q->closed;

	if (!q->ordered || q->scheduled - q->closed <= q->window)
		return false;
	for (uint32_t n = 0; n < q->order_count; n++)
		gone += r->item[q->order[n]].resolved && may_be_released(r, q, q->order[n]);
	return q->scheduled - gone > q->window;
}
