/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_test_rig.h"

/* Section 8 of the datasheet, as a driver goes through it: taking a domain down from counts alone.
 * Wherever a driver would wait, time passes.
 */

#define QUEUE_EMPTY_ROUNDS 32768u
#define INFLIGHT_READS     409600u

/* ---- Draining, section 8.2 ---- */

static bool
of_domain(const struct rig *r, uint32_t id, uint32_t domain)
{
	return r->port[id].made && r->port[id].domain == domain;
}

/* What is owed is worked out from counts alone; the ring is not looked at. */
static void
ldb_cq_drain(struct rig *r, uint32_t p)
{
	uint32_t infl = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p);
	uint32_t tokens = rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, p) - r->port[p].preset;
	unsigned int cmd = (infl > 0 ? DLB_CMD_BIT_COMP : 0) | (tokens > 0 ? DLB_CMD_BIT_TOKEN : 0);

	if (cmd == 0)
		return;
	rig_send_one(r, p, rig_hcw(cmd, 0, 0xff, 0, tokens - 1, 0));
	for (uint32_t i = 1; i < infl; i++)
		rig_complete(r, p);
	rig_fence(r, p);
}

static void
dir_cq_drain(struct rig *r, uint32_t p)
{
	uint32_t tokens = rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, p) - r->port[RIG_DIR(p)].preset;

	if (tokens == 0)
		return;
	rig_tokens(r, RIG_DIR(p), tokens);
	rig_fence(r, RIG_DIR(p));
}

static void
ldb_cqs_drain(struct rig *r, uint32_t domain, bool toggle)
{
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		if (!of_domain(r, p, domain))
			continue;
		if (toggle)
			rig_enable(r, p, false);
		ldb_cq_drain(r, p);
		if (toggle)
			rig_enable(r, p, true);
	}
	rig_step(r);
}

static void
dir_cqs_drain(struct rig *r, uint32_t domain, bool toggle)
{
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		if (!of_domain(r, RIG_DIR(p), domain) || !r->dir_queue[p])
			continue;
		if (toggle)
			rig_enable(r, RIG_DIR(p), false);
		dir_cq_drain(r, p);
		if (toggle)
			rig_enable(r, RIG_DIR(p), true);
	}
	rig_step(r);
}

static void
ldb_cqs_enable(struct rig *r, uint32_t domain, bool on)
{
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		if (of_domain(r, p, domain))
			rig_enable(r, p, on);
}

/* ---- Domain reset, section 8.1 ---- */

static bool
queue_linked(const struct rig *r, uint32_t q)
{
	uint32_t slot;

	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		if (r->port[p].made && rig_is_linked(r, q, p, &slot))
			return true;
	return false;
}

static bool
queue_of(const struct rig *r, uint32_t q, uint32_t domain)
{
	return r->queue[q].made && r->queue[q].domain == domain;
}

static bool
linked_queues_empty(struct rig *r, uint32_t domain)
{
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (queue_of(r, q, domain) && queue_linked(r, q) && rig_depth(r, q) != 0)
			return false;
	return true;
}

static bool
dir_queues_empty(struct rig *r)
{
	for (uint32_t q = 0; q < r->dir_ports; q++)
		if (r->dir_queue[q] && rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, q) != 0)
			return false;
	return true;
}

/* Steps 1 to 4. */
static void
ingress_close(struct rig *r, uint32_t domain)
{
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		if (!of_domain(r, RIG_DIR(p), domain))
			continue;
		rig_write(r, DLB_CHP_DIR_CQ_INT_ENB, p, 0);
		rig_write(r, DLB_CHP_DIR_CQ_WD_ENB, p, 0);
		rig_write(r, DLB_SYS_DIR_VASQID_V, domain * r->dir_ports + p, 0);
	}
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (queue_of(r, q, domain))
			rig_write(r, DLB_SYS_LDB_VASQID_V, domain * DLB_LDB_QUEUES + q, 0);
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		if (!of_domain(r, p, domain))
			continue;
		rig_write(r, DLB_CHP_LDB_CQ_INT_ENB, p, 0);
		rig_write(r, DLB_CHP_LDB_CQ_WD_ENB, p, 0);
		rig_write(r, DLB_CHP_SN_CHK_ENBL, p, 0);
	}
	ldb_cqs_enable(r, domain, false);
}

