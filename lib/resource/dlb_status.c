/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_status.h"

#define NAME(status) [DLB_ST_##status] = #status

const char *
dlb_status_name(enum dlb_status status)
{
	static const char *const names[] = {
		NAME(SUCCESS),
		NAME(DOMAIN_UNAVAILABLE),
		NAME(LDB_PORTS_UNAVAILABLE),
		NAME(DIR_PORTS_UNAVAILABLE),
		NAME(LDB_QUEUES_UNAVAILABLE),
		NAME(LDB_CREDITS_UNAVAILABLE),
		NAME(DIR_CREDITS_UNAVAILABLE),
		NAME(CREDITS_UNAVAILABLE),
		NAME(SEQUENCE_NUMBERS_UNAVAILABLE),
		NAME(ATOMIC_INFLIGHTS_UNAVAILABLE),
		NAME(HIST_LIST_ENTRIES_UNAVAILABLE),
		NAME(LDB_PORT_REQUIRED_FOR_LDB_QUEUES),
		NAME(DOMAIN_RESET_FAILED),
	};

	return names[status];
}
