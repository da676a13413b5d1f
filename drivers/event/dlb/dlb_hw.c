/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From power-on to a started domain, datasheet section 5, and the tables of section 6.1. Each
 * function is one table of it, in its order; what is written was settled before (dlb_plan.c).
 */

#include <errno.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "dlb_domain.h"
#include "dlb_hw.h"
#include "dlb_map.h"

/* Section 5.1: how often, and how far apart, a driver asks whether the device is ready. */
#define READY_POLLS   1000
#define READY_POLL_US 1000

/* Section 5.3: weights of priority bins, high to low bin, that prefer higher priorities a little
 * (QEs) or not at all (queues of a CQ).
 */
#define QE_WEIGHTS  0xfffdfbf9
#define QID_WEIGHTS 0xffffffff
#define COS_WHOLE   256 /* the bandwidth of all classes, as registers say it */

static const enum dlb_reg qe_weight_regs[] = {
	DLB_ATM_CFG_ARB_WEIGHTS_RDY_BIN,         DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_NALB_0,
	DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0, DLB_DP_CFG_ARB_WEIGHTS_TQPRI_REPLAY_0,
	DLB_DP_CFG_ARB_WEIGHTS_TQPRI_DIR_0,      DLB_NALB_CFG_ARB_WEIGHTS_TQPRI_ATQ_0,
	DLB_ATM_CFG_ARB_WEIGHTS_SCHED_BIN,       DLB_AQED_CFG_ARB_WEIGHTS_TQPRI_ATM_0,
};

static bool
is_ready(const struct dlb *dlb)
{
	uint32_t power = dlb_reg_read(dlb, DLB_CM_CFG_PM_STATUS, 0);
	uint32_t idle = dlb_reg_read(dlb, DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, 0);

	/* What does not answer reads as all ones. */
	return power != UINT32_MAX && REG_GET(DLB_CM_CFG_PM_STATUS_PMSM, power) != 0 &&
	       REG_GET(DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS_DLB_FUNC_IDLE, idle) != 0;
}

int
dlb_hw_wake(const struct dlb *dlb)
{
	uint32_t power = dlb_reg_read(dlb, DLB_CM_CFG_PM_PMCSR_DISABLE, 0);
	unsigned int poll;

	dlb_reg_write(dlb, DLB_CM_CFG_PM_PMCSR_DISABLE, 0,
		      REG_SET(DLB_CM_CFG_PM_PMCSR_DISABLE_DISABLE, power, 0));
	for (poll = 0; poll < READY_POLLS; poll++) {
		if (is_ready(dlb))
			return 0;
		access_idle(dlb->access);
		rte_delay_us_sleep(READY_POLL_US);
	}
	DLB_LOG(ERR, dlb->name, "device not ready after %u ms: power state %#x, idle status %#x",
		READY_POLLS * READY_POLL_US / 1000, dlb_reg_read(dlb, DLB_CM_CFG_PM_STATUS, 0),
		dlb_reg_read(dlb, DLB_CM_CFG_DIAGNOSTIC_IDLE_STATUS, 0));
	return -EIO;
}

static void
set_cq_format(const struct dlb *dlb)
{
	uint32_t csr = dlb_reg_read(dlb, DLB_CHP_CFG_CHP_CSR_CTRL, 0);
	bool sparse = dlb->args.sparse_cq;

	csr = REG_SET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE, csr, sparse);
	csr = REG_SET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE, csr, sparse);
	dlb_reg_write(dlb, DLB_CHP_CFG_CHP_CSR_CTRL, 0, csr);
}

