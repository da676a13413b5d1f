/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Power, registers and windows of the DLB as a bus sees them, up to the first event: the worked trace
 * of datasheet appendix A with the offsets it prints, and the bytes of appendix B.
 */
#include "dlb_test_case.h"

#define NONE      0u
#define PLAIN_RUN 1000u

/* ---- Power, section 1.6 ---- */

static void
sleeping_device_answers_only_the_power_register(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, NULL), 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 0xffffffff);
	assert_int_equal(rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0), 0xffffffff);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 1);
	rig_write(r, DLB_LSP_CQ2PRIOV, 3, 0x01000000);
	rig_power_on(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 0x20);
	assert_int_equal(rig_read(r, DLB_LSP_CQ2PRIOV, 3), 0);
}

static void
awake_device_reports_ready(void **state)
{
	struct rig *r = *state;
	uint32_t pm = rig_read(r, DLB_CM_CFG_PM_STATUS, 0);

	assert_int_equal(pm >> 24, 1);
	assert_int_equal(pm, 0x0100403e);
	assert_int_equal(rig_read(r, DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, 0), 0x9d0fffff);
	assert_int_equal(rig_read(r, DLB_CM_DIAG_RESET_STS, 0), 0x80000bff);
}

static void
totals_tell_the_version(void **state)
{
	struct rig *r = *state;

	if (r->version == DLB_V20) {
		assert_int_equal(rig_read(r, DLB_SYS_TOTAL_LDB_CRDS, 0), 8192);
		assert_int_equal(rig_read(r, DLB_SYS_TOTAL_DIR_CRDS, 0), 4096);
		assert_int_equal(rig_read(r, DLB_SYS_TOTAL_DIR_PORTS, 0), 64);
	} else {
		assert_int_equal(rig_read(r, DLB_SYS_TOTAL_CREDITS, 0), 16384);
		assert_int_equal(rig_read(r, DLB_SYS_TOTAL_DIR_PORTS, 0), 96);
	}
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_LDB_PORTS, 0), 64);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_LDB_QID, 0), 32);
	rig_write(r, DLB_SYS_TOTAL_VAS, 0, 5);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
}

/* Section 3.22: two read-modify-write steps. */
static void
cq_layout_bits_are_kept(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, NULL), 0);
	rig_power_on(r);
	assert_int_equal(rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0), 0x00180002);
	rig_write(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0, 0x00180002 | 1u << 17);
	rig_write(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0,
		  rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0) | 1u << 18);
	assert_int_equal(rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0), 0x001e0002);
}

/* ---- Appendix A ---- */

struct access {
	char op;
	uint32_t offset[2];
	uint32_t value;
};

