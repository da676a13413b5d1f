/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Work queues and their portals, section 5: what is taken, what is refused and how.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dsa_work_priv.h"

/* GENCAP 30:25: without an interrupt message store its portals take nothing. */
#define GENCAP_IMS_LO 25
#define GENCAP_IMS    UINT64_C(0x3f)

static bool
portal_limited(unsigned int kind)
{
	return kind == DSA_PORTAL_LIMITED || kind == DSA_PORTAL_LIMITED_IMS;
}

static bool
portal_ims(unsigned int kind)
{
	return kind >= DSA_PORTAL_UNLIMITED_IMS;
}

static bool
portal_there(const struct dsa_work *work, unsigned int wq, unsigned int kind)
{
	return wq < work->config.wqs && kind < DSA_PORTALS_PER_WQ &&
	       (!portal_ims(kind) || (work->config.gencap >> GENCAP_IMS_LO & GENCAP_IMS) != 0);
}

static void
refuse(struct dsa_queue *q, enum dsa_refusal why)
{
	atomic_fetch_add_explicit(&q->refused[why], 1, memory_order_relaxed);
}

/* ---- Admission, section 5.3 ---- */

enum admission { TAKEN, CLOSED, FULL };

static uint32_t
limit_of(const struct dsa_queue *q, bool limited)
{
	uint32_t size = atomic_load_explicit(&q->size, memory_order_relaxed);
	uint32_t threshold = atomic_load_explicit(&q->threshold, memory_order_relaxed);

	return limited && threshold < size ? threshold : size;
}

/*
 * Take a ticket, if the queue takes what is for `mode` and fewer than the limit wait. Word, head,
 * limit, then the exchange of that very word: had anything been taken, stopped or enabled meanwhile
 * the exchange would fail, and the occupancy can only have fallen, so there was room when the limit
 * was read. There was none if the head is still the same after that.
 */
static enum admission
admit(struct dsa_queue *q, uint64_t mode, bool limited, uint64_t *ticket)
{
	uint64_t word = atomic_load_explicit(&q->word, memory_order_acquire), head;

	do {
		if ((word & (DSA_WORD_ENABLED | DSA_WORD_DEDICATED | DSA_WORD_HALTED)) !=
		    (DSA_WORD_ENABLED | mode))
			return CLOSED;
		*ticket = DSA_WORD_TAIL(word);
		/* Pairs with the release in dsa_queue_take: what lay in the slot was read. */
		head = atomic_load_explicit(&q->head, memory_order_acquire);
		while (*ticket >= head && *ticket - head >= limit_of(q, limited)) {
			uint64_t before = head;

			head = atomic_load_explicit(&q->head, memory_order_acquire);
			if (head == before)
				return FULL;
		}
		/* In one order with the locks of engines: who unlocks one sees this, or is asked. */
	} while (!atomic_compare_exchange_weak(&q->word, &word, word + DSA_WORD_TICKET));
	return TAKEN;
}

static void
publish(struct dsa_queue *q, uint64_t ticket, unsigned int kind, const void *line)
{
	struct dsa_slot *slot = &q->slots[ticket & q->mask];

	memcpy(&slot->desc, line, DSA_DESC_BYTES);
	slot->kind = (uint8_t)kind;
	/* Pairs with the acquire in take_slot: whoever sees the ticket sees the descriptor. */
	atomic_store_explicit(&slot->seq, ticket + 1, memory_order_release);
}

static void
drop(struct dsa_work *work, unsigned int wq)
{
	struct dsa_error error = {.code = DSA_STATUS_WQ_FULL, .wq_valid = true, .wq = wq};

	refuse(&work->queue[wq], DSA_DROPPED);
	work->owner.error(work->owner.owner, &error);
}

void
dsa_work_post(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line)
{
	struct dsa_queue *q = &work->queue[wq];
	uint64_t ticket;

	if (!portal_there(work, wq, kind))
		return;
	switch (admit(q, DSA_WORD_DEDICATED, false, &ticket)) {
	case TAKEN:
		publish(q, ticket, kind, line);
		return;
	case CLOSED:
		refuse(q, DSA_IGNORED);
		return;
	case FULL:
		drop(work, wq);
		return;
	}
}

int
dsa_work_submit(struct dsa_work *work, unsigned int wq, unsigned int kind, const void *line)
{
	struct dsa_queue *q = &work->queue[wq];
	bool limited = portal_limited(kind);
	enum admission a;
	uint64_t ticket;

	if (!portal_there(work, wq, kind))
		return -EAGAIN;
	a = admit(q, 0, limited, &ticket);
	if (a != TAKEN) {
		refuse(q, a == CLOSED ? DSA_RETRY_CLOSED :
			  limited     ? DSA_RETRY_LIMITED : DSA_RETRY_UNLIMITED);
		return -EAGAIN;
	}
	publish(q, ticket, kind, line);
	if (!limited)
		atomic_fetch_add_explicit(&q->unlimited, 1, memory_order_relaxed);
	return 0;
}

