/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The virtual device raw_mic<n>: a card in this process, one that another process serves on a
 * socket, or one of those by its name; and memory that the application brings.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <bus_vdev_driver.h>

#include "access_mic.h"
#include "mic_probe.h"

#define MIB UINT64_C(0x100000)
#define MS  UINT64_C(1000000)

/* The model shares this process's addresses, so does a server that has its memory. */
static int
check_iova(const char *name)
{
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		return 0;
	MIC_LOG(ERR, name, "IO addresses are physical; start with --iova-mode=va");
	return -ENOTSUP;
}

static void
say(const char *name, const char *line)
{
	MIC_LOG(NOTICE, name, "%s", line);
}

static int
open_model(struct mic *mic, const struct access_config *config, struct access_dev **access)
{
	const struct mic_devargs *args = &mic->args;
	const struct access_mic_config device = {
		.era = args->era,
		.device_id = args->device_id,
		.revision = args->revision,
		.a0 = args->a0,
		.memory = args->memory * MIB,
		.load_address = args->load_address,
		.time_scale = args->time_scale,
		.ready_ns = args->ready_ms * MS,
		.lose_smpt = args->lose_smpt,
		.never_ready = args->never_ready,
		.all_ones = args->all_ones,
		.strict_enables = args->strict_enables,
		.trains_memory = args->trains_memory,
		.dma_dstat_16_bits = args->dma_dstat_16_bits,
		.dma_owner_card = args->dma_owner_card,
		.dma_after_boot_only = args->dma_after_boot_only,
	};
	int ret = access_mic_open(config, &device, access);

	if (ret == -EINVAL)
		MIC_LOG(ERR, mic->name,
			"device argument load_address=%#" PRIx32
			": accepted: 0x1000..%#" PRIx64
			", half of the card's memory, since the ramdisk comes at twice the address",
			args->load_address,
			(device.memory != 0 ? device.memory : ACCESS_MIC_MEMORY) / 2);
	else if (ret < 0)
		MIC_LOG(ERR, mic->name, "cannot make the card: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	return ret;
}

static int
vdev_open(struct mic *mic, struct access_dev **access)
{
	const struct access_config config = {
		.name = mic->name,
		.step = mic->args.step,
		.numa_node = mic->args.numa_node,
		.log = say,
	};
	int ret = check_iova(mic->name);

	if (ret < 0)
		return ret;
	if (mic->args.at == MIC_AT_MODEL)
		return open_model(mic, &config, access);
	if (mic->args.at == MIC_AT_CARD)
		ret = mic_owner_open(mic);
	if (ret == 0)
		ret = access_vfu_open(&config, mic->args.path, access);
	if (ret < 0)
		mic_owner_close(mic);
	return ret;
}

static int
vdev_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct mic_devargs args = {.at = MIC_AT_MODEL, .numa_node = (int)rte_socket_id()};
	int ret = mic_devargs_parse(name, rte_vdev_device_args(vdev), &args);

	return ret == 0 ? mic_attach(name, &vdev->device, &args, vdev_open) : ret;
}

static int
vdev_remove(struct rte_vdev_device *vdev)
{
	return mic_detach(rte_vdev_device_name(vdev));
}

/* ---- Memory of the application ---- */

static int
tell_access(struct rte_vdev_device *vdev, bool map, void *addr, uint64_t iova, size_t len)
{
	const char *name = rte_vdev_device_name(vdev);
	struct rte_rawdev *raw = rte_rawdev_pmd_get_named_dev(name);
	struct mic_dev *dev = raw != NULL ? mic_of(raw)->dev : NULL;

	return access_vdev_dma(dev != NULL ? mic_dev_access(dev) : NULL, name, mic_logtype, map,
			       addr, iova, len);
}

static int
vdev_dma_map(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	return tell_access(vdev, true, addr, iova, len);
}

static int
vdev_dma_unmap(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	return tell_access(vdev, false, addr, iova, len);
}

static struct rte_vdev_driver mic_driver = {
	.probe = vdev_probe,
	.remove = vdev_remove,
	.dma_map = vdev_dma_map,
	.dma_unmap = vdev_dma_unmap,
	.drv_flags = RTE_VDEV_DRV_NEED_IOVA_AS_VA,
};

RTE_PMD_REGISTER_VDEV(raw_mic, mic_driver);
RTE_PMD_REGISTER_PARAM_STRING(raw_mic, MIC_VDEV_DEVARGS_HELP);

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\": \"raw_mic\", \"params\": "
					  "\"" MIC_VDEV_DEVARGS_HELP "\", \"pci_ids\": []}";
