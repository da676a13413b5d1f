/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Enable Device and Enable WQ: every error of section 4.4 by the check of 4.5 or 4.6 that finds it.
 */
#include "dsa_cmd_rig.h"

#define PAGE 0x1000

/* ---- Enable Device, section 4.5 ---- */

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
