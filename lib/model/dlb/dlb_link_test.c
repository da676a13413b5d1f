/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Links between queues and CQs made, changed and taken away, before and under traffic. Datasheet
 * section 6.
 */
#include "dlb_test_case.h"

/* ---- Static ---- */

static void
only_linked_cqs_are_served(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 64, 64, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 5, 64, 64);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	expect_nothing(r, 5);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 100);
}

/* The valid bit makes the link; the queue number of an invalid slot means nothing. */
static void
slot_without_its_valid_bit_is_no_link(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_step(r);
	expect_nothing(r, 0);
	assert_int_equal(rig_depth(r, 0), 1);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 1u << 24);
	rig_step(r);
	expect_qe(r, 0, 1);
}

static void
queue_twice_in_a_cq_is_delivered_once(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 128, 128, RIG_NOT_ORDERED);
	rig_link(r, 0, 0, 3, 0);
	rig_link(r, 0, 0, 6, 5);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, n % 2 ? DLB_UNORDERED : DLB_ATOMIC, 0, n % 7, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 100);
	assert_int_equal(rig_depth(r, 0), 0);
}

static void
slot_naming_no_queue_is_harmless(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_LSP_CQ2QID1, 0, 0x7f7f7f7f);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 0xf1000000);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_step(r);
	expect_qe(r, 0, 1);
}

/* ---- Dynamic map ---- */

static void
map_of_an_idle_queue_is_done_at_once(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 1, 8, 8);
	assert_int_equal(rig_map(r, 0, 1, 0, 0), 0);
	for (uint32_t n = 0; n < 16; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 8);
	assert_int_equal(rig_poll_all(r, 1), 8);
}

/* The queue rests until everything in flight is completed, then both CQs serve it. */
static void
map_under_traffic_waits_for_completions(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 1, 16, 16);
	for (uint32_t n = 0; n < 40; n++)
		rig_new(r, DLB_ATOMIC, 0, n, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 16);
	assert_int_equal(rig_map(r, 0, 1, 0, 0), 1);
	for (uint32_t n = 0; n < 15; n++) {
		rig_finish(r, 0);
		rig_step(r);
		expect_nothing(r, 0);
		assert_int_equal(rig_map_retry(r, 0, 1, 0, 0), 1);
	}
	rig_finish(r, 0);
	assert_int_equal(rig_map_retry(r, 0, 1, 0, 0), 0);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 24);
}

/* ---- Unmap ---- */

static void
unmap_waits_for_the_cq_to_be_empty(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 16);
	for (uint32_t n = 0; n < 16; n++) {
		assert_int_equal(rig_unmap(r, 0, 0), 1);
		rig_finish(r, 0);
		rig_step(r);
		expect_nothing(r, 0);
	}
	assert_int_equal(rig_unmap(r, 0, 0), 0);
	rig_step(r);
	expect_nothing(r, 0);
	/* Unmapping does not flush: a later link finds the rest, in order. */
	assert_int_equal(rig_depth(r, 0), 4);
	assert_int_equal(rig_map(r, 0, 0, 4, 0), 0);
	rig_step(r);
	for (uint32_t n = 16; n < 20; n++)
		expect_qe(r, 0, n);
}

/* A queue on its way out of a slot that is wanted again: the CQ is simply enabled (6.3). */
static void
unmap_can_be_taken_back(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 4, 16, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_ATOMIC, 0, 1, n);
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, 0, n);
	assert_int_equal(rig_unmap(r, 0, 0), 1);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 1u << 24 | 3);
	rig_flush(r);
	rig_enable(r, 0, true);
	rig_tokens(r, 0, 4);
	rig_step(r);
	for (uint32_t n = 4; n < 8; n++)
		expect_qe(r, 0, n);
}

