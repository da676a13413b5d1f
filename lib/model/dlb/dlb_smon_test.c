/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registers that only drivers of kernels touch: signal monitors, datasheet section 3.20, mailboxes
 * of virtual functions, 3.2, and the write buffer, 3.9.
 */
#include "dlb_test_case.h"

/* ---- Monitors ---- */

static const struct block {
	enum dlb_reg cfg0, cntr0, cntr1;
	uint32_t monitors;
} blocks[] = {
#define BLOCK(b, n)                                                                                \
	{                                                                                          \
		DLB_##b##_SMON_CFG0, DLB_##b##_SMON_ACTIVITYCNTR0, DLB_##b##_SMON_ACTIVITYCNTR1, n \
	}
	BLOCK(IOSF, 2), BLOCK(SYS_PM, 1), BLOCK(SYS, 2), BLOCK(AQED, 1),
	BLOCK(ATM, 1),  BLOCK(CHP, 1),    BLOCK(DP, 1),  BLOCK(DQED, 1),
	BLOCK(QED, 1),  BLOCK(NALB, 1),   BLOCK(RO, 1),  BLOCK(LSP, 1),
#undef BLOCK
};

#define BLOCKS           (sizeof(blocks) / sizeof(blocks[0]))
#define VERSION          0x40000000u
#define STOP_ON_OVERFLOW 0x00010000u
#define OVERFLOWED(k)    (0x00040000u << (k))

/* 5 atomic, 3 unordered, 2 directed QEs in; all go out. */
static void
traffic(struct rig *r)
{
	for (uint32_t k = 0; k < 5; k++)
		rig_new(r, DLB_ATOMIC, 0, k, k);
	for (uint32_t k = 0; k < 3; k++)
		rig_new(r, DLB_UNORDERED, 0, 0, k);
	for (uint32_t k = 0; k < 2; k++)
		rig_new(r, DLB_DIRECTED, 2, 0, k);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 8);
	assert_int_equal(rig_poll_all(r, RIG_DIR(2)), 2);
}

static void
traffic_open(struct rig *r)
{
	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 2, 64);
	rig_dir_queue(r, 0, 2, 10);
	rig_start(r, 0);
}

static void
monitors_enable(struct rig *r, uint32_t cfg0)
{
	for (size_t b = 0; b < BLOCKS; b++)
		for (uint32_t i = 0; i < blocks[b].monitors; i++)
			rig_write(r, blocks[b].cfg0, i, cfg0);
}

static void
monitors_show_their_version(void **state)
{
	struct rig *r = *state;

	for (size_t b = 0; b < BLOCKS; b++) {
		for (uint32_t i = 0; i < blocks[b].monitors; i++) {
			assert_int_equal(rig_read(r, blocks[b].cfg0, i), VERSION);
			rig_write(r, blocks[b].cfg0, i, 0x80011000);
			assert_int_equal(rig_read(r, blocks[b].cfg0, i), VERSION | 0x11000);
		}
	}
}

static void
monitors_count_nothing_by_default(void **state)
{
	struct rig *r = *state;

	traffic_open(r);
	monitors_enable(r, 1);
	rig_write(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0, 77);
	traffic(r);
	for (size_t b = 0; b < BLOCKS; b++) {
		for (uint32_t i = 0; i < blocks[b].monitors; i++) {
			bool loaded = blocks[b].cfg0 == DLB_CHP_SMON_CFG0;

			assert_int_equal(rig_read(r, blocks[b].cntr0, i), loaded ? 77 : 0);
			assert_int_equal(rig_read(r, blocks[b].cntr1, i), 0);
			assert_int_equal(rig_read(r, blocks[b].cfg0, i), VERSION | 1);
		}
	}
}

static void
counting_open(struct rig *r)
{
	const struct dlb_model_open_points open = {.monitors_count = true};

	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	traffic_open(r);
}

static void
expect_counts(struct rig *r, enum dlb_reg cntr0, uint32_t first, enum dlb_reg cntr1,
	      uint32_t second)
{
	assert_int_equal(rig_read(r, cntr0, 0), first);
	assert_int_equal(rig_read(r, cntr1, 0), second);
}

