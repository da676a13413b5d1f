/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The facts hold together: no two registers share an address, fields fit, both versions are whole.
 * Numbers here are typed from the datasheet a second time, so a slip in the table shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_hcw.h"
#include "dlb_reg_table.h"

/* Bytes of one port's page in a producer-port window. */
#define PAGE 0x1000

struct place {
	uint64_t start, end;
	const char *name;
};

static bool
present(const struct reg_row *row, unsigned int version)
{
	return row->offset[version] != REG_NONE;
}

static bool
is_port_window(const struct reg_row *row)
{
	return row->access == REG_WINDOW && row->stride == PAGE;
}

/* ---- Places ---- */

static size_t
places_count(unsigned int version)
{
	size_t n = 0;

	for (unsigned int r = 0; r < DLB_REG_COUNT; r++)
		if (present(&dlb_reg_rows[r], version))
			n += (size_t)dlb_reg_rows[r].count[version] * dlb_reg_rows[r].words;
	return n;
}

static size_t
places_of_row(const struct reg_row *row, unsigned int version, struct place *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < row->count[version]; i++) {
		for (uint32_t w = 0; w < row->words; w++, n++) {
			out[n].start = ((uint64_t)row->bar << 40) + row->offset[version] +
				       (uint64_t)i * row->stride + (uint64_t)w * row->word_stride;
			out[n].end = out[n].start + (is_port_window(row) ? PAGE : 4);
			out[n].name = row->name;
		}
	}
	return n;
}

static int
place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void
check_no_overlap(unsigned int version)
{
	size_t total = places_count(version), n = 0;
	struct place *place = calloc(total, sizeof(*place));

	assert_non_null(place);
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++)
		if (present(&dlb_reg_rows[r], version))
			n += places_of_row(&dlb_reg_rows[r], version, place + n);
	assert_int_equal(n, total);
	qsort(place, n, sizeof(*place), place_order);
	for (size_t i = 1; i < n; i++) {
		if (place[i].start < place[i - 1].end)
			print_message("%s and %s share 0x%llx\n", place[i - 1].name, place[i].name,
				      (unsigned long long)place[i].start);
		assert_true(place[i].start >= place[i - 1].end);
	}
	free(place);
}

static void
registers_of_2_0_do_not_overlap(void **state)
{
	(void)state;
	check_no_overlap(DLB_V20);
}

static void
registers_of_2_5_do_not_overlap(void **state)
{
	(void)state;
	check_no_overlap(DLB_V25);
}

static void
registers_are_aligned_and_inside_their_bar(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		for (unsigned int v = 0; v < REG_VERSIONS; v++) {
			if (!present(row, v))
				continue;
			assert_int_equal(row->offset[v] % 4, 0);
			assert_int_equal(row->stride % 4, 0);
			assert_int_equal(row->word_stride % 4, 0);
			if (row->bar != REG_BAR_2)
				assert_true(row->offset[v] +
						    (uint64_t)(row->count[v] - 1) * row->stride <
					    0x4000000);
		}
	}
}

static void
absent_registers_have_no_instances(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		for (unsigned int v = 0; v < REG_VERSIONS; v++) {
			if (present(row, v))
				assert_true(row->count[v] >= 1 && row->words >= 1);
			else
				assert_int_equal(row->count[v], 0);
			/* More than one instance needs a step between them. */
			if (row->count[v] > 1)
				assert_true(row->stride != 0);
			if (row->words > 1)
				assert_true(row->word_stride != 0);
		}
		assert_true(present(row, DLB_V20) || present(row, DLB_V25));
	}
}

/* ---- Fields ---- */

static void
fields_fit_their_register(void **state)
{
	(void)state;
	for (size_t f = 0; f < DLB_REG_FIELD_COUNT; f++) {
		const struct reg_field *field = &dlb_reg_fields[f];

		assert_true(field->row < DLB_REG_COUNT);
		assert_true(field->lo <= field->hi);
		assert_true(field->hi < 32);
		assert_true(field->versions >= 1 && field->versions <= 3);
		for (unsigned int v = 0; v < REG_VERSIONS; v++)
			if (field->versions == 1u << v)
				assert_true(present(&dlb_reg_rows[field->row], v));
	}
}

