/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <errno.h>
#include <string.h>

/* The card's configuration space, datasheet section 3, and what its bits do to the card. */

#define INTA          1
#define STATUS_INTX   0x08 /* byte 0 of STATUS: the line is asserted */
#define COMMAND_INTX  0x0400u
#define PM_CAPS       0x02
/* Version 3, PME from D0. */
#define PM_CAPS_VALUE 0x0803
/* D3hot keeps state; power state, and PME's enable, can be written. */
#define PM_CSR_VALUE  0x0008
#define PM_CSR_BITS   0x0103

void
mic_pci_create(struct mic_model *m)
{
	const struct pci_ids ids = {
		.vendor = MIC_PCI_VENDOR,
		.device = m->config.device_id,
		.sub_vendor = MIC_PCI_VENDOR,
		.sub_device = MIC_PCI_SUB_DEVICE,
		.class_code = MIC_PCI_CLASS,
		.revision = m->config.revision,
	};
	const struct pci_msix msix = {
		.vectors = MIC_VECTORS,
		.table_bar = MIC_BAR_MMIO,
		.pba_bar = MIC_BAR_MMIO,
		.table = MIC_MSIX_ADDR_LO_AT,
		.pba = MIC_MSIX_PBA_AT,
	};
	/* Payloads of 256 bytes, extended tags, no function-level reset; 16 lanes at 5 GT/s. */
	const struct pci_express pcie = {
		.device = 0x00008021,
		.device_control = 0x2810,
		.device2 = 0x00000010,
		.link = 0x00000102,
		.link_status = 0x1102,
	};
	struct pci_config *c = &m->pci;

	pci_config_create(c, &ids);
	pci_config_field(c, PCI_CFG_IRQ_LINE + 1, 1, INTA, 0, 0);
	pci_config_bar64(c, MIC_BAR_APERTURE, m->config.gddr_size, true);
	pci_config_bar64(c, MIC_BAR_MMIO, MIC_BAR4_BYTES, false);
	pci_config_pm_keeps(c, MIC_PCI_PM);
	pci_config_field(c, MIC_PCI_PM + PM_CAPS, 2, PM_CAPS_VALUE, 0, 0);
	pci_config_field(c, MIC_PCI_PM + PCI_PM_CSR, 2, PM_CSR_VALUE, PM_CSR_BITS, 0);
	pci_config_pcie(c, MIC_PCI_PCIE, &pcie);
	pci_config_msi(c, MIC_PCI_MSI, MIC_VECTORS);
	pci_config_msix(c, MIC_PCI_MSIX, &msix);
	pci_config_aer(c, MIC_PCI_AER);
	pci_config_reset(c, true);
}

/* ---- What its bits do ---- */

static struct mic_irq_route
route(const struct mic_model *m)
{
	uint32_t msix = pci_config_get(&m->pci, MIC_PCI_MSIX + PCI_MSIX_CONTROL, 2);
	unsigned int msi = pci_config_msi_vectors(&m->pci);
	struct mic_irq_route r = {
		.mode = msix & PCI_MSIX_ENABLE ? MIC_IRQ_MSIX
			: msi > 0              ? MIC_IRQ_MSI
					       : MIC_IRQ_INTX,
		.granted = msi > 0 ? msi : 1,
		.may_send = atomic_load_explicit(&m->master, memory_order_relaxed),
		.intx_off = !m->linked ||
			    (pci_config_get(&m->pci, PCI_CFG_COMMAND, 2) & COMMAND_INTX) != 0,
	};

	if (r.mode == MIC_IRQ_MSIX)
		r.may_send = r.may_send && pci_config_msix_on(&m->pci);
	return r;
}

void
mic_pci_apply(struct mic_model *m)
{
	bool was_master = atomic_load_explicit(&m->master, memory_order_relaxed);
	bool master = m->linked && pci_config_may_master(&m->pci);
	struct mic_irq_route r;

	atomic_store_explicit(&m->answers, m->linked && pci_config_answers(&m->pci),
			      memory_order_relaxed);
	atomic_store(&m->master, master);
	if (was_master && !master)
		mic_let_go(m);
	r = route(m);
	mic_doorbell_tell(m, mic_irq_route(&m->irq, &r));
}

/* ---- Accesses ---- */

int
mic_pci_read(struct mic_model *m, uint16_t off, void *bytes, size_t len)
{
	uint8_t *status = &m->pci.value[PCI_CFG_STATUS];
	int ret;

	*status = (uint8_t)(m->irq.asserted ? *status | STATUS_INTX : *status & ~STATUS_INTX);
	ret = pci_config_read(&m->pci, off, bytes, len);
	if (ret == 0 && !m->linked)
		memset(bytes, 0xff, len);
	return ret;
}

/* There is no function-level reset, and D3hot keeps everything: a write never resets the card. */
int
mic_pci_write(struct mic_model *m, uint16_t off, const void *bytes, size_t len)
{
	bool wants_reset;
	int ret;

	if (!m->linked)
		return len <= PCI_CFG_BYTES && off <= PCI_CFG_BYTES - len ? 0 : -EINVAL;
	ret = pci_config_write(&m->pci, off, bytes, len, &wants_reset);
	if (ret == 0)
		mic_pci_apply(m);
	return ret;
}
