/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registers of the DSA: what they are after each kind of reset (datasheet section 3.8), what may be
 * written when (3.5, 3.6), devices software cannot configure, tables in other places, and
 * configuration space (2.4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_test_rig.h"

/* ---- Resets ---- */

static uint64_t
read_word(struct rig *r, enum dsa_reg row, uint32_t i, uint32_t word)
{
	return r->dev->ops->read(r->dev, 0, rig_offset(r, row, i, word), dsa_reg_rows[row].bytes);
}

/* What a register is after a reset: as its row says, but for those that others decide. */
static uint64_t
after_reset(struct rig *r, enum dsa_reg row, uint32_t i, uint32_t word)
{
	static const uint32_t events[] = {0x7f, 0x3f, 0x3f, 0x1ffff, 0x3f};

	if (row == DSA_WQCFG_OPCFG)
		return word == 0 ? rig_read(r, DSA_OPCAP0, 0) : 0;
	if (row == DSA_EVNTCAP)
		return events[i] & (i == 0 && r->layout.version == DSA_V1 ? 0x3f : ~0u);
	return dsa_reg_rows[row].reset[r->layout.version];
}

static bool
is_one_of(enum dsa_reg row, const enum dsa_reg rows[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (rows[i] == row)
			return true;
	return false;
}

static void
expect_reset(struct rig *r, const enum dsa_reg except[], unsigned int n)
{
	for (unsigned int row = 0; row < DSA_REG_COUNT; row++) {
		struct reg_row where = dsa_layout_row(&r->layout, (enum dsa_reg)row);

		if (where.access == REG_WINDOW || is_one_of((enum dsa_reg)row, except, n))
			continue;
		for (uint32_t k = 0; k < where.count[r->layout.version] * where.words; k++) {
			uint32_t i = k / where.words, w = k % where.words;
			uint64_t value = read_word(r, (enum dsa_reg)row, i, w);

			if (value != after_reset(r, (enum dsa_reg)row, i, w))
				print_message("%s[%u][%u]\n", where.name, i, w);
			assert_int_equal(value, after_reset(r, (enum dsa_reg)row, i, w));
		}
	}
}

/* Everything that can be written is something else, and there is an error. */
static void
stir(struct rig *r)
{
	for (unsigned int row = 0; row < DSA_REG_COUNT; row++) {
		struct reg_row where = dsa_layout_row(&r->layout, (enum dsa_reg)row);

		if (where.access == REG_WINDOW || row == DSA_CMD || row == DSA_PERFRST)
			continue;
		for (uint32_t k = 0; k < where.count[r->layout.version] * where.words; k++)
			r->dev->ops->write(r->dev, 0,
					   rig_offset(r, (enum dsa_reg)row, k / where.words,
						      k % where.words),
					   UINT64_C(0x5a5a5a5a00001234), where.bytes);
	}
	rig_write(r, DSA_CMD, 0, 31 << 20);
	rig_write(r, DSA_CMD, 0, 31 << 20);
	rig_settle(r);
}

static void
power_on_is_as_printed(void **state)
{
	static const enum dsa_reg unmasked[] = {DSA_MSIX_CTRL};
	struct rig *r = *state;

	expect_reset(r, unmasked, 1);
}

static void
resets_clear_all(struct rig *r)
{
	static const enum dsa_reg unmasked[] = {DSA_MSIX_CTRL};

	assert_int_equal(rig_config_read(r, 0x04, 2), 0);
	rig_config_write(r, 0x04, 2, RIG_COMMAND_ON);
	assert_int_equal(rig_read(r, DSA_MSIX_CTRL, 3), 1);
	rig_start(r);
	expect_reset(r, unmasked, 1);
}

static void
function_reset_clears_all(void **state)
{
	struct rig *r = *state;

	stir(r);
	assert_int_not_equal(rig_read(r, DSA_SWERROR0, 0), 0);
	rig_config_write(r, RIG_PCIE + 8, 2, 0x8000 | 0x2910);
	resets_clear_all(r);
	assert_int_equal(rig_config_read(r, RIG_PCIE + 8, 2), 0x2910);
	stir(r);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	resets_clear_all(r);
}

static void
software_reset_keeps_what_section_3_8_says(void **state)
{
	static const enum dsa_reg kept[] = {DSA_CMDSTATUS, DSA_SWERROR0, DSA_SWERROR1, DSA_SWERROR2,
					    DSA_EVLSTATUS, DSA_MSIX_ADDR, DSA_MSIX_DATA,
					    DSA_MSIX_CTRL};
	struct rig *r = *state;
	uint64_t error;

	stir(r);
	rig_config_write(r, 0x0c, 1, 0x10);
	error = rig_read(r, DSA_SWERROR0, 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, error), DSA_STATUS_CMD_BUSY);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	expect_reset(r, kept, sizeof(kept) / sizeof(kept[0]));
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), error);
	assert_int_equal(rig_read(r, DSA_MSIX_DATA, 2), 0x1234);
	assert_int_equal(rig_read(r, DSA_MSIX_ADDR, 2), UINT64_C(0x5a5a5a5a00001234));
	if (rig_has(r, DSA_EVLSTATUS))
		assert_int_equal(rig_read(r, DSA_EVLSTATUS, 0), 0x1234);
	assert_int_equal(rig_config_read(r, 0x0c, 1), 0x10);
}

