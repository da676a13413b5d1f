/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "device_priv.h"
#include "sys.h"
#include "vfio_priv.h"

/* A device as VFIO shows it: regions, each at its own offset of the descriptor. */

#define REGION_SHIFT 40
#define REGION_OFF   ((UINT64_C(1) << REGION_SHIFT) - 1)
#define PAGE         UINT64_C(4096)

static int
device_info(struct vfio_device_info *info)
{
	if (info->argsz < offsetof(struct vfio_device_info, cap_offset))
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
	info->num_regions = VFIO_PCI_NUM_REGIONS;
	info->num_irqs = VFIO_PCI_NUM_IRQS;
	return 0;
}

static int
region_info(struct device *dev, struct vfio_region_info *info)
{
	const uint32_t both = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

	if (info->argsz < sizeof(*info))
		return -EINVAL;
	info->size = 0;
	info->flags = 0;
	info->cap_offset = 0;
	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = DEVICE_CONFIG;
		info->flags = both;
	} else if (info->index < DEVICE_BARS) {
		info->size = dev->bar_size[info->index];
		if (info->size != 0)
			info->flags = both;
		if (info->size >= PAGE)
			info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	} else if (info->index != VFIO_PCI_ROM_REGION_INDEX) {
		return -EINVAL;
	}
	info->offset = (uint64_t)info->index << REGION_SHIFT;
	return 0;
}

int
vfio_device_ioctl(struct device *dev, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return device_info(arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(dev, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return vfio_irq_info(dev, arg);
	case VFIO_DEVICE_SET_IRQS:
		return vfio_set_irqs(dev, arg);
	case VFIO_DEVICE_RESET:
		device_reset(dev);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* ---- Reading and writing ---- */

/* Is this offset in the MSI-X table? The kernel keeps programs from it. */
static bool
in_table(struct device *dev, unsigned int bar, uint64_t off)
{
	unsigned int n = device_vectors(dev);
	uint32_t table;
	uint8_t msix;

	if (n == 0)
		return false;
	msix = ((struct unit *)dev)->msix;
	table = unit_config_get((struct unit *)dev, msix + MSIX_TABLE, 4);
	return bar == (table & MSIX_BIR) && off - (table & ~(uint32_t)MSIX_BIR) < n * UINT64_C(16);
}

static void
bar_word(struct device *dev, unsigned int bar, uint64_t off, void *bytes, unsigned int size,
	 bool write)
{
	uint64_t value = UINT64_MAX;

	if (write) {
		value = 0;
		memcpy(&value, bytes, size);
		if (!in_table(dev, bar, off))
			device_bar_write(dev, bar, off, value, size);
		return;
	}
	if (!in_table(dev, bar, off))
		value = device_bar_read(dev, bar, off, size);
	memcpy(bytes, &value, size);
}

static ssize_t
bar_transfer(struct device *dev, unsigned int bar, void *bytes, size_t len, uint64_t off,
	     bool write)
{
	uint16_t command = 0;
	uint8_t *next = bytes;
	unsigned int size;

	if (off >= dev->bar_size[bar])
		return -EINVAL;
	device_config(dev, PCI_OFF_COMMAND, &command, sizeof(command), false);
	if ((command & PCI_COMMAND_MEMORY) == 0)
		return -EIO;
	if (len > dev->bar_size[bar] - off)
		len = (size_t)(dev->bar_size[bar] - off);
	for (size_t left = len; left > 0; left -= size, off += size, next += size) {
		size = left >= 4 && off % 4 == 0 ? 4 : left >= 2 && off % 2 == 0 ? 2 : 1;
		bar_word(dev, bar, off, next, size, write);
	}
	return (ssize_t)len;
}

ssize_t
vfio_device_transfer(struct device *dev, void *bytes, size_t len, off_t off, bool write)
{
	uint64_t at = (uint64_t)off & REGION_OFF;
	uint64_t index = (uint64_t)off >> REGION_SHIFT;
	int ret;

	if (off < 0 || index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (index < DEVICE_BARS)
		return bar_transfer(dev, (unsigned int)index, bytes, len, at, write);
	if (index != VFIO_PCI_CONFIG_REGION_INDEX)
		return -EINVAL;
	if (at >= DEVICE_CONFIG || len > DEVICE_CONFIG - at)
		return -EFAULT;
	ret = device_config(dev, (uint16_t)at, bytes, len, write);
	return ret < 0 ? ret : (ssize_t)len;
}

/* ---- Maps ---- */

int
vfio_device_mmap(struct device *dev, void **addr, size_t len, int flags, off_t off)
{
	const int kept = MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT;
	uint64_t at = (uint64_t)off & REGION_OFF;
	uint64_t index = (uint64_t)off >> REGION_SHIFT;
	void *p;
	int ret;

	if (off < 0 || index >= DEVICE_BARS || at % PAGE != 0 || (flags & MAP_SHARED) == 0 ||
	    len == 0)
		return -EINVAL;
	len = (len + PAGE - 1) & ~(PAGE - 1);
	if (len > dev->bar_size[index] || at > dev->bar_size[index] - len)
		return -EINVAL;
	/* Closed pages: each access is a signal, and its handler asks the device. */
	p = sys_mmap(*addr, len, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (flags & kept), -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	ret = device_map_bar(dev, (unsigned int)index, at, p, len);
	if (ret < 0) {
		sys_munmap(p, len);
		return ret;
	}
	*addr = p;
	return 0;
}
