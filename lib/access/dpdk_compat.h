/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DPDK_COMPAT_H
#define SLIPWAY_DPDK_COMPAT_H

/**
 * @file
 * Every difference between DPDK versions that our drivers meet. No other file of ours asks for
 * RTE_VERSION. 22.11 is built and tested; what is newer is written from the release notes and the
 * headers and has not been built yet.
 */

#include <rte_version.h>

#include <eventdev_pmd.h>
#include <eventdev_pmd_vdev.h>

/* Single-event enqueue and dequeue left the fast path in 24.11. */
#define COMPAT_SINGLE_EVENT_OPS (RTE_VERSION < RTE_VERSION_NUM(24, 11, 0, 0))

/* The vdev probe helper takes the device itself from 23.11 on, and in 22.11 from point release 4.
 */
#define COMPAT_VDEV_INIT_TAKES_DEVICE                     \
	(RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0) ||  \
	 (RTE_VERSION >= RTE_VERSION_NUM(22, 11, 4, 0) && \
	  RTE_VERSION < RTE_VERSION_NUM(23, 0, 0, 0)))

/** The device behind an event device. */
static inline struct rte_device *
compat_event_device(const struct rte_eventdev *dev)
{
#if RTE_VERSION >= RTE_VERSION_NUM(26, 7, 0, 0)
	return dev->device;
#else
	return dev->dev;
#endif
}

/** Allocate an event device for a virtual device: NULL when there is no room. */
static inline struct rte_eventdev *
compat_event_vdev_init(const char *name, size_t private_size, int socket_id,
		       struct rte_vdev_device *vdev)
{
#if COMPAT_VDEV_INIT_TAKES_DEVICE
	return rte_event_pmd_vdev_init(name, private_size, socket_id, vdev);
#else
	struct rte_eventdev *dev = rte_event_pmd_vdev_init(name, private_size, socket_id);

	if (dev != NULL)
		dev->dev = &vdev->device;
	return dev;
#endif
}

/** Fill in what newer versions of the device information ask for. */
static inline void
compat_event_info(struct rte_event_dev_info *info)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
	/* Plain linking is linking in profile 0: a device that has none cannot be linked at all. */
	info->max_profiles_per_port = 1;
#endif
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
	info->event_dev_cap |= RTE_EVENT_DEV_CAP_ATOMIC | RTE_EVENT_DEV_CAP_ORDERED |
			       RTE_EVENT_DEV_CAP_PARALLEL;
#endif
	(void)info;
}

#endif /* SLIPWAY_DPDK_COMPAT_H */
