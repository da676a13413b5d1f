/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "vfu_gather.h"

#define PORT  0x2000u
#define OTHER 0x3000u

static char came[4096];
static uint64_t clock_ns;

static uint64_t
now(void)
{
	return clock_ns;
}

static void
note(const char *what, unsigned int bar, uint64_t off, unsigned int len, uint64_t word)
{
	size_t at = strlen(came);

	snprintf(came + at, sizeof(came) - at, "%s %u 0x%llx %u %llx\n", what, bar,
		 (unsigned long long)off, len, (unsigned long long)word);
}

static void
on_post(void *arg, unsigned int bar, uint64_t off, const void *bytes, unsigned int len)
{
	uint64_t first, last;

	(void)arg;
	memcpy(&first, bytes, 8);
	memcpy(&last, (const char *)bytes + len - 8, 8);
	note("post", bar, off, len, first << 16 | last);
}

static void
on_write(void *arg, unsigned int bar, uint64_t off, uint64_t word)
{
	(void)arg;
	note("write", bar, off, 8, word);
}

static void
on_lost(void *arg, unsigned int bar, uint64_t off, unsigned int len)
{
	(void)arg;
	note("lost", bar, off, len, 0);
}

static struct vfu_gather
fresh(void)
{
	const struct vfu_gather_out out = {on_post, on_write, on_lost, NULL};
	struct vfu_gather g;

	came[0] = '\0';
	clock_ns = 1000;
	vfu_gather_create(&g, &out, 100);
	return g;
}

/* Words from..to of a line, each with its number as value. */
static void
words(struct vfu_gather *g, uint64_t line, unsigned int from, unsigned int to)
{
	for (unsigned int w = from; w <= to; w++)
		vfu_gather_write(g, 0, line + w * 8, w + 1, false, now);
}

/* What came out since the last look. */
static void
expect(const char *text)
{
	assert_string_equal(came, text);
	came[0] = '\0';
}

static void
eight_ascending_pieces_are_one_line(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 6);
	expect("");
	words(&g, PORT, 7, 7);
	expect("post 0 0x2000 64 10008\n");
	assert_int_equal(g.n, 0);
}

static void
offset_0_again_posts_the_quarter(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 1);
	words(&g, PORT, 0, 0);
	expect("post 0 0x2000 16 10002\n");
	words(&g, PORT, 1, 7);
	expect("post 0 0x2000 64 10008\n");
}

static void
a_read_posts_all_quarters(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 1);
	words(&g, OTHER, 0, 1);
	vfu_gather_flush(&g);
	expect("post 0 0x2000 16 10002\npost 0 0x3000 16 10002\n");
	vfu_gather_flush(&g);
	expect("");
}

static void
another_line_of_the_port_posts_the_quarter(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 1);
	words(&g, PORT + 64, 0, 0);
	expect("post 0 0x2000 16 10002\n");
	words(&g, PORT + 64, 1, 1);
	vfu_gather_other(&g, 0, PORT + 0x800);
	expect("post 0 0x2040 16 10002\n");
}

static void
a_line_that_has_to_be_whole_waits_for_its_rest(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	for (unsigned int w = 0; w < 8; w++) {
		expect("");
		assert_true(vfu_gather_deadline(&g) == UINT64_MAX);
		vfu_gather_write(&g, 0, PORT + w * 8, w + 1, true, now);
		if (w == 1) {
			vfu_gather_write(&g, 0, PORT + 64, 1, true, now);
			vfu_gather_other(&g, 0, PORT + 128);
			vfu_gather_flush(&g);
			clock_ns += 1000;
			vfu_gather_idle(&g, clock_ns);
		}
	}
	expect("post 0 0x2000 64 10008\n");
	vfu_gather_write(&g, 0, PORT + 64, 1, true, now);
	expect("lost 0 0x2040 8 0\n");
}

