/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Statements of datasheet sections 4.8, 5 and 6.1 that no other suite shows: what single registers
 * of the set-up do.
 */
#include <string.h>

#include "dlb_test_case.h"

/* ---- Rings, section 4.8 ---- */

/* Load-balanced rings sparse and directed ones dense, then the other way round. */
static void
layouts_of_the_kinds_are_apart(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	for (unsigned int bit = 17; bit <= 18; bit++) {
		const unsigned char *ldb = r->host.memory;
		const unsigned char *dir = r->host.memory + (size_t)RIG_DIR(1) * RIG_RING_BYTES;

		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
		rig_dir_port(r, 0, 1, 8);
		rig_dir_queue(r, 0, 1, 16);
		rig_start(r, 0);
		rig_write(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0, 0x00180002 | 1u << bit);
		for (uint32_t n = 1; n < 3; n++) {
			rig_new(r, DLB_UNORDERED, 0, 0, n);
			rig_new(r, DLB_DIRECTED, 1, 0, n);
		}
		rig_step(r);
		memcpy(&qe, ldb + (bit == 17 ? 64 : 16), sizeof(qe));
		assert_int_equal(qe.data, 2);
		memcpy(&qe, dir + (bit == 18 ? 64 : 16), sizeof(qe));
		assert_int_equal(qe.data, 2);
		assert_int_equal(rig_domain_reset(r, 0), 0);
	}
}

static void
low_bits_of_a_ring_address_are_dropped(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_CQ_ADDR_L, 0, (uint32_t)TEST_HOST_IOVA | 0x3f);
	assert_int_equal(rig_read(r, DLB_SYS_LDB_CQ_ADDR_L, 0), (uint32_t)TEST_HOST_IOVA);
	rig_new(r, DLB_UNORDERED, 0, 0, 77);
	rig_step(r);
	memcpy(&qe, r->host.memory, sizeof(qe));
	assert_int_equal(qe.data, 77);
}

/* ---- Section 5.3 ---- */

static void
arbiter_weights_are_kept(void **state)
{
	static const enum dlb_reg weights[] = {
		DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN,       DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0,
		DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0, DLB_DP_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0,
		DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0,    DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_ATQ_0,
		DLB_ATM_CFG_ARB_WEIGHTS_SCHED_BIN,     DLB_AQED_CFG_ARB_WEIGHTS_TQPRI_ATM_0,
		DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0,      DLB_LSP_CFG_ARB_WEIGHT_ATM_NALB_QID_0,
	};
	struct rig *r = *state;

	for (uint32_t k = 0; k < sizeof(weights) / sizeof(weights[0]); k++)
		rig_write(r, weights[k], 0, 0xfffdfbf9 - k);
	for (uint32_t k = 0; k < sizeof(weights) / sizeof(weights[0]); k++)
		assert_int_equal(rig_read(r, weights[k], 0), 0xfffdfbf9 - k);
}

/* ---- Section 5.5 ---- */

/* A queue's window in each mode of each group: that many ordered events are out at a time. */
static void
each_group_mode_has_its_window(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;

	for (uint32_t group = 0; group < DLB_SN_GROUPS; group++) {
		for (int mode = 0; mode < DLB_SN_MODES; mode++) {
			rig_balance(r, 1, 1024, 1500, RIG_NOT_ORDERED);
			how.sn_mode = mode;
			how.sn_group = group;
			/* The last slot of the group. */
			how.sn_slot = (16u >> mode) - 1;
			rig_ldb_queue(r, 0, 0, how);
			rig_start(r, 0);
			for (uint32_t n = 0; n < 1100; n++)
				rig_new(r, DLB_ORDERED, 0, 0, n);
			rig_step(r);
			rig_tokens(r, 0, 1024);
			rig_step(r);
			assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 64u << mode);
			assert_int_equal(rig_domain_reset(r, 0), 0);
		}
	}
}

/* ---- Sections 5.6 and 5.7 ---- */

/* Group, slot and mode of another queue, in a queue without SN_CFG_V: the other one is at peace. */
static void
left_over_sequence_numbers_mean_nothing(void **state)
{
	struct rig_queue how = rig_queue_plain();
	struct rig *r = *state;

	rig_balance(r, 1, 128, 256, 0);
	rig_ldb_queue(r, 0, 1, how);
	rig_write(r, DLB_CHP_ORD_QID_SN_MAP, 1, rig_read(r, DLB_CHP_ORD_QID_SN_MAP, 0));
	rig_link(r, 1, 0, 1, 0);
	rig_start(r, 0);
	for (uint32_t n = 0; n < 64; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	for (uint32_t n = 0; n < 50; n++)
		rig_new(r, DLB_UNORDERED, 1, 0, n);
	rig_new(r, DLB_ORDERED, 1, 0, 99);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 64 + 50);
	assert_int_equal(rig_depth(r, 1), 0);
}

/* A ring of 32 with tokens for 8, and tokens for 32 with a ring of 8. */
static void
the_smaller_depth_code_counts(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 2, 32, 64, RIG_NOT_ORDERED);
	rig_enable(r, 1, false);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, 0, 1);
	for (uint32_t n = 0; n < 100; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 8);
	rig_enable(r, 0, false);
	rig_write(r, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, 1, 1);
	rig_enable(r, 1, true);
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 1), 8);
}