static uint32_t
field_mask(const struct reg_field *field)
{
	return (uint32_t)((~UINT64_C(0) >> (63 - (field->hi - field->lo))) << field->lo);
}

/* Bits some field of the register names, on one version; checks that none names them twice. */
static uint32_t
named_bits(unsigned int row, unsigned int version)
{
	uint32_t named = 0;

	for (size_t f = 0; f < DLB_REG_FIELD_COUNT; f++) {
		const struct reg_field *field = &dlb_reg_fields[f];

		if (field->row != row || !(field->versions >> version & 1))
			continue;
		if (named & field_mask(field))
			print_message("%s.%s overlaps\n", dlb_reg_rows[row].name, field->name);
		assert_int_equal(named & field_mask(field), 0);
		named |= field_mask(field);
	}
	return named;
}

static void
fields_of_a_version_do_not_overlap(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++)
		for (unsigned int v = 0; v < REG_VERSIONS; v++)
			if (present(&dlb_reg_rows[r], v))
				named_bits(r, v);
}

static void
reset_values_fit_the_fields(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DLB_REG_COUNT; r++) {
		const struct reg_row *row = &dlb_reg_rows[r];

		for (unsigned int v = 0; v < REG_VERSIONS; v++) {
			if (!present(row, v) || row->access == REG_WINDOW)
				continue;
			if (row->reset[v] & ~named_bits(r, v))
				print_message("%s: reset 0x%llx has bits no field names\n", row->name,
					      (unsigned long long)row->reset[v]);
			assert_int_equal(row->reset[v] & ~named_bits(r, v), 0);
		}
	}
}

static void
field_macros_take_and_put_the_printed_bits(void **state)
{
	(void)state;
	assert_int_equal(REG_MASK(DLB_LSP_CQ2PRIOV_V), 0xff000000);
	assert_int_equal(REG_GET(DLB_LSP_CQ2PRIOV_V, 0x81234567), 0x81);
	assert_int_equal(REG_PUT(DLB_LSP_CQ2PRIOV_V, 0x1ff), 0xff000000);
	assert_int_equal(REG_SET(DLB_LSP_CQ2PRIOV_PRIO, 0xffffffff, 5), 0xff000005);
	assert_int_equal(REG_MASK(DLB_PF_VF2PF_MAILBOX_MSG), 0xffffffff);
}

/* ---- Completeness ---- */

/* Registers and windows the datasheet gives each version. Two that it gives 2.5 as well have no
 * known offset there.
 */
#define REGISTERS_V20 308
#define REGISTERS_V25 (309 - 2)

static unsigned int
registers_of(unsigned int version)
{
	unsigned int n = 0;

	for (unsigned int r = 0; r < DLB_REG_COUNT; r++)
		n += present(&dlb_reg_rows[r], version);
	return n;
}

static void
both_versions_are_complete(void **state)
{
	(void)state;
	assert_int_equal(registers_of(DLB_V20), REGISTERS_V20);
	assert_int_equal(registers_of(DLB_V25), REGISTERS_V25);
}

