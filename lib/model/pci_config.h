/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_PCI_CONFIG_H
#define SLIPWAY_PCI_CONFIG_H

/**
 * @file
 * The configuration space of a PCI Express function: 4096 bytes, each with a reset value and masks
 * that say what a write does to it. A device builds it once, capability by capability; afterwards
 * reading and writing need to know nothing of what is where. Bits no builder names read 0, and
 * writes to them are ignored, as are writes to read-only bits.
 *
 * Not thread-safe: its owner holds a lock around every call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of it. */
#define PCI_CFG_BYTES 4096u

/* Type-0 header: offsets, and the bits of COMMAND that a device acts on. */
#define PCI_CFG_VENDOR         0x00
#define PCI_CFG_DEVICE         0x02
#define PCI_CFG_COMMAND        0x04
#define PCI_CFG_COMMAND_MEMORY 0x0002
#define PCI_CFG_COMMAND_MASTER 0x0004
#define PCI_CFG_STATUS         0x06
#define PCI_CFG_REVISION       0x08
#define PCI_CFG_CLASS          0x09
#define PCI_CFG_CACHE_LINE     0x0c
#define PCI_CFG_BAR(n)         (0x10 + 4 * (n))
#define PCI_CFG_SUB_VENDOR     0x2c
#define PCI_CFG_SUB_DEVICE     0x2e
#define PCI_CFG_CAPABILITIES   0x34
#define PCI_CFG_IRQ_LINE       0x3c

/* Capabilities: their ids, and the registers in them that a device acts on. */
#define PCI_CAP_PM       0x01
#define PCI_CAP_MSI      0x05
#define PCI_CAP_PCIE     0x10
#define PCI_CAP_MSIX     0x11
#define PCI_EXT_AER      0x0001
#define PCI_EXT_VC       0x0002
#define PCI_EXT_ACS      0x000d
#define PCI_EXT_ATS      0x000f
#define PCI_EXT_PRS      0x0013
#define PCI_EXT_TPH      0x0017
#define PCI_EXT_LTR      0x0018
#define PCI_EXT_PASID    0x001b
#define PCI_EXT_DVSEC    0x0023
#define PCI_PM_CSR       0x04 /**< power state, bits 1:0; bit 3: D3hot keeps state */
#define PCI_ATS_CONTROL  0x06 /**< bit 15 enables */
#define PCI_PASID_CAPS   0x04 /**< bit 2 privileged mode, bits 12:8 width */
#define PCI_PASID_CONTROL 0x06 /**< bit 0 enables, bit 2 allows privileged mode */
#define PCI_PRS_CONTROL  0x04 /**< bit 0 enables */
#define PCI_PRS_ALLOC    0x0c /**< page requests that may be outstanding */
#define PCI_PCIE_DEVCTL  0x08 /**< Device Control; bit 15 asks for a function-level reset */
#define PCI_MSI_CONTROL  0x02
#define PCI_MSI_ENABLE   0x0001
#define PCI_MSIX_CONTROL 0x02
#define PCI_MSIX_MASK    0x4000 /**< all vectors masked */
#define PCI_MSIX_ENABLE  0x8000

/** Who the function says it is. */
struct pci_ids {
	uint16_t vendor, device;
	uint16_t sub_vendor, sub_device;
	uint32_t class_code; /**< 24 bits: class, subclass, interface */
	uint8_t revision;
};

/** What the PCI Express capability of an endpoint says. */
struct pci_express {
	uint32_t device;         /**< Device Capabilities */
	uint16_t device_control; /**< Device Control after reset */
	uint32_t device2;        /**< Device Capabilities 2 */
	uint32_t link;           /**< Link Capabilities */
	uint16_t link_status;
	bool integrated;         /**< root complex integrated: there is no link */
	uint16_t control2;       /**< integrated: bits of Device Control 2 that a write stores */
};

/** Where MSI-X keeps its table and pending bits. */
struct pci_msix {
	uint16_t vectors;           /**< 1..2048 */
	uint8_t table_bar, pba_bar; /**< 0..5 */
	uint32_t table, pba;        /**< offsets in those bars, multiples of 8 */
};

/** The configuration space. Only `value` changes once it is built. */
struct pci_config {
	uint8_t value[PCI_CFG_BYTES];
	uint8_t reset[PCI_CFG_BYTES];
	uint8_t writable[PCI_CFG_BYTES]; /**< bits a write stores */
	uint8_t clear[PCI_CFG_BYTES];    /**< bits that writing 1 clears */
	uint8_t sticky[PCI_CFG_BYTES];   /**< bits that a function-level reset leaves alone */
	uint16_t last, last_ext;         /**< capability added last, 0 for none */
	uint16_t pm, pcie, msi, msix;    /**< where those are, 0 for none */
};

/** Start building: a type-0 header without bars and capabilities. */
void pci_config_create(struct pci_config *c, const struct pci_ids *ids);