/* The trace, line by line. Lines 3 and 1, 2 belong to one version each. */
static const struct access trace[] = {
	{'W', {0x40080000, NONE}, 0x400},
	{'W', {0x40000000, NONE}, 0x200},
	{'W', {NONE, 0x40000000}, 0x400},
	{'W', {0x10000f24, 0x10000f24}, 0},
	{'W', {0xa0d80000, 0x90f00000}, 0x800},
	{'W', {0xa0a80000, 0x90c00000}, 0x40},
	{'W', {0x20080000, 0x20080000}, 5},
	{'W', {0x10000f54, 0x10000f54}, 0},
	{'W', {0xa2080000, 0x92200000}, 0x100},
	{'W', {0xa2100000, 0x92280000}, 0x100},
	{'W', {0x20000000, 0x20000000}, 0x200},
	{'W', {0x40180000, 0x40100000}, 0},
	{'W', {0x10000f58, 0x10000f58}, 2},
	{'W', {0x10000f50, 0x10000f50}, 1},
	{'W', {0x10000f80, 0x10000f80}, 0x23456000},
	{'W', {0x10000f84, 0x10000f84}, 1},
	{'W', {0x10000f94, 0x10000f94}, 0x30},
	{'W', {0x40b80000, 0x40d00000}, 2},
	{'W', {0xa0580000, 0x90600000}, 0},
	{'W', {0xa0600000, 0x90680000}, 2},
	{'W', {0x40c80000, 0x40e00000}, 0},
	{'W', {0x40780000, 0x40800000}, 0x1f},
	{'W', {0x40700000, 0x40780000}, 0},
	{'W', {0xa0500000, 0x90500000}, 0x20},
	{'W', {0x40880000, 0x40900000}, 0},
	{'W', {0x40800000, 0x40880000}, 0},
	{'W', {0x10000f9c, NONE}, 0},
	{'W', {0x10000fa0, 0x10000f9c}, 0},
	{'W', {0x40d00000, 0x40e80000}, 0},
	{'W', {0xa0000000, 0x90000000}, 0},
	{'W', {0x10000f88, 0x10000f88}, 0},
	{'W', {0x10000f90, 0x10000f90}, 1},
	{'W', {0xa0400000, 0x90400000}, 0},
	{'R', {0x1000011c, 0x10000114}, 0x20},
	{'W', {0x10000fc0, 0x10000fc0}, 0x23458000},
	{'W', {0x10000fc4, 0x10000fc4}, 1},
	{'W', {0x10000fd4, 0x10000fd4}, 0x30},
	{'W', {0x40500000, 0x40580000}, 1},
	{'W', {0xa0200000, 0x90200000}, 0},
	{'W', {0xa0280000, 0x90280000}, 1},
	{'W', {0x40600000, 0x40680000}, 0},
	{'W', {0x10000fec, 0x10000fec}, 0},
	{'W', {0x10000fdc, NONE}, 0},
	{'W', {0x10000fe0, 0x10000fdc}, 0},
	{'W', {0x40680000, 0x40700000}, 0},
	{'W', {0x10000fc8, 0x10000fc8}, 0},
	{'W', {0x10000fd0, 0x10000fd0}, 1},
	{'W', {0xa0180000, 0x90180000}, 0},
	{'R', {0x1000011c, 0x10000114}, 0x20},
	{'W', {0xa0400000, 0x90400000}, 1},
	{'R', {0x1000011c, 0x10000114}, 0x20},
	{'R', {0xa0000000, 0x90000000}, 0},
	{'W', {0xa0000000, 0x90000000}, 0x01000000},
	{'R', {0xa0080000, 0x90080000}, 0},
	{'W', {0xa0080000, 0x90080000}, 0},
	{'R', {0x30080000, 0x30080000}, 0},
	{'R', {0xa0e00000, 0x90f80000}, 0},
	{'R', {0xa1600000, 0x91780000}, 0},
	{'W', {0x30080000, 0x30080000}, 1},
	{'W', {0xa0e00000, 0x90f80000}, 1},
	{'W', {0xa1600000, 0x91780000}, 1},
	{'R', {0x1000011c, 0x10000114}, 0x20},
	{'W', {0xa0400000, 0x90400000}, 0},
	{'R', {0x1000011c, 0x10000114}, 0x20},
	{'W', {0x10000f28, 0x10000f28}, 0},
	{'W', {0x10000f64, 0x10000f64}, 0},
	{'W', {0xa0980000, 0x90a00000}, 0x100},
	{'W', {0x10000f60, 0x10000f60}, 1},
	{'W', {0x10000f24, 0x10000f24}, 1},
	{'W', {0x10000f28, 0x10000f28}, 1},
	{'R', {0x1000011c, 0x10000114}, 0x20},
};

#define LDB_RING (0x123456000 - TEST_HOST_IOVA)
#define DIR_RING (0x123458000 - TEST_HOST_IOVA)

static void
trace_replay(struct rig *r)
{
	for (size_t k = 0; k < sizeof(trace) / sizeof(trace[0]); k++) {
		uint32_t off = trace[k].offset[r->version];

		if (off == NONE)
			continue;
		if (trace[k].op == 'W')
			r->dev->ops->write(r->dev, 2, off, trace[k].value, 4);
		else
			assert_int_equal(r->dev->ops->read(r->dev, 2, off, 4), trace[k].value);
	}
}

static void
post_bytes(struct rig *r, uint64_t page, const unsigned char bytes[16])
{
	unsigned char line[64] = {0};

	memcpy(line, bytes, 16);
	r->dev->ops->post(r->dev, 0, page, line, 64);
}

