/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_cq.h"

/* Ingress: what producer ports sent, command by command, as datasheet section 7.1 and appendix C
 * order it. A command that fails a check is dropped; its token and completion parts still count.
 */

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

static inline void
pool_fill(struct dlb_model *m, uint16_t index, uint64_t data, uint64_t meta)
{
	m->qe[index].data = data;
	m->qe[index].meta = meta & m->carried;
}

/* Store a QE that may be enqueued: its pool entry, or DLB_NIL when the pool is empty. */
static inline uint16_t
store(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	uint16_t index = m->free;

	if (unlikely(index == DLB_NIL)) {
		dlb_alarm_enqueue(m, port, meta);
		return DLB_NIL;
	}
	*credits_for(m, port, (uint32_t)REG_GET(DLB_QE_SCHED, meta)) -= 1;
	m->free = m->next[index];
	pool_fill(m, index, data, meta);
	return index;
}

/* A queue with nothing waiting and a single CQ, which has room and no other work: storing the QE
 * would only have the scheduler fetch it again. It takes a credit and gives it back at once.
 */
static inline bool
pass_through(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, meta);
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_cq *cq = q->only_cq;
	const struct dlb_thresholds *depth = &q->other_depth;
	dlb_hist entry = dlb_hist_entry(meta);
	struct dlb_pen pen;

	if (!m->stepping || cq == NULL || (cq->queues & m->work) || !dlb_cq_has_room(cq) ||
	    q->inflight >= q->inflight_limit || cq->vas != port->vas)
		return false;
	if (sched == DLB_ATOMIC) {
		q->atomic_enqueued++;
		depth = &q->atomic_depth;
	} else {
		if (sched == DLB_ORDERED) {
			if (!dlb_order_has_room(q))
				return false;
			entry |= REG_PUT(DLB_HIST_SN, q->sn_next++);
		}
		q->other_enqueued++;
		q->other_max += q->other_max == 0;
	}
	pen = dlb_pen_up(cq);
	dlb_hist_push(&pen, entry);
	dlb_model_cq_push(m, &pen, data, (meta & m->carried) | dlb_depth_code(depth, 1));
	dlb_pen_down(&pen, 1);
	q->inflight++;
	cq->inflight++;
	m->ldb_scheduled++;
	return true;
}

static inline void
enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta)
{
	uint16_t index;

	if (unlikely(!is_enqueued(m, port, meta)))
		return;
	if (REG_GET(DLB_QE_SCHED, meta) != DLB_DIRECTED && pass_through(m, port, data, meta))
		return;
	index = store(m, port, data, meta);
	if (likely(index != DLB_NIL))
		dlb_queue_append(m, index);
}

/* The QE joins those of its sequence number. */
static void
enqueue_ordered(struct dlb_model *m, const struct dlb_port *port, uint64_t data, uint64_t meta,
		dlb_hist done)
{
	uint16_t index = is_enqueued(m, port, meta) ? store(m, port, data, meta) : DLB_NIL;

	dlb_order_resolve(m, (uint32_t)REG_GET(DLB_HIST_QID, done),
			  (uint16_t)REG_GET(DLB_HIST_SN, done), index);
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
	dlb_hist oldest = cq->hist[cq->hist_pop];
	uint16_t index;

	if (cq->inflight == 0 || REG_GET(DLB_HIST_SCHED, oldest) != DLB_ORDERED) {
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, meta);
		return;
	}
	if (!is_enqueued(m, port, meta))
		return;
	index = store(m, port, data, meta);
	if (index != DLB_NIL)
		dlb_order_fragment(m, (uint32_t)REG_GET(DLB_HIST_QID, oldest),
				   (uint16_t)REG_GET(DLB_HIST_SN, oldest), index);
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

/* History entries whose completion is more than counting. */
#define HIST_SPECIAL (REG_MASK(DLB_HIST_TRACKED) | REG_PUT(DLB_HIST_SCHED, DLB_ORDERED))

/* What entries that are counted together have in common. */
#define HIST_KIND (HIST_SPECIAL | REG_MASK(DLB_HIST_SCHED) | REG_MASK(DLB_HIST_QID))

