/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_PASID_H
#define SLIPWAY_DSA_PASID_H

/**
 * @file
 * Addresses of processes: what configuration space has to allow for shared work queues and for
 * sva=1 (section 2.5), and what this CPU and system have to have for them.
 */

#include "dsa_priv.h"

/**
 * Of a device on a bus: have CPU and system what the work queues asked for need? Logs each thing
 * that is missing.
 *
 * @return 0, or -ENOTSUP
 */
int dsa_pasid_check_portal(const struct dsa *dsa);

/**
 * Turn on what the device arguments need: PASIDs and, where faults are to be waited for, page
 * requests. On a bus that is the system's to do.
 *
 * @return 0, -ENOTSUP, or a negative errno of the device
 */
int dsa_pasid_enable(struct dsa *dsa);

/** Turn it off again: the device is disabled. */
void dsa_pasid_disable(struct dsa *dsa);

#endif /* SLIPWAY_DSA_PASID_H */
