/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Credits, datasheet section 5.12: what is stored takes one, what is delivered gives it back, and
 * none is ever made or lost.
 */
#include "dlb_test_case.h"

/* One LDB queue and port, DIR port and queue 1, in domain 0. */
static void
both_kinds(struct rig *r, int sn_mode)
{
	rig_balance(r, 1, 64, 64, sn_mode);
	rig_dir_port(r, 0, 1, 64);
	rig_dir_queue(r, 0, 1, 16);
	rig_start(r, 0);
}

static void
enqueue(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, sched, qid, 0, 0, data));
}

/* ---- Credits ---- */

/* How many of `tries` NEWs are taken while nothing can be scheduled. */
static uint32_t
taken(struct rig *r, enum dlb_sched sched, uint32_t qid, uint32_t tries)
{
	uint32_t before = rig_depth(r, 0) + rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 1);

	for (uint32_t n = 0; n < tries; n++)
		enqueue(r, RIG_PRODUCER, sched, qid, n);
	return rig_depth(r, 0) + rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 1) - before;
}

static void
both_disabled(struct rig *r)
{
	both_kinds(r, RIG_NOT_ORDERED);
	rig_enable(r, 0, false);
	rig_enable(r, RIG_DIR(1), false);
}

static void
credits_of_2_0_are_two_pools(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, 10, 3);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 20), 3);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 10);
	assert_int_equal(taken(r, DLB_ATOMIC, 0, 20), 0);
}

static void
credits_of_2_5_are_one_pool(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, 10, 3);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 9), 9);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 4);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 20), 0);
}

static void
credit_comes_back_when_scheduled(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, 4, r->version == DLB_V20 ? 2 : 0);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 4);
	rig_enable(r, 0, true);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 4);
	/* Not popped, not completed: the credits are back all the same. */
	rig_enable(r, 0, false);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 4);
}

static void
directed_credit_comes_back_when_scheduled(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, r->version == DLB_V20 ? 4 : 0, 2);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 20), 2);
	rig_enable(r, RIG_DIR(1), true);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, RIG_DIR(1)), 2);
	rig_enable(r, RIG_DIR(1), false);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 20), 2);
}

/* The total tells exactly; the depth has too few bits for 16384 and must not read as empty. */
static void
all_credits_of_the_device_can_be_used(void **state)
{
	struct rig *r = *state;
	uint32_t ldb = r->version == DLB_V20 ? 8192 : 16384;

	both_disabled(r);
	rig_domain(r, 0, ldb, r->version == DLB_V20 ? 4096 : 0);
	for (uint32_t n = 0; n < ldb + 10; n++)
		enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, n);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0), ldb);
	assert_int_equal(rig_depth(r, 0), ldb == 16384 ? 16383 : ldb);
	assert_int_equal(taken(r, DLB_DIRECTED, 1, 5000), r->version == DLB_V20 ? 4096 : 0);
}

static void
directed_queue_can_take_all_credits(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, 0, 16384);
	for (uint32_t n = 0; n < 16384; n++)
		enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, n);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_TOT_ENQ_CNTL, 1), 16384);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 1), 8191);
	assert_int_equal(rig_read(r, DLB_LSP_QID_DIR_MAX_DEPTH, 1), 8191);
}

static void
domains_do_not_share_credits(void **state)
{
	struct rig *r = *state;

	both_disabled(r);
	rig_domain(r, 0, 5, 0);
	rig_domain(r, 1, 50, 0);
	rig_ldb_port(r, 1, 20, 8, 8);
	rig_ldb_queue(r, 1, 9, rig_queue_plain());
	rig_start(r, 1);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 5);
	for (uint32_t n = 0; n < 60; n++)
		enqueue(r, 20, DLB_UNORDERED, 9, n);
	rig_flush(r);
	assert_int_equal(rig_depth(r, 9), 50);
	assert_int_equal(taken(r, DLB_UNORDERED, 0, 20), 0);
}

/* ---- Conservation ---- */

static void
random_operation(struct rig *r, uint32_t *seed)
{
	static const enum dlb_sched types[] = {DLB_ATOMIC, DLB_UNORDERED, DLB_ORDERED,
					       DLB_DIRECTED};
	enum dlb_sched sched = types[rig_draw(seed) % 4];
	uint32_t qid = sched == DLB_DIRECTED, port = rig_draw(seed) % 2 ? 0 : RIG_DIR(1);
	struct dlb_qe qe;

	switch (rig_draw(seed) % 8) {
	case 0:
	case 1:
	case 2:
		/* Sometimes to a queue that is not there. */
		rig_send_one(r, RIG_PRODUCER,
			     rig_hcw(rig_draw(seed) % 2 ? DLB_CMD_NEW : DLB_CMD_NEW_T, sched,
				     rig_draw(seed) % 16 == 0 ? 30 : qid, rig_draw(seed) % 8,
				     rig_draw(seed) % 100, 0));
		break;
	case 3:
		rig_forward(r, 0, sched, qid, rig_draw(seed) % 100, 0);
		break;
	case 4:
		rig_complete(r, 0);
		break;
	case 5:
		rig_tokens(r, port, 1 + rig_draw(seed) % 8);
		break;
	case 6:
		while (rig_poll(r, port, &qe))
			;
		break;
	default:
		rig_step(r);
		break;
	}
}

