/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The hot path. Nothing here locks, allocates, reads a register or logs. A copy or a fill becomes a
 * descriptor where it lies in the ring (dsa_fast_enqueue.h); a submit hands the device all of them
 * by one line (dsa_fast_submit.h); one record tells that all of them succeeded
 * (dsa_fast_complete.h).
 */

#include <string.h>

#include <rte_dmadev.h>

#include "dsa_fast.h"
#include "dsa_fast_complete.h"
#include "dsa_fast_enqueue.h"

static __rte_always_inline struct dsa_vchan *
vchan_of(const void *dev, uint16_t vchan)
{
	return ((const struct dsa *)dev)->vchans[vchan];
}

static int
copy_call(void *dev, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return enqueue(v, v->move_flags, src, dst, len, flags, DSA_CALL);
}

static int
copy_mmio(void *dev, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return enqueue(v, v->move_flags, src, dst, len, flags, DSA_MMIO);
}

static int
fill_call(void *dev, uint16_t vchan, uint64_t pattern, rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return enqueue(v, v->fill_flags, pattern, dst, len, flags, DSA_CALL);
}

static int
fill_mmio(void *dev, uint16_t vchan, uint64_t pattern, rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return enqueue(v, v->fill_flags, pattern, dst, len, flags, DSA_MMIO);
}

static int
copy_sg_call(void *dev, uint16_t vchan, const struct rte_dma_sge *src,
	     const struct rte_dma_sge *dst, uint16_t nb_src, uint16_t nb_dst, uint64_t flags)
{
	return enqueue_sg(vchan_of(dev, vchan), src, dst, nb_src, nb_dst, flags, DSA_CALL);
}

static int
copy_sg_mmio(void *dev, uint16_t vchan, const struct rte_dma_sge *src,
	     const struct rte_dma_sge *dst, uint16_t nb_src, uint16_t nb_dst, uint64_t flags)
{
	return enqueue_sg(vchan_of(dev, vchan), src, dst, nb_src, nb_dst, flags, DSA_MMIO);
}

static int
submit_call(void *dev, uint16_t vchan)
{
	return submit(vchan_of(dev, vchan), DSA_CALL);
}

static int
submit_mmio(void *dev, uint16_t vchan)
{
	return submit(vchan_of(dev, vchan), DSA_MMIO);
}

static uint16_t
completed_call(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx, bool *has_error)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	poll(v, DSA_CALL);
	return completed(v, most, last_idx, has_error);
}

static uint16_t
completed_mmio(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx, bool *has_error)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	poll(v, DSA_MMIO);
	return completed(v, most, last_idx, has_error);
}

static uint16_t
completed_status_call(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx,
		      enum rte_dma_status_code *status)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	poll(v, DSA_CALL);
	return completed_status(v, most, last_idx, status);
}

static uint16_t
completed_status_mmio(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx,
		      enum rte_dma_status_code *status)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	poll(v, DSA_MMIO);
	return completed_status(v, most, last_idx, status);
}

/* Places in the ring. In silent mode nobody asks for anything else that would free some. */
static uint16_t
burst_capacity(const void *dev, uint16_t vchan)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);
	uint64_t used;

	if (unlikely(v == NULL))
		return 0;
	if (v->silent)
		dsa_poll(v);
	used = v->enqueued - v->returned;
	return used < v->open ? (uint16_t)(v->open - used) : 0;
}

/* ---- Of a device that is not started ---- */

static int
no_copy(void *dev __rte_unused, uint16_t vchan __rte_unused, rte_iova_t src __rte_unused,
	rte_iova_t dst __rte_unused, uint32_t len __rte_unused, uint64_t flags __rte_unused)
{
	return -EINVAL;
}

static int
no_copy_sg(void *dev __rte_unused, uint16_t vchan __rte_unused,
	   const struct rte_dma_sge *src __rte_unused, const struct rte_dma_sge *dst __rte_unused,
	   uint16_t nb_src __rte_unused, uint16_t nb_dst __rte_unused, uint64_t flags __rte_unused)
{
	return -EINVAL;
}

static int
no_submit(void *dev __rte_unused, uint16_t vchan __rte_unused)
{
	return -EINVAL;
}

static uint16_t
completed_stopped(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx,
		  bool *has_error)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return v == NULL ? 0 : completed(v, most, last_idx, has_error);
}

static uint16_t
completed_status_stopped(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx,
			 enum rte_dma_status_code *status)
{
	struct dsa_vchan *v = vchan_of(dev, vchan);

	return v == NULL ? 0 : completed_status(v, most, last_idx, status);
}

void
dsa_fast_suspend(struct dsa *dsa)
{
	struct rte_dma_fp_object *fp = dsa->dev->fp_obj;

	fp->dev_private = dsa;
	fp->copy = no_copy;
	fp->copy_sg = no_copy_sg;
	fp->fill = no_copy;
	fp->submit = no_submit;
	fp->completed = completed_stopped;
	fp->completed_status = completed_status_stopped;
	fp->burst_capacity = burst_capacity;
}

void
dsa_fast_install(struct dsa *dsa)
{
	struct rte_dma_fp_object *fp = dsa->dev->fp_obj;
	bool mapped = dsa->nb_wqs != 0 && dsa->wqs[0].bar.mmio != NULL;

	fp->dev_private = dsa;
	fp->copy = mapped ? copy_mmio : copy_call;
	fp->copy_sg = mapped ? copy_sg_mmio : copy_sg_call;
	fp->fill = mapped ? fill_mmio : fill_call;
	fp->submit = mapped ? submit_mmio : submit_call;
	fp->completed = mapped ? completed_mmio : completed_call;
	fp->completed_status = mapped ? completed_status_mmio : completed_status_call;
	fp->burst_capacity = burst_capacity;
}

bool
dsa_fast_is_ours(int16_t dev_id)
{
	/* Nobody else's device has this function, and ours always do. */
	return rte_dma_is_valid(dev_id) &&
	       rte_dma_fp_objs[dev_id].burst_capacity == burst_capacity;
}

struct dsa_vchan *
dsa_fast_vchan(int16_t dev_id, uint16_t vchan, bool started)
{
	const struct rte_dma_fp_object *fp;

	if (!dsa_fast_is_ours(dev_id) || vchan >= DSA_VCHANS)
		return NULL;
	fp = &rte_dma_fp_objs[dev_id];
	if (started && fp->submit == no_submit)
		return NULL;
	return vchan_of(fp->dev_private, vchan);
}

void
dsa_fast_submit(struct dsa_vchan *v)
{
	if (v->bar.mmio != NULL)
		submit(v, DSA_MMIO);
	else
		submit(v, DSA_CALL);
}
