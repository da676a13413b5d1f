/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rte_pmd_dlb.h"
#include "test.h"

/* What device arguments say of single queues and ports: depth thresholds, weights, classes. The
 * device under test is made anew with them, on whatever bus it is.
 */

#define NO_IMPL_REL RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL

/* The device as it was given, and with these arguments too. */
static void
probe_with(const char *more)
{
	size_t len = strlen(dev.args);
	char args[sizeof(dev.args)];

	memcpy(args, dev.args, sizeof(args));
	snprintf(dev.args + len, sizeof(dev.args) - len, "%s%s", len != 0 ? "," : "", more);
	dev_probe_again();
	memcpy(dev.args, args, sizeof(args));
}

/* A case that fails leaves its device to be made anew; one that passes does that itself. */
static void
probe_as_before(void)
{
	dev_stop();
	dev_probe_again();
}

static void
events_tell_how_deep_their_queue_was(void)
{
	unsigned int i, seen[4] = {0};
	struct rte_event ev;

	probe_with("default_depth_thresh=100,qid_depth_thresh=0:8");
	shape(2, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	queue_make(1, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	link_make(1, 0);
	link_make(1, 1);
	dev_start();
	assert_int_equal(dev_stat("qid_0_depth_threshold"), 8);
	assert_int_equal(dev_stat("qid_1_depth_threshold"), 100);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 40);
	for (i = 0; i < 40; i++) {
		receive_all(1, &ev, 1);
		seen[rte_pmd_dlb_event_depth(&ev)]++;
	}
	/* Deep at first, and the last ones left a queue that was all but empty. */
	assert_true(seen[RTE_PMD_DLB_DEPTH_GT100] > 8);
	assert_true(seen[RTE_PMD_DLB_DEPTH_LE50] >= 4);
	assert_int_equal(rte_pmd_dlb_event_depth(&ev), RTE_PMD_DLB_DEPTH_LE50);
	assert_int_equal(dev_stat("qid_0_depth_gt100_threshold"), seen[3]);
	assert_int_equal(dev_stat("qid_0_depth_le50_threshold"), seen[0]);
	assert_int_equal(dev_stat("qid_0_depth_gt50_le75_threshold"), seen[1]);
	assert_int_equal(dev_stat("qid_0_depth_gt75_le100_threshold"), seen[2]);
	/* Queue 1 is never that deep. */
	send_numbers(0, event_make(1, RTE_SCHED_TYPE_PARALLEL, 0, 0), 40);
	for (i = 0; i < 40; i++) {
		receive_all(1, &ev, 1);
		assert_int_equal(rte_pmd_dlb_event_depth(&ev), RTE_PMD_DLB_DEPTH_LE50);
	}
	probe_as_before();
}

static void
send_weighted(enum rte_pmd_dlb_weight weight, unsigned int n)
{
	struct rte_event ev = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0);

	rte_pmd_dlb_event_set_weight(&ev, weight);
	send_numbers(0, ev, n);
}

/* A port that takes a weight of 16: two events of 8, and more only when one is released. */
static void
a_port_takes_so_much_weight(void)
{
	struct rte_event ev[16];

	probe_with("cq_weight=1:16");
	shape_simple(QUEUE_PARALLEL, 2, NO_IMPL_REL, 16);
	send_weighted(RTE_PMD_DLB_WEIGHT_8, 10);
	if (dev.v20) {
		receive_all(1, ev, 10);
	} else {
		receive_all(1, ev, 2);
		receive_nothing(1);
		release_all(1, ev, 1);
		receive_all(1, ev, 1);
		receive_nothing(1);
	}
	probe_as_before();
}

/* The limit is then the dequeue depth: of events that weigh 4, a fourth of them. */
static void
weight_limits_follow_the_dequeue_depth(void)
{
	struct rte_event ev[16];

	probe_with("enable_cq_weight=y");
	shape_simple(QUEUE_PARALLEL, 2, NO_IMPL_REL, 16);
	send_weighted(RTE_PMD_DLB_WEIGHT_4, 16);
	receive_all(1, ev, dev.v20 ? 16 : 4);
	receive_nothing(1);
	probe_as_before();
}

