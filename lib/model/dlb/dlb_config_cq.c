/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"
#include "dlb_cq.h"

/* Registers of consumer queues into run-time tables: rings, tokens, history lists, links. */

/* ---- Consumer queues ---- */

static void
ldb_cq_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dlb_cq_configure(dlb_model_of(owner), at.i);
}

static void
dir_cq_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dlb_cq_configure(dlb_model_of(owner), DLB_LDB_PORTS + at.i);
}

void
dlb_config_cqs(struct dlb_model *m)
{
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++)
		dlb_cq_configure(m, id);
}

static void
csr_ctrl_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;

	(void)at;
	m->sparse_ldb = REG_GET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE, value);
	m->sparse_dir = REG_GET(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE, value);
	dlb_config_cqs(m);
}

/* CQ registers that load or show live state exist for both kinds of port. */
static struct dlb_cq *
cq_of(void *owner, struct reg_at at)
{
	switch (at.row) {
	case DLB_LSP_CQ_DIR_TKN_CNT:
	case DLB_CHP_DIR_CQ_WPTR:
	case DLB_CHP_DIR_CQ_DEPTH:
		return &dlb_model_of(owner)->cq[DLB_LDB_PORTS + at.i];
	default:
		return &dlb_model_of(owner)->cq[at.i];
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
	dlb_irq_preset(m, (uint32_t)(cq - m->cq), value);
	if (cq < &m->cq[DLB_LDB_PORTS])
		m->ready |= UINT64_C(1) << (cq - m->cq);
}

/* The slot in the low bits, and the pass above them: the next bit, or the register's last one (open
 * point 17).
 */
static uint32_t
pass_bit(const struct dlb_model *m, const struct dlb_cq *cq, struct reg_at at)
{
	if (!m->config.open.wptr_pass_on_top)
		return cq->entries;
	return UINT32_C(1) << (at.row == DLB_CHP_DIR_CQ_WPTR
				       ? DLB_CHP_DIR_CQ_WPTR_WRITE_POINTER_HI
				       : DLB_CHP_LDB_CQ_WPTR_WRITE_POINTER_HI);
}

static uint32_t
wptr_read(void *owner, struct reg_at at)
{
	const struct dlb_cq *cq = cq_of(owner, at);

	if (!(cq->wptr & cq->entries))
		return cq->wptr;
	return (cq->wptr & (cq->entries - 1)) | pass_bit(owner, cq, at);
}

static void
wptr_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_cq *cq = cq_of(owner, at);
	bool second = value & pass_bit(owner, cq, at);

	cq->wptr = cq->entries == 0 ? 0
				    : (value & (cq->entries - 1)) | (second ? cq->entries : 0);
}

/* ---- The write buffer ----
 *
 * QEs go to memory one by one and at once, so no entry of it is ever valid, and to drop them, which
 * a driver asks for when it resets a directed port (section 8.3), is nothing to do (I).
 */

static uint32_t
write_buffer_read(void *owner, struct reg_at at)
{
	(void)owner;
	(void)at;
	return 0;
}

/* ---- History lists ---- */

static uint32_t
cq_inflight_read(void *owner, struct reg_at at)
{
	return cq_of(owner, at)->inflight;
}

static void
hist_limit_set(struct dlb_model *m, uint32_t id)
{
	struct dlb_cq *cq = &m->cq[id];

	cq->inflight_limit = dlb_min(dlb_reg_get(m, DLB_LSP_CQ_LDB_INFL_LIM, id), cq->hist_size);
	m->ready |= UINT64_C(1) << id;
}

static void
infl_lim_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	hist_limit_set(dlb_model_of(owner), at.i);
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
	uint32_t base = dlb_reg_get(m, DLB_CHP_HIST_LIST_BASE, id);
	uint32_t ptr = (uint32_t)REG_GET(DLB_CHP_HIST_LIST_PUSH_PTR_PUSH_PTR, value);

	return ptr < base || ptr - base >= size ? 0 : ptr - base;
}

