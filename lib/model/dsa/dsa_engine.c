/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Engines: whoever steps takes each one that is free, and does what there is to do for a while.
 *
 *   free --dispatch--> new --check--+--> run ---a piece at a time---+--> end --> free
 *                                   +--> batch --a member at a time-+
 *                                   +--> drain --when earlier ended-+
 *                                   +--refused----------------------+
 *
 * A drain that waits leaves its engine to others. Shuffled, an engine has several descriptors in
 * hand and goes on with any of them.
 */
#include "dsa_work_priv.h"

/* What an engine does in a step: some 30 us of copying, so that nobody waits long for a thread. */
#define STEP_BYTES 262144u
/* What a descriptor costs beside its bytes, in bytes. */
#define DESCRIPTOR_BYTES 256u
/* Pieces of shuffled work: small, so that much comes between. */
#define SHUFFLED_BYTES 4096u

/* ---- Locks ---- */

/*
 * Sequentially consistent on both sides. A thread takes descriptors in, then finds the engine
 * locked and leaves: the one that unlocks it looks for descriptors after that, and sees them.
 */
static bool
engine_try_lock(struct dsa_engine *e)
{
	return atomic_load(&e->wanted) == 0 && atomic_load(&e->lock) == 0 &&
	       atomic_exchange(&e->lock, 1) == 0;
}

void
dsa_engine_lock(struct dsa_engine *e)
{
	atomic_fetch_add(&e->wanted, 1);
	while (atomic_exchange(&e->lock, 1) != 0)
		bus_pause();
	atomic_fetch_sub(&e->wanted, 1);
}

void
dsa_engine_unlock(struct dsa_engine *e)
{
	atomic_store(&e->lock, 0);
}

static bool
engine_busy(const struct dsa_engine *e)
{
	return atomic_load(&e->jobs) != 0 || dsa_dispatch_waiting(e);
}

/* ---- Jobs ---- */

/* xorshift: what is asked of it is only that it repeats. */
unsigned int
dsa_engine_random(struct dsa_engine *e, unsigned int n)
{
	e->random ^= e->random << 13;
	e->random ^= e->random >> 7;
	e->random ^= e->random << 17;
	return (unsigned int)((e->random >> 32) * n >> 32);
}

static void
job_free(struct dsa_engine *e, struct dsa_job *job)
{
	job->phase = DSA_JOB_FREE;
	if (e->current == job)
		e->current = NULL;
	atomic_store_explicit(&e->jobs, atomic_load_explicit(&e->jobs, memory_order_relaxed) - 1,
			      memory_order_relaxed);
	/* Pairs with the acquire of who waits: nothing is written for it after this. */
	atomic_store_explicit(&job->inflight, 0, memory_order_release);
}

static void
job_end(struct dsa_engine *e, struct dsa_job *job)
{
	dsa_record_end(e, job, &job->op, DSA_NO_INDEX);
	job_free(e, job);
}

/* What becomes of a new descriptor. */
static void
job_begin(struct dsa_engine *e, struct dsa_job *job)
{
	if (job->barred)
		job->op.cr.status = DSA_STATUS_PRIV;
	else if (dsa_op_check(&job->op, &job->rules) &&
		 dsa_record_may_begin(e, job, &job->op)) {
		switch (DSA_OPCODE(&job->op.desc)) {
		case DSA_OP_NOOP:
			job->op.cr.status = DSA_STATUS_SUCCESS;
			break;
		case DSA_OP_BATCH:
			job->phase = DSA_JOB_BATCH;
			dsa_batch_begin(e, job);
			return;
		case DSA_OP_DRAIN:
			job->phase = DSA_JOB_DRAIN;
			if (e->current == job)
				e->current = NULL;
			return;
		default:
			job->phase = DSA_JOB_RUN;
			return;
		}
	}
	job_end(e, job);
}

static size_t
job_run(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	uint64_t before = job->op.done;

	dsa_job_mem(e, job, DSA_FLAGS(&job->op.desc) & DSA_FLAG_BOF);
	if (dsa_op_run(&job->op, e->mem, budget))
		job_end(e, job);
	return (size_t)(job->op.done - before);
}

