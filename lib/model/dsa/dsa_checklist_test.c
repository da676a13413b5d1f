/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Checklist A of the datasheet, section 24: what the stock DPDK driver needs of the device. Each
 * test has the number of its row, and drives the device as that driver does (section 21.8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_test_rig.h"

#define PAGE 0x1000

static uint64_t
read_width(struct rig *r, uint64_t off, unsigned int size)
{
	return r->dev->ops->read(r->dev, 0, off, size);
}

static void
write_width(struct rig *r, uint64_t off, uint64_t value, unsigned int size)
{
	r->dev->ops->write(r->dev, 0, off, value, size);
}

static void
a1_device_can_be_found(void **state)
{
	struct rig *r = *state;
	struct bus_region regions[2];

	assert_int_equal(rig_config_read(r, 0x00, 4), 0x0b258086);
	assert_int_equal(rig_config_read(r, 0x08, 4), 0x08800000);
	assert_int_equal(rig_config_read(r, 0x10, 1), 0x0c);
	assert_int_equal(rig_config_read(r, 0x18, 1), 0x0c);
	rig_config_write(r, 0x10, 4, UINT32_MAX);
	assert_int_equal(rig_config_read(r, 0x10, 4), 0xffff000c);
	rig_config_write(r, 0x18, 4, UINT32_MAX);
	assert_int_equal(rig_config_read(r, 0x18, 4), 0xfffe000c);
	assert_int_equal(rig_config_read(r, RIG_MSIX, 2), 0x9011);
	assert_int_equal(r->dev->ops->describe(r->dev, regions, 2), 2);
	assert_int_equal(regions[0].size, 0x10000);
	assert_int_equal(regions[1].size, 8 * 0x4000);
}

static void
a2_capabilities_agree(void **state)
{
	struct rig *r = *state;
	uint64_t wqcap = read_width(r, 0x20, 8);
	bool second = read_width(r, 0x00, 4) == DSA_VERSION_2;

	assert_int_equal(read_width(r, 0x10, 8), second ? 0x41915fbf97 : 0x40915f0107);
	assert_int_equal(wqcap & 0xffffff, 8 << 16 | 128);
	assert_int_equal(wqcap >> 24 & 0xf, second);
	assert_int_equal(read_width(r, 0x30, 8) & 0xffff, 96 << 8 | 4);
	assert_int_equal(read_width(r, 0x38, 8) & 0xff, 4);
	assert_int_equal(read_width(r, 0x40, 8), second ? 0x100bf07ff : 0x1003f03ff);
	for (uint64_t off = 0x48; off < 0x60; off += 8)
		assert_int_equal(read_width(r, off, 8), 0);
	assert_int_equal(read_width(r, 0x60, 8) & 0xffffffffffff, 0x000200040003);
	assert_int_equal(read_width(r, 0x68, 8), 0x10);
}

static void
a3_widths_have_the_same_effects(void **state)
{
	struct rig *r = *state;

	write_width(r, 0x328, UINT64_C(0x06000009) | UINT64_C(1) << 32, 8);
	assert_int_equal(read_width(r, 0x328, 4), 0x06000009);
	assert_int_equal(read_width(r, 0x32c, 4), 1);
	write_width(r, 0x32c, 2, 4);
	assert_int_equal(read_width(r, 0x328, 8), UINT64_C(0x206000009));
	/* Two registers by one access; parts of one. */
	write_width(r, 0x400, UINT64_C(5) << 32 | 16, 8);
	assert_int_equal(read_width(r, 0x400, 4), 16);
	assert_int_equal(read_width(r, 0x404, 2), 5);
	write_width(r, 0x404, 7, 1);
	assert_int_equal(read_width(r, 0x404, 4), 7);
	/* A command and nothing else. */
	write_width(r, 0xa0, UINT64_C(0xffffffff) << 32 | DSA_COMMAND_RESET_DEVICE << 20, 8);
	assert_int_equal(read_width(r, 0xa8, 8), 0x80000000);
	rig_settle(r);
	assert_int_equal(read_width(r, 0xa8, 8), 0);
	assert_int_equal(read_width(r, 0x400, 8), 0);
}

static void
a4_reset_device_ends_without_error(void **state)
{
	struct rig *r = *state;

	write_width(r, 0xa0, DSA_COMMAND_RESET_DEVICE << 20, 4);
	/* Seen by the first read, however little there is to do. */
	assert_int_equal(read_width(r, 0xa8, 4) >> 31, 1);
	rig_step(r);
	assert_int_equal(read_width(r, 0xa8, 4), 0);
}

static void
a5_device_is_disabled_after_a_reset(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_ready(r, 16), 0);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_DISABLED);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
}

