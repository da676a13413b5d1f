/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_dlb.h"

#include <inttypes.h>
#include <string.h>

#include "trace_dlb_priv.h"

/* QEs of one DMA write: a dense ring may be written by the cache line. */
#define QES_MAX   (DLB_LINE_SIZE / sizeof(struct dlb_qe))
#define NS_PER_US 1000.0

/* ---- Commands in words ---- */

static const char *
command_name(uint32_t cmd)
{
	static const char *const names[16] = {
		[DLB_CMD_NOOP] = "NOOP",     [DLB_CMD_BAT_T] = "BAT_T",   [DLB_CMD_COMP] = "COMP",
		[DLB_CMD_COMP_T] = "COMP_T", [DLB_CMD_ARM] = "ARM",       [DLB_CMD_NEW] = "NEW",
		[DLB_CMD_NEW_T] = "NEW_T",   [DLB_CMD_FWD] = "FWD",       [DLB_CMD_FWD_T] = "FWD_T",
		[DLB_CMD_FRAG] = "FRAG",     [DLB_CMD_FRAG_T] = "FRAG_T",
	};

	return names[cmd] != NULL ? names[cmd] : "ILLEGAL";
}

static void
event_text(const struct dlb_qe *qe, char *buf, size_t len)
{
	static const char *const types[] = {"atomic", "unordered", "ordered", "directed"};

	snprintf(buf, len, "queue %u %s priority %u lock 0x%x data 0x%" PRIx64,
		 (unsigned int)REG_GET(DLB_QE_QID, qe->meta),
		 types[REG_GET(DLB_QE_SCHED, qe->meta)],
		 (unsigned int)REG_GET(DLB_QE_PRIO, qe->meta),
		 (unsigned int)REG_GET(DLB_QE_LOCK, qe->meta), qe->data);
}

static void
command_text(const struct dlb_qe *hcw, const char *why, char *buf, size_t len)
{
	uint32_t cmd = (uint32_t)REG_GET(DLB_HCW_CMD, hcw->meta);
	char event[160];

	if (cmd & DLB_CMD_BIT_VALID) {
		event_text(hcw, event, sizeof(event));
		snprintf(buf, len, "%s %s%s%s%s", command_name(cmd), event,
			 why != NULL ? " (not taken: " : "", why != NULL ? why : "",
			 why != NULL ? ")" : "");
	} else if (cmd == DLB_CMD_BAT_T || cmd == DLB_CMD_COMP_T) {
		snprintf(buf, len, "%s %u tokens", command_name(cmd),
			 (unsigned int)REG_GET(DLB_HCW_TOKENS, hcw->meta) + 1);
	} else {
		snprintf(buf, len, "%s", command_name(cmd));
	}
}

static void
post(struct trace_dlb *d, const struct bus_trace_record *r, const unsigned char *payload,
     struct trace_item *item, const struct trace_sink *sink)
{
	unsigned int port = trace_port_at(d, r->bar, r->off);
	struct dlb_qe hcw;
	char key[8], text[256];
	const char *why;

	if (port == TRACE_PORTS) {
		trace_item_begin(item, "post BAR%u+0x%" PRIx64, r->bar, r->off);
		trace_item_bytes(item, "bytes", payload, r->bytes);
		return;
	}
	trace_item_begin(item, "post %s_PP[%u]", port < DLB_LDB_PORTS ? "LDB" : "DIR",
			 port < DLB_LDB_PORTS ? port : port - DLB_LDB_PORTS);
	for (unsigned int i = 0; i < DLB_LINE_HCWS && (i + 1) * sizeof(hcw) <= r->bytes; i++) {
		memcpy(&hcw, payload + i * sizeof(hcw), sizeof(hcw));
		if (REG_GET(DLB_HCW_CMD, hcw.meta) == DLB_CMD_NOOP)
			continue;
		why = trace_queues_command(d, r, port, &hcw, sink);
		command_text(&hcw, why, text, sizeof(text));
		snprintf(key, sizeof(key), "hcw%u", i);
		trace_item_text(item, key, "%s", text);
	}
	if (item->count == 0)
		trace_item_text(item, "line", "NOOP");
}

/* ---- Deliveries in words ---- */

static void
deliver(struct trace_dlb *d, const struct bus_trace_record *r, unsigned int cq,
	const unsigned char *payload, struct trace_item *item, const struct trace_sink *sink)
{
	struct trace_enqueue from;
	struct dlb_qe qe;
	char event[160];

	memcpy(&qe, payload, sizeof(qe));
	event_text(&qe, event, sizeof(event));
	trace_item_text(item, "qe", "%s", event);
	trace_item_number(item, "gen", REG_GET(DLB_QE_GEN, qe.meta));
	trace_item_number(item, "depth_code", REG_GET(DLB_QE_DEPTH, qe.meta));
	if (trace_queues_deliver(d, r, cq, &qe, &from, sink))
		trace_item_text(item, "waited_us", "%.3f",
				(double)(int64_t)(r->ns - from.ns) / NS_PER_US);
}

static void
dma_write(struct trace_dlb *d, const struct bus_trace_record *r, const unsigned char *payload,
	  struct trace_item *item, const struct trace_sink *sink)
{
	struct trace_cq cq;
	bool directed;

	if (r->bytes % sizeof(struct dlb_qe) != 0 || r->bytes > QES_MAX * sizeof(struct dlb_qe) ||
	    !trace_cq_at(d, r->off, &cq)) {
		trace_item_begin(item, "dma write 0x%" PRIx64, r->off);
		trace_item_number(item, "length", r->value);
		trace_item_bytes(item, "bytes", payload, r->bytes);
		return;
	}
	directed = cq.id >= DLB_LDB_PORTS;
	trace_item_begin(item, "QE to %s CQ %u", directed ? "DIR" : "LDB",
			 directed ? cq.id - DLB_LDB_PORTS : cq.id);
	trace_item_number(item, "slot", cq.slot);
	for (unsigned int at = 0; at < r->bytes; at += sizeof(struct dlb_qe))
		deliver(d, r, cq.id, payload + at, item, sink);
}

/* ---- Records ---- */

void
trace_dlb_record(struct trace_dlb *d, const struct bus_trace_record *r,
		 const unsigned char *payload, struct trace_item *item,
		 const struct trace_sink *sink)
{
	d->begun |= r->op != BUS_TRACE_READ;
	if (r->op == BUS_TRACE_POST)
		post(d, r, payload, item, sink);
	else if (r->op == BUS_TRACE_DMA_WRITE)
		dma_write(d, r, payload, item, sink);
	else
		trace_regs_record(d, r, item);
}

void
trace_dlb_reset(struct trace_dlb *d, const struct bus_trace_record *r,
		const struct trace_sink *sink)
{
	for (unsigned int q = 0; q < TRACE_QUEUES; q++)
		if (d->depth[q] != 0 && sink->depth != NULL)
			sink->depth(sink->owner, r, q >= DLB_LDB_QUEUES,
				    q >= DLB_LDB_QUEUES ? q - DLB_LDB_QUEUES : q, 0);
	d->begun = true;
	trace_regs_reset(d);
	trace_queues_reset(d);
}
