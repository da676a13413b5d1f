/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* DMA channels as queues of the raw device: queue i is channel i of the card. A copy is enqueued
 * with a pointer of the caller's, which comes back when it has ended. One thread per queue.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_malloc.h>

#include "mic_desc.h"
#include "mic_priv.h"
#include "mic_window.h"

/* Copies whose ends are taken at once. */
#define STATUSES 64

struct mic_queue {
	struct mic_dma_channel *ch;
	uint64_t returned;
	uint32_t mask;
	struct rte_rawdev_buf **cookies; /* by copy & mask */
	struct mic_windows windows;
	uint32_t depth;
	char holder[RTE_RAWDEV_NAME_MAX_LEN + 16];
};

/* ---- Control ---- */

static int
check_number(const struct mic *mic, uint16_t queue, const char *what)
{
	if (queue < mic->conf.queues)
		return 0;
	MIC_LOG(ERR, mic->name, "%s: queue %u, of %u that are configured", what, queue,
		mic->conf.queues);
	return -EINVAL;
}

int
mic_queue_conf_get(struct rte_rawdev *raw, uint16_t queue, rte_rawdev_obj_t conf, size_t size)
{
	const struct mic *mic = mic_of(raw);
	struct rte_pmd_mic_queue *q = conf;

	if (conf == NULL || size < sizeof(*q) || queue >= MIC_CHANNELS)
		return -EINVAL;
	q->depth = queue < mic->conf.queues && mic->queues[queue] != NULL
			   ? mic->queues[queue]->depth
			   : mic->conf.queue_depth;
	return 0;
}

static void
free_queue(struct mic_queue *q)
{
	mic_dma_close(q->ch);
	if (q->windows.dev != NULL)
		mic_windows_drop(&q->windows);
	rte_free(q->cookies);
	rte_free(q);
}

static int
open_queue(struct mic *mic, uint16_t queue, uint32_t depth, struct mic_queue *q)
{
	int node = mic->args.numa_node;

	snprintf(q->holder, sizeof(q->holder), "%s queue %u", mic->name, queue);
	q->depth = depth;
	q->windows.dev = mic->dev;
	/* Jobs are no more than descriptors. */
	q->mask = rte_align32pow2(depth + MIC_DMA_RING_STEP) - 1;
	q->cookies = rte_zmalloc_socket(NULL, (q->mask + 1) * sizeof(q->cookies[0]), 0, node);
	if (q->cookies == NULL)
		return -ENOMEM;
	return mic_dma_open(mic->dev, queue, depth, node, q->holder, &q->ch);
}

int
mic_queue_setup(struct rte_rawdev *raw, uint16_t queue, rte_rawdev_obj_t conf, size_t size)
{
	struct mic *mic = mic_of(raw);
	const struct rte_pmd_mic_queue *asked = conf;
	uint32_t depth = mic->conf.queue_depth;
	struct mic_queue *q;
	int ret = check_number(mic, queue, "queue_setup");

	if (ret < 0)
		return ret;
	if (conf != NULL && size < sizeof(*asked)) {
		MIC_LOG(ERR, mic->name, "queue_setup: configuration of %zu bytes, not %zu", size,
			sizeof(*asked));
		return -EINVAL;
	}
	if (asked != NULL && asked->depth != 0)
		depth = asked->depth;
	ret = mic_queue_release(raw, queue);
	if (ret < 0)
		return ret;
	q = rte_zmalloc_socket(NULL, sizeof(*q), RTE_CACHE_LINE_SIZE, mic->args.numa_node);
	if (q == NULL)
		return -ENOMEM;
	ret = open_queue(mic, queue, depth, q);
	if (ret < 0) {
		free_queue(q);
		return ret;
	}
	mic->queues[queue] = q;
	return 0;
}

int
mic_queue_release(struct rte_rawdev *raw, uint16_t queue)
{
	struct mic *mic = mic_of(raw);

	if (queue >= MIC_CHANNELS) {
		MIC_LOG(ERR, mic->name, "queue_release: queue %u, of 0..%u", queue,
			MIC_CHANNELS - 1);
		return -EINVAL;
	}
	if (mic->queues[queue] == NULL)
		return 0;
	free_queue(mic->queues[queue]);
	mic->queues[queue] = NULL;
	return 0;
}

