/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_H
#define SLIPWAY_DLB_FAST_H

/**
 * @file
 * The burst functions, of which there are several instances: those that end in _call reach the
 * device by calling it, those that end in _mmio by storing to its pages. Both again with _modes,
 * for devices of which a port does more than it usually does.
 */

#include "dlb_priv.h"

/**
 * Install the burst functions, as part of start.
 *
 * @param mapped instances for a device whose pages are mapped
 * @param modes instances for ports with modes; the others do not look
 */
void dlb_fast_install(struct rte_eventdev *dev, bool mapped, bool modes);

/**
 * Release what the port holds, then dequeue without waiting. For stop.
 *
 * @return events dequeued; they are held until the next call
 */
uint16_t dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n);

/** The same for a device that goes on: the credits of what is released come back. */
uint16_t dlb_fast_quiesce(struct dlb_port *p, struct rte_event ev[], uint16_t n);

#endif /* SLIPWAY_DLB_FAST_H */
