/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the DSA reports: interrupts and who may have them, SWERROR, the event log, halts, and the
 * monitor's counts; datasheet sections 13, 16 and 19.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_model_priv.h"
#include "dsa_test_rig.h"

#define PAGE   0x1000
#define LOG    0x10000
#define NOWHERE UINT64_C(0x40)

/* Tables elsewhere, and handles that are no indexes. */
static int
setup_scattered(void **state)
{
	const struct dsa_model_config config = {
		.version = DSA_VERSION_2, .scatter_tables = true, .seed = 7};

	return rig_setup_as(state, &config);
}

static struct dsa_cr *
record(struct rig *r)
{
	return rig_memory(r, 0x2000);
}

/* The handle of an entry, however this device has it. */
static unsigned int
handle_of(struct rig *r, unsigned int entry, bool ims)
{
	if (r->layout.version == DSA_V1)
		return entry;
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE,
				     entry | (ims ? DSA_COMMAND_HANDLE_IMS : 0)),
			 0);
	return (unsigned int)REG_GET(DSA_CMDSTATUS_RESULT, rig_read(r, DSA_CMDSTATUS, 0));
}

static struct dsa_desc
nop(unsigned int handle)
{
	struct dsa_desc desc = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, DSA_FLAG_CRAV | DSA_FLAG_RCR | DSA_FLAG_RCI),
		.cr = rig_iova(0x2000),
		.interrupt_handle = (uint16_t)handle,
	};

	return desc;
}

static void
do_one(struct rig *r, const struct dsa_desc *desc)
{
	memset(record(r), 0, sizeof(struct dsa_cr));
	rig_post(r, 0, desc);
	rig_settle(r);
}

/* ---- Completion interrupts ---- */

static void
completions_interrupt_by_their_entry(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc;

	assert_int_equal(rig_ready(r, 16), 0);
	desc = nop(handle_of(r, 3, false));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(r->irqs[3], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), 0);
	/* Told to be ignored. */
	rig_write(r, DSA_MSIXPERM, 3, REG_MASK(DSA_MSIXPERM_IGNORE));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(r->irqs[3], 1);
	assert_int_equal(rig_read(r, DSA_MSIX_PBA, 0), 0);
	/* An address space that this queue is not of. */
	rig_write(r, DSA_MSIXPERM, 3, REG_MASK(DSA_MSIXPERM_PASID_EN));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	rig_write(r, DSA_MSIXPERM, 3, 0);
	desc.interrupt_handle += 9;
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	assert_int_equal(r->irqs[3], 1);
}

static void
completions_of_a_pasid_want_its_entry(void **state)
{
	struct rig *r = *state;
	const struct rig_wq how = {.size = 16, .pasid_enable = true, .pasid = 0x12345};
	struct dsa_desc desc;

	rig_sva(r, true, false, false);
	rig_wq(r, 0, &how);
	rig_engine(r, 0, 0);
	RIG_FIELD(r, GENCFG, 0, USER_INT_EN, 1);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	desc = nop(handle_of(r, 2, false));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	rig_write(r, DSA_MSIXPERM, 2,
		  REG_MASK(DSA_MSIXPERM_PASID_EN) | REG_PUT(DSA_MSIXPERM_PASID, 0x12344));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	rig_write(r, DSA_MSIXPERM, 2,
		  REG_MASK(DSA_MSIXPERM_PASID_EN) | REG_PUT(DSA_MSIXPERM_PASID, 0x12345));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(r->irqs[2], 1);
}

static void
a_masked_vector_waits(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc;

	assert_int_equal(rig_ready(r, 16), 0);
	desc = nop(handle_of(r, 8, false));
	rig_write(r, DSA_MSIX_CTRL, 8, 1);
	do_one(r, &desc);
	do_one(r, &desc);
	assert_int_equal(r->irqs[8], 0);
	assert_int_equal(rig_read(r, DSA_MSIX_PBA, 0), 1 << 8);
	rig_write(r, DSA_MSIX_CTRL, 8, 0);
	assert_int_equal(r->irqs[8], 1);
	assert_int_equal(rig_read(r, DSA_MSIX_PBA, 0), 0);
	/* All of them at once. */
	rig_config_write(r, RIG_MSIX + 2, 2, 0xc000);
	do_one(r, &desc);
	assert_int_equal(r->irqs[8], 1);
	rig_config_write(r, RIG_MSIX + 2, 2, 0x8000);
	assert_int_equal(r->irqs[8], 2);
}

