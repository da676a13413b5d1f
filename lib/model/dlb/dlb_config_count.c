/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"
#include "dlb_config.h"

/* Registers that show what the device counts. */

/* ---- Live counts ---- */

static uint32_t
ldb_inflight_read(void *owner, struct reg_at at)
{
	return dlb_model_of(owner)->ldb[at.i].inflight;
}

/* A count too large for its register shows as the largest that fits: software takes 0 for empty. */
#define COUNT_SHOWN(reg, count) dlb_min(count, (uint32_t)(REG_MASK(reg) >> reg##_LO))

static uint32_t
ldb_waiting_read(void *owner, struct reg_at at)
{
	return COUNT_SHOWN(DLB_LSP_QID_LDB_ENQUEUE_CNT_COUNT,
			   dlb_model_of(owner)->ldb[at.i].other_count);
}

/* Admission to the atomic stage is worked out when asked for: it changes nothing else. Held QEs are
 * there; the oldest waiting ones fill what is left of the limit.
 */
static uint32_t
stage_occupied(const struct dlb_model *m, uint32_t qid)
{
	const struct dlb_ldb_queue *q = &m->ldb[qid];
	uint32_t sure = q->held + dlb_weight_stage_inflight(m, qid);

	return sure > q->stage_limit ? sure : dlb_min(sure + q->atomic_count, q->stage_limit);
}

static uint32_t
aqed_active_read(void *owner, struct reg_at at)
{
	return stage_occupied(dlb_model_of(owner), at.i);
}

static uint32_t
atm_active_read(void *owner, struct reg_at at)
{
	const struct dlb_model *m = owner;
	uint32_t stored = m->ldb[at.i].held + m->ldb[at.i].atomic_count +
			  dlb_weight_stage_inflight(m, at.i);

	return COUNT_SHOWN(DLB_LSP_QID_ATM_ACTIVE_COUNT, stored - stage_occupied(m, at.i));
}

static uint32_t
dir_waiting_read(void *owner, struct reg_at at)
{
	return COUNT_SHOWN(DLB_LSP_QID_DIR_ENQUEUE_CNT_COUNT, dlb_model_of(owner)->dir[at.i].count);
}

/* ---- Counters: 64 bits in two registers, low and high; a write loads its half ---- */

static uint64_t *
counter_of(struct dlb_model *m, struct reg_at at)
{
	switch (at.row) {
	case DLB_LSP_QID_ATM_TOT_ENQ_CNTL:
	case DLB_LSP_QID_ATM_TOT_ENQ_CNTH:
		return &m->ldb[at.i].atomic_enqueued;
	case DLB_LSP_QID_NALDB_TOT_ENQ_CNTL:
	case DLB_LSP_QID_NALDB_TOT_ENQ_CNTH:
		return &m->ldb[at.i].other_enqueued;
	case DLB_LSP_QID_DIR_TOT_ENQ_CNTL:
	case DLB_LSP_QID_DIR_TOT_ENQ_CNTH:
		return &m->dir[at.i].enqueued;
	case DLB_LSP_LDB_SCH_CNT_L:
	case DLB_LSP_LDB_SCH_CNT_H:
		return &m->ldb_scheduled;
	case DLB_LSP_DIR_SCH_CNT_L:
	case DLB_LSP_DIR_SCH_CNT_H:
		return &m->dir_scheduled;
	case DLB_LSP_CQ_DIR_TOT_SCH_CNTL:
	case DLB_LSP_CQ_DIR_TOT_SCH_CNTH:
		return &m->cq[DLB_LDB_PORTS + at.i].scheduled;
	default:
		return &m->cq[at.i].scheduled;
	}
}

static uint32_t
counter_low_read(void *owner, struct reg_at at)
{
	return (uint32_t)*counter_of(dlb_model_of(owner), at);
}

