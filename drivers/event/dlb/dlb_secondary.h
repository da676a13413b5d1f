/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SECONDARY_H
#define SLIPWAY_DLB_SECONDARY_H

#include <rte_dev.h>

/**
 * Use, in a secondary process, an event device that the primary process has.
 *
 * @param device found on the same bus, under the same name
 * @return 0, or a negative errno after one log line
 */
int dlb_secondary_attach(struct rte_device *device);

/** The end of that: 0, or -ENODEV when there is no such event device. */
int dlb_secondary_detach(const char *name);

#endif /* SLIPWAY_DLB_SECONDARY_H */
