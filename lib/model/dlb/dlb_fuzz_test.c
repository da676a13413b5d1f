/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A hostile driver: random registers, commands, windows and ring memory. Nothing may crash, hang or
 * write outside its bounds, and once the registers are sane again the device works as before.
 *
 *   dlb_fuzz_test [seed]
 */
#include <inttypes.h>
#include <stdio.h>

#include "dlb_reg_table.h"
#include "dlb_test_case.h"

#define OPERATIONS 200000u

static uint64_t seed = 20260101;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Values that tend to hurt: limits, sizes off by one, single bits, and now and then anything. */
static uint32_t
draw_value(void)
{
	switch (draw() % 6) {
	case 0:
		return 0;
	case 1:
		return (uint32_t)(draw() % 10);
	case 2:
		return UINT32_C(1) << draw() % 32;
	case 3:
		return (UINT32_C(1) << draw() % 32) - 1;
	case 4:
		return (uint32_t)(draw() % 2048);
	default:
		return (uint32_t)draw();
	}
}

/* ---- Hostile operations ---- */

static void
hostile_register(struct rig *r)
{
	unsigned int row = (unsigned int)(draw() % DLB_REG_COUNT);
	const struct reg_row *reg = &dlb_reg_rows[row];
	uint32_t i, w;

	if (!rig_has(r, row) || reg->bar == REG_BAR_VF || reg->access == REG_WINDOW)
		return;
	/* Without power nothing else would be reached. */
	if (row == DLB_CM_CFG_PM_PMCSR_DISABLE && draw() % 64 != 0)
		return;
	i = (uint32_t)(draw() % reg->count[r->version]);
	w = (uint32_t)(draw() % reg->words);
	/* Mostly objects that are in use. */
	if (draw() % 2)
		i %= 4;
	if (draw() % 4 == 0)
		rig_read_word(r, row, i, w);
	else
		rig_write_word(r, row, i, w, draw_value());
}

static struct dlb_qe
hostile_hcw(void)
{
	struct dlb_qe hcw = {draw(), draw()};

	/* Half of them have a chance to be taken. */
	if (draw() % 2)
		hcw.meta = REG_SET(DLB_QE_QID, hcw.meta, draw() % 4);
	if (draw() % 2)
		hcw.meta = REG_SET(DLB_HCW_CMD, hcw.meta, DLB_CMD_NEW);
	return hcw;
}

static void
hostile_line(struct rig *r)
{
	uint32_t port = (uint32_t)(draw() % (DLB_LDB_PORTS + r->dir_ports));
	struct dlb_qe line[4];

	if (draw() % 4 != 0)
		port = draw() % 2 ? port % 4 : RIG_DIR(port % 4);
	for (unsigned int k = 0; k < 4; k++)
		line[k] = hostile_hcw();
	rig_send(r, port, line, 4);
}

/* The other side of the ring memory is not trusted: head indices that lie, lines that change. */
static void
hostile_memory(struct rig *r)
{
	uint32_t *word = r->rings;
	size_t port = draw() % 4 + (draw() % 2 ? 0 : DLB_LDB_PORTS);
	size_t words = dlb_model_ring_bytes() / (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX) / 4;

	/* The first word is what the poster publishes. */
	word[port * words + (draw() % 2 ? 0 : draw() % words)] = draw_value();
}

static void
hostile_offset(struct rig *r)
{
	unsigned char line[64] = {0};
	uint64_t off = draw() >> (draw() % 64);

	switch (draw() % 3) {
	case 0:
		r->dev->ops->read(r->dev, (unsigned int)(draw() % 4), off, 1u << draw() % 4);
		break;
	case 1:
		/* Only where there is nothing: real registers have their turn elsewhere. */
		r->dev->ops->write(r->dev, 1, off, draw(), 4);
		break;
	default:
		r->dev->ops->post(r->dev, (unsigned int)(draw() % 3), off, line,
				  (unsigned int)(draw() % 65));
		break;
	}
}

static void
hostile_operation(struct rig *r, bool with_memory)
{
	switch (draw() % 8) {
	case 0:
	case 1:
	case 2:
		hostile_register(r);
		break;
	case 3:
	case 4:
	case 5:
		hostile_line(r);
		break;
	case 6:
		if (with_memory && draw() % 16 == 0)
			hostile_memory(r);
		else
			hostile_offset(r);
		break;
	default:
		rig_step(r);
		break;
	}
}

/* ---- Back to sanity ---- */

/* Write every register what it starts with; live ones last, as nothing moves them any more. */
static void
registers_to_reset(struct rig *r)
{
	rig_power_on(r);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
			const struct reg_row *reg = &dlb_reg_rows[row];

			if (!rig_has(r, row) || reg->bar != REG_BAR_2 ||
			    row == DLB_CM_CFG_PM_PMCSR_DISABLE)
				continue;
			for (uint32_t i = 0; i < reg->count[r->version]; i++)
				for (uint32_t w = 0; w < reg->words; w++)
					rig_write_word(r, row, i, w, reg->reset[r->version]);
		}
	}
	rig_set_dense(r, false);
}

