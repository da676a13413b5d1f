/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From a started domain back to none: the drain of datasheet section 7.10, the reset of 8.1, the
 * register values of 8.3. The drain goes through the CQs like an application would, so that every
 * event reaches the flush callback; the reset then finds nothing left and only has to check that.
 */

#include <errno.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "dlb_fast.h"
#include "dlb_hw.h"
#include "dlb_map.h"

#define DRAIN_BURST 32

/* Section 8.3: in this order. */
static const enum dlb_reg ldb_port_regs[] = {
	DLB_SYS_LDB_PP2VAS,
	DLB_CHP_LDB_CQ2VAS,
	DLB_SYS_LDB_PP2VDEV,
	DLB_SYS_LDB_PP_V,
	DLB_LSP_CQ_LDB_DSBL,
	DLB_CHP_LDB_CQ_DEPTH,
	DLB_LSP_CFG_CQ_LDB_WU_LIMIT,
	DLB_LSP_CQ_LDB_INFL_LIM,
	DLB_LSP_CQ_LDB_INFL_THRESH,
	DLB_CHP_HIST_LIST_LIM,
	DLB_CHP_HIST_LIST_BASE,
	DLB_CHP_HIST_LIST_POP_PTR,
	DLB_CHP_HIST_LIST_PUSH_PTR,
	DLB_CHP_LDB_CQ_INT_DEPTH_THRSH,
	DLB_CHP_LDB_CQ_TMR_THRSH,
	DLB_CHP_LDB_CQ_INT_ENB,
	DLB_SYS_LDB_CQ_ISR,
	DLB_LSP_CQ_LDB_TKN_DEPTH_SEL,
	DLB_CHP_LDB_CQ_TKN_DEPTH_SEL,
	DLB_CHP_LDB_CQ_WPTR,
	DLB_LSP_CQ_LDB_TKN_CNT,
	DLB_SYS_LDB_CQ_ADDR_L,
	DLB_SYS_LDB_CQ_ADDR_U,
	DLB_SYS_LDB_CQ_AT,
	DLB_SYS_LDB_CQ_PASID,
	DLB_SYS_LDB_CQ2VF_PF_RO,
	DLB_LSP_CQ_LDB_TOT_SCH_CNTL,
	DLB_LSP_CQ_LDB_TOT_SCH_CNTH,
	DLB_LSP_CQ2QID0,
	DLB_LSP_CQ2QID1,
	DLB_LSP_CQ2PRIOV,
};

static const enum dlb_reg dir_port_regs[] = {
	DLB_CHP_DIR_CQ_DEPTH,
	DLB_CHP_DIR_CQ_INT_DEPTH_THRSH,
	DLB_CHP_DIR_CQ_TMR_THRSH,
	DLB_CHP_DIR_CQ_INT_ENB,
	DLB_SYS_DIR_CQ_ISR,
	DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI,
	DLB_CHP_DIR_CQ_TKN_DEPTH_SEL,
	DLB_CHP_DIR_CQ_WPTR,
	DLB_LSP_CQ_DIR_TKN_CNT,
	DLB_SYS_DIR_CQ_ADDR_L,
	DLB_SYS_DIR_CQ_ADDR_U,
	DLB_SYS_DIR_CQ_AT,
	DLB_SYS_DIR_CQ_PASID,
	DLB_SYS_DIR_CQ_FMT,
	DLB_SYS_DIR_CQ2VF_PF_RO,
	DLB_LSP_CQ_DIR_TOT_SCH_CNTL,
	DLB_LSP_CQ_DIR_TOT_SCH_CNTH,
	DLB_SYS_DIR_PP2VAS,
	DLB_CHP_DIR_CQ2VAS,
	DLB_SYS_DIR_PP2VDEV,
	DLB_SYS_DIR_PP_V,
};

static const enum dlb_reg ldb_queue_regs[] = {
	DLB_LSP_QID_NALDB_TOT_ENQ_CNTL,
	DLB_LSP_QID_NALDB_TOT_ENQ_CNTH,
	DLB_LSP_QID_ATM_TOT_ENQ_CNTL,
	DLB_LSP_QID_ATM_TOT_ENQ_CNTH,
	DLB_LSP_QID_NALDB_MAX_DEPTH,
	DLB_LSP_QID_LDB_INFL_LIM,
	DLB_LSP_QID_AQED_ACTIVE_LIM,
	DLB_LSP_QID_ATM_DEPTH_THRSH,
	DLB_LSP_QID_NALDB_DEPTH_THRSH,
	DLB_SYS_LDB_QID_ITS,
	DLB_CHP_ORD_QID_SN,
	DLB_CHP_ORD_QID_SN_MAP,
	DLB_SYS_LDB_QID_V,
	DLB_SYS_LDB_QID_CFG_V,
};

