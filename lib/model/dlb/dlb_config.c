/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_cq.h"
#include "dlb_reg_table.h"

/* Registers into run-time tables: each hook reads what its group of registers now says and rebuilds
 * the table entry from it, so it does not matter in which order a driver writes.
 */

static struct dlb_model *
model(void *owner)
{
	return owner;
}

static uint32_t
reg(const struct dlb_model *m, enum dlb_reg row, uint32_t i)
{
	return regfile_get(m->regs, row, i);
}

/* ---- Producer ports and permissions ---- */

static void
port_configure(struct dlb_model *m, uint32_t id, enum dlb_reg valid, enum dlb_reg vas, uint32_t i)
{
	uint64_t bit = UINT64_C(1) << id % 64;
	uint64_t word = atomic_load_explicit(&m->valid[id / 64], memory_order_relaxed);

	m->port[id].valid = reg(m, valid, i) & 1;
	m->port[id].vas = reg(m, vas, i) % DLB_DOMAINS;
	atomic_store_explicit(&m->valid[id / 64], m->port[id].valid ? word | bit : word & ~bit,
			      memory_order_relaxed);
}

static void
ldb_port_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	port_configure(model(owner), at.i, DLB_SYS_LDB_PP_V, DLB_SYS_LDB_PP2VAS, at.i);
}

static void
dir_port_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	port_configure(model(owner), DLB_LDB_PORTS + at.i, DLB_SYS_DIR_PP_V, DLB_SYS_DIR_PP2VAS,
		       at.i);
}

/* Types an LDB queue takes from a domain (sections 5.6 and 7.1); unordered goes anywhere (I). */
static uint8_t
ldb_permit(const struct dlb_model *m, uint32_t dom, uint32_t q)
{
	uint32_t cfg = reg(m, DLB_SYS_LDB_QID_CFG_V, q);

	if (!(reg(m, DLB_SYS_LDB_QID_V, q) &
	      reg(m, DLB_SYS_LDB_VASQID_V, dom * DLB_LDB_QUEUES + q) & 1))
		return 0;
	return (uint8_t)(1u << DLB_UNORDERED |
			 REG_GET(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, cfg) << DLB_ATOMIC |
			 REG_GET(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, cfg) << DLB_ORDERED);
}

static uint8_t
dir_permit(const struct dlb_model *m, uint32_t dom, uint32_t q)
{
	if (!(reg(m, DLB_SYS_DIR_QID_V, q) &
	      reg(m, DLB_SYS_DIR_VASQID_V, dom * m->dir_ports + q) & 1))
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
	permit_set(model(owner), at.i / DLB_LDB_QUEUES, at.i % DLB_LDB_QUEUES);
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
		permit_set(model(owner), dom, at.i);
}

/* ---- Credits ---- */

static uint32_t
credits_read(void *owner, struct reg_at at)
{
	return (uint32_t)model(owner)->credits[at.row == DLB_CHP_CFG_DIR_VAS_CRD][at.i];
}

static void
credits_wrote(void *owner, struct reg_at at, uint32_t value)
{
	model(owner)->credits[at.row == DLB_CHP_CFG_DIR_VAS_CRD][at.i] = (int32_t)value;
}

/* ---- Load-balanced queues ---- */

static void
thresholds_set(struct dlb_thresholds *t, uint32_t threshold)
{
	t->step[0] = threshold / 2;
	t->step[1] = threshold * 3 / 4;
	t->step[2] = threshold;
}

static void
ldb_queue_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_ldb_queue *q = &m->ldb[at.i];

	(void)value;
	q->inflight_limit = reg(m, DLB_LSP_QID_LDB_INFL_LIM, at.i);
	q->stage_limit = reg(m, DLB_LSP_QID_AQED_ACTIVE_LIM, at.i);
	q->flow_limit = reg(m, DLB_AQED_QID_FID_LIM, at.i);
	thresholds_set(&q->atomic_depth, reg(m, DLB_LSP_QID_ATM_DEPTH_THRSH, at.i));
	thresholds_set(&q->other_depth, reg(m, DLB_LSP_QID_NALDB_DEPTH_THRSH, at.i));
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
	return model(owner)->ldb[at.i].sn_next;
}

