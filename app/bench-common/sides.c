/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "sides.h"

static double
seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* Waking a thread takes as long as thousands of events. */
static void
start_together(struct sides_run *run)
{
	__atomic_fetch_add(&run->arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&run->arrived, __ATOMIC_ACQUIRE) < run->nb_sides)
		rte_pause();
}

static void
run_side(struct sides_run *run, unsigned int side)
{
	double cpu, wall;

	start_together(run);
	wall = seconds_of(CLOCK_MONOTONIC);
	cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	run->ret[side] = run->body(run, side);
	cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = seconds_of(CLOCK_MONOTONIC) - wall;
	if (run->ret[side] < 0)
		__atomic_store_n(&run->stop, true, __ATOMIC_RELAXED);
	run->wall[side] = wall;
	run->cpu_share[side] = cpu / wall;
}

static int
run_other_side(void *arg)
{
	struct sides_run *run = arg;

	run_side(run, __atomic_fetch_add(&run->launched, 1, __ATOMIC_RELAXED));
	return 0;
}

/* The first error of the sides. */
static int
first_error(const struct sides_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nb_sides; i++)
		if (run->ret[i] < 0)
			return run->ret[i];
	return 0;
}

int
sides_run(struct sides_run *run)
{
	unsigned int lcore[SIDES_MAX] = {rte_lcore_id()}, i;

	if (run->nb_sides > RTE_MIN(rte_lcore_count(), (unsigned int)SIDES_MAX))
		return -ENODEV;
	run->arrived = 0;
	run->launched = 1;
	run->stop = false;
	for (i = 1; i < run->nb_sides; i++) {
		lcore[i] = rte_get_next_lcore(lcore[i - 1], true, true);
		if (rte_eal_get_lcore_state(lcore[i]) != WAIT)
			return -EBUSY;
	}
	for (i = 1; i < run->nb_sides; i++)
		rte_eal_remote_launch(run_other_side, run, lcore[i]);
	run_side(run, 0);
	for (i = 1; i < run->nb_sides; i++)
		rte_eal_wait_lcore(lcore[i]);
	return first_error(run);
}

uint64_t
sides_end(const struct sides_run *run)
{
	return rte_rdtsc() + (uint64_t)(run->seconds * rte_get_tsc_hz());
}

double
sides_cpu_share(const struct sides_run *run)
{
	double least = run->cpu_share[0];
	unsigned int i;

	for (i = 1; i < run->nb_sides; i++)
		least = RTE_MIN(least, run->cpu_share[i]);
	return least;
}
