/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

/**
 * @file
 * A function on several threads at once, each an lcore, and what of their CPU they got.
 */

#include <stdbool.h>
#include <stdint.h>

#define SIDES_MAX 8

/** What the threads of one run share. */
struct sides_run {
	int (*body)(struct sides_run *run, unsigned int side); /**< 0, or a negative errno */
	void *arg;
	double seconds;
	unsigned int nb_sides;
	unsigned int launched; /**< numbers the other threads */
	unsigned int arrived;  /**< at the start line */
	bool stop;             /**< one of them gave up */
	/* Of each side. */
	double cpu_share[SIDES_MAX];
	double wall[SIDES_MAX];
	int ret[SIDES_MAX];
};

/** Run the body on as many threads: 0, or the first error; -ENODEV when there are fewer lcores. */
int sides_run(struct sides_run *run);

/** The time stamp at which a sample that begins now ends. */
uint64_t sides_end(const struct sides_run *run);

static inline bool
sides_stopped(const struct sides_run *run)
{
	return __atomic_load_n(&run->stop, __ATOMIC_RELAXED);
}

/** The least share. */
double sides_cpu_share(const struct sides_run *run);

#endif /* BENCH_SIDES_H */