/* A job a piece further: what that took. */
static size_t
job_step(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	size_t bytes = 0;

	if (dsa_drain_aborted(e->work, job)) {
		dsa_count(&e->counts[job->wq].aborted, 1);
		job_free(e, job);
		return 1;
	}
	if (job->phase == DSA_JOB_NEW)
		job_begin(e, job);
	switch (job->phase) {
	case DSA_JOB_RUN:
		bytes = job_run(e, job, budget);
		break;
	case DSA_JOB_BATCH:
		bytes = dsa_batch_run(e, job, budget);
		if (job->op.cr.status != 0)
			job_end(e, job);
		break;
	case DSA_JOB_DRAIN:
		if (!dsa_drain_ready(e->work, job))
			break;
		dsa_drain_finish(e, job);
		job_end(e, job);
		break;
	case DSA_JOB_FREE:
	case DSA_JOB_NEW:
		break;
	}
	return bytes + DESCRIPTOR_BYTES;
}

/* ---- Engines ---- */

static struct dsa_job *
job_in(struct dsa_engine *e, enum dsa_job_phase phase)
{
	for (unsigned int i = 0; i < DSA_ENGINE_JOBS; i++)
		if (e->job[i].phase == phase)
			return &e->job[i];
	return NULL;
}

static struct dsa_job *
engine_dispatch(struct dsa_engine *e)
{
	struct dsa_job *job = job_in(e, DSA_JOB_FREE);

	if (job == NULL || !dsa_dispatch(e, job))
		return NULL;
	atomic_store_explicit(&e->jobs, atomic_load_explicit(&e->jobs, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	return job;
}

/* Does a job have anything to do now? */
static bool
job_ready(const struct dsa_engine *e, const struct dsa_job *job)
{
	if (job->phase == DSA_JOB_DRAIN)
		return dsa_drain_ready(e->work, job) || dsa_drain_aborted(e->work, job);
	return job->phase != DSA_JOB_FREE;
}

static struct dsa_job *
ready_from(struct dsa_engine *e, unsigned int from)
{
	for (unsigned int i = 0; i < DSA_ENGINE_JOBS; i++) {
		struct dsa_job *job = &e->job[(from + i) % DSA_ENGINE_JOBS];

		if (job_ready(e, job))
			return job;
	}
	return NULL;
}

/* In order: the one at work, then drains that wait no longer, then the next. */
static struct dsa_job *
next_in_order(struct dsa_engine *e)
{
	if (e->current != NULL)
		return e->current;
	if (atomic_load_explicit(&e->jobs, memory_order_relaxed) != 0) {
		e->current = ready_from(e, 0);
		if (e->current != NULL)
			return e->current;
	}
	e->current = engine_dispatch(e);
	return e->current;
}

static struct dsa_job *
next_shuffled(struct dsa_engine *e)
{
	while (engine_dispatch(e) != NULL)
		;
	return ready_from(e, dsa_engine_random(e, DSA_ENGINE_JOBS));
}

static void
engine_run(struct dsa_engine *e)
{
	bool shuffled = e->work->config.shuffled;
	size_t used = 0;

	while (used < STEP_BYTES &&
	       !atomic_load_explicit(&e->work->halted, memory_order_relaxed)) {
		struct dsa_job *job = shuffled ? next_shuffled(e) : next_in_order(e);

		if (job == NULL)
			break;
		used += job_step(e, job, shuffled ? 1 + dsa_engine_random(e, SHUFFLED_BYTES) :
						    STEP_BYTES - used);
	}
}

static bool
engine_step(struct dsa_engine *e)
{
	if (!engine_busy(e))
		return false;
	/* Who waits for the lock will not do the work. */
	if (atomic_load(&e->wanted) != 0)
		return true;
	if (!engine_try_lock(e))
		return false;
	engine_run(e);
	dsa_engine_unlock(e);
	return engine_busy(e);
}

bool
dsa_work_step(struct dsa_work *work)
{
	bool more = false;

	if (atomic_load_explicit(&work->halted, memory_order_relaxed))
		return false;
	for (unsigned int i = 0; i < work->config.engines; i++)
		more |= engine_step(&work->engine[i]);
	return more && !atomic_load_explicit(&work->halted, memory_order_relaxed);
}