static void
sn_wrote(void *owner, struct reg_at at, uint32_t value)
{
	dlb_order_restart(model(owner), at.i, (uint16_t)value);
}

static uint32_t
ldb_inflight_read(void *owner, struct reg_at at)
{
	return model(owner)->ldb[at.i].inflight;
}

/* A count too large for its register shows as the largest that fits: software takes 0 for empty. */
#define COUNT_SHOWN(reg, count) dlb_min(count, (uint32_t)(REG_MASK(reg) >> reg##_LO))

static uint32_t
ldb_waiting_read(void *owner, struct reg_at at)
{
	return COUNT_SHOWN(DLB_LSP_QID_LDB_ENQUEUE_CNT_COUNT, model(owner)->ldb[at.i].other_count);
}

/* Admission to the atomic stage is worked out when asked for: it changes nothing else. Held QEs are
 * there; the oldest waiting ones fill what is left of the limit.
 */
static uint32_t
stage_occupied(const struct dlb_ldb_queue *q)
{
	uint32_t all = q->held + q->atomic_count;

	return q->held > q->stage_limit ? q->held : dlb_min(all, q->stage_limit);
}

static uint32_t
aqed_active_read(void *owner, struct reg_at at)
{
	return stage_occupied(&model(owner)->ldb[at.i]);
}

static uint32_t
atm_active_read(void *owner, struct reg_at at)
{
	const struct dlb_ldb_queue *q = &model(owner)->ldb[at.i];

	return COUNT_SHOWN(DLB_LSP_QID_ATM_ACTIVE_COUNT,
			   q->held + q->atomic_count - stage_occupied(q));
}

/* ---- Directed queues ---- */

static void
dir_threshold_wrote(void *owner, struct reg_at at, uint32_t value)
{
	thresholds_set(&model(owner)->dir[at.i].depth, value);
}

static uint32_t
dir_waiting_read(void *owner, struct reg_at at)
{
	return COUNT_SHOWN(DLB_LSP_QID_DIR_ENQUEUE_CNT_COUNT, model(owner)->dir[at.i].count);
}

/* ---- Consumer queues ---- */

static void
ldb_cq_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dlb_cq_configure(model(owner), at.i);
}

static void
dir_cq_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dlb_cq_configure(model(owner), DLB_LDB_PORTS + at.i);
}

static void
csr_ctrl_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;

	(void)at;
	m->sparse_ldb = REG_GET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE, value);
	m->sparse_dir = REG_GET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE, value);
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++)
		dlb_cq_configure(m, id);
}

/* CQ registers that load or show live state exist for both kinds of port. */
static struct dlb_cq *
cq_of(void *owner, struct reg_at at)
{
	switch (at.row) {
	case DLB_LSP_CQ_DIR_TKN_CNT:
	case DLB_CHP_DIR_CQ_WPTR:
	case DLB_CHP_DIR_CQ_DEPTH:
	case DLB_LSP_CQ_DIR_TOT_SCH_CNTL:
	case DLB_LSP_CQ_DIR_TOT_SCH_CNTH:
		return &model(owner)->cq[DLB_LDB_PORTS + at.i];
	default:
		return &model(owner)->cq[at.i];
	}
}

static uint32_t
tokens_read(void *owner, struct reg_at at)
{
	return cq_of(owner, at)->tokens;
}

static void
tokens_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_cq *cq = cq_of(owner, at);

	cq->tokens = value;
	if (cq < &m->cq[DLB_LDB_PORTS])
		m->ready |= UINT64_C(1) << (cq - m->cq);
}

static uint32_t
wptr_read(void *owner, struct reg_at at)
{
	return cq_of(owner, at)->wptr;
}

/* The slot in the low bits, the pass above them (open point 17). */
static void
wptr_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_cq *cq = cq_of(owner, at);

	cq->wptr = cq->entries == 0 ? 0 : value & (2 * cq->entries - 1);
}

static uint32_t
cq_inflight_read(void *owner, struct reg_at at)
{
	return cq_of(owner, at)->inflight;
}

/* ---- History lists ---- */

