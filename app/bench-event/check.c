/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "check.h"

void
check_merge(struct check_sums *all, const struct check_sums *part)
{
	all->count += part->count;
	all->sum += part->sum;
	all->squares += part->squares;
}

int
check_verdict(unsigned int stage, const struct check_sums *sent, const struct check_sums *seen,
	      uint64_t wrong_order, char *reason, size_t size)
{
	if (sent->count != seen->count)
		snprintf(reason, size, "stage %u: %" PRIu64 " sent, %" PRIu64 " delivered", stage,
			 sent->count, seen->count);
	else if (sent->sum != seen->sum || sent->squares != seen->squares)
		snprintf(reason, size, "stage %u: as many lost as repeated or altered", stage);
	else if (wrong_order != 0)
		snprintf(reason, size, "stage %u: %" PRIu64 " of %" PRIu64 " out of order", stage,
			 wrong_order, sent->count);
	else
		return 0;
	return -EBADMSG;
}
