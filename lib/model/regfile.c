/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "regfile.h"

#include <stdlib.h>
#include <string.h>

/* Where one row lies. Rows may interleave (columns of a page repeated per port), so spans that
 * overlap form a group; groups are disjoint and sorted, and a search looks into one group only.
 */
struct span {
	uint64_t start; /* bar in the upper half */
	uint64_t end;   /* first byte after the last instance */
	uint16_t row;
	uint16_t group; /* index of the first span of its group */
};

struct regfile {
	const struct reg_table *table;
	const struct reg_hook **hook; /* per row, NULL for none */
	uint32_t *first;              /* per row: index of its first value */
	uint32_t *mask;               /* per row: bits some field names */
	uint32_t *values;
	uint32_t *reset; /* what they are after a reset */
	uint32_t value_count;
	struct span *spans;
	unsigned int span_count;
	unsigned int version;
	void *owner;
};

static uint64_t
bus_address(unsigned int bar, uint64_t off)
{
	return (uint64_t)bar << 48 | off;
}

static uint32_t
row_values(const struct reg_row *row, unsigned int version)
{
	return row->count[version] * row->words;
}

static int
span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void
spans_group(struct regfile *rf)
{
	uint64_t end = 0;
	unsigned int i, group = 0;

	qsort(rf->spans, rf->span_count, sizeof(*rf->spans), span_order);
	for (i = 0; i < rf->span_count; i++) {
		if (rf->spans[i].start >= end)
			group = i;
		if (rf->spans[i].end > end)
			end = rf->spans[i].end;
		rf->spans[i].group = group;
	}
}

static void
row_place(struct regfile *rf, unsigned int r)
{
	const struct reg_row *row = &rf->table->rows[r];
	uint64_t last = (uint64_t)(row->count[rf->version] - 1) * row->stride +
			(uint64_t)(row->words - 1) * row->word_stride;
	struct span *span = &rf->spans[rf->span_count++];

	span->start = bus_address(row->bar, row->offset[rf->version]);
	span->end = span->start + last + 4;
	span->row = r;
}

static void
row_fill(struct regfile *rf, unsigned int r)
{
	const struct reg_row *row = &rf->table->rows[r];
	uint32_t n = row_values(row, rf->version);

	for (uint32_t i = 0; i < n; i++)
		rf->reset[rf->first[r] + i] = row->reset[rf->version];
}

static bool
row_present(const struct regfile *rf, unsigned int r)
{
	const struct reg_row *row = &rf->table->rows[r];

	return row->offset[rf->version] != REG_NONE && row->access != REG_WINDOW &&
	       row->bar != REG_BAR_VF;
}

static void
rows_lay_out(struct regfile *rf)
{
	for (unsigned int r = 0; r < rf->table->row_count; r++) {
		if (!row_present(rf, r))
			continue;
		row_place(rf, r);
		row_fill(rf, r);
	}
	spans_group(rf);
}

static void
masks_derive(struct regfile *rf)
{
	const struct reg_field *f;

	for (unsigned int i = 0; i < rf->table->field_count; i++) {
		f = &rf->table->fields[i];
		if (f->versions >> rf->version & 1)
			rf->mask[f->row] |= (~UINT32_C(0) >> (31 - (f->hi - f->lo))) << f->lo;
	}
}

struct regfile *
regfile_create(const struct reg_table *table, unsigned int version, const struct reg_hook *hooks,
	       unsigned int hook_count, void *owner)
{
	struct regfile *rf = calloc(1, sizeof(*rf));

	if (rf == NULL)
		return NULL;
	rf->table = table;
	rf->version = version;
	rf->owner = owner;
	rf->first = calloc(table->row_count, sizeof(*rf->first));
	rf->mask = calloc(table->row_count, sizeof(*rf->mask));
	rf->hook = calloc(table->row_count, sizeof(*rf->hook));
	rf->spans = calloc(table->row_count, sizeof(*rf->spans));
	if (rf->first == NULL || rf->mask == NULL || rf->hook == NULL || rf->spans == NULL)
		goto destroy;
	for (unsigned int r = 0; r < table->row_count; r++) {
		rf->first[r] = rf->value_count;
		if (row_present(rf, r))
			rf->value_count += row_values(&table->rows[r], version);
	}
	rf->values = calloc(rf->value_count, sizeof(*rf->values));
	rf->reset = calloc(rf->value_count, sizeof(*rf->reset));
	if (rf->values == NULL || rf->reset == NULL)
		goto destroy;
	regfile_hook(rf, hooks, hook_count);
	masks_derive(rf);
	rows_lay_out(rf);
	regfile_reset(rf);
	return rf;

destroy:
	regfile_destroy(rf);
	return NULL;
}

