/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Compounds: scattered copies, and copies and fills longer than a descriptor can say. Their
 * descriptors are made here, a window at a time.
 */

#include <rte_common.h>

#include "dsa_ring.h"

static void
begin(struct dsa_vchan *v)
{
	const struct dsa_desc *d = &v->ring[v->issued & v->mask];
	const struct rte_dma_sge *sges = &v->sges[(v->issued & v->mask) * 2 * DSA_SGES_MAX];
	struct dsa_job *job = &v->job;

	*job = (struct dsa_job){.active = true};
	if (d->size == 0) {
		job->src = sges;
		job->dst = sges + DSA_SGES_MAX;
		job->left = d->src;
		return;
	}
	job->one[0] = (struct rte_dma_sge){.addr = d->src, .length = d->size};
	job->one[1] = (struct rte_dma_sge){.addr = d->dst, .length = d->size};
	if (DSA_OPCODE(d) == DSA_OP_MOVE)
		job->src = &job->one[0];
	job->dst = &job->one[1];
	job->left = d->size;
}

/* Go on in a list by n bytes, which do not go beyond the end of a piece. */
static void
advance(const struct rte_dma_sge **sge, uint32_t *done, uint32_t n)
{
	*done += n;
	if (*done < (*sge)->length)
		return;
	(*sge)++;
	*done = 0;
}

/* As much as lies in one piece at both ends. Each but the last of a fill is a multiple of its
 * pattern, as max_transfer is.
 */
static void
next_piece(const struct dsa_vchan *v, struct dsa_job *job, struct dsa_desc *to)
{
	const struct dsa_desc *d = &v->ring[v->issued & v->mask];
	uint32_t n = RTE_MIN(job->dst->length - job->dst_done, v->max_transfer);

	if (job->src != NULL)
		n = RTE_MIN(n, job->src->length - job->src_done);
	to->op_flags = d->op_flags & ~DSA_FLAG_FENCE;
	to->src = job->src != NULL ? job->src->addr + job->src_done : d->pattern;
	to->dst = job->dst->addr + job->dst_done;
	to->size = n;
	job->left -= n;
	if (job->src != NULL)
		advance(&job->src, &job->src_done, n);
	advance(&job->dst, &job->dst_done, n);
}

bool
dsa_job_issue(struct dsa_vchan *v)
{
	uint32_t window = v->window_head % DSA_WINDOWS, n = 0;
	struct dsa_desc *list = &v->windows[window * DSA_WINDOW];
	uint32_t most = RTE_MIN(v->batch, (uint32_t)DSA_WINDOW);
	struct dsa_job job;
	bool last;

	if (v->window_head - v->window_tail == DSA_WINDOWS)
		return false;
	if (!v->job.active)
		begin(v);
	/* Kept as it is should this be refused. */
	job = v->job;
	while (n < most && job.left != 0)
		next_piece(v, &job, &list[n++]);
	last = job.left == 0;
	if (!dsa_issue_list(v, list, &v->window_crs[window * DSA_WINDOW], n, v->issued + last,
			    true))
		return false;
	v->window_head++;
	v->job = job;
	if (last) {
		v->nb_special -= 1 + (v->ring[v->issued & v->mask].op_flags & DSA_FLAG_FENCE);
		v->job.active = false;
		v->issued++;
	}
	return true;
}
