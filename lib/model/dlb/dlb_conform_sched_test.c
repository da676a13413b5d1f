/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Statements of datasheet sections 6 to 8 that no other suite shows: what does not count in
 * scheduling, counters, and a reset that needs a slot.
 */
#include "dlb_test_case.h"

static void
send(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t prio, uint32_t flow,
     uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, sched, 0, prio, flow, data));
}

/* ---- Section 6 ---- */

/* Two queues at one CQ; a priority that is OR-ed over an older one counts as it then reads. */
static void
slot_priority_is_what_the_register_says(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 4);
	rig_start(r, 0);
	rig_enable(r, 0, false);
	/* Slot 0: 2 OR 4 is 6, weaker than the 4 of slot 1. */
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, rig_read(r, DLB_LSP_CQ2PRIOV, 0) | 2);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, rig_read(r, DLB_LSP_CQ2PRIOV, 0) | 4);
	for (uint32_t n = 0; n < 10; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_UNORDERED, 1, 0, n);
	}
	rig_step(r);
	rig_enable(r, 0, true);
	rig_step(r);
	for (uint32_t n = 0; n < 20; n++) {
		assert_true(rig_poll(r, 0, &qe));
		assert_int_equal(REG_GET(DLB_QE_QID, qe.meta), n < 10);
	}
}

/* Forcing state bits of a slot neither makes nor ends a link: eligibility is live. */
static void
scheduler_commands_change_nothing(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 5, 8, 8);
	for (uint32_t bits = 0; bits < 32; bits++) {
		rig_write(r, DLB_LSP_LDB_SCHED_CTRL, 0, bits << 12);
		rig_write(r, DLB_LSP_LDB_SCHED_CTRL, 0, bits << 12 | 1u << 11 | 5);
	}
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, n % 2 ? DLB_UNORDERED : DLB_ATOMIC, 0, n, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 20);
	expect_nothing(r, 5);
}

/* ---- Section 7 ---- */

/* Neither sequence numbers nor atomic storage: unordered events pass all the same (7.1). */
static void
unordered_needs_no_configuration(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	how.stage = 0;
	how.flows = 0;
	rig_ldb_queue(r, 0, 0, how);
	assert_int_equal(rig_read(r, DLB_SYS_LDB_QID_CFG_V, 0), 0);
	rig_start(r, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 5);
	rig_step(r);
	expect_qe(r, 0, 5);
}

/* Events of one flow with any priority, data and sender are at one CQ, in order per priority. */
static void
priority_does_not_split_a_flow(void **state)
{
	uint64_t next[8] = {0}, sent[8] = {0};
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	send(r, 0, DLB_ATOMIC, 7, 9, sent[7]++);
	rig_step(r);
	cq = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0) != 0 ? 0 : 1;
	for (uint32_t n = 0; n < 40; n++) {
		send(r, n % 2 ? 1 : RIG_PRODUCER, DLB_ATOMIC, n % 8, 9, sent[n % 8]);
		sent[n % 8]++;
	}
	rig_step(r);
	expect_nothing(r, 1 - cq);
	for (uint32_t n = 0; n < 41; n++) {
		uint32_t prio;

		assert_true(rig_poll(r, cq, &qe));
		prio = (uint32_t)REG_GET(DLB_QE_PRIO, qe.meta);
		assert_int_equal(qe.data, next[prio]);
		next[prio]++;
	}
}

/* Priorities 2k and 2k + 1 are one level: first in, first out (7.6). */
static void
bit_0_of_a_priority_does_not_count(void **state)
{
	static const enum dlb_sched types[] = {DLB_UNORDERED, DLB_ORDERED, DLB_ATOMIC};
	struct rig *r = *state;
	uint32_t n;

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (uint32_t prio = 0; prio < 8; prio += 2) {
			rig_balance(r, 1, 16, 16, 0);
			rig_enable(r, 0, false);
			for (n = 0; n < 8; n++)
				send(r, RIG_PRODUCER, types[t], prio + (n + 1) % 2, n, n);
			rig_step(r);
			rig_enable(r, 0, true);
			rig_step(r);
			for (n = 0; n < 8; n++)
				expect_qe(r, 0, n);
			assert_int_equal(rig_domain_reset(r, 0), 0);
		}
	}
}

