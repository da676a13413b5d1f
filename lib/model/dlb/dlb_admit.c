/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Ingress: what producer ports sent, line by line. Lines of commands that are alike are taken in as
 * one; the rest command by command (dlb_ingress.h).
 */

#include "dlb_ingress.h"

/* What four enqueues to one place have in common: command, queue, type and priority. */
#define PLACE                                                                                      \
	(REG_MASK(DLB_HCW_CMD) | REG_MASK(DLB_QE_QID) | REG_MASK(DLB_QE_SCHED) |                   \
	 REG_MASK(DLB_QE_PRIO))

/* A command: bytes 0-7, then bytes 8-15. */
typedef line_ring_quarter hcw;

/* Four commands that are one in all but payload, the usual line of a burst? */
static inline bool
is_uniform(const hcw line[DLB_LINE_HCWS])
{
	hcw differ = (line[0] ^ line[1]) | (line[0] ^ line[2]) | (line[0] ^ line[3]);

	return !(differ[1] & PLACE);
}

/* Put a line of QEs at the end of a lane. `carried` are the bits that a QE keeps. */
static inline void
append_line(struct dlb_model *m, struct dlb_lane *l, const hcw line[DLB_LINE_HCWS], hcw carried)
{
	const hcw four[] = {line[0] & carried, line[1] & carried, line[2] & carried,
			    line[3] & carried};
	struct dlb_qe *qe = &m->chunks.qe[l->tail];

	if (unlikely(dlb_lane_room(l) < DLB_LINE_HCWS)) {
		dlb_lane_append(&m->chunks, l, four[0][0], four[0][1]);
		dlb_lane_append(&m->chunks, l, four[1][0], four[1][1]);
		dlb_lane_append(&m->chunks, l, four[2][0], four[2][1]);
		dlb_lane_append(&m->chunks, l, four[3][0], four[3][1]);
		return;
	}
	memcpy(&qe[0], &four[0], sizeof(hcw));
	memcpy(&qe[1], &four[1], sizeof(hcw));
	memcpy(&qe[2], &four[2], sizeof(hcw));
	memcpy(&qe[3], &four[3], sizeof(hcw));
	dlb_lane_grow(&m->chunks, l, DLB_LINE_HCWS);
}

/* How many QEs like this one can be stored in a load-balanced queue? */
static inline uint32_t
storable(struct dlb_model *m, const struct dlb_port *port, uint64_t meta)
{
	int32_t credits = m->credits[0][port->vas];

	if (REG_GET(DLB_QE_SCHED, meta) == DLB_DIRECTED || !may_enqueue(m, port, meta))
		return 0;
	return dlb_min((uint32_t)credits, m->room);
}

/* Lines that another core wrote come one by one unless they are asked for early. */
#define LINES_AHEAD 6

static inline void
ask_ahead(const struct line_drainer *from, uint32_t i, uint32_t n)
{
	if (i + LINES_AHEAD < n)
		__builtin_prefetch((const void *)line_ring_line(from, i + LINES_AHEAD));
}

/* Lines of one kind, four QEs each or a single one: the i-th of those that wait in the port's ring, n
 * lines at most, as long as they are like the first, which is here. All of it a copy, for registers.
 */
struct lines {
	const struct dlb_port *port;
	struct line_drainer from;
	uint32_t i, n;
	hcw line[DLB_LINE_HCWS];
};

/* Is the next line one of them? It is here now, of a single QE only that. */
static inline __attribute__((always_inline)) bool
next_alike(struct lines *l, uint64_t place, uint32_t each)
{
	const _Atomic uint64_t *line;

	if (--l->n == 0)
		return false;
	ask_ahead(&l->from, l->i, l->i + l->n);
	line = line_ring_line(&l->from, ++l->i);
	if (each == DLB_LINE_HCWS) {
		line_ring_copy(line, l->line);
		return !((l->line[0][1] ^ place) & PLACE) && is_uniform(l->line);
	}
	l->line[0] = line_ring_quarter_at(line, 0);
	return !((l->line[0][1] ^ place) & PLACE) &&
	       !((line_ring_word(line, 3) | line_ring_word(line, 5) | line_ring_word(line, 7)) &
		 REG_MASK(DLB_HCW_CMD));
}

