/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_HASH_H
#define SLIPWAY_CARD_HASH_H

/**
 * @file
 * Checksums that cards compute: CRC-32C (Castagnoli, as iSCSI and SSE4.2 have it), and XXH64 with
 * seed 0, which is fast without instructions of its own.
 */

#include <stddef.h>
#include <stdint.h>

/** CRC-32C of what had `crc` so far (0 to start with) and these bytes. */
uint32_t card_crc32c(uint32_t crc, const void *bytes, size_t len);

/** XXH64, a part after the other; all but the last part are multiples of CARD_HASH_STEP. */
#define CARD_HASH_STEP 32u

struct card_hash {
	uint64_t lane[4];
	uint64_t len;
};

void card_hash_init(struct card_hash *hash);
void card_hash_add(struct card_hash *hash, const void *bytes, size_t len);
/** The last part, and the result. */
uint64_t card_hash_end(struct card_hash *hash, const void *bytes, size_t len);

#endif /* SLIPWAY_CARD_HASH_H */
