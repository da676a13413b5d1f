/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* How long one event takes alone: side 0 sends it and waits until side 1 has it. Side 0 does
 * nothing at its port meanwhile but what the device asks of it.
 */

#include <stdlib.h>

#include <rte_pause.h>

#include "bench.h"
#include "sides.h"

/* Times kept of a sample; what comes after goes unrecorded. */
#define LATENCY_MAX_TIMES 200000

/* Pause between two events, in ns, for the worker to be back at its port: so much, and up to as
 * much again, so that nothing gets in step with it.
 */
#define LATENCY_GAP_NS 1000

/* Kept free at the end of a dequeued burst: one event is under way. */
#define LATENCY_BURST 4

struct latency {
	struct bench_loop *loop;
	uint32_t *cycles; /**< of each event */
	uint32_t count;
	/* Written by the worker, read by the producer. */
	struct {
		uint64_t arrived; /**< events */
		uint64_t tag;     /**< of the last */
	} done __rte_cache_aligned;
	/* The other way round. */
	struct {
		uint64_t stamp; /**< of the event that is under way */
		bool over;
	} sent __rte_cache_aligned;
};

static void
wait_a_little(const struct bench_loop *loop, const struct loop_side *side)
{
	uint64_t gap = LATENCY_GAP_NS * rte_get_tsc_hz() / 1000000000;
	uint64_t end = rte_rdtsc();

	end += gap + end % gap;
	while (rte_rdtsc() < end) {
		loop_service(loop, side);
		rte_pause();
	}
}

/* Wait for the end of the event: 0, or -ETIMEDOUT. */
static int
wait_for_end(struct latency *l, struct loop_side *side, uint64_t arrived)
{
	const struct bench_loop *loop = l->loop;
	int op = loop->flush ? RTE_EVENT_DEV_MAINT_OP_FLUSH : 0;
	uint64_t give_up = rte_rdtsc() + LOOP_PATIENCE_S * rte_get_tsc_hz();

	while (__atomic_load_n(&l->done.arrived, __ATOMIC_ACQUIRE) < arrived) {
		loop_service(loop, side);
		/* What a device that is not free of maintenance needs, however rarely it is used. */
		if (loop->maintain)
			rte_event_maintain(loop->dev_id, side->produce_port, op);
		else
			rte_pause();
		if (rte_rdtsc() > give_up)
			return -ETIMEDOUT;
	}
	return 0;
}

static int
send_lone(struct latency *l, struct loop_side *side, uint64_t end)
{
	struct bench_loop *loop = l->loop;
	uint64_t last_tag;
	int ret;

	while (rte_rdtsc() < end) {
		side->room = loop->burst;
		last_tag = check_tag(side->id, side->next_flow, side->next_seq);
		__atomic_store_n(&l->sent.stamp, rte_rdtsc(), __ATOMIC_RELAXED);
		while (loop_produce(loop, side) == 0)
			if (rte_rdtsc() > end + LOOP_PATIENCE_S * rte_get_tsc_hz())
				return -ETIMEDOUT;
		if (loop->flush && loop->maintain)
			rte_event_maintain(loop->dev_id, side->produce_port,
					   RTE_EVENT_DEV_MAINT_OP_FLUSH);
		ret = wait_for_end(l, side, side->next_seq);
		if (ret < 0)
			return ret;
		if (l->done.arrived != side->next_seq || l->done.tag != last_tag)
			return -EBADMSG;
		wait_a_little(loop, side);
	}
	return 0;
}

static void
note_arrival(struct latency *l, const struct loop_side *side, uint64_t tag, uint64_t now)
{
	if (l->count < LATENCY_MAX_TIMES)
		l->cycles[l->count++] = now - __atomic_load_n(&l->sent.stamp, __ATOMIC_RELAXED);
	l->done.tag = tag;
	__atomic_store_n(&l->done.arrived, side->ended, __ATOMIC_RELEASE);
}

/* Take a burst out and pass it on, as loop_work() does; note when the last stage was reached. */
static int
receive(struct latency *l, struct loop_side *side, uint8_t port)
{
	const struct bench_loop *loop = l->loop;
	struct rte_event ev[LATENCY_BURST];
	uint64_t now, ended = side->ended;
	uint16_t n, answers;

	n = rte_event_dequeue_burst(loop->dev_id, port, ev, LATENCY_BURST, 0);
	if (n == 0)
		return 0;
	now = rte_rdtsc();
	answers = loop_handle(loop, side, port, ev, n);
	if (answers != 0 && loop_answer(loop, side, port, ev, answers) < 0)
		return -ETIMEDOUT;
	loop_tell_ends(side);
	if (side->ended != ended)
		note_arrival(l, side, ev[n - 1].u64, now);
	return n;
}

static int
receive_all(struct latency *l, struct loop_side *side)
{
	const struct bench_loop *loop = l->loop;
	int n, moved;
	uint8_t i;

	while (!__atomic_load_n(&l->sent.over, __ATOMIC_ACQUIRE)) {
		moved = 0;
		loop_service(loop, side);
		for (i = 0; i < side->nb_ports; i++) {
			n = receive(l, side, side->first_port + i);
			if (n < 0)
				return n;
			moved += n;
		}
		if (moved == 0)
			loop_maintain(loop, side);
	}
	return 0;
}

static int
run_side(struct sides_run *run, unsigned int id)
{
	struct latency *l = run->arg;
	int ret;

	if (id == 1)
		return receive_all(l, &l->loop->side[1]);
	ret = send_lone(l, &l->loop->side[0], sides_end(run));
	__atomic_store_n(&l->sent.over, true, __ATOMIC_RELEASE);
	return ret;
}

static int
compare_uint32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
percentile(const struct latency *l, unsigned int percent)
{
	return l->cycles[(uint64_t)(l->count - 1) * percent / 100] * 1e9 / rte_get_tsc_hz();
}

/**
 * Send events one at a time and say how long they took.
 *
 * @return 0, or -ETIMEDOUT when one did not arrive, -EBADMSG when a wrong one did
 */
int
bench_sample_latency(struct bench_loop *loop, double seconds, struct bench_sample *sample)
{
	struct latency l = {.loop = loop, .done.arrived = loop->side[1].ended};
	struct sides_run run = {.body = run_side, .arg = &l, .seconds = seconds, .nb_sides = 2};
	int ret;

	l.cycles = malloc(LATENCY_MAX_TIMES * sizeof(*l.cycles));
	if (l.cycles == NULL)
		return -ENOMEM;
	ret = sides_run(&run);
	*sample = (struct bench_sample){.cpu_share = sides_cpu_share(&run)};
	if (ret == 0 && l.count > 0) {
		qsort(l.cycles, l.count, sizeof(*l.cycles), compare_uint32);
		sample->p50_ns = percentile(&l, 50);
		sample->p90_ns = percentile(&l, 90);
	}
	free(l.cycles);
	return ret;
}