static void
ims_sends_messages(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc;
	uint64_t dmas;

	assert_int_equal(rig_ready(r, 16), 0);
	desc = nop(handle_of(r, 5, true));
	/* Where messages go, and nowhere else. */
	rig_write(r, DSA_IMS_ADDR, 5, 0xfee01003);
	assert_int_equal(rig_read(r, DSA_IMS_ADDR, 5), 0xfee01000);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_IMS_ADDR, 5, 0), 0xfef00000, 4);
	r->dev->ops->write(r->dev, 0, rig_offset(r, DSA_IMS_ADDR, 5, 0) + 4, 1, 4);
	assert_int_equal(rig_read(r, DSA_IMS_ADDR, 5), 0xfee01000);
	rig_write(r, DSA_IMS_DATA, 5, 0x4021);
	/* Masked, as after a reset: pending, and no faults of a message yet. */
	memset(record(r), 0, sizeof(struct dsa_cr));
	r->dev->ops->post(r->dev, 2, DSA_PORTAL_OFFSET(0, DSA_PORTAL_LIMITED_IMS), &desc, 64);
	rig_settle(r);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
	assert_int_equal(rig_read(r, DSA_IMS_CTRL, 5), 3);
	dmas = r->host.faults;
	rig_write(r, DSA_IMS_CTRL, 5, 0);
	/* The test host has no memory there, and counts what it was asked for. */
	assert_int_equal(r->host.faults, dmas + 1);
	assert_int_equal(rig_read(r, DSA_IMS_CTRL, 5), 0);
	/* By the other portals the handle is one of MSI-X. */
	if (r->layout.version == DSA_V2) {
		do_one(r, &desc);
		assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	}
}

static void
revoked_handles_are_refused(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc;

	assert_int_equal(rig_ready(r, 16), 0);
	desc = nop(handle_of(r, 3, false));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
	dsa_model_revoke_handles(r->dev);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_INT_HANDLES_REVOKED));
	assert_int_equal(r->irqs[0], 1);
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_INTERRUPT_HANDLE);
	desc = nop(handle_of(r, 3, false));
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
}

/* ---- Occupancy ---- */

static void
occupancy_interrupts_once(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 1, 0x2000);
	unsigned int handle = handle_of(r, 4, false);

	rig_write(r, DSA_WQCFG_DW4, 0, handle);
	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int i = 0; i < 8; i++)
		rig_post(r, 0, &desc);
	rig_write(r, DSA_WQCFG_DW5, 0, REG_MASK(DSA_WQCFG_DW5_OCC_INT_EN) | 2);
	assert_int_equal(r->irqs[4], 0);
	/* The limit stands while the interrupt is enabled. */
	rig_write(r, DSA_WQCFG_DW5, 0, REG_MASK(DSA_WQCFG_DW5_OCC_INT_EN) | 9);
	assert_int_equal(rig_read(r, DSA_WQCFG_DW5, 0) & 0xffff, 2);
	rig_settle(r);
	assert_int_equal(r->irqs[4], 1);
	assert_int_equal(REG_GET(DSA_WQCFG_DW6_OCC_INT_GENERATED, rig_read(r, DSA_WQCFG_DW6, 0)), 1);
	for (unsigned int i = 0; i < 8; i++)
		rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(r->irqs[4], 1);
	/* Cleared while the occupancy is low: at once again. */
	rig_write(r, DSA_WQCFG_DW6, 0, REG_MASK(DSA_WQCFG_DW6_OCC_INT_GENERATED));
	assert_int_equal(r->irqs[4], 2);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), 0);
}

