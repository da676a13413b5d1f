/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

/* What a share may do to which register. A row that is not named here belongs to nobody: it reads
 * as zero, and nobody writes it. So what is forgotten is refused.
 */

/* Whose an instance of a row is. */
enum scope {
	NOBODY,
	DEVICE,   /* everybody's to read: it has the device's value */
	PRIVATE,  /* every share has one of its own, the device's is not looked at */
	LDB_PORT, /* whose load-balanced port i is */
	DIR_PORT, /* whose directed port, and queue, i is */
	LDB_QUEUE,
	DOMAIN,    /* whose scheduling domain i is */
	LDB_VASQ,  /* domain and queue in one index */
	DIR_VASQ,
	SLOT_0, SLOT_1, /* whose slot of a reorder group i is */
	PORT_BITS, /* a bit for each port: some of it is everybody's */
	COMMAND,   /* the value says whose: it is written only */
};

/* How it is written and read. */
static dlb_share_writer write_device, write_private, write_fixed;

struct rule {
	enum scope scope;
	dlb_share_writer *write;
	bool kept; /* reads as the share keeps it */
};

#define KEPT(kind, what, how) [DLB_##what] = {kind, how, true}
#define LDB_PORT_IS(what) [DLB_##what] = {LDB_PORT, write_device, false}
#define DIR_PORT_IS(what) [DLB_##what] = {DIR_PORT, write_device, false}
#define LDB_QUEUE_IS(what) [DLB_##what] = {LDB_QUEUE, write_device, false}
#define DEVICE_IS(what) [DLB_##what] = {DEVICE, write_fixed, false}
#define PRIVATE_IS(what, how) KEPT(PRIVATE, what, how)
#define BITS_IS(what) [DLB_##what] = {PORT_BITS, dlb_write_bits, false}