/**
 * A field of 1, 2 or 4 bytes, little endian.
 *
 * @param off of its first byte
 * @param reset value after reset
 * @param writable bits a write stores
 * @param sticky bits that a function-level reset leaves alone
 */
void pci_config_field(struct pci_config *c, uint16_t off, unsigned int size, uint32_t reset,
		      uint32_t writable, uint32_t sticky);

/**
 * A 64-bit memory bar in slots `n` and `n + 1`. Writing all ones shows its size, as on a bus.
 *
 * @param n 0..4
 * @param size bytes, a power of two, 16 or more
 */
void pci_config_bar64(struct pci_config *c, unsigned int n, uint64_t size, bool prefetchable);

/* Capabilities: each takes its place in the list behind the one that was added before. `off` is a
 * multiple of 4, and what lies from there on is free: 64..255 for MSI, MSI-X, PCI Express and power
 * management, from 256 on for the others, of which the first one has to be at 256.
 */

/** MSI, 14 bytes: 64-bit addresses, no masks; `vectors` is a power of two up to 32. */
void pci_config_msi(struct pci_config *c, uint16_t off, unsigned int vectors);
/** MSI-X, 12 bytes. */
void pci_config_msix(struct pci_config *c, uint16_t off, const struct pci_msix *msix);
/** PCI Express version 2 of an endpoint, 60 bytes. */
void pci_config_pcie(struct pci_config *c, uint16_t off, const struct pci_express *pcie);
/** Power management, 8 bytes: D0 and D3hot; the way back to D0 is a reset. */
void pci_config_pm(struct pci_config *c, uint16_t off);
/** The same, and D3hot keeps all state: the way back is no reset. */
void pci_config_pm_keeps(struct pci_config *c, uint16_t off);
/** Advanced Error Reporting of an endpoint, 72 bytes. */
void pci_config_aer(struct pci_config *c, uint16_t off);
/** PASID, 8 bytes: `width` bits wide, without execute and privileged mode. */
void pci_config_pasid(struct pci_config *c, uint16_t off, unsigned int width);
/** PASID with privileged mode. */
void pci_config_pasid_priv(struct pci_config *c, uint16_t off, unsigned int width);
/** Address Translation Service, 8 bytes: `caps` as its capability register. */
void pci_config_ats(struct pci_config *c, uint16_t off, uint16_t caps);
/** Page Request Service, 16 bytes; requests need a PASID. */
void pci_config_prs(struct pci_config *c, uint16_t off, uint32_t capacity);
/** Latency Tolerance Reporting, 8 bytes. */
void pci_config_ltr(struct pci_config *c, uint16_t off);
/** TPH Requester with `tags` steering tags in the capability, 12 bytes and 2 per tag. */
void pci_config_tph(struct pci_config *c, uint16_t off, uint32_t caps, unsigned int tags);
/** Virtual Channel with two of them, 40 bytes. */
void pci_config_vc2(struct pci_config *c, uint16_t off);
/** Designated vendor-specific, `bytes` with its header: its vendor's id, and the rest reads 0. */
void pci_config_dvsec(struct pci_config *c, uint16_t off, uint16_t vendor, uint16_t id,
		      unsigned int bytes);
/** Access Control Services, 8 bytes: those in `services`, bits as in its capability register. */
void pci_config_acs(struct pci_config *c, uint16_t off, uint16_t services);

/**
 * Reset it.
 *
 * @param power from power-on; false: a function-level reset, which leaves sticky bits alone
 */
void pci_config_reset(struct pci_config *c, bool power);

/**
 * Read any number of bytes at any offset.
 *
 * @return 0, or -EINVAL when some lie outside 0..4095
 */
int pci_config_read(const struct pci_config *c, uint16_t off, void *bytes, size_t len);

/**
 * Write any number of bytes at any offset: each byte by its masks.
 *
 * @param wants_reset out: the write asks for a function-level reset, or takes the function from
 *                    D3hot to D0, which is one; the owner then resets it
 * @return 0, or -EINVAL when some lie outside 0..4095; nothing is written then
 */
int pci_config_write(struct pci_config *c, uint16_t off, const void *bytes, size_t len,
		     bool *wants_reset);

/** The value of a field of 1, 2 or 4 bytes. */
uint32_t pci_config_get(const struct pci_config *c, uint16_t off, unsigned int size);

/** Does the function answer accesses to its bars: enabled by COMMAND, and not in D3hot? */
bool pci_config_answers(const struct pci_config *c);

/** May the function access memory and send interrupts: enabled by COMMAND, and not in D3hot? */
bool pci_config_may_master(const struct pci_config *c);

/** Vectors of MSI that software allows: 0 while it is disabled. */
unsigned int pci_config_msi_vectors(const struct pci_config *c);

/** Are MSI-X vectors enabled, and not masked all together? */
bool pci_config_msix_on(const struct pci_config *c);

#endif /* SLIPWAY_PCI_CONFIG_H */
