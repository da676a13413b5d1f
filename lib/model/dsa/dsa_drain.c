/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Waiting for what was taken earlier, and giving it up: drain descriptors, and the marks that
 * commands wait for (sections 4.7, 8.2). A queue is dispatched in order, so what is earlier than a
 * ticket either has not been dispatched, which its head tells, or is in flight, or has ended.
 */
#include "dsa_work_priv.h"

/* Is anything of that queue in flight that is earlier than a ticket, of that PASID or any? */
static bool
inflight_before(const struct dsa_work *work, unsigned int wq, uint64_t before, bool any,
		uint32_t pasid)
{
	for (unsigned int i = 0; i < work->config.engines; i++) {
		for (unsigned int k = 0; k < DSA_ENGINE_JOBS; k++) {
			const struct dsa_job *job = &work->engine[i].job[k];
			/* Pairs with the release in job_free: what it wrote is written. So it is
			 * where the next job's PASID is found, stored by take_slot.
			 */
			uint64_t word = atomic_load_explicit(&job->inflight, memory_order_acquire);

			if (word != 0 && DSA_INFLIGHT_WQ(word) == wq &&
			    DSA_INFLIGHT_TICKET(word) < before &&
			    (any || atomic_load_explicit(&job->pasid, memory_order_acquire) ==
					    pasid))
				return true;
		}
	}
	return false;
}

/* ---- Drain descriptors ---- */

bool
dsa_drain_ready(const struct dsa_work *work, const struct dsa_job *job)
{
	return !inflight_before(work, job->wq, job->ticket, job->queue->config.dedicated,
				atomic_load_explicit(&job->pasid, memory_order_relaxed));
}

static bool
readback(struct dsa_engine *e, struct dsa_job *job, uint64_t addr, uint8_t operand)
{
	struct dsa_window w;

	if (dsa_mem_get(e->mem, addr, 1, BUS_PROT_READ, &w) == 0) {
		dsa_mem_put(e->mem, &w, 0);
		return true;
	}
	dsa_record_fault(&job->op, DSA_STATUS_DRAIN_FAULT, e->mem->fault, operand);
	return false;
}

void
dsa_drain_finish(struct dsa_engine *e, struct dsa_job *job)
{
	const struct dsa_desc *desc = &job->op.desc;

	dsa_job_mem(e, job, job->queue->config.prs);
	if ((DSA_FLAGS(desc) & DSA_FLAG_DRAIN_READ1) && !readback(e, job, desc->src, 1))
		return;
	if ((DSA_FLAGS(desc) & DSA_FLAG_DRAIN_READ2) && !readback(e, job, desc->src2, 2))
		return;
	job->op.cr.status = DSA_STATUS_SUCCESS;
}

/* ---- Marks ---- */

static uint64_t
tail_of(const struct dsa_queue *q)
{
	return DSA_WORD_TAIL(atomic_load(&q->word));
}

/* Pairs with the release in dsa_queue_take: what was dispatched before that is seen in flight. */
static bool
dispatched(const struct dsa_queue *q, uint64_t mark)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) >= mark;
}

void
dsa_work_mark(struct dsa_work *work, unsigned int wq)
{
	work->queue[wq].mark = tail_of(&work->queue[wq]);
}

bool
dsa_work_passed(struct dsa_work *work, unsigned int wq)
{
	const struct dsa_queue *q = &work->queue[wq];

	return dispatched(q, q->mark) && !inflight_before(work, wq, q->mark, true, 0);
}

void
dsa_work_mark_pasid(struct dsa_work *work, uint32_t pasid)
{
	work->marked_pasid = pasid;
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		work->queue[wq].pasid_mark = tail_of(&work->queue[wq]);
}

/* Could a queue hold descriptors of that PASID? */
static bool
may_hold(const struct dsa_queue *q, uint32_t pasid)
{
	const struct dsa_work_wq *c = &q->config;

	return c->pasid_enable &&
	       (!c->dedicated || (c->pasid & DSA_PASID_MASK) == (pasid & DSA_PASID_MASK));
}

bool
dsa_work_passed_pasid(struct dsa_work *work)
{
	for (unsigned int wq = 0; wq < work->config.wqs; wq++) {
		const struct dsa_queue *q = &work->queue[wq];

		if (may_hold(q, work->marked_pasid) &&
		    (!dispatched(q, q->pasid_mark) ||
		     inflight_before(work, wq, q->pasid_mark, false, work->marked_pasid)))
			return false;
	}
	return true;
}

/* ---- Giving up ---- */

void
dsa_work_abort(struct dsa_work *work, unsigned int wq)
{
	struct dsa_queue *q = &work->queue[wq];

	atomic_store_explicit(&q->abort_before, q->mark, memory_order_relaxed);
}

void
dsa_work_abort_pasid(struct dsa_work *work, uint32_t pasid)
{
	atomic_store_explicit(&work->abort_pasid, pasid & DSA_PASID_MASK, memory_order_relaxed);
	/* Release pairs with the acquire in dsa_drain_aborted: the mark is for the new PASID. */
	for (unsigned int wq = 0; wq < work->config.wqs; wq++)
		atomic_store_explicit(&work->queue[wq].abort_pasid_before,
				      work->queue[wq].pasid_mark, memory_order_release);
}
