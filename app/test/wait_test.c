/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Where events wait and why, by the statistics `wait` and in the dump. */

#define NO_IMPL_REL RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL

/* Values of port_N_wait and qid_N_wait, as the guide lists them. */
enum wait {
	WAIT_NOTHING,
	WAIT_TURN,
	WAIT_NOT_LINKED,
	WAIT_PAUSED,
	WAIT_UNLINK,
	WAIT_TOKENS,
	WAIT_HISTORY,
	WAIT_INFLIGHT,
	WAIT_REORDER,
	WAIT_PINNED,
};

/* The device takes its time, of which it gets some when a port is polled: port 0 has no links. */
static void
expect_stat(const char *name, uint64_t value)
{
	uint64_t end = now_us() + PATIENCE_US, seen;
	struct rte_event ev;

	do {
		seen = dev_stat(name);
		if (seen == value)
			return;
		rte_event_dequeue_burst(dev.id, 0, &ev, 1, 0);
		sched_yield();
	} while (now_us() < end);
	fail_msg("%s is %lu, not %lu", name, (unsigned long)seen, (unsigned long)value);
}

static void
expect_dump(const char *words)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	bool found;

	assert_non_null(file);
	assert_int_equal(rte_event_dev_dump(dev.id, file), 0);
	fclose(file);
	found = strstr(text, words) != NULL;
	if (!found)
		fail_msg("no \"%s\" in the dump: %s", words, text);
	free(text);
}

static void
send_to_queue_0(uint8_t type, uint32_t flow, unsigned int n)
{
	send_numbers(0, event_make(0, type, flow, 0), n);
}

static void
nothing_waits_in_an_idle_device(void)
{
	shape_simple(QUEUE_ATOMIC, 2, 0, 8);
	expect_stat("qid_0_wait", WAIT_NOTHING);
	expect_stat("port_1_wait", WAIT_NOTHING);
	expect_dump("0 waiting");
	assert_int_equal(
		rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_DEVICE, 0, NULL, 0), 0);
	expect_dump("alarms: none");
}

static void
a_full_consumer_queue_is_named(void)
{
	struct rte_event ev[8];

	shape_simple(QUEUE_PARALLEL, 2, NO_IMPL_REL, 8);
	send_to_queue_0(RTE_SCHED_TYPE_PARALLEL, 0, 24);
	receive_nothing(0);
	expect_stat("port_1_cq_fill", 8);
	expect_stat("port_1_wait", WAIT_TOKENS);
	expect_stat("qid_0_wait", WAIT_TOKENS);
	expect_stat("qid_0_waiting_other", 16);
	expect_stat("port_1_history_used", 8);
	expect_dump("16 waiting, for room in a full consumer queue");
	receive_all(1, ev, 8);
	receive_nothing(0);
	expect_stat("port_1_outstanding_releases", 8);
	/* Twice the depth is what the history holds, and that is full now. */
	expect_stat("port_1_history_used", 16);
	expect_stat("port_1_wait", WAIT_HISTORY);
	expect_stat("qid_0_wait", WAIT_HISTORY);
	expect_dump("8 waiting, for room in a full history list");
	release_all(1, ev, 8);
	expect_stat("port_1_wait", WAIT_TOKENS);
	receive_all(1, ev, 8);
	expect_stat("qid_0_current_depth", 0);
}

static void
a_full_directed_consumer_queue_is_named(void)
{
	shape(1, 2, 1);
	queue_make(0, QUEUE_SINGLE);
	port_make(0, 0, 32);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 8);
	link_make(1, 0);
	dev_start();
	send_to_queue_0(RTE_SCHED_TYPE_ATOMIC, 0, 20);
	receive_nothing(0);
	expect_stat("port_1_cq_fill", 8);
	expect_stat("qid_0_wait", WAIT_TOKENS);
	expect_stat("qid_0_current_depth", 12);
}

static void
a_queue_without_a_port_is_named(void)
{
	uint8_t queue = 0;

	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	assert_int_equal(rte_event_port_unlink(dev.id, 1, &queue, 1), 1);
	while (rte_event_port_unlinks_in_progress(dev.id, 1) > 0)
		pause_us(10);
	send_to_queue_0(RTE_SCHED_TYPE_PARALLEL, 0, 5);
	expect_stat("qid_0_wait", WAIT_NOT_LINKED);
	expect_dump("5 waiting, for a link to a port");
}

static void
pending_links_are_named(void)
{
	struct rte_event ev;
	uint8_t queue = 0;

	shape_simple(QUEUE_PARALLEL, 3, NO_IMPL_REL, 8);
	assert_int_equal(rte_event_port_unlink(dev.id, 2, &queue, 1), 1);
	send_to_queue_0(RTE_SCHED_TYPE_PARALLEL, 0, 1);
	receive_all(1, &ev, 1);
	assert_int_equal(rte_event_port_link(dev.id, 2, &queue, NULL, 1), 1);
	send_to_queue_0(RTE_SCHED_TYPE_PARALLEL, 0, 3);
	expect_stat("qid_0_wait", WAIT_PAUSED);
	assert_int_equal(rte_event_port_unlink(dev.id, 2, &queue, 1), 1);
	expect_stat("qid_0_wait", WAIT_NOTHING);
	assert_int_equal(rte_event_port_unlink(dev.id, 1, &queue, 1), 1);
	expect_stat("port_1_wait", WAIT_UNLINK);
	expect_dump("waits for an unlink, which waits for releases");
}