/* n completions in a row: entries of one queue that need only counting are counted together. */
static void
complete_run(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq, uint32_t n)
{
	for (; n > cq->inflight; n--)
		dlb_alarm_chp(m, port, DLB_ALARM_ENQUEUE, COMP_META);
	while (n != 0) {
		dlb_hist first = cq->hist[cq->hist_pop];
		uint32_t pos = cq->hist_pop, k = 0;

		if (first & HIST_SPECIAL) {
			dlb_hist_complete(m, cq);
			n--;
			continue;
		}
		do {
			k++;
			if (++pos == cq->hist_size) {
				pos = 0;
				cq->pop_pass = !cq->pop_pass;
			}
		} while (k < n && !((cq->hist[pos] ^ first) & HIST_KIND));
		cq->hist_pop = pos;
		cq->inflight -= k;
		m->ldb[REG_GET(DLB_HIST_QID, first)].inflight -= k;
		n -= k;
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

/* ---- Lines ---- */

/* What four enqueues to one place have in common: command, queue, type and priority. */
#define PLACE                                                                                      \
	(REG_MASK(DLB_HCW_CMD) | REG_MASK(DLB_QE_QID) | REG_MASK(DLB_QE_SCHED) |                   \
	 REG_MASK(DLB_QE_PRIO))

/* Four QEs to one load-balanced queue that has a backlog: checked, stored and linked as one. False
 * when that cannot be done, and nothing was.
 */
static inline bool
enqueue_four(struct dlb_model *m, const struct dlb_port *port, const uint64_t word[8])
{
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, word[1]);
	struct dlb_ldb_queue *q = &m->ldb[REG_GET(DLB_QE_QID, word[1]) % DLB_LDB_QUEUES];
	struct dlb_bins *bins = sched == DLB_ATOMIC ? &q->atomic : &q->other;
	uint32_t bin = dlb_meta_bin(word[1]);
	/* Free entries are linked already, and NIL is linked to itself. */
	uint16_t a = m->free, b = m->next[a], c = m->next[b], d = m->next[c];

	if (sched == DLB_DIRECTED || !may_enqueue(m, port, word[1]) || d == DLB_NIL ||
	    m->credits[0][port->vas] < DLB_LINE_HCWS || !(bins->bins >> bin & 1))
		return false;
	m->credits[0][port->vas] -= DLB_LINE_HCWS;
	pool_fill(m, a, word[0], word[1]);
	pool_fill(m, b, word[2], word[3]);
	pool_fill(m, c, word[4], word[5]);
	pool_fill(m, d, word[6], word[7]);
	m->free = m->next[d];
	m->next[d] = DLB_NIL;
	m->next[bins->fifo[bin].tail] = a;
	bins->fifo[bin].tail = d;
	dlb_ldb_count(q, sched, DLB_LINE_HCWS);
	return true;
}

/* Four commands that are one in all but payload, the usual line of a burst; false when they are
 * not, and nothing was done.
 */
static inline bool
admit_uniform(struct dlb_model *m, const struct dlb_port *port, const uint64_t word[8])
{
	if (((word[1] ^ word[3]) | (word[1] ^ word[5]) | (word[1] ^ word[7])) & PLACE)
		return false;
	return REG_GET(DLB_HCW_CMD, word[1]) == DLB_CMD_NEW && enqueue_four(m, port, word);
}

static inline bool
is_completions(const uint64_t word[8])
{
	return word[1] == COMP_META && word[3] == COMP_META && word[5] == COMP_META &&
	       word[7] == COMP_META;
}

static void
admit_load_balanced_lines(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
			  uint32_t n)
{
	uint32_t completions = 0;
	uint64_t word[8];

	for (uint32_t i = 0; i < n; i++) {
		line_ring_copy(line_ring_line(&port->drainer, i), word);
		if (is_completions(word)) {
			completions += DLB_LINE_HCWS;
			continue;
		}
		if (completions != 0)
			complete_run(m, port, cq, completions);
		completions = 0;
		if (admit_uniform(m, port, word))
			continue;
		/* Spelled out, so that the words stay in registers. */
		admit_load_balanced(m, port, cq, word[0], word[1]);
		admit_load_balanced(m, port, cq, word[2], word[3]);
		admit_load_balanced(m, port, cq, word[4], word[5]);
		admit_load_balanced(m, port, cq, word[6], word[7]);
	}
	if (completions != 0)
		complete_run(m, port, cq, completions);
}

static void
admit_directed_lines(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
		     uint32_t n)
{
	uint64_t word[8];

	for (uint32_t i = 0; i < n; i++) {
		line_ring_copy(line_ring_line(&port->drainer, i), word);
		for (unsigned int k = 0; k < LINE_RING_WORDS; k += 2)
			admit_directed(m, port, cq, word[k], word[k + 1]);
	}
}

void
dlb_model_admit(struct dlb_model *m, struct dlb_port *port)
{
	uint32_t id = (uint32_t)(port - m->port);
	uint32_t n = line_ring_ready(&port->drainer);

	if (n == 0)
		return;
	if (port->valid && port->directed) {
		admit_directed_lines(m, port, &m->cq[id], n);
	} else if (port->valid) {
		admit_load_balanced_lines(m, port, &m->cq[id], n);
		m->ready |= UINT64_C(1) << id;
	} else {
		dlb_alarm_lines(m, port, n);
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
dlb_model_admit_posted(struct dlb_model *m)
{
	if (likely(!dlb_alarm_wants_lines(m))) {
		dlb_model_admit_valid(m);
		return;
	}
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
