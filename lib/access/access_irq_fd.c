/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Vectors as descriptors: what all reaches have in common, and a device that is called, whose
 * interrupts are switched on in its configuration space as the kernel would do it.
 */

#include "access_irq_fd.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_bus_pci.h>
#include <rte_common.h>
#include <rte_interrupts.h>

#include <bus_pci_driver.h>

#include "access_irq_priv.h"

/* Configuration space. */
#define COMMAND          0x04
#define COMMAND_NO_INTX  0x04u /* of its second byte */
#define CAP_MSI          0x05
#define CAP_MSIX         0x11
#define CONTROL          2
#define MSI_ENABLE       0x01u /* of the first byte of its control word */
#define MSIX_ENABLE      0x80u /* of the second one */
#define MSIX_TABLE       4
#define MSIX_BAR         7u
#define MSIX_ENTRY       16u
#define MSIX_MASK        12u /* in an entry */

/* ---- All reaches ---- */

int
access_irq_fds_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n, int fds[])
{
	unsigned int i;
	int ret;

	if (n == 0 || n > ACCESS_IRQ_FDS || (kind != ACCESS_IRQ_MSIX && n != 1) ||
	    access->nb_irq_fds != 0)
		return -EINVAL;
	if (access->reach->irq_fds_open == NULL)
		return -ENOTSUP;
	ret = access->reach->irq_fds_open(access, kind, n);
	if (ret < 0)
		return ret;
	access->irq_kind = kind;
	for (i = 0; i < n; i++)
		fds[i] = access->irq_fds[i];
	return 0;
}

void
access_irq_fds_close(struct access_dev *access)
{
	if (access->nb_irq_fds == 0)
		return;
	access->reach->irq_fds_close(access, access->irq_kind);
	access->nb_irq_fds = 0;
}

void
access_irq_fds_ack(struct access_dev *access)
{
	if (access->pci != NULL && access->irq_kind == ACCESS_IRQ_INTX)
		rte_intr_ack(access->pci->intr_handle);
}

/* ---- A device that is called ---- */

/* Change bits of a byte of configuration space. */
static int
config_bits(struct access_dev *access, uint16_t off, uint8_t bits, bool on)
{
	uint8_t byte;
	int ret = access_config_read(access, off, &byte, 1);

	if (ret < 0)
		return ret;
	byte = on ? byte | bits : byte & (uint8_t)~bits;
	return access_config_write(access, off, &byte, 1);
}

static int
msix_switch(struct access_dev *access, unsigned int n, bool on)
{
	uint8_t at = access_find_cap(access, CAP_MSIX), word[4];
	struct access_bar bar;
	uint32_t table;
	unsigned int v;

	if (at == 0 || access_config_read(access, at + MSIX_TABLE, word, 4) < 0)
		return -ENOTSUP;
	table = word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
		(uint32_t)word[3] << 24;
	bar = access_bar(access, table & MSIX_BAR);
	for (v = 0; v < n; v++)
		access_write32(&bar, (table & ~MSIX_BAR) + v * MSIX_ENTRY + MSIX_MASK, !on);
	return config_bits(access, at + CONTROL + 1, MSIX_ENABLE, on);
}

static int
msi_switch(struct access_dev *access, bool on)
{
	uint8_t at = access_find_cap(access, CAP_MSI);

	return at != 0 ? config_bits(access, at + CONTROL, MSI_ENABLE, on) : -ENOTSUP;
}

static int
kind_switch(struct access_dev *access, enum access_irq_kind kind, unsigned int n, bool on)
{
	switch (kind) {
	case ACCESS_IRQ_MSIX:
		return msix_switch(access, n, on);
	case ACCESS_IRQ_MSI:
		return msi_switch(access, on);
	default:
		return config_bits(access, COMMAND + 1, COMMAND_NO_INTX, !on);
	}
}

static void
close_fds(struct access_dev *access, unsigned int n)
{
	while (n-- > 0)
		close(access->irq_fds[n]);
}

/* Eventfds of our own. */
static int
make_fds(struct access_dev *access, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		access->irq_fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (access->irq_fds[i] < 0) {
			int ret = -errno;

			close_fds(access, i);
			return ret;
		}
	}
	return 0;
}

int
access_irq_fds_call_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n)
{
	int ret = make_fds(access, n);

	if (ret < 0)
		return ret;
	ret = kind_switch(access, kind, n, true);
	if (ret < 0) {
		close_fds(access, n);
		return -ENOTSUP;
	}
	/* Release: who raises a vector finds its descriptor. */
	atomic_store_explicit(&access->nb_irq_fds, n, memory_order_release);
	return 0;
}

void
access_irq_fds_call_close(struct access_dev *access, enum access_irq_kind kind)
{
	unsigned int n = access->nb_irq_fds;

	kind_switch(access, kind, n, false);
	access->nb_irq_fds = 0;
	close_fds(access, n);
}

bool
access_irq_fd_raise(struct access_dev *access, unsigned int vector)
{
	const uint64_t one = 1;

	/* Pairs with the release in access_irq_fds_call_open. */
	if (vector >= atomic_load_explicit(&access->nb_irq_fds, memory_order_acquire))
		return false;
	/* A counter that is full is as good as one more. */
	(void)!write(access->irq_fds[vector], &one, sizeof(one));
	return true;
}
