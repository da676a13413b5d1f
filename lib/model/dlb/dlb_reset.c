/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* Resets of the whole device, datasheet sections 1.6 and 5.1. The largest tables are not wiped: what
 * is in use of them is found by what refers to it, so that a reset costs microseconds.
 */

/* ---- What is in use of the large tables ---- */

static void
flow_free(struct dlb_model *m, uint32_t qid, uint64_t meta)
{
	m->flow[qid][dlb_flow_number(&m->ldb[qid], meta)] = (struct dlb_flow){.cq = 0};
}

/* Flows with QEs in flight: those of history entries. */
static void
history_drop(struct dlb_model *m, const struct dlb_cq *cq)
{
	uint32_t pos = cq->hist_pop;

	for (uint32_t k = 0; k < cq->inflight; k++) {
		dlb_hist e = cq->hist[pos];

		if (REG_GET(DLB_HIST_TRACKED, e))
			flow_free(m, (uint32_t)REG_GET(DLB_HIST_QID, e), e);
		pos = pos + 1 == cq->hist_size ? 0 : pos + 1;
	}
}

/* Flows with QEs in the atomic stage. */
static void
held_drop(struct dlb_model *m, uint32_t qid, uint32_t cq)
{
	const struct dlb_bins *held = &m->held[qid][cq];

	for (uint32_t bin = 0; bin < DLB_PRIO_BINS; bin++) {
		uint16_t i = held->bins >> bin & 1 ? held->fifo[bin].head : DLB_NIL;

		for (; i != DLB_NIL; i = m->next[i])
			flow_free(m, qid, m->qe[i].meta);
	}
}

static void
queue_drop(struct dlb_model *m, uint32_t qid)
{
	const struct dlb_ldb_queue *q = &m->ldb[qid];

	for (uint64_t cqs = q->held_cqs; cqs != 0; cqs &= cqs - 1)
		held_drop(m, qid, (uint32_t)__builtin_ctzll(cqs));
	if (q->sn_late != 0)
		memset(m->reorder[qid], 0, sizeof(m->reorder[qid]));
}

/* ---- All of it ---- */

void
dlb_reset_create(struct dlb_model *m)
{
	for (uint32_t i = 1; i < DLB_POOL; i++)
		m->next_free[i] = (uint16_t)(i + 1);
}

static void
pool_reset(struct dlb_model *m)
{
	memcpy(m->next, m->next_free, sizeof(m->next));
	m->free = 1;
	m->room = DLB_POOL;
	dlb_chunks_reset(&m->chunks);
}

/* What was posted before is gone; where the rings stand is between posters and drainer, and stays.
 */
static void
ports_reset(struct dlb_model *m)
{
	for (uint32_t id = 0; id < DLB_LDB_PORTS + m->dir_ports; id++) {
		dlb_port_discard(&m->port[id]);
		m->port[id].valid = false;
		m->port[id].vas = 0;
	}
	for (unsigned int w = 0; w < DLB_PORT_WORDS; w++)
		atomic_store_explicit(&m->valid[w], 0, memory_order_relaxed);
}

static void
queues_reset(struct dlb_model *m)
{
	for (uint32_t id = 0; id < DLB_LDB_PORTS; id++)
		history_drop(m, &m->cq[id]);
	for (uint32_t qid = 0; qid < DLB_LDB_QUEUES; qid++)
		queue_drop(m, qid);
	memset(m->credits, 0, sizeof(m->credits));
	memset(m->domain, 0, sizeof(m->domain));
	memset(m->ldb, 0, sizeof(m->ldb));
	memset(m->held, 0, sizeof(m->held));
	memset(m->dir, 0, sizeof(m->dir));
	memset(m->cq, 0, sizeof(m->cq));
	memset(m->dir_work, 0, sizeof(m->dir_work));
	m->work = 0;
	m->ready = 0;
	m->last_cq = 0;
	m->ldb_scheduled = 0;
	m->dir_scheduled = 0;
}

void
dlb_model_reset(struct dlb_model *m, enum bus_reset kind)
{
	bool power = kind == BUS_RESET_POWER;

	ports_reset(m);
	queues_reset(m);
	pool_reset(m);
	pci_config_reset(&m->pci, power);
	m->answers = false;
	m->may_master = false;
	m->sparse_ldb = false;
	m->sparse_dir = false;
	m->alarm_due = false;
	dlb_irq_reset(m);
	dlb_config_reset(m, power);
}
