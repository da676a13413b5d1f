/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_smon.h"
#include "dlb_config.h"

/* Signal monitors, datasheet section 3.20. Known are their registers' names and no more: which
 * signals MODE0 and MODE1 select from, what the functions are, and what clock the timer has is not
 * public. So they are stored, and count nothing.
 *
 * By a switch of the constructor (open point 9) a monitor that is enabled counts QEs, whatever it
 * was told to select: counter 0 those that come into its block, counter 1 those that leave it. They
 * are worked out from totals that the device has anyway, when somebody asks.
 */

/* What a counter goes by. */
enum source { NOTHING, ATOMIC_IN, OTHER_IN, LDB_IN, DIR_IN, ALL_IN, LDB_OUT, DIR_OUT, ALL_OUT };

static const struct monitor {
	enum dlb_reg cfg0, counter[2];
	uint32_t i;
	enum source source[2];
} monitors[DLB_SMON_COUNT] = {
#define MONITOR(block, i, in, out)                                                               \
	{                                                                                        \
		DLB_##block##_SMON_CFG0,                                                         \
			{DLB_##block##_SMON_ACTIVITYCNTR0, DLB_##block##_SMON_ACTIVITYCNTR1}, i, \
		{                                                                                \
			in, out                                                                  \
		}                                                                                \
	}
	MONITOR(IOSF, 0, NOTHING, NOTHING),   MONITOR(IOSF, 1, NOTHING, NOTHING),
	MONITOR(SYS_PM, 0, NOTHING, NOTHING), MONITOR(SYS, 0, ALL_IN, ALL_OUT),
	MONITOR(SYS, 1, ALL_IN, ALL_OUT),     MONITOR(AQED, 0, ATOMIC_IN, NOTHING),
	MONITOR(ATM, 0, ATOMIC_IN, NOTHING),  MONITOR(CHP, 0, ALL_IN, ALL_OUT),
	MONITOR(DP, 0, DIR_IN, DIR_OUT),      MONITOR(DQED, 0, DIR_IN, DIR_OUT),
	MONITOR(QED, 0, LDB_IN, LDB_OUT),     MONITOR(NALB, 0, OTHER_IN, NOTHING),
	MONITOR(RO, 0, NOTHING, NOTHING),     MONITOR(LSP, 0, LDB_OUT, DIR_OUT),
#undef MONITOR
};

/* Fields of CFG0 are at the same bits in all blocks: those of CHP stand for them. */
#define VERSION 1u

/* ---- Totals ---- */

static uint64_t
ldb_enqueued(const struct dlb_model *m, bool atomic, bool other)
{
	uint64_t n = 0;

	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		n += (atomic ? m->ldb[q].atomic_enqueued : 0) +
		     (other ? m->ldb[q].other_enqueued : 0);
	return n;
}

static uint64_t
dir_enqueued(const struct dlb_model *m)
{
	uint64_t n = 0;

	for (uint32_t q = 0; q < m->dir_ports; q++)
		n += m->dir[q].enqueued;
	return n;
}

static uint64_t
total(const struct dlb_model *m, enum source source)
{
	switch (source) {
	case ATOMIC_IN:
		return ldb_enqueued(m, true, false);
	case OTHER_IN:
		return ldb_enqueued(m, false, true);
	case LDB_IN:
		return ldb_enqueued(m, true, true);
	case DIR_IN:
		return dir_enqueued(m);
	case ALL_IN:
		return ldb_enqueued(m, true, true) + dir_enqueued(m);
	case LDB_OUT:
		return m->ldb_scheduled;
	case DIR_OUT:
		return m->dir_scheduled;
	case ALL_OUT:
		return m->ldb_scheduled + m->dir_scheduled;
	default:
		return 0;
	}
}

/* ---- Counting ---- */

static void
rebase(struct dlb_model *m, uint32_t n)
{
	for (unsigned int k = 0; k < 2; k++)
		m->smon.base[n][k] = total(m, monitors[n].source[k]);
}

/* A counter went past its end: say so, and stop if that was asked for. */
static void
overflow(struct dlb_model *m, uint32_t n, unsigned int k)
{
	const struct monitor *mon = &monitors[n];
	uint64_t cfg = dlb_reg_get(m, mon->cfg0, mon->i);

	cfg |= k == 0 ? REG_MASK(DLB_CHP_SMON_CFG0_STATCOUNTER0OVFL)
		      : REG_MASK(DLB_CHP_SMON_CFG0_STATCOUNTER1OVFL);
	if (REG_GET(DLB_CHP_SMON_CFG0_STOPCOUNTEROVFL, cfg)) {
		cfg = REG_SET(DLB_CHP_SMON_CFG0_SMON_ENABLE, cfg, 0);
		m->smon.running[n] = false;
	}
	regfile_put(m->regs, mon->cfg0, mon->i, (uint32_t)cfg);
}

/* Bring a running monitor's counters up to date. */
static void
settle(struct dlb_model *m, uint32_t n)
{
	const struct monitor *mon = &monitors[n];

	if (!m->smon.running[n])
		return;
	for (unsigned int k = 0; k < 2; k++) {
		uint64_t value = dlb_reg_get(m, mon->counter[k], mon->i) +
				 (total(m, mon->source[k]) - m->smon.base[n][k]);

		regfile_put(m->regs, mon->counter[k], mon->i, (uint32_t)value);
		if (value >> 32)
			overflow(m, n, k);
	}
	rebase(m, n);
}

void
dlb_smon_settle(struct dlb_model *m)
{
	for (uint32_t n = 0; n < DLB_SMON_COUNT; n++)
		settle(m, n);
}

void
dlb_smon_rebase(struct dlb_model *m)
{
	for (uint32_t n = 0; n < DLB_SMON_COUNT; n++)
		rebase(m, n);
}

/* ---- Registers ---- */

/* The monitor that a register belongs to; there is one. */
static uint32_t
monitor_of(struct reg_at at)
{
	uint32_t n = 0;

	while (monitors[n].i != at.i ||
	       (monitors[n].cfg0 != at.row && monitors[n].counter[0] != at.row &&
		monitors[n].counter[1] != at.row))
		n++;
	return n;
}

static uint32_t
settled_read(void *owner, struct reg_at at)
{
	struct dlb_model *m = owner;

	settle(m, monitor_of(at));
	return dlb_reg_get(m, (enum dlb_reg)at.row, at.i);
}

/* The version cannot be written. Enabling begins anew with what the counters hold. */
static void
cfg0_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	uint32_t n = monitor_of(at);
	bool enabled;

	/* An overflow that nobody has looked at yet shows in what was just written. */
	settle(m, n);
	value = dlb_reg_get(m, (enum dlb_reg)at.row, at.i);
	regfile_put(m->regs, at.row, at.i,
		    (uint32_t)REG_SET(DLB_CHP_SMON_CFG0_VERSION, value, VERSION));
	enabled = m->config.open.monitors_count && REG_GET(DLB_CHP_SMON_CFG0_SMON_ENABLE, value);
	if (enabled && !m->smon.running[n])
		rebase(m, n);
	m->smon.running[n] = enabled;
}

/* What is loaded counts from here. */
static void
counter_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	uint32_t n = monitor_of(at);
	unsigned int k = monitors[n].counter[1] == at.row;

	(void)value;
	m->smon.base[n][k] = total(m, monitors[n].source[k]);
}

static const struct reg_hook hooks[] = {
#define BLOCK(block)                                                             \
	{DLB_##block##_SMON_CFG0, settled_read, cfg0_wrote},                     \
		{DLB_##block##_SMON_ACTIVITYCNTR0, settled_read, counter_wrote}, \
	{                                                                        \
		DLB_##block##_SMON_ACTIVITYCNTR1, settled_read, counter_wrote    \
	}
	BLOCK(IOSF), BLOCK(SYS_PM), BLOCK(SYS), BLOCK(AQED), BLOCK(ATM), BLOCK(CHP),
	BLOCK(DP),   BLOCK(DQED),   BLOCK(QED), BLOCK(NALB), BLOCK(RO),  BLOCK(LSP),
#undef BLOCK
};

void
dlb_smon_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
