/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The hot path. Nothing here locks, allocates, reads a register or, but once per port and mistake,
 * logs. An event becomes an HCW by moving bits and one look at a table (dlb_event.h).
 */

#include <errno.h>
#include <sched.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "dlb_fast.h"
#include "dlb_four.h"
#include "dlb_hw.h"
#include "dlb_line.h"
#include "dlb_sleep.h"

/* Any op, for the instances that know theirs only at run time. */
#define OP_ANY -1

void
dlb_line_make_room(struct dlb_port *p)
{
	static const struct dlb_line noops;

	line_ring_publish(&p->poster);
	access_post_call(&p->bar, p->page, &noops);
	line_ring_resume(&p->poster);
}

/* Before: the caller's stores, to what its events refer to or to what an atomic flow protects.
 * After: the line by which another thread may get to see them. Lines posted to a mapped page may
 * overtake older stores; this pairs with the acquire load of the QE in read_run, by whoever
 * receives what the line sets free.
 */
static __rte_always_inline void
order_stores(enum dlb_way way)
{
	if (way & MMIO)
		rte_wmb();
}

/* Tokens of n QEs that were read: the device may use their slots again. No fence, even where the
 * line is a store of the weak kind: no store of an x86 goes before a load that is older.
 */
static __rte_always_inline void
return_tokens(struct dlb_port *p, unsigned int n, enum dlb_way way)
{
	struct dlb_line here, *line = dlb_line_next(p, &here, way);

	dlb_line_fill(line,
		      (dlb_hcw){0, DLB_COMMAND(DLB_CMD_BAT_T) | REG_PUT(DLB_HCW_TOKENS, n - 1)},
		      1);
	dlb_line_done(p, line, way);
	dlb_line_publish(p, way);
}

/* Return all tokens that were kept back. */
static __rte_always_inline void
return_owed(struct dlb_port *p, enum dlb_way way)
{
	if (p->owed != 0)
		return_tokens(p, p->owed, way);
	p->owed = 0;
	p->releases = 0;
}

/* The port is about to release n events: in a port that delays them, enough of these bring the
 * tokens back. The tokens go ahead of the last release, and by a line of their own.
 */
static __rte_always_inline void
count_releases(struct dlb_port *p, uint32_t n, enum dlb_way way)
{
	if (!(way & MODES) || p->pop != DLB_POP_DELAYED)
		return;
	p->releases = (uint16_t)RTE_MIN(p->releases + n, (uint32_t)p->pop_after);
	if (p->releases == p->pop_after)
		return_owed(p, way);
}

static __rte_always_inline void
idle(struct dlb_port *p, enum dlb_way way)
{
	if (!(way & MMIO))
		access_idle(p->access);
}

/* Behind whatever a burst posted: threads that sleep leave it to others to let the device get on.
 * The compiler keeps the order of post and test, and a sleeper sees to the rest (access_irq.h).
 */
static __rte_always_inline void
think_of_sleepers(struct dlb_port *p, enum dlb_way way)
{
	if (way & MMIO)
		return;
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(atomic_load_explicit(p->sleepers, memory_order_relaxed) != 0))
		access_idle(p->access);
}

static __rte_noinline uint16_t
wrong_thread(struct dlb_port *p)
{
	if (p->stats.wrong_thread++ == 0)
		DLB_LOG(ERR, p->dlb->name,
			"port %u: used by two threads at once; a port is for one thread at a time",
			p->id);
	rte_errno = EINVAL;
	return 0;
}

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

/* Nothing to do, again: let whoever shares the CPU do something. */
static void
give_way(struct dlb_port *p)
{
	if (++p->idle_in_row < DLB_POLLS_BEFORE_YIELD)
		return;
	p->idle_in_row = 0;
	if (p->gives_way)
		sched_yield();
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
		.held = p->held,
		.ev = ev,
		.end = ev + n,
	};
	struct dlb_line here, *line;

	if (unlikely(b.credits == CREDIT_BUSY))
		return wrong_thread(p);

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

