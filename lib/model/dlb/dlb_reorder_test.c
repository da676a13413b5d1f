/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The reorder stage, datasheet section 7.4: what waits there, what it costs, and fragments.
 */
#include "dlb_test_case.h"

#define CQS  4u
#define SINK 10u /* LDB port that takes what comes out of queue 1 */

/* Queue 0, ordered, to CQS ports; queue 1, for everything, to the sink. */
static void
two_stages(struct rig *r, int sn_mode)
{
	rig_balance(r, CQS, 64, 128, sn_mode);
	rig_ldb_port(r, 0, SINK, 1024, 1024);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, SINK, 0, 0);
	rig_start(r, 0);
}

/* ---- The reorder stage ---- */

/* A QE in the reorder stage holds a credit and is in no queue's depth (7.4). */
static void
parked_events_hold_credits_and_no_depth(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t first;

	two_stages(r, 0);
	rig_domain(r, 0, 4, 0);
	for (uint32_t p = 2; p < CQS; p++)
		rig_enable(r, p, false);
	/* One each on two CQs. */
	rig_enable(r, 1, false);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	for (uint32_t n = 1; n < 5; n++) {
		rig_new(r, DLB_ORDERED, 0, 0, n);
		rig_step(r);
	}
	for (first = 0; rig_poll(r, 1, &qe); first++)
		rig_forward(r, 1, DLB_UNORDERED, 1, 0, qe.data);
	assert_int_equal(first, 4);
	rig_step(r);
	expect_nothing(r, SINK);
	assert_int_equal(rig_depth(r, 1), 0);
	/* All four credits are in the reorder stage: this one is over credit. */
	rig_new(r, DLB_UNORDERED, 1, 0, 99);
	rig_step(r);
	expect_nothing(r, SINK);
	rig_complete(r, 0);
	rig_step(r);
	for (uint32_t n = 1; n < 5; n++)
		expect_qe(r, SINK, n);
	/* They came back as the four were delivered. */
	rig_new(r, DLB_UNORDERED, 1, 0, 100);
	rig_step(r);
	expect_qe(r, SINK, 100);
}

/* A forward that is dropped for want of a credit resolves its number all the same (7.8). */
static void
forward_over_credit_leaves_no_gap(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	for (uint32_t p = 1; p < CQS; p++)
		rig_enable(r, p, false);
	for (uint32_t n = 0; n < 3; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	rig_domain(r, 0, 0, 0);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 10);
	rig_flush(r);
	rig_domain(r, 0, 4, 0);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 11);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 12);
	rig_step(r);
	expect_qe(r, SINK, 11);
	expect_qe(r, SINK, 12);
	expect_nothing(r, SINK);
}

/* ---- Fragments ---- */

static void
send_fragment(struct rig *r, uint32_t port, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_FRAG, DLB_UNORDERED, 1, 0, 0, data));
}

/* Fragments of a number come before its final forward, after all smaller numbers. */
static void
fragments_come_in_their_number_s_place(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	for (uint32_t p = 2; p < CQS; p++)
		rig_enable(r, p, false);
	rig_enable(r, 1, false);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_step(r);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	rig_new(r, DLB_ORDERED, 0, 0, 1);
	rig_step(r);
	expect_qe(r, 0, 0);
	expect_qe(r, 1, 1);
	/* Number 1 first: everything of it waits for number 0. */
	send_fragment(r, 1, 100);
	send_fragment(r, 1, 101);
	rig_forward(r, 1, DLB_UNORDERED, 1, 0, 102);
	send_fragment(r, 0, 50);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 1);
	send_fragment(r, 0, 51);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 52);
	rig_step(r);
	for (uint64_t n = 50; n < 53; n++)
		expect_qe(r, SINK, n);
	for (uint64_t n = 100; n < 103; n++)
		expect_qe(r, SINK, n);
	expect_nothing(r, SINK);
}

/* Fragments of an entry that is dropped in the end still come out. */
static void
fragments_before_a_completion_come_out(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	for (uint32_t p = 1; p < CQS; p++)
		rig_enable(r, p, false);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_FRAG_T, DLB_UNORDERED, 1, 0, 0, 5));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	rig_complete(r, 0);
	rig_step(r);
	expect_qe(r, SINK, 5);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
}

static void
fragments_of_unordered_entries_are_dropped(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	send_fragment(r, 0, 1);
	rig_new(r, DLB_UNORDERED, 0, 0, 0);
	rig_step(r);
	for (uint32_t p = 0; p < CQS; p++)
		send_fragment(r, p, 2);
	rig_step(r);
	expect_nothing(r, SINK);
	assert_int_equal(rig_depth(r, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(parked_events_hold_credits_and_no_depth),
		ON_BOTH(forward_over_credit_leaves_no_gap),
		ON_BOTH(fragments_come_in_their_number_s_place),
		ON_BOTH(fragments_before_a_completion_come_out),
		ON_BOTH(fragments_of_unordered_entries_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
