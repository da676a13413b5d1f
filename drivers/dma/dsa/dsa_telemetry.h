/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_TELEMETRY_H
#define SLIPWAY_DSA_TELEMETRY_H

/**
 * @file
 * Our devices through DPDK's telemetry:
 *
 *   /slipway/dsa/list          {"<DMA device id>": "<name>", ...}
 *   /slipway/dsa/info,ID       what it is, how it is divided, what was counted
 *   /slipway/dsa/vchan,ID,V    a channel
 *   /slipway/dsa/wq,ID,Q       a work queue: how it is set up, and what is in it
 *   /slipway/dsa/errors,ID     errors that no completion told, and the last one in words
 *
 * A bad request is answered by null, and a line in the log says why. The same list says which DMA
 * devices are ours.
 */

#include "dsa_priv.h"

/** Show a device that is up. Control path. */
void dsa_telemetry_show(struct dsa *dsa);
/** Show it no more; waits for a request under way. Control path. */
void dsa_telemetry_hide(struct dsa *dsa);
/** Is it shown? Looks at the address only. */
bool dsa_telemetry_has(const struct dsa *dsa);

#endif /* SLIPWAY_DSA_TELEMETRY_H */
