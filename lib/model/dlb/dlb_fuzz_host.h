/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FUZZ_HOST_H
#define SLIPWAY_DLB_FUZZ_HOST_H

/**
 * @file
 * The host of the fuzz target: refuses what it is told to refuse, and watches what the device does
 * with the rest. For one thread, and one device at a time.
 */

#include "dlb_fuzz_target.h"
#include "dlb_test_rig.h"

/** Parts of host memory that come and go: one per ring of the bench. */
#define FUZZ_HOST_WINDOWS (RIG_PORTS + 1)
/** Pointers that are given out at most. */
#define FUZZ_HOST_RANGES 1024u

/** A part of memory that the device has a pointer to. */
struct fuzz_range {
	unsigned char *at;
	size_t len;
};

/** What there is of it. */
struct fuzz_host_state {
	unsigned char *memory;
	bool gone[FUZZ_HOST_WINDOWS];
	unsigned int refuses; /**< enum fuzz_refusal */
	bool master;          /**< the device may reach out */
	unsigned int ranges;
	struct fuzz_range range[FUZZ_HOST_RANGES];
};
extern struct fuzz_host_state fuzz_host;

/** Say which rule was broken and stop, so that the fuzzer keeps the input. */
_Noreturn void fuzz_broken(const char *rule);
/** Make this the host of a bench that is set up. */
void fuzz_host_plug(struct rig *r);
/** Refuse nothing any more; the device has to hear of it by fuzz_host_remap. */
void fuzz_host_obliging(struct rig *r);
/** Memory may be touched until the next change of the map. */
void fuzz_host_give(unsigned char *at, size_t len);
/** Have the device look everything up again, and see that it forgets what it does not get again. */
void fuzz_host_remap(struct bus_device *dev);

#endif /* SLIPWAY_DLB_FUZZ_HOST_H */
