/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SLEEP_H
#define SLIPWAY_DLB_SLEEP_H

/**
 * @file
 * Dequeues that sleep: vectors of ports, and what the device is told of them.
 */

#include "dlb_priv.h"

/** A dequeue with a timeout polls for so long before it sleeps, ns: about what falling asleep and
 * waking up cost together.
 */
#define DLB_POLL_BEFORE_SLEEP_NS 10000
/** With less than this left it polls on, ns: the kernel may let it oversleep by as much. */
#define DLB_SLEEP_MIN_NS 50000

/**
 * Have interrupts where the device arguments want them: 0, or -ENOTSUP, logged, where the device
 * has none. Once, when the device has been reached.
 */
int dlb_sleep_open(struct dlb *dlb);

/** Ports have been made in the device: give each a vector, for as long as there are some. */
void dlb_sleep_start(struct dlb *dlb);

/**
 * Has a port on a bus been armed, or fired since? An ARM is a posted command: until this says so,
 * it may still be on its way, and so a QE that came before it may have been overlooked.
 *
 * @return true as soon as it is, false when that takes too long
 */
bool dlb_sleep_is_armed(const struct dlb_port *p);

/** The port goes. */
void dlb_sleep_release(struct dlb_port *p);

#endif /* SLIPWAY_DLB_SLEEP_H */
