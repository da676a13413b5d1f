/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef BENCH_STAT_H
#define BENCH_STAT_H

/**
 * @file
 * Medians, and which of the samples count.
 */

#include "probe.h"

/** So many samples of the best kind speak for a cell, even when there are more of another. */
#define BENCH_STAT_ENOUGH 3

/** The middle of values, which get sorted; 0 of none. */
double bench_median(double values[], unsigned int n);

/** The best tag, if there is enough of it, else what there is most of. */
enum bench_tag bench_choose_tag(const unsigned int count[BENCH_NB_TAGS]);

#endif /* BENCH_STAT_H */