static void
worked_trace_leads_to_a_delivered_event(void **state)
{
	static const unsigned char new_atomic[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
						     0,	   0,	 0,    0x08, 0x34, 0x12, 0,    8};
	static const unsigned char delivered[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
						    0,	  0,	0,    0x08, 0x34, 0x12, 0,    1};
	static const unsigned char one_token[16] = {[15] = 0x01}, comp[16] = {[15] = 0x02};
	struct rig *r = *state;

	trace_replay(r);
	post_bytes(r, 0x02100000, new_atomic);
	rig_step(r);
	assert_memory_equal(r->host.memory + LDB_RING, delivered, 16);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 1);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 1);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 1);
	post_bytes(r, 0x02100000, one_token);
	post_bytes(r, 0x02100000, comp);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_QID_LDB_INFL_CNT, 0), 0);
}

/* Bytes 0-9 travel; the second pass turns the generation bit; every field of bytes 10-13 is kept. */
static void
worked_trace_carries_bytes_as_appendix_b_shows(void **state)
{
	unsigned char hcw[16] = {1, 2, 3, 4, 5, 6, 7, 8, 0xcd, 0xab, 0, 0xa9, 0x34, 0x12, 0, 8};
	unsigned char expected[16];
	struct rig *r = *state;

	trace_replay(r);
	for (uint32_t n = 0; n < 3 * 16; n++) {
		hcw[0] = (unsigned char)n;
		post_bytes(r, 0x02100000, hcw);
		rig_step(r);
		memcpy(expected, hcw, 16);
		expected[15] = n / 16 % 2 == 0;
		assert_memory_equal(r->host.memory + LDB_RING + 64 * (n % 16), expected, 16);
		post_bytes(r, 0x02100000, (const unsigned char[16]){[15] = 0x03});
	}
}

static void
worked_trace_feeds_the_directed_port(void **state)
{
	/* NEW to DIR queue 0, priority 7, shuffled as known drivers do: bytes 10-11 twice. */
	static const unsigned char hcw[16] = {0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
					      0,    0,    0x00, 0x1f, 0x00, 0x1f, 0,    8};
	unsigned char expected[16];
	struct rig *r = *state;

	trace_replay(r);
	post_bytes(r, 0x02000000, hcw);
	rig_step(r);
	memcpy(expected, hcw, 16);
	expected[15] = 1;
	assert_memory_equal(r->host.memory + DIR_RING, expected, 16);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, 0), 1);
}

static void
tables_of_links_are_stored_exactly(void **state)
{
	struct rig *r = *state;

	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		for (uint32_t w = 0; w < 16; w++)
			rig_write_word(r, DLB_LSP_QID2CQIDIX, q, w, q << 16 | w << 8 | 1);
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		for (uint32_t w = 0; w < 16; w++)
			assert_int_equal(rig_read_word(r, DLB_LSP_QID2CQIDIX, q, w),
					 q << 16 | w << 8 | 1);
	assert_int_equal(rig_read_word(r, DLB_LSP_QID2CQIDIX2, 3, 3), 0);
}

/* ---- Producer-port windows, section 4.1 ---- */

/* What a driver's profiling sends before any port is valid (5.2), to every port of the device. */
static void
lines_to_invalid_ports_are_discarded(void **state)
{
	const struct dlb_qe hcw = rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 1, 0);
	struct rig *r = *state;
	uint32_t ports = DLB_LDB_PORTS + r->dir_ports;

	for (uint32_t p = 0; p < ports; p++)
		for (uint32_t n = 0; n < PLAIN_RUN; n++)
			rig_send_one(r, p, hcw);
	rig_step(r);
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, p), 0);
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p), 0);
	}
	/* None of it is there when the port becomes valid. */
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 7);
	rig_step(r);
	expect_qe(r, 0, 7);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 1);
}

static void
lines_sent_before_a_port_is_valid_are_not_kept(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_LDB_PP_V, RIG_PRODUCER, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_write(r, DLB_SYS_LDB_PP_V, RIG_PRODUCER, 1);
	rig_new(r, DLB_UNORDERED, 0, 0, 2);
	rig_step(r);
	expect_qe(r, 0, 2);
	expect_nothing(r, 0);
}

