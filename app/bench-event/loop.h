/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

/**
 * @file
 * The loop, in parts that layouts put together: produce a burst, run the scheduler, take a burst
 * out and pass it on. A side is what one thread does of it.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_cycles.h>
#include <rte_eventdev.h>
#include <rte_service.h>

#include "check.h"

#define LOOP_MAX_STAGES CHECK_MAX_STAGES
#define LOOP_MAX_SIDES  2u
#define LOOP_MAX_BURST  128u

/* A device that takes or gives nothing for this long has lost events or is stuck. On a busy machine
 * the other thread may be without a CPU for a second.
 */
#define LOOP_PATIENCE_S 5

/** What a side tells the other: how many events it sent, and how many ended at it. */
struct loop_counts {
	uint64_t sent;
	uint64_t ended;
} __rte_cache_aligned;

/** One thread's part. */
struct loop_side {
	bool produces;
	bool service;         /**< runs the device's scheduler */
	bool ran_out;         /**< its ports had nothing the last time */
	uint8_t id;           /**< also the producer's number in its tags */
	uint8_t produce_port; /**< also maintained when there is nothing to do */
	uint8_t first_port;   /**< ports that it dequeues from */
	uint8_t nb_ports;
	uint32_t room; /**< events it may send before it has to look at the counts */
	uint32_t next_flow;
	uint64_t next_seq;
	uint64_t deliveries;
	uint64_t ended;
	struct check_seen seen;
	struct loop_counts counts;
} __rte_cache_aligned;

/** How a device is wired for a cell. Nothing of it changes while threads run, but the sides. */
struct bench_loop {
	uint8_t dev_id;
	uint8_t nb_stages;
	bool one_port_a_stage;
	bool answers_last; /**< RELEASE for the last stage, else left to the next dequeue */
	bool maintain;     /**< the device wants calls to rte_event_maintain() */
	bool flush;        /**< of each event; latency only */
	bool has_service;  /**< the device schedules in a service, run by whichever side */
	uint16_t burst;
	uint32_t service_id;
	uint32_t window;
	uint32_t flows;
	uint32_t work;
	uint8_t sched_type[LOOP_MAX_STAGES];
	uint8_t nb_sides, nb_producers;
	struct loop_side side[LOOP_MAX_SIDES];
	uint64_t *order[LOOP_MAX_SIDES][LOOP_MAX_STAGES]; /**< tables of check_seen */
};

static __rte_always_inline void
loop_service(const struct bench_loop *loop, const struct loop_side *side)
{
	if (side->service)
		rte_service_run_iter_on_app_lcore(loop->service_id, 1);
}

/* Let a device that buffers get rid of what it has; only worth it when there is nothing to do. */
static inline void
loop_maintain(const struct bench_loop *loop, const struct loop_side *side)
{
	uint8_t i;

	if (!loop->maintain)
		return;
	if (side->produces)
		rte_event_maintain(loop->dev_id, side->produce_port, RTE_EVENT_DEV_MAINT_OP_FLUSH);
	for (i = 0; i < side->nb_ports; i++)
		if (!side->produces || side->first_port + i != side->produce_port)
			rte_event_maintain(loop->dev_id, side->first_port + i,
					   RTE_EVENT_DEV_MAINT_OP_FLUSH);
}

/** Events in the device, as far as their ends were told. */
static inline uint64_t
loop_inside(const struct bench_loop *loop)
{
	uint64_t sent = 0, ended = 0;
	uint8_t i;

	/* Ends first: an event whose end is seen must not be missing in what was sent. The counts
	 * only pace the loop, so nothing else depends on their order.
	 */
	for (i = 0; i < loop->nb_sides; i++)
		ended += __atomic_load_n(&loop->side[i].counts.ended, __ATOMIC_ACQUIRE);
	for (i = 0; i < loop->nb_sides; i++)
		sent += __atomic_load_n(&loop->side[i].counts.sent, __ATOMIC_ACQUIRE);
	return sent > ended ? sent - ended : 0;
}

/* May this side send a burst? It has its share of what is free. */
static __rte_always_inline bool
loop_has_room(const struct bench_loop *loop, struct loop_side *side)
{
	uint64_t inside;

	if (side->room >= loop->burst)
		return true;
	inside = loop_inside(loop);
	side->room = inside < loop->window ? (loop->window - inside) / loop->nb_producers : 0;
	return side->room >= loop->burst;
}

