/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Ordered scheduling, datasheet section 7.4: whatever the consumers do, and in whatever order, what
 * they forward comes out in the order in which the queue was scheduled.
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

/* What a CQ was given and has not completed yet; completions retire the oldest first. */
struct consumer {
	uint64_t held[128];
	uint32_t head, tail;
};

static void
consumer_poll(struct rig *r, uint32_t cq, struct consumer *c)
{
	struct dlb_qe qe;

	while (c->tail - c->head < 128 && rig_poll(r, cq, &qe)) {
		c->held[c->tail++ % 128] = qe.data;
		rig_tokens(r, cq, 1);
	}
}

/* Complete the oldest: dropped when `drops` says so, else forwarded to queue 1. */
static bool
consumer_complete(struct rig *r, uint32_t cq, struct consumer *c, uint32_t drops)
{
	uint64_t data;

	if (c->head == c->tail)
		return false;
	data = c->held[c->head++ % 128];
	if (drops != 0 && data % drops == 0)
		rig_complete(r, cq);
	else
		rig_forward(r, cq, DLB_UNORDERED, 1, 0, data);
	return true;
}

static void
sink_expect(struct rig *r, uint64_t *next, uint32_t drops)
{
	struct dlb_qe qe;

	while (rig_poll(r, SINK, &qe)) {
		if (drops != 0 && *next % drops == 0)
			++*next;
		assert_int_equal(qe.data, *next);
		++*next;
		rig_finish(r, SINK);
	}
}

static void
check_order(struct rig *r, int sn_mode, uint32_t events, uint32_t drops)
{
	struct consumer consumer[CQS] = {{.head = 0}};
	uint32_t seed = 7, sent = 0, cq;
	uint64_t next = 0;

	two_stages(r, sn_mode);
	for (uint32_t round = 0; round < 40 * events; round++) {
		if (sent < events && sent - next < 2000)
			rig_new(r, DLB_ORDERED, 0, 0, sent++);
		if (rig_draw(&seed) % 4 == 0)
			rig_step(r);
		cq = rig_draw(&seed) % CQS;
		consumer_poll(r, cq, &consumer[cq]);
		cq = rig_draw(&seed) % CQS;
		for (uint32_t n = rig_draw(&seed) % 8; n > 0; n--)
			consumer_complete(r, cq, &consumer[cq], drops);
		sink_expect(r, &next, drops);
		if (next >= events - 1)
			break;
	}
	if (next < events && drops != 0 && next % drops == 0)
		next++;
	assert_int_equal(next, events);
	rig_step(r);
	expect_nothing(r, SINK);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 0);
}

static void
output_order_is_input_order(void **state)
{
	check_order(*state, 0, 5000, 0);
}

static void
dropped_events_leave_no_gap(void **state)
{
	check_order(*state, 0, 5000, 3);
}

static void
widest_window_keeps_order_too(void **state)
{
	check_order(*state, 4, 8000, 5);
}

/* ---- The window ---- */

/* One consumer does not finish: at most a window of numbers is open, and not one is used twice. */
static void
slow_consumer_exhausts_the_window(void **state)
{
	struct consumer slow = {.head = 0}, fast = {.head = 0};
	struct rig *r = *state;
	uint64_t next = 0;
	uint32_t given;

	two_stages(r, 0);
	rig_enable(r, 2, false);
	rig_enable(r, 3, false);
	/* The limit of the queue is not what holds it: the window is. */
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_enable(r, 1, false);
	rig_step(r);
	consumer_poll(r, 0, &slow);
	assert_int_equal(slow.tail, 1);
	rig_enable(r, 0, false);
	rig_enable(r, 1, true);
	for (uint32_t n = 1; n < 300; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	for (uint32_t round = 0; round < 300; round++) {
		rig_step(r);
		consumer_poll(r, 1, &fast);
		while (consumer_complete(r, 1, &fast, 0))
			;
	}
	/* Number 0 is open; 63 more were given out and resolved behind it. */
	given = slow.tail + fast.tail;
	assert_int_equal(given, 64);
	expect_nothing(r, SINK);
	assert_int_equal(rig_depth(r, 0), 300 - 64);
	/* It resumes where it stopped. */
	consumer_complete(r, 0, &slow, 0);
	rig_step(r);
	sink_expect(r, &next, 0);
	assert_int_equal(next, 64);
	for (uint32_t round = 0; round < 300 && next < 300; round++) {
		rig_step(r);
		consumer_poll(r, 1, &fast);
		while (consumer_complete(r, 1, &fast, 0))
			;
		sink_expect(r, &next, 0);
	}
	assert_int_equal(next, 300);
}

/* 64 numbers to 1024, and no mode of a larger window than a group has numbers. */
static void
window_is_what_the_mode_says(void **state)
{
	struct rig *r = *state;

	for (uint32_t mode = 0; mode < 8; mode++) {
		uint32_t window = mode < DLB_SN_MODES ? DLB_SN_MIN << mode : DLB_SN_PER_GROUP;

		r->dev->ops->reset(r->dev, BUS_RESET_POWER);
		rig_command(r, RIG_COMMAND_ON);
		rig_power_on(r);
		rig_set_dense(r, false);
		r->hist_next = 0;
		rig_balance(r, 2, 1024, 1000, (int)mode);
		rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
		for (uint32_t k = 0; k < window + 10; k++)
			rig_new(r, DLB_ORDERED, 0, 0, k);
		rig_step(r);
		assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), window);
		assert_int_equal(rig_depth(r, 0), 10);
	}
}

