/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

static void
dequeue_releases_what_came_before(void)
{
	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	/* Hundreds of times what the port could hold. */
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0), 2000);
	drain(1, 2000);
}

static void
without_implicit_release_a_port_fills_up(void)
{
	static struct rte_event ev[1024];
	unsigned int n, got, held = 0;

	shape_simple(QUEUE_PARALLEL, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), RTE_DIM(ev));
	while ((got = receive_some(1, ev + held, 8, 20000)) > 0)
		held += got;
	/* At least what it was set up for, at most what a device keeps track of. */
	assert_true(held >= 8 && held < RTE_DIM(ev));
	while (held < RTE_DIM(ev)) {
		n = RTE_MIN(held, 4u);
		release_all(1, ev, n);
		receive_all(1, ev, n);
		held += n;
	}
	receive_nothing(1);
}

static void
without_implicit_release_a_flow_stays(void)
{
	struct rte_event ev, none;
	uint8_t holder, other;

	shape_simple(QUEUE_ATOMIC, 3, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0), 1);
	assert_int_equal(receive_any(1, 2, &ev, 1, &holder), 1);
	other = 3 - holder;
	/* Dequeues that bring nothing release nothing. */
	assert_int_equal(receive_some(holder, &none, 1, 1000), 0);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 1), 1);
	receive_nothing(other);
	receive_all(holder, &none, 1);
	release_all(holder, &ev, 1);
	release_all(holder, &none, 1);
}

/* What is refused must not have done anything, and say why. */
static void
expect_refused(uint8_t port, struct rte_event ev)
{
	rte_errno = 0;
	assert_int_equal(rte_event_enqueue_burst(dev.id, port, &ev, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
}

static void
releasing_more_than_held_is_refused(void)
{
	struct rte_event ev, held;

	shape_simple(QUEUE_ATOMIC, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0);
	ev.op = RTE_EVENT_OP_RELEASE;
	expect_refused(1, ev);
	expect_refused(0, ev);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 5), 1);
	receive_all(1, &held, 1);
	release_all(1, &held, 1);
	ev.op = RTE_EVENT_OP_RELEASE;
	expect_refused(1, ev);
	receive_nothing(1);
	device_still_works();
}

static void
releasing_more_than_held_on_a_directed_port_is_refused(void)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0);

	shape(1, 1, 1);
	queue_make(0, QUEUE_SINGLE);
	port_make(0, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(0, 0);
	dev_start();
	ev.op = RTE_EVENT_OP_RELEASE;
	expect_refused(0, ev);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0), 3);
	drain(0, 3);
}

/* Some applications forward what they never dequeued: that is new, for the credits too. */
static void
a_forward_by_a_port_that_holds_nothing_is_new(void)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0);

	shape_limited(1, 2, 16);
	queue_make(0, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 32);
	link_make(1, 0);
	dev_start();
	ev.op = RTE_EVENT_OP_FORWARD;
	assert_int_equal(send_until_refused(0, ev, 20), 16);
	drain(1, 16);
	assert_int_equal(send_until_refused(0, ev, 20), 16);
}

static void
events_for_nowhere_are_refused(void)
{
	struct rte_event ev;

	shape(2, 2, 0);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	link_make(1, 1);
	dev_start();
	expect_refused(0, event_make(2, RTE_SCHED_TYPE_ATOMIC, 0, 0));
	expect_refused(0, event_make(255, RTE_SCHED_TYPE_ATOMIC, 0, 0));
	expect_refused(0, event_make(0, 3, 0, 0));
	expect_refused(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0));
	expect_refused(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 0));
	expect_refused(0, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 0));
	ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0);
	ev.op = 3;
	expect_refused(0, ev);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 1);
	drain(1, 1);
	device_still_works();
}

static void
a_burst_stops_at_what_cannot_be(void)
{
	struct rte_event ev[8];
	unsigned int bad, i;

	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	for (bad = 0; bad < RTE_DIM(ev); bad++) {
		for (i = 0; i < RTE_DIM(ev); i++)
			ev[i] = event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, i);
		ev[bad].queue_id = 99;
		rte_errno = 0;
		assert_int_equal(rte_event_enqueue_burst(dev.id, 0, ev, RTE_DIM(ev)), bad);
		assert_int_equal(rte_errno, EINVAL);
		if (bad > 0)
			receive_all(1, ev, bad);
		for (i = 0; i < bad; i++)
			assert_int_equal(ev[i].u64, i);
		receive_nothing(1);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(dequeue_releases_what_came_before),
	TEST_CASE(without_implicit_release_a_port_fills_up),
	TEST_CASE(without_implicit_release_a_flow_stays),
	/* What costs time at each event, others do not look at. */
	TEST_CASE_OURS(releasing_more_than_held_is_refused),
	TEST_CASE_OURS(releasing_more_than_held_on_a_directed_port_is_refused),
	TEST_CASE_OURS(a_forward_by_a_port_that_holds_nothing_is_new),
	TEST_CASE_OURS(events_for_nowhere_are_refused),
	TEST_CASE_OURS(a_burst_stops_at_what_cannot_be),
};

TEST_GROUP(release, cases);
