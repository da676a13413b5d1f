/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The host's side of the comparison, by values that others have published.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "offload.h"

static uint64_t
hash_text(const char *text)
{
	return hash_bytes((const uint8_t *)text, strlen(text));
}

static void
xxh64_has_its_published_values(void **state)
{
	(void)state;
	assert_int_equal(hash_text(""), UINT64_C(0xef46db3751d8e999));
	assert_int_equal(hash_text("a"), UINT64_C(0xd24ec4f1a98c6e5b));
	assert_int_equal(hash_text("abc"), UINT64_C(0x44bc2cf5ad770999));
	/* More than 32 bytes go through the lanes. */
	assert_int_equal(hash_text("Nobody inspects the spammish repetition"),
			 UINT64_C(0xfbcea83c8a378bf1));
}

static void
crc_has_its_check_value(void **state)
{
	(void)state;
	assert_int_equal(hash_crc((const uint8_t *)"123456789", 9), 0xe3069283);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xxh64_has_its_published_values),
		cmocka_unit_test(crc_has_its_check_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
