/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Event devices in secondary processes of DPDK. The primary process opens, configures and starts a
 * device; secondary ones enqueue and dequeue on ports of theirs. That needs a device whose rings
 * and consumer queues are memory of all processes: one that a server has, with huge pages.
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "dlb_domain.h"
#include "dlb_evdev.h"
#include "dlb_fast.h"
#include "dlb_secondary.h"

static void
say(const char *name, const char *line)
{
	DLB_LOG(ERR, name, "%s", line);
}

/* Can its memory be shared? The primary process has told what it opened. */
static int
check(const struct rte_eventdev *dev, const char *name)
{
	const struct dlb *dlb;

	if (!rte_eal_has_hugepages()) {
		DLB_LOG(ERR, name,
			"not in a secondary process without huge pages: the memory of the "
			"consumer queues would not be the same; start both without --no-huge");
		return -ENOTSUP;
	}
	dlb = dev->data->dev_private;
	if (strcmp(dev->data->name, name) != 0 || dlb == NULL) {
		DLB_LOG(ERR, name,
			"the primary process has %s in its place; start this process when the "
			"primary one has all of its devices",
			dev->data->name[0] != '\0' ? dev->data->name : "nothing");
		return -ENODEV;
	}
	if (dlb->device == NULL || dlb->device->args.socket[0] == '\0') {
		DLB_LOG(ERR, name,
			"not in a secondary process: only a device that is served at a socket can "
			"be used by several, at=vfu:PATH; use the primary process");
		return -ENOTSUP;
	}
	return 0;
}

static int
timeout_ticks(struct rte_eventdev *dev, uint64_t ns, uint64_t *ticks)
{
	RTE_SET_USED(dev);
	*ticks = ns;
	return 0;
}

/* The library refuses what is not here. */
static struct eventdev_ops secondary_ops = {.timeout_ticks = timeout_ticks};

static void
release(struct rte_eventdev *dev)
{
	compat_event_set_device(dev, NULL);
	rte_event_pmd_release(dev);
}

int
dlb_secondary_attach(struct rte_device *device)
{
	struct rte_eventdev *dev = rte_event_pmd_allocate(device->name, SOCKET_ID_ANY);
	struct dlb *dlb;
	int ret;

	if (dev == NULL) {
		DLB_LOG(ERR, device->name,
			"the primary process has no event device in its place; start it first");
		return -ENODEV;
	}
	ret = check(dev, device->name);
	if (ret < 0)
		goto release;
	dlb = dlb_of(dev);
	ret = access_vfu_join(dlb->device->access, say);
	if (ret < 0)
		goto release;
	compat_event_set_device(dev, device);
	secondary_ops.dev_infos_get = dlb_evdev_ops.dev_infos_get;
	dev->dev_ops = &secondary_ops;
	/* Those that look at what ports do: it may be changed in the primary process. */
	dlb_fast_install(dev, false, true);
	event_dev_probing_finish(dev);
	return 0;

release:
	release(dev);
	return ret;
}

int
dlb_secondary_detach(const char *name)
{
	struct rte_eventdev *dev = rte_event_pmd_get_named_dev(name);

	if (dev == NULL)
		return -ENODEV;
	access_vfu_leave(dlb_of(dev)->access);
	event_dev_fp_ops_reset(rte_event_fp_ops + dev->data->dev_id);
	release(dev);
	return 0;
}
