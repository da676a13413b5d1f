/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The register file on a table of its own: every access rule, every shape of array, both versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "regfile.h"

enum row {
	PLAIN,
	CONSTANT,
	CLEARS,
	SETS,
	COUNTS,
	LIVE,
	RECORD,
	TRIGGER,
	ARRAY,
	COLUMN_A, /* two columns of a page that repeats per port */
	COLUMN_B,
	MATRIX_INNER, /* second index inside the first one's stride */
	MATRIX_OUTER, /* and outside */
	OLD_ONLY,
	MOVED,
	LOW_BAR,
	PAGE,
	WIDE,
	RULED,
	ROWS
};

#define ROW(n, acc, off20, off25, n20, n25, st, w, wst, rst) \
	[n] = {.name = #n,                                   \
	       .offset = {off20, off25},                     \
	       .count = {n20, n25},                          \
	       .stride = st,                                 \
	       .words = w,                                   \
	       .word_stride = wst,                           \
	       .reset = {rst, rst},                          \
	       .access = acc,                                \
	       .bar = REG_BAR_2}

static const struct reg_row rows[ROWS] = {
	ROW(PLAIN, REG_RW, 0x100, 0x100, 1, 1, 0, 1, 0, 0x12),
	ROW(CONSTANT, REG_RO, 0x104, 0x104, 1, 1, 0, 1, 0, 0xabcd),
	ROW(CLEARS, REG_RW1C, 0x108, 0x108, 1, 1, 0, 1, 0, 0xffffffff),
	ROW(SETS, REG_RW1S, 0x10c, 0x10c, 1, 1, 0, 1, 0, 0x1),
	ROW(COUNTS, REG_COUNTER, 0x110, 0x110, 1, 1, 0, 1, 0, 0),
	ROW(LIVE, REG_LIVE, 0x114, 0x114, 1, 1, 0, 1, 0, 7),
	ROW(RECORD, REG_SYND, 0x118, 0x118, 1, 1, 0, 1, 0, 0xc0000055),
	ROW(TRIGGER, REG_TRIGGER, 0x11c, 0x11c, 1, 1, 0, 1, 0, 0),
	ROW(ARRAY, REG_RW, 0x10000, 0x10000, 4, 6, 0x1000, 1, 0, 3),
	ROW(COLUMN_A, REG_RW, 0x20f00, 0x20f00, 8, 8, 0x1000, 1, 0, 0),
	ROW(COLUMN_B, REG_RW, 0x20f04, 0x20f04, 4, 4, 0x1000, 1, 0, 0),
	ROW(MATRIX_INNER, REG_RW, 0x40000, 0x40000, 3, 3, 0x1000, 4, 4, 0),
	ROW(MATRIX_OUTER, REG_RW, 0x80000, 0x80000, 5, 5, 0x1000, 3, 0x80000, 0),
	ROW(OLD_ONLY, REG_RW, 0x200, REG_NONE, 1, 0, 0, 1, 0, 0),
	ROW(MOVED, REG_RW, 0x204, 0x200, 1, 1, 0, 1, 0, 0x99),
	[LOW_BAR] = {.name = "LOW_BAR",
		     .offset = {0x100, 0x100},
		     .count = {1, 1},
		     .words = 1,
		     .access = REG_RW,
		     .bar = REG_BAR_0},
	ROW(PAGE, REG_WINDOW, 0x1000000, 0x1000000, 4, 4, 0x1000, 1, 0, 0),
	[WIDE] = {.name = "WIDE",
		  .offset = {0x300, 0x300},
		  .count = {2, 2},
		  .stride = 0x10,
		  .words = 1,
		  .reset = {UINT64_C(0x1100000022), UINT64_C(0x1100000022)},
		  .access = REG_RW,
		  .bar = REG_BAR_2,
		  .bytes = 8},
	ROW(RULED, REG_RW, 0x400, 0x400, 1, 1, 0, 1, 0, 0xf0),
};

#define WHOLE(n)                                                          \
	{                                                                 \
		.name = "ALL", .row = n, .hi = 31, .lo = 0, .versions = 3 \
	}

