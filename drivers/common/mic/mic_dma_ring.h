/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_RING_H
#define SLIPWAY_MIC_DMA_RING_H

/**
 * @file
 * A channel as the files of DMA have it: mic_dma.c sets up, mic_dma_fast.c is the data path, and
 * mic_dma_trouble.c sees to errors, resets and a lost card.
 *
 * Jobs are counted from the start of the channel on:
 *
 *     returned <= done <= submitted <= marked <= jobs
 *        |         |          |          |         +-- the next one gets this number
 *        |         |          |          +-- a status descriptor tells of those before
 *        |         |          +-- the engine has those before
 *        |         +-- those before have ended
 *        +-- the caller was told of those before
 *
 * A status descriptor writes the number of jobs before it to a word of host memory, so that nobody
 * has to read a register to know what has ended. There is one behind every submit, and in long ones
 * one every few jobs.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_log.h>

#include "mic_desc.h"
#include "mic_dev.h"
#include "mic_dma.h"

struct rte_memzone;

/** Jobs between two status descriptors, at most: a power of two. */
#define MIC_DMA_MARK_EVERY 16
/** ... and bytes, so that the first of some long ones is told, and another one submitted, while the
 * channel is at the next.
 */
#define MIC_DMA_MARK_BYTES (256u << 10)
/** Empty polls before a thread that shares its CPU with the device gives way. */
#define MIC_DMA_POLLS_BEFORE_YIELD 256
/** Empty polls between looks at the clock, a power of two ... */
#define MIC_DMA_POLLS_BEFORE_CLOCK 64
/** ... and microseconds without progress between looks at the channel's registers. */
#define MIC_DMA_LOOK_US 1000

struct mic_dma_channel {
	/* Asking for copies. */
	struct mic_desc *ring;
	uint64_t *ends;         /**< descriptors before the end of a job, by job & mask */
	uint64_t posted, freed; /**< descriptors written; known to be done */
	uint64_t jobs, marked, submitted;
	uint64_t unmarked;   /**< bytes of the jobs behind the last status descriptor */
	uint32_t size, head; /**< of the ring; where the next descriptor goes */
	uint32_t open;       /**< size, or 0: no job is taken */
	uint32_t mask;       /**< of jobs */
	uint64_t status_address;

	/* Submitting. */
	struct mic_dev *dev;
	uint32_t doorbell; /**< DHPR, in BAR4 */
	uint32_t pushed;   /**< its value */

	/* Completing. */
	_Atomic uint64_t *status __rte_cache_aligned;
	uint64_t done, returned;
	uint8_t *bad;    /**< how a job ended, by job & mask: enum mic_dma_status */
	uint64_t nb_bad; /**< of those done and not returned, and at the device: not MIC_DMA_OK */
	uint64_t look_at;  /**< time stamp; 0: progress was made */
	uint64_t patience; /**< MIC_DMA_LOOK_US, as time stamps count */
	uint32_t in_vain;
	bool gives_way;
	uint32_t cuts_seen;

	/* Told by whoever resets the card. */
	_Atomic uint32_t cuts
		__rte_cache_aligned; /**< so many times, what was in flight was lost */
	atomic_bool runs;

	/* Cold. */
	unsigned int number;
	uint64_t errors, lost; /**< jobs that ended as MIC_DMA_ERROR, MIC_DMA_ABORTED */
	uint64_t ring_address; /**< MIC address of the memory */
	uint64_t bytes;
	const struct rte_memzone *memory;
	struct mic_dma_claims *claims;
};

extern int mic_common_logtype;

#define MIC_DMA_LOG(level, ch, fmt, ...)                                              \
	rte_log(RTE_LOG_##level, mic_common_logtype, "%s: DMA channel %u: " fmt "\n", \
		mic_dev_name((ch)->dev), (ch)->number, ##__VA_ARGS__)
/** The same for what the card gives cause for. */
#define MIC_DMA_LOG_CARD(level, ch, fmt, ...)                                        \
	mic_dev_log_card((ch)->dev, RTE_LOG_##level, "DMA channel %u: " fmt, \
			 (ch)->number, ##__VA_ARGS__)

/** A register of the channel. */
static inline uint32_t
mic_dma_reg(const struct mic_dma_channel *ch, uint32_t at)
{
	return at + ch->number * MIC_DMA_CHANNEL_BYTES;
}

/** Take what the status word says. */
static inline void
mic_dma_collect(struct mic_dma_channel *ch)
{
	/* Pairs with the engine's ordered write: the data of those jobs is there. */
	uint64_t n = atomic_load_explicit(ch->status, memory_order_acquire);

	/* The card may write there what it likes. */
	if (n - ch->done - 1 < ch->submitted - ch->done) {
		ch->done = n;
		ch->freed = ch->ends[(n - 1) & ch->mask];
		ch->look_at = 0;
	}
}

/** Turn the channel on or off in DCR, which has bits of all channels. */
void mic_dma_control(struct mic_dma_channel *ch, bool on);
/** Off for good, or until it is set up anew. */
void mic_dma_turn_off(struct mic_dma_channel *ch);
/** Set the channel up (section 19.5): 0, or -EIO. It has no jobs in flight. */
int mic_dma_set_up(struct mic_dma_channel *ch);

/** Nothing has come for long: does the channel still run? */
void mic_dma_look(struct mic_dma_channel *ch);
/** The card was reset, or is lost: what has not ended ends now. */
void mic_dma_cut_off(struct mic_dma_channel *ch);
/** No job is taken: can that be changed? 0, -ENOSPC, -EIO. */
int mic_dma_no_room(struct mic_dma_channel *ch);

#endif /* SLIPWAY_MIC_DMA_RING_H */
