/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The seam, as far as reaches have it in common: bars, configuration space, and, for a device that
 * is called, time, idling, and which memory it may touch. A device in this process sees DPDK's
 * memory by its virtual address, which is why our drivers ask for IOVA as VA.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_bus_pci.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_memory.h>

#include <bus_pci_driver.h>

#include "access_priv.h"
#include "bus_store.h"

/* How many bytes from addr on lie in one piece of DPDK memory? Looks no further than wanted. */
static size_t
dpdk_memory_len(const void *addr, size_t wanted)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	const uint8_t *at = addr;
	const uint8_t *end = at + wanted;

	/* Pages of a list lie side by side, but some of them may not be there. */
	while (msl != NULL && at < end) {
		const struct rte_memseg *seg = rte_mem_virt2memseg(at, msl);

		if (seg == NULL || seg->addr == NULL)
			break;
		at = (const uint8_t *)seg->addr + seg->len;
		if (at >= (const uint8_t *)msl->base_va + msl->len)
			break;
	}
	return RTE_MIN((size_t)(at - (const uint8_t *)addr), wanted);
}

static size_t
region_len(struct access_dev *access, uint64_t iova, size_t wanted)
{
	size_t len = 0;
	unsigned int i;

	rte_spinlock_lock(&access->lock);
	for (i = 0; i < access->nb_regions; i++) {
		const struct access_region *r = &access->regions[i];

		if (iova >= r->iova && iova - r->iova < r->len)
			len = RTE_MIN(r->len - (size_t)(iova - r->iova), wanted);
	}
	rte_spinlock_unlock(&access->lock);
	return len;
}

/* How many bytes from iova on lie in one piece of memory that the device may use at any time. */
static size_t
known_len(struct access_dev *access, uint32_t pasid, uint64_t iova, size_t wanted)
{
	size_t found;

	if (pasid != BUS_NO_PASID && pasid != ACCESS_PASID)
		return 0;
	found = dpdk_memory_len((const void *)(uintptr_t)iova, wanted);
	return found != 0 ? found : region_len(access, iova, wanted);
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct access_dev *access = RTE_PTR_SUB(host, offsetof(struct access_dev, host));
	size_t found = known_len(access, pasid, iova, *len);

	if (found == 0) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	*len = found;
	return (void *)(uintptr_t)iova;
}

/* The kernel looks addresses up for us, so that one that is none, or read-only, is an error and no
 * signal.
 */
static int
process_dma(uint64_t iova, void *bytes, size_t len, bool write)
{
	struct iovec near = {bytes, len}, far = {(void *)(uintptr_t)iova, len};
	ssize_t done = write ? process_vm_writev(getpid(), &near, 1, &far, 1, 0)
			     : process_vm_readv(getpid(), &near, 1, &far, 1, 0);

	return done == (ssize_t)len ? 0 : -EFAULT;
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct access_dev *access = RTE_PTR_SUB(host, offsetof(struct access_dev, host));
	void *addr = (void *)(uintptr_t)iova;

	if (known_len(access, pasid, iova, len) == len) {
		if (write)
			bus_store(addr, bytes, len);
		else
			memcpy(bytes, addr, len);
		return 0;
	}
	if (!access->sva || pasid != ACCESS_PASID)
		return -EFAULT;
	return process_dma(iova, bytes, len, write);
}

/* Touch a page, as a program that uses it would: the kernel finds one for it. A write must change
 * nothing, since others may write there too.
 */
static int
touch(uint64_t iova, enum bus_prot prot)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *page = (void *)(uintptr_t)(iova & ~((uint64_t)bytes - 1));
	int how = prot & BUS_PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	uint8_t byte;

	if (madvise(page, bytes, how) == 0)
		return 0;
	/* Kernels before 5.14 know neither; and what can be read may turn out not to be writable. */
	return errno == EINVAL ? process_dma(iova, &byte, 1, false) : -EFAULT;
}

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct access_dev *access = RTE_PTR_SUB(host, offsetof(struct access_dev, host));

	if (known_len(access, pasid, iova, 1) != 0)
		return 0;
	return access->sva && pasid == ACCESS_PASID ? touch(iova, prot) : -EFAULT;
}

static const struct bus_host_ops host_ops = {
	.map = host_map,
	.dma = host_dma,
	.page_request = host_page_request,
	.irq = access_irq_raise,
};

/* A thread with a CPU to itself gains nothing by giving way. Is there one that has not? */
static bool
cpus_are_shared(void)
{
	rte_cpuset_t seen;
	unsigned int lcore;

	CPU_ZERO(&seen);
	for (lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
		rte_cpuset_t own, both;

		if (rte_eal_lcore_role(lcore) == ROLE_OFF)
			continue;
		own = rte_lcore_cpuset(lcore);
		CPU_AND(&both, &own, &seen);
		if (CPU_COUNT(&own) != 1 || CPU_COUNT(&both) != 0)
			return true;
		CPU_OR(&seen, &seen, &own);
	}
	return false;
}

