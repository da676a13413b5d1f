/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The virtual device dma_dsa<n>: a model in this process, a device or a work queue that another
 * process serves on a socket, or one that the kernel's driver has; and memory that the application
 * brings.
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <bus_vdev_driver.h>

#include "access_dsa.h"
#include "dsa_kernel.h"
#include "dsa_probe.h"

/* Of the SPR part, which a model is like when nothing else is asked for. */
#define SPR_WQS     8
#define SPR_ENTRIES 128
#define SPR_GROUPS  4
#define SPR_ENGINES 4

/* The model shares this process's addresses, so does a server that has its memory, and the kernel
 * gives the device this process's address space.
 */
static int
check_iova(const char *name)
{
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		return 0;
	DSA_LOG(ERR, name, "IO addresses are physical; start with --iova-mode=va");
	return -ENOTSUP;
}

static void
say(const char *name, const char *line)
{
	DSA_LOG(ERR, name, "%s", line);
}

/* A model is made large enough for what is asked of it. */
static int
open_model(struct dsa *dsa, const struct access_config *config)
{
	const struct dsa_devargs *args = &dsa->args;
	struct access_dsa_config device = {
		.wqs = RTE_MAX(args->wqs, (unsigned int)SPR_WQS),
		.wq_total = SPR_ENTRIES,
		.groups = RTE_MAX(args->groups, (unsigned int)SPR_GROUPS),
		.engines = RTE_MAX(args->engines, (unsigned int)SPR_ENGINES),
		/* It is stepped by hand only once it is up, see dsa_attach(). */
		.shuffled = args->step == ACCESS_STEP_MANUAL,
	};
	uint64_t entries = (uint64_t)args->size * RTE_MAX(args->wqs, 1u);
	int ret;

	if (entries > UINT16_MAX) {
		DSA_LOG(ERR, dsa->name,
			"device argument size=%u: accepted: 1..%u, since a device has 65535 "
			"entries for all its work queues",
			args->size, UINT16_MAX / RTE_MAX(args->wqs, 1u));
		return -EINVAL;
	}
	device.wq_total = RTE_MAX(device.wq_total, (unsigned int)entries);
	ret = access_dsa_open(config, &device, &dsa->access);
	if (ret < 0)
		DSA_LOG(ERR, dsa->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	return ret;
}

static int
open_kernel(struct dsa *dsa)
{
	struct dsa_kernel_device device;
	struct dsa_wq *wq = &dsa->wqs[0];
	int ret = dsa_kernel_open(dsa->name, dsa->args.path, wq, &device);

	if (ret < 0)
		return ret;
	dsa->nb_wqs = 1;
	dsa->caps = (struct dsa_caps){
		.version = device.version,
		.gencap = wq->gencap,
		.wqs = 1,
		.wq_total = wq->size,
		.max_batch = wq->max_batch,
		.max_transfer = wq->max_transfer,
	};
	memcpy(dsa->caps.opcap, wq->opcap, sizeof(wq->opcap));
	return 0;
}

static int
vdev_open(struct dsa *dsa)
{
	const struct access_config config = {
		.name = dsa->name,
		.version = dsa->args.version,
		.step = ACCESS_STEP_IDLE,
		.numa_node = dsa->args.numa_node,
		.sva = dsa->args.sva,
		.no_rings = true,
		.log = say,
	};
	int ret = check_iova(dsa->name);

	if (ret < 0)
		return ret;
	if (dsa->args.at == DSA_AT_KERNEL)
		return open_kernel(dsa);
	if (dsa->args.at == DSA_AT_VFU)
		return access_vfu_open(&config, dsa->args.path, &dsa->access);
	return open_model(dsa, &config);
}

static int
vdev_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct dsa_devargs args = {.at = DSA_AT_MODEL, .numa_node = (int)rte_socket_id()};
	int ret = dsa_devargs_parse(name, rte_vdev_device_args(vdev), &args);

	return ret == 0 ? dsa_attach(&vdev->device, &args, vdev_open) : ret;
}

static int
vdev_remove(struct rte_vdev_device *vdev)
{
	return dsa_detach(rte_vdev_device_name(vdev));
}

/* ---- Memory of the application ---- */

/* To the kernel's work queue all of the process is known. */
static int
tell_access(struct rte_vdev_device *vdev, bool map, void *addr, uint64_t iova, size_t len)
{
	const char *name = rte_vdev_device_name(vdev);
	int id = rte_dma_get_dev_id_by_name(name);
	struct dsa *dsa = id >= 0 ? dsa_of_id((int16_t)id) : NULL;

	if (dsa != NULL && dsa->args.at == DSA_AT_KERNEL)
		return 0;
	return access_vdev_dma(dsa != NULL ? dsa->access : NULL, name, dsa_logtype, map, addr, iova,
			       len);
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

static struct rte_vdev_driver dsa_driver = {
	.probe = vdev_probe,
	.remove = vdev_remove,
	.dma_map = vdev_dma_map,
	.dma_unmap = vdev_dma_unmap,
	.drv_flags = RTE_VDEV_DRV_NEED_IOVA_AS_VA,
};

RTE_PMD_REGISTER_VDEV(dma_dsa, dsa_driver);
RTE_PMD_REGISTER_PARAM_STRING(dma_dsa, DSA_VDEV_DEVARGS_HELP);

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\": \"dma_dsa\", \"params\": "
					  "\"" DSA_VDEV_DEVARGS_HELP "\", \"pci_ids\": []}";
