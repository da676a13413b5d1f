/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Commands, sections 4.2 to 4.4, what the device can do, sections 3.1 to 3.4, and the errors that
 * it records, section 16.1.
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "dsa_hw.h"

/* As many as GRPENGCFG has bits for. */
#define DSA_ENGINES_MAX 64

#define MS_CYCLES (rte_get_timer_hz() / MS_PER_S)

/* ---- Commands ---- */

static int
wait_until_idle(const struct dsa *dsa, uint32_t *status)
{
	uint64_t start = rte_get_timer_cycles();

	for (;;) {
		*status = (uint32_t)dsa_reg_read(dsa, DSA_CMDSTATUS, 0, 0);
		if (REG_GET(DSA_CMDSTATUS_ACTIVE, *status) == 0)
			return 0;
		if (access_is_lost(dsa->access))
			return -ENODEV;
		if (rte_get_timer_cycles() - start > DSA_WAIT_MS * MS_CYCLES)
			return -ETIMEDOUT;
		access_idle(dsa->access);
		rte_pause();
	}
}

static int
log_silence(const struct dsa *dsa, enum dsa_command command, int ret)
{
	if (ret == -ENODEV)
		DSA_LOG(ERR, dsa->name, "command %s: the device has gone",
			dsa_command_name(command));
	else if (ret == -ETIMEDOUT)
		DSA_LOG(ERR, dsa->name, "command %s: the device is still busy after %u ms",
			dsa_command_name(command), DSA_WAIT_MS);
	return ret;
}

int
dsa_hw_command(struct dsa *dsa, enum dsa_command command, uint32_t operand)
{
	uint32_t status;
	unsigned int error;
	int ret = wait_until_idle(dsa, &status);

	dsa->commands++;
	if (ret < 0) {
		dsa->commands_failed++;
		return log_silence(dsa, command, ret);
	}
	dsa_reg_write(dsa, DSA_CMD, 0, 0,
		      REG_PUT(DSA_CMD_CODE, command) | REG_PUT(DSA_CMD_OPERAND, operand));
	ret = wait_until_idle(dsa, &status);
	error = ret == 0 ? (unsigned int)REG_GET(DSA_CMDSTATUS_ERROR, status) : 0;
	if (ret == 0 && error == DSA_ERROR_NONE)
		return 0;
	dsa->commands_failed++;
	if (ret < 0)
		return log_silence(dsa, command, ret);
	DSA_LOG(ERR, dsa->name, "command %s, operand %#x: refused with %#04x, %s",
		dsa_command_name(command), operand, error, dsa_command_error_name(error));
	return -EIO;
}

int
dsa_hw_wq_command(struct dsa *dsa, enum dsa_command command, const struct dsa_wq *wq)
{
	return dsa_hw_command(dsa, command, DSA_COMMAND_WQ_BIT(wq->id));
}

/* ---- State ---- */

bool
dsa_hw_halted(const struct dsa *dsa)
{
	uint64_t state = REG_GET(DSA_GENSTS_STATE, dsa_reg_read(dsa, DSA_GENSTS, 0, 0));

	return state == DSA_STATE_HALT;
}

enum dsa_wq_state
dsa_hw_wq_state(const struct dsa *dsa, const struct dsa_wq *wq)
{
	return (enum dsa_wq_state)REG_GET(DSA_WQCFG_DW6_STATE,
					  dsa_reg_read(dsa, DSA_WQCFG_DW6, wq->id, 0));
}

uint32_t
dsa_hw_wq_occupancy(const struct dsa *dsa, const struct dsa_wq *wq)
{
	return (uint32_t)REG_GET(DSA_WQCFG_DW6_OCCUPANCY,
				 dsa_reg_read(dsa, DSA_WQCFG_DW6, wq->id, 0));
}

/* ---- From whatever it was to a device that is disabled and has forgotten ---- */

/* Registers at fixed places only: where others are is not known yet. */
static int
check_version(struct dsa *dsa)
{
	uint32_t version = (uint32_t)dsa_reg_read(dsa, DSA_VERSION, 0, 0);
	unsigned int major = (unsigned int)REG_GET(DSA_VERSION_MAJOR, version);

	if (version == UINT32_MAX || major < 1) {
		DSA_LOG(ERR, dsa->name, "device of version %#x; accepted: 0x100 and later",
			version);
		return -ENODEV;
	}
	dsa->caps.version = version;
	return 0;
}

/* Out of Halt, some need a reset that a driver cannot give. */
static int
check_halt(const struct dsa *dsa)
{
	static const char *const resets[] = {"software", "function level", "warm", "cold"};
	uint64_t status = dsa_reg_read(dsa, DSA_GENSTS, 0, 0);
	uint64_t type = REG_GET(DSA_GENSTS_RESET_TYPE, status);

	if (REG_GET(DSA_GENSTS_STATE, status) != DSA_STATE_HALT || type == DSA_RESET_SOFTWARE)
		return 0;
	DSA_LOG(ERR, dsa->name, "device has halted, and needs a %s reset; accepted: after one",
		resets[type]);
	return -EIO;
}

