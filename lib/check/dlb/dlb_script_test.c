/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_script.h"

static void
read_text(const char *text, struct dlb_script *s, char *problem, size_t len, bool right)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	assert_int_equal(dlb_script_read(s, file, problem, len), right);
	fclose(file);
}

static void
check_text_of(uint64_t seed)
{
	struct dlb_script made, again;
	char problem[200] = "", *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_true(dlb_script_generate(&made, seed, 500));
	dlb_script_print(&made, file);
	fclose(file);
	read_text(text, &again, problem, sizeof(problem), true);
	assert_int_equal(made.count, again.count);
	for (unsigned int n = 0; n < made.count; n++) {
		char one[400], two[400];

		/* Arguments that a line does not have are not written. */
		dlb_script_print_line(&made.line[n], one, sizeof(one));
		dlb_script_print_line(&again.line[n], two, sizeof(two));
		assert_string_equal(one, two);
	}
	dlb_script_free(&made);
	dlb_script_free(&again);
	free(text);
}

static void
scripts_survive_text(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		check_text_of(seed);
}

static void
lines_read_as_they_are_written(void **state)
{
	struct dlb_script s;
	char problem[200], text[400];

	(void)state;
	read_text("check-dlb script 1\n# a comment\n\nnew port d1 count 3 to 2 type ordered "
		  "priority 5 lock 77 flags 0 token yes\nsettle\n",
		  &s, problem, sizeof(problem), true);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.line[0].kind, DLB_LINE_NEW);
	assert_int_equal(s.line[0].arg[0], DLB_SCRIPT_DIRECTED + 1);
	assert_true(dlb_script_has_count(&s.line[0]));
	assert_false(dlb_script_has_count(&s.line[1]));
	dlb_script_print_line(&s.line[0], text, sizeof(text));
	assert_string_equal(text, "new port d1 count 3 to 2 type ordered priority 5 lock 77 "
				  "flags 0 token yes");
	dlb_script_free(&s);
}

static void
wrong_lines_are_named(void **state)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{"hello\n", "line 1 is not 'check-dlb script 1'"},
		{"check-dlb script 1\njump\n", "line 2: 'jump' is not an operation"},
		{"check-dlb script 1\nenable\n", "line 2: 'enable' needs 'port' and a value here"},
		{"check-dlb script 1\n\ntokens port 0 count 1025\n",
		 "line 3: 'count 1025' is not accepted, the largest is 1024"},
		{"check-dlb script 1\ntokens port x count 1\n",
		 "line 2: 'port x' is not accepted, the largest is 108"},
	};
	struct dlb_script s;
	char problem[200];

	(void)state;
	for (unsigned int n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		read_text(cases[n].text, &s, problem, sizeof(problem), false);
		assert_string_equal(problem, cases[n].problem);
	}
}

static void
seeds_make_different_scripts(void **state)
{
	struct dlb_script one, two;

	(void)state;
	assert_true(dlb_script_generate(&one, 1, 100));
	assert_true(dlb_script_generate(&two, 2, 100));
	assert_true(one.count != two.count ||
		    memcmp(one.line, two.line, one.count * sizeof(one.line[0])) != 0);
	dlb_script_free(&one);
	dlb_script_free(&two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_survive_text),
		cmocka_unit_test(lines_read_as_they_are_written),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(seeds_make_different_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
