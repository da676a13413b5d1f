/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* Port 0 sends under this threshold, port 1 works, port 2 sends without. */
static void
shape_threshold(int32_t threshold)
{
	struct rte_event_port_conf conf;

	shape_limited(1, 3, 4096);
	queue_make(0, QUEUE_PARALLEL);
	conf = port_conf(0, 32);
	conf.new_event_threshold = threshold;
	assert_int_equal(rte_event_port_setup(dev.id, 0, &conf), 0);
	port_make(1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	port_make(2, 0, 32);
	link_make(1, 0);
	dev_start();
}

/*
 * Queue 0 takes exactly so many new events by this port, or less by what so many others may keep:
 * how many.
 */
static unsigned int
expect_room_beside(unsigned int others, uint8_t sched_type, uint8_t port, unsigned int room)
{
	struct rte_event like = event_make(0, sched_type, 0, 0);
	unsigned int sent = send_until_refused(port, like, room + 20);

	assert_true(sent <= room && sent + others * dev.hoard >= room);
	return sent;
}

static void
expect_room_for(uint8_t sched_type, uint8_t port, unsigned int room)
{
	expect_room_beside(0, sched_type, port, room);
}

static void
expect_room(uint8_t port, unsigned int room)
{
	expect_room_for(RTE_SCHED_TYPE_PARALLEL, port, room);
}

static void
threshold_is_exact(void)
{
	static const int32_t thresholds[] = {1, 2, 16, 31, 32, 33, 64, 100, 1000, 4096};
	struct rte_event ev[16];
	unsigned int i, n;

	for (i = 0; i < RTE_DIM(thresholds); i++) {
		shape_threshold(thresholds[i]);
		expect_room(0, thresholds[i]);
		expect_room(0, 0);
		/* Room comes back by release, and no sooner. */
		n = RTE_MIN(thresholds[i], (int32_t)RTE_DIM(ev));
		receive_all(1, ev, n);
		expect_room(0, 0);
		release_all(1, ev, n);
		expect_room(0, n);
		dev_stop();
	}
}

static void
a_burst_is_cut_at_the_threshold(void)
{
	struct rte_event ev[32];
	unsigned int i;

	shape_threshold(20);
	for (i = 0; i < RTE_DIM(ev); i++)
		ev[i] = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, i);
	rte_errno = 0;
	assert_int_equal(rte_event_enqueue_burst(dev.id, 0, ev, RTE_DIM(ev)), 20);
	assert_int_equal(rte_errno, ENOSPC);
	receive_all(1, ev, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(ev[i].u64, i);
	receive_nothing(1);
}

/* The events of all ports count, the threshold is that of the port that sends. */
static void
thresholds_are_those_of_the_port(void)
{
	shape_threshold(16);
	expect_room(0, 16);
	send_numbers(2, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 500);
	expect_room(0, 0);
	expect_room(2, 4096 - 516);
}

static void
the_limit_can_be_filled_and_emptied(void)
{
	static const int32_t limits[] = {1, 7, 64, 1000, 4096};
	unsigned int i, n, round;

	for (i = 0; i < RTE_DIM(limits); i++) {
		/* Where ports lease credits, a limit is rounded to that. */
		if (dev.hoard != 0 && limits[i] % dev.hoard != 0)
			continue;
		shape_limited(1, 2, limits[i]);
		queue_make(0, QUEUE_ATOMIC);
		ports_make(0, 2, 0, 32);
		link_make(1, 0);
		dev_start();
		for (round = 0; round < 3; round++) {
			n = expect_room_beside(round > 0, RTE_SCHED_TYPE_ATOMIC, 0, limits[i]);
			drain(1, n);
		}
		dev_stop();
	}
}

static void
the_whole_device_can_be_filled(void)
{
	shape_simple(QUEUE_PARALLEL, 2, 0, 128);
	expect_room(0, dev.info.max_num_events);
	drain(1, dev.info.max_num_events);
}

/* Ports that had credits once and then sleep must not keep them from the one that sends. */
static void
idle_ports_hoard_nothing(void)
{
	struct rte_event ev;
	unsigned int i;
	uint8_t port;

	shape_limited(1, 18, 512);
	queue_make(0, QUEUE_PARALLEL);
	ports_make(0, 18, 0, 8);
	link_make(17, 0);
	dev_start();
	for (i = 0; i < 4; i++) {
		for (port = 1; port < 17; port++) {
			send_numbers(port, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, port), 30);
			drain(17, 30);
		}
	}
	expect_room(0, 512);
	/* And the same for the port that took them all: it gives back what it has no use for. */
	drain(17, 512);
	expect_room(1, 512);
	receive_all(17, &ev, 1);
}

/* A full device: workers that only forward must always get on. */
static void
forwarding_never_runs_out_of_credits(void)
{
	struct rte_event ev[32];
	unsigned int i, n, moved = 0;
	uint8_t port;

	shape_limited(2, 4, 256);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ORDERED);
	ports_make(0, 4, 0, 32);
	for (port = 1; port < 4; port++) {
		link_make(port, 0);
		link_make(port, 1);
	}
	dev_start();
	for (i = 0; i < 256; i++)
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, i, i), 1);
	while (moved < work_amount(20000)) {
		n = receive_any(1, 3, ev, RTE_DIM(ev), &port);
		for (i = 0; i < n; i++) {
			ev[i].op = RTE_EVENT_OP_FORWARD;
			ev[i].queue_id ^= 1;
			ev[i].sched_type = ev[i].queue_id ? RTE_SCHED_TYPE_ORDERED
							  : RTE_SCHED_TYPE_ATOMIC;
		}
		assert_int_equal(rte_event_enqueue_burst(dev.id, port, ev, n), n);
		expect_room_for(RTE_SCHED_TYPE_ATOMIC, 0, 0);
		moved += n;
	}
	for (i = 0; i < 256; i += n)
		n = receive_any(1, 3, ev, RTE_DIM(ev), &port);
	for (port = 1; port < 4; port++)
		receive_nothing(port);
	expect_room_beside(3, RTE_SCHED_TYPE_ATOMIC, 0, 256);
}

static const struct test_case cases[] = {
	/* Others lease 32 credits for the first event, which counts against a threshold. */
	TEST_CASE_OURS(threshold_is_exact),
	TEST_CASE_OURS(a_burst_is_cut_at_the_threshold),
	TEST_CASE_OURS(thresholds_are_those_of_the_port),
	TEST_CASE(the_limit_can_be_filled_and_emptied),
	TEST_CASE(the_whole_device_can_be_filled),
	/* Others let a port keep up to 63 credits. */
	TEST_CASE_OURS(idle_ports_hoard_nothing),
	TEST_CASE(forwarding_never_runs_out_of_credits),
};

TEST_GROUP(credit, cases);
