/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_RUN_AT_H
#define SLIPWAY_RUN_AT_H

/**
 * @file
 * A device for `slipway run` that another process serves.
 */

#include "tree.h"

/** Longest path of a socket. */
#define RUN_AT_MAX 107

/**
 * Ask the server at `device->at` what it has: model, version and PCI id; and make that path
 * absolute, for as long as this process lives. The server is free for another client then.
 *
 * @return 0, or a negative errno, reported
 */
int run_at(struct tree_device *device);

#endif /* SLIPWAY_RUN_AT_H */
