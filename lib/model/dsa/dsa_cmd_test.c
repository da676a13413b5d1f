/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Commands of the DSA: every error of section 4.4 by the check of 4.5 or 4.6 that finds it, and
 * what each command does to the states of the device and its work queues.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_test_rig.h"

#define PAGE 0x1000

static int
setup_of(void **state, unsigned int version)
{
	static struct rig rig;
	const struct dsa_model_config config = {.version = version};

	*state = &rig;
	return rig_open(&rig, &config);
}

static int
setup_1(void **state)
{
	return setup_of(state, DSA_VERSION_1);
}

static int
setup_2(void **state)
{
	return setup_of(state, DSA_VERSION_2);
}

static int
teardown(void **state)
{
	return rig_close(*state) == 0 ? 0 : -1;
}

static bool
is_second(struct rig *r)
{
	return r->layout.version == DSA_V2;
}

static unsigned int
device_state(struct rig *r)
{
	return (unsigned int)REG_GET(DSA_GENSTS_STATE, rig_read(r, DSA_GENSTS, 0));
}

/* ---- Enable Device, section 4.5 ---- */

/* Sets up WQ 0 and engine 0 in group 0, breaks one thing, tries, and repairs it. */
static void
expect_refused(struct rig *r, unsigned int error)
{
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), error);
	assert_int_equal(device_state(r), DSA_STATE_DISABLED);
}

static void
device_prepare(struct rig *r)
{
	const struct rig_wq how = {.size = 16};

	rig_wq(r, 0, &how);
	rig_engine(r, 0, 0);
}

static void
enable_device_wants_disabled(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(device_state(r), DSA_STATE_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), DSA_ERROR_DEVICE_ENABLED);
	assert_int_equal(device_state(r), DSA_STATE_ENABLED);
}

