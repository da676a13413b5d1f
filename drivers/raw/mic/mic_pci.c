/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The card on the PCI bus, bound to vfio-pci or a uio driver: section 3. */

#include <errno.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_devargs.h>
#include <rte_errno.h>

#include <bus_pci_driver.h>

#include "mic_probe.h"

/* Decimal, because JSON knows no other numbers: 0x8086, 0x2250 to 0x225e; any subsystem. */
#define ID_VENDOR 32902
#define IDS(ID)                                                                                    \
	ID(8784) ID(8785) ID(8786) ID(8787) ID(8788) ID(8789) ID(8790)                             \
	ID(8791) ID(8792) ID(8793) ID(8794) ID(8795) ID(8796) ID(8797)
#define ID_LAST 8798

#define KERNEL_DRIVERS "* vfio-pci | uio_pci_generic | igb_uio"

static const struct rte_pci_id pci_ids[] = {
#define ID(device) {RTE_PCI_DEVICE(ID_VENDOR, device)},
	IDS(ID) ID(ID_LAST)
#undef ID
	{.vendor_id = 0},
};

static int
pci_open(struct mic *mic, struct access_dev **access)
{
	struct rte_pci_device *pci = container_of(mic->device, struct rte_pci_device, device);
	int ret = access_pci_check_bar(pci, MIC_BAR_APERTURE, 1, mic_logtype);

	if (ret == 0)
		ret = access_pci_check_bar(pci, MIC_BAR_MMIO, MIC_BAR4_BYTES, mic_logtype);
	if (ret < 0)
		return ret;
	ret = access_pci_open(mic->name, pci, access);
	if (ret < 0)
		MIC_LOG(ERR, mic->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	return ret;
}

static void
name_of(const struct rte_pci_device *pci, char name[RTE_RAWDEV_NAME_MAX_LEN])
{
	snprintf(name, RTE_RAWDEV_NAME_MAX_LEN, "mic_%s", pci->device.name);
}

static int
pci_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	const struct rte_devargs *devargs = pci->device.devargs;
	struct mic_devargs args = {.at = MIC_AT_BUS, .numa_node = access_pci_numa_node(pci)};
	char name[RTE_RAWDEV_NAME_MAX_LEN];
	int ret = mic_devargs_parse(pci->device.name, devargs != NULL ? devargs->args : NULL,
				    &args);

	RTE_SET_USED(driver);
	name_of(pci, name);
	return ret == 0 ? mic_attach(name, &pci->device, &args, pci_open) : ret;
}

static int
pci_remove(struct rte_pci_device *pci)
{
	char name[RTE_RAWDEV_NAME_MAX_LEN];

	name_of(pci, name);
	return mic_detach(name);
}

static struct rte_pci_driver mic_pci_driver = {
	.id_table = pci_ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING,
	.probe = pci_probe,
	.remove = pci_remove,
};

RTE_PMD_REGISTER_PCI(raw_mic_pci, mic_pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(raw_mic_pci, pci_ids);
RTE_PMD_REGISTER_KMOD_DEP(raw_mic_pci, KERNEL_DRIVERS);
RTE_PMD_REGISTER_PARAM_STRING(raw_mic_pci, MIC_DEVARGS_HELP);

#define JSON(device)    "[" RTE_STR(ID_VENDOR) ", " RTE_STR(device) ", 65535, 65535]"
#define JSON_ID(device) JSON(device) ", "

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char pmd_info[] __rte_used =
	"PMD_INFO_STRING= {\"name\": \"raw_mic_pci\", \"kmod\": \"" KERNEL_DRIVERS
	"\", \"params\": \"" MIC_DEVARGS_HELP "\", \"pci_ids\": [" IDS(JSON_ID) JSON(ID_LAST)
	"]}";