/* Step 6. */
static int
inflights_wait(struct rig *r, uint32_t domain)
{
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		uint32_t reads = 0;

		if (!of_domain(r, p, domain))
			continue;
		while (rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p) != 0)
			if (++reads > INFLIGHT_READS)
				return 6;
	}
	return 0;
}

/* Step 9. */
static int
linked_queues_drain(struct rig *r, uint32_t domain)
{
	uint32_t round = 0;

	do {
		ldb_cqs_drain(r, domain, false);
		if (++round > QUEUE_EMPTY_ROUNDS)
			return 9;
	} while (!linked_queues_empty(r, domain));
	ldb_cqs_drain(r, domain, true);
	return 0;
}

static uint32_t
first_port(const struct rig *r, uint32_t domain)
{
	uint32_t p = 0;

	while (p < DLB_LDB_PORTS && !of_domain(r, p, domain))
		p++;
	return p;
}

/* Step 10: a queue nobody is linked to gets a link for as long as it has events. */
static int
unlinked_queues_drain(struct rig *r, uint32_t domain)
{
	uint32_t p = first_port(r, domain), slot;

	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++) {
		if (!queue_of(r, q, domain) || queue_linked(r, q) || rig_depth(r, q) == 0)
			continue;
		for (slot = 0; slot < DLB_CQ_SLOTS && r->port[p].slot_used[slot]; slot++)
			;
		if (slot == DLB_CQ_SLOTS) {
			if (rig_unmap(r, r->port[p].slot[0], p) != 0)
				return 10;
			slot = 0;
		}
		if (rig_map(r, q, p, slot, 0) != 0 || linked_queues_drain(r, domain) != 0)
			return 10;
	}
	return 0;
}

/* Step 12. */
static int
dir_queues_drain(struct rig *r, uint32_t domain)
{
	uint32_t round = 0;

	do {
		dir_cqs_drain(r, domain, false);
		if (++round > QUEUE_EMPTY_ROUNDS)
			return 12;
	} while (!dir_queues_empty(r));
	dir_cqs_drain(r, domain, true);
	return 0;
}

/* Steps 13 and 14. */
static void
ports_close(struct rig *r, uint32_t domain)
{
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		if (!of_domain(r, RIG_DIR(p), domain))
			continue;
		rig_enable(r, RIG_DIR(p), false);
		rig_write(r, DLB_SYS_DIR_PP_V, p, 0);
	}
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		if (of_domain(r, p, domain))
			rig_write(r, DLB_SYS_LDB_PP_V, p, 0);
}

/* Step 15. */
static int
all_quiet(struct rig *r, uint32_t domain)
{
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (queue_of(r, q, domain) && rig_depth(r, q) != 0)
			return 15;
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++)
		if (of_domain(r, p, domain) &&
		    (rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p) != 0 ||
		     rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, p) != r->port[p].preset))
			return 15;
	for (uint32_t p = 0; p < r->dir_ports; p++)
		if (of_domain(r, RIG_DIR(p), domain) &&
		    (rig_read(r, DLB_LSP_QID_DIR_ENQUEUE_CNT, p) != 0 ||
		     rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, p) != r->port[RIG_DIR(p)].preset))
			return 15;
	return 0;
}

/* ---- Registers back to reset values, section 8.3 ---- */

struct restore {
	enum dlb_reg row;
	uint32_t value;
};