static uint32_t
counter_high_read(void *owner, struct reg_at at)
{
	return (uint32_t)(*counter_of(dlb_model_of(owner), at) >> 32);
}

/* Monitors go by these counters, but not by what is loaded into them. */
static void
counter_load(struct dlb_model *m, struct reg_at at, uint64_t value)
{
	dlb_smon_settle(m);
	*counter_of(m, at) = value;
	dlb_smon_rebase(m);
}

static void
counter_low_wrote(void *owner, struct reg_at at, uint32_t value)
{
	uint64_t c = *counter_of(dlb_model_of(owner), at);

	counter_load(owner, at, (c & ~UINT64_C(0xffffffff)) | value);
}

static void
counter_high_wrote(void *owner, struct reg_at at, uint32_t value)
{
	uint64_t c = *counter_of(dlb_model_of(owner), at);

	counter_load(owner, at, (c & UINT64_C(0xffffffff)) | (uint64_t)value << 32);
}

static uint32_t *
max_depth_of(void *owner, struct reg_at at)
{
	return at.row == DLB_LSP_QID_DIR_MAX_DEPTH ? &dlb_model_of(owner)->dir[at.i].max
						   : &dlb_model_of(owner)->ldb[at.i].other_max;
}

static uint32_t
max_depth_read(void *owner, struct reg_at at)
{
	uint32_t depth = *max_depth_of(owner, at);

	return at.row == DLB_LSP_QID_DIR_MAX_DEPTH
		       ? COUNT_SHOWN(DLB_LSP_QID_DIR_MAX_DEPTH_DEPTH, depth)
		       : COUNT_SHOWN(DLB_LSP_QID_NALDB_MAX_DEPTH_DEPTH, depth);
}

static void
max_depth_wrote(void *owner, struct reg_at at, uint32_t value)
{
	*max_depth_of(owner, at) = value;
}

#define COUNTER(low, high)                                        \
	{DLB_##low, counter_low_read, counter_low_wrote},         \
	{                                                         \
		DLB_##high, counter_high_read, counter_high_wrote \
	}

static const struct reg_hook hooks[] = {
	{DLB_LSP_QID_LDB_INFL_CNT, ldb_inflight_read, NULL},
	{DLB_LSP_QID_LDB_ENQUEUE_CNT, ldb_waiting_read, NULL},
	{DLB_LSP_QID_AQED_ACTIVE_CNT, aqed_active_read, NULL},
	{DLB_LSP_QID_ATM_ACTIVE, atm_active_read, NULL},
	{DLB_LSP_QID_ATQ_ENQUEUE_CNT, atm_active_read, NULL},
	{DLB_LSP_QID_DIR_ENQUEUE_CNT, dir_waiting_read, NULL},
	COUNTER(LSP_QID_ATM_TOT_ENQ_CNTL, LSP_QID_ATM_TOT_ENQ_CNTH),
	COUNTER(LSP_QID_NALDB_TOT_ENQ_CNTL, LSP_QID_NALDB_TOT_ENQ_CNTH),
	COUNTER(LSP_QID_DIR_TOT_ENQ_CNTL, LSP_QID_DIR_TOT_ENQ_CNTH),
	COUNTER(LSP_CQ_LDB_TOT_SCH_CNTL, LSP_CQ_LDB_TOT_SCH_CNTH),
	COUNTER(LSP_CQ_DIR_TOT_SCH_CNTL, LSP_CQ_DIR_TOT_SCH_CNTH),
	COUNTER(LSP_LDB_SCH_CNT_L, LSP_LDB_SCH_CNT_H),
	COUNTER(LSP_DIR_SCH_CNT_L, LSP_DIR_SCH_CNT_H),
	{DLB_LSP_QID_NALDB_MAX_DEPTH, max_depth_read, max_depth_wrote},
	{DLB_LSP_QID_DIR_MAX_DEPTH, max_depth_read, max_depth_wrote},
};

void
dlb_config_count_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