/* The same with the queue limit at the window, as drivers set it. */
static void
queue_limit_at_the_window_stalls_nothing(void **state)
{
	struct consumer consumer[CQS] = {{.head = 0}};
	struct rig *r = *state;
	uint64_t next = 0;

	two_stages(r, 0);
	for (uint32_t n = 0; n < 1000; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	for (uint32_t round = 0; round < 1000 && next < 1000; round++) {
		rig_step(r);
		/* Last CQ first: completions come out of order across CQs. */
		for (uint32_t cq = CQS; cq-- > 0;) {
			consumer_poll(r, cq, &consumer[cq]);
			while (consumer_complete(r, cq, &consumer[cq], 0))
				;
		}
		sink_expect(r, &next, 0);
	}
	assert_int_equal(next, 1000);
}

/* Windows of two queues are apart, though they share a group. */
static void
two_queues_have_a_window_each(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;
	uint32_t n0 = 0, n1 = 0;
	struct dlb_qe qe;

	rig_balance(r, 1, 256, 512, 0);
	how.sn_mode = 0;
	how.sn_slot = 5;
	rig_ldb_queue(r, 0, 2, how);
	rig_link(r, 2, 0, 1, 0);
	rig_start(r, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
	for (uint32_t n = 0; n < 100; n++) {
		rig_new(r, DLB_ORDERED, 0, 0, n);
		rig_new(r, DLB_ORDERED, 2, 0, n);
	}
	rig_step(r);
	while (rig_poll(r, 0, &qe))
		*(REG_GET(DLB_QE_QID, qe.meta) == 0 ? &n0 : &n1) += 1;
	assert_int_equal(n0, 64);
	assert_int_equal(n1, 64);
}

/* Other kinds of work of the queue take no numbers and go on while the window is shut. */
static void
shut_window_stops_ordered_events_only(void **state)
{
	struct rig *r = *state;
	uint32_t unordered = 0;
	struct dlb_qe qe;

	rig_balance(r, 1, 256, 512, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
	for (uint32_t n = 0; n < 64; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 64);
	for (uint32_t n = 0; n < 10; n++)
		rig_new(r, DLB_ATOMIC, 0, 1, n);
	rig_step(r);
	while (rig_poll(r, 0, &qe))
		unordered++;
	assert_int_equal(unordered, 10);
}

/* ---- Destinations ---- */

/* Forwarded to directed and load-balanced queues in turn: each sees its part in order. */
static void
order_holds_for_all_destinations_together(void **state)
{
	struct consumer consumer[CQS] = {{.head = 0}};
	uint64_t dir_next = 1, ldb_next = 0;
	struct rig *r = *state;
	uint32_t seed = 3;
	struct dlb_qe qe;

	two_stages(r, 0);
	rig_dir_port(r, 0, 4, 256);
	rig_dir_queue(r, 0, 4, 10);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 1000; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	for (uint32_t round = 0; round < 20000 && ldb_next + dir_next < 2001; round++) {
		uint32_t cq = rig_draw(&seed) % CQS;
		struct consumer *c = &consumer[cq];

		rig_step(r);
		consumer_poll(r, cq, c);
		for (uint32_t n = rig_draw(&seed) % 16; n > 0 && c->head != c->tail; n--) {
			uint64_t data = c->held[c->head++ % 128];

			if (data % 2 == 0)
				rig_forward(r, cq, DLB_UNORDERED, 1, 0, data);
			else
				rig_forward(r, cq, DLB_DIRECTED, 4, 0, data);
		}
		while (rig_poll(r, SINK, &qe)) {
			assert_int_equal(qe.data, ldb_next);
			ldb_next += 2;
			rig_finish(r, SINK);
		}
		while (rig_poll(r, RIG_DIR(4), &qe)) {
			assert_int_equal(qe.data, dir_next);
			dir_next += 2;
			rig_finish(r, RIG_DIR(4));
		}
	}
	assert_int_equal(ldb_next, 1000);
	assert_int_equal(dir_next, 1001);
}

/* An ordered event forwarded to another ordered queue gets a number there, in turn. */
static void
ordered_to_ordered_keeps_order(void **state)
{
	struct consumer first[2] = {{.head = 0}}, second[2] = {{.head = 0}};
	struct rig_queue how = rig_queue_plain();
	uint32_t seed = 11, sent = 0;
	struct rig *r = *state;
	uint64_t next = 0;

	two_stages(r, 0);
	how.sn_mode = 0;
	how.sn_slot = 1;
	how.inflights = 64;
	rig_ldb_queue(r, 0, 2, how);
	/* Ports 0 and 1 serve queue 0, ports 2 and 3 queue 2. */
	for (uint32_t p = 2; p < 4; p++) {
		assert_int_equal(rig_unmap(r, 0, p), 0);
		rig_link(r, 2, p, 0, 0);
	}
	rig_start(r, 0);
	for (uint32_t round = 0; round < 40000 && next < 3000; round++) {
		uint32_t i = rig_draw(&seed) % 2;
		struct consumer *c = &first[i];

		if (sent < 3000 && sent - next < 1000)
			rig_new(r, DLB_ORDERED, 0, 0, sent++);
		rig_step(r);
		consumer_poll(r, i, c);
		for (uint32_t n = rig_draw(&seed) % 8; n > 0 && c->head != c->tail; n--)
			rig_forward(r, i, DLB_ORDERED, 2, 0, c->held[c->head++ % 128]);
		i = rig_draw(&seed) % 2;
		consumer_poll(r, 2 + i, &second[i]);
		for (uint32_t n = rig_draw(&seed) % 8; n > 0; n--)
			consumer_complete(r, 2 + i, &second[i], 0);
		sink_expect(r, &next, 0);
	}
	assert_int_equal(next, 3000);
}

/* A NEW from a port that owes completions is ordered with nothing. */
static void
new_events_are_not_held_back(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	rig_step(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 1, 0, 0, 77));
	rig_step(r);
	expect_qe(r, SINK, 77);
}

/* A completion always retires the oldest entry of its port, whatever the command carries. */
static void
completion_retires_the_oldest_entry(void **state)
{
	struct rig *r = *state;

	two_stages(r, 0);
	for (uint32_t p = 1; p < CQS; p++)
		rig_enable(r, p, false);
	rig_new(r, DLB_ORDERED, 0, 0, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_new(r, DLB_ORDERED, 0, 0, 2);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	/* First: number 0 carries 50. Second: the unordered entry, 51 goes straight on. */
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 50);
	rig_forward(r, 0, DLB_UNORDERED, 1, 0, 51);
	rig_step(r);
	expect_qe(r, SINK, 50);
	expect_qe(r, SINK, 51);
	rig_complete(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(output_order_is_input_order),
		ON_BOTH(dropped_events_leave_no_gap),
		ON_BOTH(widest_window_keeps_order_too),
		ON_BOTH(slow_consumer_exhausts_the_window),
		ON_BOTH(window_is_what_the_mode_says),
		ON_BOTH(queue_limit_at_the_window_stalls_nothing),
		ON_BOTH(two_queues_have_a_window_each),
		ON_BOTH(shut_window_stops_ordered_events_only),
		ON_BOTH(order_holds_for_all_destinations_together),
		ON_BOTH(ordered_to_ordered_keeps_order),
		ON_BOTH(new_events_are_not_held_back),
		ON_BOTH(completion_retires_the_oldest_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
