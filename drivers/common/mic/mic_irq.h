/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_IRQ_H
#define SLIPWAY_MIC_IRQ_H

/**
 * @file
 * Interrupts from a card (section 8). Each source has a vector of its own with MSI-X; with MSI and
 * INTx all share one, and SICR0 tells which came; where there are none, SICR0 is polled.
 *
 *   card rings -> SICR0 bit -> enabled: message -> descriptor readable -> control thread:
 *     acknowledge, re-arm (the stepping's workaround), then the handlers
 *
 * Acknowledged and re-armed before the handlers look, so that what comes later fires again: no
 * doorbell is lost, and a handler may be called for what it has seen to already.
 */

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mic_regs.h"

struct mic_dev;

/** How interrupts come; bits of what may be used, best first. */
enum mic_irq_mode {
	MIC_IRQ_MSIX = 1 << 0,
	MIC_IRQ_MSI = 1 << 1,
	MIC_IRQ_INTX = 1 << 2,
	MIC_IRQ_POLL = 1 << 3,
	MIC_IRQ_ALL = 15,
};

/** Doorbells, DMA channels of the host, errors: so many vectors as sources. */
#define MIC_IRQ_VECTORS  9u
#define MIC_IRQ_HANDLERS 64u
#define MIC_IRQ_SOURCES  32u

struct mic_irq_handler {
	void (*handler)(void *arg); /**< NULL: free */
	void *arg;
	unsigned int source;
};

struct mic_irq {
	enum mic_irq_mode mode;
	unsigned int nb_fds;
	int fds[MIC_IRQ_VECTORS];

	/** Recursive: held while handlers run, so that to detach one is to wait for it. */
	pthread_mutex_t lock;
	uint32_t map[MIC_IRQ_VECTORS]; /**< sources of each vector, as in its MXAR */
	uint32_t wanted;               /**< sources that have a handler, or had one */
	struct mic_irq_handler handlers[MIC_IRQ_HANDLERS];

	uint64_t fired[MIC_IRQ_SOURCES], spurious;
};

/** Find a mode that works and enable the sources: 0, or -ENOTSUP after one log line. */
int mic_irq_open(struct mic_dev *dev, unsigned int modes);
/** Disable them. */
void mic_irq_close(struct mic_dev *dev);
/** After a reset: the card has forgotten all of it. */
void mic_irq_restore(struct mic_dev *dev);

/** Descriptors to wait for. */
unsigned int mic_irq_collect(const struct mic_dev *dev, struct pollfd p[], unsigned int max);
/** See to those that are readable, and to all sources where they are polled. */
void mic_irq_serve(struct mic_dev *dev, const struct pollfd p[], unsigned int n);

const char *mic_irq_mode_name(enum mic_irq_mode mode);

#endif /* SLIPWAY_MIC_IRQ_H */
