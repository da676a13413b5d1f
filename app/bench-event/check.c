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

/* The sums of n numbers: first, first + step, first + 2 * step... All of it is modulo 2^64, but for
 * the numbers that are divided.
 */
static struct check_sums
progression(uint64_t first, uint64_t step, uint64_t n)
{
	unsigned __int128 wide = n;
	uint64_t steps = (uint64_t)(wide * (n - 1) / 2);
	uint64_t square_steps = (uint64_t)(wide * (n - 1) * (2 * n - 1) / 6);

	return (struct check_sums){
		.count = n,
		.sum = n * first + step * steps,
		.squares = n * first * first + 2 * first * step * steps +
			   step * step * square_steps,
	};
}

struct check_sums
check_due(unsigned int producer, uint32_t flows, uint64_t sent, unsigned int nb_stages)
{
	struct check_sums due = {0}, part;
	unsigned int stage;
	uint32_t flow;

	for (stage = 0; stage < nb_stages; stage++) {
		for (flow = 0; flow < flows && flow < sent; flow++) {
			part = progression(check_tag(producer, flow, flow) +
						   ((uint64_t)stage << CHECK_STAGE_SHIFT),
					   flows, (sent - flow - 1) / flows + 1);
			check_merge(&due, &part);
		}
	}
	return due;
}

int
check_verdict(const struct check_sums *due, const struct check_sums *seen, uint64_t wrong_order,
	      char *reason, size_t size)
{
	if (due->count != seen->count)
		snprintf(reason, size, "%" PRIu64 " deliveries due, %" PRIu64 " made", due->count,
			 seen->count);
	else if (due->sum != seen->sum || due->squares != seen->squares)
		snprintf(reason, size, "as many deliveries lost as repeated or altered");
	else if (wrong_order != 0)
		snprintf(reason, size, "%" PRIu64 " of %" PRIu64 " deliveries out of order",
			 wrong_order, due->count);
	else
		return 0;
	return -EBADMSG;
}
