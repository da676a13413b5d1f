/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The virtual device event_dlb<n>: a model in this process, a device that another process serves on
 * a socket, or one more domain of a device that was probed before; and memory the application
 * brings.
 */

#include <errno.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <bus_vdev_driver.h>

#include "dlb_probe.h"
#include "dlb_secondary.h"

/* As configuration space begins, from byte 0 up. */
#define DLB_ID_V20 UINT32_C(0x27108086)
#define DLB_ID_V25 UINT32_C(0x27148086)

/* The model shares this process's addresses, and so does a server that has its memory. */
static int
check_iova(const char *name)
{
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		return 0;
	DLB_LOG(ERR, name, "IO addresses are physical; start with --iova-mode=va");
	return -ENOTSUP;
}

static void
say(const char *name, const char *line)
{
	DLB_LOG(ERR, name, "%s", line);
}

/* What a server has, by the ids in its configuration space. */
static int
learn_version(struct dlb *dlb)
{
	enum dlb_version told = dlb->args.version;
	uint32_t id = 0;
	int ret = access_config_read(dlb->access, 0, &id, sizeof(id));

	id = rte_le_to_cpu_32(id);
	if (ret < 0 || (id != DLB_ID_V20 && id != DLB_ID_V25)) {
		DLB_LOG(ERR, dlb->name,
			"the server at %s has device %04x:%04x; accepted: 8086:2710, 8086:2714",
			dlb->args.socket, id & 0xffff, id >> 16);
		return -ENODEV;
	}
	dlb->args.version = id == DLB_ID_V20 ? DLB_V20 : DLB_V25;
	if (dlb->args.version_told && dlb->args.version != told) {
		DLB_LOG(ERR, dlb->name,
			"device argument version=%s: accepted: %s, what the server at %s has",
			told == DLB_V20 ? "2.0" : "2.5",
			dlb->args.version == DLB_V20 ? "2.0" : "2.5", dlb->args.socket);
		return -EINVAL;
	}
	return dlb_devargs_check(dlb->name, &dlb->args);
}

static int
socket_open(struct dlb *dlb, const struct access_config *config)
{
	int ret = access_vfu_open(config, dlb->args.socket, &dlb->access);

	if (ret < 0)
		return ret;
	ret = learn_version(dlb);
	if (ret < 0)
		access_close(dlb->access);
	return ret;
}

static int
vdev_open(struct dlb *dlb)
{
	struct access_config config = {
		.name = dlb->name,
		.version = dlb->args.version,
		.step = dlb->args.step,
		.numa_node = dlb->args.numa_node,
		.log = say,
	};
	int ret = check_iova(dlb->name);

	if (ret < 0)
		return ret;
	if (dlb->args.socket[0] != '\0')
		return socket_open(dlb, &config);
	ret = access_model_open(&config, &dlb->access);
	if (ret < 0)
		DLB_LOG(ERR, dlb->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
	return ret;
}

static int
vdev_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct dlb_devargs args = {.version = DLB_V25, .numa_node = (int)rte_socket_id()};
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return dlb_secondary_attach(&vdev->device);
	ret = dlb_devargs_parse(name, rte_vdev_device_args(vdev), &args);
	if (ret == 0)
		ret = dlb_attach(&vdev->device, &args, vdev_open);
	return ret;
}

static int
vdev_remove(struct rte_vdev_device *vdev)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return dlb_secondary_detach(rte_vdev_device_name(vdev));
	return dlb_detach(rte_vdev_device_name(vdev));
}

/* A domain of a device on a bus: memory is mapped through that device, once for all domains. */
static int
tell_access(struct rte_vdev_device *vdev, bool map, void *addr, uint64_t iova, size_t len)
{
	const char *name = rte_vdev_device_name(vdev);
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(name);

	return access_vdev_dma(dev != NULL ? dlb_of(dev)->access : NULL, name, dlb_logtype, map,
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

static struct rte_vdev_driver dlb_driver = {
	.probe = vdev_probe,
	.remove = vdev_remove,
	.dma_map = vdev_dma_map,
	.dma_unmap = vdev_dma_unmap,
	.drv_flags = RTE_VDEV_DRV_NEED_IOVA_AS_VA,
};

RTE_PMD_REGISTER_VDEV(event_dlb, dlb_driver);
RTE_PMD_REGISTER_PARAM_STRING(event_dlb, DLB_VDEV_DEVARGS_HELP);

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char pmd_info[] __rte_used = "PMD_INFO_STRING= {\"name\": \"event_dlb\", \"params\": "
					  "\"" DLB_VDEV_DEVARGS_HELP "\", \"pci_ids\": []}";
