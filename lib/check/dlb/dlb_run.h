/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_RUN_H
#define SLIPWAY_DLB_RUN_H

/**
 * @file
 * Runs of scripts: a device driven and judged.
 */

#include "dlb_drive.h"

struct dlb_run_result {
	int error;        /**< 0, or why the script could not be run: -EINVAL, -ENOMEM */
	const char *rule; /**< broken, NULL when all was well */
	char text[240];
	unsigned int line; /**< of the script, where it showed */
	uint64_t commands, taken, dropped, delivered;
};

/** Makes the model of lib/model/dlb, by its constructor. */
extern const struct dlb_drive_maker dlb_run_model;

/** Run a script on a device of its own. `tell`, if not NULL, gets each line before it is done. */
void dlb_run(const struct dlb_script *s, const struct dlb_drive_maker *maker, FILE *tell,
	     struct dlb_run_result *result);

/**
 * Take out of a failing script what it does not need to break the same rule.
 *
 * @param runs_max runs to spend
 * @return runs spent
 */
unsigned int dlb_run_shrink(struct dlb_script *s, const struct dlb_drive_maker *maker,
			    unsigned int runs_max, struct dlb_run_result *result);

#endif /* SLIPWAY_DLB_RUN_H */
