/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_TEST_RIG_H
#define SLIPWAY_MIC_DMA_TEST_RIG_H

/**
 * @file
 * The DMA engine without a card around it: card memory from 0 on, and host memory at the end of one
 * window of the SMPT and the beginning of the next.
 */

#include <stdatomic.h>

#include "mic_desc.h"
#include "mic_dma_engine.h"

/** Bytes of card memory. */
#define RIG_CARD (4u << 20)
/** Bytes of host memory in either window. */
#define RIG_HALF (2u << 20)
/** The window that ends with host memory; the next one begins with it. */
#define RIG_ENTRY  3u
#define RIG_WINDOW (UINT64_C(1) << 34)
/** Card address of host memory: RIG_HALF bytes below, and above, the window's end. */
#define RIG_EDGE (UINT64_C(0x8000000000) + (RIG_ENTRY + 1) * RIG_WINDOW)
#define RIG_HOST (RIG_EDGE - RIG_HALF)
/** A line that nobody may reach: there are no addresses from here on. */
#define RIG_END (UINT64_C(1) << 40)
/** Where rings, and what is written back, are by default. */
#define RIG_RING   (RIG_HOST + 0x100000)
#define RIG_STATUS (RIG_HOST + 0x1f0000)

/** How pointers are had. */
enum rig_map { RIG_WHOLE, RIG_PIECES, RIG_NEVER };

/** What stands in for the control half. */
struct mic_model {
	struct mic_dma *dma;
	enum rig_map map;
	_Atomic bool no_bus_master, no_card_os;
	_Atomic uint64_t host_irqs[32], card_irqs[34];
	uint64_t watch; /**< when this address is written to, channel 0's tail is looked at */
	uint32_t seen;
	unsigned char *card;
	unsigned char *host; /**< both halves, in one piece */
};

/** 0, or -ENOMEM. `config` may be NULL. */
int rig_create(struct mic_model *rig, const struct mic_model_config *config);
void rig_destroy(struct mic_model *rig);
/** Where an address of card or host memory lies. */
void *rig_at(struct mic_model *rig, uint64_t address);

/** Registers of a channel; `reg` is an offset as MIC_DHPR_AT is. */
uint32_t rig_read(struct mic_model *rig, uint32_t reg, unsigned int channel);
void rig_write(struct mic_model *rig, uint32_t reg, unsigned int channel, uint32_t value);
/** Read and write DCR. */
uint32_t rig_dcr(struct mic_model *rig);
void rig_dcr_write(struct mic_model *rig, uint32_t value);
/** Change DCR's bits of a channel. */
void rig_control(struct mic_model *rig, unsigned int channel, bool host_owned, bool enable);

/** Set a channel up as section 19.5 says, with its interrupt unmasked. */
void rig_open(struct mic_model *rig, unsigned int channel, bool host_owned, uint64_t ring,
	      uint32_t size);
/** Put a descriptor into a ring. */
void rig_desc(struct mic_model *rig, uint64_t ring, uint32_t at, struct mic_desc d);
/** Step until there is no more to do. */
void rig_finish(struct mic_model *rig);

#endif /* SLIPWAY_MIC_DMA_TEST_RIG_H */
