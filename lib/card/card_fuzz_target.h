/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_FUZZ_TARGET_H
#define SLIPWAY_CARD_FUZZ_TARGET_H

/**
 * @file
 * Bytes into what a hostile host does to a card that runs: its device page and blocks in it, calls
 * of functions, anything anywhere in card memory (images, rings, the log), registers, the SMPT,
 * memory that is not there, resets, boots, time.
 *
 * Whatever it does: nothing but card memory and the host's is touched; the card comes to rest; and
 * one that is switched on anew boots, and answers.
 */

#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: NULL, or what of the above was not so. */
const char *card_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_CARD_FUZZ_TARGET_H */
