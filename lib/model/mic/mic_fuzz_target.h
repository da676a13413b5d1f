/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_FUZZ_TARGET_H
#define SLIPWAY_MIC_FUZZ_TARGET_H

/**
 * @file
 * Bytes into bus operations on a MIC: registers and configuration space, card memory, images and
 * boots, rings, the card's own side, memory of the host that comes and goes, time, link, resets.
 * Most are what a driver or a card OS might do; some bent.
 *
 * Whatever they are: nothing but memory the host gave is touched, and only by a bus master; the
 * card comes to rest; what it booted lies in its memory; and a card that is reset afterwards boots,
 * is rung, copies and interrupts as a new one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: NULL, or what of the above was not so. */
const char *mic_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_MIC_FUZZ_TARGET_H */
