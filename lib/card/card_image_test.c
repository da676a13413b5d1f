/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card_hash.h"
#include "card_image.h"

#define SIZE 0x10000u

static uint8_t image[2 * SIZE];

static int
make(void **state)
{
	(void)state;
	memset(image, 0xee, sizeof(image));
	assert_int_equal(card_image_write(image, SIZE, "1.0-x"), 0);
	return 0;
}

/* ---- Checksums ---- */

/* Published vectors: RFC 3720 B.4, and those of the XXH64 reference. */
static void
checksums_are_the_ones_that_others_compute(void **state)
{
	uint8_t bytes[32] = {0};
	struct card_hash h;

	(void)state;
	assert_int_equal(card_crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, 32);
	assert_int_equal(card_crc32c(0, bytes, 32), 0x62a8ab43);
	assert_int_equal(card_crc32c(0, "123456789", 9), 0xe3069283);
	card_hash_init(&h);
	assert_true(card_hash_end(&h, "", 0) == UINT64_C(0xef46db3751d8e999));
	card_hash_init(&h);
	assert_true(card_hash_end(&h, "a", 1) == UINT64_C(0xd24ec4f1a98c6e5b));
	card_hash_init(&h);
	assert_true(card_hash_end(&h, "abc", 3) == UINT64_C(0x44bc2cf5ad770999));
	card_hash_init(&h);
	assert_true(card_hash_end(&h, "Nobody inspects the spammish repetition", 39) ==
		    UINT64_C(0xfbcea83c8a378bf1));
}

static void
a_checksum_goes_on_where_it_ended(void **state)
{
	uint32_t crc;

	(void)state;
	crc = card_crc32c(0, "1234", 4);
	assert_int_equal(card_crc32c(crc, "56789", 5), 0xe3069283);
}

/* ---- Images ---- */

static void
a_good_image_says_what_it_is(void **state)
{
	struct card_image_info info;

	(void)state;
	assert_null(card_image_check(image, SIZE, &info));
	assert_string_equal(info.version, "slipway-card 1.0-x");
	assert_int_equal(info.size, SIZE);
	/* As boot loaders know it. */
	assert_memory_equal(image + 0x202, "HdrS", 4);
	assert_int_equal(image[0x1fe], 0x55);
	assert_int_equal(image[0x1ff], 0xaa);
}

static void
sizes_and_builds_that_cannot_be_are_refused(void **state)
{
	char build[80];

	(void)state;
	memset(build, 'x', sizeof(build));
	build[sizeof(build) - 1] = '\0';
	assert_int_equal(card_image_write(image, SIZE, build), -EINVAL);
	assert_int_equal(card_image_write(image, CARD_IMAGE_MIN - 16, "x"), -EINVAL);
	assert_int_equal(card_image_write(image, SIZE + 8, "x"), -EINVAL);
	assert_int_equal(card_image_write(image, (size_t)CARD_IMAGE_MAX + 16, "x"), -EINVAL);
	assert_int_equal(card_image_write(image, CARD_IMAGE_MIN, "x"), 0);
	assert_int_equal(card_ramdisk_write(image, CARD_RAMDISK_MIN - 1), -EINVAL);
	assert_int_equal(card_ramdisk_write(image, CARD_RAMDISK_MIN), 0);
}

static void
every_damaged_byte_is_noticed_but_where_the_host_writes(void **state)
{
	struct card_image_info info;

	(void)state;
	for (size_t at = 0; at < SIZE; at += at < 0x800 ? 1 : 251) {
		bool host = at >= 0x218 && at < 0x220;
		/* One that is not ours any more, by its version string, is judged by its shape. */
		bool ours = (at < 0x400 || at >= 0x400 + sizeof("slipway-card ") - 1) &&
			    (at < 0x20e || at > 0x20f);
		const char *wrong;

		image[at] ^= 0x40;
		wrong = card_image_check(image, SIZE, &info);
		if (ours)
			assert_int_equal(wrong == NULL, host);
		image[at] ^= 0x40;
	}
	assert_null(card_image_check(image, SIZE, &info));
}

static void
short_and_long_images_are_told_apart(void **state)
{
	struct card_image_info info;

	(void)state;
	assert_string_equal(card_image_check(image, 100, &info), "is shorter than its header");
	assert_string_equal(card_image_check(image, SIZE - 1, &info), "is cut short");
	assert_string_equal(card_image_check(image, SIZE + 1, &info),
			    "has more bytes than its header says");
	memset(image + 0x202, 0, 4);
	assert_string_equal(card_image_check(image, SIZE, &info), "has no HdrS signature");
}

/* A kernel that others made: its size counts, bytes behind it do not. */
static void
images_of_others_are_judged_by_their_shape(void **state)
{
	struct card_image_info info;

	(void)state;
	strcpy((char *)image + 0x400, "6.1.0\x1b""evil");
	assert_null(card_image_check(image, SIZE + 100, &info));
	assert_string_equal(info.version, "6.1.0?evil");
	assert_string_equal(card_image_check(image, SIZE - 16, &info), "is cut short");
	/* A version string that lies outside is none. */
	image[0x20e] = image[0x20f] = 0xff;
	assert_null(card_image_check(image, SIZE, &info));
	assert_string_equal(info.version, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_the_ones_that_others_compute),
		cmocka_unit_test(a_checksum_goes_on_where_it_ended),
		cmocka_unit_test_setup(a_good_image_says_what_it_is, make),
		cmocka_unit_test_setup(sizes_and_builds_that_cannot_be_are_refused, make),
		cmocka_unit_test_setup(every_damaged_byte_is_noticed_but_where_the_host_writes,
				       make),
		cmocka_unit_test_setup(short_and_long_images_are_told_apart, make),
		cmocka_unit_test_setup(images_of_others_are_judged_by_their_shape, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
