/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client_convert.h"

/* The table of memory that was converted, alone: what is mapped, and what can be allocated, is as
 * the test says.
 */

#define PAGES(n) ((uintptr_t)(n) * CLIENT_PAGE)
/* Entries that a table has room for at most, when so many are mapped. */
#define AT_MOST(n) ((n) + (n) / 2 + 64)

/* ---- What is mapped ---- */

#define MAPPED 1024u

static struct client_area mapped[MAPPED];
static uint32_t nb_mapped, nb_looks;
static int unseen; /* why nobody can look, or 0 */

int
client_area_next(uintptr_t address, struct client_area *area)
{
	const struct client_area *next = NULL;

	nb_looks++;
	if (unseen != 0)
		return unseen;
	for (uint32_t i = 0; i < nb_mapped; i++)
		if (mapped[i].end > address && (next == NULL || mapped[i].start < next->start))
			next = &mapped[i];
	if (next == NULL)
		return -EFAULT;
	*area = *next;
	return 0;
}

static void
map(uintptr_t start, uintptr_t end, uint64_t inode)
{
	assert_true(nb_mapped < MAPPED);
	mapped[nb_mapped++] = (struct client_area){
		.start = start, .end = end, .shared = inode != 0, .inode = inode};
}

static void
unmap(uint32_t at, uint32_t n)
{
	nb_mapped -= n;
	memmove(&mapped[at], &mapped[at + n], (nb_mapped - at) * sizeof(mapped[0]));
}

/* ---- What is allocated ---- */

static uint32_t room;
static bool none_left;

/* The linker leads calls of realloc here. */
void *__real_realloc(void *at, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);

void *
__wrap_realloc(void *at, size_t bytes)
{
	if (none_left)
		return NULL;
	room = (uint32_t)(bytes / sizeof(struct client_converted));
	return __real_realloc(at, bytes);
}

/* There is one thread. */
void
client_lock_slow(struct client_lock *lock)
{
	(void)lock;
	fail();
}

/* ---- Tests ---- */

static struct client_converted
converted(uintptr_t start, size_t size, uint64_t inode)
{
	struct client_converted m = {.inode = inode, .start = start, .size = size};

	assert_int_equal(client_convert_room(), 0);
	client_convert_add(&m);
	return m;
}

static int
begin(void **state)
{
	(void)state;
	nb_mapped = 0;
	none_left = false;
	/* Nothing is mapped: once it is full, it is as small as can be. */
	for (unsigned int i = 0; room > AT_MOST(0); i++) {
		assert_true(i < AT_MOST(MAPPED));
		converted(PAGES(1), CLIENT_PAGE, 1);
	}
	client_convert_forget();
	nb_looks = 0;
	return 0;
}

/* The next page is converted, and stays for a while. */
static void
convert_next(void)
{
	static uint64_t inode;

	inode++;
	converted(PAGES(inode), CLIENT_PAGE, inode);
	map(PAGES(inode), PAGES(inode + 1), inode);
}

static bool
find(uint64_t inode, struct client_converted *found)
{
	const struct client_area area = {.shared = true, .inode = inode};

	return client_convert_find(&area, found);
}

static void
what_is_mapped_is_found(void **state)
{
	const struct client_area others[] = {
		{.shared = false, .inode = 7},
		{.shared = true, .inode = 7, .minor = 1},
		{.shared = true, .inode = 7, .major = 1},
		{.shared = true, .inode = 9},
	};
	struct client_converted a, b, found;

	(void)state;
	a = converted(PAGES(1), PAGES(2), 7);
	b = converted(PAGES(5), PAGES(1), 8);
	assert_true(find(7, &found));
	assert_int_equal(found.key, a.key);
	assert_true(find(8, &found));
	assert_int_equal(found.key, b.key);
	assert_int_not_equal(a.key, b.key);
	assert_true(a.key != 0 && b.key != 0);
	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(client_convert_find(&others[i], &found));
	/* A file that has the number of one that is gone. */
	b = converted(PAGES(20), PAGES(1), 7);
	assert_true(find(7, &found));
	assert_int_equal(found.key, b.key);
	client_convert_forget();
	assert_false(find(7, &found));
}

/* Some of it at both ends and in the middle, others' in between. */
static void
areas_are_those_inside_and_of_the_same_memory(void **state)
{
	const struct client_converted m = {.inode = 7, .start = PAGES(10), .size = PAGES(10)};
	struct client_area area;
	uintptr_t at = m.start;

	(void)state;
	map(PAGES(8), PAGES(11), 7);
	map(PAGES(11), PAGES(12), 0);
	map(PAGES(12), PAGES(13), 8);
	map(PAGES(14), PAGES(15), 7);
	map(PAGES(19), PAGES(30), 7);
	assert_int_equal(client_convert_area(&m, &at, &area), 1);
	assert_true(area.start == PAGES(10) && area.end == PAGES(11));
	assert_int_equal(client_convert_area(&m, &at, &area), 1);
	assert_true(area.start == PAGES(14) && area.end == PAGES(15));
	assert_int_equal(client_convert_area(&m, &at, &area), 1);
	assert_true(area.start == PAGES(19) && area.end == PAGES(20));
	assert_int_equal(client_convert_area(&m, &at, &area), 0);
}