static void
enable_device_wants_page_requests(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	rig_sva(r, true, true, true);
	rig_config_write(r, RIG_PRS + 12, 4, 0);
	expect_refused(r, DSA_ERROR_PRS_ALLOC);
	rig_config_write(r, RIG_PRS + 12, 4, 0x201);
	expect_refused(r, DSA_ERROR_PRS_ALLOC);
	rig_config_write(r, RIG_PRS + 12, 4, 0x200);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_device_adds_up_sizes(void **state)
{
	struct rig *r = *state;
	const struct rig_wq rest = {.size = 113};

	device_prepare(r);
	rig_wq(r, 7, &rest);
	expect_refused(r, DSA_ERROR_WQ_SIZES);
	rig_write(r, DSA_WQCFG_DW0, 7, 112);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_device_wants_whole_groups(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	rig_engine(r, 1, 2);
	expect_refused(r, DSA_ERROR_GROUP);
	rig_write(r, DSA_GRPENGCFG, 2, 0);
	rig_write(r, DSA_GRPENGCFG, 0, 0);
	expect_refused(r, DSA_ERROR_GROUP);
}

static void
enable_device_wants_wqs_in_one_group(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	rig_engine(r, 1, 1);
	rig_write(r, DSA_GRPWQCFG, 1, 1);
	expect_refused(r, DSA_ERROR_WQ_GROUP);
	/* Without a size it may be in none, with one it has to be. */
	rig_write(r, DSA_GRPWQCFG, 1, 2);
	expect_refused(r, DSA_ERROR_WQ_GROUP);
	rig_write(r, DSA_WQCFG_DW0, 1, 8);
	rig_write(r, DSA_WQCFG_DW0, 2, 8);
	expect_refused(r, DSA_ERROR_WQ_GROUP);
	rig_write(r, DSA_WQCFG_DW0, 2, 0);
	/* One that is not there. */
	rig_write(r, DSA_GRPWQCFG, 1, UINT64_C(1) << 40 | 2);
	expect_refused(r, DSA_ERROR_WQ_GROUP);
	rig_write(r, DSA_GRPWQCFG, 1, 2);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_GRPWQCFG, 1, 3), 1, 8);
	expect_refused(r, DSA_ERROR_WQ_GROUP);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_GRPWQCFG, 1, 3), 0, 8);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_device_wants_engines_in_one_group(void **state)
{
	struct rig *r = *state;
	const struct rig_wq other = {.size = 16, .group = 1};

	device_prepare(r);
	rig_wq(r, 1, &other);
	rig_engine(r, 0, 1);
	expect_refused(r, DSA_ERROR_ENGINE_GROUP);
	rig_write(r, DSA_GRPENGCFG, 1, 1 << 4);
	expect_refused(r, DSA_ERROR_ENGINE_GROUP);
	rig_write(r, DSA_GRPENGCFG, 1, 1 << 3);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_device_checks_read_buffers(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	RIG_FIELD(r, GRPFLAGS, 0, RB_ALLOWED, 3);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, RB_ALLOWED, 8);
	RIG_FIELD(r, GRPFLAGS, 0, RB_RESERVED, 9);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, RB_RESERVED, 97);
	RIG_FIELD(r, GRPFLAGS, 0, RB_ALLOWED, 97);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, RB_RESERVED, 4);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, RB_ALLOWED, 96);
	RIG_FIELD(r, GRPFLAGS, 0, READ_BW_LIMIT, 4);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, READ_BW_LIMIT, 3);
	RIG_FIELD(r, GRPFLAGS, 0, WRITE_BW_LIMIT, 8);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GRPFLAGS, 0, WRITE_BW_LIMIT, 0);
	RIG_FIELD(r, GRPFLAGS, 0, USE_GLOBAL_RB_LIMIT, 1);
	RIG_FIELD(r, GENCFG, 0, GLOBAL_RB_LIMIT, 3);
	expect_refused(r, DSA_ERROR_READ_BUFFERS);
	RIG_FIELD(r, GENCFG, 0, GLOBAL_RB_LIMIT, 4);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_device_checks_the_event_log(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	RIG_FIELD(r, GENCFG, 0, EVENT_LOG_EN, 1);
	rig_write(r, DSA_EVLCFG1, 0, 63);
	expect_refused(r, DSA_ERROR_EVENT_LOG);
	rig_write(r, DSA_EVLCFG1, 0, 65);
	rig_write(r, DSA_EVLCFG0, 0, UINT64_C(0xfffffffffffff000));
	expect_refused(r, DSA_ERROR_EVENT_LOG);
	/* Up to the very last byte there is. */
	rig_write(r, DSA_EVLCFG1, 0, 64);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), 0);
	/* Written by a PASID, which nothing has switched on. */
	rig_write(r, DSA_EVLCFG0, 0, 0x10000 | REG_PUT(DSA_EVLCFG0_PASID_EN, 1));
	expect_refused(r, DSA_ERROR_PASID);
	rig_sva(r, true, false, false);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

/* ---- Enable WQ, section 4.6 ---- */

static void
expect_wq_refused(struct rig *r, unsigned int error)
{
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), error);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
}

static void
enable_wq_wants_an_enabled_device(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	expect_wq_refused(r, DSA_ERROR_DEVICE_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 8), DSA_ERROR_WQ_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), DSA_ERROR_WQ_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 8), DSA_ERROR_WQ_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 1), DSA_ERROR_WQ_SIZE);
}