/* Offsets that the worked trace of appendix A, the probe of 12.1 and section 3 print. */
static const struct known {
	enum dlb_reg row;
	uint32_t offset[REG_VERSIONS];
	uint32_t count[REG_VERSIONS];
} known[] = {
	{DLB_CHP_CFG_LDB_VAS_CRD, {0x40080000, REG_NONE}, {32, 0}},
	{DLB_CHP_CFG_DIR_VAS_CRD, {0x40000000, REG_NONE}, {32, 0}},
	{DLB_CHP_CFG_VAS_CRD, {REG_NONE, 0x40000000}, {0, 32}},
	{DLB_SYS_LDB_VASQID_V, {0x10000f24, 0x10000f24}, {32 * 32, 32 * 32}},
	{DLB_SYS_DIR_VASQID_V, {0x10000f28, 0x10000f28}, {32 * 64, 32 * 96}},
	{DLB_LSP_QID_LDB_INFL_LIM, {0xa0d80000, 0x90f00000}, {32, 32}},
	{DLB_LSP_QID_AQED_ACTIVE_LIM, {0xa0a80000, 0x90c00000}, {32, 32}},
	{DLB_AQED_QID_HID_WIDTH, {0x20080000, 0x20080000}, {32, 32}},
	{DLB_SYS_LDB_QID_ITS, {0x10000f54, 0x10000f54}, {32, 32}},
	{DLB_LSP_QID_ATM_DEPTH_THRSH, {0xa2080000, 0x92200000}, {32, 32}},
	{DLB_LSP_QID_NALDB_DEPTH_THRSH, {0xa2100000, 0x92280000}, {32, 32}},
	{DLB_AQED_QID_FID_LIM, {0x20000000, 0x20000000}, {32, 32}},
	{DLB_CHP_ORD_QID_SN_MAP, {0x40180000, 0x40100000}, {32, 32}},
	{DLB_CHP_ORD_QID_SN, {0x40100000, 0x40080000}, {32, 32}},
	{DLB_SYS_LDB_QID_CFG_V, {0x10000f58, 0x10000f58}, {32, 32}},
	{DLB_SYS_LDB_QID_V, {0x10000f50, 0x10000f50}, {32, 32}},
	{DLB_SYS_LDB_CQ_ADDR_L, {0x10000f80, 0x10000f80}, {64, 64}},
	{DLB_SYS_LDB_CQ_ADDR_U, {0x10000f84, 0x10000f84}, {64, 64}},
	{DLB_SYS_LDB_CQ2VF_PF_RO, {0x10000f94, 0x10000f94}, {64, 64}},
	{DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, {0x40b80000, 0x40d00000}, {64, 64}},
	{DLB_LSP_CQ_LDB_TKN_CNT, {0xa0580000, 0x90600000}, {64, 64}},
	{DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, {0xa0600000, 0x90680000}, {64, 64}},
	{DLB_CHP_LDB_CQ_WPTR, {0x40c80000, 0x40e00000}, {64, 64}},
	{DLB_CHP_HIST_LIST_LIM, {0x40780000, 0x40800000}, {64, 64}},
	{DLB_CHP_HIST_LIST_BASE, {0x40700000, 0x40780000}, {64, 64}},
	{DLB_LSP_CQ_LDB_INFL_LIM, {0xa0500000, 0x90500000}, {64, 64}},
	{DLB_CHP_HIST_LIST_PUSH_PTR, {0x40880000, 0x40900000}, {64, 64}},
	{DLB_CHP_HIST_LIST_POP_PTR, {0x40800000, 0x40880000}, {64, 64}},
	{DLB_SYS_LDB_CQ_AT, {0x10000f9c, REG_NONE}, {64, 0}},
	{DLB_SYS_LDB_CQ_PASID, {0x10000fa0, 0x10000f9c}, {64, 64}},
	{DLB_CHP_LDB_CQ2VAS, {0x40d00000, 0x40e80000}, {64, 64}},
	{DLB_LSP_CQ2PRIOV, {0xa0000000, 0x90000000}, {64, 64}},
	{DLB_LSP_CQ2QID0, {0xa0080000, 0x90080000}, {64, 64}},
	{DLB_LSP_CQ2QID1, {0xa0100000, 0x90100000}, {64, 64}},
	{DLB_SYS_LDB_PP2VAS, {0x10000f88, 0x10000f88}, {64, 64}},
	{DLB_SYS_LDB_PP_V, {0x10000f90, 0x10000f90}, {64, 64}},
	{DLB_LSP_CQ_LDB_DSBL, {0xa0400000, 0x90400000}, {64, 64}},
	{DLB_LSP_CQ_LDB_INFL_CNT, {0xa0480000, 0x90480000}, {64, 64}},
	{DLB_SYS_TOTAL_VAS, {0x1000011c, 0x10000114}, {1, 1}},
	{DLB_SYS_TOTAL_LDB_CRDS, {0x10000104, REG_NONE}, {1, 0}},
	{DLB_SYS_TOTAL_DIR_CRDS, {0x10000108, REG_NONE}, {1, 0}},
	{DLB_SYS_TOTAL_CREDITS, {REG_NONE, 0x10000100}, {0, 1}},
	{DLB_SYS_DIR_CQ_ADDR_L, {0x10000fc0, 0x10000fc0}, {64, 96}},
	{DLB_SYS_DIR_CQ_ADDR_U, {0x10000fc4, 0x10000fc4}, {64, 96}},
	{DLB_SYS_DIR_CQ2VF_PF_RO, {0x10000fd4, 0x10000fd4}, {64, 96}},
	{DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, {0x40500000, 0x40580000}, {64, 96}},
	{DLB_LSP_CQ_DIR_TKN_CNT, {0xa0200000, 0x90200000}, {64, 96}},
	{DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, {0xa0280000, 0x90280000}, {64, 96}},
	{DLB_CHP_DIR_CQ_WPTR, {0x40600000, 0x40680000}, {64, 96}},
	{DLB_SYS_DIR_CQ_FMT, {0x10000fec, 0x10000fec}, {64, 96}},
	{DLB_SYS_DIR_CQ_AT, {0x10000fdc, REG_NONE}, {64, 0}},
	{DLB_SYS_DIR_CQ_PASID, {0x10000fe0, 0x10000fdc}, {64, 96}},
	{DLB_CHP_DIR_CQ2VAS, {0x40680000, 0x40700000}, {64, 96}},
	{DLB_SYS_DIR_PP2VAS, {0x10000fc8, 0x10000fc8}, {64, 96}},
	{DLB_SYS_DIR_PP_V, {0x10000fd0, 0x10000fd0}, {64, 96}},
	{DLB_LSP_CQ_DIR_DSBL, {0xa0180000, 0x90180000}, {64, 96}},
	{DLB_ATM_QID2CQIDIX, {0x30080000, 0x30080000}, {32, 32}},
	{DLB_LSP_QID2CQIDIX, {0xa0e00000, 0x90f80000}, {32, 32}},
	{DLB_LSP_QID2CQIDIX2, {0xa1600000, 0x91780000}, {32, 32}},
	{DLB_SYS_DIR_QID_ITS, {0x10000f64, 0x10000f64}, {64, 96}},
	{DLB_LSP_QID_DIR_DEPTH_THRSH, {0xa0980000, 0x90a00000}, {64, 96}},
	{DLB_SYS_DIR_QID_V, {0x10000f60, 0x10000f60}, {64, 96}},
	{DLB_CM_CFG_PM_PMCSR_DISABLE, {0xb4000018, 0xa4000018}, {1, 1}},
	{DLB_CM_CFG_PM_STATUS, {0xb4000014, 0xa4000014}, {1, 1}},
	{DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, {0xb4000004, 0xa4000004}, {1, 1}},
	{DLB_CHP_CFG_CHP_CSR_CTRL, {0x44000008, 0x44000008}, {1, 1}},
	{DLB_RO_GRP_SN_MODE, {0x94000000, 0x84000000}, {1, 1}},
	{DLB_LSP_LDB_SCHED_CTRL, {0xa400002c, 0x9400002c}, {1, 1}},
	{DLB_LSP_QID_LDB_INFL_CNT, {0xa0d00000, 0x90e80000}, {32, 32}},
	{DLB_LSP_QID_LDB_ENQUEUE_CNT, {0xa0c80000, 0x90e00000}, {32, 32}},
	{DLB_LSP_QID_AQED_ACTIVE_CNT, {0xa0a00000, 0x90b80000}, {32, 32}},
	{DLB_LSP_QID_ATM_ACTIVE, {0xa2180000, 0x92300000}, {32, 32}},
	{DLB_LSP_QID_DIR_ENQUEUE_CNT, {0xa0900000, 0x90980000}, {64, 96}},
	{DLB_LSP_CFG_CQ_LDB_WU_LIMIT, {REG_NONE, 0x90b00000}, {0, 64}},
	{DLB_SYS_DIR_CQ_OPT_CLR, {0x100004c0, REG_NONE}, {1, 0}},
	{DLB_SYS_WB_DIR_CQ_STATE, {REG_NONE, 0x11c00000}, {0, 96}},
	{DLB_DIR_PP, {0x02000000, 0x02000000}, {64, 96}},
	{DLB_LDB_PP, {0x02100000, 0x02100000}, {64, 64}},
	{DLB_DIR_PP_ALIAS, {0x02200000, 0x02200000}, {64, 96}},
	{DLB_LDB_PP_ALIAS, {0x02300000, 0x02300000}, {64, 64}},
};

