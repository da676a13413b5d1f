/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"
#include "dlb_cq.h"

/* The scheduler: QEs from queues into consumer queues. Choices nest as datasheet section 7.6 orders
 * them: CQ, then queue slot of the CQ by slot priority, then atomic or not, then QE priority.
 *
 * It works in rounds until one moves nothing. In a round each CQ with room is served once, and
 * takes from a queue at most the queue's share: what waited at the start of the round, spread over
 * the CQs that could take it. So work that fits is spread evenly, and a CQ's batch stays in cache.
 */

/* What goes from one queue to one CQ in one go. */
struct batch {
	struct dlb_model *m;
	struct dlb_ldb_queue *q;
	struct dlb_pen pen;
	uint8_t qid, cq_id;
};

static uint32_t
cq_room(const struct dlb_cq *cq)
{
	if (!dlb_cq_has_room(cq))
		return 0;
	return dlb_min(cq->token_limit - cq->tokens, cq->inflight_limit - cq->inflight);
}

static inline uint32_t
bin_strongest(uint32_t bins)
{
	return (uint32_t)__builtin_ctz(bins);
}

/* The first `n` QEs of a lane's head, in one piece, to the CQ, and nothing that changes on the way:
 * all have the depth code `code`, and neither ring nor history wraps.
 *
 * @param ordered there may be ordered QEs, which get numbers; there are enough
 */
static inline void
copy_piece(struct batch *b, const struct dlb_lane *lane, uint32_t n, uint64_t code, bool ordered)
{
	struct dlb_model *m = b->m;
	/* A copy, which no store can be to. */
	const struct dlb_pen pen = b->pen;
	const struct dlb_qe *qe = &m->chunks.qe[lane->head];
	dlb_hist *hist = &pen.cq->hist[pen.hist_push];
	uint16_t sn = b->q->sn_next;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t meta = qe[i].meta;
		bool numbered = ordered && REG_GET(DLB_QE_SCHED, meta) == DLB_ORDERED;

		hist[i] = dlb_hist_entry(meta) | (numbered ? REG_PUT(DLB_HIST_SN, sn) : 0);
		sn = (uint16_t)(sn + numbered);
		dlb_pen_write(m, &pen, i, qe[i].data, meta | code);
	}
	if (ordered)
		b->q->sn_next = sn;
	dlb_pen_move(&b->pen, n);
}

/* Take up to `budget` QEs off a bin's lane, `depth` of their type waiting: how many could go.
 *
 * @param ordered the queue may hold ordered QEs, which need a number inside the window
 */
static inline uint32_t
run(struct batch *b, struct dlb_lanes *lanes, uint32_t bin, uint32_t budget,
    const struct dlb_thresholds *thresholds, uint32_t depth, bool ordered)
{
	struct dlb_lane *lane = &lanes->lane[bin];
	uint32_t n = 0, piece, window;

	while (n < budget && (lanes->bins >> bin & 1)) {
		piece = dlb_min(dlb_lane_piece(lane), budget - n);
		piece = dlb_min(piece, dlb_pen_room(&b->pen));
		piece = dlb_min(piece, dlb_depth_run(thresholds, depth - n));
		if (ordered) {
			window = dlb_order_room(b->q);
			if (unlikely(window == 0)) {
				/* Unordered ones need no number. */
				if (REG_GET(DLB_QE_SCHED, b->m->chunks.qe[lane->head].meta) ==
				    DLB_ORDERED)
					break;
				window = 1;
			}
			piece = dlb_min(piece, window);
		}
		copy_piece(b, lane, piece, dlb_depth_code(thresholds, depth - n), ordered);
		dlb_lanes_shrink(b->m, lanes, bin, piece);
		n += piece;
	}
	return n;
}