static void
alias_windows_and_any_line_of_a_page_reach_the_port(void **state)
{
	struct dlb_qe line[4] = {{0, 0}};
	struct rig *r = *state;

	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++) {
		line[0] = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, n);
		r->dev->ops->post(r->dev, 0,
				  (n % 2 ? 0x02300000 : 0x02100000) + 0x1000 * RIG_PRODUCER +
					  (n / 2 ? 0xfc0 : 0),
				  line, 64);
	}
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, 0, n);
}

static void
alias_window_of_a_directed_port_reaches_it(void **state)
{
	const struct dlb_qe hcw = rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 5, 0, 0, 99);
	struct rig *r = *state;

	rig_domain(r, 0, 100, 100);
	rig_dir_port(r, 0, 5, 8);
	rig_dir_queue(r, 0, 5, 10);
	rig_start(r, 0);
	r->dev->ops->post(r->dev, 0, 0x02200000 + 0x1000 * 5, &hcw, 16);
	rig_step(r);
	expect_qe(r, RIG_DIR(5), 99);
}

static void
sixteen_byte_posts_are_one_command(void **state)
{
	struct rig *r = *state;
	struct dlb_qe hcw;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	hcw = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 42);
	r->dev->ops->post(r->dev, 0, rig_offset(r, DLB_LDB_PP, RIG_PRODUCER), &hcw, 16);
	rig_step(r);
	expect_qe(r, 0, 42);
	expect_nothing(r, 0);
}

static void
four_commands_of_a_line_are_done_in_order(void **state)
{
	struct dlb_qe line[4];
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 4; n++)
		line[n] = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, n);
	rig_send(r, RIG_PRODUCER, line, 4);
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, 0, n);
}

static void
reads_of_a_port_page_see_to_earlier_lines(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_fence(r, RIG_PRODUCER);
	assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0), 1);
}

/* A poster with a full ring admits its own lines; time stands still until somebody steps. */
static void
full_ring_loses_nothing_and_schedules_nothing(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 1024, 1024, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 700; n++)
		rig_new(r, DLB_UNORDERED, 0, 0, n);
	expect_nothing(r, 0);
	rig_step(r);
	for (uint32_t n = 0; n < 700; n++)
		expect_qe(r, 0, n);
	expect_nothing(r, 0);
}

/* ---- Strays ---- */

static int
stray_teardown(void **state)
{
	struct rig *r = *state;

	rig_close(r);
	free(r);
	return 0;
}

#define STRAY_CASE(f) {#f, f, dlb_test_setup, stray_teardown, (void *)(uintptr_t)&dlb_test_v25}

static void
offsets_without_a_register_are_strays(void **state)
{
	static const uint64_t nowhere[] = {0x1, 0x10000f91, 0x10000ffc, 0x40000004, 0xfffffffc,
					   UINT64_C(0x100000000)};
	struct rig *r = *state;
	uint64_t strays = 0;

	for (size_t k = 0; k < sizeof(nowhere) / sizeof(nowhere[0]); k++) {
		assert_int_equal(r->dev->ops->read(r->dev, 2, nowhere[k], 4), 0);
		assert_int_equal(dlb_model_stray(r->dev), ++strays);
		r->dev->ops->write(r->dev, 2, nowhere[k], 1, 4);
		assert_int_equal(dlb_model_stray(r->dev), ++strays);
	}
}

static void
accesses_of_the_wrong_size_are_strays(void **state)
{
	struct rig *r = *state;

	r->dev->ops->read(r->dev, 2, rig_offset(r, DLB_SYS_TOTAL_VAS, 0), 8);
	r->dev->ops->write(r->dev, 2, rig_offset(r, DLB_LSP_CQ2PRIOV, 0), 1, 2);
	assert_int_equal(dlb_model_stray(r->dev), 2);
	assert_int_equal(rig_read(r, DLB_LSP_CQ2PRIOV, 0), 0);
}