/* A line of n completions, 1 to 4. */
static __rte_always_inline void
post_completions(struct dlb_port *p, uint32_t n, enum dlb_way way)
{
	struct dlb_line here, *line = dlb_line_next(p, &here, way);

	dlb_line_fill(line, DLB_COMP, n);
	dlb_line_done(p, line, way);
}

/* Complete everything the port holds. A directed port has nothing to complete in the device; either
 * way the credits come back.
 *
 * @return these credits
 */
static __rte_always_inline int32_t
release_held(struct dlb_port *p, enum dlb_way way)
{
	int32_t credits = (int32_t)p->held;
	uint32_t left = p->directed ? 0 : p->held;

	if (left != 0) {
		order_stores(way);
		count_releases(p, left, way);
	}
	for (; left >= DLB_LINE_HCWS; left -= DLB_LINE_HCWS)
		post_completions(p, DLB_LINE_HCWS, way);
	if (left != 0)
		post_completions(p, left, way);
	dlb_line_publish(p, way);

	p->stats.tx_implicit_release += p->held;
	p->held = 0;
	return credits;
}

/* Read the next four QEs, when they are there and from one queue; false when they are not. */
static __rte_always_inline bool
read_four(const struct dlb_port *p, struct rte_event ev[], const uint8_t *slot, uint64_t old)
{
	const size_t step = (size_t)1 << p->cq_slot_shift;
	const struct dlb_qe *q0 = (const struct dlb_qe *)slot;
	const struct dlb_qe *q1 = (const struct dlb_qe *)(slot + step);
	const struct dlb_qe *q2 = (const struct dlb_qe *)(slot + 2 * step);
	const struct dlb_qe *q3 = (const struct dlb_qe *)(slot + 3 * step);
	dlb_hcw_anywhere *to = (dlb_hcw_anywhere *)ev;
	/* As in read_run. The last one first: mostly all are there or none. */
	uint64_t m3 = __atomic_load_n(&q3->meta, __ATOMIC_ACQUIRE);
	uint64_t m0 = __atomic_load_n(&q0->meta, __ATOMIC_ACQUIRE);
	uint64_t m1 = __atomic_load_n(&q1->meta, __ATOMIC_ACQUIRE);
	uint64_t m2 = __atomic_load_n(&q2->meta, __ATOMIC_ACQUIRE);
	uint64_t flip = old << DLB_QE_GEN_LO, queue;

	if (!((m0 ^ flip) & (m1 ^ flip) & (m2 ^ flip) & (m3 ^ flip) & REG_MASK(DLB_QE_GEN)) ||
	    (((m0 ^ m1) | (m0 ^ m2) | (m0 ^ m3)) & REG_MASK(DLB_QE_QID)))
		return false;
	queue = (uint64_t)p->queue_of[REG_GET(DLB_QE_QID, m0) % DLB_QUEUES_MAX] << 40;
	to[0] = dlb_event_of(*(const dlb_hcw *)q0, queue, p->flow_mask);
	to[1] = dlb_event_of(*(const dlb_hcw *)q1, queue, p->flow_mask);
	to[2] = dlb_event_of(*(const dlb_hcw *)q2, queue, p->flow_mask);
	to[3] = dlb_event_of(*(const dlb_hcw *)q3, queue, p->flow_mask);
	return true;
}

/* Tell how deep the queue was, and count that. */
static __rte_always_inline void
note_depth(struct dlb_port *p, struct rte_event *ev, uint64_t meta)
{
	unsigned int code = (unsigned int)REG_GET(DLB_QE_DEPTH, meta);

	ev->rsvd = code & (DLB_DEPTH_CODES - 1);
	p->depth_seen[ev->queue_id % DLB_QUEUES_MAX][code]++;
}

