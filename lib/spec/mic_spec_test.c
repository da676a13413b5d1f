/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The MIC X100's facts hold together, and say what the datasheet's register table says, each number
 * of which is typed a second time here: a slip in the rows shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_boot.h"
#include "mic_desc.h"
#include "mic_reg_table.h"

/* ---- The register table ---- */

static const struct known {
	enum mic_reg row;
	uint32_t block, offset, count, stride;
	enum reg_access access;
	uint32_t reset;
} known[] = {
	{MIC_POSTCODE, MIC_DBOX, 0x242c, 1, 0x0, REG_RO, 0x3130},
	{MIC_THERMAL_STATUS, MIC_SBOX, 0x1018, 1, 0x0, REG_RO, 0},
	{MIC_BOARD_TEMP1, MIC_SBOX, 0x1030, 1, 0x0, REG_RO, 0},
	{MIC_BOARD_TEMP2, MIC_SBOX, 0x1034, 1, 0x0, REG_RO, 0},
	{MIC_CURRENT_DIE_TEMP, MIC_SBOX, 0x103c, 3, 0x4, REG_RO, 0},
	{MIC_MAX_DIE_TEMP, MIC_SBOX, 0x1048, 3, 0x4, REG_RO, 0},
	{MIC_ELAPSED_TIME_LOW, MIC_SBOX, 0x1074, 1, 0x0, REG_RO, 0},
	{MIC_ELAPSED_TIME_HIGH, MIC_SBOX, 0x1078, 1, 0x0, REG_RO, 0},
	{MIC_SMPT, MIC_SBOX, 0x3100, 32, 0x4, REG_RW, 0},
	{MIC_RGCR, MIC_SBOX, 0x4010, 1, 0x0, REG_RW, 0},
	{MIC_COREFREQ, MIC_SBOX, 0x4100, 1, 0x0, REG_RW, 0x80010416},
	{MIC_COREVOLT, MIC_SBOX, 0x4104, 1, 0x0, REG_RW, 0},
	{MIC_MEMORYFREQ, MIC_SBOX, 0x4108, 1, 0x0, REG_RW, 0},
	{MIC_MEMVOLT, MIC_SBOX, 0x410c, 1, 0x0, REG_RW, 0},
	{MIC_PCI_REVISION_SHADOW, MIC_SBOX, 0x5808, 1, 0x0, REG_RO, 0xb400011},
	{MIC_PCIE_BAR_ENABLE, MIC_SBOX, 0x5cd4, 1, 0x0, REG_RW, 0},
	{MIC_MSIX_ADDR_LO, MIC_SBOX, 0x7000, 16, 0x10, REG_RW, 0},
	{MIC_MSIX_ADDR_HI, MIC_SBOX, 0x7004, 16, 0x10, REG_RW, 0},
	{MIC_MSIX_DATA, MIC_SBOX, 0x7008, 16, 0x10, REG_RW, 0},
	{MIC_MSIX_CTRL, MIC_SBOX, 0x700c, 16, 0x10, REG_RW, 0x1},
	{MIC_MSIX_PBA, MIC_SBOX, 0x8000, 1, 0x0, REG_RO, 0},
	{MIC_SYSINT_DEBUG, MIC_SBOX, 0x9000, 1, 0x0, REG_RW, 0},
	{MIC_SICR0, MIC_SBOX, 0x9004, 1, 0x0, REG_RW1C, 0},
	{MIC_SICS0, MIC_SBOX, 0x9008, 1, 0x0, REG_RW1S, 0},
	{MIC_SICE0, MIC_SBOX, 0x900c, 1, 0x0, REG_RW1S, 0},
	{MIC_SICC0, MIC_SBOX, 0x9010, 1, 0x0, REG_WO, 0},
	{MIC_SIAC0, MIC_SBOX, 0x9014, 1, 0x0, REG_RW, 0},
	{MIC_ITP_DOORBELL, MIC_SBOX, 0x9030, 1, 0x0, REG_RW, 0},
	{MIC_MXAR, MIC_SBOX, 0x9044, 16, 0x4, REG_RW, 0},
	{MIC_MSIXPBACR, MIC_SBOX, 0x9084, 1, 0x0, REG_WO, 0},
	{MIC_DCAR, MIC_SBOX, 0xa000, 8, 0x40, REG_RW, 0x3000000},
	{MIC_DHPR, MIC_SBOX, 0xa004, 8, 0x40, REG_RW, 0},
	{MIC_DTPR, MIC_SBOX, 0xa008, 8, 0x40, REG_RO, 0},
	{MIC_DAUX_LO, MIC_SBOX, 0xa00c, 8, 0x40, REG_RW, 0},
	{MIC_DAUX_HI, MIC_SBOX, 0xa010, 8, 0x40, REG_RW, 0},
	{MIC_DRAR_LO, MIC_SBOX, 0xa014, 8, 0x40, REG_RW, 0},
	{MIC_DRAR_HI, MIC_SBOX, 0xa018, 8, 0x40, REG_RW, 0},
	{MIC_DITR, MIC_SBOX, 0xa01c, 8, 0x40, REG_RW, 0},
	{MIC_DSTAT, MIC_SBOX, 0xa020, 8, 0x40, REG_RO, 0},
	{MIC_DSTATWB_LO, MIC_SBOX, 0xa024, 8, 0x40, REG_RW, 0},
	{MIC_DSTATWB_HI, MIC_SBOX, 0xa028, 8, 0x40, REG_RW, 0},
	{MIC_DCHERR, MIC_SBOX, 0xa02c, 8, 0x40, REG_RW1C, 0},
	{MIC_DCHERRMSK, MIC_SBOX, 0xa030, 8, 0x40, REG_RW, 0},
	{MIC_DCR, MIC_SBOX, 0xa280, 1, 0x0, REG_RW, 0x5555},
	{MIC_DQAR, MIC_SBOX, 0xa284, 1, 0x0, REG_RW, 0},
	{MIC_DQDR, MIC_SBOX, 0xa288, 4, 0x4, REG_RO, 0},
	{MIC_DMA_MISC, MIC_SBOX, 0xa2a4, 1, 0x0, REG_RW, 0},
	{MIC_DMA_LOCK, MIC_SBOX, 0xa400, 1, 0x0, REG_RW, 0},
	{MIC_APIC_ID, MIC_SBOX, 0xa800, 1, 0x0, REG_RW, 0},
	{MIC_APIC_VERSION, MIC_SBOX, 0xa804, 1, 0x0, REG_RO, 0},
	{MIC_APIC_PRIORITY, MIC_SBOX, 0xa808, 1, 0x0, REG_RW, 0},
	{MIC_APICRT, MIC_SBOX, 0xa840, 26, 0x8, REG_RW, 0},
	{MIC_APICICR_LO, MIC_SBOX, 0xa9d0, 8, 0x8, REG_RW, 0},
	{MIC_APICICR_HI, MIC_SBOX, 0xa9d4, 8, 0x8, REG_RW, 0},
	{MIC_SPAD0, MIC_SBOX, 0xab20, 1, 0x0, REG_RW, 0x4000000},
	{MIC_SPAD1, MIC_SBOX, 0xab24, 1, 0x0, REG_RW, 0},
	{MIC_SPAD2, MIC_SBOX, 0xab28, 1, 0x0, REG_RW, 0},
	{MIC_SPAD3, MIC_SBOX, 0xab2c, 1, 0x0, REG_RW, 0},
	{MIC_SPAD4, MIC_SBOX, 0xab30, 1, 0x0, REG_RW, 0x2800e6cf},
	{MIC_SPAD5, MIC_SBOX, 0xab34, 1, 0x0, REG_RW, 0},
	{MIC_SPAD6, MIC_SBOX, 0xab38, 1, 0x0, REG_RW, 0},
	{MIC_SPAD7, MIC_SBOX, 0xab3c, 1, 0x0, REG_RW, 0},
	{MIC_SPAD8_12, MIC_SBOX, 0xab40, 5, 0x4, REG_RW, 0},
	{MIC_SPAD13, MIC_SBOX, 0xab54, 1, 0x0, REG_RW, 0},
	{MIC_SPAD14, MIC_SBOX, 0xab58, 1, 0x0, REG_RW, 0},
	{MIC_SPAD15, MIC_SBOX, 0xab5c, 1, 0x0, REG_RW, 0},
	{MIC_RDMASR, MIC_SBOX, 0xb180, 8, 0x4, REG_RW, 0},
	{MIC_SDBIC, MIC_SBOX, 0xcc90, 4, 0x4, REG_RW, 0},
	{MIC_MARKER_DISABLE, MIC_SBOX, 0xcca0, 1, 0x0, REG_RW, 0},
	{MIC_MARKER_ASSERT, MIC_SBOX, 0xcca4, 1, 0x0, REG_RW, 0},
	{MIC_MARKER_SEND, MIC_SBOX, 0xcca8, 1, 0x0, REG_RW, 0},
};

