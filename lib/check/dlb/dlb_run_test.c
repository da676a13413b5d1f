/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Runs on the model, and on devices with faults: each fault is found within a hundred seeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_bent_device.h"
#include "dlb_run.h"

#define SEEDS 100
#define OPS   300
/* Slots at odds need a queue that grows behind each: rarer, so more is done in a run. */
#define OPS_LONG 1200

/* Without what raises alarms: they show the command, and would tell of faults that change one. */
static void
drop_alarms(struct dlb_script *s)
{
	unsigned int kept = 0;

	for (unsigned int n = 0; n < s->count; n++)
		if (s->line[n].kind < DLB_LINE_BAD_COMMAND ||
		    s->line[n].kind > DLB_LINE_OVER_CREDIT)
			s->line[kept++] = s->line[n];
	s->count = kept;
	/* Bytes of directed entries stay where the bent device can put them right. */
	s->line[0].arg[DEVICE_LOCK_IN_QID] = 0;
	/* With even weights it does not matter which level is which. */
	s->line[0].arg[DEVICE_ARBITERS] = 0;
}

static void
run_seed(uint64_t seed, unsigned int ops, const struct dlb_drive_maker *maker, bool alarms,
	 struct dlb_run_result *result)
{
	struct dlb_script script;

	assert_true(dlb_script_generate(&script, seed, ops));
	if (!alarms)
		drop_alarms(&script);
	dlb_run(&script, maker, NULL, result);
	dlb_script_free(&script);
	assert_int_equal(result->error, 0);
}

static void
model_is_right(void **state)
{
	struct dlb_run_result result;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		run_seed(seed, OPS, &dlb_run_model, true, &result);
		if (result.rule != NULL)
			fail_msg("seed %u: %s: %s", (unsigned int)seed, result.rule, result.text);
		assert_true(result.delivered > 0);
	}
}

/* The wrapper by itself changes nothing. */
static void
unbent_device_is_right(void **state)
{
	struct dlb_run_result result;

	(void)state;
	dlb_bend_set(DLB_BEND_NONE);
	run_seed(1, OPS, &dlb_bent_maker, true, &result);
	if (result.rule != NULL)
		fail_msg("%s: %s", result.rule, result.text);
}

static void
same_seed_is_the_same_run(void **state)
{
	struct dlb_run_result one, two;

	(void)state;
	run_seed(7, OPS, &dlb_run_model, true, &one);
	run_seed(7, OPS, &dlb_run_model, true, &two);
	assert_int_equal(one.commands, two.commands);
	assert_int_equal(one.taken, two.taken);
	assert_int_equal(one.delivered, two.delivered);
}

static bool
found_in(enum dlb_bend bend, uint64_t seed)
{
	struct dlb_run_result result;

	dlb_bend_set(bend);
	run_seed(seed, bend == DLB_BEND_SLOT_PRIORITY ? OPS_LONG : OPS, &dlb_bent_maker,
		 bend > DLB_BEND_LEVEL, &result);
	if (result.rule == NULL)
		return false;
	print_message("%-28s seed %3u: %s: %s\n", dlb_bend_name(bend), (unsigned int)seed,
		      result.rule, result.text);
	return true;
}

static void
every_fault_is_found(void **state)
{
	(void)state;
	for (unsigned int bend = DLB_BEND_NONE + 1; bend < DLB_BENDS; bend++) {
		uint64_t seed = 1;

		while (seed <= SEEDS && !found_in((enum dlb_bend)bend, seed))
			seed++;
		if (seed > SEEDS)
			fail_msg("'%s' was not found in %u seeds",
				 dlb_bend_name((enum dlb_bend)bend), SEEDS);
	}
}

static void
failing_script_becomes_short(void **state)
{
	struct dlb_run_result result;
	struct dlb_script script;
	unsigned int before, ops = 0;

	(void)state;
	dlb_bend_set(DLB_BEND_CONTENT);
	assert_true(dlb_script_generate(&script, 3, OPS));
	before = script.count;
	dlb_run(&script, &dlb_bent_maker, NULL, &result);
	assert_string_equal(result.rule, "content");
	dlb_run_shrink(&script, &dlb_bent_maker, 500, &result);
	assert_string_equal(result.rule, "content");
	for (unsigned int n = 0; n < script.count; n++)
		ops += script.line[n].kind >= DLB_LINE_FIRST_OP;
	print_message("%u lines became %u, %u of them operations\n", before, script.count, ops);
	/* One entry in 37 is bent, so some 37 entries are needed, and lines to take them. */
	assert_true(ops <= 20);
	dlb_run(&script, &dlb_bent_maker, NULL, &result);
	assert_string_equal(result.rule, "content");
	dlb_script_free(&script);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_is_right),
		cmocka_unit_test(unbent_device_is_right),
		cmocka_unit_test(same_seed_is_the_same_run),
		cmocka_unit_test(every_fault_is_found),
		cmocka_unit_test(failing_script_becomes_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