static const struct restore ldb_port_restore[] = {
	{DLB_SYS_LDB_PP2VAS, 0},
	{DLB_CHP_LDB_CQ2VAS, 0},
	{DLB_SYS_LDB_PP2VDEV, 0},
	{DLB_SYS_LDB_PP_V, 0},
	{DLB_LSP_CQ_LDB_DSBL, 1},
	{DLB_CHP_LDB_CQ_DEPTH, 0},
	{DLB_LSP_CFG_CQ_LDB_WU_LIMIT, 0},
	{DLB_LSP_CQ_LDB_INFL_LIM, 0},
	{DLB_CHP_HIST_LIST_LIM, 0},
	{DLB_CHP_HIST_LIST_BASE, 0},
	{DLB_CHP_HIST_LIST_POP_PTR, 0},
	{DLB_CHP_HIST_LIST_PUSH_PTR, 0},
	{DLB_CHP_LDB_CQ_INT_DEPTH_THRSH, 0},
	{DLB_CHP_LDB_CQ_TMR_THRSH, 1},
	{DLB_CHP_LDB_CQ_INT_ENB, 0},
	{DLB_SYS_LDB_CQ_ISR, 0},
	{DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, 0},
	{DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, 0},
	{DLB_CHP_LDB_CQ_WPTR, 0},
	{DLB_LSP_CQ_LDB_TKN_CNT, 0},
	{DLB_SYS_LDB_CQ_ADDR_L, 0},
	{DLB_SYS_LDB_CQ_ADDR_U, 0},
	{DLB_SYS_LDB_CQ_AT, 0},
	{DLB_SYS_LDB_CQ_PASID, 0},
	{DLB_SYS_LDB_CQ2VF_PF_RO, 0},
	{DLB_LSP_CQ_LDB_TOT_SCH_CNTL, 0},
	{DLB_LSP_CQ_LDB_TOT_SCH_CNTH, 0},
	{DLB_LSP_CQ2QID0, 0},
	{DLB_LSP_CQ2QID1, 0},
	{DLB_LSP_CQ2PRIOV, 0},
};

static const struct restore dir_port_restore[] = {
	{DLB_CHP_DIR_CQ2VAS, 0},
	{DLB_LSP_CQ_DIR_DSBL, 1},
	{DLB_SYS_WB_DIR_CQ_STATE, 0x10},
	{DLB_CHP_DIR_CQ_DEPTH, 0},
	{DLB_CHP_DIR_CQ_INT_DEPTH_THRSH, 0},
	{DLB_CHP_DIR_CQ_TMR_THRSH, 1},
	{DLB_CHP_DIR_CQ_INT_ENB, 0},
	{DLB_SYS_DIR_CQ_ISR, 0},
	{DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, 0},
	{DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, 0},
	{DLB_CHP_DIR_CQ_WPTR, 0},
	{DLB_LSP_CQ_DIR_TKN_CNT, 0},
	{DLB_SYS_DIR_CQ_ADDR_L, 0},
	{DLB_SYS_DIR_CQ_ADDR_U, 0},
	{DLB_SYS_DIR_CQ_AT, 0},
	{DLB_SYS_DIR_CQ_PASID, 0},
	{DLB_SYS_DIR_CQ_FMT, 0},
	{DLB_SYS_DIR_CQ2VF_PF_RO, 0},
	{DLB_LSP_CQ_DIR_TOT_SCH_CNTL, 0},
	{DLB_LSP_CQ_DIR_TOT_SCH_CNTH, 0},
	{DLB_SYS_DIR_PP2VAS, 0},
	{DLB_CHP_DIR_CQ2VAS, 0},
	{DLB_SYS_DIR_PP2VDEV, 0},
	{DLB_SYS_DIR_PP_V, 0},
};

static const struct restore ldb_queue_restore[] = {
	{DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0},
	{DLB_LSP_QID_NALDB_TOT_ENQ_CNTH, 0},
	{DLB_LSP_QID_ATM_TOT_ENQ_CNTL, 0},
	{DLB_LSP_QID_ATM_TOT_ENQ_CNTH, 0},
	{DLB_LSP_QID_NALDB_MAX_DEPTH, 0},
	{DLB_LSP_QID_LDB_INFL_LIM, 0},
	{DLB_LSP_QID_AQED_ACTIVE_LIM, 0},
	{DLB_LSP_QID_ATM_DEPTH_THRSH, 0},
	{DLB_LSP_QID_NALDB_DEPTH_THRSH, 0},
	{DLB_SYS_LDB_QID_ITS, 0},
	{DLB_CHP_ORD_QID_SN, 0},
	{DLB_CHP_ORD_QID_SN_MAP, 0},
	{DLB_SYS_LDB_QID_V, 0},
	{DLB_SYS_LDB_QID_CFG_V, 0},
};