/* Register, field, its lowest bit and its width. */
static const struct known_field {
	enum mic_reg row;
	const char *name;
	uint8_t lsb, width;
} known_fields[] = {
	{MIC_POSTCODE, "CHAR0", 0, 8}, {MIC_POSTCODE, "CHAR1", 8, 8},
	{MIC_THERMAL_STATUS, "TMU_TEMP", 22, 9}, {MIC_THERMAL_STATUS, "VALID", 31, 1},
	{MIC_BOARD_TEMP1, "INLET", 0, 9}, {MIC_BOARD_TEMP1, "INLET_VALID", 15, 1},
	{MIC_BOARD_TEMP1, "VCCP_VR", 16, 9}, {MIC_BOARD_TEMP1, "VCCP_VALID", 31, 1},
	{MIC_BOARD_TEMP2, "GDDR", 0, 9}, {MIC_BOARD_TEMP2, "GDDR_VALID", 15, 1},
	{MIC_BOARD_TEMP2, "GDDR_VR", 16, 9}, {MIC_BOARD_TEMP2, "GDDR_VR_VALID", 31, 1},
	{MIC_CURRENT_DIE_TEMP, "T0", 0, 10}, {MIC_CURRENT_DIE_TEMP, "T1", 10, 10},
	{MIC_CURRENT_DIE_TEMP, "T2", 20, 10}, {MIC_MAX_DIE_TEMP, "T0", 0, 10},
	{MIC_MAX_DIE_TEMP, "T1", 10, 10}, {MIC_MAX_DIE_TEMP, "T2", 20, 10},
	{MIC_SMPT, "NO_SNOOP", 0, 1}, {MIC_SMPT, "RSVD", 1, 1}, {MIC_SMPT, "HOST_PAGE", 2, 30},
	{MIC_RGCR, "RESET", 0, 1}, {MIC_RGCR, "OTHER", 1, 31}, {MIC_COREFREQ, "RATIO", 0, 12},
	{MIC_COREFREQ, "FUSE_RATIO", 15, 1}, {MIC_COREFREQ, "ASYNC", 16, 1},
	{MIC_COREFREQ, "STEP", 26, 4}, {MIC_COREFREQ, "JUMP", 30, 1},
	{MIC_COREFREQ, "BOOTED", 31, 1}, {MIC_COREVOLT, "VID", 0, 8},
	{MIC_PCI_REVISION_SHADOW, "REVISION", 0, 8}, {MIC_PCI_REVISION_SHADOW, "CLASS", 8, 24},
	{MIC_MSIX_ADDR_LO, "ADDR", 0, 32}, {MIC_MSIX_ADDR_HI, "ADDR", 0, 32},
	{MIC_MSIX_DATA, "DATA", 0, 32}, {MIC_MSIX_CTRL, "MASK", 0, 1},
	{MIC_MSIX_PBA, "PENDING", 0, 16}, {MIC_SICR0, "DBR", 0, 4}, {MIC_SICR0, "RSVD0", 4, 4},
	{MIC_SICR0, "DMA", 8, 8}, {MIC_SICR0, "RSVD1", 16, 8}, {MIC_SICR0, "DISP", 24, 3},
	{MIC_SICR0, "RSVD2", 27, 3}, {MIC_SICR0, "SBOXERR", 30, 1}, {MIC_SICR0, "SPIDONE", 31, 1},
	{MIC_SICE0, "DBR", 0, 4}, {MIC_SICE0, "RSVD0", 4, 4}, {MIC_SICE0, "DMA", 8, 8},
	{MIC_SICC0, "DBR", 0, 4}, {MIC_SICC0, "RSVD0", 4, 4}, {MIC_SICC0, "DMA", 8, 8},
	{MIC_SIAC0, "DBR", 0, 4}, {MIC_SIAC0, "RSVD0", 4, 4}, {MIC_SIAC0, "DMA", 8, 8},
	{MIC_MXAR, "DBR", 0, 4}, {MIC_MXAR, "RSVD0", 4, 4}, {MIC_MXAR, "DMA", 8, 8},
	{MIC_MSIXPBACR, "CLEAR", 0, 1}, {MIC_DCAR, "IM0", 24, 1}, {MIC_DCAR, "IM1", 25, 1},
	{MIC_DCAR, "IS0", 26, 1}, {MIC_DHPR, "HEAD", 0, 17}, {MIC_DTPR, "TAIL", 0, 17},
	{MIC_DRAR_LO, "RSVD", 0, 6}, {MIC_DRAR_LO, "BASE_LO", 6, 26},
	{MIC_DRAR_HI, "BASE_HI", 0, 4}, {MIC_DRAR_HI, "SIZE", 4, 17}, {MIC_DRAR_HI, "SMPT", 21, 5},
	{MIC_DRAR_HI, "SYS", 26, 1}, {MIC_DRAR_HI, "RSVD", 27, 5}, {MIC_DSTAT, "CMP_CNT", 0, 17},
	{MIC_DSTAT, "STATUS", 28, 4}, {MIC_DCHERR, "ERR", 0, 32}, {MIC_DCR, "CO0", 0, 1},
	{MIC_DCR, "CE0", 1, 1}, {MIC_DCR, "CO1", 2, 1}, {MIC_DCR, "CE1", 3, 1},
	{MIC_DCR, "CO2", 4, 1}, {MIC_DCR, "CE2", 5, 1}, {MIC_DCR, "CO3", 6, 1},
	{MIC_DCR, "CE3", 7, 1}, {MIC_DCR, "CO4", 8, 1}, {MIC_DCR, "CE4", 9, 1},
	{MIC_DCR, "CO5", 10, 1}, {MIC_DCR, "CE5", 11, 1}, {MIC_DCR, "CO6", 12, 1},
	{MIC_DCR, "CE6", 13, 1}, {MIC_DCR, "CO7", 14, 1}, {MIC_DCR, "CE7", 15, 1},
	{MIC_DCR, "ARB_H", 16, 8}, {MIC_DCR, "ARB_L", 24, 7}, {MIC_DCR, "PRIO_EN", 31, 1},
	{MIC_APIC_ID, "ID", 23, 9}, {MIC_APIC_VERSION, "VERSION", 0, 8},
	{MIC_APIC_VERSION, "MAX_LVT", 16, 8}, {MIC_APICRT, "ENTRY", 0, 64},
	{MIC_APICICR_LO, "VECTOR", 0, 8}, {MIC_APICICR_LO, "DLV_MODE", 8, 3},
	{MIC_APICICR_LO, "DST_MODE", 11, 1}, {MIC_APICICR_LO, "DLV_STAT", 12, 1},
	{MIC_APICICR_LO, "SEND", 13, 1}, {MIC_APICICR_LO, "LEVEL", 14, 1},
	{MIC_APICICR_LO, "TRIG", 15, 1}, {MIC_APICICR_LO, "SHORTHAND", 18, 2},
	{MIC_APICICR_HI, "DEST", 0, 32}, {MIC_SPAD0, "MEMTEST_DIS", 0, 1},
	{MIC_SPAD0, "USAGE", 1, 2}, {MIC_SPAD0, "SIZE_KB", 3, 29}, {MIC_SPAD2, "READY", 0, 1},
	{MIC_SPAD2, "APIC_ID", 1, 9}, {MIC_SPAD2, "RSVD", 10, 2}, {MIC_SPAD2, "LOAD_ADDR", 12, 20},
	{MIC_SPAD4, "THREAD_MASK", 0, 4}, {MIC_SPAD4, "L2", 4, 2},
	{MIC_SPAD4, "MEM_CHANNELS", 6, 4}, {MIC_SPAD4, "ICC_DIV", 25, 5},
	{MIC_SPAD4, "SOFT_RESET", 30, 1}, {MIC_SPAD4, "INTERNAL_FLASH", 31, 1},
	{MIC_SPAD13, "SUBSTEP", 0, 4}, {MIC_SPAD13, "STEP", 4, 4}, {MIC_SPAD13, "PLATFORM", 18, 2},
	{MIC_SDBIC, "DBREQ", 31, 1},
};

