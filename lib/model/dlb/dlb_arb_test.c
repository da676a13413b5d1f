/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Arbitration by registers, datasheet section 7.6: classes of service, weights of slots and of
 * priorities.
 */
#include "dlb_test_case.h"

/* What known drivers write: weak levels get 2 turns of 256 each. */
#define WEIGHTS_USUAL 0xfffdfbf9u
/* Edges of four equal parts of the wheel. */
#define WEIGHTS_EVEN 0xffbf7f3fu

#define NO_EXTRA 0x80000000u
/* CQs of classes 0 to 3. */
#define CQ(c) (16u * (c))

static void
bandwidths_write(struct rig *r, const uint32_t word[4])
{
	for (uint32_t c = 0; c < 4; c++)
		rig_write(r, DLB_LSP_CFG_SHDW_RANGE_COS, c, word[c]);
}

static void
bandwidths_set(struct rig *r, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3)
{
	bandwidths_write(r, (uint32_t[]){c0, c1, c2, c3});
	rig_write(r, DLB_LSP_CFG_SHDW_CTRL, 0, 1);
}

/* Queue 0 feeds a deep CQ in each of the first n classes. */
static void
classes_open(struct rig *r, uint32_t n)
{
	rig_domain(r, 0, 4096, 1024);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	for (uint32_t c = 0; c < n; c++)
		rig_ldb_port(r, 0, CQ(c), 512, 480);
	for (uint32_t c = 0; c < n; c++)
		rig_link(r, 0, CQ(c), 0, 0);
	rig_start(r, 0);
}

static void
feed(struct rig *r, enum dlb_sched sched, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		rig_new(r, sched, 0, k, k);
	rig_step(r);
}

/* ---- Classes of service ---- */

static void
bandwidth_divides_a_backlog(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 192, 64, 0, 0);
	feed(r, DLB_UNORDERED, 256);
	assert_int_equal(rig_poll_all(r, CQ(0)), 192);
	assert_int_equal(rig_poll_all(r, CQ(1)), 64);
}

static void
bandwidth_divides_atomic_flows_too(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 192, 64, 0, 0);
	feed(r, DLB_ATOMIC, 256);
	assert_int_equal(rig_poll_all(r, CQ(0)), 192);
	assert_int_equal(rig_poll_all(r, CQ(1)), 64);
}

static void
bandwidth_counts_once_it_is_latched(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_write(r, (uint32_t[]){192, 64, 0, 0});
	rig_write(r, DLB_LSP_CFG_SHDW_CTRL, 0, 0);
	/* Something else that looks at the registers of the arbiters. */
	rig_write(r, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0, WEIGHTS_EVEN);
	feed(r, DLB_UNORDERED, 256);
	assert_int_equal(rig_poll_all(r, CQ(0)), 128);
	assert_int_equal(rig_poll_all(r, CQ(1)), 128);
}

/* 64 of its own, a quarter of 192 that nobody owns, and half of what idle classes leave. */
static void
unreserved_bandwidth_is_spread(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 64, 0, 0, 0);
	feed(r, DLB_UNORDERED, 256);
	assert_in_range(rig_poll_all(r, CQ(0)), 159, 161);
	assert_in_range(rig_poll_all(r, CQ(1)), 95, 97);
}

static void
class_without_extra_credit_takes_no_leftovers(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 64, 64 | NO_EXTRA, 64, 64);
	feed(r, DLB_UNORDERED, 256);
	assert_in_range(rig_poll_all(r, CQ(0)), 190, 192);
	assert_in_range(rig_poll_all(r, CQ(1)), 64, 66);
}

static void
class_with_neither_share_nor_extra_credit_gets_nothing(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 256, NO_EXTRA, 0, 0);
	feed(r, DLB_UNORDERED, 600);
	assert_int_equal(rig_poll_all(r, CQ(0)), 480);
	expect_nothing(r, CQ(1));
	assert_int_equal(rig_depth(r, 0), 120);
	/* Not for ever: it waited, and was not lost. */
	bandwidths_set(r, 64, 64, 64, 64);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, CQ(1)), 120);
}

