/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_PROBE_H
#define SLIPWAY_DSA_PROBE_H

/**
 * @file
 * From a device that a bus has found to a DMA device, and back.
 */

#include <rte_dev.h>

#include "dsa_priv.h"

/**
 * Make the DMA device. Logs why it cannot.
 *
 * @param open reaches the device: fills in `access`, or for a work queue of the kernel's that
 *             queue; 0 or a negative errno after one log line
 */
int dsa_attach(struct rte_device *device, const struct dsa_devargs *args,
	       int (*open)(struct dsa *dsa));

/** Remove it, if it is there still: 0, or -EBUSY while it is started. */
int dsa_detach(const char *name);

/** Bring a device down and let go of it: nobody uses it, and its channels have been released. */
void dsa_let_go(struct dsa *dsa);

/** The device of ours with this id, or NULL. */
struct dsa *dsa_of_id(int16_t dev_id);

#endif /* SLIPWAY_DSA_PROBE_H */
