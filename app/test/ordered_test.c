/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <string.h>

#include "test.h"

#define WORKERS 3
#define FIRST   1 /* port of the first worker; port 0 sends */
#define SINK    (FIRST + WORKERS)
#define FLOWS   16

/* Events a worker holds, oldest first. */
struct held {
	struct rte_event ev[64];
	unsigned int n;
};

/* Queue 0 to the workers, queue 1 to the sink, where the order shows. */
static void
shape_ordered(enum queue_kind first, enum queue_kind second)
{
	uint8_t port;

	shape(2, SINK + 1, 0);
	queue_make(0, first);
	queue_make(1, second);
	port_make(0, 0, 32);
	ports_make(FIRST, WORKERS, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	port_make(SINK, 0, 32);
	for (port = FIRST; port < SINK; port++)
		link_make(port, 0);
	link_make(SINK, 1);
	dev_start();
}

static bool
is_dropped(const struct rte_event *ev)
{
	return ev->u64 % 5 == 3;
}

/* Answer the oldest events held: some end here, the others go on to queue 1. */
static void
held_answer(struct held *held, uint8_t port, unsigned int n, uint8_t sched_type, bool drop)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		held->ev[i].op = drop && is_dropped(&held->ev[i]) ? RTE_EVENT_OP_RELEASE
								  : RTE_EVENT_OP_FORWARD;
		held->ev[i].queue_id = 1;
		held->ev[i].sched_type = sched_type;
	}
	send_all(port, held->ev, n);
	held->n -= n;
	memmove(held->ev, held->ev + n, held->n * sizeof(held->ev[0]));
}

static void
work_at_random(struct held held[], uint8_t sched_type, bool drop)
{
	unsigned int i = random_below(WORKERS);
	struct held *h = &held[i];

	h->n += receive_some(FIRST + i, h->ev + h->n, RTE_MIN(8u, RTE_DIM(h->ev) - h->n), 0);
	if (h->n > 0 && random_below(3) != 0)
		held_answer(h, FIRST + i, 1 + random_below(h->n), sched_type, drop);
}

/* Workers answer in any order among them; what leaves must be in the order in which it came. */
static void
pass_ordered(uint8_t sink_type, bool drop)
{
	static struct held held[WORKERS];
	unsigned int total = work_amount(40000), sent = 0, i, n;
	uint64_t next = 0, end = now_us() + PATIENCE_US;
	struct rte_event ev[16];

	memset(held, 0, sizeof(held));
	while (next < total) {
		assert_true(now_us() < end);
		n = sent - next < 500 ? RTE_MIN(random_below(16), total - sent) : 0;
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, random_below(FLOWS), sent),
			     n);
		sent += n;
		work_at_random(held, sink_type, drop);
		n = receive_some(SINK, ev, RTE_DIM(ev), 0);
		for (i = 0; i < n; i++) {
			for (; drop && next % 5 == 3; next++)
				;
			assert_true(ev[i].u64 == next++);
		}
		for (; drop && next < sent && next % 5 == 3; next++)
			;
	}
	receive_nothing(SINK);
}

static void
order_is_restored_at_the_next_queue(void)
{
	shape_ordered(QUEUE_ORDERED, QUEUE_ATOMIC);
	pass_ordered(RTE_SCHED_TYPE_ATOMIC, false);
}

static void
order_is_restored_around_released_events(void)
{
	shape_ordered(QUEUE_ORDERED, QUEUE_ATOMIC);
	pass_ordered(RTE_SCHED_TYPE_ATOMIC, true);
}

static void
order_is_restored_from_ordered_to_ordered(void)
{
	shape_ordered(QUEUE_ORDERED, QUEUE_ORDERED);
	pass_ordered(RTE_SCHED_TYPE_ORDERED, true);
}

static void
order_is_restored_between_queues_of_all_types(void)
{
	shape_ordered(QUEUE_ALL, QUEUE_ALL);
	pass_ordered(RTE_SCHED_TYPE_PARALLEL, true);
}