void
dlb_hw_init(const struct dlb *dlb)
{
	unsigned int i;

	set_cq_format(dlb);
	for (i = 0; i < RTE_DIM(qe_weight_regs); i++)
		dlb_reg_write(dlb, qe_weight_regs[i], 0, QE_WEIGHTS);
	dlb_reg_write(dlb, DLB_LSP_CFG_ARB_WEIGHT_LDB_QID_0, 0, QID_WEIGHTS);
	dlb_reg_write(dlb, DLB_LSP_CFG_ARB_WEIGHT_ATM_NALB_QID_0, 0, QID_WEIGHTS);
	for (i = 0; i < DLB_COS_CLASSES; i++) {
		uint32_t range = dlb_reg_read(dlb, DLB_LSP_CFG_SHDW_RANGE_COS, i);

		range = REG_SET(DLB_LSP_CFG_SHDW_RANGE_COS_BW_RANGE, range,
				dlb->args.cos_bw[i] * COS_WHOLE / 100);
		dlb_reg_write(dlb, DLB_LSP_CFG_SHDW_RANGE_COS, i, range);
	}
	dlb_reg_write(dlb, DLB_LSP_CFG_SHDW_CTRL, 0, REG_PUT(DLB_LSP_CFG_SHDW_CTRL_TRANSFER, 1));
}

/* Section 5.4. */
static void
grant_credits(const struct dlb *dlb)
{
	uint32_t limit = (uint32_t)dlb->events_limit;

	if (dlb->args.version == DLB_V25) {
		dlb_reg_write(dlb, DLB_CHP_CFG_VAS_CRD, dlb->domain, limit);
		return;
	}
	dlb_reg_write(dlb, DLB_CHP_CFG_LDB_VAS_CRD, dlb->domain, limit);
	dlb_reg_write(dlb, DLB_CHP_CFG_DIR_VAS_CRD, dlb->domain, dlb->dir_credits);
}

/* Section 5.5. A group that other domains use has the mode it had. */
static void
set_window_sizes(const struct dlb *dlb)
{
	struct dlb_device *device = dlb->device;

	rte_spinlock_lock(&device->lock);
	dlb_reg_write(dlb, DLB_RO_GRP_SN_MODE, 0,
		      (uint32_t)(REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_0, device->pool.sn_mode[0]) |
				 REG_PUT(DLB_RO_GRP_SN_MODE_SN_MODE_1, device->pool.sn_mode[1])));
	rte_spinlock_unlock(&device->lock);
}

/* Section 2.5: code of the smallest compressed flow space that keeps so many flows apart. */
static uint32_t
flow_width_code(uint32_t flows)
{
	uint32_t code;

	for (code = 1; code <= 7; code++) {
		if (flows <= 32u << code)
			return code;
	}
	return 0;
}

/* Section 5.6. */
static void
create_ldb_queue(const struct dlb *dlb, const struct dlb_queue *q)
{
	uint32_t sn_map = (uint32_t)(REG_PUT(DLB_CHP_ORD_QID_SN_MAP_MODE, q->sn_mode) |
				     REG_PUT(DLB_CHP_ORD_QID_SN_MAP_SLOT, q->sn_slot) |
				     REG_PUT(DLB_CHP_ORD_QID_SN_MAP_GRP, q->sn_group));
	uint32_t valid = (uint32_t)(REG_PUT(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, q->ordered) |
				    REG_PUT(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, 1));

	dlb_reg_write(dlb, DLB_SYS_LDB_VASQID_V, dlb->domain * DLB_LDB_QUEUES + q->hw, 0);
	dlb_reg_write(dlb, DLB_LSP_QID_LDB_INFL_LIM, q->hw, q->inflight_limit);
	dlb_reg_write(dlb, DLB_LSP_QID_AQED_ACTIVE_LIM, q->hw, q->atomic_limit);
	dlb_reg_write(dlb, DLB_AQED_QID_HID_WIDTH, q->hw, flow_width_code(q->conf.nb_atomic_flows));
	dlb_reg_write(dlb, DLB_SYS_LDB_QID_ITS, q->hw, 0);
	dlb_reg_write(dlb, DLB_LSP_QID_ATM_DEPTH_THRSH, q->hw, q->depth_threshold);
	dlb_reg_write(dlb, DLB_LSP_QID_NALDB_DEPTH_THRSH, q->hw, q->depth_threshold);
	dlb_reg_write(dlb, DLB_AQED_QID_FID_LIM, q->hw, DLB_ATOMIC_FLOWS_ACTIVE);
	dlb_reg_write(dlb, DLB_CHP_ORD_QID_SN_MAP, q->hw, sn_map);
	dlb_reg_write(dlb, DLB_SYS_LDB_QID_CFG_V, q->hw, valid);
	dlb_reg_write(dlb, DLB_SYS_LDB_QID_V, q->hw, 1);
}

