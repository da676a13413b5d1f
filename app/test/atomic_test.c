/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>
#include <string.h>

#include "test.h"

#define FLOWS 64
#define PORTS 4

/* Events a port holds, oldest first, so that answers go out in the order received. */
struct held {
	struct rte_event ev[64];
	unsigned int n;
};

/* Which port holds each flow, and how many of its events. */
struct flow {
	uint8_t port;
	unsigned int count;
	uint64_t next;
};

/* One flow belongs to one port at a time, and comes in order. */
static void
flow_take(struct flow *flow, uint8_t port, const struct rte_event *ev)
{
	assert_true(flow->count == 0 || flow->port == port);
	assert_true(ev->u64 == flow->next);
	flow->port = port;
	flow->count++;
	flow->next++;
}

static void
held_release(struct held *held, uint8_t port, unsigned int n, struct flow flows[])
{
	unsigned int i;

	for (i = 0; i < n; i++)
		flows[held->ev[i].flow_id].count--;
	release_all(port, held->ev, n);
	held->n -= n;
	memmove(held->ev, held->ev + n, held->n * sizeof(held->ev[0]));
}

static unsigned int
held_fill(struct held *held, uint8_t port, struct flow flows[])
{
	unsigned int i, n, room = RTE_MIN(8u, RTE_DIM(held->ev) - held->n);

	n = receive_some(port, held->ev + held->n, room, 0);
	for (i = 0; i < n; i++)
		flow_take(&flows[held->ev[held->n + i].flow_id], port, &held->ev[held->n + i]);
	held->n += n;
	return n;
}

static void
send_round(uint64_t sent[])
{
	unsigned int i, flow;

	for (i = 0; i < 16; i++) {
		flow = random_below(FLOWS);
		send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, flow, sent[flow]++), 1);
	}
}

