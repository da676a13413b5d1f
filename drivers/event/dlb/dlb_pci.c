/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The device on the PCI bus, bound to vfio-pci or a uio driver, datasheet sections 1.1 and 1.2. */

#include <errno.h>

#include <rte_common.h>
#include <rte_devargs.h>
#include <rte_errno.h>

#include <bus_pci_driver.h>

#include "dlb_hw.h"
#include "dlb_probe.h"

/* Decimal, because JSON knows no other numbers: 0x8086, 0x2710, 0x2714; any subsystem. */
#define ID_VENDOR 32902
#define ID_V20    10000
#define ID_V25    10004
#define ID_ANY    65535

#define KERNEL_DRIVERS "* vfio-pci | uio_pci_generic | igb_uio"

static const struct rte_pci_id pci_ids[] = {
	{RTE_PCI_DEVICE(ID_VENDOR, ID_V20)},
	{RTE_PCI_DEVICE(ID_VENDOR, ID_V25)},
	{.vendor_id = 0},
};

static int
pci_open(struct dlb *dlb)
{
	struct rte_pci_device *pci = container_of(compat_event_device(dlb->dev),
						  struct rte_pci_device, device);
	int ret;

	ret = access_pci_check_bar(pci, REG_BAR_0, dlb_reg_end(dlb, REG_BAR_0), dlb_logtype);
	if (ret == 0)
		ret = access_pci_check_bar(pci, REG_BAR_2, dlb_reg_end(dlb, REG_BAR_2),
					   dlb_logtype);
	if (ret < 0)
		return ret;
	ret = access_pci_open(dlb->name, pci, &dlb->access);
	if (ret == -ENOTSUP)
		DLB_LOG(ERR, dlb->name, "this CPU cannot post lines of 64 bytes; needed: x86-64");
	else if (ret < 0)
		DLB_LOG(ERR, dlb->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	return ret;
}

static int
pci_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	const struct rte_devargs *devargs = pci->device.devargs;
	/* One QE a cache line: the device then writes each by one full line. */
	struct dlb_devargs args = {
		.on_bus = true,
		.version = pci->id.device_id == ID_V20 ? DLB_V20 : DLB_V25,
		.numa_node = access_pci_numa_node(pci),
		.sparse_cq = true,
	};
	int ret;

	RTE_SET_USED(driver);
	ret = dlb_check_process(pci->device.name);
	if (ret == 0)
		ret = dlb_devargs_parse(pci->device.name, devargs != NULL ? devargs->args : NULL,
					&args);
	if (ret == 0)
		ret = dlb_attach(&pci->device, &args, pci_open);
	return ret;
}

static int
pci_remove(struct rte_pci_device *pci)
{
	return dlb_detach(pci->device.name);
}

static struct rte_pci_driver dlb_pci_driver = {
	.id_table = pci_ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING,
	.probe = pci_probe,
	.remove = pci_remove,
};

RTE_PMD_REGISTER_PCI(event_dlb_pci, dlb_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(event_dlb_pci, pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(event_dlb_pci, KERNEL_DRIVERS);
RTE_PMD_REGISTER_PARAM_STRING(event_dlb_pci, DLB_DEVARGS_HELP);

#define ANY_SUBSYSTEM   RTE_STR(ID_ANY) ", " RTE_STR(ID_ANY)
#define JSON_ID(device) "[" RTE_STR(ID_VENDOR) ", " RTE_STR(device) ", " ANY_SUBSYSTEM "]"

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char
	pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\": \"event_dlb_pci\", \"kmod\": "
				"\"" KERNEL_DRIVERS "\", \"params\": \"" DLB_DEVARGS_HELP
				"\", \"pci_ids\": [" JSON_ID(ID_V20) ", " JSON_ID(ID_V25) "]}";
