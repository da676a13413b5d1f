/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Every set of instructions this CPU has moves, fills and compares as plain loops do, whatever the
 * size, alignment and overlap, and touches nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "move.h"

/* Large enough for both ways of a paced copy, and for it to be found out again. */
#define BYTES (3u << 20)
#define EDGE  4096u

struct area {
	uint8_t *got, *want;
};

static uint32_t
draw(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}

static int
area_setup(void **state)
{
	struct area *a = calloc(1, sizeof(*a));
	uint64_t seed = 7;

	a->got = malloc(2 * BYTES);
	a->want = malloc(2 * BYTES);
	for (size_t n = 0; n < 2 * BYTES; n++)
		a->got[n] = (uint8_t)draw(&seed, 256);
	memcpy(a->want, a->got, 2 * BYTES);
	*state = a;
	return 0;
}

static int
area_teardown(void **state)
{
	struct area *a = *state;

	free(a->got);
	free(a->want);
	free(a);
	return 0;
}

/* Few large ones, all of the small ones' neighbourhoods. */
static size_t
size_of(uint64_t *seed, unsigned int round)
{
	static const uint32_t most[] = {130, 700, 3000, 40000};

	if (round % 100 == 99)
		return BYTES - EDGE - draw(seed, 300000);
	return 1 + draw(seed, most[round % 4]);
}

static void
check_moves(struct area *a, enum move_isa isa)
{
	uint64_t seed = 11;

	for (unsigned int round = 0; round < 600; round++) {
		size_t len = size_of(&seed, round);
		size_t from = draw(&seed, EDGE), to = BYTES + draw(&seed, 200);
		struct move_pace pace = {0};

		move_by(isa, a->got + to, a->got + from, len, round % 3 == 0, &pace);
		memcpy(a->want + to, a->want + from, len);
		assert_memory_equal(a->got + to - 64, a->want + to - 64, len + 128);
	}
}

static void
check_overlaps(struct area *a, enum move_isa isa)
{
	uint64_t seed = 13;

	for (unsigned int round = 0; round < 600; round++) {
		size_t len = size_of(&seed, round);
		size_t to = 64 + draw(&seed, 200), from = to + draw(&seed, round % 2 ? 700 : 70);
		struct move_pace pace = {0};

		move_by(isa, a->got + to, a->got + from, len, round % 3 == 0, &pace);
		memmove(a->want + to, a->want + from, len);
		assert_memory_equal(a->got, a->want, to + len + 800);
	}
}

/* A copy in slices, as engines ask for it, that remembers what it found out. */
static void
check_slices(struct area *a, enum move_isa isa)
{
	struct move_pace pace = {0};

	for (size_t at = 0, n; at < BYTES; at += n) {
		n = BYTES - at < 262144 ? BYTES - at : 262144;
		move_by(isa, a->got + BYTES + at, a->got + at, n, false, &pace);
	}
	assert_memory_equal(a->got + BYTES, a->got, BYTES);
	memcpy(a->want + BYTES, a->want, BYTES);
}

static void
check_fills(struct area *a, enum move_isa isa)
{
	uint64_t seed = 17;

	for (unsigned int round = 0; round < 400; round++) {
		uint64_t words[2] = {draw(&seed, UINT32_MAX) * UINT64_C(0x100000001b3),
				     draw(&seed, UINT32_MAX) * UINT64_C(0xff51afd7ed558ccd)};
		size_t len = size_of(&seed, round), to = 64 + draw(&seed, 200);
		unsigned int phase = draw(&seed, 16);
		struct move_pattern pattern = move_pattern(words[0], words[1], phase);
		struct move_pace pace = {0};

		move_fill_by(isa, a->got + to, len, &pattern, round % 3 == 0, &pace);
		for (size_t n = 0; n < len; n++)
			a->want[to + n] =
				(uint8_t)(words[(n + phase) / 8 % 2] >> (n + phase) % 8 * 8);
		assert_memory_equal(a->got, a->want, to + len + 64);
	}
}

static void
check_compares(struct area *a, enum move_isa isa)
{
	uint64_t seed = 19;

	memcpy(a->got + BYTES, a->got, BYTES);
	for (unsigned int round = 0; round < 1000; round++) {
		size_t len = size_of(&seed, round), at = draw(&seed, EDGE - 100);
		size_t wrong = draw(&seed, (uint32_t)len + 100);
		uint8_t *b = a->got + BYTES + at;

		b[wrong] ^= (uint8_t)(1 << draw(&seed, 8));
		assert_int_equal(move_same_by(isa, a->got + at, b, len), wrong < len ? wrong : len);
		b[wrong] = a->got[at + wrong];
	}
}

static void
for_each_set(struct area *a, void (*check)(struct area *a, enum move_isa isa))
{
	enum move_isa best = move_best();

	for (enum move_isa isa = best == MOVE_PLAIN ? best : MOVE_SSE2; isa <= best;
	     isa++)
		check(a, isa);
}

static void
copies_are_exact(void **state)
{
	for_each_set(*state, check_moves);
}

static void
copies_to_below_may_overlap(void **state)
{
	for_each_set(*state, check_overlaps);
}

static void
slices_make_a_whole(void **state)
{
	for_each_set(*state, check_slices);
}

static void
fills_keep_their_phase(void **state)
{
	for_each_set(*state, check_fills);
}

static void
first_difference_is_found(void **state)
{
	for_each_set(*state, check_compares);
}

static void
flushed_memory_keeps_what_it_has(void **state)
{
	struct area *a = *state;

	for (size_t len = 1; len < 3 * EDGE; len += 777) {
		move_flush(a->got + len % 70, len, false);
		move_flush(a->got + len % 70, len, true);
	}
	assert_memory_equal(a->got, a->want, 4 * EDGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(copies_are_exact, area_setup, area_teardown),
		cmocka_unit_test_setup_teardown(copies_to_below_may_overlap, area_setup,
						area_teardown),
		cmocka_unit_test_setup_teardown(slices_make_a_whole, area_setup, area_teardown),
		cmocka_unit_test_setup_teardown(fills_keep_their_phase, area_setup, area_teardown),
		cmocka_unit_test_setup_teardown(first_difference_is_found, area_setup,
						area_teardown),
		cmocka_unit_test_setup_teardown(flushed_memory_keeps_what_it_has, area_setup,
						area_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
