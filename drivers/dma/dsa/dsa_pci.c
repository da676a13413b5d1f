/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The device on the PCI bus, bound to vfio-pci or a uio driver: sections 2.1 and 2.2. All of it is
 * ours then, and we configure it.
 */

#include <errno.h>

#include <rte_common.h>
#include <rte_devargs.h>
#include <rte_errno.h>

#include <bus_pci_driver.h>

#include "dsa_hw.h"
#include "dsa_pasid.h"
#include "dsa_probe.h"

/* Decimal, because JSON knows no other numbers: 0x8086, 0x0b25, 0x11fb, 0x1212; any subsystem. */
#define ID_VENDOR 32902
#define ID_SPR    2853
#define ID_GNR_D  4603
#define ID_DMR    4626
#define ID_ANY    65535

#define KERNEL_DRIVERS "* vfio-pci | uio_pci_generic | igb_uio"

/* Section 2.2: registers, and portals of one work queue at least. */
#define BAR0_BYTES 0x10000
#define BAR2_BYTES (DSA_PORTALS_PER_WQ * DSA_PORTAL_BYTES)

static const struct rte_pci_id pci_ids[] = {
	{RTE_PCI_DEVICE(ID_VENDOR, ID_SPR)},
	{RTE_PCI_DEVICE(ID_VENDOR, ID_GNR_D)},
	{RTE_PCI_DEVICE(ID_VENDOR, ID_DMR)},
	{.vendor_id = 0},
};

static int
pci_open(struct dsa *dsa)
{
	struct rte_pci_device *pci = container_of(dsa->device, struct rte_pci_device, device);
	int ret;

	ret = access_pci_check_bar(pci, REG_BAR_0, BAR0_BYTES, dsa_logtype);
	if (ret == 0)
		ret = access_pci_check_bar(pci, REG_BAR_2, BAR2_BYTES, dsa_logtype);
	if (ret < 0)
		return ret;
	ret = access_pci_open(dsa->name, pci, &dsa->access);
	if (ret == -ENOTSUP)
		DSA_LOG(ERR, dsa->name, "this CPU cannot post lines of 64 bytes; needed: x86-64");
	else if (ret < 0)
		DSA_LOG(ERR, dsa->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	if (ret < 0)
		return ret;
	ret = dsa_pasid_check_portal(dsa);
	if (ret < 0)
		access_close(dsa->access);
	return ret;
}

static int
pci_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	const struct rte_devargs *devargs = pci->device.devargs;
	struct dsa_devargs args = {.at = DSA_AT_BUS, .numa_node = access_pci_numa_node(pci)};
	int ret = dsa_devargs_parse(pci->device.name, devargs != NULL ? devargs->args : NULL, &args);

	RTE_SET_USED(driver);
	return ret == 0 ? dsa_attach(&pci->device, &args, pci_open) : ret;
}

static int
pci_remove(struct rte_pci_device *pci)
{
	return dsa_detach(pci->device.name);
}

static struct rte_pci_driver dsa_pci_driver = {
	.id_table = pci_ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING,
	.probe = pci_probe,
	.remove = pci_remove,
};

RTE_PMD_REGISTER_PCI(dma_dsa_pci, dsa_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(dma_dsa_pci, pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(dma_dsa_pci, KERNEL_DRIVERS);
RTE_PMD_REGISTER_PARAM_STRING(dma_dsa_pci, DSA_DEVARGS_HELP);

#define ANY_SUBSYSTEM   RTE_STR(ID_ANY) ", " RTE_STR(ID_ANY)
#define JSON_ID(device) "[" RTE_STR(ID_VENDOR) ", " RTE_STR(device) ", " ANY_SUBSYSTEM "]"

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char
	pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\": \"dma_dsa_pci\", \"kmod\": "
				"\"" KERNEL_DRIVERS "\", \"params\": \"" DSA_DEVARGS_HELP
				"\", \"pci_ids\": [" JSON_ID(ID_SPR) ", " JSON_ID(ID_GNR_D) ", "
				JSON_ID(ID_DMR) "]}";
