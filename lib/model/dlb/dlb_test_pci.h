/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TEST_PCI_H
#define SLIPWAY_DLB_TEST_PCI_H

/**
 * @file
 * The configuration space of a DLB on a bench: reading and writing it, walking its capabilities,
 * function reset by way of it, and a host that notes which interrupt vectors come. For one thread.
 */

#include "dlb_test_case.h"

/** Standard places of the configuration header, bytes. */
enum test_pci_header {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_CLASS = 0x09,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_ROM_BAR = 0x30,
	PCI_CAP_POINTER = 0x34,
	PCI_EXT_BEGIN = 0x100,
	PCI_SIZE = 0x1000,
};

/** Bits of COMMAND. */
enum test_pci_command { PCI_MEMORY = 1 << 1, PCI_MASTER = 1 << 2, PCI_INTX_OFF = 1 << 10 };

/** Capability ids; those from PCI_AER on are extended ones. */
enum test_pci_id { PCI_PM = 0x01, PCI_MSIX = 0x11, PCI_PCIE = 0x10 };
enum test_pci_ext_id { PCI_AER = 0x01, PCI_ACS = 0x0d, PCI_PRI = 0x13, PCI_PASID = 0x1b };

/** Registers of the PCIe capability, from its begin. */
enum test_pci_pcie {
	PCIE_FLAGS = 0x02,
	PCIE_DEV_CAP = 0x04,
	PCIE_DEV_CTL = 0x08,
	PCIE_DEV_STA = 0x0a,
};
#define PCIE_DEV_CAP_FLR     (UINT32_C(1) << 28)
#define PCIE_DEV_CTL_FLR     0x8000u
#define PCIE_DEV_STA_PENDING 0x0020u

/** Bits of the MSI-X capability's control word. */
#define PCI_MSIX_ENABLE 0x8000u
#define PCI_MSIX_MASK   0x4000u
/** Vectors of the DLB. */
#define PCI_VECTORS 65u

/** Read up to 4 bytes of configuration space, little endian. */
static inline uint32_t
pci_read(struct rig *r, uint32_t off, size_t len)
{
	unsigned char bytes[4] = {0};

	assert_int_equal(r->dev->ops->config(r->dev, (uint16_t)off, bytes, len, false), 0);
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/** Write up to 4 bytes of configuration space, little endian. */
static inline void
pci_write(struct rig *r, uint32_t off, size_t len, uint32_t value)
{
	unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
				  (unsigned char)(value >> 16), (unsigned char)(value >> 24)};

	assert_int_equal(r->dev->ops->config(r->dev, (uint16_t)off, bytes, len, true), 0);
}

/** Where a capability begins, or 0. Fails on a list that is not one. */
static inline uint32_t
pci_capability(struct rig *r, uint32_t id)
{
	uint32_t at = pci_read(r, PCI_CAP_POINTER, 1);

	/* There is room for no more than 48 of them. */
	for (uint32_t hops = 0; at != 0; hops++) {
		uint32_t head = pci_read(r, at, 2);

		assert_true(hops < 48 && at >= 0x40 && at % 4 == 0);
		if ((head & 0xff) == id)
			return at;
		at = head >> 8;
	}
	return 0;
}

/** Where an extended capability begins, or 0. Fails on a list that is not one. */
static inline uint32_t
pci_extended(struct rig *r, uint32_t id)
{
	uint32_t at = PCI_EXT_BEGIN;

	for (uint32_t hops = 0; at != 0; hops++) {
		uint32_t head = pci_read(r, at, 4);

		assert_true(hops < 480 && at >= PCI_EXT_BEGIN && at % 4 == 0);
		if (head == 0 || head == UINT32_MAX)
			return 0;
		if ((head & 0xffff) == id)
			return at;
		at = head >> 20;
	}
	return 0;
}

/** Let BARs be reached and the device reach memory. */
static inline void
pci_enable(struct rig *r)
{
	pci_write(r, PCI_COMMAND, 2, PCI_MEMORY | PCI_MASTER);
}

/** Begin a function-level reset; nothing is enabled again. */
static inline void
pci_flr(struct rig *r)
{
	uint32_t ctl = pci_capability(r, PCI_PCIE) + PCIE_DEV_CTL;

	pci_write(r, ctl, 2, pci_read(r, ctl, 2) | PCIE_DEV_CTL_FLR);
}

/** After a reset: the bench forgets what it had set up, and the device gets to work again. */
static inline void
pci_begin_again(struct rig *r)
{
	r->hist_next = 0;
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	memset(r->dir_queue, 0, sizeof(r->dir_queue));
	pci_enable(r);
	rig_power_on(r);
	rig_set_dense(r, false);
}

/* ---- Interrupts ---- */

static uint64_t pci_irqs[PCI_VECTORS];

static inline void
pci_note_irq(struct bus_host *host, unsigned int vector)
{
	(void)host;
	assert_true(vector < PCI_VECTORS);
	pci_irqs[vector]++;
}

/** Note the interrupts of this bench from now on; none so far. */
static inline void
pci_listen(struct rig *r)
{
	static struct bus_host_ops ops;

	ops = *r->host.host.ops;
	ops.irq = pci_note_irq;
	r->host.host.ops = &ops;
	memset(pci_irqs, 0, sizeof(pci_irqs));
}

/** How often did vector 0 come? No other may have. */
static inline uint64_t
pci_irq0(void)
{
	for (unsigned int v = 1; v < PCI_VECTORS; v++)
		assert_int_equal(pci_irqs[v], 0);
	return pci_irqs[0];
}

/** MSI-X on, and vector 0 open. */
static inline void
pci_msix_on(struct rig *r)
{
	pci_write(r, pci_capability(r, PCI_MSIX) + 2, 2, PCI_MSIX_ENABLE);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
}

#endif /* SLIPWAY_DLB_TEST_PCI_H */
