/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Preloaded behind the shim, this plays a kernel that has VFIO with one real group, 42: it answers
 * what the shim passes on, as type 1 does, and keeps count of it for vfio_real_test.
 */

#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_test_kernel.h"

struct test_kernel test_kernel = {.container = -1, .group = -1};

static int
file_open(const char *name, int *fd)
{
	*fd = memfd_create(name, 0);
	return *fd;
}

int
open64(const char *path, int flags, ...)
{
	int (*next)(const char *path, int flags, ...);
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return file_open(path, &test_kernel.container);
	if (strcmp(path, "/dev/vfio/42") == 0)
		return file_open(path, &test_kernel.group);
	next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
	return next(path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return open64(path, flags, mode);
}

static int
refuse(int error)
{
	errno = error;
	return -1;
}

static int
container_ioctl(struct test_kernel *k, unsigned long request, void *arg)
{
	struct vfio_iommu_type1_dma_map *map = arg;
	struct vfio_iommu_type1_dma_unmap *unmap = arg;

	if (request == VFIO_SET_IOMMU) {
		if (!k->attached || k->iommu != 0)
			return refuse(EINVAL);
		k->iommu = (uintptr_t)arg;
		return 0;
	}
	if (k->iommu == 0)
		return refuse(EINVAL);
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		((struct vfio_iommu_type1_info *)arg)->iova_pgsizes = TEST_KERNEL_PGSIZES;
		return 0;
	case VFIO_IOMMU_MAP_DMA:
		if (map->iova == TEST_KERNEL_HOLE)
			return refuse(ENOMEM);
		k->maps++;
		k->iova = map->iova;
		k->bytes += map->size;
		return 0;
	case VFIO_IOMMU_UNMAP_DMA:
		k->unmaps++;
		k->bytes -= unmap->size;
		return 0;
	default:
		return refuse(ENOTTY);
	}
}

static int
group_ioctl(struct test_kernel *k, unsigned long request, void *arg)
{
	if (request == VFIO_GROUP_SET_CONTAINER) {
		if (*(int *)arg != k->container)
			return refuse(EINVAL);
		k->attached = true;
		return 0;
	}
	if (request == VFIO_GROUP_UNSET_CONTAINER) {
		k->attached = false;
		k->iommu = 0;
		k->bytes = 0;
		return 0;
	}
	return request == VFIO_GROUP_GET_DEVICE_FD ? TEST_KERNEL_DEVICE : refuse(ENOTTY);
}

int
ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, ...);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd >= 0 && fd == test_kernel.container)
		return container_ioctl(&test_kernel, request, arg);
	if (fd >= 0 && fd == test_kernel.group)
		return group_ioctl(&test_kernel, request, arg);
	next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	return next(fd, request, arg);
}
