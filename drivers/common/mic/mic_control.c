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

/* Of a card: its interrupts, its socket, and its owner's clients. */
#define FDS 64
/* How long a nested round sleeps at most, since what it waits for has no descriptor. */
#define NESTED_NS UINT64_C(1000000)

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
is_self(const struct mic_control *c)
{
	return c->running && pthread_equal(pthread_self(), c->thread);
}

/* Nobody else changes `busy` while this thread is inside. */
bool
mic_control_is_inside(const struct mic_control *c, const struct mic_control_item *item)
{
	return is_self(c) && item->busy != 0;
}

void
mic_control_wake(struct mic_control *c)
{
	static const uint64_t one = 1;

	/* The caller's work before the look at `asleep`; pairs with the fence in round_of(): either
	 * the thread serves after the work was done, or it is woken.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&c->asleep, memory_order_relaxed))
		(void)!write(c->bell, &one, sizeof(one));
}

/* ---- The loop ---- */

static void
leave(struct mic_control *c, struct mic_control_item *item)
{
	item->busy--;
	pthread_cond_broadcast(&c->left);
}

/* Serve all of them: in how many ns the first one wants to be served again. */
static uint64_t
serve_all(struct mic_control *c, const struct pollfd p[])
{
	uint64_t next = MIC_CONTROL_NEVER;
	unsigned int i;

	for (i = 0; i < MIC_CONTROL_ITEMS; i++) {
		struct mic_control_item *item = c->items[i];
		unsigned int first, n;
		uint64_t ns;

		if (item == NULL)
			continue;
		first = item->first;
		n = item->n;
		item->busy++;
		pthread_mutex_unlock(&c->lock);
		ns = item->serve(item->arg, p + first, n);
		pthread_mutex_lock(&c->lock);
		next = RTE_MIN(next, ns);
		leave(c, item);
	}
	return next;
}

static unsigned int
collect_all(const struct mic_control *c, struct pollfd p[FDS])
{
	unsigned int i, n = 1;

	p[0] = (struct pollfd){.fd = c->bell, .events = POLLIN};
	for (i = 0; i < MIC_CONTROL_ITEMS; i++) {
		struct mic_control_item *item = c->items[i];

		if (item == NULL)
			continue;
		item->first = n;
		item->n = item->collect(item->arg, p + n, FDS - n);
		n += item->n;
	}
	return n;
}

static void
forget_collected(struct mic_control *c)
{
	unsigned int i;

	for (i = 0; i < MIC_CONTROL_ITEMS; i++) {
		if (c->items[i] != NULL)
			c->items[i]->n = 0;
	}
}

static void
sleep_until(const struct mic_control *c, struct pollfd p[], unsigned int n, uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / NS_IN_S), .tv_nsec = (long)(ns % NS_IN_S)};
	uint64_t rung;

	if (ppoll(p, n, ns == MIC_CONTROL_NEVER ? NULL : &ts, NULL) <= 0) {
		for (unsigned int i = 0; i < n; i++)
			p[i].revents = 0;
		return;
	}
	if (p[0].revents != 0)
		(void)!read(c->bell, &rung, sizeof(rung));
}

/* One round, under the lock but for what it calls. `p` is what the last one has left. */
static void
round_of(struct mic_control *c, struct pollfd p[FDS], uint64_t most)
{
	uint64_t ns;
	unsigned int n;

	atomic_store_explicit(&c->asleep, true, memory_order_relaxed);
	/* Pairs with the fence in mic_control_wake: what is done before a wake-up that finds us
	 * awake is seen by the serving that follows.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	c->nested = false;
	ns = RTE_MIN(serve_all(c, p), most);
	n = collect_all(c, p);
	/* Who was told in a round inside of this one when to serve again, or woke us after it, is
	 * known to the next round only.
	 */
	if (c->stopping || c->nested)
		ns = 0;
	pthread_mutex_unlock(&c->lock);
	sleep_until(c, p, n, ns);
	atomic_store(&c->asleep, false);
	pthread_mutex_lock(&c->lock);
}

