/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Like is compared with like, and no byte goes unseen. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

#define REPEATS 5

static struct bench_run run;

/* Two subjects: ns a copy in each turn, and what the machine was like. */
static void
fill(unsigned int subject, const double ns[REPEATS], const char *tags)
{
	struct bench_result *r = bench_result(&run, 0, subject);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < REPEATS; i++) {
		r->sample[i].ns = ns[i];
		r->sample[i].gbps = 1000 / ns[i];
		r->sample[i].tag = tags[i] == 'w' ? BENCH_NEAR
				   : tags[i] == 's' ? BENCH_FAR : BENCH_MIXED;
	}
}

static int
set_up(void **state)
{
	run.opt.repeats = REPEATS;
	run.nb_cells = 1;
	run.nb_subjects = 2;
	run.cell[0].threads = 1;
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
ratio_and_difference_are_of_pairs(void **state)
{
	const struct bench_result *r = bench_result(&run, 0, 1);

	(void)state;
	fill(0, (double[]){100, 200, 100, 400, 100}, "wwwww");
	fill(1, (double[]){110, 210, 150, 405, 112}, "wwwww");
	bench_summarize(&run, 0);
	assert_int_equal(r->nb_pairs, 5);
	assert_true(r->over_ns > 9.99 && r->over_ns < 10.01);
	assert_true(r->ratio > 100.0 / 110 - 0.001 && r->ratio < 100.0 / 110 + 0.001);
}

static void
samples_of_different_kinds_are_not_compared(void **state)
{
	const struct bench_result *r = bench_result(&run, 0, 1);

	(void)state;
	fill(0, (double[]){100, 100, 100, 100, 100}, "wwwsm");
	fill(1, (double[]){120, 120, 120, 900, 900}, "wwwwm");
	bench_summarize(&run, 0);
	assert_int_equal(r->nb_pairs, 3);
	assert_int_equal(r->tag, BENCH_NEAR);
	assert_true(r->over_ns > 19.99 && r->over_ns < 20.01);
}

static void
refused_subject_has_no_figures(void **state)
{
	struct bench_result *r = bench_result(&run, 0, 1);

	(void)state;
	fill(0, (double[]){100, 100, 100, 100, 100}, "wwwww");
	memset(r, 0, sizeof(*r));
	strcpy(r->reason, "no");
	bench_summarize(&run, 0);
	assert_int_equal(r->nb_pairs, 0);
	assert_true(r->median.ns == 0);
}

/* Whole batches, never fewer than are under way; a cold slot is copied once. */
static void
plans_fit_their_cells(void **state)
{
	static const uint32_t sizes[] = {1, 64, 100, 4096, 65536, BENCH_MAX_SIZE};
	static const uint16_t batches[] = {1, 7, 32, 64};
	struct bench_slots slots;
	unsigned int s, b, heat;

	(void)state;
	for (heat = 0; heat < BENCH_NB_HEATS; heat++) {
		for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			for (b = 0; b < sizeof(batches) / sizeof(batches[0]); b++) {
				const struct bench_cell cell = {
					.heat = heat,
					.size = sizes[s],
					.batch = batches[b],
					.depth = 2 * batches[b],
				};

				bench_slots_plan(&slots, &cell);
				assert_int_equal(slots.ops % cell.batch, 0);
				assert_true(slots.ops >= cell.depth);
				assert_true(slots.stride >= cell.size && slots.count >= 1);
				assert_true(slots.count <= slots.ops);
				if (heat == BENCH_COLD)
					assert_int_equal(slots.count, slots.ops);
				assert_true(bench_slots_bytes(&slots) >=
					    2 * slots.stride * slots.count);
			}
		}
	}
}

static void
every_byte_is_looked_at(void **state)
{
	const struct bench_cell cell = {.heat = BENCH_COLD, .size = 100, .batch = 2, .depth = 2};
	struct bench_slots slots = {.stride = 128, .count = 2};
	uint8_t src[256], dst[256];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(src); i++)
		src[i] = i * 37;
	slots.src = src;
	slots.dst = dst;
	memcpy(dst, src, sizeof(dst));
	assert_true(bench_slots_right(&slots, &cell));
	bench_slots_spoil(&slots, &cell);
	assert_false(bench_slots_right(&slots, &cell));
	for (i = 0; i < sizeof(src); i++) {
		memcpy(dst, src, sizeof(dst));
		dst[i] ^= 1;
		assert_int_equal(bench_slots_right(&slots, &cell), i % 128 >= 100);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ratio_and_difference_are_of_pairs, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(samples_of_different_kinds_are_not_compared,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_subject_has_no_figures, set_up, tear_down),
		cmocka_unit_test(plans_fit_their_cells),
		cmocka_unit_test(every_byte_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
