/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include <rte_log.h>

#include "test.h"

/* What the driver counts, and what it says. */

uint64_t
dev_stat(const char *name)
{
	uint64_t id;
	uint64_t value = rte_event_dev_xstats_by_name_get(dev.id, name, &id);

	if (value > INT64_MAX)
		fail_msg("there is no statistic named %s", name);
	return value;
}

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
