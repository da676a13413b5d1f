/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVED_H
#define SLIPWAY_SERVED_H

/**
 * @file
 * Devices that another process serves on a vfio-user socket: connecting, and telling the server
 * what of the program's memory belongs to the device, and by which descriptors it is interrupted.
 * The rest of the shim sees a bus_device, as for a model. All of this under the lock of vfio.c.
 */

#include "device_priv.h"

/**
 * Connect to the server that the device's `at` names. The connection is for as long as the process
 * lives.
 *
 * @param host what the device is plugged into
 * @param bus out: the device
 * @return 0, or a negative errno; errors are reported
 */
int served_open(struct unit *u, struct bus_host *host, struct bus_device **bus);

/** The sizes of its BARs. */
void served_measure(struct unit *u);

/**
 * Part of the device's space was mapped.
 *
 * @return 0, or the negative errno by which the server refused it, which is reported
 */
int served_map(struct unit *u, uint64_t iova, uint64_t len);

/** The space has changed: what is no longer there is unmapped, and what is new mapped. */
void served_remap(struct unit *u);

/** Tell the server about the eventfds of some vectors, or that there are none. */
void served_set_irqs(struct unit *u, unsigned int first, unsigned int n);

/** Is this memory of a connection? It comes and goes in signal handlers. Any thread. */
bool served_owns(const void *addr);

/** When it wants to be stepped again, for what asks for memory by messages, in ns. */
uint64_t served_deadline(const struct unit *u, uint64_t now_ns);

/** Has the server gone? */
bool served_lost(const struct unit *u);

/** In a child after fork: the connection is the parent's. */
void served_forked(struct unit *u);

#endif /* SLIPWAY_SERVED_H */
