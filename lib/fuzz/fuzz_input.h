/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_FUZZ_INPUT_H
#define SLIPWAY_FUZZ_INPUT_H

/**
 * @file
 * Bytes that a fuzz target makes numbers of.
 */

#include <stddef.h>
#include <stdint.h>

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/** The next bytes as a number, little endian; zeroes once there are none. */
static inline uint64_t
fuzz_take(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && in->left > 0; i++, in->left--)
		value |= (uint64_t)*in->at++ << 8 * i;
	return value;
}

#endif /* SLIPWAY_FUZZ_INPUT_H */