static void
well_known_registers_are_where_the_datasheet_puts_them(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		const struct reg_row *row = &dlb_reg_rows[known[k].row];

		for (unsigned int v = 0; v < REG_VERSIONS; v++) {
			if (row->offset[v] != known[k].offset[v] ||
			    row->count[v] != known[k].count[v])
				print_message("%s, version column %u\n", row->name, v);
			assert_int_equal(row->offset[v], known[k].offset[v]);
			assert_int_equal(row->count[v], known[k].count[v]);
		}
	}
}

static void
reset_values_are_the_printed_ones(void **state)
{
	static const struct {
		enum dlb_reg row;
		uint32_t reset;
	} resets[] = {
		{DLB_SYS_TOTAL_VAS, 0x20},
		{DLB_SYS_TOTAL_LDB_CRDS, 0x2000},
		{DLB_SYS_TOTAL_DIR_CRDS, 0x1000},
		{DLB_SYS_TOTAL_CREDITS, 0x4000},
		{DLB_CHP_CFG_CHP_CSR_CTRL, 0x180002},
		{DLB_LSP_CQ_LDB_DSBL, 1},
		{DLB_LSP_CQ_DIR_DSBL, 1},
		{DLB_AQED_QID_FID_LIM, 0x7ff},
		{DLB_CHP_LDB_CQ_TMR_THRSH, 1},
		{DLB_CHP_DIR_CQ_TMR_THRSH, 1},
		{DLB_LSP_CFG_SHDW_RANGE_COS, 0x40},
		{DLB_CM_CFG_PM_STATUS, 0x100403e},
		{DLB_CM_DIAG_RESET_STS, 0x80000bff},
		{DLB_CM_CFG_PM_PMCSR_DISABLE, 1},
		{DLB_CHP_CFG_LDB_WD_DISABLE0, ~0u},
		{DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0xfffefdfc},
		{DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, 0x9d0fffff},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(resets) / sizeof(resets[0]); k++)
		for (unsigned int v = 0; v < REG_VERSIONS; v++)
			if (present(&dlb_reg_rows[resets[k].row], v))
				assert_int_equal(dlb_reg_rows[resets[k].row].reset[v],
						 resets[k].reset);
}

