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
run_second_side(void *arg)
{
	run_side(arg, 1);
	return 0;
}

int
sides_run(struct sides_run *run)
{
	unsigned int lcore = rte_get_next_lcore(rte_lcore_id(), true, false);
	int ret;

	run->arrived = 0;
	run->stop = false;
	run->ret[1] = 0;
	if (run->nb_sides > 1) {
		if (lcore >= RTE_MAX_LCORE)
			return -ENODEV;
		ret = rte_eal_remote_launch(run_second_side, run, lcore);
		if (ret < 0)
			return ret;
	}
	run_side(run, 0);
	if (run->nb_sides > 1)
		rte_eal_wait_lcore(lcore);
	return run->ret[0] < 0 ? run->ret[0] : run->ret[1];
}

uint64_t
sides_end(const struct sides_run *run)
{
	return rte_rdtsc() + (uint64_t)(run->seconds * rte_get_tsc_hz());
}

double
sides_cpu_share(const struct sides_run *run)
{
	if (run->nb_sides > 1 && run->cpu_share[1] < run->cpu_share[0])
		return run->cpu_share[1];
	return run->cpu_share[0];
}
