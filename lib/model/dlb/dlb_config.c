/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"
#include "dlb_config.h"
#include "dlb_reg_table.h"

/* Registers into run-time tables: each hook reads what its group of registers now says and rebuilds
 * the table entry from it, so it does not matter in which order a driver writes. Here ports,
 * permissions, credits and queues.
 */

/* ---- Producer ports and permissions ---- */

static void
port_configure(struct dlb_model *m, uint32_t id, enum dlb_reg valid, enum dlb_reg vas, uint32_t i)
{
	uint64_t bit = UINT64_C(1) << id % 64;
	uint64_t word = atomic_load_explicit(&m->valid[id / 64], memory_order_relaxed);

	/* What came while it was not valid goes the way of such lines. */
	if (!m->port[id].valid)
		dlb_model_admit(m, &m->port[id]);
	m->port[id].valid = m->answers && (dlb_reg_get(m, valid, i) & 1);
	m->port[id].vas = dlb_reg_get(m, vas, i) % DLB_DOMAINS;
	atomic_store_explicit(&m->valid[id / 64], m->port[id].valid ? word | bit : word & ~bit,
			      memory_order_relaxed);
}

static void
ldb_port_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	port_configure(dlb_model_of(owner), at.i, DLB_SYS_LDB_PP_V, DLB_SYS_LDB_PP2VAS, at.i);
}

static void
dir_port_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	port_configure(dlb_model_of(owner), DLB_LDB_PORTS + at.i, DLB_SYS_DIR_PP_V,
		       DLB_SYS_DIR_PP2VAS, at.i);
}

/* Types an LDB queue takes from a domain (sections 5.6 and 7.1); unordered goes anywhere (I). */
static uint8_t
ldb_permit(const struct dlb_model *m, uint32_t dom, uint32_t q)
{
	uint32_t cfg = dlb_reg_get(m, DLB_SYS_LDB_QID_CFG_V, q);

	if (!(dlb_reg_get(m, DLB_SYS_LDB_QID_V, q) &
	      dlb_reg_get(m, DLB_SYS_LDB_VASQID_V, dom * DLB_LDB_QUEUES + q) & 1))
		return 0;
	return (uint8_t)(1u << DLB_UNORDERED |
			 REG_GET(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, cfg) << DLB_ATOMIC |
			 REG_GET(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, cfg) << DLB_ORDERED);
}

static uint8_t
dir_permit(const struct dlb_model *m, uint32_t dom, uint32_t q)
{
	if (!(dlb_reg_get(m, DLB_SYS_DIR_QID_V, q) &
	      dlb_reg_get(m, DLB_SYS_DIR_VASQID_V, dom * m->dir_ports + q) & 1))
		return 0;
	return 1u << DLB_DIRECTED;
}

static void
permit_set(struct dlb_model *m, uint32_t dom, uint32_t q)
{
	uint8_t permit = q < DLB_LDB_QUEUES ? ldb_permit(m, dom, q) : 0;

	if (q < m->dir_ports)
		permit |= dir_permit(m, dom, q);
	m->domain[dom].permit[q] = permit;
}

static void
ldb_vasqid_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	permit_set(dlb_model_of(owner), at.i / DLB_LDB_QUEUES, at.i % DLB_LDB_QUEUES);
}

static void
dir_vasqid_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;

	(void)value;
	permit_set(m, at.i / m->dir_ports, at.i % m->dir_ports);
}

static void
qid_v_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	for (uint32_t dom = 0; dom < DLB_DOMAINS; dom++)
		permit_set(dlb_model_of(owner), dom, at.i);
}

/* ---- Credits ---- */

static uint32_t
credits_read(void *owner, struct reg_at at)
{
	return (uint32_t)dlb_model_of(owner)->credits[at.row == DLB_CHP_CFG_DIR_VAS_CRD][at.i];
}

static void
credits_wrote(void *owner, struct reg_at at, uint32_t value)
{
	dlb_model_of(owner)->credits[at.row == DLB_CHP_CFG_DIR_VAS_CRD][at.i] = (int32_t)value;
}

/* ---- Load-balanced queues ---- */

static void
thresholds_set(struct dlb_thresholds *t, uint32_t threshold)
{
	t->step[0] = threshold / 2;
	t->step[1] = threshold * 3 / 4;
	t->step[2] = threshold;
}

/* Lock ids are compressed to 32 << code (section 2.5). Flows that are in use keep their numbers: a
 * code counts if it is written when there are none.
 */
static void
lock_mask_set(struct dlb_model *m, uint32_t qid)
{
	uint32_t code = dlb_reg_get(m, DLB_AQED_QID_HID_WIDTH, qid);

	if (m->ldb[qid].flows != 0)
		return;
	m->ldb[qid].lock_mask = DLB_FLOWS - 1;
	if (m->config.open.lock_modulo && code != 0)
		m->ldb[qid].lock_mask = (DLB_HID_MIN << (code - 1)) - 1;
}

static void
ldb_queue_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_ldb_queue *q = &m->ldb[at.i];

	(void)value;
	q->inflight_limit = dlb_reg_get(m, DLB_LSP_QID_LDB_INFL_LIM, at.i);
	q->stage_limit = dlb_reg_get(m, DLB_LSP_QID_AQED_ACTIVE_LIM, at.i);
	q->flow_limit = dlb_reg_get(m, DLB_AQED_QID_FID_LIM, at.i);
	lock_mask_set(m, at.i);
	thresholds_set(&q->atomic_depth, dlb_reg_get(m, DLB_LSP_QID_ATM_DEPTH_THRSH, at.i));
	thresholds_set(&q->other_depth, dlb_reg_get(m, DLB_LSP_QID_NALDB_DEPTH_THRSH, at.i));
}

