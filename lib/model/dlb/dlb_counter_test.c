/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Counters of the device: totals, high-water marks, depths, and the depth code of delivered events.
 * Datasheet sections 3.21, 4.7 and 7.9.
 */
#include "dlb_test_case.h"

static uint64_t
count(struct rig *r, enum dlb_reg low, enum dlb_reg high, uint32_t i)
{
	return (uint64_t)rig_read(r, high, i) << 32 | rig_read(r, low, i);
}

static void
directed_pair(struct rig *r, uint32_t p)
{
	rig_dir_port(r, 0, p, 64);
	rig_dir_queue(r, 0, p, 16);
	rig_start(r, 0);
}

/* ---- Totals ---- */

static void
enqueues_are_counted_by_kind(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, 0);
	directed_pair(r, 3);
	for (uint32_t n = 0; n < 100; n++) {
		rig_new(r, DLB_ATOMIC, 0, n, n);
		if (n % 2)
			rig_new(r, DLB_UNORDERED, 0, 0, n);
		if (n % 4 == 0)
			rig_new(r, DLB_ORDERED, 0, 0, n);
		if (n % 5 == 0)
			rig_new(r, DLB_DIRECTED, 3, 0, n);
	}
	/* Dropped ones are not counted. */
	rig_new(r, DLB_UNORDERED, 1, 0, 0);
	rig_new(r, DLB_DIRECTED, 4, 0, 0);
	assert_int_equal(count(r, DLB_LSP_QID_ATM_TOT_ENQ_CNTL, DLB_LSP_QID_ATM_TOT_ENQ_CNTH, 0),
			 100);
	assert_int_equal(
		count(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, 0), 75);
	assert_int_equal(count(r, DLB_LSP_QID_DIR_TOT_ENQ_CNTL, DLB_LSP_QID_DIR_TOT_ENQ_CNTH, 3),
			 20);
	assert_int_equal(rig_read(r, DLB_LSP_QID_ATM_TOT_ENQ_CNTL, 1), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_TOT_ENQ_CNTL, 4), 0);
}

static void
deliveries_are_counted_per_cq_and_in_all(void **state)
{
	struct rig *r = *state;
	uint64_t sum = 0;

	rig_balance(r, 4, 64, 64, RIG_NOT_ORDERED);
	directed_pair(r, 3);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	for (uint32_t n = 0; n < 30; n++)
		rig_new(r, DLB_DIRECTED, 3, 0, n);
	rig_step(r);
	for (uint32_t cq = 0; cq < 4; cq++) {
		uint64_t total = count(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, DLB_LSP_CQ_LDB_TOT_SCH_CNTH,
				       cq);

		assert_int_equal(total, rig_poll_all(r, cq));
		sum += total;
	}
	assert_int_equal(sum, 100);
	assert_int_equal(count(r, DLB_LSP_LDB_SCH_CNT_L, DLB_LSP_LDB_SCH_CNT_H, 0), 100);
	assert_int_equal(count(r, DLB_LSP_CQ_DIR_TOT_SCH_CNTL, DLB_LSP_CQ_DIR_TOT_SCH_CNTH, 3), 30);
	assert_int_equal(count(r, DLB_LSP_DIR_SCH_CNT_L, DLB_LSP_DIR_SCH_CNT_H, 0), 30);
}

/* A write loads; the next event carries into the high word. */
static void
counters_load_what_is_written_and_carry(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0, 0xffffffff);
	rig_write(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTH, 0, 7);
	rig_new(r, DLB_UNORDERED, 0, 0, 0);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTH, 0), 8);
	rig_write(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTH, 0, 0);
	assert_int_equal(count(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, DLB_LSP_CQ_LDB_TOT_SCH_CNTH, 0), 0);
	rig_write(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0), 1);
}

static void
live_counts_are_read_only(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 0);
	rig_step(r);
	rig_write(r, DLB_LSP_CQ_LDB_INFL_CNT, 0, 5);
	rig_write(r, DLB_LSP_QID_LDB_INFL_CNT, 0, 5);
	rig_write(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, 0, 5);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0, 5);
	rig_write(r, DLB_LSP_QID_ATM_ACTIVE, 0, 5);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 1);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 1);
	assert_int_equal(rig_depth(r, 0), 0);
}

/* ---- Depths ---- */

static void
depth_registers_sum_to_what_waits(void **state)
{
	struct rig *r = *state;
	uint32_t sent = 0, got = 0;

	rig_balance(r, 2, 16, 16, 0);
	for (uint32_t round = 0; round < 60; round++) {
		for (uint32_t n = 0; n < 5; n++, sent += 3) {
			rig_new(r, DLB_ATOMIC, 0, n, n);
			rig_new(r, DLB_UNORDERED, 0, 0, n);
			rig_new(r, DLB_ORDERED, 0, 0, n);
		}
		assert_int_equal(rig_depth(r, 0), sent - got);
		rig_step(r);
		for (uint32_t cq = 0; cq < 2; cq++) {
			uint32_t n = rig_poll_all(r, cq);

			got += n;
			for (n = n / 2; n > 0; n--)
				rig_finish(r, cq);
		}
		assert_int_equal(rig_depth(r, 0), sent - got);
	}
	assert_true(got > 32);
}

