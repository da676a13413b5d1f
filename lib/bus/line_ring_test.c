/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The line ring: nothing lost, nothing doubled, order kept, and a poster that lies does no harm.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line_ring.h"

struct fixture {
	struct line_ring *ring;
	struct line_poster poster;
	struct line_drainer drainer;
};

/* The ring ends where the allocation ends, so that a sanitizer sees the first byte too many. */
static void
line_copy(const struct line_drainer *d, uint32_t i, uint64_t word[LINE_RING_WORDS])
{
	const _Atomic uint64_t *line = line_ring_line(d, i);

	for (unsigned int k = 0; k < LINE_RING_WORDS; k++)
		word[k] = line_ring_word(line, k);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->ring = aligned_alloc(64, sizeof(*f->ring));
	if (f->ring == NULL) {
		free(f);
		return -1;
	}
	memset(f->ring, 0, sizeof(*f->ring));
	f->poster.ring = f->ring;
	f->drainer.ring = f->ring;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	free(f->ring);
	free(f);
	return 0;
}

static void
line_fill(unsigned char line[64], uint32_t number)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t word = number * 16 + i;

		memcpy(line + 4 * i, &word, 4);
	}
}

static void
post_number(struct fixture *f, uint32_t number)
{
	unsigned char line[64];

	line_fill(line, number);
	assert_true(line_ring_has_room(&f->poster));
	line_ring_post(&f->poster, line, 64);
}

static void
expect_line(struct fixture *f, uint32_t i, uint32_t number)
{
	uint64_t word[LINE_RING_WORDS];
	unsigned char line[64];

	line_fill(line, number);
	line_copy(&f->drainer, i, word);
	assert_memory_equal(word, line, 64);
}

static void
zeroed_memory_is_an_empty_ring(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(line_ring_ready(&f->drainer), 0);
	assert_true(line_ring_has_room(&f->poster));
}

static void
lines_come_out_whole_and_in_order(void **state)
{
	struct fixture *f = *state;

	for (uint32_t n = 0; n < 10; n++)
		post_number(f, n);
	assert_int_equal(line_ring_ready(&f->drainer), 10);
	for (uint32_t n = 0; n < 10; n++)
		expect_line(f, n, n);
	line_ring_take(&f->drainer, 4);
	assert_int_equal(line_ring_ready(&f->drainer), 6);
	expect_line(f, 0, 4);
}

static void
order_is_kept_over_many_wraps(void **state)
{
	struct fixture *f = *state;
	uint32_t posted = 0, taken = 0, burst = 1;

	while (posted < 10 * LINE_RING_LINES) {
		for (uint32_t i = 0; i < burst && line_ring_has_room(&f->poster); i++)
			post_number(f, posted++);
		burst = burst * 7 % 509 + 1;
		for (uint32_t i = 0, n = line_ring_ready(&f->drainer); i < n; i++)
			expect_line(f, i, taken + i);
		taken += line_ring_ready(&f->drainer);
		line_ring_take(&f->drainer, line_ring_ready(&f->drainer));
	}
	assert_int_equal(taken, posted);
}

static void
full_ring_has_no_room_until_a_line_is_taken(void **state)
{
	struct fixture *f = *state;

	for (uint32_t n = 0; n < LINE_RING_LINES; n++)
		post_number(f, n);
	assert_false(line_ring_has_room(&f->poster));
	assert_int_equal(line_ring_ready(&f->drainer), LINE_RING_LINES);
	line_ring_take(&f->drainer, 1);
	post_number(f, LINE_RING_LINES);
	assert_false(line_ring_has_room(&f->poster));
	expect_line(f, 0, 1);
	expect_line(f, LINE_RING_LINES - 1, LINE_RING_LINES);
}

static void
short_post_is_padded_with_zeroes(void **state)
{
	struct fixture *f = *state;
	static const unsigned char zero[48];
	uint64_t word[LINE_RING_WORDS];
	unsigned char hcw[16];

	/* Dirty every slot first, so that padding is seen to be written. */
	for (uint32_t n = 0; n < LINE_RING_LINES; n++)
		post_number(f, n + 1);
	line_ring_take(&f->drainer, LINE_RING_LINES);
	memset(hcw, 0x5a, sizeof(hcw));
	assert_true(line_ring_has_room(&f->poster));
	line_ring_post(&f->poster, hcw, 16);
	assert_int_equal(line_ring_ready(&f->drainer), 1);
	line_copy(&f->drainer, 0, word);
	assert_memory_equal(word, hcw, 16);
	assert_memory_equal(&word[2], zero, 48);
}

