/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model_priv.h"

/* What writes store, by the state of the device and its work queues, and what else they and reads
 * do: sections 3.5 to 3.7 and 26.3. What may not be written now is ignored. Each half of a register
 * of 8 bytes comes here alone, so both widths have the same effects.
 */

/* ---- When something may be written ---- */

static bool
is_configurable(const struct dsa_model *m)
{
	return m->config.configurable == DSA_CONFIG_ALL;
}

static uint32_t
put(uint32_t old, uint32_t value, uint32_t mask)
{
	return (old & ~mask) | (value & mask);
}

static uint32_t
store_disabled(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const struct dsa_model *m = owner;

	(void)at;
	return dsa_state(m) == DSA_STATE_DISABLED ? put(old, value, mask) : old;
}

static uint32_t
store_device(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	return is_configurable(owner) ? store_disabled(owner, at, old, value, mask) : old;
}

static uint32_t
store_gencfg(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const struct dsa_model *m = owner;

	if (!REG_GET(DSA_GENCAP_EVENT_LOG, m->gencap))
		mask &= (uint32_t)~REG_MASK(DSA_GENCFG_EVENT_LOG_EN);
	return store_device(owner, at, old, value, mask);
}

static uint32_t
store_never(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)owner;
	(void)at;
	(void)value;
	(void)mask;
	return old;
}

/* Nothing is kept of a command but what it does. */
static uint32_t
store_cmd(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)at;
	(void)mask;
	dsa_cmd_wrote(owner, value);
	return old;
}

/* Bits of WQCFG dword 2 that software can choose where it cannot configure the rest. */
#define DW2_OF_MODE                                                                                \
	(REG_MASK(DSA_WQCFG_DW2_MODE) | REG_MASK(DSA_WQCFG_DW2_PRIV) |                               \
	 REG_MASK(DSA_WQCFG_DW2_PASID_EN) | REG_MASK(DSA_WQCFG_DW2_PASID))

static uint32_t
store_wq(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const struct dsa_model *m = owner;

	if (m->wq_state[at.i] != DSA_WQ_DISABLED)
		return old;
	if (m->config.configurable == DSA_CONFIG_MODE && at.row == DSA_WQCFG_DW2)
		return put(old, value, mask & (uint32_t)DW2_OF_MODE);
	if (m->config.configurable == DSA_CONFIG_MODE && at.row == DSA_WQCFG_DW4)
		return put(old, value, mask);
	return is_configurable(m) ? put(old, value, mask) : old;
}

/* Threshold, and the occupancy interrupt: at any time. */
static uint32_t
store_wq_live(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	const struct dsa_model *m = owner;

	if (m->config.configurable == DSA_CONFIG_NOTHING)
		return old;
	/* The limit stands while its interrupt is enabled. */
	if (at.row == DSA_WQCFG_DW5 && REG_GET(DSA_WQCFG_DW5_OCC_INT_EN, old))
		mask &= (uint32_t)~REG_MASK(DSA_WQCFG_DW5_OCC_LIMIT);
	return put(old, value, mask);
}

static uint32_t
store_dw6(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)owner;
	(void)at;
	(void)mask;
	return old & ~(value & (uint32_t)REG_MASK(DSA_WQCFG_DW6_OCC_INT_GENERATED));
}

static uint32_t
store_swerror(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)owner;
	(void)mask;
	if (at.half != 0)
		return old;
	return old & ~(value & (uint32_t)(REG_MASK(DSA_SWERROR0_VALID) |
					  REG_MASK(DSA_SWERROR0_OVERFLOW)));
}

static uint32_t
store_evlstatus(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)owner;
	if (at.half == 0)
		return put(old, value, mask & (uint32_t)REG_MASK(DSA_EVLSTATUS_HEAD));
	return old & ~(value & (uint32_t)(REG_MASK(DSA_EVLSTATUS_INT_PENDING) >> 32));
}