static const struct rule rules[DLB_REG_COUNT] = {
	/* MSI-X, alarms, acknowledges: each share is told of its own. */
	PRIVATE_IS(MSIX_VECTOR_CTRL, dlb_write_mask),
	PRIVATE_IS(MSIX_MSG_ADDR_L, write_private),
	PRIVATE_IS(MSIX_MSG_ADDR_H, write_private),
	PRIVATE_IS(MSIX_MSG_DATA, write_private),
	PRIVATE_IS(MSIX_PBA, write_private),
	PRIVATE_IS(SYS_ALARM_PF_SYND0, write_private),
	PRIVATE_IS(SYS_ALARM_PF_SYND1, write_private),
	PRIVATE_IS(SYS_ALARM_PF_SYND2, write_private),
	PRIVATE_IS(SYS_ALARM_HW_SYND, write_private),
	PRIVATE_IS(SYS_INGRESS_ALARM_ENBL, write_private),
	PRIVATE_IS(SYS_MSIX_ACK, dlb_write_ack),
	PRIVATE_IS(SYS_MSIX_PASSTHRU, dlb_write_ack),
	PRIVATE_IS(SYS_MSIX_MODE, dlb_write_zero),
	PRIVATE_IS(SYS_DIR_CQ_31_0_OCC_INT_STS, write_private),
	PRIVATE_IS(SYS_DIR_CQ_63_32_OCC_INT_STS, write_private),
	PRIVATE_IS(SYS_LDB_CQ_31_0_OCC_INT_STS, write_private),
	PRIVATE_IS(SYS_LDB_CQ_63_32_OCC_INT_STS, write_private),

	/* There is one of each. */
	DEVICE_IS(SYS_TOTAL_VAS),
	DEVICE_IS(SYS_TOTAL_DIR_CRDS),
	DEVICE_IS(SYS_TOTAL_LDB_CRDS),
	DEVICE_IS(SYS_TOTAL_CREDITS),
	DEVICE_IS(SYS_TOTAL_DIR_PORTS),
	DEVICE_IS(SYS_TOTAL_LDB_PORTS),
	DEVICE_IS(SYS_TOTAL_DIR_QID),
	DEVICE_IS(SYS_TOTAL_LDB_QID),
	DEVICE_IS(AQED_CFG_ARB_WEIGHTS_TQPRI_ATM_0),
	DEVICE_IS(ATM_CFG_ARB_WEIGHTS_RDY_BIN),
	DEVICE_IS(ATM_CFG_ARB_WEIGHTS_SCHED_BIN),
	DEVICE_IS(CHP_CFG_CHP_CSR_CTRL),
	DEVICE_IS(CHP_CFG_DIR_CQ_TIMER_CTL),
	DEVICE_IS(CHP_CFG_DIR_WD_ENB_INTERVAL),
	DEVICE_IS(CHP_CFG_DIR_WD_THRESHOLD),
	DEVICE_IS(CHP_CFG_LDB_CQ_TIMER_CTL),
	DEVICE_IS(CHP_CFG_LDB_WD_ENB_INTERVAL),
	DEVICE_IS(CHP_CFG_LDB_WD_THRESHOLD),
	DEVICE_IS(CHP_CTRL_DIAG_02),
	DEVICE_IS(DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0),
	DEVICE_IS(DP_CFG_ARB_WEIGHTS_TQPRI_DIR_1),
	DEVICE_IS(DP_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0),
	DEVICE_IS(DP_CFG_ARB_WEIGHTS_TQPRI_REPLAY_1),
	DEVICE_IS(DP_DIR_CSR_CTRL),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_ATQ_0),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_ATQ_1),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_1),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0),
	DEVICE_IS(NALB_CFG_ARB_WEIGHTS_TQPRI_REPLAY_1),
	DEVICE_IS(RO_GRP_SN_MODE),
	DEVICE_IS(RO_CFG_CTRL_GENERAL_0),
	DEVICE_IS(LSP_CFG_ARB_WEIGHT_ATM_NALB_QID_0),
	DEVICE_IS(LSP_CFG_ARB_WEIGHT_ATM_NALB_QID_1),
	DEVICE_IS(LSP_CFG_ARB_WEIGHT_LDB_QID_0),
	DEVICE_IS(LSP_CFG_ARB_WEIGHT_LDB_QID_1),
	DEVICE_IS(LSP_CFG_SHDW_CTRL),
	DEVICE_IS(LSP_CFG_SHDW_RANGE_COS),
	DEVICE_IS(LSP_CFG_CTRL_GENERAL_0),
	DEVICE_IS(CM_DIAG_RESET_STS),
	DEVICE_IS(CM_CFG_DIAGNOSTIC_IDLE_STATUS),
	DEVICE_IS(CM_CFG_PM_STATUS),
	DEVICE_IS(CM_CFG_PM_PMCSR_DISABLE),

	/* Permissions and credits. */
	[DLB_SYS_LDB_VASQID_V] = {LDB_VASQ, write_device, false},
	[DLB_SYS_DIR_VASQID_V] = {DIR_VASQ, write_device, false},
	[DLB_CHP_CFG_VAS_CRD] = {DOMAIN, dlb_write_credits, false},
	[DLB_CHP_CFG_LDB_VAS_CRD] = {DOMAIN, dlb_write_credits, false},
	[DLB_CHP_CFG_DIR_VAS_CRD] = {DOMAIN, dlb_write_credits, false},

	/* Load-balanced ports. */
	KEPT(LDB_PORT, SYS_LDB_CQ_PASID, dlb_write_pasid),
	KEPT(LDB_PORT, SYS_LDB_CQ_AT, dlb_write_zero),
	KEPT(LDB_PORT, SYS_LDB_CQ_ISR, dlb_write_isr),
	[DLB_SYS_LDB_CQ2VF_PF_RO] = {LDB_PORT, dlb_write_owner, false},
	KEPT(LDB_PORT, SYS_LDB_PP_V, dlb_write_valid),
	KEPT(LDB_PORT, SYS_LDB_PP2VDEV, dlb_write_zero),
	KEPT(LDB_PORT, SYS_LDB_PP2VAS, dlb_write_vas),
	LDB_PORT_IS(SYS_LDB_CQ_ADDR_U),
	LDB_PORT_IS(SYS_LDB_CQ_ADDR_L),
	LDB_PORT_IS(SYS_WB_LDB_CQ_STATE),
	LDB_PORT_IS(CHP_SN_CHK_ENBL),
	KEPT(LDB_PORT, CHP_HIST_LIST_BASE, dlb_write_history),
	KEPT(LDB_PORT, CHP_HIST_LIST_LIM, dlb_write_history),
	[DLB_CHP_HIST_LIST_POP_PTR] = {LDB_PORT, dlb_write_pointer, false},
	[DLB_CHP_HIST_LIST_PUSH_PTR] = {LDB_PORT, dlb_write_pointer, false},
	LDB_PORT_IS(CHP_LDB_CQ_DEPTH),
	LDB_PORT_IS(CHP_LDB_CQ_INT_DEPTH_THRSH),
	LDB_PORT_IS(CHP_LDB_CQ_INT_ENB),
	LDB_PORT_IS(CHP_LDB_CQ_TMR_THRSH),
	LDB_PORT_IS(CHP_LDB_CQ_TKN_DEPTH_SEL),
	LDB_PORT_IS(CHP_LDB_CQ_WD_ENB),
	LDB_PORT_IS(CHP_LDB_CQ_WPTR),
	KEPT(LDB_PORT, CHP_LDB_CQ2VAS, dlb_write_vas),
	KEPT(LDB_PORT, LSP_CQ2PRIOV, dlb_write_slots),
	KEPT(LDB_PORT, LSP_CQ2QID0, dlb_write_slots),
	KEPT(LDB_PORT, LSP_CQ2QID1, dlb_write_slots),
	KEPT(LDB_PORT, LSP_CQ_LDB_DSBL, dlb_write_disabled),
	LDB_PORT_IS(LSP_CQ_LDB_INFL_CNT),
	LDB_PORT_IS(LSP_CQ_LDB_INFL_LIM),
	LDB_PORT_IS(LSP_CQ_LDB_INFL_THRESH),
	LDB_PORT_IS(LSP_CQ_LDB_TKN_CNT),
	LDB_PORT_IS(LSP_CQ_LDB_TKN_DEPTH_SEL),
	LDB_PORT_IS(LSP_CQ_LDB_TOT_SCH_CNTL),
	LDB_PORT_IS(LSP_CQ_LDB_TOT_SCH_CNTH),
	LDB_PORT_IS(LSP_CFG_CQ_LDB_WU_LIMIT),

	/* Directed ports. */
	KEPT(DIR_PORT, SYS_DIR_CQ_PASID, dlb_write_pasid),
	KEPT(DIR_PORT, SYS_DIR_CQ_AT, dlb_write_zero),
	KEPT(DIR_PORT, SYS_DIR_CQ_ISR, dlb_write_isr),
	[DLB_SYS_DIR_CQ2VF_PF_RO] = {DIR_PORT, dlb_write_owner, false},
	KEPT(DIR_PORT, SYS_DIR_PP_V, dlb_write_valid),
	KEPT(DIR_PORT, SYS_DIR_PP2VDEV, dlb_write_zero),
	KEPT(DIR_PORT, SYS_DIR_PP2VAS, dlb_write_vas),
	DIR_PORT_IS(SYS_DIR_CQ_FMT),
	DIR_PORT_IS(SYS_DIR_CQ_ADDR_U),
	DIR_PORT_IS(SYS_DIR_CQ_ADDR_L),
	DIR_PORT_IS(SYS_WB_DIR_CQ_STATE),
	DIR_PORT_IS(CHP_DIR_CQ_DEPTH),
	DIR_PORT_IS(CHP_DIR_CQ_INT_DEPTH_THRSH),
	DIR_PORT_IS(CHP_DIR_CQ_INT_ENB),
	DIR_PORT_IS(CHP_DIR_CQ_TMR_THRSH),
	DIR_PORT_IS(CHP_DIR_CQ_TKN_DEPTH_SEL),
	DIR_PORT_IS(CHP_DIR_CQ_WD_ENB),
	DIR_PORT_IS(CHP_DIR_CQ_WPTR),
	KEPT(DIR_PORT, CHP_DIR_CQ2VAS, dlb_write_vas),
	KEPT(DIR_PORT, LSP_CQ_DIR_DSBL, dlb_write_disabled),
	DIR_PORT_IS(LSP_CQ_DIR_TKN_CNT),
	DIR_PORT_IS(LSP_CQ_DIR_TKN_DEPTH_SEL_DSI),
	DIR_PORT_IS(LSP_CQ_DIR_TOT_SCH_CNTL),
	DIR_PORT_IS(LSP_CQ_DIR_TOT_SCH_CNTH),

	/* Load-balanced queues. */
	[DLB_SYS_LDB_QID_CFG_V] = {LDB_QUEUE, dlb_write_queue_cfg, false},
	LDB_QUEUE_IS(SYS_LDB_QID_ITS),
	LDB_QUEUE_IS(SYS_LDB_QID_V),
	LDB_QUEUE_IS(AQED_QID_FID_LIM),
	LDB_QUEUE_IS(AQED_QID_HID_WIDTH),
	[DLB_ATM_QID2CQIDIX] = {LDB_QUEUE, dlb_write_queue_side, false},
	[DLB_LSP_QID2CQIDIX] = {LDB_QUEUE, dlb_write_queue_side, false},
	[DLB_LSP_QID2CQIDIX2] = {LDB_QUEUE, dlb_write_queue_side, false},
	LDB_QUEUE_IS(CHP_ORD_QID_SN),
	KEPT(LDB_QUEUE, CHP_ORD_QID_SN_MAP, dlb_write_sn_map),
	LDB_QUEUE_IS(LSP_QID_AQED_ACTIVE_CNT),
	[DLB_LSP_QID_AQED_ACTIVE_LIM] = {LDB_QUEUE, dlb_write_atomic, false},
	LDB_QUEUE_IS(LSP_QID_ATM_TOT_ENQ_CNTL),
	LDB_QUEUE_IS(LSP_QID_ATM_TOT_ENQ_CNTH),
	LDB_QUEUE_IS(LSP_QID_LDB_ENQUEUE_CNT),
	LDB_QUEUE_IS(LSP_QID_LDB_INFL_CNT),
	LDB_QUEUE_IS(LSP_QID_LDB_INFL_LIM),
	LDB_QUEUE_IS(LSP_QID_NALDB_MAX_DEPTH),
	LDB_QUEUE_IS(LSP_QID_NALDB_TOT_ENQ_CNTL),
	LDB_QUEUE_IS(LSP_QID_NALDB_TOT_ENQ_CNTH),
	LDB_QUEUE_IS(LSP_QID_ATM_DEPTH_THRSH),
	LDB_QUEUE_IS(LSP_QID_NALDB_DEPTH_THRSH),
	LDB_QUEUE_IS(LSP_QID_ATM_ACTIVE),
	LDB_QUEUE_IS(LSP_QID_ATQ_ENQUEUE_CNT),
	LDB_QUEUE_IS(LSP_QID_LDB_REPLAY_CNT),

	/* Directed queues. */
	DIR_PORT_IS(SYS_DIR_QID_ITS),
	DIR_PORT_IS(SYS_DIR_QID_V),
	DIR_PORT_IS(LSP_QID_DIR_MAX_DEPTH),
	DIR_PORT_IS(LSP_QID_DIR_TOT_ENQ_CNTL),
	DIR_PORT_IS(LSP_QID_DIR_TOT_ENQ_CNTH),
	DIR_PORT_IS(LSP_QID_DIR_ENQUEUE_CNT),
	DIR_PORT_IS(LSP_QID_DIR_DEPTH_THRSH),

	/* Slots of reorder groups. */
	[DLB_RO_GRP_0_SLT_SHFT] = {SLOT_0, write_device, false},
	[DLB_RO_GRP_1_SLT_SHFT] = {SLOT_1, write_device, false},

	/* All ports together. */
	BITS_IS(CHP_DIR_CQ_INTR_ARMED0),
	BITS_IS(CHP_DIR_CQ_INTR_ARMED1),
	BITS_IS(CHP_LDB_CQ_INTR_ARMED0),
	BITS_IS(CHP_LDB_CQ_INTR_ARMED1),
	BITS_IS(CHP_CFG_DIR_WDTO_0),
	BITS_IS(CHP_CFG_DIR_WDTO_1),
	BITS_IS(CHP_CFG_DIR_WD_DISABLE0),
	BITS_IS(CHP_CFG_DIR_WD_DISABLE1),
	BITS_IS(CHP_CFG_LDB_WDTO_0),
	BITS_IS(CHP_CFG_LDB_WDTO_1),
	BITS_IS(CHP_CFG_LDB_WD_DISABLE0),
	BITS_IS(CHP_CFG_LDB_WD_DISABLE1),
	KEPT(COMMAND, LSP_LDB_SCHED_CTRL, dlb_write_sched_ctrl),
	KEPT(COMMAND, SYS_DIR_CQ_OPT_CLR, dlb_write_opt_clr),
};

