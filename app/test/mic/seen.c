/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/** End catching: exactly one line names this, and what would be accepted. */
void
expect_said(const char *names)
{
	char *said = log_end();

	if (lines_with(said, names) != 1 || strstr(said, "accepted: ") == NULL)
		fail_msg("no single line with \"%s\" and what is accepted in: %s", names, said);
	free(said);
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
