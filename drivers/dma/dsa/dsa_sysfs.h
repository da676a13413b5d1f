/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_SYSFS_H
#define SLIPWAY_DSA_SYSFS_H

/**
 * @file
 * Attributes of the kernel's idxd driver in sysfs: read, and judged.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dsa_wq;
struct dsa_kernel_device;

/** Longest value of an attribute: a name. */
#define DSA_SYSFS_VALUE 1025

/** A work queue there. */
struct dsa_sysfs {
	const char *name;    /**< of the DPDK device, for the log */
	unsigned int device; /**< D of wqD.Q */
	unsigned int wq;     /**< Q */
	char root[PATH_MAX]; /**< where devices are */
};

/**
 * Is it set up for programs? Each attribute that is not as it has to be is logged.
 *
 * @return 0, -ENODEV when sysfs has no such queue, -EINVAL
 */
int dsa_sysfs_judge(const struct dsa_sysfs *sysfs);

/** What sysfs says of queue and device: 0, or a negative errno, logged. */
int dsa_sysfs_read(const struct dsa_sysfs *sysfs, struct dsa_wq *wq,
		   struct dsa_kernel_device *device);

/** Is pasid_enabled 1? */
bool dsa_sysfs_pasid(const struct dsa_sysfs *sysfs);

#endif /* SLIPWAY_DSA_SYSFS_H */
