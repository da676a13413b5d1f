/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAST_SUBMIT_H
#define SLIPWAY_DSA_FAST_SUBMIT_H

/**
 * @file
 * From operations in the ring to descriptors at the device, as long as nothing is in the way; what
 * is, dsa_issue.c sees to. Part of dsa_fast.c and dsa_issue.c.
 */

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dsa_ring.h"

/** How the device is reached. */
enum dsa_way { DSA_CALL, DSA_MMIO };

/* A line, and a dedicated queue that is known to have room. Each to the next of the page's 64
 * places: a CPU stores to the same one again only when the last store is done.
 */
static __rte_always_inline void
post_line(struct dsa_vchan *v, const struct dsa_desc *line, enum dsa_way way)
{
	if (way == DSA_CALL) {
		access_post_call(&v->bar, v->portal, line);
		return;
	}
	/* Before: descriptors, cleared records, the application's data. After: the line by which
	 * the device gets to see them, which may overtake older stores. Pairs with the acquire load
	 * in reap() by way of the device.
	 */
	rte_wmb();
	portal_post(PORTAL_MOVDIR64B, v->bar.mmio + v->portal + v->slot, line);
	v->slot = (v->slot + DSA_DESC_BYTES) & (DSA_PORTAL_BYTES - 1);
}

static __rte_always_inline bool
doorbell(struct dsa_vchan *v, const struct dsa_desc *line, enum dsa_way way)
{
	if (unlikely(v->how != DSA_WQ_POST))
		return dsa_doorbell(v, line);
	post_line(v, line, way);
	return true;
}

/* One descriptor goes by itself: its fence is for batches, and was seen to. Its record is the
 * submission's. More go as a list.
 */
static __rte_always_inline bool
submit_list(struct dsa_vchan *v, struct dsa_desc *list, struct dsa_cr *crs, uint32_t count,
	    uint64_t end, bool window, enum dsa_way way)
{
	struct dsa_sub *sub = &v->subs[v->sub_head & v->sub_mask];
	struct dsa_desc line __rte_aligned(DSA_DESC_BYTES);

	if (count == 1) {
		line = *list;
		line.op_flags = (line.op_flags & ~DSA_FLAG_FENCE) | DSA_FLAG_CRAV | DSA_FLAG_RCR;
	} else {
		line = (struct dsa_desc){
			.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, DSA_FLAG_CRAV | DSA_FLAG_RCR),
			.list = dsa_iova(v, list),
			.count = count,
		};
	}
	line.cr = dsa_iova(v, &sub->cr);
	sub->cr.status = DSA_STATUS_NONE;
	sub->list = list;
	sub->crs = crs;
	sub->end = end;
	sub->count = (uint16_t)count;
	sub->window = window;
	sub->keep = count == 1 && !window && v->nb_dirty != 0 &&
		    (v->notes[(end - 1) & v->mask] & DSA_NOTE_DIRTY);
	if (unlikely(!doorbell(v, &line, way)))
		return false;
	v->sub_head++;
	v->counts.batches += count != 1;
	return true;
}

/* Issue what is released when it is a list as it lies in the ring, and the queue has room. */
static __rte_always_inline void
issue(struct dsa_vchan *v, enum dsa_way way)
{
	uint32_t first = (uint32_t)v->issued & v->mask;
	uint64_t n = v->released - v->issued;

	if (likely(v->nb_special == 0 && n <= v->batch && first + n <= (uint64_t)v->mask + 1 &&
		   dsa_subs_out(v) < v->sub_limit)) {
		if (likely(n != 0) && submit_list(v, &v->ring[first], &v->crs[first], (uint32_t)n,
						  v->released, false, way))
			v->issued = v->released;
		return;
	}
	dsa_issue(v);
}

#endif /* SLIPWAY_DSA_FAST_SUBMIT_H */
