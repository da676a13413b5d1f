/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* A chain of two queues, both served by port 1; port 0 sends. */
static void
shape_chain(enum queue_kind first, enum queue_kind second, uint16_t depth)
{
	shape(2, 2, 0);
	queue_make(0, first);
	queue_make(1, second);
	ports_make(0, 2, 0, depth);
	link_make(1, 0);
	link_make(1, 1);
	dev_start();
}

/* Answer what port 1 got, checking that each queue delivers in order: how many left the chain. */
static unsigned int
chain_answer(struct rte_event ev[], uint16_t n, uint64_t next[2])
{
	unsigned int left = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		assert_true(ev[i].u64 == next[ev[i].queue_id]++);
		ev[i].op = ev[i].queue_id == 0 ? RTE_EVENT_OP_FORWARD : RTE_EVENT_OP_RELEASE;
		left += ev[i].queue_id == 1;
		ev[i].queue_id = 1;
	}
	assert_int_equal(rte_event_enqueue_burst(dev.id, 1, ev, n), n);
	return left;
}

static void
events_go_through_a_chain(void)
{
	uint64_t next[2] = {0, 0};
	struct rte_event ev[64];
	unsigned int n, left;

	shape_chain(QUEUE_ATOMIC, QUEUE_ATOMIC, 128);
	for (n = 1; n <= RTE_DIM(ev); n++) {
		next[0] = next[1] = n * 1000;
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, n, n * 1000), n);
		for (left = n; left > 0;) {
			uint16_t got = receive_some(1, ev, RTE_DIM(ev), PATIENCE_US);

			assert_true(got > 0);
			left -= chain_answer(ev, got, next);
		}
	}
	receive_nothing(1);
}

static struct rte_event
event_random(uint8_t queue, uint8_t sched_type)
{
	/* The device carries 16 bits of the flow. */
	uint32_t flow = random_below(dev.foreign ? 1 << 16 : 1 << 20);
	struct rte_event ev = event_make(queue, sched_type, flow, 0);

	ev.event_type = random_below(16);
	ev.sub_event_type = random_below(256);
	ev.priority = random_below(8) << 5;
	ev.u64 = (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);
	return ev;
}

static void
every_field_arrives(void)
{
	struct rte_event sent, ev;
	unsigned int i;

	shape_simple(QUEUE_ALL, 2, 0, 32);
	for (i = 0; i < work_amount(3000); i++) {
		sent = event_random(0, i % 3);
		send_all(0, &sent, 1);
		receive_all(1, &ev, 1);
		assert_int_equal(ev.flow_id, sent.flow_id);
		assert_int_equal(ev.event_type, sent.event_type);
		assert_int_equal(ev.sub_event_type, sent.sub_event_type);
		/* Some drivers send what is parallel to a queue of all types as ordered. */
		assert_true(ev.sched_type == sent.sched_type || dev.foreign);
		assert_int_equal(ev.queue_id, sent.queue_id);
		assert_int_equal(ev.priority, sent.priority);
		assert_true(ev.u64 == sent.u64);
		assert_true(ev.op == RTE_EVENT_OP_NEW || dev.foreign);
	}
}

static void
every_burst_size_and_function_works(void)
{
	struct rte_event ev[128];
	unsigned int n, i, burst = RTE_MIN(dev.info.max_event_port_enqueue_depth, 128u);

	shape_chain(QUEUE_ORDERED, QUEUE_PARALLEL, 128);
	for (n = 1; n <= burst; n += 1 + n / 8) {
		for (i = 0; i < n; i++)
			ev[i] = event_make(0, RTE_SCHED_TYPE_ORDERED, i, i);
		assert_int_equal(rte_event_enqueue_new_burst(dev.id, 0, ev, n), n);
		for (i = 0; i < n; i++)
			receive_all(1, &ev[i], 1);
		/* Only the last is still held, the others were let go by the next dequeue. */
		ev[n - 1].op = RTE_EVENT_OP_FORWARD;
		ev[n - 1].queue_id = 1;
		ev[n - 1].sched_type = RTE_SCHED_TYPE_PARALLEL;
		assert_int_equal(rte_event_enqueue_forward_burst(dev.id, 1, &ev[n - 1], 1), 1);
		receive_all(1, ev, 1);
		assert_int_equal(ev[0].u64, n - 1);
		ev[0].op = RTE_EVENT_OP_RELEASE;
		assert_int_equal(rte_event_enqueue_burst(dev.id, 1, ev, 1), 1);
	}
}

static void
forward_bursts_keep_every_event(void)
{
	struct rte_event ev[32];
	unsigned int total = work_amount(20000), sent = 0, left = total;
	uint64_t next[2] = {0, 0};
	uint16_t n;

	shape_chain(QUEUE_ATOMIC, QUEUE_ATOMIC, 32);
	while (left > 0) {
		n = RTE_MIN(16u, total - sent);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 9, sent), n);
		sent += n;
		n = receive_some(1, ev, RTE_DIM(ev), PATIENCE_US);
		assert_true(n > 0);
		left -= chain_answer(ev, n, next);
	}
	receive_nothing(1);
}

/* Rings wrap hundreds of times, at every offset of a burst. */
static void
pass_numbers(uint16_t depth, unsigned int total)
{
	struct rte_event ev[16];
	unsigned int sent = 0, n;
	uint64_t next = 0;
	uint16_t i, got;

	shape_simple(QUEUE_ATOMIC, 2, 0, depth);
	while (next < total) {
		n = RTE_MIN(random_below(RTE_DIM(ev)), total - sent);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 4, sent), n);
		sent += n;
		n = 1 + random_below(RTE_DIM(ev));
		got = sent > next ? receive_some(1, ev, n, PATIENCE_US) : 0;
		assert_true(got > 0 || sent == next);
		for (i = 0; i < got; i++)
			assert_true(ev[i].u64 == next++);
	}
	receive_nothing(1);
	dev_stop();
}

static void
dequeue_after_wrap_keeps_order(void)
{
	pass_numbers(8, work_amount(20000));
	pass_numbers(1, work_amount(2000));
	pass_numbers(32, work_amount(20000));
}

static void
a_queue_takes_more_than_a_port_can_hold(void)
{
	struct rte_event ev[8];
	unsigned int i, n = RTE_MIN(dev.info.max_num_events, 3000);

	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), n);
	for (i = 0; i < n; i++) {
		receive_all(1, ev, 1);
		assert_int_equal(ev[0].u64, i);
	}
	receive_nothing(1);
}

static void
a_port_may_send_to_itself(void)
{
	struct rte_event ev;
	unsigned int i;

	shape(1, 1, 0);
	queue_make(0, QUEUE_ALL);
	port_make(0, 0, 32);
	link_make(0, 0);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 77), 1);
	for (i = 0; i < work_amount(5000); i++) {
		receive_all(0, &ev, 1);
		assert_int_equal(ev.u64, 77);
		answer_all(0, &ev, 1, RTE_EVENT_OP_FORWARD, 0, i % 3);
	}
	drain(0, 1);
}

static const struct test_case cases[] = {
	TEST_CASE(events_go_through_a_chain),
	TEST_CASE(every_field_arrives),
	TEST_CASE(every_burst_size_and_function_works),
	TEST_CASE(forward_bursts_keep_every_event),
	TEST_CASE(dequeue_after_wrap_keeps_order),
	TEST_CASE(a_queue_takes_more_than_a_port_can_hold),
	TEST_CASE(a_port_may_send_to_itself),
};

TEST_GROUP(traffic, cases);