static void
idle_classes_hold_nobody_up(void **state)
{
	struct rig *r = *state;

	classes_open(r, 4);
	bandwidths_set(r, 10, 20, 30, 196);
	for (uint32_t c = 0; c < 3; c++)
		rig_enable(r, CQ(c), false);
	feed(r, DLB_UNORDERED, 300);
	assert_int_equal(rig_poll_all(r, CQ(3)), 300);
}

/* Shares that come to more than there is: the classes that come first have theirs. */
static void
bandwidth_beyond_the_whole_is_cut(void **state)
{
	struct rig *r = *state;

	classes_open(r, 2);
	bandwidths_set(r, 0x1ff, 0x100 | NO_EXTRA, 0, 0);
	feed(r, DLB_UNORDERED, 100);
	assert_int_equal(rig_poll_all(r, CQ(0)), 100);
	expect_nothing(r, CQ(1));
}

static void
cqs_of_a_class_take_turns(void **state)
{
	struct rig *r = *state;

	rig_domain(r, 0, 4096, 1024);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	for (uint32_t p = 0; p < 4; p++)
		rig_ldb_port(r, 0, p, 128, 128);
	for (uint32_t p = 0; p < 4; p++)
		rig_link(r, 0, p, 0, 0);
	rig_start(r, 0);
	bandwidths_set(r, 100, 50, 0, 0);
	feed(r, DLB_UNORDERED, 200);
	for (uint32_t p = 0; p < 4; p++)
		assert_int_equal(rig_poll_all(r, p), 50);
}

/* ---- Weights of priorities ---- */

/* n QEs of each of the four levels, weakest first, and all of them there before any can go. */
static void
levels_feed(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint32_t n)
{
	rig_enable(r, port, false);
	for (uint32_t level = 4; level-- > 0;)
		for (uint32_t k = 0; k < n; k++)
			rig_send_one(r, RIG_PRODUCER,
				     rig_hcw(DLB_CMD_NEW, sched, qid, 2 * level, k, level));
	rig_enable(r, port, true);
	rig_step(r);
}

/* How many of each level a CQ got. */
static void
levels_count(struct rig *r, uint32_t port, uint32_t got[4])
{
	struct dlb_qe qe;

	memset(got, 0, 4 * sizeof(*got));
	while (rig_poll(r, port, &qe)) {
		assert_in_range(qe.data, 0, 3);
		got[qe.data]++;
		rig_finish(r, port);
	}
}

static void
check_levels(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, enum dlb_reg weights)
{
	uint32_t got[4];

	/* As known drivers have it: strong before weak, and a little for the weakest. */
	rig_write(r, weights, 0, WEIGHTS_USUAL);
	levels_feed(r, port, sched, qid, 64);
	levels_count(r, port, got);
	assert_in_range(got[0], 62, 64);
	assert_int_equal(got[1], 0);
	for (uint32_t k = 0; k < 4; k++) {
		rig_step(r);
		levels_count(r, port, got);
	}
	/* Four parts of one size. */
	rig_write(r, weights, 0, WEIGHTS_EVEN);
	levels_feed(r, port, sched, qid, 64);
	levels_count(r, port, got);
	for (uint32_t level = 0; level < 4; level++)
		assert_in_range(got[level], 13, 19);
	for (uint32_t k = 0; k < 4; k++) {
		rig_step(r);
		levels_count(r, port, got);
	}
	/* Levels that are not there leave their turns to the strongest that is. */
	for (uint32_t k = 0; k < 40; k++)
		rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, sched, qid, 5, k, 2));
	rig_step(r);
	levels_count(r, port, got);
	assert_int_equal(got[2], 40);
}

static void
weights_divide_unordered_qes(void **state)
{
	rig_balance(*state, 1, 64, 64, RIG_NOT_ORDERED);
	check_levels(*state, 0, DLB_UNORDERED, 0, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0);
}

