/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ranges.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SPACE 64u
/* As many as fit into the space, and few. */
#define SLOTS  64u
#define FEW    8u
#define ROUNDS 200000u

static struct range_slot slots[SLOTS];

static struct ranges
table(uint32_t max)
{
	memset(slots, 0, sizeof(slots));
	return (struct ranges){.max = max, .slots = slots};
}

static int
insert(struct ranges *t, uint64_t start, uint64_t size)
{
	/* `to` is a thousand above, so that it shows what was cut off in front. */
	return ranges_insert(t, &(struct range){start, size, start + 1000, 7});
}

static void
overlaps_and_empty_ranges_are_refused(void **state)
{
	struct ranges t = table(FEW);
	struct range r;

	(void)state;
	assert_int_equal(insert(&t, 10, 10), 0);
	assert_int_equal(insert(&t, 19, 1), -EEXIST);
	assert_int_equal(insert(&t, 5, 6), -EEXIST);
	assert_int_equal(insert(&t, 0, 100), -EEXIST);
	assert_int_equal(insert(&t, 5, 5), 0);
	assert_int_equal(insert(&t, 20, 1), 0);
	assert_int_equal(insert(&t, 30, 0), -EINVAL);
	assert_int_equal(insert(&t, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(insert(&t, UINT64_MAX, 1), 0);
	assert_true(ranges_find(&t, UINT64_MAX, &r));
	assert_false(ranges_find(&t, 21, &r));
	assert_true(ranges_next(&t, 21, &r));
	assert_int_equal(r.start, UINT64_MAX);
}

static void
a_full_table_says_so(void **state)
{
	struct ranges t = table(FEW);
	struct range r;

	(void)state;
	for (uint64_t i = 0; i < FEW; i++)
		assert_int_equal(insert(&t, i * 10, 10), 0);
	assert_int_equal(insert(&t, 200, 1), -ENOSPC);
	/* A hole in the middle of one needs a place for the rest of it. */
	assert_int_equal(ranges_cut(&t, 12, 2), -ENOSPC);
	assert_true(ranges_find(&t, 11, &r));
	assert_false(ranges_find(&t, 12, &r));
	assert_false(ranges_find(&t, 19, &r));
	assert_true(ranges_find(&t, 20, &r));
}

/* Against an array with an element for each address. */
static void
what_is_left_is_what_was_not_cut(void **state)
{
	uint64_t expected[SPACE] = {0};
	struct ranges t = table(SLOTS);
	unsigned int seed = 1;
	struct range r;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t start = (unsigned int)rand_r(&seed) % SPACE;
		uint64_t size = (unsigned int)rand_r(&seed) % (SPACE - start) + 1;
		int ret;

		if (rand_r(&seed) % 2 == 0) {
			bool is_free = true;

			for (uint64_t i = start; i < start + size; i++)
				is_free = is_free && expected[i] == 0;
			ret = insert(&t, start, size);
			assert_int_equal(ret, is_free ? 0 : -EEXIST);
			for (uint64_t i = start; ret == 0 && i < start + size; i++)
				expected[i] = i + 1000;
		} else {
			assert_int_equal(ranges_cut(&t, start, size), 0);
			memset(expected + start, 0, size * sizeof(expected[0]));
		}
		for (uint64_t i = 0; i < SPACE; i++) {
			bool there = ranges_find(&t, i, &r);

			assert_int_equal(there, expected[i] != 0);
			if (there)
				assert_int_equal(r.to + (i - r.start), expected[i]);
		}
	}
}

static void *
change(void *arg)
{
	struct ranges *t = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		ranges_cut(t, 100, 100);
		insert(t, i % 2 == 0 ? 100 : 150, 50);
	}
	return NULL;
}

static void
readers_see_whole_entries_while_they_change(void **state)
{
	struct ranges t = table(SLOTS);
	pthread_t writer;
	struct range r;

	(void)state;
	assert_int_equal(insert(&t, 50, 10), 0);
	assert_int_equal(insert(&t, 300, 10), 0);
	assert_int_equal(pthread_create(&writer, NULL, change, &t), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		assert_true(ranges_find(&t, 305, &r));
		assert_int_equal(r.start, 300);
		if (ranges_find(&t, 120, &r))
			assert_int_equal(r.start, 100);
		if (ranges_find(&t, 180, &r))
			assert_int_equal(r.to, 1150);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlaps_and_empty_ranges_are_refused),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(what_is_left_is_what_was_not_cut),
		cmocka_unit_test(readers_see_whole_entries_while_they_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
