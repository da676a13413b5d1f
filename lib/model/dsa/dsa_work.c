/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The work half as a whole: made, wired, halted, emptied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dsa_work_priv.h"

/* Any odd number does: xorshift must not begin with 0, and each engine shuffles its own way. */
#define SEED_STEP UINT64_C(0x9e3779b97f4a7c15)

static int
engine_create(struct dsa_work *work, unsigned int i)
{
	struct dsa_engine *e = &work->engine[i];

	e->work = work;
	atomic_init(&e->group, DSA_NO_GROUP);
	e->random = (work->config.seed + i + 1) * SEED_STEP | 1;
	e->mem = dsa_mem_create(work->host);
	e->counts = calloc(work->config.wqs, sizeof(*e->counts));
	return e->mem == NULL || e->counts == NULL ? -ENOMEM : 0;
}

int
dsa_work_create(const struct dsa_work_config *config, struct bus_host *host,
		const struct dsa_work_owner *owner, struct dsa_work **work)
{
	struct dsa_work *w;

	if (config->wqs == 0 || config->wqs > DSA_WQS_MAX || config->engines == 0 ||
	    config->engines > DSA_ENGINES_MAX)
		return -EINVAL;
	w = aligned_alloc(_Alignof(struct dsa_work), sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	memset(w, 0, sizeof(*w));
	w->config = *config;
	w->host = host;
	w->owner = *owner;
	atomic_init(&w->abort_pasid, BUS_NO_PASID);
	for (unsigned int i = 0; i < config->engines; i++) {
		if (engine_create(w, i) < 0) {
			dsa_work_destroy(w);
			return -ENOMEM;
		}
	}
	*work = w;
	return 0;
}

void
dsa_work_destroy(struct dsa_work *work)
{
	if (work == NULL)
		return;
	for (unsigned int i = 0; i < work->config.engines; i++) {
		dsa_mem_destroy(work->engine[i].mem);
		free(work->engine[i].counts);
	}
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		free(work->queue[wq].slots);
	free(work);
}

/* ---- All engines ---- */

static void
lock_all(struct dsa_work *work)
{
	for (unsigned int i = 0; i < work->config.engines; i++)
		dsa_engine_lock(&work->engine[i]);
}

static void
unlock_all(struct dsa_work *work)
{
	for (unsigned int i = 0; i < work->config.engines; i++)
		dsa_engine_unlock(&work->engine[i]);
}

void
dsa_work_remap(struct dsa_work *work)
{
	/* One after the other: what is looked up from now on is looked up in the new map. */
	for (unsigned int i = 0; i < work->config.engines; i++) {
		dsa_engine_lock(&work->engine[i]);
		dsa_mem_forget(work->engine[i].mem);
		dsa_engine_unlock(&work->engine[i]);
	}
}

void
dsa_work_group(struct dsa_work *work, unsigned int group, uint64_t engines, uint64_t wqs)
{
	struct dsa_group *g = &work->group[group];

	lock_all(work);
	for (unsigned int i = 0; i < work->config.engines; i++) {
		struct dsa_engine *e = &work->engine[i];

		if (engines >> i & 1)
			atomic_store_explicit(&e->group, group, memory_order_relaxed);
		else if (atomic_load_explicit(&e->group, memory_order_relaxed) == group)
			atomic_store_explicit(&e->group, DSA_NO_GROUP, memory_order_relaxed);
	}
	atomic_store_explicit(&g->wqs, wqs, memory_order_relaxed);
	g->several = (engines & (engines - 1)) != 0;
	g->next = 0;
	memset(g->credit, 0, sizeof(g->credit));
	unlock_all(work);
}

void
dsa_work_user_interrupts(struct dsa_work *work, bool enabled)
{
	atomic_store_explicit(&work->user_interrupts, enabled, memory_order_relaxed);
}

void
dsa_work_halt(struct dsa_work *work, bool halted)
{
	/* Queues first: what they take is done once engines go on. */
	for (unsigned int wq = 0; wq < work->config.wqs; wq++) {
		if (halted)
			atomic_fetch_or(&work->queue[wq].word, DSA_WORD_HALTED);
		else
			atomic_fetch_and(&work->queue[wq].word, ~DSA_WORD_HALTED);
	}
	atomic_store(&work->halted, halted);
}

static void
engine_empty(struct dsa_engine *e)
{
	for (unsigned int i = 0; i < DSA_ENGINE_JOBS; i++) {
		e->job[i].phase = DSA_JOB_FREE;
		atomic_store_explicit(&e->job[i].inflight, 0, memory_order_release);
	}
	atomic_store(&e->jobs, 0);
	e->current = NULL;
}

void
dsa_work_reset(struct dsa_work *work)
{
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		dsa_work_stop(work, wq);
	lock_all(work);
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		dsa_queue_empty(&work->queue[wq]);
	for (unsigned int i = 0; i < work->config.engines; i++)
		engine_empty(&work->engine[i]);
	unlock_all(work);
}
