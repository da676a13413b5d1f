/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_ref.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries are created by commands; their number is known before the run, but not to this file. */
#define FIRST_ROOM 4096

void
dlb_ref_fail(struct dlb_ref *r, const char *rule, const char *format, ...)
{
	va_list args;

	if (r->failure.rule != NULL)
		return;
	r->failure.rule = rule;
	va_start(args, format);
	vsnprintf(r->failure.text, sizeof(r->failure.text), format, args);
	va_end(args);
}

static bool
grow(struct dlb_ref *r, uint32_t room)
{
	struct dlb_ref_item *item = realloc(r->item, room * sizeof(*item));
	uint32_t *touched, *fresh;

	if (item == NULL)
		return false;
	r->item = item;
	/* An item may be touched twice between observations: as perhaps arrived, and certainly. */
	touched = realloc(r->touched, 2 * room * sizeof(*touched));
	if (touched == NULL)
		return false;
	r->touched = touched;
	fresh = realloc(r->fresh, room * sizeof(*fresh));
	if (fresh == NULL)
		return false;
	r->fresh = fresh;
	r->room = room;
	return true;
}

static bool
create_tables(struct dlb_ref *r)
{
	for (unsigned int q = 0; q < DLB_REF_LDB_QUEUES; q++) {
		r->queue[q].flow = calloc(DLB_FLOWS, sizeof(struct dlb_ref_flow));
		if (r->queue[q].flow == NULL)
			return false;
	}
	for (unsigned int c = 0; c < DLB_REF_LDB_CQS; c++) {
		r->cq[c].list = calloc(DLB_HIST_ENTRIES, sizeof(uint32_t));
		if (r->cq[c].list == NULL)
			return false;
	}
	return grow(r, FIRST_ROOM);
}

struct dlb_ref *
dlb_ref_create(enum dlb_version version)
{
	struct dlb_ref *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->version = version;
	r->ldb_queues = DLB_LDB_QUEUES;
	r->dir_queues = version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	if (!create_tables(r)) {
		dlb_ref_destroy(r);
		return NULL;
	}
	dlb_ref_reset(r);
	return r;
}

void
dlb_ref_destroy(struct dlb_ref *r)
{
	if (r == NULL)
		return;
	for (unsigned int q = 0; q < DLB_REF_QUEUES; q++) {
		free(r->queue[q].flow);
		free(r->queue[q].order);
	}
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		free(r->cq[c].list);
	free(r->item);
	free(r->touched);
	free(r->fresh);
	free(r);
}

void
dlb_ref_queue_reset(struct dlb_ref *r, unsigned int q)
{
	struct dlb_ref_queue *u = &r->queue[q];
	struct dlb_ref_queue kept = *u;

	memset(u, 0, sizeof(*u));
	u->flow = kept.flow;
	u->order = kept.order;
	u->order_room = kept.order_room;
	/* Flows are unpinned one by one when entries complete; after a reset in mid-air, all. */
	if (u->flow != NULL && kept.pinned != 0)
		memset(u->flow, 0, DLB_FLOWS * sizeof(*u->flow));
	for (unsigned int k = 0; k < DLB_REF_CLASSES; k++) {
		u->direct[k] = (struct dlb_ref_list){DLB_REF_NONE, DLB_REF_NONE};
		u->replay[k] = (struct dlb_ref_list){DLB_REF_NONE, DLB_REF_NONE};
	}
}

void
dlb_ref_cq_reset(struct dlb_ref *r, unsigned int c)
{
	uint32_t *list = r->cq[c].list;

	memset(&r->cq[c], 0, sizeof(r->cq[c]));
	r->cq[c].list = list;
}

void
dlb_ref_reset(struct dlb_ref *r)
{
	for (unsigned int q = 0; q < DLB_REF_QUEUES; q++)
		dlb_ref_queue_reset(r, q);
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		dlb_ref_cq_reset(r, c);
	memset(r->credits, 0, sizeof(r->credits));
	memset(r->total, 0, sizeof(r->total));
	memset(&r->alarm, 0, sizeof(r->alarm));
	memset(&r->alarm_sys, 0, sizeof(r->alarm_sys));
	memset(&r->alarm_chp, 0, sizeof(r->alarm_chp));
	r->alarms_enabled = 0;
	/* What was in the device is gone: seen again, it would be an entry nobody sent. */
	for (uint32_t i = 0; i < r->items; i++)
		r->item[i].state = DLB_REF_DONE;
	r->touched_count = 0;
	r->fresh_count = 0;
	r->span = r->now;
	r->span_port = DLB_REF_NO_PORT;
}

void
dlb_ref_domain_empty(struct dlb_ref *r, unsigned int domain)
{
	for (uint32_t i = 0; i < r->items; i++) {
		const struct dlb_ref_item *e = &r->item[i];

		if (e->domain != domain || e->state == DLB_REF_DONE)
			continue;
		if (e->state == DLB_REF_DELIVERED && r->queue[e->queue].directed)
			continue;
		dlb_ref_fail(r, "reset", "entry %u is still in domain %u after its reset", i,
			     domain);
		return;
	}
}

bool
dlb_ref_reserve(struct dlb_ref *r, uint32_t items)
{
	return items <= r->room || grow(r, 2 * items);
}
