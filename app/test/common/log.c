/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "common.h"

/* What is logged. A thread of a driver may be about to write when the log goes its way again, so
 * what was written to stays open.
 */

static FILE *file;
static char *all;
static size_t size, from;

/** Catch what is logged, until log_end(). */
void
log_begin(void)
{
	if (file == NULL)
		file = open_memstream(&all, &size);
	assert_non_null(file);
	fflush(file);
	from = size;
	rte_openlog_stream(file);
}

/** What was logged since log_begin(); good until more is. */
const char *
log_so_far(void)
{
	fflush(file);
	return all + from;
}

/** Let the log go its way again: what was logged meanwhile, to be freed. */
char *
log_end(void)
{
	char *said;

	rte_openlog_stream(NULL);
	said = strdup(log_so_far());
	assert_non_null(said);
	return said;
}

/** How often a word is in a text. */
unsigned int
lines_with(const char *text, const char *word)
{
	unsigned int n = 0;

	for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word))
		n++;
	return n;
}
