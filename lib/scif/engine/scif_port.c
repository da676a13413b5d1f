/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_port.h"

#include <errno.h>
#include <string.h>

void
scif_ports_init(struct scif_ports *ports)
{
	memset(ports, 0, sizeof(*ports));
	ports->lowest = SCIF_PORT_FIRST;
}

int
scif_port_take(struct scif_ports *ports, uint16_t port)
{
	if (ports->holders[port] != 0)
		return -EINVAL;
	ports->holders[port] = 1;
	return 0;
}

int
scif_port_take_any(struct scif_ports *ports)
{
	while (ports->lowest < SCIF_PORTS && ports->holders[ports->lowest] != 0)
		ports->lowest++;
	if (ports->lowest == SCIF_PORTS)
		return -ENOSPC;
	ports->holders[ports->lowest] = 1;
	return (int)ports->lowest++;
}

void
scif_port_hold(struct scif_ports *ports, uint16_t port)
{
	ports->holders[port]++;
}

void
scif_port_release(struct scif_ports *ports, uint16_t port)
{
	if (--ports->holders[port] == 0 && port >= SCIF_PORT_FIRST && port < ports->lowest)
		ports->lowest = port;
}
