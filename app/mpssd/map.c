/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mpssd.h"

/* Longer lines, and more of them, are none of ours. */
#define LINE_ROOM  256
#define LINES_MOST 1000000u

/* "ffffffff81000000 D __log_buf": 0 for other lines. */
static uint64_t
symbol_at(const char *line, const char *symbol)
{
	char name[LINE_ROOM];
	uint64_t address;
	char type;

	if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type, name) != 3 ||
	    strcmp(name, symbol) != 0)
		return 0;
	return address;
}

int
map_read(const char *path, uint64_t *log_buf, uint64_t *log_buf_len)
{
	FILE *file = fopen(path, "re");
	char line[LINE_ROOM];
	uint64_t at;

	if (file == NULL)
		return -errno;
	*log_buf = *log_buf_len = 0;
	for (unsigned int n = 0; n < LINES_MOST && fgets(line, sizeof(line), file) != NULL; n++) {
		at = symbol_at(line, "__log_buf");
		*log_buf = at != 0 ? at : *log_buf;
		at = symbol_at(line, "log_buf_len");
		*log_buf_len = at != 0 ? at : *log_buf_len;
	}
	fclose(file);
	return *log_buf != 0 && *log_buf_len != 0 ? 0 : -EINVAL;
}
