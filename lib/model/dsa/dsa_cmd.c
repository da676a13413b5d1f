/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* Administrative commands and what they make of the device and its work queues: section 4.
 *
 *   device   Disabled --Enable Device--> Enabled --Disable Device, Reset Device--> in progress
 *               ^                                                                      |
 *               +--------------------- all that was taken has ended -------------------+
 *
 *   WQ       Disabled --Enable WQ--> Enabled --Disable WQ, Reset WQ--> disabling --> Disabled
 *
 * A command is Active from the write of CMD until a step has begun it and what it waits for has
 * ended, even when that is nothing.
 */

/* Operand of commands on WQs. */
#define WQS_PER_OPERAND 16u
#define OPERAND_INDEX   0xffu

static unsigned int
code_of(uint32_t word)
{
	return (unsigned int)REG_GET(DSA_CMD_CODE, word);
}

static uint32_t
operand_of(const struct dsa_model *m)
{
	return (uint32_t)REG_GET(DSA_CMD_OPERAND, m->cmd.word);
}

static void
state_set(struct dsa_model *m, enum dsa_state state)
{
	dsa_reg_set(m, DSA_GENSTS, 0, REG_PUT(DSA_GENSTS_STATE, state));
}

static uint64_t
enabled_wqs(const struct dsa_model *m)
{
	uint64_t wqs = 0;

	for (unsigned int wq = 0; wq < m->config.wqs; wq++)
		if (m->wq_state[wq] == DSA_WQ_ENABLED)
			wqs |= UINT64_C(1) << wq;
	return wqs;
}

/* ---- Work that is waited for ---- */

enum work { WORK_DONE, WORK_ABORTED };

/* Wait for what these queues have taken by now. */
static void
wait_for(struct dsa_model *m, uint64_t wqs, enum work how)
{
	m->cmd.wqs = wqs;
	for (; wqs != 0; wqs &= wqs - 1) {
		unsigned int wq = (unsigned int)__builtin_ctzll(wqs);

		dsa_work_mark(m->work, wq);
		if (how == WORK_ABORTED)
			dsa_work_abort(m->work, wq);
	}
}

static void
wqs_stop(struct dsa_model *m, uint64_t wqs)
{
	for (uint64_t left = wqs; left != 0; left &= left - 1) {
		unsigned int wq = (unsigned int)__builtin_ctzll(left);

		dsa_work_stop(m->work, wq);
		dsa_wq_state_set(m, wq, DSA_WQ_DISABLING);
	}
	wait_for(m, wqs, WORK_DONE);
}

static bool
wqs_passed(const struct dsa_model *m)
{
	for (uint64_t wqs = m->cmd.wqs; wqs != 0; wqs &= wqs - 1)
		if (!dsa_work_passed(m->work, (unsigned int)__builtin_ctzll(wqs)))
			return false;
	return true;
}

static bool
pasid_passed(const struct dsa_model *m)
{
	return dsa_work_passed_pasid(m->work);
}

static void
wqs_disabled(struct dsa_model *m)
{
	for (uint64_t wqs = m->cmd.wqs; wqs != 0; wqs &= wqs - 1)
		dsa_wq_state_set(m, (unsigned int)__builtin_ctzll(wqs), DSA_WQ_DISABLED);
}

/* ---- The device ---- */

static void
groups_tell(struct dsa_model *m, bool enabled)
{
	for (unsigned int g = 0; g < m->config.groups; g++)
		dsa_work_group(m->work, g, enabled ? dsa_reg(m, DSA_GRPENGCFG, g) : 0,
			       enabled ? dsa_reg(m, DSA_GRPWQCFG, g) : 0);
}

static enum dsa_command_error
enable_device(struct dsa_model *m)
{
	enum dsa_command_error error = dsa_enable_check_device(m);

	if (error != DSA_ERROR_NONE)
		return error;
	groups_tell(m, true);
	if (dsa_evl_enabled(m)) {
		dsa_lock(&m->report);
		dsa_reg_set(m, DSA_EVLSTATUS, 0, 0);
		dsa_unlock(&m->report);
	}
	state_set(m, DSA_STATE_ENABLED);
	return DSA_ERROR_NONE;
}

static enum dsa_command_error
disable_device(struct dsa_model *m)
{
	if (dsa_state(m) != DSA_STATE_ENABLED)
		return DSA_ERROR_NOT_ENABLED;
	state_set(m, DSA_STATE_IN_PROGRESS);
	wqs_stop(m, enabled_wqs(m));
	return DSA_ERROR_NONE;
}

static void
device_disabled(struct dsa_model *m)
{
	wqs_disabled(m);
	groups_tell(m, false);
	state_set(m, DSA_STATE_DISABLED);
}

