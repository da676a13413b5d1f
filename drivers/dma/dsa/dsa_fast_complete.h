/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAST_COMPLETE_H
#define SLIPWAY_DSA_FAST_COMPLETE_H

/**
 * @file
 * From completion records to what the application is told. Part of dsa_fast.c and dsa_issue.c.
 */

#include <sched.h>

#include "dsa_fast_submit.h"

/* See which submissions are over, in their order. */
static __rte_always_inline void
reap(struct dsa_vchan *v)
{
	while (v->sub_tail != v->sub_head) {
		struct dsa_sub *sub = &v->subs[v->sub_tail & v->sub_mask];
		/* Pairs with the device showing the status last: what it has moved, and the rest of
		 * its records, are there with it.
		 */
		uint8_t status = __atomic_load_n(&sub->cr.status, __ATOMIC_ACQUIRE);

		if (status == DSA_STATUS_NONE)
			break;
		if (unlikely(status != DSA_STATUS_SUCCESS)) {
			if (!dsa_settle(v, sub))
				break;
		} else if (unlikely(sub->keep)) {
			sub->crs[0] = sub->cr;
		}
		v->window_tail += sub->window;
		v->ready = sub->end;
		v->sub_tail++;
		v->in_vain = 0;
	}
}

/* Nothing has ended. Who shares the CPU with the device gives way now and then. */
static __rte_noinline void
in_vain(struct dsa_vchan *v)
{
	v->in_vain++;
	if (v->in_vain % DSA_POLLS_BEFORE_YIELD == 0 && v->gives_way)
		sched_yield();
	if ((v->in_vain % DSA_POLLS_BEFORE_LOOK == 0 && v->released != v->ready) ||
	    v->busy_row >= DSA_BUSY_BEFORE_LOOK || v->broken) {
		v->busy_row = 0;
		dsa_look(v);
	}
}

static __rte_always_inline void
poll(struct dsa_vchan *v, enum dsa_way way)
{
	reap(v);
	if (unlikely(v->issued != v->released))
		issue(v, way);
	if (v->ready != v->returned)
		return;
	if (way == DSA_CALL && v->access != NULL) {
		access_idle(v->access);
		reap(v);
		if (unlikely(v->issued != v->released))
			issue(v, way);
	}
	if (v->ready == v->returned)
		in_vain(v);
}

/* Of n operations that are ready, how many come before one that failed? */
static __rte_noinline uint16_t
good_ones(const struct dsa_vchan *v, uint16_t n, bool *has_error)
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (v->notes[(v->returned + i) & v->mask] & DSA_NOTE_STATUS) {
			*has_error = true;
			break;
		}
	}
	return i;
}

static __rte_always_inline uint16_t
ready_ones(const struct dsa_vchan *v, uint16_t most)
{
	return (uint16_t)RTE_MIN(v->ready - v->returned, (uint64_t)most);
}

static __rte_always_inline uint16_t
completed(struct dsa_vchan *v, uint16_t most, uint16_t *last_idx, bool *has_error)
{
	uint16_t n = ready_ones(v, most);

	if (unlikely(v->nb_failed != 0))
		n = good_ones(v, n, has_error);
	v->returned += n;
	*last_idx = (uint16_t)(v->returned - 1);
	return n;
}

static __rte_noinline void
failed_statuses(struct dsa_vchan *v, uint16_t n, enum rte_dma_status_code status[])
{
	uint16_t i;

	for (i = 0; i < n; i++) {
		status[i] = v->notes[(v->returned + i) & v->mask] & DSA_NOTE_STATUS;
		if (status[i] == RTE_DMA_STATUS_SUCCESSFUL)
			continue;
		v->nb_failed--;
		v->nb_errors++;
	}
}

static __rte_always_inline uint16_t
completed_status(struct dsa_vchan *v, uint16_t most, uint16_t *last_idx,
		 enum rte_dma_status_code status[])
{
	uint16_t i, n = ready_ones(v, most);

	if (unlikely(v->nb_failed != 0))
		failed_statuses(v, n, status);
	else
		for (i = 0; i < n; i++)
			status[i] = RTE_DMA_STATUS_SUCCESSFUL;
	v->returned += n;
	*last_idx = (uint16_t)(v->returned - 1);
	return n;
}

#endif /* SLIPWAY_DSA_FAST_COMPLETE_H */