/* Read up to n QEs that lie before the end of the ring. A slot is full when its generation bit
 * differs from what the last pass over the ring left there; the ring started out zeroed.
 */
static __rte_always_inline uint16_t
read_run(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint32_t head, enum dlb_way way)
{
	const uint8_t *slot = p->cq + ((size_t)(head & p->cq_mask) << p->cq_slot_shift);
	const size_t step = (size_t)1 << p->cq_slot_shift;
	const uint64_t old = head >> p->cq_wrap_bit & 1;
	const uint8_t *queue_of = p->queue_of;
	const uint64_t flow_mask = p->flow_mask;
	uint16_t i = 0;

	while (!(way & MODES) && n - i >= DLB_LINE_HCWS && read_four(p, &ev[i], slot, old)) {
		i += DLB_LINE_HCWS;
		slot += DLB_LINE_HCWS * step;
	}
	for (; i < n; i++, slot += step) {
		const struct dlb_qe *qe = (const struct dlb_qe *)slot;
		/* Pairs with the device showing the last 8 bytes of a QE last: when they are there,
		 * the data is.
		 */
		uint64_t meta = __atomic_load_n(&qe->meta, __ATOMIC_ACQUIRE);

		if (REG_GET(DLB_QE_GEN, meta) == old)
			break;
		dlb_make_event(&ev[i], qe->data, meta, queue_of, flow_mask);
		if (way & MODES)
			note_depth(p, &ev[i], meta);
	}
	return i;
}

/* Read up to n QEs and give back their slots. */
static __rte_always_inline uint16_t
read_cq(struct dlb_port *p, struct rte_event ev[], uint16_t n, enum dlb_way way)
{
	uint32_t to_end = p->cq_mask + 1 - (p->cq_head & p->cq_mask);
	uint16_t i = read_run(p, ev, (uint16_t)RTE_MIN((uint32_t)n, to_end), p->cq_head, way);

	if (unlikely(i == to_end))
		i += read_run(p, ev + i, (uint16_t)RTE_MIN(n - i, (int)p->cq_mask + 1),
			      p->cq_head + i, way);
	if (i != 0) {
		p->cq_head += i;
		p->held += i;
		p->idle_in_row = 0;
		p->stats.rx_ok += i;
		if ((way & MODES) && p->pop != DLB_POP_AUTO)
			p->owed += i;
		else
			return_tokens(p, i, way);
	}
	return i;
}

/* The same for a thread that does not have the port's credits, which keep out a second one. */
static __rte_always_inline uint16_t
read_cq_alone(struct dlb_port *p, struct rte_event ev[], uint16_t n, enum dlb_way way)
{
	int32_t credits = dlb_credit_take(&p->credit);

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p);
	n = read_cq(p, ev, n, way);
	dlb_credit_put(&p->credit, credits);
	return n;
}

/* The CQ is empty. In this process that may only mean that nobody gave the device time. */
static __rte_always_inline uint16_t
poll_empty(struct dlb_port *p, struct rte_event ev[], uint16_t n, enum dlb_way way)
{
	uint16_t got;

	idle(p, way);
	got = read_cq_alone(p, ev, n, way);
	if (got == 0)
		give_way(p);
	return got;
}

/* No more than what two times can be apart and still be told which is the later one. */
static uint64_t
cycles_of(uint64_t ns)
{
	unsigned __int128 cycles = (unsigned __int128)ns * rte_get_timer_hz() / NS_PER_S;

	return cycles < INT64_MAX ? (uint64_t)cycles : INT64_MAX;
}

/* Poll until a time. */
static __rte_always_inline uint16_t
poll_until(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint64_t end, enum dlb_way way)
{
	uint16_t got;

	do {
		rte_pause();
		got = poll_empty(p, ev, n, way);
	} while (got == 0 && (int64_t)(end - rte_get_timer_cycles()) > 0);
	return got;
}

