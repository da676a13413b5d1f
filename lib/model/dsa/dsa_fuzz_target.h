/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FUZZ_TARGET_H
#define SLIPWAY_DSA_FUZZ_TARGET_H

/**
 * @file
 * Bytes into bus operations on a DSA: registers, configuration space, commands, descriptors and
 * batches, time, resets. Whatever they are, a device that is reset afterwards copies as a new one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: whether the device works after a reset. */
bool dsa_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_DSA_FUZZ_TARGET_H */
