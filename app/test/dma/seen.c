/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "test.h"

/* What the driver says. */

static FILE *file, *before;
static char *text;
static size_t size;

/** Catch what is logged, until log_end(). */
void
log_begin(void)
{
	before = rte_log_get_stream();
	file = open_memstream(&text, &size);
	assert_non_null(file);
	rte_openlog_stream(file);
}

/** What was logged since log_begin(); good until more is. */
const char *
log_so_far(void)
{
	fflush(file);
	return text != NULL ? text : "";
}

/** Let the log go its way again: what was logged meanwhile, to be freed. */
char *
log_end(void)
{
	rte_openlog_stream(before == stderr ? NULL : before);
	fclose(file);
	return text;
}

/** How often a word is in a text. */
unsigned int
lines_with(const char *where, const char *word)
{
	unsigned int n = 0;

	for (where = strstr(where, word); where != NULL; where = strstr(where + 1, word))
		n++;
	return n;
}

/** What a device says of itself, to be freed. */
char *
dump(int16_t id)
{
	char *said = NULL;
	size_t len;
	FILE *f = open_memstream(&said, &len);

	assert_non_null(f);
	assert_int_equal(rte_dma_dump(id, f), 0);
	fclose(f);
	return said;
}