/* Messages go to the interrupt range alone: a half that leads elsewhere is ignored. */
static uint32_t
store_ims_addr(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	uint64_t fixed = REG_MASK(DSA_IMS_ADDR_ADDR_FIXED), want = put(old, value, mask);

	(void)owner;
	if (at.half == 1)
		return old;
	return (want & fixed) == UINT64_C(0xfee00000) ? (uint32_t)want : old;
}

static uint32_t
store_ims_ctrl(void *owner, struct reg_at at, uint32_t old, uint32_t value, uint32_t mask)
{
	(void)owner;
	(void)at;
	return put(old, value, mask & (uint32_t)~REG_MASK(DSA_IMS_CTRL_PENDING));
}

static const struct reg_rule rules[] = {
	{DSA_GENCFG, store_gencfg},
	{DSA_CMD, store_cmd},
	{DSA_SWERROR0, store_swerror},
	{DSA_EVLCFG0, store_disabled},
	{DSA_EVLCFG1, store_disabled},
	{DSA_EVLSTATUS, store_evlstatus},
	{DSA_IDBR, store_never},
	{DSA_GRPWQCFG, store_device},
	{DSA_GRPENGCFG, store_device},
	{DSA_GRPFLAGS, store_device},
	{DSA_WQCFG_DW0, store_device},
	{DSA_WQCFG_DW1, store_wq_live},
	{DSA_WQCFG_DW2, store_wq},
	{DSA_WQCFG_DW3, store_wq},
	{DSA_WQCFG_DW4, store_wq},
	{DSA_WQCFG_DW5, store_wq_live},
	{DSA_WQCFG_DW6, store_dw6},
	{DSA_WQCFG_OPCFG, store_wq},
	{DSA_IMS_ADDR, store_ims_addr},
	{DSA_IMS_CTRL, store_ims_ctrl},
};

/* ---- What reads and writes do ---- */

static uint32_t
cmd_read(void *owner, struct reg_at at)
{
	struct dsa_model *m = owner;

	(void)at;
	if (!m->config.scatter_tables)
		return 0;
	m->garbage = m->garbage * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(m->garbage >> 32);
}

static uint32_t
dw6_read(void *owner, struct reg_at at)
{
	const struct dsa_model *m = owner;
	uint64_t stored = dsa_reg(m, DSA_WQCFG_DW6, at.i);

	return (uint32_t)(stored | REG_PUT(DSA_WQCFG_DW6_STATE, m->wq_state[at.i]) |
			  REG_PUT(DSA_WQCFG_DW6_OCCUPANCY, dsa_work_occupancy(m->work, at.i)));
}

static void
gencfg_wrote(void *owner, struct reg_at at, uint32_t value)
{
	const struct dsa_model *m = owner;

	(void)at;
	dsa_work_user_interrupts(m->work, REG_GET(DSA_GENCFG_USER_INT_EN, value));
}

static void
threshold_wrote(void *owner, struct reg_at at, uint32_t value)
{
	const struct dsa_model *m = owner;

	if (m->wq_state[at.i] == DSA_WQ_ENABLED)
		dsa_work_threshold(m->work, at.i,
				   (uint32_t)REG_GET(DSA_WQCFG_DW1_THRESHOLD, value));
}

static void
occupancy_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dsa_irq_arm_occupancy(owner, at.i);
}

static void
mask_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dsa_irq_entry_wrote(owner, at.i, at.row == DSA_IMS_CTRL);
}

static const struct reg_hook hooks[] = {
	{DSA_CMD, cmd_read, NULL},
	{DSA_GENCFG, NULL, gencfg_wrote},
	{DSA_WQCFG_DW1, NULL, threshold_wrote},
	{DSA_WQCFG_DW5, NULL, occupancy_wrote},
	{DSA_WQCFG_DW6, dw6_read, occupancy_wrote},
	{DSA_MSIX_CTRL, NULL, mask_wrote},
	{DSA_IMS_CTRL, NULL, mask_wrote},
};

void
dsa_regs_hook(struct dsa_model *m)
{
	regfile_hook(m->regs, hooks, sizeof(hooks) / sizeof(hooks[0]));
	regfile_rule(m->regs, rules, sizeof(rules) / sizeof(rules[0]));
}
