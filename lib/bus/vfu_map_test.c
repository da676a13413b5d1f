/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfu_map.h"

#define RW (BUS_PROT_READ | BUS_PROT_WRITE)

static int
memory(size_t bytes)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static int
add(struct vfu_map *m, uint64_t first, uint64_t bytes)
{
	return vfu_map_add(m, first, bytes, RW, -1, 0);
}

static int
take_out(struct vfu_map *m, uint64_t first, uint64_t last)
{
	struct vfu_removed removed;
	int ret = vfu_map_remove(m, first, last, &removed);

	if (ret == 0)
		ret = (int)removed.n;
	vfu_map_unmap(&removed);
	return ret;
}

static void
ranges_are_found_by_both_ends(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 1000);
	/* From the middle outwards, so that the order is the map's own work. */
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(add(&m, (i % 2 ? 100 + i : 100 - i) * 0x10000, 0x2000), 0);
	for (uint64_t i = 1; i <= 199; i++) {
		uint64_t at = i * 0x10000;
		bool there = i < 100 ? i % 2 == 0 && i >= 2 : i == 100 || i % 2 == 1;

		assert_int_equal(vfu_map_find(&m, at + 0x1fff) != NULL, there);
		assert_int_equal(vfu_map_find(&m, at) != NULL, there);
		assert_null(vfu_map_find(&m, at + 0x2000));
		assert_null(vfu_map_find(&m, at - 1));
	}
	vfu_map_destroy(&m);
}

static void
overlaps_are_refused(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(add(&m, 0x10000, 0x4000), 0);
	assert_int_equal(add(&m, 0x10000, 0x4000), -EEXIST);
	assert_int_equal(add(&m, 0x13000, 0x4000), -EEXIST);
	assert_int_equal(add(&m, 0xf000, 0x2000), -EEXIST);
	assert_int_equal(add(&m, 0x0, 0x1000000), -EEXIST);
	assert_int_equal(add(&m, 0x11000, 0x1000), -EEXIST);
	assert_int_equal(add(&m, 0x14000, 0x1000), 0);
	assert_int_equal(add(&m, 0xf000, 0x1000), 0);
	assert_int_equal(m.n, 3);
	vfu_map_destroy(&m);
}

static void
a_range_may_end_at_2_64(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(add(&m, UINT64_C(0xfffffffffffff000), 0x1000), 0);
	assert_int_equal(add(&m, UINT64_C(0xffffffffffffe000), 0x2000), -EEXIST);
	assert_int_equal(add(&m, UINT64_C(0xfffffffffffff000), 0x2000), -EINVAL);
	assert_non_null(vfu_map_find(&m, UINT64_MAX));
	assert_int_equal(take_out(&m, UINT64_C(0xfef00000), UINT64_MAX), 1);
	assert_int_equal(m.n, 0);
	vfu_map_destroy(&m);
}

static void
what_is_no_range_is_refused(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(add(&m, 0x1000, 0), -EINVAL);
	assert_int_equal(add(&m, 0x1001, 0x1000), -EINVAL);
	assert_int_equal(add(&m, 0x1000, 0x1001), -EINVAL);
	assert_int_equal(vfu_map_add(&m, 0x1000, 0x1000, RW, -1, 1), -EINVAL);
	assert_int_equal(m.n, 0);
	vfu_map_destroy(&m);
}

static void
the_number_of_ranges_is_bounded(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 200);
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(add(&m, i * 0x1000, 0x1000), 0);
	assert_int_equal(add(&m, 0x10000000, 0x1000), -ENOSPC);
	assert_int_equal(take_out(&m, 0, 0xfff), 1);
	assert_int_equal(add(&m, 0x10000000, 0x1000), 0);
	vfu_map_destroy(&m);
}