/* Push moves with what is scheduled, pop with what is completed; both wrap inside the range. */
static void
history_pointers_move_and_load(void **state)
{
	struct rig *r = *state;
	uint32_t base, pass = 0;

	rig_balance(r, 1, 64, 5, RIG_NOT_ORDERED);
	base = r->port[0].hist_base;
	assert_int_equal(rig_read(r, DLB_CHP_HIST_LIST_PUSH_PTR, 0), base);
	assert_int_equal(rig_read(r, DLB_CHP_HIST_LIST_POP_PTR, 0), base);
	for (uint32_t n = 1; n <= 12; n++) {
		pass ^= n % 5 == 0;
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_step(r);
		assert_int_equal(rig_read(r, DLB_CHP_HIST_LIST_PUSH_PTR, 0),
				 (base + n % 5) | pass << 13);
		rig_finish(r, 0);
		assert_int_equal(rig_read(r, DLB_CHP_HIST_LIST_POP_PTR, 0),
				 (base + n % 5) | pass << 13);
	}
	rig_write(r, DLB_CHP_HIST_LIST_PUSH_PTR, 0, base);
	rig_write(r, DLB_CHP_HIST_LIST_POP_PTR, 0, base);
	assert_int_equal(rig_read(r, DLB_CHP_HIST_LIST_PUSH_PTR, 0), base);
}

/* A host that notes under which PASID its memory was wanted last. */
static uint32_t pasid_seen;

static void *
map_noting(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	   struct bus_fault *fault)
{
	pasid_seen = pasid;
	return test_host_map(host, pasid, iova, len, prot, fault);
}

static void
pasid_counts_with_its_format_bit_only(void **state)
{
	struct rig *r = *state;
	struct bus_host_ops ops = *r->host.host.ops;
	const struct bus_host_ops *before = r->host.host.ops;

	ops.map = map_noting;
	r->host.host.ops = &ops;
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_CQ_PASID, 0, 0x12345);
	assert_int_equal(pasid_seen, BUS_NO_PASID);
	rig_write(r, DLB_SYS_LDB_CQ_PASID, 0, 0x12345 | 1u << 22);
	assert_int_equal(pasid_seen, 0x12345);
	r->host.host.ops = before;
}

/* From PP_V on a port is heard; queues take nothing before the start (5.7, 5.10). */
static void
ports_speak_before_the_start_but_queues_do_not_listen(void **state)
{
	struct rig *r = *state;

	rig_domain(r, 0, 100, 100);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, 0, 8, 8);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 16);
	rig_link(r, 0, 0, 0, 0);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_CNT, 0, 5);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 1));
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 1, 0, 0, 1));
	rig_tokens(r, 0, 2);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 3);
	rig_start(r, 0);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 2));
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 1, 0, 0, 2));
	rig_step(r);
	expect_qe(r, 0, 2);
	expect_qe(r, RIG_DIR(1), 2);
}

/* A directed port's domain decides what it may enqueue to (5.8). */
static void
directed_ports_belong_to_their_domain(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_port(r, 7, 2, 8);
	rig_dir_queue(r, 0, 1, 16);
	rig_start(r, 0);
	rig_domain(r, 7, 10, 10);
	rig_send_one(r, RIG_DIR(2), rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 1, 0, 0, 1));
	rig_send_one(r, RIG_DIR(2), rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 1));
	rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 1, 0, 0, 2));
	rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 2));
	rig_step(r);
	expect_qe(r, RIG_DIR(1), 2);
	expect_nothing(r, RIG_DIR(1));
	expect_qe(r, 0, 2);
	expect_nothing(r, 0);
}

/* ---- Section 6.1 ---- */

/* The three copies of the table of links keep what each was given. */
static void
copies_of_the_link_table_are_kept(void **state)
{
	static const enum dlb_reg copies[] = {DLB_ATM_QID2CQIDIX, DLB_LSP_QID2CQIDIX,
					      DLB_LSP_QID2CQIDIX2};
	struct rig *r = *state;

	for (uint32_t c = 0; c < 3; c++)
		for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
			for (uint32_t w = 0; w < 16; w++)
				rig_write_word(r, copies[c], q, w, c << 24 | q << 16 | w);
	for (uint32_t c = 0; c < 3; c++)
		for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
			for (uint32_t w = 0; w < 16; w++)
				assert_int_equal(rig_read_word(r, copies[c], q, w),
						 c << 24 | q << 16 | w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(layouts_of_the_kinds_are_apart),
		ON_BOTH(low_bits_of_a_ring_address_are_dropped),
		ON_BOTH(arbiter_weights_are_kept),
		ON_BOTH(each_group_mode_has_its_window),
		ON_BOTH(left_over_sequence_numbers_mean_nothing),
		ON_BOTH(the_smaller_depth_code_counts),
		ON_BOTH(history_pointers_move_and_load),
		ON_BOTH(pasid_counts_with_its_format_bit_only),
		ON_BOTH(ports_speak_before_the_start_but_queues_do_not_listen),
		ON_BOTH(directed_ports_belong_to_their_domain),
		ON_BOTH(copies_of_the_link_table_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