/* Section 2.4: smallest code whose ring has so many slots. */
static uint32_t
depth_code(uint32_t slots)
{
	uint32_t code = DLB_CQ_CODE_MIN;

	while (code < DLB_CQ_CODE_MAX && DLB_CQ_ENTRIES(code) < slots)
		code++;
	return code;
}

/* Step 20 of section 5.7. */
static void
limit_weight(const struct dlb_port *p)
{
	if (p->weight_limit != 0)
		dlb_reg_write(p->dlb, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, p->hw,
			      (uint32_t)(REG_PUT(DLB_LSP_CFG_CQ_LDB_WU_LIMIT_V, 1) |
					 REG_PUT(DLB_LSP_CFG_CQ_LDB_WU_LIMIT_LIMIT,
						 p->weight_limit)));
}

/* Section 5.7. */
static void
create_ldb_port(const struct dlb_port *p)
{
	const struct dlb *dlb = p->dlb;
	uint64_t cq = p->cq_zone->iova;
	uint32_t code = depth_code(p->cq_slots);
	uint32_t owner = (uint32_t)(REG_PUT(DLB_SYS_LDB_CQ2VF_PF_RO_IS_PF, 1) |
				    REG_PUT(DLB_SYS_LDB_CQ2VF_PF_RO_RO, 1));

	dlb_reg_write(dlb, DLB_SYS_LDB_CQ_ADDR_L, p->hw, (uint32_t)cq);
	dlb_reg_write(dlb, DLB_SYS_LDB_CQ_ADDR_U, p->hw, (uint32_t)(cq >> 32));
	dlb_reg_write(dlb, DLB_SYS_LDB_CQ2VF_PF_RO, p->hw, owner);
	dlb_reg_write(dlb, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, p->hw, code);
	dlb_reg_write(dlb, DLB_LSP_CQ_LDB_TKN_CNT, p->hw, p->tokens_preset);
	dlb_reg_write(dlb, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, p->hw, code);
	dlb_reg_write(dlb, DLB_CHP_LDB_CQ_WPTR, p->hw, 0);
	dlb_reg_write(dlb, DLB_CHP_HIST_LIST_LIM, p->hw,
		      (uint32_t)p->history_base + p->history_size - 1);
	dlb_reg_write(dlb, DLB_CHP_HIST_LIST_BASE, p->hw, p->history_base);
	dlb_reg_write(dlb, DLB_LSP_CQ_LDB_INFL_LIM, p->hw, p->history_size);
	dlb_reg_write(dlb, DLB_CHP_HIST_LIST_PUSH_PTR, p->hw, p->history_base);
	dlb_reg_write(dlb, DLB_CHP_HIST_LIST_POP_PTR, p->hw, p->history_base);
	dlb_reg_restore(dlb, DLB_SYS_LDB_CQ_AT, p->hw);
	dlb_reg_write(dlb, DLB_SYS_LDB_CQ_PASID, p->hw, 0);
	dlb_reg_write(dlb, DLB_CHP_LDB_CQ2VAS, p->hw, dlb->domain);
	dlb_reg_write(dlb, DLB_LSP_CQ2PRIOV, p->hw, 0);
	dlb_reg_write(dlb, DLB_SYS_LDB_PP2VAS, p->hw, dlb->domain);
	if (dlb->args.version == DLB_V25) {
		dlb_hw_set_migration_threshold(p);
		limit_weight(p);
	}
	dlb_reg_write(dlb, DLB_SYS_LDB_PP_V, p->hw, 1);
	dlb_hw_cq_enable(p, true);
}

