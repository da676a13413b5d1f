/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Tokens, and everything else that holds a consumer queue back. Datasheet sections 2.4, 4.4, 7.7.
 */
#include "dlb_test_case.h"

/* ---- Tokens ---- */

static void
check_preset(struct rig *r, uint32_t port, uint32_t depth)
{
	enum dlb_reg count = port < DLB_LDB_PORTS ? DLB_LSP_CQ_LDB_TKN_CNT : DLB_LSP_CQ_DIR_TKN_CNT;
	uint32_t i = port < DLB_LDB_PORTS ? port : port - DLB_LDB_PORTS, taken = 0;

	for (uint32_t n = 0; n < 40; n++)
		rig_new(r, port < DLB_LDB_PORTS ? DLB_UNORDERED : DLB_DIRECTED,
			port < DLB_LDB_PORTS ? 0 : i, 0, n);
	while (taken < 40) {
		rig_step(r);
		for (uint32_t k = 0; k < depth; k++)
			expect_qe(r, port, taken + k);
		expect_nothing(r, port);
		assert_int_equal(rig_read(r, count, i), 8);
		for (uint32_t k = 0; k < depth; k++, taken++)
			rig_finish(r, port);
		assert_int_equal(rig_read(r, count, i), 8 - depth);
	}
}

static void
preset_tokens_leave_room_for_1(void **state)
{
	rig_balance(*state, 1, 1, 64, RIG_NOT_ORDERED);
	check_preset(*state, 0, 1);
}

static void
preset_tokens_leave_room_for_2(void **state)
{
	rig_balance(*state, 1, 2, 64, RIG_NOT_ORDERED);
	check_preset(*state, 0, 2);
}

static void
preset_tokens_leave_room_for_4(void **state)
{
	rig_balance(*state, 1, 4, 64, RIG_NOT_ORDERED);
	check_preset(*state, 0, 4);
}

static void
preset_tokens_of_a_directed_cq_leave_room_for_4(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 2, 4);
	rig_dir_queue(r, 0, 2, 10);
	rig_start(r, 0);
	check_preset(r, RIG_DIR(2), 4);
}

static void
tokens_are_counted_exactly(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 40; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 16);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 16);
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_DEPTH, 0), 16);
	/* One makes room for one. */
	rig_tokens(r, 0, 1);
	rig_step(r);
	expect_qe(r, 0, 16);
	expect_nothing(r, 0);
	/* A batch for a batch. */
	rig_tokens(r, 0, 10);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 6);
	rig_step(r);
	for (uint32_t n = 17; n < 27; n++)
		expect_qe(r, 0, n);
	expect_nothing(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 16);
	/* Completions give none back. */
	rig_complete(r, 0);
	rig_step(r);
	expect_nothing(r, 0);
}

static void
excess_tokens_are_ignored(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 3; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	rig_tokens(r, 0, 1024);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	rig_tokens(r, 0, 5);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	/* And leave no room that is not there. */
	for (uint32_t n = 3; n < 40; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 8);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 8);
}

/* Thousands of events, tokens returned in batches of every size: the count is always right. */
static void
check_token_count(struct rig *r, uint32_t port, enum dlb_reg row, uint32_t i)
{
	uint32_t in_use = 0, seed = 3;

	for (uint32_t n = 0; n < 6000; n++) {
		uint32_t back = rig_draw(&seed) % 24;

		for (uint32_t k = rig_draw(&seed) % 16; k > 0; k--)
			rig_new(r, port < DLB_LDB_PORTS ? DLB_UNORDERED : DLB_DIRECTED, i, 0, n);
		rig_step(r);
		for (uint32_t got = rig_poll_all(r, port); got > 0; got--, in_use++)
			if (port < DLB_LDB_PORTS)
				rig_complete(r, port);
		assert_int_equal(rig_read(r, row, i), in_use);
		if (back != 0)
			rig_tokens(r, port, back);
		in_use -= back < in_use ? back : in_use;
		assert_int_equal(rig_read(r, row, i), in_use);
	}
}

static void
tokens_are_right_over_thousands_of_events(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 64, RIG_NOT_ORDERED);
	check_token_count(r, 0, DLB_LSP_CQ_LDB_TKN_CNT, 0);
	rig_dir_port(r, 0, 3, 16);
	rig_dir_queue(r, 0, 3, 10);
	rig_start(r, 0);
	check_token_count(r, RIG_DIR(3), DLB_LSP_CQ_DIR_TKN_CNT, 3);
}

/* Only the low ten bits of the lock id count: 1 to 1024 tokens. */
static void
token_batch_has_ten_bits(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 16; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 0xfc00 | (5 - 1), 0));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 11);
}

static void
combined_commands_return_one_token(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW_T, DLB_UNORDERED, 0, 0, 7, 8));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 7);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 8);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_FWD_T, DLB_UNORDERED, 0, 0, 7, 9));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 6);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 7);
	assert_int_equal(rig_depth(r, 0), 2);
}

/* Section 4.4: the recommended reading, and the other one. */
static void
completion_with_tokens_returns_as_many_as_it_says(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 5 - 1, 0));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 3);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 7);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 100 - 1, 0));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
}

