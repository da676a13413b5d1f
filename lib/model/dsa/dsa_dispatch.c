/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Which queue of its group an engine takes from, section 18: round robin, each dispatch for a
 * credit, credits reloaded from the priorities when no queue with work has any left.
 */
#include "dsa_work_priv.h"

/* Who holds the lock looks at a few queues: not worth leaving for. */
static void
group_lock(struct dsa_group *g)
{
	if (!g->several)
		return;
	while (atomic_exchange_explicit(&g->lock, 1, memory_order_acquire) != 0)
		bus_pause();
}

static void
group_unlock(struct dsa_group *g)
{
	if (g->several)
		atomic_store_explicit(&g->lock, 0, memory_order_release);
}

static uint64_t
rotate_right(uint64_t bits, unsigned int n)
{
	return n == 0 ? bits : bits >> n | bits << (64 - n);
}

/* Queues of a group with work, as seen from whose turn it is: bit 0 is that queue's. */
static uint64_t
waiting_from(const struct dsa_work *work, uint64_t wqs, unsigned int from)
{
	uint64_t waiting = 0;

	for (; wqs != 0; wqs &= wqs - 1) {
		unsigned int wq = (unsigned int)__builtin_ctzll(wqs);

		if (dsa_queue_waiting(&work->queue[wq]))
			waiting |= UINT64_C(1) << wq;
	}
	return rotate_right(waiting, from);
}

static void
reload(struct dsa_work *work, struct dsa_group *g, uint64_t wqs)
{
	for (; wqs != 0; wqs &= wqs - 1) {
		unsigned int wq = (unsigned int)__builtin_ctzll(wqs);
		uint8_t priority = atomic_load_explicit(&work->queue[wq].priority,
							memory_order_relaxed);

		/* A device without priorities has 0 everywhere. */
		g->credit[wq] = priority == 0 ? 1 : priority;
	}
}

/* One round over the queues that have work, for credits. */
static bool
take_by_credit(struct dsa_engine *e, struct dsa_group *g, uint64_t waiting, struct dsa_job *job)
{
	unsigned int from = g->next;

	for (; waiting != 0; waiting &= waiting - 1) {
		unsigned int wq = (from + (unsigned int)__builtin_ctzll(waiting)) % DSA_WQS_MAX;

		if (g->credit[wq] == 0 || !dsa_queue_take(e->work, e, wq, job))
			continue;
		g->credit[wq]--;
		g->next = (wq + 1) % DSA_WQS_MAX;
		return true;
	}
	return false;
}

static bool
take_any(struct dsa_engine *e, uint64_t waiting, struct dsa_job *job)
{
	while (waiting != 0) {
		unsigned int skip = dsa_engine_random(
			e, (unsigned int)__builtin_popcountll(waiting));
		uint64_t rest = waiting;

		while (skip-- > 0)
			rest &= rest - 1;
		if (dsa_queue_take(e->work, e, (unsigned int)__builtin_ctzll(rest), job))
			return true;
		waiting &= ~(rest & -rest);
	}
	return false;
}

static bool
take(struct dsa_engine *e, struct dsa_group *g, struct dsa_job *job)
{
	uint64_t wqs = atomic_load_explicit(&g->wqs, memory_order_relaxed), waiting;

	if (e->work->config.shuffled)
		return take_any(e, waiting_from(e->work, wqs, 0), job);
	/* A queue alone has nobody to be fair to. */
	if ((wqs & (wqs - 1)) == 0)
		return wqs != 0 &&
		       dsa_queue_take(e->work, e, (unsigned int)__builtin_ctzll(wqs), job);
	waiting = waiting_from(e->work, wqs, g->next);
	if (take_by_credit(e, g, waiting, job))
		return true;
	if (waiting == 0)
		return false;
	reload(e->work, g, wqs);
	return take_by_credit(e, g, waiting, job);
}

bool
dsa_dispatch(struct dsa_engine *e, struct dsa_job *job)
{
	uint32_t group = atomic_load_explicit(&e->group, memory_order_relaxed);
	struct dsa_group *g;
	bool taken;

	if (group == DSA_NO_GROUP)
		return false;
	g = &e->work->group[group];
	group_lock(g);
	taken = take(e, g, job);
	group_unlock(g);
	return taken;
}

bool
dsa_dispatch_waiting(const struct dsa_engine *e)
{
	uint32_t group = atomic_load_explicit(&e->group, memory_order_relaxed);

	return group != DSA_NO_GROUP &&
	       waiting_from(e->work, atomic_load_explicit(&e->work->group[group].wqs,
							  memory_order_relaxed), 0) != 0;
}
