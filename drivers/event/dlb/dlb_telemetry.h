/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TELEMETRY_H
#define SLIPWAY_DLB_TELEMETRY_H

/**
 * @file
 * Registers of our devices through DPDK's telemetry:
 *
 *   /slipway/dlb/list           {"<device id>": "<name>", ...}
 *   /slipway/dlb/regs,ID        the same as cursor 0
 *   /slipway/dlb/regs,ID,CURSOR {"version": "2.5", "next": CURSOR, "values": [where, value, ...]}
 *
 * `values` holds up to 250 pairs, of registers that differ from what they are after reset: `where`
 * is the bar, shifted left by 32, and the offset in it. `next` is the cursor to ask for next, 0
 * when there is nothing more. A bad request is answered by null, and a line in the log says why.
 */

#include "dlb_priv.h"

/** Show a device that is up. Control path. */
void dlb_telemetry_show(struct dlb *dlb);

/** Show it no more; waits for a request under way. Control path. */
void dlb_telemetry_hide(struct dlb *dlb);

#endif /* SLIPWAY_DLB_TELEMETRY_H */