static const struct reg_field fields[] = {
	{.name = "LOW", .row = PLAIN, .hi = 7, .lo = 0, .versions = 3},
	{.name = "NEW", .row = PLAIN, .hi = 9, .lo = 8, .versions = 2},
	{.name = "TOP", .row = PLAIN, .hi = 31, .lo = 31, .versions = 1},
	WHOLE(CONSTANT),
	WHOLE(CLEARS),
	WHOLE(SETS),
	WHOLE(COUNTS),
	{.name = "ALL", .row = LIVE, .hi = 10, .lo = 0, .versions = 3},
	WHOLE(RECORD),
	WHOLE(TRIGGER),
	WHOLE(ARRAY),
	WHOLE(COLUMN_A),
	WHOLE(COLUMN_B),
	WHOLE(MATRIX_INNER),
	WHOLE(MATRIX_OUTER),
	WHOLE(OLD_ONLY),
	WHOLE(MOVED),
	WHOLE(LOW_BAR),
	{.name = "ALL", .row = WIDE, .hi = 59, .lo = 0, .versions = 3},
	WHOLE(RULED),
};

static const struct reg_table table = {rows, fields, ROWS, sizeof(fields) / sizeof(fields[0])};

/* What the hooks saw. */
struct owner {
	struct reg_at at;
	uint32_t value;
	unsigned int writes;
	uint32_t live;
};

static void
note_write(void *arg, struct reg_at at, uint32_t value)
{
	struct owner *o = arg;

	o->at = at;
	o->value = value;
	o->writes++;
}

static uint32_t
read_live(void *arg, struct reg_at at)
{
	struct owner *o = arg;

	(void)at;
	return o->live;
}

static const struct reg_hook hooks[] = {
	{CLEARS, NULL, note_write},   {LIVE, read_live, note_write},
	{TRIGGER, NULL, note_write},  {MATRIX_OUTER, NULL, note_write},
	{CONSTANT, NULL, note_write},
};

static struct owner owner;

static int
setup_version(void **state, unsigned int version)
{
	owner = (struct owner){0};
	*state = regfile_create(&table, version, hooks, sizeof(hooks) / sizeof(hooks[0]), &owner);
	return *state == NULL ? -1 : 0;
}

static int
setup_old(void **state)
{
	return setup_version(state, 0);
}

static int
setup_new(void **state)
{
	return setup_version(state, 1);
}

static int
teardown(void **state)
{
	regfile_destroy(*state);
	return 0;
}

static void
put(void **state, uint64_t off, uint32_t value)
{
	assert_true(regfile_write(*state, 2, off, value));
}

static uint32_t
get(void **state, uint64_t off)
{
	uint32_t value;

	assert_true(regfile_read(*state, 2, off, &value));
	return value;
}

static void
expect_stray(void **state, unsigned int bar, uint64_t off)
{
	uint32_t value = 0x5a5a5a5a;
	struct reg_at at;

	assert_false(regfile_read(*state, bar, off, &value));
	assert_int_equal(value, 0);
	assert_false(regfile_write(*state, bar, off, 0xffffffff));
	assert_false(regfile_find(*state, bar, off, &at));
}

/* ---- Access rules ---- */

static void
registers_start_at_their_reset_value(void **state)
{
	assert_int_equal(get(state, 0x100), 0x12);
	assert_int_equal(get(state, 0x104), 0xabcd);
	assert_int_equal(get(state, 0x118), 0xc0000055);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(get(state, 0x10000 + 0x1000 * i), 3);
}

static void
rw_stores_and_masks_reserved_bits(void **state)
{
	put(state, 0x100, 0xffffffff);
	assert_int_equal(get(state, 0x100), 0x800000ff);
	put(state, 0x100, 0);
	assert_int_equal(get(state, 0x100), 0);
}

static void
fields_of_the_other_version_are_reserved(void **state)
{
	put(state, 0x100, 0xffffffff);
	assert_int_equal(get(state, 0x100), 0x3ff);
}

static void
ro_ignores_writes(void **state)
{
	put(state, 0x104, 0x1111);
	assert_int_equal(get(state, 0x104), 0xabcd);
	assert_int_equal(regfile_get(*state, CONSTANT, 0), 0xabcd);
}

