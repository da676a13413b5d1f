/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PROBE_H
#define SLIPWAY_DLB_PROBE_H

/**
 * @file
 * What probing and removing have in common on all buses. Control path: the buses call one probe or
 * removal at a time.
 */

#include "dlb_priv.h"

/**
 * May this process probe devices? Logs why not.
 *
 * @param name of the device, for the message
 * @return 0, or -ENOTSUP in a secondary process
 */
int dlb_check_process(const char *name);

/**
 * Make an event device of a device found on a bus, under the same name.
 *
 * @param device the device; outlives the event device
 * @param args what its arguments said
 * @param open fills in `access`: 0, or a negative errno after one log line
 * @return 0, or a negative errno after one log line
 */
int dlb_attach(struct rte_device *device, const struct dlb_devargs *args,
	       int (*open)(struct dlb *dlb));

/**
 * Undo dlb_attach.
 *
 * @param name of the device
 * @return 0, -ENODEV when there is no such event device, or -EBUSY when it is started
 */
int dlb_detach(const char *name);

#endif /* SLIPWAY_DLB_PROBE_H */
