/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Scenes of what happens beside the traffic: interrupts, watchdogs, arbiters, monitors.
 */
#include "dlb_corpus_scene.h"

/* ---- Interrupts and time ---- */

static void
step_after(struct rig *r, uint64_t *now, uint64_t ns)
{
	*now += ns;
	r->dev->ops->step(r->dev, *now);
}

static void
vectors_open(struct rig *r)
{
	config16(r, capability(r, 0x11) + 2, 0x8000);
	for (uint32_t v = 0; v < 4; v++)
		rig_write(r, DLB_MSIX_VECTOR_CTRL, v, 0);
}

/* CQ 0 of each kind fires at two QEs, or when one has waited for 1280 ns. */
static void
interrupts_on(struct rig *r, uint32_t code)
{
	rig_write(r, DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, 0, 1);
	rig_write(r, DLB_CHP_LDB_CQ_INT_ENB, 0, 3);
	rig_write(r, DLB_CHP_CFG_LDB_CQ_TIMER_CTL, 0,
		  (uint32_t)REG_PUT(DLB_CHP_CFG_LDB_CQ_TIMER_CTL_ENB, 1) | 1);
	rig_write(r, DLB_SYS_LDB_CQ_ISR, 0, code << DLB_SYS_LDB_CQ_ISR_EN_CODE_LO);
	rig_write(r, DLB_CHP_DIR_CQ_INT_ENB, 1, 2);
	rig_write(r, DLB_SYS_DIR_CQ_ISR, 1, code << DLB_SYS_LDB_CQ_ISR_EN_CODE_LO | 1);
}

static void
interrupts(struct rig *r, uint32_t code)
{
	uint64_t now = 0;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	directed(r, 1);
	vectors_open(r);
	interrupts_on(r, code);
	for (uint32_t n = 0; n < 4; n++) {
		rig_send_one(r, 0, rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
		rig_write(r, DLB_CHP_DIR_CQ_INTR_ARMED0, 0, 2);
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		step_after(r, &now, 1);
		step_after(r, &now, 1279 + n % 2);
		rig_read(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0);
		rig_write(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0, 1);
		rig_write(r, DLB_SYS_DIR_CQ_31_0_OCC_INT_STS, 0, 2);
		rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 2);
		rig_write(r, DLB_SYS_MSIX_ACK, 0, 2);
		rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 0);
		consume(r, n % 2 ? 0 : RIG_DIR(1), false);
	}
	rig_read(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0);
}

void
dlb_scene_interrupts_packed(struct rig *r)
{
	interrupts(r, 2);
}

void
dlb_scene_interrupts_compressed(struct rig *r)
{
	rig_write(r, DLB_SYS_MSIX_MODE, 0, 1);
	interrupts(r, 2);
}

void
dlb_scene_interrupts_written(struct rig *r)
{
	if (r->version == DLB_V25)
		rig_write(r, DLB_SYS_LDB_CQ_AI_ADDR_L, 0, (uint32_t)TEST_HOST_IOVA);
	interrupts(r, 3);
}

void
dlb_scene_watchdogs(struct rig *r)
{
	uint64_t now = 0;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	directed(r, 1);
	vectors_open(r);
	rig_write(r, DLB_CHP_CFG_LDB_WD_THRESHOLD, 0, 2);
	rig_write(r, DLB_CHP_CFG_DIR_WD_THRESHOLD, 0, 2);
	rig_write(r, DLB_CHP_LDB_CQ_WD_ENB, 0, 1);
	rig_write(r, DLB_CHP_DIR_CQ_WD_ENB, 1, 1);
	rig_write(r, DLB_CHP_CFG_LDB_WD_ENB_INTERVAL, 0,
		  (uint32_t)REG_MASK(DLB_CHP_CFG_LDB_WD_ENB_INTERVAL_ENB));
	rig_write(r, DLB_CHP_CFG_DIR_WD_ENB_INTERVAL, 0,
		  (uint32_t)REG_MASK(DLB_CHP_CFG_LDB_WD_ENB_INTERVAL_ENB));
	for (uint32_t n = 0; n < 3; n++) {
		rig_write(r, DLB_CHP_CFG_LDB_WD_DISABLE0, 0, 1);
		rig_write(r, DLB_CHP_CFG_DIR_WD_DISABLE0, 0, 2);
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		step_after(r, &now, 1);
		step_after(r, &now, 2000);
		rig_read(r, DLB_CHP_CFG_LDB_WDTO_0, 0);
		rig_write(r, DLB_CHP_CFG_LDB_WDTO_0, 0, 1);
		rig_write(r, DLB_CHP_CFG_DIR_WDTO_0, 0, 2);
		rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
		rig_tokens(r, 0, 1);
	}
}