/* Runs off the bins, strongest first; the budget is at least 1. */
static inline uint32_t
serve_bins(struct batch *b, struct dlb_lanes *lanes, uint32_t *waiting, uint32_t budget,
	   const struct dlb_thresholds *thresholds, bool ordered)
{
	uint32_t from = dlb_turn_next(&lanes->turn), n = 0, taken;

	if (unlikely(from != 0) && lanes->bins != 0)
		n = run(b, lanes, dlb_turn_first(lanes->bins, from), 1, thresholds, *waiting,
			ordered);
	while (n < budget && lanes->bins != 0) {
		taken = run(b, lanes, bin_strongest(lanes->bins), budget - n, thresholds,
			    *waiting - n, ordered);
		if (taken == 0)
			break;
		n += taken;
	}
	*waiting -= n;
	return n;
}

static uint32_t
serve_other(struct batch *b, uint32_t budget)
{
	return serve_bins(b, &b->q->other, &b->q->other_count, budget, &b->q->other_depth, true);
}

/* ---- Atomic ----
 *
 *                        flow free or here          flow at a CQ with no room
 *   waiting (atomic) ----------------------> CQ    ------------------> held[q][that CQ]
 *                                            ^                            |
 *                                            +---- that CQ has room ------+
 *
 * `held` is the atomic stage: at most stage_limit QEs, and when it is full of QEs that cannot go,
 * the queue waits behind them. A flow whose QEs all completed while others are held is loose: it
 * moves to any CQ with room.
 */

static inline struct dlb_flow *
flow_of(const struct batch *b, uint64_t meta)
{
	return &b->m->flow[b->qid][dlb_flow_number(b->q, meta)];
}

static inline void
flow_claim(const struct batch *b, struct dlb_flow *flow)
{
	flow->cq = b->cq_id;
	flow->inflight = 1;
	b->q->flows++;
}

/* From the waiting QEs into the list of the CQ its flow belongs to. */
static void
hold(const struct batch *b, uint32_t bin, struct dlb_flow *flow)
{
	uint16_t index = dlb_pool_take(b->m, dlb_lanes_first(b->m, &b->q->atomic, bin));

	dlb_lanes_shrink(b->m, &b->q->atomic, bin, 1);
	dlb_bins_append(b->m, &b->m->held[b->qid][flow->cq], bin, index);
	flow->waiting++;
	b->q->atomic_count--;
	b->q->held++;
	b->q->held_cqs |= UINT64_C(1) << flow->cq;
	b->m->holds++;
}

/* Move every QE of flow `number` between two CQs' held lists; a flow's order is kept. */
static void
flow_move(const struct batch *b, uint32_t from, uint32_t number)
{
	struct dlb_bins *src = &b->m->held[b->qid][from];
	struct dlb_bins *dst = &b->m->held[b->qid][b->cq_id];
	struct dlb_bins keep = {.turn = src->turn, .wheel = src->wheel};

	for (uint32_t bin = 0; bin < DLB_PRIO_BINS; bin++) {
		while (src->bins >> bin & 1) {
			uint16_t index = dlb_bins_pop(b->m, src, bin);
			bool moves = dlb_flow_number(b->q, b->m->qe[index].meta) == number;

			dlb_bins_append(b->m, moves ? dst : &keep, bin, index);
		}
	}
	*src = keep;
	if (src->bins == 0)
		b->q->held_cqs &= ~(UINT64_C(1) << from);
	b->q->held_cqs |= UINT64_C(1) << b->cq_id;
	b->m->flow[b->qid][number].cq = b->cq_id;
}

/* A loose flow in one held list: its number, or -1. */
static int32_t
loose_find(const struct batch *b, uint32_t cq_id)
{
	const struct dlb_bins *held = &b->m->held[b->qid][cq_id];

	for (uint32_t bin = 0; bin < DLB_PRIO_BINS; bin++) {
		uint16_t index = held->bins >> bin & 1 ? held->fifo[bin].head : DLB_NIL;

		for (; index != DLB_NIL; index = b->m->next[index])
			if (flow_of(b, b->m->qe[index].meta)->inflight == 0)
				return (int32_t)dlb_flow_number(b->q, b->m->qe[index].meta);
	}
	return -1;
}

