/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_INGRESS_H
#define SLIPWAY_DLB_INGRESS_H

/**
 * @file
 * Ingress of one command, as datasheet section 7.1 and appendix C order it. A command that fails a
 * check is dropped; its token and completion parts still count. Part of dlb_admit.c, which takes
 * commands in by the line.
 */

#include "dlb_cq.h"

/* ---- Tokens ---- */

static inline void
tokens_return(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint32_t n,
	      uint64_t meta)
{
	if (unlikely(n > cq->tokens)) {
		dlb_alarm_chp(m, port, DLB_ALARM_TOKENS, meta);
		n = cq->tokens;
	}
	cq->tokens -= n;
}

/* Tokens of BAT_T, and of COMP_T by the recommended reading. */
static inline uint32_t
tokens_counted(uint64_t meta)
{
	return (uint32_t)REG_GET(DLB_HCW_TOKENS, meta) + 1;
}

/* ---- Enqueues ---- */

/* Of which kind of credit does a QE take one? 2.5 has one kind. */
static inline int32_t *
credits_for(struct dlb_model *m, const struct dlb_port *port, uint32_t sched)
{
	return &m->credits[m->config.version == DLB_V20 && sched == DLB_DIRECTED][port->vas];
}

/* May the port's domain enqueue this (section 7.1)? */
static inline bool
may_enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);

	return (m->domain[port->vas].permit[REG_GET(DLB_QE_QID, meta)] >> sched & 1) &&
	       *credits_for(m, port, sched) > 0;
}

/* The same, and an alarm if not. */
static inline bool
is_enqueued(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	if (likely(may_enqueue(m, port, meta)))
		return true;
	dlb_alarm_enqueue(m, port, meta);
	return false;
}

/* n QEs of a kind that may be enqueued are being stored, and there is room for them. */
static inline void
count_stored(struct dlb_model *m, const struct dlb_port *port, uint32_t sched, uint32_t n)
{
	*credits_for(m, port, sched) -= (int32_t)n;
	m->room -= n;
}

/* Is a QE that may be enqueued stored? No only after a driver that gave out too many credits. */
static inline bool
is_stored(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	if (unlikely(m->room == 0)) {
		dlb_alarm_enqueue(m, port, meta);
		return false;
	}
	count_stored(m, port, (uint32_t)REG_GET(DLB_QE_SCHED, meta), 1);
	return true;
}

/* How many QEs to an LDB queue need not be stored? With nothing waiting and a single CQ, which has
 * room and no other work, storing them would only have the scheduler fetch them again. Each takes a
 * credit and gives it back at once.
 */
static inline uint32_t
pass_room(const struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	const struct dlb_ldb_queue *q = &m->ldb[REG_GET(DLB_QE_QID, meta)];
	const struct dlb_cq *cq = q->only_cq;
	uint32_t n;

	if (!m->stepping || cq == NULL || (cq->queues & m->work) || !dlb_cq_has_room(cq) ||
	    q->inflight >= q->inflight_limit || cq->vas != port->vas)
		return 0;
	n = dlb_min(cq->token_limit - cq->tokens, cq->inflight_limit - cq->inflight);
	n = dlb_min(n, q->inflight_limit - q->inflight);
	if (REG_GET(DLB_QE_SCHED, meta) == DLB_ORDERED)
		n = dlb_min(n, dlb_order_room(q));
	return n;
}

/* QEs that pass: the queue, and where they go. */
struct passage {
	struct dlb_model *m;
	struct dlb_ldb_queue *q;
	struct dlb_pen pen;
	uint64_t code;
	uint32_t sched;
};

static inline struct passage
pass_begin(struct dlb_model *m, uint64_t meta)
{
	struct dlb_ldb_queue *q = &m->ldb[REG_GET(DLB_QE_QID, meta)];
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);

	return (struct passage){
		.m = m,
		.q = q,
		.pen = dlb_pen_up(q->only_cq),
		.code = dlb_depth_code(sched == DLB_ATOMIC ? &q->atomic_depth : &q->other_depth, 1),
		.sched = sched,
	};
}

static inline __attribute__((always_inline)) void
pass_one(struct passage *p, uint64_t data, uint64_t meta)
{
	dlb_hist entry = dlb_hist_entry(meta);

	if (p->sched == DLB_ORDERED)
		entry |= REG_PUT(DLB_HIST_SN, p->q->sn_next++);
	dlb_hist_push(&p->pen, entry);
	dlb_model_cq_push(p->m, &p->pen, data, (meta & p->m->carried) | p->code);
}