/* Leaving D3hot is no reset: the device is as it was. */
static void
low_power_keeps_state(void **state)
{
	struct rig *r = *state;

	rig_write(r, DSA_WQCFG_DW0, 3, 9);
	rig_config_write(r, 0x94, 2, 3);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 3), UINT32_MAX);
	rig_config_write(r, 0x94, 2, 0);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 3), 9);
}

/* ---- Writes ---- */

static void
configuration_stands_while_enabled(void **state)
{
	static const enum dsa_reg fixed[] = {DSA_GENCFG, DSA_EVLCFG0, DSA_EVLCFG1, DSA_GRPWQCFG,
					     DSA_GRPENGCFG, DSA_GRPFLAGS, DSA_WQCFG_DW0};
	struct rig *r = *state;

	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int f = 0; f < sizeof(fixed) / sizeof(fixed[0]); f++) {
		uint64_t before;

		if (!rig_has(r, fixed[f]))
			continue;
		before = rig_read(r, fixed[f], 0);
		rig_write(r, fixed[f], 0, UINT64_MAX);
		assert_int_equal(rig_read(r, fixed[f], 0), before);
	}
	/* Not even of a queue that is not enabled. */
	rig_write(r, DSA_WQCFG_DW0, 5, 8);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 5), 0);
	rig_write(r, DSA_WQCFG_DW2, 5, 0x11);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW2, 5), 0x11);
}

static void
reserved_bits_read_zero(void **state)
{
	struct rig *r = *state;

	for (unsigned int row = 0; row < DSA_REG_COUNT; row++) {
		uint64_t named = 0;

		if (!rig_has(r, (enum dsa_reg)row) || dsa_reg_rows[row].access == REG_WINDOW ||
		    row == DSA_CMD)
			continue;
		for (size_t f = 0; f < DSA_REG_FIELD_COUNT; f++)
			if (dsa_reg_fields[f].row == row)
				named |= (~UINT64_C(0) >>
					  (63 - (dsa_reg_fields[f].hi - dsa_reg_fields[f].lo)))
					 << dsa_reg_fields[f].lo;
		rig_write(r, (enum dsa_reg)row, 0, UINT64_MAX);
		assert_int_equal(rig_read(r, (enum dsa_reg)row, 0) & ~named, 0);
	}
}

/* The event log's switch is reserved where there is none. */
static void
first_version_has_no_event_log(void **state)
{
	struct rig *r = *state;

	rig_write(r, DSA_GENCFG, 0, UINT32_MAX);
	assert_int_equal(REG_GET(DSA_GENCFG_EVENT_LOG_EN, rig_read(r, DSA_GENCFG, 0)), 0);
	assert_int_equal(REG_GET(DSA_GENCFG_USER_INT_EN, rig_read(r, DSA_GENCFG, 0)), 1);
	assert_false(rig_has(r, DSA_EVLCFG0));
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0xe0, 8), 0);
	assert_int_equal(dsa_model_stray(r->dev), 1);
	/* Counted, as it should be; the bench wants to end without. */
	dsa_model_destroy(r->dev);
	assert_int_equal(dsa_model_create(&(const struct dsa_model_config){0}, &r->host.host,
					  &r->dev),
			 0);
}

