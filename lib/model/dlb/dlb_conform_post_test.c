/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Statements of datasheet section 4 that no other suite shows: pages, commands, and their odd bits.
 */
#include "dlb_test_case.h"

/* ---- Section 4.1 ---- */

/* Each page of the load-balanced window is heard as the port of its number, and as no other. */
static void
every_page_is_its_port(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t p = 1; p < RIG_PRODUCER; p++)
		rig_ldb_port(r, 0, p, 8, 8);
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		rig_write(r, DLB_SYS_LDB_PP_V, p, 0);
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		rig_write(r, DLB_SYS_LDB_PP_V, p, 1);
		for (uint32_t from = 0; from < DLB_LDB_PORTS; from++)
			rig_send_one(r, from,
				     rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, from));
		rig_flush(r);
		rig_write(r, DLB_SYS_LDB_PP_V, p, 0);
		rig_step(r);
		expect_qe(r, 0, p);
		expect_nothing(r, 0);
	}
}

/* Nothing merges stores to one address, even of the same bytes. */
static void
equal_lines_are_each_taken(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 50; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, 7);
	rig_step(r);
	for (uint32_t n = 0; n < 50; n++)
		expect_qe(r, 0, 7);
	expect_nothing(r, 0);
}

/* ---- Sections 4.2 and 4.3 ---- */

/* Byte 14 but for the weight, and bits 7:4 of byte 15: one at a time, and all of them. */
static void
odd_bits_of_a_command_change_nothing(void **state)
{
	static const uint64_t odd[] = {
		UINT64_C(0x01) << 48, UINT64_C(0x08) << 48, UINT64_C(0x10) << 48,
		UINT64_C(0x80) << 48, UINT64_C(0x10) << 56, UINT64_C(0x20) << 56,
		UINT64_C(0x40) << 56, UINT64_C(0x80) << 56, UINT64_C(0xf0f9) << 48,
	};
	struct rig *r = *state;
	struct dlb_qe hcw, qe;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
		hcw = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 2, 0xbeef, k);
		hcw.meta |= odd[k];
		rig_send_one(r, RIG_PRODUCER, hcw);
		rig_step(r);
		assert_true(rig_poll(r, 0, &qe));
		assert_int_equal(qe.data, k);
		/* Bytes 8 to 13, and byte 15: no bit of it but generation and depth code. */
		assert_int_equal((qe.meta ^ hcw.meta) & UINT64_C(0xffffffffffff), 0);
		assert_int_equal(qe.meta >> 59, 0);
		hcw = rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 0, 0);
		hcw.meta |= odd[k];
		rig_send_one(r, 0, hcw);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	}
}

/* Rule 2: queue, type, priority and data mean nothing in a token return. */
static void
token_return_ignores_its_other_bytes(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 16, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 16; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	for (uint32_t sched = 0; sched < 4; sched++)
		rig_send_one(r, 0, rig_hcw(DLB_CMD_BAT_T, sched, 0xff, 7, 0, UINT64_MAX));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 12);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 16);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0), 0);
}

/* ---- Section 4.4 ---- */

static int
reset_by_single_tokens(struct rig *r, uint32_t events)
{
	const struct dlb_model_open_points open = {.comp_t_one_token = true};

	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	rig_balance(r, 2, 16, 32, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < events; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	return rig_domain_reset(r, 0);
}

/* When all was delivered, a later pass returns by BAT_T what COMP_T did not. */
static void
drain_of_what_was_delivered_ends_with_either_reading(void **state)
{
	assert_int_equal(reset_by_single_tokens(*state, 32), 0);
}

/* With events still waiting there is no later pass for the last of them, and step 15 finds tokens.
 * Drivers reset silicon in that way, so the reading that is the default has to be the right one.
 */
static void
drain_of_what_waits_needs_all_tokens_back(void **state)
{
	struct rig *r = *state;

	assert_int_equal(reset_by_single_tokens(r, 100), 15);
	assert_true(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0) > 0);
}

/* ---- Section 4.9 ---- */

/* BAT_T after 0 to 3 events of its line; what follows is zero. */
static void
tokens_come_back_at_any_place_of_a_line(void **state)
{
	struct rig *r = *state;
	struct dlb_qe line[4];

	rig_balance(r, 1, 32, 64, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 20; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	rig_enable(r, 0, false);
	for (uint32_t place = 0; place < 4; place++) {
		for (uint32_t n = 0; n < place; n++)
			line[n] = rig_hcw(DLB_CMD_FWD, DLB_UNORDERED, 0, 0, 0, 100 + n);
		line[place] = rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 2, 0);
		rig_send(r, 0, line, place + 1);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 20 - 3 * (place + 1));
		assert_int_equal(rig_depth(r, 0), place * (place + 1) / 2);
	}
}

/* One store of 16 bytes, as drivers without the instruction send it; on both kinds of port. */
static void
tokens_come_back_by_a_short_store(void **state)
{
	const struct dlb_qe two = rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 1, 0);
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 5, 8);
	rig_dir_queue(r, 0, 5, 16);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 6; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 5, 0, n);
	}
	rig_step(r);
	r->dev->ops->post(r->dev, 0, rig_offset(r, DLB_LDB_PP, 0), &two, 16);
	r->dev->ops->post(r->dev, 0, rig_offset(r, DLB_DIR_PP, 5), &two, 16);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 4);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 5), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(every_page_is_its_port),
		ON_BOTH(equal_lines_are_each_taken),
		ON_BOTH(odd_bits_of_a_command_change_nothing),
		ON_BOTH(token_return_ignores_its_other_bytes),
		ON_BOTH(drain_of_what_was_delivered_ends_with_either_reading),
		ON_BOTH(drain_of_what_waits_needs_all_tokens_back),
		ON_BOTH(tokens_come_back_at_any_place_of_a_line),
		ON_BOTH(tokens_come_back_by_a_short_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
