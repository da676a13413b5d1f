/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_ENQUEUE_H
#define SLIPWAY_DLB_FAST_ENQUEUE_H

/**
 * @file
 * From events to lines, and the credits for them.
 */

#include "dlb_fast_port.h"
#include "dlb_four.h"

/* Any op, for the instances that know theirs only at run time. */
#define OP_ANY -1

static __rte_noinline void
invalid_event(struct dlb_port *p, const struct rte_event *ev)
{
	const char *name = p->dlb->name;

	p->stats.tx_invalid++;
	rte_errno = EINVAL;
	if (p->complained)
		return;
	p->complained = true;
	if (ev->op == RTE_EVENT_OP_RELEASE)
		DLB_LOG(ERR, name,
			"port %u: release refused, the port holds 0 events; release what was "
			"dequeued from it, once",
			p->id);
	else if (ev->op > RTE_EVENT_OP_RELEASE)
		DLB_LOG(ERR, name, "port %u: op %u refused; accepted: 0..2", p->id, ev->op);
	else
		DLB_LOG(ERR, name,
			"port %u: event to queue %u with schedule type %u refused; accepted: "
			"queues 0..%u, each with the types it was set up for",
			p->id, ev->queue_id, ev->sched_type, dlb_nb_queues(p->dlb) - 1);
}

/* A burst has run out of credits. Letting the device get on may have others release some. */
static __rte_noinline int32_t
more_credits(struct dlb_port *p, int32_t wanted, enum dlb_way way)
{
	int32_t credits = dlb_credit_lease(&p->credit, wanted);

	if (credits > 0)
		return credits;
	dlb_line_publish(p, way);
	idle(p, way);
	credits = dlb_credit_lease(&p->credit, wanted);
	if (credits > 0)
		return credits;

	if (dlb_credit_over_threshold(&p->credit))
		p->stats.tx_over_threshold++;
	else
		p->stats.tx_no_credit++;
	give_way(p);
	rte_errno = ENOSPC;
	return 0;
}

/* Forward and new go to a queue that takes them; a release goes nowhere, but needs something to
 * release.
 */
static __rte_always_inline bool
is_valid(unsigned int op, uint32_t route, uint32_t held)
{
	if (op == RTE_EVENT_OP_RELEASE)
		return held != 0;
	return op < RTE_EVENT_OP_RELEASE && route != DLB_NO_ROUTE;
}

/* An enqueue burst under way: what it counts, in registers, and what is left of it. */
struct dlb_burst {
	int32_t credits;
	uint32_t held;
	uint32_t nb_new, nb_release;
	const struct rte_event *ev, *end;
};

/* The weight of an event, in place. */
static __rte_always_inline uint64_t
weight_of(const struct dlb_port *p, const struct rte_event *ev, enum dlb_way way)
{
	if (!(way & MODES))
		return 0;
	return (DLB_EVENT_WEIGHT(ev->event) & p->weight_mask) << DLB_QE_WEIGHT_LO;
}

/* The next event of a burst as an HCW: false when it cannot be taken. A forward from a port that
 * holds nothing is a new event, and needs a credit like one: the software crypto adapter sends
 * such.
 */
static __rte_always_inline bool
next_hcw(struct dlb_port *p, struct dlb_burst *b, int op, dlb_hcw *hcw, enum dlb_way way)
{
	const struct rte_event *ev = b->ev;
	unsigned int ev_op = op == OP_ANY ? DLB_EVENT_OP(ev->event) : (unsigned int)op;
	uint32_t route = p->routes[DLB_EVENT_ROUTE(ev->event)];

	if (unlikely(!is_valid(ev_op, route, b->held))) {
		invalid_event(p, ev);
		return false;
	}
	if (ev_op == RTE_EVENT_OP_FORWARD && unlikely(b->held == 0))
		ev_op = RTE_EVENT_OP_NEW;
	if (ev_op == RTE_EVENT_OP_NEW) {
		if (unlikely(b->credits == 0)) {
			b->credits = more_credits(p, (int32_t)(b->end - ev), way);
			if (b->credits == 0)
				return false;
		}
		b->credits--;
		b->nb_new++;
	} else {
		count_releases(p, 1, way);
		b->held--;
		b->credits += ev_op == RTE_EVENT_OP_RELEASE;
		b->nb_release += ev_op == RTE_EVENT_OP_RELEASE;
	}
	if (ev_op == RTE_EVENT_OP_RELEASE)
		*hcw = (dlb_hcw){0, p->command[RTE_EVENT_OP_RELEASE]};
	else
		*hcw = dlb_make_hcw(ev, route, p->command[ev_op] | weight_of(p, ev, way));
	b->ev++;
	return true;
}