static void
removing_covers_many_one_or_none(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 100);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(add(&m, i * 0x10000, 0x1000), 0);
	assert_int_equal(take_out(&m, 0x1000, 0xffff), 0);
	assert_int_equal(take_out(&m, 0x10000, 0x10fff), 1);
	assert_int_equal(take_out(&m, 0x1000, 0x4ffff), 3);
	assert_null(vfu_map_find(&m, 0x40000));
	assert_non_null(vfu_map_find(&m, 0x50000));
	assert_int_equal(take_out(&m, 0, UINT64_MAX), 6);
	assert_int_equal(take_out(&m, 0, UINT64_MAX), 0);
	vfu_map_destroy(&m);
}

static void
a_range_is_not_cut(void **state)
{
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 100);
	assert_int_equal(add(&m, 0x10000, 0x4000), 0);
	assert_int_equal(add(&m, 0x20000, 0x4000), 0);
	assert_int_equal(take_out(&m, 0x11000, 0x12fff), -EINVAL);
	assert_int_equal(take_out(&m, 0x10000, 0x20fff), -EINVAL);
	assert_int_equal(take_out(&m, 0x11000, 0x23fff), -EINVAL);
	assert_int_equal(m.n, 2);
	vfu_map_destroy(&m);
}

static void
a_file_is_mapped_at_its_offset(void **state)
{
	int fd = memory(0x8000);
	struct vfu_map m;
	char byte = 0;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(vfu_map_add(&m, 0x100000, 0x2000, RW, fd, 0x3000), 0);
	vfu_map_find(&m, 0x101000)->memory[0x1004] = 'x';
	assert_int_equal(pread(fd, &byte, 1, 0x4004), 1);
	assert_int_equal(byte, 'x');
	vfu_map_destroy(&m);
	close(fd);
}

static void
a_file_too_short_is_refused(void **state)
{
	int fd = memory(0x8000);
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(vfu_map_add(&m, 0, 0x9000, RW, fd, 0), -EINVAL);
	assert_int_equal(vfu_map_add(&m, 0, 0x2000, RW, fd, 0x7000), -EINVAL);
	assert_int_equal(vfu_map_add(&m, 0, 0x1000, RW, fd, UINT64_C(0xfffffffffffff000)), -EINVAL);
	assert_int_equal(vfu_map_add(&m, 0, 0x8000, RW, fd, 0), 0);
	vfu_map_destroy(&m);
	close(fd);
}

static void
what_is_no_memory_is_refused(void **state)
{
	struct vfu_map m;
	int ends[2];

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(vfu_map_add(&m, 0, 0x1000, RW, ends[0], 0), -ENOTSUP);
	assert_int_equal(m.n, 0);
	close(ends[0]);
	close(ends[1]);
	vfu_map_destroy(&m);
}

static struct vfu_map *repaired;

static void
on_bus_error(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (!vfu_map_repair(repaired, info->si_addr))
		_exit(99);
}

static void
a_file_cut_short_can_be_survived(void **state)
{
	const struct sigaction act = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	struct sigaction before;
	int fd = memory(0x4000);
	volatile unsigned char *at;
	struct vfu_map m;

	(void)state;
	vfu_map_create(&m, 10);
	assert_int_equal(vfu_map_add(&m, 0, 0x4000, RW, fd, 0), 0);
	at = vfu_map_find(&m, 0)->memory;
	repaired = &m;
	sigaction(SIGBUS, &act, &before);
	at[0x3000] = 1;
	assert_int_equal(ftruncate(fd, 0), 0);
	at[0x3000] = 2;
	assert_int_equal(at[0x3000], 2);
	assert_int_equal(at[0], 0);
	sigaction(SIGBUS, &before, NULL);
	assert_false(vfu_map_repair(&m, &m));
	vfu_map_destroy(&m);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_found_by_both_ends),
		cmocka_unit_test(overlaps_are_refused),
		cmocka_unit_test(a_range_may_end_at_2_64),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(the_number_of_ranges_is_bounded),
		cmocka_unit_test(removing_covers_many_one_or_none),
		cmocka_unit_test(a_range_is_not_cut),
		cmocka_unit_test(a_file_is_mapped_at_its_offset),
		cmocka_unit_test(a_file_too_short_is_refused),
		cmocka_unit_test(what_is_no_memory_is_refused),
		cmocka_unit_test(a_file_cut_short_can_be_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