static void
rw1c_clears_the_written_ones(void **state)
{
	put(state, 0x108, 0x0000ff00);
	assert_int_equal(get(state, 0x108), 0xffff00ff);
	put(state, 0x108, 0);
	assert_int_equal(get(state, 0x108), 0xffff00ff);
	put(state, 0x108, 0xffffffff);
	assert_int_equal(get(state, 0x108), 0);
}

static void
rw1s_sets_the_written_ones(void **state)
{
	put(state, 0x10c, 0x80);
	put(state, 0x10c, 0);
	assert_int_equal(get(state, 0x10c), 0x81);
}

static void
counter_takes_what_is_written(void **state)
{
	put(state, 0x110, 1234);
	assert_int_equal(get(state, 0x110), 1234);
	put(state, 0x110, 0);
	assert_int_equal(get(state, 0x110), 0);
}

static void
live_register_reads_through_its_hook(void **state)
{
	owner.live = 0x2a;
	assert_int_equal(get(state, 0x114), 0x2a);
	put(state, 0x114, 0x155);
	assert_int_equal(owner.value, 0x155);
	assert_int_equal(owner.at.row, LIVE);
}

static void
hook_cannot_show_reserved_bits(void **state)
{
	owner.live = 0xffffffff;
	assert_int_equal(get(state, 0x114), 0x7ff);
}

static void
syndrome_clears_valid_and_more_only(void **state)
{
	put(state, 0x118, 0x3fffffff);
	assert_int_equal(get(state, 0x118), 0xc0000055);
	put(state, 0x118, 0x40000000);
	assert_int_equal(get(state, 0x118), 0x80000055);
	put(state, 0x118, 0xffffffff);
	assert_int_equal(get(state, 0x118), 0x55);
}

static void
trigger_acts_each_time_and_reads_back(void **state)
{
	put(state, 0x11c, 5);
	put(state, 0x11c, 5);
	assert_int_equal(owner.writes, 2);
	assert_int_equal(owner.value, 5);
	assert_int_equal(get(state, 0x11c), 5);
}

/* The hook learns what the rule made of the write, not what was on the bus. */
static void
hook_gets_the_stored_value(void **state)
{
	put(state, 0x108, 0xf0f0f0f0);
	assert_int_equal(owner.value, 0x0f0f0f0f);
	put(state, 0x104, 1);
	assert_int_equal(owner.value, 0xabcd);
}

/* ---- Arrays ---- */

static void
array_instances_are_apart(void **state)
{
	for (uint32_t i = 0; i < 4; i++)
		put(state, 0x10000 + 0x1000 * i, 100 + i);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(get(state, 0x10000 + 0x1000 * i), 100 + i);
		assert_int_equal(regfile_get(*state, ARRAY, i), 100 + i);
	}
}

static void
array_length_follows_the_version(void **state)
{
	put(state, 0x15000, 1);
	expect_stray(state, 2, 0x16000);
}

static void
array_ends_where_the_old_version_says(void **state)
{
	put(state, 0x13000, 1);
	expect_stray(state, 2, 0x14000);
	expect_stray(state, 2, 0x15000);
}

static void
columns_of_a_page_interleave(void **state)
{
	for (uint32_t i = 0; i < 8; i++)
		put(state, 0x20f00 + 0x1000 * i, 0xa0 + i);
	for (uint32_t i = 0; i < 4; i++)
		put(state, 0x20f04 + 0x1000 * i, 0xb0 + i);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(get(state, 0x20f00 + 0x1000 * i), 0xa0 + i);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(get(state, 0x20f04 + 0x1000 * i), 0xb0 + i);
	/* Column B is shorter: no register there, though column A goes on. */
	expect_stray(state, 2, 0x20f04 + 0x1000 * 4);
}

