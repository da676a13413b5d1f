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
 *   /slipway/dlb/domain,ID      who has what of the device: see dlb_telemetry_domain.c
 *
 * `values` holds up to 250 pairs, of registers that differ from what they are after reset: `where`
 * is the bar, shifted left by 32, and the offset in it. `next` is the cursor to ask for next, 0
 * when there is nothing more. A bad request is answered by null, and a line in the log says why.
 */

#include <rte_telemetry.h>

#include "dlb_priv.h"

/** The device with this id, kept until dlb_telemetry_put; NULL, and nothing kept, when it is none. */
struct dlb *dlb_telemetry_get(unsigned long id, const char *cmd);
void dlb_telemetry_put(void);

/** Parse "A" or "A,B", numbers; B is 0 when it is not there: 0, or -EINVAL. */
int dlb_telemetry_parse(const char *params, unsigned long *a, unsigned long *b);

/** Show a device that is up. Control path. */
void dlb_telemetry_show(struct dlb *dlb);

/** Show it no more; waits for a request under way. Control path. */
void dlb_telemetry_hide(struct dlb *dlb);

/** Fill in an answer about a device, which stays as it is meanwhile: 0 or a negative errno. */
typedef int dlb_telemetry_add_fn(const struct dlb *dlb, struct rte_tel_data *answer);

/** Answer a request whose one parameter is a device id. Logs what is wrong with it. */
int dlb_telemetry_answer(const char *cmd, const char *params, dlb_telemetry_add_fn *add,
			 struct rte_tel_data *answer);

#endif /* SLIPWAY_DLB_TELEMETRY_H */
