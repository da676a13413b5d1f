/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FUZZ_DESC_H
#define SLIPWAY_DSA_FUZZ_DESC_H

/**
 * @file
 * Bytes of a fuzzed input, and descriptors made of them: most are good ones, some are bent.
 */

#include "dsa_fuzz_host.h"

struct fuzz_input {
	const uint8_t *bytes;
	size_t len;
};

/** The next `n` bytes as a number; zeroes when there are no more. */
uint64_t fuzz_take(struct fuzz_input *in, unsigned int n);
struct dsa_desc fuzz_take_desc(struct fuzz_input *in);

#endif /* SLIPWAY_DSA_FUZZ_DESC_H */
