/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vfu_fuzz.h"

_Noreturn void
vfu_fuzz_broken(const char *rule)
{
	fprintf(stderr, "broken: %s\n", rule);
	abort();
}

int
vfu_fuzz_seed(const char *directory, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	if (file == NULL)
		return -errno;
	len = len - fwrite(bytes, 1, len, file);
	return fclose(file) == 0 && len == 0 ? 1 : -EIO;
}
