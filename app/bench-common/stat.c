/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>

#include "stat.h"

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double values[], unsigned int n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(values[0]), compare_double);
	return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

enum bench_tag
bench_choose_tag(const unsigned int count[BENCH_NB_TAGS])
{
	enum bench_tag tag, best = BENCH_NEAR;

	if (count[BENCH_NEAR] >= BENCH_STAT_ENOUGH)
		return BENCH_NEAR;
	for (tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		if (count[tag] > count[best])
			best = tag;
	return best;
}