/* Have the CQ raise its vector with the next QE. True: it will, and a QE that is there by then
 * raises it as well, or is found by a look at the CQ afterwards. In a device that is called it does
 * both; of silicon the first is not established, so wait until it is armed.
 */
static __rte_always_inline bool
arm(struct dlb_port *p, enum dlb_way way)
{
	int32_t credits = dlb_credit_take(&p->credit);
	struct dlb_line here, *line;

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p) != 0;
	line = dlb_line_next(p, &here, way);
	dlb_line_fill(line, (dlb_hcw){0, DLB_COMMAND(DLB_CMD_ARM)}, 1);
	dlb_line_done(p, line, way);
	dlb_line_publish(p, way);
	dlb_credit_put(&p->credit, credits);
	return !(way & MMIO) || dlb_sleep_is_armed(p);
}

/* Sleep until a time, or until something has come. */
static __rte_always_inline uint16_t
sleep_until(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint64_t end, enum dlb_way way)
{
	int64_t left;
	uint16_t got = 0;

	while (got == 0 && (left = (int64_t)(end - rte_get_timer_cycles())) > 0) {
		uint32_t seen = access_irq_listen(p->access, p->vector);
		bool armed = arm(p, way);

		got = poll_empty(p, ev, n, way);
		if (got == 0 && armed) {
			p->stats.sleeps++;
			access_irq_sleep(p->access, p->vector, seen,
					 (uint64_t)((unsigned __int128)(uint64_t)left * NS_PER_S /
						    rte_get_timer_hz()));
		}
		access_irq_done(p->access);
		if (got == 0)
			got = poll_empty(p, ev, n, way);
	}
	return got;
}

static __rte_noinline uint16_t
wait_for_events(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint64_t timeout_ns,
		enum dlb_way way)
{
	uint64_t start = rte_get_timer_cycles(), end = start + cycles_of(timeout_ns);
	/* For as long as tokens are kept back the device sees QEs, and would fire at once. */
	bool sleeps = p->vector != 0 && timeout_ns >= DLB_SLEEP_MIN_NS && p->owed == 0;
	uint16_t got;

	got = poll_until(p, ev, n, sleeps ? start + cycles_of(DLB_POLL_BEFORE_SLEEP_NS) : end, way);
	if (got == 0 && sleeps)
		got = sleep_until(p, ev, n, end, way);
	return got;
}

/* The one dequeue body. Not even a dequeue that waits keeps the port's credits from others. */
static __rte_always_inline uint16_t
dlb_dequeue(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns, enum dlb_way way)
{
	struct dlb_port *p = port;
	int32_t credits = dlb_credit_take(&p->credit);
	uint16_t got;

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p);
	if (p->held != 0 && p->implicit_release)
		credits += release_held(p, way);
	if ((way & MODES) && p->pop == DLB_POP_DEFERRED)
		return_owed(p, way);
	p->stats.polls++;
	got = read_cq(p, ev, n, way);
	dlb_credit_put(&p->credit, credits);
	if (likely(got != 0)) {
		think_of_sleepers(p, way);
		return got;
	}
	got = poll_empty(p, ev, n, way);
	if (!p->per_call_timeout)
		timeout_ns = p->timeout_ns;
	if (got == 0 && timeout_ns != 0)
		got = wait_for_events(p, ev, n, timeout_ns, way);
	p->stats.empty_polls += got == 0;
	return got;
}

static uint16_t
dlb_enqueue_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, CALL);
}

static uint16_t
dlb_enqueue_new_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_NEW, CALL);
}

static uint16_t
dlb_enqueue_forward_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_FORWARD, CALL);
}

static uint16_t
dlb_dequeue_burst_call(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, CALL);
}

static uint16_t
dlb_enqueue_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, MMIO);
}

static uint16_t
dlb_enqueue_new_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_NEW, MMIO);
}

