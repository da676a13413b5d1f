/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_PRIV_H
#define SLIPWAY_DSA_PRIV_H

/**
 * @file
 * State of a DMA device of this driver.
 *
 *   dsa_vdev.c, dsa_pci.c   a bus has found one
 *   dsa_probe.c             from there to a DMA device, and back
 *   dsa_hw.c, dsa_divide.c  capabilities, commands, how the device is divided
 *   dsa_dmadev.c            the operations of the DMA device API
 *   dsa_fast.c              the data path: channels (dsa_vchan.h)
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>
#include <rte_spinlock.h>

#include "dpdk_compat.h"

#include "access.h"
#include "dsa_devargs.h"
#include "dsa_vchan.h"
#include "dsa_wq.h"

/** As many as the registers of a device can describe. */
#define DSA_WQS     64
#define DSA_GROUPS  16
#define DSA_ENGINES 16
/** Channels of one device: one on each dedicated work queue, and as many on shared ones. */
#define DSA_VCHANS 64

/** Operations a ring may hold: what other drivers of the device offer, and eight times as many. */
#define DSA_DESC_MIN 64
#define DSA_DESC_MAX 32768

/** What a device can do, and where its tables are. */
struct dsa_caps {
	uint32_t version;
	uint64_t gencap, wqcap, grpcap, engcap;
	uint64_t opcap[4];
	uint64_t offsets[2];
	unsigned int wqs, wq_total, groups, engines;
	uint32_t max_batch;
	uint64_t max_transfer;
};

/** A DMA device. */
struct dsa {
	/* What the data path looks at. */
	struct dsa_vchan *vchans[DSA_VCHANS];

	/* Cold from here on. */
	const char *name;
	struct rte_dma_dev *dev;       /**< of the primary process */
	struct rte_device *device;     /**< on its bus */
	struct rte_dma_dev_data *data; /**< its part that all processes see */
	struct dsa_devargs args;
	struct access_dev *access; /**< NULL for a work queue of the kernel's */
	struct access_bar regs;    /**< BAR 0 */
	bool whole; /**< the device is ours to configure, not one work queue of somebody's */
	struct dsa_caps caps;
	unsigned int nb_wqs, nb_groups, nb_engines; /**< WQ i, engine i: in group i mod nb_groups */
	struct dsa_wq wqs[DSA_WQS];

	rte_spinlock_t lock; /**< of commands, and of what is below */
	uint16_t nb_vchans;  /**< configured */
	bool silent;
	bool started;
	bool failed; /**< a command has failed: nothing is to be had of the device before a reset */
	uint64_t errors;      /**< that SWERROR told of */
	uint64_t errors_lost; /**< times it said that there were more */
	uint64_t last_error;  /**< the first word of the last one */
	uint64_t commands, commands_failed;
};

extern int dsa_logtype;

/** One line, the device's name in front. */
#define DSA_LOG(level, name, fmt, ...) \
	rte_log(RTE_LOG_##level, dsa_logtype, "%s: " fmt "\n", name, ##__VA_ARGS__)

static inline struct dsa *
dsa_of(const struct rte_dma_dev *dev)
{
	return dev->data->dev_private;
}

#endif /* SLIPWAY_DSA_PRIV_H */
