/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "pci_config.h"

#include <errno.h>
#include <string.h>

/* The rules come from the PCI Express Base Specification; register names are those used there. */

#define PM_STATE 0x3u
#define PM_D0    0u
#define PM_D3HOT 3u
#define PM_KEEPS 0x8u
#define MSI_ALLOWED    0x0070u
#define MSI_ADDRESS_64 0x0080u
/* Device Control, upper byte: Initiate Function Level Reset. It acts, and reads 0. */
#define DEVCTL_FLR_BYTE (PCI_PCIE_DEVCTL + 1)
#define DEVCTL_FLR      0x80u

/* ---- Building ---- */

static void
mask_put(uint8_t *bytes, unsigned int size, uint32_t value)
{
	for (unsigned int i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

void
pci_config_field(struct pci_config *c, uint16_t off, unsigned int size, uint32_t reset,
		 uint32_t writable, uint32_t sticky)
{
	mask_put(&c->reset[off], size, reset);
	mask_put(&c->writable[off], size, writable);
	mask_put(&c->sticky[off], size, sticky);
}

static void
fixed(struct pci_config *c, uint16_t off, unsigned int size, uint32_t value)
{
	pci_config_field(c, off, size, value, 0, 0);
}

void
pci_config_create(struct pci_config *c, const struct pci_ids *ids)
{
	memset(c, 0, sizeof(*c));
	fixed(c, PCI_CFG_VENDOR, 2, ids->vendor);
	fixed(c, PCI_CFG_DEVICE, 2, ids->device);
	/* I/O and memory space, bus master, parity, SERR, INTx disable. */
	pci_config_field(c, PCI_CFG_COMMAND, 2, 0, 0x0547, 0);
	fixed(c, PCI_CFG_REVISION, 1, ids->revision);
	fixed(c, PCI_CFG_CLASS, 2, ids->class_code);
	fixed(c, PCI_CFG_CLASS + 2, 1, ids->class_code >> 16);
	pci_config_field(c, PCI_CFG_CACHE_LINE, 1, 0, 0xff, 0);
	fixed(c, PCI_CFG_SUB_VENDOR, 2, ids->sub_vendor);
	fixed(c, PCI_CFG_SUB_DEVICE, 2, ids->sub_device);
	pci_config_field(c, PCI_CFG_IRQ_LINE, 1, 0, 0xff, 0);
}

void
pci_config_bar64(struct pci_config *c, unsigned int n, uint64_t size, bool prefetchable)
{
	uint64_t address = ~(size - 1);

	/* Bits 2:1 say 64-bit, bit 3 prefetchable. */
	pci_config_field(c, PCI_CFG_BAR(n), 4, prefetchable ? 0xc : 0x4, (uint32_t)address, 0);
	pci_config_field(c, PCI_CFG_BAR(n + 1), 4, 0, (uint32_t)(address >> 32), 0);
}

static void
capability(struct pci_config *c, uint16_t off, uint8_t id)
{
	uint16_t link = c->last == 0 ? PCI_CFG_CAPABILITIES : c->last + 1;

	/* STATUS bit 4: there is a list. */
	fixed(c, PCI_CFG_STATUS, 2, 0x0010);
	fixed(c, link, 1, off);
	fixed(c, off, 2, id);
	c->last = off;
}

static void
capability_ext(struct pci_config *c, uint16_t off, uint16_t id, uint32_t version)
{
	/* The upper 12 bits of a header lead on to the next one. */
	if (c->last_ext != 0) {
		c->reset[c->last_ext + 2] |= (uint8_t)(off << 4);
		c->reset[c->last_ext + 3] = (uint8_t)(off >> 4);
	}
	fixed(c, off, 4, id | version << 16);
	c->last_ext = off;
}

void
pci_config_msi(struct pci_config *c, uint16_t off, unsigned int vectors)
{
	capability(c, off, PCI_CAP_MSI);
	c->msi = off;
	/* How many it can have, as a power of two, and how many it may: bits 3:1 and 6:4. */
	pci_config_field(c, off + PCI_MSI_CONTROL, 2,
			 MSI_ADDRESS_64 | (uint32_t)__builtin_ctz(vectors) << 1,
			 PCI_MSI_ENABLE | MSI_ALLOWED, 0);
	pci_config_field(c, off + 0x4, 4, 0, 0xfffffffc, 0);
	pci_config_field(c, off + 0x8, 4, 0, UINT32_MAX, 0);
	pci_config_field(c, off + 0xc, 2, 0, 0xffff, 0);
}

void
pci_config_msix(struct pci_config *c, uint16_t off, const struct pci_msix *msix)
{
	capability(c, off, PCI_CAP_MSIX);
	c->msix = off;
	pci_config_field(c, off + PCI_MSIX_CONTROL, 2, msix->vectors - 1u,
			 PCI_MSIX_ENABLE | PCI_MSIX_MASK, 0);
	fixed(c, off + 0x4, 4, msix->table | msix->table_bar);
	fixed(c, off + 0x8, 4, msix->pba | msix->pba_bar);
}

void
pci_config_pcie(struct pci_config *c, uint16_t off, const struct pci_express *pcie)
{
	capability(c, off, PCI_CAP_PCIE);
	c->pcie = off;
	/* Version 2; an endpoint, or one integrated into the root complex. */
	fixed(c, off + 0x02, 2, pcie->integrated ? 0x92 : 0x02);
	fixed(c, off + 0x04, 4, pcie->device);
	/* Not phantom functions and auxiliary power. A function-level reset may not change the
	 * payload size, which the link's other end has to agree on.
	 */
	pci_config_field(c, off + PCI_PCIE_DEVCTL, 2, pcie->device_control, 0x79ff, 0x00e0);
	fixed(c, off + 0x24, 4, pcie->device2);
	if (pcie->integrated) {
		pci_config_field(c, off + 0x28, 2, 0, pcie->control2, 0);
		return;
	}
	fixed(c, off + 0x0c, 4, pcie->link);
	/* The same goes for all of Link Control. */
	pci_config_field(c, off + 0x10, 2, 0, 0x00cb, 0x00cb);
	fixed(c, off + 0x12, 2, pcie->link_status);
	/* Timeout value and its switch, as far as Device Capabilities 2 has them. */
	pci_config_field(c, off + 0x28, 2, 0, pcie->device2 & 0x10, 0);
	/* Speeds up to the link's: bit n is speed n. Link Control 2 starts from the highest. */
	fixed(c, off + 0x2c, 4, (2u << (pcie->link & 0xf)) - 2);
	pci_config_field(c, off + 0x30, 2, pcie->link & 0xf, 0x000f, 0x000f);
}

void
pci_config_pm(struct pci_config *c, uint16_t off)
{
	capability(c, off, PCI_CAP_PM);
	c->pm = off;
	fixed(c, off + 0x2, 2, 3); /* version 1.2; neither D1, D2 nor PME */
	pci_config_field(c, off + PCI_PM_CSR, 2, PM_D0, PM_STATE, 0);
}

void
pci_config_pm_keeps(struct pci_config *c, uint16_t off)
{
	pci_config_pm(c, off);
	pci_config_field(c, off + PCI_PM_CSR, 2, PM_D0 | PM_KEEPS, PM_STATE, 0);
}

void
pci_config_aer(struct pci_config *c, uint16_t off)
{
	const uint32_t uncorrectable = 0x007ff030, correctable = 0x000071c1;

	capability_ext(c, off, PCI_EXT_AER, 2);
	pci_config_field(c, off + 0x04, 4, 0, 0, uncorrectable);
	mask_put(&c->clear[off + 0x04], 4, uncorrectable);
	pci_config_field(c, off + 0x08, 4, 0, uncorrectable, uncorrectable);
	pci_config_field(c, off + 0x0c, 4, 0x00462030, uncorrectable, uncorrectable);
	pci_config_field(c, off + 0x10, 4, 0, 0, correctable);
	mask_put(&c->clear[off + 0x10], 4, correctable);
	pci_config_field(c, off + 0x14, 4, 0x00002000, correctable, correctable);
}

void
pci_config_pasid(struct pci_config *c, uint16_t off, unsigned int width)
{
	capability_ext(c, off, PCI_EXT_PASID, 1);
	fixed(c, off + 0x4, 2, width << 8);
	pci_config_field(c, off + 0x6, 2, 0, 0x0001, 0);
}

void
pci_config_pasid_priv(struct pci_config *c, uint16_t off, unsigned int width)
{
	pci_config_pasid(c, off, width);
	fixed(c, off + PCI_PASID_CAPS, 2, width << 8 | 0x0004);
	pci_config_field(c, off + PCI_PASID_CONTROL, 2, 0, 0x0005, 0);
}

void
pci_config_ats(struct pci_config *c, uint16_t off, uint16_t caps)
{
	capability_ext(c, off, PCI_EXT_ATS, 1);
	fixed(c, off + 0x4, 2, caps);
	/* Smallest translation unit, and the switch. */
	pci_config_field(c, off + PCI_ATS_CONTROL, 2, 0, 0x801f, 0);
}

void
pci_config_prs(struct pci_config *c, uint16_t off, uint32_t capacity)
{
	capability_ext(c, off, PCI_EXT_PRS, 1);
	pci_config_field(c, off + PCI_PRS_CONTROL, 2, 0, 0x0003, 0);
	fixed(c, off + 0x6, 2, 0x8100); /* stopped; PASIDs required */
	fixed(c, off + 0x8, 4, capacity);
	pci_config_field(c, off + PCI_PRS_ALLOC, 4, 0, UINT32_MAX, 0);
}

void
pci_config_ltr(struct pci_config *c, uint16_t off)
{
	capability_ext(c, off, PCI_EXT_LTR, 1);
	/* Value and scale, of snooped and other accesses. */
	pci_config_field(c, off + 0x4, 4, 0, 0x1fff1fff, 0);
}

void
pci_config_tph(struct pci_config *c, uint16_t off, uint32_t caps, unsigned int tags)
{
	capability_ext(c, off, PCI_EXT_TPH, 1);
	fixed(c, off + 0x4, 4, caps);
	pci_config_field(c, off + 0x8, 4, 0, 0x0307, 0);
	for (unsigned int i = 0; i < tags; i++)
		pci_config_field(c, (uint16_t)(off + 0xc + 2 * i), 2, 0, 0xffff, 0);
}

void
pci_config_vc2(struct pci_config *c, uint16_t off)
{
	capability_ext(c, off, PCI_EXT_VC, 1);
	fixed(c, off + 0x04, 4, 0x00000011); /* one beyond the first, with low priority */
	fixed(c, off + 0x08, 4, 0x00000001);
	pci_config_field(c, off + 0x0c, 2, 0, 0xffff, 0);
	/* All traffic classes on channel 0, which is always on. */
	pci_config_field(c, off + 0x14, 4, 0x800000ff, 0x000000ff, 0);
	pci_config_field(c, off + 0x20, 4, 0x01000000, 0x870000ff, 0);
}

void
pci_config_dvsec(struct pci_config *c, uint16_t off, uint16_t vendor, uint16_t id,
		 unsigned int bytes)
{
	capability_ext(c, off, PCI_EXT_DVSEC, 1);
	fixed(c, off + 0x4, 4, vendor | bytes << 20);
	fixed(c, off + 0x8, 2, id);
}

void
pci_config_acs(struct pci_config *c, uint16_t off, uint16_t services)
{
	capability_ext(c, off, PCI_EXT_ACS, 1);
	fixed(c, off + 0x4, 2, services);
	pci_config_field(c, off + 0x6, 2, 0, services, 0);
}

/* ---- Use ---- */

void
pci_config_reset(struct pci_config *c, bool power)
{
	if (power) {
		memcpy(c->value, c->reset, sizeof(c->value));
		return;
	}
	for (unsigned int i = 0; i < PCI_CFG_BYTES; i += 8) {
		uint64_t value, reset, sticky;

		memcpy(&value, &c->value[i], 8);
		memcpy(&reset, &c->reset[i], 8);
		memcpy(&sticky, &c->sticky[i], 8);
		value = (value & sticky) | (reset & ~sticky);
		memcpy(&c->value[i], &value, 8);
	}
}

static bool
inside(uint16_t off, size_t len)
{
	return len <= PCI_CFG_BYTES && off <= PCI_CFG_BYTES - len;
}

int
pci_config_read(const struct pci_config *c, uint16_t off, void *bytes, size_t len)
{
	if (!inside(off, len))
		return -EINVAL;
	memcpy(bytes, &c->value[off], len);
	return 0;
}

static unsigned int
power_state(const struct pci_config *c)
{
	return c->pm == 0 ? PM_D0 : c->value[c->pm + PCI_PM_CSR] & PM_STATE;
}

static bool
asks_for_reset(const struct pci_config *c, uint16_t off, const uint8_t *bytes, size_t len)
{
	size_t at = c->pcie + DEVCTL_FLR_BYTE;

	return c->pcie != 0 && at >= off && at - off < len && (bytes[at - off] & DEVCTL_FLR);
}

int
pci_config_write(struct pci_config *c, uint16_t off, const void *bytes, size_t len,
		 bool *wants_reset)
{
	const uint8_t *in = bytes;
	unsigned int before = power_state(c), after;

	if (!inside(off, len))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		size_t at = off + i;

		c->value[at] = (c->value[at] & ~c->writable[at]) | (in[i] & c->writable[at]);
		c->value[at] &= ~(in[i] & c->clear[at]);
	}
	after = power_state(c);
	/* A state the function does not have leaves it in the one it is in. */
	if (after != PM_D0 && after != PM_D3HOT) {
		c->value[c->pm + PCI_PM_CSR] ^= after ^ before;
		after = before;
	}
	*wants_reset = asks_for_reset(c, off, in, len) ||
		       (before == PM_D3HOT && after == PM_D0 &&
			!(c->value[c->pm + PCI_PM_CSR] & PM_KEEPS));
	return 0;
}

uint32_t
pci_config_get(const struct pci_config *c, uint16_t off, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint32_t)c->value[off + i] << 8 * i;
	return value;
}

static bool
commanded(const struct pci_config *c, uint32_t bit)
{
	return power_state(c) == PM_D0 && (pci_config_get(c, PCI_CFG_COMMAND, 2) & bit);
}

bool
pci_config_answers(const struct pci_config *c)
{
	return commanded(c, PCI_CFG_COMMAND_MEMORY);
}

bool
pci_config_may_master(const struct pci_config *c)
{
	return commanded(c, PCI_CFG_COMMAND_MASTER);
}

unsigned int
pci_config_msi_vectors(const struct pci_config *c)
{
	uint32_t control = c->msi == 0 ? 0 : pci_config_get(c, c->msi + PCI_MSI_CONTROL, 2);
	unsigned int can = control >> 1 & 7, may = (control & MSI_ALLOWED) >> 4;

	if (!(control & PCI_MSI_ENABLE))
		return 0;
	return 1u << (may < can ? may : can);
}

bool
pci_config_msix_on(const struct pci_config *c)
{
	uint32_t control = c->msix == 0 ? 0 : pci_config_get(c, c->msix + PCI_MSIX_CONTROL, 2);

	return (control & (PCI_MSIX_ENABLE | PCI_MSIX_MASK)) == PCI_MSIX_ENABLE;
}
