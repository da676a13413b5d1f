/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_DMADEV_H
#define SLIPWAY_DSA_DMADEV_H

/**
 * @file
 * The operations of the DMA device API.
 */

#include <stdio.h>

#include "dsa_priv.h"

extern const struct rte_dma_dev_ops dsa_dmadev_ops;

/** What a channel that is set up is doing, as rte_dma_vchan_status says it. */
enum rte_dma_vchan_status dsa_vchan_condition(struct dsa *dsa, uint16_t vchan);

/** "idle", "active", "halted". */
const char *dsa_vchan_condition_name(enum rte_dma_vchan_status condition);

/** Has the device halted, or gone? Nothing that it would say of its work queues is true then. */
bool dsa_is_gone(const struct dsa *dsa);

/** The work queue of a channel. */
struct dsa_wq *dsa_wq_of(struct dsa *dsa, uint16_t vchan);

/** All there is to say about a device, for a person to read (dsa_dump.c). */
int dsa_dump(const struct rte_dma_dev *dev, FILE *f);

#endif /* SLIPWAY_DSA_DMADEV_H */
