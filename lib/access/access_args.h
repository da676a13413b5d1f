/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_ARGS_H
#define SLIPWAY_ACCESS_ARGS_H

/**
 * @file
 * Values of device arguments that drivers have in common. Each is -EINVAL for what is not accepted.
 */

#include <stddef.h>

#include "access.h"

/** A decimal number, all of the value: digits, and a minus at most. */
int access_arg_int(const char *value, long min, long max, long *result);
/** The same without a minus: min and max are not negative. */
int access_arg_count(const char *value, long min, long max, unsigned int *result);
/** One of some words, as in `idle, manual`: which one, from 0. */
int access_arg_word(const char *value, const char *words);
/** step=: one of these. */
#define ACCESS_STEPS "idle, manual"
int access_arg_step(const char *value, enum access_step *step);
/** numa_node=: one there is, or -1, any. */
int access_arg_numa_node(const char *value, int *node);
/** A path, or a name, that is not empty, and fits. */
int access_arg_path(const char *value, char *path, size_t size);
/** at=vfu:PATH: the path, or NULL when it is something else. */
const char *access_arg_socket(const char *value);

#endif /* SLIPWAY_ACCESS_ARGS_H */
