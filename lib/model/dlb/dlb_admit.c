/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_model_priv.h"

/* Ingress: what producer ports sent, command by command, as datasheet section 7.1 and appendix C
 * order it. A command that fails a check is dropped; its token and completion parts still count.
 */

/* ---- Tokens ---- */

static inline void
tokens_return(struct dlb_cq *cq, uint32_t n)
{
	cq->tokens -= dlb_min(n, cq->tokens);
}

/* Tokens of BAT_T, and of COMP_T by the recommended reading. */
static inline uint32_t
tokens_counted(uint64_t meta)
{
	return (uint32_t)REG_GET(DLB_HCW_TOKENS, meta) + 1;
}

/* ---- Enqueues ---- */

/* Store a QE and take its credit: its pool entry, or DLB_NIL when it has to be dropped (7.1). */
static inline uint16_t
store(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);
	uint32_t kind = m->config.version == DLB_V20 && sched == DLB_DIRECTED;
	int32_t *credits = &m->credits[kind][port->vas];
	uint16_t index = m->free;

	if (unlikely(!(m->domain[port->vas].permit[REG_GET(DLB_QE_QID, meta)] >> sched & 1)))
		return DLB_NIL;
	if (unlikely(*credits <= 0 || index == DLB_NIL))
		return DLB_NIL;
	*credits -= 1;
	m->free = m->next[index];
	m->qe[index].data = data;
	/* Bytes 8-13 travel; 14 and 15 are the device's own in a delivered QE. */
	m->qe[index].meta = meta & ~(UINT64_C(0xffff) << DLB_QE_FLAGS_LO);
	return index;
}

static inline void
enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	uint16_t index = store(m, port, data, meta);

	if (likely(index != DLB_NIL))
		dlb_queue_append(m, index);
}

static inline void
forward(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	uint64_t meta)
{
	uint16_t index;
	dlb_hist done;

	if (unlikely(cq->inflight == 0))
		return;
	done = dlb_hist_pop(m, cq);
	index = store(m, port, data, meta);
	if (REG_GET(DLB_HIST_SCHED, done) == DLB_ORDERED)
		dlb_order_resolve(m, &m->ldb[REG_GET(DLB_HIST_QID, done)],
				  (uint16_t)REG_GET(DLB_HIST_SN, done), index);
	else if (likely(index != DLB_NIL))
		dlb_queue_append(m, index);
}

/* A fragment joins the oldest history entry, which has to be an ordered one. */
static void
fragment(struct dlb_model *m, const struct dlb_port *port, const struct dlb_cq *cq, uint64_t data,
	 uint64_t meta)
{
	dlb_hist oldest = cq->hist[cq->hist_pop];
	uint16_t index;

	if (cq->inflight == 0 || REG_GET(DLB_HIST_SCHED, oldest) != DLB_ORDERED)
		return;
	index = store(m, port, data, meta);
	if (index != DLB_NIL)
		dlb_order_fragment(m, &m->ldb[REG_GET(DLB_HIST_QID, oldest)],
				   (uint16_t)REG_GET(DLB_HIST_SN, oldest), index);
}

/* ---- Commands ---- */

/* Commands that drivers use rarely or never; what is in neither switch is a NOOP, ARM (interrupts
 * are not modelled) or illegal (section 4.3), and does nothing.
 */
static void
admit_rare(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	   uint64_t meta)
{
	switch (REG_GET(DLB_HCW_CMD, meta)) {
	case DLB_CMD_COMP_T:
		tokens_return(cq, m->config.open.comp_t_one_token ? 1 : tokens_counted(meta));
		dlb_hist_complete(m, cq);
		break;
	case DLB_CMD_NEW_T:
		tokens_return(cq, 1);
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_FWD_T:
		tokens_return(cq, 1);
		forward(m, port, cq, data, meta);
		break;
	case DLB_CMD_FRAG_T:
		tokens_return(cq, 1);
		fragment(m, port, cq, data, meta);
		break;
	case DLB_CMD_FRAG:
		fragment(m, port, cq, data, meta);
		break;
	}
}

static inline void
admit_load_balanced(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
		    uint64_t data, uint64_t meta)
{
	uint32_t cmd = (uint32_t)REG_GET(DLB_HCW_CMD, meta);

	/* In order of how often they come. */
	if (cmd == DLB_CMD_COMP)
		dlb_hist_complete(m, cq);
	else if (cmd == DLB_CMD_NEW)
		enqueue(m, port, data, meta);
	else if (cmd == DLB_CMD_FWD)
		forward(m, port, cq, data, meta);
	else if (cmd == DLB_CMD_BAT_T)
		tokens_return(cq, tokens_counted(meta));
	else if (cmd != DLB_CMD_NOOP)
		admit_rare(m, port, cq, data, meta);
}

static inline void
admit_directed(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	       uint64_t meta)
{
	switch (REG_GET(DLB_HCW_CMD, meta)) {
	case DLB_CMD_NEW_T:
		tokens_return(cq, 1);
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_NEW:
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_BAT_T:
		tokens_return(cq, tokens_counted(meta));
		break;
	}
}

static inline void
admit_line(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
	   const _Atomic uint64_t *line)
{
	for (unsigned int k = 0; k < LINE_RING_WORDS; k += 2) {
		uint64_t data = line_ring_word(line, k), meta = line_ring_word(line, k + 1);

		if (port->directed)
			admit_directed(m, port, cq, data, meta);
		else
			admit_load_balanced(m, port, cq, data, meta);
	}
}

void
dlb_model_admit(struct dlb_model *m, struct dlb_port *port)
{
	uint32_t id = (uint32_t)(port - m->port);
	uint32_t n = line_ring_ready(&port->drainer);

	if (n == 0)
		return;
	if (port->valid) {
		for (uint32_t i = 0; i < n; i++)
			admit_line(m, port, &m->cq[id], line_ring_line(&port->drainer, i));
		if (!port->directed)
			m->ready |= UINT64_C(1) << id;
	}
	line_ring_take(&port->drainer, n);
}

void
dlb_model_admit_valid(struct dlb_model *m)
{
	for (unsigned int w = 0; w < DLB_PORT_WORDS; w++) {
		uint64_t ports = atomic_load_explicit(&m->valid[w], memory_order_relaxed);

		for (; ports != 0; ports &= ports - 1)
			dlb_model_admit(m, &m->port[w * 64 + (uint32_t)__builtin_ctzll(ports)]);
	}
}

void
dlb_model_admit_all(struct dlb_model *m)
{
	for (unsigned int i = 0; i < DLB_LDB_PORTS + m->dir_ports; i++)
		dlb_model_admit(m, &m->port[i]);
}

bool
dlb_model_posted(const struct dlb_model *m)
{
	for (unsigned int w = 0; w < DLB_PORT_WORDS; w++) {
		uint64_t ports = atomic_load_explicit(&m->valid[w], memory_order_relaxed);

		for (; ports != 0; ports &= ports - 1)
			if (line_ring_waiting(m->port[w * 64 + (uint32_t)__builtin_ctzll(ports)]
						      .drainer.ring))
				return true;
	}
	return false;
}
