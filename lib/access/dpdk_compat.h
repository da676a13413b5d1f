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

#include <pthread.h>

#include <rte_lcore.h>
#include <rte_telemetry.h>
#include <rte_thread.h>
#include <rte_version.h>

#include <eventdev_pmd.h>
#include <rte_dmadev_pmd.h>

/* Single-event enqueue and dequeue left the fast path in 24.11. */
#define COMPAT_SINGLE_EVENT_OPS (RTE_VERSION < RTE_VERSION_NUM(24, 11, 0, 0))

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

/** Say which device is behind an event device. */
static inline void
compat_event_set_device(struct rte_eventdev *dev, struct rte_device *device)
{
#if RTE_VERSION >= RTE_VERSION_NUM(26, 7, 0, 0)
	dev->device = device;
#else
	dev->dev = device;
#endif
}

/* Telemetry gave its unsigned numbers another name in 23.03. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define compat_tel_start_array_uint(d)    rte_tel_data_start_array(d, RTE_TEL_UINT_VAL)
#define compat_tel_add_array_uint(d, x)   rte_tel_data_add_array_uint(d, x)
#define compat_tel_add_dict_uint(d, n, x) rte_tel_data_add_dict_uint(d, n, x)
#else
#define compat_tel_start_array_uint(d)    rte_tel_data_start_array(d, RTE_TEL_U64_VAL)
#define compat_tel_add_array_uint(d, x)   rte_tel_data_add_array_u64(d, x)
#define compat_tel_add_dict_uint(d, n, x) rte_tel_data_add_dict_u64(d, n, x)
#endif

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

/** Does a configuration ask for a DMA device that nobody asks for completions? */
static inline bool
compat_dma_is_silent(const struct rte_dma_conf *conf)
{
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
	return (conf->flags & RTE_DMA_CFG_FLAG_SILENT) != 0;
#else
	return conf->enable_silent;
#endif
}

/** A control thread of EAL's: 0, or a negative errno. */
static inline int
compat_control_thread(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
	rte_thread_t id;
	int ret = rte_thread_create_internal_control(&id, name, (rte_thread_func)(void *)run, arg);

	*thread = (pthread_t)id.opaque_id;
	return -ret;
#else
	return rte_ctrl_thread_create(thread, name, NULL, run, arg);
#endif
}

#endif /* SLIPWAY_DPDK_COMPAT_H */
