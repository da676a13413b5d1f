/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Atomic scheduling, datasheet section 7.2: one CQ per flow at a time, order within a flow,
 * migration, and the limits of the atomic stage.
 */
#include "dlb_test_case.h"

#define CQS   8u
#define FLOWS 40u

/* What a careful observer knows: which CQ holds a flow, how much of it, and what comes next. */
struct watch {
	uint32_t holder[FLOWS];
	uint32_t held[FLOWS];
	uint64_t expected[FLOWS];
	uint32_t fifo[CQS][64]; /* flows in the order received, per CQ */
	uint32_t head[CQS], tail[CQS];
	uint32_t migrations, received;
};

static void
watch_receive(struct watch *w, uint32_t cq, const struct dlb_qe *qe)
{
	uint32_t flow = (uint32_t)REG_GET(DLB_QE_LOCK, qe->meta);

	assert_in_range(flow, 0, FLOWS - 1);
	if (w->held[flow] != 0)
		assert_int_equal(w->holder[flow], cq);
	else if (w->holder[flow] != cq)
		w->migrations++;
	w->holder[flow] = cq;
	w->held[flow]++;
	assert_int_equal(qe->data, w->expected[flow]);
	w->expected[flow]++;
	w->received++;
	w->fifo[cq][w->tail[cq]++ % 64] = flow;
}

/* Complete the oldest QE of a CQ, and return its token. */
static void
watch_finish(struct watch *w, struct rig *r, uint32_t cq)
{
	uint32_t flow;

	if (w->head[cq] == w->tail[cq])
		return;
	flow = w->fifo[cq][w->head[cq]++ % 64];
	w->held[flow]--;
	rig_finish(r, cq);
}

static void
watch_poll(struct watch *w, struct rig *r, uint32_t cq)
{
	struct dlb_qe qe;

	while (w->tail[cq] - w->head[cq] < 64 && rig_poll(r, cq, &qe))
		watch_receive(w, cq, &qe);
}

static void
flow_stays_on_one_cq_and_in_order(void **state)
{
	uint64_t sent[FLOWS] = {0};
	uint32_t seed = 1, total = 0;
	struct watch w = {.migrations = 0};
	struct rig *r = *state;

	rig_balance(r, CQS, 16, 32, RIG_NOT_ORDERED);
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t flow = rig_draw(&seed) % FLOWS;

		/* More would be over credit. */
		if (total - w.received < 1000 && rig_draw(&seed) % 4 != 0) {
			rig_new(r, DLB_ATOMIC, 0, flow, sent[flow]++);
			total++;
		}
		if (rig_draw(&seed) % 3 == 0)
			rig_step(r);
		watch_poll(&w, r, rig_draw(&seed) % CQS);
		if (rig_draw(&seed) % 2 == 0)
			watch_finish(&w, r, rig_draw(&seed) % CQS);
	}
	for (uint32_t round = 0; round < 4096 && rig_depth(r, 0) != 0; round++) {
		for (uint32_t cq = 0; cq < CQS; cq++)
			for (uint32_t k = 0; k < 16; k++)
				watch_finish(&w, r, cq);
		rig_step(r);
		for (uint32_t cq = 0; cq < CQS; cq++)
			watch_poll(&w, r, cq);
	}
	for (uint32_t flow = 0; flow < FLOWS; flow++)
		assert_int_equal(w.expected[flow], sent[flow]);
	/* Flows really moved, so exclusivity was put to the test. */
	assert_true(w.migrations > 100);
}

static uint32_t
owner_of(struct rig *r, uint32_t cqs, struct dlb_qe *qe)
{
	for (uint32_t cq = 0; cq < cqs; cq++)
		if (rig_poll(r, cq, qe))
			return cq;
	return UINT32_MAX;
}