/* As an engine that found the queue low, and gets its turn when software has gone on. */
static void
occupancy_found_earlier_does_not_interrupt(void **state)
{
	struct rig *r = *state;
	struct dsa_model *m = dsa_model_of(r->dev);
	struct dsa_desc desc = rig_move(PAGE, 0, 1, 0x2000);
	const uint64_t on = REG_MASK(DSA_WQCFG_DW5_OCC_INT_EN) | 2;
	uint64_t found;

	rig_write(r, DSA_WQCFG_DW4, 0, handle_of(r, 4, false));
	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int i = 0; i < 8; i++)
		rig_post(r, 0, &desc);
	rig_write(r, DSA_WQCFG_DW5, 0, on);
	found = dsa_work_arming(m->work, 0);
	rig_write(r, DSA_WQCFG_DW5, 0, 0);
	dsa_irq_occupancy(m, 0, found);
	assert_int_equal(r->irqs[4], 0);
	rig_write(r, DSA_WQCFG_DW5, 0, on);
	dsa_irq_occupancy(m, 0, found);
	assert_int_equal(r->irqs[4], 0);
	assert_int_equal(REG_GET(DSA_WQCFG_DW6_OCC_INT_GENERATED, rig_read(r, DSA_WQCFG_DW6, 0)), 0);
	rig_settle(r);
	assert_int_equal(r->irqs[4], 1);
	/* Once is enough: nothing is armed any more. */
	assert_int_equal(dsa_work_arming(m->work, 0), 0);
}

static void
occupancy_by_vector_0_has_a_cause(void **state)
{
	struct rig *r = *state;

	rig_write(r, DSA_WQCFG_DW4, 0, handle_of(r, 0, false));
	assert_int_equal(rig_ready(r, 16), 0);
	rig_write(r, DSA_WQCFG_DW5, 0, REG_MASK(DSA_WQCFG_DW5_OCC_INT_EN) | 2);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_OCCUPANCY));
}

/* ---- SWERROR ---- */

/* A descriptor without a completion record, wrong by its opcode. */
static struct dsa_desc
silent_error(void)
{
	struct dsa_desc desc = {.op_flags = DSA_OP_FLAGS(0x3f, 0)};

	return desc;
}

static void
first_error_is_kept_and_interrupts(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = silent_error(), other = rig_move(PAGE, 0, 1, 0x2008);
	uint64_t word;

	assert_int_equal(rig_ready(r, 16), 0);
	rig_write(r, DSA_GENCTRL, 0, REG_MASK(DSA_GENCTRL_SWERR_INT_EN));
	rig_post(r, 0, &desc);
	rig_settle(r);
	word = rig_read(r, DSA_SWERROR0, 0);
	assert_int_equal(word & 0xf, 0xd);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, word), DSA_STATUS_OPCODE);
	assert_int_equal(REG_GET(DSA_SWERROR0_OPERATION, word), 0x3f);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_SWERR));
	/* The next is not told apart, and does not interrupt. */
	rig_post(r, 0, &other);
	rig_settle(r);
	word |= REG_MASK(DSA_SWERROR0_OVERFLOW);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), word);
	assert_int_equal(r->irqs[0], 1);
	/* As Linux clears it: the two bits it has read, in 8 bytes. */
	rig_write(r, DSA_SWERROR0, 0, word & 3);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0) & 3, 0);
	rig_post(r, 0, &other);
	rig_settle(r);
	word = rig_read(r, DSA_SWERROR0, 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_VALID, word), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, word), DSA_STATUS_CR_ALIGN);
	assert_int_equal(r->irqs[0], 2);
}

/* ---- Event log ---- */

static void
log_prepare(struct rig *r)
{
	rig_write(r, DSA_EVLCFG0, 0, rig_iova(LOG));
	rig_write(r, DSA_EVLCFG1, 0, 64);
	RIG_FIELD(r, GENCFG, 0, EVENT_LOG_EN, 1);
	assert_int_equal(rig_ready(r, 16), 0);
	rig_write(r, DSA_GENCTRL, 0,
		  REG_MASK(DSA_GENCTRL_EVL_INT_EN) | REG_MASK(DSA_GENCTRL_SWERR_INT_EN));
}

static uint64_t
tail(struct rig *r)
{
	return REG_GET(DSA_EVLSTATUS_TAIL, rig_read(r, DSA_EVLSTATUS, 0));
}

