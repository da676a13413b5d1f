/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Power and registers of the DLB as a bus sees them, up to the first event: the worked trace of
 * datasheet appendix A with the offsets it prints, and the bytes of appendix B.
 */
#include "dlb_test_case.h"

#define NONE 0u

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
						     0,    0,    0,    0x08, 0x34, 0x12, 0,    8};
	static const unsigned char delivered[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
						    0,    0,    0,    0x08, 0x34, 0x12, 0,    1};
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

/* Bytes 0-13 travel; the second pass turns the generation bit. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
