/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The virtual device event_dlb<n>: probe and removal, memory the application brings, the service
 * that an application may run but never has to, and the door for our tests.
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include "access_test.h"
#include "dlb_evdev.h"
#include "dlb_hw.h"

RTE_LOG_REGISTER(dlb_logtype, pmd.event.dlb, NOTICE)

static int32_t
let_device_get_on(void *arg)
{
	const struct dlb *dlb = arg;

	access_idle(dlb->access);
	return 0;
}

/* Pollers step the device well enough. Who has service cores to spare may give it one too. */
static void
offer_service(struct dlb *dlb)
{
	struct rte_service_spec service = {
		.callback = let_device_get_on,
		.callback_userdata = dlb,
		.capabilities = RTE_SERVICE_CAP_MT_SAFE,
		.socket_id = dlb->args.numa_node,
	};

	snprintf(service.name, sizeof(service.name), "%s_service", dlb->name);
	if (rte_service_component_register(&service, &dlb->service) < 0) {
		DLB_LOG(NOTICE, dlb->name, "no room for a service; the device does without");
		return;
	}
	rte_service_component_runstate_set(dlb->service, 1);
	dlb->has_service = true;
	dlb->dev->data->service_inited = 1;
	dlb->dev->data->service_id = dlb->service;
}

static void
withdraw_service(struct dlb *dlb)
{
	uint64_t patience = rte_get_timer_hz() * (DLB_WAIT_NS / NS_PER_S);
	uint64_t start = rte_get_timer_cycles();

	if (!dlb->has_service)
		return;
	rte_service_component_runstate_set(dlb->service, 0);
	/* A service core may be in the middle of it. */
	while (rte_service_may_be_active(dlb->service) == 1 &&
	       rte_get_timer_cycles() - start < patience)
		rte_pause();
	rte_service_component_unregister(dlb->service);
	dlb->dev->data->service_inited = 0;
}

static int
check_process(const char *name)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		DLB_LOG(ERR, name, "not available in a secondary process; use the primary one");
		return -ENOTSUP;
	}
	if (rte_eal_iova_mode() != RTE_IOVA_VA) {
		DLB_LOG(ERR, name, "IO addresses are physical; start with --iova-mode=va");
		return -ENOTSUP;
	}
	return 0;
}

static int
dlb_open(struct dlb *dlb)
{
	struct access_config config = {
		.name = dlb->name,
		.version = dlb->args.version,
		.step = dlb->args.step,
		.numa_node = dlb->args.numa_node,
	};
	int ret;

	ret = access_model_open(&config, &dlb->access);
	if (ret < 0) {
		DLB_LOG(ERR, dlb->name, "cannot open the device: %s; give DPDK more memory (-m)",
			rte_strerror(-ret));
		return ret;
	}
	dlb->regs = access_bar(dlb->access, REG_BAR_2);
	ret = dlb_hw_power_on(dlb);
	if (ret < 0)
		access_close(dlb->access);
	return ret;
}

static int
dlb_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct dlb_devargs args;
	struct rte_eventdev *dev;
	struct dlb *dlb;
	int ret;

	ret = check_process(name);
	if (ret < 0)
		return ret;
	ret = dlb_devargs_parse(name, rte_vdev_device_args(vdev), (int)rte_socket_id(), &args);
	if (ret < 0)
		return ret;

	dev = compat_event_vdev_init(name, sizeof(struct dlb), args.numa_node, vdev);
	if (dev == NULL) {
		DLB_LOG(ERR, name, "no event device left: at most %d", RTE_EVENT_MAX_DEVS);
		return -ENODEV;
	}
	dlb = dlb_of(dev);
	dlb->name = dev->data->name;
	dlb->dev = dev;
	dlb->args = args;
	rte_spinlock_init(&dlb->lock);
	ret = dlb_open(dlb);
	if (ret < 0)
		goto release_dev;

	/* Its own copy of the operations: the library keeps the flush callback among them. */
	dlb->ops = dlb_evdev_ops;
	dev->dev_ops = &dlb->ops;
	/* Until start the burst functions of the library, which refuse. */
	event_dev_fp_ops_reset(rte_event_fp_ops + dev->data->dev_id);
	offer_service(dlb);
	return 0;

