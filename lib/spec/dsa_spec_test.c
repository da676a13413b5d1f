/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DSA's facts hold together: no two registers share an address wherever the tables lie, fields
 * fit, reset values say what the datasheet prints. Numbers are typed a second time, so a slip in
 * the table shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_layout.h"

/* Bytes of a page of commands. */
#define PAGE 0x1000u

struct place {
	uint64_t start, end;
	const char *name;
};

static struct place places[8192 * 4];

/* 1.0 as SPR has it, or 2.0 with 64 work queues and 16 groups, its tables elsewhere. */
static struct dsa_layout
layout(enum dsa_column version)
{
	struct dsa_layout_caps caps = {
		.version = version == DSA_V1 ? 0x100 : 0x200,
		.gencap = dsa_reg_rows[DSA_GENCAP].reset[version],
		.wqcap = dsa_reg_rows[DSA_WQCAP].reset[version],
		.grpcap = dsa_reg_rows[DSA_GRPCAP].reset[version],
		.offsets = {dsa_reg_rows[DSA_OFFSETS0].reset[version],
			    dsa_reg_rows[DSA_OFFSETS1].reset[version]},
		.vectors = 9,
		.msix_table = 0x2000,
		.msix_pba = 0x3000,
	};

	if (version == DSA_V2) {
		caps.wqcap = REG_SET(DSA_WQCAP_NUM_WQS, caps.wqcap, 64);
		caps.grpcap = REG_SET(DSA_GRPCAP_NUM_GROUPS, caps.grpcap, 16);
		caps.vectors = 65;
		caps.offsets[0] = REG_PUT(DSA_OFFSETS0_GRPCFG, 0x6) |
				  REG_PUT(DSA_OFFSETS0_WQCFG, 0xa) |
				  REG_PUT(DSA_OFFSETS0_MSIXPERM, 0x2) |
				  REG_PUT(DSA_OFFSETS0_IMS, 0x40);
		caps.offsets[1] = REG_PUT(DSA_OFFSETS1_PERFMON, 0x31) |
				  REG_PUT(DSA_OFFSETS1_IDPT, 0xc0);
	}
	return dsa_layout_of(&caps);
}

