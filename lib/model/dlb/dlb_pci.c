/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"
#include "dlb_pci.h"

/* The DLB's configuration space, datasheet section 1, and what its bits do to the device. */

/* Capabilities, section 1.3. PASID is where a driver writes without looking for it. */
#define AT_MSIX  0x60
#define AT_PCIE  0x6c
#define AT_PM    0xa8
#define AT_AER   0x100
#define AT_PASID 0x148
#define AT_ACS   0x150

#define PASID_WIDTH 20
/* Request and completion redirect. */
#define ACS_SERVICES 0x000c

void
dlb_pci_space(struct pci_config *c, enum dlb_version version)
{
	const struct pci_ids ids = {
		.vendor = 0x8086,
		.device = version == DLB_V20 ? 0x2710 : 0x2714,
		.sub_vendor = 0x8086,
		.class_code = 0x0b4000,
	};
	const struct pci_msix msix = {
		.vectors = DLB_MSIX_VECTORS,
		.table = DLB_MSIX_TABLE_AT,
		.pba = DLB_MSIX_PBA_AT,
	};
	const struct pci_express pcie = {
		.device = 0x10008062,
		.device_control = 0x2910,
		/* One end-to-end prefix, which a PASID needs; a timeout that can be switched off.
		 */
		.device2 = 0x00600010,
		.link = 0x00400c11,
		.link_status = 0x1011,
	};

	pci_config_create(c, &ids);
	pci_config_bar64(c, 0, DLB_BAR0_BYTES, true);
	pci_config_bar64(c, 2, DLB_BAR2_BYTES, false);
	pci_config_msix(c, AT_MSIX, &msix);
	pci_config_pcie(c, AT_PCIE, &pcie);
	pci_config_pm(c, AT_PM);
	pci_config_aer(c, AT_AER);
	pci_config_pasid(c, AT_PASID, PASID_WIDTH);
	pci_config_acs(c, AT_ACS, ACS_SERVICES);
	pci_config_reset(c, true);
}

void
dlb_pci_create(struct dlb_model *m)
{
	dlb_pci_space(&m->pci, m->config.version);
}

/* The hot paths know nothing of COMMAND and power: a port that cannot be reached is not valid, and
 * a CQ that cannot be written is not enabled.
 */
static void
command_apply(struct dlb_model *m)
{
	bool answers = pci_config_answers(&m->pci);
	bool may_master = pci_config_may_master(&m->pci);

	if (answers != m->answers || may_master != m->may_master) {
		m->answers = answers;
		m->may_master = may_master;
		dlb_config_ports(m);
		dlb_config_cqs(m);
	}
	dlb_msix_unmasked(m);
}

int
dlb_pci_write(struct dlb_model *m, uint16_t off, const void *bytes, size_t len)
{
	bool wants_reset;
	int ret = pci_config_write(&m->pci, off, bytes, len, &wants_reset);

	if (ret < 0)
		return ret;
	if (wants_reset)
		dlb_model_reset(m, BUS_RESET_FUNCTION);
	else
		command_apply(m);
	return 0;
}