static void
unweighted_events_know_no_limit(void)
{
	struct rte_event ev[16];

	probe_with("cq_weight=all:8");
	shape_simple(QUEUE_PARALLEL, 2, NO_IMPL_REL, 16);
	send_weighted(RTE_PMD_DLB_WEIGHT_0, 16);
	receive_all(1, ev, 16);
	probe_as_before();
}

static void
ports_are_of_the_class_they_are_given(void)
{
	probe_with("cos=1:2:0:1,port_cos=0:3,port_cos=1-2:1");
	shape_simple(QUEUE_PARALLEL, 4, 0, 8);
	assert_int_equal(dev_stat("port_0_hw_id") / 16, 3);
	assert_int_equal(dev_stat("port_1_hw_id") / 16, 1);
	assert_int_equal(dev_stat("port_2_hw_id") / 16, 1);
	assert_int_equal(dev_stat("port_3_hw_id") / 16, 0);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 100);
	probe_as_before();
}

static void
a_class_without_ports_is_refused_at_start(void)
{
	uint8_t queue = 0;

	probe_with("cos=2:0:0:0,port_cos=1:2");
	shape(1, 2, 0);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 8);
	assert_int_equal(rte_event_port_link(dev.id, 1, &queue, NULL, 1), 1);
	assert_int_equal(rte_event_dev_start(dev.id), -ENOSPC);
	dev_probe_again();
}

static void
history_can_be_short(void)
{
	probe_with("use_default_hl=y");
	shape_simple(QUEUE_PARALLEL, 2, 0, 64);
	assert_int_equal(dev_stat("port_1_history_size"), 32);
	probe_as_before();
	shape_simple(QUEUE_PARALLEL, 2, 0, 64);
	assert_int_equal(dev_stat("port_1_history_size"), 128);
}

static void
keys_of_other_drivers_are_understood(void)
{
	struct rte_event_dev_info info;

	probe_with("sw_credit_quanta=64,max_enqueue_depth=256,hw_credit_quanta=8,poll_interval=5");
	assert_int_equal(rte_event_dev_info_get(dev.id, &info), 0);
	assert_int_equal(info.max_event_port_enqueue_depth, 256);
	shape_simple(QUEUE_PARALLEL, 2, 0, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 1);
	assert_int_equal(dev_stat("port_0_credits_leased"), 63);
	probe_as_before();
}

static void
ports_with_a_hint_lease_more_credits(void)
{
	shape(1, 3, 0);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, RTE_EVENT_PORT_CFG_HINT_PRODUCER, 8);
	port_make(1, RTE_EVENT_PORT_CFG_HINT_WORKER, 8);
	port_make(2, RTE_EVENT_PORT_CFG_HINT_CONSUMER, 8);
	link_make(2, 0);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 1);
	assert_int_equal(dev_stat("port_0_credits_leased"), 255);
	send_numbers(1, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 1);
	assert_int_equal(dev_stat("port_1_credits_leased"), 31);
	/* And yet none of them keeps a credit from another. */
	assert_int_equal(send_until_refused(1, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0),
					    dev.limit),
			 dev.limit - 2);
}

static const struct test_case cases[] = {
	TEST_CASE_OURS(events_tell_how_deep_their_queue_was),
	TEST_CASE_OURS(a_port_takes_so_much_weight),
	TEST_CASE_OURS(weight_limits_follow_the_dequeue_depth),
	TEST_CASE_OURS(unweighted_events_know_no_limit),
	TEST_CASE_OURS(ports_are_of_the_class_they_are_given),
	TEST_CASE_OURS(a_class_without_ports_is_refused_at_start),
	TEST_CASE_OURS(history_can_be_short),
	TEST_CASE_OURS(keys_of_other_drivers_are_understood),
	TEST_CASE_OURS(ports_with_a_hint_lease_more_credits),
};

TEST_GROUP(weight, cases);