static size_t
places_of(const struct dsa_layout *l)
{
	size_t n = 0;

	for (unsigned int r = 0; r < DSA_REG_COUNT; r++) {
		struct reg_row row = dsa_layout_row(l, (enum dsa_reg)r);

		for (uint32_t i = 0; i < row.count[l->version]; i++)
			for (uint32_t w = 0; w < row.words; w++, n++) {
				places[n].start = ((uint64_t)row.bar << 40) +
						  dsa_layout_offset(l, (enum dsa_reg)r, i, w);
				places[n].end = places[n].start +
						(row.access == REG_WINDOW ? PAGE : row.bytes);
				places[n].name = row.name;
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
registers_do_not_overlap_on(enum dsa_column version)
{
	struct dsa_layout l = layout(version);
	size_t n = places_of(&l);

	qsort(places, n, sizeof(places[0]), place_order);
	for (size_t i = 1; i < n; i++) {
		if (places[i].start < places[i - 1].end)
			print_message("%s and %s at 0x%llx\n", places[i - 1].name, places[i].name,
				      (unsigned long long)places[i].start);
		assert_true(places[i].start >= places[i - 1].end);
	}
	for (size_t i = 0; i < n; i++)
		if (places[i].start < UINT64_C(1) << 40)
			assert_true(places[i].end <= DSA_BAR0_BYTES);
}

static void
registers_of_1_0_do_not_overlap(void **state)
{
	(void)state;
	registers_do_not_overlap_on(DSA_V1);
}

static void
registers_of_2_0_do_not_overlap(void **state)
{
	(void)state;
	registers_do_not_overlap_on(DSA_V2);
}

static void
rows_are_whole(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DSA_REG_COUNT; r++) {
		const struct reg_row *row = &dsa_reg_rows[r];

		assert_non_null(row->name);
		assert_true(row->offset[DSA_V2] != REG_NONE && row->count[DSA_V2] >= 1);
		assert_true(row->words >= 1);
		assert_true(row->words == 1 || row->word_stride != 0);
		assert_true(row->count[DSA_V2] == 1 || row->stride != 0);
		assert_int_equal(row->count[DSA_V1],
				 row->offset[DSA_V1] == REG_NONE ? 0 : row->count[DSA_V2]);
		if (row->access == REG_WINDOW)
			continue;
		assert_true(row->bytes == 4 || row->bytes == 8);
		assert_int_equal(row->offset[DSA_V2] % row->bytes, 0);
	}
}

/* ---- Fields ---- */

static uint64_t
mask_of(const struct reg_field *f)
{
	return (~UINT64_C(0) >> (63 - (f->hi - f->lo))) << f->lo;
}

static void
fields_fit_and_do_not_overlap(void **state)
{
	uint64_t named[DSA_REG_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < DSA_REG_FIELD_COUNT; i++) {
		const struct reg_field *f = &dsa_reg_fields[i];

		assert_true(f->lo <= f->hi && f->hi < 8 * dsa_reg_rows[f->row].bytes);
		if (named[f->row] & mask_of(f))
			print_message("%s.%s\n", dsa_reg_rows[f->row].name, f->name);
		assert_int_equal(named[f->row] & mask_of(f), 0);
		named[f->row] |= mask_of(f);
	}
	for (unsigned int r = 0; r < DSA_REG_COUNT; r++)
		for (unsigned int v = 0; v < REG_VERSIONS; v++)
			assert_int_equal(dsa_reg_rows[r].reset[v] & ~named[r], 0);
}

/* ---- What the datasheet prints ---- */

static const struct known {
	enum dsa_reg row;
	uint32_t offset, bytes;
} known[] = {
	{DSA_VERSION, 0x00, 4},   {DSA_GENCAP, 0x10, 8},     {DSA_WQCAP, 0x20, 8},
	{DSA_GRPCAP, 0x30, 8},    {DSA_ENGCAP, 0x38, 8},     {DSA_OPCAP0, 0x40, 8},
	{DSA_OPCAP3, 0x58, 8},    {DSA_OFFSETS0, 0x60, 8},   {DSA_OFFSETS1, 0x68, 8},
	{DSA_GENCFG, 0x80, 4},    {DSA_GENCTRL, 0x88, 4},    {DSA_GENSTS, 0x90, 4},
	{DSA_INTCAUSE, 0x98, 4},  {DSA_CMD, 0xa0, 4},        {DSA_CMDSTATUS, 0xa8, 4},
	{DSA_CMDCAP, 0xb0, 8},    {DSA_SWERROR0, 0xc0, 8},   {DSA_SWERROR3, 0xd8, 8},
	{DSA_EVLCFG0, 0xe0, 8},   {DSA_EVLSTATUS, 0xf0, 8},  {DSA_IDCAP, 0x100, 8},
	{DSA_IDBR, 0x108, 4},     {DSA_DSACAP0, 0x180, 8},   {DSA_DSACAP2, 0x190, 8},
	{DSA_CMDPARAM, 0xe000, 8},
};

static void
fixed_registers_are_where_section_3_1_puts_them(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		const struct reg_row *row = &dsa_reg_rows[known[k].row];

		assert_int_equal(row->offset[DSA_V2], known[k].offset);
		assert_int_equal(row->bytes, known[k].bytes);
		assert_int_equal(dsa_reg_tables[known[k].row], DSA_TABLE_NONE);
	}
}

static void
tables_are_where_spr_has_them(void **state)
{
	struct dsa_layout l = layout(DSA_V1);

	(void)state;
	assert_int_equal(dsa_layout_offset(&l, DSA_MSIXPERM, 8, 0), 0x240);
	assert_int_equal(dsa_layout_offset(&l, DSA_GRPWQCFG, 1, 0), 0x340);
	assert_int_equal(dsa_layout_offset(&l, DSA_GRPWQCFG, 0, 3), 0x318);
	assert_int_equal(dsa_layout_offset(&l, DSA_GRPENGCFG, 3, 0), 0x3e0);
	assert_int_equal(dsa_layout_offset(&l, DSA_GRPFLAGS, 0, 0), 0x328);
	assert_int_equal(dsa_layout_offset(&l, DSA_WQCFG_DW6, 7, 0), 0x4f8);
	assert_int_equal(dsa_layout_offset(&l, DSA_CNTRDATA, 2, 0), 0x1210);
	assert_int_equal(dsa_layout_offset(&l, DSA_FLTCFG_PASID, 1, 0), 0x1334);
	assert_int_equal(dsa_layout_offset(&l, DSA_MSIX_CTRL, 8, 0), 0x208c);
	assert_int_equal(dsa_layout_offset(&l, DSA_MSIX_PBA, 0, 0), 0x3000);
	assert_int_equal(dsa_layout_offset(&l, DSA_PORTAL, 7, 1), 0x1d000);
	/* Not on this version, or not on this device. */
	assert_int_equal(dsa_layout_row(&l, DSA_CMDCAP).count[DSA_V1], 0);
	assert_int_equal(dsa_layout_row(&l, DSA_WQCFG_OPCFG).count[DSA_V1], 0);
	assert_int_equal(dsa_layout_row(&l, DSA_IDPT_DW0).count[DSA_V1], 0);
}

static void
tables_follow_offsets_and_capabilities(void **state)
{
	struct dsa_layout l = layout(DSA_V2);
	struct reg_row rows[DSA_REG_COUNT];

	(void)state;
	dsa_layout_rows(&l, rows);
	assert_int_equal(dsa_layout_offset(&l, DSA_MSIXPERM, 64, 0), 0x400);
	assert_int_equal(dsa_layout_offset(&l, DSA_GRPENGCFG, 15, 0), 0x9e0);
	/* The stride is of WQCAP. */
	assert_int_equal(dsa_layout_offset(&l, DSA_WQCFG_DW2, 63, 0), 0x19c8);
	assert_int_equal(dsa_layout_offset(&l, DSA_WQCFG_OPCFG, 1, 3), 0xa78);
	assert_int_equal(dsa_layout_offset(&l, DSA_CNTRCFG, 1, 0), 0x3208);
	assert_int_equal(rows[DSA_WQCFG_DW0].count[DSA_V2], 64);
	assert_int_equal(rows[DSA_GRPFLAGS].count[DSA_V2], 16);
	assert_int_equal(rows[DSA_MSIX_CTRL].count[DSA_V2], 65);
	assert_int_equal(rows[DSA_MSIX_PBA].count[DSA_V2], 2);
	assert_int_equal(rows[DSA_PORTAL].count[DSA_V2], 64);
	assert_int_equal(rows[DSA_IMS_CTRL].count[DSA_V2], 2048);
}

static void
spr_says_what_it_can_do(void **state)
{
	uint64_t gencap = dsa_reg_rows[DSA_GENCAP].reset[DSA_V1];
	uint64_t wqcap = dsa_reg_rows[DSA_WQCAP].reset[DSA_V1];
	uint64_t grpcap = dsa_reg_rows[DSA_GRPCAP].reset[DSA_V1];

	(void)state;
	assert_int_equal(dsa_reg_rows[DSA_VERSION].reset[DSA_V1], 0x100);
	assert_int_equal(REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, gencap), 31);
	assert_int_equal(REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, gencap), 10);
	assert_int_equal(REG_GET(DSA_GENCAP_IMS_SIZE, gencap), 8);
	assert_int_equal(REG_GET(DSA_GENCAP_CONFIG_SUPPORT, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_EVENT_LOG, gencap), 0);
	assert_int_equal(REG_GET(DSA_WQCAP_TOTAL_WQ_SIZE, wqcap), 128);
	assert_int_equal(REG_GET(DSA_WQCAP_NUM_WQS, wqcap), 8);
	assert_int_equal(REG_GET(DSA_WQCAP_WQCFG_SIZE, wqcap), 0);
	assert_int_equal(REG_GET(DSA_WQCAP_SHARED_MODE, wqcap), 1);
	assert_int_equal(REG_GET(DSA_WQCAP_DEDICATED_MODE, wqcap), 1);
	assert_int_equal(REG_GET(DSA_WQCAP_PRIORITY, wqcap), 1);
	assert_int_equal(REG_GET(DSA_WQCAP_OP_CONFIG, wqcap), 0);
	assert_int_equal(REG_GET(DSA_GRPCAP_NUM_GROUPS, grpcap), 4);
	assert_int_equal(REG_GET(DSA_GRPCAP_TOTAL_READ_BUFFERS, grpcap), 96);
	assert_int_equal(dsa_reg_rows[DSA_ENGCAP].reset[DSA_V1], 4);
	assert_int_equal(dsa_reg_rows[DSA_OPCAP0].reset[DSA_V1], 0x1003f03ff);
	assert_int_equal(dsa_reg_rows[DSA_GENCFG].reset[DSA_V1], 96);
	assert_int_equal(REG_GET(DSA_GRPFLAGS_RB_ALLOWED, dsa_reg_rows[DSA_GRPFLAGS].reset[0]), 96);
}

