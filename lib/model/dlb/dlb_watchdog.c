/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* Watchdogs of consumer queues, datasheet section 9.5. One runs while its CQ holds QEs; a token
 * that comes back starts it anew. When it expires the device stops it, says which CQ it was in
 * WDTO, and raises vector 0 with CWD in ALARM_HW_SYND, which stays for as long as WDTO has bits.
 */

#define CQS_PER_WORD  32u
#define CQS_WITH_BITS 64u

/* Registers by kind: [0] load-balanced, [1] directed. */
static const struct watchdog_rows {
	enum dlb_reg enable, interval, samples;
	enum dlb_reg expired[2], stopped[2];
} rows[2] = {
	{
		DLB_CHP_LDB_CQ_WD_ENB, DLB_CHP_CFG_LDB_WD_ENB_INTERVAL,
		DLB_CHP_CFG_LDB_WD_THRESHOLD,
		{DLB_CHP_CFG_LDB_WDTO_0, DLB_CHP_CFG_LDB_WDTO_1},
		{DLB_CHP_CFG_LDB_WD_DISABLE0, DLB_CHP_CFG_LDB_WD_DISABLE1},
	},
	{
		DLB_CHP_DIR_CQ_WD_ENB, DLB_CHP_CFG_DIR_WD_ENB_INTERVAL,
		DLB_CHP_CFG_DIR_WD_THRESHOLD,
		{DLB_CHP_CFG_DIR_WDTO_0, DLB_CHP_CFG_DIR_WDTO_1},
		{DLB_CHP_CFG_DIR_WD_DISABLE0, DLB_CHP_CFG_DIR_WD_DISABLE1},
	},
};

/* ---- Expiry ---- */

static void
bit_set(struct dlb_model *m, enum dlb_reg row, uint32_t bit)
{
	regfile_put(m->regs, row, 0, dlb_reg_get(m, row, 0) | UINT32_C(1) << bit);
}

static void
cause_show(struct dlb_model *m)
{
	uint32_t synd = dlb_reg_get(m, DLB_SYS_ALARM_HW_SYND, 0), expired = 0;

	for (unsigned int kind = 0; kind < 2; kind++)
		for (unsigned int w = 0; w < 2; w++)
			expired |= dlb_reg_get(m, rows[kind].expired[w], 0);
	regfile_put(m->regs, DLB_SYS_ALARM_HW_SYND, 0,
		    (uint32_t)REG_SET(DLB_SYS_ALARM_HW_SYND_CWD, synd, expired != 0));
}

static void
expire(struct dlb_model *m, bool directed, uint32_t i)
{
	uint32_t id = directed ? DLB_LDB_PORTS + i : i;

	m->irq.guarded[id / 64] &= ~(UINT64_C(1) << id % 64);
	m->irq.cq[id].watchdog.runs = false;
	bit_set(m, rows[directed].expired[i / CQS_PER_WORD], i % CQS_PER_WORD);
	bit_set(m, rows[directed].stopped[i / CQS_PER_WORD], i % CQS_PER_WORD);
	cause_show(m);
	dlb_alarm_raise(m);
}

void
dlb_watchdog_look(struct dlb_model *m)
{
	for (uint32_t w = 0; w < DLB_IRQ_WORDS; w++) {
		for (uint64_t on = m->irq.guarded[w]; on != 0; on &= on - 1) {
			uint32_t id = w * 64 + (uint32_t)__builtin_ctzll(on);
			struct dlb_cq_irq *irq = &m->irq.cq[id];
			uint64_t returned = m->cq[id].scheduled - m->cq[id].tokens;
			bool directed = id >= DLB_LDB_PORTS;

			irq->watchdog.runs = irq->watchdog.runs && returned == irq->returned;
			irq->returned = returned;
			if (dlb_irq_span_over(m, &irq->watchdog, dlb_irq_occupancy(m, id) != 0,
					      m->irq.watchdog_ns[directed]))
				expire(m, directed, directed ? id - DLB_LDB_PORTS : id);
		}
	}
}

/* ---- Registers ---- */

/* Does software want it, and may it run? A period of no samples is never over (I). */
static bool
is_guarded(const struct dlb_model *m, bool directed, uint32_t i)
{
	const struct watchdog_rows *r = &rows[directed];

	return m->irq.watchdog_ns[directed] != 0 && (dlb_reg_get(m, r->enable, i) & 1) &&
	       !(dlb_reg_get(m, r->stopped[i / CQS_PER_WORD], 0) >> i % CQS_PER_WORD & 1);
}

static void
kind_configure(struct dlb_model *m, bool directed)
{
	const struct watchdog_rows *r = &rows[directed];
	uint32_t interval = dlb_reg_get(m, r->interval, 0);

	m->irq.watchdog_ns[directed] = 0;
	if (REG_GET(DLB_CHP_CFG_LDB_WD_ENB_INTERVAL_ENB, interval))
		m->irq.watchdog_ns[directed] = dlb_irq_samples_ns(
			m, directed, dlb_reg_get(m, r->samples, 0),
			(uint32_t)REG_GET(DLB_CHP_CFG_LDB_WD_ENB_INTERVAL_SAMPLE_INTERVAL,
					  interval));
	/* Directed CQs from 64 on have no bits to be stopped and reported by, so none runs. */
	for (uint32_t i = 0; i < CQS_WITH_BITS; i++) {
		uint32_t id = directed ? DLB_LDB_PORTS + i : i;
		uint64_t bit = UINT64_C(1) << id % 64;

		if (is_guarded(m, directed, i))
			m->irq.guarded[id / 64] |= bit;
		else
			m->irq.guarded[id / 64] &= ~bit, m->irq.cq[id].watchdog.runs = false;
	}
	dlb_irq_watch(m);
}

static void
ldb_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	kind_configure(dlb_model_of(owner), false);
}

static void
dir_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	kind_configure(dlb_model_of(owner), true);
}

static void
expired_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	cause_show(dlb_model_of(owner));
}

static const struct reg_hook hooks[] = {
	{DLB_CHP_LDB_CQ_WD_ENB, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_WD_ENB_INTERVAL, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_WD_THRESHOLD, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_WD_DISABLE0, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_WD_DISABLE1, NULL, ldb_wrote},
	{DLB_CHP_CFG_LDB_WDTO_0, NULL, expired_wrote},
	{DLB_CHP_CFG_LDB_WDTO_1, NULL, expired_wrote},
	{DLB_CHP_DIR_CQ_WD_ENB, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_WD_ENB_INTERVAL, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_WD_THRESHOLD, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_WD_DISABLE0, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_WD_DISABLE1, NULL, dir_wrote},
	{DLB_CHP_CFG_DIR_WDTO_0, NULL, expired_wrote},
	{DLB_CHP_CFG_DIR_WDTO_1, NULL, expired_wrote},
};

void
dlb_watchdog_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
