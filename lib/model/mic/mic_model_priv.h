/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_MODEL_PRIV_H
#define SLIPWAY_MIC_MODEL_PRIV_H

/**
 * @file
 * The control half of a MIC: configuration space, registers, SMPT, interrupts, doorbells, reset and
 * bootstrap. The DMA engine is behind mic_dma_engine.h and has locks of its own.
 *
 * One lock, taken at the door by whoever reads or writes a register or configuration space, and by
 * the bootstrap's steps. Who raises an interrupt does not wait for it: sources go into `raised`,
 * and whoever has the lock sees to them before it goes.
 */

#include <stdatomic.h>

#include "bus_relax.h"
#include "mic_boot.h"
#include "mic_dma_engine.h"
#include "mic_irq.h"
#include "mic_model.h"
#include "pci_config.h"
#include "regfile.h"

#define MIC_CACHE_LINE 64

/** How the bootstrap stands. */
struct mic_bootstrap {
	/** Power in the lowest byte, resets above it: both at once, for any thread. */
	_Atomic uint64_t state;
	_Atomic bool waiting; /**< a step has something to do */
	bool booted;          /**< the boot interrupt came; the next step looks at the image */
	bool trains;          /**< memory training runs, which power-on and a switch ask for */
	bool scribbles;       /**< ... and memory is not what it was */
	bool timed;           /**< `since` is known: a step has come */
	uint64_t since;       /**< when the first step after the reset was */
	uint64_t scribbled;   /**< bytes of memory so far */
	struct mic_model_boot image;
	char error[128];
};

struct mic_model {
	struct bus_device dev;
	struct bus_host *host;
	struct mic_model_config config;
	struct mic_dma *dma;
	_Atomic uint64_t stray;
	_Atomic uint64_t now; /**< of the last step */

	/* Read by accesses and by the engine, without the lock. */
	_Alignas(MIC_CACHE_LINE) _Atomic bool answers; /**< bars can be reached */
	_Atomic bool blind;                            /**< registers read as ones */
	_Atomic bool master;                           /**< the host's memory can be reached */
	_Atomic uint32_t smpt[MIC_SMPT_ENTRIES];

	_Alignas(MIC_CACHE_LINE) _Atomic uint32_t raised; /**< sources nobody has seen to yet */
	_Atomic uint64_t card_irqs;

	_Alignas(MIC_CACHE_LINE) _Atomic uint32_t held;
	bool linked;
	struct pci_config pci;
	struct regfile *regs;
	struct mic_irq irq;
	struct mic_bootstrap boot;
};

static inline struct mic_model *
mic_model_of(struct bus_device *dev)
{
	return (struct mic_model *)dev;
}

static inline uint32_t
mic_reg(const struct mic_model *m, enum mic_reg row, uint32_t i)
{
	return regfile_get(m->regs, row, i);
}

static inline void
mic_reg_set(struct mic_model *m, enum mic_reg row, uint32_t i, uint32_t value)
{
	regfile_put(m->regs, row, i, value);
}

static inline enum mic_model_power
mic_power(const struct mic_model *m)
{
	return (enum mic_model_power)(atomic_load_explicit(&m->boot.state, memory_order_acquire) &
				      0xff);
}

/* mic_model.c: the lock. */

void mic_lock(struct mic_model *m);
void mic_unlock(struct mic_model *m);
/** Host memory may not be used any more by whoever has looked it up before. Lock held or not. */
void mic_let_go(struct mic_model *m);

/* mic_pci.c: configuration space. Lock held. */

void mic_pci_create(struct mic_model *m);
int mic_pci_read(struct mic_model *m, uint16_t off, void *bytes, size_t len);
int mic_pci_write(struct mic_model *m, uint16_t off, const void *bytes, size_t len);
/** What it says, or the link, has changed, or may have. */
void mic_pci_apply(struct mic_model *m);

/* mic_regs.c: registers, by offset in BAR4. These take the lock themselves. */

/** 0 or -ENOMEM. */
int mic_regs_create(struct mic_model *m);
/** Back to what they are after a reset: of the card, or of all. Lock held. */
void mic_regs_reset(struct mic_model *m, bool power);
/** A word; what is not there reads 0, and counts. */
uint32_t mic_regs_read(struct mic_model *m, uint32_t off);
/** Write the bits of `mask`. */
void mic_regs_write(struct mic_model *m, uint32_t off, uint32_t value, uint32_t mask);

/* mic_smpt.c: addresses. Lock held, but for what the engine uses. */

void mic_smpt_reset(struct mic_model *m);
void mic_smpt_wrote(struct mic_model *m, unsigned int entry, uint32_t value);

/* mic_doorbell.c: doorbells of both directions, and interrupts to the host. Lock held. */

/** Doorbell `db` to the card is rung. */
void mic_doorbell_ring(struct mic_model *m, unsigned int db);
/** Raise these vectors at the host. */
void mic_doorbell_tell(struct mic_model *m, uint16_t vectors);

/* mic_boot.c: resets and the bootstrap. Lock held. */

/** RGCR, or everything: power-on and resets of the function, of which it has none of its own. */
void mic_boot_reset(struct mic_model *m, bool power);
/** The boot interrupt. */
void mic_boot_start(struct mic_model *m);
/** When it wants to be called again. */
uint64_t mic_boot_step(struct mic_model *m, uint64_t now_ns);

/* mic_image.c: is what the host has put into card memory something to start? */

/** false: `error` says why not. */
bool mic_image_check(const struct mic_model_config *config, uint32_t size,
		     struct mic_model_boot *boot, char error[128]);

#endif /* SLIPWAY_MIC_MODEL_PRIV_H */
