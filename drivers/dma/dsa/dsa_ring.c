/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Places of the ring, and the end of all that is in it. */

#include <string.h>

#include <rte_common.h>

#include "dsa_ring.h"

void
dsa_ring_prepare(struct dsa_vchan *v)
{
	uint32_t i;

	for (i = 0; i <= v->mask; i++)
		v->ring[i] = (struct dsa_desc){.cr = dsa_iova(v, &v->crs[i])};
	for (i = 0; i < DSA_WINDOWS * DSA_WINDOW; i++)
		v->windows[i] = (struct dsa_desc){.cr = dsa_iova(v, &v->window_crs[i])};
	memset(v->crs, 0, ((size_t)v->mask + 1) * sizeof(*v->crs));
	memset(v->window_crs, 0, DSA_WINDOWS * DSA_WINDOW * sizeof(*v->window_crs));
	memset(v->notes, 0, ((size_t)v->mask + 1) * sizeof(*v->notes));
	v->nb_dirty = 0;
}

void
dsa_ring_clean(struct dsa_vchan *v, uint64_t op)
{
	uint32_t place = (uint32_t)op & v->mask;

	if (!(v->notes[place] & DSA_NOTE_DIRTY))
		return;
	v->ring[place] = (struct dsa_desc){.cr = dsa_iova(v, &v->crs[place])};
	v->crs[place] = (struct dsa_cr){.status = DSA_STATUS_NONE};
	v->notes[place] = 0;
	v->nb_dirty--;
}

void
dsa_ring_fail(struct dsa_vchan *v, uint64_t op, enum rte_dma_status_code status)
{
	if (v->notes[op & v->mask] & DSA_NOTE_STATUS)
		return;
	dsa_note_dirty(v, op, (uint16_t)status);
	v->nb_failed++;
}

/* A submission for the last time: what the device has said of it counts, what it has not is lost.
 */
static void
give_up_sub(struct dsa_vchan *v, struct dsa_sub *sub, enum rte_dma_status_code status)
{
	uint64_t op;

	if (v->mend.waiting &&
	    __atomic_load_n(&v->mend_cr->status, __ATOMIC_ACQUIRE) == DSA_STATUS_NONE)
		v->mend.active = false;
	else if (v->mend.refused)
		v->mend.active = false;
	else if (__atomic_load_n(&sub->cr.status, __ATOMIC_ACQUIRE) == DSA_STATUS_SUCCESS)
		return;
	else if (sub->cr.status != DSA_STATUS_NONE && dsa_settle(v, sub))
		return;
	if (sub->window) {
		dsa_ring_fail(v, v->ready, status);
		return;
	}
	for (op = sub->end - sub->count + v->mend.at; op != sub->end; op++)
		dsa_ring_fail(v, op, status);
}

void
dsa_give_up(struct dsa_vchan *v, enum rte_dma_status_code issued, enum rte_dma_status_code pending)
{
	v->dead = true;
	v->open = 0;
	for (; v->sub_tail != v->sub_head; v->sub_tail++) {
		struct dsa_sub *sub = &v->subs[v->sub_tail & v->sub_mask];

		give_up_sub(v, sub, issued);
		v->mend = (struct dsa_mend){.active = false};
		v->ready = sub->end;
	}
	for (; v->ready != v->enqueued; v->ready++)
		dsa_ring_fail(v, v->ready, pending);
	v->released = v->enqueued;
	v->issued = v->enqueued;
}
