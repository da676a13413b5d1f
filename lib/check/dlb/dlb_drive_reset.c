/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Reset of a domain: datasheet sections 8.1 to 8.3. The driver never looks at the rings here, but
 * the interpreter does: entries that come while a domain is drained obey the same rules.
 */
#include "dlb_drive.h"

#include <string.h>

/* More rounds than any depth needs: a round takes at least one entry of each CQ that has work. */
#define DRAIN_ROUNDS 32768

static bool
in_domain(const struct dlb_drive *d, unsigned int cq, unsigned int domain)
{
	return d->ref->cq[cq].exists && d->ref->cq[cq].domain == domain;
}

/* 8.2. The counts of the interpreter are those of the device: they were compared. */
static void
drain_cq(struct dlb_drive *d, unsigned int c)
{
	struct dlb_ref_cq *cq = &d->ref->cq[c];
	uint32_t inflight, tokens;
	unsigned int cmd;

	dlb_drive_sync(d);
	inflight = cq->directed ? 0 : cq->inflight;
	tokens = cq->tokens - dlb_drive_preset(d, c);
	if (dlb_drive_failed(d) || (inflight == 0 && tokens == 0))
		return;
	cmd = (inflight > 0 ? DLB_CMD_BIT_COMP : 0u) | (tokens > 0 ? DLB_CMD_BIT_TOKEN : 0u);
	dlb_drive_push(d, c, dlb_drive_hcw(d, cmd, REG_PUT(DLB_QE_LOCK, tokens - 1)));
	dlb_drive_send(d, c, false);
	for (; inflight > 1; inflight--) {
		dlb_drive_push(d, c, dlb_drive_hcw(d, DLB_CMD_COMP, 0));
		dlb_drive_send(d, c, false);
	}
	dlb_drive_step(d, 1000);
}

static void
drain_all(struct dlb_drive *d, unsigned int domain, bool directed, bool toggle)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++) {
		if (!in_domain(d, c, domain) || dlb_drive_directed(c) != directed)
			continue;
		if (toggle) {
			d->held[c] = true;
			dlb_drive_set_cq(d, c);
		}
		drain_cq(d, c);
		if (toggle) {
			d->held[c] = false;
			dlb_drive_set_cq(d, c);
		}
	}
}

static void
hold_all(struct dlb_drive *d, unsigned int domain, bool directed, bool hold)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (in_domain(d, c, domain) && dlb_drive_directed(c) == directed) {
			d->held[c] = hold;
			dlb_drive_set_cq(d, c);
		}
}

static bool
queue_empty(const struct dlb_ref_queue *q)
{
	return q->waiting[DLB_REF_ATM] + q->waiting[DLB_REF_NALB] + q->maybe[DLB_REF_ATM] +
		       q->maybe[DLB_REF_NALB] ==
	       0;
}

static bool
queue_mapped(const struct dlb_drive *d, unsigned int queue)
{
	if (d->ref->queue[queue].directed)
		return true;
	for (unsigned int p = 0; p < d->ports; p++)
		for (unsigned int s = 0; s < DLB_CQ_SLOTS; s++)
			if (d->slot[p][s].state == DLB_LINK_MAPPED && d->slot[p][s].queue == queue)
				return true;
	return false;
}

/* Is every mapped queue of this kind empty? */
static bool
all_empty(const struct dlb_drive *d, unsigned int domain, bool directed)
{
	for (unsigned int q = 0; q < DLB_REF_QUEUES; q++) {
		const struct dlb_ref_queue *u = &d->ref->queue[q];

		if (u->exists && u->domain == domain && u->directed == directed &&
		    queue_mapped(d, q) && !queue_empty(u))
			return false;
	}
	return true;
}

/* Steps 9 and 12. */
static void
drain_queues(struct dlb_drive *d, unsigned int domain, bool directed)
{
	for (unsigned int n = 0; n < DRAIN_ROUNDS && !dlb_drive_failed(d); n++) {
		drain_all(d, domain, directed, false);
		if (all_empty(d, domain, directed)) {
			drain_all(d, domain, directed, true);
			/* 4.4: where COMP_T returns one token, a second pass returns the others. */
			if (d->ref->comp_t_one)
				drain_all(d, domain, directed, true);
			return;
		}
		dlb_drive_step(d, 1000);
	}
	dlb_ref_fail(d->ref, "reset", "domain %u: its %s queues do not become empty", domain,
		     directed ? "directed" : "load-balanced");
}

