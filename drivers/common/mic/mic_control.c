/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_control.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "dpdk_compat.h"

#define NS_IN_S UINT64_C(1000000000)

/* Two per card are used, and there are 64 raw devices. */
#define ITEMS 128
#define FDS   1024
/* How long a nested round sleeps at most, since what it waits for has no descriptor. */
#define NESTED_NS UINT64_C(1000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER; /* an item, or the thread, is done */
static struct mic_control_item *items[ITEMS];
static unsigned int nb_items;

static pthread_t thread;
static bool running, stopping;
static int bell = -1;
static _Atomic bool asleep;

uint64_t
mic_control_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_IN_S + (uint64_t)ts.tv_nsec;
}

void
mic_control_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static bool
is_self(void)
{
	return running && pthread_equal(pthread_self(), thread);
}

/* Nobody else changes `busy` while this thread is inside. */
bool
mic_control_is_inside(const struct mic_control_item *item)
{
	return is_self() && item->busy != 0;
}

void
mic_control_wake(void)
{
	static const uint64_t one = 1;

	/* The caller's work before the look at `asleep`; pairs with the exchange in round(): either
	 * the thread serves after the work was done, or it is woken.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&asleep, memory_order_relaxed))
		(void)!write(bell, &one, sizeof(one));
}

/* ---- The loop ---- */

static void
leave(struct mic_control_item *item)
{
	item->busy--;
	pthread_cond_broadcast(&left);
}

/* Serve all of them: in how many ns the first one wants to be served again. */
static uint64_t
serve_all(const struct pollfd p[])
{
	uint64_t next = MIC_CONTROL_NEVER;
	unsigned int i;

	for (i = 0; i < ITEMS; i++) {
		struct mic_control_item *item = items[i];
		unsigned int first, n;
		uint64_t ns;

		if (item == NULL)
			continue;
		first = item->first;
		n = item->n;
		item->busy++;
		pthread_mutex_unlock(&lock);
		ns = item->serve(item->arg, p + first, n);
		pthread_mutex_lock(&lock);
		next = RTE_MIN(next, ns);
		leave(item);
	}
	return next;
}

static unsigned int
collect_all(struct pollfd p[FDS])
{
	unsigned int i, n = 1;

	p[0] = (struct pollfd){.fd = bell, .events = POLLIN};
	for (i = 0; i < ITEMS; i++) {
		struct mic_control_item *item = items[i];

		if (item == NULL)
			continue;
		item->first = n;
		item->n = item->collect(item->arg, p + n, FDS - n);
		n += item->n;
	}
	return n;
}

static void
forget_collected(void)
{
	unsigned int i;

	for (i = 0; i < ITEMS; i++) {
		if (items[i] != NULL)
			items[i]->n = 0;
	}
}

static void
sleep_until(struct pollfd p[], unsigned int n, uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / NS_IN_S), .tv_nsec = (long)(ns % NS_IN_S)};
	uint64_t rung;

	if (ppoll(p, n, ns == MIC_CONTROL_NEVER ? NULL : &ts, NULL) <= 0) {
		for (unsigned int i = 0; i < n; i++)
			p[i].revents = 0;
		return;
	}
	if (p[0].revents != 0)
		(void)!read(bell, &rung, sizeof(rung));
}

/* One round, under the lock but for what it calls. `p` is what the last one has left. */
static void
round_of(struct pollfd p[FDS], uint64_t most)
{
	uint64_t ns;
	unsigned int n;

	/* Sequentially consistent: what is done before a wake-up that finds us awake is seen by the
	 * serving that follows.
	 */
	atomic_exchange(&asleep, true);
	ns = RTE_MIN(serve_all(p), most);
	n = collect_all(p);
	if (stopping)
		ns = 0;
	pthread_mutex_unlock(&lock);
	sleep_until(p, n, ns);
	atomic_store(&asleep, false);
	pthread_mutex_lock(&lock);
}

static void *
run(void *arg)
{
	struct pollfd p[FDS];

	RTE_SET_USED(arg);
	pthread_mutex_lock(&lock);
	forget_collected();
	while (!stopping)
		round_of(p, MIC_CONTROL_NEVER);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* The thread itself waits: go on serving. What was collected belongs to the round outside. */
static void
nested_round(void)
{
	struct pollfd p[FDS];

	pthread_mutex_lock(&lock);
	forget_collected();
	round_of(p, NESTED_NS);
	serve_all(p);
	forget_collected();
	pthread_mutex_unlock(&lock);
}

/* ---- Waiting ---- */

static void
wait_a_while(pthread_mutex_t *mutex, pthread_cond_t *changed, uint64_t deadline)
{
	struct timespec ts = {.tv_sec = (time_t)(deadline / NS_IN_S),
			      .tv_nsec = (long)(deadline % NS_IN_S)};

	if (!is_self()) {
		pthread_cond_timedwait(changed, mutex, &ts);
		return;
	}
	pthread_mutex_unlock(mutex);
	nested_round();
	pthread_mutex_lock(mutex);
}

bool
mic_control_wait(pthread_mutex_t *mutex, pthread_cond_t *changed, bool (*done)(const void *arg),
		 const void *arg, uint64_t ns)
{
	uint64_t deadline = mic_control_now() + RTE_MIN(ns, UINT64_MAX / 4);

	while (!done(arg)) {
		if (mic_control_now() >= deadline)
			return false;
		wait_a_while(mutex, changed, deadline);
	}
	return true;
}

/* ---- Beginning and end ---- */

static int
begin(void)
{
	int ret;

	bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bell < 0)
		return -errno;
	ret = compat_control_thread(&thread, "mic-control", run);
	if (ret != 0) {
		close(bell);
		return ret;
	}
	running = true;
	return 0;
}

/* The last item has gone. Called under the lock, which it lets go of for a while. */
static void
end(void)
{
	pthread_t gone = thread;

	stopping = true;
	pthread_mutex_unlock(&lock);
	mic_control_wake();
	pthread_join(gone, NULL);
	pthread_mutex_lock(&lock);
	running = false;
	stopping = false;
	close(bell);
	bell = -1;
	pthread_cond_broadcast(&left);
}

int
mic_control_add(struct mic_control_item *item)
{
	unsigned int i;
	int ret = 0;

	item->busy = item->first = item->n = 0;
	pthread_mutex_lock(&lock);
	while (stopping)
		pthread_cond_wait(&left, &lock);
	for (i = 0; i < ITEMS && items[i] != NULL; i++)
		;
	if (i == ITEMS)
		ret = -ENOSPC;
	else if (!running)
		ret = begin();
	if (ret == 0) {
		items[i] = item;
		nb_items++;
	}
	pthread_mutex_unlock(&lock);
	mic_control_wake();
	return ret;
}

int
mic_control_remove(struct mic_control_item *item)
{
	unsigned int i;

	if (mic_control_is_inside(item))
		return -EBUSY;
	pthread_mutex_lock(&lock);
	while (item->busy != 0)
		pthread_cond_wait(&left, &lock);
	for (i = 0; i < ITEMS; i++) {
		if (items[i] == item) {
			items[i] = NULL;
			nb_items--;
		}
	}
	/* Not inside the thread: there an item that is being served is left. */
	if (nb_items == 0 && running && !stopping)
		end();
	pthread_mutex_unlock(&lock);
	return 0;
}
