/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_dlb_priv.h"

#include <string.h>

/* Events under way, in a pool and found by hash. A command counts the moment it is recorded, which
 * is before the device takes it, and a delivery before it is done: so no consumer is ever ahead of
 * this picture, and credits and history entries are here no scarcer than in the device.
 */

/* ---- The pool ---- */

void
trace_queues_reset(struct trace_dlb *d)
{
	memset(d->credits, 0, sizeof(d->credits));
	memset(d->inflight, 0, sizeof(d->inflight));
	memset(d->depth, 0, sizeof(d->depth));
	memset(d->bucket, 0, sizeof(d->bucket));
	d->free = TRACE_NIL;
	d->fresh = 1;
}

static uint32_t
key_of(unsigned int queue, uint64_t meta)
{
	/* What a directed QE has for a lock id is not established (section 4.6). */
	return queue << 16 | (queue < DLB_LDB_QUEUES ? (uint32_t)REG_GET(DLB_QE_LOCK, meta) : 0);
}

static struct trace_bucket *
bucket_of(struct trace_dlb *d, uint32_t key, uint64_t data)
{
	uint64_t hash = (data ^ (uint64_t)key << 20) * UINT64_C(0x9e3779b97f4a7c15);

	return &d->bucket[hash >> 32 & (TRACE_BUCKETS - 1)];
}

static bool
waiting_add(struct trace_dlb *d, uint32_t key, uint64_t data, struct trace_enqueue from)
{
	struct trace_bucket *b = bucket_of(d, key, data);
	uint32_t n = d->free;

	if (n != TRACE_NIL)
		d->free = d->pool[n].next;
	else if (d->fresh <= TRACE_WAITING)
		n = d->fresh++;
	else
		return false;
	d->pool[n] = (struct trace_waiting){
		.data = data, .key = key, .next = TRACE_NIL, .from = from};
	if (b->head == TRACE_NIL)
		b->head = n;
	else
		d->pool[b->tail].next = n;
	b->tail = n;
	return true;
}

/* Take the oldest event like this one out. */
static bool
waiting_take(struct trace_dlb *d, uint32_t key, uint64_t data, struct trace_enqueue *from)
{
	struct trace_bucket *b = bucket_of(d, key, data);
	uint32_t before = TRACE_NIL, n = b->head;

	while (n != TRACE_NIL && (d->pool[n].key != key || d->pool[n].data != data)) {
		before = n;
		n = d->pool[n].next;
	}
	if (n == TRACE_NIL)
		return false;
	if (before == TRACE_NIL)
		b->head = d->pool[n].next;
	else
		d->pool[before].next = d->pool[n].next;
	if (b->tail == n)
		b->tail = before;
	*from = d->pool[n].from;
	d->pool[n].next = d->free;
	d->free = n;
	return true;
}

/* ---- Depths and credits ---- */

static void
depth_add(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int queue, int n,
	  const struct trace_sink *sink)
{
	bool directed = queue >= DLB_LDB_QUEUES;

	d->depth[queue] = (uint32_t)((int64_t)d->depth[queue] + n);
	if (sink->depth != NULL)
		sink->depth(sink->owner, r, directed, directed ? queue - DLB_LDB_QUEUES : queue,
			    d->depth[queue]);
}

/* 2.0 has a pool for each kind of traffic. */
static int64_t *
credits_for(struct trace_dlb *d, bool directed, uint32_t domain)
{
	return &d->credits[d->text.version == DLB_V20 && directed][domain % DLB_DOMAINS];
}

void
trace_queues_wrote(struct trace_dlb *d, unsigned int row, uint32_t i, uint32_t value)
{
	switch (row) {
	case DLB_CHP_CFG_VAS_CRD:
	case DLB_CHP_CFG_LDB_VAS_CRD:
		d->credits[0][i % DLB_DOMAINS] = value;
		break;
	case DLB_CHP_CFG_DIR_VAS_CRD:
		d->credits[1][i % DLB_DOMAINS] = value;
		break;
	case DLB_CHP_HIST_LIST_BASE:
	case DLB_CHP_HIST_LIST_LIM:
	case DLB_CHP_HIST_LIST_PUSH_PTR:
	case DLB_CHP_HIST_LIST_POP_PTR:
		d->inflight[i % DLB_LDB_PORTS] = 0;
		break;
	}
}

