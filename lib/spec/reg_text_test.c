/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Every register of both versions is found by its address and named, and what is none is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_reg_table.h"
#include "reg_text.h"

static struct reg_text
table_of(unsigned int version)
{
	return (struct reg_text){
		.rows = dlb_reg_rows,
		.fields = dlb_reg_fields,
		.row_count = DLB_REG_COUNT,
		.field_count = DLB_REG_FIELD_COUNT,
		.version = version,
	};
}

/* ---- Places ---- */

static void
check_found(const struct reg_text *t, unsigned int row, uint32_t i, uint32_t word, uint64_t inside)
{
	const struct reg_row *r = &dlb_reg_rows[row];
	uint64_t off = r->offset[t->version] + (uint64_t)i * r->stride +
		       (uint64_t)word * r->word_stride;
	unsigned int found;
	uint32_t at, at_word;

	assert_int_equal(reg_text_offset(t, row, i, word), off);
	assert_true(reg_text_find(t, r->bar, off + inside, &found, &at, &at_word));
	assert_int_equal(found, row);
	assert_int_equal(at, i);
	assert_int_equal(at_word, word);
}

/* The name leads back to the row: its own, and the indexes in brackets. */
static void
check_named(const struct reg_text *t, unsigned int row, uint32_t i, uint32_t word)
{
	const struct reg_row *r = &dlb_reg_rows[row];
	size_t length = strlen(r->name);
	char name[80], *rest;

	assert_in_range(reg_text_name(t, row, i, word, name, sizeof(name)), 1, sizeof(name) - 1);
	assert_memory_equal(name, r->name, length);
	rest = name + length;
	if (r->count[t->version] > 1 || r->words > 1) {
		assert_int_equal(*rest++, '[');
		assert_int_equal(strtoul(rest, &rest, 10), i);
		assert_int_equal(*rest++, ']');
	}
	if (r->words > 1) {
		assert_int_equal(*rest++, '[');
		assert_int_equal(strtoul(rest, &rest, 10), word);
		assert_int_equal(*rest++, ']');
	}
	assert_int_equal(*rest, '\0');
}

static unsigned int
check_version(unsigned int version)
{
	struct reg_text t = table_of(version);
	unsigned int instances = 0;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *r = &dlb_reg_rows[row];

		for (uint32_t i = 0; i < r->count[version]; i++) {
			for (uint32_t word = 0; word < r->words; word++, instances++) {
				check_found(&t, row, i, word, 0);
				check_named(&t, row, i, word);
				if (r->access == REG_WINDOW)
					check_found(&t, row, i, word, r->stride - 1);
			}
		}
	}
	return instances;
}

static void
every_register_of_2_0_is_found_and_named(void **state)
{
	(void)state;
	assert_true(check_version(DLB_V20) > DLB_REG_COUNT);
}

static void
every_register_of_2_5_is_found_and_named(void **state)
{
	(void)state;
	assert_true(check_version(DLB_V25) > DLB_REG_COUNT);
}

static bool
is_found(unsigned int version, unsigned int bar, uint64_t off)
{
	struct reg_text t = table_of(version);
	unsigned int row;
	uint32_t i, word;

	return reg_text_find(&t, bar, off, &row, &i, &word);
}

static void
what_is_no_register_is_not_found(void **state)
{
	(void)state;
	/* The middle of a register, the gap between two of them, another bar, beyond the end. */
	assert_true(is_found(DLB_V25, 2, 0x10000100));
	assert_false(is_found(DLB_V25, 2, 0x10000101));
	assert_false(is_found(DLB_V25, 1, 0x10000100));
	assert_false(is_found(DLB_V20, 2, 0x10000100));
	assert_true(is_found(DLB_V25, 0, 0x01000040));
	assert_false(is_found(DLB_V25, 0, 0x01000044 + 0x10 * 64));
	assert_false(is_found(DLB_V25, 2, UINT64_MAX));
	/* The page after the last producer port; 2.0 has fewer of them. */
	assert_true(is_found(DLB_V25, 0, 0x02000000 + 96 * 0x1000 - 1));
	assert_false(is_found(DLB_V25, 0, 0x02000000 + 96 * 0x1000));
	assert_false(is_found(DLB_V20, 0, 0x02000000 + 64 * 0x1000));
}

/* ---- Fields ---- */

static const struct reg_row rows[] = {
	{.name = "R", .offset = {0, 0}, .count = {1, 1}, .words = 1},
	{.name = "PLAIN", .offset = {4, 4}, .count = {1, 1}, .words = 1},
};
static const struct reg_field fields[] = {
	{.name = "COUNT", .row = 0, .hi = 11, .lo = 0, .versions = 3},
	{.name = "OLD", .row = 0, .hi = 12, .lo = 12, .versions = 1},
	{.name = "NEW", .row = 0, .hi = 12, .lo = 12, .versions = 2},
	{.name = "ADDR", .row = 0, .hi = 31, .lo = 13, .versions = 3},
};
static const struct reg_text small = {rows, fields, 2, 4, 1};

static void
fields_are_named_with_their_values(void **state)
{
	char text[64];
	int n;

	(void)state;
	n = reg_text_fields(&small, 0, 3 | 1u << 12 | 0x12345u << 13, text, sizeof(text));
	assert_string_equal(text, "COUNT=3 NEW=1 ADDR=0x12345");
	assert_int_equal(n, strlen(text));
	reg_text_fields(&small, 0, 0, text, sizeof(text));
	assert_string_equal(text, "COUNT=0 NEW=0 ADDR=0");
	assert_int_equal(reg_text_fields(&small, 1, 5, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

/* As long as the register and no longer: the top bit is there. */
static void
a_field_of_the_whole_register_shows_all_of_it(void **state)
{
	struct reg_field whole = {.name = "ALL", .row = 0, .hi = 31, .lo = 0, .versions = 3};
	struct reg_text t = {rows, &whole, 2, 1, 0};
	char text[32];

	(void)state;
	reg_text_fields(&t, 0, 0x80000001, text, sizeof(text));
	assert_string_equal(text, "ALL=0x80000001");
}

static void
short_buffers_are_kept_to(void **state)
{
	const char *whole = "COUNT=3 NEW=1 ADDR=0x12345";
	char text[40];

	(void)state;
	for (size_t len = 0; len <= strlen(whole) + 1; len++) {
		memset(text, '#', sizeof(text));
		assert_int_equal(
			reg_text_fields(&small, 0, 3 | 1u << 12 | 0x12345u << 13, text, len),
			strlen(whole));
		assert_int_equal(text[len], '#');
		if (len > 0) {
			assert_int_equal(strlen(text), len - 1);
			assert_memory_equal(text, whole, len - 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_register_of_2_0_is_found_and_named),
		cmocka_unit_test(every_register_of_2_5_is_found_and_named),
		cmocka_unit_test(what_is_no_register_is_not_found),
		cmocka_unit_test(fields_are_named_with_their_values),
		cmocka_unit_test(a_field_of_the_whole_register_shows_all_of_it),
		cmocka_unit_test(short_buffers_are_kept_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
