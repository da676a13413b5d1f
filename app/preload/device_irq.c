/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "device_priv.h"

#include <errno.h>

#include "fds.h"
#include "served.h"
#include "sys.h"

/* MSI-X of a device. Its table and its enable bit are the kernel's under VFIO, so the shim programs
 * them: an address and a word that no one looks at, and the mask bit of each vector.
 */

#define ENTRY_BYTES   16u
#define ENTRY_ADDRESS 0u
#define ENTRY_UPPER   4u
#define ENTRY_DATA    8u
#define ENTRY_CONTROL 12u
#define ENTRY_MASKED  1u
/* Where x86 takes messages. */
#define MESSAGE_ADDRESS 0xfee00000u

static struct unit *
unit_of(struct device *dev)
{
	return (struct unit *)dev;
}

/* ---- Raising ---- */

void
unit_irq(struct bus_host *host, unsigned int vector)
{
	struct unit *u = (struct unit *)(void *)((char *)host - offsetof(struct unit, host));

	device_signal(&u->dev, vector);
}

void
device_signal(struct device *dev, unsigned int vector)
{
	const uint64_t one = 1;
	int fd;

	if (vector >= UNIT_VECTORS)
		return;
	fd = atomic_load_explicit(&unit_of(dev)->eventfd[vector], memory_order_acquire);
	/* A full counter refuses, and is as good as one more. */
	if (fd >= 0)
		(void)!sys_write(fd, &one, sizeof(one));
}

/* ---- Programming ---- */

unsigned int
device_vectors(struct device *dev)
{
	struct unit *u = unit_of(dev);
	unsigned int n;

	if (u->msix == 0)
		return 0;
	n = (unit_config_get(u, u->msix + MSIX_CONTROL, 2) & MSIX_SIZE) + 1;
	return n < UNIT_VECTORS ? n : UNIT_VECTORS;
}

static void
entry_program(struct unit *u, unsigned int vector)
{
	uint32_t table = unit_config_get(u, u->msix + MSIX_TABLE, 4);
	unsigned int bar = table & MSIX_BIR;
	uint64_t at = (table & ~(uint32_t)MSIX_BIR) + (uint64_t)vector * ENTRY_BYTES;
	bool on = u->irqs_on && atomic_load(&u->eventfd[vector]) >= 0;

	if (on) {
		device_bar_write(&u->dev, bar, at + ENTRY_ADDRESS, MESSAGE_ADDRESS, 4);
		device_bar_write(&u->dev, bar, at + ENTRY_UPPER, 0, 4);
		device_bar_write(&u->dev, bar, at + ENTRY_DATA, vector, 4);
	}
	device_bar_write(&u->dev, bar, at + ENTRY_CONTROL, on ? 0 : ENTRY_MASKED, 4);
}

/* Program some entries. The table lies in a BAR, which the program may have switched off. That of a
 * served device is programmed by who serves it.
 */
static void
table_program(struct unit *u, unsigned int first, unsigned int n)
{
	uint32_t command;

	if (u->served != NULL) {
		served_set_irqs(u, first, n);
		return;
	}
	command = unit_config_get(u, PCI_OFF_COMMAND, 2);
	unit_config_set(u, PCI_OFF_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	for (unsigned int i = first; i < first + n; i++)
		entry_program(u, i);
	unit_config_set(u, PCI_OFF_COMMAND, 2, command);
}

void
device_enable_irqs(struct device *dev, bool enable)
{
	struct unit *u = unit_of(dev);
	uint32_t control;

	if (u->msix == 0 || (!enable && !u->irqs_on))
		return;
	control = unit_config_get(u, u->msix + MSIX_CONTROL, 2) & ~(MSIX_ENABLE | MSIX_MASK_ALL);
	u->irqs_on = enable;
	if (enable)
		unit_config_set(u, u->msix + MSIX_CONTROL, 2,
				control | MSIX_ENABLE | MSIX_MASK_ALL);
	table_program(u, 0, device_vectors(dev));
	unit_config_set(u, u->msix + MSIX_CONTROL, 2, enable ? control | MSIX_ENABLE : control);
}

int
device_set_irq(struct device *dev, unsigned int vector, int eventfd)
{
	struct unit *u = unit_of(dev);
	int copy = -1, old;

	if (vector >= UNIT_VECTORS)
		return -EINVAL;
	if (eventfd >= 0) {
		/* The program may close its own at any time. */
		copy = fds_copy(eventfd);
		if (copy < 0)
			return copy;
	}
	/* Release: whoever raises it finds it open. */
	old = atomic_exchange_explicit(&u->eventfd[vector], copy, memory_order_acq_rel);
	if (u->irqs_on)
		table_program(u, vector, 1);
	/* Interrupts are raised under the lock of the device. Any access to it takes that lock, so
	 * after one nobody is about to write to the old descriptor.
	 */
	unit_config_get(u, 0, 4);
	if (old >= 0)
		fds_close(old);
	return 0;
}

void
unit_irqs_forget(struct unit *u)
{
	for (unsigned int i = 0; i < UNIT_VECTORS; i++)
		atomic_store_explicit(&u->eventfd[i], -1, memory_order_relaxed);
	u->irqs_on = false;
}