/* ---- Arbitration and monitors ---- */

/* Two queues at two CQs of different classes, QEs of all levels and both kinds. */
void
dlb_scene_arbitration(struct rig *r)
{
	rig_balance(r, 1, 8, 16, RIG_NOT_ORDERED);
	rig_ldb_port(r, 0, 17, 8, 16);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_link(r, 1, 0, 1, 4);
	rig_link(r, 0, 17, 0, 0);
	rig_start(r, 0);
	rig_write(r, DLB_LSP_CFG_SHDW_RANGE_COS, 0, UINT32_C(0x80000010));
	rig_write(r, DLB_LSP_CFG_SHDW_RANGE_COS, 1, 0xc0);
	rig_write(r, DLB_LSP_CFG_SHDW_CTRL, 0, 1);
	rig_write(r, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, 0, UINT32_C(0xff804020));
	rig_write(r, DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN, 0, UINT32_C(0x40404040));
	for (uint32_t n = 0; n < 48; n++)
		rig_send_one(r, RIG_PRODUCER,
			     rig_hcw(DLB_CMD_NEW, n % 2, n / 2 % 2, n % 8, n % 5, n));
	for (uint32_t n = 0; n < 6; n++) {
		rig_step(r);
		consume(r, n % 2 ? 17 : 0, n % 3 == 0);
	}
}

void
dlb_scene_work_units(struct rig *r)
{
	struct dlb_qe hcw;

	rig_balance(r, 2, 8, 16, RIG_NOT_ORDERED);
	if (rig_has(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT))
		rig_write(r, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 0, 0x800a);
	if (rig_has(r, DLB_LSP_CFG_CTRL_GENERAL_0))
		rig_write(r, DLB_LSP_CFG_CTRL_GENERAL_0, 0, 0x10);
	if (rig_has(r, DLB_LSP_CQ_LDB_INFL_THRESH))
		rig_write(r, DLB_LSP_CQ_LDB_INFL_THRESH, 1, 2);
	for (uint32_t n = 0; n < 16; n++) {
		hcw = rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, n, n);
		hcw.meta |= REG_PUT(DLB_QE_WEIGHT, n % 4);
		rig_send_one(r, RIG_PRODUCER, hcw);
	}
	rig_step(r);
	consume(r, 0, false);
	consume(r, 1, true);
	rig_step(r);
}

void
dlb_scene_monitors(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_CHP_SMON_CFG0, 0, (uint32_t)REG_MASK(DLB_CHP_SMON_CFG0_SMON_ENABLE) |
		  (uint32_t)REG_MASK(DLB_CHP_SMON_CFG0_STOPCOUNTEROVFL));
	rig_write(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0, UINT32_MAX - 2);
	traffic(r, DLB_UNORDERED, 6);
	rig_read(r, DLB_CHP_SMON_ACTIVITYCNTR0, 0);
	rig_read(r, DLB_CHP_SMON_CFG0, 0);
	rig_write(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0, 0);
	rig_read(r, DLB_CHP_SMON_ACTIVITYCNTR1, 0);
}