static void
a6_groups_keep_what_is_written(void **state)
{
	struct rig *r = *state;

	for (uint32_t g = 0; g < 4; g++) {
		assert_int_equal(rig_read(r, DSA_GRPFLAGS, g), 96 << 20);
		rig_write(r, DSA_GRPENGCFG, g, 0);
		rig_write(r, DSA_GRPWQCFG, g, 0);
		write_width(r, rig_offset(r, DSA_GRPFLAGS, g, 0),
			    read_width(r, rig_offset(r, DSA_GRPFLAGS, g, 0), 4) | 9, 4);
		assert_int_equal(rig_read(r, DSA_GRPFLAGS, g), 0x06000009);
	}
	rig_write(r, DSA_GRPWQCFG, 1, rig_read(r, DSA_GRPWQCFG, 1) | 2);
	rig_write(r, DSA_GRPWQCFG, 1, rig_read(r, DSA_GRPWQCFG, 1) | 0x20);
	assert_int_equal(rig_read(r, DSA_GRPWQCFG, 1), 0x22);
}

static void
a7_wq_registers_are_writable_by_state(void **state)
{
	struct rig *r = *state;
	uint64_t dw2, dw3;

	assert_int_equal(rig_ready(r, 16), 0);
	dw2 = rig_read(r, DSA_WQCFG_DW2, 0);
	dw3 = rig_read(r, DSA_WQCFG_DW3, 0);
	/* Enabled: nothing but the threshold. */
	rig_write(r, DSA_WQCFG_DW0, 0, 8);
	rig_write(r, DSA_WQCFG_DW2, 0, 0);
	rig_write(r, DSA_WQCFG_DW3, 0, 0);
	rig_write(r, DSA_WQCFG_DW6, 0, 0);
	rig_write(r, DSA_WQCFG_DW1, 0, 3);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 0), 16);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW1, 0), 3);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW2, 0), dw2);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW3, 0), dw3);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_ENABLED);
	/* The WQ disabled, the device not: all but the size. */
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_WQ, 1), 0);
	rig_write(r, DSA_WQCFG_DW0, 0, 8);
	rig_write(r, DSA_WQCFG_DW2, 0, 0x21);
	rig_write(r, DSA_WQCFG_DW3, 0, 0x22);
	rig_write(r, DSA_WQCFG_DW6, 0, UINT32_MAX);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 0), 16);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW2, 0), 0x21);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW3, 0), 0x22);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW6, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), 0);
	rig_write(r, DSA_WQCFG_DW0, 0, 8);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 0), 8);
}

static void
a8_enable_device_needs_bus_master(void **state)
{
	struct rig *r = *state;

	rig_config_write(r, 0x04, 2, 0x0002);
	assert_int_equal(rig_ready(r, 16), DSA_ERROR_BUS_MASTER);
	rig_config_write(r, 0x04, 2, RIG_COMMAND_ON);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
a9_wqs_by_index_and_by_bitmap(void **state)
{
	struct rig *r = *state;
	const struct rig_wq how = {.size = 16};

	for (unsigned int wq = 0; wq < 8; wq++)
		rig_wq(r, wq, &how);
	rig_engine(r, 0, 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 5), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 1), 0);
	assert_int_equal(rig_wq_state(r, 5), DSA_WQ_ENABLED);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_WQ, 1 << 5), 0);
	assert_int_equal(rig_wq_state(r, 5), DSA_WQ_DISABLED);
	assert_int_equal(rig_wq_state(r, 1), DSA_WQ_ENABLED);
}

