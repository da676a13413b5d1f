/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAST_H
#define SLIPWAY_DSA_FAST_H

/**
 * @file
 * The functions that applications call. There are two instances: those that end in _call reach the
 * device by calling it, or by a system call, those that end in _mmio by storing to its portal.
 */

#include "dsa_priv.h"
#include "dsa_ring.h"

/** Is that a device of this driver? */
bool dsa_fast_is_ours(int16_t dev_id);
/** The channel of a started device of this driver, or NULL. For rte_pmd_dsa.c. */
struct dsa_vchan *dsa_fast_vchan(int16_t dev_id, uint16_t vchan, bool started);

/** rte_dma_submit on a device of either kind. */
void dsa_fast_submit(struct dsa_vchan *v);

#endif /* SLIPWAY_DSA_FAST_H */