/* ---- HCW layout: appendix B ---- */

static uint64_t
enqueue_meta(enum dlb_cmd cmd, enum dlb_sched sched, uint32_t prio, uint32_t qid, uint32_t lock)
{
	return REG_PUT(DLB_QE_QID, qid) | REG_PUT(DLB_QE_SCHED, sched) |
	       REG_PUT(DLB_QE_PRIO, prio) | REG_PUT(DLB_QE_LOCK, lock) | REG_PUT(DLB_HCW_CMD, cmd);
}

static void
expect_bytes(struct dlb_qe qe, const unsigned char bytes[16])
{
	assert_memory_equal(&qe, bytes, 16);
}

static void
hcw_bytes_are_those_of_appendix_b(void **state)
{
	const uint64_t data = 0x1122334455667788, some = 0xdddddddddddddddd;

	(void)state;
	expect_bytes((struct dlb_qe){data, enqueue_meta(DLB_CMD_NEW, DLB_ATOMIC, 2, 5, 0x1234)},
		     (const unsigned char[16]){0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0,
					       0x05, 0x08, 0x34, 0x12, 0, 0x08});
	expect_bytes((struct dlb_qe){data, enqueue_meta(DLB_CMD_FWD, DLB_ATOMIC, 2, 5, 0x1234)},
		     (const unsigned char[16]){0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0,
					       0x05, 0x08, 0x34, 0x12, 0, 0x0a});
	expect_bytes((struct dlb_qe){some, enqueue_meta(DLB_CMD_NEW, DLB_ORDERED, 0, 6, 0)},
		     (const unsigned char[16]){0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0, 0,
					       0x06, 0x02, 0, 0, 0, 0x08});
	expect_bytes((struct dlb_qe){some, enqueue_meta(DLB_CMD_NEW, DLB_DIRECTED, 7, 3, 0x1f03)},
		     (const unsigned char[16]){0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0, 0,
					       0x03, 0x1f, 0x03, 0x1f, 0, 0x08});
	expect_bytes((struct dlb_qe){0, REG_PUT(DLB_HCW_CMD, DLB_CMD_COMP)},
		     (const unsigned char[16]){[15] = 0x02});
	expect_bytes((struct dlb_qe){0, REG_PUT(DLB_HCW_CMD, DLB_CMD_BAT_T) |
						REG_PUT(DLB_HCW_TOKENS, 16 - 1)},
		     (const unsigned char[16]){[12] = 0x0f, [15] = 0x01});
	expect_bytes((struct dlb_qe){0, REG_PUT(DLB_HCW_CMD, DLB_CMD_ARM)},
		     (const unsigned char[16]){[15] = 0x05});
}

