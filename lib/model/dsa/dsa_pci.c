/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* The DSA's configuration space, datasheet section 2, and what its bits do to the device. */

#define AT_PCIE  0x40
#define AT_MSIX  0x80
#define AT_PM    0x90
#define AT_AER   0x100
#define AT_LTR   0x150
#define AT_TPH   0x160
#define AT_VC    0x170
#define AT_DVSEC 0x200
#define AT_ATS   0x220
#define AT_PASID 0x230
#define AT_PRS   0x240

#define DEVICE_ID      0x0b25
#define PORTALS_PER_WQ 0x4000u
/* Memory space, bus master, parity error response, SERR. */
#define COMMAND_BITS   0x0146
#define PRS_CAPACITY   0x200u
/* What the virtual channels lead on to (U17): the descriptor of scalable I/O virtualisation. */
#define DVSEC_SIOV     5
#define DVSEC_BYTES    0x18
/* Errors that a root complex integrated endpoint can have. */
#define AER_UNCORRECTABLE 0x0055d000u
#define AER_CORRECTABLE   0x00006000u

#define ATS_ENABLE   0x8000
#define PASID_ENABLE 0x0001
#define PASID_PRIV   0x0004
#define PRS_ENABLE   0x0001

uint64_t
dsa_pci_bar2_bytes(const struct dsa_model *m)
{
	uint64_t bytes = PORTALS_PER_WQ;

	while (bytes < (uint64_t)m->config.wqs * PORTALS_PER_WQ)
		bytes *= 2;
	return bytes;
}

/* As pci_config_aer has it, but for the errors there can be and the masks this device starts with
 * (U6: both correctable ones).
 */
static void
aer_create(struct pci_config *c)
{
	pci_config_aer(c, AT_AER);
	pci_config_field(c, AT_AER + 0x04, 4, 0, 0, AER_UNCORRECTABLE);
	pci_config_field(c, AT_AER + 0x08, 4, 0x00400000, AER_UNCORRECTABLE, AER_UNCORRECTABLE);
	pci_config_field(c, AT_AER + 0x0c, 4, 0x00440000, AER_UNCORRECTABLE, AER_UNCORRECTABLE);
	pci_config_field(c, AT_AER + 0x10, 4, 0, 0, AER_CORRECTABLE);
	pci_config_field(c, AT_AER + 0x14, 4, AER_CORRECTABLE, AER_CORRECTABLE, AER_CORRECTABLE);
}

void
dsa_pci_create(struct dsa_model *m)
{
	const struct pci_ids ids = {
		.vendor = 0x8086,
		.device = DEVICE_ID,
		.sub_vendor = 0x8086,
		.class_code = 0x088000,
	};
	const struct pci_msix msix = {
		.vectors = (uint16_t)m->layout.entries[DSA_TABLE_MSIXTBL],
		.table = m->layout.place[DSA_TABLE_MSIXTBL],
		.pba = m->layout.place[DSA_TABLE_MSIXPBA],
	};
	/* Takes deferrable memory writes: Device Capabilities 2, bit 28. */
	const struct pci_express pcie = {
		.device = 0x10008022,
		.device_control = 0x2910,
		.device2 = 0x10730810,
		.integrated = true,
		.control2 = 0x141f,
	};
	struct pci_config *c = &m->pci;

	pci_config_create(c, &ids);
	pci_config_field(c, PCI_CFG_COMMAND, 2, 0, COMMAND_BITS, 0);
	pci_config_field(c, PCI_CFG_SUB_VENDOR, 4, 0x8086, UINT32_MAX, UINT32_MAX);
	pci_config_field(c, PCI_CFG_IRQ_LINE, 1, 0, 0, 0);
	pci_config_bar64(c, 0, DSA_BAR0_BYTES, true);
	pci_config_bar64(c, 2, dsa_pci_bar2_bytes(m), true);
	pci_config_pcie(c, AT_PCIE, &pcie);
	pci_config_msix(c, AT_MSIX, &msix);
	pci_config_pm_keeps(c, AT_PM);
	aer_create(c);
	pci_config_ltr(c, AT_LTR);
	pci_config_tph(c, AT_TPH, 0x00010205, 2);
	pci_config_vc2(c, AT_VC);
	pci_config_dvsec(c, AT_DVSEC, 0x8086, DVSEC_SIOV, DVSEC_BYTES);
	pci_config_ats(c, AT_ATS, 0x0060);
	pci_config_pasid_priv(c, AT_PASID, 20);
	pci_config_prs(c, AT_PRS, PRS_CAPACITY);
	pci_config_reset(c, true);
	m->portals = (uint64_t)m->config.wqs * PORTALS_PER_WQ;
}

/* ---- What the rest asks ---- */

static bool
is_on(const struct dsa_model *m, uint16_t control, uint32_t bit)
{
	return pci_config_get(&m->pci, control, 2) & bit;
}

bool
dsa_pci_ats(const struct dsa_model *m)
{
	return is_on(m, AT_ATS + PCI_ATS_CONTROL, ATS_ENABLE);
}

bool
dsa_pci_pasid(const struct dsa_model *m)
{
	return is_on(m, AT_PASID + PCI_PASID_CONTROL, PASID_ENABLE);
}

bool
dsa_pci_priv(const struct dsa_model *m)
{
	return is_on(m, AT_PASID + PCI_PASID_CONTROL, PASID_PRIV);
}

/* PRS is ignored when ATS is off: section 2.5. */
bool
dsa_pci_prs(const struct dsa_model *m)
{
	return dsa_pci_ats(m) && is_on(m, AT_PRS + PCI_PRS_CONTROL, PRS_ENABLE);
}

bool
dsa_pci_prs_alloc_ok(const struct dsa_model *m)
{
	uint32_t alloc = pci_config_get(&m->pci, AT_PRS + PCI_PRS_ALLOC, 4);

	return alloc != 0 && alloc <= PRS_CAPACITY;
}

/* ---- Writes ---- */

/* What may not change while the device is not Disabled. */
static uint32_t
fixed_bits(const struct dsa_model *m)
{
	uint32_t prs = is_on(m, AT_PRS + PCI_PRS_CONTROL, PRS_ENABLE);
	uint32_t master = is_on(m, PCI_CFG_COMMAND, PCI_CFG_COMMAND_MASTER);

	return master | (uint32_t)dsa_pci_ats(m) << 1 | (uint32_t)dsa_pci_pasid(m) << 2 | prs << 3;
}

void
dsa_pci_apply(struct dsa_model *m)
{
	atomic_store_explicit(&m->answers, pci_config_answers(&m->pci), memory_order_relaxed);
	dsa_lock(&m->report);
	m->may_master = pci_config_may_master(&m->pci);
	dsa_irq_unmasked(m);
	dsa_unlock(&m->report);
}

int
dsa_pci_write(struct dsa_model *m, uint16_t off, const void *bytes, size_t len)
{
	uint32_t before = fixed_bits(m);
	enum dsa_state state = dsa_state(m);
	bool wants_reset;
	int ret;

	dsa_lock(&m->report);
	ret = pci_config_write(&m->pci, off, bytes, len, &wants_reset);
	dsa_unlock(&m->report);
	if (ret < 0)
		return ret;
	if (wants_reset) {
		dsa_reset_all(m, false);
		return 0;
	}
	dsa_pci_apply(m);
	if (fixed_bits(m) != before && state != DSA_STATE_DISABLED && state != DSA_STATE_HALT)
		dsa_reset_changed(m);
	return 0;
}