void
access_init(struct access_dev *access, const struct access_config *config,
	    const struct access_reach *reach)
{
	access->host.ops = &host_ops;
	access->reach = reach;
	access->step = config->step;
	access->sva = config->sva;
	access->gives_way = cpus_are_shared();
	access->ns_per_cycle = (uint64_t)(((unsigned __int128)NS_PER_S << 32) / rte_get_timer_hz());
	rte_spinlock_init(&access->lock);
}

void
access_close(struct access_dev *access)
{
	if (access != NULL)
		access->reach->close(access);
}

struct access_bar
access_bar(struct access_dev *access, unsigned int index)
{
	return (struct access_bar){
		.mmio = access->mmio[index],
		.dev = access->dev,
		.index = index,
		.how = access->how,
	};
}

int
access_config_read(struct access_dev *access, uint16_t off, void *bytes, size_t len)
{
	return access->reach->config(access, off, bytes, len, false);
}

int
access_config_write(struct access_dev *access, uint16_t off, const void *bytes, size_t len)
{
	/* One function does both ways; this way it only reads them. */
	return access->reach->config(access, off, (void *)(uintptr_t)bytes, len, true);
}

int
access_call_config(struct access_dev *access, uint16_t off, void *bytes, size_t len, bool write)
{
	return access->dev->ops->config(access->dev, off, bytes, len, write);
}

/* COMMAND, at 4, gets memory and bus master enabled. */
int
access_enable(struct access_dev *access)
{
	static const uint8_t command[] = {0x06, 0};

	return access_config_write(access, 4, command, sizeof(command));
}

void
access_reset_wait(const struct access_dev *access)
{
	if (access->reach->reset_ms != 0)
		rte_delay_us_sleep(access->reach->reset_ms * 1000);
}

static uint64_t
now_ns(const struct access_dev *access)
{
	return (uint64_t)(((unsigned __int128)rte_get_timer_cycles() * access->ns_per_cycle) >> 32);
}

static void
step(struct access_dev *access)
{
	access->dev->ops->step(access->dev, now_ns(access));
}

void
access_step_by(struct access_dev *access, enum access_step by)
{
	/* One on a socket is stepped by its server; here whoever polls steps the near end. */
	if (access_is_private(access))
		access->step = by;
}

void
access_step(struct access_dev *access)
{
	if (access->step != ACCESS_STEP_NEVER)
		step(access);
}

void
access_idle(struct access_dev *access)
{
	if (likely(access->step == ACCESS_STEP_IDLE))
		step(access);
}

uint64_t
access_idle_until(struct access_dev *access, uint64_t *now)
{
	*now = now_ns(access);
	if (access->step != ACCESS_STEP_IDLE)
		return BUS_NO_DEADLINE;
	return access->dev->ops->step(access->dev, *now);
}

uint64_t
access_stray(const struct access_dev *access)
{
	return access->reach->stray(access);
}

bool
access_gives_way(const struct access_dev *access)
{
	return access->gives_way;
}

const char *
access_about(const struct access_dev *access)
{
	return access->about;
}

bool
access_is_private(const struct access_dev *access)
{
	return access->dev != NULL && access->sleepers == NULL;
}

bool
access_is_stopped(const struct access_dev *access)
{
	return access->reach->is_stopped != NULL && access->reach->is_stopped(access);
}

bool
access_is_lost(const struct access_dev *access)
{
	return access->reach->is_lost != NULL && access->reach->is_lost(access);
}

struct line_ring *
access_ring(struct access_dev *access, unsigned int bar, uint64_t off)
{
	struct bus_region regions[ACCESS_DEVICE_REGIONS];
	int n;

	if (access->dev == NULL)
		return NULL;
	n = access->dev->ops->describe(access->dev, regions, ACCESS_DEVICE_REGIONS);
	n = RTE_MIN(n, ACCESS_DEVICE_REGIONS);
	for (int i = 0; i < n; i++)
		if (regions[i].kind == BUS_LINE_RING && regions[i].bar == bar &&
		    regions[i].offset == off)
			return regions[i].memory;
	return NULL;
}