/* While pinned, more QEs of the flow follow without waiting for completions of earlier ones. */
static void
pinned_flow_follows_to_its_cq(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, CQS, 16, 32, RIG_NOT_ORDERED);
	rig_new(r, DLB_ATOMIC, 0, 9, 0);
	rig_step(r);
	cq = owner_of(r, CQS, &qe);
	assert_in_range(cq, 0, CQS - 1);
	for (uint64_t n = 1; n < 16; n++) {
		rig_new(r, DLB_ATOMIC, 0, 9, n);
		rig_step(r);
		expect_qe(r, cq, n);
	}
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 16);
}

/* The last completion, and not one before, lets the flow go elsewhere. */
static void
flow_migrates_after_all_completions(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq, other;

	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	for (uint64_t n = 0; n < 3; n++)
		rig_new(r, DLB_ATOMIC, 0, 5, n);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	assert_in_range(cq, 0, 1);
	other = 1 - cq;
	expect_qe(r, cq, 1);
	expect_qe(r, cq, 2);
	rig_enable(r, cq, false);
	for (uint64_t n = 3; n < 6; n++) {
		rig_new(r, DLB_ATOMIC, 0, 5, n);
		rig_step(r);
		expect_nothing(r, other);
		rig_finish(r, cq);
	}
	rig_step(r);
	for (uint64_t n = 3; n < 6; n++)
		expect_qe(r, other, n);
	expect_nothing(r, cq);
}

/* Tokens say nothing about completion: a flow stays pinned when only tokens are returned. */
static void
returned_tokens_do_not_unpin(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_ATOMIC, 0, 5, 0);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	rig_tokens(r, cq, 1);
	rig_enable(r, cq, false);
	rig_new(r, DLB_ATOMIC, 0, 5, 1);
	rig_step(r);
	expect_nothing(r, 1 - cq);
	rig_complete(r, cq);
	rig_step(r);
	expect_qe(r, 1 - cq, 1);
}

/* Waiting QEs of a flow whose CQ is full belong to nobody once nothing of the flow is in flight. */
static void
waiting_events_leave_a_blocked_cq(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	for (uint64_t n = 0; n < 12; n++)
		rig_new(r, DLB_ATOMIC, 0, 5, n);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	for (uint64_t n = 1; n < 8; n++)
		expect_qe(r, cq, n);
	expect_nothing(r, 1 - cq);
	/* All completed, no token returned: this CQ stays full. */
	for (uint32_t n = 0; n < 8; n++)
		rig_complete(r, cq);
	rig_step(r);
	for (uint64_t n = 8; n < 12; n++)
		expect_qe(r, 1 - cq, n);
	expect_nothing(r, cq);
	assert_int_equal(rig_depth(r, 0), 0);
}

/* Two queues may use the same lock id: those are two flows. */
static void
flows_of_two_queues_are_apart(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 0);
	rig_link(r, 1, 1, 1, 0);
	rig_start(r, 0);
	rig_new(r, DLB_ATOMIC, 0, 5, 0);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	rig_enable(r, cq, false);
	rig_new(r, DLB_ATOMIC, 1, 5, 1);
	rig_step(r);
	expect_qe(r, 1 - cq, 1);
}

static void
every_lock_id_can_be_a_flow(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t flow = 0; flow < 65536; flow += 251) {
		uint32_t cq;

		rig_new(r, DLB_ATOMIC, 0, flow, flow);
		rig_step(r);
		cq = owner_of(r, 2, &qe);
		assert_in_range(cq, 0, 1);
		assert_int_equal(qe.data, flow);
		assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), flow);
		rig_finish(r, cq);
	}
}

/* ---- Limits of the atomic stage ---- */

/* All entries belong to a flow pinned to a full CQ: other flows wait behind it (7.2). */
static void
full_stage_blocks_the_head_of_the_queue(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	how.stage = 4;
	rig_ldb_queue(r, 0, 0, how);
	rig_start(r, 0);
	/* 8 fill the CQ, 4 the stage; the 13th and the other flow stay before it. */
	for (uint64_t n = 0; n < 13; n++)
		rig_new(r, DLB_ATOMIC, 0, 5, n);
	rig_new(r, DLB_ATOMIC, 0, 6, 100);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	assert_int_equal(rig_poll_all(r, cq), 7);
	expect_nothing(r, 1 - cq);
	assert_int_equal(rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, 0), 4);
	assert_int_equal(rig_read(r, DLB_LSP_QID_ATM_ACTIVE, 0), 2);
	/* Two leave the stage, so the two behind come in, and flow 6 can go. */
	rig_finish(r, cq);
	rig_finish(r, cq);
	rig_step(r);
	expect_qe(r, 1 - cq, 100);
	assert_int_equal(rig_poll_all(r, cq), 2);
	assert_int_equal(rig_depth(r, 0), 3);
}