/* Section 2.3: what is no register, and no portal. */
static void
accesses_that_are_none_are_counted(void **state)
{
	struct rig *r = *state;
	struct dsa_desc line = rig_move(0, 0, 1, 0x2000);

	(void)r->dev->ops->read(r->dev, 0, 0x08, 4);
	r->dev->ops->write(r->dev, 0, 0xd000, 1, 8);
	(void)r->dev->ops->read(r->dev, 0, 0x12, 4);
	r->dev->ops->post(r->dev, 2, 8 * 0x4000, &line, 64);
	assert_int_equal(r->dev->ops->submit(r->dev, 0, 0x400, &line, 1), -EAGAIN);
	assert_int_equal(dsa_model_stray(r->dev), 5);
	/* These are portals, of which one is nobody's. */
	assert_int_equal(r->dev->ops->read(r->dev, 2, 0x1000, 8), 0);
	r->dev->ops->write(r->dev, 2, 0x1000, 1, 8);
	r->dev->ops->post(r->dev, 0, 0xf000, &line, 64);
	assert_int_equal(r->dev->ops->submit(r->dev, 0, 0xf040, &line, 1), -EAGAIN);
	assert_int_equal(dsa_model_stray(r->dev), 5);
	dsa_model_destroy(r->dev);
	assert_int_equal(dsa_model_create(&(const struct dsa_model_config){0}, &r->host.host,
					  &r->dev),
			 0);
}

/* Section 2.3: whole aligned lines at any of the 64 places of a page, and nothing else. */
static void
portals_take_aligned_lines(void **state)
{
	struct rig *r = *state;
	struct dsa_desc line = rig_move(0x1000, 0, 1, 0x2000);
	struct dsa_model_wq_stats s;

	assert_int_equal(rig_ready(r, 16), 0);
	r->dev->ops->post(r->dev, 2, 0x1008, &line, 64);
	r->dev->ops->post(r->dev, 2, 0x1000, &line, 16);
	r->dev->ops->write(r->dev, 2, 0x1000, 1, 8);
	assert_int_equal(r->dev->ops->submit(r->dev, 2, 0x1020, &line, 1), -EAGAIN);
	assert_true(dsa_model_wq_stats(r->dev, 0, &s));
	assert_int_equal(s.accepted, 0);
	r->dev->ops->post(r->dev, 2, 0x1fc0, &line, 64);
	assert_true(dsa_model_wq_stats(r->dev, 0, &s));
	assert_int_equal(s.accepted, 1);
	/* A device that may not be reached takes nothing. */
	rig_config_write(r, 0x04, 2, 0x0004);
	r->dev->ops->post(r->dev, 2, 0x1000, &line, 64);
	assert_int_equal(r->dev->ops->submit(r->dev, 2, 0x1000, &line, 1), -EAGAIN);
	assert_true(dsa_model_wq_stats(r->dev, 0, &s));
	assert_int_equal(s.accepted, 1);
	assert_int_equal(r->dev->ops->read(r->dev, 0, 0, 4), UINT32_MAX);
}

/* ---- Other devices ---- */

