/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"

/* The inner choices of section 7.6: slot of a CQ, atomic or other, priority; and what of section
 * 7.7 holds single QEs back. The scheduler makes each move; which QEs it may choose from is said by
 * shutting the others away for the length of it.
 */

/* An odd step goes through all 256 turns before one comes again, and spreads each level's. */
#define TURN_STEP 101u

uint32_t
dlb_wheel_turn(const struct dlb_wheel *wheel, uint8_t *turn)
{
	uint32_t at = (*turn)++ * TURN_STEP % 256, level = 0;

	while (level < DLB_ARB_LEVELS && at >= wheel->edge[level])
		level++;
	return level;
}

/* Whatever the weights, each of the weaker levels that are there goes first at times. */
static uint32_t
level_first(const struct dlb_wheel *wheel, uint8_t *turn, uint32_t present)
{
	uint32_t level = dlb_wheel_turn(wheel, turn), from = dlb_turn_level(*turn);

	if (from == 0 && level != DLB_ARB_ANY && (present >> level & 1))
		return level;
	return dlb_turn_first(present, from);
}

/* ---- Limits ---- */

static uint32_t
hist_after(const struct dlb_cq *cq, uint32_t pos)
{
	return pos + 1 == cq->hist_size ? 0 : pos + 1;
}

/* Work units of what is in flight at a CQ: codes 0 to 3 stand for 0, 2, 4 and 8. */
static uint32_t
units_load(const struct dlb_cq *cq)
{
	uint32_t load = 0, pos = cq->hist_pop;

	for (uint32_t k = 0; k < cq->inflight; k++, pos = hist_after(cq, pos))
		load += (1u << REG_GET(DLB_QE_WEIGHT, cq->hist[pos])) & ~1u;
	return load;
}

static bool
units_allow(const struct dlb_model *m, const struct dlb_cq *cq)
{
	uint32_t limit = m->arb.unit_limit[cq - m->cq];

	return limit == UINT32_MAX || units_load(cq) < limit;
}

/* May a CQ be given a flow that nobody has? */
static bool
takes_flows(const struct dlb_model *m, const struct dlb_cq *cq)
{
	return !m->arb.shuns_flows || cq->inflight <= m->arb.flow_threshold[cq - m->cq];
}

uint32_t
dlb_weight_stage_inflight(const struct dlb_model *m, uint32_t qid)
{
	uint32_t n = 0;

	if (!m->config.open.stage_until_completion)
		return 0;
	for (uint32_t c = 0; c < DLB_LDB_PORTS; c++) {
		const struct dlb_cq *cq = &m->cq[c];
		uint32_t pos = cq->hist_pop;

		for (uint32_t k = 0; k < cq->inflight; k++, pos = hist_after(cq, pos))
			n += REG_GET(DLB_HIST_QID, cq->hist[pos]) == qid &&
			     REG_GET(DLB_HIST_SCHED, cq->hist[pos]) == DLB_ATOMIC;
	}
	return n;
}

/* How many of the stage's entries are for QEs that are not in flight; 0 when none is free. */
static uint32_t
stage_room(const struct dlb_model *m, uint32_t qid)
{
	const struct dlb_ldb_queue *q = &m->ldb[qid];
	uint32_t inflight = dlb_weight_stage_inflight(m, qid);

	return q->held + inflight < q->stage_limit ? q->stage_limit - inflight : 0;
}

/* ---- One QE ---- */

/* Leave only the bins `open` of what a queue holds; what was shut is returned. */
static uint8_t
shut(uint8_t *bins, uint32_t open)
{
	uint8_t before = *bins;

	*bins &= (uint8_t)open;
	return before & (uint8_t)~open;
}

