/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Configuration space of the DLB as a PCI bus and a driver's probe see it: identity, BARs,
 * capabilities, and the reset sequence of datasheet section 1.4 with its slips of section 1.5.
 */
#include "dlb_reg_table.h"
#include "dlb_test_pci.h"

/* ---- Identity, section 1.1 ---- */

static void
device_says_who_it_is(void **state)
{
	struct rig *r = *state;

	assert_int_equal(pci_read(r, PCI_VENDOR, 2), 0x8086);
	assert_int_equal(pci_read(r, PCI_DEVICE, 2), r->version == DLB_V20 ? 0x2710 : 0x2714);
	assert_int_equal(pci_read(r, PCI_CLASS, 3), 0x0b4000);
	assert_int_equal(pci_read(r, PCI_REVISION, 1), 0);
	assert_int_equal(pci_read(r, PCI_HEADER_TYPE, 1), 0);
	/* Has a capability list. */
	assert_int_equal(pci_read(r, PCI_STATUS, 2) & 0x10, 0x10);
}

/* Power-on leaves everything closed, and what a reset does is what a new device is. */
static void
new_device_is_closed(void **state)
{
	struct rig *r = *state;
	unsigned char fresh[PCI_SIZE], reset[PCI_SIZE];

	assert_int_equal(rig_replug(r, NULL), 0);
	pci_write(r, PCI_COMMAND, 2, 0);
	assert_int_equal(r->dev->ops->config(r->dev, 0, fresh, sizeof(fresh), false), 0);
	pci_enable(r);
	pci_write(r, PCI_BAR0 + 4, 4, 0x12);
	pci_write(r, pci_capability(r, PCI_MSIX) + 2, 2, PCI_MSIX_ENABLE);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2), 0);
	assert_int_equal(r->dev->ops->config(r->dev, 0, reset, sizeof(reset), false), 0);
	assert_memory_equal(fresh, reset, sizeof(fresh));
}

static void
space_ends_at_4096(void **state)
{
	struct rig *r = *state;
	unsigned char all[PCI_SIZE + 1];

	assert_int_equal(r->dev->ops->config(r->dev, 0, all, PCI_SIZE, false), 0);
	assert_int_equal(r->dev->ops->config(r->dev, PCI_SIZE - 1, all, 1, false), 0);
	for (int write = 0; write < 2; write++) {
		assert_true(r->dev->ops->config(r->dev, PCI_SIZE, all, 1, write) < 0);
		assert_true(r->dev->ops->config(r->dev, PCI_SIZE - 1, all, 2, write) < 0);
		assert_true(r->dev->ops->config(r->dev, 0, all, PCI_SIZE + 1, write) < 0);
		assert_true(r->dev->ops->config(r->dev, UINT16_MAX, all, 4, write) < 0);
	}
}

/* Bytes, words and the whole of it show the same, at any alignment. */
static void
any_length_reads_the_same(void **state)
{
	struct rig *r = *state;
	unsigned char all[PCI_SIZE];

	assert_int_equal(r->dev->ops->config(r->dev, 0, all, sizeof(all), false), 0);
	for (uint32_t off = 0; off < PCI_SIZE; off++)
		assert_int_equal(pci_read(r, off, 1), all[off]);
	for (uint32_t off = 0; off + 3 < PCI_SIZE; off++)
		assert_int_equal(pci_read(r, off, 3),
				 all[off] | all[off + 1] << 8 | all[off + 2] << 16);
}

static void
any_length_writes_the_same(void **state)
{
	struct rig *r = *state;

	/* The upper half of BAR 0, byte by byte, and across two registers. */
	for (uint32_t i = 0; i < 4; i++)
		pci_write(r, PCI_BAR0 + 4 + i, 1, 0x11 * (i + 1));
	assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0x44332211);
	pci_write(r, PCI_BAR0 + 3, 2, 0x9980);
	assert_int_equal(pci_read(r, PCI_BAR0, 4) >> 24, 0x80);
	assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0x44332299);
}

