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
	const struct reg_rule **rule; /* likewise */
	uint32_t *first;              /* per row: index of its first value */
	uint64_t *mask;               /* per row: bits some field names */
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

/* Values an instance takes up. */
static uint32_t
row_halves(const struct reg_row *row)
{
	return row->bytes == 8 ? 2 : 1;
}

static uint32_t
row_values(const struct reg_row *row, unsigned int version)
{
	return row->count[version] * row->words * row_halves(row);
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
	span->end = span->start + last + 4 * row_halves(row);
	span->row = r;
}

static void
row_fill(struct regfile *rf, unsigned int r)
{
	const struct reg_row *row = &rf->table->rows[r];
	uint32_t n = row_values(row, rf->version), halves = row_halves(row);

	for (uint32_t i = 0; i < n; i++)
		rf->reset[rf->first[r] + i] = (uint32_t)(row->reset[rf->version] >> 32 * (i % halves));
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
			rf->mask[f->row] |= (~UINT64_C(0) >> (63 - (f->hi - f->lo))) << f->lo;
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
	rf->rule = calloc(table->row_count, sizeof(*rf->rule));
	rf->spans = calloc(table->row_count, sizeof(*rf->spans));
	if (rf->first == NULL || rf->mask == NULL || rf->hook == NULL || rf->rule == NULL ||
	    rf->spans == NULL)
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
regfile_rule(struct regfile *rf, const struct reg_rule *rules, unsigned int rule_count)
{
	for (unsigned int r = 0; r < rule_count; r++)
		rf->rule[rules[r].row] = &rules[r];
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
	free(rf->rule);
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
	at->half = rel == 4 && row->bytes == 8;
	return rel == 4 * at->half && at->i < count && at->word < row->words;
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
	const struct reg_row *row = &rf->table->rows[at.row];

	return &rf->values[rf->first[at.row] + (at.i * row->words + at.word) * row_halves(row) +
			   at.half];
}

static uint32_t
mask_at(const struct regfile *rf, struct reg_at at)
{
	return (uint32_t)(rf->mask[at.row] >> 32 * at.half);
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
		*value = hook->read(rf->owner, at) & mask_at(rf, at);
	else
		*value = *value_at(rf, at);
	return true;
}

/* What a register holds after a write to the bits of `mask`, by its access rule. */
static uint32_t
access_apply(enum reg_access access, uint32_t old, uint32_t value, uint32_t mask)
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
		return (old & ~mask) | value;
	}
}

bool
regfile_write_bits(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t value,
		   uint32_t mask)
{
	const struct reg_hook *hook;
	struct reg_at at;
	uint32_t *stored;

	if (!regfile_find(rf, bar, off, &at))
		return false;
	stored = value_at(rf, at);
	hook = rf->hook[at.row];
	mask &= mask_at(rf, at);
	value &= mask;
	if (rf->rule[at.row] != NULL)
		*stored = rf->rule[at.row]->store(rf->owner, at, *stored, value, mask);
	else
		*stored = access_apply(rf->table->rows[at.row].access, *stored, value, mask);
	if (hook != NULL && hook->wrote != NULL)
		hook->wrote(rf->owner, at, *stored);
	return true;
}

bool
regfile_write(struct regfile *rf, unsigned int bar, uint64_t off, uint32_t value)
{
	return regfile_write_bits(rf, bar, off, value, UINT32_MAX);
}

uint32_t
regfile_get(const struct regfile *rf, unsigned int row, uint32_t i)
{
	return *value_at(rf, (struct reg_at){.row = row, .i = i});
}

void
regfile_put(struct regfile *rf, unsigned int row, uint32_t i, uint32_t value)
{
	*value_at(rf, (struct reg_at){.row = row, .i = i}) = value & (uint32_t)rf->mask[row];
}

uint64_t
regfile_value(const struct regfile *rf, struct reg_at at)
{
	const uint32_t *value;

	at.half = 0;
	value = value_at(rf, at);
	if (row_halves(&rf->table->rows[at.row]) == 1)
		return value[0];
	return value[0] | (uint64_t)value[1] << 32;
}

void
regfile_set(struct regfile *rf, struct reg_at at, uint64_t value)
{
	uint32_t *stored;

	at.half = 0;
	stored = value_at(rf, at);
	value &= rf->mask[at.row];
	stored[0] = (uint32_t)value;
	if (row_halves(&rf->table->rows[at.row]) == 2)
		stored[1] = (uint32_t)(value >> 32);
}
