/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_cq.h"

/* Registers of a CQ, by kind: [0] load-balanced, [1] directed. */
static const struct cq_rows {
	enum dlb_reg addr_l, addr_u, pasid, ring_code, token_code, disabled, vas;
} cq_rows[2] = {
	{DLB_SYS_LDB_CQ_ADDR_L, DLB_SYS_LDB_CQ_ADDR_U, DLB_SYS_LDB_CQ_PASID,
	 DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, DLB_LSP_CQ_LDB_DSBL,
	 DLB_CHP_LDB_CQ2VAS},
	{DLB_SYS_DIR_CQ_ADDR_L, DLB_SYS_DIR_CQ_ADDR_U, DLB_SYS_DIR_CQ_PASID,
	 DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, DLB_LSP_CQ_DIR_DSBL,
	 DLB_CHP_DIR_CQ2VAS},
};

/* A CQ nobody has given a depth cannot be written to: 0. */
static uint32_t
entries_of_code(uint32_t code)
{
	if (code < DLB_CQ_CODE_MIN || code > DLB_CQ_CODE_MAX)
		return 0;
	return DLB_CQ_ENTRIES(code);
}

/* The PASID counts only when the FMT2 bit says DMA carries one (datasheet 5.7, step 14). */
static uint32_t
pasid_of(uint32_t word)
{
	if (!REG_GET(DLB_SYS_LDB_CQ_PASID_FMT2, word))
		return BUS_NO_PASID;
	return (uint32_t)REG_GET(DLB_SYS_LDB_CQ_PASID_PASID, word);
}

/* A pointer to the whole ring, when the host has it in one piece. */
static uint8_t *
ring_map(struct dlb_model *m, const struct dlb_cq *cq)
{
	size_t bytes = (size_t)cq->entries * cq->step, len = bytes;
	struct bus_fault fault;
	void *ring;

	if (m->host->ops->map == NULL)
		return NULL;
	ring = m->host->ops->map(m->host, cq->pasid, cq->iova, &len, BUS_PROT_WRITE, &fault);
	return len >= bytes ? ring : NULL;
}

void
dlb_cq_configure(struct dlb_model *m, uint32_t id)
{
	bool directed = id >= DLB_LDB_PORTS;
	const struct cq_rows *r = &cq_rows[directed];
	uint32_t i = directed ? id - DLB_LDB_PORTS : id;
	bool sparse = directed ? m->sparse_dir : m->sparse_ldb;
	struct dlb_cq *cq = &m->cq[id];
	uint32_t tokens;

	cq->iova = (uint64_t)regfile_get(m->regs, r->addr_u, i) << 32 |
		   regfile_get(m->regs, r->addr_l, i);
	cq->pasid = pasid_of(regfile_get(m->regs, r->pasid, i));
	cq->vas = regfile_get(m->regs, r->vas, i) % DLB_DOMAINS;
	cq->step = sparse ? DLB_CQ_STEP_SPARSE : DLB_CQ_STEP_DENSE;
	cq->entries = entries_of_code(
		(uint32_t)REG_GET(DLB_CHP_LDB_CQ_TKN_DEPTH_SEL_TOKEN_DEPTH_SELECT,
				  regfile_get(m->regs, r->ring_code, i)));
	tokens = entries_of_code((uint32_t)REG_GET(DLB_LSP_CQ_LDB_TKN_DEPTH_SEL_TOKEN_DEPTH_SELECT,
				  regfile_get(m->regs, r->token_code, i)));
	cq->token_limit = dlb_min(tokens, cq->entries);
	cq->wptr &= cq->entries == 0 ? 0 : 2 * cq->entries - 1;
	cq->enabled = !(regfile_get(m->regs, r->disabled, i) & 1) && cq->entries != 0 &&
		      m->may_master;
	cq->ring = cq->enabled ? ring_map(m, cq) : NULL;
	if (!directed)
		m->ready |= UINT64_C(1) << id;
}

void
dlb_cq_remap(struct dlb_model *m)
{
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++)
		if (m->cq[id].enabled)
			m->cq[id].ring = ring_map(m, &m->cq[id]);
}

void
dlb_cq_write_by_dma(struct dlb_model *m, const struct dlb_cq *cq, uint32_t slot, uint64_t data,
		    uint64_t meta)
{
	struct dlb_qe qe = {.data = data, .meta = meta};
	uint64_t iova = cq->iova + (uint64_t)slot * cq->step;

	/* A write to an address the host does not have is lost, as on a real bus. */
	if (m->host->ops->dma == NULL ||
	    m->host->ops->dma(m->host, cq->pasid, iova, &qe, sizeof(qe), true) < 0)
		atomic_fetch_add_explicit(&m->lost, 1, memory_order_relaxed);
}
