/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_dsa.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dsa_desc.h"
#include "dsa_layout.h"
#include "reg_text.h"

#define ROOM 128

struct trace_dsa {
	struct dsa_layout_caps caps;
	struct reg_row rows[DSA_REG_COUNT];
	struct reg_text text;
};

static const char *const opcodes[] = {
	[DSA_OP_NOOP] = "NOOP",
	[DSA_OP_BATCH] = "BATCH",
	[DSA_OP_DRAIN] = "DRAIN",
	[DSA_OP_MOVE] = "MOVE",
	[DSA_OP_FILL] = "FILL",
	[DSA_OP_COMPARE] = "COMPARE",
	[DSA_OP_COMPARE_PATTERN] = "COMPARE_PATTERN",
	[DSA_OP_CREATE_DELTA] = "CREATE_DELTA",
	[DSA_OP_APPLY_DELTA] = "APPLY_DELTA",
	[DSA_OP_DUALCAST] = "DUALCAST",
	[DSA_OP_TRANSLATION_FETCH] = "TRANSLATION_FETCH",
	[DSA_OP_CRC] = "CRC",
	[DSA_OP_COPY_CRC] = "COPY_CRC",
	[DSA_OP_DIF_CHECK] = "DIF_CHECK",
	[DSA_OP_DIF_INSERT] = "DIF_INSERT",
	[DSA_OP_DIF_STRIP] = "DIF_STRIP",
	[DSA_OP_DIF_UPDATE] = "DIF_UPDATE",
	[DSA_OP_DIX_GENERATE] = "DIX_GENERATE",
	[DSA_OP_CACHE_FLUSH] = "CACHE_FLUSH",
	[DSA_OP_UPDATE_WINDOW] = "UPDATE_WINDOW",
};

/* ---- Where things are ---- */

static void
rows_move(struct trace_dsa *d)
{
	struct dsa_layout layout = dsa_layout_of(&d->caps);

	layout.version = (enum dsa_column)d->text.version;
	dsa_layout_rows(&layout, d->rows);
}

struct trace_dsa *
trace_dsa_create(unsigned int version)
{
	struct trace_dsa *d = version < REG_VERSIONS ? calloc(1, sizeof(*d)) : NULL;

	if (d == NULL)
		return NULL;
	d->caps = (struct dsa_layout_caps){
		.version = (uint32_t)dsa_reg_rows[DSA_VERSION].reset[version],
		.gencap = dsa_reg_rows[DSA_GENCAP].reset[version],
		.wqcap = dsa_reg_rows[DSA_WQCAP].reset[version],
		.grpcap = dsa_reg_rows[DSA_GRPCAP].reset[version],
		.offsets = {dsa_reg_rows[DSA_OFFSETS0].reset[version],
			    dsa_reg_rows[DSA_OFFSETS1].reset[version]},
		.vectors = DSA_SPR_MSIXTBL_ENTRIES,
		.msix_table = DSA_SPR_MSIXTBL,
		.msix_pba = DSA_SPR_MSIXPBA,
	};
	d->text = (struct reg_text){
		.rows = d->rows,
		.fields = dsa_reg_fields,
		.row_count = DSA_REG_COUNT,
		.field_count = DSA_REG_FIELD_COUNT,
		.version = version,
	};
	rows_move(d);
	return d;
}

void
trace_dsa_destroy(struct trace_dsa *d)
{
	free(d);
}

/* Whole registers only: whoever needs them reads them so. */
static void
learn(struct trace_dsa *d, unsigned int row, uint64_t value)
{
	if (row == DSA_GENCAP)
		d->caps.gencap = value;
	else if (row == DSA_WQCAP)
		d->caps.wqcap = value;
	else if (row == DSA_GRPCAP)
		d->caps.grpcap = value;
	else if (row == DSA_OFFSETS0 || row == DSA_OFFSETS1)
		d->caps.offsets[row - DSA_OFFSETS0] = value;
	else
		return;
	rows_move(d);
}

/* ---- Registers ---- */

/* The register at an offset, or the one of 8 bytes whose upper half is there. */
static bool
find(const struct trace_dsa *d, const struct bus_trace_record *r, unsigned int *row, uint32_t *i,
     uint32_t *word, bool *high)
{
	*high = false;
	if (reg_text_find(&d->text, r->bar, r->off, row, i, word))
		return true;
	*high = true;
	return r->off >= 4 && reg_text_find(&d->text, r->bar, r->off - 4, row, i, word) &&
	       d->rows[*row].bytes == 8;
}

