/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_WORK_PRIV_H
#define SLIPWAY_DSA_WORK_PRIV_H

/**
 * @file
 * How the work half keeps what it does.
 *
 *   post, submit --admit--> slot of a queue --dispatch--> job of an engine --end--> record
 *   any thread, no lock     published by      in order,     a piece at a time, in
 *                           its ticket        by credits    whoever has the engine
 *
 * A queue's tickets count what it ever took. `tail` is the next to be given out, `head` the next to
 * be dispatched: the occupancy lies between. Whether the queue takes anything and the tail are one
 * word, so that a descriptor is either taken before a stop and has a ticket, or is not taken.
 */

#include <stdatomic.h>

#include "bus_relax.h"
#include "dsa_mem.h"
#include "dsa_op.h"
#include "dsa_work.h"

/** Members of a batch that are read at once: one look-up, and their operands come together. */
#define DSA_CHUNK 8
/** Descriptors an engine has in hand: one at work, the others drains that wait; or all shuffled. */
#define DSA_ENGINE_JOBS 4
#define DSA_NO_GROUP    UINT32_MAX

/** The word of a queue: flags, which enabling it was, tail. */
#define DSA_WORD_ENABLED    UINT64_C(1)
#define DSA_WORD_DEDICATED  UINT64_C(2)
#define DSA_WORD_HALTED     UINT64_C(4)
#define DSA_WORD_EPOCH_LO   4 /* so that nobody mistakes one enabling for another */
#define DSA_WORD_TAIL_LO    16
#define DSA_WORD_TICKET     (UINT64_C(1) << DSA_WORD_TAIL_LO)
#define DSA_WORD_TAIL(word) ((word) >> DSA_WORD_TAIL_LO)

/** What was not taken, by why. */
enum dsa_refusal {
	DSA_RETRY_LIMITED,
	DSA_RETRY_UNLIMITED,
	DSA_RETRY_CLOSED, /**< not enabled, dedicated, halted */
	DSA_DROPPED,
	DSA_IGNORED,
	DSA_REFUSALS,
};

/** A descriptor that waits. */
struct dsa_slot {
	_Alignas(64) struct dsa_desc desc;
	_Atomic uint64_t seq; /**< its ticket + 1, once the rest is there */
	uint8_t kind;         /**< of the portal */
};

struct dsa_queue {
	/* Submitters. Slots are looked at only with a ticket in hand: no enabling comes between. */
	_Alignas(64) _Atomic uint64_t word;
	_Atomic uint32_t size, threshold;
	struct dsa_slot *slots;
	uint64_t mask;
	_Atomic uint64_t unlimited; /**< taken by a shared queue's unlimited portals */
	/* Those who are refused, often and for nothing. */
	_Alignas(64) _Atomic uint64_t refused[DSA_REFUSALS];
	/* The dispatcher. */
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t arming; /**< of the occupancy callback, or 0 */
	_Atomic uint64_t abort_before, abort_pasid_before; /**< tickets */
	_Atomic uint8_t priority; /**< looked at while it is disabled, too */
	struct dsa_work_wq config;
	struct dsa_op_rules rules;
	/* Control. */
	_Alignas(64) uint64_t mark, pasid_mark;
	uint64_t capacity;
	uint64_t armings; /**< so many there were */
	_Atomic uint64_t dedicated; /**< taken as a dedicated one, before `since` */
	_Atomic uint64_t since;     /**< the first ticket of this enabling */
};

/** What an engine did for a queue: one writer, the engine's. */
struct dsa_counts {
	_Atomic uint64_t ops[64]; /**< by opcode; only those there are get that far */
	_Atomic uint64_t requests[64]; /**< of 64 bytes at most, for one operand */
	_Atomic uint64_t dispatched, members, lines, lines_written;
	_Atomic uint64_t msix, ims, partial, error, success, records;
	_Atomic uint64_t aborted, bytes;
};

enum dsa_job_phase { DSA_JOB_FREE, DSA_JOB_NEW, DSA_JOB_RUN, DSA_JOB_BATCH, DSA_JOB_DRAIN };

/** The members of a batch. */
struct dsa_batch {
	struct dsa_op member; /**< the one at work */
	bool at_work, failed, told, faulted;
	uint8_t id;
	uint32_t fetched, ended;
	uint8_t n, next; /**< of the chunk */
	uint16_t index[DSA_CHUNK];
	struct dsa_desc chunk[DSA_CHUNK];
};

/** A descriptor that was dispatched. */
struct dsa_job {
	/**
	 * For who waits: its ticket above, its queue below, 1; 0 when nothing is in flight. Stored
	 * before the head of the queue moves on.
	 */
	_Atomic uint64_t inflight;
	_Atomic uint32_t pasid; /**< BUS_NO_PASID */
	enum dsa_job_phase phase;
	bool ims, barred; /**< barred: privileged, where that is not allowed */
	uint32_t desc_pasid; /**< as its descriptors have it, privilege included */
	uint64_t ticket;
	unsigned int wq;
	struct dsa_queue *queue;
	struct dsa_op_rules rules;
	struct dsa_op op;
	struct dsa_batch batch;
};

#define DSA_INFLIGHT(ticket, wq)  ((ticket) << 8 | (uint64_t)(wq) << 1 | 1)
#define DSA_INFLIGHT_TICKET(word) ((word) >> 8)
#define DSA_INFLIGHT_WQ(word)     ((word) >> 1 & 0x7f)