/* Lines of QEs that pass: how many did, as a whole. */
static inline __attribute__((always_inline)) uint32_t
pass_lines(struct dlb_model *m, struct lines *l, uint32_t room, uint32_t each)
{
	const uint64_t place = l->line[0][1] & PLACE;
	struct passage p = pass_begin(m, place);
	uint32_t k = 0;

	do {
		if (room - k * each < each)
			break;
		pass_one(&p, l->line[0][0], l->line[0][1]);
		if (each == DLB_LINE_HCWS) {
			pass_one(&p, l->line[1][0], l->line[1][1]);
			pass_one(&p, l->line[2][0], l->line[2][1]);
			pass_one(&p, l->line[3][0], l->line[3][1]);
		}
		k++;
	} while (next_alike(l, place, each));
	if (k != 0)
		pass_end(&p, k * each);
	return k;
}

/* Lines of QEs that are stored: checked and counted as one. How many. */
static inline __attribute__((always_inline)) uint32_t
store_lines(struct dlb_model *m, struct lines *l, uint32_t each)
{
	uint64_t place = l->line[0][1] & PLACE;
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, place), k = 0;
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, place), bin = dlb_meta_bin(place);
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_lanes *lanes = sched == DLB_ATOMIC ? &q->atomic : &q->other;
	struct dlb_lane *lane = &lanes->lane[bin];
	const hcw carried = {UINT64_MAX, m->carried};

	dlb_lane_begin(&m->chunks, lane);
	do {
		if (each == DLB_LINE_HCWS)
			append_line(m, lane, l->line, carried);
		else
			dlb_lane_append(&m->chunks, lane, l->line[0][0],
					l->line[0][1] & carried[1]);
		k++;
	} while (next_alike(l, place, each));
	lanes->bins |= (uint8_t)(1u << bin);
	m->work |= UINT32_C(1) << qid;
	count_stored(m, l->port, sched, k * each);
	dlb_ldb_count(q, sched, k * each);
	return k;
}

/* Lines of QEs for one load-balanced queue: how many were taken in, 0 when the first cannot be as a
 * whole.
 */
static inline __attribute__((always_inline)) uint32_t
enqueue_alike(struct dlb_model *m, struct lines *l, uint32_t each)
{
	uint32_t room;

	l->n = dlb_min(l->n, storable(m, l->port, l->line[0][1]) / each);
	if (l->n == 0)
		return 0;
	room = pass_room(m, l->port, l->line[0][1]);
	return room != 0 ? pass_lines(m, l, room, each) : store_lines(m, l, each);
}

static uint32_t
enqueue_lines(struct dlb_model *m, struct lines l)
{
	return enqueue_alike(m, &l, DLB_LINE_HCWS);
}

/* The same of lines with a single QE, the first place of each. */
static uint32_t
enqueue_singles(struct dlb_model *m, struct lines l)
{
	return enqueue_alike(m, &l, 1);
}

/* A line of four forwards to one load-balanced queue: false when it is to be taken one by one, and
 * nothing was done.
 */
static inline bool
forward_line(struct dlb_model *m, struct dlb_cq *cq, struct lines *l)
{
	hcw line[DLB_LINE_HCWS];
	uint32_t k;

	if (cq->inflight < DLB_LINE_HCWS ||
	    storable(m, l->port, l->line[0][1]) < DLB_LINE_HCWS)
		return false;
	memcpy(line, l->line, sizeof(line));
	k = retire_run(m, cq, DLB_LINE_HCWS);
	l->n = 1;
	if (k == DLB_LINE_HCWS && likely(enqueue_lines(m, *l) == 1))
		return true;
	for (uint32_t i = 0; i < DLB_LINE_HCWS; i++) {
		if (i < k)
			enqueue(m, l->port, line[i][0], line[i][1]);
		else
			forward(m, l->port, cq, line[i][0], line[i][1]);
	}
	return true;
}

/* Completions at the front of a line. */
static inline uint32_t
completions_of(const hcw line[DLB_LINE_HCWS])
{
	if (line[0][1] != COMP_META)
		return 0;
	if (line[1][1] != COMP_META)
		return 1;
	if (line[2][1] != COMP_META)
		return 2;
	return line[3][1] != COMP_META ? 3 : 4;
}

/* Commands of a line's places after the first, second and third one. */
#define HCW_CMDS(line, places)                                                                     \
	((((places) < 1 ? (line)[1][1] : 0) | ((places) < 2 ? (line)[2][1] : 0) |                  \
	  ((places) < 3 ? (line)[3][1] : 0)) & REG_MASK(DLB_HCW_CMD))

