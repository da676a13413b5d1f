/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

static uint8_t queues[RTE_EVENT_MAX_QUEUES_PER_DEV], prios[RTE_EVENT_MAX_QUEUES_PER_DEV];

/* One port with all the links it can have, set up but not started. */
static void
shape_with_full_port(void)
{
	uint8_t i;

	shape(10, 3, 0);
	for (i = 0; i < 10; i++)
		queue_make(i, QUEUE_PARALLEL);
	ports_make(0, 3, 0, 32);
	for (i = 0; i < dev.info.max_event_port_links; i++)
		link_make(1, i);
	for (i = 8; i < 10; i++)
		link_make(2, i);
}

static void
ninth_link_is_refused(void)
{
	struct rte_event ev;
	uint8_t i;

	shape_with_full_port();
	link_refused(1, 8);
	assert_int_equal(rte_event_port_links_get(dev.id, 1, queues, prios), 8);
	dev_start();
	for (i = 0; i < 8; i++)
		send_numbers(0, event_make(i, RTE_SCHED_TYPE_PARALLEL, 0, i), 1);
	for (i = 0; i < 8; i++) {
		receive_all(1, &ev, 1);
		assert_int_equal(ev.u64, ev.queue_id);
	}
	receive_nothing(2);
}

static void
links_beyond_the_eighth_are_left_out(void)
{
	uint8_t all[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, i;

	shape(10, 2, 0);
	for (i = 0; i < 10; i++)
		queue_make(i, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 32);
	assert_int_equal(rte_event_port_link(dev.id, 0, all, NULL, 10), 8);
	assert_true(dev.foreign || rte_errno == EDQUOT || rte_errno == EINVAL);
	assert_int_equal(rte_event_port_link(dev.id, 1, all + 8, NULL, 2), 2);
	dev_start();
	for (i = 0; i < 10; i++)
		send_numbers(0, event_make(i, RTE_SCHED_TYPE_PARALLEL, 0, i), 1);
	drain(0, 8);
	drain(1, 2);
}

static void
links_to_what_is_not_there_are_refused(void)
{
	uint8_t queue = 1;

	shape(1, 2, 0);
	queue_make(0, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 32);
	rte_errno = 0;
	assert_int_equal(rte_event_port_link(dev.id, 0, &queue, NULL, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	queue = 0;
	rte_errno = 0;
	assert_int_equal(rte_event_port_link(dev.id, 2, &queue, NULL, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	queue = 200;
	assert_int_equal(rte_event_port_unlink(dev.id, 0, &queue, 1), 0);
	device_still_works();
}

static void
linking_again_changes_nothing(void)
{
	shape(1, 2, 0);
	queue_make(0, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 32);
	link_make(1, 0);
	link_make(1, 0);
	assert_int_equal(rte_event_port_links_get(dev.id, 1, queues, prios), 1);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	drain(1, 10);
}

static void
links_can_be_undone_before_start(void)
{
	uint8_t queue = 0;

	shape(2, 2, 0);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 32);
	assert_int_equal(rte_event_port_link(dev.id, 0, NULL, NULL, 0), 2);
	link_make(1, 0);
	assert_int_equal(rte_event_port_unlink(dev.id, 0, &queue, 1), 1);
	assert_int_equal(rte_event_port_unlinks_in_progress(dev.id, 0), 0);
	assert_int_equal(rte_event_port_links_get(dev.id, 0, queues, prios), 1);
	assert_int_equal(queues[0], 1);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	receive_nothing(0);
	drain(1, 10);
}

static void
a_single_link_queue_takes_one_port(void)
{
	uint8_t queue = 0;

	shape(1, 3, 0);
	queue_make(0, QUEUE_SINGLE);
	ports_make(0, 3, 0, 32);
	link_make(1, 0);
	rte_errno = 0;
	assert_int_equal(rte_event_port_link(dev.id, 2, &queue, NULL, 1), 0);
	assert_int_equal(rte_errno, EDQUOT);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	drain(1, 10);
}

static void
a_single_link_port_takes_one_queue(void)
{
	shape(2, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	queue_make(1, QUEUE_ATOMIC);
	port_make(0, 0, 32);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 32);
	link_make(1, 0);
	link_refused(1, 1);
	link_make(0, 1);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	drain(1, 10);
}

static void
a_single_link_queue_at_an_ordinary_port_keeps_its_types(void)
{
	struct rte_event ev;
	uint8_t type;

	shape(2, 1, 0);
	queue_make(0, QUEUE_SINGLE);
	queue_make(1, QUEUE_ORDERED);
	port_make(0, 0, 32);
	link_make(0, 0);
	link_make(0, 1);
	dev_start();
	for (type = RTE_SCHED_TYPE_ORDERED; type <= RTE_SCHED_TYPE_PARALLEL; type++) {
		send_numbers(0, event_make(0, type, 5, 17), 1);
		receive_all(0, &ev, 1);
		assert_int_equal(ev.sched_type, type);
		assert_int_equal(ev.u64, 17);
	}
}

static void
links_tell_their_priorities(void)
{
	uint8_t q[2] = {0, 1}, p[2] = {32, 224};

	shape(2, 1, 0);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ATOMIC);
	port_make(0, 0, 32);
	assert_int_equal(rte_event_port_link(dev.id, 0, q, p, 2), 2);
	assert_int_equal(rte_event_port_links_get(dev.id, 0, queues, prios), 2);
	assert_memory_equal(queues, q, 2);
	assert_memory_equal(prios, p, 2);
}

static const struct test_case cases[] = {
	TEST_CASE(ninth_link_is_refused),
	TEST_CASE(links_beyond_the_eighth_are_left_out),
	TEST_CASE(links_to_what_is_not_there_are_refused),
	TEST_CASE(linking_again_changes_nothing),
	TEST_CASE(links_can_be_undone_before_start),
	/* Others count single-link queues with the pairs only. */
	TEST_CASE_OURS(a_single_link_queue_takes_one_port),
	TEST_CASE(a_single_link_port_takes_one_queue),
	TEST_CASE_OURS(a_single_link_queue_at_an_ordinary_port_keeps_its_types),
	TEST_CASE(links_tell_their_priorities),
};

TEST_GROUP(link, cases);