static void
fields_add(const struct trace_dsa *d, unsigned int row, uint64_t value, uint64_t mask,
	   struct trace_item *item)
{
	for (size_t n = 0; n < DSA_REG_FIELD_COUNT; n++) {
		const struct reg_field *f = &dsa_reg_fields[n];

		if (f->row == row && (mask >> f->lo & 1) && (f->versions >> d->text.version & 1))
			trace_item_number(item, f->name, reg_text_field(f, value));
	}
}

static void
register_record(struct trace_dsa *d, const struct bus_trace_record *r, struct trace_item *item)
{
	const char *what = r->op == BUS_TRACE_WRITE ? "write" : "read";
	char name[ROOM];
	unsigned int row;
	uint32_t i, word;
	bool high;

	if (!find(d, r, &row, &i, &word, &high)) {
		trace_item_begin(item, "%s BAR%u+0x%" PRIx64, what, r->bar, r->off);
		trace_item_hex(item, "value", r->value);
		return;
	}
	reg_text_name(&d->text, row, i, word, name, sizeof(name));
	trace_item_begin(item, "%s %s%s", what, name, high ? " (high)" : "");
	trace_item_hex(item, "value", r->value);
	fields_add(d, row, high ? r->value << 32 : r->value,
		   high          ? ~(uint64_t)UINT32_MAX
		   : r->size < 8 ? UINT32_MAX
				 : UINT64_MAX,
		   item);
	if (r->op == BUS_TRACE_READ && r->size == d->rows[row].bytes)
		learn(d, row, r->value);
}

/* ---- Descriptors and completion records ---- */

static void
descriptor_add(const struct dsa_desc *desc, struct trace_item *item)
{
	unsigned int opcode = DSA_OPCODE(desc);

	if (opcode < sizeof(opcodes) / sizeof(opcodes[0]) && opcodes[opcode] != NULL)
		trace_item_text(item, "op", "%s", opcodes[opcode]);
	else
		trace_item_hex(item, "op", opcode);
	trace_item_hex(item, "flags", DSA_FLAGS(desc));
	trace_item_hex(item, "record", desc->cr);
	trace_item_hex(item, "a", desc->src);
	trace_item_hex(item, "b", desc->dst);
	trace_item_number(item, "size", desc->size);
	if (desc->pasid != 0)
		trace_item_hex(item, "pasid", desc->pasid);
}

static void
portal_record(const struct trace_dsa *d, const struct bus_trace_record *r,
	      const unsigned char *payload, struct trace_item *item)
{
	const char *what = r->op == BUS_TRACE_POST ? "post" : "submit";
	struct dsa_desc desc;
	char name[ROOM];
	unsigned int row;
	uint32_t i, word;

	if (r->bytes != sizeof(desc) ||
	    !reg_text_find(&d->text, r->bar, r->off, &row, &i, &word)) {
		trace_item_begin(item, "%s BAR%u+0x%" PRIx64, what, r->bar, r->off);
		trace_item_bytes(item, "bytes", payload, r->bytes);
		return;
	}
	memcpy(&desc, payload, sizeof(desc));
	reg_text_name(&d->text, row, i, word, name, sizeof(name));
	trace_item_begin(item, "%s %s", what, name);
	descriptor_add(&desc, item);
}

static void
dma_record(const struct bus_trace_record *r, const unsigned char *payload, struct trace_item *item)
{
	struct dsa_cr cr;

	/* A record is written at once, or its status byte by itself at the end. */
	if (r->bytes != sizeof(cr) || r->off % sizeof(cr) != 0) {
		trace_item_begin(item, "dma write 0x%" PRIx64, r->off);
		trace_item_number(item, "length", r->value);
		trace_item_bytes(item, "bytes", payload, r->bytes);
		return;
	}
	memcpy(&cr, payload, sizeof(cr));
	trace_item_begin(item, "record 0x%" PRIx64, r->off);
	trace_item_hex(item, "status", cr.status);
	trace_item_number(item, "result", cr.result);
	trace_item_number(item, "bytes_completed", cr.bytes_completed);
	trace_item_hex(item, "fault", cr.fault_addr);
}

void
trace_dsa_record(struct trace_dsa *d, const struct bus_trace_record *r,
		 const unsigned char *payload, struct trace_item *item)
{
	if (r->op == BUS_TRACE_POST || r->op == BUS_TRACE_SUBMIT)
		portal_record(d, r, payload, item);
	else if (r->op == BUS_TRACE_DMA_WRITE)
		dma_record(r, payload, item);
	else
		register_record(d, r, item);
}
