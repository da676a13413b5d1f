/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_H
#define SLIPWAY_MIC_DMA_H

/**
 * @file
 * The DMA channels of a card that belong to the host, 0 to 3 (datasheet section 19). A channel is
 * used by one thread at a time; opening and closing is control path.
 *
 * A job is one or several copies that end together. Jobs of a channel are executed, and end, in
 * order; they are numbered from 0 on. Addresses are the card's: card memory, or host memory as
 * mic_dev_map gives it. Addresses and lengths are multiples of 64; host to host is not possible.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct mic_dev;
struct mic_dma_channel;

/** Descriptors of a ring, at least; MIC_DMA_RING_MOST (mic_desc.h) at most. */
#define MIC_DMA_RING_LEAST 64

/** How a job ended. */
enum mic_dma_status {
	MIC_DMA_OK,
	MIC_DMA_ERROR,   /**< the channel stopped at it */
	MIC_DMA_ABORTED, /**< the card was reset or is lost */
};

/** One copy of a job. */
struct mic_dma_piece {
	uint64_t dst, src;
	uint64_t len;
};

/**
 * Claim a channel and set it up.
 *
 * @param descriptors of its ring; rounded up to a multiple of 4
 * @param holder who claims it, for the message that refuses the next one; outlives the channel
 * @return 0, -EBUSY when it is taken, -EINVAL, -ENOMEM, -ENOSPC when the SMPT is full, -EIO when
 *   the channel does not come up
 */
int mic_dma_open(struct mic_dev *dev, unsigned int channel, uint32_t descriptors, int numa_node,
		 const char *holder, struct mic_dma_channel **ch);
/** Stop it, and give it back. Jobs that have not ended may have been done. NULL is allowed. */
void mic_dma_close(struct mic_dma_channel *ch);

/** One copy as a job: its number, or -ENOSPC, -EINVAL, -EIO while the card is not there. */
int64_t mic_dma_copy(struct mic_dma_channel *ch, uint64_t dst, uint64_t src, uint64_t len);
/** The same of several copies, 1 or more. */
int64_t mic_dma_copies(struct mic_dma_channel *ch, const struct mic_dma_piece pieces[], uint32_t n);
/** Hand over to the engine what was asked for. */
void mic_dma_submit(struct mic_dma_channel *ch);
/**
 * How many jobs have ended since the last call.
 *
 * @param max so many at most
 * @param status how each ended, `max` of them, or NULL
 */
uint16_t mic_dma_done(struct mic_dma_channel *ch, uint16_t max, enum mic_dma_status status[]);
/** The same up to the next one that has not ended well: `*bad` is true then, else left alone. */
uint16_t mic_dma_done_well(struct mic_dma_channel *ch, uint16_t max, bool *bad);
/** Descriptors there is room for: a job takes one for each 1 MiB - 64, or part, of each copy. */
uint32_t mic_dma_room(const struct mic_dma_channel *ch);

/** Are there jobs, submitted, that have not ended? Lets them get on. */
bool mic_dma_busy(struct mic_dma_channel *ch);
/** Have all jobs ended, as far as is known? */
bool mic_dma_empty(const struct mic_dma_channel *ch);
/** What has not ended ends as MIC_DMA_ABORTED, and touches no memory from now on. */
void mic_dma_drop(struct mic_dma_channel *ch);
/** Is the card reset or lost, so that no job is taken? */
bool mic_dma_halted(const struct mic_dma_channel *ch);
/** Ring, jobs and registers, for a person to read. */
void mic_dma_dump(struct mic_dma_channel *ch, FILE *f);

#endif /* SLIPWAY_MIC_DMA_H */