#define EXPECT_COUNTS(r, b, first, second) \
	expect_counts(r, DLB_##b##_SMON_ACTIVITYCNTR0, first, DLB_##b##_SMON_ACTIVITYCNTR1, second)

static void
monitors_may_be_switched_to_count(void **state)
{
	struct rig *r = *state;

	counting_open(r);
	/* Not what came before. */
	traffic(r);
	monitors_enable(r, 1);
	traffic(r);
	EXPECT_COUNTS(r, SYS, 10, 10);
	EXPECT_COUNTS(r, CHP, 10, 10);
	EXPECT_COUNTS(r, QED, 8, 8);
	EXPECT_COUNTS(r, DQED, 2, 2);
	EXPECT_COUNTS(r, DP, 2, 2);
	EXPECT_COUNTS(r, AQED, 5, 0);
	EXPECT_COUNTS(r, ATM, 5, 0);
	EXPECT_COUNTS(r, NALB, 3, 0);
	EXPECT_COUNTS(r, LSP, 8, 2);
	EXPECT_COUNTS(r, IOSF, 0, 0);
	EXPECT_COUNTS(r, RO, 0, 0);
	/* Nor while they are off; a value that is loaded goes on from there. */
	monitors_enable(r, 0);
	traffic(r);
	EXPECT_COUNTS(r, CHP, 10, 10);
	monitors_enable(r, 1);
	rig_write(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0, 1000);
	traffic(r);
	EXPECT_COUNTS(r, CHP, 1010, 20);
	assert_int_equal(rig_read(r, DLB_SYS_SMON_ACTIVITYCNTR0, 1), 20);
}

static void
monitors_do_not_mind_cleared_totals(void **state)
{
	struct rig *r = *state;

	counting_open(r);
	monitors_enable(r, 1);
	traffic(r);
	rig_write(r, DLB_LSP_LDB_SCH_CNT_L, 0, 0);
	rig_write(r, DLB_LSP_QID_ATM_TOT_ENQ_CNTH, 0, 9);
	traffic(r);
	EXPECT_COUNTS(r, CHP, 20, 20);
	EXPECT_COUNTS(r, LSP, 16, 4);
}

static void
monitors_note_overflow_and_stop_if_told_to(void **state)
{
	struct rig *r = *state;

	counting_open(r);
	rig_write(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0, 0xfffffffe);
	rig_write(r, DLB_LSP_SMON_ACTIVITYCNTR1, 0, 0xffffffff);
	rig_write(r, DLB_CHP_SMON_CFG0, 0, 1);
	rig_write(r, DLB_LSP_SMON_CFG0, 0, 1 | STOP_ON_OVERFLOW);
	traffic(r);
	assert_int_equal(rig_read(r, DLB_CHP_SMON_CFG0, 0), VERSION | OVERFLOWED(0) | 1);
	EXPECT_COUNTS(r, CHP, 8, 10);
	assert_int_equal(rig_read(r, DLB_LSP_SMON_CFG0, 0),
			 VERSION | OVERFLOWED(1) | STOP_ON_OVERFLOW);
	EXPECT_COUNTS(r, LSP, 8, 1);
	traffic(r);
	/* Switched off before anybody looked. */
	rig_write(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0, 0xfffffff0);
	traffic(r);
	traffic(r);
	rig_write(r, DLB_CHP_SMON_CFG0, 0, 0);
	assert_int_equal(rig_read(r, DLB_CHP_SMON_CFG0, 0), VERSION | OVERFLOWED(0));
	EXPECT_COUNTS(r, CHP, 4, 40);
	EXPECT_COUNTS(r, LSP, 8, 1);
}

/* ---- Mailboxes ---- */

static void
mailbox_words_are_kept_by_function(void **state)
{
	struct rig *r = *state;

	for (uint32_t vf = 0; vf < 16; vf++) {
		for (uint32_t w = 0; w < 64; w++)
			rig_write_word(r, DLB_PF_VF2PF_MAILBOX, vf, w, vf << 8 | w);
		for (uint32_t w = 0; w < 16; w++)
			rig_write_word(r, DLB_PF_PF2VF_MAILBOX, vf, w, 0xa5000000 | vf << 8 | w);
	}
	for (uint32_t vf = 0; vf < 16; vf++) {
		for (uint32_t w = 0; w < 64; w++)
			assert_int_equal(rig_read_word(r, DLB_PF_VF2PF_MAILBOX, vf, w),
					 vf << 8 | w);
		for (uint32_t w = 0; w < 16; w++)
			assert_int_equal(rig_read_word(r, DLB_PF_PF2VF_MAILBOX, vf, w),
					 0xa5000000 | vf << 8 | w);
	}
}

/* Every function is in reset until the physical one says that it has seen to it. */
static void
functions_leave_their_reset_by_the_drivers_word(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_read(r, DLB_PF_VF_RESET_IN_PROGRESS, 0), 0xffff);
	rig_write(r, DLB_PF_VF_RESET_IN_PROGRESS, 0, 0x0021);
	assert_int_equal(rig_read(r, DLB_PF_VF_RESET_IN_PROGRESS, 0), 0xffde);
	/* One vector, wherever it is looked at. */
	rig_write(r, DLB_PF_VF_RESET_IN_PROGRESS, 7, 0x0080);
	assert_int_equal(rig_read(r, DLB_PF_VF_RESET_IN_PROGRESS, 0), 0xff5e);
	assert_int_equal(rig_read(r, DLB_PF_VF_RESET_IN_PROGRESS, 15), 0xff5e);
	rig_write(r, DLB_PF_VF_RESET_IN_PROGRESS, 15, 0x8000);
	assert_int_equal(rig_read(r, DLB_PF_VF_RESET_IN_PROGRESS, 0), 0x7f5e);
}