static void
completion_with_tokens_may_be_switched_to_one(void **state)
{
	const struct dlb_model_open_points open = {.comp_t_one_token = true};
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	rig_balance(r, 1, 8, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 5 - 1, 0));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 7);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 7);
}

/* ---- Limits ---- */

static void
full_history_list_stops_scheduling(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 32, 5, RIG_NOT_ORDERED);
	/* The list itself has to hold it back, not the inflight limit. */
	rig_write(r, DLB_LSP_CQ_LDB_INFL_LIM, 0, 100);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 5);
	rig_tokens(r, 0, 5);
	rig_step(r);
	expect_nothing(r, 0);
	for (uint32_t n = 5; n < 20; n++) {
		rig_complete(r, 0);
		rig_step(r);
		expect_qe(r, 0, n);
		expect_nothing(r, 0);
	}
}

static void
cq_inflight_limit_stops_scheduling(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 32, 32, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CQ_LDB_INFL_LIM, 0, 3);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	rig_complete(r, 0);
	rig_complete(r, 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 2);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 3);
	rig_write(r, DLB_LSP_CQ_LDB_INFL_LIM, 0, 32);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 15);
}

/* The limit is the queue's, over all its CQs; other queues of those CQs go on. */
static void
queue_inflight_limit_is_over_all_cqs(void **state)
{
	struct rig *r = *state;
	uint32_t got = 0;

	rig_balance(r, 4, 32, 32, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	for (uint32_t p = 0; p < 4; p++)
		rig_link(r, 1, p, 1, 0);
	rig_start(r, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 6);
	for (uint32_t n = 0; n < 40; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	for (uint32_t p = 0; p < 4; p++)
		got += rig_poll_all(r, p);
	assert_int_equal(got, 6);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 6);
	rig_new(r, DLB_UNORDERED, 1, 0, 1000);
	rig_step(r);
	for (uint32_t p = 0; p < 4; p++)
		got += rig_poll_all(r, p);
	assert_int_equal(got, 7);
}

static void
queue_inflight_limit_of_zero_pauses(void **state)
{
	static const enum dlb_sched types[] = {DLB_ATOMIC, DLB_UNORDERED, DLB_ORDERED};
	struct rig *r = *state;

	rig_balance(r, 1, 32, 32, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 0);
	for (uint32_t n = 0; n < 6; n++)
		rig_new(r, types[n % 3], 0, n, n);
	rig_step(r);
	expect_nothing(r, 0);
	assert_int_equal(rig_depth(r, 0), 6);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 64);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 6);
	assert_int_equal(rig_depth(r, 0), 0);
}

/* After the flush no QE goes to a disabled CQ; completions and tokens are still taken (5.11). */
static void
disabled_cq_gets_nothing_but_returns_count(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 32, 32, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 4);
	rig_enable(r, 0, false);
	for (uint32_t n = 4; n < 8; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	expect_nothing(r, 0);
	rig_finish(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 3);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 3);
	rig_enable(r, 0, true);
	rig_step(r);
	for (uint32_t n = 4; n < 8; n++)
		expect_qe(r, 0, n);
}

static void
disabled_directed_cq_gets_nothing(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 10);
	rig_start(r, 0);
	rig_enable(r, RIG_DIR(1), false);
	rig_new(r, DLB_DIRECTED, 1, 0, 5);
	rig_step(r);
	expect_nothing(r, RIG_DIR(1));
	rig_enable(r, RIG_DIR(1), true);
	rig_step(r);
	expect_qe(r, RIG_DIR(1), 5);
}

/* Delivered to a full ring nothing is overwritten: slots keep what the consumer has not taken. */
static void
unread_slots_are_never_overwritten(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 2048 - 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	for (uint32_t n = 0; n < 8; n++)
		assert_int_equal(rig_slot(r, 0, n).data, n);
	for (uint32_t n = 0; n < 92; n++) {
		expect_qe(r, 0, n);
		rig_tokens(r, 0, 1);
		rig_step(r);
		assert_int_equal(rig_slot(r, 0, (n + 1) % 8).data, n + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(preset_tokens_leave_room_for_1),
		ON_BOTH(preset_tokens_leave_room_for_2),
		ON_BOTH(preset_tokens_leave_room_for_4),
		ON_BOTH(preset_tokens_of_a_directed_cq_leave_room_for_4),
		ON_BOTH(tokens_are_counted_exactly),
		ON_BOTH(excess_tokens_are_ignored),
		ON_BOTH(tokens_are_right_over_thousands_of_events),
		ON_BOTH(token_batch_has_ten_bits),
		ON_BOTH(combined_commands_return_one_token),
		ON_BOTH(completion_with_tokens_returns_as_many_as_it_says),
		ON_BOTH(completion_with_tokens_may_be_switched_to_one),
		ON_BOTH(full_history_list_stops_scheduling),
		ON_BOTH(cq_inflight_limit_stops_scheduling),
		ON_BOTH(queue_inflight_limit_is_over_all_cqs),
		ON_BOTH(queue_inflight_limit_of_zero_pauses),
		ON_BOTH(disabled_cq_gets_nothing_but_returns_count),
		ON_BOTH(disabled_directed_cq_gets_nothing),
		ON_BOTH(unread_slots_are_never_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
