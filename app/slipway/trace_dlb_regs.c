/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_reg_table.h"
#include "trace_dlb_priv.h"

#include <stdlib.h>

#include "trace_item.h"

/* Field values from here on read better in hexadecimal. */
#define HEX_FROM 4096u

/* ---- Registers as they were last seen ---- */

static uint32_t
instances(const struct trace_dlb *d, unsigned int row)
{
	return dlb_reg_rows[row].access == REG_WINDOW
		       ? 0
		       : dlb_reg_rows[row].count[d->text.version] * dlb_reg_rows[row].words;
}

struct trace_dlb *
trace_dlb_create(unsigned int version)
{
	struct trace_dlb *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->text = (struct reg_text){
		.rows = dlb_reg_rows,
		.fields = dlb_reg_fields,
		.row_count = DLB_REG_COUNT,
		.field_count = DLB_REG_FIELD_COUNT,
		.version = version,
	};
	d->dir_ports = version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	for (unsigned int row = 0; row < DLB_REG_COUNT; row++)
		d->first[row + 1] = d->first[row] + instances(d, row);
	d->value = calloc(d->first[DLB_REG_COUNT], sizeof(*d->value));
	if (d->value == NULL) {
		free(d);
		return NULL;
	}
	trace_regs_reset(d);
	trace_queues_reset(d);
	return d;
}

void
trace_dlb_destroy(struct trace_dlb *d)
{
	if (d == NULL)
		return;
	free(d->value);
	free(d);
}

void
trace_regs_reset(struct trace_dlb *d)
{
	for (unsigned int row = 0; row < DLB_REG_COUNT; row++)
		for (uint32_t n = d->first[row]; n < d->first[row + 1]; n++)
			d->value[n] = dlb_reg_rows[row].reset[d->text.version];
}

uint32_t
trace_reg(const struct trace_dlb *d, enum dlb_reg row, uint32_t i)
{
	return d->first[row] + i < d->first[row + 1] ? d->value[d->first[row] + i] : 0;
}

/* What a register holds after a write. */
static uint32_t
written(enum reg_access access, uint32_t was, uint32_t value)
{
	switch (access) {
	case REG_RO:
		return was;
	case REG_RW1C:
	case REG_SYND:
		return was & ~value;
	case REG_RW1S:
		return was | value;
	default:
		return value;
	}
}

/* ---- Accesses in words ---- */

static bool
has_field(const struct trace_dlb *d, const struct reg_field *f, unsigned int row)
{
	return f->row == row && f->versions >> d->text.version & 1;
}

static uint32_t
field_of(const struct reg_field *f, uint32_t value)
{
	return value >> f->lo & ~UINT32_C(0) >> (31 - (f->hi - f->lo));
}

static void
fields_add(const struct trace_dlb *d, unsigned int row, uint32_t value, struct trace_item *item)
{
	for (unsigned int n = 0; n < d->text.field_count; n++) {
		const struct reg_field *f = &d->text.fields[n];

		if (!has_field(d, f, row))
			continue;
		if (field_of(f, value) < HEX_FROM)
			trace_item_number(item, f->name, field_of(f, value));
		else
			trace_item_hex(item, f->name, field_of(f, value));
	}
}

/* The value before, and those of its fields that were different. */
static void
was_add(const struct trace_dlb *d, unsigned int row, uint32_t was, uint32_t value,
	struct trace_item *item)
{
	char text[400] = "";
	int at = 0;

	for (unsigned int n = 0; n < d->text.field_count; n++) {
		const struct reg_field *f = &d->text.fields[n];

		if (!has_field(d, f, row) || field_of(f, was) == field_of(f, value) ||
		    at >= (int)sizeof(text))
			continue;
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       field_of(f, was) < HEX_FROM ? " %s=%" PRIu32 : " %s=0x%" PRIx32,
			       f->name, field_of(f, was));
	}
	trace_item_text(item, "was", "0x%" PRIx32 "%s", was, text);
}

static void
stray(const struct bus_trace_record *r, const char *verb, struct trace_item *item)
{
	trace_item_begin(item, "%s BAR%u+0x%" PRIx64, verb, r->bar, r->off);
	trace_item_hex(item, "value", r->value);
	trace_item_number(item, "bytes", r->size);
}

void
trace_regs_record(struct trace_dlb *d, const struct bus_trace_record *r, struct trace_item *item)
{
	const char *verb = r->op == BUS_TRACE_READ ? "read" : "write";
	uint32_t value = (uint32_t)r->value, i, word, *stored, was;
	const struct reg_row *reg;
	unsigned int row;
	char name[64];

	if (!reg_text_find(&d->text, r->bar, r->off, &row, &i, &word)) {
		stray(r, verb, item);
		return;
	}
	reg = &dlb_reg_rows[row];
	reg_text_name(&d->text, row, i, word, name, sizeof(name));
	trace_item_begin(item, "%s %s", verb, name);
	if (reg->access == REG_WINDOW)
		return;
	trace_item_hex(item, "value", r->value);
	if (r->size != 4) {
		trace_item_text(item, "stray", "%u bytes, a register takes 4", r->size);
		return;
	}
	fields_add(d, row, value, item);
	stored = &d->value[d->first[row] + word * reg->count[d->text.version] + i];
	was = *stored;
	*stored = r->op == BUS_TRACE_READ ? value : written(reg->access, was, value);
	if (was != value)
		was_add(d, row, was, value, item);
	if (r->op == BUS_TRACE_WRITE)
		trace_queues_wrote(d, row, i, value);
	else if (!d->begun)
		trace_queues_told(d, row, i, value);
}

/* ---- Ports ---- */