/* ---- Dispatch ---- */

/* A job of a descriptor's own: whose addresses, what privilege, what rules. Section 5.3, step 5. */
static void
take_slot(struct dsa_work *work, struct dsa_queue *q, const struct dsa_slot *slot,
	  struct dsa_job *job)
{
	const struct dsa_work_wq *c = &q->config;
	uint32_t own = slot->desc.pasid;
	bool priv;

	job->op.desc = slot->desc;
	memset(&job->op.cr, 0, sizeof(job->op) - offsetof(struct dsa_op, cr));
	if (c->dedicated)
		own = (c->pasid_enable ? c->pasid & DSA_PASID_MASK : 0) | (c->priv ? DSA_PRIV : 0);
	job->op.desc.pasid = own;
	job->desc_pasid = own;
	priv = own & DSA_PRIV;
	job->barred = !c->dedicated && priv && !c->priv;
	job->ims = portal_ims(slot->kind);
	job->rules = q->rules;
	job->rules.interrupts = priv || !c->pasid_enable ||
				atomic_load_explicit(&work->user_interrupts, memory_order_relaxed);
	/* Release: who finds another PASID here sees what the job before wrote. */
	atomic_store_explicit(&job->pasid, c->pasid_enable ? own & DSA_PASID_MASK : BUS_NO_PASID,
			      memory_order_release);
}

/*
 * Engines look here after each descriptor they take, and the head they stored may not be seen yet:
 * who arms must not rely on their having seen that. It waits for each engine's lock instead.
 *
 *   engine          lock  head + 1  arming?  head + 1  arming?  unlock
 *   who arms               arming = new              wait for lock, unlock   low?
 *
 * What was taken under a lock that was given back is seen by who looks after that; who takes the
 * lock later sees the arming. Either way one of the two finds the queue low, without a fence here.
 */
static void
tell_occupancy(struct dsa_work *work, struct dsa_queue *q, unsigned int wq)
{
	/* Pairs with the release in dsa_work_arm: what was queued before it is in the occupancy. */
	uint64_t arming = atomic_load_explicit(&q->arming, memory_order_acquire);

	if (arming == 0)
		return;
	/* Release pairs with the acquire in admit: what is taken after this is taken by who sees
	 * the head, so the occupancy is not one that never was.
	 */
	(void)atomic_fetch_add_explicit(&q->word, 0, memory_order_release);
	if (dsa_work_occupancy(work, wq) <= DSA_ARMING_LIMIT(arming))
		work->owner.occupancy(work->owner.owner, wq, arming);
}

bool
dsa_queue_take(struct dsa_work *work, struct dsa_engine *e, unsigned int wq, struct dsa_job *job)
{
	struct dsa_queue *q = &work->queue[wq];
	uint64_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	struct dsa_slot *slot;

	if (DSA_WORD_TAIL(atomic_load_explicit(&q->word, memory_order_acquire)) == head)
		return false;
	slot = &q->slots[head & q->mask];
	/* Pairs with the release in publish. */
	if (atomic_load_explicit(&slot->seq, memory_order_acquire) != head + 1)
		return false;
	job->phase = DSA_JOB_NEW;
	job->wq = wq;
	job->queue = q;
	job->ticket = head;
	take_slot(work, q, slot, job);
	__builtin_prefetch(&q->slots[(head + 1) & q->mask]);
	/* Both release: before them the slot was read; who sees the head sees what is in flight. */
	atomic_store_explicit(&job->inflight, DSA_INFLIGHT(head, wq), memory_order_release);
	atomic_store_explicit(&q->head, head + 1, memory_order_release);
	dsa_count(&e->counts[wq].dispatched, 1);
	tell_occupancy(work, q, wq);
	return true;
}

void
dsa_queue_empty(struct dsa_queue *q)
{
	uint64_t tail = DSA_WORD_TAIL(atomic_load(&q->word)), head = atomic_load(&q->head);

	/* Who has a ticket is about to publish: not to be left writing into what comes next. */
	for (; head != tail; head++)
		while (atomic_load_explicit(&q->slots[head & q->mask].seq,
					    memory_order_acquire) != head + 1)
			bus_pause();
	atomic_store(&q->head, tail);
}

/* ---- Control ---- */