/* May the next four events be of this op, if they all are? Counts them if so. */
static __rte_always_inline bool
count_four(struct dlb_burst *b, unsigned int op)
{
	if (op == RTE_EVENT_OP_NEW) {
		if (b->credits < DLB_LINE_HCWS)
			return false;
		b->credits -= DLB_LINE_HCWS;
		b->nb_new += DLB_LINE_HCWS;
		return true;
	}
	if (b->held < DLB_LINE_HCWS || op > RTE_EVENT_OP_RELEASE)
		return false;
	b->held -= DLB_LINE_HCWS;
	if (op == RTE_EVENT_OP_RELEASE) {
		b->credits += DLB_LINE_HCWS;
		b->nb_release += DLB_LINE_HCWS;
	}
	return true;
}

/* The next four events as a line, when they go one way to a load-balanced queue, or are all
 * releases; false when they are not, or cannot all be taken, and nothing was done.
 */
static __rte_always_inline bool
next_four(const struct dlb_port *p, struct dlb_burst *b, int op, struct dlb_line *line)
{
	const dlb_hcw_anywhere *ev = (const dlb_hcw_anywhere *)b->ev;
	dlb_hcw e0 = ev[0], e1 = ev[1], e2 = ev[2], e3 = ev[3];
	uint64_t first = e0[0], differ = ((e0 ^ e1) | (e0 ^ e2) | (e0 ^ e3))[0];
	unsigned int ev_op = op == OP_ANY ? DLB_EVENT_OP(first) : (unsigned int)op;
	uint64_t way = p->routes[DLB_EVENT_ROUTE(first)];

	if (ev_op == RTE_EVENT_OP_RELEASE) {
		if (DLB_EVENT_OP(differ) != 0 || !count_four(b, ev_op))
			return false;
		e0 = (dlb_hcw){0, p->command[RTE_EVENT_OP_RELEASE]};
		dlb_line_fill(line, e0, DLB_LINE_HCWS);
		b->ev += DLB_LINE_HCWS;
		return true;
	}
	if ((differ & DLB_EVENT_WAY) != 0 || way == DLB_NO_ROUTE ||
	    REG_GET(DLB_QE_SCHED, way) == DLB_DIRECTED || !count_four(b, ev_op))
		return false;
	way |= p->command[ev_op];
	line->hcw[0] = dlb_hcw_of(e0, way);
	line->hcw[1] = dlb_hcw_of(e1, way);
	line->hcw[2] = dlb_hcw_of(e2, way);
	line->hcw[3] = dlb_hcw_of(e3, way);
	b->ev += DLB_LINE_HCWS;
	return true;
}

/* The rest of a burst, up to a line of it, event by event, and zeros behind: false when it ended at
 * an event that cannot be taken.
 */
static __rte_always_inline bool
post_some(struct dlb_port *p, struct dlb_burst *b, struct dlb_line *line, int op, enum dlb_way way)
{
	unsigned int i = 0, k;

	while (i < DLB_LINE_HCWS && b->ev != b->end && next_hcw(p, b, op, &line->hcw[i], way))
		i++;
	if (i == 0)
		return false;
	for (k = i; k < DLB_LINE_HCWS; k++)
		line->hcw[k] = (dlb_hcw){0, 0};
	dlb_line_done(p, line, way);
	return i == DLB_LINE_HCWS;
}

/* The one enqueue body. `op` and `post` are constants of each instance. */
static __rte_always_inline uint16_t
dlb_enqueue(void *port, const struct rte_event ev[], uint16_t n, int op, enum dlb_way way)
{
	struct dlb_port *p = port;
	struct dlb_burst b = {
		.credits = dlb_credit_take(&p->credit),
		.ev = ev,
		.end = ev + n,
	};
	struct dlb_line here, *line;

	if (unlikely(b.credits == CREDIT_BUSY))
		return wrong_thread(p);

	/* Whoever was in before may have changed it until then. */
	b.held = p->held;
	order_stores(way);
	while (b.ev != b.end) {
		line = dlb_line_next(p, &here, way);
		if (!(way & MODES) && b.end - b.ev >= DLB_LINE_HCWS && next_four(p, &b, op, line))
			dlb_line_done(p, line, way);
		else if (!post_some(p, &b, line, op, way))
			break;
	}
	dlb_line_publish(p, way);

	n = (uint16_t)(b.ev - ev);
	p->held = b.held;
	p->stats.tx_new += b.nb_new;
	p->stats.tx_release += b.nb_release;
	p->stats.tx_forward += n - b.nb_new - b.nb_release;
	dlb_credit_put(&p->credit, b.credits);
	think_of_sleepers(p, way);
	return n;
}

#endif /* SLIPWAY_DLB_FAST_ENQUEUE_H */
