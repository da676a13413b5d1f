/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The PCI reach: BARs that DPDK's PCI bus mapped. What answers there, silicon or something that
 * poses as it, has a clock of its own, so there is nothing to step.
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_bus_pci.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include <bus_pci_driver.h>

#include "access_irq_priv.h"

/* How long a function may take to come back after a reset, by the PCI Express specification. */
#define RESET_MS 100

static void
pci_close(struct access_dev *access)
{
	access_irqs_pci_close(access);
	rte_free(access->irqs);
	rte_free(access);
}

static uint64_t
pci_stray(const struct access_dev *access)
{
	RTE_SET_USED(access);
	return 0;
}

static int
pci_config(struct access_dev *access, uint16_t off, void *bytes, size_t len, bool write)
{
	int done = write ? rte_pci_write_config(access->pci, bytes, len, off)
			 : rte_pci_read_config(access->pci, bytes, len, off);

	return done == (int)len ? 0 : -EIO;
}

static const struct access_reach pci_reach = {
	.close = pci_close,
	.stray = pci_stray,
	.config = pci_config,
	.reset_ms = RESET_MS,
	.irqs_open = access_irqs_pci_open,
	.irq_seen = access_irq_pci_seen,
	.irq_sleep = access_irq_pci_sleep,
	.irq_fds_open = access_irq_fds_pci_open,
	.irq_fds_close = access_irq_fds_pci_close,
};

int
access_pci_open(const char *name, struct rte_pci_device *pci, struct access_dev **out)
{
	struct access_dev *access;
	enum portal_how how = portal_query();
	unsigned int i;

	if (how == PORTAL_NONE)
		return -ENOTSUP;
	access = rte_zmalloc_socket(name, sizeof(*access), RTE_CACHE_LINE_SIZE,
				    pci->device.numa_node);
	if (access == NULL)
		access = rte_zmalloc(name, sizeof(*access), RTE_CACHE_LINE_SIZE);
	if (access == NULL)
		return -ENOMEM;
	access->reach = &pci_reach;
	access->pci = pci;
	access->step = ACCESS_STEP_NEVER;
	access->how = how;
	for (i = 0; i < ACCESS_BARS; i++)
		access->mmio[i] = pci->mem_resource[i].addr;
	*out = access;
	return 0;
}

int
access_pci_check_bar(const struct rte_pci_device *pci, unsigned int bar, uint64_t needed,
		     int logtype)
{
	const struct rte_mem_resource *at = &pci->mem_resource[bar];

	if (at->addr != NULL && at->len >= needed)
		return 0;
	rte_log(RTE_LOG_ERR, logtype,
		"%s: BAR %u: %#" PRIx64 " bytes, %smapped; needed: %#" PRIx64
		" bytes, mapped; bind the device to vfio-pci\n",
		pci->device.name, bar, at->len, at->addr != NULL ? "" : "not ", needed);
	return -ENODEV;
}

int
access_pci_numa_node(const struct rte_pci_device *pci)
{
	unsigned int i;

	for (i = 0; i < rte_socket_count(); i++) {
		if (rte_socket_id_by_idx(i) == pci->device.numa_node)
			return pci->device.numa_node;
	}
	return SOCKET_ID_ANY;
}
