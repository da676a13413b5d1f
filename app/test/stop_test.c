/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

#define MOST 4096

/* How often each event was seen: at a port or by the flush callback. */
static uint8_t seen[MOST];
static unsigned int flushed;

static void
flush(uint8_t dev_id, struct rte_event ev, void *arg)
{
	if (dev_id == dev.id && arg == &flushed && ev.u64 < MOST)
		seen[ev.u64]++;
	flushed++;
}

static void
flush_begin(void)
{
	memset(seen, 0, sizeof(seen));
	flushed = 0;
	assert_int_equal(rte_event_dev_stop_flush_callback_register(dev.id, flush, &flushed), 0);
}

static void
expect_each_once(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		assert_int_equal(seen[i], 1);
	for (; i < MOST; i++)
		assert_int_equal(seen[i], 0);
}

static void
stop_flushes_every_event(void)
{
	static const uint8_t types[] = {
		RTE_SCHED_TYPE_ATOMIC,
		RTE_SCHED_TYPE_ORDERED,
		RTE_SCHED_TYPE_PARALLEL,
	};
	struct rte_event ev;
	unsigned int i;

	shape(3, 4, 0);
	for (i = 0; i < 3; i++)
		queue_make(i, QUEUE_ALL);
	ports_make(0, 4, 0, 8);
	for (i = 0; i < 3; i++)
		link_make(1 + i, i);
	dev_start();
	flush_begin();
	for (i = 0; i < 900; i++)
		send_numbers(0, event_make(i % 3, types[i / 3 % 3], i, i), 1);
	/* Ports 1 and 2 have taken some, which are the application's then. */
	for (i = 0; i < 100; i++) {
		receive_all(1 + i % 2, &ev, 1);
		seen[ev.u64]++;
	}
	dev_stop();
	assert_int_equal(flushed, 800);
	expect_each_once(900);
}

static void
stop_flushes_directed_events(void)
{
	struct rte_event ev;
	unsigned int i;

	shape(1, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	port_make(0, 0, 32);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(1, 0);
	dev_start();
	flush_begin();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 300);
	for (i = 0; i < 10; i++) {
		receive_all(1, &ev, 1);
		seen[ev.u64]++;
	}
	dev_stop();
	assert_int_equal(flushed, 290);
	expect_each_once(300);
}

/* Events forwarded out of order wait for one that a worker still holds; stop frees them. */
static void
stop_flushes_events_that_wait_for_their_turn(void)
{
	struct rte_event first, ev;
	unsigned int i;
	uint8_t holder, other;

	shape(2, 4, 0);
	queue_make(0, QUEUE_ORDERED);
	queue_make(1, QUEUE_ATOMIC);
	port_make(0, 0, 32);
	ports_make(1, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	port_make(3, 0, 8);
	link_make(1, 0);
	link_make(2, 0);
	link_make(3, 1);
	dev_start();
	flush_begin();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 0), 1);
	assert_int_equal(receive_any(1, 2, &first, 1, &holder), 1);
	seen[first.u64]++;
	other = 3 - holder;
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 1), 40);
	for (i = 0; i < 20; i++) {
		receive_all(other, &ev, 1);
		answer_all(other, &ev, 1, RTE_EVENT_OP_FORWARD, 1, RTE_SCHED_TYPE_ATOMIC);
	}
	dev_stop();
	assert_int_equal(flushed, 40);
	expect_each_once(41);
}

static void
stop_flushes_a_queue_nobody_serves(void)
{
	uint8_t queue = 0;

	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	flush_begin();
	assert_int_equal(rte_event_port_unlink(dev.id, 1, &queue, 1), 1);
	while (rte_event_port_unlinks_in_progress(dev.id, 1) > 0)
		pause_us(10);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 200);
	dev_stop();
	assert_int_equal(flushed, 200);
	expect_each_once(200);
}

static void
stop_of_a_full_device_leaves_it_empty(void)
{
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	for (i = 0; i < 3; i++) {
		assert_int_equal(send_until_refused(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0),
						    dev.limit + 1),
				 dev.limit);
		dev_stop();
		dev_restart();
		receive_nothing(1);
	}
}

static void
stop_with_a_flow_held_gives_it_up(void)
{
	struct rte_event ev;
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 3, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	for (i = 0; i < 10; i++) {
		uint8_t holder;

		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, i), 1);
		assert_int_equal(receive_any(1, 2, &ev, 1, &holder), 1);
		assert_int_equal(ev.u64, i);
		dev_stop();
		dev_restart();
	}
}

/* What is done while the device is being stopped. */
struct late {
	bool take; /* from port 1 what was sent to queue 0, and never answer it */
	unsigned int sent;
};

/* Sends to queue 0 and, directed, to queue 2. */
static void
send_late(uint8_t dev_id, struct rte_event ev, void *arg)
{
	struct late *late = arg;
	struct rte_event more[2] = {
		event_make(0, RTE_SCHED_TYPE_ATOMIC, (uint32_t)ev.u64, 0),
		event_make(2, RTE_SCHED_TYPE_ATOMIC, 0, 0),
	};

	if (ev.queue_id != 1)
		return;
	late->sent += rte_event_enqueue_burst(dev_id, 0, more, RTE_DIM(more));
	if (late->take)
		rte_event_dequeue_burst(dev_id, 1, more, RTE_DIM(more), 0);
}

/* Ports 1 to 3 for queues 0, 2, which is directed, and 1; port 0 sends. */
static void
shape_late(void)
{
	shape(3, 4, 1);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ORDERED);
	queue_make(2, QUEUE_SINGLE);
	ports_make(0, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
	port_make(2, RTE_EVENT_PORT_CFG_SINGLE_LINK, 16);
	port_make(3, 0, 16);
	link_make(1, 0);
	link_make(2, 2);
	link_make(3, 1);
	dev_start();
}

/*
 * What comes when stop is done with its port stays there, with its tokens and as work in flight,
 * and the reset of the device has to get rid of it.
 */
static void
late_events_are_gone_with_the_device(bool take)
{
	struct late late = {.take = take};
	unsigned int i;

	for (i = 0; i < 10; i++) {
		shape_late();
		assert_int_equal(
			rte_event_dev_stop_flush_callback_register(dev.id, send_late, &late), 0);
		send_numbers(0, event_make(1, RTE_SCHED_TYPE_ORDERED, 0, 0), 1 + i % 7);
		pause_us(200);
		dev_stop();
		assert_int_equal(rte_event_dev_stop_flush_callback_register(dev.id, NULL, NULL), 0);
		device_still_works();
	}
	/* Drivers that take nothing more have nothing to get rid of. */
	assert_true(late.sent > 0 || !dev.foreign);
}

static void
what_is_taken_during_stop_is_gone_with_the_device(void)
{
	late_events_are_gone_with_the_device(true);
}

static void
what_comes_during_stop_is_gone_with_the_device(void)
{
	late_events_are_gone_with_the_device(false);
}

static const struct test_case cases[] = {
	TEST_CASE(stop_flushes_every_event),
	TEST_CASE(stop_flushes_directed_events),
	TEST_CASE(stop_flushes_events_that_wait_for_their_turn),
	TEST_CASE(stop_flushes_a_queue_nobody_serves),
	TEST_CASE(stop_of_a_full_device_leaves_it_empty),
	TEST_CASE(stop_with_a_flow_held_gives_it_up),
	TEST_CASE(what_is_taken_during_stop_is_gone_with_the_device),
	/* Others, as compiled, return no tokens when they reset a load-balanced port. */
	TEST_CASE_OURS(what_comes_during_stop_is_gone_with_the_device),
};

TEST_GROUP(stop, cases);
