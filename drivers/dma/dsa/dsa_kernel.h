/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_KERNEL_H
#define SLIPWAY_DSA_KERNEL_H

/**
 * @file
 * A work queue of the kernel's idxd driver: the char device /dev/dsa/wqD.Q, and what sysfs says of
 * it. The kernel has configured it and gives this process a PASID; we only submit to it.
 *
 *   /sys/bus/dsa/devices/wqD.Q   is it set up for programs? size, mode, limits
 *   /sys/bus/dsa/devices/dsaD    what the device can do
 *   /dev/dsa/wqD.Q               open binds this process; mmap gives the portal, or write() takes
 *                                descriptors where that is refused
 *
 * DSA_DEV_PATH and DSA_SYSFS_PATH in the environment say where else the two directories are.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dsa_wq.h"

/** What the kernel says of the device that the work queue belongs to. */
struct dsa_kernel_device {
	uint32_t version; /**< as the VERSION register has it */
	int numa_node;    /**< -1: unknown */
};

/** Is this value of at= the path of such a queue? Its last part is wqD.Q then. */
bool dsa_kernel_is_path(const char *at);

/**
 * Open a work queue. What is wrong is logged, by the name of each attribute that has to be another,
 * what it is now and what it has to be.
 *
 * @param name of the DPDK device, for the log
 * @param path /dev/dsa/wqD.Q
 * @param wq out: all of it but `users`, `outstanding`. The process's addresses are the queue's
 *           (sva). wq->how says how descriptors get there.
 * @param device out
 * @return 0; -EINVAL for a bad path or a queue that is not set up for programs, -ENODEV when there
 *         is none, -EBUSY when it is dedicated and somebody has it, -EACCES, -ENOTSUP when there is
 *         no way to it from here
 */
int dsa_kernel_open(const char *name, const char *path, struct dsa_wq *wq,
		    struct dsa_kernel_device *device);

/** Close it: the kernel waits for what was submitted. */
void dsa_kernel_close(struct dsa_wq *wq);

#endif /* SLIPWAY_DSA_KERNEL_H */
