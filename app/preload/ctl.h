/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CTL_H
#define SLIPWAY_CTL_H

/**
 * @file
 * Control sockets: who wants to look into a device asks PID.N.ctl in $SLIPWAY_RUN_DIR, N being the
 * device's index. A request is a line of at most 4096 bytes, its answer a line of JSON:
 *
 *     help    {"requests": [...]}
 *     info    {"device", "version", "index", "address", "pid", "program", "uptime"}
 *     regs    {"device", "version", "registers": [[bar, offset, value], ...]}: those that differ
 *             from their reset values; windows and a virtual function's registers are left out
 *     else    {"error": "..."}
 *
 * One thread serves all sockets of a process. It has all signals blocked. Clients that are slow,
 * silent or gone hold nobody up; of more than 16, the one quiet for longest is let go.
 */

#include "device.h"

/**
 * Serve a device that is open (its `bus` is set, and stays). May be called again for one that is
 * served already. Errors are reported, and the device goes on without a socket. One caller at a
 * time, not in a signal handler.
 *
 * @param index the device's number among those of SLIPWAY_DEVICES
 */
void ctl_open(const struct device *dev, unsigned int index);

/** In a child after fork: the sockets are the parent's, the thread is not there. */
void ctl_forked(void);

#endif /* SLIPWAY_CTL_H */
