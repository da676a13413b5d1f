/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_IRQ_PRIV_H
#define SLIPWAY_ACCESS_IRQ_PRIV_H

/**
 * @file
 * Inside the seam: interrupt vectors, as each reach has them.
 */

#include <stdatomic.h>

#include "access_irq.h"
#include "access_priv.h"

/** A vector, on a line of its own. */
struct access_irq {
	_Alignas(RTE_CACHE_LINE_SIZE) _Atomic uint32_t count; /**< times raised */
	_Atomic uint32_t sleepers;                            /**< on this one */
};

/** All of them. */
struct access_irqs {
	_Alignas(RTE_CACHE_LINE_SIZE) _Atomic uint32_t sleepers;
	_Alignas(RTE_CACHE_LINE_SIZE) _Atomic uint64_t claimed; /**< bit v - 1: vector v is */
	struct access_irq irq[ACCESS_IRQS + 1];
};

/* A device that is called: access_irq.c. */
int access_irqs_call_open(struct access_dev *access, struct access_irqs *irqs);
uint32_t access_irq_call_seen(struct access_dev *access, unsigned int vector);
void access_irq_call_sleep(struct access_dev *access, unsigned int vector, uint32_t seen,
			   uint64_t ns);

/** Where a capability is in configuration space, or 0. */
uint8_t access_find_cap(struct access_dev *access, uint8_t id);

/* Vectors by descriptors: access_irq_fd.c, access_vfu_irq.c, access_irq_pci.c. */
int access_irq_fds_call_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n);
void access_irq_fds_call_close(struct access_dev *access, enum access_irq_kind kind);
int access_irq_fds_pci_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n);
void access_irq_fds_pci_close(struct access_dev *access, enum access_irq_kind kind);
int access_irq_fds_vfu_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n);
void access_irq_fds_vfu_close(struct access_dev *access, enum access_irq_kind kind);
/** A vector of a device in this process goes to its descriptor: false when it has none. */
bool access_irq_fd_raise(struct access_dev *access, unsigned int vector);

/* A device on the PCI bus: access_irq_pci.c. */
int access_irqs_pci_open(struct access_dev *access, struct access_irqs *irqs);
void access_irqs_pci_close(struct access_dev *access);
uint32_t access_irq_pci_seen(struct access_dev *access, unsigned int vector);
void access_irq_pci_sleep(struct access_dev *access, unsigned int vector, uint32_t seen,
			  uint64_t ns);

#endif /* SLIPWAY_ACCESS_IRQ_PRIV_H */
