/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include <rte_event_timer_adapter.h>

#include "test.h"

/* Calls that applications make now and then: quiesce, queue attributes, the self test. */

#define NO_IMPL_REL RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL

static unsigned int flushed;
static uint64_t flushed_sum;

static void
flush(uint8_t id, struct rte_event ev, void *arg)
{
	assert_int_equal(id, dev.id);
	assert_ptr_equal(arg, &flushed);
	flushed++;
	flushed_sum += ev.u64;
}

static void
quiesce(uint8_t port)
{
	flushed = 0;
	flushed_sum = 0;
	rte_event_port_quiesce(dev.id, port, flush, &flushed);
}

/* What the device had given port 1 already comes back by the callback, once, and is released. */
static void
quiesce_hands_out_what_was_scheduled(void)
{
	struct rte_event ev[4];

	shape_simple(QUEUE_ATOMIC, 2, NO_IMPL_REL, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 3, 0), 8);
	receive_all(1, ev, 4);
	receive_nothing(0);
	quiesce(1);
	assert_int_equal(flushed, 4);
	assert_int_equal(flushed_sum, 4 + 5 + 6 + 7);
	quiesce(1);
	assert_int_equal(flushed, 0);
	/* The flow is free again, and no credit is lost. */
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 3, 100), 1);
	receive_all(1, ev, 1);
	assert_int_equal(ev[0].u64, 100);
}

static void
quiesce_gives_credits_back(void)
{
	unsigned int i;

	shape_limited(1, 2, 64);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, 0, 8);
	port_make(1, NO_IMPL_REL, 64);
	link_make(1, 0);
	dev_start();
	for (i = 0; i < 5; i++) {
		unsigned int sum = 0;

		assert_int_equal(
			send_until_refused(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 65),
			64);
		while (sum < 64) {
			receive_nothing(0);
			quiesce(1);
			sum += flushed;
		}
		assert_int_equal(sum, 64);
	}
}

static void
a_directed_port_can_be_quiesced(void)
{
	shape(1, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	port_make(0, 0, 32);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(1, 0);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 20);
	receive_nothing(0);
	quiesce(1);
	assert_int_equal(flushed, 8);
	drain(1, 12);
}

/* The device has no attributes of queues that could be changed, and does not say so either. */
static void
queue_attributes_cannot_be_set(void)
{
	static const uint32_t attributes[] = {
		RTE_EVENT_QUEUE_ATTR_PRIORITY,
		RTE_EVENT_QUEUE_ATTR_WEIGHT,
		RTE_EVENT_QUEUE_ATTR_AFFINITY,
	};
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	assert_int_equal(dev.info.event_dev_cap &
				 (RTE_EVENT_DEV_CAP_RUNTIME_QUEUE_ATTR |
				  RTE_EVENT_DEV_CAP_QUEUE_QOS),
			 0);
	for (i = 0; i < RTE_DIM(attributes); i++)
		assert_int_equal(rte_event_queue_attr_set(dev.id, 0, attributes[i], 1), -ENOTSUP);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	drain(1, 10);
}

static void
the_timer_adapter_is_a_service(void)
{
	uint32_t caps = UINT32_MAX;

	assert_int_equal(rte_event_timer_adapter_caps_get(dev.id, &caps), 0);
	assert_int_equal(caps & RTE_EVENT_TIMER_ADAPTER_CAP_INTERNAL_PORT, 0);
}

/* To the device a vector is an event like any other. */
static void
vectors_pass(void)
{
	struct rte_event_vector vector = {.nb_elem = 3};
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 5, 0), got;

	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	ev.event_type = RTE_EVENT_TYPE_ETHDEV_VECTOR;
	ev.vec = &vector;
	send_all(0, &ev, 1);
	receive_all(1, &got, 1);
	assert_int_equal(got.event_type, RTE_EVENT_TYPE_ETHDEV_VECTOR);
	assert_ptr_equal(got.vec, &vector);
}

static void
the_self_test_passes(void)
{
	assert_int_equal(rte_event_dev_selftest(dev.id), 0);
	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	/* Nothing is done to a device at work. */
	assert_int_equal(rte_event_dev_selftest(dev.id), -EBUSY);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 10);
	drain(1, 10);
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(quiesce_hands_out_what_was_scheduled),
	TEST_CASE_OURS(quiesce_gives_credits_back),
	TEST_CASE_OURS(a_directed_port_can_be_quiesced),
	TEST_CASE(queue_attributes_cannot_be_set),
	TEST_CASE(the_timer_adapter_is_a_service),
	TEST_CASE(vectors_pass),
	/* Others test a device by name. */
	TEST_CASE_OURS(the_self_test_passes),
};

TEST_GROUP(calls, cases);