/* Section 7.9: the stage up to its limit, what is before it, and the rest apart. */
static void
depth_registers_tell_the_stages_apart(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, 0);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_ATOMIC, 0, n, n);
	for (uint32_t n = 0; n < 30; n++)
		rig_new(r, n % 2 ? DLB_UNORDERED : DLB_ORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 64);
	assert_int_equal(rig_read(r, DLB_LSP_QID_ATM_ACTIVE, 0), 36);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, 0), 30);
}

static void
directed_depth_is_what_waits(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	directed_pair(r, 3);
	rig_enable(r, RIG_DIR(3), false);
	for (uint32_t n = 0; n < 50; n++)
		rig_new(r, DLB_DIRECTED, 3, 0, n);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 3), 50);
	rig_enable(r, RIG_DIR(3), true);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 3), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 3), 50);
}

/* Let events pile up: how many wait at a time is certain only while their CQs are disabled. */
static void
pause_and_fill(struct rig *r, uint32_t unordered, uint32_t directed)
{
	rig_enable(r, 0, false);
	rig_enable(r, RIG_DIR(3), false);
	for (uint32_t n = 0; n < unordered; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	for (uint32_t n = 0; n < directed; n++)
		rig_new(r, DLB_DIRECTED, 3, 0, n);
	rig_enable(r, 0, true);
	rig_enable(r, RIG_DIR(3), true);
}

static void
high_water_marks_stay_until_written(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	directed_pair(r, 3);
	pause_and_fill(r, 40, 20);
	rig_enable(r, 0, true);
	rig_step(r);
	assert_int_equal(rig_depth(r, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0), 40);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_MAX_DEPTH, 3), 20);
	rig_write(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0, 0);
	rig_write(r, DLB_LSP_QID_DIR_MAX_DEPTH, 3, 0);
	pause_and_fill(r, 3, 3);
	rig_enable(r, 0, true);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_MAX_DEPTH, 0), 3);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_MAX_DEPTH, 3), 3);
}

/* ---- Depth code, section 4.7 ---- */

static uint32_t
code_of(uint32_t depth, uint32_t threshold)
{
	if (2 * depth <= threshold)
		return 0;
	if (4 * depth <= 3 * threshold)
		return 1;
	return depth <= threshold ? 2 : 3;
}

/* QEs leave one by one: codes step down, at the depths of 4.7 give or take the one that leaves. */
static void
check_depth_code(struct rig *r, uint32_t port, uint32_t threshold, uint32_t events)
{
	uint32_t seen[4] = {0};
	struct dlb_qe qe;

	rig_enable(r, port, true);
	rig_enable(r, port, true);
	rig_step(r);
	for (uint32_t depth = events; depth > 0; depth--) {
		uint32_t code;

		assert_true(rig_poll(r, port, &qe));
		code = (uint32_t)REG_GET(DLB_QE_DEPTH, qe.meta);
		assert_true(code == code_of(depth, threshold) ||
			    code == code_of(depth - 1, threshold));
		seen[code]++;
		rig_finish(r, port);
		rig_step(r);
	}
	for (uint32_t code = 0; code < 4; code++)
		assert_true(seen[code] > 0);
}

/* One CQ with room for one, not yet enabled; only the threshold of the kind looked at is low. */
static void
code_queue(struct rig *r, enum dlb_reg threshold)
{
	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_ATM_DEPTH_THRSH, 0, 1000);
	rig_write(r, DLB_LSP_QID_NALDB_DEPTH_THRSH, 0, 1000);
	rig_write(r, threshold, 0, 40);
	/* The backlog builds up first. */
	rig_enable(r, 0, false);
	rig_enable(r, 0, false);
}

static void
depth_code_of_unordered_events(void **state)
{
	struct rig *r = *state;

	code_queue(r, DLB_LSP_QID_NALDB_DEPTH_THRSH);
	for (uint32_t n = 0; n < 60; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	check_depth_code(r, 0, 40, 60);
}

static void
depth_code_of_atomic_events(void **state)
{
	struct rig *r = *state;

	code_queue(r, DLB_LSP_QID_ATM_DEPTH_THRSH);
	for (uint32_t n = 0; n < 60; n++)
		rig_new(r, DLB_ATOMIC, 0, n, n);
	check_depth_code(r, 0, 40, 60);
}

static void
depth_code_of_directed_events(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 3, 1);
	rig_dir_queue(r, 0, 3, 40);
	rig_start(r, 0);
	rig_enable(r, RIG_DIR(3), false);
	for (uint32_t n = 0; n < 60; n++)
		rig_new(r, DLB_DIRECTED, 3, 0, n);
	check_depth_code(r, RIG_DIR(3), 40, 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(enqueues_are_counted_by_kind),
		ON_BOTH(deliveries_are_counted_per_cq_and_in_all),
		ON_BOTH(counters_load_what_is_written_and_carry),
		ON_BOTH(live_counts_are_read_only),
		ON_BOTH(depth_registers_sum_to_what_waits),
		ON_BOTH(depth_registers_tell_the_stages_apart),
		ON_BOTH(directed_depth_is_what_waits),
		ON_BOTH(high_water_marks_stay_until_written),
		ON_BOTH(depth_code_of_unordered_events),
		ON_BOTH(depth_code_of_atomic_events),
		ON_BOTH(depth_code_of_directed_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