/* Nobody is there to take it, so a driver that waits for that gives up. */
static void
notified_function_never_answers(void **state)
{
	struct rig *r = *state;

	rig_write(r, DLB_PF_PF2VF_MAILBOX_ISR, 3, 0x0008);
	assert_int_equal(rig_read(r, DLB_PF_PF2VF_MAILBOX_ISR, 3), 0x0008);
	assert_int_equal(rig_read(r, DLB_PF_PF2VF_MAILBOX_ISR, 0), 0x0008);
	rig_write(r, DLB_PF_PF2VF_MAILBOX_ISR, 0, 0x0100);
	assert_int_equal(rig_read(r, DLB_PF_PF2VF_MAILBOX_ISR, 0), 0x0108);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_PF_PF2VF_MAILBOX_ISR, 8), 0x0108);
}

static void
nobody_sends_requests(void **state)
{
	struct rig *r = *state;

	for (uint32_t vf = 0; vf < 16; vf++) {
		rig_write(r, DLB_PF_VF2PF_MAILBOX_ISR, vf, 0xffff);
		rig_write(r, DLB_PF_VF2PF_FLR_ISR, vf, 0xffff);
		assert_int_equal(rig_read(r, DLB_PF_VF2PF_MAILBOX_ISR, vf), 0);
		assert_int_equal(rig_read(r, DLB_PF_VF2PF_FLR_ISR, vf), 0);
		assert_int_equal(rig_read(r, DLB_PF_VF2PF_ISR_PEND, vf), 0);
	}
}

/* ---- The write buffer ---- */

/* The writes of a port's reset, section 8.3, in the middle of traffic: nothing is lost. */
static void
write_buffer_has_nothing_to_drop(void **state)
{
	struct rig *r = *state;

	traffic_open(r);
	traffic(r);
	rig_new(r, DLB_DIRECTED, 2, 0, 50);
	rig_step(r);
	if (r->version == DLB_V20) {
		rig_write(r, DLB_SYS_DIR_CQ_OPT_CLR, 0, 2);
		assert_int_equal(rig_read(r, DLB_SYS_DIR_CQ_OPT_CLR, 0), 0);
	} else {
		rig_write(r, DLB_SYS_WB_DIR_CQ_STATE, 2, 0x1f);
		assert_int_equal(rig_read(r, DLB_SYS_WB_DIR_CQ_STATE, 2), 0);
		rig_write(r, DLB_SYS_WB_LDB_CQ_STATE, 0, 0x17);
		assert_int_equal(rig_read(r, DLB_SYS_WB_LDB_CQ_STATE, 0), 0);
	}
	expect_qe(r, RIG_DIR(2), 50);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 2), 3);
	traffic(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(monitors_show_their_version),
		ON_BOTH(monitors_count_nothing_by_default),
		ON_BOTH(monitors_may_be_switched_to_count),
		ON_V25(monitors_do_not_mind_cleared_totals),
		ON_V25(monitors_note_overflow_and_stop_if_told_to),
		ON_V25(mailbox_words_are_kept_by_function),
		ON_BOTH(functions_leave_their_reset_by_the_drivers_word),
		ON_V25(notified_function_never_answers),
		ON_V25(nobody_sends_requests),
		ON_BOTH(write_buffer_has_nothing_to_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
