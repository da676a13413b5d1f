/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "fds.h"
#include "sys.h"
#include "vfio_priv.h"

/* Interrupts as VFIO has them: MSI-X from the device; "error" and "request" are notices from the
 * kernel, which programs register for, and which never come by themselves here. The models have
 * neither INTx nor MSI.
 */

#define DATA_MASK (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_DATA_EVENTFD)
#define ACTION_MASK \
	(VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_ACTION_TRIGGER)

/* What one device has on. */
struct irqs {
	bool msix;
	int notice[2];  /* eventfd of error and request, 0 for none; a copy of ours is never 0 */
	bool has[2048]; /* vectors that have an eventfd */
};

static struct irqs all_irqs[DEVICE_MAX];

static struct irqs *
irqs_of(struct device *dev)
{
	return &all_irqs[device_index(dev)];
}

static unsigned int
irq_count(struct device *dev, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device_vectors(dev);
	case VFIO_PCI_ERR_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

int
vfio_irq_info(struct device *dev, void *arg)
{
	struct vfio_irq_info *info = arg;

	if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info->count = irq_count(dev, info->index);
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	/* A vector of MSI-X more needs no new start: so programs may add them one by one. */
	else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

/* ---- Eventfds ---- */

/* -1, or a descriptor that is an eventfd: 0, or why not. */
static int
eventfd_check(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[64];
	long n;

	if (fd == -1)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || syscall(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	n = syscall(SYS_readlinkat, AT_FDCWD, path, target, sizeof(target));
	/* Without /proc there is no way to tell. */
	return n < 0 || (n == sizeof(name) - 1 && memcmp(target, name, (size_t)n) == 0) ? 0
											: -EINVAL;
}

static int
vector_set(struct device *dev, uint32_t vector, int fd)
{
	int ret = eventfd_check(fd);

	if (ret == 0)
		ret = device_set_irq(dev, vector, fd);
	if (ret == 0)
		irqs_of(dev)->has[vector] = fd >= 0;
	return ret;
}

/* ---- MSI-X ---- */

static void
msix_off(struct device *dev)
{
	struct irqs *irqs = irqs_of(dev);

	device_enable_irqs(dev, false);
	for (unsigned int i = 0; i < device_vectors(dev); i++)
		if (irqs->has[i])
			vector_set(dev, i, -1);
	irqs->msix = false;
}

static int
msix_vectors(struct device *dev, const struct vfio_irq_set *set)
{
	struct irqs *irqs = irqs_of(dev);
	bool first = !irqs->msix;
	int fd, ret = 0;
	uint32_t i;

	for (i = 0; i < set->count && ret == 0; i++) {
		memcpy(&fd, set->data + i * sizeof(fd), sizeof(fd));
		ret = vector_set(dev, set->start + i, fd);
	}
	if (ret < 0) {
		/* As before, but for the vectors that had another descriptor: those have none. */
		while (i-- > 0)
			vector_set(dev, set->start + i, -1);
		return ret;
	}
	irqs->msix = true;
	if (first)
		device_enable_irqs(dev, true);
	return 0;
}

static int
msix_trigger(struct device *dev, const struct vfio_irq_set *set)
{
	struct irqs *irqs = irqs_of(dev);

	if (set->count == 0 && (set->flags & VFIO_IRQ_SET_DATA_NONE) != 0 && irqs->msix) {
		msix_off(dev);
		return 0;
	}
	if ((set->flags & VFIO_IRQ_SET_DATA_EVENTFD) != 0)
		return msix_vectors(dev, set);
	if (!irqs->msix)
		return -EINVAL;
	for (uint32_t i = 0; i < set->count; i++)
		if ((set->flags & VFIO_IRQ_SET_DATA_NONE) != 0 || set->data[i] != 0)
			device_signal(dev, set->start + i);
	return 0;
}

/* ---- Notices ---- */

static int
notice_trigger(int *notice, const struct vfio_irq_set *set)
{
	const uint64_t one = 1;
	int fd = -1, ret;

	if ((set->flags & VFIO_IRQ_SET_DATA_EVENTFD) != 0 && set->count > 0)
		memcpy(&fd, set->data, sizeof(fd));
	if ((set->flags & VFIO_IRQ_SET_DATA_EVENTFD) != 0 || set->count == 0) {
		ret = eventfd_check(fd);
		if (ret == 0 && fd >= 0)
			ret = fds_copy(fd);
		if (ret < 0)
			return ret;
		if (*notice != 0)
			fds_close(*notice);
		*notice = ret;
	} else if (*notice != 0 &&
		   ((set->flags & VFIO_IRQ_SET_DATA_NONE) != 0 || set->data[0] != 0)) {
		(void)!sys_write(*notice, &one, sizeof(one));
	}
	return 0;
}

/* ---- SET_IRQS ---- */

static int
set_check(struct device *dev, const struct vfio_irq_set *set)
{
	size_t size;

	if (set->argsz < sizeof(*set) || set->index >= VFIO_PCI_NUM_IRQS ||
	    set->count >= UINT32_MAX - set->start ||
	    (set->flags & ~(uint32_t)(DATA_MASK | ACTION_MASK)) != 0)
		return -EINVAL;
	if (set->start >= irq_count(dev, set->index) ||
	    set->start + set->count > irq_count(dev, set->index))
		return -EINVAL;
	switch (set->flags & DATA_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		size = 0;
		break;
	case VFIO_IRQ_SET_DATA_BOOL:
		size = 1;
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		size = sizeof(int32_t);
		break;
	default:
		return -EINVAL;
	}
	return set->argsz - sizeof(*set) < set->count * size ? -EINVAL : 0;
}

int
vfio_set_irqs(struct device *dev, const void *arg)
{
	const struct vfio_irq_set *set = arg;
	int ret = set_check(dev, set);

	if (ret < 0)
		return ret;
	/* What the kernel cannot do for these either. */
	if ((set->flags & ACTION_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	if (set->index == VFIO_PCI_MSIX_IRQ_INDEX)
		return msix_trigger(dev, set);
	return notice_trigger(&irqs_of(dev)->notice[set->index - VFIO_PCI_ERR_IRQ_INDEX], set);
}

void
vfio_irqs_close(struct device *dev)
{
	struct irqs *irqs = irqs_of(dev);

	msix_off(dev);
	for (unsigned int i = 0; i < 2; i++) {
		if (irqs->notice[i] != 0)
			fds_close(irqs->notice[i]);
		irqs->notice[i] = 0;
	}
}
