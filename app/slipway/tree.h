/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TREE_H
#define SLIPWAY_TREE_H

/**
 * @file
 * What the kernel shows of PCI devices in sysfs, for modelled devices: a directory tree that DPDK
 * reads in place of /sys/bus/pci. Real devices are linked into it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "dirs.h"
#include "models.h"

/** Devices of one program; the shim has the same limit. */
#define TREE_DEVICES 16

/** Who has a device. */
enum tree_owner {
	TREE_VFIO,             /**< programs, through VFIO */
	TREE_KERNEL_BARE,      /**< the kernel's idxd, which has found it */
	TREE_KERNEL_DEDICATED, /**< the same, divided into dedicated work queues for programs */
	TREE_KERNEL_SHARED,    /**< or into shared ones */
};

/** A device to show. */
struct tree_device {
	const struct model *model;
	unsigned int version; /**< index of that model's */
	unsigned int wqs;     /**< work queues, 0 for as many as is usual */
	enum tree_owner kernel;
	bool no_rawio;        /**< of the kernel's: programs may not map portals */
	const char *at;       /**< socket where it is served, an absolute path; NULL for none */
	char address[16];     /**< out: PCI address */
	int group;            /**< out: VFIO group */
};

/** A tree; it exists as long as `lock` is open. */
struct tree {
	char path[DIRS_PATH_MAX + 32];
	int lock;
};

/**
 * Give devices an address and a VFIO group that no real device has, and build the tree. The caller
 * is between dirs_enter and dirs_leave.
 *
 * @return 0, or a negative errno, reported; there is no tree then
 */
int tree_create(struct tree *tree, const struct dirs *dirs, struct tree_device devices[],
		unsigned int count);

/** Remove a tree; as above, between dirs_enter and dirs_leave. */
void tree_destroy(struct tree *tree);

#endif /* SLIPWAY_TREE_H */
