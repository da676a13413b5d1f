/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_PEER_DEVICE_H
#define SLIPWAY_VFU_PEER_DEVICE_H

/**
 * @file
 * A small device of the bus contract that writes down what it is asked: for tests of what carries
 * the contract.
 *
 *   bar 0   0x0000 registers   0x8000, 0x9000 producer ports   0xa000 memory   0xc000 registers
 *   bar 2   registers; MSI-X table at 0x8000, pending bits at 0x9000
 */

#include "bus.h"
#include "line_ring.h"

#define PEER_BAR_BYTES    0x10000u
#define PEER_PORT         0x8000u /**< in bar 0: two pages, one port each */
#define PEER_PORT_BYTES   0x1000u
#define PEER_PORTS        2u
#define PEER_MEMORY       0xa000u
#define PEER_MEMORY_BYTES 0x2000u
#define PEER_VECTORS      20u
#define PEER_CONFIG_BYTES 4096u
/** In configuration space: capabilities, and in the first one Device Control. */
#define PEER_CAP_PCIE       0x40u
#define PEER_CAP_MSIX       0x80u
#define PEER_DEVICE_CONTROL (PEER_CAP_PCIE + 8)
/** Operations that are kept. */
#define PEER_SEEN_MAX 8192u

/** What it can be asked. */
enum peer_op {
	PEER_SEEN_CONFIG_READ,
	PEER_SEEN_CONFIG_WRITE,
	PEER_SEEN_READ,
	PEER_SEEN_WRITE,
	PEER_SEEN_POST,
	PEER_SEEN_SUBMIT,
	PEER_SEEN_RESET,
	PEER_SEEN_REMAP,
};

/** One operation. */
struct peer_seen {
	enum peer_op op;
	unsigned int bar, size;
	uint64_t off, value;
	unsigned char line[64];
};

/** The device. */
struct peer_device {
	struct bus_device dev;
	struct bus_host *host;
	unsigned char config[PEER_CONFIG_BYTES];
	unsigned char writable[PEER_CONFIG_BYTES];
	int fd;                 /**< file of the memory and, behind it, the rings */
	unsigned char *memory;  /**< PEER_MEMORY_BYTES */
	struct line_ring *ring; /**< one per port */
	int submit;             /**< what the next submits are answered */
	unsigned int resets, function_resets;
	/** An address that every remap looks up: NULL and a fault, or a pointer. */
	uint64_t watched;
	void *found;
	unsigned int seen_n, next; /**< operations, and those that a test has looked at */
	struct peer_seen seen[PEER_SEEN_MAX];
};

/** Make one, that takes non-posted commands or not. 0 or -1. */
int peer_device_create(struct peer_device *d, bool submits);
void peer_device_destroy(struct peer_device *d);

/** What a byte of a bar reads as. */
unsigned char peer_device_byte(unsigned int bar, uint64_t off);

#endif /* SLIPWAY_VFU_PEER_DEVICE_H */
