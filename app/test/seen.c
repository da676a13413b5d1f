/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/** What the driver counts. */
uint64_t
dev_stat(const char *name)
{
	uint64_t id;
	uint64_t value = rte_event_dev_xstats_by_name_get(dev.id, name, &id);

	if (value > INT64_MAX)
		fail_msg("there is no statistic named %s", name);
	return value;
}
