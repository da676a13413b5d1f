/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_FUZZ_HOST_H
#define SLIPWAY_MIC_FUZZ_HOST_H

/**
 * @file
 * The host of a fuzzed MIC: an arena of pages, each there or not; one that is not there is
 * poisoned, so a stale pointer to it is found. It knows when the card may reach it.
 */

#include "mic_test_rig.h"

#define FUZZ_PAGE        4096u
#define FUZZ_ARENA_PAGES 24u
#define FUZZ_ARENA_BYTES (FUZZ_ARENA_PAGES * FUZZ_PAGE)

struct fuzz_host {
	struct rig rig;   /**< first: the bus host is its first member */
	struct bus_host_ops ops;
	uint64_t absent;  /**< pages of the arena, as bits */
	bool closed;      /**< the card is no bus master, or its link is down */
	bool trespassed;  /**< it came nevertheless */
};

/** 0 or a negative errno. */
int fuzz_host_open(struct fuzz_host *h, const struct mic_model_config *config,
		   enum test_host_map policy);
void fuzz_host_close(struct fuzz_host *h);
/** Pages of the arena are there, or not; the card is told. */
void fuzz_host_pages(struct fuzz_host *h, uint64_t absent);

#endif /* SLIPWAY_MIC_FUZZ_HOST_H */
