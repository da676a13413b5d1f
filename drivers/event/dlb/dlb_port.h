/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PORT_H
#define SLIPWAY_DLB_PORT_H

/**
 * @file
 * Event ports: their memory, and what start prepares in them. All of it control path.
 */

#include "dlb_priv.h"

/* Operations of the event device. */
void dlb_port_def_conf(struct rte_eventdev *dev, uint8_t port, struct rte_event_port_conf *conf);
int dlb_port_setup(struct rte_eventdev *dev, uint8_t port, const struct rte_event_port_conf *conf);
void dlb_port_release(void *port);

/** Fill in the hot members of a port for a new start: everything counts from zero again. */
void dlb_port_prepare(struct dlb_port *p);

/**
 * Take back what a port has, or the device has scheduled to it: both is released, and the latter
 * handed to the callback. The port can go on afterwards.
 */
void dlb_port_quiesce(struct rte_eventdev *dev, void *port, rte_eventdev_port_flush_t flush,
		      void *arg);

#endif /* SLIPWAY_DLB_PORT_H */