/* Section 1.5: what cannot be written is not, whatever is written. */
static void
fixed_fields_stay(void **state)
{
	static const struct {
		uint32_t off, len;
	} fixed[] = {
		{PCI_VENDOR, 4},
		{PCI_REVISION, 4},
		{PCI_HEADER_TYPE, 1},
		{0x28, 4},
		{0x2c, 4},
		{PCI_ROM_BAR, 4},
		{PCI_CAP_POINTER, 1},
		{PCI_BAR0 + 0x10, 4},
		{PCI_BAR0 + 0x14, 4},
	};

	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		uint32_t before = pci_read(r, fixed[i].off, fixed[i].len);

		pci_write(r, fixed[i].off, fixed[i].len, ~before);
		assert_int_equal(pci_read(r, fixed[i].off, fixed[i].len), before);
		pci_write(r, fixed[i].off, fixed[i].len, 0);
		assert_int_equal(pci_read(r, fixed[i].off, fixed[i].len), before);
	}
}

static void
command_keeps_its_bits(void **state)
{
	const uint32_t kept = 0x546;
	struct rig *r = *state;

	pci_write(r, PCI_COMMAND, 2, kept);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2) & kept, kept);
	pci_write(r, PCI_COMMAND, 2, 0xffff);
	/* Bits 15 to 11 are reserved. */
	assert_int_equal(pci_read(r, PCI_COMMAND, 2) & 0xf800, 0);
	pci_write(r, PCI_COMMAND, 2, 0);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2), 0);
}

/* ---- BARs, section 1.2 ---- */

static void
bars_tell_their_size(void **state)
{
	struct rig *r = *state;

	for (uint32_t off = PCI_BAR0; off < PCI_BAR0 + 24; off += 4)
		pci_write(r, off, 4, UINT32_MAX);
	/* 64 MB, 64-bit, prefetchable. */
	assert_int_equal(pci_read(r, PCI_BAR0, 4), 0xfc00000c);
	assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0xffffffff);
	/* 4 GB, 64-bit; the datasheet does not say whether it is prefetchable. */
	assert_int_equal(pci_read(r, PCI_BAR0 + 8, 4) & ~8u, 0x00000004);
	assert_int_equal(pci_read(r, PCI_BAR0 + 12, 4), 0xffffffff);
	assert_int_equal(pci_read(r, PCI_BAR0 + 16, 4), 0);
	assert_int_equal(pci_read(r, PCI_BAR0 + 20, 4), 0);
	pci_write(r, PCI_ROM_BAR, 4, 0xfffff800);
	assert_int_equal(pci_read(r, PCI_ROM_BAR, 4), 0);
}

static void
bars_keep_addresses(void **state)
{
	struct rig *r = *state;

	pci_write(r, PCI_BAR0, 4, 0xa7654321);
	pci_write(r, PCI_BAR0 + 4, 4, 0x00000038);
	pci_write(r, PCI_BAR0 + 8, 4, 0x87654321);
	pci_write(r, PCI_BAR0 + 12, 4, 0x00000039);
	assert_int_equal(pci_read(r, PCI_BAR0, 4), 0xa400000c);
	assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0x38);
	assert_int_equal(pci_read(r, PCI_BAR0 + 8, 4) & ~8u, 4);
	assert_int_equal(pci_read(r, PCI_BAR0 + 12, 4), 0x39);
	/* An address is the bus's business: accesses come by number and offset. */
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
}

/* ---- Capabilities, section 1.3 ---- */

static void
pcie_says_endpoint_with_function_reset(void **state)
{
	struct rig *r = *state;
	uint32_t at = pci_capability(r, PCI_PCIE);

	assert_int_not_equal(at, 0);
	/* Version 2, endpoint. */
	assert_int_equal(pci_read(r, at + PCIE_FLAGS, 2) & 0xff, 0x02);
	assert_int_equal(pci_read(r, at + PCIE_DEV_CAP, 4), 0x10008062);
	assert_int_equal(pci_read(r, at + PCIE_DEV_CTL, 2) & PCIE_DEV_CTL_FLR, 0);
	assert_int_equal(pci_read(r, at + PCIE_DEV_STA, 2) & PCIE_DEV_STA_PENDING, 0);
}

