/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_PRIV_H
#define SLIPWAY_MIC_PRIV_H

/**
 * @file
 * State of a raw device of this driver. What it knows of the hardware is in drivers/common/mic.
 *
 *   mic_vdev.c, mic_pci.c         a bus has found one
 *   mic_probe.c                   from there to a raw device, and back
 *   mic_rawdev.c, mic_firmware.c  the operations of the raw device API
 *   mic_queue.c, mic_dmadev.c     DMA channels as raw queues, and as a DMA device
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>
#include <rte_rawdev.h>
#include <rte_rawdev_pmd.h>

#include "mic_dev.h"
#include "mic_devargs.h"
#include "rte_pmd_mic.h"

/** DMA channels of the host's: 0..3. */
#define MIC_CHANNELS 4

struct mic_queue;
struct mic_dmadev;
struct mic_owner;

/** A raw device. */
struct mic {
	const char *name;
	struct rte_rawdev *raw;
	struct rte_device *device; /**< on its bus */
	struct mic_devargs args;
	struct mic_dev *dev; /**< the card */
	struct rte_pmd_mic_info conf; /**< as configured; the part that info_get fills is not */

	struct mic_queue *queues[MIC_CHANNELS]; /**< that are set up (mic_queue.c) */
	struct mic_dmadev *dma;                 /**< NULL with dma=0 (mic_dmadev.c) */
	struct mic_owner *owner;                /**< with card=NAME (mic_owner.c) */
};

extern int mic_logtype;

/** One line, the device's name in front. */
#define MIC_LOG(level, name, fmt, ...) \
	rte_log(RTE_LOG_##level, mic_logtype, "%s: " fmt "\n", name, ##__VA_ARGS__)

static inline struct mic *
mic_of(const struct rte_rawdev *raw)
{
	return raw->dev_private;
}

/** The device of ours with this id, or NULL. */
struct mic *mic_of_id(uint16_t dev_id);

/* mic_queue.c: queue i is DMA channel i. */
int mic_queue_conf_get(struct rte_rawdev *raw, uint16_t queue, rte_rawdev_obj_t conf, size_t size);
int mic_queue_setup(struct rte_rawdev *raw, uint16_t queue, rte_rawdev_obj_t conf, size_t size);
int mic_queue_release(struct rte_rawdev *raw, uint16_t queue);
uint16_t mic_queue_count(struct rte_rawdev *raw);
int mic_queue_enqueue(struct rte_rawdev *raw, struct rte_rawdev_buf **buffers, unsigned int count,
		      rte_rawdev_obj_t context);
int mic_queue_dequeue(struct rte_rawdev *raw, struct rte_rawdev_buf **buffers, unsigned int count,
		      rte_rawdev_obj_t context);
/** Release all of them: the device is closed. */
void mic_queues_release(struct mic *mic);

/* mic_dmadev.c */
/** Register the DMA device of a card: 0, or a negative errno after one log line. */
int mic_dmadev_create(struct mic *mic);
/** The end of it; -EBUSY while it is started. NULL dma is allowed. */
int mic_dmadev_destroy(struct mic *mic);

#endif /* SLIPWAY_MIC_PRIV_H */