release_dev:
	rte_event_pmd_release(dev);
	return ret;
}

static int
dlb_remove(struct rte_vdev_device *vdev)
{
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(rte_vdev_device_name(vdev));
	struct dlb *dlb;
	int ret;

	if (dev == NULL)
		return -ENODEV;
	dlb = dlb_of(dev);
	ret = rte_event_dev_close(dev->data->dev_id);
	if (ret < 0)
		return ret;
	withdraw_service(dlb);
	access_close(dlb->access);
	return rte_event_pmd_release(dev);
}

static struct dlb *
dlb_of_vdev(struct rte_vdev_device *vdev)
{
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(rte_vdev_device_name(vdev));

	return dev != NULL ? dlb_of(dev) : NULL;
}

static int
dlb_dma_map(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	struct dlb *dlb = dlb_of_vdev(vdev);
	int ret = dlb != NULL ? access_dma_map(dlb->access, addr, iova, len) : -ENODEV;

	if (ret == 0)
		return 0;
	DLB_LOG(ERR, rte_vdev_device_name(vdev),
		"DMA map of %p+%zu at IO address %#" PRIx64
		" refused: %s; accepted: the address itself, up to 64 pieces",
		addr, len, iova, rte_strerror(-ret));
	rte_errno = -ret;
	return -1;
}

static int
dlb_dma_unmap(struct rte_vdev_device *vdev, void *addr, uint64_t iova, size_t len)
{
	struct dlb *dlb = dlb_of_vdev(vdev);
	int ret = dlb != NULL ? access_dma_unmap(dlb->access, addr, iova, len) : -ENODEV;

	if (ret == 0)
		return 0;
	DLB_LOG(ERR, rte_vdev_device_name(vdev),
		"DMA unmap of %p+%zu at IO address %#" PRIx64
		" refused: %s; accepted: exactly what was mapped",
		addr, len, iova, rte_strerror(-ret));
	rte_errno = -ret;
	return -1;
}

static struct rte_vdev_driver dlb_driver = {
	.probe = dlb_probe,
	.remove = dlb_remove,
	.dma_map = dlb_dma_map,
	.dma_unmap = dlb_dma_unmap,
	.drv_flags = RTE_VDEV_DRV_NEED_IOVA_AS_VA,
};

RTE_PMD_REGISTER_VDEV(event_dlb, dlb_driver);
RTE_PMD_REGISTER_PARAM_STRING(event_dlb, DLB_DEVARGS_HELP);

/* What dpdk-pmdinfo.py looks for; in DPDK's own tree a generator makes it. */
static const char pmd_info
	[] __rte_used = "PMD_INFO_STRING= {\"name\": \"event_dlb\", \"params\": \"" DLB_DEVARGS_HELP
			"\", \"pci_ids\": []}";

static struct dlb *
dlb_of_id(uint16_t dev_id)
{
	return dlb_of(&rte_eventdevs[dev_id]);
}

static void
test_step(uint16_t dev_id)
{
	access_step(dlb_of_id(dev_id)->access);
}

static uint64_t
test_stray(uint16_t dev_id)
{
	return access_stray(dlb_of_id(dev_id)->access);
}

__attribute__((visibility("default"))) const struct access_test *
dlb_access_test(uint16_t dev_id)
{
	static const struct access_test table = {.step = test_step, .stray = test_stray};
	const struct rte_device *device;

	if (dev_id >= RTE_EVENT_MAX_DEVS || !rte_event_pmd_is_valid_dev((uint8_t)dev_id))
		return NULL;
	device = compat_event_device(&rte_eventdevs[dev_id]);
	if (device == NULL || device->driver != &dlb_driver.driver)
		return NULL;
	return &table;
}
