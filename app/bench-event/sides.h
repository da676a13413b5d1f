/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

/**
 * @file
 * A function on one or two threads at once, each an lcore, and what of their CPU they got.
 */

#include <stdbool.h>
#include <stdint.h>

/** What the threads of one run share. */
struct sides_run {
	int (*body)(struct sides_run *run, unsigned int side); /**< 0, or a negative errno */
	void *arg;
	double seconds;
	unsigned int nb_sides;
	unsigned int arrived; /**< at the start line */
	bool stop;            /**< one of them gave up */
	/* Of each side. */
	double cpu_share[2];
	double wall[2];
	int ret[2];
};

/** Run the body on as many threads: 0, or the first error. */
int sides_run(struct sides_run *run);

/** The time stamp at which a sample that begins now ends. */
uint64_t sides_end(const struct sides_run *run);

static inline bool
sides_stopped(const struct sides_run *run)
{
	return __atomic_load_n(&run->stop, __ATOMIC_RELAXED);
}

/** The lesser share. */
double sides_cpu_share(const struct sides_run *run);

#endif /* BENCH_SIDES_H */
