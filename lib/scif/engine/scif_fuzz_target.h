/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_FUZZ_TARGET_H
#define SLIPWAY_SCIF_FUZZ_TARGET_H

/**
 * @file
 * Bytes into a node's engine: requests of clients, messages of another node with handles that were
 * heard or made up, stores into boards, queue pairs and halves, clients and nodes that come and go,
 * memory that runs out, time.
 *
 * Whatever they are: the engine answers a client that comes then as a new one would be, and nothing
 * is left when all clients are gone.
 */

#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: NULL, or what of the above was not so. */
const char *scif_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_SCIF_FUZZ_TARGET_H */