/* Bring a loose flow over from a CQ that cannot take it; false when there is none. */
static bool
loose_fetch(const struct batch *b)
{
	uint64_t cqs = b->q->held_cqs & ~(UINT64_C(1) << b->cq_id);

	for (; cqs != 0; cqs &= cqs - 1) {
		uint32_t from = (uint32_t)__builtin_ctzll(cqs);
		int32_t number;

		if ((b->q->cqs >> from & 1) && dlb_cq_has_room(&b->m->cq[from]))
			continue;
		number = loose_find(b, from);
		if (number < 0)
			continue;
		flow_move(b, from, (uint32_t)number);
		return true;
	}
	return false;
}

static inline void
deliver_tracked(struct batch *b, struct dlb_qe qe, uint32_t depth)
{
	dlb_hist_push(&b->pen, dlb_hist_entry(qe.meta) | REG_PUT(DLB_HIST_TRACKED, 1));
	dlb_model_cq_push(b->m, &b->pen, qe.data,
			  qe.meta | dlb_depth_code(&b->q->atomic_depth, depth));
}

/* The oldest QE of a bin that was held for this CQ. */
static inline void
deliver_held(struct batch *b, uint32_t bin)
{
	struct dlb_ldb_queue *q = b->q;
	struct dlb_bins *held = &b->m->held[b->qid][b->cq_id];
	uint16_t index = dlb_bins_pop(b->m, held, bin);
	struct dlb_flow *flow = flow_of(b, b->m->qe[index].meta);

	flow->waiting--;
	if (flow->inflight++ == 0)
		q->loose--;
	if (held->bins == 0)
		q->held_cqs &= ~(UINT64_C(1) << b->cq_id);
	deliver_tracked(b, dlb_pool_give(b->m, index), q->atomic_count + q->held);
	q->held--;
}

/* One CQ only: whatever comes next goes there, and exclusivity needs no book-keeping. */
static uint32_t
serve_atomic_single(struct batch *b, uint32_t budget)
{
	return serve_bins(b, &b->q->atomic, &b->q->atomic_count, budget, &b->q->atomic_depth,
			  false);
}

/* What became of the QE at the head of a bin. */
enum outcome { TAKEN, HELD, STUCK };

static inline enum outcome
take_waiting(struct batch *b, uint32_t bin)
{
	struct dlb_ldb_queue *q = b->q;
	struct dlb_qe qe = dlb_lanes_first(b->m, &q->atomic, bin);
	struct dlb_flow *flow = flow_of(b, qe.meta);

	if (flow->inflight == 0 && flow->waiting == 0) {
		if (unlikely(q->flows >= q->flow_limit))
			return STUCK;
		flow_claim(b, flow);
	} else if (flow->cq == b->cq_id) {
		if (flow->inflight++ == 0)
			q->loose--;
	} else {
		if (q->held >= q->stage_limit)
			return STUCK;
		hold(b, bin, flow);
		return HELD;
	}
	dlb_lanes_shrink(b->m, &q->atomic, bin, 1);
	deliver_tracked(b, qe, q->atomic_count + q->held);
	q->atomic_count--;
	return TAKEN;
}

/* Does a waiting QE come before everything held for this CQ? Of one strength, held ones are older.
 */
static inline bool
waiting_first(const struct dlb_lanes *waiting, const struct dlb_bins *held, uint32_t from)
{
	if (waiting->bins == 0 || held->bins == 0)
		return held->bins == 0 && waiting->bins != 0;
	return dlb_turn_before(dlb_turn_first(waiting->bins, from),
			       dlb_turn_first(held->bins, from), from);
}

