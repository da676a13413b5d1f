/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_CORPUS_H
#define SLIPWAY_DLB_CORPUS_H

/**
 * @file
 * Seeds of the fuzz target: what a driver does to a DLB, noted in the target's language while a
 * bench does it.
 */

#include "dlb_fuzz_target.h"

/**
 * Write a file per scene and version into a directory, over what is there. For one thread.
 *
 * @param directory has to exist
 * @return how many, or a negative errno
 */
int dlb_corpus_write(const char *directory);

/** An input as it is, and on the device that reads all open points the other way: 0. */
int dlb_corpus_run(const uint8_t *bytes, size_t size);

#endif /* SLIPWAY_DLB_CORPUS_H */