/* Return everything until nothing is left. */
static void
drain(struct rig *r)
{
	for (uint32_t round = 0; round < 1000; round++) {
		rig_tokens(r, 0, 1024);
		rig_tokens(r, RIG_DIR(1), 1024);
		for (uint32_t n = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0); n > 0; n--)
			rig_complete(r, 0);
		rig_step(r);
		if (rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0) == 0 && rig_depth(r, 0) == 0 &&
		    rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, 1) == 0)
			return;
	}
	fail_msg("%s", "events stay in the device");
}

/* However it was used, in the end there are as many credits as in the beginning. */
static void
credits_are_conserved_over_100000_operations(void **state)
{
	uint32_t seed = 20;
	struct rig *r = *state;

	both_kinds(r, 0);
	rig_domain(r, 0, 200, 100);
	for (uint32_t n = 0; n < 100000; n++)
		random_operation(r, &seed);
	drain(r);
	rig_enable(r, 0, false);
	rig_enable(r, RIG_DIR(1), false);
	if (r->version == DLB_V20) {
		assert_int_equal(taken(r, DLB_UNORDERED, 0, 1000), 200);
		assert_int_equal(taken(r, DLB_DIRECTED, 1, 1000), 100);
	} else {
		assert_int_equal(taken(r, DLB_UNORDERED, 0, 1000), 300);
		assert_int_equal(taken(r, DLB_DIRECTED, 1, 1000), 0);
	}
}

/* A credit comes back to the domain of the CQ (CQ2VAS), not to the one that paid it (5.12). */
static void
credit_comes_back_to_the_domain_of_the_cq(void **state)
{
	struct rig *r = *state;
	enum dlb_reg credits =
		r->version == DLB_V20 ? DLB_CHP_CFG_LDB_VAS_CRD : DLB_CHP_CFG_VAS_CRD;
	uint32_t before;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	before = rig_read(r, credits, 0);
	rig_domain(r, 1, 10, 0);
	rig_ldb_port(r, 1, 5, 8, 8);
	rig_write(r, DLB_SYS_LDB_VASQID_V, 1 * DLB_LDB_QUEUES + 0, 1);
	rig_send_one(r, 5, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 9));
	rig_step(r);
	expect_qe(r, 0, 9);
	assert_int_equal(rig_read(r, credits, 1), 9);
	assert_int_equal(rig_read(r, credits, 0), before + 1);
}

/* A driver that gives out more than there are, or sends them to another domain, is the only one
 * that gets here: what does not fit the register is gone.
 */
static void
credits_end_with_their_register(void **state)
{
	struct rig *r = *state;
	bool split = r->version == DLB_V20;
	enum dlb_reg ldb = split ? DLB_CHP_CFG_LDB_VAS_CRD : DLB_CHP_CFG_VAS_CRD;
	enum dlb_reg dir = split ? DLB_CHP_CFG_DIR_VAS_CRD : DLB_CHP_CFG_VAS_CRD;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 16);
	rig_start(r, 0);
	rig_write(r, DLB_CHP_LDB_CQ2VAS, 0, 1);
	rig_write(r, DLB_CHP_DIR_CQ2VAS, 1, 1);
	rig_write(r, dir, 0, 100);
	rig_write(r, ldb, 0, 100);
	rig_write(r, dir, 1, split ? 0x3fff : 0x7fff);
	rig_write(r, ldb, 1, 0x7ffe);
	for (uint32_t n = 0; n < 4; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	for (uint32_t n = 0; n < 4; n++)
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 4);
	assert_int_equal(rig_poll_all(r, RIG_DIR(1)), 4);
	assert_int_equal(rig_read(r, ldb, 1), 0x7fff);
	assert_int_equal(rig_read(r, dir, 1), split ? 0x3fff : 0x7fff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_V20(credits_of_2_0_are_two_pools),
		ON_V25(credits_of_2_5_are_one_pool),
		ON_BOTH(credit_comes_back_when_scheduled),
		ON_BOTH(directed_credit_comes_back_when_scheduled),
		ON_BOTH(all_credits_of_the_device_can_be_used),
		ON_V25(directed_queue_can_take_all_credits),
		ON_BOTH(domains_do_not_share_credits),
		ON_BOTH(credits_are_conserved_over_100000_operations),
		ON_BOTH(credit_comes_back_to_the_domain_of_the_cq),
		ON_BOTH(credits_end_with_their_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