/* n QEs have passed. */
static inline void
pass_end(const struct passage *p, uint32_t n)
{
	struct dlb_ldb_queue *q = p->q;

	if (p->sched == DLB_ATOMIC) {
		q->atomic_enqueued += n;
	} else {
		q->other_enqueued += n;
		q->other_max += q->other_max == 0;
	}
	dlb_pen_down(&p->pen, n);
	q->inflight += n;
	p->pen.cq->inflight += n;
	p->m->ldb_scheduled += n;
}

static inline bool
pass_through(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	struct passage p;

	if (pass_room(m, port, meta) == 0)
		return false;
	p = pass_begin(m, meta);
	pass_one(&p, data, meta);
	pass_end(&p, 1);
	return true;
}

static inline void
enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	if (unlikely(!is_enqueued(m, port, meta)))
		return;
	if (REG_GET(DLB_QE_SCHED, meta) != DLB_DIRECTED && pass_through(m, port, data, meta))
		return;
	if (likely(is_stored(m, port, meta)))
		dlb_queue_append(m, data, meta & m->carried);
}

/* The QE joins those of its sequence number. */
static void
enqueue_ordered(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta,
		dlb_hist done)
{
	const struct dlb_qe qe = {.data = data, .meta = meta & m->carried};
	bool stored = is_enqueued(m, port, meta) && is_stored(m, port, meta);

	dlb_order_resolve(m, (uint32_t)REG_GET(DLB_HIST_QID, done),
			  (uint16_t)REG_GET(DLB_HIST_SN, done), stored ? &qe : NULL);
}

static inline void
forward(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	uint64_t meta)
{
	dlb_hist done;

	if (unlikely(cq->inflight == 0)) {
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, meta);
		return;
	}
	done = dlb_hist_pop(m, cq);
	if (REG_GET(DLB_HIST_SCHED, done) == DLB_ORDERED &&
	    !dlb_order_next(&m->ldb[REG_GET(DLB_HIST_QID, done)],
			    (uint16_t)REG_GET(DLB_HIST_SN, done)))
		enqueue_ordered(m, port, data, meta, done);
	else
		enqueue(m, port, data, meta);
}

/* A fragment joins the oldest history entry, which has to be an ordered one. */
static void
fragment(struct dlb_model *m, const struct dlb_port *port, const struct dlb_cq *cq, uint64_t data,
	 uint64_t meta)
{
	const struct dlb_qe qe = {.data = data, .meta = meta & m->carried};
	dlb_hist oldest = cq->hist[cq->hist_pop];

	if (cq->inflight == 0 || REG_GET(DLB_HIST_SCHED, oldest) != DLB_ORDERED) {
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, meta);
		return;
	}
	if (is_enqueued(m, port, meta) && is_stored(m, port, meta))
		dlb_order_fragment(m, (uint32_t)REG_GET(DLB_HIST_QID, oldest),
				   (uint16_t)REG_GET(DLB_HIST_SN, oldest), &qe);
}

/* ---- Completions ---- */

static inline void
complete(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t meta)
{
	if (likely(cq->inflight != 0))
		dlb_hist_complete(m, cq);
	else
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, meta);
}

/* What a line of four completions holds in each second word. */
#define COMP_META ((uint64_t)DLB_CMD_COMP << DLB_HCW_CMD_LO)

/* What entries that are retired together have in common. */
#define HIST_KIND                                                                                  \
	(REG_MASK(DLB_HIST_TRACKED) | REG_MASK(DLB_HIST_SCHED) | REG_MASK(DLB_HIST_QID))

/* How many of n entries, of which there is one, are of the kind of the first? */
static inline uint32_t
of_one_kind(const dlb_hist *entry, uint32_t n)
{
	uint32_t k = 1;

	while (k < n && !((entry[k] ^ entry[0]) & HIST_KIND))
		k++;
	return k;
}

/* Retire up to n entries that are to be counted and no more, as far as they lie in one piece. */
static inline uint32_t
retire_plain(struct dlb_cq *cq, struct dlb_ldb_queue *q, uint32_t n)
{
	uint32_t piece = dlb_min(n, cq->hist_size - cq->hist_pop);
	uint32_t k = of_one_kind(&cq->hist[cq->hist_pop], piece);

	cq->hist_pop += k;
	if (cq->hist_pop == cq->hist_size) {
		cq->hist_pop = 0;
		cq->pop_pass = !cq->pop_pass;
	}
	cq->inflight -= k;
	q->inflight -= k;
	return k;
}

/* Retire up to n of the CQ's oldest entries, of which it has as many, while they are of one queue
 * and one kind, and the numbers of ordered ones are the next.
 *
 * @return how many; 0 when an ordered one has to see the reorder stage
 */