void
regfile_hook(struct regfile *rf, const struct reg_hook *hooks, unsigned int hook_count)
{
	for (unsigned int h = 0; h < hook_count; h++)
		rf->hook[hooks[h].row] = &hooks[h];
}

void
regfile_reset(struct regfile *rf)
{
	memcpy(rf->values, rf->reset, rf->value_count * sizeof(*rf->values));
}

void
regfile_destroy(struct regfile *rf)
{
	if (rf == NULL)
		return;
	free(rf->first);
	free(rf->mask);
	free(rf->hook);
	free(rf->spans);
	free(rf->values);
	free(rf->reset);
	free(rf);
}

/* The last span that starts at or before an address, or NULL. */
static const struct span *
span_before(const struct regfile *rf, uint64_t address)
{
	unsigned int lo = 0, hi = rf->span_count;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (rf->spans[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? NULL : &rf->spans[lo - 1];
}

/* Is `rel` bytes after the first instance an instance too? */
static bool
row_index(const struct reg_row *row, uint32_t count, uint64_t rel, struct reg_at *at)
{
	at->word = 0;
	if (row->words > 1 && row->word_stride > row->stride) {
		at->word = (uint32_t)(rel / row->word_stride);
		rel %= row->word_stride;
	}
	at->i = row->stride == 0 ? 0 : (uint32_t)(rel / row->stride);
	rel -= (uint64_t)at->i * row->stride;
	if (row->words > 1 && row->word_stride < row->stride) {
		at->word = (uint32_t)(rel / row->word_stride);
		rel %= row->word_stride;
	}
	return rel == 0 && at->i < count && at->word < row->words;
}

bool
regfile_find(const struct regfile *rf, unsigned int bar, uint64_t off, struct reg_at *at)
{
	uint64_t address = bus_address(bar, off);
	const struct span *last = span_before(rf, address);

	if (last == NULL)
		return false;
	for (const struct span *s = &rf->spans[last->group]; s <= last; s++) {
		const struct reg_row *row = &rf->table->rows[s->row];

		at->row = s->row;
		if (address < s->end &&
		    row_index(row, row->count[rf->version], address - s->start, at))
			return true;
	}
	return false;
}

static uint32_t *
value_at(const struct regfile *rf, struct reg_at at)
{
	return &rf->values[rf->first[at.row] + at.i * rf->table->rows[at.row].words + at.word];
}

bool
regfile_read(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t *value)
{
	const struct reg_hook *hook;
	struct reg_at at;

	*value = 0;
	if (!regfile_find(rf, bar, off, &at))
		return false;
	hook = rf->hook[at.row];
	if (hook != NULL && hook->read != NULL)
		*value = hook->read(rf->owner, at) & rf->mask[at.row];
	else
		*value = *value_at(rf, at);
	return true;
}

/* What a register holds after a write, by its access rule. */
static uint32_t
access_apply(enum reg_access access, uint32_t old, uint32_t value)
{
	switch (access) {
	case REG_RO:
		return old;
	case REG_RW1C:
		return old & ~value;
	case REG_RW1S:
		return old | value;
	case REG_SYND:
		/* VALID and MORE are the two top bits of every record; the rest stays. */
		return old & ~(value & UINT32_C(0xc0000000));
	default:
		return value;
	}
}

bool
regfile_write(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t value)
{
	const struct reg_hook *hook;
	struct reg_at at;
	uint32_t *stored;

	if (!regfile_find(rf, bar, off, &at))
		return false;
	stored = value_at(rf, at);
	*stored = access_apply(rf->table->rows[at.row].access, *stored, value & rf->mask[at.row]);
	hook = rf->hook[at.row];
	if (hook != NULL && hook->wrote != NULL)
		hook->wrote(rf->owner, at, *stored);
	return true;
}

uint32_t
regfile_get(const struct regfile *rf, unsigned int row, uint32_t i)
{
	return *value_at(rf, (struct reg_at){.row = row, .i = i});
}

void
regfile_put(struct regfile *rf, unsigned int row, uint32_t i, uint32_t value)
{
	*value_at(rf, (struct reg_at){.row = row, .i = i}) = value & rf->mask[row];
}
