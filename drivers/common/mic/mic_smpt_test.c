/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_smpt.h"

#define GIB UINT64_C(0x40000000)

static struct mic_smpt smpt;

static int
setup(void **state)
{
	(void)state;
	mic_smpt_init(&smpt);
	return 0;
}

static uint64_t
map(uint64_t host, uint64_t len, uint32_t expected_changes)
{
	uint64_t mic = 0;
	uint32_t changed;

	assert_int_equal(mic_smpt_map(&smpt, host, len, &mic, &changed), 0);
	assert_int_equal(changed, expected_changes);
	return mic;
}

static void
expect_refused(uint64_t host, uint64_t len, int error)
{
	struct mic_smpt before = smpt;
	uint64_t mic = 0, failed = smpt.failed;
	uint32_t changed = 1;

	assert_int_equal(mic_smpt_map(&smpt, host, len, &mic, &changed), error);
	assert_int_equal(changed, 0);
	assert_int_equal(mic, 0);
	before.failed = failed + 1;
	assert_memory_equal(&smpt, &before, sizeof(smpt));
}

/* The vectors of section 28. */
static void
vectors_of_the_datasheet_hold(void **state)
{
	uint64_t host;

	(void)state;
	assert_int_equal(map(UINT64_C(0x740001000), 0x1000, 0), UINT64_C(0x8740001000));
	assert_int_equal(mic_smpt_register(&smpt, 1), 0x4);
	assert_int_equal(map(UINT64_C(0x7f1234567000), 0x1000, 1), UINT64_C(0x8234567000));
	assert_int_equal(mic_smpt_register(&smpt, 0), 0x7f10);
	assert_int_equal(mic_smpt_host(&smpt, UINT64_C(0xffffffffff), &host), 0);
	assert_int_equal(host, 32 * MIC_SMPT_WINDOW - 1);
	assert_int_equal(mic_smpt_host(&smpt, UINT64_C(0x10000000000), &host), -EINVAL);
	assert_int_equal(mic_smpt_host(&smpt, MIC_SYSTEM_MEMORY - 1, &host), -EINVAL);
}

static void
a_range_across_a_boundary_counts_in_both_entries(void **state)
{
	uint64_t mic;

	(void)state;
	mic = map(UINT64_C(0x3fffff000), 0x2000, 0);
	assert_int_equal(mic, MIC_SYSTEM_MEMORY + UINT64_C(0x3fffff000));
	assert_int_equal(smpt.entry[0].refs, 0x1000);
	assert_int_equal(smpt.entry[1].refs, 0x1000);
	assert_int_equal(smpt.refs, 0x2000);
	assert_int_equal(mic_smpt_used(&smpt), 2);
	assert_int_equal(mic_smpt_unmap(&smpt, mic, 0x2000), 0);
	assert_int_equal(mic_smpt_used(&smpt), 0);
	assert_int_equal(smpt.refs, 0);
	assert_int_equal(smpt.maps, 1);
	assert_int_equal(smpt.unmaps, 1);
}

static void
all_512_gib_are_reachable_and_no_more(void **state)
{
	uint64_t mic;

	(void)state;
	mic = map(UINT64_C(0x100000000000), MIC_SMPT_REACH, UINT32_MAX);
	assert_int_equal(mic, MIC_SYSTEM_MEMORY);
	assert_int_equal(mic_smpt_used(&smpt), 32);
	expect_refused(0, 1, -ENOMEM);
	assert_int_equal(mic_smpt_unmap(&smpt, mic, MIC_SMPT_REACH), 0);
	map(0, 1, 1);
	expect_refused(GIB, MIC_SMPT_REACH + 1, -EINVAL);
	/* So long, and it would begin within a page. */
	expect_refused(GIB, MIC_SMPT_REACH, -ENOMEM);
}

static void
bad_ranges_are_refused(void **state)
{
	(void)state;
	expect_refused(0x1000, 0, -EINVAL);
	expect_refused(UINT64_MAX - 10, 12, -EINVAL);
	map(UINT64_MAX - 10, 11, 1);
	assert_int_equal(mic_smpt_register(&smpt, 0), 0xfffffffc);
}

static void
an_unused_entry_that_leads_there_is_a_hit(void **state)
{
	uint64_t mic, high = UINT64_C(0x7f0000000000);

	(void)state;
	mic = map(high, 64, 1);
	assert_int_equal(mic_smpt_unmap(&smpt, mic, 64), 0);
	assert_int_equal(map(high + 64, 64, 0), mic + 64);
}

static void
ranges_of_one_page_share_its_entry(void **state)
{
	uint64_t high = UINT64_C(0x7f0000000000), a, b;

	(void)state;
	a = map(high, 64, 1);
	b = map(high + GIB, 64, 0);
	assert_int_equal(b - a, GIB);
	assert_int_equal(smpt.entry[0].refs, 128);
	assert_int_equal(mic_smpt_unmap(&smpt, a, 64), 0);
	/* The other one still needs it. */
	assert_int_equal(map(2 * high, 64, 2), MIC_SYSTEM_MEMORY + MIC_SMPT_WINDOW);
}

/* Section 24, quirk 2: entry 1 leads where the range begins, but 2 is taken by another page. */
static void
a_broken_partial_match_is_no_refusal(void **state)
{
	uint64_t high = UINT64_C(0x7f0000000000), mic;

	(void)state;
	map(0, 1, 0);
	map(high, 1, 2);
	map(10 * high, 1, 4);
	mic = map(high, 2 * MIC_SMPT_WINDOW, 0x18);
	assert_int_equal(mic, MIC_SYSTEM_MEMORY + 3 * MIC_SMPT_WINDOW);
}