static void
msix_has_65_vectors_in_bar_0(void **state)
{
	struct rig *r = *state;
	uint32_t at = pci_capability(r, PCI_MSIX);

	assert_int_not_equal(at, 0);
	assert_int_equal(pci_read(r, at + 2, 2), 0x0040);
	assert_int_equal(pci_read(r, at + 4, 4), 0x01000000);
	assert_int_equal(pci_read(r, at + 8, 4), 0x01001000);
	/* Table and size are fixed. */
	pci_write(r, at + 2, 2, 0x3fff);
	pci_write(r, at + 4, 4, UINT32_MAX);
	pci_write(r, at + 8, 4, UINT32_MAX);
	assert_int_equal(pci_read(r, at + 2, 2), 0x0040);
	assert_int_equal(pci_read(r, at + 4, 4), 0x01000000);
	assert_int_equal(pci_read(r, at + 8, 4), 0x01001000);
}

static void
extended_capabilities_are_where_drivers_look(void **state)
{
	struct rig *r = *state;

	assert_int_not_equal(pci_capability(r, PCI_PM), 0);
	assert_in_range(pci_extended(r, PCI_AER), PCI_EXT_BEGIN, PCI_SIZE - 0x48);
	assert_int_equal(pci_extended(r, PCI_PASID), 0x148);
	assert_int_equal(pci_capability(r, 0x7f), 0);
	assert_int_equal(pci_extended(r, 0x7fff), 0);
}

static void
capability_headers_are_fixed(void **state)
{
	static const uint32_t ids[] = {PCI_PM, PCI_MSIX, PCI_PCIE};
	static const uint32_t extended[] = {PCI_AER, PCI_PASID};
	struct rig *r = *state;
	uint32_t at, before;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		at = pci_capability(r, ids[i]);
		before = pci_read(r, at, 2);
		pci_write(r, at, 2, ~before & 0xffff);
		assert_int_equal(pci_read(r, at, 2), before);
	}
	for (size_t i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
		at = pci_extended(r, extended[i]);
		before = pci_read(r, at, 4);
		pci_write(r, at, 4, ~before);
		assert_int_equal(pci_read(r, at, 4), before);
	}
}

static void
pasid_can_be_switched(void **state)
{
	struct rig *r = *state;

	assert_int_equal(pci_read(r, 0x14e, 2), 0);
	pci_write(r, 0x14e, 2, 1);
	assert_int_equal(pci_read(r, 0x14e, 2), 1);
	pci_write(r, 0x14e, 2, 0);
	assert_int_equal(pci_read(r, 0x14e, 2), 0);
}

/* Status registers of AER are cleared by ones; with nothing wrong they read 0 either way. */
static void
aer_status_can_be_written_back(void **state)
{
	static const uint32_t status[] = {0x30, 0x10, 0x04};
	struct rig *r = *state;
	uint32_t at = pci_extended(r, PCI_AER);

	for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		pci_write(r, at + status[i], 4, UINT32_MAX);
		assert_int_equal(pci_read(r, at + status[i], 4), 0);
	}
}

/* ---- The reset of a probe, section 1.4 ---- */

/* DevCtl, LnkCtl, SltCtl, RtCtl, DevCtl2, LnkCtl2, SltCtl2: in the order they are put back. */
static const uint32_t pcie_kept[] = {0x08, 0x10, 0x18, 0x1c, 0x28, 0x30, 0x38};
#define PCIE_KEPT (sizeof(pcie_kept) / sizeof(pcie_kept[0]))

