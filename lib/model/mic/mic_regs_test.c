/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registers before a boot: what they are, what writes to them do, what a reset leaves. Datasheet
 * sections 5, 6, 10.2 and 27, items M6 to M8, M11, M14, M21.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mic_reg_table.h"
#include "mic_test_rig.h"

static uint64_t
bits(const struct reg_field *f)
{
	return (~UINT64_C(0) >> (63 - (f->hi - f->lo))) << f->lo;
}

static uint64_t
named_bits(unsigned int row)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < MIC_REG_FIELD_COUNT; i++)
		if (mic_reg_fields[i].row == row)
			mask |= bits(&mic_reg_fields[i]);
	return mask;
}

/* ---- Every register ---- */

/* Those that say what this card is, or whose value is another's. */
static bool
starts_otherwise(unsigned int row)
{
	return row == MIC_SPAD0 || row == MIC_SPAD13 || row == MIC_PCI_REVISION_SHADOW ||
	       (row >= MIC_THERMAL_STATUS && row <= MIC_ELAPSED_TIME_HIGH);
}

static void
registers_start_as_the_table_says(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < MIC_REG_COUNT; row++) {
		const struct reg_row *reg = &mic_reg_rows[row];

		for (uint32_t i = 0; i < reg->count[0] && !starts_otherwise(row); i++)
			assert_int_equal(rig_read(r, reg->offset[0] + i * reg->stride),
					 (uint32_t)reg->reset[0]);
	}
	/* 32 MiB, in KiB; the stepping. */
	assert_int_equal(rig_read(r, MIC_SPAD0_AT), 32768u << 3);
	assert_int_equal(rig_read(r, MIC_SPAD13_AT), 0x11);
	assert_int_equal(rig_read(r, MIC_SPAD4_AT), 0x2800e6cf);
	assert_true(REG_GET(MIC_THERMAL_STATUS_VALID, rig_read(r, MIC_THERMAL_STATUS_AT)));
	assert_in_range(REG_GET(MIC_THERMAL_STATUS_TMU_TEMP, rig_read(r, MIC_THERMAL_STATUS_AT)),
			20, 90);
}

/* Rows with nothing to them but what is stored, by either side. */
static bool
is_plain(unsigned int row)
{
	return mic_reg_rows[row].access == REG_RW && row != MIC_RGCR && row != MIC_APICICR_LO &&
	       row != MIC_SDBIC && !(row >= MIC_DCAR && row <= MIC_DCR);
}

static void
plain_registers_keep_what_is_written(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < MIC_REG_COUNT; row++) {
		const struct reg_row *reg = &mic_reg_rows[row];
		uint32_t last = reg->offset[0] + (reg->count[0] - 1) * reg->stride;
		uint32_t mask = (uint32_t)named_bits(row);

		if (!is_plain(row))
			continue;
		rig_write(r, last, 0xa5a5a5a5);
		assert_int_equal(rig_read(r, last), 0xa5a5a5a5 & mask);
		assert_int_equal(mic_model_card_read(r->dev, last), 0xa5a5a5a5 & mask);
		mic_model_card_write(r->dev, last, 0x5a5a5a5a);
		assert_int_equal(rig_read(r, last), 0x5a5a5a5a & mask);
	}
}

static void
what_is_read_only_is_not_written(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < MIC_REG_COUNT; row++) {
		uint32_t off = mic_reg_rows[row].offset[0], before = rig_read(r, off);

		/* A tail can be set while its channel is off. */
		if (mic_reg_rows[row].access != REG_RO || row == MIC_DTPR)
			continue;
		rig_write(r, off, ~before);
		assert_int_equal(rig_read(r, off), before);
	}
	/* Of the host; the card's bootstrap and OS say how far they are. */
	mic_model_card_post(r->dev, "xy");
	assert_int_equal(rig_read(r, MIC_POSTCODE_AT), MIC_POST('x', 'y'));
}

static void
parts_of_words_and_two_at_once(void **state)
{
	struct rig *r = *state;
	const struct bus_device_ops *ops = r->dev->ops;

	ops->write(r->dev, 4, MIC_SPAD14_AT, UINT64_C(0x8877665544332211), 8);
	assert_int_equal(rig_read(r, MIC_SPAD14_AT), 0x44332211);
	assert_int_equal(rig_read(r, MIC_SPAD15_AT), 0x88776655);
	assert_int_equal(ops->read(r->dev, 4, MIC_SPAD14_AT, 8), UINT64_C(0x8877665544332211));
	ops->write(r->dev, 4, MIC_SPAD14_AT + 1, 0xab, 1);
	ops->write(r->dev, 4, MIC_SPAD14_AT + 2, 0xcdef, 2);
	assert_int_equal(rig_read(r, MIC_SPAD14_AT), 0xcdefab11);
	assert_int_equal(ops->read(r->dev, 4, MIC_SPAD14_AT + 3, 1), 0xcd);
	assert_int_equal(ops->read(r->dev, 4, MIC_SPAD14_AT + 2, 2), 0xcdef);
	/* Of the engine's, too. */
	rig_write(r, MIC_AT(DRAR_LO, 2), 0x11223340);
	ops->write(r->dev, 4, MIC_AT(DRAR_LO, 2) + 3, 0x99, 1);
	assert_int_equal(rig_read(r, MIC_AT(DRAR_LO, 2)), 0x99223340);
}