/* The record cannot be written, so the log has it. */
static void
log_keeps_records_that_fault(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);
	const uint64_t *entry = rig_memory(r, LOG);
	const struct dsa_cr *cr = rig_memory(r, LOG + 32);

	desc.cr = NOWHERE;
	log_prepare(r);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(tail(r), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_VALID, entry[0]), 1);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, entry[0]), DSA_STATUS_CR_FAULT);
	assert_int_equal(REG_GET(DSA_SWERROR0_OPERATION, entry[0]), DSA_OP_MOVE);
	assert_int_equal(entry[2] & ~UINT64_C(0xfff), NOWHERE & ~UINT64_C(0xfff));
	assert_int_equal(cr->status, DSA_STATUS_SUCCESS);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_EVL));
	assert_int_equal(REG_GET(DSA_EVLSTATUS_INT_PENDING, rig_read(r, DSA_EVLSTATUS, 0)), 1);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), 0);
	/* No other interrupt before this one is dealt with. */
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(tail(r), 2);
	assert_int_equal(r->irqs[0], 1);
	rig_write(r, DSA_EVLSTATUS, 0, REG_MASK(DSA_EVLSTATUS_INT_PENDING) | 2);
	assert_int_equal(rig_read(r, DSA_EVLSTATUS, 0), UINT64_C(2) << 32 | 2);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(r->irqs[0], 2);
}

static void
full_log_drops_and_reports(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = silent_error();

	log_prepare(r);
	for (unsigned int i = 0; i < 63; i++) {
		rig_post(r, 0, &desc);
		rig_settle(r);
	}
	assert_int_equal(tail(r), 63);
	assert_int_equal(rig_read(r, DSA_SWERROR0, 0), 0);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(tail(r), 63);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, rig_read(r, DSA_SWERROR0, 0)),
			 DSA_STATUS_EVENT_LOG);
	/* Room again, and around the end. */
	rig_write(r, DSA_EVLSTATUS, 0, 10);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(tail(r), 0);
	/* Enabled anew it is empty. */
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), 0);
	assert_int_equal(rig_read(r, DSA_EVLSTATUS, 0) & 0xffff, 10);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_read(r, DSA_EVLSTATUS, 0), 0);
}

static void
log_that_cannot_be_written_is_an_error(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = silent_error();

	log_prepare(r);
	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), 0);
	rig_write(r, DSA_EVLCFG0, 0, 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_DEVICE, 0), 0);
	assert_int_equal(rig_command(r, DSA_COMMAND_ENABLE_WQ, 0), 0);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(tail(r), 0);
	assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, rig_read(r, DSA_SWERROR0, 0)),
			 DSA_STATUS_EVENT_LOG);
}

/* ---- Halt, and what leads to it ---- */

static void
halted_devices_do_nothing_but_reset(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);

	assert_int_equal(rig_ready(r, 16), 0);
	rig_write(r, DSA_GENCTRL, 0, REG_MASK(DSA_GENCTRL_HALT_INT_EN));
	dsa_model_halt(r->dev, DSA_RESET_SOFTWARE);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_HALT);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_HALT));
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(record(r)->status, 0);
	assert_int_equal(rig_submit(r, 0, &desc, 1), -EAGAIN);
	for (unsigned int code = 1; code <= 12; code++)
		if (code != DSA_COMMAND_RESET_DEVICE)
			assert_int_equal(rig_command(r, (enum dsa_command)code, 0), DSA_ERROR_HALT);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_DISABLED);
	assert_int_equal(rig_ready(r, 16), 0);
	do_one(r, &desc);
	assert_int_equal(record(r)->status, DSA_STATUS_SUCCESS);
}

static void
some_halts_need_more_than_a_command(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_ready(r, 16), 0);
	dsa_model_halt(r->dev, DSA_RESET_FLR);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_RESET_FLR << 2 | DSA_STATE_HALT);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), DSA_ERROR_HALT);
	rig_config_write(r, RIG_PCIE + 8, 2, 0x8000);
	rig_start(r);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_DISABLED);
	assert_int_equal(rig_ready(r, 16), 0);
}

