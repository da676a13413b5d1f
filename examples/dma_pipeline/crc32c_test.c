/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The CRC that the device's is checked against. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline.h"

static void
values_are_those_of_iscsi(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	assert_int_equal(crc32c(0, bytes, 0), 0);
}

static void
parts_chain_wherever_they_are_cut(void **state)
{
	uint8_t bytes[100];
	uint32_t whole;
	size_t cut;

	(void)state;
	for (cut = 0; cut < sizeof(bytes); cut++)
		bytes[cut] = cut * 73;
	whole = crc32c(0, bytes, sizeof(bytes));
	for (cut = 0; cut <= sizeof(bytes); cut++)
		assert_int_equal(crc32c(crc32c(0, bytes, cut), bytes + cut, sizeof(bytes) - cut),
				 whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_iscsi),
		cmocka_unit_test(parts_chain_wherever_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
