/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <pthread.h>
#include <sched.h>

#include "common.h"

/* Under step=manual nothing happens in a device until it is told: it is stepped from a thread of
 * its own, at times the driver cannot foresee.
 */

static pthread_t stepper;
static pthread_mutex_t stepping = PTHREAD_MUTEX_INITIALIZER;
static bool runs, stop, paused; /* the last one under `stepping` */
static void (*step_device)(void);
static unsigned int longest_pause;

static void *
stepper_run(void *arg)
{
	unsigned int pause;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&stepping);
		if (!paused)
			step_device();
		pthread_mutex_unlock(&stepping);
		pause = random_below(longest_pause);
		if (pause < longest_pause / 2)
			sched_yield();
		else
			pause_us(pause);
	}
	return NULL;
}

/** Call `step` again and again until stepper_end(), `pause` microseconds apart at most. */
int
stepper_begin(void (*step)(void), unsigned int pause)
{
	int ret;

	stop = false;
	step_device = step;
	longest_pause = pause;
	ret = -pthread_create(&stepper, NULL, stepper_run, NULL);
	runs = ret == 0;
	return ret;
}

/** End what stepper_begin() began, if it did. */
void
stepper_end(void)
{
	if (!runs)
		return;
	runs = false;
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(stepper, NULL);
}

/** No step is under way, nor begins, until stepper_unlock(). */
void
stepper_lock(void)
{
	pthread_mutex_lock(&stepping);
}

void
stepper_unlock(void)
{
	pthread_mutex_unlock(&stepping);
}

/** Let the device stand still for a while, or go on. No step outlasts this. */
void
stepper_pause(bool pause)
{
	stepper_lock();
	paused = pause;
	stepper_unlock();
}
