/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_WEAVE_H
#define SLIPWAY_WEAVE_H

/**
 * @file
 * Threads of code, woven in every way that few deviations allow. Threads are coroutines, and each
 * atomic access but relaxed ones is a point where another one may go on. The plain schedule runs
 * each thread to its end, its stores seen at once. A deviation is a switch at a point, or a point
 * at which stores stay under way (first in, first out, as on x86).
 *
 *   weave_begin(deviations)
 *   do weave_run(threads, arg), and look at what it left
 *   while weave_next()
 */

#include <stdbool.h>

#define WEAVE_THREADS 3u

/** Begin with the plain schedule. */
void weave_begin(unsigned int deviations);

/** Run a schedule: false when it ends with threads asleep. */
bool weave_run(void (*const run[WEAVE_THREADS])(void *arg), void *arg);

/** Choose the next schedule within the bound: false when there is none. */
bool weave_next(void);

/** Is this called by a thread that is woven? */
bool weave_is_woven(void);

/** Nothing of the thread's is under way after this. */
void weave_settle(void);

/** The thread waits for another one, which does not sleep. */
void weave_wait(void);

/** The thread sleeps until somebody wakes who sleeps on one of these words. */
void weave_sleep(const volatile void *const words[], unsigned int n);
void weave_wake(const volatile void *word);

#endif /* SLIPWAY_WEAVE_H */