static void
device_up(struct rig *r)
{
	device_prepare(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
enable_wq_checks_its_mode(void **state)
{
	struct rig *r = *state;

	rig_sva(r, true, false, false);
	device_up(r);
	RIG_FIELD(r, WQCFG_DW2, 0, PRIORITY, 0);
	expect_wq_refused(r, DSA_ERROR_WQ_PRIORITY);
	RIG_FIELD(r, WQCFG_DW2, 0, PRIORITY, 15);
	/* Page requests are off. */
	RIG_FIELD(r, WQCFG_DW2, 0, BOF_EN, 1);
	expect_wq_refused(r, DSA_ERROR_WQ_BOF);
	RIG_FIELD(r, WQCFG_DW2, 0, BOF_EN, 0);
	/* A shared one is by PASID. */
	RIG_FIELD(r, WQCFG_DW2, 0, MODE, 0);
	expect_wq_refused(r, DSA_ERROR_WQ_PASID);
	RIG_FIELD(r, WQCFG_DW2, 0, PASID_EN, 1);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
enable_wq_wants_pasids_switched_on(void **state)
{
	struct rig *r = *state;

	device_up(r);
	RIG_FIELD(r, WQCFG_DW2, 0, PASID_EN, 1);
	expect_wq_refused(r, DSA_ERROR_WQ_PASID);
}

static void
enable_wq_wants_privilege_switched_on(void **state)
{
	struct rig *r = *state;

	rig_config_write(r, RIG_PASID + 6, 2, 1);
	device_up(r);
	RIG_FIELD(r, WQCFG_DW2, 0, PRIV, 1);
	RIG_FIELD(r, WQCFG_DW2, 0, PASID_EN, 1);
	expect_wq_refused(r, DSA_ERROR_WQ_PRIV);
	RIG_FIELD(r, WQCFG_DW2, 0, PRIV, 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
enable_wq_checks_sizes(void **state)
{
	struct rig *r = *state;

	device_up(r);
	RIG_FIELD(r, WQCFG_DW3, 0, MAX_BATCH_SHIFT, 0);
	expect_wq_refused(r, DSA_ERROR_WQ_BATCH);
	RIG_FIELD(r, WQCFG_DW3, 0, MAX_BATCH_SHIFT, 11);
	expect_wq_refused(r, DSA_ERROR_WQ_BATCH);
	RIG_FIELD(r, WQCFG_DW3, 0, MAX_BATCH_SHIFT, 1);
	RIG_FIELD(r, WQCFG_DW3, 0, MAX_SGL_SHIFT, 1);
	expect_wq_refused(r, DSA_ERROR_WQ_BATCH);
	RIG_FIELD(r, WQCFG_DW3, 0, MAX_SGL_SHIFT, 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
enable_wq_checks_the_transfer_size(void **state)
{
	const struct dsa_model_config config = {.max_transfer_shift = 20};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &config), 0);
	device_up(&r);
	RIG_FIELD(&r, WQCFG_DW3, 0, MAX_XFER_SHIFT, 21);
	expect_wq_refused(&r, DSA_ERROR_WQ_TRANSFER);
	RIG_FIELD(&r, WQCFG_DW3, 0, MAX_XFER_SHIFT, 20);
	assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	assert_int_equal(rig_close(&r), 0);
}

static void
enable_wq_wants_a_mode_there_is(void **state)
{
	const struct dsa_model_config config = {.dedicated_only = true};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &config), 0);
	rig_sva(&r, true, false, false);
	device_up(&r);
	RIG_FIELD(&r, WQCFG_DW2, 0, MODE, 0);
	RIG_FIELD(&r, WQCFG_DW2, 0, PASID_EN, 1);
	expect_wq_refused(&r, DSA_ERROR_WQ_MODE);
	assert_int_equal(rig_close(&r), 0);
}

static void
enable_wq_checks_the_occupancy_interrupt(void **state)
{
	struct rig *r = *state;
	unsigned int handle = 8;

	device_up(r);
	rig_write(r, DSA_WQCFG_DW4, 0, 9);
	expect_wq_refused(r, DSA_ERROR_WQ_OCCUPANCY);
	rig_write(r, DSA_WQCFG_DW4, 0, 2048 | REG_MASK(DSA_WQCFG_DW4_OCC_INT_TABLE));
	expect_wq_refused(r, DSA_ERROR_WQ_OCCUPANCY);
	if (is_second(r)) {
		rig_write(r, DSA_WQCFG_DW4, 0, 8);
		expect_wq_refused(r, DSA_ERROR_WQ_OCCUPANCY);
		assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 8), 0);
		handle = (unsigned int)REG_GET(DSA_CMDSTATUS_RESULT, rig_read(r, DSA_CMDSTATUS, 0));
	}
	rig_write(r, DSA_WQCFG_DW4, 0, handle);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
enable_wq_checks_what_it_does_without(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	if (is_second(r)) {
		rig_write(r, DSA_EVLCFG1, 0, 64);
		rig_write(r, DSA_EVLCFG0, 0, rig_iova(0));
		RIG_FIELD(r, GENCFG, 0, EVENT_LOG_EN, 1);
	}
	rig_sva(r, true, true, true);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	RIG_FIELD(r, WQCFG_DW2, 0, PRS_DISABLE, 1);
	if (!is_second(r)) {
		expect_wq_refused(r, DSA_ERROR_WQ_PRS);
		RIG_FIELD(r, WQCFG_DW2, 0, PRS_DISABLE, 0);
		RIG_FIELD(r, WQCFG_DW2, 0, ATS_DISABLE, 1);
		expect_wq_refused(r, DSA_ERROR_WQ_ATS);
		return;
	}
	RIG_FIELD(r, WQCFG_DW2, 0, BOF_EN, 1);
	expect_wq_refused(r, DSA_ERROR_WQ_PRS);
	RIG_FIELD(r, WQCFG_DW2, 0, BOF_EN, 0);
	RIG_FIELD(r, WQCFG_DW2, 0, ATS_DISABLE, 1);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
enable_wq_checks_operations(void **state)
{
	struct rig *r = *state;

	device_up(r);
	assert_int_equal(rig_read(r, DSA_WQCFG_OPCFG, 0), rig_read(r, DSA_OPCAP0, 0));
	rig_write(r, DSA_WQCFG_OPCFG, 0, rig_read(r, DSA_OPCAP0, 0) | UINT64_C(1) << 33);
	expect_wq_refused(r, DSA_ERROR_WQ_OPCFG);
	rig_write(r, DSA_WQCFG_OPCFG, 0, 1 << DSA_OP_FILL);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_WQCFG_OPCFG, 0, 2), 1, 8);
	expect_wq_refused(r, DSA_ERROR_WQ_OPCFG);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_WQCFG_OPCFG, 0, 2), 0, 8);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

