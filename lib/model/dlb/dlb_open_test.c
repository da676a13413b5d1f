/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Open points of the datasheet, section 14, that a constructor can switch: both sides of each. What
 * a COMP_T returns is in dlb_token_test, what a directed QE carries in dlb_directed_test, the
 * inflight threshold in dlb_limit_test, monitors in dlb_smon_test.
 */
#include "dlb_test_case.h"

static void
replug(struct rig *r, struct dlb_model_open_points open)
{
	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
}

/* ---- Point 3: how long a QE is in the atomic stage ---- */

static void
scheduled_qe_leaves_the_atomic_stage(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, 0, 5);
	for (uint32_t k = 0; k < 8; k++)
		rig_new(r, DLB_ATOMIC, 0, k, k);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 8);
	assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 0);
	assert_int_equal(rig_depth(r, 0), 0);
}

static void
scheduled_qe_may_be_switched_to_stay_until_completion(void **state)
{
	struct rig *r = *state;

	replug(r, (struct dlb_model_open_points){.stage_until_completion = true});
	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, 0, 5);
	rig_enable(r, 1, false);
	for (uint32_t k = 0; k < 8; k++)
		rig_new(r, DLB_ATOMIC, 0, k, k);
	rig_new(r, DLB_UNORDERED, 0, 0, 99);
	rig_step(r);
	/* Five entries, and what is not atomic needs none. */
	assert_int_equal(rig_poll_all(r, 0), 6);
	assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 5);
	assert_int_equal(rig_read(r, DLB_LSP_QID_ATM_ACTIVE, 0), 3);
	assert_int_equal(rig_depth(r, 0), 8);
	/* Each completion makes room for the next, wherever it goes. */
	rig_complete(r, 0);
	rig_complete(r, 0);
	rig_complete(r, 0);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	rig_step(r);
	expect_nothing(r, 0);
	assert_in_range(rig_poll_all(r, 1), 2, 3);
	assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 5);
	/* And a drain, which completes everything, ends. */
	rig_enable(r, 0, true);
	for (uint32_t k = 0; k < 8; k++) {
		for (uint32_t p = 0; p < 2; p++)
			if (rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p) != 0)
				rig_complete(r, p);
		rig_step(r);
	}
	assert_int_equal(rig_depth(r, 0), 0);
}

/* Five entries. One is a flow's in flight at a CQ that takes no more; n QEs of it wait for that CQ.
 * Two other flows come behind these.
 */
static void
stage_fill(struct rig *r, uint32_t n)
{
	replug(r, (struct dlb_model_open_points){.stage_until_completion = true});
	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, 0, 5);
	rig_enable(r, 1, false);
	rig_new(r, DLB_ATOMIC, 0, 1, 0);
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	for (uint32_t k = 1; k <= n; k++)
		rig_new(r, DLB_ATOMIC, 0, 1, k);
	rig_new(r, DLB_ATOMIC, 0, 2, 10);
	rig_new(r, DLB_ATOMIC, 0, 3, 11);
	rig_step(r);
}

static void
stage_is_full_of_both_kinds_of_entries(void **state)
{
	struct rig *r = *state;

	stage_fill(r, 3);
	expect_qe(r, 1, 10);
	expect_nothing(r, 1);
	/* With a completion there is an entry for the last, and the first flow moves. */
	rig_complete(r, 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 1), 4);
}

static void
stage_full_of_a_held_flow_blocks_the_others(void **state)
{
	struct rig *r = *state;

	stage_fill(r, 4);
	expect_nothing(r, 1);
	rig_complete(r, 0);
	rig_step(r);
	/* Five entries for six QEs. */
	assert_int_equal(rig_poll_all(r, 1), 5);
}

static void
domain_reset_ends_with_entries_kept_until_completion(void **state)
{
	struct rig *r = *state;

	replug(r, (struct dlb_model_open_points){.stage_until_completion = true});
	rig_balance(r, 3, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t k = 0; k < 300; k++)
		rig_new(r, DLB_ATOMIC, 0, k % 50, k);
	rig_step(r);
	assert_int_equal(rig_domain_reset(r, 0), 0);
}

