/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Consumer queues: generation bits, layouts, and ways into host memory. Datasheet section 4.8.
 */
#include "dlb_test_case.h"

/* ---- Generation bit ---- */

/* Every slot is right at the moment it is written and stays so until it comes round again. */
static void
check_generation(struct rig *r, uint32_t port, uint32_t depth, uint32_t wraps)
{
	for (uint32_t n = 0; n < wraps * depth; n++) {
		struct dlb_qe before = rig_slot(r, port, n % depth), after;
		uint32_t gen = n / depth % 2 == 0;

		/* Untouched: the pass before, or zeroed memory. */
		assert_int_equal(REG_GET(DLB_QE_GEN, before.meta), !gen);
		if (port < DLB_LDB_PORTS)
			rig_new(r, DLB_UNORDERED, 0, 0, n);
		else
			rig_new(r, DLB_DIRECTED, port - DLB_LDB_PORTS, 0, n);
		rig_step(r);
		after = rig_slot(r, port, n % depth);
		assert_int_equal(REG_GET(DLB_QE_GEN, after.meta), gen);
		assert_int_equal(after.data, n);
		expect_qe(r, port, n);
		expect_nothing(r, port);
		rig_finish(r, port);
	}
}

static void
generation_turns_each_wrap_at_depth_8(void **state)
{
	rig_balance(*state, 1, 8, 8, RIG_NOT_ORDERED);
	check_generation(*state, 0, 8, 4);
}

static void
generation_turns_each_wrap_at_depth_1024(void **state)
{
	rig_balance(*state, 1, 1024, 1024, RIG_NOT_ORDERED);
	check_generation(*state, 0, 1024, 4);
}

static void
generation_turns_each_wrap_dense_at_depth_8(void **state)
{
	rig_set_dense(*state, true);
	rig_balance(*state, 1, 8, 8, RIG_NOT_ORDERED);
	check_generation(*state, 0, 8, 4);
}

static void
generation_turns_each_wrap_dense_at_depth_1024(void **state)
{
	rig_set_dense(*state, true);
	rig_balance(*state, 1, 1024, 1024, RIG_NOT_ORDERED);
	check_generation(*state, 0, 1024, 4);
}

static void
generation_turns_each_wrap_of_a_directed_cq(void **state)
{
	struct rig *r = *state;
	uint32_t p = r->dir_ports - 1;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, p, 32);
	rig_dir_queue(r, 0, p, 10);
	rig_start(r, 0);
	check_generation(r, RIG_DIR(p), 32, 4);
}

/* WPTR written 0 starts a new first pass on a zeroed ring (4.8). */
static void
writing_the_write_pointer_restarts_the_ring(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	check_generation(r, 0, 8, 1);
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_WPTR, 0) & 7, 0);
	memset(r->host.memory, 0, 8 * 64);
	rig_write(r, DLB_CHP_LDB_CQ_WPTR, 0, 0);
	r->port[0].next = 0;
	check_generation(r, 0, 8, 1);
}

/* Sparse CQs leave bytes 16-63 of a line alone or pad them; dense ones use every 16 bytes. */
static void
dense_ring_packs_four_to_a_line(void **state)
{
	struct rig *r = *state;
	struct dlb_qe *ring;

	rig_set_dense(r, true);
	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 16; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, 0x100 + n);
	rig_step(r);
	ring = (struct dlb_qe *)(void *)r->host.memory;
	for (uint32_t n = 0; n < 16; n++)
		assert_int_equal(ring[n].data, 0x100 + n);
	assert_int_equal(ring[16].meta, 0);
}

/* ---- Host memory ---- */

static const struct dlb_test_bench by_dma = {DLB_V25, TEST_HOST_REFUSE};
static const struct dlb_test_bench in_pieces = {DLB_V20, TEST_HOST_PIECES};

static void
ring_without_a_pointer_is_written_by_dma(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	check_generation(r, 0, 64, 4);
	assert_int_equal(r->host.maps, 0);
	assert_int_equal(r->host.dmas, 4 * 64);
}

static void
ring_that_is_not_in_one_piece_is_written_whole(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	check_generation(r, 0, 64, 4);
}

/* Part of the ring lies outside the memory of the host: those writes are lost, nothing else is. */
static void
ring_outside_host_memory_is_never_touched(void **state)
{
	struct rig *r = *state;
	uint64_t last_line = TEST_HOST_IOVA + r->host.size - 64;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_enable(r, 0, false);
	rig_write(r, DLB_SYS_LDB_CQ_ADDR_L, 0, (uint32_t)last_line);
	rig_write(r, DLB_SYS_LDB_CQ_ADDR_U, 0, (uint32_t)(last_line >> 32));
	rig_enable(r, 0, true);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	rig_step(r);
	assert_int_equal(r->host.faults, 7);
	r->host.faults = 0;
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(generation_turns_each_wrap_at_depth_8),
		ON_V25(generation_turns_each_wrap_at_depth_1024),
		ON_BOTH(generation_turns_each_wrap_dense_at_depth_8),
		ON_V20(generation_turns_each_wrap_dense_at_depth_1024),
		ON_BOTH(generation_turns_each_wrap_of_a_directed_cq),
		ON_BOTH(writing_the_write_pointer_restarts_the_ring),
		ON_BOTH(dense_ring_packs_four_to_a_line),
		DLB_TEST_CASE(ring_without_a_pointer_is_written_by_dma, &by_dma, ""),
		DLB_TEST_CASE(ring_that_is_not_in_one_piece_is_written_whole, &in_pieces, ""),
		ON_BOTH(ring_outside_host_memory_is_never_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