void
trace_queues_told(struct trace_dlb *d, unsigned int row, uint32_t i, uint32_t value)
{
	if (row == DLB_LSP_CQ_LDB_INFL_CNT)
		d->inflight[i % DLB_LDB_PORTS] = value;
	else if (row == DLB_CHP_CFG_VAS_CRD || row == DLB_CHP_CFG_LDB_VAS_CRD ||
		 row == DLB_CHP_CFG_DIR_VAS_CRD)
		trace_queues_wrote(d, row, i, value);
}

/* ---- Commands ---- */

static const char *
enqueue(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int port,
	const struct dlb_qe *hcw, const struct trace_sink *sink)
{
	bool directed = REG_GET(DLB_QE_SCHED, hcw->meta) == DLB_DIRECTED;
	unsigned int queue = (unsigned int)REG_GET(DLB_QE_QID, hcw->meta);
	const char *why = trace_refusal(d, port, hcw->meta);
	int64_t *credits = credits_for(d, directed, trace_port_domain(d, port));

	if (why != NULL)
		return why;
	if (*credits <= 0)
		return "no credit";
	queue += directed ? DLB_LDB_QUEUES : 0;
	if (!waiting_add(d, key_of(queue, hcw->meta), hcw->data,
			 (struct trace_enqueue){.ns = r->ns, .tid = r->tid}))
		return "device full";
	(*credits)--;
	depth_add(d, r, queue, 1, sink);
	return NULL;
}

const char *
trace_queues_command(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int port,
		     const struct dlb_qe *hcw, const struct trace_sink *sink)
{
	uint32_t cmd = (uint32_t)REG_GET(DLB_HCW_CMD, hcw->meta);
	bool directed = port >= DLB_LDB_PORTS;
	const char *why = NULL;

	if (directed && cmd != DLB_CMD_NEW && cmd != DLB_CMD_NEW_T)
		return cmd & DLB_CMD_BIT_VALID ? "not for a directed port" : NULL;
	if (cmd > DLB_CMD_FRAG_T)
		return "no such command";
	/* Forwards and fragments need something the port holds. */
	if (cmd & DLB_CMD_BIT_VALID && cmd & (DLB_CMD_BIT_COMP | DLB_CMD_BIT_FRAG) &&
	    d->inflight[port] == 0)
		return "nothing held to forward";
	if (cmd & DLB_CMD_BIT_VALID)
		why = enqueue(d, r, port, hcw, sink);
	if (cmd & DLB_CMD_BIT_COMP && !(cmd & DLB_CMD_BIT_FRAG) && !directed &&
	    d->inflight[port] != 0)
		d->inflight[port]--;
	return why;
}

/* ---- Deliveries ---- */

bool
trace_queues_deliver(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int cq,
		     const struct dlb_qe *qe, struct trace_enqueue *from,
		     const struct trace_sink *sink)
{
	bool directed = cq >= DLB_LDB_PORTS;
	unsigned int queue = directed ? DLB_LDB_QUEUES + cq - DLB_LDB_PORTS
				      : (unsigned int)REG_GET(DLB_QE_QID, qe->meta);

	(*credits_for(d, directed, trace_cq_domain(d, cq)))++;
	if (!directed)
		d->inflight[cq]++;
	/* A trace that is not ours may say anything. */
	if (!directed && queue >= DLB_LDB_QUEUES)
		return false;
	if (!waiting_take(d, key_of(queue, qe->meta), qe->data, from))
		return false;
	depth_add(d, r, queue, -1, sink);
	if (sink->flow != NULL)
		sink->flow(sink->owner, r, from);
	return true;
}
