/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Every register of both versions obeys its row, and every class of access its rule, datasheet
 * section 3.21: the table of facts is walked row by row, on a device fresh from a reset.
 */
#include "dlb_reg_table.h"
#include "dlb_test_case.h"

static const uint32_t patterns[] = {0xffffffff, 0x55555555, 0xaaaaaaaa, 0x80000001, 0};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* Rows whose class alone does not say what they read as: other tests pin these. */
static const struct {
	enum dlb_reg row;
	uint32_t fixed; /* bits that do not take what is written */
	uint32_t value; /* what they read as */
} exceptions[] = {
	/* Positions are inside a history list, and no list is longer than one entry here. */
	{DLB_CHP_HIST_LIST_PUSH_PTR, 0x1fff, 0},
	{DLB_CHP_HIST_LIST_POP_PTR, 0x1fff, 0},
	/* A ring without a depth has no place to write to. */
	{DLB_CHP_LDB_CQ_WPTR, 0xffffffff, 0},
	{DLB_CHP_DIR_CQ_WPTR, 0xffffffff, 0},
	/* The tokens of the CQ, which are loaded by another register. */
	{DLB_CHP_LDB_CQ_DEPTH, 0xffffffff, 0},
	{DLB_CHP_DIR_CQ_DEPTH, 0xffffffff, 0},
	/* The write buffer never holds anything. */
	{DLB_SYS_DIR_CQ_OPT_CLR, 0xffffffff, 0},
	{DLB_SYS_WB_DIR_CQ_STATE, 0xffffffff, 0},
	{DLB_SYS_WB_LDB_CQ_STATE, 0xffffffff, 0},
};

static uint32_t
row_mask(const struct rig *r, unsigned int row)
{
	uint32_t mask = 0;

	for (size_t f = 0; f < DLB_REG_FIELD_COUNT; f++) {
		const struct reg_field *field = &dlb_reg_fields[f];

		if (field->row == row && (field->versions >> r->version & 1))
			mask |= (~UINT32_C(0) >> (31 - (field->hi - field->lo))) << field->lo;
	}
	return mask;
}

static void
fresh(struct rig *r)
{
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
}

/* What the class's rule makes of a write. */
static uint32_t
rule(enum reg_access access, uint32_t before, uint32_t written)
{
	switch (access) {
	case REG_RO:
		return before;
	case REG_RW1C:
		return before & ~written;
	case REG_RW1S:
		return before | written;
	case REG_SYND:
		return before & ~(written & 0xc0000000);
	default:
		return written;
	}
}

static uint32_t
expected(const struct rig *r, unsigned int row, uint32_t before, uint32_t written)
{
	uint32_t value = rule(dlb_reg_rows[row].access, before, written & row_mask(r, row));

	for (size_t e = 0; e < sizeof(exceptions) / sizeof(exceptions[0]); e++)
		if (exceptions[e].row == row)
			value = (value & ~exceptions[e].fixed) | exceptions[e].value;
	/* A monitor's version is 1. */
	if (strstr(dlb_reg_rows[row].name, "SMON_CFG0") != NULL)
		value = (value & 0x3fffffff) | 0x40000000;
	return value;
}

/* Rows of one vector that sixteen places show. */
static bool
is_vector(unsigned int row)
{
	return row == DLB_PF_VF2PF_MAILBOX_ISR || row == DLB_PF_VF2PF_FLR_ISR ||
	       row == DLB_PF_PF2VF_MAILBOX_ISR || row == DLB_PF_VF_RESET_IN_PROGRESS;
}

static void
check_place(struct rig *r, unsigned int row, uint32_t i, uint32_t word)
{
	uint32_t before = dlb_reg_rows[row].reset[r->version], now, want;

	fresh(r);
	/* Woken since the reset. */
	if (row == DLB_CM_CFG_PM_PMCSR_DISABLE)
		before = 0;
	assert_int_equal(rig_read_word(r, (enum dlb_reg)row, i, word), before);
	for (size_t p = 0; p < PATTERNS; p++) {
		rig_write_word(r, (enum dlb_reg)row, i, word, patterns[p]);
		now = rig_read_word(r, (enum dlb_reg)row, i, word);
		want = expected(r, row, before, patterns[p]);
		if (now != want)
			print_error("%s[%u][%u]: 0x%08x, wrote 0x%08x, reads 0x%08x\n",
				    dlb_reg_rows[row].name, i, word, before, patterns[p], now);
		assert_int_equal(now, want);
		before = now;
	}
}

