/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* Many times what the port holds, so that most wait in the queue when the choice is made. */
#define EACH 200

/* Receive all, answering how early the first kind came against the second: mean places apart. */
static int
mean_lead(bool (*is_first)(const struct rte_event *ev))
{
	unsigned long place[2] = {0, 0};
	struct rte_event ev;
	unsigned int i;

	for (i = 0; i < 2 * EACH; i++) {
		receive_all(1, &ev, 1);
		place[is_first(&ev) ? 0 : 1] += i;
	}
	return ((long)place[1] - (long)place[0]) / EACH;
}

static bool
is_urgent(const struct rte_event *ev)
{
	return ev->u64 == RTE_EVENT_DEV_PRIORITY_HIGHEST;
}

static void
send_each(uint8_t queue, uint8_t type, uint8_t priority)
{
	struct rte_event ev;
	unsigned int i;

	for (i = 0; i < EACH; i++) {
		ev = event_make(queue, type, i, priority);
		ev.priority = priority;
		send_all(0, &ev, 1);
	}
}

static void
urgent_events_overtake(enum queue_kind kind, uint8_t type)
{
	shape_simple(kind, 2, 0, 8);
	send_each(0, type, RTE_EVENT_DEV_PRIORITY_LOWEST);
	send_each(0, type, RTE_EVENT_DEV_PRIORITY_HIGHEST);
	/* Sent last, and yet on the average before the others. */
	assert_true(mean_lead(is_urgent) > 0);
}

static void
urgent_parallel_events_overtake(void)
{
	urgent_events_overtake(QUEUE_PARALLEL, RTE_SCHED_TYPE_PARALLEL);
}

static void
urgent_atomic_events_overtake(void)
{
	urgent_events_overtake(QUEUE_ATOMIC, RTE_SCHED_TYPE_ATOMIC);
}

static void
urgent_ordered_events_overtake(void)
{
	urgent_events_overtake(QUEUE_ORDERED, RTE_SCHED_TYPE_ORDERED);
}

static bool
is_of_queue_1(const struct rte_event *ev)
{
	return ev->queue_id == 1;
}

/* How much earlier events of queue 1 come than those of queue 0, which were sent before. */
static int
lead_of_queue_1(void)
{
	send_each(0, RTE_SCHED_TYPE_PARALLEL, RTE_EVENT_DEV_PRIORITY_NORMAL);
	send_each(1, RTE_SCHED_TYPE_PARALLEL, RTE_EVENT_DEV_PRIORITY_NORMAL);
	return mean_lead(is_of_queue_1);
}

static void
links_of_high_priority_are_served_first(void)
{
	uint8_t queues[2] = {0, 1};
	uint8_t prios[2] = {RTE_EVENT_DEV_PRIORITY_LOWEST, RTE_EVENT_DEV_PRIORITY_HIGHEST};

	shape(2, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	queue_make(1, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	assert_int_equal(rte_event_port_link(dev.id, 1, queues, prios, 2), 2);
	dev_start();
	assert_true(lead_of_queue_1() > EACH / 2);
}

/* Two queues of equal links to port 1, running. */
static void
shape_two_links(void)
{
	shape(2, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	queue_make(1, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	link_make(1, 1);
	dev_start();
}

static void
a_link_of_a_running_device_can_be_put_last(void)
{
	static const uint8_t queue = 0, priority = RTE_EVENT_DEV_PRIORITY_LOWEST;

	shape_two_links();
	assert_int_equal(rte_event_port_link(dev.id, 1, &queue, &priority, 1), 1);
	assert_true(lead_of_queue_1() > EACH / 2);
	receive_nothing(1);
}

/* Linking again changes the priority, to and fro. */
static void
links_change_their_priorities_at_run_time(void)
{
	static const uint8_t queues[2] = {0, 1};
	static const uint8_t prios[2][2] = {
		{RTE_EVENT_DEV_PRIORITY_LOWEST, RTE_EVENT_DEV_PRIORITY_HIGHEST},
		{RTE_EVENT_DEV_PRIORITY_HIGHEST, RTE_EVENT_DEV_PRIORITY_LOWEST},
	};
	unsigned int i;
	int lead;

	shape_two_links();
	for (i = 0; i < 6; i++) {
		assert_int_equal(rte_event_port_link(dev.id, 1, queues, prios[i % 2], 2), 2);
		lead = lead_of_queue_1();
		assert_true(i % 2 == 0 ? lead > EACH / 2 : lead < -EACH / 2);
		receive_nothing(1);
	}
}

/* Nobody starves: queues of equal links share the port. */
static void
links_of_equal_priority_share_the_port(void)
{
	int lead;

	shape_two_links();
	lead = lead_of_queue_1();
	assert_true(lead > -EACH / 2 && lead < EACH / 2);
}

static const struct test_case cases[] = {
	TEST_CASE(urgent_parallel_events_overtake),
	TEST_CASE(urgent_atomic_events_overtake),
	TEST_CASE(urgent_ordered_events_overtake),
	TEST_CASE(links_of_high_priority_are_served_first),
	TEST_CASE(a_link_of_a_running_device_can_be_put_last),
	/* Others only ever set bits of a link's priority: it falls, and never rises. */
	TEST_CASE_OURS(links_change_their_priorities_at_run_time),
	TEST_CASE(links_of_equal_priority_share_the_port),
};

TEST_GROUP(priority, cases);
