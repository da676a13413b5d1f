/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Threads that step a served DSA, each asleep while there is nothing to do.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "serve_dsa.h"
#include "slipway.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- The lock between them and the first thread ---- */

void
serve_dsa_lock(struct serve_dsa *dsa)
{
	if (dsa->threads.count > 0)
		pthread_mutex_lock(&dsa->lock);
}

void
serve_dsa_unlock(struct serve_dsa *dsa)
{
	if (dsa->threads.count > 0)
		pthread_mutex_unlock(&dsa->lock);
}

void
serve_dsa_threads_pause(struct serve_dsa *dsa)
{
	if (dsa->threads.count == 0)
		return;
	/* Who steps may be waiting for the lock. */
	serve_dsa_unlock(dsa);
	pthread_rwlock_wrlock(&dsa->threads.world);
	serve_dsa_lock(dsa);
}

void
serve_dsa_threads_resume(struct serve_dsa *dsa)
{
	if (dsa->threads.count > 0)
		pthread_rwlock_unlock(&dsa->threads.world);
}

/* ---- Sleep ---- */

void
serve_dsa_threads_wake(struct serve_dsa *dsa)
{
	struct serve_dsa_threads *t = &dsa->threads;

	if (t->count == 0)
		return;
	/* Counted under the mutex of who sleeps: either it sees the count, or it is asleep and is
	 * woken. Release pairs with the acquire in stepper: who has counted this call sees in its
	 * step what it was for.
	 */
	pthread_mutex_lock(&t->sleep);
	atomic_fetch_add_explicit(&t->calls, 1, memory_order_release);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->sleep);
}

static void
sleep_until(struct serve_dsa_threads *t, uint64_t deadline, uint32_t seen)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / NS_PER_S),
		.tv_nsec = (long)(deadline % NS_PER_S),
	};
	int ret = 0;

	pthread_mutex_lock(&t->sleep);
	while (ret == 0 && !t->end &&
	       atomic_load_explicit(&t->calls, memory_order_relaxed) == seen)
		ret = deadline == BUS_NO_DEADLINE
			      ? pthread_cond_wait(&t->wake, &t->sleep)
			      : pthread_cond_timedwait(&t->wake, &t->sleep, &until);
	pthread_mutex_unlock(&t->sleep);
}

static void *
stepper(void *arg)
{
	struct serve_dsa *dsa = arg;
	struct serve_dsa_threads *t = &dsa->threads;
	struct bus_device *dev = &dsa->gate.dev;
	uint64_t deadline;
	uint32_t seen;

	while (!t->end) {
		/* Pairs with the release in serve_dsa_threads_wake. */
		seen = atomic_load_explicit(&t->calls, memory_order_acquire);
		pthread_rwlock_rdlock(&t->world);
		deadline = dev->ops->step(dev, serve_now_ns());
		pthread_rwlock_unlock(&t->world);
		if (deadline > serve_now_ns())
			sleep_until(t, deadline, seen);
	}
	return NULL;
}

/* ---- Life ---- */

static int
locks_create(struct serve_dsa *dsa)
{
	struct serve_dsa_threads *t = &dsa->threads;
	pthread_rwlockattr_t fair;
	pthread_condattr_t clock;
	int ret;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_rwlockattr_init(&fair);
	/* Or steps without end would keep out who wants to exchange something. */
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	ret = pthread_mutex_init(&dsa->lock, NULL);
	if (ret == 0)
		ret = pthread_mutex_init(&t->sleep, NULL);
	if (ret == 0)
		ret = pthread_cond_init(&t->wake, &clock);
	if (ret == 0)
		ret = pthread_rwlock_init(&t->world, &fair);
	pthread_rwlockattr_destroy(&fair);
	pthread_condattr_destroy(&clock);
	return -ret;
}

int
serve_dsa_threads_start(struct serve_dsa *dsa, unsigned int count)
{
	struct serve_dsa_threads *t = &dsa->threads;
	sigset_t all, saved;
	int ret = count == 0 ? 0 : locks_create(dsa);
	unsigned int n;

	if (count == 0 || ret < 0)
		return ret;
	/* From here on the first thread has the lock, but where it gives it away. */
	pthread_mutex_lock(&dsa->lock);
	t->count = count;
	/* Signals are the first thread's. */
	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	for (n = 0; n < count && ret == 0; n++)
		ret = pthread_create(&t->thread[n], NULL, stepper, dsa);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (ret == 0)
		return 0;
	complain("serve: --threads %u: %s", count, strerror(ret));
	t->count = n - 1;
	serve_dsa_threads_stop(dsa);
	return -ret;
}

void
serve_dsa_threads_stop(struct serve_dsa *dsa)
{
	struct serve_dsa_threads *t = &dsa->threads;

	if (t->count == 0)
		return;
	pthread_mutex_lock(&t->sleep);
	t->end = true;
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->sleep);
	serve_dsa_unlock(dsa);
	for (unsigned int i = 0; i < t->count; i++)
		pthread_join(t->thread[i], NULL);
	t->count = 0;
}