/* Operations that the queue may not do are refused; those it may are not. */
static void
operations_of_a_wq_are_kept_to(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);
	struct dsa_cr *cr = rig_memory(r, 0x2000);

	device_up(r);
	rig_write(r, DSA_WQCFG_OPCFG, 0, 1 << DSA_OP_NOOP);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(cr->status, DSA_STATUS_OPCODE);
}

/* ---- Other commands ---- */

static void
unknown_commands_are_refused(void **state)
{
	struct rig *r = *state;

	for (unsigned int code = 0; code < 32; code++) {
		bool known = code >= 1 && code <= (is_second(r) ? 14 : 12);

		if (!known)
			assert_int_equal(rig_command(r, (enum dsa_command)code, 0),
					 DSA_ERROR_COMMAND);
		else
			assert_int_not_equal(rig_command(r, (enum dsa_command)code, 0),
					     DSA_ERROR_COMMAND);
	}
	/* 15 and on are those of inter-domain operations, which there are none of. */
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_IDPT_HANDLE, 0), DSA_ERROR_COMMAND);
}

static void
commands_want_an_enabled_device(void **state)
{
	struct rig *r = *state;

	device_prepare(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), DSA_ERROR_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_ALL, 0), DSA_ERROR_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_ALL, 0), DSA_ERROR_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_PASID, 1), DSA_ERROR_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_PASID, 1), DSA_ERROR_NOT_ENABLED);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_ALL, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_ALL, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_PASID, 1), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_PASID, 1), 0);
}

