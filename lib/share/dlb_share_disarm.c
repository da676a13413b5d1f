/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

/* An interrupt that a client armed stays armed until it fires: no register takes that back, and the
 * next client's first interrupt would be one it did not ask for. So it gets what it waits for, an
 * event, with nowhere to go.
 */

#define PORTS_PER_WORD 32u
#define PORTS_WITH_BITS 64u
#define ON_DEPTH 2u

struct target {
	bool directed;
	uint32_t port, queue;
};

static const struct disarm_rows {
	enum dlb_reg armed[2], threshold;
} rows[2] = {
	{{DLB_CHP_LDB_CQ_INTR_ARMED0, DLB_CHP_LDB_CQ_INTR_ARMED1}, DLB_CHP_LDB_CQ_INT_DEPTH_THRSH},
	{{DLB_CHP_DIR_CQ_INTR_ARMED0, DLB_CHP_DIR_CQ_INTR_ARMED1}, DLB_CHP_DIR_CQ_INT_DEPTH_THRSH},
};

static bool
is_armed(struct dlb_share *s, bool directed, uint32_t i)
{
	return dlb_hub_read(s->hub, rows[directed].armed[i / PORTS_PER_WORD], 0) >>
		       i % PORTS_PER_WORD &
	       1;
}

/* One credit, one queue, one CQ. */
static void
way_open(struct dlb_share *s, const struct target *t)
{
	struct dlb_hub *hub = s->hub;
	uint32_t queues = t->directed ? hub->dir_ports : DLB_LDB_QUEUES;

	dlb_hub_write(hub, DLB_CHP_CFG_VAS_CRD, s->domain, 1);
	dlb_hub_write(hub, DLB_CHP_CFG_LDB_VAS_CRD, s->domain, 1);
	dlb_hub_write(hub, DLB_CHP_CFG_DIR_VAS_CRD, s->domain, 1);
	dlb_hub_write(hub, t->directed ? DLB_SYS_DIR_QID_V : DLB_SYS_LDB_QID_V, t->queue, 1);
	dlb_hub_write(hub, t->directed ? DLB_SYS_DIR_VASQID_V : DLB_SYS_LDB_VASQID_V,
		      s->domain * queues + t->queue, 1);
	if (!t->directed) {
		dlb_hub_write(hub, DLB_LSP_QID_LDB_INFL_LIM, t->queue, 1);
		dlb_hub_write(hub, DLB_LSP_CQ2QID0, t->port, t->queue);
		dlb_hub_write(hub, DLB_LSP_CQ2PRIOV, t->port,
			      UINT32_C(1) << DLB_LSP_CQ2PRIOV_V_LO);
	}
	/* Tokens that were withheld to keep the CQ shallow do not count as events any more. */
	dlb_hub_write(hub, dlb_port_rows[t->directed].tokens, t->port,
		      dlb_hub_read(hub, dlb_port_rows[t->directed].tokens, t->port));
	dlb_hub_write(hub, rows[t->directed].threshold, t->port, 0);
	dlb_hub_write(hub, dlb_port_rows[t->directed].interrupt, t->port, ON_DEPTH);
	dlb_share_cq_open(s, t->directed, t->port);
}

static void
way_close(struct dlb_share *s, const struct target *t)
{
	uint32_t queues = t->directed ? s->hub->dir_ports : DLB_LDB_QUEUES;

	dlb_hub_write(s->hub, dlb_port_rows[t->directed].disabled, t->port, 1);
	dlb_hub_write(s->hub, dlb_port_rows[t->directed].interrupt, t->port, 0);
	dlb_hub_write(s->hub, t->directed ? DLB_SYS_DIR_VASQID_V : DLB_SYS_LDB_VASQID_V,
		      s->domain * queues + t->queue, 0);
	if (!t->directed)
		dlb_hub_write(s->hub, DLB_LSP_CQ2PRIOV, t->port, 0);
}

static uint32_t
first_queue(const struct dlb_share *s)
{
	uint32_t q = 0;

	while (q < DLB_LDB_QUEUES && !dlb_share_has_queue(s, q))
		q++;
	return q;
}

static void
disarm(struct dlb_share *s, bool directed, uint32_t i)
{
	struct target t = {directed, i, directed ? i : first_queue(s)};
	struct dlb_qe line[DLB_LINE_HCWS] = {{0}};

	/* Without queues nothing can ever fire it. */
	if (!directed && t.queue == DLB_LDB_QUEUES)
		return;
	line[0].meta = REG_PUT(DLB_HCW_CMD, DLB_CMD_NEW) | REG_PUT(DLB_QE_QID, t.queue) |
		       REG_PUT(DLB_QE_SCHED, directed ? DLB_DIRECTED : DLB_UNORDERED);
	way_open(s, &t);
	dlb_share_post_line(s, directed, i, line);
	dlb_share_let_time_pass(s);
	dlb_share_port_drain(s, directed, i);
	way_close(s, &t);
}

void
dlb_share_disarm(struct dlb_share *s)
{
	for (uint32_t i = 0; i < PORTS_WITH_BITS; i++) {
		if (dlb_share_has_port(s, false, i) && is_armed(s, false, i))
			disarm(s, false, i);
		if (dlb_share_has_port(s, true, i) && is_armed(s, true, i))
			disarm(s, true, i);
	}
}