struct dsa_engine {
	_Alignas(64) _Atomic uint32_t lock;
	_Atomic uint32_t wanted; /**< who waits for the lock goes before who only tries */
	_Atomic uint32_t group;
	_Atomic uint32_t jobs; /**< in hand */
	struct dsa_work *work;
	struct dsa_mem *mem;
	struct dsa_counts *counts; /**< by queue */
	struct dsa_job *current;
	uint64_t random;
	uint8_t batches;
	struct dsa_job job[DSA_ENGINE_JOBS];
};

/** Changed only while all engines are locked. */
struct dsa_group {
	_Alignas(64) _Atomic uint32_t lock; /**< for dispatching, where several engines serve it */
	_Atomic uint64_t wqs;
	bool several;
	unsigned int next; /**< whose turn it is */
	uint8_t credit[DSA_WQS_MAX];
};

struct dsa_work {
	struct dsa_work_config config;
	struct bus_host *host;
	struct dsa_work_owner owner;
	_Atomic bool halted, user_interrupts;
	_Atomic uint32_t abort_pasid;
	uint32_t marked_pasid;
	struct dsa_group group[DSA_GROUPS_MAX];
	struct dsa_engine engine[DSA_ENGINES_MAX];
	struct dsa_queue queue[DSA_WQS_MAX];
};

/**
 * Limits have 16 bits. No two armings are alike, so what was found under one is not taken for
 * something about the next.
 */
#define DSA_ARMING(number, limit)     ((uint64_t)(number) << 16 | (limit))
#define DSA_ARMING_LIMIT(arming) ((uint32_t)((arming) & 0xffff))

/** Add to a counter that has one writer. */
static inline void
dsa_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/** Has it anything that was not dispatched? */
static inline bool
dsa_queue_waiting(const struct dsa_queue *q)
{
	return DSA_WORD_TAIL(atomic_load(&q->word)) != atomic_load(&q->head);
}

/** What an engine touches next is that job's, and faults are waited for or not. */
static inline void
dsa_job_mem(struct dsa_engine *e, const struct dsa_job *job, bool block_on_fault)
{
	dsa_mem_begin(e->mem, atomic_load_explicit(&job->pasid, memory_order_relaxed),
		      block_on_fault, job->queue->config.blind);
}

/* ---- dsa_queue.c ---- */

/**
 * Take the next descriptor into a job, in the name of the queue's dispatcher: false when there is
 * none, or it is not all there yet.
 */
bool dsa_queue_take(struct dsa_work *work, struct dsa_engine *e, unsigned int wq,
		    struct dsa_job *job);
/** Empty a stopped queue; every engine is locked. */
void dsa_queue_empty(struct dsa_queue *q);

/* ---- dsa_dispatch.c ---- */

/** The next descriptor an engine is to do, by credits or shuffled: whether there is one. */
bool dsa_dispatch(struct dsa_engine *e, struct dsa_job *job);
/** Is there anything an engine could dispatch? Any thread. */
bool dsa_dispatch_waiting(const struct dsa_engine *e);

/* ---- dsa_engine.c ---- */

/** Wait for an engine, and keep others from it. */
void dsa_engine_lock(struct dsa_engine *e);
void dsa_engine_unlock(struct dsa_engine *e);
/** A number below n, of the engine's own shuffling. */
unsigned int dsa_engine_random(struct dsa_engine *e, unsigned int n);

/* ---- dsa_batch.c ---- */

/** The batch descriptor of a job was found good: begin. */
void dsa_batch_begin(struct dsa_engine *e, struct dsa_job *job);
/** Go on for about so many bytes; what that took. The job's op has its status when it has ended. */
size_t dsa_batch_run(struct dsa_engine *e, struct dsa_job *job, size_t budget);

/* ---- dsa_drain.c ---- */

/** Has all ended that a drain descriptor waits for? */
bool dsa_drain_ready(const struct dsa_work *work, const struct dsa_job *job);
/** Read back what it asks for, and give it its status. */
void dsa_drain_finish(struct dsa_engine *e, struct dsa_job *job);
/** Is that job no longer wanted? */
static inline bool
dsa_drain_aborted(const struct dsa_work *work, const struct dsa_job *job)
{
	const struct dsa_queue *q = job->queue;

	if (job->ticket < atomic_load_explicit(&q->abort_before, memory_order_relaxed))
		return true;
	/* Before: the mark. After: whose it is. Pairs with dsa_work_abort_pasid. */
	return job->ticket < atomic_load_explicit(&q->abort_pasid_before, memory_order_acquire) &&
	       atomic_load_explicit(&job->pasid, memory_order_relaxed) ==
		       atomic_load_explicit(&work->abort_pasid, memory_order_relaxed);
}

/* ---- dsa_record.c ---- */

/** Not a member of a batch. */
#define DSA_NO_INDEX UINT32_MAX
/** May it interrupt as it asks to? Else it has a status. */
bool dsa_record_handle_ok(const struct dsa_engine *e, const struct dsa_job *job, struct dsa_op *op);
/** May a descriptor that was found good begin? */
static inline bool
dsa_record_may_begin(const struct dsa_engine *e, const struct dsa_job *job, struct dsa_op *op)
{
	return !(DSA_FLAGS(&op->desc) & DSA_FLAG_RCI) || dsa_record_handle_ok(e, job, op);
}
/** It has faulted at an address that only the engine touches. */
void dsa_record_fault(struct dsa_op *op, uint8_t status, uint64_t iova, uint8_t operand);
/** A descriptor has ended: tell whoever it asks to. */
void dsa_record_end(struct dsa_engine *e, struct dsa_job *job, struct dsa_op *op, uint32_t index);

#endif /* SLIPWAY_DSA_WORK_PRIV_H */