/* With room in the stage a blocked flow does not block others. */
static void
blocked_flow_does_not_block_others(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	rig_new(r, DLB_ATOMIC, 0, 5, 0);
	rig_step(r);
	cq = owner_of(r, 2, &qe);
	for (uint64_t n = 1; n < 20; n++)
		rig_new(r, DLB_ATOMIC, 0, 5, n);
	for (uint64_t n = 0; n < 4; n++)
		rig_new(r, DLB_ATOMIC, 0, 6 + (uint32_t)n, 100 + n);
	rig_step(r);
	for (uint64_t n = 0; n < 4; n++)
		expect_qe(r, 1 - cq, 100 + n);
}

/* No more distinct flows at a time than the limit says. */
static void
flow_limit_caps_active_flows(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;
	uint32_t flows = 0;
	struct dlb_qe qe;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	how.flows = 3;
	rig_ldb_queue(r, 0, 0, how);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 10; n++)
		rig_new(r, DLB_ATOMIC, 0, n, n);
	for (uint32_t round = 0; round < 10; round++) {
		uint32_t cq;

		rig_step(r);
		while (rig_poll(r, 0, &qe) || rig_poll(r, 1, &qe))
			flows++;
		assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0),
				 10 - round < 3 ? 10 - round : 3);
		cq = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0) != 0 ? 0 : 1;
		rig_finish(r, cq);
	}
	assert_int_equal(flows, 10);
}

/* Flows that fit keep running when the limit is reached: more QEs of them are no new flows. */
static void
flow_limit_lets_active_flows_go_on(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;
	uint32_t got;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	how.flows = 2;
	rig_ldb_queue(r, 0, 0, how);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_ATOMIC, 0, n % 2, n);
	rig_step(r);
	got = rig_poll_all(r, 0) + rig_poll_all(r, 1);
	assert_int_equal(got, 20);
}

/* ---- A queue whose number of CQs changes between one and more ---- */

/* With one CQ nothing needs pinning; what it holds must still be pinned when a second one comes. */
static void
flows_in_flight_stay_pinned_when_a_cq_is_added(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++)
		rig_new(r, DLB_ATOMIC, 0, 5, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 4);
	rig_ldb_port(r, 0, 1, 8, 8);
	/* A static map while events are in flight: no driver does it, but flows must not split. */
	rig_link(r, 0, 1, 0, 0);
	rig_enable(r, 0, false);
	rig_new(r, DLB_ATOMIC, 0, 5, 4);
	rig_step(r);
	expect_nothing(r, 1);
	for (uint32_t n = 0; n < 4; n++)
		rig_finish(r, 0);
	rig_step(r);
	expect_qe(r, 1, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(flow_stays_on_one_cq_and_in_order),
		ON_BOTH(pinned_flow_follows_to_its_cq),
		ON_BOTH(flow_migrates_after_all_completions),
		ON_BOTH(returned_tokens_do_not_unpin),
		ON_BOTH(waiting_events_leave_a_blocked_cq),
		ON_BOTH(flows_of_two_queues_are_apart),
		ON_BOTH(every_lock_id_can_be_a_flow),
		ON_BOTH(full_stage_blocks_the_head_of_the_queue),
		ON_BOTH(blocked_flow_does_not_block_others),
		ON_BOTH(flow_limit_caps_active_flows),
		ON_BOTH(flow_limit_lets_active_flows_go_on),
		ON_BOTH(flows_in_flight_stay_pinned_when_a_cq_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