/* What the queues still hold goes out through one CQ that takes anything from everywhere. */
static void
queues_empty(struct rig *r)
{
	struct rig_queue how = rig_queue_plain();
	uint32_t left = 1;

	r->hist_next = 0;
	rig_ldb_port(r, 0, 0, 1024, 2048);
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++) {
		rig_ldb_queue(r, 0, q, how);
		rig_write(r, DLB_LSP_CQ2QID0, 0, q);
		rig_write(r, DLB_LSP_CQ2PRIOV, 0, 1u << 24);
		for (uint32_t round = 0; round < 100 && rig_depth(r, q) != 0; round++) {
			rig_step(r);
			rig_tokens(r, 0, 1024);
			for (uint32_t n = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0); n > 0; n--)
				rig_complete(r, 0);
		}
		assert_int_equal(rig_depth(r, q), 0);
	}
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		rig_dir_port(r, 0, p, 1024);
		rig_dir_queue(r, 0, p, 10);
	}
	for (uint32_t round = 0; round < 100 && left != 0; round++) {
		rig_step(r);
		left = 0;
		for (uint32_t p = 0; p < r->dir_ports; p++) {
			rig_tokens(r, RIG_DIR(p), 1024);
			left += rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, p);
		}
	}
	assert_int_equal(left, 0);
}

static void
expect_credits(struct rig *r)
{
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 1000; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	assert_int_equal(rig_depth(r, 0), 500);
	rig_enable(r, 0, true);
	rig_step(r);
	for (uint32_t n = 0; n < 500; n++)
		expect_qe(r, 0, n);
	expect_nothing(r, 0);
}

/* The whole device works: as many events as there are credits, in order, all of them back. */
static void
device_works(struct rig *r)
{
	registers_to_reset(r);
	/* Bandwidths count as they were latched. */
	rig_write(r, DLB_LSP_CFG_SHDW_CTRL, 0, 1);
	queues_empty(r);
	registers_to_reset(r);
	r->hist_next = 0;
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	rig_balance(r, 1, 1024, 1024, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, 0, 2048);
	rig_domain(r, 0, r->version == DLB_V20 ? 500 : 250, 250);
	expect_credits(r);
	for (uint32_t n = 0; n < 500; n++)
		rig_finish(r, 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	expect_credits(r);
}

/* ---- Cases ---- */

static void
start(struct rig *r)
{
	print_message("seed %" PRIu64 "\n", seed);
	rig_balance(r, 4, 16, 64, 0);
	for (uint32_t p = 0; p < 4; p++) {
		rig_dir_port(r, 0, p, 16);
		rig_dir_queue(r, 0, p, 10);
	}
	rig_start(r, 0);
}

static void
hostile_driver_breaks_nothing(void **state)
{
	struct rig *r = *state;

	start(r);
	for (uint32_t n = 0; n < OPERATIONS; n++)
		hostile_operation(r, false);
	device_works(r);
}

/* The same where the datasheet is read in the other way. */
static void
hostile_driver_breaks_no_other_reading(void **state)
{
	const struct dlb_model_open_points open = {
		.comp_t_one_token = true,
		.directed_lock_in_qid = true,
		.stage_until_completion = true,
		.lock_modulo = true,
		.weights_are_shares = true,
		.monitors_count = true,
		.asleep_reads_zero = true,
		.threshold_shuns_flows = true,
		.wptr_pass_on_top = true,
	};
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, &open), 0);
	rig_power_on(r);
	rig_set_dense(r, false);
	start(r);
	for (uint32_t n = 0; n < OPERATIONS / 4; n++)
		hostile_operation(r, false);
	device_works(r);
}

/* The device may misread what it was never properly sent, but nothing else. */
static void
hostile_ring_memory_breaks_nothing(void **state)
{
	struct rig *r = *state;

	start(r);
	for (uint32_t n = 0; n < OPERATIONS / 16; n++)
		hostile_operation(r, true);
	rig_power_on(r);
	rig_read(r, DLB_SYS_TOTAL_VAS, 0);
}

/* Strays and lost writes are what it is about here. */
static int
careless_teardown(void **state)
{
	struct rig *r = *state;

	rig_close(r);
	free(r);
	return 0;
}

static const struct dlb_test_bench by_dma = {DLB_V25, TEST_HOST_REFUSE};
static const struct dlb_test_bench in_pieces = {DLB_V20, TEST_HOST_PIECES};

#define CARELESS(f, bench, suffix)                                                               \
	{                                                                                        \
		.name = #f suffix, .test_func = f, .setup_func = dlb_test_setup,                 \
		.teardown_func = careless_teardown, .initial_state = (void *)(uintptr_t)(bench), \
	}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		CARELESS(hostile_driver_breaks_nothing, &dlb_test_v20, " on 2.0"),
		CARELESS(hostile_driver_breaks_nothing, &dlb_test_v25, " on 2.5"),
		CARELESS(hostile_driver_breaks_nothing, &by_dma, " by dma"),
		CARELESS(hostile_driver_breaks_nothing, &in_pieces, " in pieces"),
		CARELESS(hostile_driver_breaks_no_other_reading, &dlb_test_v20, " on 2.0"),
		CARELESS(hostile_driver_breaks_no_other_reading, &dlb_test_v25, " on 2.5"),
		CARELESS(hostile_ring_memory_breaks_nothing, &dlb_test_v20, " on 2.0"),
		CARELESS(hostile_ring_memory_breaks_nothing, &dlb_test_v25, " on 2.5"),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (seed == 0) {
		fprintf(stderr, "seed 0: has to be 1 to 2^64 - 1\n");
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