static uint32_t
retire_run(struct dlb_model *m, struct dlb_cq *cq, uint32_t n)
{
	dlb_hist first = cq->hist[cq->hist_pop], entry = first;
	uint32_t qid = (uint32_t)REG_GET(DLB_HIST_QID, first), pos = cq->hist_pop, k = 0;
	bool ordered = REG_GET(DLB_HIST_SCHED, first) == DLB_ORDERED;
	bool tracked = REG_GET(DLB_HIST_TRACKED, first);
	struct dlb_ldb_queue *q = &m->ldb[qid];
	uint16_t sn = q->sn_head;

	if (!ordered && !tracked)
		return retire_plain(cq, q, n);
	if (ordered)
		n = q->sn_late != 0 ? 0 : dlb_min(n, (uint16_t)(q->sn_next - sn));
	while (k < n && !((entry ^ first) & HIST_KIND)) {
		if (ordered && (uint16_t)REG_GET(DLB_HIST_SN, entry) != (uint16_t)(sn + k))
			break;
		if (tracked)
			dlb_flow_complete(q, &m->flow[qid][dlb_flow_number(q, entry)]);
		k++;
		if (++pos == cq->hist_size) {
			pos = 0;
			cq->pop_pass = !cq->pop_pass;
		}
		entry = cq->hist[pos];
	}
	if (ordered)
		q->sn_head = (uint16_t)(sn + k);
	cq->hist_pop = pos;
	cq->inflight -= k;
	q->inflight -= k;
	return k;
}

/* n completions in a row. */
static void
complete_run(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint32_t n)
{
	uint32_t k;

	for (; n > cq->inflight; n--)
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, COMP_META);
	for (; n != 0; n -= k) {
		k = retire_run(m, cq, n);
		if (k == 0) {
			dlb_hist_complete(m, cq);
			k = 1;
		}
	}
}

/* ---- Commands ---- */

/* Commands that drivers use rarely or never (section 4.3). */
static void
admit_rare(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	   uint64_t meta)
{
	switch (REG_GET(DLB_HCW_CMD, meta)) {
	case DLB_CMD_COMP_T:
		/* Whichever reading is right, the difference is no error (section 4.4). */
		if (m->config.open.comp_t_one_token)
			tokens_return(m, port, cq, 1, meta);
		else
			cq->tokens -= dlb_min(cq->tokens, tokens_counted(meta));
		complete(m, port, cq, meta);
		break;
	case DLB_CMD_NEW_T:
		tokens_return(m, port, cq, 1, meta);
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_FWD_T:
		tokens_return(m, port, cq, 1, meta);
		forward(m, port, cq, data, meta);
		break;
	case DLB_CMD_FRAG_T:
		tokens_return(m, port, cq, 1, meta);
		fragment(m, port, cq, data, meta);
		break;
	case DLB_CMD_FRAG:
		fragment(m, port, cq, data, meta);
		break;
	case DLB_CMD_ARM:
		dlb_irq_arm(m, (uint32_t)(port - m->port));
		break;
	default:
		dlb_alarm_ingress(m, port, DLB_ALARM_COMMAND, meta);
		break;
	}
}

/* Inlined four times, whatever a compiler's budget says: a line's words then stay in registers. */
static inline __attribute__((always_inline)) void
admit_load_balanced(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
		    uint64_t data, uint64_t meta)
{
	uint32_t cmd = (uint32_t)REG_GET(DLB_HCW_CMD, meta);

	/* In order of how often they come. */
	if (cmd == DLB_CMD_COMP)
		complete(m, port, cq, meta);
	else if (cmd == DLB_CMD_NEW)
		enqueue(m, port, data, meta);
	else if (cmd == DLB_CMD_FWD)
		forward(m, port, cq, data, meta);
	else if (cmd == DLB_CMD_BAT_T)
		tokens_return(m, port, cq, tokens_counted(meta), meta);
	else if (cmd != DLB_CMD_NOOP)
		admit_rare(m, port, cq, data, meta);
}

static inline void
admit_directed(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint64_t data,
	       uint64_t meta)
{
	switch (REG_GET(DLB_HCW_CMD, meta)) {
	case DLB_CMD_NEW_T:
		tokens_return(m, port, cq, 1, meta);
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_NEW:
		enqueue(m, port, data, meta);
		break;
	case DLB_CMD_BAT_T:
		tokens_return(m, port, cq, tokens_counted(meta), meta);
		break;
	case DLB_CMD_ARM:
		dlb_irq_arm(m, (uint32_t)(port - m->port));
		break;
	case DLB_CMD_NOOP:
		break;
	default:
		dlb_alarm_ingress(m, port, DLB_ALARM_COMMAND, meta);
		break;
	}
}

#endif /* SLIPWAY_DLB_INGRESS_H */
