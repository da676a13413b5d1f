/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "device_priv.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "say.h"
#include "served.h"
#include "sys.h"

/* Devices are stepped by whoever posts to them or touches a register. What is due when nobody does
 * is left to one thread, which sleeps until the earliest deadline, and for ever when there is none.
 * It is started with the first device, not with the first deadline: that may come in a signal
 * handler, where no thread can be started.
 */

static bool running;
/* Counts up when a deadline was moved forward: the futex that the thread sleeps on. */
static _Atomic uint32_t moves;

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

void
unit_step(struct unit *u)
{
	uint64_t wish = u->dev.bus->ops->step(u->dev.bus, now_ns());
	uint64_t known = atomic_load_explicit(&u->deadline, memory_order_relaxed);

	if (u->served != NULL)
		wish = served_deadline(u, now_ns());
	/* Only ever forward: who found the device busy knows of no deadline, which must not undo
	 * the one of whoever was at work. A step too early does no harm.
	 */
	while (wish < known) {
		if (atomic_compare_exchange_weak_explicit(&u->deadline, &known, wish,
							  memory_order_relaxed,
							  memory_order_relaxed)) {
			stepper_wake();
			return;
		}
	}
}

void
stepper_wake(void)
{
	/* Pairs with the acquire in sleep_until's caller: the deadline is seen with the count. */
	atomic_fetch_add_explicit(&moves, 1, memory_order_release);
	syscall(SYS_futex, &moves, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Sleep until a deadline, or until it was moved after it had been looked at. */
static void
sleep_until(uint64_t deadline, uint32_t seen)
{
	struct timespec ts = {
		.tv_sec = (time_t)(deadline / UINT64_C(1000000000)),
		.tv_nsec = (long)(deadline % UINT64_C(1000000000)),
	};

	syscall(SYS_futex, &moves, FUTEX_WAIT_BITSET_PRIVATE, seen,
		deadline == BUS_NO_DEADLINE ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void *
stepper(void *arg)
{
	(void)arg;
	for (;;) {
		/* Pairs with the release in stepper_wake. */
		uint32_t seen = atomic_load_explicit(&moves, memory_order_acquire);
		uint64_t earliest = BUS_NO_DEADLINE;

		for (unsigned int i = 0; i < device_count(); i++) {
			struct unit *u = (struct unit *)device_get(i);
			uint64_t d = atomic_load_explicit(&u->deadline, memory_order_relaxed);

			if (d <= now_ns()) {
				/* Taken; what the step wishes for is new. */
				atomic_store_explicit(&u->deadline, BUS_NO_DEADLINE,
						      memory_order_relaxed);
				unit_step(u);
				d = atomic_load_explicit(&u->deadline, memory_order_relaxed);
			}
			if (d < earliest)
				earliest = d;
		}
		sleep_until(earliest, seen);
	}
	return NULL;
}

int
stepper_start(void)
{
	uint64_t all = UINT64_MAX, saved;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	if (running)
		return 0;
	/* The thread inherits this: the program's signals are for the program's threads. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &saved, sizeof(all));
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attr, stepper, NULL);
	pthread_attr_destroy(&attr);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
	if (ret != 0) {
		say("cannot start the thread that steps devices: %s", strerror(ret));
		return -ret;
	}
	running = true;
	return 0;
}

void
stepper_forked(void)
{
	running = false;
}