static uint16_t
dlb_enqueue_forward_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_FORWARD, MMIO);
}

static uint16_t
dlb_dequeue_burst_mmio(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, MMIO);
}

#if COMPAT_SINGLE_EVENT_OPS
static uint16_t
dlb_enqueue_call(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, CALL);
}

static uint16_t
dlb_dequeue_call(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, CALL);
}

static uint16_t
dlb_enqueue_mmio(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, MMIO);
}

static uint16_t
dlb_dequeue_mmio(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, MMIO);
}
#endif

/* What is in a burst does not matter where the ports have modes to look at. */
static uint16_t
dlb_enqueue_burst_call_modes(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, CALL | MODES);
}

static uint16_t
dlb_dequeue_burst_call_modes(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, CALL | MODES);
}

static uint16_t
dlb_enqueue_burst_mmio_modes(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, MMIO | MODES);
}

static uint16_t
dlb_dequeue_burst_mmio_modes(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, MMIO | MODES);
}

#if COMPAT_SINGLE_EVENT_OPS
static uint16_t
dlb_enqueue_call_modes(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, CALL | MODES);
}

static uint16_t
dlb_dequeue_call_modes(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, CALL | MODES);
}

static uint16_t
dlb_enqueue_mmio_modes(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, MMIO | MODES);
}

static uint16_t
dlb_dequeue_mmio_modes(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, MMIO | MODES);
}
#endif

static void
install_modes(struct rte_eventdev *dev, bool mapped)
{
#if COMPAT_SINGLE_EVENT_OPS
	dev->enqueue = mapped ? dlb_enqueue_mmio_modes : dlb_enqueue_call_modes;
	dev->dequeue = mapped ? dlb_dequeue_mmio_modes : dlb_dequeue_call_modes;
#endif
	dev->enqueue_burst = mapped ? dlb_enqueue_burst_mmio_modes : dlb_enqueue_burst_call_modes;
	dev->enqueue_new_burst = dev->enqueue_burst;
	dev->enqueue_forward_burst = dev->enqueue_burst;
	dev->dequeue_burst = mapped ? dlb_dequeue_burst_mmio_modes : dlb_dequeue_burst_call_modes;
}

void
dlb_fast_install(struct rte_eventdev *dev, bool mapped, bool modes)
{
	if (modes) {
		install_modes(dev, mapped);
		return;
	}
#if COMPAT_SINGLE_EVENT_OPS
	dev->enqueue = mapped ? dlb_enqueue_mmio : dlb_enqueue_call;
	dev->dequeue = mapped ? dlb_dequeue_mmio : dlb_dequeue_call;
#endif
	dev->enqueue_burst = mapped ? dlb_enqueue_burst_mmio : dlb_enqueue_burst_call;
	dev->enqueue_new_burst = mapped ? dlb_enqueue_new_burst_mmio : dlb_enqueue_new_burst_call;
	dev->enqueue_forward_burst = mapped ? dlb_enqueue_forward_burst_mmio
					    : dlb_enqueue_forward_burst_call;
	dev->dequeue_burst = mapped ? dlb_dequeue_burst_mmio : dlb_dequeue_burst_call;
}

uint16_t
dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n)
{
	enum dlb_way way = dlb_is_mapped(p->dlb) ? MMIO : CALL;

	return_owed(p, way);
	/* Nobody is left who could want the credits: the next start counts them anew. */
	if (p->held != 0)
		release_held(p, way);
	return read_cq(p, ev, n, way);
}

uint16_t
dlb_fast_quiesce(struct dlb_port *p, struct rte_event ev[], uint16_t n)
{
	int32_t credits = dlb_credit_take(&p->credit);

	if (credits == CREDIT_BUSY)
		return wrong_thread(p);
	credits += (int32_t)p->held;
	n = dlb_fast_drain(p, ev, n);
	dlb_credit_put(&p->credit, credits);
	return n;
}
