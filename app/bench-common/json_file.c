/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "json_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
bench_json_write(const char *program, json_t *root, size_t digits, const char *file)
{
	size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(digits);
	int ret = 0;

	errno = ENOMEM;
	if (root == NULL || json_dump_file(root, file, flags) != 0) {
		fprintf(stderr, "%s: --json '%s': cannot be written: %s\n", program, file,
			strerror(errno));
		ret = -EIO;
	}
	json_decref(root);
	return ret;
}