/* Of memory that the PCI bus has mapped, or that a device shows. */
static bool
memory_region(struct access_dev *access, unsigned int bar, uint64_t off, struct bus_region *r)
{
	struct bus_region regions[ACCESS_DEVICE_REGIONS];
	int i, n;

	if (access->dev == NULL) {
		*r = (struct bus_region){
			.size = access->pci->mem_resource[bar].len,
			.memory = access->pci->mem_resource[bar].addr,
		};
		return true;
	}
	n = access->dev->ops->describe(access->dev, regions, ACCESS_DEVICE_REGIONS);
	for (i = 0; i < RTE_MIN(n, ACCESS_DEVICE_REGIONS); i++) {
		*r = regions[i];
		if (r->kind == BUS_MEMORY && r->bar == bar && off >= r->offset &&
		    off - r->offset < r->size)
			return true;
	}
	return false;
}

void *
access_memory(struct access_dev *access, unsigned int bar, uint64_t off, uint64_t *len)
{
	struct bus_region r;

	if (bar >= ACCESS_BARS || !memory_region(access, bar, off, &r) || r.memory == NULL ||
	    off - r.offset >= r.size)
		return NULL;
	*len = r.size - (off - r.offset);
	return (uint8_t *)r.memory + (off - r.offset);
}

int
access_wait_fd(const struct access_dev *access)
{
	return access->reach->wait_fd != NULL ? access->reach->wait_fd(access) : -1;
}

uint64_t
access_idle_ns(struct access_dev *access)
{
	uint64_t now, deadline;

	if (access->step != ACCESS_STEP_IDLE)
		return BUS_NO_DEADLINE;
	deadline = access_idle_until(access, &now);
	if (deadline == BUS_NO_DEADLINE)
		return deadline;
	return deadline > now ? deadline - now : 0;
}

static int
region_add(struct access_dev *access, uint64_t iova, size_t len)
{
	int ret = 0;

	rte_spinlock_lock(&access->lock);
	if (access->nb_regions == ACCESS_REGIONS_MAX)
		ret = -ENOSPC;
	else
		access->regions[access->nb_regions++] = (struct access_region){iova, len};
	rte_spinlock_unlock(&access->lock);
	return ret;
}

static int
region_remove(struct access_dev *access, uint64_t iova, size_t len)
{
	unsigned int i;
	int ret = -EINVAL;

	rte_spinlock_lock(&access->lock);
	for (i = 0; i < access->nb_regions; i++) {
		if (access->regions[i].iova != iova || access->regions[i].len != len)
			continue;
		access->regions[i] = access->regions[--access->nb_regions];
		ret = 0;
		break;
	}
	rte_spinlock_unlock(&access->lock);
	return ret;
}

/* A device in this process finds it by itself. */
static int
tell(struct access_dev *access, uint64_t iova, size_t len, bool map)
{
	return access->reach->memory != NULL ? access->reach->memory(access, iova, len, map) : 0;
}

bool
access_memory_known(struct access_dev *access, const void *addr, uint64_t iova, size_t len)
{
	/* On a bus the IOMMU knows; what DPDK has an address for was mapped there. */
	if (access->dev == NULL)
		return rte_mem_virt2memseg_list(addr) != NULL;
	return known_len(access, BUS_NO_PASID, iova, len) == len;
}

static int
dma_map(struct access_dev *access, void *addr, uint64_t iova, size_t len)
{
	int ret;

	if (iova != (uint64_t)(uintptr_t)addr || len == 0)
		return -EINVAL;
	ret = region_add(access, iova, len);
	if (ret < 0)
		return ret;
	ret = tell(access, iova, len, true);
	if (ret < 0)
		region_remove(access, iova, len);
	return ret;
}

static int
dma_unmap(struct access_dev *access, void *addr, uint64_t iova, size_t len)
{
	int ret;

	if (iova != (uint64_t)(uintptr_t)addr)
		return -EINVAL;
	ret = region_remove(access, iova, len);
	if (ret < 0)
		return ret;
	tell(access, iova, len, false);
	/* Unlocked, since looking addresses up takes the lock (host_map). The memory is the
	 * caller's again as soon as this returns.
	 */
	access->dev->ops->remap(access->dev);
	return 0;
}

static int
vdev_dma(struct access_dev *access, bool map, void *addr, uint64_t iova, size_t len)
{
	if (access == NULL)
		return -ENODEV;
	if (access->dev == NULL)
		return -ENOTSUP;
	return map ? dma_map(access, addr, iova, len) : dma_unmap(access, addr, iova, len);
}

int
access_vdev_dma(struct access_dev *access, const char *name, int logtype, bool map, void *addr,
		uint64_t iova, size_t len)
{
	int ret = vdev_dma(access, map, addr, iova, len);

	if (ret == 0)
		return 0;
	rte_log(RTE_LOG_ERR, logtype,
		"%s: DMA %s of %p+%zu at IO address %#" PRIx64 " refused: %s; accepted: %s\n",
		name, map ? "map" : "unmap", addr, len, iova, rte_strerror(-ret),
		map ? "the address itself, up to 64 pieces" : "exactly what was mapped");
	rte_errno = -ret;
	return -1;
}
