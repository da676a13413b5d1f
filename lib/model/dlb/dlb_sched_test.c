/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who goes first and where to: spread over CQs, priorities of events and of slots. Datasheet
 * sections 7.3 and 7.6.
 */
#include "dlb_test_case.h"

/* A device that serves nothing more has to fail, not to hang. */
#define MOST_ROUNDS 100000u

static void
send_prio(struct rig *r, enum dlb_sched sched, uint32_t qid, uint32_t prio, uint64_t data)
{
	rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, sched, qid, prio, 0, data));
}

/* ---- Unordered ---- */

static void
unordered_events_spread_over_all_cqs(void **state)
{
	struct rig *r = *state;
	uint32_t total = 0;

	rig_balance(r, 8, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8 * 64; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	for (uint32_t cq = 0; cq < 8; cq++) {
		uint32_t got = rig_poll_all(r, cq);

		assert_true(got > 0);
		total += got;
	}
	assert_int_equal(total, 8 * 64);
}

/* A few events that arrive together do not all go to one CQ. */
static void
small_batches_are_shared_in_the_long_run(void **state)
{
	uint32_t got[4] = {0};
	struct rig *r = *state;

	rig_balance(r, 4, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t round = 0; round < 400; round++) {
		for (uint32_t n = 0; n < 8; n++)
			rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_step(r);
		for (uint32_t cq = 0; cq < 4; cq++) {
			uint32_t n = rig_poll_all(r, cq);

			got[cq] += n;
			for (; n > 0; n--)
				rig_finish(r, cq);
		}
	}
	for (uint32_t cq = 0; cq < 4; cq++)
		assert_in_range(got[cq], 400, 1600);
}

static void
one_priority_is_first_in_first_out(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 256, 256, 1);
	for (uint32_t n = 0; n < 100; n++)
		send_prio(r, n % 2 ? DLB_UNORDERED : DLB_ORDERED, 0, 3, n);
	rig_step(r);
	for (uint32_t n = 0; n < 100; n++)
		expect_qe(r, 0, n);
}

static void
busy_cq_leaves_work_to_the_others(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 8, 2, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 2);
	assert_int_equal(rig_poll_all(r, 1), 2);
	for (uint32_t n = 0; n < 16; n++) {
		rig_finish(r, 1);
		rig_step(r);
		assert_int_equal(rig_poll_all(r, 1), 1);
		expect_nothing(r, 0);
	}
}

/* ---- Event priority ---- */

/* Four effective levels, bits 2:1: 0 and 1 are the same, and so on. */
static void
check_event_priority(struct rig *r, enum dlb_sched sched)
{
	uint32_t last = 0, seen = 0;
	struct dlb_qe qe;

	rig_balance(r, 1, 64, 64, 0);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 32; n++)
		send_prio(r, sched, 0, 7 - n % 8, n);
	rig_step(r);
	rig_enable(r, 0, true);
	rig_step(r);
	while (rig_poll(r, 0, &qe)) {
		uint32_t level = (uint32_t)REG_GET(DLB_QE_PRIO, qe.meta) / 2;

		assert_true(level >= last);
		assert_int_equal(REG_GET(DLB_QE_PRIO, qe.meta), 7 - qe.data % 8);
		last = level;
		seen++;
	}
	assert_int_equal(seen, 32);
	assert_int_equal(last, 3);
}

static void
stronger_unordered_events_go_first(void **state)
{
	check_event_priority(*state, DLB_UNORDERED);
}

static void
stronger_ordered_events_go_first(void **state)
{
	check_event_priority(*state, DLB_ORDERED);
}

/* Of different flows; within a flow only order among equals is promised. */
static void
stronger_atomic_events_go_first(void **state)
{
	uint32_t last = 0, seen = 0;
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 32; n++)
		rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 7 - n % 8, n, n));
	rig_step(r);
	rig_enable(r, 0, true);
	rig_step(r);
	while (rig_poll(r, 0, &qe)) {
		assert_true(REG_GET(DLB_QE_PRIO, qe.meta) / 2 >= last);
		last = (uint32_t)REG_GET(DLB_QE_PRIO, qe.meta) / 2;
		seen++;
	}
	assert_int_equal(seen, 32);
}

/* Keep a queue full of `strong` events; weak ones have to come through all the same. */
static uint32_t
weak_events_served(struct rig *r, enum dlb_sched sched, uint32_t weak_queue, uint32_t ports)
{
	const uint32_t events = 4000;
	uint32_t sent = 0, weak = 0, taken = 0, rounds = 0;
	struct dlb_qe qe;

	for (uint32_t n = 0; n < 200; n++)
		rig_send_one(r, RIG_PRODUCER,
			     rig_hcw(DLB_CMD_NEW, sched, weak_queue, 7, n, 1000000));
	while (taken < events) {
		assert_true(rounds++ < MOST_ROUNDS);
		for (; sent < taken + 100; sent++)
			rig_send_one(r, RIG_PRODUCER,
				     rig_hcw(DLB_CMD_NEW, sched, 0, 0, 300 + sent % 100, sent));
		rig_step(r);
		for (uint32_t port = 0; port < ports; port++) {
			while (rig_poll(r, port, &qe)) {
				taken++;
				weak += qe.data == 1000000;
				rig_finish(r, port);
			}
		}
	}
	return weak;
}

static void
weak_unordered_events_do_not_starve(void **state)
{
	struct rig *r = *state;
	uint32_t weak;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	weak = weak_events_served(r, DLB_UNORDERED, 0, 1);
	assert_in_range(weak, 3, 1000);
}

