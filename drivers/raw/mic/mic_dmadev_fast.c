/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The data path of the DMA device. An operation becomes a job of the DMA channel, and a window of
 * the SMPT is looked up only where it is not the one of last time. The engine executes in order, so
 * a fence asks for nothing more.
 */

#include <errno.h>

#include <rte_branch_prediction.h>

#include "mic_vchan.h"

static __rte_always_inline struct mic_vchan *
vchan_of(const void *dev, uint16_t vchan)
{
	return &((struct mic_dmadev *)(uintptr_t)dev)->vchans[vchan];
}

static __rte_always_inline bool
is_full(const struct mic_vchan *v)
{
	return v->enqueued - v->returned >= v->open;
}

/* Full, or stopped. */
static __rte_noinline int
refuse(const struct mic_vchan *v)
{
	return v->open == 0 ? -EINVAL : -ENOSPC;
}

static __rte_always_inline void
submit_all(struct mic_vchan *v)
{
	v->submitted = v->enqueued;
	mic_dma_submit(v->ch);
}

static __rte_always_inline int
enqueued(struct mic_vchan *v, int64_t job, uint64_t flags)
{
	if (unlikely(job < 0))
		return (int)job;
	v->enqueued++;
	if (flags & RTE_DMA_OP_FLAG_SUBMIT)
		submit_all(v);
	return (uint16_t)((uint64_t)job - v->base);
}

static int
copy(void *dev, uint16_t vchan, rte_iova_t src, rte_iova_t dst, uint32_t len, uint64_t flags)
{
	struct mic_vchan *v = vchan_of(dev, vchan);

	if (unlikely(is_full(v)))
		return refuse(v);
	return enqueued(v, mic_windows_copy(&v->windows, v->ch, v->way, dst, src, len), flags);
}

/* ---- Scattered ---- */

/* Bytes of a list, 0 when it is none. */
static uint64_t
sge_bytes(const struct rte_dma_sge *sge, uint16_t n)
{
	uint64_t bytes = 0;
	uint16_t i;

	if (n == 0 || n > MIC_SGES_MAX)
		return 0;
	for (i = 0; i < n; i++) {
		if (sge[i].length == 0)
			return 0;
		bytes += sge[i].length;
	}
	return bytes;
}

/* As many pieces as both lists together have ends, each perhaps across windows. */
#define SG_PIECES (2 * MIC_SGES_MAX * MIC_WINDOW_PIECES)

/* Both lists hold the same number of bytes: how many pieces, or a negative errno. */
static int
sg_pieces(struct mic_vchan *v, const struct rte_dma_sge *src, const struct rte_dma_sge *dst,
	  uint64_t bytes, struct mic_dma_piece pieces[SG_PIECES])
{
	uint32_t src_done = 0, dst_done = 0, len;
	int n = 0, ret;

	for (; bytes > 0; bytes -= len) {
		len = RTE_MIN(src->length - src_done, dst->length - dst_done);
		ret = mic_windows_pieces(&v->windows, v->way, dst->addr + dst_done,
					 src->addr + src_done, len, &pieces[n]);
		if (ret < 0)
			return ret;
		n += ret;
		src_done += len;
		dst_done += len;
		if (src_done == src->length) {
			src++;
			src_done = 0;
		}
		if (dst_done == dst->length) {
			dst++;
			dst_done = 0;
		}
	}
	return n;
}

static int
copy_sg(void *dev, uint16_t vchan, const struct rte_dma_sge *src, const struct rte_dma_sge *dst,
	uint16_t nb_src, uint16_t nb_dst, uint64_t flags)
{
	struct mic_vchan *v = vchan_of(dev, vchan);
	struct mic_dma_piece pieces[SG_PIECES];
	uint64_t bytes = sge_bytes(src, nb_src);
	int n;

	if (bytes == 0 || sge_bytes(dst, nb_dst) != bytes)
		return -EINVAL;
	if (unlikely(is_full(v)))
		return refuse(v);
	do
		n = sg_pieces(v, src, dst, bytes, pieces);
	while (n == -ENOSPC && mic_windows_retry(&v->windows, v->ch));
	if (n < 0)
		return n;
	return enqueued(v, mic_dma_copies(v->ch, pieces, (uint32_t)n), flags);
}

static int
submit(void *dev, uint16_t vchan)
{
	struct mic_vchan *v = vchan_of(dev, vchan);

	if (unlikely(v->open == 0))
		return -EINVAL;
	submit_all(v);
	return 0;
}

/* ---- What has ended ---- */

static uint16_t
completed(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx, bool *has_error)
{
	struct mic_vchan *v = vchan_of(dev, vchan);
	uint16_t n;

	/* After a stop all has ended: what is left of the start is told, and no more. */
	n = v->ch != NULL ? mic_dma_done_well(v->ch, most, has_error) : 0;
	v->returned += n;
	*last_idx = (uint16_t)(v->returned - 1);
	return n;
}

static enum rte_dma_status_code
status_code(const struct mic_vchan *v, enum mic_dma_status status)
{
	switch (status) {
	case MIC_DMA_OK:
		return RTE_DMA_STATUS_SUCCESSFUL;
	case MIC_DMA_ABORTED:
		/* By a stop, or by what became of the card. */
		return v->open == 0 ? RTE_DMA_STATUS_USER_ABORT : RTE_DMA_STATUS_DEV_LINK_ERROR;
	default:
		/* No document says what the bits of DCHERR mean. */
		return RTE_DMA_STATUS_ERROR_UNKNOWN;
	}
}

/* Statuses taken at once. */
#define STATUSES 64

static uint16_t
take_statuses(struct mic_vchan *v, uint16_t most, enum rte_dma_status_code codes[])
{
	enum mic_dma_status statuses[STATUSES];
	uint16_t n = mic_dma_done(v->ch, RTE_MIN(most, (uint16_t)STATUSES), statuses), i;

	for (i = 0; i < n; i++) {
		codes[i] = status_code(v, statuses[i]);
		v->errors += statuses[i] != MIC_DMA_OK;
	}
	return n;
}

static uint16_t
completed_status(void *dev, uint16_t vchan, const uint16_t most, uint16_t *last_idx,
		 enum rte_dma_status_code codes[])
{
	struct mic_vchan *v = vchan_of(dev, vchan);
	uint16_t n = 0, got;

	if (v->ch == NULL)
		return 0;
	do {
		got = take_statuses(v, (uint16_t)(most - n), codes + n);
		n += got;
	} while (got == STATUSES && n < most);
	v->returned += n;
	*last_idx = (uint16_t)(v->returned - 1);
	return n;
}

static uint16_t
burst_capacity(const void *dev, uint16_t vchan)
{
	const struct mic_vchan *v = vchan_of(dev, vchan);
	uint64_t taken = v->enqueued - v->returned;

	if (taken >= v->open)
		return 0;
	return (uint16_t)RTE_MIN(v->open - taken, (uint64_t)mic_dma_room(v->ch));
}

void
mic_dmadev_install(struct mic_dmadev *d)
{
	struct rte_dma_fp_object *fp = d->dev->fp_obj;

	fp->dev_private = d;
	fp->copy = copy;
	fp->copy_sg = copy_sg;
	fp->submit = submit;
	fp->completed = completed;
	fp->completed_status = completed_status;
	fp->burst_capacity = burst_capacity;
}
