/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Where the cycles of a delivery go: the cooperative loop with a time stamp between its calls.
 *
 * Scheduling has to be a call of its own. A device with a service has it run; another one gets an
 * empty dequeue at the producer's port, which nothing is linked to: that is when a device without a
 * thread of its own gets on with its work. A device that schedules while it enqueues has all of
 * that in the first part.
 */

#include "bench.h"
#include "sides.h"

/* Turns between two looks at the clock. */
#define PARTS_STRIDE 64

struct parts {
	struct bench_loop *loop;
	uint64_t cycles[BENCH_NB_PARTS];
	uint64_t stamps[BENCH_NB_PARTS]; /**< taken, for what they cost */
};

/* Add the time since a stamp to a part; the stamp becomes now. */
static __rte_always_inline void
add(struct parts *p, enum bench_part part, uint64_t *stamp)
{
	uint64_t now = rte_rdtsc();

	p->cycles[part] += now - *stamp;
	p->stamps[part]++;
	*stamp = now;
}

static void
schedule(const struct bench_loop *loop, const struct loop_side *side)
{
	struct rte_event ev;

	if (side->service)
		loop_service(loop, side);
	else
		rte_event_dequeue_burst(loop->dev_id, side->produce_port, &ev, 1, 0);
}

static int
work(struct parts *p, struct loop_side *side, uint8_t port, uint64_t *stamp)
{
	struct bench_loop *loop = p->loop;
	struct rte_event ev[LOOP_MAX_BURST];
	uint16_t n, answers;

	n = rte_event_dequeue_burst(loop->dev_id, port, ev, loop->burst, 0);
	add(p, BENCH_DEQUEUE, stamp);
	if (n == 0)
		return 0;
	answers = loop_handle(loop, side, port, ev, n);
	loop_tell_ends(side);
	*stamp = rte_rdtsc();
	if (answers != 0) {
		if (loop_answer(loop, side, port, ev, answers) < 0)
			return -ETIMEDOUT;
		add(p, BENCH_ENQUEUE, stamp);
	}
	return n;
}

static int
turn(struct parts *p, struct loop_side *side)
{
	struct bench_loop *loop = p->loop;
	uint64_t stamp = rte_rdtsc();
	int n, moved = 0;
	uint8_t i;

	if (loop_has_room(loop, side)) {
		moved += loop_produce(loop, side);
		add(p, BENCH_ENQUEUE, &stamp);
	}
	schedule(loop, side);
	add(p, BENCH_SCHEDULE, &stamp);
	for (i = 0; i < side->nb_ports; i++) {
		n = work(p, side, side->first_port + i, &stamp);
		if (n < 0)
			return n;
		moved += n;
	}
	if (moved == 0)
		loop_maintain(loop, side);
	return moved;
}

static int
turn_until_end(struct sides_run *run, unsigned int id)
{
	struct parts *p = run->arg;
	uint64_t end = sides_end(run);
	unsigned int i;

	do {
		for (i = 0; i < PARTS_STRIDE; i++)
			if (turn(p, &p->loop->side[id]) < 0)
				return -ETIMEDOUT;
	} while (rte_rdtsc() < end);
	return 0;
}

/* What a time stamp costs: the least of many, as a busy machine only adds. */
static uint64_t
stamp_cycles(void)
{
	uint64_t least = UINT64_MAX, a, b;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		a = rte_rdtsc();
		b = rte_rdtsc();
		least = RTE_MIN(least, b - a);
	}
	return least;
}

/**
 * Run the cooperative loop with its calls timed.
 *
 * @return 0, or -ETIMEDOUT when the device got stuck
 */
int
bench_sample_parts(struct bench_loop *loop, double seconds, struct bench_sample *sample)
{
	struct parts p = {.loop = loop};
	struct sides_run run = {
		.body = turn_until_end, .arg = &p, .seconds = seconds, .nb_sides = 1};
	uint64_t deliveries = loop->side[0].deliveries, stamp = stamp_cycles();
	unsigned int i;
	int ret;

	ret = sides_run(&run);
	if (ret < 0)
		return ret;
	deliveries = loop->side[0].deliveries - deliveries;
	*sample = (struct bench_sample){
		.mps = deliveries / run.wall[0] * 1e-6,
		.cpu_share = sides_cpu_share(&run),
	};
	for (i = 0; i < BENCH_NB_PARTS && deliveries != 0; i++) {
		sample->part[i] =
			((double)p.cycles[i] - (double)p.stamps[i] * stamp) / deliveries;
		sample->cycles += sample->part[i];
	}
	return 0;
}