/* However large it was: as often as there are areas, not pages. */
static void
nothing_mapped_takes_one_look(void **state)
{
	const struct client_converted m = {
		.inode = 7, .start = PAGES(10), .size = (size_t)1 << 40};
	struct client_area area;
	uintptr_t at = m.start;

	(void)state;
	assert_int_equal(client_convert_area(&m, &at, &area), 0);
	assert_int_equal(nb_looks, 1);
	map(m.start + m.size, m.start + m.size + PAGES(1), 7);
	assert_int_equal(client_convert_area(&m, &at, &area), 0);
	assert_int_equal(nb_looks, 2);
}

static void
what_nobody_can_look_at_stays(void **state)
{
	const struct client_converted m = {.inode = 7, .start = PAGES(10), .size = PAGES(10)};
	struct client_converted first, found;
	struct client_area area;
	uintptr_t at = m.start;

	(void)state;
	first = converted(PAGES(1), CLIENT_PAGE, 7);
	unseen = -EMFILE;
	for (unsigned int i = 0; i < AT_MOST(0); i++)
		converted(PAGES(2), CLIENT_PAGE, 8);
	assert_int_equal(client_convert_area(&m, &at, &area), -EMFILE);
	unseen = 0;
	assert_true(find(7, &found));
	assert_int_equal(found.key, first.key);
}

#define CHURNS 2000u

/* A program that converts again and again, and has so many at a time: the second for ever. */
static void
churn(unsigned int many)
{
	struct client_converted found;
	uint64_t second;

	begin(NULL);
	convert_next();
	unmap(0, 1);
	convert_next();
	second = mapped[0].inode;
	for (unsigned int i = 0; i < CHURNS; i++) {
		convert_next();
		if (nb_mapped > many)
			unmap(1, 1);
	}
	assert_true(find(second, &found));
	assert_true(room <= AT_MOST(many));
	/* For each, three of those before are looked at. */
	assert_true(nb_looks <= 3 * CHURNS);
}

static void
the_table_does_not_grow_where_enough_is_unmapped(void **state)
{
	(void)state;
	for (unsigned int many = 1; many < 200; many += many / 2 + 1)
		churn(many);
}

/* The same pages over and over, of which each time other memory is made. */
static void
the_table_does_not_grow_where_memory_is_converted_again(void **state)
{
	(void)state;
	for (uint64_t inode = 1; inode < 1000; inode++) {
		converted(PAGES(10), PAGES(4), inode);
		nb_mapped = 0;
		map(PAGES(10), PAGES(14), inode);
		assert_true(room <= AT_MOST(1));
	}
}

static void
the_table_is_as_large_as_what_is_mapped_needs(void **state)
{
	struct client_converted found;

	(void)state;
	for (unsigned int n = 1; n <= 1000; n++) {
		convert_next();
		assert_true(room >= n);
		assert_true(room <= AT_MOST(n));
	}
	for (unsigned int i = 0; i < nb_mapped; i++)
		assert_true(find(mapped[i].inode, &found));
	/* All but the last are unmapped: by the time it is full again, it is small again. */
	for (unsigned int i = 0; i < AT_MOST(MAPPED); i++) {
		unmap(0, nb_mapped - 1);
		convert_next();
	}
	assert_true(room <= AT_MOST(2));
	for (unsigned int i = 0; i < nb_mapped; i++)
		assert_true(find(mapped[i].inode, &found));
}

static void
without_memory_there_is_the_room_that_was(void **state)
{
	struct client_converted found;

	(void)state;
	do
		convert_next();
	while (nb_mapped < room);
	none_left = true;
	assert_int_equal(client_convert_room(), -ENOMEM);
	assert_true(find(mapped[0].inode, &found));
	/* One goes, so that there is room for another. */
	unmap(0, 1);
	convert_next();
	assert_int_equal(client_convert_room(), -ENOMEM);
	none_left = false;
	convert_next();
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_mapped_is_found),
		TEST(areas_are_those_inside_and_of_the_same_memory),
		TEST(nothing_mapped_takes_one_look),
		TEST(what_nobody_can_look_at_stays),
		TEST(the_table_does_not_grow_where_enough_is_unmapped),
		TEST(the_table_does_not_grow_where_memory_is_converted_again),
		TEST(the_table_is_as_large_as_what_is_mapped_needs),
		TEST(without_memory_there_is_the_room_that_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
