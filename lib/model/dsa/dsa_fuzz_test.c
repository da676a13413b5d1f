/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The fuzz target on inputs made from seeds: anything may be asked of the device in any state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dsa_fuzz_target.h"

#define INPUTS 200u
#define BYTES  1024u

static void
any_input_leaves_a_device_that_works_after_a_reset(void **state)
{
	uint8_t bytes[BYTES];
	bool works;

	(void)state;
	for (uint32_t input = 0; input < INPUTS; input++) {
		uint32_t seed = input * UINT32_C(2654435761) + 1;

		for (size_t i = 0; i < BYTES; i++) {
			seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
			bytes[i] = (uint8_t)(seed >> 24);
		}
		/* Every kind of device, ready to work or not. */
		bytes[0] = (uint8_t)input;
		works = dsa_fuzz_run(bytes, sizeof(bytes));
		if (!works)
			print_message("input %u\n", input);
		assert_true(works);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_input_leaves_a_device_that_works_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
