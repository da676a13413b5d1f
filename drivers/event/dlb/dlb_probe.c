/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From a device that a bus has found to an event device, and back: memory for its state, power-on
 * and reset, the service that an application may run where the device needs time of ours, and the
 * door for our tests.
 */

#include <errno.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include <dev_driver.h>

#include "dlb_about.h"
#include "dlb_domain.h"
#include "dlb_evdev.h"
#include "dlb_flr.h"
#include "dlb_hw.h"
#include "dlb_probe.h"
#include "dlb_provoke.h"
#include "dlb_sleep.h"
#include "dlb_telemetry.h"

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

int
dlb_check_process(const char *name)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		return 0;
	DLB_LOG(ERR, name, "not available in a secondary process; use the primary one");
	return -ENOTSUP;
}

static struct rte_eventdev *
allocate(struct rte_device *device, int numa_node)
{
	struct rte_eventdev *dev = rte_event_pmd_allocate(device->name, numa_node);

	if (dev == NULL) {
		DLB_LOG(ERR, device->name, "no event device left: at most %d", RTE_EVENT_MAX_DEVS);
		return NULL;
	}
	dev->data->dev_private = rte_zmalloc_socket(device->name, sizeof(struct dlb),
						    RTE_CACHE_LINE_SIZE, numa_node);
	if (dev->data->dev_private == NULL) {
		DLB_LOG(ERR, device->name, "no memory for it on node %d; give DPDK more (-m)",
			numa_node);
		rte_event_pmd_release(dev);
		return NULL;
	}
	compat_event_set_device(dev, device);
	return dev;
}

static void
release(struct rte_eventdev *dev)
{
	/* Or the library would look at it when it searches for a name. */
	compat_event_set_device(dev, NULL);
	rte_event_pmd_release(dev);
}

/* Section 5.1. The reset may take its time, so readiness is asked for again. */
static int
bring_up(struct dlb *dlb)
{
	int ret;

	dlb->regs = access_bar(dlb->access, REG_BAR_2);
	ret = dlb_hw_wake(dlb);
	if (ret == 0)
		ret = dlb_flr(dlb);
	if (ret == 0)
		ret = dlb_hw_wake(dlb);
	if (ret == 0)
		ret = dlb_about_learn(dlb);
	if (ret < 0)
		return ret;
	if (dlb->part == NULL)
		dlb_hw_init(dlb);
	dlb_alarms_enable(dlb);
	return 0;
}

static int
open_device(struct dlb *dlb, int (*open)(struct dlb *dlb))
{
	int ret = open(dlb);

	if (ret < 0)
		return ret;
	ret = bring_up(dlb);
	if (ret == 0)
		ret = dlb_sleep_open(dlb);
	if (ret == 0)
		ret = dlb_domain_open(dlb);
	if (ret < 0) {
		access_close(dlb->access);
		rte_free(dlb->part);
	}
	return ret;
}

int
dlb_attach(struct rte_device *device, const struct dlb_devargs *args, int (*open)(struct dlb *dlb))
{
	struct rte_eventdev *dev = allocate(device, args->numa_node);
	struct dlb *dlb;
	int ret;

	if (dev == NULL)
		return -ENOMEM;
	dlb = dlb_of(dev);
	dlb->name = dev->data->name;
	dlb->dev = dev;
	dlb->data = dev->data;
	dlb->args = *args;
	rte_spinlock_init(&dlb->lock);
	ret = args->device[0] != '\0' ? dlb_domain_join(dlb) : open_device(dlb, open);
	if (ret < 0) {
		release(dev);
		return ret;
	}

	/* Its own copy of the operations: the library keeps the flush callback among them. */
	dlb->ops = dlb_evdev_ops;
	dev->dev_ops = &dlb->ops;
	/* Until start the burst functions of the library, which refuse. */
	event_dev_fp_ops_reset(rte_event_fp_ops + dev->data->dev_id);
	if (!dlb_is_mapped(dlb))
		offer_service(dlb);
	dlb_telemetry_show(dlb);
	return 0;
}

int
dlb_detach(const char *name)
{
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(name);
	struct dlb *dlb;
	int ret;

	if (dev == NULL)
		return -ENODEV;
	dlb = dlb_of(dev);
	ret = dlb_domain_may_leave(dlb);
	if (ret < 0)
		return ret;
	ret = rte_event_dev_close(dev->data->dev_id);
	if (ret < 0)
		return ret;
	dlb_telemetry_hide(dlb);
	withdraw_service(dlb);
	dlb_domain_leave(dlb);
	release(dev);
	return 0;
}

/* ---- The door for tests ---- */

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

static int
test_provoke(uint16_t dev_id, uint8_t port, enum access_fault fault)
{
	const struct dlb *dlb = dlb_of_id(dev_id);

	if (!dlb->started || port >= dlb_nb_ports(dlb))
		return -EINVAL;
	return dlb_provoke(dlb->ports[port], fault);
}

__attribute__((visibility("default"))) const struct access_test *
dlb_access_test(uint16_t dev_id)
{
	static const struct access_test table = {
		.step = test_step,
		.stray = test_stray,
		.provoke = test_provoke,
	};

	if (dev_id >= RTE_EVENT_MAX_DEVS || !rte_event_pmd_is_valid_dev((uint8_t)dev_id))
		return NULL;
	if (rte_eventdevs[dev_id].dev_ops->dev_infos_get != dlb_evdev_ops.dev_infos_get)
		return NULL;
	return &table;
}
