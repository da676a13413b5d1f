/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What 2.5 adds to hold a consumer queue back, datasheet section 7.7: work units, and the inflight
 * threshold (open point 13).
 */
#include "dlb_test_case.h"

#define WU_LIMIT(n)    (0x8000u | (n))
#define ENAB_IF_THRESH 0x10u

static struct dlb_qe
weighted(enum dlb_cmd cmd, enum dlb_sched sched, uint32_t code, uint64_t data)
{
	struct dlb_qe qe = rig_hcw(cmd, sched, 0, 0, (uint32_t)data, data);

	qe.meta |= REG_PUT(DLB_QE_WEIGHT, code);
	return qe;
}

static void
feed(struct rig *r, uint32_t n, uint32_t code)
{
	for (uint32_t k = 0; k < n; k++)
		rig_send_one(r, RIG_PRODUCER, weighted(DLB_CMD_NEW, DLB_UNORDERED, code, k));
	rig_step(r);
}

/* ---- Work units ---- */

/* QEs go while the load is below the limit: weights 0, 2, 4 and 8. */
static void
work_units_limit_what_a_cq_holds(void **state)
{
	static const uint32_t goes[4] = {40, 9, 5, 3};
	struct rig *r = *state;

	rig_balance(r, 1, 128, 128, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 0, WU_LIMIT(17));
	for (uint32_t code = 0; code < 4; code++) {
		uint32_t got;

		feed(r, 40, code);
		got = rig_poll_all(r, 0);
		assert_int_equal(got, goes[code]);
		rig_tokens(r, 0, got);
		/* Tokens are something else. */
		rig_step(r);
		expect_nothing(r, 0);
		/* One completion makes room for one. */
		for (; got < 40; got++) {
			rig_complete(r, 0);
			rig_step(r);
			assert_int_equal(rig_poll_all(r, 0), 1);
			rig_tokens(r, 0, 1);
		}
		for (uint32_t left = goes[code]; left > 0; left--)
			rig_complete(r, 0);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	}
}

static void
work_units_count_atomic_qes_and_forwards(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t p = 0; p < 2; p++)
		rig_write(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, p, WU_LIMIT(8));
	for (uint32_t k = 0; k < 8; k++)
		rig_send_one(r, RIG_PRODUCER, weighted(DLB_CMD_NEW, DLB_ATOMIC, 2, k));
	rig_step(r);
	assert_true(rig_poll(r, 0, &qe) && rig_poll(r, 0, &qe));
	expect_nothing(r, 0);
	assert_int_equal(rig_poll_all(r, 1), 2);
	/* A forward gives the weight back that it came with, not the one that it carries. */
	rig_send_one(r, 0, weighted(DLB_CMD_FWD, DLB_ATOMIC, 0, 9));
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 1);
	expect_nothing(r, 1);
}

static void
work_units_are_no_limit_unless_it_is_valid(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 0, 8);
	feed(r, 30, 3);
	assert_int_equal(rig_poll_all(r, 0), 30);
}

/* Nothing of a weight is seen by the consumer of a device without limits. */
static void
weights_do_not_travel_to_the_consumer(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	feed(r, 4, 3);
	while (rig_poll(r, 0, &qe))
		assert_int_equal(REG_GET(DLB_QE_FLAGS, qe.meta), 0);
}

/* On 2.0 the bits are reserved, and the register is none. */
static void
weights_mean_nothing_to_2_0(void **state)
{
	struct rig *r = *state;

	assert_false(rig_has(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT));
	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	/* Weights that count there, by a way of the scheduler that looks at limits. */
	rig_write(r, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0, 0, 0xffbf7f3f);
	feed(r, 40, 3);
	assert_int_equal(rig_poll_all(r, 0), 40);
}

/* Without a limit on it a CQ is not held back by the limit of another. */
static void
work_units_limit_one_cq_only(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 0, WU_LIMIT(1));
	feed(r, 40, 3);
	assert_int_equal(rig_poll_all(r, 0), 1);
	assert_int_equal(rig_poll_all(r, 1), 39);
}

/* ---- Inflight threshold ---- */

static void
threshold_set(struct rig *r, const struct dlb_model_open_points *open, uint32_t ports)
{
	assert_int_equal(rig_replug(r, open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	rig_balance(r, ports, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CFG_CTRL_GENERAL_0, 0, ENAB_IF_THRESH);
	rig_write(r, DLB_LSP_CQ_LDB_INFL_THRESH, 0, 4);
}

static void
threshold_is_only_stored_by_default(void **state)
{
	struct rig *r = *state;

	threshold_set(r, NULL, 1);
	for (uint32_t k = 0; k < 20; k++)
		rig_new(r, DLB_ATOMIC, 0, k, k);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 20);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_THRESH, 0), 4);
	assert_int_equal(rig_read(r, DLB_LSP_CFG_CTRL_GENERAL_0, 0), ENAB_IF_THRESH);
}

static void
threshold_may_be_switched_to_shun_new_flows(void **state)
{
	const struct dlb_model_open_points open = {.threshold_shuns_flows = true};
	struct rig *r = *state;

	threshold_set(r, &open, 1);
	/* New flows while at most 4 are in flight, so 5 of them. */
	for (uint32_t k = 0; k < 20; k++)
		rig_new(r, DLB_ATOMIC, 0, k, k);
	rig_step(r);
	for (uint32_t k = 0; k < 5; k++)
		expect_qe(r, 0, k);
	expect_nothing(r, 0);
	rig_complete(r, 0);
	rig_step(r);
	expect_qe(r, 0, 5);
	expect_nothing(r, 0);
	/* Off: as if there were none. */
	rig_write(r, DLB_LSP_CFG_CTRL_GENERAL_0, 0, 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 14);
}

static void
threshold_lets_flows_go_elsewhere_and_known_ones_come(void **state)
{
	const struct dlb_model_open_points open = {.threshold_shuns_flows = true};
	struct rig *r = *state;

	threshold_set(r, &open, 2);
	/* CQ 0 goes beyond it with a flow it has. */
	rig_enable(r, 1, false);
	for (uint32_t k = 0; k < 10; k++)
		rig_new(r, DLB_ATOMIC, 0, 1, k);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 10);
	rig_enable(r, 1, true);
	for (uint32_t k = 0; k < 6; k++)
		rig_new(r, DLB_ATOMIC, 0, 100 + k, k);
	rig_new(r, DLB_ATOMIC, 0, 1, 10);
	rig_step(r);
	/* CQ 1 has no threshold of its own: 0 is none. */
	assert_int_equal(rig_poll_all(r, 1), 6);
	expect_qe(r, 0, 10);
	expect_nothing(r, 0);
	/* Unordered QEs have no flow. */
	rig_enable(r, 1, false);
	rig_new(r, DLB_UNORDERED, 0, 0, 11);
	rig_step(r);
	expect_qe(r, 0, 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_V25(work_units_limit_what_a_cq_holds),
		ON_V25(work_units_count_atomic_qes_and_forwards),
		ON_V25(work_units_are_no_limit_unless_it_is_valid),
		ON_V25(work_units_limit_one_cq_only),
		ON_BOTH(weights_do_not_travel_to_the_consumer),
		ON_V20(weights_mean_nothing_to_2_0),
		ON_V25(threshold_is_only_stored_by_default),
		ON_V25(threshold_may_be_switched_to_shun_new_flows),
		ON_V25(threshold_lets_flows_go_elsewhere_and_known_ones_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