bool
dlb_share_owns(const struct dlb_share *s, struct reg_at at)
{
	switch (rules[at.row].scope) {
	case LDB_PORT:
	case DIR_PORT:
		return dlb_share_has_port(s, rules[at.row].scope == DIR_PORT, at.i);
	case LDB_QUEUE:
		return dlb_share_has_queue(s, at.i);
	case DOMAIN:
		return at.i == s->domain;
	case LDB_VASQ:
		return at.i / DLB_LDB_QUEUES == s->domain &&
		       dlb_share_has_queue(s, at.i % DLB_LDB_QUEUES);
	case DIR_VASQ:
		return at.i / s->hub->dir_ports == s->domain &&
		       dlb_share_has_port(s, true, at.i % s->hub->dir_ports);
	case SLOT_0:
	case SLOT_1:
		return dlb_share_has_slot(s, rules[at.row].scope == SLOT_1, at.i);
	case NOBODY:
		return false;
	default:
		return true;
	}
}

bool
dlb_share_is_object(enum dlb_reg row)
{
	return rules[row].scope >= LDB_PORT && rules[row].scope <= SLOT_1;
}

static bool
write_device(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_hub_write_at(s->hub, at, value);
	return true;
}

static bool
write_private(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	dlb_share_keep(s, at, value);
	return true;
}

/* Who writes what is there anyway has done nothing that has to be refused. */
static bool
write_fixed(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	return dlb_hub_access((enum dlb_reg)at.row) == REG_RO ||
	       dlb_hub_read_at(s->hub, at) == value;
}

uint32_t
dlb_share_read(struct dlb_share *s, struct reg_at at)
{
	/* An alarm shows once the device has seen what was posted before. */
	if (rules[at.row].scope == PRIVATE) {
		(void)dlb_hub_read(s->hub, DLB_SYS_TOTAL_VAS, 0);
		dlb_hub_alarms(s->hub);
	}
	if (rules[at.row].kept)
		return regfile_get(s->regs, at.row, at.i);
	if (rules[at.row].scope == PORT_BITS)
		return dlb_hub_read_at(s->hub, at) & dlb_share_bits(s, (enum dlb_reg)at.row);
	return dlb_hub_read_at(s->hub, at);
}

bool
dlb_share_write(struct dlb_share *s, struct reg_at at, uint32_t value)
{
	return rules[at.row].write(s, at, value);
}