void
dlb_config_history(struct dlb_model *m, uint32_t id)
{
	struct dlb_cq *cq = &m->cq[id];
	uint32_t base = dlb_reg_get(m, DLB_CHP_HIST_LIST_BASE, id);
	uint32_t limit = dlb_reg_get(m, DLB_CHP_HIST_LIST_LIM, id);

	hist_empty(m, cq);
	cq->hist_size = limit < base || limit >= DLB_HIST_ENTRIES ? 0 : limit - base + 1;
	cq->hist_push = 0;
	cq->hist_pop = 0;
	hist_limit_set(m, id);
}

static void
hist_bounds_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)value;
	dlb_config_history(dlb_model_of(owner), at.i);
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
	return (dlb_reg_get(m, DLB_CHP_HIST_LIST_BASE, id) + pos) |
	       (uint32_t)REG_PUT(DLB_CHP_HIST_LIST_PUSH_PTR_GENERATION, pass);
}

static uint32_t
hist_push_read(void *owner, struct reg_at at)
{
	const struct dlb_cq *cq = &dlb_model_of(owner)->cq[at.i];

	return hist_pointer(dlb_model_of(owner), at.i, cq->hist_push, cq->push_pass);
}

static uint32_t
hist_pop_read(void *owner, struct reg_at at)
{
	const struct dlb_cq *cq = &dlb_model_of(owner)->cq[at.i];

	return hist_pointer(dlb_model_of(owner), at.i, cq->hist_pop, cq->pop_pass);
}

/* ---- Links ---- */

static uint32_t
slot_queue(const struct dlb_model *m, uint32_t cq, uint32_t slot)
{
	uint32_t word = dlb_reg_get(m, slot < 4 ? DLB_LSP_CQ2QID0 : DLB_LSP_CQ2QID1, cq);

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
	/* A single CQ needs no flows followed, unless another one still has QEs in flight, or it
	 * may refuse new flows.
	 */
	if (__builtin_popcountll(cqs) > 1 || q->inflight != 0 || m->arb.shuns_flows) {
		if (!q->tracked)
			dlb_sched_track(m, qid);
	} else if (q->flows == 0) {
		q->tracked = false;
	}
	q->only_cq = q->tracked || cqs == 0 || m->arbitrated ? NULL
							     : &m->cq[__builtin_ctzll(cqs)];
}

void
dlb_config_links(struct dlb_model *m)
{
	for (uint32_t qid = 0; qid < DLB_LDB_QUEUES; qid++)
		queue_links_set(m, qid);
}

/* Which queues feed a CQ: slots that are valid and name a queue there is. */
static void
links_wrote(void *owner, struct reg_at at, uint32_t value)
{
	struct dlb_model *m = owner;
	struct dlb_cq *cq = &m->cq[at.i];
	uint32_t before = cq->queues, word = dlb_reg_get(m, DLB_LSP_CQ2PRIOV, at.i), changed;

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

static const struct reg_hook hooks[] = {
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
	{DLB_SYS_DIR_CQ_OPT_CLR, write_buffer_read, NULL},
	{DLB_SYS_WB_DIR_CQ_STATE, write_buffer_read, NULL},
	{DLB_SYS_WB_LDB_CQ_STATE, write_buffer_read, NULL},
	{DLB_LSP_CQ_LDB_INFL_CNT, cq_inflight_read, NULL},
	{DLB_LSP_CQ_LDB_INFL_LIM, NULL, infl_lim_wrote},
	{DLB_CHP_HIST_LIST_BASE, NULL, hist_bounds_wrote},
	{DLB_CHP_HIST_LIST_LIM, NULL, hist_bounds_wrote},
	{DLB_CHP_HIST_LIST_PUSH_PTR, hist_push_read, hist_pointer_wrote},
	{DLB_CHP_HIST_LIST_POP_PTR, hist_pop_read, hist_pointer_wrote},
	{DLB_LSP_CQ2PRIOV, NULL, links_wrote},
	{DLB_LSP_CQ2QID0, NULL, links_wrote},
	{DLB_LSP_CQ2QID1, NULL, links_wrote},
};

void
dlb_config_cq_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
