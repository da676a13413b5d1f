/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_LINK_H
#define SLIPWAY_DLB_LINK_H

/**
 * @file
 * Links as the application sees them: the link operations of the event device API.
 */

#include "dlb_priv.h"

int dlb_port_link(struct rte_eventdev *dev, void *port, const uint8_t queues[],
		  const uint8_t priorities[], uint16_t n);
int dlb_port_unlink(struct rte_eventdev *dev, void *port, uint8_t queues[], uint16_t n);
int dlb_port_unlinks_in_progress(struct rte_eventdev *dev, void *port);

/** Forget every link to a queue that is going away; the device is stopped. */
void dlb_link_forget_queue(struct dlb *dlb, uint8_t queue);

#endif /* SLIPWAY_DLB_LINK_H */
