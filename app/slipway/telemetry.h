/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TELEMETRY_H
#define SLIPWAY_TELEMETRY_H

/**
 * @file
 * DPDK programs of this user that have devices of ours, reached through DPDK's telemetry.
 */

#include <limits.h>
#include <stdbool.h>

#include <jansson.h>

/** A device of a program. */
struct telemetry_device {
	char path[PATH_MAX]; /**< of the program's socket, for messages */
	char id[32];         /**< event or DMA device id */
	bool dsa;            /**< a DMA device, of dma_dsa; else an event device, of event_dlb */
};

/**
 * Connect to a device's program.
 *
 * @param which [PREFIX][:ID]: of the program, default rte, and the device, default its only one. Event
 *   devices come first; where the program has none with that id, DMA devices.
 * @return a socket, or a negative errno after a message
 */
int telemetry_open(const char *which, struct telemetry_device *device);

/** The answer to a command, or NULL and errno. A reference of the caller's. */
json_t *telemetry_command(int fd, const char *text);

/** The devices of a program, an object of id and name; NULL when it has none. */
json_t *telemetry_devices(int fd);

/** Look at a program: its devices as telemetry_devices() gives them. Not 0 ends the visit. */
typedef int telemetry_visit_fn(int fd, const char *prefix, json_t *devices, void *ctx);

/** Look at every program that has devices: 0, or what ended the visit. */
int telemetry_visit(telemetry_visit_fn *visit, void *ctx);

#endif /* SLIPWAY_TELEMETRY_H */