static const enum dlb_reg ldb_queue_tables[] = {
	DLB_LSP_QID2CQIDIX,
	DLB_LSP_QID2CQIDIX2,
	DLB_ATM_QID2CQIDIX,
};

static const enum dlb_reg dir_queue_regs[] = {
	DLB_LSP_QID_DIR_MAX_DEPTH,   DLB_LSP_QID_DIR_TOT_ENQ_CNTL, DLB_LSP_QID_DIR_TOT_ENQ_CNTH,
	DLB_LSP_QID_DIR_DEPTH_THRSH, DLB_SYS_DIR_QID_ITS,          DLB_SYS_DIR_QID_V,
};

static void
restore_all(const struct dlb *dlb, const enum dlb_reg regs[], size_t n, unsigned int i)
{
	size_t reg;

	for (reg = 0; reg < n; reg++)
		dlb_reg_restore(dlb, regs[reg], i);
}

/* Hand what a port dequeues to the application until nothing more comes. */
static unsigned int
drain_port(struct dlb_port *p)
{
	struct rte_eventdev *dev = p->dlb->dev;
	struct rte_event events[DRAIN_BURST];
	unsigned int i, n, total = 0;

	do {
		n = dlb_fast_drain(p, events, DRAIN_BURST);
		for (i = 0; i < n && dev->dev_ops->dev_stop_flush != NULL; i++)
			dev->dev_ops->dev_stop_flush(dev->data->dev_id, events[i],
						     dev->data->dev_stop_flush_arg);
		total += n;
	} while (n != 0);
	return total;
}

/* Events anywhere in the device. Reading a register first has the device see every post. */
static unsigned int
events_left(const struct dlb *dlb)
{
	unsigned int i, left = 0;

	for (i = 0; i < dlb_nb_queues(dlb); i++)
		left += dlb_hw_queue_depth(dlb, &dlb->queues[i]);
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		if (p->kind == DLB_KIND_LDB)
			left += dlb_reg_read(dlb, DLB_LSP_CQ_LDB_INFL_CNT, p->hw);
		else
			left += dlb_reg_read(dlb, DLB_LSP_CQ_DIR_TKN_CNT, p->hw) - p->tokens_preset;
	}
	return left;
}

static void
rescue_unlinked(struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		const struct dlb_queue *q = &dlb->queues[i];

		if (q->kind == DLB_KIND_LDB && !dlb_map_is_mapped(dlb, (uint8_t)i) &&
		    dlb_hw_queue_depth(dlb, q) != 0)
			dlb_map_rescue(dlb, (uint8_t)i);
	}
}

/* One round: everything that has arrived, and a chance for the rest to arrive. */
static unsigned int
drain_round(struct dlb *dlb)
{
	unsigned int i, moved = 0;

	access_idle(dlb->access);
	for (i = 0; i < dlb_nb_ports(dlb); i++)
		moved += drain_port(dlb->ports[i]);

	rte_spinlock_lock(&dlb->lock);
	dlb_map_progress(dlb);
	rescue_unlinked(dlb);
	rte_spinlock_unlock(&dlb->lock);
	return moved;
}

int
dlb_hw_drain(struct dlb *dlb)
{
	uint64_t patience = rte_get_timer_hz() * (DLB_WAIT_NS / NS_PER_S);
	uint64_t last_move = rte_get_timer_cycles();
	unsigned int left;

	for (;;) {
		if (drain_round(dlb) != 0)
			last_move = rte_get_timer_cycles();
		left = events_left(dlb);
		if (access_is_lost(dlb->access)) {
			DLB_LOG(ERR, dlb->name,
				"stop: the device is gone, and the events in it; remove it, and "
				"probe it again when it is back");
			return -ENODEV;
		}
		if (left == 0)
			return 0;
		if (rte_get_timer_cycles() - last_move > patience)
			break;
	}
	DLB_LOG(ERR, dlb->name,
		"stop: %u events did not leave the device in %u s, they are lost; is anybody "
		"stepping it?",
		left, (unsigned int)(DLB_WAIT_NS / NS_PER_S));
	return -ETIMEDOUT;
}