static void
time_runs(void **state)
{
	struct rig *r = *state;

	(void)rig_pass(r, UINT64_C(0x1122334455));
	assert_int_equal(rig_read(r, MIC_ELAPSED_TIME_LOW_AT), 0x22334455);
	assert_int_equal(rig_read(r, MIC_ELAPSED_TIME_HIGH_AT), 0x11);
}

/* ---- M6 ---- */

static void
m6_enables_are_set_and_cleared_apart(void **state)
{
	struct rig *r = *state;

	rig_write(r, MIC_SICE0_AT, 0x0000ff0f);
	rig_write(r, MIC_SICE0_AT, 0x40000000);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), 0x4000ff0f);
	rig_write(r, MIC_SICC0_AT, 0x40000f01);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), 0x0000f00e);
	assert_int_equal(rig_read(r, MIC_SICC0_AT), 0);
	rig_write(r, MIC_SIAC0_AT, 0x0000ff0f);
	rig_write(r, MIC_SIAC0_AT, 0x40000002);
	assert_int_equal(rig_read(r, MIC_SIAC0_AT), 0x40000002);
	for (unsigned int v = 0; v < MIC_VECTORS; v++)
		rig_write(r, MIC_AT(MXAR, v), 0x40000000 | v);
	for (unsigned int v = 0; v < MIC_VECTORS; v++)
		assert_int_equal(rig_read(r, MIC_AT(MXAR, v)), 0x40000000 | v);
}

/* ---- M7, M8 ---- */

static void
m7_smpt_keeps_what_is_written(void **state)
{
	struct rig *r = *state;

	for (uint32_t i = 0; i < MIC_SMPT_ENTRIES; i++)
		rig_write(r, MIC_AT(SMPT, i), 4 * i);
	for (uint32_t i = 0; i < MIC_SMPT_ENTRIES; i++)
		assert_int_equal(rig_read(r, MIC_SBOX + 0x3100 + 4 * i), 4 * i);
}

static void
m8_scratchpads_are_both_sides(void **state)
{
	struct rig *r = *state;

	for (uint32_t n = 0; n < MIC_SPADS; n++) {
		rig_write(r, MIC_SBOX + 0xab20 + 4 * n, 0xfedcba90 + n);
		assert_int_equal(mic_model_card_read(r->dev, MIC_SPAD_AT(n)), 0xfedcba90 + n);
		mic_model_card_write(r->dev, MIC_SPAD_AT(n), ~n);
		assert_int_equal(rig_read(r, MIC_SPAD_AT(n)), ~n);
	}
}

/* ---- M14 ---- */

static void
m14_a_channel_is_set_up(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_read(r, MIC_DCR_AT), 0x5555);
	for (unsigned int ch = 0; ch < MIC_DMA_CHANNELS; ch++) {
		uint32_t owner = ch < MIC_DMA_HOST_CHANNELS ? MIC_DCR_OWNER(ch) : 0;
		uint32_t dcr = rig_read(r, MIC_DCR_AT) & ~(3u << 2 * ch);

		rig_write(r, MIC_DCR_AT, dcr | owner);
		rig_write(r, MIC_AT(DCAR, ch), (uint32_t)REG_MASK(MIC_DCAR_IM1));
		rig_write(r, MIC_AT(DCHERRMSK, ch), 0);
		rig_write(r, MIC_AT(DRAR_LO, ch), 0x10000);
		rig_write(r, MIC_AT(DRAR_HI, ch), 64 << 4);
		assert_int_equal(rig_read(r, MIC_AT(DRAR_LO, ch)), 0x10000);
		assert_int_equal(rig_read(r, MIC_AT(DRAR_HI, ch)), 64 << 4);
		assert_int_equal(rig_read(r, MIC_AT(DTPR, ch)), 0);
		rig_write(r, MIC_AT(DCAR, ch), 0);
		rig_write(r, MIC_DCR_AT, dcr | owner | MIC_DCR_ENABLE(ch));
		assert_int_equal(rig_read(r, MIC_DCR_AT), dcr | owner | MIC_DCR_ENABLE(ch));
		assert_int_equal(rig_read(r, MIC_AT(DCHERR, ch)), 0);
		assert_int_equal(rig_read(r, MIC_AT(DSTAT, ch)) & MIC_DSTAT_QUIESCED, 0);
	}
	/* A reset has it start again. */
	rig_write(r, MIC_RGCR_AT, 1);
	assert_int_equal(rig_read(r, MIC_DCR_AT), 0x5555);
	assert_int_equal(rig_read(r, MIC_AT(DRAR_LO, 0)), 0);
}

/* ---- M21 ---- */