static void
posts_outside_the_windows_are_strays(void **state)
{
	static const uint64_t nowhere[] = {0, 0x01ffffc0, 0x02060000, 0x02140000, 0x02260000,
					   0x02340000, 0x02400000, UINT64_C(0x102000000)};
	struct rig *r = *state;
	unsigned char line[64] = {0};

	for (size_t k = 0; k < sizeof(nowhere) / sizeof(nowhere[0]); k++)
		r->dev->ops->post(r->dev, 0, nowhere[k], line, 64);
	assert_int_equal(dlb_model_stray(r->dev), sizeof(nowhere) / sizeof(nowhere[0]));
	r->dev->ops->post(r->dev, 2, 0x02000000, line, 64);
	r->dev->ops->post(r->dev, 0, 0x02000000, line, 32);
	assert_int_equal(dlb_model_stray(r->dev), sizeof(nowhere) / sizeof(nowhere[0]) + 2);
}

/* ---- Life ---- */

static void
bad_configurations_are_refused(void **state)
{
	struct rig *r = *state;
	struct dlb_model_config config = {.version = DLB_V20, .ring_memory = r->rings};
	struct bus_device *dev = NULL;

	config.version = (enum dlb_version)7;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	config.version = DLB_V25;
	config.ring_memory = NULL;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	config.ring_memory = (char *)r->rings + 8;
	assert_int_equal(dlb_model_create(&config, &r->host.host, &dev), -EINVAL);
	assert_null(dev);
	dlb_model_destroy(NULL);
}

/* Regions cover both bars without overlap, and name a ring for every producer port. */
static void
regions_name_every_port_once(void **state)
{
	struct bus_region region[512];
	struct rig *r = *state;
	int n = r->dev->ops->describe(r->dev, region, 512), rings = 0;
	uint64_t end[3] = {0};

	assert_in_range(n, 1, 512);
	assert_int_equal(r->dev->ops->describe(r->dev, region, 0), n);
	r->dev->ops->describe(r->dev, region, 512);
	for (int i = 0; i < n; i++) {
		assert_in_range(region[i].bar, 0, 2);
		assert_int_equal(region[i].offset, end[region[i].bar]);
		end[region[i].bar] += region[i].size;
		if (region[i].kind != BUS_LINE_RING)
			continue;
		rings++;
		assert_int_equal(region[i].size, 4096);
		assert_non_null(region[i].memory);
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(region[k].memory, region[i].memory);
	}
	assert_int_equal(rings, DLB_LDB_PORTS + (int)r->dir_ports);
	assert_int_equal(end[0], 0x04000000);
	assert_int_equal(end[2], UINT64_C(0x100000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(sleeping_device_answers_only_the_power_register),
		ON_BOTH(awake_device_reports_ready),
		ON_BOTH(totals_tell_the_version),
		ON_BOTH(cq_layout_bits_are_kept),
		ON_BOTH(worked_trace_leads_to_a_delivered_event),
		ON_BOTH(worked_trace_carries_bytes_as_appendix_b_shows),
		ON_BOTH(worked_trace_feeds_the_directed_port),
		ON_BOTH(tables_of_links_are_stored_exactly),
		ON_BOTH(lines_to_invalid_ports_are_discarded),
		ON_BOTH(lines_sent_before_a_port_is_valid_are_not_kept),
		ON_BOTH(alias_windows_and_any_line_of_a_page_reach_the_port),
		ON_BOTH(alias_window_of_a_directed_port_reaches_it),
		ON_BOTH(sixteen_byte_posts_are_one_command),
		ON_BOTH(four_commands_of_a_line_are_done_in_order),
		ON_BOTH(reads_of_a_port_page_see_to_earlier_lines),
		ON_BOTH(full_ring_loses_nothing_and_schedules_nothing),
		STRAY_CASE(offsets_without_a_register_are_strays),
		STRAY_CASE(accesses_of_the_wrong_size_are_strays),
		STRAY_CASE(posts_outside_the_windows_are_strays),
		ON_BOTH(bad_configurations_are_refused),
		ON_BOTH(regions_name_every_port_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