static void *
run(void *arg)
{
	struct mic_control *c = arg;
	struct pollfd p[FDS];

	pthread_mutex_lock(&c->lock);
	forget_collected(c);
	while (!c->stopping)
		round_of(c, p, MIC_CONTROL_NEVER);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* The thread itself waits: go on serving. What was collected belongs to the round outside. */
static void
nested_round(struct mic_control *c)
{
	struct pollfd p[FDS];

	pthread_mutex_lock(&c->lock);
	forget_collected(c);
	round_of(c, p, NESTED_NS);
	serve_all(c, p);
	forget_collected(c);
	c->nested = true;
	pthread_mutex_unlock(&c->lock);
}

/* ---- Waiting ---- */

static void
wait_a_while(struct mic_control *c, pthread_mutex_t *mutex, pthread_cond_t *changed,
	     uint64_t deadline)
{
	struct timespec ts = {.tv_sec = (time_t)(deadline / NS_IN_S),
			      .tv_nsec = (long)(deadline % NS_IN_S)};

	if (!is_self(c)) {
		pthread_cond_timedwait(changed, mutex, &ts);
		return;
	}
	pthread_mutex_unlock(mutex);
	nested_round(c);
	pthread_mutex_lock(mutex);
}

bool
mic_control_wait(struct mic_control *c, pthread_mutex_t *mutex, pthread_cond_t *changed,
		 bool (*done)(const void *arg), const void *arg, uint64_t ns)
{
	uint64_t deadline = mic_control_now() + RTE_MIN(ns, UINT64_MAX / 4);

	while (!done(arg)) {
		if (mic_control_now() >= deadline)
			return false;
		wait_a_while(c, mutex, changed, deadline);
	}
	return true;
}

/* ---- Beginning and end ---- */

void
mic_control_init(struct mic_control *c)
{
	*c = (struct mic_control){.bell = -1};
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->left, NULL);
}

void
mic_control_free(struct mic_control *c)
{
	pthread_cond_destroy(&c->left);
	pthread_mutex_destroy(&c->lock);
}

static int
begin(struct mic_control *c)
{
	int ret;

	c->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->bell < 0)
		return -errno;
	ret = compat_control_thread(&c->thread, "mic-control", run, c);
	if (ret != 0) {
		close(c->bell);
		return ret;
	}
	c->running = true;
	return 0;
}

/* The last item has gone. Called under the lock, which it lets go of for a while. */
static void
end(struct mic_control *c)
{
	c->stopping = true;
	pthread_mutex_unlock(&c->lock);
	mic_control_wake(c);
	pthread_join(c->thread, NULL);
	pthread_mutex_lock(&c->lock);
	c->running = false;
	c->stopping = false;
	close(c->bell);
	c->bell = -1;
}

int
mic_control_add(struct mic_control *c, struct mic_control_item *item)
{
	unsigned int i;
	int ret = 0;

	item->busy = item->first = item->n = 0;
	pthread_mutex_lock(&c->lock);
	for (i = 0; i < MIC_CONTROL_ITEMS && c->items[i] != NULL; i++)
		;
	if (i == MIC_CONTROL_ITEMS)
		ret = -ENOSPC;
	else if (!c->running)
		ret = begin(c);
	if (ret == 0) {
		c->items[i] = item;
		c->nb_items++;
	}
	pthread_mutex_unlock(&c->lock);
	mic_control_wake(c);
	return ret;
}

int
mic_control_remove(struct mic_control *c, struct mic_control_item *item)
{
	unsigned int i;

	if (mic_control_is_inside(c, item))
		return -EBUSY;
	pthread_mutex_lock(&c->lock);
	while (item->busy != 0)
		pthread_cond_wait(&c->left, &c->lock);
	for (i = 0; i < MIC_CONTROL_ITEMS; i++) {
		if (c->items[i] == item) {
			c->items[i] = NULL;
			c->nb_items--;
		}
	}
	/* Not inside the thread: there an item that is being served is left. */
	if (c->nb_items == 0 && c->running)
		end(c);
	pthread_mutex_unlock(&c->lock);
	return 0;
}