static bool
is_register(const struct rig *r, unsigned int row)
{
	return rig_has(r, (enum dlb_reg)row) && dlb_reg_rows[row].access != REG_WINDOW &&
	       dlb_reg_rows[row].bar != REG_BAR_VF;
}

static void
registers_obey_their_access_rule(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *facts = &dlb_reg_rows[row];
		uint32_t last = facts->count[r->version] - 1;

		if (!is_register(r, row))
			continue;
		check_place(r, row, 0, 0);
		if (last != 0)
			check_place(r, row, last, 0);
		if (facts->words > 1)
			check_place(r, row, last, facts->words - 1);
	}
}

/* A write is nobody else's business: neighbours of what was written keep their reset values. */
static void
registers_of_an_array_are_apart(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *facts = &dlb_reg_rows[row];

		if (!is_register(r, row) || facts->count[r->version] < 3 || is_vector(row))
			continue;
		fresh(r);
		rig_write(r, (enum dlb_reg)row, 1, 0xffffffff);
		assert_int_equal(rig_read(r, (enum dlb_reg)row, 0), facts->reset[r->version]);
		assert_int_equal(rig_read(r, (enum dlb_reg)row, 2), facts->reset[r->version]);
	}
}

/* ---- Rules that need something to go on ---- */

/* Counters: the device counts, and a write loads what is written. */
static void
counters_count_on_from_what_is_loaded(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0, 0xffffffff);
	rig_write(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, 0, 6);
	rig_write(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0, 100);
	rig_write(r, DLB_LSP_LDB_SCH_CNT_H, 0, 3);
	rig_write(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0, 2);
	for (uint32_t k = 0; k < 10; k++)
		rig_new(r, DLB_UNORDERED, 0, 0, k);
	rig_flush(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0), 10);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0), 9);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, 0), 7);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0), 110);
	assert_int_equal(rig_read(r, DLB_LSP_LDB_SCH_CNT_L, 0), 10);
	assert_int_equal(rig_read(r, DLB_LSP_LDB_SCH_CNT_H, 0), 3);
	rig_write(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0, 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0), 0);
}

/* Live counts that are read-only: a write changes neither what they show nor what they count. */
static void
live_counts_cannot_be_written(void **state)
{
	static const enum dlb_reg rows[] = {
		DLB_LSP_CQ_LDB_INFL_CNT,     DLB_LSP_QID_LDB_INFL_CNT, DLB_LSP_QID_LDB_ENQUEUE_CNT,
		DLB_LSP_QID_AQED_ACTIVE_CNT, DLB_LSP_QID_ATM_ACTIVE,
	};
	struct rig *r = *state;

	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, 0, 5);
	for (uint32_t k = 0; k < 20; k++) {
		rig_new(r, DLB_UNORDERED, 0, 0, k);
		rig_new(r, DLB_ATOMIC, 0, k, k);
	}
	rig_step(r);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		uint32_t before = rig_read(r, rows[k], 0);

		assert_int_not_equal(before, 0);
		rig_write(r, rows[k], 0, before + 1);
		assert_int_equal(rig_read(r, rows[k], 0), before);
	}
}

/* Stopped means stopped: once the write was flushed nothing comes any more, though there is work.
 */
static void
disabled_cq_is_written_no_more_after_the_flush(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	for (uint32_t k = 0; k < 30; k++)
		rig_new(r, DLB_UNORDERED, 0, 0, k);
	rig_write(r, DLB_LSP_CQ_LDB_DSBL, 0, 1);
	rig_flush(r);
	rig_step(r);
	expect_nothing(r, 0);
	assert_int_equal(rig_poll_all(r, 1), 8);
	assert_int_equal(rig_depth(r, 0), 22);
}

/* Tokens: a write loads the live count, up and down. */
static void
token_count_loads_what_is_written(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_CNT, 0, 13);
	for (uint32_t k = 0; k < 30; k++)
		rig_new(r, DLB_UNORDERED, 0, 0, k);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_CNT, 0, 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 16);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(registers_obey_their_access_rule),
		ON_BOTH(registers_of_an_array_are_apart),
		ON_BOTH(counters_count_on_from_what_is_loaded),
		ON_BOTH(live_counts_cannot_be_written),
		ON_BOTH(disabled_cq_is_written_no_more_after_the_flush),
		ON_BOTH(token_count_loads_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
