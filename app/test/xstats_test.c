/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define MOST 512

static struct rte_event_dev_xstats_name names[MOST];
static uint64_t ids[MOST];
static uint64_t values[MOST];

/* Some drivers count on when the device is configured anew. */
static void
count_from_zero(void)
{
	if (dev.foreign)
		assert_int_equal(
			rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_PORT, -1, NULL, 0),
			0);
}

/* So many events are inside, beside what the ports may keep of their credits. */
static void
expect_inflight(unsigned int n, unsigned int ports)
{
	assert_in_range(dev_stat("dev_inflight_events"), n, n + ports * dev.hoard);
}

/* Every name of a scope has an id of its own, and both ways to ask give the same answer. */
static void
check_scope(enum rte_event_dev_xstats_mode mode, uint8_t id)
{
	uint64_t by_name;
	int i, n;

	n = rte_event_dev_xstats_names_get(dev.id, mode, id, NULL, NULL, 0);
	assert_in_range(n, 1, MOST);
	assert_int_equal(rte_event_dev_xstats_names_get(dev.id, mode, id, names, ids, MOST), n);
	assert_int_equal(rte_event_dev_xstats_get(dev.id, mode, id, ids, values, n), n);
	for (i = 0; i < n; i++) {
		assert_true(strlen(names[i].name) > 0);
		assert_true(rte_event_dev_xstats_by_name_get(dev.id, names[i].name, &by_name) ==
			    values[i]);
		assert_int_equal(by_name, ids[i]);
	}
}

static void
names_and_numbers_agree(void)
{
	shape_simple(QUEUE_ATOMIC, 3, 0, 8);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 50);
	receive_nothing(0);
	dev_stop();
	check_scope(RTE_EVENT_DEV_XSTATS_DEVICE, 0);
	check_scope(RTE_EVENT_DEV_XSTATS_PORT, 0);
	check_scope(RTE_EVENT_DEV_XSTATS_PORT, 2);
	check_scope(RTE_EVENT_DEV_XSTATS_QUEUE, 0);
}

static void
what_passes_is_counted(void)
{
	uint64_t before = 0;
	struct rte_event ev;
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	count_from_zero();
	before = dev_stat("port_0_tx_new");
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 60);
	assert_int_equal(dev_stat("port_0_tx_new") - before, 60);
	for (i = 0; i < 60; i++) {
		receive_all(1, &ev, 1);
		if (i % 3 == 0)
			answer_all(1, &ev, 1, RTE_EVENT_OP_FORWARD, 0, RTE_SCHED_TYPE_ATOMIC);
		else
			release_all(1, &ev, 1);
	}
	assert_int_equal(dev_stat("port_1_tx_fwd"), 20);
	assert_int_equal(dev_stat("port_1_tx_rel"), 40);
	assert_int_equal(dev_stat("port_1_rx_ok"), 60);
	assert_int_equal(dev_stat("port_1_outstanding_releases"), 0);
	expect_inflight(20, 2);
	assert_int_equal(dev_stat("dev_nb_events_limit"), dev.limit);
}

static void
implicit_releases_are_counted(void)
{
	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	count_from_zero();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 60);
	drain(1, 60);
	assert_int_equal(dev_stat("port_1_tx_implicit_rel"), 60);
	assert_int_equal(dev_stat("port_1_rx_ok"), 60);
	assert_true(dev_stat("port_1_total_polls") >= dev_stat("port_1_zero_polls"));
	assert_true(dev_stat("port_1_zero_polls") > 0);
	expect_inflight(0, 2);
}

static void
refusals_are_counted(void)
{
	struct rte_event bad = event_make(99, RTE_SCHED_TYPE_ATOMIC, 0, 0);

	shape_limited(1, 2, 64);
	queue_make(0, QUEUE_ATOMIC);
	ports_make(0, 2, 0, 32);
	link_make(1, 0);
	dev_start();
	assert_int_equal(rte_event_enqueue_burst(dev.id, 0, &bad, 1), 0);
	assert_int_equal(dev_stat("port_0_tx_invalid"), 1);
	assert_int_equal(send_until_refused(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 65), 64);
	assert_int_equal(dev_stat("port_0_tx_new"), 64);
}

static void
counters_can_be_reset(void)
{
	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	count_from_zero();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 60);
	drain(1, 60);
	assert_int_equal(rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_PORT, 1, NULL, 0),
			 0);
	assert_int_equal(dev_stat("port_1_rx_ok"), 0);
	assert_int_equal(dev_stat("port_0_tx_new"), 60);
	assert_int_equal(rte_event_dev_xstats_reset(dev.id, RTE_EVENT_DEV_XSTATS_PORT, -1, NULL, 0),
			 0);
	assert_int_equal(dev_stat("port_0_tx_new"), 0);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 0, 0), 5);
	assert_int_equal(dev_stat("port_0_tx_new"), 5);
}

static void
unknown_statistics_are_refused(void)
{
	uint64_t id;

	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	assert_true(rte_event_dev_xstats_by_name_get(dev.id, "port_0_nonsense", &id) ==
		    (uint64_t)-EINVAL);
	assert_true(rte_event_dev_xstats_names_get(dev.id, RTE_EVENT_DEV_XSTATS_PORT, 9, names, ids,
						   MOST) <= 0);
	assert_true(rte_event_dev_xstats_names_get(dev.id, RTE_EVENT_DEV_XSTATS_QUEUE, 9, names,
						   ids, MOST) <= 0);
}

static void
the_dump_says_what_is_where(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file;
	int ret;

	shape_simple(QUEUE_ORDERED, 2, 0, 32);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 0), 60);
	file = open_memstream(&text, &size);
	assert_non_null(file);
	ret = rte_event_dev_dump(dev.id, file);
	fclose(file);
	assert_int_equal(ret, 0);
	assert_true(size > 100);
	assert_non_null(strstr(text, "queue"));
	assert_non_null(strstr(text, "port"));
	free(text);
	drain(1, 60);
}

static const struct test_case cases[] = {
	TEST_CASE(names_and_numbers_agree),
	TEST_CASE(what_passes_is_counted),
	TEST_CASE(implicit_releases_are_counted),
	/* Others take an event for a queue that is not there. */
	TEST_CASE_OURS(refusals_are_counted),
	TEST_CASE(counters_can_be_reset),
	/* Others answer 0. */
	TEST_CASE_OURS(unknown_statistics_are_refused),
	TEST_CASE(the_dump_says_what_is_where),
};

TEST_GROUP(xstats, cases);
