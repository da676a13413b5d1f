/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TEST_IRQ_H
#define SLIPWAY_DLB_TEST_IRQ_H

/**
 * @file
 * Interrupts of consumer queues on a bench: the registers of datasheet section 9.2, arming, and
 * time.
 */

#include "dlb_test_pci.h"

/** Codes of the CQ_ISR registers. */
enum { ISR_OFF = 0, ISR_VF = 1, ISR_MSIX = 2, ISR_MESSAGE = 3 };
/** Bits of the INT_ENB registers. */
enum { ON_TIMER = 1, ON_DEPTH = 2 };

static inline enum dlb_reg
irq_row(uint32_t port, enum dlb_reg ldb, enum dlb_reg dir)
{
	return port < DLB_LDB_PORTS ? ldb : dir;
}

static inline uint32_t
irq_number(uint32_t port)
{
	return port < DLB_LDB_PORTS ? port : port - DLB_LDB_PORTS;
}

/** Where a port's interrupt goes. */
static inline void
irq_route(struct rig *r, uint32_t port, uint32_t code, uint32_t vector)
{
	rig_write(r, irq_row(port, DLB_SYS_LDB_CQ_ISR, DLB_SYS_DIR_CQ_ISR), irq_number(port),
		  code << DLB_SYS_LDB_CQ_ISR_EN_CODE_LO | vector);
}

/** At how many QEs it fires. */
static inline void
irq_threshold(struct rig *r, uint32_t port, uint32_t threshold)
{
	rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, DLB_CHP_DIR_CQ_INT_DEPTH_THRSH),
		  irq_number(port), threshold - 1);
	rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_INT_ENB, DLB_CHP_DIR_CQ_INT_ENB),
		  irq_number(port), ON_DEPTH);
}

/** The HCW that arms it. */
static inline void
irq_arm(struct rig *r, uint32_t port)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
	rig_step(r);
}

/** Is it armed? */
static inline bool
irq_armed(struct rig *r, uint32_t port)
{
	static const enum dlb_reg rows[2][2] = {
		{DLB_CHP_LDB_CQ_INTR_ARMED0, DLB_CHP_LDB_CQ_INTR_ARMED1},
		{DLB_CHP_DIR_CQ_INTR_ARMED0, DLB_CHP_DIR_CQ_INTR_ARMED1},
	};
	uint32_t i = irq_number(port);

	return rig_read(r, rows[port >= DLB_LDB_PORTS][i / 32], 0) >> i % 32 & 1;
}

/** MSI-X on, every vector open; none has come so far. */
static inline void
irq_listen(struct rig *r)
{
	pci_listen(r);
	pci_msix_on(r);
	for (uint32_t v = 0; v < PCI_VECTORS; v++)
		rig_write(r, DLB_MSIX_VECTOR_CTRL, v, 0);
}

/** How often has a vector come since this was asked last? No other one may have. */
static inline uint64_t
irq_take(uint32_t vector)
{
	uint64_t n = pci_irqs[vector];

	pci_irqs[vector] = 0;
	for (unsigned int v = 0; v < PCI_VECTORS; v++)
		assert_int_equal(pci_irqs[v], 0);
	return n;
}

/** Step at a time; when the device wants the next one. */
static inline uint64_t
irq_step_at(struct rig *r, uint64_t now_ns)
{
	return r->dev->ops->step(r->dev, now_ns);
}

/** An event to the port: LDB ports are fed by queue 0, directed ones by their own. */
static inline void
irq_feed(struct rig *r, uint32_t port, uint64_t data)
{
	if (port < DLB_LDB_PORTS)
		rig_new(r, DLB_UNORDERED, 0, 0, data);
	else
		rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, irq_number(port),
						      0, 0, data));
}

#endif /* SLIPWAY_DLB_TEST_IRQ_H */
