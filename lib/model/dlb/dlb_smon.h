/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SMON_H
#define SLIPWAY_DLB_SMON_H

/**
 * @file
 * Signal monitors, datasheet section 3.20. Lock held.
 */

#include <stdbool.h>
#include <stdint.h>

/** IOSF and SYS have two, SYS has one for power besides, nine other blocks have one. */
#define DLB_SMON_COUNT 14

/** Monitors that count. */
struct dlb_smon {
	bool running[DLB_SMON_COUNT];
	uint64_t base[DLB_SMON_COUNT][2]; /**< totals when their counters were last worked out */
};

struct dlb_model;

void dlb_smon_hook(struct dlb_model *m);
/** Before a driver loads a total: work out what has been counted by it. */
void dlb_smon_settle(struct dlb_model *m);
/** And after: count from what it says now. */
void dlb_smon_rebase(struct dlb_model *m);

#endif /* SLIPWAY_DLB_SMON_H */