static void
read_caps(struct dsa *dsa)
{
	struct dsa_caps *caps = &dsa->caps;
	unsigned int i;

	caps->gencap = dsa_reg_read(dsa, DSA_GENCAP, 0, 0);
	caps->wqcap = dsa_reg_read(dsa, DSA_WQCAP, 0, 0);
	caps->grpcap = dsa_reg_read(dsa, DSA_GRPCAP, 0, 0);
	caps->engcap = dsa_reg_read(dsa, DSA_ENGCAP, 0, 0);
	caps->offsets[0] = dsa_reg_read(dsa, DSA_OFFSETS0, 0, 0);
	caps->offsets[1] = dsa_reg_read(dsa, DSA_OFFSETS1, 0, 0);
	for (i = 0; i < RTE_DIM(caps->opcap); i++)
		caps->opcap[i] = dsa_reg_read(dsa, (enum dsa_reg)(DSA_OPCAP0 + i), 0, 0);
	caps->wqs = (unsigned int)REG_GET(DSA_WQCAP_NUM_WQS, caps->wqcap);
	caps->wq_total = (unsigned int)REG_GET(DSA_WQCAP_TOTAL_WQ_SIZE, caps->wqcap);
	caps->groups = (unsigned int)REG_GET(DSA_GRPCAP_NUM_GROUPS, caps->grpcap);
	caps->engines = (unsigned int)REG_GET(DSA_ENGCAP_NUM_ENGINES, caps->engcap);
	caps->max_transfer = UINT64_C(1) << REG_GET(DSA_GENCAP_MAX_XFER_SHIFT, caps->gencap);
	caps->max_batch = 1u << REG_GET(DSA_GENCAP_MAX_BATCH_SHIFT, caps->gencap);
}

static int
check_caps(const struct dsa *dsa)
{
	const struct dsa_caps *caps = &dsa->caps;

	if (caps->wqs < 1 || caps->wqs > DSA_WQS || caps->wq_total < 1 || caps->groups < 1 ||
	    caps->engines < 1 || caps->engines > DSA_ENGINES_MAX) {
		DSA_LOG(ERR, dsa->name,
			"device of %u work queues, %u entries, %u groups, %u engines; accepted: "
			"1..%u, and at least 1 of the others, 1..%u engines",
			caps->wqs, caps->wq_total, caps->groups, caps->engines, DSA_WQS,
			DSA_ENGINES_MAX);
		return -ENODEV;
	}
	if (REG_GET(DSA_GENCAP_CONFIG_SUPPORT, caps->gencap) == 0) {
		DSA_LOG(ERR, dsa->name, "device cannot be configured (GENCAP %#" PRIx64
					"); accepted: one that can, bit 31",
			caps->gencap);
		return -ENOTSUP;
	}
	return 0;
}

int
dsa_hw_open(struct dsa *dsa)
{
	int ret;

	dsa->regs = access_bar(dsa->access, REG_BAR_0);
	ret = check_version(dsa);
	if (ret == 0)
		ret = check_halt(dsa);
	if (ret == 0)
		ret = dsa_hw_command(dsa, DSA_COMMAND_RESET_DEVICE, 0);
	if (ret < 0)
		return ret;
	read_caps(dsa);
	/* Of whoever had the device before. */
	dsa_reg_write(dsa, DSA_SWERROR0, 0, 0,
		      REG_PUT(DSA_SWERROR0_VALID, 1) | REG_PUT(DSA_SWERROR0_OVERFLOW, 1));
	return check_caps(dsa);
}

/* ---- Errors that no completion tells ---- */

static void
log_error(const struct dsa *dsa, uint64_t word)
{
	unsigned int status = (unsigned int)REG_GET(DSA_SWERROR0_ERROR, word);
	uint64_t address = dsa_reg_read(dsa, DSA_SWERROR2, 0, 0);
	char wq[32] = "", op[80] = "";

	if (REG_GET(DSA_SWERROR0_WQ_IDX_VALID, word))
		snprintf(wq, sizeof(wq), ", work queue %u",
			 (unsigned int)REG_GET(DSA_SWERROR0_WQ_IDX, word));
	if (REG_GET(DSA_SWERROR0_DESC_VALID, word))
		snprintf(op, sizeof(op), ", %s%s",
			 dsa_opcode_name((unsigned int)REG_GET(DSA_SWERROR0_OPERATION, word)),
			 REG_GET(DSA_SWERROR0_BATCH, word) ? " of a batch" : "");
	DSA_LOG(ERR, dsa->name, "device reports %#04x, %s%s%s, address %#" PRIx64 " (%s)%s", status,
		dsa_status_name(status), wq, op, address,
		REG_GET(DSA_SWERROR0_RW, word) ? "write" : "read",
		REG_GET(DSA_SWERROR0_OVERFLOW, word) ? "; there were more" : "");
}

void
dsa_hw_poll_error(struct dsa *dsa)
{
	uint64_t word;

	if (!dsa->whole || access_is_lost(dsa->access))
		return;
	word = dsa_reg_read(dsa, DSA_SWERROR0, 0, 0);
	if (REG_GET(DSA_SWERROR0_VALID, word) == 0)
		return;
	log_error(dsa, word);
	dsa->errors++;
	dsa->errors_lost += REG_GET(DSA_SWERROR0_OVERFLOW, word);
	dsa->last_error = word;
	/* Those two clear what they find set; the rest is ignored. */
	dsa_reg_write(dsa, DSA_SWERROR0, 0, 0,
		      REG_PUT(DSA_SWERROR0_VALID, 1) | REG_PUT(DSA_SWERROR0_OVERFLOW, 1));
}
