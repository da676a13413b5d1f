/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_VCHAN_H
#define SLIPWAY_MIC_VCHAN_H

/**
 * @file
 * The DMA device `dma_mic` of a card: mic_dmadev.c has its operations, mic_dmadev_fast.c the data
 * path. Virtual channel i is DMA channel i of the card.
 *
 * Of a virtual channel, an operation is a job of the DMA channel. Indexes of operations count from
 * the last start on.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_dmadev.h>
#include <rte_dmadev_pmd.h>

#include "mic_priv.h"
#include "mic_window.h"

/** Pieces at either end of a scattered copy. */
#define MIC_SGES_MAX 16
/** Operations that a channel may be set up for. */
#define MIC_DESC_LEAST 32
#define MIC_DESC_MOST  32768

struct mic_vchan {
	struct mic_dma_channel *ch;
	enum mic_way way;
	uint32_t open; /**< operations it takes: nb_desc, or 0 while it is stopped */
	uint64_t base; /**< jobs before the start */
	uint64_t enqueued, submitted, returned;
	uint64_t errors;
	struct mic_windows windows;

	/* Cold. */
	uint32_t nb_desc;
	struct rte_dma_stats before;  /**< of starts before this one */
	struct rte_dma_stats ignored; /**< at the last reset */
};

/** A DMA device. */
struct mic_dmadev {
	struct mic_vchan vchans[MIC_CHANNELS];

	/* Cold. */
	struct rte_dma_dev *dev;
	struct mic *mic;
	uint16_t nb_vchans; /**< configured */
	bool started;
};

extern const struct rte_dma_dev_ops mic_dmadev_ops;

/** Install the functions that applications call. */
void mic_dmadev_install(struct mic_dmadev *d);

#endif /* SLIPWAY_MIC_VCHAN_H */