/* One QE of the bins `atomic` of atomic QEs and `other` of others. */
static bool
serve_open(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid, uint32_t atomic, uint32_t other)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_bins *held = &m->held[qid][cq - m->cq];
	uint32_t stage_limit = q->stage_limit;
	uint32_t room = m->config.open.stage_until_completion ? stage_room(m, qid) : UINT32_MAX;
	uint8_t shut_waiting = shut(&q->atomic.bins, room == 0 ? 0 : atomic);
	uint8_t shut_held = shut(&held->bins, atomic);
	uint8_t shut_other = shut(&q->other.bins, other);
	uint32_t flow_limit = q->flow_limit, loose = 0;
	bool served = false;

	/* The last entry is for a QE that goes, not for one that is held for another CQ. */
	if (room != UINT32_MAX)
		q->stage_limit = room == 0 ? 0 : room - 1;
	if (!takes_flows(m, cq))
		q->flow_limit = 0;
	/* Flows held elsewhere that may move here: not when atomic QEs are shut out, or new flows.
	 */
	if (atomic == 0 || q->flow_limit == 0) {
		loose = q->loose;
		q->loose = 0;
	}
	q->share = 1;
	if ((q->atomic.bins | held->bins | q->other.bins) != 0 || q->loose != 0)
		served = dlb_sched_queue(m, cq, qid, 1) != 0;
	q->loose += loose;
	q->flow_limit = flow_limit;
	q->stage_limit = stage_limit;
	q->atomic.bins |= shut_waiting;
	held->bins |= shut_held;
	/* The scheduler took the list for empty when it had gone through what was open of it. */
	if (held->bins != 0)
		q->held_cqs |= UINT64_C(1) << (cq - m->cq);
	q->other.bins |= shut_other;
	return served;
}

#define ALL_BINS ((1u << DLB_PRIO_BINS) - 1)

/* One atomic QE for a CQ: of the level whose turn it is, or else of any. */
static bool
serve_atomic(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid)
{
	struct dlb_bins *held = &m->held[qid][cq - m->cq];
	uint32_t there = m->ldb[qid].atomic.bins | held->bins;

	if (there != 0 &&
	    serve_open(m, cq, qid, 1u << level_first(&m->arb.atomic, &held->wheel, there), 0))
		return true;
	return serve_open(m, cq, qid, ALL_BINS, 0);
}

static bool
serve_other(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid)
{
	struct dlb_lanes *other = &m->ldb[qid].other;

	if (other->bins == 0)
		return false;
	return serve_open(m, cq, qid, 0,
			  1u << level_first(&m->arb.other, &other->wheel, other->bins)) ||
	       serve_open(m, cq, qid, 0, ALL_BINS);
}

/* Atomic and other QEs take turns. */
static bool
serve_queue(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid)
{
	struct dlb_ldb_queue *q = &m->ldb[qid];

	if (q->inflight >= q->inflight_limit)
		return false;
	if (q->type_wheel++ % 2 == 0)
		return serve_atomic(m, cq, qid) || serve_other(m, cq, qid);
	return serve_other(m, cq, qid) || serve_atomic(m, cq, qid);
}

/* ---- One CQ ---- */

/* One QE from the slots of one level, which take turns. */
static bool
serve_level(struct dlb_model *m, struct dlb_cq *cq, uint32_t level)
{
	for (uint32_t k = 0; k < cq->slot_count; k++) {
		uint32_t s = (cq->level_turn[level] + k) % cq->slot_count;

		if (cq->slot[s].bin != level || !(m->work >> cq->slot[s].qid & 1) ||
		    !serve_queue(m, cq, cq->slot[s].qid))
			continue;
		cq->level_turn[level] = (uint8_t)(s + 1);
		return true;
	}
	return false;
}

bool
dlb_weight_cq(struct dlb_model *m, struct dlb_cq *cq)
{
	uint32_t present = 0, level;

	if (!units_allow(m, cq))
		return false;
	for (uint32_t s = 0; s < cq->slot_count; s++)
		if (m->work >> cq->slot[s].qid & 1)
			present |= 1u << cq->slot[s].bin;
	if (present == 0)
		return false;
	level = level_first(&m->arb.slot, &cq->wheel, present);
	if (serve_level(m, cq, level))
		return true;
	for (present &= ~(1u << level); present != 0; present &= present - 1)
		if (serve_level(m, cq, (uint32_t)__builtin_ctz(present)))
			return true;
	return false;
}

bool
dlb_weight_directed(struct dlb_model *m, uint32_t id)
{
	struct dlb_lanes *waiting = &m->dir[id].waiting;
	const struct dlb_cq *cq = &m->cq[DLB_LDB_PORTS + id];
	uint8_t away;

	if (!cq->enabled || cq->tokens >= cq->token_limit)
		return false;
	away = shut(&waiting->bins,
		    1u << level_first(&m->arb.directed, &waiting->wheel, waiting->bins));
	dlb_sched_directed(m, id, 1);
	waiting->bins |= away;
	return true;
}