/* Ports take, hold and release at random; the model and every implementation must keep the rule. */
static void
one_port_at_a_time_holds_a_flow(void)
{
	static struct held held[PORTS + 1];
	struct flow flows[FLOWS] = {{0}};
	uint64_t sent[FLOWS] = {0}, end = now_us() + PATIENCE_US;
	unsigned int total = work_amount(50000) & ~15u, done = 0, out = 0;
	uint8_t port;

	memset(held, 0, sizeof(held));
	shape_simple(QUEUE_ATOMIC, PORTS + 1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	while (done < total) {
		assert_true(now_us() < end);
		if (out < total && out - done < 512) {
			send_round(sent);
			out += 16;
		}
		port = 1 + random_below(PORTS);
		if (held_fill(&held[port], port, flows) == 0 && held[port].n == 0)
			continue;
		if (random_below(3) != 0) {
			unsigned int n = 1 + random_below(held[port].n);

			held_release(&held[port], port, n, flows);
			done += n;
		}
	}
}

/* What a worker thread sees; checked by the main thread afterwards. */
struct worker {
	uint8_t port;
	unsigned int *left; /* events that somebody has yet to take */
	struct flow *flows;
	unsigned int taken, shared, disordered;
};

static void
worker_check(struct worker *w, const struct rte_event *ev)
{
	struct flow *flow = &w->flows[ev->flow_id];
	uint8_t owner = __atomic_exchange_n(&flow->port, w->port, __ATOMIC_ACQ_REL);

	w->shared += owner != 0 && owner != w->port;
	w->disordered += ev->u64 != flow->next;
	flow->next = ev->u64 + 1;
	flow->count++;
	w->taken++;
}

/* Give the flows back before the device may give them to others. */
static void
worker_release(struct worker *w, struct rte_event ev[], uint16_t n)
{
	struct flow *flow;
	uint16_t i;

	for (i = 0; i < n; i++) {
		flow = &w->flows[ev[i].flow_id];
		if (--flow->count == 0)
			__atomic_store_n(&flow->port, 0, __ATOMIC_RELEASE);
		ev[i].op = RTE_EVENT_OP_RELEASE;
	}
	for (i = 0; i < n && !threads_stopping();)
		i += rte_event_enqueue_burst(dev.id, w->port, ev + i, n - i);
}

static void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct rte_event ev[16];
	uint16_t i, n;

	while (__atomic_load_n(w->left, __ATOMIC_ACQUIRE) > 0 && !threads_stopping()) {
		n = rte_event_dequeue_burst(dev.id, w->port, ev, 1 + random_below(16), 0);
		for (i = 0; i < n; i++)
			worker_check(w, &ev[i]);
		if (n == 0 || random_below(16) == 0)
			sched_yield();
		worker_release(w, ev, n);
		__atomic_fetch_sub(w->left, n, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

static void
threads_share_the_flows(void)
{
	static struct worker w[PORTS];
	static struct flow flows[FLOWS];
	static unsigned int left;
	uint64_t sent[FLOWS] = {0};
	unsigned int i, total = work_amount(300000) & ~15u, taken = 0;

	memset(flows, 0, sizeof(flows));
	left = total;
	shape_simple(QUEUE_ATOMIC, PORTS + 1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	for (i = 0; i < PORTS; i++) {
		w[i] = (struct worker){.port = i + 1, .left = &left, .flows = flows};
		thread_start(worker_run, &w[i]);
	}
	for (i = 0; i < total; i += 16)
		send_round(sent);
	threads_join();
	for (i = 0; i < PORTS; i++) {
		taken += w[i].taken;
		assert_int_equal(w[i].shared, 0);
		assert_int_equal(w[i].disordered, 0);
	}
	assert_int_equal(taken, total);
}

/* While one port holds the flow, the others get none of it, however idle they are. */
static void
a_held_flow_waits_for_its_port(void)
{
	struct rte_event ev, more[8];
	uint8_t holder, port;

	shape_simple(QUEUE_ATOMIC, PORTS + 1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 3, 0), 1);
	assert_int_equal(receive_any(1, PORTS, &ev, 1, &holder), 1);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 3, 1), RTE_DIM(more));
	for (port = 1; port <= PORTS; port++)
		if (port != holder)
			receive_nothing(port);
	receive_all(holder, more, RTE_DIM(more));
	release_all(holder, &ev, 1);
	release_all(holder, more, RTE_DIM(more));
	/* Let go by its port, the flow may go anywhere. */
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 3, 9), 1);
	assert_int_equal(receive_any(1, PORTS, &ev, 1, &holder), 1);
	assert_int_equal(ev.u64, 9);
}

/* The same flow number in two queues is two flows. */
static void
flows_of_two_queues_are_apart(void)
{
	struct rte_event ev;
	uint8_t q;

	shape(2, 3, 0);
	queue_make(0, QUEUE_ATOMIC);
	queue_make(1, QUEUE_ATOMIC);
	ports_make(0, 3, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 32);
	link_make(1, 0);
	link_make(2, 1);
	dev_start();
	for (q = 0; q < 2; q++)
		send_numbers(0, event_make(q, RTE_SCHED_TYPE_ATOMIC, 3, q), 1);
	receive_all(1, &ev, 1);
	assert_int_equal(ev.u64, 0);
	receive_all(2, &ev, 1);
	assert_int_equal(ev.u64, 1);
}

static void
parallel_events_spread_over_ports(void)
{
	struct rte_event ev;
	unsigned int i;
	uint8_t port;

	shape_simple(QUEUE_PARALLEL, PORTS + 1, RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL, 8);
	/* More of one flow than all but one port can hold: it cannot be that one gets nothing. */
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_PARALLEL, 3, 0), 1000);
	for (i = 0; i < 8; i++)
		for (port = 1; port <= PORTS; port++)
			receive_all(port, &ev, 1);
}

static const struct test_case cases[] = {
	TEST_CASE(one_port_at_a_time_holds_a_flow),   TEST_CASE(threads_share_the_flows),
	TEST_CASE(a_held_flow_waits_for_its_port),    TEST_CASE(flows_of_two_queues_are_apart),
	TEST_CASE(parallel_events_spread_over_ports),
};

TEST_GROUP(atomic, cases);