static void
rows_are_as_the_table_has_them(void **state)
{
	(void)state;
	assert_int_equal(sizeof(known) / sizeof(known[0]), MIC_REG_COUNT);
	for (size_t k = 0; k < MIC_REG_COUNT; k++) {
		const struct reg_row *row = &mic_reg_rows[known[k].row];

		assert_int_equal(known[k].row, k);
		assert_int_equal(row->bar, REG_BAR_4);
		for (unsigned int v = 0; v < REG_VERSIONS; v++) {
			assert_int_equal(row->offset[v], known[k].block + known[k].offset);
			assert_int_equal(row->count[v], known[k].count);
			assert_int_equal(row->reset[v], known[k].reset);
		}
		assert_int_equal(row->stride, known[k].stride);
		assert_int_equal(row->words, 1);
		assert_int_equal(row->access, known[k].access);
		assert_int_equal(row->bytes, k == MIC_APICRT ? 8 : 4);
	}
}

static const struct reg_field *
field_find(enum mic_reg row, const char *name)
{
	for (size_t i = 0; i < MIC_REG_FIELD_COUNT; i++)
		if (mic_reg_fields[i].row == row && strcmp(mic_reg_fields[i].name, name) == 0)
			return &mic_reg_fields[i];
	return NULL;
}

