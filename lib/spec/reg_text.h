/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_REG_TEXT_H
#define SLIPWAY_REG_TEXT_H

/**
 * @file
 * Register addresses and values as people read them: the row behind an offset, its name with its
 * indexes, its fields by name.
 *
 * No function here keeps state or allocates, so any thread may call any of them. The functions that
 * make text do what snprintf does: no more than `len` bytes are written, the end included, and the
 * return value is the number of characters that the whole text has.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "reg.h"

/** A device's table, and the version that is looked at. */
struct reg_text {
	const struct reg_row *rows;
	const struct reg_field *fields;
	unsigned int row_count;
	unsigned int field_count;
	unsigned int version; /**< column of the table, below REG_VERSIONS */
};

/** Is `rel` bytes after the first instance of a row an instance, too? */
static inline bool
reg_text_instance(const struct reg_row *row, uint32_t count, uint64_t rel, uint32_t *i,
		  uint32_t *word)
{
	bool words_outside = row->words > 1 && row->word_stride > row->stride;

	*i = 0;
	*word = 0;
	if (words_outside) {
		*word = (uint32_t)(rel / row->word_stride);
		rel %= row->word_stride;
	}
	if (row->stride != 0) {
		*i = (uint32_t)(rel / row->stride);
		rel %= row->stride;
	}
	if (row->words > 1 && !words_outside) {
		*word = (uint32_t)(rel / row->word_stride);
		rel %= row->word_stride;
	}
	/* All of a page takes commands; of a register, only its first byte is its address. */
	return (rel == 0 || row->access == REG_WINDOW) && *i < count && *word < row->words;
}

/** Offset of an instance in its bar, bytes. */
static inline uint64_t
reg_text_offset(const struct reg_text *t, unsigned int row, uint32_t i, uint32_t word)
{
	const struct reg_row *r = &t->rows[row];

	return r->offset[t->version] + (uint64_t)i * r->stride + (uint64_t)word * r->word_stride;
}

/**
 * Find the register, or the page of commands, at an offset.
 *
 * @param bar 0, 2, 4, or REG_BAR_VF
 * @param off bytes from the start of the bar; of a register, its first byte
 * @param row out: index into `rows`
 * @param i out: first index
 * @param word out: second index, 0 where there is none
 * @return false when this version has nothing there
 */
static inline bool
reg_text_find(const struct reg_text *t, unsigned int bar, uint64_t off, unsigned int *row,
	      uint32_t *i, uint32_t *word)
{
	for (unsigned int n = 0; n < t->row_count; n++) {
		const struct reg_row *r = &t->rows[n];
		uint32_t start = r->offset[t->version];

		if (start == REG_NONE || (unsigned int)r->bar != bar || off < start)
			continue;
		if (!reg_text_instance(r, r->count[t->version], off - start, i, word))
			continue;
		*row = n;
		return true;
	}
	return false;
}

/** Name of an instance: "SYS_TOTAL_VAS", "CHP_LDB_CQ_DEPTH[5]", "ATM_QID2CQIDIX[5][2]". */
static inline int
reg_text_name(const struct reg_text *t, unsigned int row, uint32_t i, uint32_t word, char *buf,
	      size_t len)
{
	const struct reg_row *r = &t->rows[row];

	if (r->words > 1)
		return snprintf(buf, len, "%s[%" PRIu32 "][%" PRIu32 "]", r->name, i, word);
	if (r->count[t->version] > 1)
		return snprintf(buf, len, "%s[%" PRIu32 "]", r->name, i);
	return snprintf(buf, len, "%s", r->name);
}

/** Value of a field, taken from its register's value. */
static inline uint64_t
reg_text_field(const struct reg_field *field, uint64_t value)
{
	return (value >> field->lo) & (~UINT64_C(0) >> (63 - (field->hi - field->lo)));
}

/**
 * The fields of a value in the order of the table, "COUNT=3 V=1": small numbers in decimal, larger
 * ones in hexadecimal. A register that no field describes gives an empty text.
 */
static inline int
reg_text_fields(const struct reg_text *t, unsigned int row, uint64_t value, char *buf, size_t len)
{
	int total = 0;

	if (len > 0)
		buf[0] = '\0';
	for (unsigned int n = 0; n < t->field_count; n++) {
		const struct reg_field *f = &t->fields[n];
		uint64_t v = reg_text_field(f, value);
		size_t at = (size_t)total < len ? (size_t)total : len;

		if (f->row != row || !(f->versions >> t->version & 1))
			continue;
		total += snprintf(len > at ? buf + at : NULL, len - at,
				  v < 4096 ? "%s%s=%" PRIu64 : "%s%s=0x%" PRIx64,
				  total > 0 ? " " : "", f->name, v);
	}
	return total;
}

#endif /* SLIPWAY_REG_TEXT_H */
