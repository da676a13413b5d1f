/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <string.h>

#include "test.h"

#define WORKERS 3
#define QUEUES  3
#define FLOWS   8

static void
unlink_begin(uint8_t port, uint8_t queue)
{
	assert_int_equal(rte_event_port_unlink(dev.id, port, &queue, 1), 1);
}

static void
unlink_end(uint8_t port)
{
	uint64_t end = now_us() + PATIENCE_US;

	while (rte_event_port_unlinks_in_progress(dev.id, port) > 0) {
		assert_true(now_us() < end);
		sched_yield();
	}
	assert_int_equal(rte_event_port_unlinks_in_progress(dev.id, port), 0);
}

static void
a_link_made_at_run_time_brings_events(void)
{
	unsigned int i, got[3] = {0, 0, 0};
	struct rte_event ev;
	uint8_t port;

	shape(1, 3, 0);
	queue_make(0, QUEUE_PARALLEL);
	port_make(0, 0, 32);
	ports_make(1, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	link_make(1, 0);
	dev_start();
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), 500);
	receive_nothing(2);
	link_make(2, 0);
	/* The link may have to wait until port 1 is through with what it has: serve both. */
	for (i = 0; i < 500; i++) {
		receive_any(1, 2, &ev, 1, &port);
		release_all(port, &ev, 1);
		got[port]++;
	}
	assert_true(got[1] > 50 && got[2] > 50);
	receive_nothing(1);
	receive_nothing(2);
}

static void
an_unlinked_port_gets_nothing_more(void)
{
	struct rte_event ev;
	unsigned int i, n, got = 0;

	shape_simple(QUEUE_ATOMIC, 3, 0, 16);
	for (i = 0; i < 200; i++)
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, i, i), 1);
	unlink_begin(1, 0);
	/* What port 1 had been given already is still its own. */
	while ((n = receive_some(1, &ev, 1, 3000)) > 0)
		got += n;
	unlink_end(1);
	for (i = 0; i < 100; i++)
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, i, i), 1);
	drain(2, 300 - got);
	receive_nothing(1);
}

static void
an_unlink_waits_for_what_the_port_holds(void)
{
	struct rte_event ev;

	shape_simple(QUEUE_ATOMIC, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 0), 1);
	receive_all(1, &ev, 1);
	unlink_begin(1, 0);
	pause_us(2000);
	assert_int_equal(rte_event_port_unlinks_in_progress(dev.id, 1), 1);
	release_all(1, &ev, 1);
	unlink_end(1);
}

/* There is always more for the port; yet it gets no more, and so comes to an end. */
static void
an_unlink_ends_under_traffic(void)
{
	struct rte_event like = event_make(0, RTE_SCHED_TYPE_PARALLEL, 0, 0), ev[8];
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int i, n;
	uint8_t port;

	shape_simple(QUEUE_PARALLEL, 3, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
	send_numbers(0, like, 200);
	unlink_begin(1, 0);
	for (i = 0; rte_event_port_unlinks_in_progress(dev.id, 1) > 0; i++) {
		port = 1 + i % 2;
		n = receive_some(port, ev, RTE_DIM(ev), 0);
		release_all(port, ev, n);
		send_numbers(0, like, n);
		assert_true(now_us() < end);
	}
	for (i = 0; i < 200; i += n) {
		n = receive_some(2, ev, RTE_DIM(ev), PATIENCE_US);
		assert_true(n > 0);
		release_all(2, ev, n);
	}
	receive_nothing(1);
}

static void
events_wait_for_a_queue_to_be_linked_again(void)
{
	struct rte_event ev;
	unsigned int i;

	shape_simple(QUEUE_ORDERED, 2, 0, 16);
	for (i = 0; i < 20; i++) {
		unlink_begin(1, 0);
		unlink_end(1);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, i * 10), 10);
		if (i % 8 == 0)
			receive_nothing(1);
		link_make(1, 0);
		for (unsigned int k = 0; k < 10; k++) {
			receive_all(1, &ev, 1);
			assert_int_equal(ev.u64, i * 10 + k);
		}
		assert_int_equal(receive_some(1, &ev, 1, 0), 0);
	}
}

/* A link taken back before the device got round to undoing it. */
static void
an_unlink_can_be_taken_back(void)
{
	struct rte_event ev;
	unsigned int i;

	shape_simple(QUEUE_ATOMIC, 2, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 16);
	for (i = 0; i < 50; i++) {
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, i), 1);
		receive_all(1, &ev, 1);
		unlink_begin(1, 0);
		link_make(1, 0);
		release_all(1, &ev, 1);
		unlink_end(1);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, i), 1);
		receive_all(1, &ev, 1);
		release_all(1, &ev, 1);
	}
}

