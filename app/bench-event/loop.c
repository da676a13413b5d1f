/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_service.h>

#include "bench.h"

/* Iterations between two looks at the clock: often enough for the shortest sample, seldom enough
 * to cost nothing.
 */
#define LOOP_CLOCK_STRIDE 64

/* A device that takes or gives nothing for this long has lost events or is stuck. */
#define LOOP_PATIENCE_S 2

/** What a checked pass has seen. */
struct bench_check {
	uint64_t limit; /**< events of the pass */
	uint64_t delivered[BENCH_MAX_STAGES];
	uint64_t *next_seq; /**< per stage and flow: sequence number that must come next */
	uint8_t *seen;      /**< per stage and event: delivered already */
	uint64_t wrong_order;
	uint64_t twice;
	uint64_t unknown; /**< events nobody sent */
};

static void
check_event(const struct bench_loop *loop, const struct rte_event *ev)
{
	struct bench_check *check = loop->check;
	uint8_t stage = ev->queue_id;
	uint64_t *next;

	if (stage >= loop->nb_stages || ev->u64 >= check->limit) {
		check->unknown++;
		return;
	}
	check->delivered[stage]++;
	check->twice += check->seen[stage * check->limit + ev->u64]++ != 0;
	if (loop->sched_type[stage] == RTE_SCHED_TYPE_PARALLEL)
		return;
	next = &check->next_seq[stage * loop->flows + ev->u64 % loop->flows];
	check->wrong_order += ev->u64 < *next;
	*next = ev->u64 + 1;
}

static __rte_always_inline void
loop_service(const struct bench_loop *loop)
{
	if (loop->inline_service)
		rte_service_run_iter_on_app_lcore(loop->service_id, 1);
}

/* Let a device that buffers get rid of what it has; only worth it when there is nothing to do. */
static void
loop_maintain(const struct bench_loop *loop)
{
	uint8_t port;

	if (!loop->maintain)
		return;
	for (port = 0; port <= loop->nb_workers; port++)
		rte_event_maintain(loop->dev_id, port, RTE_EVENT_DEV_MAINT_OP_FLUSH);
}

static __rte_always_inline uint16_t
loop_produce(struct bench_loop *loop)
{
	struct rte_event ev[BENCH_MAX_BURST];
	uint32_t flow = loop->next_flow;
	uint16_t i, sent;

	for (i = 0; i < loop->burst; i++) {
		ev[i] = (struct rte_event){
			.flow_id = flow,
			.op = RTE_EVENT_OP_NEW,
			.event_type = RTE_EVENT_TYPE_CPU,
			.sched_type = loop->sched_type[0],
			.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
			.u64 = loop->next_seq + i,
		};
		if (++flow == loop->flows)
			flow = 0;
	}
	sent = rte_event_enqueue_new_burst(loop->dev_id, 0, ev, loop->burst);
	/* What was not taken is made again next time, from the same numbers. */
	loop->next_flow = sent == loop->burst ? flow
					      : (uint32_t)((loop->next_seq + sent) % loop->flows);
	loop->next_seq += sent;
	loop->inflight += sent;
	return sent;
}

/* Enqueue all of a worker's answers; what the device does not take now waits for its scheduler. */
static __rte_always_inline int
loop_answer(const struct bench_loop *loop, uint8_t port, const struct rte_event *ev, uint16_t n)
{
	uint64_t give_up = 0;
	uint16_t done;

	done = rte_event_enqueue_burst(loop->dev_id, port, ev, n);
	while (unlikely(done < n)) {
		if (give_up == 0)
			give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();
		else if (rte_rdtsc() > give_up)
			return -ETIMEDOUT;
		loop_service(loop);
		done += rte_event_enqueue_burst(loop->dev_id, port, ev + done, n - done);
	}
	return 0;
}

/* Take a burst out of one worker port and pass it on: how many came, or -ETIMEDOUT. */
static __rte_always_inline int
loop_work(struct bench_loop *loop, uint8_t port, const bool checked)
{
	struct rte_event ev[BENCH_MAX_BURST];
	uint8_t last = loop->nb_stages - 1;
	uint16_t i, n, answers = 0;

	n = rte_event_dequeue_burst(loop->dev_id, port, ev, loop->burst, 0);
	for (i = 0; i < n; i++) {
		/* A port of one queue tells the stage: event_opdl names it in one event only. */
		if (loop->nb_workers > 1)
			ev[i].queue_id = port - 1;
		if (checked)
			check_event(loop, &ev[i]);
		if (ev[i].queue_id < last) {
			ev[i].queue_id++;
			ev[i].sched_type = loop->sched_type[ev[i].queue_id];
			ev[i].op = RTE_EVENT_OP_FORWARD;
			answers++;
			continue;
		}
		loop->inflight--;
		ev[i].op = RTE_EVENT_OP_RELEASE;
		answers += loop->answers_last;
	}
	loop->deliveries += n;
	if (answers != 0 && loop_answer(loop, port, ev, answers) < 0)
		return -ETIMEDOUT;
	return n;
}

