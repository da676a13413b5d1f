/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_ENGINE_H
#define SLIPWAY_MIC_DMA_ENGINE_H

/**
 * @file
 * Inside the model of the MIC: the seam between its control half and its DMA engine, eight channels
 * that copy by themselves what descriptors in rings say (datasheet section 19). The control half
 * routes every access to SBOX 0xA000..0xA1FF and to DCR, 0xA280, here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "mic_model.h"

struct mic_model;
struct mic_dma;

/* ---- What the engine asks of the control half ---- */

/*
 * The first four are called by whoever executes descriptors, from any thread, while a register
 * write may be waiting for the end of a piece of work: they must not wait for the control half's
 * lock. mic_irq_host and mic_irq_card are called with nothing held.
 */

/** Memory at a card physical address, of the card or through the SMPT: NULL without a pointer. */
void *mic_address_map(struct mic_model *m, uint64_t address, size_t *len, enum bus_prot prot);
/** Copy where no pointer is had: 0, or a negative errno. */
int mic_address_copy(struct mic_model *m, uint64_t address, void *bytes, size_t len, bool write);
/** May the card reach host memory? */
bool mic_bus_master(const struct mic_model *m);
/** Is a card OS up? */
bool mic_card_runs(const struct mic_model *m);
/** Set a source bit in SICR0; takes the lock itself. */
void mic_irq_host(struct mic_model *m, unsigned int source);
/** Raise an interrupt of the card (section 9.2). */
void mic_irq_card(struct mic_model *m, unsigned int number);

/* ---- What it does for the control half ---- */

/** Make the engine as it is after power-on. `config`: stepping and what is open. 0, -ENOMEM. */
int mic_dma_create(struct mic_model *m, const struct mic_model_config *config,
		   struct mic_dma **dma);
/** Nobody may be calling it. NULL is allowed. */
void mic_dma_destroy(struct mic_dma *dma);

/**
 * Forget everything, as a reset does. When it returns no memory is touched any more. May wait for
 * the end of a piece of work, some 256 KiB; may be called with the control half's lock held.
 */
void mic_dma_reset(struct mic_dma *dma);
/** Wait until nobody uses an address that was looked up before: for a change of the host's map. */
void mic_dma_remap(struct mic_dma *dma);

/**
 * Registers, by offset in the SBOX (one in BAR4 will do, too). A write to DCR that disables a
 * channel waits as a reset does.
 */
uint32_t mic_dma_read(struct mic_dma *dma, uint32_t sbox_off);
void mic_dma_write(struct mic_dma *dma, uint32_t sbox_off, uint32_t value);

/**
 * Execute descriptors, a bounded slice (some 256 KiB) per channel and call. Any number of threads
 * at once; a channel is in one of them at most, the others go past it. Called without the control
 * half's lock.
 *
 * @return true: there is more to do at once, by this thread
 */
bool mic_dma_step(struct mic_dma *dma);
/** Is there work that others are at? They may go away before it is done. */
bool mic_dma_at_work(struct mic_dma *dma);

/** The next copy descriptor of a channel fails. */
void mic_dma_fail(struct mic_dma *dma, unsigned int channel);
/** As mic_model_channel_stats. Any thread. */
bool mic_dma_stats(struct mic_dma *dma, unsigned int channel,
		   struct mic_model_channel_stats *stats);

#endif /* SLIPWAY_MIC_DMA_ENGINE_H */