static void
a10_reserved_operands_are_tolerated(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 3), 0);
	assert_int_equal(rig_ready(r, 16), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 7), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 1), 0);
}

static void
a10_strict_devices_refuse_reserved_operands(void **state)
{
	const struct dsa_model_config config = {.open.reserved_operand_checked = true};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &config), 0);
	assert_int_equal(rig_command(&r, DSA_COMMAND_RESET_DEVICE, 3), DSA_ERROR_RESERVED);
	assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_WQ, 0x100), DSA_ERROR_RESERVED);
	assert_int_equal(rig_command(&r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(rig_close(&r), 0);
}

/* Sixteen moves by one slot of the portal page: none overwrites another. */
static void
a11_every_write_to_a_portal_is_one(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int i = 0; i < 16; i++) {
		struct dsa_desc desc = rig_move(PAGE + i, 0x100 + i, 1, 0x2000 + i * 32);

		memset(rig_memory(r, 0x100 + i), 'a' + (int)i, 1);
		rig_post(r, 0, &desc);
	}
	rig_settle(r);
	assert_memory_equal(rig_memory(r, PAGE), "abcdefghijklmnop", 16);
}

static void
a12_a_full_dedicated_wq_drops_and_reports(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 1, 0x2000);
	uint64_t error;

	assert_int_equal(rig_ready(r, 4), 0);
	for (unsigned int i = 0; i < 4; i++)
		rig_post(r, 0, &desc);
	assert_int_equal(REG_GET(DSA_WQCFG_DW6_OCCUPANCY, rig_read(r, DSA_WQCFG_DW6, 0)), 4);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), 0);
	rig_post(r, 0, &desc);
	error = rig_read(r, DSA_SWERROR0, 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_VALID, error), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_OVERFLOW, error), 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, error), DSA_STATUS_WQ_FULL);
	assert_int_equal(REG_GET(DSA_SWERROR0_WQ_IDX_VALID, error), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_WQ_IDX, error), 0);
	rig_post(r, 0, &desc);
	assert_int_equal(REG_GET(DSA_SWERROR0_OVERFLOW, rig_read(r, DSA_SWERROR0, 0)), 1);
	/* Both go by writing them back, in one access of 8 bytes. */
	rig_write(r, DSA_SWERROR0, 0, 3);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0) & 3, 0);
	rig_settle(r);
	assert_int_equal(REG_GET(DSA_WQCFG_DW6_OCCUPANCY, rig_read(r, DSA_WQCFG_DW6, 0)), 0);
}

static struct dsa_cr *
record(struct rig *r, size_t off)
{
	return rig_memory(r, off);
}

static void
a13_operations_end_with_a_record(void **state)
{
	struct rig *r = *state;
	struct dsa_desc move = rig_move(PAGE, 0, 64, 0x2000);
	struct dsa_desc fill = rig_move(PAGE + 64, 0, 64, 0x2020);
	struct dsa_desc nop = {.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, DSA_FLAG_CRAV | DSA_FLAG_RCR),
			       .cr = rig_iova(0x2040)};

	assert_int_equal(rig_ready(r, 16), 0);
	memset(rig_memory(r, 0), 0x5a, 64);
	fill.op_flags = DSA_OP_FLAGS(DSA_OP_FILL, DSA_FLAG_CRAV | DSA_FLAG_RCR);
	fill.pattern = UINT64_C(0x7777777777777777);
	rig_post(r, 0, &move);
	rig_post(r, 0, &fill);
	rig_post(r, 0, &nop);
	rig_settle(r);
	for (size_t off = 0x2000; off <= 0x2040; off += 0x20)
		assert_int_equal(record(r, off)->status, DSA_STATUS_SUCCESS);
	assert_memory_equal(rig_memory(r, PAGE), rig_memory(r, 0), 64);
	assert_int_equal(*(uint8_t *)rig_memory(r, PAGE + 127), 0x77);
}