static void
directed_links_stay_as_they_are(void)
{
	uint8_t queue = 1;

	shape(2, 2, 1);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_SINGLE);
	port_make(0, 0, 16);
	port_make(1, RTE_EVENT_PORT_CFG_SINGLE_LINK, 16);
	link_make(0, 0);
	link_make(1, 1);
	dev_start();
	rte_errno = 0;
	assert_int_equal(rte_event_port_unlink(dev.id, 1, &queue, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	rte_errno = 0;
	assert_int_equal(rte_event_port_link(dev.id, 0, &queue, NULL, 1), 0);
	assert_true(rte_errno == EINVAL || rte_errno == EDQUOT);
	queue = 0;
	assert_int_equal(rte_event_port_link(dev.id, 1, &queue, NULL, 1), 0);
	send_numbers(0, event_make(1, RTE_SCHED_TYPE_ATOMIC, 0, 0), 5);
	drain(1, 5);
}

static void
the_ninth_link_is_refused_at_run_time_too(void)
{
	uint8_t i;

	shape(9, 2, 0);
	for (i = 0; i < 9; i++)
		queue_make(i, QUEUE_PARALLEL);
	ports_make(0, 2, 0, 16);
	for (i = 0; i < 8; i++)
		link_make(1, i);
	link_make(0, 8);
	dev_start();
	link_refused(1, 8);
	unlink_begin(1, 3);
	unlink_end(1);
	link_make(1, 8);
	unlink_begin(0, 8);
	unlink_end(0);
	send_numbers(0, event_make(8, RTE_SCHED_TYPE_PARALLEL, 0, 0), 5);
	drain(1, 5);
}

/* Traffic while links come and go: state of the one test that does everything at once. */
struct storm {
	bool linked[WORKERS][QUEUES];
	uint64_t sent[QUEUES][FLOWS];
	uint64_t next[QUEUES][FLOWS];
	unsigned int inside;
};

static unsigned int
storm_servers(const struct storm *storm, uint8_t queue)
{
	unsigned int i, n = 0;

	for (i = 0; i < WORKERS; i++)
		n += storm->linked[i][queue];
	return n;
}

static void
storm_relink(struct storm *storm)
{
	uint8_t worker = random_below(WORKERS), queue = random_below(QUEUES);
	bool *linked = &storm->linked[worker][queue];

	if (!*linked) {
		*linked = rte_event_port_link(dev.id, 1 + worker, &queue, NULL, 1) == 1;
		/* Some drivers refuse while an unlink of the port waits. */
		assert_true(*linked || dev.foreign);
	} else if (storm_servers(storm, queue) > 1) {
		unlink_begin(1 + worker, queue);
		*linked = false;
	}
}

static void
storm_send(struct storm *storm)
{
	uint8_t queue = random_below(QUEUES);
	unsigned int flow = random_below(FLOWS);
	struct rte_event ev = event_make(queue, RTE_SCHED_TYPE_ATOMIC, flow,
					 storm->sent[queue][flow]++);

	send_all(0, &ev, 1);
	storm->inside++;
}

static void
storm_receive(struct storm *storm)
{
	struct rte_event ev[8];
	unsigned int i, n;
	uint8_t port = 1 + random_below(WORKERS);

	n = receive_some(port, ev, RTE_DIM(ev), 0);
	for (i = 0; i < n; i++)
		assert_true(ev[i].u64 == storm->next[ev[i].queue_id][ev[i].flow_id]++);
	storm->inside -= n;
}

/* Every queue linked to every worker, and nothing sent yet. */
static void
storm_begin(struct storm *storm)
{
	unsigned int q, w;

	memset(storm, 0, sizeof(*storm));
	shape(QUEUES, WORKERS + 1, 0);
	for (q = 0; q < QUEUES; q++)
		queue_make(q, QUEUE_ATOMIC);
	ports_make(0, WORKERS + 1, 0, 16);
	for (w = 0; w < WORKERS; w++)
		for (q = 0; q < QUEUES; q++) {
			link_make(1 + w, q);
			storm->linked[w][q] = true;
		}
	dev_start();
}

/* Receive all that is inside, until nobody holds anything. */
static void
storm_calm(struct storm *storm, uint64_t end)
{
	unsigned int w;

	while (storm->inside > 0) {
		storm_receive(storm);
		assert_true(now_us() < end);
	}
	for (w = 0; w < WORKERS; w++) {
		receive_nothing(1 + w);
		unlink_end(1 + w);
	}
}

static void
links_come_and_go_under_traffic(void)
{
	static struct storm storm;
	uint64_t end = now_us() + PATIENCE_US;
	/* Some drivers let an unlink wait a tenth of a second for what the port holds. */
	unsigned int i, total = dev.foreign ? 3000 : work_amount(60000);

	storm_begin(&storm);
	for (i = 0; i < total; i++) {
		if (storm.inside < 300)
			storm_send(&storm);
		storm_receive(&storm);
		if (i % 64 == 0)
			storm_relink(&storm);
		assert_true(now_us() < end);
	}
	storm_calm(&storm, end);
}

static void
links_come_and_go_between_bursts(void)
{
	static struct storm storm;
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int i, k;

	storm_begin(&storm);
	for (i = 0; i < work_amount(100); i++) {
		for (k = 0; k < 100; k++)
			storm_send(&storm);
		storm_calm(&storm, end);
		storm_relink(&storm);
	}
}

static const struct test_case cases[] = {
	TEST_CASE(a_link_made_at_run_time_brings_events),
	TEST_CASE(an_unlinked_port_gets_nothing_more),
	TEST_CASE(an_unlink_waits_for_what_the_port_holds),
	TEST_CASE(an_unlink_ends_under_traffic),
	TEST_CASE(events_wait_for_a_queue_to_be_linked_again),
	/* Others refuse to link while an unlink of the port waits for events to be completed. */
	TEST_CASE_OURS(an_unlink_can_be_taken_back),
	/* Others say that they have undone a directed link, and have not. */
	TEST_CASE_OURS(directed_links_stay_as_they_are),
	TEST_CASE(the_ninth_link_is_refused_at_run_time_too),
	/* Others may forget, now and then, to finish a change that had to wait. */
	TEST_CASE_OURS(links_come_and_go_under_traffic),
	TEST_CASE(links_come_and_go_between_bursts),
};

TEST_GROUP(relink, cases);
