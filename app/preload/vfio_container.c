/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <string.h>

#include "dma.h"
#include "real.h"
#include "sys.h"
#include "vfio_priv.h"

/* A container: the IO addresses of its groups. Its descriptor is the kernel's own where the machine
 * has VFIO, so that real groups can be put into it by their own ioctls. The kernel's container then
 * knows of the real groups and ours of the modelled ones, and each map goes to both:
 *
 *   program --SET_IOMMU, MAP_DMA--> ours --+--> modelled devices
 *                                          +--> the kernel's, once a real group is in it
 */

#define PAGE UINT64_C(4096)
/* Where x86 takes interrupt messages: never memory. */
#define MESSAGES_FIRST UINT64_C(0xfee00000)
#define MESSAGES_LAST  UINT64_C(0xfeefffff)
/* What an IOMMU with four levels of tables reaches. */
#define IOVA_LAST ((UINT64_C(1) << 48) - 1)

static struct container containers[CONTAINERS_MAX];

/* ---- Life ---- */

struct container *
container_get(unsigned int index)
{
	return &containers[index];
}

int
container_create(bool kernel)
{
	for (int i = 0; i < CONTAINERS_MAX; i++) {
		struct container *c = &containers[i];

		if (c->refs > 0 || c->groups > 0)
			continue;
		c->space = dma_create();
		if (c->space == NULL)
			return -ENOMEM;
		c->refs = 1;
		c->kernel = kernel;
		c->iommu = 0;
		return i;
	}
	return -EMFILE;
}

void
container_settle(struct container *c)
{
	if (c->groups > 0)
		return;
	/* Without groups nothing is mapped. What the kernel has is found out when it matters. */
	if (!c->kernel) {
		c->iommu = 0;
		dma_clear(c->space);
	}
	if (c->refs > 0)
		return;
	dma_destroy(c->space);
	c->space = NULL;
}

/* Has the kernel's container a real group and an IOMMU? */
static bool
kernel_active(struct container *c, int fd)
{
	struct vfio_iommu_type1_info info = {.argsz = sizeof(info)};

	return c->kernel && real_ioctl(fd, VFIO_IOMMU_GET_INFO, &info) == 0;
}

/* When all groups have left, it is as it was when it was opened. */
static void
container_refresh(struct container *c, int fd)
{
	if (c->iommu == 0 || c->groups > 0 || kernel_active(c, fd))
		return;
	c->iommu = 0;
	dma_clear(c->space);
}

static bool
is_type1(unsigned long type)
{
	return type == VFIO_TYPE1_IOMMU || type == VFIO_TYPE1v2_IOMMU;
}

int
container_join(struct container *c, int fd)
{
	container_refresh(c, fd);
	return c->iommu == 0 || is_type1((unsigned long)c->iommu) ? 0 : -EINVAL;
}

/* ---- SET_IOMMU ---- */

static int
container_set_iommu(struct container *c, int fd, unsigned long type)
{
	container_refresh(c, fd);
	if (c->iommu != 0)
		return -EINVAL;
	if (c->groups > 0 && !is_type1(type))
		return -ENODEV;
	/* The kernel refuses a container without groups by EINVAL, which is fine if ours has some.
	 */
	if (c->kernel && real_ioctl(fd, VFIO_SET_IOMMU, (void *)type) < 0) { /* NOLINT */
		if (c->groups == 0 || errno != EINVAL)
			return -errno;
	} else if (c->groups == 0 && !c->kernel) {
		return -EINVAL;
	}
	c->iommu = (long)type;
	return 0;
}

static int
kernel_map(int fd, uint64_t iova, void *addr, uint64_t len, unsigned int prot)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = (prot & BUS_PROT_READ ? VFIO_DMA_MAP_FLAG_READ : 0u) |
			 (prot & BUS_PROT_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0u),
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};

	return real_ioctl(fd, VFIO_IOMMU_MAP_DMA, &map) < 0 ? -errno : 0;
}

int
container_join_real(struct container *c, int fd)
{
	uint64_t iova, len, at = 0;
	unsigned int prot;
	void *addr;
	int ret;

	if (c->iommu == 0 || kernel_active(c, fd))
		return 0;
	if (real_ioctl(fd, VFIO_SET_IOMMU, (void *)c->iommu) < 0) /* NOLINT */
		return -errno;
	while (dma_next(c->space, at, &iova, &addr, &len, &prot)) {
		ret = kernel_map(fd, iova, addr, len, prot);
		if (ret < 0)
			return ret;
		at = iova + len;
	}
	return 0;
}

/* ---- Maps ---- */

static bool
iova_valid(uint64_t first, uint64_t last)
{
	return last <= IOVA_LAST && (last < MESSAGES_FIRST || first > MESSAGES_LAST);
}

/* May the device use this byte as it wants to? The kernel is made to look at it: as a futex, a word
 * can be read, and or'ed with nothing, without a signal when it is not there.
 */