/* A batch of three moves as that driver writes it: records over descriptors, for errors only. */
static struct dsa_desc
batch(struct rig *r, uint64_t bad_src, uint32_t flags)
{
	struct dsa_desc *list = rig_memory(r, 0x3000);
	struct dsa_desc b = {.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, DSA_FLAG_CRAV | DSA_FLAG_RCR),
			     .cr = rig_iova(0x2000),
			     .list = rig_iova(0x3000),
			     .count = 3};

	for (unsigned int i = 0; i < 3; i++) {
		list[i] = rig_move(PAGE + i * 64, 0x100, 64, 0x3000 + i * 64);
		list[i].op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV);
	}
	if (bad_src != 0)
		list[1].src = bad_src;
	list[2].op_flags |= flags;
	return b;
}

static void
a14_a15_a_batch_ends_after_its_members(void **state)
{
	struct rig *r = *state;
	struct dsa_desc b = batch(r, 0, 0), before[3];

	assert_int_equal(rig_ready(r, 16), 0);
	memset(rig_memory(r, 0x100), 0x11, 64);
	memcpy(before, rig_memory(r, 0x3000), sizeof(before));
	rig_post(r, 0, &b);
	rig_settle(r);
	assert_int_equal(record(r, 0x2000)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(record(r, 0x2000)->bytes_completed, 3);
	/* No record of a member that succeeded: its descriptor is as it was. */
	assert_memory_equal(rig_memory(r, 0x3000), before, sizeof(before));
	assert_int_equal(*(uint8_t *)rig_memory(r, PAGE + 191), 0x11);
}

static void
a16_a_fault_fails_its_member_alone(void **state)
{
	struct rig *r = *state;
	struct dsa_desc b = batch(r, 0x10, 0);

	assert_int_equal(rig_ready(r, 16), 0);
	memset(rig_memory(r, 0x100), 0x22, 64);
	rig_post(r, 0, &b);
	rig_settle(r);
	assert_int_equal(record(r, 0x2000)->status, DSA_STATUS_BATCH_FAILED);
	assert_int_equal(record(r, 0x2000)->bytes_completed, 3);
	assert_int_equal(record(r, 0x3040)->status, DSA_STATUS_PAGE_FAULT);
	assert_int_equal(record(r, 0x3040)->bytes_completed, 0);
	assert_int_equal(*(uint8_t *)rig_memory(r, PAGE + 128), 0x22);
}

/* Nobody translates for a device without ATS: what it reads may fail, what it writes is lost. */
static void
a16_without_ats_faults_are_not_seen(void **state)
{
	const struct dsa_model_config config = {.blind_without_ats = true};

	(void)state;
	for (unsigned int ats = 0; ats < 2; ats++) {
		struct dsa_desc reads = rig_move(0x10, PAGE, 64, 0x2000);
		struct dsa_desc writes = rig_move(PAGE, 0x10, 64, 0x2020);
		struct rig r;

		assert_int_equal(rig_open(&r, &config), 0);
		rig_sva(&r, false, ats, false);
		assert_int_equal(rig_ready(&r, 16), 0);
		reads.src = 0x10;
		writes.dst = 0x10;
		rig_post(&r, 0, &reads);
		rig_post(&r, 0, &writes);
		rig_settle(&r);
		assert_int_equal(record(&r, 0x2000)->status,
				 ats ? DSA_STATUS_PAGE_FAULT : DSA_STATUS_READ_ERROR);
		assert_int_equal(record(&r, 0x2020)->status,
				 ats ? DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE
				     : DSA_STATUS_SUCCESS);
		assert_int_equal(rig_close(&r), 0);
	}
}

static void
a17_a_fence_abandons_what_follows_a_failure(void **state)
{
	struct rig *r = *state;
	struct dsa_desc b = batch(r, 0x10, DSA_FLAG_FENCE);

	assert_int_equal(rig_ready(r, 16), 0);
	memset(rig_memory(r, 0x100), 0x33, 64);
	rig_post(r, 0, &b);
	rig_settle(r);
	assert_int_equal(record(r, 0x2000)->status, DSA_STATUS_BATCH_FAILED);
	assert_int_equal(record(r, 0x2000)->bytes_completed, 2);
	assert_int_equal(*(uint8_t *)rig_memory(r, PAGE + 128), 0);
}

/* Addresses are the host's: beyond its memory there is a fault, exact to the byte. */
static void
a18_addresses_are_the_hosts(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, r->host.size - 0x1000, 0x2000, 0x8000);

	assert_int_equal(rig_ready(r, 16), 0);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(record(r, 0x8000)->status, DSA_STATUS_PAGE_FAULT);
	assert_int_equal(record(r, 0x8000)->bytes_completed, 0x1000);
	assert_int_equal(record(r, 0x8000)->fault_addr & ~UINT64_C(0xfff), rig_iova(r->host.size));
}

