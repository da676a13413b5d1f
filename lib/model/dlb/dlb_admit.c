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

/* ---- Lines ---- */

/* What four enqueues to one place have in common: command, queue, type and priority. */
#define PLACE                                                                                      \
	(REG_MASK(DLB_HCW_CMD) | REG_MASK(DLB_QE_QID) | REG_MASK(DLB_QE_SCHED) |                   \
	 REG_MASK(DLB_QE_PRIO))

/* Four commands that are one in all but payload, the usual line of a burst? */
static inline bool
is_uniform(const uint64_t word[8])
{
	return !(((word[1] ^ word[3]) | (word[1] ^ word[5]) | (word[1] ^ word[7])) & PLACE);
}

/* Put a line of QEs at the end of a lane. */
static inline void
append_line(struct dlb_model *m, struct dlb_lane *l, const uint64_t word[8])
{
	const uint64_t carried = m->carried;
	struct dlb_qe *qe = &m->chunks.qe[l->tail];

	if (unlikely(dlb_lane_room(l) < DLB_LINE_HCWS)) {
		for (uint32_t i = 0; i < LINE_RING_WORDS; i += 2)
			dlb_lane_append(&m->chunks, l, word[i], word[i + 1] & carried);
		return;
	}
	qe[0] = (struct dlb_qe){.data = word[0], .meta = word[1] & carried};
	qe[1] = (struct dlb_qe){.data = word[2], .meta = word[3] & carried};
	qe[2] = (struct dlb_qe){.data = word[4], .meta = word[5] & carried};
	qe[3] = (struct dlb_qe){.data = word[6], .meta = word[7] & carried};
	dlb_lane_grow(&m->chunks, l, DLB_LINE_HCWS);
}

/* How many lines of QEs like this one can be stored in a load-balanced queue? */
static inline uint32_t
lines_storable(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	int32_t credits = m->credits[0][port->vas];

	if (REG_GET(DLB_QE_SCHED, meta) == DLB_DIRECTED || !may_enqueue(m, port, meta))
		return 0;
	return dlb_min((uint32_t)credits, m->room) / DLB_LINE_HCWS;
}

/* Lines that another core wrote come one by one unless they are asked for early. */
#define LINES_AHEAD 6

static inline void
ask_ahead(const struct dlb_port *port, uint32_t i, uint32_t n)
{
	if (i + LINES_AHEAD < n)
		__builtin_prefetch((const void *)line_ring_line(&port->drainer, i + LINES_AHEAD));
}

/* Lines of one kind: the i-th of those that wait in the port's ring, n lines at most, as long as
 * they are like the first, whose words are here.
 */
struct lines {
	const struct dlb_port *port;
	uint32_t i, n;
	uint64_t word[LINE_RING_WORDS];
};

/* Is the next line one of them? Its words are here now. */
static inline bool
next_alike(struct lines *l, uint64_t place)
{
	if (--l->n == 0)
		return false;
	ask_ahead(l->port, l->i, l->i + l->n);
	line_ring_copy(line_ring_line(&l->port->drainer, ++l->i), l->word);
	return !((l->word[1] ^ place) & PLACE) && is_uniform(l->word);
}

/* Lines of QEs that pass: how many did, as a whole. */
static uint32_t
pass_lines(struct dlb_model *m, struct lines *l, uint32_t room)
{
	const uint64_t place = l->word[1] & PLACE, *word = l->word;
	struct passage p = pass_begin(m, place);
	uint32_t k = 0;

	do {
		if (room - k * DLB_LINE_HCWS < DLB_LINE_HCWS)
			break;
		pass_one(&p, word[0], word[1]);
		pass_one(&p, word[2], word[3]);
		pass_one(&p, word[4], word[5]);
		pass_one(&p, word[6], word[7]);
		k++;
	} while (next_alike(l, place));
	if (k != 0)
		pass_end(&p, k * DLB_LINE_HCWS);
	return k;
}

/* Lines of QEs that are stored: checked and counted as one. How many. */
static uint32_t
store_lines(struct dlb_model *m, struct lines *l)
{
	uint64_t place = l->word[1] & PLACE;
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, place), k = 0;
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, place), bin = dlb_meta_bin(place);
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_lanes *lanes = sched == DLB_ATOMIC ? &q->atomic : &q->other;

	dlb_lane_begin(&m->chunks, &lanes->lane[bin]);
	do {
		append_line(m, &lanes->lane[bin], l->word);
		k++;
	} while (next_alike(l, place));
	lanes->bins |= (uint8_t)(1u << bin);
	m->work |= UINT32_C(1) << qid;
	count_stored(m, l->port, sched, k * DLB_LINE_HCWS);
	dlb_ldb_count(q, sched, k * DLB_LINE_HCWS);
	return k;
}