static void
hist_limit_set(struct dlb_model *m, uint32_t id)
{
	struct dlb_cq *cq = &m->cq[id];

	cq->inflight_limit = dlb_min(reg(m, DLB_LSP_CQ_LDB_INFL_LIM, id), cq->hist_size);
	m->ready |= UINT64_C(1) << id;
}

static void
infl_lim_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	hist_limit_set(model(owner), at.i);
}

/* A list that is moved or whose pointers are loaded is empty afterwards; what it held counts as
 * completed, so that nothing stays in flight for ever.
 */
static void
hist_empty(struct dlb_model *m, struct dlb_cq *cq)
{
	while (cq->inflight != 0)
		dlb_hist_complete(m, cq);
}

/* Position of a pointer register's value in the list, 0 when it points outside. */
static uint32_t
hist_position(const struct dlb_model *m, uint32_t id, uint32_t value)
{
	uint32_t size = m->cq[id].hist_size;
	uint32_t base = reg(m, DLB_CHP_HIST_LIST_BASE, id);
	uint32_t ptr = (uint32_t)REG_GET(DLB_CHP_HIST_LIST_PUSH_PTR_PUSH_PTR, value);

	return ptr < base || ptr - base >= size ? 0 : ptr - base;
}

static void
hist_bounds_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_cq *cq = &m->cq[at.i];
	uint32_t base = reg(m, DLB_CHP_HIST_LIST_BASE, at.i);
	uint32_t limit = reg(m, DLB_CHP_HIST_LIST_LIM, at.i);

	(void)value;
	hist_empty(m, cq);
	cq->hist_size = limit < base || limit >= DLB_HIST_ENTRIES ? 0 : limit - base + 1;
	cq->hist_push = 0;
	cq->hist_pop = 0;
	hist_limit_set(m, at.i);
}

static void
hist_pointer_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_cq *cq = &m->cq[at.i];

	hist_empty(m, cq);
	cq->hist_push = hist_position(m, at.i, value);
	cq->hist_pop = cq->hist_push;
	cq->push_pass = REG_GET(DLB_CHP_HIST_LIST_PUSH_PTR_GENERATION, value);
	cq->pop_pass = cq->push_pass;
	m->ready |= UINT64_C(1) << at.i;
}

static uint32_t
hist_pointer(const struct dlb_model *m, uint32_t id, uint32_t pos, bool pass)
{
	return (reg(m, DLB_CHP_HIST_LIST_BASE, id) + pos) |
	       (uint32_t)REG_PUT(DLB_CHP_HIST_LIST_PUSH_PTR_GENERATION, pass);
}

static uint32_t
hist_push_read(void *owner, struct reg_at at)
{
	const struct dlb_cq *cq = &model(owner)->cq[at.i];

	return hist_pointer(model(owner), at.i, cq->hist_push, cq->push_pass);
}

static uint32_t
hist_pop_read(void *owner, struct reg_at at)
{
	const struct dlb_cq *cq = &model(owner)->cq[at.i];

	return hist_pointer(model(owner), at.i, cq->hist_pop, cq->pop_pass);
}

/* ---- Links ---- */

static uint32_t
slot_queue(const struct dlb_model *m, uint32_t cq, uint32_t slot)
{
	uint32_t word = reg(m, slot < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1, cq);

	return word >> slot % 4 * 8 & 0x7f;
}

static void
slot_insert(struct dlb_cq *cq, uint32_t qid, uint32_t bin)
{
	uint32_t at = cq->slot_count++;

	for (; at > 0 && cq->slot[at - 1].bin > bin; at--)
		cq->slot[at] = cq->slot[at - 1];
	cq->slot[at].qid = (uint8_t)qid;
	cq->slot[at].bin = (uint8_t)bin;
}

static void
queue_links_set(struct dlb_model *m, uint32_t qid)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];
	uint64_t cqs = 0, stale;

	for (uint32_t c = 0; c < DLB_LDB_PORTS; c++)
		cqs |= (uint64_t)(m->cq[c].queues >> qid & 1) << c;
	q->cqs = cqs;
	for (stale = q->held_cqs & ~cqs; stale != 0; stale &= stale - 1)
		dlb_sched_unhold(m, qid, (uint32_t)__builtin_ctzll(stale));
	/* A single CQ needs no flows followed, unless another one still has QEs in flight. */
	if (__builtin_popcountll(cqs) > 1 || q->inflight != 0) {
		if (!q->tracked)
			dlb_sched_track(m, qid);
	} else if (q->flows == 0) {
		q->tracked = false;
	}
	q->only_cq = q->tracked || cqs == 0 ? NULL : &m->cq[__builtin_ctzll(cqs)];
}

