/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Like is compared with like. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

#define REPEATS 5

/* What a tag is called depends on the threads of the layout, which is all that is asked of cells.c. */
unsigned int
bench_layout_threads(enum bench_layout layout)
{
	return layout == BENCH_COOPERATIVE ? 1 : 2;
}

static struct bench_run run;

/* Two devices: what they did in each turn, and how near their CPUs were. */
static void
fill(unsigned int device, const double mps[REPEATS], const char *tags)
{
	struct bench_result *r = bench_result(&run, 0, device);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < REPEATS; i++) {
		r->sample[i].mps = mps[i];
		r->sample[i].tag = tags[i] == 'n' ? BENCH_NEAR
				   : tags[i] == 'f' ? BENCH_FAR
				   : tags[i] == 'm' ? BENCH_MIXED : BENCH_DISTURBED;
	}
}

static int
set_up(void **state)
{
	run.opt.repeats = REPEATS;
	run.nb_cells = 1;
	run.nb_devices = 2;
	run.cell[0].layout = BENCH_PAIR;
	run.results = calloc(2, sizeof(*run.results));
	assert_non_null(run.results);
	*state = &run;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(run.results);
	return 0;
}

static void
near_samples_are_compared_and_no_others(void **state)
{
	const double first[] = {60, 20, 64, 66, 1}, second[] = {30, 2, 32, 11, 500};
	const struct bench_result *a = bench_result(&run, 0, 0), *b = bench_result(&run, 0, 1);

	(void)state;
	fill(0, first, "nfnnm");
	fill(1, second, "nfnnm");
	bench_summarize(&run, 0);
	assert_int_equal(a->tag, BENCH_NEAR);
	assert_true(a->median.mps == 64);
	assert_true(a->min == 60 && a->max == 66);
	assert_true(b->ratio == 2);
	assert_int_equal(b->nb_pairs, 3);
	assert_int_equal(b->nb_tag[BENCH_FAR], 1);
}

static void
turns_of_different_kinds_are_no_pair(void **state)
{
	const double first[] = {60, 60, 60, 60, 60}, second[] = {30, 30, 10, 10, 10};
	const struct bench_result *b = bench_result(&run, 0, 1);

	(void)state;
	fill(0, first, "nnnff");
	fill(1, second, "nnffn");
	bench_summarize(&run, 0);
	assert_true(b->ratio == 2);
	assert_int_equal(b->nb_pairs, 2);
}

static void
far_speaks_where_near_is_rare(void **state)
{
	const double first[] = {60, 20, 20, 20, 20}, second[] = {10, 10, 10, 10, 10};
	const struct bench_result *b = bench_result(&run, 0, 1);

	(void)state;
	fill(0, first, "nffff");
	fill(1, second, "nffff");
	bench_summarize(&run, 0);
	assert_int_equal(b->tag, BENCH_FAR);
	assert_int_equal(b->ratio_tag, BENCH_FAR);
	assert_true(b->ratio == 2);
}

static void
figures_of_a_row_are_of_one_kind(void **state)
{
	const double first[] = {60, 60, 60, 20, 20}, second[] = {30, 10, 10, 10, 10};

	(void)state;
	fill(0, first, "nnnff");
	fill(1, second, "nffff");
	bench_summarize(&run, 0);
	assert_int_equal(bench_result(&run, 0, 0)->tag, BENCH_FAR);
	assert_true(bench_result(&run, 0, 0)->median.mps == 20);
	assert_int_equal(bench_result(&run, 0, 1)->tag, BENCH_FAR);
}

static void
mixed_samples_are_never_compared(void **state)
{
	const double mps[] = {60, 60, 60, 60, 60};

	(void)state;
	fill(0, mps, "mmmmm");
	fill(1, mps, "mmmmm");
	bench_summarize(&run, 0);
	assert_int_equal(bench_result(&run, 0, 1)->nb_pairs, 0);
	assert_true(bench_result(&run, 0, 1)->ratio == 0);
}

static void
latency_is_compared_by_its_median(void **state)
{
	struct bench_result *b = bench_result(&run, 0, 1);
	const double none[REPEATS] = {0};
	unsigned int i;

	(void)state;
	run.cell[0].layout = BENCH_LATENCY;
	fill(0, none, "nnnnn");
	fill(1, none, "nnnnn");
	for (i = 0; i < REPEATS; i++) {
		bench_result(&run, 0, 0)->sample[i].p50_ns = 300;
		b->sample[i].p50_ns = 1200;
	}
	bench_summarize(&run, 0);
	assert_true(b->ratio == 0.25);
	assert_true(b->median.p50_ns == 1200);
}

static void
refused_device_has_no_figures(void **state)
{
	const double mps[] = {60, 60, 60, 60, 60};
	struct bench_result *b = bench_result(&run, 0, 1);

	(void)state;
	fill(0, mps, "nnnnn");
	strcpy(b->reason, "refused");
	bench_summarize(&run, 0);
	assert_true(b->median.mps == 0);
	assert_int_equal(b->nb_pairs, 0);
	assert_int_equal(bench_result(&run, 0, 0)->tag, BENCH_NEAR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(near_samples_are_compared_and_no_others),
		TEST(turns_of_different_kinds_are_no_pair),
		TEST(far_speaks_where_near_is_rare),
		TEST(figures_of_a_row_are_of_one_kind),
		TEST(mixed_samples_are_never_compared),
		TEST(latency_is_compared_by_its_median),
		TEST(refused_device_has_no_figures),
	};

	return cmocka_run_group_tests_name("bench_summary", tests, NULL, NULL);
}