static void
weights_divide_atomic_qes(void **state)
{
	rig_balance(*state, 1, 64, 64, RIG_NOT_ORDERED);
	check_levels(*state, 0, DLB_ATOMIC, 0, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN);
}

static void
weights_divide_directed_qes(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 2, 64);
	rig_dir_queue(r, 0, 2, 10);
	rig_start(r, 0);
	check_levels(r, RIG_DIR(2), DLB_DIRECTED, 2, DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0);
}

/* Both kinds in one queue get half each, whatever the weights. */
static void
atomic_and_unordered_take_turns(void **state)
{
	struct rig *r = *state;
	uint32_t atomic = 0, n = 0;
	struct dlb_qe qe;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0, WEIGHTS_EVEN);
	levels_feed(r, 0, DLB_ATOMIC, 0, 30);
	/* The CQ is full of the first ones. */
	while (rig_poll(r, 0, &qe))
		rig_complete(r, 0);
	levels_feed(r, 0, DLB_UNORDERED, 0, 30);
	rig_tokens(r, 0, 64);
	rig_step(r);
	for (; rig_poll(r, 0, &qe); n++)
		atomic += REG_GET(DLB_QE_SCHED, qe.meta) == DLB_ATOMIC;
	assert_int_equal(n, 64);
	assert_int_equal(atomic, 32);
}

/* QEs of two levels wait for their flow's CQ, and one level is served empty: the other one is still
 * there to be given back when the link goes.
 */
static void
held_qes_of_another_level_are_not_forgotten(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 1, 64, RIG_NOT_ORDERED);
	rig_write(r, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0, WEIGHTS_EVEN);
	rig_enable(r, 1, false);
	rig_new(r, DLB_ATOMIC, 0, 1, 0);
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_enable(r, 1, true);
	for (uint32_t level = 0; level < 4; level++)
		rig_send_one(r, RIG_PRODUCER,
			     rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 2 * level, 1, 10 + level));
	rig_step(r);
	expect_nothing(r, 1);
	rig_tokens(r, 0, 1);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 1);
	rig_complete(r, 0);
	rig_complete(r, 0);
	assert_int_equal(rig_unmap(r, 0, 0), 0);
	for (uint32_t n = 0; n < 3; n++) {
		rig_step(r);
		assert_int_equal(rig_poll_all(r, 1), 1);
		rig_finish(r, 1);
	}
	assert_int_equal(rig_depth(r, 0), 0);
}

/* ---- Weights of slots ---- */

/* Queues 0 to 3 in slots of the four levels. */
static void
slots_open(struct rig *r)
{
	rig_domain(r, 0, 4096, 1024);
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	rig_ldb_port(r, 0, 0, 64, 64);
	for (uint32_t q = 0; q < 4; q++)
		rig_ldb_queue(r, 0, q, rig_queue_plain());
	for (uint32_t q = 0; q < 4; q++)
		rig_link(r, q, 0, q, 2 * q);
	rig_start(r, 0);
}

static void
slots_feed(struct rig *r, uint32_t n)
{
	for (uint32_t q = 0; q < 4; q++)
		for (uint32_t k = 0; k < n; k++)
			rig_new(r, DLB_UNORDERED, q, 0, q);
	rig_step(r);
}

static void
weights_divide_slots(void **state)
{
	struct rig *r = *state;
	uint32_t got[4];

	slots_open(r);
	rig_write(r, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, 0, WEIGHTS_EVEN);
	slots_feed(r, 64);
	levels_count(r, 0, got);
	for (uint32_t level = 0; level < 4; level++)
		assert_in_range(got[level], 13, 19);
}

