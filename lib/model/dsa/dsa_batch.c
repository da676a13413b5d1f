/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Batches, section 9. Members are read a chunk at a time and never again: their completion records
 * may lie on top of them.
 */
#include <string.h>

#include "dsa_work_priv.h"
#include "move.h"

/* GENCAP 15: byte 1 of the record says whether any member failed. */
#define GENCAP_BATCH_CONTINUATION (UINT64_C(1) << 15)

/* What a member costs beside its bytes, in bytes. */
#define MEMBER_BYTES 128u

void
dsa_batch_begin(struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;

	b->at_work = false;
	/* What was resumed had failed members before: they count for fences as for the status. */
	b->failed = DSA_FLAGS(&job->op.desc) & DSA_FLAG_BATCH_ERROR;
	b->told = false;
	b->id = e->batches++;
	b->faulted = false;
	b->fetched = 0;
	b->ended = 0;
	b->n = 0;
	b->next = 0;
	job->rules.in_batch = true;
}

/* ---- The list ---- */

/* Read up to `n` descriptors, as many as lie in one piece: how many, 0 after a fault. */
static uint32_t
list_read(struct dsa_engine *e, struct dsa_job *job, uint32_t n)
{
	uint64_t from = job->op.desc.list + (uint64_t)job->batch.fetched * DSA_DESC_BYTES;
	size_t bytes = (size_t)n * DSA_DESC_BYTES, at = 0;
	struct dsa_window w;

	/* A list is waited for wherever page requests may be made: section 11.1. */
	dsa_job_mem(e, job, job->queue->config.prs);
	while (at < DSA_DESC_BYTES) {
		if (dsa_mem_get(e->mem, from + at, bytes - at, BUS_PROT_READ, &w) != 0)
			return 0;
		memcpy((uint8_t *)job->batch.chunk + at, w.p, w.len);
		dsa_mem_put(e->mem, &w, 0);
		at += w.len;
	}
	return (uint32_t)(at / DSA_DESC_BYTES);
}

/*
 * What short members will touch, and the list behind them, all at once: of longer ones the CPU asks
 * for what comes by itself, and is only put off by lines in between. Mostly they all lie where the
 * first one's lie, so ranges are looked up for that one.
 */
static void
prefetch(const struct dsa_engine *e, const struct dsa_job *job)
{
	const struct dsa_batch *b = &job->batch;
	uint64_t list = job->op.desc.list + (uint64_t)b->fetched * DSA_DESC_BYTES;
	const struct dsa_range *more = dsa_mem_known(e->mem, list, BUS_PROT_READ);
	const struct dsa_range *src = dsa_mem_known(e->mem, b->chunk[0].src, BUS_PROT_READ);
	const struct dsa_range *dst = dsa_mem_known(e->mem, b->chunk[0].dst, BUS_PROT_WRITE);

	for (unsigned int i = 0; i < b->n; i++) {
		dsa_mem_prefetch(more, list + i * DSA_DESC_BYTES);
		if (b->chunk[i].size >= MOVE_SHORT)
			continue;
		dsa_mem_prefetch(src, b->chunk[i].src);
		dsa_mem_prefetch(dst, b->chunk[i].dst);
	}
}

static void
swap(struct dsa_batch *b, unsigned int i, unsigned int k)
{
	struct dsa_desc desc = b->chunk[i];
	uint16_t index = b->index[i];

	b->chunk[i] = b->chunk[k];
	b->index[i] = b->index[k];
	b->chunk[k] = desc;
	b->index[k] = index;
}

/* Members run in any order, but for fences: what comes before one stays before it. */
static void
shuffle(struct dsa_engine *e, struct dsa_batch *b)
{
	unsigned int from = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (DSA_FLAGS(&b->chunk[i]) & DSA_FLAG_FENCE)
			from = i + 1;
		else
			swap(b, i, from + dsa_engine_random(e, i - from + 1));
	}
}

/* The next members; without any the list has faulted. */
static void
fetch(struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;
	uint32_t rest = job->op.desc.count - b->fetched;

	b->n = (uint8_t)list_read(e, job, rest < DSA_CHUNK ? rest : DSA_CHUNK);
	b->next = 0;
	for (unsigned int i = 0; i < b->n; i++)
		b->index[i] = (uint16_t)(b->fetched + i);
	b->fetched += b->n;
	if (b->n == 0) {
		b->faulted = true;
		return;
	}
	if (b->fetched < job->op.desc.count || b->n > 1)
		prefetch(e, job);
	if (e->work->config.shuffled)
		shuffle(e, b);
}

/* ---- Members ---- */

static void
batch_end(const struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;
	struct dsa_cr *cr = &job->op.cr;

	cr->bytes_completed = b->ended;
	if (b->failed && (e->work->config.gencap & GENCAP_BATCH_CONTINUATION))
		cr->result = 1;
	if (b->faulted)
		dsa_record_fault(&job->op, DSA_STATUS_BATCH_FAULT, e->mem->fault, 1);
	else
		cr->status = b->failed ? DSA_STATUS_BATCH_FAILED : DSA_STATUS_SUCCESS;
}

