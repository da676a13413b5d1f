/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Interrupt vectors of a device on the PCI bus: the event descriptors that DPDK gives to VFIO, one
 * a vector. Only vfio-pci has vectors to give.
 */

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <rte_bus_pci.h>
#include <rte_common.h>
#include <rte_interrupts.h>

#include <bus_pci_driver.h>

#include "access_irq_priv.h"

#define NS_IN_S UINT64_C(1000000000)

int
access_irqs_pci_open(struct access_dev *access, struct access_irqs *irqs)
{
	struct rte_intr_handle *handle = access->pci->intr_handle;
	int ret;

	RTE_SET_USED(irqs);
	if (rte_intr_type_get(handle) != RTE_INTR_HANDLE_VFIO_MSIX)
		return -ENOTSUP;
	ret = rte_intr_efd_enable(handle, ACCESS_IRQS);
	if (ret < 0)
		return -ENOTSUP;
	if (rte_intr_nb_efd_get(handle) != ACCESS_IRQS || rte_intr_enable(handle) < 0) {
		rte_intr_efd_disable(handle);
		return -ENOTSUP;
	}
	return 0;
}

void
access_irqs_pci_close(struct access_dev *access)
{
	struct rte_intr_handle *handle = access->pci->intr_handle;

	if (access->irqs == NULL)
		return;
	rte_intr_disable(handle);
	rte_intr_efd_disable(handle);
}

static int
descriptor(const struct access_dev *access, unsigned int vector)
{
	return rte_intr_efds_index_get(access->pci->intr_handle, (int)vector - 1);
}

/* What was raised before is read away; what is raised from now on makes it readable. */
uint32_t
access_irq_pci_seen(struct access_dev *access, unsigned int vector)
{
	uint64_t count;

	(void)!read(descriptor(access, vector), &count, sizeof(count));
	return 0;
}

void
access_irq_pci_sleep(struct access_dev *access, unsigned int vector, uint32_t seen, uint64_t ns)
{
	struct pollfd fd = {.fd = descriptor(access, vector), .events = POLLIN};
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_IN_S),
		.tv_nsec = (long)(ns % NS_IN_S),
	};

	RTE_SET_USED(seen);
	(void)!ppoll(&fd, 1, &ts, NULL);
}

/* ---- Vectors as descriptors ---- */

/* What DPDK has set the device up for; it knows no second choice. */
static bool
is_kind(const struct rte_intr_handle *handle, enum access_irq_kind kind)
{
	switch (rte_intr_type_get(handle)) {
	case RTE_INTR_HANDLE_VFIO_MSIX:
		return kind == ACCESS_IRQ_MSIX;
	case RTE_INTR_HANDLE_VFIO_MSI:
		return kind == ACCESS_IRQ_MSI;
	case RTE_INTR_HANDLE_VFIO_LEGACY:
	case RTE_INTR_HANDLE_UIO:
	case RTE_INTR_HANDLE_UIO_INTX:
		return kind == ACCESS_IRQ_INTX;
	default:
		return false;
	}
}

/* The handle's own descriptor is vector 0, its list has those from 1 on. */
int
access_irq_fds_pci_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n)
{
	struct rte_intr_handle *handle = access->pci->intr_handle;
	unsigned int i;

	if (!is_kind(handle, kind))
		return -ENOTSUP;
	if (n > 1 && (rte_intr_efd_enable(handle, n - 1) < 0 ||
		      rte_intr_nb_efd_get(handle) != (int)n - 1))
		return -ENOTSUP;
	if (rte_intr_enable(handle) < 0) {
		rte_intr_efd_disable(handle);
		return -ENOTSUP;
	}
	access->irq_fds[0] = rte_intr_fd_get(handle);
	for (i = 1; i < n; i++)
		access->irq_fds[i] = rte_intr_efds_index_get(handle, (int)i - 1);
	access->nb_irq_fds = n;
	return 0;
}

void
access_irq_fds_pci_close(struct access_dev *access, enum access_irq_kind kind)
{
	RTE_SET_USED(kind);
	rte_intr_disable(access->pci->intr_handle);
	rte_intr_efd_disable(access->pci->intr_handle);
}
