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

#include "mic_image.h"

#define LOAD     0x10000u
#define APERTURE UINT64_C(0x100000)

static uint8_t bytes[APERTURE], aperture[APERTURE];
static struct mic_image image;
static struct mic_image_plan plan;
static char why[MIC_IMAGE_WHY];

/* Something with the header of a kernel. */
static int
setup(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	memcpy(bytes + MIC_HDRS_AT, MIC_HDRS_MAGIC, 4);
	memset(aperture, 0xee, sizeof(aperture));
	image = (struct mic_image){.image = bytes, .image_size = 5000, .cmdline = "quiet"};
	return 0;
}

static int
plan_it(void)
{
	return mic_image_plan(&image, LOAD, APERTURE, &plan, why);
}

static void
place(void)
{
	uint64_t at = 0;

	do
		at = mic_image_place(&image, &plan, aperture, at);
	while (at != 0);
}

static void
expect_refused(const char *names)
{
	memset(why, 0, sizeof(why));
	assert_int_equal(plan_it(), -EINVAL);
	if (strstr(why, names) == NULL || strstr(why, "accepted: ") == NULL)
		fail_msg("said: %s", why);
}

/* Section 28. */
static void
the_command_line_begins_with_the_memory(void **state)
{
	(void)state;
	assert_int_equal(mic_image_plan(&image, 0x04000000, UINT64_C(8) << 30, &plan, why), 0);
	assert_string_equal(plan.cmdline, " mem=8192M quiet");
	assert_int_equal(plan.cmdline_bytes, 17);
	image.cmdline = NULL;
	assert_int_equal(plan_it(), 0);
	assert_string_equal(plan.cmdline, " mem=1M");
	image.cmdline = "";
	assert_int_equal(plan_it(), 0);
	assert_string_equal(plan.cmdline, " mem=1M");
}

static void
parts_lie_where_the_card_looks_for_them(void **state)
{
	static const uint8_t disk[] = "ramdisk";
	static const uint8_t fields[] = {0, 0, 2, 0, 8, 0, 0, 0};

	(void)state;
	image.ramdisk = disk;
	image.ramdisk_size = sizeof(disk);
	assert_int_equal(plan_it(), 0);
	place();
	assert_memory_equal(aperture + LOAD, bytes, MIC_HDRS_RAMDISK_IMAGE);
	assert_memory_equal(aperture + LOAD + MIC_HDRS_RAMDISK_IMAGE, fields, sizeof(fields));
	assert_memory_equal(aperture + LOAD + MIC_HDRS_END, bytes + MIC_HDRS_END,
			    5000 - MIC_HDRS_END);
	assert_string_equal((char *)aperture + LOAD + 5000, " mem=1M quiet");
	assert_memory_equal(aperture + 2 * LOAD, disk, sizeof(disk));
	assert_int_equal(aperture[LOAD - 1], 0xee);
	assert_int_equal(aperture[2 * LOAD - 1], 0xee);
	assert_int_equal(aperture[2 * LOAD + sizeof(disk)], 0xee);
}

static void
without_a_ramdisk_the_header_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(plan_it(), 0);
	place();
	assert_memory_equal(aperture + LOAD, bytes, 5000);
	assert_int_equal(aperture[2 * LOAD], 0xee);
}

/* So that others are served meanwhile. */
static void
large_ones_are_placed_in_slices(void **state)
{
	uint64_t size = MIC_IMAGE_SLICE + 5000, memory = 4 * size, at;
	uint8_t *big = calloc(1, memory), *there = calloc(1, memory);

	(void)state;
	assert_non_null(big);
	assert_non_null(there);
	memcpy(big, bytes, 5000);
	memset(big + size - 5, 0x55, 5);
	image = (struct mic_image){
		.image = big, .image_size = size, .ramdisk = big, .ramdisk_size = size};
	assert_int_equal(mic_image_plan(&image, 0x500000, memory, &plan, why), 0);
	at = mic_image_place(&image, &plan, there, 0);
	assert_int_equal(at, MIC_IMAGE_SLICE);
	at = mic_image_place(&image, &plan, there, at);
	assert_int_equal(at, size);
	at = mic_image_place(&image, &plan, there, at);
	at = mic_image_place(&image, &plan, there, at);
	assert_int_equal(at, 0);
	assert_memory_equal(there + 0x500000 + MIC_HDRS_END, big + MIC_HDRS_END,
			    size - MIC_HDRS_END);
	assert_memory_equal(there + 0xa00000, big, size);
	free(big);
	free(there);
}