uint16_t
mic_queue_count(struct rte_rawdev *raw)
{
	return mic_of(raw)->conf.queues;
}

void
mic_queues_release(struct mic *mic)
{
	for (uint16_t i = 0; i < MIC_CHANNELS; i++)
		mic_queue_release(mic->raw, i);
}

/* ---- The data path ---- */

/* The queue that a call means, NULL for none. */
static __rte_always_inline struct mic_queue *
queue_of(struct rte_rawdev *raw, const struct rte_pmd_mic_burst *burst)
{
	if (unlikely(burst == NULL || burst->queue >= MIC_CHANNELS))
		return NULL;
	return mic_of(raw)->queues[burst->queue];
}

static __rte_always_inline int64_t
enqueue_one(struct mic_queue *q, const struct rte_pmd_mic_copy *copy)
{
	enum mic_way way;

	switch (copy->flags) {
	case RTE_PMD_MIC_DST_CARD:
		way = MIC_TO_CARD;
		break;
	case RTE_PMD_MIC_SRC_CARD:
		way = MIC_FROM_CARD;
		break;
	case RTE_PMD_MIC_SRC_CARD | RTE_PMD_MIC_DST_CARD:
		way = MIC_ON_CARD;
		break;
	default:
		return -EINVAL;
	}
	return mic_windows_copy(&q->windows, q->ch, way, copy->dst, copy->src, copy->len);
}

int
mic_queue_enqueue(struct rte_rawdev *raw, struct rte_rawdev_buf **buffers, unsigned int count,
		  rte_rawdev_obj_t context)
{
	const struct rte_pmd_mic_burst *burst = context;
	struct mic_queue *q = queue_of(raw, burst);
	unsigned int n;
	int64_t job = 0;

	if (unlikely(q == NULL || burst->copies == NULL || count > INT32_MAX))
		return -EINVAL;
	for (n = 0; n < count; n++) {
		job = enqueue_one(q, &burst->copies[n]);
		if (unlikely(job < 0))
			break;
		q->cookies[(uint64_t)job & q->mask] = buffers != NULL ? buffers[n] : NULL;
	}
	mic_dma_submit(q->ch);
	/* A full queue has taken none; what is wrong with the first copy is said. */
	if (n == 0 && job < 0 && job != -ENOSPC)
		return (int)job;
	return (int)n;
}

static __rte_always_inline int
result_of(enum mic_dma_status status)
{
	return status == MIC_DMA_OK ? 0 : status == MIC_DMA_ERROR ? -EIO : -ECANCELED;
}

static unsigned int
dequeue_some(struct mic_queue *q, struct rte_rawdev_buf **buffers, unsigned int count, int *results)
{
	enum mic_dma_status statuses[STATUSES];
	uint16_t n, i;

	n = mic_dma_done(q->ch, (uint16_t)RTE_MIN(count, (unsigned int)STATUSES), statuses);
	for (i = 0; i < n; i++, q->returned++) {
		if (buffers != NULL)
			buffers[i] = q->cookies[q->returned & q->mask];
		if (results != NULL)
			results[i] = result_of(statuses[i]);
	}
	return n;
}

int
mic_queue_dequeue(struct rte_rawdev *raw, struct rte_rawdev_buf **buffers, unsigned int count,
		  rte_rawdev_obj_t context)
{
	const struct rte_pmd_mic_burst *burst = context;
	struct mic_queue *q = queue_of(raw, burst);
	unsigned int n = 0, got;

	if (unlikely(q == NULL || count > INT32_MAX))
		return -EINVAL;
	do {
		got = dequeue_some(q, buffers != NULL ? buffers + n : NULL, count - n,
				   burst->results != NULL ? burst->results + n : NULL);
		n += got;
	} while (got == STATUSES && n < count);
	return (int)n;
}