static void
fields_are_as_the_table_has_them(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(known_fields) / sizeof(known_fields[0]); k++) {
		const struct known_field *want = &known_fields[k];
		const struct reg_field *f = field_find(want->row, want->name);

		if (f == NULL)
			print_message("%s.%s\n", mic_reg_rows[want->row].name, want->name);
		assert_non_null(f);
		assert_int_equal(f->lo, want->lsb);
		assert_int_equal(f->hi, want->lsb + want->width - 1);
	}
}

struct place {
	uint32_t start, end;
	const char *name;
};

static struct place places[1024];

static size_t
places_of(void)
{
	size_t n = 0;

	for (unsigned int r = 0; r < MIC_REG_COUNT; r++)
		for (uint32_t i = 0; i < mic_reg_rows[r].count[0]; i++, n++) {
			places[n].start = mic_reg_rows[r].offset[0] + i * mic_reg_rows[r].stride;
			places[n].end = places[n].start + mic_reg_rows[r].bytes;
			places[n].name = mic_reg_rows[r].name;
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
registers_lie_in_bar4_and_do_not_overlap(void **state)
{
	size_t n = places_of();

	(void)state;
	qsort(places, n, sizeof(places[0]), place_order);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && places[i].start < places[i - 1].end)
			print_message("%s and %s\n", places[i - 1].name, places[i].name);
		assert_true(i == 0 || places[i].start >= places[i - 1].end);
		assert_true(places[i].end <= MIC_BAR4_BYTES);
		assert_int_equal(places[i].start % 4, 0);
	}
}

