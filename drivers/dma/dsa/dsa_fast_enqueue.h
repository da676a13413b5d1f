/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAST_ENQUEUE_H
#define SLIPWAY_DSA_FAST_ENQUEUE_H

/**
 * @file
 * From copies and fills to descriptors in the ring. Part of dsa_fast.c.
 */

#include <errno.h>

#include "dsa_fast_submit.h"

/* Bits of the API's flags are at places of their own in a descriptor's. */
static_assert(RTE_DMA_OP_FLAG_FENCE == DSA_FLAG_FENCE, "a fence");

static __rte_always_inline uint32_t
flags_of(const struct dsa_vchan *v, uint64_t flags)
{
	uint32_t f = (uint32_t)flags & DSA_FLAG_FENCE;

	if (flags & RTE_DMA_OP_FLAG_LLC)
		f |= v->llc;
	return f;
}

/* The ring is full, or closed. In silent mode nobody else frees places. */
static __rte_noinline int
no_room(struct dsa_vchan *v)
{
	if (v->silent && v->open != 0) {
		dsa_poll(v);
		if (v->enqueued - v->returned < v->open)
			return 0;
	}
	return v->gone ? -EIO : -ENOSPC;
}

static __rte_always_inline int
submit(struct dsa_vchan *v, enum dsa_way way)
{
	v->released = v->enqueued;
	issue(v, way);
	/* Nobody polls for completions, by which the device would get time and places be freed. */
	if (unlikely(v->silent))
		dsa_poll(v);
	return 0;
}

/* The descriptor is complete: it is the next operation. */
static __rte_always_inline int
enqueued(struct dsa_vchan *v, uint64_t flags, enum dsa_way way)
{
	uint64_t op = v->enqueued++;

	v->nb_special += (uint32_t)flags & DSA_FLAG_FENCE;
	if (flags & RTE_DMA_OP_FLAG_SUBMIT)
		submit(v, way);
	return (uint16_t)op;
}

/* What no single descriptor can express: to be taken apart when its turn comes. */
static __rte_noinline void
note_compound(struct dsa_vchan *v)
{
	dsa_note_dirty(v, v->enqueued, DSA_NOTE_COMPOUND);
	v->nb_special++;
}

/* `first` is where a source or a pattern goes. What is constant in descriptors of copies and fills
 * is in the ring already.
 */
static __rte_always_inline int
enqueue(struct dsa_vchan *v, uint32_t op_flags, uint64_t first, uint64_t dst, uint32_t len,
	uint64_t flags, enum dsa_way way)
{
	struct dsa_desc *d = &v->ring[v->enqueued & v->mask];
	int ret;

	if (unlikely(v->enqueued - v->returned >= v->open)) {
		ret = no_room(v);
		if (ret < 0)
			return ret;
	}
	if (unlikely(len == 0))
		return -EINVAL;
	if (unlikely(v->nb_dirty != 0))
		dsa_ring_clean(v, v->enqueued);
	d->op_flags = op_flags | flags_of(v, flags);
	d->src = first;
	d->dst = dst;
	d->size = len;
	if (unlikely(len > v->max_transfer))
		note_compound(v);
	return enqueued(v, flags, way);
}

/* Bytes of a list, 0 when it is none: not 1 to DSA_SGES_MAX pieces, or one of no bytes. */
static uint64_t
sge_bytes(const struct rte_dma_sge *sge, uint16_t n)
{
	uint64_t bytes = 0;
	uint16_t i;

	if (n == 0 || n > DSA_SGES_MAX)
		return 0;
	for (i = 0; i < n; i++) {
		if (sge[i].length == 0)
			return 0;
		bytes += sge[i].length;
	}
	return bytes;
}

static __rte_always_inline int
enqueue_sg(struct dsa_vchan *v, const struct rte_dma_sge *src, const struct rte_dma_sge *dst,
	   uint16_t nb_src, uint16_t nb_dst, uint64_t flags, enum dsa_way way)
{
	struct dsa_desc *d = &v->ring[v->enqueued & v->mask];
	uint64_t bytes = sge_bytes(src, nb_src);
	struct rte_dma_sge *sges;
	int ret;

	if (bytes == 0 || sge_bytes(dst, nb_dst) != bytes)
		return -EINVAL;
	if (nb_src == 1 && nb_dst == 1)
		return enqueue(v, v->move_flags, src->addr, dst->addr, src->length, flags, way);
	if (unlikely(v->enqueued - v->returned >= v->open)) {
		ret = no_room(v);
		if (ret < 0)
			return ret;
	}
	if (v->nb_dirty != 0)
		dsa_ring_clean(v, v->enqueued);
	sges = &v->sges[(v->enqueued & v->mask) * 2 * DSA_SGES_MAX];
	memcpy(sges, src, nb_src * sizeof(*src));
	memcpy(sges + DSA_SGES_MAX, dst, nb_dst * sizeof(*dst));
	d->op_flags = v->move_flags | flags_of(v, flags);
	/* No descriptor has a size of 0: this one is only a place to keep flags. */
	d->size = 0;
	d->src = bytes;
	note_compound(v);
	return enqueued(v, flags, way);
}

#endif /* SLIPWAY_DSA_FAST_ENQUEUE_H */
