/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_CQ_H
#define SLIPWAY_DLB_CQ_H

/**
 * @file
 * Consumer queues: how a QE reaches host memory. Datasheet sections 4.5 to 4.8. Lock held.
 */

#include "dlb_model_priv.h"

/** Work out what a CQ's registers say: ring, limits, whether it may be scheduled to. */
void dlb_cq_configure(struct dlb_model *m, uint32_t id);

/** Write 16 bytes to a ring that cannot be had by pointer. */
void dlb_cq_write_by_dma(struct dlb_model *m, const struct dlb_cq *cq, uint32_t slot,
			 uint64_t data, uint64_t meta);

/* The depth code of a QE that leaves a queue of `depth` QEs, in its place in the QE. */
static inline uint64_t
dlb_depth_code(const struct dlb_thresholds *t, uint32_t depth)
{
	uint32_t code = (depth > t->step[0]) + (depth > t->step[1]) + (depth > t->step[2]);

	return (uint64_t)code << DLB_QE_DEPTH_LO;
}

/**
 * The end of a CQ that is being written: a copy of what changes with each QE, so that a batch keeps
 * it in registers.
 */
struct dlb_pen {
	struct dlb_cq *cq;
	uint8_t *ring;
	uint32_t wptr;
	uint32_t hist_push;
	bool push_pass;
};

static inline struct dlb_pen
dlb_pen_up(struct dlb_cq *cq)
{
	return (struct dlb_pen){
		.cq = cq,
		.ring = cq->ring,
		.wptr = cq->wptr,
		.hist_push = cq->hist_push,
		.push_pass = cq->push_pass,
	};
}

/** The batch of n QEs is written. */
static inline void
dlb_pen_down(const struct dlb_pen *pen, uint32_t n)
{
	pen->cq->wptr = pen->wptr;
	pen->cq->hist_push = pen->hist_push;
	pen->cq->push_pass = pen->push_pass;
	pen->cq->tokens += n;
	pen->cq->scheduled += n;
}

/**
 * Write a QE to the next slot of a CQ, with its generation bit.
 *
 * @param meta bytes 8-15, with generation 0
 */
static inline void
dlb_model_cq_push(struct dlb_model *m, struct dlb_pen *pen, uint64_t data, uint64_t meta)
{
	const struct dlb_cq *cq = pen->cq;
	uint32_t slot = pen->wptr & (cq->entries - 1);
	_Atomic uint64_t *qe;

	meta |= (uint64_t)!(pen->wptr & cq->entries) << DLB_QE_GEN_LO;
	pen->wptr = (pen->wptr + 1) & (2 * cq->entries - 1);
	if (unlikely(pen->ring == NULL)) {
		dlb_cq_write_by_dma(m, cq, slot, data, meta);
		return;
	}
	qe = (_Atomic uint64_t *)(void *)(pen->ring + (size_t)slot * cq->step);
	atomic_store_explicit(&qe[0], data, memory_order_relaxed);
	/* Pairs with the consumer's load of the generation bit: who sees it sees the data. */
	atomic_store_explicit(&qe[1], meta, memory_order_release);
}

/** Enter what was just pushed in the CQ's history list. */
static inline void
dlb_hist_push(struct dlb_pen *pen, dlb_hist entry)
{
	pen->cq->hist[pen->hist_push] = entry;
	if (++pen->hist_push == pen->cq->hist_size) {
		pen->hist_push = 0;
		pen->push_pass = !pen->push_pass;
	}
}

#endif /* SLIPWAY_DLB_CQ_H */
