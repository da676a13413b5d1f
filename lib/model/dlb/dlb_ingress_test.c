/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the device lets in: the checks of datasheet section 7.1 one by one, and the commands of
 * section 4.3.
 */
#include "dlb_test_case.h"

#define NEVER 0xdeadu /* data of events that must not come out */

/* One LDB queue and port, DIR port and queue 1, in domain 0. */
static void
both_kinds(struct rig *r, int sn_mode)
{
	rig_balance(r, 1, 64, 64, sn_mode);
	rig_dir_port(r, 0, 1, 64);
	rig_dir_queue(r, 0, 1, 16);
	rig_start(r, 0);
}

static void
enqueue(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, sched, qid, 0, 0, data));
}

/* Dropped without a trace: no depth, no delivery, no credit kept, and the port still works. */
static void
expect_dropped(struct rig *r)
{
	struct dlb_qe qe;
	uint64_t data[2] = {0};

	rig_step(r);
	expect_nothing(r, 0);
	expect_nothing(r, RIG_DIR(1));
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		assert_int_equal(rig_depth(r, q), 0);
	enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, 1);
	enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, 2);
	rig_step(r);
	if (rig_poll(r, 0, &qe))
		data[0] = qe.data;
	if (rig_poll(r, RIG_DIR(1), &qe))
		data[1] = qe.data;
	assert_int_equal(data[0], 1);
	assert_int_equal(data[1], 2);
	rig_finish(r, 0);
	rig_finish(r, RIG_DIR(1));
}

/* ---- Checks 1 to 6 ---- */

static void
invalid_port_is_not_heard(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_PP_V, 20, 0);
	enqueue(r, 20, DLB_UNORDERED, 0, NEVER);
	enqueue(r, RIG_DIR(20), DLB_UNORDERED, 0, NEVER);
	expect_dropped(r);
}

static void
queue_numbers_out_of_range_are_dropped(void **state)
{
	struct rig *r = *state;

	both_kinds(r, 0);
	for (uint32_t qid = 32; qid < 256; qid++) {
		enqueue(r, RIG_PRODUCER, DLB_ATOMIC, qid, NEVER);
		enqueue(r, RIG_PRODUCER, DLB_UNORDERED, qid, NEVER);
		enqueue(r, RIG_PRODUCER, DLB_ORDERED, qid, NEVER);
		enqueue(r, RIG_PRODUCER, DLB_DIRECTED, qid < r->dir_ports ? 255 : qid, NEVER);
	}
	expect_dropped(r);
}

static void
queue_of_no_permission_is_dropped(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_VASQID_V, 0, 0);
	rig_write(r, DLB_SYS_DIR_VASQID_V, 1, 0);
	enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, NEVER);
	enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, NEVER);
	rig_flush(r);
	rig_write(r, DLB_SYS_LDB_VASQID_V, 0, 1);
	rig_write(r, DLB_SYS_DIR_VASQID_V, 1, 1);
	expect_dropped(r);
}

static void
queue_of_another_domain_is_dropped(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	rig_domain(r, 5, 100, 100);
	rig_ldb_port(r, 5, 20, 8, 8);
	rig_ldb_queue(r, 5, 9, rig_queue_plain());
	rig_start(r, 5);
	enqueue(r, 20, DLB_UNORDERED, 0, NEVER);
	enqueue(r, 20, DLB_DIRECTED, 1, NEVER);
	enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 9, NEVER);
	expect_dropped(r);
	enqueue(r, 20, DLB_UNORDERED, 9, 1);
	rig_flush(r);
	assert_int_equal(rig_depth(r, 9), 1);
}

static void
disabled_queue_is_dropped(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_QID_V, 0, 0);
	rig_write(r, DLB_SYS_DIR_QID_V, 1, 0);
	enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, NEVER);
	enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, NEVER);
	rig_flush(r);
	rig_write(r, DLB_SYS_LDB_QID_V, 0, 1);
	rig_write(r, DLB_SYS_DIR_QID_V, 1, 1);
	expect_dropped(r);
}

static void
ordered_events_need_sequence_numbers(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	enqueue(r, RIG_PRODUCER, DLB_ORDERED, 0, NEVER);
	expect_dropped(r);
}

static void
atomic_events_need_atomic_storage(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	how.stage = 0;
	rig_ldb_queue(r, 0, 0, how);
	rig_start(r, 0);
	enqueue(r, RIG_PRODUCER, DLB_ATOMIC, 0, NEVER);
	expect_dropped(r);
}

/* ---- Commands ---- */

