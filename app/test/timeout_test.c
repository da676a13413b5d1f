/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* A busy machine may let a thread wait this long for its turn. */
#define SLACK_US 300000

static uint64_t
ticks(uint64_t ns)
{
	uint64_t value = 0;

	assert_int_equal(rte_event_dequeue_timeout_ticks(dev.id, ns, &value), 0);
	return value;
}

static void
shape_timeout(uint32_t flags, uint32_t timeout_ns)
{
	struct rte_event_dev_config conf = shape_config(1, 2, 0);

	conf.event_dev_cfg = flags;
	conf.dequeue_timeout_ns = timeout_ns;
	assert_int_equal(rte_event_dev_configure(dev.id, &conf), 0);
	dev.limit = conf.nb_events_limit;
	queue_make(0, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	dev_start();
}

/* Dequeue in vain: how long that took. */
static uint64_t
wait_in_vain(uint64_t timeout)
{
	uint64_t start = now_us();
	struct rte_event ev;

	assert_int_equal(rte_event_dequeue_burst(dev.id, 1, &ev, 1, timeout), 0);
	return now_us() - start;
}

static void
expect_wait(uint64_t took, uint64_t wanted_us)
{
	assert_true(took >= wanted_us - wanted_us / 20);
	assert_true(took < wanted_us + SLACK_US);
}

static void
dequeue_waits_as_long_as_it_is_told(void)
{
	shape_timeout(RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT, 0);
	expect_wait(wait_in_vain(ticks(2000000)), 2000);
	expect_wait(wait_in_vain(ticks(30000000)), 30000);
	assert_true(wait_in_vain(0) < SLACK_US);
}

static void
dequeue_waits_as_long_as_the_device_was_told(void)
{
	shape_timeout(0, 20000000);
	expect_wait(wait_in_vain(0), 20000);
	expect_wait(wait_in_vain(ticks(1000)), 20000);
}

static void *
send_later(void *arg)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 42);

	pause_us(*(unsigned int *)arg);
	while (rte_event_enqueue_burst(dev.id, 0, &ev, 1) == 0 && !threads_stopping())
		;
	return NULL;
}

static void
dequeue_returns_when_something_comes(void)
{
	static unsigned int delay_us = 10000;
	struct rte_event ev[4];
	uint64_t start, took;

	shape_timeout(RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT, 0);
	thread_start(send_later, &delay_us);
	start = now_us();
	/* Room for four does not mean waiting for four. */
	assert_int_equal(rte_event_dequeue_burst(dev.id, 1, ev, 4, ticks(3000000000)), 1);
	took = now_us() - start;
	threads_join();
	assert_int_equal(ev[0].u64, 42);
	assert_true(took < 2000000);
}

/* A caller that would wait for ever says the largest number there is. */
static void
dequeue_waits_however_long_it_is_told(void)
{
	static unsigned int delay_us = 2000;
	struct rte_event ev;
	unsigned int i;

	shape_timeout(RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT, 0);
	/* Some of which are no time at all when they are counted in cycles of any clock. */
	for (i = 1; i <= 8; i++) {
		uint64_t ns = UINT64_MAX / 8 * i;

		thread_start(send_later, &delay_us);
		assert_int_equal(rte_event_dequeue_burst(dev.id, 1, &ev, 1, ticks(ns)), 1);
		threads_join();
		assert_int_equal(ev.u64, 42);
	}
}

static void
dequeue_does_not_wait_for_what_is_there(void)
{
	struct rte_event ev;
	uint64_t start;

	shape_timeout(RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT, 0);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 42), 1);
	start = now_us();
	assert_int_equal(rte_event_dequeue_burst(dev.id, 1, &ev, 1, ticks(3000000000)), 1);
	assert_true(now_us() - start < 1000000);
}

static const struct test_case cases[] = {
	/* Others round the ticks of a nanosecond down to a whole number. */
	TEST_CASE_OURS(dequeue_waits_as_long_as_it_is_told),
	TEST_CASE(dequeue_waits_as_long_as_the_device_was_told),
	TEST_CASE(dequeue_returns_when_something_comes),
	TEST_CASE_OURS(dequeue_waits_however_long_it_is_told),
	TEST_CASE(dequeue_does_not_wait_for_what_is_there),
};

TEST_GROUP(timeout, cases);