/* Half of a run may be in use already, if it leads where it must. */
static void
a_run_may_reuse_entries_in_use(void **state)
{
	uint64_t high = UINT64_C(0x7f0000000000);
	unsigned int i;

	(void)state;
	for (i = 0; i < 31; i++)
		map(high + 2 * i * MIC_SMPT_WINDOW, 1, UINT32_C(1) << i);
	/* Entry 30 leads to page 60, entry 31 is free: 60 and 61 fit nowhere else. */
	assert_int_equal(map(high + 60 * MIC_SMPT_WINDOW, 2 * MIC_SMPT_WINDOW, UINT32_C(1) << 31),
			 MIC_SYSTEM_MEMORY + 30 * MIC_SMPT_WINDOW);
}

static void
a_fragmented_table_has_no_room_for_a_run(void **state)
{
	uint64_t high = UINT64_C(0x7f0000000000), mic[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < 32; i++)
		mic[i] = map(high + 2 * i * MIC_SMPT_WINDOW, 1, UINT32_C(1) << i);
	expect_refused(1, 1, -ENOMEM);
	for (i = 0; i < 32; i += 2)
		assert_int_equal(mic_smpt_unmap(&smpt, mic[i], 1), 0);
	/* 16 entries are free, no two of them side by side. */
	expect_refused(1, MIC_SMPT_WINDOW, -ENOMEM);
	map(1, 1, 1);
	assert_int_equal(mic_smpt_unmap(&smpt, mic[1], 1), 0);
	/* Entry 0 leads to its first page already. */
	map(MIC_SMPT_WINDOW - 1, 2, 2);
}

static void
what_was_not_mapped_is_not_unmapped(void **state)
{
	uint64_t mic = map(0, 4096, 0);
	struct mic_smpt before = smpt;

	(void)state;
	assert_int_equal(mic_smpt_unmap(&smpt, mic, 4097), -EINVAL);
	assert_int_equal(mic_smpt_unmap(&smpt, mic + MIC_SMPT_WINDOW, 1), -EINVAL);
	assert_int_equal(mic_smpt_unmap(&smpt, 0, 1), -EINVAL);
	assert_int_equal(mic_smpt_unmap(&smpt, MIC_SYSTEM_MEMORY + MIC_SMPT_REACH - 1, 2), -EINVAL);
	assert_int_equal(mic_smpt_unmap(&smpt, UINT64_MAX, UINT64_MAX), -EINVAL);
	assert_memory_equal(&smpt, &before, sizeof(smpt));
	assert_int_equal(mic_smpt_unmap(&smpt, mic, 0), 0);
	assert_int_equal(smpt.unmaps, 0);
}

/* Any order of maps and unmaps: what is mapped leads where it should, and in the end all is free.
 */
static void
random_ranges_keep_their_way(void **state)
{
	struct range {
		uint64_t host, len, mic;
	} ranges[64] = {{0, 0, 0}};
	unsigned int i, round, entry;
	uint64_t found;

	(void)state;
	srand(7);
	for (round = 0; round < 20000; round++) {
		struct range *r = &ranges[(unsigned int)rand() % 64];
		uint32_t changed;

		if (r->len != 0) {
			assert_int_equal(mic_smpt_unmap(&smpt, r->mic, r->len), 0);
			r->len = 0;
			continue;
		}
		r->host = ((uint64_t)(rand() % 40) << 34) + (uint64_t)(rand() % 4) * 4 * GIB;
		r->len = 1 + ((uint64_t)rand() << (rand() % 6));
		if (mic_smpt_map(&smpt, r->host, r->len, &r->mic, &changed) < 0)
			r->len = 0;
		for (i = 0; i < 64; i++) {
			if (ranges[i].len == 0)
				continue;
			assert_int_equal(mic_smpt_host(&smpt, ranges[i].mic, &found), 0);
			assert_int_equal(found, ranges[i].host);
			assert_int_equal(mic_smpt_host(&smpt, ranges[i].mic + ranges[i].len - 1,
						       &found), 0);
			assert_int_equal(found, ranges[i].host + ranges[i].len - 1);
		}
	}
	assert_in_range(smpt.failed, 1, 20000);
	for (i = 0; i < 64; i++)
		if (ranges[i].len != 0)
			assert_int_equal(mic_smpt_unmap(&smpt, ranges[i].mic, ranges[i].len), 0);
	for (entry = 0; entry < MIC_SMPT_ENTRIES; entry++)
		assert_int_equal(smpt.entry[entry].refs, 0);
	assert_int_equal(smpt.refs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vectors_of_the_datasheet_hold, setup),
		cmocka_unit_test_setup(a_range_across_a_boundary_counts_in_both_entries, setup),
		cmocka_unit_test_setup(all_512_gib_are_reachable_and_no_more, setup),
		cmocka_unit_test_setup(bad_ranges_are_refused, setup),
		cmocka_unit_test_setup(an_unused_entry_that_leads_there_is_a_hit, setup),
		cmocka_unit_test_setup(ranges_of_one_page_share_its_entry, setup),
		cmocka_unit_test_setup(a_broken_partial_match_is_no_refusal, setup),
		cmocka_unit_test_setup(a_run_may_reuse_entries_in_use, setup),
		cmocka_unit_test_setup(a_fragmented_table_has_no_room_for_a_run, setup),
		cmocka_unit_test_setup(what_was_not_mapped_is_not_unmapped, setup),
		cmocka_unit_test_setup(random_ranges_keep_their_way, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