static void
reserved_commands_do_nothing(void **state)
{
	static const uint32_t reserved[] = {0x4, 0x6, 0x7, 0xe, 0xf};
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 8);
	for (size_t k = 0; k < sizeof(reserved) / sizeof(reserved[0]); k++) {
		rig_send_one(r, 0, rig_hcw(reserved[k], DLB_UNORDERED, 0, 0, 0, NEVER));
		rig_send_one(r, RIG_DIR(1), rig_hcw(reserved[k], DLB_UNORDERED, 0, 0, 0, NEVER));
	}
	rig_step(r);
	expect_nothing(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 8);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 8);
}

/* Releases, forwards and fragments are illegal there, and no part of them takes effect. */
static void
completions_are_illegal_on_directed_ports(void **state)
{
	static const enum dlb_cmd illegal[] = {DLB_CMD_COMP,  DLB_CMD_COMP_T, DLB_CMD_FWD,
					       DLB_CMD_FWD_T, DLB_CMD_FRAG,   DLB_CMD_FRAG_T};
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, RIG_DIR(1)), 8);
	for (size_t k = 0; k < sizeof(illegal) / sizeof(illegal[0]); k++)
		rig_send_one(r, RIG_DIR(1), rig_hcw(illegal[k], DLB_UNORDERED, 0, 0, 2, NEVER));
	rig_step(r);
	expect_nothing(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 1), 8);
}

static void
legal_commands_work_on_directed_ports(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 8; n++)
		enqueue(r, RIG_PRODUCER, DLB_DIRECTED, 1, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, RIG_DIR(1)), 8);
	rig_tokens(r, RIG_DIR(1), 3);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 1), 5);
	rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_NEW_T, DLB_UNORDERED, 0, 0, 9, 55));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 1), 4);
	rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
	rig_step(r);
	expect_qe(r, 0, 55);
}

/* A NOOP is ignored whatever its other bytes hold (4.3 rule 1). */
static void
noops_are_ignored_whatever_they_carry(void **state)
{
	struct rig *r = *state;
	struct dlb_qe odd[4];

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++) {
		odd[n] = rig_hcw(DLB_CMD_NOOP, n, 0xff >> n, 7, 0xffff, UINT64_MAX);
		odd[n].meta |= 0xffff | UINT64_C(0xff) << 48 | UINT64_C(0xf0) << 56;
	}
	rig_send(r, RIG_PRODUCER, odd, 4);
	rig_send(r, RIG_DIR(1), odd, 4);
	expect_dropped(r);
}

/* In a pure completion nothing but the command counts, not even a lock id of 0xffff (rule 2). */
static void
completion_ignores_its_other_bytes(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++)
		enqueue(r, RIG_PRODUCER, DLB_ATOMIC, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 4);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_COMP, DLB_DIRECTED, 0xff, 7, 0xffff, UINT64_MAX));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 3);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 4);
}

static void
completion_of_nothing_is_ignored(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 100; n++)
		rig_complete(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 0);
	expect_dropped(r);
	/* Limits still hold afterwards. */
	rig_write(r, DLB_LSP_CQ_LDB_INFL_LIM, 0, 2);
	for (uint32_t n = 0; n < 8; n++)
		enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, n);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 2);
}

/* An excess FWD is dropped as a whole; its token part counts (7.8, appendix C). */
static void
forward_of_nothing_is_dropped(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	enqueue(r, RIG_PRODUCER, DLB_UNORDERED, 0, 5);
	rig_step(r);
	expect_qe(r, 0, 5);
	rig_complete(r, 0);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_FWD_T, DLB_UNORDERED, 0, 0, 0, NEVER));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	expect_dropped(r);
}

/* Token and completion parts of a forward count though its enqueue part is dropped (rule 3). */
static void
dropped_forward_still_completes(void **state)
{
	struct rig *r = *state;

	both_kinds(r, RIG_NOT_ORDERED);
	enqueue(r, RIG_PRODUCER, DLB_ATOMIC, 0, 5);
	rig_step(r);
	expect_qe(r, 0, 5);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_FWD_T, DLB_ATOMIC, 77, 0, 0, NEVER));
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	expect_dropped(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(invalid_port_is_not_heard),
		ON_BOTH(queue_numbers_out_of_range_are_dropped),
		ON_BOTH(queue_of_no_permission_is_dropped),
		ON_BOTH(queue_of_another_domain_is_dropped),
		ON_BOTH(disabled_queue_is_dropped),
		ON_BOTH(ordered_events_need_sequence_numbers),
		ON_BOTH(atomic_events_need_atomic_storage),
		ON_BOTH(reserved_commands_do_nothing),
		ON_BOTH(completions_are_illegal_on_directed_ports),
		ON_BOTH(legal_commands_work_on_directed_ports),
		ON_BOTH(noops_are_ignored_whatever_they_carry),
		ON_BOTH(completion_ignores_its_other_bytes),
		ON_BOTH(completion_of_nothing_is_ignored),
		ON_BOTH(forward_of_nothing_is_dropped),
		ON_BOTH(dropped_forward_still_completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
