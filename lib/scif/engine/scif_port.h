/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_PORT_H
#define SLIPWAY_SCIF_PORT_H

/**
 * @file
 * The ports of a node: how many endpoints hold each.
 */

#include <stdint.h>

/** First port that is given out: drivers have always left out SCIF_PORT_RSVD itself. */
#define SCIF_PORT_FIRST 1089u
#define SCIF_PORT_ADMIN 1024u
#define SCIF_PORTS      65536u

struct scif_ports {
	uint32_t holders[SCIF_PORTS];
	uint32_t lowest; /**< none below is free, of those given out */
};

void scif_ports_init(struct scif_ports *ports);

/** Take a port that nobody holds: 0, or -EINVAL. */
int scif_port_take(struct scif_ports *ports, uint16_t port);

/** Take the lowest free one: the port, or -ENOSPC. */
int scif_port_take_any(struct scif_ports *ports);

/** One more endpoint holds a port. */
void scif_port_hold(struct scif_ports *ports, uint16_t port);

/** One fewer does. */
void scif_port_release(struct scif_ports *ports, uint16_t port);

#endif /* SLIPWAY_SCIF_PORT_H */