static void
sizes_are_bounded(void **state)
{
	(void)state;
	image.image_size = 0;
	expect_refused("image of 0 bytes");
	image.image_size = APERTURE - LOAD + 1;
	expect_refused("image of 983041 bytes; accepted: 1..983040");
	/* It fits, but the command line does not. */
	image.image_size = APERTURE - LOAD - 13;
	expect_refused("command line of 14");
	image.image_size = APERTURE - LOAD - 14;
	assert_int_equal(plan_it(), 0);
	image.image = NULL;
	expect_refused("image of 0 bytes");
}

static void
what_is_no_kernel_is_refused(void **state)
{
	(void)state;
	image.image_size = MIC_HDRS_END - 1;
	expect_refused("HdrS");
	image.image_size = MIC_HDRS_END;
	assert_int_equal(plan_it(), 0);
	bytes[MIC_HDRS_AT] = 'h';
	expect_refused("HdrS");
	image.bare = true;
	assert_int_equal(plan_it(), 0);
	assert_int_equal(plan.cmdline_bytes, 0);
	bytes[MIC_HDRS_AT] = 'H';
	expect_refused("header of a Linux kernel");
}

static void
a_command_line_is_never_cut(void **state)
{
	char text[MIC_CMDLINE_BYTES + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	/* " mem=1M " takes 8, and the end 1. */
	text[MIC_CMDLINE_BYTES - 9] = '\0';
	image.cmdline = text;
	assert_int_equal(plan_it(), 0);
	assert_int_equal(plan.cmdline_bytes, MIC_CMDLINE_BYTES);
	text[MIC_CMDLINE_BYTES - 9] = 'x';
	text[MIC_CMDLINE_BYTES - 8] = '\0';
	expect_refused("command line of 2040 bytes; accepted: 2039");
}

static void
a_ramdisk_is_inside_and_apart(void **state)
{
	(void)state;
	image.ramdisk = bytes;
	image.ramdisk_size = APERTURE - 2 * LOAD;
	assert_int_equal(plan_it(), 0);
	image.ramdisk_size++;
	expect_refused("ramdisk of 917505 bytes; accepted: 1..917504");
	image.ramdisk_size = 0;
	expect_refused("ramdisk of 0 bytes");
	image.ramdisk_size = 1;
	image.image_size = LOAD - 14;
	assert_int_equal(plan_it(), 0);
	image.image_size++;
	expect_refused("reach into the ramdisk; accepted: 65536");
	image.bare = true;
	bytes[MIC_HDRS_AT] = 'h';
	expect_refused("a ramdisk of 1 bytes");
}

/* What the card says is not to be trusted. */
static void
a_strange_load_address_is_refused(void **state)
{
	static const uint32_t bad[] = {0, 0x80001000, 0xfffff000, APERTURE};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mic_image_plan(&image, bad[i], APERTURE, &plan, why), -EINVAL);
		assert_non_null(strstr(why, "accepted: 0x1000..0x80000000"));
	}
	/* There is room, but the ramdisk's address would not fit into the header. */
	assert_int_equal(mic_image_plan(&image, 0x80000000, UINT64_C(16) << 30, &plan, why), 0);
	image.ramdisk = bytes;
	image.ramdisk_size = 1;
	assert_int_equal(mic_image_plan(&image, 0x80000000, UINT64_C(16) << 30, &plan, why),
			 -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_command_line_begins_with_the_memory, setup),
		cmocka_unit_test_setup(parts_lie_where_the_card_looks_for_them, setup),
		cmocka_unit_test_setup(without_a_ramdisk_the_header_is_left_alone, setup),
		cmocka_unit_test_setup(large_ones_are_placed_in_slices, setup),
		cmocka_unit_test_setup(sizes_are_bounded, setup),
		cmocka_unit_test_setup(what_is_no_kernel_is_refused, setup),
		cmocka_unit_test_setup(a_command_line_is_never_cut, setup),
		cmocka_unit_test_setup(a_ramdisk_is_inside_and_apart, setup),
		cmocka_unit_test_setup(a_strange_load_address_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
