/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The DMA device, and the memory that it copies from and to. */

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_memzone.h>

#include "pipeline.h"

/* The driver as EAL has loaded it, by -d or from its directory: its name is all that is known. */
#define DEVICE_DRIVER "librte_dma_dsa.so"

static int
device_find(struct device *device, const char *name)
{
	struct rte_dma_info info;

	if (name != NULL)
		device->id = rte_dma_get_dev_id_by_name(name);
	else
		device->id = rte_dma_next_dev(0);
	if (name == NULL && device->id < 0) {
		complain("there is no DMA device: give EAL one, such as -d %s --vdev=dma_dsa0",
			 DEVICE_DRIVER);
		return EXIT_DEVICE;
	}
	if (device->id < 0 || rte_dma_info_get(device->id, &info) < 0) {
		complain("--dma-dev %s: there is no such DMA device", name);
		return EXIT_DEVICE;
	}
	snprintf(device->name, sizeof(device->name), "%s", info.dev_name);
	if (info.dev_capa & RTE_DMA_CAPA_MEM_TO_MEM && info.dev_capa & RTE_DMA_CAPA_OPS_COPY)
		return EXIT_DONE;
	complain("%s: does not copy from memory to memory", device->name);
	return EXIT_DEVICE;
}

/* One channel, with room for as many copies as there are blocks. */
static int
device_start(const struct device *device, const struct options *options)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	struct rte_dma_vchan_conf channel = {.direction = RTE_DMA_DIR_MEM_TO_MEM};
	struct rte_dma_info info;
	int ret;

	rte_dma_info_get(device->id, &info);
	channel.nb_desc = RTE_MAX(info.min_desc, rte_align32pow2(options->depth + 1));
	ret = rte_dma_configure(device->id, &conf);
	if (ret == 0)
		ret = rte_dma_vchan_setup(device->id, 0, &channel);
	if (ret == 0)
		ret = rte_dma_start(device->id);
	if (ret == 0)
		return EXIT_DONE;
	complain("%s: does not start with %u descriptors: %s", device->name, channel.nb_desc,
		 strerror(-ret));
	return EXIT_DEVICE;
}

/* The calls of dma_dsa: there if its driver is loaded, of use if it drives the device. */
static void
device_look_for_crc(struct device *device)
{
	void *driver = dlopen(DEVICE_DRIVER, RTLD_LAZY | RTLD_NOLOAD);
	int ret;

	if (driver == NULL)
		return;
	*(void **)&device->copy_crc = dlsym(driver, "rte_pmd_dsa_copy_crc");
	*(void **)&device->result = dlsym(driver, "rte_pmd_dsa_result");
	if (device->copy_crc == NULL || device->result == NULL)
		return;
	/* Of no bytes: refused, but by whom? */
	ret = device->copy_crc(device->id, 0, 0, 0, 0, 0, 0);
	device->has_crc = ret != -ENOTSUP && ret != -ENODEV;
}

int
device_open(struct device *device, const struct options *options)
{
	int ret;

	*device = (struct device){.id = -1};
	ret = device_find(device, options->dma_dev);
	if (ret == EXIT_DONE)
		ret = device_start(device, options);
	if (ret == EXIT_DONE)
		device_look_for_crc(device);
	return ret;
}

void
device_close(struct device *device)
{
	if (device->id < 0)
		return;
	rte_dma_stop(device->id);
	rte_dma_close(device->id);
}

/* Sources and targets of all blocks under way, in memory that a device can reach. */
int
blocks_get(struct pipeline *p)
{
	uint64_t bytes = 2 * p->options.block * p->options.depth, i;
	const struct rte_memzone *zone;
	struct block *block;

	p->blocks = calloc(p->options.depth, sizeof(*p->blocks));
	zone = rte_memzone_reserve_aligned("dma_pipeline", bytes, SOCKET_ID_ANY,
					   RTE_MEMZONE_IOVA_CONTIG, 4096);
	p->memory = zone;
	if (zone == NULL || p->blocks == NULL) {
		complain("no %" PRIu64 " MB of memory for --depth %" PRIu64 " blocks of %" PRIu64
			 " bytes: give EAL more, e.g. -m 512",
			 bytes >> 20, p->options.depth, p->options.block);
		return EXIT_FAILED;
	}
	for (i = 0; i < p->options.depth; i++) {
		block = &p->blocks[i];
		block->source = RTE_PTR_ADD(zone->addr, 2 * i * p->options.block);
		block->target = block->source + p->options.block;
		block->source_iova = zone->iova + 2 * i * p->options.block;
		block->target_iova = block->source_iova + p->options.block;
	}
	return EXIT_DONE;
}

void
blocks_put(struct pipeline *p)
{
	rte_memzone_free(p->memory);
	free(p->blocks);
}
