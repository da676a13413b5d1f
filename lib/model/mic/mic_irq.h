/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_IRQ_H
#define SLIPWAY_MIC_IRQ_H

/**
 * @file
 * Interrupts of the card to its host: which status bits reach which vectors, and when. Datasheet
 * section 8. Values in, vectors out: no lock, no device, so that every interleaving can be tried.
 *
 * Each function changes one thing, and returns the vectors that are to be raised now, a bit each;
 * bit 0 stands for the one of INTx, too.
 *
 * No event is lost. What is set and enabled is told to every vector it is assigned to: when it
 * happens, when it is enabled, when it is assigned, when the mode changes, whichever comes last. A
 * message that may not go out now waits in `pending`. With INTx, status that is left after software
 * has cleared or enabled something is told again, because the line is still asserted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mic_regs.h"

enum mic_irq_mode { MIC_IRQ_INTX, MIC_IRQ_MSI, MIC_IRQ_MSIX };

/** What configuration space says about interrupts. */
struct mic_irq_route {
	enum mic_irq_mode mode;
	unsigned int granted; /**< MSI: vectors that may be used, a power of two */
	bool may_send;        /**< messages: it is bus master, and MSI-X is not masked as a whole */
	bool intx_off;        /**< the line may not be asserted */
};

/** Stepping workarounds that drivers have to prove (section 8.6). */
struct mic_irq_quirks {
	bool consumes; /**< a delivered source is no longer enabled (item M35) */
	bool sticks;   /**< a sent vector stays pending until MSIXPBACR is written */
};

struct mic_irq {
	struct mic_irq_route route;
	struct mic_irq_quirks quirks;
	uint32_t status, enable, autoclear; /**< SICR0, SICE0, SIAC0 */
	uint32_t told; /**< status that was delivered by a message since it was set */
	uint32_t assigned[MIC_VECTORS]; /**< MXAR */
	uint16_t masked;  /**< MSI-X vectors */
	uint16_t pending; /**< messages that wait */
	uint16_t stuck;   /**< messages that were sent, but nobody has cleared what says they wait */
	bool asserted;    /**< INTx */
};

/** As after power-on. */
void mic_irq_create(struct mic_irq *q, struct mic_irq_quirks quirks);
/** The card is reset: all but the route and the masks, which are in the host's hands. */
void mic_irq_reset(struct mic_irq *q);

/** Events of these sources. */
uint16_t mic_irq_raise(struct mic_irq *q, uint32_t sources);
/** SICR0 is written. */
uint16_t mic_irq_clear(struct mic_irq *q, uint32_t sources);
/** SICE0 is written. */
uint16_t mic_irq_enable(struct mic_irq *q, uint32_t sources);
/** SICC0 is written. */
uint16_t mic_irq_disable(struct mic_irq *q, uint32_t sources);
/** MXAR of a vector is written. */
uint16_t mic_irq_assign(struct mic_irq *q, unsigned int vector, uint32_t sources);
/** The mask of a vector in the MSI-X table is written. */
uint16_t mic_irq_mask(struct mic_irq *q, unsigned int vector, bool masked);
/** MSIXPBACR is written. */
uint16_t mic_irq_unstick(struct mic_irq *q);
/** Configuration space was written. */
uint16_t mic_irq_route(struct mic_irq *q, const struct mic_irq_route *route);

/** The pending bits that software sees. */
static inline uint16_t
mic_irq_pba(const struct mic_irq *q)
{
	return q->pending | q->stuck;
}

#endif /* SLIPWAY_MIC_IRQ_H */
