/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_LINK_FUZZ_TARGET_H
#define SLIPWAY_SCIF_LINK_FUZZ_TARGET_H

/**
 * @file
 * Bytes into the sockets of a node. That of links: connections that come and go, packets of any
 * kind and length, descriptors of any number and of everything that one can be of, memory that
 * becomes smaller, nodes that join as good ones do and then do not, on links that they began or
 * that this node did. That of clients: requests of any kind and length, with descriptors of the
 * same kinds, and answers that are read or not. That of who controls it: lines, and bytes that are
 * none.
 *
 * Whatever they are: a node that joins then is taken, and once the node has ended no descriptor and
 * no mapping is left.
 */

#include <stddef.h>
#include <stdint.h>

/** Do what the bytes say: NULL, or what of the above was not so. */
const char *scif_link_fuzz_run(const uint8_t *bytes, size_t len);

#endif /* SLIPWAY_SCIF_LINK_FUZZ_TARGET_H */