/* ---- Point 7: lock ids compressed ---- */

/* Locks 3 and 3 + 64 with CQ 0 full: does the second one go to CQ 1? */
static bool
locks_are_two_flows(struct rig *r, uint32_t code)
{
	struct dlb_qe qe;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_AQED_QID_HID_WIDTH, 0, code);
	rig_enable(r, 1, false);
	rig_new(r, DLB_ATOMIC, 0, 3, 0);
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	rig_new(r, DLB_ATOMIC, 0, 3 + 64, 1);
	rig_step(r);
	if (rig_poll(r, 1, &qe)) {
		assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), 3 + 64);
		return true;
	}
	/* It waits for the first one, and then moves; it keeps its lock id on its way. */
	rig_complete(r, 0);
	rig_step(r);
	assert_true(rig_poll(r, 1, &qe));
	assert_int_equal(qe.data, 1);
	assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), 3 + 64);
	rig_complete(r, 1);
	return false;
}

static void
lock_ids_are_flows_of_their_own(void **state)
{
	assert_true(locks_are_two_flows(*state, 1));
}

static void
lock_ids_may_be_switched_to_share_flows(void **state)
{
	replug(*state, (struct dlb_model_open_points){.lock_modulo = true});
	assert_false(locks_are_two_flows(*state, 1));
}

static void
lock_ids_share_no_flow_where_the_code_leaves_room(void **state)
{
	replug(*state, (struct dlb_model_open_points){.lock_modulo = true});
	assert_true(locks_are_two_flows(*state, 2));
}

static void
lock_ids_share_no_flow_without_a_code(void **state)
{
	replug(*state, (struct dlb_model_open_points){.lock_modulo = true});
	assert_true(locks_are_two_flows(*state, 0));
}

/* A driver that changes its mind under way confuses nobody but itself. */
static void
lock_ids_keep_their_flows_while_these_are_in_use(void **state)
{
	struct rig *r = *state;

	replug(r, (struct dlb_model_open_points){.lock_modulo = true});
	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t k = 0; k < 200; k++)
		rig_new(r, DLB_ATOMIC, 0, k * 7, k);
	rig_step(r);
	rig_write(r, DLB_AQED_QID_HID_WIDTH, 0, 1);
	for (uint32_t k = 0; k < 100; k++) {
		for (uint32_t p = 0; p < 2; p++) {
			rig_complete(r, p);
			rig_tokens(r, p, 1);
		}
		rig_step(r);
	}
	assert_int_equal(rig_depth(r, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 0);
	/* No flow is left in use: all the queue may have can be had again. */
	rig_write(r, DLB_AQED_QID_HID_WIDTH, 0, 0);
	rig_write(r, DLB_AQED_QID_FID_LIM, 0, 16);
	for (uint32_t k = 0; k < 16; k++)
		rig_new(r, DLB_ATOMIC, 0, k * 1000, k);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 16);
}

/* ---- Point 8: what a weight is ---- */

/* How many of 64 QEs are not of the strongest level, under a word that the readings disagree on. */
static uint32_t
weak_ones_of_64(struct rig *r)
{
	struct dlb_qe qe;
	uint32_t weak = 0;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0, 0, 0xfffdfbf9);
	rig_enable(r, 0, false);
	for (uint32_t k = 0; k < 4 * 64; k++)
		rig_send_one(r, RIG_PRODUCER,
			     rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 2 * (k % 4), 0, k % 4));
	rig_enable(r, 0, true);
	rig_step(r);
	for (uint32_t k = 0; k < 64; k++) {
		assert_true(rig_poll(r, 0, &qe));
		weak += qe.data != 0;
	}
	return weak;
}

static void
weights_are_edges_of_a_wheel(void **state)
{
	assert_in_range(weak_ones_of_64(*state), 0, 3);
}