/* Atomic QEs that waited for a CQ that is taken away come out of another, each flow in order. */
static void
held_events_leave_with_the_link(void **state)
{
	uint64_t next[2] = {0, 1};
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t cq = 0, got = 0;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	rig_enable(r, 1, false);
	for (uint32_t n = 0; n < 30; n++)
		rig_new(r, DLB_ATOMIC, 0, n % 2, n);
	rig_step(r);
	rig_enable(r, 1, true);
	rig_step(r);
	while (rig_poll(r, cq, &qe)) {
		assert_int_equal(qe.data, next[qe.data % 2]);
		next[qe.data % 2] += 2;
		got++;
	}
	assert_int_equal(got, 8);
	expect_nothing(r, 1);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 8; n++)
		rig_complete(r, 0);
	assert_int_equal(rig_unmap(r, 0, 0), 0);
	for (uint32_t round = 0; round < 30 && got < 30; round++) {
		rig_step(r);
		expect_nothing(r, 0);
		while (rig_poll(r, 1, &qe)) {
			assert_int_equal(qe.data, next[qe.data % 2]);
			next[qe.data % 2] += 2;
			got++;
			rig_finish(r, 1);
		}
	}
	assert_int_equal(got, 30);
	assert_int_equal(rig_depth(r, 0), 0);
}

/* The same when the slot is simply cleared, its QEs still in flight: nothing may be lost. */
static void
held_events_survive_a_hard_unlink(void **state)
{
	struct rig *r = *state;
	uint64_t next = 0;
	struct dlb_qe qe;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	rig_enable(r, 1, false);
	for (uint32_t n = 0; n < 30; n++)
		rig_new(r, DLB_ATOMIC, 0, 7, n);
	rig_step(r);
	rig_enable(r, 1, true);
	rig_step(r);
	for (; rig_poll(r, 0, &qe); next++)
		assert_int_equal(qe.data, next);
	assert_int_equal(next, 8);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 0);
	for (uint32_t n = 0; n < 8; n++)
		rig_finish(r, 0);
	for (uint32_t round = 0; round < 30; round++) {
		rig_step(r);
		for (; rig_poll(r, 1, &qe); next++) {
			assert_int_equal(qe.data, next);
			rig_finish(r, 1);
		}
	}
	assert_int_equal(next, 30);
}

/* ---- Under load ---- */

#define FLOWS 16u
#define PORTS 4u

/* What flows in and out while links come and go. */
struct load {
	uint32_t seed;
	uint64_t sent[FLOWS], got[FLOWS];
	uint32_t holder[FLOWS], held[FLOWS];
	uint32_t fifo[PORTS][64], head[PORTS], tail[PORTS];
	uint32_t waiting;
};

static void
load_send(struct rig *r, struct load *l)
{
	uint32_t flow = rig_draw(&l->seed) % FLOWS;

	if (l->waiting > 500)
		return;
	rig_new(r, DLB_ATOMIC, 0, flow, l->sent[flow]++);
	l->waiting++;
}

static void
load_poll(struct rig *r, struct load *l, uint32_t p)
{
	struct dlb_qe qe;

	while (l->tail[p] - l->head[p] < 64 && rig_poll(r, p, &qe)) {
		uint32_t flow = (uint32_t)REG_GET(DLB_QE_LOCK, qe.meta);

		assert_int_equal(qe.data, l->got[flow]);
		if (l->held[flow] != 0)
			assert_int_equal(l->holder[flow], p);
		l->got[flow]++;
		l->holder[flow] = p;
		l->held[flow]++;
		l->fifo[p][l->tail[p]++ % 64] = flow;
		l->waiting--;
	}
}

static void
load_finish(struct rig *r, struct load *l, uint32_t p, uint32_t n)
{
	for (; n > 0 && l->head[p] != l->tail[p]; n--) {
		l->held[l->fifo[p][l->head[p]++ % 64]]--;
		rig_finish(r, p);
	}
}

static void
load_run(struct rig *r, struct load *l, uint32_t rounds)
{
	for (uint32_t n = 0; n < rounds; n++) {
		load_send(r, l);
		if (rig_draw(&l->seed) % 4 == 0)
			rig_step(r);
		load_poll(r, l, rig_draw(&l->seed) % PORTS);
		load_finish(r, l, rig_draw(&l->seed) % PORTS, rig_draw(&l->seed) % 4);
	}
}

/* Finish what a CQ holds, so that a pending unmap or map can end. */
static void
load_drain(struct rig *r, struct load *l)
{
	rig_step(r);
	for (uint32_t p = 0; p < PORTS; p++) {
		load_poll(r, l, p);
		load_finish(r, l, p, 64);
	}
}