static void
m21_vectors_survive_the_hosts_doorbells(void **state)
{
	struct rig *r = *state;

	for (unsigned int db = 0; db < MIC_H2C_APICICR; db++) {
		uint32_t off = mic_h2c_at(db), value;

		mic_model_card_write(r->dev, off, 0x000c80e0 + db);
		mic_model_card_write(r->dev, MIC_AT(APICICR_HI, db), db);
		value = rig_read(r, off);
		rig_write(r, off, mic_h2c_value(db, value));
		assert_int_equal(rig_read(r, off), 0x000c80e0 + db);
		assert_int_equal(rig_read(r, MIC_AT(APICICR_HI, db)), db);
		/* Delivery status is the card's to set. */
		rig_write(r, off, 0x00001000);
		assert_int_equal(rig_read(r, off), 0);
	}
}

/* ---- M11 ---- */

static void
reset_with(struct rig *r)
{
	rig_msix(r);
	rig_write(r, MIC_AT(MSIX_DATA, 3), 77);
	rig_write(r, MIC_AT(SMPT, 31), 0x7f10);
	rig_write(r, MIC_SICE0_AT, 0x0f);
	rig_write(r, MIC_SIAC0_AT, 0x0f);
	rig_write(r, MIC_AT(MXAR, 1), 0x0f);
	rig_write(r, MIC_AT(APICICR_LO, 3), 0xe1);
	rig_write(r, MIC_SPAD5_AT, 4711);
	rig_write(r, MIC_SPAD14_AT, 4712);
	rig_write(r, MIC_SICS0_AT, 0x40000000);
	rig_write(r, MIC_COREFREQ_AT, 0);
	rig_write(r, MIC_RGCR_AT, 0xf0 | 1);
}

static void
m11_reset_forgets_what_is_the_cards(void **state)
{
	struct rig *r = *state;
	uint32_t before, after;

	(void)mic_model_power(r->dev, &before);
	reset_with(r);
	assert_int_equal(rig_read(r, MIC_RGCR_AT), 0xf0);
	assert_int_equal(mic_model_power(r->dev, &after), MIC_POWER_BOOTSTRAP);
	assert_int_equal(after, before + 1);
	assert_int_equal(rig_read(r, MIC_SICE0_AT), 0);
	assert_int_equal(rig_read(r, MIC_SICR0_AT), 0);
	assert_int_equal(rig_read(r, MIC_SIAC0_AT), 0);
	assert_int_equal(rig_read(r, MIC_AT(MXAR, 1)), 0);
	assert_int_equal(rig_read(r, MIC_AT(APICICR_LO, 3)), 0);
	assert_int_equal(rig_read(r, MIC_SPAD5_AT), 0);
	assert_int_equal(rig_read(r, MIC_SPAD14_AT), 0);
	assert_int_equal(rig_read(r, MIC_SPAD4_AT), 0x2800e6cf);
	assert_int_equal(rig_read(r, MIC_COREFREQ_AT), 0x80010416);
	/* The host's side, and the SMPT where it is not lost. */
	assert_int_equal(rig_read(r, MIC_AT(MSIX_CTRL, 3)), 0);
	assert_int_equal(rig_read(r, MIC_AT(MSIX_DATA, 3)), 77);
	assert_int_equal(rig_config_read(r, 0x9a, 2), 0x800f);
	assert_int_equal(rig_config_read(r, 0x04, 2), RIG_COMMAND_ON);
	assert_int_equal(rig_read(r, MIC_AT(SMPT, 31)), 0x7f10);
}

static void
m11_some_steppings_lose_the_smpt(void **state)
{
	const struct mic_model_config c = {.lose_smpt = true};
	const uint64_t address = mic_smpt_address(5, rig_iova(0));
	struct rig r;
	size_t len = 4;

	(void)state;
	assert_int_equal(rig_open(&r, &c), 0);
	/* There is no memory behind page 1, and all of it is in page 0. */
	rig_write(&r, MIC_AT(SMPT, 5), mic_smpt_value(MIC_SMPT_WINDOW));
	assert_null(mic_model_card_map(r.dev, address, &len, BUS_PROT_READ));
	reset_with(&r);
	assert_int_equal(rig_read(&r, MIC_AT(SMPT, 31)), 0);
	assert_int_equal(rig_read(&r, MIC_AT(SMPT, 5)), 0);
	assert_ptr_equal(mic_model_card_map(r.dev, address, &len, BUS_PROT_READ),
			 rig_memory(&r, 0));
	assert_int_equal(rig_close(&r), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
		U(registers_start_as_the_table_says),
		U(plain_registers_keep_what_is_written),
		U(what_is_read_only_is_not_written),
		U(parts_of_words_and_two_at_once),
		U(time_runs),
		U(m6_enables_are_set_and_cleared_apart),
		U(m7_smpt_keeps_what_is_written),
		U(m8_scratchpads_are_both_sides),
		U(m14_a_channel_is_set_up),
		U(m21_vectors_survive_the_hosts_doorbells),
		U(m11_reset_forgets_what_is_the_cards),
		cmocka_unit_test(m11_some_steppings_lose_the_smpt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