/* Lines of QEs for one load-balanced queue: how many were taken in, 0 when the first cannot be as a
 * whole.
 */
static inline uint32_t
enqueue_lines(struct dlb_model *m, struct lines *l)
{
	uint32_t room;

	l->n = dlb_min(l->n, lines_storable(m, l->port, l->word[1]));
	if (l->n == 0)
		return 0;
	room = pass_room(m, l->port, l->word[1]);
	return room != 0 ? pass_lines(m, l, room) : store_lines(m, l);
}

/* A line of four forwards to one load-balanced queue: false when it is to be taken one by one, and
 * nothing was done.
 */
static inline bool
forward_line(struct dlb_model *m, struct dlb_cq *cq, struct lines *l)
{
	uint64_t word[LINE_RING_WORDS];
	uint32_t k;

	if (cq->inflight < DLB_LINE_HCWS || lines_storable(m, l->port, l->word[1]) == 0)
		return false;
	memcpy(word, l->word, sizeof(word));
	k = retire_run(m, cq, DLB_LINE_HCWS);
	l->n = 1;
	if (k == DLB_LINE_HCWS && likely(enqueue_lines(m, l) == 1))
		return true;
	for (uint32_t i = 0; i < DLB_LINE_HCWS; i++) {
		if (i < k)
			enqueue(m, l->port, word[2 * i], word[2 * i + 1]);
		else
			forward(m, l->port, cq, word[2 * i], word[2 * i + 1]);
	}
	return true;
}

/* A line of four commands alike, and those after it that are like it, where that is quicker than
 * one command after the other: how many lines.
 */
static inline uint32_t
admit_uniform(struct dlb_model *m, struct dlb_cq *cq, struct lines *l)
{
	uint64_t cmd = REG_GET(DLB_HCW_CMD, l->word[1]);

	if (cmd == DLB_CMD_NEW)
		return enqueue_lines(m, l);
	return cmd == DLB_CMD_FWD && forward_line(m, cq, l);
}

/* Completions at the front of a line. */
static inline uint32_t
completions_of(const uint64_t word[8])
{
	if (word[1] != COMP_META)
		return 0;
	if (word[3] != COMP_META)
		return 1;
	if (word[5] != COMP_META)
		return 2;
	return word[7] != COMP_META ? 3 : 4;
}

/* Commands of a line's places after the first, second and third one. */
#define HCW_CMDS(word, places)                                                                     \
	((((places) < 1 ? (word)[3] : 0) | ((places) < 2 ? (word)[5] : 0) |                        \
	  ((places) < 3 ? (word)[7] : 0)) & REG_MASK(DLB_HCW_CMD))

/* A line of completions, with tokens behind them or not: what a dequeue sends. The tokens are given
 * back. They have nothing to do with completions, so these may be counted later, but for the order
 * of alarms.
 *
 * @return completions, 0 for a line of tokens alone, -1 for another line, and nothing was done
 */
static inline int
take_answer(struct dlb_cq *cq, const uint64_t word[8])
{
	uint32_t n = completions_of(word), cmd;
	uint64_t meta;

	if (n == DLB_LINE_HCWS)
		return DLB_LINE_HCWS;
	meta = word[2 * n + 1];
	cmd = (uint32_t)REG_GET(DLB_HCW_CMD, meta);
	if (HCW_CMDS(word, n) != 0)
		return -1;
	if (cmd == DLB_CMD_NOOP && n != 0)
		return (int)n;
	if (cmd != DLB_CMD_BAT_T || tokens_counted(meta) > cq->tokens)
		return -1;
	cq->tokens -= tokens_counted(meta);
	return (int)n;
}

static void
admit_load_balanced_lines(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
			  uint32_t n)
{
	struct lines l = {.port = port};
	uint32_t completions = 0, k;
	uint64_t word[LINE_RING_WORDS];
	int completed;

	for (uint32_t i = 0; i < n; i += k) {
		ask_ahead(port, i, n);
		line_ring_copy(line_ring_line(&port->drainer, i), word);
		k = 1;
		completed = take_answer(cq, word);
		if (completed >= 0) {
			completions += (uint32_t)completed;
			continue;
		}
		if (completions != 0)
			complete_run(m, port, cq, completions);
		completions = 0;
		if (is_uniform(word)) {
			l.i = i;
			l.n = n - i;
			memcpy(l.word, word, sizeof(word));
			k = admit_uniform(m, cq, &l);
			if (k != 0)
				continue;
			k = 1;
		}
		/* Spelled out, so that the words stay in registers. */
		admit_load_balanced(m, port, cq, word[0], word[1]);
		if (HCW_CMDS(word, 0) == 0)
			continue;
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
