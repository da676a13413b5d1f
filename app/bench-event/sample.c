/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* How many deliveries a second: a side turns until the time is up. */

#include <rte_pause.h>

#include "bench.h"
#include "sides.h"

/* Turns between two looks at the clock: often enough for the shortest sample, seldom enough to
 * cost nothing.
 */
#define CLOCK_STRIDE 64

/* One turn of a side: whether anything moved, or -ETIMEDOUT. */
static __rte_always_inline int
turn(const struct bench_loop *loop, struct loop_side *side, bool produce)
{
	int n, moved = 0;
	uint8_t i;

	if (produce && side->produces) {
		while (loop_has_room(loop, side)) {
			n = loop_produce(loop, side);
			moved += n;
			if (n < loop->burst)
				break;
		}
	}
	/* A worker asks for more when it has run out: event_sw goes over all that waits each time,
	 * so that one run an event would cost it five times as much.
	 */
	if (side->nb_ports == 0 || side->ran_out)
		loop_service(loop, side);
	side->ran_out = true;
	for (i = 0; i < side->nb_ports; i++) {
		n = loop_work(loop, side, side->first_port + i);
		if (n < 0)
			return n;
		moved += n;
		side->ran_out &= n == 0;
	}
	if (unlikely(moved == 0)) {
		loop_maintain(loop, side);
		/* Whoever only waits for the other shall not keep asking for its line. */
		if (side->nb_ports == 0 && !side->service)
			rte_pause();
	}
	return moved;
}

/* When the whole loop last moved, as one side sees it. */
struct progress {
	uint64_t moved;
	uint64_t deadline;
};

static bool
is_stuck(struct progress *p, const struct bench_loop *loop, uint64_t now)
{
	uint64_t moved = 0;
	unsigned int i;

	for (i = 0; i < loop->nb_sides; i++)
		moved += loop->side[i].counts.sent + loop->side[i].counts.ended;
	if (moved != p->moved || p->deadline == 0) {
		p->moved = moved;
		p->deadline = now + LOOP_PATIENCE_S * rte_get_tsc_hz();
	}
	return now > p->deadline;
}

static int
turn_until_end(struct sides_run *run, unsigned int id)
{
	struct bench_loop *loop = run->arg;
	struct loop_side *side = &loop->side[id];
	struct progress progress = {0};
	uint64_t end = sides_end(run), now;
	unsigned int i;

	do {
		for (i = 0; i < CLOCK_STRIDE; i++)
			if (turn(loop, side, true) < 0)
				return -ETIMEDOUT;
		now = rte_rdtsc();
		if (is_stuck(&progress, loop, now))
			return -ETIMEDOUT;
	} while (now < end && !sides_stopped(run));
	return 0;
}

static int
turn_until_empty(struct sides_run *run, unsigned int id)
{
	struct bench_loop *loop = run->arg;
	struct progress progress = {0};

	while (loop_inside(loop) > 0 && !sides_stopped(run)) {
		if (turn(loop, &loop->side[id], false) < 0 ||
		    is_stuck(&progress, loop, rte_rdtsc()))
			return -ETIMEDOUT;
	}
	return 0;
}

/**
 * Run the loop for a time and say how it went.
 *
 * @return 0, or -ETIMEDOUT when the device got stuck
 */
int
bench_sample_rate(struct bench_loop *loop, double seconds, struct bench_sample *sample)
{
	struct sides_run run = {
		.body = turn_until_end,
		.arg = loop,
		.seconds = seconds,
		.nb_sides = loop->nb_sides,
	};
	uint64_t deliveries, before[LOOP_MAX_SIDES];
	unsigned int i;
	int ret;

	for (i = 0; i < loop->nb_sides; i++)
		before[i] = loop->side[i].deliveries;
	ret = sides_run(&run);
	if (ret < 0)
		return ret;
	*sample = (struct bench_sample){.cpu_share = sides_cpu_share(&run)};
	for (i = 0; i < loop->nb_sides; i++) {
		deliveries = loop->side[i].deliveries - before[i];
		sample->mps += deliveries / run.wall[i] * 1e-6;
	}
	/* Nothing at all is for the check to judge: a thread may have had no CPU meanwhile. */
	if (sample->mps > 0)
		sample->cycles = loop->nb_sides * (rte_get_tsc_hz() * 1e-6) / sample->mps;
	return 0;
}

/** Take everything out of the device: 0, or -ETIMEDOUT when some of it does not come. */
int
bench_sample_drain(struct bench_loop *loop)
{
	struct sides_run run = {
		.body = turn_until_empty,
		.arg = loop,
		.nb_sides = loop->nb_sides,
	};

	return sides_run(&run);
}