/* More fragments of one number than any window, all in their order (open point 6). */
static void
many_fragments_of_one_number(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, 0);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_ldb_port(r, 0, 5, 1024, 1024);
	rig_link(r, 1, 5, 0, 0);
	rig_start(r, 0);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_new(r, DLB_ORDERED, 0, 0, 1);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 2);
	for (uint32_t n = 0; n < 500; n++)
		rig_send_one(r, 0, rig_hcw(DLB_CMD_FRAG, DLB_UNORDERED, 1, 0, 0, n));
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 500);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 501);
	rig_step(r);
	for (uint32_t n = 0; n < 502; n++)
		expect_qe(r, 5, n);
	expect_nothing(r, 5);
}

/* Section 7.9, one event of each type: each counter of its schedule moves by one. */
static void
scheduling_moves_every_counter(void **state)
{
	static const enum dlb_sched types[] = {DLB_ATOMIC, DLB_UNORDERED, DLB_ORDERED};
	struct rig *r = *state;
	enum dlb_reg credits =
		r->version == DLB_V20 ? DLB_CHP_CFG_LDB_VAS_CRD : DLB_CHP_CFG_VAS_CRD;
	uint32_t full;

	rig_balance(r, 1, 8, 8, 0);
	full = rig_read(r, credits, 0);
	for (uint32_t n = 0; n < 3; n++) {
		bool atomic = types[n] == DLB_ATOMIC;

		rig_enable(r, 0, false);
		rig_new(r, types[n], 0, 0, n);
		rig_step(r);
		assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), atomic);
		assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, 0), !atomic);
		assert_int_equal(rig_read(r, credits, 0), full - 1);
		rig_enable(r, 0, true);
		rig_step(r);
		assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 0);
		assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, 0), 0);
		assert_int_equal(rig_read(r, credits, 0), full);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), n + 1);
		assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), n + 1);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), n + 1);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0), n + 1);
	}
}

/* ---- Section 8 ---- */

/* All eight slots of the only port are taken, and a ninth queue has events (8.1 step 10). */
static void
reset_frees_a_slot_for_an_unlinked_queue(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 16, RIG_NOT_ORDERED);
	for (uint32_t q = 1; q <= DLB_CQ_SLOTS; q++)
		rig_ldb_queue(r, 0, q, rig_queue_plain());
	for (uint32_t p = 0; p < 64; p += RIG_PRODUCER)
		for (uint32_t q = p == 0; q < DLB_CQ_SLOTS; q++)
			rig_link(r, q, p, q, 0);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 100; n++) {
		rig_new(r, DLB_UNORDERED, DLB_CQ_SLOTS, 0, n);
		rig_new(r, DLB_ATOMIC, n % DLB_CQ_SLOTS, n, n);
	}
	rig_step(r);
	assert_int_equal(rig_depth(r, DLB_CQ_SLOTS), 100);
	assert_int_equal(rig_domain_reset(r, 0), 0);
	assert_int_equal(rig_depth(r, DLB_CQ_SLOTS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(slot_priority_is_what_the_register_says),
		ON_BOTH(scheduler_commands_change_nothing),
		ON_BOTH(unordered_needs_no_configuration),
		ON_BOTH(priority_does_not_split_a_flow),
		ON_BOTH(bit_0_of_a_priority_does_not_count),
		ON_BOTH(many_fragments_of_one_number),
		ON_BOTH(scheduling_moves_every_counter),
		ON_BOTH(reset_frees_a_slot_for_an_unlinked_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
