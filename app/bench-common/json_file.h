/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_JSON_FILE_H
#define BENCH_JSON_FILE_H

/**
 * @file
 * What --json writes.
 */

#include <jansson.h>

/**
 * Write a document, which is given back, to a file.
 *
 * @param root NULL: there was no memory for it
 * @param digits of a figure: what means something, as documents are large
 * @return 0, or a negative errno when one line says why
 */
int bench_json_write(const char *program, json_t *root, size_t digits, const char *file);

#endif /* BENCH_JSON_FILE_H */