static uint32_t
serve_atomic_tracked(struct batch *b, uint32_t budget)
{
	struct dlb_ldb_queue *q = b->q;
	struct dlb_bins *held = &b->m->held[b->qid][b->cq_id];
	uint32_t from = dlb_turn_next(&held->turn), n = 0;
	enum outcome outcome;

	/* On the turn of the weak one try is theirs, the others are as ever. */
	for (; n < budget; from = 0) {
		if (waiting_first(&q->atomic, held, from)) {
			outcome = take_waiting(b, dlb_turn_first(q->atomic.bins, from));
			n += outcome == TAKEN;
			if (outcome != STUCK || from != 0)
				continue;
		}
		/* What is held for this CQ, or can be brought over, may go even so. */
		if (held->bins == 0 && (q->loose == 0 || !loose_fetch(b)))
			break;
		deliver_held(b, dlb_turn_first(held->bins, from));
		n++;
	}
	return n;
}

static uint32_t
serve_atomic(struct batch *b, uint32_t budget)
{
	return b->q->tracked ? serve_atomic_tracked(b, budget) : serve_atomic_single(b, budget);
}

/* ---- One CQ ---- */

/* Whose turn it is, atomic QEs' or others': up to `budget` of them. A kind that has no more to give
 * loses the rest of its turn.
 */
static uint32_t
serve_type(struct batch *b, uint32_t budget)
{
	struct dlb_ldb_queue *q = b->q;
	bool other = q->type_turn >= DLB_TYPE_TURN;
	uint32_t n;

	budget = dlb_min(budget, DLB_TYPE_TURN - q->type_turn % DLB_TYPE_TURN);
	n = other ? serve_other(b, budget) : serve_atomic(b, budget);
	if (n == budget)
		q->type_turn = (uint8_t)((q->type_turn + n) % (2 * DLB_TYPE_TURN));
	else
		q->type_turn = other ? 0 : DLB_TYPE_TURN;
	return n;
}

static uint32_t
serve_types(struct batch *b, uint32_t budget)
{
	struct dlb_ldb_queue *q = b->q;
	uint32_t n = 0, idle = 0, taken;

	if (q->other_count == 0)
		return serve_atomic(b, budget);
	if (q->atomic_count + q->held == 0)
		return serve_other(b, budget);
	while (n < budget && idle < 2) {
		taken = serve_type(b, budget - n);
		n += taken;
		idle = taken == 0 ? idle + 1 : 0;
	}
	return n;
}

uint32_t
dlb_sched_queue(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid, uint32_t room)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct batch b = {
		.m = m,
		.q = q,
		.pen = dlb_pen_up(cq),
		.qid = qid,
		.cq_id = (uint8_t)(cq - m->cq),
	};
	uint32_t n, budget;

	if (q->inflight >= q->inflight_limit)
		return 0;
	budget = dlb_min(dlb_min(room, q->share), q->inflight_limit - q->inflight);
	n = serve_types(&b, budget);
	dlb_pen_down(&b.pen, n);
	q->inflight += n;
	cq->inflight += n;
	dlb_credits_return(m, false, cq->vas, n);
	m->room += n;
	m->ldb_scheduled += n;
	if (q->atomic_count + q->held + q->other_count == 0)
		m->work &= ~(UINT32_C(1) << qid);
	return n;
}

/* Up to `room` QEs, which the CQ has room for, from its slots of one strength: from the first on,
 * whose number among them is `first`. They take turns at being the one to begin with.
 */
static uint32_t
serve_level(struct dlb_model *m, struct dlb_cq *cq, uint32_t first, uint32_t size, uint32_t room)
{
	uint8_t *turn = &cq->level_turn[cq->slot[first].bin];
	uint32_t begin = (*turn)++, n = 0;

	for (uint32_t k = 0; k < size && n < room; k++) {
		uint32_t qid = cq->slot[first + (begin + k) % size].qid;

		if (m->work >> qid & 1)
			n += dlb_sched_queue(m, cq, (uint8_t)qid, room - n);
	}
	return n;
}