static void
delivered_bytes_are_read_as_appendix_b_says(void **state)
{
	static const unsigned char first[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
						0,    0,    0x05, 0x08, 0x34, 0x12, 0,    0x03};
	struct dlb_qe qe;

	(void)state;
	memcpy(&qe, first, 16);
	assert_int_equal(qe.data, 0x1122334455667788);
	assert_int_equal(REG_GET(DLB_QE_QID, qe.meta), 5);
	assert_int_equal(REG_GET(DLB_QE_PRIO, qe.meta), 2);
	assert_int_equal(REG_GET(DLB_QE_SCHED, qe.meta), DLB_ATOMIC);
	assert_int_equal(REG_GET(DLB_QE_LOCK, qe.meta), 0x1234);
	assert_int_equal(REG_GET(DLB_QE_GEN, qe.meta), 1);
	assert_int_equal(REG_GET(DLB_QE_DEPTH, qe.meta), 1);
	assert_int_equal(REG_GET(DLB_QE_ERROR, qe.meta), 0);
}

static void
limits_are_those_of_section_2(void **state)
{
	(void)state;
	assert_int_equal(DLB_LDB_CREDITS, 8192);
	assert_int_equal(DLB_DIR_CREDITS, 4096);
	assert_int_equal(DLB_CREDITS, 16384);
	assert_int_equal(DLB_HIST_ENTRIES, 2048);
	assert_int_equal(DLB_AQED_ENTRIES, 2048);
	assert_int_equal(DLB_CQ_ENTRIES(DLB_CQ_CODE_MIN), 8);
	assert_int_equal(DLB_CQ_ENTRIES(DLB_CQ_CODE_MAX), 1024);
	assert_int_equal(DLB_SN_MIN << (DLB_SN_MODES - 1), DLB_SN_PER_GROUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_of_2_0_do_not_overlap),
		cmocka_unit_test(registers_of_2_5_do_not_overlap),
		cmocka_unit_test(registers_are_aligned_and_inside_their_bar),
		cmocka_unit_test(absent_registers_have_no_instances),
		cmocka_unit_test(fields_fit_their_register),
		cmocka_unit_test(fields_of_a_version_do_not_overlap),
		cmocka_unit_test(reset_values_fit_the_fields),
		cmocka_unit_test(field_macros_take_and_put_the_printed_bits),
		cmocka_unit_test(both_versions_are_complete),
		cmocka_unit_test(well_known_registers_are_where_the_datasheet_puts_them),
		cmocka_unit_test(reset_values_are_the_printed_ones),
		cmocka_unit_test(hcw_bytes_are_those_of_appendix_b),
		cmocka_unit_test(delivered_bytes_are_read_as_appendix_b_says),
		cmocka_unit_test(limits_are_those_of_section_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