static const struct restore dir_queue_restore[] = {
	{DLB_LSP_QID_DIR_MAX_DEPTH, 0},    {DLB_LSP_QID_DIR_TOT_ENQ_CNTL, 0},
	{DLB_LSP_QID_DIR_TOT_ENQ_CNTH, 0}, {DLB_LSP_QID_DIR_DEPTH_THRSH, 0},
	{DLB_SYS_DIR_QID_ITS, 0},          {DLB_SYS_DIR_QID_V, 0},
};

#define RESTORE(r, list, i) restore(r, list, sizeof(list) / sizeof((list)[0]), i)

/* Rows the version does not have are passed over. */
static void
restore(struct rig *r, const struct restore *list, size_t n, uint32_t i)
{
	for (size_t k = 0; k < n; k++)
		if (rig_has(r, list[k].row))
			rig_write(r, list[k].row, i, list[k].value);
}

static void
queue_restore(struct rig *r, uint32_t q)
{
	const struct rig_queue *how = &r->queue[q];

	RESTORE(r, ldb_queue_restore, q);
	if (how->sn_mode != RIG_NOT_ORDERED)
		rig_write(r, how->sn_group == 0 ? DLB_RO_GRP_0_SLT_SHFT : DLB_RO_GRP_1_SLT_SHFT,
			  how->sn_slot, 0);
	for (uint32_t w = 0; w < 16; w++) {
		rig_write_word(r, DLB_LSP_QID2CQIDIX, q, w, 0);
		rig_write_word(r, DLB_LSP_QID2CQIDIX2, q, w, 0);
		rig_write_word(r, DLB_ATM_QID2CQIDIX, q, w, 0);
	}
	r->queue[q].made = false;
}

/* Steps 16 and 17. */
static void
domain_restore(struct rig *r, uint32_t domain)
{
	for (uint32_t p = 0; p < DLB_LDB_PORTS; p++) {
		if (!of_domain(r, p, domain))
			continue;
		RESTORE(r, ldb_port_restore, p);
		memset(&r->port[p], 0, sizeof(r->port[p]));
	}
	for (uint32_t p = 0; p < r->dir_ports; p++) {
		if (!of_domain(r, RIG_DIR(p), domain))
			continue;
		RESTORE(r, dir_port_restore, p);
		if (r->version == DLB_V20)
			rig_write(r, DLB_SYS_DIR_CQ_OPT_CLR, 0, p);
		if (r->dir_queue[p])
			RESTORE(r, dir_queue_restore, p);
		r->dir_queue[p] = false;
		memset(&r->port[RIG_DIR(p)], 0, sizeof(r->port[RIG_DIR(p)]));
	}
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (queue_of(r, q, domain))
			queue_restore(r, q);
	rig_domain(r, domain, 0, 0);
	r->hist_next = 0;
}

/* ---- All of it ---- */

int
rig_domain_reset(struct rig *r, uint32_t domain)
{
	int ret;

	ingress_close(r, domain);
	ldb_cqs_drain(r, domain, false);
	ret = inflights_wait(r, domain);
	if (ret != 0)
		return ret;
	ldb_cqs_enable(r, domain, true);
	ret = linked_queues_drain(r, domain);
	if (ret != 0)
		return ret;
	ret = unlinked_queues_drain(r, domain);
	if (ret != 0)
		return ret;
	ldb_cqs_enable(r, domain, false);
	ret = dir_queues_drain(r, domain);
	if (ret != 0)
		return ret;
	ports_close(r, domain);
	ret = all_quiet(r, domain);
	if (ret != 0)
		return ret;
	domain_restore(r, domain);
	return 0;
}