/* Is there a next member? Without one, and none at work, the batch is over. */
static bool
member_there(struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;

	if (b->ended == job->op.desc.count)
		return false;
	if (b->next == b->n)
		fetch(e, job);
	return b->n != 0;
}

/* Begin with the next member: false when it and what follows are abandoned. */
static bool
member_next(struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;
	struct dsa_op *op = &b->member;

	if (b->failed && (DSA_FLAGS(&b->chunk[b->next]) & DSA_FLAG_FENCE))
		return false;
	op->desc = b->chunk[b->next];
	memset(&op->cr, 0, sizeof(*op) - offsetof(struct dsa_op, cr));
	op->desc.pasid = job->desc_pasid;
	b->at_work = true;
	return true;
}

static void
member_end(struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_batch *b = &job->batch;

	if (b->member.cr.status != DSA_STATUS_SUCCESS)
		b->failed = true;
	dsa_record_end(e, job, &b->member, b->index[b->next]);
	b->next++;
	b->ended++;
	b->at_work = false;
}

/* Check and begin; what is refused, and what there is nothing to do for, has ended. */
static bool
member_begin(struct dsa_engine *e, struct dsa_job *job)
{
	struct dsa_op *op = &job->batch.member;

	if (!member_next(job))
		return false;
	if (!dsa_op_check(op, &job->rules) || !dsa_record_may_begin(e, job, op)) {
		member_end(e, job);
	} else if (DSA_OPCODE(&op->desc) == DSA_OP_NOOP) {
		op->cr.status = DSA_STATUS_SUCCESS;
		member_end(e, job);
	}
	return true;
}

static size_t
member_run(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	struct dsa_op *op = &job->batch.member;
	uint64_t before = op->done;

	dsa_job_mem(e, job, DSA_FLAGS(&op->desc) & DSA_FLAG_BOF);
	if (dsa_op_run(op, e->mem, budget))
		member_end(e, job);
	return (size_t)(op->done - before);
}

/* ---- Members like most ---- */

/* Bytes at once: what is longer is worth the general way, which does it in pieces. */
#define PLAIN_MAX 65536u

static void
count_plain(struct dsa_counts *c, unsigned int members, uint64_t bytes, uint64_t lines,
	    uint64_t requests)
{
	dsa_count(&c->ops[DSA_OP_MOVE], members);
	dsa_count(&c->members, members);
	dsa_count(&c->success, members);
	dsa_count(&c->bytes, bytes);
	dsa_count(&c->lines, lines);
	dsa_count(&c->lines_written, lines);
	dsa_count(&c->requests[DSA_OP_MOVE], requests);
}

/*
 * The plain moves that are next in the chunk, as far as what they need is known: what that took.
 * All else, be it only that an address is to be looked up, is for the general way.
 */
static size_t
plain_run(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	struct dsa_batch *b = &job->batch;
	const struct dsa_desc *d = &b->chunk[b->next], *first = d, *end = &b->chunk[b->n];
	const struct dsa_range *src, *dst;
	uint64_t most = budget < PLAIN_MAX ? budget : PLAIN_MAX, bytes = 0, lines = 0;
	uint64_t requests = 0;

	dsa_job_mem(e, job, false);
	src = dsa_mem_known(e->mem, d->src, BUS_PROT_READ);
	dst = dsa_mem_known(e->mem, d->dst, BUS_PROT_WRITE);
	for (; d != end; d++) {
		/* Those with nothing to be told when they succeed. */
		if (!dsa_op_plain(d, &job->rules, DSA_FLAG_RCR) || d->size > most - bytes ||
		    !dsa_mem_within(src, d->src, d->size) || !dsa_mem_within(dst, d->dst, d->size))
			break;
		move_apart(dst->p + (d->dst - dst->iova), src->p + (d->src - src->iova),
			   d->size, DSA_FLAGS(d) & DSA_FLAG_CC1);
		bytes += d->size;
		lines += (d->size + 31) / 32;
		requests += (d->size + 63) / 64;
	}
	b->next += (uint8_t)(d - first);
	b->ended += (uint32_t)(d - first);
	if (d != first)
		count_plain(&e->counts[job->wq], (unsigned int)(d - first), bytes, lines, requests);
	return bytes + (size_t)(d - first) * MEMBER_BYTES;
}

/* The next members, or one a piece further: what that took, 0 when the batch is over. */
static size_t
members_run(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	struct dsa_batch *b = &job->batch;
	size_t used = 0;

	if (!b->at_work) {
		if (!member_there(e, job))
			return 0;
		used = plain_run(e, job, budget);
		if (used != 0)
			return used;
		if (!member_begin(e, job))
			return 0;
	}
	if (b->at_work)
		used = member_run(e, job, budget);
	return used + MEMBER_BYTES;
}

size_t
dsa_batch_run(struct dsa_engine *e, struct dsa_job *job, size_t budget)
{
	size_t used = 0;

	while (used < budget) {
		size_t n = members_run(e, job, budget - used);

		if (n == 0) {
			batch_end(e, job);
			break;
		}
		used += n;
		if (dsa_drain_aborted(e->work, job) ||
		    atomic_load_explicit(&e->work->halted, memory_order_relaxed))
			break;
	}
	return used;
}