/* Section 5.8. */
static void
create_dir_port(const struct dlb_port *p)
{
	const struct dlb *dlb = p->dlb;
	uint64_t cq = p->cq_zone->iova;
	uint32_t code = depth_code(p->cq_slots);
	uint32_t owner = (uint32_t)(REG_PUT(DLB_SYS_DIR_CQ2VF_PF_RO_IS_PF, 1) |
				    REG_PUT(DLB_SYS_DIR_CQ2VF_PF_RO_RO, 1));

	dlb_reg_write(dlb, DLB_SYS_DIR_CQ_ADDR_L, p->hw, (uint32_t)cq);
	dlb_reg_write(dlb, DLB_SYS_DIR_CQ_ADDR_U, p->hw, (uint32_t)(cq >> 32));
	dlb_reg_write(dlb, DLB_SYS_DIR_CQ2VF_PF_RO, p->hw, owner);
	dlb_reg_write(dlb, DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, p->hw, code);
	dlb_reg_write(dlb, DLB_LSP_CQ_DIR_TKN_CNT, p->hw, p->tokens_preset);
	dlb_reg_write(dlb, DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, p->hw, code);
	dlb_reg_write(dlb, DLB_CHP_DIR_CQ_WPTR, p->hw, 0);
	dlb_reg_write(dlb, DLB_SYS_DIR_CQ_FMT, p->hw, 0);
	dlb_reg_restore(dlb, DLB_SYS_DIR_CQ_AT, p->hw);
	dlb_reg_write(dlb, DLB_SYS_DIR_CQ_PASID, p->hw, 0);
	dlb_reg_write(dlb, DLB_CHP_DIR_CQ2VAS, p->hw, dlb->domain);
	dlb_reg_write(dlb, DLB_SYS_DIR_PP2VAS, p->hw, dlb->domain);
	dlb_reg_write(dlb, DLB_SYS_DIR_PP_V, p->hw, 1);
	dlb_hw_cq_enable(p, true);
}

/* Section 5.9. */
static void
create_dir_queue(const struct dlb *dlb, const struct dlb_queue *q)
{
	dlb_reg_write(dlb, DLB_SYS_DIR_VASQID_V, dlb->domain * dlb_dir_ports_max(dlb) + q->hw, 0);
	dlb_reg_write(dlb, DLB_SYS_DIR_QID_ITS, q->hw, 0);
	dlb_reg_write(dlb, DLB_LSP_QID_DIR_DEPTH_THRSH, q->hw, q->depth_threshold);
	dlb_reg_write(dlb, DLB_SYS_DIR_QID_V, q->hw, 1);
}

/* Section 5.10: from here on the device takes events. */
static void
admit_events(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		const struct dlb_queue *q = &dlb->queues[i];

		if (q->kind == DLB_KIND_LDB)
			dlb_reg_write(dlb, DLB_SYS_LDB_VASQID_V,
				      dlb->domain * DLB_LDB_QUEUES + q->hw, 1);
		else
			dlb_reg_write(dlb, DLB_SYS_DIR_VASQID_V,
				      dlb->domain * dlb_dir_ports_max(dlb) + q->hw, 1);
	}
	dlb_hw_flush(dlb);
}

void
dlb_hw_domain_start(struct dlb *dlb)
{
	unsigned int i;

	grant_credits(dlb);
	set_window_sizes(dlb);
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		if (dlb->queues[i].kind == DLB_KIND_LDB)
			create_ldb_queue(dlb, &dlb->queues[i]);
	}
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i]->kind == DLB_KIND_LDB)
			create_ldb_port(dlb->ports[i]);
		else
			create_dir_port(dlb->ports[i]);
	}
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		if (dlb->queues[i].kind == DLB_KIND_DIR)
			create_dir_queue(dlb, &dlb->queues[i]);
	}
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i]->kind == DLB_KIND_LDB)
			dlb_map_static(dlb->ports[i]);
	}
	admit_events(dlb);
}