/* Which queues feed a CQ: slots that are valid and name a queue there is. */
static void
links_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_cq *cq = &m->cq[at.i];
	uint32_t before = cq->queues, word = reg(m, DLB_LSP_CQ2PRIOV, at.i), changed;

	(void)value;
	cq->queues = 0;
	cq->slot_count = 0;
	for (uint32_t slot = 0; slot < DLB_CQ_SLOTS; slot++) {
		uint32_t qid = slot_queue(m, at.i, slot);

		if (!(REG_GET(DLB_LSP_CQ2PRIOV_V, word) >> slot & 1) || qid >= DLB_LDB_QUEUES)
			continue;
		slot_insert(cq, qid, (word >> 3 * slot & 7) >> 1);
		cq->queues |= UINT32_C(1) << qid;
	}
	for (changed = before ^ cq->queues; changed != 0; changed &= changed - 1)
		queue_links_set(m, (uint32_t)__builtin_ctz(changed));
	m->ready |= UINT64_C(1) << at.i;
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
	default:
		return &cq_of(m, at)->scheduled;
	}
}

static uint32_t
counter_low_read(void *owner, struct reg_at at)
{
	return (uint32_t)*counter_of(model(owner), at);
}

static uint32_t
counter_high_read(void *owner, struct reg_at at)
{
	return (uint32_t)(*counter_of(model(owner), at) >> 32);
}

static void
counter_low_wrote(void *owner, struct reg_at at, uint32_t value)
{
	uint64_t *c = counter_of(model(owner), at);

	*c = (*c & ~UINT64_C(0xffffffff)) | value;
}

static void
counter_high_wrote(void *owner, struct reg_at at, uint32_t value)
{
	uint64_t *c = counter_of(model(owner), at);

	*c = (*c & UINT64_C(0xffffffff)) | (uint64_t)value << 32;
}

static uint32_t *
max_depth_of(void *owner, struct reg_at at)
{
	return at.row == DLB_LSP_QID_DIR_MAX_DEPTH ? &model(owner)->dir[at.i].max
						   : &model(owner)->ldb[at.i].other_max;
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

/* ---- Power ---- */

static void
power_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	model(owner)->powered = !REG_GET(DLB_CM_CFG_PM_PMCSR_DISABLE_DISABLE, value);
}

