/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What travels between software and the DSA: its layout, its table of operations and its names.
 * Numbers are typed from the datasheet a second time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_text.h"

/* Section 7.1, 15.2. */
static void
descriptor_fields_lie_where_the_device_reads_them(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct dsa_desc, op_flags), 4);
	assert_int_equal(offsetof(struct dsa_desc, src), 16);
	assert_int_equal(offsetof(struct dsa_desc, dst), 24);
	assert_int_equal(offsetof(struct dsa_desc, count), 32);
	assert_int_equal(offsetof(struct dsa_desc, reserved38), 38);
	assert_int_equal(offsetof(struct dsa_desc, fill.pattern_high), 40);
	assert_int_equal(offsetof(struct dsa_desc, compare.expected), 40);
	assert_int_equal(offsetof(struct dsa_desc, create_delta.max_size), 48);
	assert_int_equal(offsetof(struct dsa_desc, create_delta.expected_mask), 56);
	assert_int_equal(offsetof(struct dsa_desc, crc.seed_addr), 48);
	assert_int_equal(offsetof(struct dsa_desc, fetch.stride), 48);
	assert_int_equal(offsetof(struct dsa_desc, dif.src_flags), 40);
	assert_int_equal(offsetof(struct dsa_desc, dif.dst_flags), 41);
	assert_int_equal(offsetof(struct dsa_desc, dif.flags), 42);
	assert_int_equal(offsetof(struct dsa_desc, dif.src_ref_seed), 48);
	assert_int_equal(offsetof(struct dsa_desc, dif.src_app_mask), 52);
	assert_int_equal(offsetof(struct dsa_desc, dif.src_app_seed), 54);
	assert_int_equal(offsetof(struct dsa_desc, dif.dst_app_mask), 60);
	assert_int_equal(offsetof(struct dsa_desc, dif.dst_app_seed), 62);
}

/* Section 7.3. */
static void
record_fields_lie_where_the_device_writes_them(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct dsa_cr, result), 1);
	assert_int_equal(offsetof(struct dsa_cr, fault_info), 2);
	assert_int_equal(offsetof(struct dsa_cr, bytes_completed), 4);
	assert_int_equal(offsetof(struct dsa_cr, fault_addr), 8);
	assert_int_equal(offsetof(struct dsa_cr, invalid_flags), 16);
	assert_int_equal(offsetof(struct dsa_cr, delta_size), 16);
	assert_int_equal(offsetof(struct dsa_cr, crc), 16);
	assert_int_equal(offsetof(struct dsa_cr, dif.src_app_mask), 20);
	assert_int_equal(offsetof(struct dsa_cr, dif.dst_ref_tag), 24);
	assert_int_equal(offsetof(struct dsa_cr, dif.dst_app_tag), 30);
}

/* OPCAP of 1.0, and what 2.0 adds. */
static void
operations_are_those_of_opcap(void **state)
{
	uint64_t of[3] = {0};

	(void)state;
	for (unsigned int opcode = 0; opcode < DSA_OPCODES; opcode++)
		if (dsa_op_rows[opcode].name != NULL)
			of[dsa_op_rows[opcode].version] |= UINT64_C(1) << opcode;
	assert_true(of[1] == UINT64_C(0x1003f03ff));
	assert_true(of[2] == UINT64_C(0x7a00800400));
	assert_true(of[0] == 0);
}

static void
word_masks_are_the_reserved_bytes(void **state)
{
	(void)state;
	for (unsigned int opcode = 0; opcode < DSA_OPCODES; opcode++) {
		for (unsigned int byte = 0; byte < 64; byte++) {
			const struct dsa_op_row *row = &dsa_op_rows[opcode];
			uint8_t bits = (uint8_t)(row->words[byte / 8] >> byte % 8 * 8);

			assert_int_equal(bits, row->reserved >> byte & 1 ? 0xff : 0);
		}
	}
}

static void
operations_and_statuses_have_names(void **state)
{
	(void)state;
	assert_string_equal(dsa_opcode_name(0x03), "memory move");
	assert_string_equal(dsa_opcode_name(0x20), "cache flush");
	assert_string_equal(dsa_opcode_name(0x16), "opcode not defined");
	assert_string_equal(dsa_opcode_name(0xff), "opcode not defined");
	assert_string_equal(dsa_status_name(0x01), "success");
	assert_string_equal(dsa_status_name(0x83), "page fault");
	assert_string_equal(dsa_status_name(0x1b), "completion record not aligned");
	assert_string_equal(dsa_status_name(0x53), "dedicated work queue full");
	assert_string_equal(dsa_status_name(0x3f), "status not defined");
	assert_string_equal(dsa_status_name(0x7f), "status not defined");
}

static void
flags_have_names(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(dsa_flags_text(0x03, 0x10c, buf, sizeof(buf)), 26);
	assert_string_equal(buf, "cr-valid cr-request cache1");
	dsa_flags_text(0x10, 1 << 19 | 1 << 16, buf, sizeof(buf));
	assert_string_equal(buf, "seed-address crc64");
	dsa_flags_text(0x03, 1 << 19 | 1 << 6, buf, sizeof(buf));
	assert_string_equal(buf, "bit6 bit19");
	assert_int_equal(dsa_flags_text(0x03, 0x10c, buf, 10), 26);
	assert_string_equal(buf, "cr-valid ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptor_fields_lie_where_the_device_reads_them),
		cmocka_unit_test(record_fields_lie_where_the_device_writes_them),
		cmocka_unit_test(operations_are_those_of_opcap),
		cmocka_unit_test(word_masks_are_the_reserved_bytes),
		cmocka_unit_test(operations_and_statuses_have_names),
		cmocka_unit_test(flags_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
