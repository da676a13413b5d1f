/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Commands of the DSA but those that enable: their errors of section 4.4, and what each does to the
 * states of the device and its work queues.
 */
#include <string.h>

#include "dsa_cmd_rig.h"

#define PAGE 0x1000

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