static void
second_index_inside_the_stride(void **state)
{
	struct reg_at at;

	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t w = 0; w < 4; w++)
			put(state, 0x40000 + 0x1000 * i + 4 * w, i * 16 + w);
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t w = 0; w < 4; w++)
			assert_int_equal(get(state, 0x40000 + 0x1000 * i + 4 * w), i * 16 + w);
	assert_true(regfile_find(*state, 2, 0x4200c, &at));
	assert_int_equal(at.row, MATRIX_INNER);
	assert_int_equal(at.i, 2);
	assert_int_equal(at.word, 3);
	expect_stray(state, 2, 0x40010);
}

static void
second_index_outside_the_stride(void **state)
{
	for (uint32_t i = 0; i < 5; i++)
		for (uint32_t w = 0; w < 3; w++)
			put(state, 0x80000 + 0x1000 * i + 0x80000 * w, i * 16 + w);
	assert_int_equal(owner.at.i, 4);
	assert_int_equal(owner.at.word, 2);
	for (uint32_t i = 0; i < 5; i++)
		for (uint32_t w = 0; w < 3; w++)
			assert_int_equal(get(state, 0x80000 + 0x1000 * i + 0x80000 * w),
					 i * 16 + w);
	expect_stray(state, 2, 0x80000 + 0x1000 * 5);
	expect_stray(state, 2, 0x80000 + 0x80000 * 3);
}

/* ---- Versions and strays ---- */

static void
register_that_moved_is_at_its_old_place(void **state)
{
	assert_int_equal(get(state, 0x204), 0x99);
	put(state, 0x200, 5);
	assert_int_equal(get(state, 0x204), 0x99);
}

static void
register_that_moved_is_at_its_new_place(void **state)
{
	assert_int_equal(get(state, 0x200), 0x99);
	expect_stray(state, 2, 0x204);
}

static void
strays_read_zero_and_are_told(void **state)
{
	static const uint64_t nowhere[] = {0,         0xfc,      0x120,      0x101,      0x102,
					   0x10001,   0xf000,    0x10ffc,    0x10004,    0x20efc,
					   0x1000000, 0x1001000, 0xffffffff, 0x100000100};

	for (size_t k = 0; k < sizeof(nowhere) / sizeof(nowhere[0]); k++)
		expect_stray(state, 2, nowhere[k]);
	assert_int_equal(owner.writes, 0);
}

static void
bars_are_apart(void **state)
{
	assert_true(regfile_write(*state, 0, 0x100, 0x77));
	assert_int_equal(get(state, 0x100), 0x12);
	expect_stray(state, 0, 0x104);
	expect_stray(state, 1, 0x100);
	expect_stray(state, 4, 0x100);
}

/* The device's own way to a register: its access rule and hook are for drivers. */
static void
device_stores_what_drivers_may_not(void **state)
{
	regfile_put(*state, CONSTANT, 0, 0x55);
	assert_int_equal(get(state, 0x104), 0x55);
	regfile_put(*state, ARRAY, 2, 0x66);
	assert_int_equal(get(state, 0x12000), 0x66);
	assert_int_equal(get(state, 0x11000), 3);
	regfile_put(*state, PLAIN, 0, 0xffffffff);
	assert_int_equal(get(state, 0x100), 0x800000ff);
	assert_int_equal(owner.writes, 0);
}

static void
reset_brings_back_every_value(void **state)
{
	assert_true(regfile_write(*state, 2, 0x100, 0x77));
	assert_true(regfile_write(*state, 2, 0x13000, 0x77));
	assert_true(regfile_write(*state, 2, 0x80000, 0x77));
	assert_int_equal(owner.writes, 1);
	regfile_reset(*state);
	assert_int_equal(get(state, 0x100), 0x12);
	assert_int_equal(get(state, 0x13000), 3);
	assert_int_equal(get(state, 0x80000), 0);
	assert_int_equal(owner.writes, 1);
}

static void
hooks_come_in_groups(void **state)
{
	static const struct reg_hook more[] = {{PLAIN, NULL, note_write}};

	regfile_hook(*state, more, 1);
	assert_true(regfile_write(*state, 2, 0x100, 0x77));
	assert_true(regfile_write(*state, 2, 0x11c, 1));
	assert_int_equal(owner.writes, 2);
}

#define CASE(f, setup, which)                                                                     \
	{                                                                                         \
		.name = #f which, .test_func = f, .setup_func = setup, .teardown_func = teardown, \
	}