static void
second_version_adds_what_section_0_3_lists(void **state)
{
	uint64_t gencap = dsa_reg_rows[DSA_GENCAP].reset[DSA_V2];
	uint64_t wqcap = dsa_reg_rows[DSA_WQCAP].reset[DSA_V2];
	uint64_t opcap = dsa_reg_rows[DSA_OPCAP0].reset[DSA_V2];

	(void)state;
	assert_int_equal(dsa_reg_rows[DSA_VERSION].reset[DSA_V2], 0x200);
	assert_int_equal(REG_GET(DSA_GENCAP_CMD_CAP, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_EVENT_LOG, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_FILL16, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_CRC64, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_CR_FAULT_INFO, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_BATCH_CONTINUATION, gencap), 1);
	assert_int_equal(REG_GET(DSA_GENCAP_INTER_DOMAIN, gencap), 0);
	assert_int_equal(REG_GET(DSA_WQCAP_OP_CONFIG, wqcap), 1);
	assert_int_equal(REG_GET(DSA_WQCAP_WQ_PRS_SUPPORT, wqcap), 1);
	assert_int_equal(REG_GET(DSA_WQCAP_WQCFG_SIZE, wqcap), 1);
	assert_int_equal(opcap, dsa_reg_rows[DSA_OPCAP0].reset[DSA_V1] |
					REG_PUT(DSA_OPCAP0_OP_0A_TRANSLATION_FETCH, 1) |
					REG_PUT(DSA_OPCAP0_OP_17_DIX_GENERATE, 1));
	/* Codes 1 to 12, and those for interrupt handles. */
	assert_int_equal(dsa_reg_rows[DSA_CMDCAP].reset[DSA_V2], 0x7ffe);
	assert_int_equal(DSA_COMMAND_WQ_BIT(21) | DSA_COMMAND_WQ_BIT(22), 0x10060);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_of_1_0_do_not_overlap),
		cmocka_unit_test(registers_of_2_0_do_not_overlap),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(fields_fit_and_do_not_overlap),
		cmocka_unit_test(fixed_registers_are_where_section_3_1_puts_them),
		cmocka_unit_test(tables_are_where_spr_has_them),
		cmocka_unit_test(tables_follow_offsets_and_capabilities),
		cmocka_unit_test(spr_says_what_it_can_do),
		cmocka_unit_test(second_version_adds_what_section_0_3_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