static void
weak_atomic_events_do_not_starve(void **state)
{
	struct rig *r = *state;
	uint32_t weak;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	weak = weak_events_served(r, DLB_ATOMIC, 0, 1);
	assert_in_range(weak, 3, 1000);
}

static void
weak_atomic_events_of_two_cqs_do_not_starve(void **state)
{
	struct rig *r = *state;
	uint32_t weak;

	rig_balance(r, 2, 8, 64, RIG_NOT_ORDERED);
	weak = weak_events_served(r, DLB_ATOMIC, 0, 2);
	assert_in_range(weak, 3, 1000);
}

/* ---- Slot priority ---- */

static void
stronger_slot_goes_first(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_ldb_queue(r, 0, 2, rig_queue_plain());
	/* Slot numbers say nothing; priorities do: queue 2, queue 0, queue 1. */
	rig_link(r, 0, 0, 0, 2);
	rig_link(r, 1, 0, 1, 6);
	rig_link(r, 2, 0, 7, 0);
	rig_start(r, 0);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 10; n++)
		for (uint32_t q = 0; q < 3; q++)
			rig_new(r, DLB_UNORDERED, q, 0, 100 * q + n);
	rig_step(r);
	rig_enable(r, 0, true);
	rig_step(r);
	for (uint32_t n = 0; n < 10; n++)
		expect_qe(r, 0, 200 + n);
	for (uint32_t n = 0; n < 10; n++)
		expect_qe(r, 0, n);
	for (uint32_t n = 0; n < 10; n++)
		expect_qe(r, 0, 100 + n);
}

static void
weak_slot_does_not_starve(void **state)
{
	struct rig *r = *state;
	uint32_t weak;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 7);
	rig_start(r, 0);
	weak = weak_events_served(r, DLB_UNORDERED, 1, 1);
	assert_in_range(weak, 3, 1000);
}

/* Not even where there is room for one QE at a time. */
static void
weak_slot_of_a_cq_of_one_does_not_starve(void **state)
{
	struct rig *r = *state;
	uint32_t weak;

	rig_balance(r, 1, 1, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 7);
	rig_start(r, 0);
	weak = weak_events_served(r, DLB_UNORDERED, 1, 1);
	assert_in_range(weak, 3, 1000);
}

/* Slots of one priority take turns. */
static void
equal_slots_take_turns(void **state)
{
	uint32_t got[4] = {0}, rounds = 0;
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t q = 1; q < 4; q++) {
		rig_ldb_queue(r, 0, q, rig_queue_plain());
		rig_link(r, q, 0, q, 0);
	}
	rig_start(r, 0);
	for (uint32_t n = 0; n < 400; n++)
		for (uint32_t q = 0; q < 4; q++)
			rig_new(r, DLB_UNORDERED, q, 0, n);
	for (uint32_t taken = 0; taken < 400;) {
		assert_true(rounds++ < MOST_ROUNDS);
		rig_step(r);
		while (rig_poll(r, 0, &qe)) {
			got[REG_GET(DLB_QE_QID, qe.meta)]++;
			taken++;
			rig_finish(r, 0);
		}
	}
	for (uint32_t q = 0; q < 4; q++)
		assert_in_range(got[q], 50, 200);
}

/* Neither kind of work of a queue shuts out the other (7.6). */
static void
atomic_and_other_work_share_a_queue(void **state)
{
	uint32_t atomic = 0, other = 0, rounds = 0;
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 400; n++) {
		rig_new(r, DLB_ATOMIC, 0, n, n);
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	}
	while (atomic + other < 400) {
		assert_true(rounds++ < MOST_ROUNDS);
		rig_step(r);
		while (rig_poll(r, 0, &qe)) {
			*(REG_GET(DLB_QE_SCHED, qe.meta) == DLB_ATOMIC ? &atomic : &other) += 1;
			rig_finish(r, 0);
		}
	}
	assert_in_range(atomic, 50, 350);
	assert_in_range(other, 50, 350);
}

/* All eight slots of a CQ work. */
static void
eight_queues_feed_one_cq(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint32_t seen = 0;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t q = 24; q < 32; q++) {
		rig_ldb_queue(r, 0, q, rig_queue_plain());
		rig_link(r, q, 0, q - 24, 3);
	}
	rig_start(r, 0);
	for (uint32_t q = 24; q < 32; q++)
		rig_new(r, DLB_UNORDERED, q, 0, q);
	rig_step(r);
	while (rig_poll(r, 0, &qe)) {
		assert_int_equal(REG_GET(DLB_QE_QID, qe.meta), qe.data);
		seen |= 1u << (qe.data - 24);
	}
	assert_int_equal(seen, 0xff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(unordered_events_spread_over_all_cqs),
		ON_BOTH(small_batches_are_shared_in_the_long_run),
		ON_BOTH(one_priority_is_first_in_first_out),
		ON_BOTH(busy_cq_leaves_work_to_the_others),
		ON_BOTH(stronger_unordered_events_go_first),
		ON_BOTH(stronger_ordered_events_go_first),
		ON_BOTH(stronger_atomic_events_go_first),
		ON_BOTH(weak_unordered_events_do_not_starve),
		ON_BOTH(weak_atomic_events_do_not_starve),
		ON_BOTH(weak_atomic_events_of_two_cqs_do_not_starve),
		ON_BOTH(stronger_slot_goes_first),
		ON_BOTH(weak_slot_does_not_starve),
		ON_BOTH(weak_slot_of_a_cq_of_one_does_not_starve),
		ON_BOTH(equal_slots_take_turns),
		ON_BOTH(atomic_and_other_work_share_a_queue),
		ON_BOTH(eight_queues_feed_one_cq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