/* One withheld event holds back what came after it, however much that is, and nothing is lost. */
static void
a_withheld_event_holds_back_the_later_ones(void)
{
	static struct held held[WORKERS];
	unsigned int total = 600, i, n;
	struct rte_event first, ev;
	uint64_t end = now_us() + 50000;
	uint8_t holder;

	memset(held, 0, sizeof(held));
	shape_ordered(QUEUE_ORDERED, QUEUE_ATOMIC);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 0), 1);
	assert_int_equal(receive_any(FIRST, WORKERS, &first, 1, &holder), 1);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ORDERED, 0, 1), total - 1);
	while (now_us() < end) {
		i = random_below(WORKERS);
		if (FIRST + i == holder)
			continue;
		n = receive_some(FIRST + i, held[i].ev, 8, 0);
		held[i].n = n;
		held_answer(&held[i], FIRST + i, n, RTE_SCHED_TYPE_ATOMIC, false);
		assert_int_equal(receive_some(SINK, &ev, 1, 0), 0);
	}
	answer_all(holder, &first, 1, RTE_EVENT_OP_FORWARD, 1, RTE_SCHED_TYPE_ATOMIC);
	for (n = 0; n < total;) {
		work_at_random(held, RTE_SCHED_TYPE_ATOMIC, false);
		if (receive_some(SINK, &ev, 1, 0) == 0)
			continue;
		assert_int_equal(ev.u64, n);
		n++;
	}
}

/* A thread with its port. */
struct worker {
	uint8_t port;
	unsigned int late; /* answers the device did not take in time */
};

/* Queue 0 is ordered and goes on to queue 1, atomic, which goes on to queue 2, the sink. */
static void
worker_answer(struct worker *w, struct rte_event ev[], uint16_t n)
{
	uint64_t end = now_us() + PATIENCE_US;
	uint16_t i;

	for (i = 0; i < n; i++) {
		ev[i].op = RTE_EVENT_OP_FORWARD;
		ev[i].queue_id++;
		ev[i].sched_type = RTE_SCHED_TYPE_ATOMIC;
	}
	for (i = 0; i < n && now_us() < end;)
		i += rte_event_enqueue_burst(dev.id, w->port, ev + i, n - i);
	w->late += n - i;
}

static void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct rte_event ev[16];
	uint16_t n;

	while (!threads_stopping()) {
		n = rte_event_dequeue_burst(dev.id, w->port, ev, 1 + random_below(16), 0);
		if (n == 0 || random_below(8) == 0)
			sched_yield();
		if (random_below(64) == 0)
			pause_us(random_below(50));
		worker_answer(w, ev, n);
	}
	return NULL;
}

static void
shape_ordered_then_atomic(void)
{
	uint8_t port;

	shape(3, SINK + 1, 1);
	queue_make(0, QUEUE_ORDERED);
	queue_make(1, QUEUE_ATOMIC);
	queue_make(2, QUEUE_SINGLE);
	port_make(0, 0, 32);
	ports_make(FIRST, WORKERS, 0, 32);
	port_make(SINK, RTE_EVENT_PORT_CFG_SINGLE_LINK, 32);
	for (port = FIRST; port < SINK; port++) {
		link_make(port, 0);
		link_make(port, 1);
	}
	link_make(SINK, 2);
	dev_start();
}

/* Send and check at the sink: each flow complete and in order. */
static unsigned int
pass_flows(unsigned int total)
{
	uint64_t sent[FLOWS] = {0}, next[FLOWS] = {0}, end = now_us() + PATIENCE_US;
	unsigned int out = 0, done = 0, wrong = 0, i, n;
	struct rte_event ev[32];

	while (done < total && now_us() < end) {
		for (i = 0; i < 16 && out < total && out - done < 1000; i++, out++) {
			n = random_below(FLOWS);
			send_numbers(0,
				     event_make(0, RTE_SCHED_TYPE_ORDERED, n,
						(uint64_t)n << 32 | sent[n]++),
				     1);
		}
		n = receive_some(SINK, ev, RTE_DIM(ev), 100);
		for (i = 0; i < n; i++)
			wrong += (ev[i].u64 & UINT32_MAX) != next[ev[i].u64 >> 32]++;
		done += n;
	}
	return done == total ? wrong : total;
}

static void
threads_keep_flows_in_order_from_ordered_to_atomic(void)
{
	static struct worker w[WORKERS];
	unsigned int i, wrong;

	shape_ordered_then_atomic();
	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){.port = FIRST + i};
		thread_start(worker_run, &w[i]);
	}
	wrong = pass_flows(work_amount(150000));
	threads_end();
	for (i = 0; i < WORKERS; i++)
		assert_int_equal(w[i].late, 0);
	assert_int_equal(wrong, 0);
}

static const struct test_case cases[] = {
	TEST_CASE(order_is_restored_at_the_next_queue),
	TEST_CASE(order_is_restored_around_released_events),
	TEST_CASE(order_is_restored_from_ordered_to_ordered),
	TEST_CASE(order_is_restored_between_queues_of_all_types),
	TEST_CASE(a_withheld_event_holds_back_the_later_ones),
	TEST_CASE(threads_keep_flows_in_order_from_ordered_to_atomic),
};

TEST_GROUP(ordered, cases);