static void
index_may_overflow(void **state)
{
	struct fixture *f = *state;
	const uint32_t start = UINT32_MAX - 5;

	f->poster.head = f->poster.tail = start;
	f->drainer.tail = start;
	atomic_store(&f->ring->head, start);
	atomic_store(&f->ring->tail, start);
	for (uint32_t n = 0; n < 20; n++)
		post_number(f, n);
	assert_int_equal(line_ring_ready(&f->drainer), 20);
	for (uint32_t n = 0; n < 20; n++)
		expect_line(f, n, n);
	line_ring_take(&f->drainer, 20);
	assert_int_equal(line_ring_ready(&f->drainer), 0);
}

/* A head that claims more than the ring holds, or that goes backwards, counts as full. */
static void
hostile_head_is_never_more_than_a_full_ring(void **state)
{
	static const uint32_t heads[] = {513, 1024, 0x7fffffff, 0x80000000, 0xfffffe00, UINT32_MAX};
	struct fixture *f = *state;
	uint64_t word[LINE_RING_WORDS], sum = 0;

	for (unsigned int k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
		uint32_t n;

		atomic_store(&f->ring->head, f->drainer.tail + heads[k]);
		n = line_ring_ready(&f->drainer);
		assert_int_equal(n, LINE_RING_LINES);
		for (uint32_t i = 0; i < n; i++) {
			line_copy(&f->drainer, i, word);
			sum |= word[0] | word[LINE_RING_WORDS - 1];
		}
		line_ring_take(&f->drainer, n);
	}
	assert_int_equal(sum, 0);
}

static void
hostile_tail_gives_the_poster_no_room_beyond_the_ring(void **state)
{
	struct fixture *f = *state;

	/* A drainer ahead of the poster: whatever it says, posts stay inside the ring. */
	atomic_store(&f->ring->tail, 77);
	for (uint32_t n = 0; n < 3 * LINE_RING_LINES && line_ring_has_room(&f->poster); n++)
		post_number(f, n);
	assert_true(f->poster.head <= LINE_RING_LINES + 77);
}

static void
waiting_is_seen_from_outside(void **state)
{
	struct fixture *f = *state;

	assert_false(line_ring_waiting(f->ring));
	post_number(f, 0);
	assert_true(line_ring_waiting(f->ring));
	line_ring_take(&f->drainer, 1);
	assert_false(line_ring_waiting(f->ring));
}

/* ---- Two threads ---- */

#define RACE_LINES 200000u

static void *
race_post(void *arg)
{
	struct fixture *f = arg;
	unsigned char line[64];

	for (uint32_t n = 0; n < RACE_LINES; n++) {
		line_fill(line, n);
		while (!line_ring_has_room(&f->poster))
			sched_yield();
		line_ring_post(&f->poster, line, 64);
	}
	return NULL;
}

static void
two_threads_lose_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t taken = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, race_post, f), 0);
	while (taken < RACE_LINES) {
		uint32_t n = line_ring_ready(&f->drainer);

		for (uint32_t i = 0; i < n; i++)
			expect_line(f, i, taken + i);
		line_ring_take(&f->drainer, n);
		taken += n;
		if (n == 0)
			sched_yield();
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(line_ring_ready(&f->drainer), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(zeroed_memory_is_an_empty_ring),
		CASE(lines_come_out_whole_and_in_order),
		CASE(order_is_kept_over_many_wraps),
		CASE(full_ring_has_no_room_until_a_line_is_taken),
		CASE(short_post_is_padded_with_zeroes),
		CASE(index_may_overflow),
		CASE(hostile_head_is_never_more_than_a_full_ring),
		CASE(hostile_tail_gives_the_poster_no_room_beyond_the_ring),
		CASE(waiting_is_seen_from_outside),
		CASE(two_threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
