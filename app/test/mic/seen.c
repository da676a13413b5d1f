/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "test.h"

/* What the driver says. Its control thread may be about to write when the log goes its way again,
 * so what was written to stays open.
 */

static FILE *file;
static char *text;
static size_t size, from;

/** Catch what is logged, until log_end(). */
void
log_begin(void)
{
	if (file == NULL)
		file = open_memstream(&text, &size);
	assert_non_null(file);
	fflush(file);
	from = size;
	rte_openlog_stream(file);
}

/** Let the log go its way again: what was logged meanwhile, to be freed. */
char *
log_end(void)
{
	char *said;

	rte_openlog_stream(NULL);
	fflush(file);
	said = strdup(text + from);
	assert_non_null(said);
	return said;
}

/** End catching: exactly one line names this, and what would be accepted. */
void
expect_said(const char *names)
{
	char *said = log_end();

	if (lines_with(said, names) != 1 || strstr(said, "accepted: ") == NULL)
		fail_msg("no single line with \"%s\" and what is accepted in: %s", names, said);
	free(said);
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
dump(uint16_t id)
{
	char *said = NULL;
	size_t len;
	FILE *f = open_memstream(&said, &len);

	assert_non_null(f);
	assert_int_equal(rte_rawdev_dump(id, f), 0);
	fclose(f);
	return said;
}