void
dlb_hw_set_migration_threshold(const struct dlb_port *port)
{
	const struct dlb *dlb = port->dlb;
	uint32_t never = REG_MASK(DLB_LSP_CQ_LDB_INFL_THRESH_THRESH), control;

	/* All ports have one as soon as one does: those without a wish get one out of reach. */
	dlb_reg_write(dlb, DLB_LSP_CQ_LDB_INFL_THRESH, port->hw,
		      port->migration_threshold != 0 ? port->migration_threshold : never);
	if (port->migration_threshold == 0)
		return;
	rte_spinlock_lock(&dlb->device->lock);
	control = dlb_reg_read(dlb, DLB_LSP_CFG_CTRL_GENERAL_0, 0);
	dlb_reg_write(dlb, DLB_LSP_CFG_CTRL_GENERAL_0, 0,
		      REG_SET(DLB_LSP_CFG_CTRL_GENERAL_0_ENAB_IF_THRESH, control, 1));
	rte_spinlock_unlock(&dlb->device->lock);
}

void
dlb_hw_cq_enable(const struct dlb_port *port, bool enable)
{
	enum dlb_reg reg = port->kind == DLB_KIND_LDB ? DLB_LSP_CQ_LDB_DSBL : DLB_LSP_CQ_DIR_DSBL;

	dlb_reg_write(port->dlb, reg, port->hw, !enable);
	dlb_hw_flush(port->dlb);
}

/* Table entries that say "this queue feeds this slot": one bit in each of three. */
static void
write_queue_side(const struct dlb_port *p, unsigned int slot, unsigned int queue, bool mapped)
{
	static const enum dlb_reg tables[] = {DLB_ATM_QID2CQIDIX, DLB_LSP_QID2CQIDIX,
					      DLB_LSP_QID2CQIDIX2};
	uint32_t bit = UINT32_C(1) << (8 * (p->hw % 4) + slot);
	unsigned int i;

	for (i = 0; i < RTE_DIM(tables); i++) {
		uint32_t word = dlb_reg_read_word(p->dlb, tables[i], queue, p->hw / 4);

		word = mapped ? word | bit : word & ~bit;
		dlb_reg_write_word(p->dlb, tables[i], queue, p->hw / 4, word);
	}
}

/* A slot's valid bit and priority. The old priority is cleared first: it would show through. */
static void
write_slot(const struct dlb_port *p, unsigned int slot, bool valid, uint32_t priority)
{
	unsigned int priority_at = DLB_LSP_CQ2PRIOV_PRIO_LO + 3 * slot;
	uint32_t valid_bit = UINT32_C(1) << (DLB_LSP_CQ2PRIOV_V_LO + slot);
	uint32_t word = dlb_reg_read(p->dlb, DLB_LSP_CQ2PRIOV, p->hw);

	word &= ~(UINT32_C(7) << priority_at | valid_bit);
	if (valid)
		word |= priority << priority_at | valid_bit;
	dlb_reg_write(p->dlb, DLB_LSP_CQ2PRIOV, p->hw, word);
}

void
dlb_hw_slot_map(const struct dlb_port *port, unsigned int slot, unsigned int queue,
		unsigned int priority)
{
	enum dlb_reg reg = slot < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1;
	unsigned int shift = 8 * (slot % 4);
	uint32_t queues;

	write_slot(port, slot, true, priority);
	queues = dlb_reg_read(port->dlb, reg, port->hw) & ~(UINT32_C(0x7f) << shift);
	dlb_reg_write(port->dlb, reg, port->hw, queues | (uint32_t)queue << shift);
	write_queue_side(port, slot, queue, true);
	dlb_hw_flush(port->dlb);
}