struct probe {
	uint32_t header[16];
	uint32_t pcie, pri, pri_alloc;
	uint32_t words[PCIE_KEPT];
};

/* Steps 1 to 4. */
static void
probe_save(struct rig *r, struct probe *p)
{
	for (uint32_t i = 0; i < 16; i++)
		p->header[i] = pci_read(r, 4 * i, 4);
	p->pcie = pci_capability(r, PCI_PCIE);
	assert_int_not_equal(p->pcie, 0);
	for (size_t i = 0; i < PCIE_KEPT; i++)
		p->words[i] = pci_read(r, p->pcie + pcie_kept[i], 2);
	p->pri = pci_extended(r, PCI_PRI);
	if (p->pri != 0)
		p->pri_alloc = pci_read(r, p->pri + 0x0c, 4);
}

/* Steps 5 to 8. */
static void
probe_flr(struct rig *r, const struct probe *p)
{
	uint32_t ctl;

	pci_write(r, PCI_COMMAND, 2, 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
	assert_int_equal(pci_read(r, p->pcie + PCIE_DEV_STA, 2) & PCIE_DEV_STA_PENDING, 0);
	ctl = pci_read(r, p->pcie + PCIE_DEV_CTL, 2);
	pci_write(r, p->pcie + PCIE_DEV_CTL, 2, ctl | PCIE_DEV_CTL_FLR);
	assert_int_equal(pci_read(r, p->pcie + PCIE_DEV_CTL, 2) & PCIE_DEV_CTL_FLR, 0);
	assert_int_equal(pci_read(r, p->pcie + PCIE_DEV_STA, 2) & PCIE_DEV_STA_PENDING, 0);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2), 0);
}

/* Steps 9 to 13. */
static void
probe_restore(struct rig *r, const struct probe *p)
{
	uint32_t aer = pci_extended(r, PCI_AER);

	for (size_t i = 0; i < PCIE_KEPT; i++)
		pci_write(r, p->pcie + pcie_kept[i], 2, p->words[i]);
	for (size_t i = 0; i < PCIE_KEPT; i++)
		assert_int_equal(pci_read(r, p->pcie + pcie_kept[i], 2), p->words[i]);
	if (p->pri != 0) {
		pci_write(r, p->pri + 0x0c, 4, p->pri_alloc);
		pci_write(r, p->pri + 0x04, 2, 1);
	}
	pci_write(r, aer + 0x30, 4, pci_read(r, aer + 0x30, 4));
	pci_write(r, aer + 0x10, 4, pci_read(r, aer + 0x10, 4));
	pci_write(r, aer + 0x04, 4, pci_read(r, aer + 0x04, 4));
	for (uint32_t i = 16; i-- > 0;)
		pci_write(r, 4 * i, 4, p->header[i]);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(pci_read(r, 4 * i, 4), p->header[i]);
	pci_write(r, PCI_COMMAND, 2, pci_read(r, PCI_COMMAND, 2) & ~(uint32_t)PCI_INTX_OFF);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2), PCI_MEMORY | PCI_MASTER);
}

/* Steps 14 to 17. */
static void
probe_finish(struct rig *r)
{
	uint32_t msix = pci_capability(r, PCI_MSIX), acs = pci_extended(r, PCI_ACS), flags;

	flags = pci_read(r, msix + 2, 2);
	pci_write(r, msix + 2, 2, flags | PCI_MSIX_ENABLE | PCI_MSIX_MASK);
	assert_int_equal(pci_read(r, msix + 2, 2), 0xc040);
	pci_write(r, msix + 2, 2, flags | PCI_MSIX_ENABLE);
	assert_int_equal(pci_read(r, msix + 2, 2), 0x8040);
	if (acs != 0) {
		uint32_t can = pci_read(r, acs + 4, 2), ctrl = pci_read(r, acs + 6, 2);

		pci_write(r, acs + 6, 2, ctrl | (can & 0x1d));
		assert_int_equal(pci_read(r, acs + 6, 2) & can & 0x1d, can & 0x1d);
		ctrl = pci_read(r, acs + 6, 2);
		pci_write(r, acs + 6, 2, ctrl & ~0x2cu);
		assert_int_equal(pci_read(r, acs + 6, 2) & 0x2c, 0);
	}
	pci_write(r, 0x14e, 2, 0);
	assert_int_equal(pci_read(r, 0x14e, 2), 0);
}