static void
fields_do_not_overlap_and_resets_fit(void **state)
{
	uint64_t named[MIC_REG_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < MIC_REG_FIELD_COUNT; i++) {
		const struct reg_field *f = &mic_reg_fields[i];
		uint64_t mask;

		assert_true(f->lo <= f->hi && f->hi < 8 * mic_reg_rows[f->row].bytes);
		mask = (~UINT64_C(0) >> (63 - (f->hi - f->lo))) << f->lo;
		assert_int_equal(named[f->row] & mask, 0);
		named[f->row] |= mask;
	}
	for (unsigned int r = 0; r < MIC_REG_COUNT; r++)
		assert_int_equal(mic_reg_rows[r].reset[0] & ~named[r], 0);
	/* Both sides may keep anything in scratchpads. */
	for (unsigned int r = MIC_SPAD0; r <= MIC_SPAD15; r++)
		assert_int_equal(named[r], UINT32_MAX);
}

static void
function_is_as_the_table_has_it(void **state)
{
	(void)state;
	assert_int_equal(MIC_PCI_VENDOR, 0x8086);
	assert_int_equal(MIC_PCI_DEVICE_FIRST, 0x2250);
	assert_int_equal(MIC_PCI_DEVICE_LAST, 0x225e);
	assert_int_equal(MIC_PCI_CLASS, 0x0b4000);
	assert_int_equal(MIC_PCI_SUB_DEVICE, 0xd804);
	assert_int_equal(MIC_PCI_PM, 0x44);
	assert_int_equal(MIC_PCI_PCIE, 0x4c);
	assert_int_equal(MIC_PCI_MSI, 0x88);
	assert_int_equal(MIC_PCI_MSIX, 0x98);
	assert_int_equal(MIC_MSIX_ADDR_LO_AT, 0x17000);
	assert_int_equal(MIC_MSIX_PBA_AT, 0x18000);
	assert_int_equal(MIC_VECTORS, 16);
	assert_int_equal(MIC_BAR4_BYTES, 128 << 10);
	assert_string_equal(mic_stepping_name(0x00), "A0");
	assert_string_equal(mic_stepping_name(0x10), "B0");
	assert_string_equal(mic_stepping_name(0x11), "B1");
	assert_string_equal(mic_stepping_name(0x20), "C0");
	assert_string_equal(mic_stepping_name(0x12), "??");
	assert_string_equal(mic_family_name(0x225e), "x100");
	assert_string_equal(mic_family_name(0x225f), "Unknown");
	assert_string_equal(mic_family_name(0x224f), "Unknown");
}

