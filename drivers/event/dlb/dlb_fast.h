/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_H
#define SLIPWAY_DLB_FAST_H

/**
 * @file
 * The burst functions, of which there are two instances each: those that end in _call reach the
 * device by calling it, those that end in _mmio by storing to its pages.
 */

#include "dlb_priv.h"

/** Install the burst functions, as part of start. */
void dlb_fast_install(struct rte_eventdev *dev, bool mapped);

/**
 * Release what the port holds, then dequeue without waiting. For stop.
 *
 * @return events dequeued; they are held until the next call
 */
uint16_t dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n);

#endif /* SLIPWAY_DLB_FAST_H */
