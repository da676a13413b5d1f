/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_EVDEV_H
#define SLIPWAY_DLB_EVDEV_H

#include "dpdk_compat.h"

/** The operations of the event device. */
extern const struct eventdev_ops dlb_evdev_ops;

#endif /* SLIPWAY_DLB_EVDEV_H */