static void
weights_may_be_switched_to_shares(void **state)
{
	replug(*state, (struct dlb_model_open_points){.weights_are_shares = true});
	assert_in_range(weak_ones_of_64(*state), 45, 51);
}

/* ---- Point 12: a sleeping device ---- */

static void
sleeping_device_reads_as_ones(void **state)
{
	assert_int_equal(rig_replug(*state, NULL), 0);
	assert_int_equal(rig_read(*state, DLB_SYS_TOTAL_VAS, 0), 0xffffffff);
}

static void
sleeping_device_may_be_switched_to_zeros(void **state)
{
	const struct dlb_model_open_points open = {.asleep_reads_zero = true};
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, &open), 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 0);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 1);
	/* A bar that is off is not the device's to answer for. */
	rig_command(r, 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 0xffffffff);
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 0x20);
}

/* ---- Point 17: presets of the write pointer ---- */

/* The generation of the QE that a CQ of 8 slots gets after the preset, and where it is. */
static void
check_preset(struct rig *r, uint32_t port, uint32_t preset, uint32_t slot, uint32_t generation)
{
	bool directed = port >= DLB_LDB_PORTS;

	rig_write(r, directed ? DLB_CHP_DIR_CQ_WPTR : DLB_CHP_LDB_CQ_WPTR, port % DLB_LDB_PORTS,
		  preset);
	assert_int_equal(rig_read(r, directed ? DLB_CHP_DIR_CQ_WPTR : DLB_CHP_LDB_CQ_WPTR,
				  port % DLB_LDB_PORTS),
			 preset);
	rig_new(r, directed ? DLB_DIRECTED : DLB_UNORDERED, 0, 0, preset);
	rig_step(r);
	assert_int_equal(rig_slot(r, port, slot).data, preset);
	assert_int_equal(REG_GET(DLB_QE_GEN, rig_slot(r, port, slot).meta), generation);
}

static void
preset_open(struct rig *r)
{
	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 0, 8);
	rig_dir_queue(r, 0, 0, 10);
	rig_start(r, 0);
}

static void
write_pointer_has_its_pass_above_the_slots(void **state)
{
	struct rig *r = *state;

	preset_open(r);
	check_preset(r, 0, 3, 3, 1);
	check_preset(r, 0, 8 | 5, 5, 0);
	check_preset(r, RIG_DIR(0), 8 | 2, 2, 0);
}

static void
write_pointer_may_be_switched_to_have_it_on_top(void **state)
{
	struct rig *r = *state;

	replug(r, (struct dlb_model_open_points){.wptr_pass_on_top = true});
	preset_open(r);
	check_preset(r, 0, 3, 3, 1);
	check_preset(r, 0, 0x400 | 5, 5, 0);
	check_preset(r, RIG_DIR(0), 0x1000 | 2, 2, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(scheduled_qe_leaves_the_atomic_stage),
		ON_BOTH(scheduled_qe_may_be_switched_to_stay_until_completion),
		ON_V25(stage_is_full_of_both_kinds_of_entries),
		ON_V25(stage_full_of_a_held_flow_blocks_the_others),
		ON_BOTH(domain_reset_ends_with_entries_kept_until_completion),
		ON_V25(lock_ids_are_flows_of_their_own),
		ON_BOTH(lock_ids_may_be_switched_to_share_flows),
		ON_V25(lock_ids_share_no_flow_where_the_code_leaves_room),
		ON_V25(lock_ids_share_no_flow_without_a_code),
		ON_V25(lock_ids_keep_their_flows_while_these_are_in_use),
		ON_V25(weights_are_edges_of_a_wheel),
		ON_V25(weights_may_be_switched_to_shares),
		ON_BOTH(sleeping_device_reads_as_ones),
		ON_BOTH(sleeping_device_may_be_switched_to_zeros),
		ON_BOTH(write_pointer_has_its_pass_above_the_slots),
		ON_BOTH(write_pointer_may_be_switched_to_have_it_on_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
