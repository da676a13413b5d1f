/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TREE_DSA_H
#define SLIPWAY_TREE_DSA_H

/**
 * @file
 * What the kernel's idxd driver shows of a DSA in sysfs and below /dev: attributes as files, in the
 * tree of a run. The shim changes them when a program writes to them.
 *
 *   devices/ADDRESS/dsaD/...           attributes, wqD.Q, groupD.G, engineD.E
 *   dsa/devices/dsaD, wqD.Q, ...       links to these: /sys/bus/dsa/devices
 *   dsa/drivers/idxd, user             bind, unbind
 *   dsa/dev/wqD.Q                      queues that are enabled: /dev/dsa
 */

#include "tree.h"

/** The directories that all devices share. 0, or a negative errno. */
int tree_dsa_begin(const struct tree *tree);

/** A device's attributes: it is dsaD with D = `number`. 0, or a negative errno. */
int tree_dsa_write(const struct tree *tree, const struct tree_device *device, unsigned int number);

#endif /* SLIPWAY_TREE_DSA_H */