#define COUNTER(low, high)                                                                         \
	{DLB_##low, counter_low_read, counter_low_wrote},                                          \
	{DLB_##high, counter_high_read, counter_high_wrote}

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
	{DLB_LSP_QID_ATM_DEPTH_THRSH, NULL, ldb_queue_wrote},
	{DLB_LSP_QID_NALDB_DEPTH_THRSH, NULL, ldb_queue_wrote},
	{DLB_CHP_ORD_QID_SN_MAP, NULL, sn_map_wrote},
	{DLB_CHP_ORD_QID_SN, sn_read, sn_wrote},
	{DLB_LSP_QID_LDB_INFL_CNT, ldb_inflight_read, NULL},
	{DLB_LSP_QID_LDB_ENQUEUE_CNT, ldb_waiting_read, NULL},
	{DLB_LSP_QID_AQED_ACTIVE_CNT, aqed_active_read, NULL},
	{DLB_LSP_QID_ATM_ACTIVE, atm_active_read, NULL},
	{DLB_LSP_QID_ATQ_ENQUEUE_CNT, atm_active_read, NULL},
	{DLB_LSP_QID_DIR_DEPTH_THRSH, NULL, dir_threshold_wrote},
	{DLB_LSP_QID_DIR_ENQUEUE_CNT, dir_waiting_read, NULL},
	{DLB_SYS_LDB_CQ_ADDR_L, NULL, ldb_cq_wrote},
	{DLB_SYS_LDB_CQ_ADDR_U, NULL, ldb_cq_wrote},
	{DLB_SYS_LDB_CQ_PASID, NULL, ldb_cq_wrote},
	{DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, NULL, ldb_cq_wrote},
	{DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, NULL, ldb_cq_wrote},
	{DLB_CHP_LDB_CQ2VAS, NULL, ldb_cq_wrote},
	{DLB_LSP_CQ_LDB_DSBL, NULL, ldb_cq_wrote},
	{DLB_SYS_DIR_CQ_ADDR_L, NULL, dir_cq_wrote},
	{DLB_SYS_DIR_CQ_ADDR_U, NULL, dir_cq_wrote},
	{DLB_SYS_DIR_CQ_PASID, NULL, dir_cq_wrote},
	{DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, NULL, dir_cq_wrote},
	{DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, NULL, dir_cq_wrote},
	{DLB_CHP_DIR_CQ2VAS, NULL, dir_cq_wrote},
	{DLB_LSP_CQ_DIR_DSBL, NULL, dir_cq_wrote},
	{DLB_CHP_CFG_CHP_CSR_CTRL, NULL, csr_ctrl_wrote},
	{DLB_LSP_CQ_LDB_TKN_CNT, tokens_read, tokens_wrote},
	{DLB_LSP_CQ_DIR_TKN_CNT, tokens_read, tokens_wrote},
	{DLB_CHP_LDB_CQ_DEPTH, tokens_read, NULL},
	{DLB_CHP_DIR_CQ_DEPTH, tokens_read, NULL},
	{DLB_CHP_LDB_CQ_WPTR, wptr_read, wptr_wrote},
	{DLB_CHP_DIR_CQ_WPTR, wptr_read, wptr_wrote},
	{DLB_LSP_CQ_LDB_INFL_CNT, cq_inflight_read, NULL},
	{DLB_LSP_CQ_LDB_INFL_LIM, NULL, infl_lim_wrote},
	{DLB_CHP_HIST_LIST_BASE, NULL, hist_bounds_wrote},
	{DLB_CHP_HIST_LIST_LIM, NULL, hist_bounds_wrote},
	{DLB_CHP_HIST_LIST_PUSH_PTR, hist_push_read, hist_pointer_wrote},
	{DLB_CHP_HIST_LIST_POP_PTR, hist_pop_read, hist_pointer_wrote},
	{DLB_LSP_CQ2PRIOV, NULL, links_wrote},
	{DLB_LSP_CQ2QID0, NULL, links_wrote},
	{DLB_LSP_CQ2QID1, NULL, links_wrote},
	COUNTER(LSP_QID_ATM_TOT_ENQ_CNTL, LSP_QID_ATM_TOT_ENQ_CNTH),
	COUNTER(LSP_QID_NALDB_TOT_ENQ_CNTL, LSP_QID_NALDB_TOT_ENQ_CNTH),
	COUNTER(LSP_QID_DIR_TOT_ENQ_CNTL, LSP_QID_DIR_TOT_ENQ_CNTH),
	COUNTER(LSP_CQ_LDB_TOT_SCH_CNTL, LSP_CQ_LDB_TOT_SCH_CNTH),
	COUNTER(LSP_CQ_DIR_TOT_SCH_CNTL, LSP_CQ_DIR_TOT_SCH_CNTH),
	COUNTER(LSP_LDB_SCH_CNT_L, LSP_LDB_SCH_CNT_H),
	COUNTER(LSP_DIR_SCH_CNT_L, LSP_DIR_SCH_CNT_H),
	{DLB_LSP_QID_NALDB_MAX_DEPTH, max_depth_read, max_depth_wrote},
	{DLB_LSP_QID_DIR_MAX_DEPTH, max_depth_read, max_depth_wrote},
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
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++) {
		m->ldb[q].sn_window = DLB_SN_MIN;
		ldb_queue_wrote(m, (struct reg_at){.i = q}, 0);
	}
	for (uint32_t id = 0; id < DLB_LDB_PORTS; id++) {
		m->cq[id].hist = m->hist[id];
		hist_bounds_wrote(m, (struct reg_at){.i = id}, 0);
	}
	return 0;
}

void
dlb_config_destroy(struct dlb_model *m)
{
	regfile_destroy(m->regs);
}
