/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FUZZ_TARGET_H
#define SLIPWAY_DSA_FUZZ_TARGET_H

/**
 * @file
 * Bytes into bus operations on a DSA: registers, configuration space, commands, descriptors and
 * batches, memory that comes and goes, time, resets. Most are what a driver might do; some bent.
 *
 * Whatever they are: nothing but memory the host gave for that use is touched; a descriptor that
 * was accepted ends once, and does end unless something gave it up; engines come to rest; and a
 * device that is reset afterwards copies as a new one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: NULL, or what of the above was not so. */
const char *dsa_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_DSA_FUZZ_TARGET_H */