static void
a_pinned_flow_is_named(void)
{
	shape_simple(QUEUE_ATOMIC, 3, NO_IMPL_REL, 8);
	send_to_queue_0(RTE_SCHED_TYPE_ATOMIC, 7, 20);
	receive_nothing(0);
	expect_stat("qid_0_wait", WAIT_PINNED);
	expect_stat("qid_0_waiting_atomic", 12);
	expect_stat("qid_0_inflight", 8);
	expect_dump("12 waiting, for the port that has the flow");
}

/* Port 1 takes from an ordered queue, port 2 from where its events go. */
static void
shape_ordered(void)
{
	shape(2, 3, 0);
	queue_make(0, QUEUE_ORDERED);
	queue_make(1, QUEUE_ATOMIC);
	port_make(0, 0, 32);
	port_make(1, NO_IMPL_REL, 128);
	port_make(2, 0, 8);
	link_make(1, 0);
	link_make(2, 1);
}

static void
the_limit_of_an_ordered_queue_is_named(void)
{
	struct rte_event ev[64];

	shape_ordered();
	dev_start();
	send_to_queue_0(RTE_SCHED_TYPE_ORDERED, 0, 2000);
	while (dev_stat("qid_0_inflight") < dev_stat("qid_0_inflight_limit") &&
	       dev_stat("port_1_wait") != WAIT_HISTORY)
		receive_some(1, ev, RTE_DIM(ev), 100);
	expect_stat("qid_0_wait",
		    dev_stat("port_1_wait") == WAIT_HISTORY ? WAIT_HISTORY : WAIT_INFLIGHT);
}

/* An older event is held; all later ones were forwarded, and cannot go before it. */
static void
a_withheld_event_that_others_wait_for_is_named(void)
{
	struct rte_event first, ev;
	uint64_t window, n;
	uint8_t holder;

	shape(4, 4, 0);
	/* More ordered queues make the windows smaller. */
	queue_make(0, QUEUE_ORDERED);
	queue_make(1, QUEUE_ATOMIC);
	queue_make(2, QUEUE_ORDERED);
	queue_make(3, QUEUE_ORDERED);
	port_make(0, 0, 32);
	ports_make(1, 2, NO_IMPL_REL, 8);
	port_make(3, 0, 8);
	link_make(1, 0);
	link_make(2, 0);
	link_make(3, 1);
	link_make(3, 2);
	link_make(3, 3);
	dev_start();
	window = dev_stat("qid_0_sequence_numbers");
	send_to_queue_0(RTE_SCHED_TYPE_ORDERED, 0, 1);
	assert_int_equal(receive_any(1, 2, &first, 1, &holder), 1);
	/* Fill the holder, so that the other gets everything else. */
	send_to_queue_0(RTE_SCHED_TYPE_ORDERED, 0, window + 50);
	for (n = 0; dev_stat("qid_0_wait") != WAIT_REORDER; n++) {
		assert_in_range(n, 0, 10 * window);
		if (receive_some(3 - holder, &ev, 1, 200) == 1)
			answer_all(3 - holder, &ev, 1, RTE_EVENT_OP_FORWARD, 1,
				   RTE_SCHED_TYPE_ATOMIC);
	}
	assert_true(dev_stat("dev_reorder_waiting") > 0);
	expect_dump("wait for the release of an older event of an ordered queue");
	release_all(holder, &first, 1);
	receive_all(3, &ev, 1);
}

static void
used_up_credits_are_named(void)
{
	shape_limited(1, 2, 64);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	dev_start();
	assert_int_equal(send_until_refused(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 65),
			 64);
	expect_dump("64 of 64 events inside");
	expect_dump("new events wait for releases");
	expect_stat("dev_credits_leased", 0);
	expect_stat("dev_pool_size", 0);
}

static void
leased_credits_are_counted(void)
{
	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	send_to_queue_0(RTE_SCHED_TYPE_PARALLEL, 0, 1);
	assert_true(dev_stat("port_0_credits_leased") > 0);
	assert_int_equal(dev_stat("dev_credits_leased") + dev_stat("dev_pool_size"), dev.limit - 1);
	expect_stat("port_1_scheduled", 1);
}

static void
a_stopped_device_can_be_looked_at(void)
{
	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	dev_stop();
	expect_dump("stopped");
	expect_dump("parallel");
	expect_stat("qid_0_wait", WAIT_NOTHING);
	expect_stat("port_1_cq_depth", 0);
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(nothing_waits_in_an_idle_device),
	TEST_CASE_OURS(a_full_consumer_queue_is_named),
	TEST_CASE_OURS(a_full_directed_consumer_queue_is_named),
	TEST_CASE_OURS(a_queue_without_a_port_is_named),
	TEST_CASE_OURS(pending_links_are_named),
	TEST_CASE_OURS(a_pinned_flow_is_named),
	TEST_CASE_OURS(the_limit_of_an_ordered_queue_is_named),
	TEST_CASE_OURS(a_withheld_event_that_others_wait_for_is_named),
	TEST_CASE_OURS(used_up_credits_are_named),
	TEST_CASE_OURS(leased_credits_are_counted),
	TEST_CASE_OURS(a_stopped_device_can_be_looked_at),
};

TEST_GROUP(wait, cases);
