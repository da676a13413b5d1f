/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Delta debugging: take out ever smaller pieces of a failing script, as long as the same rule
 * breaks; then halve the counts that are left.
 */
#include "dlb_run.h"

#include <string.h>

struct shrink {
	struct dlb_script *script;
	const struct dlb_drive_maker *maker;
	const char *rule;
	unsigned int runs, runs_max;
	struct dlb_run_result *result;
};

static bool
still_fails(struct shrink *k, const struct dlb_script *s)
{
	struct dlb_run_result result;

	k->runs++;
	dlb_run(s, k->maker, NULL, &result);
	if (result.error != 0 || result.rule == NULL || strcmp(result.rule, k->rule) != 0)
		return false;
	*k->result = result;
	return true;
}

/* Without the lines from `at` on: kept when it still fails. Parts of the device are never taken
 * out, since others are named by their place, but links are.
 */
static bool
try_without(struct shrink *k, unsigned int at, unsigned int count)
{
	struct dlb_script less = {.seed = k->script->seed};
	bool fits = true, fewer = false;

	for (unsigned int n = 0; n < k->script->count && fits; n++) {
		const struct dlb_script_line *l = &k->script->line[n];

		if (n >= at && n < at + count && l->kind >= DLB_LINE_LINK)
			fewer = true;
		else
			fits = dlb_script_add(&less, l);
	}
	if (!fits || !fewer || !still_fails(k, &less)) {
		dlb_script_free(&less);
		return false;
	}
	dlb_script_free(k->script);
	*k->script = less;
	return true;
}

static void
drop_lines(struct shrink *k)
{
	for (unsigned int piece = k->script->count / 2; piece > 0;) {
		bool any = false;

		for (unsigned int at = 0; at < k->script->count && k->runs < k->runs_max;) {
			if (try_without(k, at, piece))
				any = true;
			else
				at += piece;
		}
		if (!any || piece > 1)
			piece /= 2;
		if (k->runs >= k->runs_max)
			return;
	}
}

static void
halve_counts(struct shrink *k)
{
	for (unsigned int n = 0; n < k->script->count; n++) {
		struct dlb_script_line *l = &k->script->line[n];

		while (dlb_script_has_count(l) && l->arg[DLB_ARG_COUNT] > 1 &&
		       k->runs < k->runs_max) {
			uint32_t count = l->arg[DLB_ARG_COUNT];

			l->arg[DLB_ARG_COUNT] = count / 2;
			if (!still_fails(k, k->script)) {
				l->arg[DLB_ARG_COUNT] = count;
				break;
			}
		}
	}
}

unsigned int
dlb_run_shrink(struct dlb_script *s, const struct dlb_drive_maker *maker, unsigned int runs_max,
	       struct dlb_run_result *result)
{
	struct shrink k = {.script = s,
			   .maker = maker,
			   .rule = result->rule,
			   .runs_max = runs_max,
			   .result = result};

	/* What comes after the failure is of no use. */
	if (result->line < s->count)
		s->count = result->line;
	drop_lines(&k);
	halve_counts(&k);
	drop_lines(&k);
	return k.runs;
}