static bool
memory_allows(uint64_t addr, bool write)
{
	const long nothing = FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0x7ff);
	uint32_t word = 0;

	if (write)
		return syscall(SYS_futex, &word, FUTEX_WAKE_OP_PRIVATE, 0, 0L, addr, nothing) >= 0;
	/* The value never matches for long, or at all; only EFAULT means that it cannot be read. */
	return syscall(SYS_futex, addr, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0L, &word, 0) >= 0 ||
	       errno != EFAULT;
}

static bool
memory_there(uint64_t addr, uint64_t len, bool write)
{
	/* All of it mapped, and its ends open: the middle is taken on trust. */
	return syscall(SYS_msync, addr, len, MS_ASYNC) == 0 && memory_allows(addr, write) &&
	       memory_allows(addr + len - 4, write);
}

static int
map_check(const struct vfio_iommu_type1_dma_map *map)
{
	const uint32_t flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

	if (map->argsz < sizeof(*map) || (map->flags & ~flags) != 0 || (map->flags & flags) == 0)
		return -EINVAL;
	if (map->size == 0 || (map->size | map->iova | map->vaddr) % PAGE != 0)
		return -EINVAL;
	if (map->iova + map->size - 1 < map->iova || map->vaddr + map->size - 1 < map->vaddr)
		return -EINVAL;
	return 0;
}

static int
container_map(struct container *c, int fd, const struct vfio_iommu_type1_dma_map *map)
{
	unsigned int prot = (map->flags & VFIO_DMA_MAP_FLAG_READ ? BUS_PROT_READ : 0u) |
			    (map->flags & VFIO_DMA_MAP_FLAG_WRITE ? BUS_PROT_WRITE : 0u);
	void *addr = (void *)(uintptr_t)map->vaddr; /* NOLINT */
	uint64_t unmapped;
	int ret = map_check(map);

	if (ret < 0)
		return ret;
	ret = dma_map(c->space, map->iova, addr, map->size, prot);
	if (ret < 0)
		return ret;
	if (!iova_valid(map->iova, map->iova + map->size - 1))
		ret = -EINVAL;
	else if (!memory_there(map->vaddr, map->size, prot & BUS_PROT_WRITE))
		ret = -EFAULT;
	else if (kernel_active(c, fd))
		ret = kernel_map(fd, map->iova, addr, map->size, prot);
	if (ret == 0)
		ret = device_mapped(c->space, map->iova, map->size);
	if (ret < 0 && dma_unmap(c->space, map->iova, map->size, &unmapped) == 0)
		device_remap(c->space);
	return ret;
}

static int
container_unmap(struct container *c, int fd, struct vfio_iommu_type1_dma_unmap *unmap)
{
	struct vfio_iommu_type1_dma_unmap kernels = {.argsz = sizeof(kernels)};
	uint64_t unmapped;
	int ret;

	if (unmap->argsz < sizeof(*unmap) || unmap->flags != 0 || unmap->size == 0 ||
	    (unmap->iova | unmap->size) % PAGE != 0 || unmap->iova + unmap->size - 1 < unmap->iova)
		return -EINVAL;
	ret = dma_unmap(c->space, unmap->iova, unmap->size, &unmapped);
	if (ret < 0)
		return ret;
	if (unmapped > 0)
		device_remap(c->space);
	kernels.iova = unmap->iova;
	kernels.size = unmap->size;
	if (kernel_active(c, fd) && real_ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &kernels) < 0)
		return -errno;
	unmap->size = unmapped;
	return 0;
}

/* ---- GET_INFO ---- */

/* What follows the fixed part; the kernel's header has no name for it as a whole. */
struct iova_ranges {
	struct vfio_info_cap_header header;
	uint32_t n;
	uint32_t reserved;
	struct vfio_iova_range range[2];
};

static int
container_info(struct container *c, int fd, struct vfio_iommu_type1_info *info)
{
	const struct iova_ranges ranges = {
		.header = {.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, .version = 1},
		.n = 2,
		.range = {{0, MESSAGES_FIRST - 1}, {MESSAGES_LAST + 1, IOVA_LAST}},
	};
	uint32_t argsz = info->argsz;

	if (kernel_active(c, fd))
		return real_ioctl(fd, VFIO_IOMMU_GET_INFO, info) < 0 ? -errno : 0;
	if (argsz < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = ~(PAGE - 1);
	if (argsz >= sizeof(*info))
		info->cap_offset = 0;
	/* Too short for all of it: the program learns how much to bring. */
	if (argsz < sizeof(*info) + sizeof(ranges)) {
		info->argsz = sizeof(*info) + sizeof(ranges);
		return 0;
	}
	info->cap_offset = sizeof(*info);
	memcpy(info + 1, &ranges, sizeof(ranges));
	return 0;
}

int
container_ioctl(struct container *c, int fd, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		if (is_type1((uintptr_t)arg))
			return 1;
		return c->kernel ? real_ioctl(fd, request, arg) : 0;
	case VFIO_SET_IOMMU:
		return container_set_iommu(c, fd, (uintptr_t)arg);
	default:
		break;
	}
	if (c->iommu == 0)
		return -EINVAL;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return container_info(c, fd, arg);
	case VFIO_IOMMU_MAP_DMA:
		return container_map(c, fd, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return container_unmap(c, fd, arg);
	default:
		return -ENOTTY;
	}
}