#define OLD(f) CASE(f, setup_old, " on the old version")
#define NEW(f) CASE(f, setup_new, " on the new version")

static void
eight_bytes_are_two_halves(void **state)
{
	struct regfile *rf = *state;
	uint32_t value;

	assert_true(regfile_read(rf, 2, 0x310, &value));
	assert_int_equal(value, 0x22);
	assert_true(regfile_read(rf, 2, 0x314, &value));
	assert_int_equal(value, 0x11);
	assert_true(regfile_write(rf, 2, 0x314, 0xabcdef01));
	assert_int_equal(regfile_value(rf, (struct reg_at){.row = WIDE, .i = 1}),
			 UINT64_C(0x0bcdef0100000022));
	assert_int_equal(regfile_value(rf, (struct reg_at){.row = WIDE}), UINT64_C(0x1100000022));
	regfile_set(rf, (struct reg_at){.row = WIDE, .half = 1}, UINT64_MAX);
	assert_true(regfile_read(rf, 2, 0x304, &value));
	assert_int_equal(value, 0x0fffffff);
	assert_false(regfile_read(rf, 2, 0x308, &value));
}

static void
some_bits_can_be_written(void **state)
{
	struct regfile *rf = *state;

	regfile_put(rf, ARRAY, 0, 0x11223344);
	assert_true(regfile_write_bits(rf, 2, 0x10000, 0xaabbccdd, 0x00ff0000));
	assert_int_equal(regfile_get(rf, ARRAY, 0), 0x11bb3344);
	/* Ones that are not written clear nothing. */
	assert_true(regfile_write_bits(rf, 2, 0x108, 0xffffffff, 0x0000ff00));
	assert_int_equal(regfile_get(rf, CLEARS, 0), 0xffff00ff);
}

static uint32_t
keep_high(void *arg, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)arg;
	(void)at;
	mask &= 0xffff;
	return (old & ~mask) | (value & mask);
}

static void
a_rule_decides_what_is_stored(void **state)
{
	static const struct reg_rule rules[] = {{RULED, keep_high}};
	struct regfile *rf = *state;

	regfile_rule(rf, rules, 1);
	regfile_put(rf, RULED, 0, 0x12345678);
	assert_true(regfile_write(rf, 2, 0x400, 0xaaaabbbb));
	assert_int_equal(regfile_get(rf, RULED, 0), 0x1234bbbb);
	assert_true(regfile_write_bits(rf, 2, 0x400, 0, 0xff));
	assert_int_equal(regfile_get(rf, RULED, 0), 0x1234bb00);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OLD(registers_start_at_their_reset_value),
		NEW(registers_start_at_their_reset_value),
		OLD(rw_stores_and_masks_reserved_bits),
		NEW(fields_of_the_other_version_are_reserved),
		OLD(ro_ignores_writes),
		OLD(rw1c_clears_the_written_ones),
		OLD(rw1s_sets_the_written_ones),
		OLD(counter_takes_what_is_written),
		OLD(live_register_reads_through_its_hook),
		OLD(hook_cannot_show_reserved_bits),
		OLD(syndrome_clears_valid_and_more_only),
		OLD(trigger_acts_each_time_and_reads_back),
		OLD(hook_gets_the_stored_value),
		OLD(array_instances_are_apart),
		NEW(array_length_follows_the_version),
		OLD(array_ends_where_the_old_version_says),
		OLD(columns_of_a_page_interleave),
		NEW(columns_of_a_page_interleave),
		OLD(second_index_inside_the_stride),
		NEW(second_index_outside_the_stride),
		OLD(register_that_moved_is_at_its_old_place),
		NEW(register_that_moved_is_at_its_new_place),
		OLD(strays_read_zero_and_are_told),
		NEW(strays_read_zero_and_are_told),
		OLD(bars_are_apart),
		OLD(device_stores_what_drivers_may_not),
		NEW(reset_brings_back_every_value),
		OLD(hooks_come_in_groups),
		NEW(eight_bytes_are_two_halves),
		OLD(some_bits_can_be_written),
		OLD(a_rule_decides_what_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