/** Send a burst: how many events of it the device took. The rest is made again next time. */
static __rte_always_inline uint16_t
loop_produce(const struct bench_loop *loop, struct loop_side *side)
{
	struct rte_event ev[LOOP_MAX_BURST];
	uint32_t flow = side->next_flow;
	uint64_t seq = side->next_seq;
	uint16_t i, sent;

	for (i = 0; i < loop->burst; i++) {
		ev[i] = (struct rte_event){
			.flow_id = flow,
			.op = RTE_EVENT_OP_NEW,
			.event_type = RTE_EVENT_TYPE_CPU,
			.sched_type = loop->sched_type[0],
			.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
			.u64 = check_tag(side->id, flow, seq + i),
		};
		if (++flow == loop->flows)
			flow = 0;
	}
	sent = rte_event_enqueue_new_burst(loop->dev_id, side->produce_port, ev, loop->burst);
	side->next_flow = likely(sent == loop->burst) ? flow
						      : (uint32_t)((seq + sent) % loop->flows);
	side->next_seq = seq + sent;
	side->room -= sent;
	__atomic_store_n(&side->counts.sent, side->next_seq, __ATOMIC_RELEASE);
	return sent;
}

/* Enqueue all of a worker's answers; what the device does not take now waits for its scheduler. */
static __rte_always_inline int
loop_answer(const struct bench_loop *loop, const struct loop_side *side, uint8_t port,
	    const struct rte_event *ev, uint16_t n)
{
	uint64_t give_up = 0;
	uint16_t done;

	done = rte_event_enqueue_burst(loop->dev_id, port, ev, n);
	while (unlikely(done < n)) {
		if (give_up == 0)
			give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();
		else if (rte_rdtsc() > give_up)
			return -ETIMEDOUT;
		loop_service(loop, side);
		done += rte_event_enqueue_burst(loop->dev_id, port, ev + done, n - done);
	}
	return 0;
}

/* What a worker does with an event besides passing it on. */
static __rte_always_inline void
loop_work_on_event(uint32_t cycles)
{
	uint64_t end;

	if (likely(cycles == 0))
		return;
	end = rte_rdtsc() + cycles;
	while (rte_rdtsc() < end)
		;
}

/** Look at a dequeued burst and make it the answers: how many of them, from the front. */
static __rte_always_inline uint16_t
loop_handle(const struct bench_loop *loop, struct loop_side *side, uint8_t port,
	    struct rte_event *ev, uint16_t n)
{
	/* In registers: a store a delivery to each of the sums would cost more than the sums. */
	struct check_seen seen = side->seen;
	uint8_t stage, last = loop->nb_stages - 1;
	uint16_t i, ends = 0;

	for (i = 0; i < n; i++) {
		/* A port of one queue tells the stage: event_opdl names it in one event only. */
		if (loop->one_port_a_stage)
			ev[i].queue_id = port - side->first_port;
		stage = RTE_MIN(ev[i].queue_id, LOOP_MAX_STAGES - 1);
		check_delivery(&seen, stage, ev[i].u64);
		loop_work_on_event(loop->work);
		if (ev[i].queue_id < last) {
			ev[i].queue_id++;
			ev[i].sched_type = loop->sched_type[ev[i].queue_id];
			ev[i].op = RTE_EVENT_OP_FORWARD;
			continue;
		}
		ends++;
		ev[i].op = RTE_EVENT_OP_RELEASE;
	}
	side->seen = seen;
	side->deliveries += n;
	side->ended += ends;
	/* Without answers to the last stage there is one stage, or each stage has its port. */
	return ends != 0 && !loop->answers_last ? 0 : n;
}

/** Tell that events ended. */
static __rte_always_inline void
loop_tell_ends(struct loop_side *side)
{
	__atomic_store_n(&side->counts.ended, side->ended, __ATOMIC_RELEASE);
}

/* Take a burst out of one worker port and pass it on: how many came, or -ETIMEDOUT. */
static __rte_always_inline int
loop_work(const struct bench_loop *loop, struct loop_side *side, uint8_t port)
{
	struct rte_event ev[LOOP_MAX_BURST];
	uint16_t n, answers;

	n = rte_event_dequeue_burst(loop->dev_id, port, ev, loop->burst, 0);
	if (n == 0)
		return 0;
	answers = loop_handle(loop, side, port, ev, n);
	loop_tell_ends(side);
	if (answers != 0 && loop_answer(loop, side, port, ev, answers) < 0)
		return -ETIMEDOUT;
	return n;
}

#endif /* BENCH_LOOP_H */