void
dlb_hw_slot_unmap(const struct dlb_port *port, unsigned int slot, unsigned int queue)
{
	write_slot(port, slot, false, 0);
	write_queue_side(port, slot, queue, false);
	dlb_hw_flush(port->dlb);
}

void
dlb_hw_slot_prioritise(const struct dlb_port *port, unsigned int slot, unsigned int priority)
{
	write_slot(port, slot, true, priority);
	dlb_hw_flush(port->dlb);
}

void
dlb_hw_slot_force(const struct dlb_port *port, unsigned int slot, bool value, enum dlb_slot_bit bit)
{
	static const uint64_t bits[] = {
		[DLB_SLOT_HAS_ATOMIC_WORK] = REG_MASK(DLB_LSP_LDB_SCHED_CTRL_RLIST_HASWORK_V),
		[DLB_SLOT_HAS_OTHER_WORK] = REG_MASK(DLB_LSP_LDB_SCHED_CTRL_NALB_HASWORK_V),
		[DLB_SLOT_INFLIGHT_OK] = REG_MASK(DLB_LSP_LDB_SCHED_CTRL_INFLIGHT_OK_V),
	};

	dlb_reg_write(port->dlb, DLB_LSP_LDB_SCHED_CTRL, 0,
		      (uint32_t)(REG_PUT(DLB_LSP_LDB_SCHED_CTRL_CQ, port->hw) |
				 REG_PUT(DLB_LSP_LDB_SCHED_CTRL_QIDIX, slot) |
				 REG_PUT(DLB_LSP_LDB_SCHED_CTRL_VALUE, value) | bits[bit]));
}

uint32_t
dlb_hw_queue_depth(const struct dlb *dlb, const struct dlb_queue *q)
{
	if (q->kind == DLB_KIND_DIR)
		return dlb_reg_read(dlb, DLB_LSP_QID_DIR_ENQUEUE_CNT, q->hw);
	return dlb_reg_read(dlb, DLB_LSP_QID_AQED_ACTIVE_CNT, q->hw) +
	       dlb_reg_read(dlb, DLB_LSP_QID_ATM_ACTIVE, q->hw) +
	       dlb_reg_read(dlb, DLB_LSP_QID_LDB_ENQUEUE_CNT, q->hw);
}

/* A 64-bit counter in two registers; the low half may carry between two reads. */
static uint64_t
read_counter(const struct dlb *dlb, enum dlb_reg low, enum dlb_reg high, unsigned int i)
{
	uint32_t hi, lo;

	do {
		hi = dlb_reg_read(dlb, high, i);
		lo = dlb_reg_read(dlb, low, i);
	} while (hi != dlb_reg_read(dlb, high, i));
	return (uint64_t)hi << 32 | lo;
}

uint64_t
dlb_hw_queue_enqueued(const struct dlb *dlb, const struct dlb_queue *q)
{
	if (q->kind == DLB_KIND_DIR)
		return read_counter(dlb, DLB_LSP_QID_DIR_TOT_ENQ_CNTL, DLB_LSP_QID_DIR_TOT_ENQ_CNTH,
				    q->hw);
	return read_counter(dlb, DLB_LSP_QID_ATM_TOT_ENQ_CNTL, DLB_LSP_QID_ATM_TOT_ENQ_CNTH,
			    q->hw) +
	       read_counter(dlb, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, DLB_LSP_QID_NALDB_TOT_ENQ_CNTH,
			    q->hw);
}

uint64_t
dlb_hw_port_scheduled(const struct dlb_port *p)
{
	if (p->kind == DLB_KIND_DIR)
		return read_counter(p->dlb, DLB_LSP_CQ_DIR_TOT_SCH_CNTL,
				    DLB_LSP_CQ_DIR_TOT_SCH_CNTH, p->hw);
	return read_counter(p->dlb, DLB_LSP_CQ_LDB_TOT_SCH_CNTL, DLB_LSP_CQ_LDB_TOT_SCH_CNTH,
			    p->hw);
}