/* A command that waits for what a halt has stopped does not wait for ever. */
static void
a_halt_ends_the_command_that_waits(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(2 << 20, 1 << 20, 1 << 20, 0x2000);

	assert_int_equal(rig_ready(r, 16), 0);
	for (unsigned int i = 0; i < 16; i++)
		rig_post(r, 0, &desc);
	rig_write(r, DSA_CMD, 0, DSA_COMMAND_DRAIN_ALL << 20);
	rig_step(r);
	dsa_model_halt(r->dev, DSA_RESET_SOFTWARE);
	assert_int_equal(rig_read(r, DSA_CMDSTATUS, 0), DSA_ERROR_HARDWARE);
	assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
}

static void
changing_configuration_space_halts(void **state)
{
	struct rig *r = *state;
	static const struct {
		uint16_t off;
		uint32_t value;
	} changes[] = {
		{0x04, 0x0002},
		{RIG_ATS + 6, 0x8000},
		{RIG_PASID + 6, 0x0001},
		{RIG_PRS + 4, 0x0001},
	};

	for (unsigned int c = 0; c < sizeof(changes) / sizeof(changes[0]); c++) {
		uint32_t before = rig_config_read(r, changes[c].off, 2);

		assert_int_equal(rig_ready(r, 16), 0);
		rig_config_write(r, changes[c].off, 2, before);
		assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_ENABLED);
		rig_config_write(r, changes[c].off, 2, changes[c].value);
		assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_HALT);
		assert_int_equal(REG_GET(DSA_SWERROR0_ERROR, rig_read(r, DSA_SWERROR0, 0)),
				 DSA_STATUS_PCI_CHANGED);
		rig_config_write(r, changes[c].off, 2, before);
		rig_write(r, DSA_SWERROR0, 0, 3);
		assert_int_equal(rig_command(r, DSA_COMMAND_RESET_DEVICE, 0), 0);
	}
	/* While it is Disabled anything goes, and other bits always do. */
	rig_config_write(r, RIG_ATS + 6, 2, 0x8000);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_DISABLED);
	assert_int_equal(rig_ready(r, 16), 0);
	rig_config_write(r, 0x0c, 1, 0x10);
	rig_config_write(r, 0x04, 2, RIG_COMMAND_ON | 0x100);
	assert_int_equal(rig_read(r, DSA_GENSTS, 0), DSA_STATE_ENABLED);
}

/* ---- Counters ---- */

static void
count(struct rig *r, unsigned int n, unsigned int category, uint32_t events, bool interrupt)
{
	rig_write(r, DSA_CNTRCFG, n,
		  REG_PUT(DSA_CNTRCFG_ENABLE, 1) | REG_PUT(DSA_CNTRCFG_INT_ON_OVF, interrupt) |
			  REG_PUT(DSA_CNTRCFG_CATEGORY, category) |
			  REG_PUT(DSA_CNTRCFG_EVENTS, events));
}

static void
counters_count_what_they_are_told(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);

	assert_int_equal(rig_ready(r, 4), 0);
	assert_int_equal(rig_read(r, DSA_PERFCAP, 0) & 0x3f, 8);
	assert_int_equal(rig_read(r, DSA_EVNTCAP, 3), 0x1ffff);
	do_one(r, &desc);
	count(r, 0, 0, 1 << 4, false); /* accepted by dedicated queues */
	count(r, 1, 0, 1 << 5, false); /* dropped */
	count(r, 2, 3, 1 << 3, false); /* moves */
	count(r, 3, 4, 1 << 4, false); /* successes */
	rig_write(r, DSA_FLTCFG_WQ, 4, 1 << 1);
	count(r, 4, 0, 1 << 4, false); /* of a queue that gets nothing */
	for (unsigned int i = 0; i < 6; i++)
		rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 0), 4);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 1), 2);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 2), 4);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 3), 4);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 4), 0);
	/* Frozen, and let go. */
	rig_write(r, DSA_PERFFRZ, 0, 1);
	do_one(r, &desc);
	rig_write(r, DSA_PERFFRZ, 0, 0);
	do_one(r, &desc);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 0), 5);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 2), 6);
	/* Settings stand while it is on. */
	rig_write(r, DSA_CNTRCFG, 0, REG_PUT(DSA_CNTRCFG_ENABLE, 1));
	rig_write(r, DSA_CNTRDATA, 0, 0);
	rig_write(r, DSA_FLTCFG_WQ, 0, 0);
	assert_int_equal(REG_GET(DSA_CNTRCFG_EVENTS, rig_read(r, DSA_CNTRCFG, 0)), 1 << 4);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 0), 5);
	assert_int_equal(rig_read(r, DSA_FLTCFG_WQ, 0), 0xffff);
	rig_write(r, DSA_PERFRST, 0, 3);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 2), 0);
	assert_int_equal(rig_read(r, DSA_CNTRCFG, 2), 0);
	assert_int_equal(rig_read(r, DSA_FLTCFG_WQ, 4), 0xffff);
}