static enum dsa_command_error
reset_device(struct dsa_model *m)
{
	/* A halt that needs more than this is not left by it (U11). */
	if (dsa_state(m) == DSA_STATE_HALT &&
	    REG_GET(DSA_GENSTS_RESET_TYPE, dsa_reg(m, DSA_GENSTS, 0)) != DSA_RESET_SOFTWARE)
		return DSA_ERROR_HALT;
	if (dsa_state(m) == DSA_STATE_ENABLED)
		return disable_device(m);
	return DSA_ERROR_NONE;
}

static void
device_reset(struct dsa_model *m)
{
	if (dsa_state(m) == DSA_STATE_IN_PROGRESS)
		device_disabled(m);
	dsa_reset_software(m);
}

static enum dsa_command_error
all(struct dsa_model *m, enum work how)
{
	if (dsa_state(m) != DSA_STATE_ENABLED)
		return DSA_ERROR_NOT_ENABLED;
	wait_for(m, enabled_wqs(m), how);
	return DSA_ERROR_NONE;
}

static enum dsa_command_error
drain_all(struct dsa_model *m)
{
	return all(m, WORK_DONE);
}

static enum dsa_command_error
abort_all(struct dsa_model *m)
{
	return all(m, WORK_ABORTED);
}

/* ---- Work queues ---- */

static struct dsa_work_wq
wq_compile(const struct dsa_model *m, unsigned int wq)
{
	uint64_t dw2 = dsa_reg(m, DSA_WQCFG_DW2, wq), dw3 = dsa_reg(m, DSA_WQCFG_DW3, wq);
	struct dsa_work_wq c = {
		.dedicated = REG_GET(DSA_WQCFG_DW2_MODE, dw2),
		.block_on_fault = REG_GET(DSA_WQCFG_DW2_BOF_EN, dw2),
		.prs = dsa_pci_prs(m) && !REG_GET(DSA_WQCFG_DW2_PRS_DISABLE, dw2) &&
		       !REG_GET(DSA_WQCFG_DW2_ATS_DISABLE, dw2),
		.blind = m->config.blind_without_ats &&
			 (!dsa_pci_ats(m) || REG_GET(DSA_WQCFG_DW2_ATS_DISABLE, dw2)),
		.pasid_enable = REG_GET(DSA_WQCFG_DW2_PASID_EN, dw2),
		.priority = (uint8_t)REG_GET(DSA_WQCFG_DW2_PRIORITY, dw2),
		.pasid = (uint32_t)REG_GET(DSA_WQCFG_DW2_PASID, dw2),
		.size = (uint32_t)dsa_reg(m, DSA_WQCFG_DW0, wq),
		.threshold = (uint32_t)dsa_reg(m, DSA_WQCFG_DW1, wq),
		.max_transfer = UINT64_C(1) << REG_GET(DSA_WQCFG_DW3_MAX_XFER_SHIFT, dw3),
		.max_batch = 1u << REG_GET(DSA_WQCFG_DW3_MAX_BATCH_SHIFT, dw3),
		.group = dsa_enable_group_of(m, wq),
	};

	/* Of a shared one the descriptor says, as far as privileged mode is on. */
	c.priv = c.dedicated ? REG_GET(DSA_WQCFG_DW2_PRIV, dw2) : dsa_pci_priv(m);
	for (uint32_t w = 0; w < 4; w++)
		c.opcap[w] = m->opcap[w];
	for (uint32_t w = 0; dsa_has_row(m, DSA_WQCFG_OPCFG) && w < 4; w++)
		c.opcap[w] &= regfile_value(m->regs, (struct reg_at){DSA_WQCFG_OPCFG, 0, wq, w});
	return c;
}

static enum dsa_command_error
enable_wq(struct dsa_model *m)
{
	unsigned int wq = operand_of(m) & OPERAND_INDEX;
	enum dsa_command_error error;
	struct dsa_work_wq c;

	if (wq >= m->config.wqs)
		return DSA_ERROR_WQ_INDEX;
	if (dsa_state(m) != DSA_STATE_ENABLED)
		return DSA_ERROR_DEVICE_NOT_ENABLED;
	error = dsa_enable_check_wq(m, wq);
	if (error != DSA_ERROR_NONE)
		return error;
	c = wq_compile(m, wq);
	if (dsa_work_enable(m->work, wq, &c) < 0)
		return DSA_ERROR_HARDWARE;
	dsa_wq_state_set(m, wq, DSA_WQ_ENABLED);
	dsa_lock(&m->report);
	dsa_irq_arm_occupancy(m, wq);
	dsa_unlock(&m->report);
	dsa_irq_armed(m);
	return DSA_ERROR_NONE;
}

