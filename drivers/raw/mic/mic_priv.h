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
 *   mic_attr.c, mic_xstats.c      attributes and counters
 *   mic_queue.c, mic_dmadev.c     DMA channels as raw queues, and as a DMA device
 *   mic_owner.c                   the control socket of a card that is known by name
 *   mic_fast.c                    functions on the card: the data path
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>
#include <rte_rawdev.h>
#include <rte_rawdev_pmd.h>

#include "mic_dev.h"
#include "mic_devargs.h"

/* All of ours is hidden, but for what applications call. */
#pragma GCC visibility push(default)
#include "rte_pmd_mic.h"
#pragma GCC visibility pop

/** DMA channels of the host's: 0..3. */
#define MIC_CHANNELS 4
/** Extended statistics. */
#define MIC_XSTATS 28
/** Callbacks of one device. */
#define MIC_WATCHERS 16

struct mic_queue;
struct mic_dmadev;
struct mic_owner;

struct mic_watcher {
	rte_pmd_mic_event_t event; /**< NULL: free */
	void *arg;
};

/** A raw device. */
struct mic {
	const char *name;
	struct rte_rawdev *raw;
	struct rte_device *device; /**< on its bus */
	struct mic_devargs args;
	struct mic_dev *dev; /**< the card; NULL once the device is closed */
	struct rte_pmd_mic_info conf; /**< as configured; the part that info_get fills is not */
	uint16_t device_id;
	uint8_t revision;
	uint64_t log_buf_addr, log_buf_len; /**< as attributes */

	uint64_t xstats_base[MIC_XSTATS]; /**< what they were when they were reset */

	pthread_mutex_t watch_lock; /**< recursive: held while they are called */
	struct mic_watcher watchers[MIC_WATCHERS];

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

/** The device of ours with this id, or NULL: none, or it is closed. */
struct mic *mic_of_id(uint16_t dev_id);

/** Operations of the raw device API. */
extern const struct rte_rawdev_ops mic_rawdev_ops;

/* mic_rawdev.c: the same for all who ask; 0 or a negative errno. */
int mic_start(struct mic *mic);
int mic_stop(struct mic *mic);
int mic_reset(struct mic *mic);
/**
 * As a write of "boot" to the attribute `state`: loads the files that are configured, if need be.
 */
int mic_boot_files(struct mic *mic);
/** Take what is configured over to the card. */
int mic_configure(struct mic *mic, const struct rte_pmd_mic_info *conf);
/** Bytes of the card OS's log, or a negative errno. */
int mic_read_log(struct mic *mic, char *text, uint32_t size);

/* mic_firmware.c */
int mic_load(struct mic *mic, const struct rte_pmd_mic_firmware *firmware);
int mic_load_files(struct mic *mic, const char *image, const char *ramdisk, const char *cmdline,
		   enum rte_pmd_mic_boot_mode mode);
int mic_firmware_load(struct rte_rawdev *raw, rte_rawdev_obj_t firmware);
int mic_firmware_unload(struct rte_rawdev *raw);
int mic_firmware_status_get(struct rte_rawdev *raw, rte_rawdev_obj_t status);
int mic_firmware_version_get(struct rte_rawdev *raw, rte_rawdev_obj_t version);
void mic_fill_status(struct mic *mic, struct rte_pmd_mic_status *status);

/* mic_attr.c, mic_xstats.c, mic_dump.c, mic_selftest.c */
int mic_attr_get(struct rte_rawdev *raw, const char *name, uint64_t *value);
int mic_attr_set(struct rte_rawdev *raw, const char *name, const uint64_t value);
int mic_xstats_get(const struct rte_rawdev *raw, const unsigned int ids[], uint64_t values[],
		   unsigned int n);
int mic_xstats_get_names(const struct rte_rawdev *raw, struct rte_rawdev_xstats_name *names,
			 unsigned int size);
uint64_t mic_xstats_get_by_name(const struct rte_rawdev *raw, const char *name, unsigned int *id);
int mic_xstats_reset(struct rte_rawdev *raw, const uint32_t ids[], uint32_t n);
int mic_dump(struct rte_rawdev *raw, FILE *f);
int mic_selftest(uint16_t dev_id);

/* mic_owner.c */
/** The socket of a card by its name, and the lock that makes it ours: 0, or a negative errno. */
int mic_owner_open(struct mic *mic);
/** Answer at its control socket. */
int mic_owner_serve(struct mic *mic);
/** No longer; NULL owner is allowed. -EBUSY from inside an answer. */
void mic_owner_quiet(struct mic *mic);
void mic_owner_close(struct mic *mic);

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