/* A device that a crashed process left behind comes up as new. */
static void
reset_of_a_probe_step_by_step(void **state)
{
	struct rig *r = *state;
	struct probe p;
	uint32_t ctl = pci_capability(r, PCI_PCIE) + PCIE_DEV_CTL;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 7);
	rig_step(r);
	/* Addresses, and another read request size: the sequence has to put them back. */
	pci_write(r, PCI_BAR0, 4, 0xa4000000);
	pci_write(r, PCI_BAR0 + 4, 4, 0x38);
	pci_write(r, PCI_BAR0 + 12, 4, 0x39);
	pci_write(r, ctl, 2, (pci_read(r, ctl, 2) & 0xfffu) ^ 0x4000u);
	probe_save(r, &p);
	probe_flr(r, &p);
	assert_int_equal(pci_read(r, PCI_BAR0, 4), 0x0000000c);
	assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0);
	probe_restore(r, &p);
	probe_finish(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 0);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_STATUS, 0), 0x0100403e);
	assert_int_equal(rig_read(r, DLB_SYS_LDB_PP_V, 0), 0);
	assert_int_equal(rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0), 0x00180002);
	pci_begin_again(r);
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 8);
	rig_step(r);
	expect_qe(r, 0, 8);
	expect_nothing(r, 0);
}

/* Section 1.5: a driver that took "absent" for offset 0 scribbles over the header. */
static void
slips_over_the_header_do_no_harm(void **state)
{
	static const uint32_t dwords[] = {0x30, 0x10, 0x04, 0x0c};
	static const uint32_t words[] = {0x08, 0x10, 0x18, 0x1c, 0x28, 0x30, 0x38, 0x06};
	struct rig *r = *state;
	struct probe p;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	probe_save(r, &p);
	for (size_t i = 0; i < sizeof(dwords) / sizeof(dwords[0]); i++)
		pci_write(r, dwords[i], 4, pci_read(r, dwords[i], 4));
	pci_write(r, PCI_COMMAND, 2, 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		pci_write(r, words[i], 2, pci_read(r, words[i], 2) | 0x8000);
	pci_write(r, PCI_DEVICE, 2, 0xffff);
	pci_write(r, PCI_DEVICE, 2, 0xbfff);
	for (uint32_t i = 16; i-- > 0;)
		pci_write(r, 4 * i, 4, p.header[i]);
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(pci_read(r, 4 * i, 4), p.header[i]);
	/* Bit 15 of the word at 8 is no function reset: everything still works. */
	rig_new(r, DLB_UNORDERED, 0, 0, 9);
	rig_step(r);
	expect_qe(r, 0, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(device_says_who_it_is),
		ON_BOTH(new_device_is_closed),
		ON_BOTH(space_ends_at_4096),
		ON_V25(any_length_reads_the_same),
		ON_BOTH(any_length_writes_the_same),
		ON_BOTH(fixed_fields_stay),
		ON_BOTH(command_keeps_its_bits),
		ON_BOTH(bars_tell_their_size),
		ON_BOTH(bars_keep_addresses),
		ON_BOTH(pcie_says_endpoint_with_function_reset),
		ON_BOTH(msix_has_65_vectors_in_bar_0),
		ON_BOTH(extended_capabilities_are_where_drivers_look),
		ON_BOTH(capability_headers_are_fixed),
		ON_BOTH(pasid_can_be_switched),
		ON_BOTH(aer_status_can_be_written_back),
		ON_BOTH(reset_of_a_probe_step_by_step),
		ON_BOTH(slips_over_the_header_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