static void
links_come_and_go_under_load(void **state)
{
	struct load l = {.seed = 5};
	struct rig *r = *state;
	uint32_t slot, changes = 0;

	rig_balance(r, PORTS, 16, 32, RIG_NOT_ORDERED);
	for (uint32_t round = 0; round < 400; round++) {
		uint32_t p = rig_draw(&l.seed) % PORTS, tries = 0;
		int busy;

		load_run(r, &l, 50);
		/* One link stays, so that something is always served. */
		if (p == 0)
			continue;
		if (rig_is_linked(r, 0, p, &slot)) {
			while (rig_unmap(r, 0, p) != 0 && tries++ < 100)
				load_drain(r, &l);
		} else {
			busy = rig_map(r, 0, p, rig_draw(&l.seed) % 8, 0);
			while (busy != 0 && tries++ < 100) {
				load_drain(r, &l);
				busy = rig_map_retry(r, 0, p, rig_draw(&l.seed) % 8, 0);
			}
		}
		assert_true(tries < 100);
		changes++;
	}
	for (uint32_t n = 0; n < 200 && l.waiting > 0; n++)
		load_drain(r, &l);
	assert_int_equal(l.waiting, 0);
	for (uint32_t flow = 0; flow < FLOWS; flow++)
		assert_int_equal(l.got[flow], l.sent[flow]);
	assert_true(changes > 200);
}

/* Limits, disables and slot priorities changed at random moments lose and double nothing either. */
static void
switches_are_thrown_under_load(void **state)
{
	struct load l = {.seed = 9};
	struct rig *r = *state;

	rig_balance(r, PORTS, 16, 32, RIG_NOT_ORDERED);
	for (uint32_t round = 0; round < 600; round++) {
		uint32_t p = rig_draw(&l.seed) % PORTS;

		load_run(r, &l, 30);
		switch (rig_draw(&l.seed) % 4) {
		case 0:
			rig_enable(r, p, rig_draw(&l.seed) % 2);
			break;
		case 1:
			rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, rig_draw(&l.seed) % 40);
			break;
		case 2:
			rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, 0, 1 + rig_draw(&l.seed) % 64);
			break;
		default:
			rig_write(r, DLB_LSP_CQ2PRIOV, p, 1u << 24 | rig_draw(&l.seed) % 8);
			break;
		}
	}
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
	for (uint32_t p = 0; p < PORTS; p++)
		rig_enable(r, p, true);
	for (uint32_t n = 0; n < 200 && l.waiting > 0; n++)
		load_drain(r, &l);
	assert_int_equal(l.waiting, 0);
	for (uint32_t flow = 0; flow < FLOWS; flow++)
		assert_int_equal(l.got[flow], l.sent[flow]);
}

/* A driver that does not wait as section 6 asks may not split a flow over two CQs either. */
static void
flow_stays_where_it_is_when_links_change_early(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 5, 8, 8);
	rig_new(r, DLB_ATOMIC, 0, 7, 1);
	rig_step(r);
	expect_qe(r, 0, 1);
	rig_write(r, DLB_LSP_CQ2PRIOV, 0, 0);
	rig_link(r, 0, 5, 0, 0);
	rig_new(r, DLB_ATOMIC, 0, 7, 2);
	rig_step(r);
	expect_nothing(r, 5);
	rig_finish(r, 0);
	rig_step(r);
	expect_qe(r, 5, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(only_linked_cqs_are_served),
		ON_BOTH(slot_without_its_valid_bit_is_no_link),
		ON_BOTH(queue_twice_in_a_cq_is_delivered_once),
		ON_BOTH(slot_naming_no_queue_is_harmless),
		ON_BOTH(map_of_an_idle_queue_is_done_at_once),
		ON_BOTH(map_under_traffic_waits_for_completions),
		ON_BOTH(unmap_waits_for_the_cq_to_be_empty),
		ON_BOTH(unmap_can_be_taken_back),
		ON_BOTH(held_events_leave_with_the_link),
		ON_BOTH(held_events_survive_a_hard_unlink),
		ON_BOTH(links_come_and_go_under_load),
		ON_BOTH(switches_are_thrown_under_load),
		ON_BOTH(flow_stays_where_it_is_when_links_change_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
