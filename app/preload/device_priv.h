/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DEVICE_PRIV_H
#define SLIPWAY_DEVICE_PRIV_H

/**
 * @file
 * What device.c, device_irq.c and stepper.c know of a device.
 */

#include <stdatomic.h>

#include "device.h"

/** MSI-X vectors of a device; ours have fewer. */
#define UNIT_VECTORS 128
/** Locks of pages that are posted to: a page, and its alias 0x200000 above, share one. */
#define UNIT_LOCKS 512

/** Where to find what in config space. */
enum pci_off {
	PCI_OFF_COMMAND = 0x04,
	PCI_OFF_BAR0 = 0x10,
	PCI_OFF_CAPABILITIES = 0x34,
	PCI_HEADER_DWORDS = 16,
	/* Of a capability. */
	MSIX_CONTROL = 2,
	MSIX_TABLE = 4,
	MSIX_BYTES = 12,
	EXP_DEVCTL = 8,
};

/** Values there. */
enum pci_bits {
	PCI_COMMAND_MEMORY = 0x2,
	PCI_CAP_EXPRESS = 0x10,
	PCI_CAP_MSIX = 0x11,
	EXP_DEVCTL_FLR = 0x8000,
	MSIX_ENABLE = 0x8000,
	MSIX_MASK_ALL = 0x4000,
	MSIX_SIZE = 0x07ff,
	MSIX_BIR = 0x7,
};

/** A lock that is held for a moment, on a cache line of its own. */
struct page_lock {
	_Alignas(64) _Atomic uint32_t taken;
};

/** A device, with what only its owner knows. */
struct unit {
	struct device dev;    /* first: what others have is a pointer to this */
	struct bus_host host; /* what the model is plugged into */
	_Atomic(struct dma_space *) space;
	_Atomic uint64_t deadline; /* CLOCK_MONOTONIC, ns: step it then */
	struct page_lock *locks;   /* UNIT_LOCKS of them */
	uint32_t pasid; /* of this process, where the kernel has the device; else 0 */

	/* Cold: opening, closing, config space. */
	const struct model *model; /* what kind of device it is */
	struct served *served;     /* NULL: modelled here */
	unsigned int opens;
	uint8_t exp; /* capability of that kind, 0 when there is none */
	uint8_t msix;
	bool irqs_on;
	_Atomic int eventfd[UNIT_VECTORS];
};

/** Config space as the device has it: a 16-bit or 32-bit word. */
uint32_t unit_config_get(struct unit *u, unsigned int off, unsigned int len);
void unit_config_set(struct unit *u, unsigned int off, unsigned int len, uint32_t value);

/** Host operation: raise an interrupt. */
void unit_irq(struct bus_host *host, unsigned int vector);

/** No vector has an eventfd; those there were are not closed. */
void unit_irqs_forget(struct unit *u);

/** Let a device do its work. Safe in signal handlers. */
void unit_step(struct unit *u);

/** Start the thread that steps devices when their time has come, unless it runs. 0 or -errno. */
int stepper_start(void);

/** A device wants to be stepped earlier than was known. Safe in signal handlers. */
void stepper_wake(void);

/** In a child after fork: the thread is not there. */
void stepper_forked(void);

#endif /* SLIPWAY_DEVICE_PRIV_H */
