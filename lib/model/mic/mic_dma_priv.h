/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_PRIV_H
#define SLIPWAY_MIC_DMA_PRIV_H

/**
 * @file
 * Inside the DMA engine: registers of the channels (mic_dma.c), and who executes what rings say
 * (mic_dma_work.c).
 *
 *   off --enable--> on, idle --head--> on, at work --tail reaches head--> on, idle
 *    ^               |                    |
 *    +---disable-----+<----disable--------+--error--> stopped --disable--> off, DCHERR stays
 *
 * Two locks per channel. `lock` is of the registers, and held for a few instructions. `working` is
 * had by whoever executes descriptors, for a slice; only those who stop the channel wait for it.
 */

#include <stdatomic.h>

#include "bus_relax.h"
#include "mic_boot.h"
#include "mic_desc.h"
#include "mic_dma_engine.h"
#include "move.h"

/** DCHERR, what is suggested for it in section 19.8: no document says what its bits mean. */
enum mic_dma_error {
	MIC_DMA_BAD_TYPE = 1u << 0,
	MIC_DMA_BAD_ALIGNMENT = 1u << 1,
	MIC_DMA_BAD_ADDRESS = 1u << 2,
	MIC_DMA_BAD_HEAD = 1u << 3,
	MIC_DMA_BAD_RING = 1u << 4,
};

/** A channel. */
struct mic_dma_channel {
	/* Under `lock`. */
	_Alignas(64) atomic_bool lock;
	bool host_owned, enabled;
	bool stopped; /**< by an error, until it is enabled again with DCHERR cleared */
	bool tell;    /**< the interrupt is to be delivered */
	uint32_t head, tail, size;
	uint64_t ring;  /**< card physical address */
	uint64_t done;  /**< bytes of the descriptor at the tail */
	uint32_t epoch; /**< counts rings: what is done for an earlier one counts no more */
	uint32_t error; /**< DCHERR */
	uint32_t count; /**< descriptors completed: DSTAT of A steppings */
	uint32_t dcar, daux[2], drar_lo, drar_hi, ditr, dstatwb[2], dcherrmsk;
	uint64_t descriptors, bytes, interrupts, errors;

	/* Of whoever has `working`. */
	_Alignas(64) atomic_bool working;
	_Atomic uint32_t awaited; /**< so many wait for the end of a slice */
	atomic_bool fail;         /**< the next copy does */
	struct move_pace pace;
	struct mic_dma *dma;
	unsigned int number;
};

/** The engine. */
struct mic_dma {
	struct mic_model *m;
	bool a_stepping, dstat_16_bits, owner_card, after_boot_only;
	_Atomic uint32_t runnable; /**< bit of a channel: it may have something to do */
	atomic_bool lock;          /**< of DCR */
	uint32_t dcr;
	struct mic_dma_channel channel[MIC_DMA_CHANNELS];
};

static inline void
mic_dma_lock(atomic_bool *lock)
{
	unsigned int tries = 0;

	/* Pairs with the release in mic_dma_unlock. */
	while (atomic_exchange_explicit(lock, true, memory_order_acquire))
		bus_relax(tries++);
}

static inline bool
mic_dma_trylock(atomic_bool *lock)
{
	return !atomic_load_explicit(lock, memory_order_relaxed) &&
	       !atomic_exchange_explicit(lock, true, memory_order_acquire);
}

static inline void
mic_dma_unlock(atomic_bool *lock)
{
	atomic_store_explicit(lock, false, memory_order_release);
}

/** There may be something to do: under the channel's lock. */
static inline void
mic_dma_rouse(struct mic_dma_channel *c)
{
	atomic_fetch_or_explicit(&c->dma->runnable, 1u << c->number, memory_order_relaxed);
}

/** The channel stops: under its lock. */
static inline void
mic_dma_stop(struct mic_dma_channel *c, enum mic_dma_error error)
{
	c->error |= error;
	c->stopped = true;
	c->errors++;
}

/** What DSTAT counts: under the channel's lock. */
static inline uint32_t
mic_dma_count(const struct mic_dma_channel *c, uint32_t tail, uint32_t count)
{
	/* Why software reads DTPR instead on A steppings is not said: it does not wrap there. */
	uint32_t n = c->dma->a_stepping ? count : tail;

	return n & (c->dma->dstat_16_bits ? 0xffff : (uint32_t)REG_MASK(MIC_DSTAT_CMP_CNT));
}

#endif /* SLIPWAY_MIC_DMA_PRIV_H */
