/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFIO_TEST_RIG_H
#define SLIPWAY_VFIO_TEST_RIG_H

/**
 * @file
 * A program that speaks to VFIO, and knows nothing of the shim it runs under: what tests of it
 * share. To be run with LD_PRELOAD and with
 *
 *     SLIPWAY_DEVICES="0000:7e:00.0 9000 dlb;0000:7f:00.0 9001 dlb,version=2.0"
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dlb_reg_table.h"

#define PAGE 4096u
/** Offset of a region in the descriptor of a device. */
#define REGION(index) ((uint64_t)(index) << 40)
/** Config space. */
#define CONFIG REGION(VFIO_PCI_CONFIG_REGION_INDEX)
/** The MSI-X table, in BAR 0. */
#define TABLE UINT64_C(0x1000000)

/** A system call that must fail in a certain way. */
#define assert_errno(error, call)               \
	do {                                    \
		errno = 0;                      \
		assert_int_equal((call), -1);   \
		assert_int_equal(errno, error); \
	} while (0)

/** A device and what is needed to get at it. */
struct vfio {
	int container, group, device;
};

/** The first device is a DLB 2.5, the second a 2.0. */
static inline const char *
vfio_address(unsigned int n)
{
	return n == 0 ? "0000:7e:00.0" : "0000:7f:00.0";
}

static inline int
vfio_group_open(unsigned int n)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%u", 9000 + n);
	return open(path, O_RDWR);
}

/** Open device n: all that a driver does until it has the descriptor. */
static inline void
vfio_set_up(struct vfio *v, unsigned int n)
{
	v->container = open("/dev/vfio/vfio", O_RDWR);
	assert_true(v->container >= 0);
	v->group = vfio_group_open(n);
	assert_true(v->group >= 0);
	assert_int_equal(ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container), 0);
	assert_int_equal(ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), 0);
	v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(n));
	assert_true(v->device >= 0);
}

static inline void
vfio_tear_down(struct vfio *v)
{
	assert_int_equal(close(v->device), 0);
	assert_int_equal(close(v->group), 0);
	assert_int_equal(close(v->container), 0);
}

static inline uint32_t
vfio_read(const struct vfio *v, uint64_t off, size_t len)
{
	uint32_t value = 0;

	assert_int_equal(pread(v->device, &value, len, (off_t)off), len);
	return value;
}

static inline void
vfio_write(const struct vfio *v, uint64_t off, size_t len, uint32_t value)
{
	assert_int_equal(pwrite(v->device, &value, len, (off_t)off), len);
}

/** Offset of a register of device n. */
static inline uint64_t
vfio_reg(unsigned int n, enum dlb_reg reg)
{
	const struct reg_row *row = &dlb_reg_rows[reg];

	return REGION(row->bar == REG_BAR_0 ? 0 : 2) + row->offset[n == 0 ? DLB_V25 : DLB_V20];
}

/** Map memory for the device: an ioctl's result. */
static inline int
vfio_map(const struct vfio *v, void *addr, uint64_t iova, uint64_t size, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = size,
	};

	return ioctl(v->container, VFIO_IOMMU_MAP_DMA, &map);
}

/** Unmap: an ioctl's result; `size` becomes what was unmapped. */
static inline int
vfio_unmap(const struct vfio *v, uint64_t iova, uint64_t *size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = *size,
	};
	int ret = ioctl(v->container, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*size = unmap.size;
	return ret;
}

/** Anonymous memory. */
static inline void *
vfio_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

#define VFIO_READ_WRITE (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/** SET_IRQS with one word of data for each of `count` vectors, or none: an ioctl's result. */
static inline int
vfio_irqs(const struct vfio *v, uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
	  const int32_t *data)
{
	char bytes[sizeof(struct vfio_irq_set) + 64 * sizeof(int32_t)];
	struct vfio_irq_set *set = (struct vfio_irq_set *)(void *)bytes;
	size_t len = data == NULL ? 0 : count * sizeof(*data);

	*set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(*set) + len),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};
	if (len > 0)
		memcpy(set->data, data, len);
	return ioctl(v->device, VFIO_DEVICE_SET_IRQS, set);
}

/** What an eventfd (made with EFD_NONBLOCK) counted since the last call. */
static inline uint64_t
vfio_signals(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

#endif /* SLIPWAY_VFIO_TEST_RIG_H */