static void
another_port_posts_nothing(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 1);
	words(&g, OTHER, 0, 3);
	vfu_gather_write(&g, 1, PORT + 64, 1, false, now);
	vfu_gather_other(&g, 0, OTHER);
	expect("");
	words(&g, PORT, 2, 7);
	expect("post 0 0x2000 64 10008\n");
	words(&g, OTHER, 4, 7);
	expect("post 0 0x3000 64 10008\n");
}

static void
idle_time_posts_the_quarter_and_nothing_else(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	assert_int_equal(vfu_gather_deadline(&g), UINT64_MAX);
	words(&g, OTHER, 0, 2);
	assert_int_equal(vfu_gather_deadline(&g), UINT64_MAX);
	words(&g, PORT, 0, 1);
	assert_int_equal(vfu_gather_deadline(&g), 1100);
	vfu_gather_idle(&g, 1099);
	expect("");
	vfu_gather_idle(&g, 1100);
	expect("post 0 0x2000 16 10002\n");
	assert_int_equal(vfu_gather_deadline(&g), UINT64_MAX);
	words(&g, OTHER, 3, 7);
	expect("post 0 0x3000 64 10008\n");
}

static void
idle_time_can_be_switched_off(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	g.idle_ns = UINT64_MAX;
	words(&g, PORT, 0, 1);
	assert_int_equal(vfu_gather_deadline(&g), UINT64_MAX);
	vfu_gather_idle(&g, UINT64_MAX - 1);
	expect("");
}

/* A CPU that was held up after its second piece: nothing is lost, nothing comes twice. */
static void
rest_of_a_line_follows_its_quarter(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 1);
	vfu_gather_flush(&g);
	expect("post 0 0x2000 16 10002\n");
	words(&g, PORT, 2, 7);
	expect("post 0 0x2010 16 30004\npost 0 0x2020 16 50006\npost 0 0x2030 16 70008\n");
	assert_int_equal(g.n, 0);
}

static void
a_line_begun_anew_is_told(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 0, 4);
	words(&g, PORT, 0, 0);
	expect("lost 0 0x2000 40 0\n");
	words(&g, PORT, 1, 7);
	expect("post 0 0x2000 64 10008\n");
}

static void
a_piece_out_of_order_is_a_write(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	words(&g, PORT, 3, 3);
	expect("write 0 0x2018 8 4\n");
	words(&g, PORT, 0, 1);
	words(&g, PORT, 5, 5);
	expect("post 0 0x2000 16 10002\nwrite 0 0x2028 8 6\n");
}

static void
the_oldest_makes_room(void **state)
{
	struct vfu_gather g = fresh();

	(void)state;
	for (unsigned int i = 0; i < VFU_GATHER_LINES; i++)
		words(&g, PORT + i * 0x1000, 0, i == 0 ? 1 : 0);
	expect("");
	words(&g, 0x100000, 0, 0);
	expect("post 0 0x2000 16 10002\n");
	words(&g, 0x101000, 0, 0);
	expect("lost 0 0x3000 8 0\n");
	assert_int_equal(g.n, VFU_GATHER_LINES);
	vfu_gather_forget(&g);
	vfu_gather_flush(&g);
	expect("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_ascending_pieces_are_one_line),
		cmocka_unit_test(offset_0_again_posts_the_quarter),
		cmocka_unit_test(a_read_posts_all_quarters),
		cmocka_unit_test(another_line_of_the_port_posts_the_quarter),
		cmocka_unit_test(another_port_posts_nothing),
		cmocka_unit_test(idle_time_posts_the_quarter_and_nothing_else),
		cmocka_unit_test(idle_time_can_be_switched_off),
		cmocka_unit_test(rest_of_a_line_follows_its_quarter),
		cmocka_unit_test(a_line_begun_anew_is_told),
		cmocka_unit_test(a_line_that_has_to_be_whole_waits_for_its_rest),
		cmocka_unit_test(a_piece_out_of_order_is_a_write),
		cmocka_unit_test(the_oldest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