static void
a19_disable_wq_drains(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(2 << 20, 1 << 20, 1 << 20, 0x2000);

	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int i = 0; i < 4; i++) {
		desc.cr = rig_iova(0x2000 + i * 32);
		rig_post(r, 0, &desc);
	}
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_WQ, 1), 0);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(record(r, 0x2000 + i * 32)->status, DSA_STATUS_SUCCESS);
	/* Nothing is taken any more, and nothing is reported. */
	record(r, 0x2000)->status = 0;
	desc.cr = rig_iova(0x2000);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(record(r, 0x2000)->status, 0);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), 0);
}

static void
a20_a_next_probe_resets_what_was_left(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 64, 0x2000);

	assert_int_equal(rig_ready(r, 16), 0);
	rig_post(r, 0, &desc);
	/* Its process is gone; the next one begins as ever. */
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(record(r, 0x2000)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 0), 0);
	assert_int_equal(rig_read(r, DSA_GRPWQCFG, 0), 0);
	assert_int_equal(rig_ready(r, 16), 0);
	record(r, 0x2000)->status = 0;
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(record(r, 0x2000)->status, DSA_STATUS_SUCCESS);
}

#define BOTH(test)                                             \
	{"1.0: " #test, test, rig_setup_1, rig_teardown, NULL}, \
	{"2.0: " #test, test, rig_setup_2, rig_teardown, NULL}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a1_device_can_be_found),
		BOTH(a2_capabilities_agree),
		BOTH(a3_widths_have_the_same_effects),
		BOTH(a4_reset_device_ends_without_error),
		BOTH(a5_device_is_disabled_after_a_reset),
		BOTH(a6_groups_keep_what_is_written),
		BOTH(a7_wq_registers_are_writable_by_state),
		BOTH(a8_enable_device_needs_bus_master),
		BOTH(a9_wqs_by_index_and_by_bitmap),
		BOTH(a10_reserved_operands_are_tolerated),
		cmocka_unit_test(a10_strict_devices_refuse_reserved_operands),
		BOTH(a11_every_write_to_a_portal_is_one),
		BOTH(a12_a_full_dedicated_wq_drops_and_reports),
		BOTH(a13_operations_end_with_a_record),
		BOTH(a14_a15_a_batch_ends_after_its_members),
		BOTH(a16_a_fault_fails_its_member_alone),
		cmocka_unit_test(a16_without_ats_faults_are_not_seen),
		BOTH(a17_a_fence_abandons_what_follows_a_failure),
		BOTH(a18_addresses_are_the_hosts),
		BOTH(a19_disable_wq_drains),
		BOTH(a20_a_next_probe_resets_what_was_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