static void
tables_move_with_the_seed(void **state)
{
	uint32_t first[DSA_TABLE_COUNT];
	unsigned int moved = 0;
	struct rig r;

	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		const struct dsa_model_config config = {.version = DSA_VERSION_2,
							.wqs = 64,
							.wq_total = 1024,
							.groups = 16,
							.engines = 16,
							.scatter_tables = true,
							.seed = seed};

		assert_int_equal(rig_open(&r, &config), 0);
		for (unsigned int t = 0; t < DSA_TABLE_COUNT; t++) {
			if (seed == 1)
				first[t] = r.layout.place[t];
			moved += r.layout.place[t] != first[t];
		}
		assert_int_equal(rig_read(&r, DSA_GRPFLAGS, 15), 96 << 20);
		rig_write(&r, DSA_WQCFG_DW0, 63, 5);
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW0, 63), 5);
		assert_int_equal(rig_read(&r, DSA_IMS_CTRL, 2047), 1);
		assert_int_equal(rig_read(&r, DSA_PERFCAP, 0) & 0x3f, 8);
		rig_write(&r, DSA_WQCFG_DW0, 63, 0);
		assert_int_equal(rig_ready(&r, 16), 0);
		/* On purpose. */
		assert_int_not_equal(rig_read(&r, DSA_CMD, 0), rig_read(&r, DSA_CMD, 0));
		assert_int_equal(rig_close(&r), 0);
	}
	assert_true(moved > 19 * 3);
}

/* A device whose WQs somebody else divided: mode and threshold can be chosen, or nothing. */
static void
preset_devices_keep_their_configuration(void **state)
{
	struct rig r;

	(void)state;
	for (int how = DSA_CONFIG_MODE; how <= DSA_CONFIG_NOTHING; how++) {
		const struct dsa_model_config config = {.configurable = how};

		assert_int_equal(rig_open(&r, &config), 0);
		assert_int_equal(REG_GET(DSA_GENCAP_CONFIG_SUPPORT, rig_read(&r, DSA_GENCAP, 0)), 0);
		assert_int_equal(rig_read(&r, DSA_GRPWQCFG, 1), 0x22);
		rig_write(&r, DSA_GRPWQCFG, 1, 0);
		assert_int_equal(rig_read(&r, DSA_GRPWQCFG, 1), 0x22);
		rig_write(&r, DSA_WQCFG_DW0, 2, 99);
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW0, 2), 16);
		rig_write(&r, DSA_WQCFG_DW1, 2, 4);
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW1, 2), how == DSA_CONFIG_MODE ? 4 : 16);
		rig_write(&r, DSA_WQCFG_DW2, 2,
			  REG_PUT(DSA_WQCFG_DW2_PASID_EN, 1) | REG_PUT(DSA_WQCFG_DW2_PRIORITY, 9));
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW2, 2),
				 how == DSA_CONFIG_MODE
					 ? REG_PUT(DSA_WQCFG_DW2_PASID_EN, 1) |
						   REG_PUT(DSA_WQCFG_DW2_PRIORITY, 1)
					 : REG_PUT(DSA_WQCFG_DW2_MODE, 1) |
						   REG_PUT(DSA_WQCFG_DW2_PRIORITY, 1));
		rig_write(&r, DSA_WQCFG_DW5, 2, 7);
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW5, 2), how == DSA_CONFIG_MODE ? 7 : 0);
		assert_int_equal(REG_GET(DSA_WQCFG_DW6_MODE_SUPPORT, rig_read(&r, DSA_WQCFG_DW6, 2)),
				 how == DSA_CONFIG_MODE);
		assert_int_equal(rig_command(&r, DSA_COMMAND_RESET_DEVICE, 0), 0);
		assert_int_equal(rig_read(&r, DSA_WQCFG_DW0, 2), 16);
		assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
		assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_WQ, 7), 0);
		assert_int_equal(rig_close(&r), 0);
	}
}

static void
bad_configurations_are_refused(void **state)
{
	static const struct dsa_model_config bad[] = {
		{.version = 0x300},  {.wqs = 65},
		{.groups = 17},      {.engines = 17},
		{.wq_total = 65536}, {.max_transfer_shift = 32},
		{.max_batch_shift = 16},
		{.wq_total = 4, .configurable = DSA_CONFIG_MODE},
	};
	struct test_host host;
	struct bus_device *dev;

	(void)state;
	assert_int_equal(test_host_create(&host, 4096, TEST_HOST_WHOLE), 0);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dsa_model_create(&bad[i], &host.host, &dev), -EINVAL);
	dsa_model_destroy(NULL);
	test_host_destroy(&host);
}

/* ---- Configuration space, section 2.4 ---- */