static void
commands_want_enabled_wqs(void **state)
{
	struct rig *r = *state;
	static const enum dsa_command codes[] = {DSA_COMMAND_DRAIN_WQ, DSA_COMMAND_ABORT_WQ,
						 DSA_COMMAND_DISABLE_WQ};

	device_up(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	for (unsigned int c = 0; c < 3; c++) {
		assert_int_equal(rig_command(r, codes[c], 3), DSA_ERROR_WQ_NOT_ENABLED);
		assert_int_equal(rig_command(r, codes[c], 0x101), DSA_ERROR_WQ_INDEX);
		assert_int_equal(rig_command(r, codes[c], 0x10001), DSA_ERROR_WQ_INDEX);
		assert_int_equal(rig_wq_state(r, 0), DSA_WQ_ENABLED);
		assert_int_equal(rig_command(r, codes[c], 1), 0);
	}
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
	/* Reset asks nothing of its queues but that they are there. */
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_WQ, 0x100), DSA_ERROR_WQ_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_WQ, 3), 0);
}

static void
reset_wq_clears_all_but_the_size(void **state)
{
	struct rig *r = *state;

	device_up(r);
	rig_write(r, DSA_WQCFG_DW1, 0, 5);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_WQ, 1), 0);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW0, 0), 16);
	for (unsigned int row = DSA_WQCFG_DW1; row <= DSA_WQCFG_DW6; row++)
		assert_int_equal(rig_read(r, (enum dsa_reg)row, 0), 0);
	assert_int_equal(device_state(r), DSA_STATE_ENABLED);
}

static void
more_than_16_wqs_come_in_groups(void **state)
{
	const struct dsa_model_config config = {.wqs = 40, .wq_total = 400};
	const struct rig_wq how = {.size = 4};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &config), 0);
	for (unsigned int wq = 0; wq < 40; wq++)
		rig_wq(&r, wq, &how);
	rig_engine(&r, 0, 0);
	assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	for (unsigned int wq = 20; wq < 24; wq++)
		assert_int_equal(rig_command(&r, DSA_COMMAND_ENABLE_WQ, wq), 0);
	assert_int_equal(rig_command(&r, DSA_COMMAND_DISABLE_WQ, 0x10060), 0);
	assert_int_equal(rig_wq_state(&r, 20), DSA_WQ_ENABLED);
	assert_int_equal(rig_wq_state(&r, 21), DSA_WQ_DISABLED);
	assert_int_equal(rig_wq_state(&r, 22), DSA_WQ_DISABLED);
	assert_int_equal(rig_wq_state(&r, 23), DSA_WQ_ENABLED);
	assert_int_equal(rig_command(&r, DSA_COMMAND_DISABLE_WQ, 0x20100), DSA_ERROR_WQ_INDEX);
	assert_int_equal(rig_close(&r), 0);
}

/* ---- Work under commands ---- */

static struct dsa_cr *
record(struct rig *r, unsigned int n)
{
	return (struct dsa_cr *)rig_memory(r, 0x2000) + n;
}

static void
post_large(struct rig *r, unsigned int n)
{
	struct dsa_desc desc;

	for (unsigned int i = 0; i < n; i++) {
		desc = rig_move(2 << 20, 1 << 20, 1 << 20, 0x2000 + i * 32);
		rig_post(r, 0, &desc);
	}
}

static void
drains_wait_and_leave_the_wq_enabled(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_ready(r, 16), 0);
	post_large(r, 4);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_WQ, 1), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(record(r, i)->status, DSA_STATUS_SUCCESS);
	memset(record(r, 0), 0, 4 * sizeof(struct dsa_cr));
	post_large(r, 4);
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_ALL, 0), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(record(r, i)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_ENABLED);
}

