/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Directed queues: to their port and no other, in order, by priority. Datasheet sections 4.6, 7.5.
 */
#include "dlb_test_case.h"

/* A device that serves nothing more has to fail, not to hang. */
#define MOST_ROUNDS 100000u

static void
send_prio(struct rig *r, enum dlb_sched sched, uint32_t qid, uint32_t prio, uint64_t data)
{
	rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, sched, qid, prio, 0, data));
}

/* ---- Directed ---- */

static void
directed_pair(struct rig *r, uint32_t p, uint32_t depth)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, p, depth);
	rig_dir_queue(r, 0, p, 16);
	rig_start(r, 0);
}

static void
directed_queue_is_first_in_first_out(void **state)
{
	struct rig *r = *state;
	uint32_t p = r->dir_ports - 1;

	directed_pair(r, p, 8);
	for (uint32_t n = 0; n < 500; n++)
		rig_new(r, DLB_DIRECTED, p, 0, n);
	for (uint32_t n = 0; n < 500; n++) {
		rig_step(r);
		expect_qe(r, RIG_DIR(p), n);
		rig_tokens(r, RIG_DIR(p), 1);
	}
	expect_nothing(r, RIG_DIR(p));
}

static void
directed_priority_goes_first(void **state)
{
	struct rig *r = *state;
	uint32_t last = 0;
	struct dlb_qe qe;

	directed_pair(r, 7, 64);
	rig_enable(r, RIG_DIR(7), false);
	for (uint32_t n = 0; n < 32; n++)
		send_prio(r, DLB_DIRECTED, 7, 7 - n % 8, n);
	rig_step(r);
	rig_enable(r, RIG_DIR(7), true);
	rig_step(r);
	for (uint32_t n = 0; n < 32; n++) {
		assert_true(rig_poll(r, RIG_DIR(7), &qe));
		assert_true((7 - qe.data % 8) / 2 >= last);
		last = (7 - qe.data % 8) / 2;
	}
}

static void
weak_directed_events_do_not_starve(void **state)
{
	uint32_t sent = 0, weak = 0, taken = 0, rounds = 0;
	struct rig *r = *state;
	struct dlb_qe qe;

	directed_pair(r, 7, 8);
	for (uint32_t n = 0; n < 100; n++)
		send_prio(r, DLB_DIRECTED, 7, 7, 1000000);
	while (taken < 4000) {
		assert_true(rounds++ < MOST_ROUNDS);
		for (; sent < taken + 100; sent++)
			send_prio(r, DLB_DIRECTED, 7, 0, sent);
		rig_step(r);
		while (rig_poll(r, RIG_DIR(7), &qe)) {
			taken++;
			weak += qe.data == 1000000;
			rig_tokens(r, RIG_DIR(7), 1);
		}
	}
	assert_in_range(weak, 3, 1000);
}

/* Every pair delivers to its own port, from producers of both kinds. */
static void
every_directed_port_gets_its_own(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		rig_dir_port(r, 0, p, 8);
		rig_dir_queue(r, 0, p, 16);
	}
	rig_start(r, 0);
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		rig_new(r, DLB_DIRECTED, p, 0, p);
		rig_send_one(r, RIG_DIR(r->dir_ports - 1 - p),
			     rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, p, 0, 0, 1000 + p));
	}
	rig_step(r);
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		struct dlb_qe a, b;

		assert_true(rig_poll(r, RIG_DIR(p), &a));
		assert_true(rig_poll(r, RIG_DIR(p), &b));
		assert_int_equal(a.data + b.data, 1000 + 2 * p);
		expect_nothing(r, RIG_DIR(p));
	}
}

/* Open point 2: the recommended reading, and the other one. */
static void
directed_bytes_travel_as_sent(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	directed_pair(r, 3, 8);
	rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 3, 5, 0xbeef, 1));
	rig_step(r);
	assert_true(rig_poll(r, RIG_DIR(3), &qe));
	assert_int_equal(REG_GET(DLB_QE_DIRECTED_WORD, qe.meta), 5 << 10 | 3 << 8 | 3);
	assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), 0xbeef);
}

static void
directed_lock_id_may_replace_the_queue_word(void **state)
{
	const struct dlb_model_open_points open = {.directed_lock_in_qid = true};
	struct rig *r = *state;
	struct dlb_qe qe;

	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	directed_pair(r, 3, 8);
	rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 3, 5, 0xbeef, 1));
	rig_step(r);
	assert_true(rig_poll(r, RIG_DIR(3), &qe));
	assert_int_equal(REG_GET(DLB_QE_DIRECTED_WORD, qe.meta), 0xbeef);
	assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), 0xbeef);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(directed_queue_is_first_in_first_out),
		ON_BOTH(directed_priority_goes_first),
		ON_BOTH(weak_directed_events_do_not_starve),
		ON_BOTH(every_directed_port_gets_its_own),
		ON_BOTH(directed_bytes_travel_as_sent),
		ON_BOTH(directed_lock_id_may_replace_the_queue_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
