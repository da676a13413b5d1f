/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_MAP_H
#define SLIPWAY_DLB_MAP_H

/**
 * @file
 * Which load-balanced queues feed which load-balanced CQs: datasheet section 6. A link of the
 * application is a record (struct dlb_link) that lasts until it is unlinked; a slot is its place in
 * a started device.
 *
 * All of these want the device's lock held.
 */

#include "dlb_priv.h"

/** Put a port's links into its slots, before the domain is started. */
void dlb_map_static(struct dlb_port *p);

/** Map a queue to a port of a started device, or change the priority it has there. */
void dlb_map_add(struct dlb_port *p, struct dlb_link link);

/** Take a queue off a port of a started device. */
void dlb_map_remove(struct dlb_port *p, uint8_t queue);

/** Unmaps of the port that wait for events it still holds. */
unsigned int dlb_map_removals_pending(const struct dlb_port *p);

/**
 * Finish what can be finished.
 *
 * @return true when something is still pending
 */
bool dlb_map_progress(struct dlb *dlb);

/** Have dlb_map_progress called from time to time, for as long as something is pending. */
void dlb_map_progress_later(struct dlb *dlb);

/** Stop that. The lock must not be held: waits for a call under way. */
void dlb_map_progress_cancel(struct dlb *dlb);

/** The device is being drained and nobody takes from this queue: find it a port that does. */
void dlb_map_rescue(struct dlb *dlb, uint8_t queue);

/** Does a port take, or is one about to take, from this queue? */
bool dlb_map_is_mapped(const struct dlb *dlb, uint8_t queue);

#endif /* SLIPWAY_DLB_MAP_H */