/* Steps 1 to 4, 11 and 13: nothing gets in, and nothing is scheduled any more. */
static void
close_ingress(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];
		bool ldb = p->kind == DLB_KIND_LDB;

		dlb_reg_write(dlb, ldb ? DLB_CHP_LDB_CQ_INT_ENB : DLB_CHP_DIR_CQ_INT_ENB, p->hw, 0);
		dlb_reg_write(dlb, ldb ? DLB_CHP_LDB_CQ_WD_ENB : DLB_CHP_DIR_CQ_WD_ENB, p->hw, 0);
	}
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		const struct dlb_queue *q = &dlb->queues[i];

		if (q->kind == DLB_KIND_LDB)
			dlb_reg_write(dlb, DLB_SYS_LDB_VASQID_V,
				      dlb->domain * DLB_LDB_QUEUES + q->hw, 0);
		else
			dlb_reg_write(dlb, DLB_SYS_DIR_VASQID_V,
				      dlb->domain * dlb_dir_ports_max(dlb) + q->hw, 0);
	}
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i]->kind == DLB_KIND_LDB)
			dlb_reg_write(dlb, DLB_CHP_SN_CHK_ENBL, dlb->ports[i]->hw, 0);
		dlb_hw_cq_enable(dlb->ports[i], false);
	}
}

/* Step 14. */
static void
close_ports(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		dlb_reg_write(dlb, p->kind == DLB_KIND_LDB ? DLB_SYS_LDB_PP_V : DLB_SYS_DIR_PP_V,
			      p->hw, 0);
	}
}

/* Step 15: tokens not returned, beside those that were never there. */
static unsigned int
tokens_left(const struct dlb *dlb)
{
	unsigned int i, left = 0;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];
		bool ldb = p->kind == DLB_KIND_LDB;

		left += dlb_reg_read(dlb, ldb ? DLB_LSP_CQ_LDB_TKN_CNT : DLB_LSP_CQ_DIR_TKN_CNT,
				     p->hw) -
			p->tokens_preset;
	}
	return left;
}

static void
restore_port(const struct dlb_port *p)
{
	const struct dlb *dlb = p->dlb;

	if (p->kind == DLB_KIND_LDB) {
		restore_all(dlb, ldb_port_regs, RTE_DIM(ldb_port_regs), p->hw);
		return;
	}
	dlb_reg_restore(dlb, DLB_CHP_DIR_CQ2VAS, p->hw);
	dlb_reg_restore(dlb, DLB_LSP_CQ_DIR_DSBL, p->hw);
	if (dlb->args.version == DLB_V20)
		dlb_reg_write(dlb, DLB_SYS_DIR_CQ_OPT_CLR, 0, p->hw);
	else
		dlb_reg_write(dlb, DLB_SYS_WB_DIR_CQ_STATE, p->hw,
			      (uint32_t)REG_PUT(DLB_SYS_WB_DIR_CQ_STATE_CQ_OPT_CLR, 1));
	restore_all(dlb, dir_port_regs, RTE_DIM(dir_port_regs), p->hw);
}

static void
restore_queue(const struct dlb *dlb, const struct dlb_queue *q)
{
	if (q->kind == DLB_KIND_DIR) {
		restore_all(dlb, dir_queue_regs, RTE_DIM(dir_queue_regs), q->hw);
		return;
	}
	restore_all(dlb, ldb_queue_regs, RTE_DIM(ldb_queue_regs), q->hw);
	if (q->ordered)
		dlb_reg_restore(dlb,
				q->sn_group == 0 ? DLB_RO_GRP_0_SLT_SHFT : DLB_RO_GRP_1_SLT_SHFT,
				q->sn_slot);
	restore_all(dlb, ldb_queue_tables, RTE_DIM(ldb_queue_tables), q->hw);
}

/* Step 16. */
static void
restore_domain(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++)
		restore_port(dlb->ports[i]);
	for (i = 0; i < dlb_nb_queues(dlb); i++)
		restore_queue(dlb, &dlb->queues[i]);
	dlb_reg_restore(dlb, DLB_CHP_CFG_LDB_VAS_CRD, dlb->domain);
	dlb_reg_restore(dlb, DLB_CHP_CFG_DIR_VAS_CRD, dlb->domain);
	dlb_reg_restore(dlb, DLB_CHP_CFG_VAS_CRD, dlb->domain);
	dlb_hw_flush(dlb);
}

int
dlb_hw_domain_reset(struct dlb *dlb)
{
	unsigned int events, tokens;

	if (access_is_lost(dlb->access))
		return -ENODEV;
	close_ingress(dlb);
	close_ports(dlb);
	events = events_left(dlb);
	tokens = tokens_left(dlb);
	restore_domain(dlb);
	if (events == 0 && tokens == 0)
		return 0;
	DLB_LOG(ERR, dlb->name,
		"domain reset: %u events and %u tokens unaccounted for, expected 0 and 0; remove "
		"the device and probe it again",
		events, tokens);
	return -EFAULT;
}