/* What has not begun is dropped without a record, and nothing comes afterwards. */
static void
aborts_drop_what_has_not_begun(void **state)
{
	struct rig *r = *state;
	unsigned int done = 0;

	assert_int_equal(rig_ready(r, 16), 0);
	post_large(r, 16);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_WQ, 1), 0);
	for (unsigned int i = 0; i < 16; i++)
		done += record(r, i)->status != 0;
	assert_true(done < 16);
	rig_settle(r);
	for (unsigned int i = 0; i < 16; i++)
		done -= record(r, i)->status != 0;
	assert_int_equal(done, 0);
	/* It takes and does descriptors as before. */
	memset(record(r, 0), 0, 16 * sizeof(struct dsa_cr));
	post_large(r, 1);
	rig_settle(r);
	assert_int_equal(record(r, 0)->status, DSA_STATUS_SUCCESS);
}

static void
disable_device_passes_through_in_progress(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(0, PAGE, 8, 0x3000);
	struct dsa_model_wq_stats stats;

	assert_int_equal(rig_ready(r, 16), 0);
	post_large(r, 8);
	rig_write(r, DSA_CMD, 0, DSA_COMMAND_DISABLE_DEVICE << 20);
	rig_step(r);
	assert_int_equal(device_state(r), DSA_STATE_IN_PROGRESS);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLING);
	/* Nothing is taken in the meantime. */
	rig_post(r, 0, &desc);
	assert_true(dsa_model_wq_stats(r->dev, 0, &stats));
	assert_int_equal(stats.accepted, 8);
	assert_int_equal(stats.ignored, 1);
	rig_settle(r);
	assert_int_equal(device_state(r), DSA_STATE_DISABLED);
	assert_int_equal(rig_wq_state(r, 0), DSA_WQ_DISABLED);
	assert_int_equal(record(r, 7)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(((struct dsa_cr *)rig_memory(r, 0x3000))->status, 0);
	/* Its configuration is still there. */
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
}

static void
pasid_commands_wait_for_their_descriptors(void **state)
{
	struct rig *r = *state;
	const struct rig_wq how = {.shared = true, .size = 16, .threshold = 16, .pasid_enable = true};
	struct dsa_desc desc;

	rig_sva(r, true, false, false);
	rig_wq(r, 0, &how);
	rig_engine(r, 0, 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	for (unsigned int i = 0; i < 4; i++) {
		desc = rig_move(2 << 20, 1 << 20, 1 << 20, 0x2000 + i * 32);
		assert_int_equal(rig_submit(r, 0, &desc, 7), 0);
	}
	assert_int_equal(rig_command(r, DSA_COMMAND_DRAIN_PASID, 7), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(record(r, i)->status, DSA_STATUS_SUCCESS);
}

/* ---- CMD and CMDSTATUS ---- */

static void
a_command_while_one_is_active_is_lost(void **state)
{
	struct rig *r = *state;
	uint64_t error;

	device_prepare(r);
	rig_write(r, DSA_CMD, 0, DSA_COMMAND_ENABLE_DEVICE << 20);
	rig_write(r, DSA_CMD, 0, DSA_COMMAND_RESET_DEVICE << 20);
	error = rig_read(r, DSA_SWERROR0, 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_VALID, error), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, error), DSA_STATUS_CMD_BUSY);
	assert_int_equal(REG_GET(DSA_SWERROR0_DESC_VALID, error), 0);
	rig_settle(r);
	assert_int_equal(device_state(r), DSA_STATE_ENABLED);
	assert_int_equal(rig_read(r, DSA_CMDSTATUS, 0), 0);
}

static void
a_command_interrupts_when_asked_to(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(r->irqs[0], 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0x80000000),
			 DSA_ERROR_DEVICE_NOT_ENABLED);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_CMD_DONE));
	rig_write(r, DSA_INTCAUSE, 0, 2);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), 0);
	/* After a reset too, which has cleared the causes there were. */
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0x80000000), 0);
	assert_int_equal(r->irqs[0], 2);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_CMD_DONE));
}