/* One turn of the producer, the scheduler and the workers: how many deliveries, or -ETIMEDOUT. */
static __rte_always_inline int
loop_turn(struct bench_loop *loop, bool produce, const bool checked)
{
	int n, total = 0;
	uint8_t port;

	while (produce && loop->window - loop->inflight >= loop->burst)
		if (loop_produce(loop) < loop->burst)
			break;
	loop_service(loop);
	for (port = 1; port <= loop->nb_workers; port++) {
		n = loop_work(loop, port, checked);
		if (n < 0)
			return n;
		total += n;
	}
	if (unlikely(total == 0))
		loop_maintain(loop);
	return total;
}

static double
thread_seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/**
 * Run the loop for a time and say how it went.
 *
 * @return 0, or -ETIMEDOUT when the device got stuck
 */
int
bench_loop_sample(struct bench_loop *loop, double seconds, struct bench_sample *sample)
{
	uint64_t deliveries = loop->deliveries, start, end, now;
	double cpu, wall;
	unsigned int i;

	wall = thread_seconds(CLOCK_MONOTONIC);
	cpu = thread_seconds(CLOCK_THREAD_CPUTIME_ID);
	start = rte_rdtsc_precise();
	end = start + (uint64_t)(seconds * rte_get_tsc_hz());
	do {
		for (i = 0; i < LOOP_CLOCK_STRIDE; i++)
			if (loop_turn(loop, true, false) < 0)
				return -ETIMEDOUT;
		now = rte_rdtsc();
	} while (now < end);
	cpu = thread_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = thread_seconds(CLOCK_MONOTONIC) - wall;

	deliveries = loop->deliveries - deliveries;
	if (deliveries == 0)
		return -ETIMEDOUT;
	sample->mps = deliveries / wall * 1e-6;
	sample->cycles = (double)(now - start) / deliveries;
	sample->cpu_share = cpu / wall;
	return 0;
}

static int
loop_empty(struct bench_loop *loop, const bool checked)
{
	uint64_t give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();
	int n;

	while (loop->inflight > 0) {
		n = loop_turn(loop, false, checked);
		if (n < 0 || (n == 0 && rte_rdtsc() > give_up))
			return -ETIMEDOUT;
	}
	return 0;
}

/** Take everything out of the device: 0, or -ETIMEDOUT when some of it does not come. */
int
bench_loop_drain(struct bench_loop *loop)
{
	return loop_empty(loop, false);
}

static int
loop_run_checked(struct bench_loop *loop, uint64_t events)
{
	uint64_t give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();
	uint64_t last = 0;
	int n;

	while (loop->next_seq + loop->window < events) {
		n = loop_turn(loop, true, true);
		if (n < 0 || (n == 0 && rte_rdtsc() > give_up))
			return -ETIMEDOUT;
		if (loop->deliveries != last)
			give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();
		last = loop->deliveries;
	}
	return loop_empty(loop, true);
}

static int
check_verdict(const struct bench_loop *loop, char *reason)
{
	const struct bench_check *check = loop->check;
	unsigned int stage;

	if (check->wrong_order + check->twice + check->unknown > 0) {
		snprintf(reason, BENCH_REASON_SIZE,
			 "%" PRIu64 " out of order, %" PRIu64 " twice, %" PRIu64 " never sent",
			 check->wrong_order, check->twice, check->unknown);
		return -EBADMSG;
	}
	for (stage = 0; stage < loop->nb_stages; stage++) {
		if (check->delivered[stage] == loop->next_seq)
			continue;
		snprintf(reason, BENCH_REASON_SIZE,
			 "stage %u: %" PRIu64 " sent, %" PRIu64 " delivered", stage, loop->next_seq,
			 check->delivered[stage]);
		return -EBADMSG;
	}
	return 0;
}

static int
loop_verify(struct bench_loop *loop, uint64_t events, char *reason)
{
	int stuck = loop_run_checked(loop, events);
	int ret = check_verdict(loop, reason);

	if (ret == 0 && stuck < 0)
		snprintf(reason, BENCH_REASON_SIZE, "stuck with %u events inside", loop->inflight);
	return ret < 0 ? ret : stuck;
}

/**
 * Pass about this many events through the device, which holds none yet, and check that each was
 * delivered once a stage, and in the order of its flow where the type keeps order.
 *
 * @param[out] reason what went wrong
 * @return 0 with the device empty again, or a negative errno
 */
int
bench_loop_verify(struct bench_loop *loop, uint64_t events, char reason[BENCH_REASON_SIZE])
{
	struct bench_check check = {.limit = events};
	int ret = -ENOMEM;

	check.next_seq = calloc((size_t)loop->nb_stages * loop->flows, sizeof(*check.next_seq));
	check.seen = calloc(loop->nb_stages, events);
	if (check.next_seq == NULL || check.seen == NULL) {
		snprintf(reason, BENCH_REASON_SIZE, "no memory to check %" PRIu64 " events",
			 events);
		goto free;
	}
	loop->check = &check;
	ret = loop_verify(loop, events, reason);
	loop->check = NULL;
free:
	free(check.seen);
	free(check.next_seq);
	return ret;
}