static void
capabilities_are_chained_as_printed(void **state)
{
	static const struct {
		uint16_t off;
		unsigned int size;
		uint32_t value;
	} printed[] = {
		{0x00, 4, 0x0b258086},  {0x06, 2, 0x0010},      {0x08, 4, 0x08800000},
		{0x0c, 4, 0},           {0x2c, 4, 0x00008086},  {0x34, 1, 0x40},
		{0x3c, 2, 0},           {0x40, 4, 0x00928010},  {0x44, 4, 0x10008022},
		{0x48, 2, 0x2910},      {0x64, 4, 0x10730810},  {0x80, 2, 0x9011},
		{0x84, 4, 0x2000},      {0x88, 4, 0x3000},      {0x90, 4, 0x00030001},
		{0x94, 2, 0x0008},      {0x100, 4, 0x15020001}, {0x108, 4, 0x00400000},
		{0x10c, 4, 0x00440000}, {0x114, 4, 0x00006000}, {0x150, 4, 0x16010018},
		{0x160, 4, 0x17010017}, {0x164, 4, 0x00010205}, {0x170, 4, 0x20010002},
		{0x174, 4, 0x11},       {0x178, 4, 1},          {0x184, 4, 0x800000ff},
		{0x190, 4, 0x01000000}, {0x220, 4, 0x2301000f}, {0x224, 2, 0x0060},
		{0x230, 4, 0x2401001b}, {0x234, 2, 0x1404},     {0x240, 4, 0x00010013},
		{0x246, 2, 0x8100},     {0x248, 4, 0x200},      {0x24c, 4, 0},
	};
	struct rig *r = *state;

	for (unsigned int i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
		uint32_t value = rig_config_read(r, printed[i].off, printed[i].size);

		if (value != printed[i].value)
			print_message("0x%x\n", printed[i].off);
		assert_int_equal(value, printed[i].value);
	}
	/* MSI-X is on, with nine vectors. */
	assert_int_equal(rig_config_read(r, 0x82, 2), 0x8008);
	/* What virtual channels lead to leads on to ATS. */
	assert_int_equal(rig_config_read(r, 0x200, 4) >> 20, 0x220);
}

static void
switches_of_configuration_space_can_be_written(void **state)
{
	static const struct {
		uint16_t off;
		uint32_t bits; /* that a write of ones sets */
	} writable[] = {
		{0x04, 0x0146}, {0x48, 0x79ff}, {0x68, 0x141f}, {0x226, 0x801f},
		{0x236, 0x0005}, {0x244, 0x0003}, {0x168, 0x0307}, {0x16c, 0xffff},
		{0x154, 0x1fff}, {0x156, 0x1fff}, {0x246, 0x8100}, {0x234, 0x1404},
	};
	struct rig *r = *state;

	for (unsigned int i = 0; i < sizeof(writable) / sizeof(writable[0]); i++) {
		/* But for the bit that asks for a reset. */
		rig_config_write(r, writable[i].off, 2, writable[i].off == 0x48 ? 0x7fff : 0xffff);
		assert_int_equal(rig_config_read(r, writable[i].off, 2), writable[i].bits);
	}
}

#define BOTH(test)                                             \
	{"1.0: " #test, test, rig_setup_1, rig_teardown, NULL}, \
	{"2.0: " #test, test, rig_setup_2, rig_teardown, NULL}
#define FIRST(test) cmocka_unit_test_setup_teardown(test, rig_setup_1, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(power_on_is_as_printed),
		BOTH(function_reset_clears_all),
		BOTH(software_reset_keeps_what_section_3_8_says),
		BOTH(low_power_keeps_state),
		BOTH(configuration_stands_while_enabled),
		BOTH(reserved_bits_read_zero),
		FIRST(first_version_has_no_event_log),
		BOTH(accesses_that_are_none_are_counted),
		BOTH(portals_take_aligned_lines),
		cmocka_unit_test(tables_move_with_the_seed),
		cmocka_unit_test(preset_devices_keep_their_configuration),
		cmocka_unit_test(bad_configurations_are_refused),
		BOTH(capabilities_are_chained_as_printed),
		BOTH(switches_of_configuration_space_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