/* The weights known drivers give to slots know no weak ones; nobody starves even so. */
static void
strict_weights_starve_nobody(void **state)
{
	struct rig *r = *state;
	uint32_t got[4], weakest = 0;

	slots_open(r);
	rig_write(r, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, 0, 0xffffffff);
	rig_write(r, DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0, 0, WEIGHTS_EVEN);
	slots_feed(r, 64);
	for (uint32_t round = 0; round < 8; round++) {
		levels_count(r, 0, got);
		assert_in_range(got[0], 60, 64);
		weakest += got[3];
		for (uint32_t k = 0; k < 64; k++)
			rig_new(r, DLB_UNORDERED, 0, 0, 0);
		rig_step(r);
	}
	assert_in_range(weakest, 4, 16);
}

/* ---- Everything at once ---- */

#define FLOWS 24u

struct flow {
	uint32_t cq, inflight, next;
};

/* Take one QE off a CQ: its flow has to be nobody else's, and in order. */
static bool
flow_take(struct rig *r, struct flow flow[FLOWS], uint32_t fifo[4][64], uint32_t tail[4],
	  uint32_t c)
{
	struct dlb_qe qe;
	struct flow *f;

	if (!rig_poll(r, CQ(c), &qe))
		return false;
	f = &flow[REG_GET(DLB_QE_LOCK, qe.meta)];
	assert_true(f->inflight == 0 || f->cq == c);
	assert_int_equal(qe.data, f->next);
	f->cq = c;
	f->inflight++;
	f->next++;
	fifo[c][tail[c]++ % 64] = (uint32_t)(f - flow);
	return true;
}

static void
flows_stay_exclusive_and_in_order_under_arbitration(void **state)
{
	uint32_t fifo[4][64], head[4] = {0}, tail[4] = {0}, sent[FLOWS] = {0}, seed = 7, got = 0;
	struct flow flow[FLOWS] = {{0}};
	struct rig *r = *state;

	rig_domain(r, 0, 4096, 1024);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	for (uint32_t c = 0; c < 4; c++)
		rig_ldb_port(r, 0, CQ(c), 8, 8);
	for (uint32_t c = 0; c < 4; c++)
		rig_link(r, 0, CQ(c), 0, 0);
	rig_start(r, 0);
	bandwidths_set(r, 128, 64, 32, 32);
	rig_write(r, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0, WEIGHTS_EVEN);
	for (uint32_t n = 0; n < 4000 || got < n;) {
		uint32_t f = rig_draw(&seed) % FLOWS, c = rig_draw(&seed) % 4;

		if (n < 4000 && n - got < 200) {
			rig_new(r, DLB_ATOMIC, 0, f, sent[f]++);
			n++;
		}
		rig_step(r);
		while (flow_take(r, flow, fifo, tail, c))
			got++;
		for (uint32_t k = rig_draw(&seed) % 4; k > 0 && head[c] != tail[c]; k--) {
			flow[fifo[c][head[c]++ % 64]].inflight--;
			rig_finish(r, CQ(c));
		}
	}
	assert_int_equal(got, 4000);
	assert_int_equal(rig_depth(r, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(bandwidth_divides_a_backlog),
		ON_V25(bandwidth_divides_atomic_flows_too),
		ON_V25(bandwidth_counts_once_it_is_latched),
		ON_V25(unreserved_bandwidth_is_spread),
		ON_V25(class_without_extra_credit_takes_no_leftovers),
		ON_V25(class_with_neither_share_nor_extra_credit_gets_nothing),
		ON_V25(idle_classes_hold_nobody_up),
		ON_V25(bandwidth_beyond_the_whole_is_cut),
		ON_V25(cqs_of_a_class_take_turns),
		ON_BOTH(weights_divide_unordered_qes),
		ON_BOTH(weights_divide_atomic_qes),
		ON_BOTH(weights_divide_directed_qes),
		ON_V25(atomic_and_unordered_take_turns),
		ON_BOTH(held_qes_of_another_level_are_not_forgotten),
		ON_BOTH(weights_divide_slots),
		ON_BOTH(strict_weights_starve_nobody),
		ON_BOTH(flows_stay_exclusive_and_in_order_under_arbitration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
