/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FUZZ_HOST_H
#define SLIPWAY_DSA_FUZZ_HOST_H

/**
 * @file
 * The host of a fuzzed DSA. Its memory:
 *
 *   arena    written and read by whatever is fuzzed, a page at a time there or not; a page that is
 *            not there is poisoned, so a stale pointer to it is found
 *   fixed    may be read only
 *   lists    of tracked batches: read only, and no fuzzed address leads there
 *   records  of tracked descriptors: written only, by copies, which are counted
 */

#include "dsa_test_rig.h"

#define FUZZ_ARENA_PAGES 24u
#define FUZZ_ARENA_BYTES (FUZZ_ARENA_PAGES * 4096u)
#define FUZZ_FIXED       UINT64_C(0x200000000)
#define FUZZ_FIXED_BYTES 4096u
#define FUZZ_LISTS       (UINT64_C(1) << 48)
#define FUZZ_RECORDS     (UINT64_C(1) << 49)
/** Tracked descriptors of one input, and those of them that can be members of batches. */
#define FUZZ_TRACKS  192u
#define FUZZ_MEMBERS 128u

/** A descriptor whose record only it writes. */
struct fuzz_track {
	bool accepted;
	bool sure;   /**< nothing happened that may have given it up */
	bool member;
	uint8_t told; /**< how often its status was written */
	uint8_t status;
	uint16_t batch; /**< of a member */
};

struct fuzz_host {
	struct rig rig; /**< first: the bus host is its first member */
	uint64_t absent;   /**< pages of the arena, as bits */
	bool gives_pages;  /**< when asked for one */
	bool odd_record;   /**< a record was written as none is */
	unsigned char *fixed;
	struct dsa_desc *lists;
	unsigned int members, tracks; /**< of them in use */
	struct fuzz_track track[FUZZ_TRACKS];
};

/** 0 or a negative errno. */
int fuzz_host_open(struct fuzz_host *h, const struct dsa_model_config *config,
		   enum test_host_map policy);
void fuzz_host_close(struct fuzz_host *h);
/** Pages of the arena are there, or not; the device is told. */
void fuzz_host_pages(struct fuzz_host *h, uint64_t absent);
/** Is what may only be read as it was? */
bool fuzz_host_fixed_ok(const struct fuzz_host *h);
/** An address of fuzzed operations: none that leads to lists and records. */
uint64_t fuzz_host_address(uint64_t raw);
/** The next track, or FUZZ_TRACKS. Its record is where fuzz_host_record says. */
unsigned int fuzz_host_track(struct fuzz_host *h);
uint64_t fuzz_host_record(unsigned int track);

#endif /* SLIPWAY_DSA_FUZZ_HOST_H */
