/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* Queue 0 load balanced to port 0, queue 1 directed to port 1; port 2 sends. */
static void
shape_directed(uint16_t depth)
{
	shape(2, 3, 1);
	queue_make(0, QUEUE_ALL);
	queue_make(1, QUEUE_SINGLE);
	port_make(0, 0, depth);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, depth);
	port_make(2, 0, depth);
	link_make(0, 0);
	link_make(1, 1);
	dev_start();
}

static void
directed_events_come_first_in_first_out(void)
{
	static const uint16_t depths[] = {1, 8, 32, 128};
	unsigned int i, n;
	struct rte_event ev;

	for (i = 0; i < RTE_DIM(depths); i++) {
		shape_directed(depths[i]);
		send_numbers(2, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1000);
		for (n = 0; n < 1000; n++) {
			receive_all(1, &ev, 1);
			assert_int_equal(ev.u64, n);
			assert_int_equal(ev.queue_id, 1);
		}
		receive_nothing(1);
		dev_stop();
	}
}

/* Two senders: what each sent comes in its order, however the two are mixed. */
static void
directed_events_of_two_senders_keep_their_orders(void)
{
	uint64_t sent[2] = {0, 0}, next[2] = {0, 0};
	static const uint8_t senders[2] = {0, 2};
	unsigned int i, k, total = work_amount(10000), who;
	struct rte_event ev;

	shape_directed(32);
	for (i = 0; i < total; i++) {
		who = random_below(2);
		send_numbers(senders[who],
			     event_make(1, RTE_SCHED_TYPE_ATOMIC, who,
					(uint64_t)who << 32 | sent[who]++),
			     1);
		/* Let some heap up, then take twice as many as come. */
		for (k = 0; i % 64 >= 32 && k < 2; k++) {
			receive_all(1, &ev, 1);
			assert_int_equal(ev.u64 & UINT32_MAX, next[ev.u64 >> 32]++);
		}
	}
	while (next[0] + next[1] < total) {
		receive_all(1, &ev, 1);
		assert_int_equal(ev.u64 & UINT32_MAX, next[ev.u64 >> 32]++);
	}
	receive_nothing(1);
}

static void
events_move_between_directed_and_balanced(void)
{
	struct rte_event ev;
	unsigned int i;

	shape_directed(32);
	send_numbers(2, event_make(0, RTE_SCHED_TYPE_ORDERED, 7, 42), 1);
	for (i = 0; i < work_amount(3000); i++) {
		receive_all(0, &ev, 1);
		assert_int_equal(ev.u64, 42);
		answer_all(0, &ev, 1, RTE_EVENT_OP_FORWARD, 1, RTE_SCHED_TYPE_ATOMIC);
		receive_all(1, &ev, 1);
		assert_int_equal(ev.u64, 42);
		answer_all(1, &ev, 1, RTE_EVENT_OP_FORWARD, 0, i % 3);
	}
	drain(0, 1);
}

static void
directed_ports_may_release(void)
{
	struct rte_event ev[16];
	unsigned int i;

	shape_directed(16);
	for (i = 0; i < 100; i++) {
		send_numbers(2, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 0), RTE_DIM(ev));
		receive_all(1, ev, RTE_DIM(ev));
		/* What was released by dequeues since is not held any more: release the last. */
		ev[15].op = RTE_EVENT_OP_RELEASE;
		assert_int_equal(rte_event_enqueue_burst(dev.id, 1, &ev[15], 1), 1);
	}
	receive_nothing(1);
}

static void
directed_events_tell_their_fields(void)
{
	struct rte_event sent, ev;
	unsigned int i;

	shape_directed(32);
	for (i = 0; i < work_amount(1000); i++) {
		sent = event_make(1, i % 3, random_below(1 << 16), i);
		sent.event_type = random_below(16);
		sent.sub_event_type = random_below(256);
		send_all(2, &sent, 1);
		receive_all(1, &ev, 1);
		assert_int_equal(ev.event_type, sent.event_type);
		assert_int_equal(ev.sub_event_type, sent.sub_event_type);
		/* The device itself does not carry the type to a directed queue. */
		assert_true(ev.sched_type == sent.sched_type || dev.foreign);
		assert_int_equal(ev.queue_id, 1);
		assert_true(ev.u64 == i);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(directed_events_come_first_in_first_out),
	TEST_CASE(directed_events_of_two_senders_keep_their_orders),
	TEST_CASE(events_move_between_directed_and_balanced),
	TEST_CASE(directed_ports_may_release),
	TEST_CASE(directed_events_tell_their_fields),
};

TEST_GROUP(directed, cases);
