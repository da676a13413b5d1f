/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FUZZ_TARGET_H
#define SLIPWAY_DLB_FUZZ_TARGET_H

/**
 * @file
 * Bytes as bus operations on a DLB: the language of the fuzz target and of its corpus.
 *
 * The first byte chooses the version (bit 0). Then come operations: a byte, modulo FUZZ_OPS, and
 * arguments of fixed size, little endian. What is missing at the end reads as 0.
 */

#include <stddef.h>
#include <stdint.h>

/** Bits of an input's first byte, which says what device it is for. */
#define FUZZ_V25            1u
#define FUZZ_OTHER_READINGS 2u /**< all of struct dlb_model_open_points */

/** Operations and their arguments: a name with the number of its bits. */
enum fuzz_op {
	FUZZ_WRITE32,      /**< bar 2: offset 32, value 32 */
	FUZZ_READ32,       /**< bar 2: offset 32 */
	FUZZ_WRITE_ROW,    /**< row 16, index 8, word 8, kind of value 8, value 32 */
	FUZZ_READ_ROW,     /**< row 16, index 8, word 8 */
	FUZZ_WRITE_ANY,    /**< bar 8, size 8, offset 64, value 64 */
	FUZZ_READ_ANY,     /**< bar 8, size 8, offset 64 */
	FUZZ_READ_WINDOW,  /**< bar 0, 8 bytes: offset 32 */
	FUZZ_POST_ONE,     /**< bar 0: offset 32, command 128; three fillers follow it */
	FUZZ_POST_LINE,    /**< bar 0: offset 32, line 512 */
	FUZZ_POST_16,      /**< bar 0: offset 32, command 128, posted alone */
	FUZZ_POST_PORT,    /**< port 8, bytes 8 to 15 of a command 64 */
	FUZZ_POST_ANY,     /**< bar 8, offset 64, length 8: 16 or 64 by bit 0, line 512 */
	FUZZ_CONFIG_WRITE, /**< offset 16, length 8: 1 to 8, bytes 64 */
	FUZZ_CONFIG_READ,  /**< offset 16, length 16 */
	FUZZ_STEP,         /**< nanoseconds since the last one 16 */
	FUZZ_RESET,        /**< kind 8: power-on or function by bit 0 */
	FUZZ_MAP,          /**< window of the host 8: gone or there by bit 0 of 8 more */
	FUZZ_HOST,         /**< what the host refuses 8, enum fuzz_refusal */
	FUZZ_DESCRIBE,     /**< how many regions 8 */
	FUZZ_OPS,
};

/** What the host refuses: bits of FUZZ_HOST. */
enum fuzz_refusal {
	FUZZ_HOST_NO_MAP = 1, /**< gives no pointers */
	FUZZ_HOST_PIECES = 2, /**< gives pointers to no more than 256 bytes */
	FUZZ_HOST_NO_DMA = 4, /**< copies nothing */
};

/**
 * Run one input on a device that is as after power-on; aborts when the device breaks a rule.
 *
 * Of libFuzzer. Keeps its devices from call to call; for one thread.
 *
 * @param data input, of any size and content
 * @param size bytes of it
 * @return 0
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* SLIPWAY_DLB_FUZZ_TARGET_H */