static int
make_slots(struct dsa_queue *q, uint32_t size)
{
	uint64_t capacity = 1;
	struct dsa_slot *slots;

	while (capacity < size)
		capacity *= 2;
	if (capacity > q->capacity) {
		slots = aligned_alloc(_Alignof(struct dsa_slot), capacity * sizeof(*slots));
		if (slots == NULL)
			return -ENOMEM;
		memset(slots, 0, capacity * sizeof(*slots));
		free(q->slots);
		q->slots = slots;
		q->capacity = capacity;
	}
	/* Slots beyond are left alone; tickets never come again, so no slot has one too early. */
	q->mask = capacity - 1;
	return 0;
}

int
dsa_work_enable(struct dsa_work *work, unsigned int wq, const struct dsa_work_wq *config)
{
	struct dsa_queue *q = &work->queue[wq];
	uint64_t word = atomic_load(&q->word), next;

	if (make_slots(q, config->size) < 0)
		return -ENOMEM;
	if (word & DSA_WORD_DEDICATED)
		dsa_count(&q->dedicated, DSA_WORD_TAIL(word) - q->since);
	atomic_store(&q->since, DSA_WORD_TAIL(word));
	q->config = *config;
	atomic_store_explicit(&q->priority, config->priority, memory_order_relaxed);
	q->rules = (struct dsa_op_rules){
		.gencap = work->config.gencap,
		.opcap = q->config.opcap,
		.max_transfer = config->max_transfer,
		.max_batch = config->max_batch,
		.block_on_fault = config->block_on_fault,
		.fence_direct_ignored = work->config.fence_direct_ignored,
	};
	dsa_op_rules_plain(&q->rules);
	atomic_store_explicit(&q->size, config->size, memory_order_relaxed);
	atomic_store_explicit(&q->threshold, config->threshold, memory_order_relaxed);
	/* A halt may come in between. The order of all this is before the first ticket. */
	do {
		next = (word + (UINT64_C(1) << DSA_WORD_EPOCH_LO)) & (DSA_WORD_TICKET - 1);
		next &= ~(DSA_WORD_ENABLED | DSA_WORD_DEDICATED);
		next |= word & ~(DSA_WORD_TICKET - 1);
		next |= DSA_WORD_ENABLED | (config->dedicated ? DSA_WORD_DEDICATED : 0);
	} while (!atomic_compare_exchange_weak(&q->word, &word, next));
	return 0;
}

void
dsa_work_threshold(struct dsa_work *work, unsigned int wq, uint32_t threshold)
{
	atomic_store_explicit(&work->queue[wq].threshold, threshold, memory_order_relaxed);
}

void
dsa_work_stop(struct dsa_work *work, unsigned int wq)
{
	atomic_fetch_and(&work->queue[wq].word, ~DSA_WORD_ENABLED);
}

uint32_t
dsa_work_occupancy(const struct dsa_work *work, unsigned int wq)
{
	const struct dsa_queue *q = &work->queue[wq];
	uint64_t head = atomic_load_explicit(&q->head, memory_order_acquire), before, tail;

	/* A head that did not move meanwhile is that of the tail. */
	do {
		before = head;
		tail = DSA_WORD_TAIL(atomic_load_explicit(&q->word, memory_order_acquire));
		head = atomic_load_explicit(&q->head, memory_order_acquire);
	} while (head != before);
	return (uint32_t)(tail - head);
}

/* ---- The occupancy callback ---- */

void
dsa_work_arm(struct dsa_work *work, unsigned int wq, uint32_t limit)
{
	struct dsa_queue *q = &work->queue[wq];

	/* Pairs with the acquire in tell_occupancy: what it finds is not older than this. */
	atomic_store_explicit(&q->arming, DSA_ARMING(++q->armings, limit), memory_order_release);
}

void
dsa_work_disarm(struct dsa_work *work, unsigned int wq)
{
	atomic_store_explicit(&work->queue[wq].arming, 0, memory_order_relaxed);
}

uint64_t
dsa_work_arming(const struct dsa_work *work, unsigned int wq)
{
	return atomic_load_explicit(&work->queue[wq].arming, memory_order_relaxed);
}

void
dsa_work_armed(struct dsa_work *work, unsigned int wq)
{
	struct dsa_queue *q = &work->queue[wq];

	for (unsigned int i = 0; i < work->config.engines; i++) {
		struct dsa_engine *e = &work->engine[i];

		if (atomic_load_explicit(&e->group, memory_order_relaxed) != q->config.group)
			continue;
		dsa_engine_lock(e);
		dsa_engine_unlock(e);
	}
	tell_occupancy(work, q, wq);
}