/* Errors for which nothing in a sound device is a cause. */
static void
a_failing_device_says_so(void **state)
{
	struct rig *r = *state;
	static const uint8_t errors[] = {DSA_ERROR_HARDWARE, DSA_ERROR_DEVICE_OTHER, DSA_ERROR_ATS,
					 DSA_ERROR_IDPT_INDEX, DSA_ERROR_IDPT_NONE};

	device_prepare(r);
	for (unsigned int e = 0; e < sizeof(errors); e++) {
		dsa_model_fail_command(r->dev, errors[e]);
		expect_refused(r, errors[e]);
	}
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
}

static void
handles_are_requested_and_released(void **state)
{
	struct rig *r = *state;
	unsigned int handle;

	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 9), DSA_ERROR_HANDLE_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 3), 0);
	handle = (unsigned int)REG_GET(DSA_CMDSTATUS_RESULT, rig_read(r, DSA_CMDSTATUS, 0));
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 3), DSA_ERROR_HANDLE_NONE);
	assert_int_equal(rig_command(r, DSA_COMMAND_RELEASE_INT_HANDLE, handle + 1),
			 DSA_ERROR_HANDLE_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_RELEASE_INT_HANDLE, handle), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 3), 0);
	/* IMS has its own. */
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE,
				     2048 | DSA_COMMAND_HANDLE_IMS),
			 DSA_ERROR_HANDLE_INDEX);
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE,
				     2047 | DSA_COMMAND_HANDLE_IMS),
			 0);
	/* A reset releases all. */
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, 3), 0);
}

#define BOTH(test)                                                                                 \
	{"1.0: " #test, test, setup_1, teardown, NULL},                                            \
	{                                                                                          \
		"2.0: " #test, test, setup_2, teardown, NULL                                       \
	}
#define SECOND(test) cmocka_unit_test_setup_teardown(test, setup_2, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(enable_device_wants_disabled),
		BOTH(enable_device_wants_page_requests),
		BOTH(enable_device_adds_up_sizes),
		BOTH(enable_device_wants_whole_groups),
		BOTH(enable_device_wants_wqs_in_one_group),
		BOTH(enable_device_wants_engines_in_one_group),
		BOTH(enable_device_checks_read_buffers),
		SECOND(enable_device_checks_the_event_log),
		BOTH(enable_wq_wants_an_enabled_device),
		BOTH(enable_wq_checks_its_mode),
		BOTH(enable_wq_wants_pasids_switched_on),
		BOTH(enable_wq_wants_privilege_switched_on),
		BOTH(enable_wq_checks_sizes),
		cmocka_unit_test(enable_wq_checks_the_transfer_size),
		cmocka_unit_test(enable_wq_wants_a_mode_there_is),
		BOTH(enable_wq_checks_the_occupancy_interrupt),
		BOTH(enable_wq_checks_what_it_does_without),
		SECOND(enable_wq_checks_operations),
		SECOND(operations_of_a_wq_are_kept_to),
		BOTH(unknown_commands_are_refused),
		BOTH(commands_want_an_enabled_device),
		BOTH(commands_want_enabled_wqs),
		BOTH(reset_wq_clears_all_but_the_size),
		cmocka_unit_test(more_than_16_wqs_come_in_groups),
		BOTH(drains_wait_and_leave_the_wq_enabled),
		BOTH(aborts_drop_what_has_not_begun),
		BOTH(disable_device_passes_through_in_progress),
		BOTH(pasid_commands_wait_for_their_descriptors),
		BOTH(a_command_while_one_is_active_is_lost),
		BOTH(a_command_interrupts_when_asked_to),
		BOTH(a_failing_device_says_so),
		SECOND(handles_are_requested_and_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
