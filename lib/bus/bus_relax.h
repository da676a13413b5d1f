/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_RELAX_H
#define SLIPWAY_BUS_RELAX_H

/**
 * @file
 * Waiting for another thread that holds something only briefly.
 */

#include <sched.h>

/** Tries before the other thread is taken to be off its CPU: a few microseconds. */
#define BUS_RELAX_SPINS 64u

/** Tell the CPU that this is a loop that waits. */
static inline void
bus_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/** Pause between two tries; gives the CPU away when the wait gets long. `tries` counts from 0. */
static inline void
bus_relax(unsigned int tries)
{
	if (tries < BUS_RELAX_SPINS)
		bus_pause();
	else
		sched_yield();
}

#endif /* SLIPWAY_BUS_RELAX_H */