/* How many slots are as strong as the one at `first`? */
static uint32_t
level_size(const struct dlb_cq *cq, uint32_t first)
{
	uint32_t size = 1;

	while (first + size < cq->slot_count && cq->slot[first + size].bin == cq->slot[first].bin)
		size++;
	return size;
}

/* One QE in a turn that begins with the slots of level `from`; the CQ has room. */
static uint32_t
serve_weak(struct dlb_model *m, struct dlb_cq *cq, uint32_t from)
{
	uint32_t levels = 0, n = 0;

	for (uint32_t s = 0; s < cq->slot_count; s++)
		if (m->work >> cq->slot[s].qid & 1)
			levels |= 1u << cq->slot[s].bin;
	while (levels != 0 && n == 0) {
		uint32_t level = dlb_turn_first(levels, from), first = 0;

		while (cq->slot[first].bin != level)
			first++;
		n = serve_level(m, cq, first, level_size(cq, first), 1);
		levels &= ~(1u << level);
	}
	return n;
}

/* Serve a CQ's slots, strongest first. */
static uint32_t
serve_cq(struct dlb_model *m, struct dlb_cq *cq)
{
	uint32_t from = dlb_turn_next(&cq->turn), n = 0, room, size;

	if (unlikely(from != 0))
		n = serve_weak(m, cq, from);
	for (uint32_t i = 0; i < cq->slot_count; i += size) {
		size = level_size(cq, i);
		room = cq_room(cq);
		if (room == 0)
			break;
		n += serve_level(m, cq, i, size, room);
	}
	return n;
}

/* ---- Rounds ---- */

/* A queue's share for each of n CQs: rounded up to a power of two of them, at least one. */
static uint32_t
share_of(uint32_t waiting, uint32_t n)
{
	uint32_t share = n <= 1 ? waiting : waiting >> (32 - __builtin_clz(n - 1));

	return share == 0 ? 1 : share;
}

static void
shares_set(struct dlb_model *m)
{
	for (uint32_t work = m->work; work != 0; work &= work - 1) {
		struct dlb_ldb_queue *q = &m->ldb[__builtin_ctz(work)];
		uint32_t takers = (uint32_t)__builtin_popcountll(q->cqs & m->ready);

		q->share = share_of(q->atomic_count + q->held + q->other_count, takers);
	}
}

/* One round, beginning after the CQ that got something last; false when it moved nothing. */
static bool
round_load_balanced(struct dlb_model *m)
{
	uint32_t first = (m->last_cq + 1) % DLB_LDB_PORTS, moved = 0;
	uint64_t rotated = m->ready >> first | (first == 0 ? 0 : m->ready << (64 - first));
	uint64_t holds = m->holds;

	shares_set(m);
	for (; rotated != 0; rotated &= rotated - 1) {
		uint32_t id = (first + (uint32_t)__builtin_ctzll(rotated)) % DLB_LDB_PORTS;
		struct dlb_cq *cq = &m->cq[id];
		uint32_t n;

		if (!dlb_cq_has_room(cq)) {
			m->ready &= ~(UINT64_C(1) << id);
			continue;
		}
		if (!(cq->queues & m->work))
			continue;
		n = serve_cq(m, cq);
		if (n != 0)
			m->last_cq = id;
		moved += n;
	}
	/* What was held for a CQ served before may go there in another round. */
	return moved != 0 || m->holds != holds;
}

