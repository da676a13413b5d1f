/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_H
#define SLIPWAY_ACCESS_H

/**
 * @file
 * The seam: how a driver reaches a device. A driver opens an access once, at probe, and from then
 * on cannot tell what is at the other end.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_io.h>

#include "bus.h"

/** A base address register of a device. */
struct access_bar {
	uint8_t *mmio;          /**< where it is mapped, NULL when the device is called instead */
	struct bus_device *dev; /**< the device to call */
	unsigned int index;     /**< which bar of it */
};

/** Who lets the device's time pass. */
enum access_step {
	ACCESS_STEP_IDLE,   /**< whoever has time: access_idle() */
	ACCESS_STEP_MANUAL, /**< only access_step(): tests that a driver does not count on speed */
};

/** What to open: a device in this process. */
struct access_config {
	const char *name;     /**< of the DPDK device, for messages and memory */
	unsigned int version; /**< of the device, in its own numbering */
	enum access_step step;
	int numa_node; /**< where the device's memory goes, or SOCKET_ID_ANY */
};

/** A device that has been reached. */
struct access_dev;

/** Open the model in this process: 0, or a negative errno. Implemented once per device. */
int access_model_open(const struct access_config *config, struct access_dev **access);

/** Let go of the device. Nobody may be using it. NULL is allowed. */
void access_close(struct access_dev *access);

/** The bar's accessor; valid until access_close. */
struct access_bar access_bar(struct access_dev *access, unsigned int index);

/**
 * The caller has nothing better to do: let the device get on. May return without anything done when
 * another thread is at it already. Any thread; never blocks.
 */
void access_idle(struct access_dev *access);

/** Let the device get on even under ACCESS_STEP_MANUAL. For tests. */
void access_step(struct access_dev *access);

/** Accesses that touched nothing the device has; 0 where this cannot be told. For tests. */
uint64_t access_stray(const struct access_dev *access);

/** Should a thread that polls in vain give way to others, as when the device needs the CPU too? */
bool access_gives_way(const struct access_dev *access);

/**
 * Make memory outside DPDK's own known to the device, or unknown again; the bus calls these for
 * rte_dev_dma_map and rte_dev_dma_unmap.
 *
 * @param iova must equal the address: the device shares this process's address space
 * @return 0, or a negative errno
 */
int access_dma_map(struct access_dev *access, void *addr, uint64_t iova, size_t len);
int access_dma_unmap(struct access_dev *access, void *addr, uint64_t iova, size_t len);

/** Read a 32-bit register. */
static inline uint32_t
access_read32(const struct access_bar *bar, uint32_t reg)
{
	if (likely(bar->mmio != NULL))
		return rte_read32(bar->mmio + reg);
	return (uint32_t)bar->dev->ops->read(bar->dev, bar->index, reg, 4);
}

/** Write a 32-bit register. */
static inline void
access_write32(const struct access_bar *bar, uint32_t reg, uint32_t value)
{
	if (likely(bar->mmio != NULL))
		rte_write32(value, bar->mmio + reg);
	else
		bar->dev->ops->write(bar->dev, bar->index, reg, value, 4);
}

/** Post a 64-byte line to a device that is called. */
static inline void
access_post_call(const struct access_bar *bar, uint64_t off, const void *line)
{
	bar->dev->ops->post(bar->dev, bar->index, off, line, 64);
}

#endif /* SLIPWAY_ACCESS_H */