/* Step 10. */
static void
drain_unmapped(struct dlb_drive *d, unsigned int domain)
{
	unsigned int first = 0;

	while (first < d->ports && !in_domain(d, first, domain))
		first++;
	for (unsigned int q = 0; q < d->queues && first < d->ports; q++) {
		const struct dlb_ref_queue *u = &d->ref->queue[q];

		if (u->domain != domain || queue_mapped(d, q) || queue_empty(u))
			continue;
		dlb_drive_map(d, first, q, 0);
		if (!queue_mapped(d, q))
			dlb_ref_fail(d->ref, "reset", "queue %u cannot be mapped at once", q);
		drain_queues(d, domain, false);
	}
}

static void
open_queues(struct dlb_drive *d, unsigned int domain, bool open)
{
	uint32_t id = d->domain[domain]->arg[DOMAIN_ID];

	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++) {
		struct dlb_ref_queue *q = &d->ref->queue[n];

		if (!q->exists || q->domain != domain)
			continue;
		q->open = open;
		if (q->directed)
			dlb_drive_write(d, DLB_SYS_DIR_VASQID_V,
					id * d->ref->dir_queues + q->number, open);
		else
			dlb_drive_write(d, DLB_SYS_LDB_VASQID_V, id * DLB_LDB_QUEUES + q->number,
					open);
	}
}

/* Step 15. */
static void
verify(struct dlb_drive *d, unsigned int domain)
{
	dlb_drive_sync(d);
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (in_domain(d, c, domain) &&
		    (d->ref->cq[c].inflight != 0 || d->ref->cq[c].tokens != dlb_drive_preset(d, c)))
			dlb_ref_fail(d->ref, "reset", "CQ %u has %u tokens, %u in flight", c,
				     d->ref->cq[c].tokens, d->ref->cq[c].inflight);
	dlb_ref_domain_empty(d->ref, domain);
}

