/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_WINDOW_WIRE_H
#define SLIPWAY_SCIF_WINDOW_WIRE_H

/**
 * @file
 * How a node learns what another one has registered: a structure of its own, into which the owner
 * writes what the window is; and two arrays, of the addresses and the lengths of its runs, in pages
 * that a lookup table for each names.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/** A lookup table: entries of bus addresses of pages of the array, as many as it has pages. */
struct scif_wire_lookup {
	uint64_t here;    /**< whoever has it says to itself where it is */
	uint64_t address; /**< on the link */
} __attribute__((packed));

/** The window; what is not named belongs to whoever has it. */
struct scif_wire_window {
	int64_t nr_pages;
	uint32_t nr_runs; /**< written by the owner of the window, as all that follows */
	uint32_t prot;
	uint32_t ref_count; /**< but this, and the next */
	uint64_t magic;
	int64_t offset;
	uint8_t pad0[12];
	uint64_t endpoint; /**< token of who is to see it */
	uint8_t pad1[20];
	uint64_t peer_window; /**< the owner's token of it */
	uint8_t pad2[22];
	struct scif_wire_lookup addresses; /**< read by the owner */
	struct scif_wire_lookup lengths;
	uint8_t pad3[104];
} __attribute__((packed));

static_assert(sizeof(struct scif_wire_window) == 242, "section 10.7");
static_assert(offsetof(struct scif_wire_window, magic) == 20, "section 10.7");
static_assert(offsetof(struct scif_wire_window, offset) == 28, "section 10.7");
static_assert(offsetof(struct scif_wire_window, endpoint) == 48, "section 10.7");
static_assert(offsetof(struct scif_wire_window, peer_window) == 76, "section 10.7");
static_assert(offsetof(struct scif_wire_window, addresses) == 106, "section 10.7");
static_assert(offsetof(struct scif_wire_window, lengths) == 122, "section 10.7");

/** Entries of 8 bytes in a page of an array. */
#define SCIF_WIRE_LOOKUP_ENTRIES 512u

/** What FREE_VIRT carries as its last word. */
#define SCIF_WIRE_FREE_VIRT 19u

#endif /* SLIPWAY_SCIF_WINDOW_WIRE_H */