static const struct known_desc {
	const char *kind, *name;
	uint8_t qw, lsb, width;
} known_desc[] = {
	{"NOP", "TYPE", 1, 60, 4},
	{"MEMCPY", "SRC", 0, 0, 40},
	{"MEMCPY", "KEY_INDEX", 0, 40, 3},
	{"MEMCPY", "LENGTH", 0, 46, 14},
	{"MEMCPY", "DST", 1, 0, 40},
	{"MEMCPY", "TWB", 1, 55, 1},
	{"MEMCPY", "INTR", 1, 56, 1},
	{"MEMCPY", "C", 1, 57, 1},
	{"MEMCPY", "CO", 1, 58, 1},
	{"MEMCPY", "ECY", 1, 59, 1},
	{"MEMCPY", "TYPE", 1, 60, 4},
	{"STATUS", "DATA", 0, 0, 64},
	{"STATUS", "DST", 1, 0, 40},
	{"STATUS", "INTR", 1, 59, 1},
	{"STATUS", "TYPE", 1, 60, 4},
	{"GENERAL", "DATA", 0, 0, 32},
	{"GENERAL", "DST", 1, 0, 40},
	{"GENERAL", "TYPE", 1, 60, 4},
	{"KEYNONCECNT", "DATA", 0, 0, 64},
	{"KEYNONCECNT", "CS", 1, 53, 1},
	{"KEYNONCECNT", "INDEX", 1, 54, 3},
	{"KEYNONCECNT", "H", 1, 57, 1},
	{"KEYNONCECNT", "SEL", 1, 58, 2},
	{"KEYNONCECNT", "TYPE", 1, 60, 4},
	{"KEY", "SKAP", 0, 0, 40},
	{"KEY", "SKI", 0, 40, 3},
	{"KEY", "DI", 1, 51, 3},
	{"KEY", "TYPE", 1, 60, 4},
};

static void
descriptors_are_as_the_table_has_them(void **state)
{
	static const struct {
		const char *kind, *name;
		uint8_t qw, hi, lo;
	} fields[] = {
#define F(kind, name, qw, hi, lo) {#kind, #name, qw, hi, lo},
		MIC_DESC_FIELDS(F)
#undef F
	};

	(void)state;
	assert_int_equal(sizeof(fields) / sizeof(fields[0]),
			 sizeof(known_desc) / sizeof(known_desc[0]));
	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
		assert_string_equal(fields[k].kind, known_desc[k].kind);
		assert_string_equal(fields[k].name, known_desc[k].name);
		assert_int_equal(fields[k].qw, known_desc[k].qw);
		assert_int_equal(fields[k].lo, known_desc[k].lsb);
		assert_int_equal(fields[k].hi, known_desc[k].lsb + known_desc[k].width - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_as_the_table_has_them),
		cmocka_unit_test(fields_are_as_the_table_has_them),
		cmocka_unit_test(registers_lie_in_bar4_and_do_not_overlap),
		cmocka_unit_test(fields_do_not_overlap_and_resets_fit),
		cmocka_unit_test(function_is_as_the_table_has_it),
		cmocka_unit_test(descriptors_are_as_the_table_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