/* Registers that go back to 0, in the order of 8.3. Those with another reset value are apart. */
static const enum dlb_reg ldb_port_zero[] = {
	DLB_SYS_LDB_PP2VAS,
	DLB_CHP_LDB_CQ2VAS,
	DLB_SYS_LDB_PP2VDEV,
	DLB_SYS_LDB_PP_V,
	DLB_CHP_LDB_CQ_DEPTH,
	DLB_LSP_CFG_CQ_LDB_WU_LIMIT,
	DLB_LSP_CQ_LDB_INFL_LIM,
	DLB_CHP_HIST_LIST_LIM,
	DLB_CHP_HIST_LIST_BASE,
	DLB_CHP_HIST_LIST_POP_PTR,
	DLB_CHP_HIST_LIST_PUSH_PTR,
	DLB_CHP_LDB_CQ_INT_DEPTH_THRSH,
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
static const enum dlb_reg dir_port_zero[] = {
	DLB_CHP_DIR_CQ2VAS,
	DLB_CHP_DIR_CQ_DEPTH,
	DLB_CHP_DIR_CQ_INT_DEPTH_THRSH,
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
	DLB_SYS_DIR_PP2VDEV,
	DLB_SYS_DIR_PP_V,
};
static const enum dlb_reg ldb_queue_zero[] = {
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
static const enum dlb_reg dir_queue_zero[] = {
	DLB_LSP_QID_DIR_MAX_DEPTH,   DLB_LSP_QID_DIR_TOT_ENQ_CNTL, DLB_LSP_QID_DIR_TOT_ENQ_CNTH,
	DLB_LSP_QID_DIR_DEPTH_THRSH, DLB_SYS_DIR_QID_ITS,          DLB_SYS_DIR_QID_V,
};

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static void
zero(struct dlb_drive *d, const enum dlb_reg *list, size_t count, uint32_t index)
{
	for (size_t n = 0; n < count; n++)
		dlb_drive_write(d, list[n], index, 0);
}

static void
restore_cq(struct dlb_drive *d, unsigned int c)
{
	uint32_t id = d->ref->cq[c].number;

	if (dlb_drive_directed(c)) {
		dlb_drive_write(d, DLB_LSP_CQ_DIR_DSBL, id, 1);
		dlb_drive_write(d, DLB_SYS_DIR_CQ_OPT_CLR, 0, id);
		dlb_drive_write(d, DLB_SYS_WB_DIR_CQ_STATE, id,
				(uint32_t)REG_MASK(DLB_SYS_WB_DIR_CQ_STATE_CQ_OPT_CLR));
		dlb_drive_write(d, DLB_CHP_DIR_CQ_TMR_THRSH, id, 1);
		zero(d, dir_port_zero, COUNT_OF(dir_port_zero), id);
	} else {
		dlb_drive_write(d, DLB_LSP_CQ_LDB_DSBL, id, 1);
		dlb_drive_write(d, DLB_CHP_LDB_CQ_TMR_THRSH, id, 1);
		zero(d, ldb_port_zero, COUNT_OF(ldb_port_zero), id);
		memset(d->slot[c], 0, sizeof(d->slot[c]));
	}
	dlb_ref_cq_reset(d->ref, c);
}

static void
restore_queue(struct dlb_drive *d, unsigned int n)
{
	const struct dlb_ref_queue *q = &d->ref->queue[n];
	uint32_t id = q->number;

	if (q->directed) {
		zero(d, dir_queue_zero, COUNT_OF(dir_queue_zero), id);
	} else {
		const uint32_t *arg = d->queue[n]->arg;

		zero(d, ldb_queue_zero, COUNT_OF(ldb_queue_zero), id);
		if (q->ordered)
			dlb_drive_write(d,
					arg[QUEUE_SN_GROUP] == 0 ? DLB_RO_GRP_0_SLT_SHFT
								 : DLB_RO_GRP_1_SLT_SHFT,
					arg[QUEUE_SN_SLOT], 0);
		for (uint32_t word = 0; word < DLB_LDB_PORTS / 4; word++) {
			dlb_drive_write_word(d, DLB_LSP_QID2CQIDIX, id, word, 0);
			dlb_drive_write_word(d, DLB_LSP_QID2CQIDIX2, id, word, 0);
			dlb_drive_write_word(d, DLB_ATM_QID2CQIDIX, id, word, 0);
		}
	}
	dlb_ref_queue_reset(d->ref, n);
}

static void
restore(struct dlb_drive *d, unsigned int domain)
{
	uint32_t id = d->domain[domain]->arg[DOMAIN_ID];

	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (in_domain(d, c, domain))
			restore_cq(d, c);
	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++)
		if (d->ref->queue[n].exists && d->ref->queue[n].domain == domain)
			restore_queue(d, n);
	dlb_drive_write(d, DLB_CHP_CFG_LDB_VAS_CRD, id, 0);
	dlb_drive_write(d, DLB_CHP_CFG_DIR_VAS_CRD, id, 0);
	dlb_drive_write(d, DLB_CHP_CFG_VAS_CRD, id, 0);
	d->ref->credits[domain][0] = d->ref->credits[domain][1] = 0;
}

static void
close_ports(struct dlb_drive *d, unsigned int domain)
{
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (in_domain(d, c, domain))
			dlb_drive_write(d,
					dlb_drive_directed(c) ? DLB_SYS_DIR_PP_V : DLB_SYS_LDB_PP_V,
					d->ref->cq[c].number, 0);
}

void
dlb_drive_reset_domain(struct dlb_drive *d, unsigned int domain)
{
	dlb_drive_sync(d);
	dlb_ref_finish(d->ref);
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (in_domain(d, c, domain))
			d->off[c] = false;
	open_queues(d, domain, false);
	hold_all(d, domain, false, true);
	drain_all(d, domain, false, false);
	dlb_drive_link_work(d);
	dlb_drive_link_work(d);
	hold_all(d, domain, false, false);
	/* Directed CQs that the script had disabled. */
	hold_all(d, domain, true, false);
	drain_queues(d, domain, false);
	drain_unmapped(d, domain);
	hold_all(d, domain, false, true);
	drain_queues(d, domain, true);
	hold_all(d, domain, true, true);
	close_ports(d, domain);
	if (!dlb_drive_failed(d))
		verify(d, domain);
	restore(d, domain);
}