static void
counters_that_overflow_interrupt(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);

	assert_int_equal(rig_ready(r, 4), 0);
	rig_write(r, DSA_CNTRDATA, 1, UINT64_C(0xffffffffffff));
	count(r, 1, 0, 1 << 4, true);
	do_one(r, &desc);
	rig_step(r);
	assert_int_equal(r->irqs[0], 1);
	assert_int_equal(rig_read(r, DSA_INTCAUSE, 0), REG_MASK(DSA_INTCAUSE_PERFMON_OVF));
	assert_int_equal(rig_read(r, DSA_OVFSTATUS, 0), 2);
	assert_int_equal(rig_read(r, DSA_CNTRDATA, 1), 0);
	rig_write(r, DSA_OVFSTATUS, 0, 2);
	assert_int_equal(rig_read(r, DSA_OVFSTATUS, 0), 0);
}

static void
statistics_are_those_of_the_queue(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(PAGE, 0, 8, 0x2000);
	struct dsa_model_wq_stats s;

	assert_int_equal(rig_ready(r, 4), 0);
	for (unsigned int i = 0; i < 5; i++)
		rig_post(r, 0, &desc);
	assert_true(dsa_model_wq_stats(r->dev, 0, &s));
	assert_true(s.enabled && s.dedicated);
	assert_int_equal(s.size, 4);
	assert_int_equal(s.occupancy, 4);
	assert_int_equal(s.accepted, 4);
	assert_int_equal(s.dropped, 1);
	rig_settle(r);
	assert_int_equal(rig_submit(r, 0, &desc, 1), -EAGAIN);
	rig_post(r, 1, &desc);
	assert_true(dsa_model_wq_stats(r->dev, 0, &s));
	assert_int_equal(s.occupancy, 0);
	assert_int_equal(s.completed, 4);
	assert_int_equal(s.failed, 0);
	assert_int_equal(s.bytes, 32);
	assert_int_equal(s.retried, 1);
	assert_true(dsa_model_wq_stats(r->dev, 1, &s));
	assert_false(s.enabled);
	assert_int_equal(s.ignored, 1);
	assert_false(dsa_model_wq_stats(r->dev, 8, &s));
}

#define SETUP(name, test, setup) {name ": " #test, test, setup, rig_teardown, NULL}
#define BOTH(test) SETUP("1.0", test, rig_setup_1), SETUP("2.0", test, rig_setup_2)
#define ALL(test)  BOTH(test), SETUP("scattered", test, setup_scattered)
#define SECOND(test) SETUP("2.0", test, rig_setup_2), SETUP("scattered", test, setup_scattered)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(completions_interrupt_by_their_entry),
		ALL(completions_of_a_pasid_want_its_entry),
		ALL(a_masked_vector_waits),
		ALL(ims_sends_messages),
		SECOND(revoked_handles_are_refused),
		ALL(occupancy_interrupts_once),
		ALL(occupancy_found_earlier_does_not_interrupt),
		ALL(occupancy_by_vector_0_has_a_cause),
		BOTH(first_error_is_kept_and_interrupts),
		SECOND(log_keeps_records_that_fault),
		SECOND(full_log_drops_and_reports),
		SECOND(log_that_cannot_be_written_is_an_error),
		BOTH(halted_devices_do_nothing_but_reset),
		BOTH(some_halts_need_more_than_a_command),
		BOTH(a_halt_ends_the_command_that_waits),
		BOTH(changing_configuration_space_halts),
		ALL(counters_count_what_they_are_told),
		ALL(counters_that_overflow_interrupt),
		BOTH(statistics_are_those_of_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