uint32_t
dlb_sched_directed(struct dlb_model *m, uint32_t id, uint32_t room)
{
	struct dlb_dir_queue *q = &m->dir[id];
	struct dlb_cq *cq = &m->cq[DLB_LDB_PORTS + id];
	struct dlb_pen pen = dlb_pen_up(cq);
	uint32_t n, from;

	room = dlb_min(room, cq->enabled && cq->tokens < cq->token_limit
				     ? cq->token_limit - cq->tokens : 0);
	/* No room is nobody's turn. */
	from = room == 0 ? 0 : dlb_turn_next(&q->waiting.turn);
	for (n = 0; n < room && q->waiting.bins != 0; n++) {
		uint32_t bin = dlb_turn_first(q->waiting.bins, from);
		struct dlb_qe qe = dlb_lanes_first(m, &q->waiting, bin);
		uint64_t meta = qe.meta;

		from = 0;
		dlb_lanes_shrink(m, &q->waiting, bin, 1);
		if (m->config.open.directed_lock_in_qid)
			meta = REG_SET(DLB_QE_DIRECTED_WORD, meta, REG_GET(DLB_QE_LOCK, meta));
		dlb_model_cq_push(m, &pen, qe.data,
				  meta | dlb_depth_code(&q->depth, q->count - n));
	}
	dlb_pen_down(&pen, n);
	q->count -= n;
	dlb_credits_return(m, m->config.version == DLB_V20, cq->vas, n);
	m->room += n;
	m->dir_scheduled += n;
	if (q->count == 0)
		m->dir_work[id / 64] &= ~(UINT64_C(1) << id % 64);
	return n;
}

void
dlb_model_schedule(struct dlb_model *m)
{
	if (unlikely(m->arbitrated)) {
		dlb_arb_schedule(m);
		return;
	}
	for (uint32_t half = 0; half < 2; half++)
		for (uint64_t work = m->dir_work[half]; work != 0; work &= work - 1)
			dlb_sched_directed(m, half * 64 + (uint32_t)__builtin_ctzll(work),
					   UINT32_MAX);
	while (m->work != 0 && m->ready != 0 && round_load_balanced(m))
		;
}

/* ---- Changes of links ---- */

/* Turn a list of QEs around: its new head. */
static uint16_t
list_reverse(struct dlb_model *m, uint16_t index)
{
	uint16_t before = DLB_NIL, next;

	for (; index != DLB_NIL; index = next) {
		next = m->next[index];
		m->next[index] = before;
		before = index;
	}
	return before;
}

void
dlb_sched_unhold(struct dlb_model *m, uint32_t qid, uint32_t cq)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_bins *held = &m->held[qid][cq];

	for (uint32_t bin = 0; bin < DLB_PRIO_BINS; bin++) {
		uint16_t i, next;

		if (!(held->bins >> bin & 1))
			continue;
		/* They are older than what waits: in front of it, so the youngest first. */
		for (i = list_reverse(m, held->fifo[bin].head); i != DLB_NIL; i = next) {
			struct dlb_flow *flow = &m->flow[qid][dlb_flow_number(q, m->qe[i].meta)];

			if (--flow->waiting == 0 && flow->inflight == 0) {
				q->loose--;
				q->flows--;
			}
			q->held--;
			q->atomic_count++;
			next = m->next[i];
			dlb_lane_prepend(&m->chunks, &q->atomic.lane[bin], dlb_pool_give(m, i));
		}
		q->atomic.bins |= 1u << bin;
		held->fifo[bin].head = DLB_NIL;
	}
	held->bins = 0;
	q->held_cqs &= ~(UINT64_C(1) << cq);
}

void
dlb_sched_track(struct dlb_model *m, uint32_t qid)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];

	for (uint32_t c = 0; c < DLB_LDB_PORTS; c++) {
		struct dlb_cq *cq = &m->cq[c];

		for (uint32_t k = 0; k < cq->inflight; k++) {
			dlb_hist *e = &cq->hist[(cq->hist_pop + k) % cq->hist_size];
			struct dlb_flow *flow = &m->flow[qid][dlb_flow_number(q, *e)];

			if (REG_GET(DLB_HIST_QID, *e) != qid || REG_GET(DLB_HIST_TRACKED, *e) ||
			    REG_GET(DLB_HIST_SCHED, *e) != DLB_ATOMIC)
				continue;
			*e |= REG_PUT(DLB_HIST_TRACKED, 1);
			flow->cq = c;
			if (flow->inflight++ == 0)
				q->flows++;
		}
	}
	q->tracked = true;
}