/* The queues that an operand names; false when there is no such queue. */
static bool
wqs_named(const struct dsa_model *m, uint64_t *wqs)
{
	uint32_t operand = operand_of(m), first = (operand >> WQS_PER_OPERAND) * WQS_PER_OPERAND;
	uint32_t bits = operand & 0xffff;

	*wqs = 0;
	if (bits == 0)
		return true;
	if (first + 32 - (uint32_t)__builtin_clz(bits) > m->config.wqs)
		return false;
	*wqs = (uint64_t)bits << first;
	return true;
}

/* Those queues, which all have to be enabled. */
static enum dsa_command_error
wqs_enabled(const struct dsa_model *m, uint64_t *wqs)
{
	if (!wqs_named(m, wqs))
		return DSA_ERROR_WQ_INDEX;
	return (*wqs & ~enabled_wqs(m)) == 0 ? DSA_ERROR_NONE : DSA_ERROR_WQ_NOT_ENABLED;
}

static enum dsa_command_error
disable_wq(struct dsa_model *m)
{
	uint64_t wqs;
	enum dsa_command_error error = wqs_enabled(m, &wqs);

	if (error == DSA_ERROR_NONE)
		wqs_stop(m, wqs);
	return error;
}

static enum dsa_command_error
drain_wq(struct dsa_model *m)
{
	uint64_t wqs;
	enum dsa_command_error error = wqs_enabled(m, &wqs);

	if (error == DSA_ERROR_NONE)
		wait_for(m, wqs, WORK_DONE);
	return error;
}

static enum dsa_command_error
abort_wq(struct dsa_model *m)
{
	uint64_t wqs;
	enum dsa_command_error error = wqs_enabled(m, &wqs);

	if (error == DSA_ERROR_NONE)
		wait_for(m, wqs, WORK_ABORTED);
	return error;
}

/* It does not matter which of them are Disabled already. */
static enum dsa_command_error
reset_wq(struct dsa_model *m)
{
	uint64_t wqs;

	if (!wqs_named(m, &wqs))
		return DSA_ERROR_WQ_INDEX;
	wqs_stop(m, wqs & enabled_wqs(m));
	return DSA_ERROR_NONE;
}

static void
wqs_reset(struct dsa_model *m)
{
	uint64_t wqs;

	wqs_disabled(m);
	(void)wqs_named(m, &wqs);
	dsa_lock(&m->report);
	for (; wqs != 0; wqs &= wqs - 1)
		dsa_config_reset_wq(m, (unsigned int)__builtin_ctzll(wqs));
	dsa_unlock(&m->report);
}

/* ---- Address spaces and handles ---- */

static enum dsa_command_error
pasid(struct dsa_model *m, enum work how)
{
	if (dsa_state(m) != DSA_STATE_ENABLED)
		return DSA_ERROR_NOT_ENABLED;
	dsa_work_mark_pasid(m->work, operand_of(m));
	if (how == WORK_ABORTED)
		dsa_work_abort_pasid(m->work, operand_of(m));
	return DSA_ERROR_NONE;
}

static enum dsa_command_error
drain_pasid(struct dsa_model *m)
{
	return pasid(m, WORK_DONE);
}

static enum dsa_command_error
abort_pasid(struct dsa_model *m)
{
	return pasid(m, WORK_ABORTED);
}

static enum dsa_command_error
handle(struct dsa_model *m, bool request)
{
	uint32_t operand = operand_of(m), index = operand & 0xffff;
	bool ims = operand & DSA_COMMAND_HANDLE_IMS;
	enum dsa_command_error error;

	dsa_lock(&m->report);
	error = request ? dsa_irq_request(m, index, ims, &m->cmd.result)
			: dsa_irq_release(m, index, ims);
	dsa_unlock(&m->report);
	return error;
}

static enum dsa_command_error
request_handle(struct dsa_model *m)
{
	return handle(m, true);
}

static enum dsa_command_error
release_handle(struct dsa_model *m)
{
	return handle(m, false);
}

/* ---- Life of a command ---- */