/* Group and slot say where silicon keeps a queue's numbers; here each queue has room of its own. */
static void
sn_map_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_ldb_queue *q = &m->ldb[at.i];
	uint32_t mode = (uint32_t)REG_GET(DLB_CHP_ORD_QID_SN_MAP_MODE, value);

	dlb_order_restart(m, at.i, q->sn_next);
	q->sn_window = (uint16_t)(DLB_SN_MIN << dlb_min(mode, DLB_SN_MODES - 1));
}

static uint32_t
sn_read(void *owner, struct reg_at at)
{
	return dlb_model_of(owner)->ldb[at.i].sn_next;
}

static void
sn_wrote(void *owner, struct reg_at at, uint32_t value)
{
	dlb_order_restart(dlb_model_of(owner), at.i, (uint16_t)value);
}

/* ---- Directed queues ---- */

static void
dir_threshold_wrote(void *owner, struct reg_at at, uint32_t value)
{
	thresholds_set(&dlb_model_of(owner)->dir[at.i].depth, value);
}

/* ---- Power ---- */

static void
power_set(struct dlb_model *m)
{
	m->powered = !REG_GET(DLB_CM_CFG_PM_PMCSR_DISABLE_DISABLE,
			      dlb_reg_get(m, DLB_CM_CFG_PM_PMCSR_DISABLE, 0));
}

static void
power_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	power_set(dlb_model_of(owner));
}

static const struct reg_hook hooks[] = {
	{DLB_SYS_LDB_PP_V, NULL, ldb_port_wrote},
	{DLB_SYS_LDB_PP2VAS, NULL, ldb_port_wrote},
	{DLB_SYS_DIR_PP_V, NULL, dir_port_wrote},
	{DLB_SYS_DIR_PP2VAS, NULL, dir_port_wrote},
	{DLB_SYS_LDB_VASQID_V, NULL, ldb_vasqid_wrote},
	{DLB_SYS_DIR_VASQID_V, NULL, dir_vasqid_wrote},
	{DLB_SYS_LDB_QID_V, NULL, qid_v_wrote},
	{DLB_SYS_DIR_QID_V, NULL, qid_v_wrote},
	{DLB_CHP_CFG_LDB_VAS_CRD, credits_read, credits_wrote},
	{DLB_CHP_CFG_DIR_VAS_CRD, credits_read, credits_wrote},
	{DLB_CHP_CFG_VAS_CRD, credits_read, credits_wrote},
	{DLB_SYS_LDB_QID_CFG_V, NULL, qid_v_wrote},
	{DLB_LSP_QID_LDB_INFL_LIM, NULL, ldb_queue_wrote},
	{DLB_LSP_QID_AQED_ACTIVE_LIM, NULL, ldb_queue_wrote},
	{DLB_AQED_QID_FID_LIM, NULL, ldb_queue_wrote},
	{DLB_AQED_QID_HID_WIDTH, NULL, ldb_queue_wrote},
	{DLB_LSP_QID_ATM_DEPTH_THRSH, NULL, ldb_queue_wrote},
	{DLB_LSP_QID_NALDB_DEPTH_THRSH, NULL, ldb_queue_wrote},
	{DLB_CHP_ORD_QID_SN_MAP, NULL, sn_map_wrote},
	{DLB_CHP_ORD_QID_SN, sn_read, sn_wrote},
	{DLB_LSP_QID_DIR_DEPTH_THRSH, NULL, dir_threshold_wrote},
	{DLB_CM_CFG_PM_PMCSR_DISABLE, NULL, power_wrote},
};

static const struct reg_table table = {
	.rows = dlb_reg_rows,
	.fields = dlb_reg_fields,
	.row_count = DLB_REG_COUNT,
	.field_count = DLB_REG_FIELD_COUNT,
};

int
dlb_config_create(struct dlb_model *m)
{
	m->regs = regfile_create(&table, m->config.version, hooks, sizeof(hooks) / sizeof(hooks[0]),
				 m);
	if (m->regs == NULL)
		return -1;
	dlb_config_cq_hook(m);
	dlb_config_count_hook(m);
	dlb_alarm_hook(m);
	dlb_irq_hook(m);
	dlb_watchdog_hook(m);
	dlb_msix_hook(m);
	dlb_arb_hook(m);
	dlb_mailbox_hook(m);
	dlb_smon_hook(m);
	return 0;
}

void
dlb_config_reset(struct dlb_model *m, bool power)
{
	uint32_t pm = dlb_reg_get(m, DLB_CM_CFG_PM_PMCSR_DISABLE, 0);

	regfile_reset(m->regs);
	if (!power)
		regfile_put(m->regs, DLB_CM_CFG_PM_PMCSR_DISABLE, 0, pm);
	power_set(m);
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++) {
		m->ldb[q].sn_window = DLB_SN_MIN;
		ldb_queue_wrote(m, (struct reg_at){.i = q}, 0);
	}
	for (uint32_t id = 0; id < DLB_LDB_PORTS; id++) {
		m->cq[id].hist = m->hist[id];
		dlb_config_history(m, id);
	}
	dlb_arb_reset(m);
	memset(&m->smon, 0, sizeof(m->smon));
}

void
dlb_config_ports(struct dlb_model *m)
{
	for (uint32_t i = 0; i < DLB_LDB_PORTS; i++)
		ldb_port_wrote(m, (struct reg_at){.i = i}, 0);
	for (uint32_t i = 0; i < m->dir_ports; i++)
		dir_port_wrote(m, (struct reg_at){.i = i}, 0);
}

void
dlb_config_destroy(struct dlb_model *m)
{
	regfile_destroy(m->regs);
}