/* A line of completions, with tokens behind them or not: what a dequeue sends. The tokens are given
 * back. They have nothing to do with completions, so these may be counted later, but for the order
 * of alarms.
 *
 * @return completions, 0 for a line of tokens alone, -1 for another line, and nothing was done
 */
static inline int
take_answer(struct dlb_cq *cq, const hcw line[DLB_LINE_HCWS])
{
	uint32_t n = completions_of(line), cmd;
	uint64_t meta;

	if (n == DLB_LINE_HCWS)
		return DLB_LINE_HCWS;
	meta = line[n][1];
	cmd = (uint32_t)REG_GET(DLB_HCW_CMD, meta);
	if (HCW_CMDS(line, n) != 0)
		return -1;
	if (cmd == DLB_CMD_NOOP && n != 0)
		return (int)n;
	if (cmd != DLB_CMD_BAT_T || tokens_counted(meta) > cq->tokens)
		return -1;
	cq->tokens -= tokens_counted(meta);
	return (int)n;
}

/* How many of the waiting lines from the i-th on are four completions each? */
static inline uint32_t
lines_of_completions(const struct line_drainer *from, uint32_t i, uint32_t n)
{
	uint32_t begin = i;

	for (; i < n; i++) {
		const _Atomic uint64_t *line = line_ring_line(from, i);

		ask_ahead(from, i, n);
		if (((line_ring_word(line, 1) ^ COMP_META) | (line_ring_word(line, 3) ^ COMP_META) |
		     (line_ring_word(line, 5) ^ COMP_META) |
		     (line_ring_word(line, 7) ^ COMP_META)) != 0)
			break;
	}
	return i - begin;
}

/* A line of four commands alike, or of one, and those after it that are like it, where that is quicker
 * than one command after the other: how many lines.
 */
static inline uint32_t
admit_alike(struct dlb_model *m, struct dlb_cq *cq, struct lines *l)
{
	uint64_t cmd = REG_GET(DLB_HCW_CMD, l->line[0][1]);

	if (is_uniform(l->line)) {
		if (cmd == DLB_CMD_NEW)
			return enqueue_lines(m, *l);
		return cmd == DLB_CMD_FWD && forward_line(m, cq, l);
	}
	return cmd == DLB_CMD_NEW && HCW_CMDS(l->line, 0) == 0 ? enqueue_singles(m, *l) : 0;
}

static void
admit_load_balanced_lines(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
			  uint32_t n)
{
	struct lines l = {.port = port, .from = port->drainer};
	uint32_t completions = 0, k;
	hcw line[DLB_LINE_HCWS];
	int completed;

	for (uint32_t i = 0; i < n; i += k) {
		k = lines_of_completions(&l.from, i, n);
		completions += k * DLB_LINE_HCWS;
		if (k != 0)
			continue;
		line_ring_copy(line_ring_line(&l.from, i), line);
		k = 1;
		completed = take_answer(cq, line);
		if (completed >= 0) {
			completions += (uint32_t)completed;
			continue;
		}
		if (completions != 0)
			complete_run(m, port, cq, completions);
		completions = 0;
		l.i = i;
		l.n = n - i;
		memcpy(l.line, line, sizeof(line));
		k = admit_alike(m, cq, &l);
		if (k != 0)
			continue;
		k = 1;
		/* Spelled out, so that the commands stay in registers. */
		admit_load_balanced(m, port, cq, line[0][0], line[0][1]);
		if (HCW_CMDS(line, 0) == 0)
			continue;
		admit_load_balanced(m, port, cq, line[1][0], line[1][1]);
		admit_load_balanced(m, port, cq, line[2][0], line[2][1]);
		admit_load_balanced(m, port, cq, line[3][0], line[3][1]);
	}
	if (completions != 0)
		complete_run(m, port, cq, completions);
}

static void
admit_directed_lines(struct dlb_model *m, const struct dlb_port *port, struct dlb_cq *cq,
		     uint32_t n)
{
	hcw line[DLB_LINE_HCWS];

	for (uint32_t i = 0; i < n; i++) {
		line_ring_copy(line_ring_line(&port->drainer, i), line);
		for (unsigned int k = 0; k < DLB_LINE_HCWS; k++)
			admit_directed(m, port, cq, line[k][0], line[k][1]);
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