static const struct command {
	/* Check it, and do all that need not wait. */
	enum dsa_command_error (*begin)(struct dsa_model *m);
	/* Has what it waits for ended? NULL: it waits for nothing. */
	bool (*passed)(const struct dsa_model *m);
	/* The rest of it. */
	void (*end)(struct dsa_model *m);
	uint32_t reserved; /* bits of the operand */
} commands[] = {
	[DSA_COMMAND_ENABLE_DEVICE] = {enable_device, NULL, NULL, ~0u},
	[DSA_COMMAND_DISABLE_DEVICE] = {disable_device, wqs_passed, device_disabled, ~0u},
	[DSA_COMMAND_DRAIN_ALL] = {drain_all, wqs_passed, NULL, ~0u},
	[DSA_COMMAND_ABORT_ALL] = {abort_all, wqs_passed, NULL, ~0u},
	[DSA_COMMAND_RESET_DEVICE] = {reset_device, wqs_passed, device_reset, ~0u},
	[DSA_COMMAND_ENABLE_WQ] = {enable_wq, NULL, NULL, ~OPERAND_INDEX},
	[DSA_COMMAND_DISABLE_WQ] = {disable_wq, wqs_passed, wqs_disabled, 0},
	[DSA_COMMAND_DRAIN_WQ] = {drain_wq, wqs_passed, NULL, 0},
	[DSA_COMMAND_ABORT_WQ] = {abort_wq, wqs_passed, NULL, 0},
	[DSA_COMMAND_RESET_WQ] = {reset_wq, wqs_passed, wqs_reset, 0},
	[DSA_COMMAND_DRAIN_PASID] = {drain_pasid, pasid_passed, NULL, 0},
	[DSA_COMMAND_ABORT_PASID] = {abort_pasid, pasid_passed, NULL, 0},
	[DSA_COMMAND_REQUEST_INT_HANDLE] = {request_handle, NULL, NULL, ~0x1ffffu},
	[DSA_COMMAND_RELEASE_INT_HANDLE] = {release_handle, NULL, NULL, ~0x1ffffu},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
/* Those that every device has. */
#define COMMANDS_ALWAYS 0x1ffeu

static bool
has_command(const struct dsa_model *m, unsigned int code)
{
	uint64_t has = COMMANDS_ALWAYS;

	if (REG_GET(DSA_GENCAP_CMD_CAP, m->gencap))
		has = dsa_reg(m, DSA_CMDCAP, 0);
	return code < COMMANDS && commands[code].begin != NULL && (has >> code & 1);
}

static enum dsa_command_error
begin(struct dsa_model *m)
{
	unsigned int code = code_of(m->cmd.word);
	uint8_t fail = m->cmd.fail_next;

	m->cmd.fail_next = 0;
	m->cmd.wqs = 0;
	m->cmd.result = 0;
	if (fail != 0)
		return (enum dsa_command_error)fail;
	if (!has_command(m, code))
		return DSA_ERROR_COMMAND;
	if (dsa_state(m) == DSA_STATE_HALT && code != DSA_COMMAND_RESET_DEVICE)
		return DSA_ERROR_HALT;
	if (m->config.open.reserved_operand_checked &&
	    (operand_of(m) & commands[code].reserved) != 0)
		return DSA_ERROR_RESERVED;
	return commands[code].begin(m);
}

static void
finish(struct dsa_model *m, enum dsa_command_error error)
{
	m->cmd.begun = false;
	atomic_store_explicit(&m->cmd.active, false, memory_order_relaxed);
	dsa_reg_set(m, DSA_CMDSTATUS, 0,
		    REG_PUT(DSA_CMDSTATUS_ERROR, error) |
			    REG_PUT(DSA_CMDSTATUS_RESULT, m->cmd.result));
	if (!REG_GET(DSA_CMD_REQ_COMP_INT, m->cmd.word))
		return;
	dsa_lock(&m->report);
	dsa_irq_cause(m, DSA_CAUSE_CMD);
	dsa_unlock(&m->report);
}

void
dsa_cmd_wrote(struct dsa_model *m, uint32_t word)
{
	if (atomic_load_explicit(&m->cmd.active, memory_order_relaxed)) {
		dsa_swerror_code(m, DSA_STATUS_CMD_BUSY);
		return;
	}
	m->cmd.word = word;
	atomic_store_explicit(&m->cmd.active, true, memory_order_relaxed);
	dsa_reg_set(m, DSA_CMDSTATUS, 0, REG_PUT(DSA_CMDSTATUS_ACTIVE, 1));
}

void
dsa_cmd_step(struct dsa_model *m)
{
	const struct command *command;
	enum dsa_command_error error;

	if (!atomic_load_explicit(&m->cmd.active, memory_order_relaxed))
		return;
	if (!m->cmd.begun) {
		error = begin(m);
		if (error != DSA_ERROR_NONE) {
			finish(m, error);
			return;
		}
		m->cmd.begun = true;
	}
	command = &commands[code_of(m->cmd.word)];
	if (command->passed != NULL && !command->passed(m))
		return;
	if (command->end != NULL)
		command->end(m);
	finish(m, DSA_ERROR_NONE);
}

void
dsa_cmd_halt(struct dsa_model *m)
{
	if (atomic_load_explicit(&m->cmd.active, memory_order_relaxed) && m->cmd.begun)
		finish(m, DSA_ERROR_HARDWARE);
}

void
dsa_cmd_reset(struct dsa_model *m)
{
	atomic_store_explicit(&m->cmd.active, false, memory_order_relaxed);
	m->cmd.begun = false;
	m->cmd.fail_next = 0;
}