unsigned int
trace_port_at(const struct trace_dlb *d, unsigned int bar, uint64_t off)
{
	unsigned int row;
	uint32_t i, word;

	if (bar != 0 || !reg_text_find(&d->text, bar, off, &row, &i, &word))
		return TRACE_PORTS;
	if (row == DLB_LDB_PP || row == DLB_LDB_PP_ALIAS)
		return i;
	if (row == DLB_DIR_PP || row == DLB_DIR_PP_ALIAS)
		return DLB_LDB_PORTS + i;
	return TRACE_PORTS;
}

uint32_t
trace_port_domain(const struct trace_dlb *d, unsigned int port)
{
	if (port < DLB_LDB_PORTS)
		return trace_reg(d, DLB_SYS_LDB_PP2VAS, port) % DLB_DOMAINS;
	return trace_reg(d, DLB_SYS_DIR_PP2VAS, port - DLB_LDB_PORTS) % DLB_DOMAINS;
}

static bool
port_valid(const struct trace_dlb *d, unsigned int port)
{
	if (port < DLB_LDB_PORTS)
		return trace_reg(d, DLB_SYS_LDB_PP_V, port) & 1;
	return trace_reg(d, DLB_SYS_DIR_PP_V, port - DLB_LDB_PORTS) & 1;
}

const char *
trace_refusal(const struct trace_dlb *d, unsigned int port, uint64_t meta)
{
	uint32_t queue = (uint32_t)REG_GET(DLB_QE_QID, meta), domain = trace_port_domain(d, port);
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta), config;

	if (!port_valid(d, port))
		return "port not valid";
	if (queue >= (sched == DLB_DIRECTED ? d->dir_ports : DLB_LDB_QUEUES))
		return "no such queue";
	if (sched == DLB_DIRECTED) {
		if (!(trace_reg(d, DLB_SYS_DIR_VASQID_V, domain * d->dir_ports + queue) & 1))
			return "queue not permitted";
		return trace_reg(d, DLB_SYS_DIR_QID_V, queue) & 1 ? NULL : "queue not valid";
	}
	if (!(trace_reg(d, DLB_SYS_LDB_VASQID_V, domain * DLB_LDB_QUEUES + queue) & 1))
		return "queue not permitted";
	if (!(trace_reg(d, DLB_SYS_LDB_QID_V, queue) & 1))
		return "queue not valid";
	config = trace_reg(d, DLB_SYS_LDB_QID_CFG_V, queue);
	if (sched == DLB_ORDERED && !REG_GET(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, config))
		return "queue not for ordered events";
	if (sched == DLB_ATOMIC && !REG_GET(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, config))
		return "queue not for atomic events";
	return NULL;
}

/* ---- Consumer queues ---- */

/* Registers of a CQ, by kind: [0] load-balanced, [1] directed. */
static const struct cq_rows {
	enum dlb_reg low, high, depth, disabled, domain;
	uint64_t sparse;
} cq_rows[2] = {
	{DLB_SYS_LDB_CQ_ADDR_L, DLB_SYS_LDB_CQ_ADDR_U, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL,
	 DLB_LSP_CQ_LDB_DSBL, DLB_CHP_LDB_CQ2VAS,
	 REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE)},
	{DLB_SYS_DIR_CQ_ADDR_L, DLB_SYS_DIR_CQ_ADDR_U, DLB_CHP_DIR_CQ_TKN_DEPTH_SEL,
	 DLB_LSP_CQ_DIR_DSBL, DLB_CHP_DIR_CQ2VAS,
	 REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE)},
};

uint32_t
trace_cq_domain(const struct trace_dlb *d, unsigned int cq)
{
	bool directed = cq >= DLB_LDB_PORTS;

	return trace_reg(d, cq_rows[directed].domain, directed ? cq - DLB_LDB_PORTS : cq) %
	       DLB_DOMAINS;
}

/* Is the address in this CQ's ring, and at the start of a slot? */
static bool
cq_holds(const struct trace_dlb *d, unsigned int id, uint64_t iova, bool disabled, uint32_t *slot)
{
	const struct cq_rows *r = &cq_rows[id >= DLB_LDB_PORTS];
	uint32_t i = id >= DLB_LDB_PORTS ? id - DLB_LDB_PORTS : id;
	uint64_t base = (uint64_t)trace_reg(d, r->high, i) << 32 | trace_reg(d, r->low, i);
	uint32_t code = trace_reg(d, r->depth, i) & 0xf, step;

	if ((trace_reg(d, r->disabled, i) & 1) != disabled || iova < base ||
	    code < DLB_CQ_CODE_MIN || code > DLB_CQ_CODE_MAX)
		return false;
	step = trace_reg(d, DLB_CHP_CFG_CHP_CSR_CTRL, 0) & r->sparse ? DLB_CQ_STEP_SPARSE
								     : DLB_CQ_STEP_DENSE;
	if (iova - base >= (uint64_t)DLB_CQ_ENTRIES(code) * step || (iova - base) % step != 0)
		return false;
	*slot = (uint32_t)((iova - base) / step);
	return true;
}

/* CQs that are enabled come first: one that is not any more may have had the same memory. Its last
 * QE may still be on its way when the write that disables it is recorded.
 */
bool
trace_cq_at(const struct trace_dlb *d, uint64_t iova, struct trace_cq *cq)
{
	for (unsigned int disabled = 0; disabled < 2; disabled++)
		for (cq->id = 0; cq->id < DLB_LDB_PORTS + d->dir_ports; cq->id++)
			if (cq_holds(d, cq->id, iova, disabled, &cq->slot))
				return true;
	return false;
}
