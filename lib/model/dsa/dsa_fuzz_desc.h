/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FUZZ_DESC_H
#define SLIPWAY_DSA_FUZZ_DESC_H

/**
 * @file
 * Descriptors made of the bytes of an input: most are good ones, some are bent.
 */

#include "dsa_fuzz_host.h"
#include "fuzz_input.h"

struct dsa_desc fuzz_take_desc(struct fuzz_input *in);

#endif /* SLIPWAY_DSA_FUZZ_DESC_H */
