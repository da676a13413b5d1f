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

/** Look every ring's address up again: the host's memory is not what it was. */
void dlb_cq_remap(struct dlb_model *m);

/** Write 16 bytes to a ring that cannot be had by pointer. */
void dlb_cq_write_by_dma(struct dlb_model *m, const struct dlb_cq *cq, uint32_t slot,
			 uint64_t data, uint64_t meta);

/* The depth code of a QE that leaves a queue of `depth` QEs, in its place in the QE. */
static inline uint64_t
dlb_depth_code(const struct dlb_thresholds *t, uint32_t depth)
{
	if (likely(depth <= t->step[0]))
		return 0;
	return (uint64_t)(1 + (depth > t->step[1]) + (depth > t->step[2])) << DLB_QE_DEPTH_LO;
}

/* How many QEs leave a queue of `depth` QEs with the same depth code, from the first on? */
static inline uint32_t
dlb_depth_run(const struct dlb_thresholds *t, uint32_t depth)
{
	if (likely(depth <= t->step[0]))
		return UINT32_MAX;
	return depth - t->step[(depth > t->step[1]) + (depth > t->step[2])];
}

/**
 * The end of a CQ that is being written: a copy of what each QE needs and changes, so that a batch
 * keeps it in registers.
 */
struct dlb_pen {
	struct dlb_cq *cq;
	uint8_t *ring; /**< NULL: by host DMA */
	uint32_t step; /**< bytes between slots */
	uint32_t slot;
	uint32_t hist_push;
	uint64_t generation; /**< in its place in bytes 8-15 */
	bool push_pass;
};

static inline struct dlb_pen
dlb_pen_up(struct dlb_cq *cq)
{
	return (struct dlb_pen){
		.cq = cq,
		.ring = cq->ring,
		.step = cq->step,
		.slot = cq->wptr & (cq->entries - 1),
		.generation = (uint64_t)!(cq->wptr & cq->entries) << DLB_QE_GEN_LO,
		.hist_push = cq->hist_push,
		.push_pass = cq->push_pass,
	};
}

/** How many QEs can be written until the CQ, or its history list where it has one, wraps? */
static inline uint32_t
dlb_pen_room(const struct dlb_pen *pen)
{
	return dlb_min(pen->cq->entries - pen->slot, pen->cq->hist_size - pen->hist_push);
}

/** So many were written to the CQ and its history list, of as many that there was room for. */
static inline void
dlb_pen_move(struct dlb_pen *pen, uint32_t n)
{
	pen->slot += n;
	if (pen->slot == pen->cq->entries) {
		pen->slot = 0;
		pen->generation ^= REG_MASK(DLB_QE_GEN);
	}
	pen->hist_push += n;
	if (pen->hist_push == pen->cq->hist_size) {
		pen->hist_push = 0;
		pen->push_pass = !pen->push_pass;
	}
}

/** The batch of n QEs is written. */
static inline void
dlb_pen_down(const struct dlb_pen *pen, uint32_t n)
{
	struct dlb_cq *cq = pen->cq;

	cq->wptr = pen->slot | (pen->generation != 0 ? 0 : cq->entries);
	cq->hist_push = pen->hist_push;
	cq->push_pass = pen->push_pass;
	cq->tokens += n;
	cq->scheduled += n;
}

/**
 * Write a QE to the i-th slot of a CQ from here on, which the ring has before it wraps, with its
 * generation bit.
 *
 * @param meta bytes 8-15, with generation 0
 */
static inline void
dlb_pen_write(struct dlb_model *m, const struct dlb_pen *pen, uint32_t i, uint64_t data,
	      uint64_t meta)
{
	_Atomic uint64_t *qe;

	meta |= pen->generation;
	if (likely(pen->ring != NULL)) {
		qe = (_Atomic uint64_t *)(void *)(pen->ring + (size_t)(pen->slot + i) * pen->step);
		atomic_store_explicit(&qe[0], data, memory_order_relaxed);
		/* Pairs with the consumer's load of the generation bit: it then sees the data. */
		atomic_store_explicit(&qe[1], meta, memory_order_release);
	} else {
		dlb_cq_write_by_dma(m, pen->cq, pen->slot + i, data, meta);
	}
}

/** Write a QE to the next slot. */
static inline void
dlb_model_cq_push(struct dlb_model *m, struct dlb_pen *pen, uint64_t data, uint64_t meta)
{
	dlb_pen_write(m, pen, 0, data, meta);
	if (++pen->slot == pen->cq->entries) {
		pen->slot = 0;
		pen->generation ^= REG_MASK(DLB_QE_GEN);
	}
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

/** The history entry of a QE: without number, not tracked. */
static inline dlb_hist
dlb_hist_entry(uint64_t meta)
{
	return meta & (REG_MASK(DLB_QE_QID) | REG_MASK(DLB_QE_SCHED) | REG_MASK(DLB_QE_LOCK) |
		       REG_MASK(DLB_QE_WEIGHT));
}

/** How many numbers of the queue can be given out? */
static inline uint32_t
dlb_order_room(const struct dlb_ldb_queue *q)
{
	uint16_t out = (uint16_t)(q->sn_next - q->sn_head);

	return out < q->sn_window ? (uint32_t)q->sn_window - out : 0;
}

#endif /* SLIPWAY_DLB_CQ_H */
