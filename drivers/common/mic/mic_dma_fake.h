/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_FAKE_H
#define SLIPWAY_MIC_DMA_FAKE_H

/**
 * @file
 * A card that has nothing but host DMA channels, for tests of the driver: it does what section 19
 * says, as plainly as can be, when it is polled. It stands in for mic_dev.h and for the seam.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mic_desc.h"
#include "mic_dev.h"

/** Bytes of card memory. */
#define FAKE_CARD 65536u
/** Card address of host memory: the first window of the SMPT leads to where all of it is. */
#define FAKE_HOST UINT64_C(0x8000000000)

struct fake_channel {
	uint32_t dcar, head, tail, lo, hi, dcherr;
	bool stopped;
};

struct mic_dev {
	struct fake_channel channel[MIC_DMA_CHANNELS];
	uint32_t dcr;
	uint64_t host; /**< what FAKE_HOST leads to: a multiple of 16 GiB */
	uint8_t card[FAKE_CARD];
	unsigned int mapped, reads, writes, polls;
	/* What a test asks for. */
	bool gone, no_memory, never_up;
	bool blind;            /**< registers read as all ones */
	unsigned int per_poll; /**< descriptors executed in a poll; 0: none */
	bool lies;             /**< statuses are nonsense */
	bool late;             /**< DCHERR shows when it is read for the second time */
	bool posts;            /**< what is written to DCR arrives with the next read */
	bool has_posted;
	uint32_t posted_dcr;
	void (*event)(void *arg, enum mic_dev_event e);
	void *arg;
};

/** Put it back to where it begins, host memory being around `host`. */
void fake_reset(struct mic_dev *dev, const void *host);
/** Card address of host memory. */
uint64_t fake_address(const struct mic_dev *dev, const void *host);
/** A reset as the driver has it: told of, done, over. */
void fake_card_reset(struct mic_dev *dev, bool runs_again);

#endif /* SLIPWAY_MIC_DMA_FAKE_H */
