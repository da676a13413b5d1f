/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The hot path. Nothing here locks, allocates, reads a register or, but once per port and mistake,
 * logs. An event becomes an HCW by moving bits and one look at a table:
 *
 *   event   63 opaque 56 | 55 prio 48 | 47 queue 40 | 39 type 38 | 33 op 32 | 31 ... 16 | 15 ... 0
 *                          top 3 bits   \---- route table ----/                 |         |
 *   meta    59 cmd 56 | 47 lock id 32 | 31 msg 29 | 28 prio 26 | 25 sched 24 | 23 qid 16 | 15 .. 0
 *                          event 15..0                                            event 31..16
 *
 * Sections 4.2 to 4.6 of the datasheet; 4.6 is why a directed event repeats bytes 10-11 in its
 * lock id.
 */

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "dlb_fast.h"
#include "dlb_hw.h"

/* One HCW the way it is stored: a line written in halves of one width is read back fastest. */
typedef uint64_t dlb_hcw __attribute__((vector_size(16)));

struct dlb_line {
	_Alignas(DLB_LINE_SIZE) dlb_hcw hcw[DLB_LINE_HCWS];
};

static_assert(sizeof(struct dlb_line) == DLB_LINE_SIZE, "a line is one store");

/* Any op, for the instances that know theirs only at run time. */
#define OP_ANY -1

/* Bits of struct rte_event's first word. */
#define EVENT_OP(word)     ((word) >> 32 & 3)
#define EVENT_ROUTE(word)  ((word) >> 38 & (DLB_ROUTES - 1))
#define EVENT_PRIO(word)   ((word) >> 53 & 7)
#define EVENT_OPAQUE(word) ((word) >> 16 & 0xffff)
#define EVENT_FLOW(word)   (UINT64_C(0xffff) & (word))

static_assert(RTE_EVENT_OP_NEW == 0 && RTE_EVENT_OP_FORWARD == 1 && RTE_EVENT_OP_RELEASE == 2,
	      "ops index dlb_port.command");

/* Commands in place. */
#define COMMAND(cmd) REG_PUT(DLB_HCW_CMD, cmd)
#define COMP         ((dlb_hcw){0, (uint64_t)DLB_CMD_COMP << DLB_HCW_CMD_LO})

/* Lines that complete one to four events. */
static const struct dlb_line completions[DLB_LINE_HCWS + 1] = {
	[1] = {{COMP}},
	[2] = {{COMP, COMP}},
	[3] = {{COMP, COMP, COMP}},
	[4] = {{COMP, COMP, COMP, COMP}},
};

/* How a line gets to the device; each instance of the burst functions has one. */
typedef void (*dlb_post)(const struct access_bar *bar, uint64_t off, const void *line);

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
more_credits(struct dlb_port *p, int32_t wanted)
{
	int32_t credits = dlb_credit_lease(&p->credit, wanted);

	if (credits > 0)
		return credits;
	access_idle(p->access);
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

static __rte_always_inline dlb_hcw
make_hcw(const struct rte_event *ev, uint32_t route, uint64_t command)
{
	uint64_t word = ev->event;
	uint64_t meta = EVENT_OPAQUE(word) | EVENT_PRIO(word) << DLB_QE_PRIO_LO | route | command;
	uint64_t lock = EVENT_FLOW(word);

	if (REG_GET(DLB_QE_SCHED, route) == DLB_DIRECTED)
		lock = meta >> DLB_QE_QID_LO & 0xffff;
	return (dlb_hcw){ev->u64, meta | lock << DLB_QE_LOCK_LO};
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

/* The next event of a burst as an HCW: false when it cannot be taken. A forward from a port that
 * holds nothing is a new event, and needs a credit like one: the software crypto adapter sends
 * such.
 */
static __rte_always_inline bool
next_hcw(struct dlb_port *p, struct dlb_burst *b, int op, dlb_hcw *hcw)
{
	const struct rte_event *ev = b->ev;
	unsigned int ev_op = op == OP_ANY ? EVENT_OP(ev->event) : (unsigned int)op;
	uint32_t route = p->routes[EVENT_ROUTE(ev->event)];

	if (unlikely(!is_valid(ev_op, route, b->held))) {
		invalid_event(p, ev);
		return false;
	}
	if (ev_op == RTE_EVENT_OP_FORWARD && unlikely(b->held == 0))
		ev_op = RTE_EVENT_OP_NEW;
	if (ev_op == RTE_EVENT_OP_NEW) {
		if (unlikely(b->credits == 0)) {
			b->credits = more_credits(p, (int32_t)(b->end - ev));
			if (b->credits == 0)
				return false;
		}
		b->credits--;
		b->nb_new++;
	} else {
		b->held--;
		b->credits += ev_op == RTE_EVENT_OP_RELEASE;
		b->nb_release += ev_op == RTE_EVENT_OP_RELEASE;
	}
	*hcw = make_hcw(ev, route, p->command[ev_op]);
	b->ev++;
	return true;
}

/* Post a line of which n HCWs are filled in, and nothing behind them. */
static __rte_always_inline void
post_part(const struct dlb_port *p, struct dlb_line *line, unsigned int n, dlb_post post)
{
	if (n == 0)
		return;
	for (; n < DLB_LINE_HCWS; n++)
		line->hcw[n] = (dlb_hcw){0, 0};
	post(&p->bar, p->page, line);
}

/* Whole lines, for as long as there are events for one and all of them can be taken. Spelled out,
 * so that a line is four HCWs in a row and not a loop. Leaves the HCWs of a line that it began in
 * place.
 *
 * @return HCWs in that line
 */
static __rte_always_inline unsigned int
post_lines(struct dlb_port *p, struct dlb_burst *b, struct dlb_line *line, int op, dlb_post post)
{
	while (b->end - b->ev >= DLB_LINE_HCWS) {
		if (unlikely(!next_hcw(p, b, op, &line->hcw[0])))
			return 0;
		if (unlikely(!next_hcw(p, b, op, &line->hcw[1])))
			return 1;
		if (unlikely(!next_hcw(p, b, op, &line->hcw[2])))
			return 2;
		if (unlikely(!next_hcw(p, b, op, &line->hcw[3])))
			return 3;
		post(&p->bar, p->page, line);
	}
	return 0;
}

/* The one enqueue body. `op` and `post` are constants of each instance. */
static __rte_always_inline uint16_t
dlb_enqueue(void *port, const struct rte_event ev[], uint16_t n, int op, dlb_post post)
{
	struct dlb_port *p = port;
	struct dlb_burst b = {
		.credits = dlb_credit_take(&p->credit),
		.held = p->held,
		.ev = ev,
		.end = ev + n,
	};
	struct dlb_line line;
	unsigned int i;

	if (unlikely(b.credits == CREDIT_BUSY))
		return wrong_thread(p);

	i = post_lines(p, &b, &line, op, post);
	if (i == 0 && b.end - b.ev < DLB_LINE_HCWS) {
		while (b.ev != b.end && next_hcw(p, &b, op, &line.hcw[i]))
			i++;
	}
	post_part(p, &line, i, post);

	n = (uint16_t)(b.ev - ev);
	p->held = b.held;
	p->stats.tx_new += b.nb_new;
	p->stats.tx_release += b.nb_release;
	p->stats.tx_forward += n - b.nb_new - b.nb_release;
	dlb_credit_put(&p->credit, b.credits);
	return n;
}

uint16_t
dlb_enqueue_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, access_post_call);
}

uint16_t
dlb_enqueue_new_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_NEW, access_post_call);
}

uint16_t
dlb_enqueue_forward_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_FORWARD, access_post_call);
}

/* Complete everything the port holds. A directed port has nothing to complete in the device; either
 * way the credits come back.
 *
 * @return these credits
 */
static __rte_always_inline int32_t
release_held(struct dlb_port *p, dlb_post post)
{
	int32_t credits = (int32_t)p->held;
	uint32_t left = p->directed ? 0 : p->held;

	for (; left >= DLB_LINE_HCWS; left -= DLB_LINE_HCWS)
		post(&p->bar, p->page, &completions[DLB_LINE_HCWS]);
	if (left != 0)
		post(&p->bar, p->page, &completions[left]);

	p->stats.tx_implicit_release += p->held;
	p->held = 0;
	return credits;
}

/* Tokens of n QEs that were read: the device may use their slots again. */
static __rte_always_inline void
return_tokens(const struct dlb_port *p, unsigned int n, dlb_post post)
{
	struct dlb_line line = {
		{{0, COMMAND(DLB_CMD_BAT_T) | REG_PUT(DLB_HCW_TOKENS, n - 1)}},
	};

	post(&p->bar, p->page, &line);
}

static __rte_always_inline void
make_event(struct rte_event *ev, uint64_t data, uint64_t meta, const uint8_t *queue_of,
	   uint64_t flow_mask)
{
	uint64_t queue = queue_of[REG_GET(DLB_QE_QID, meta) % DLB_QUEUES_MAX];

	ev->event = (REG_GET(DLB_QE_LOCK, meta) & flow_mask) | REG_GET(DLB_QE_OPAQUE, meta) << 16 |
		    (REG_GET(DLB_QE_MSG, meta) & 3) << 38 | queue << 40 |
		    REG_GET(DLB_QE_PRIO, meta) << 53;
	ev->u64 = data;
}

/* Read up to n QEs that lie before the end of the ring. A slot is full when its generation bit
 * differs from what the last pass over the ring left there; the ring started out zeroed.
 */
static __rte_always_inline uint16_t
read_run(const struct dlb_port *p, struct rte_event ev[], uint16_t n, uint32_t head)
{
	const uint8_t *slot = p->cq + ((size_t)(head & p->cq_mask) << p->cq_slot_shift);
	const size_t step = (size_t)1 << p->cq_slot_shift;
	const uint64_t old = head >> p->cq_wrap_bit & 1;
	const uint8_t *queue_of = p->queue_of;
	const uint64_t flow_mask = p->flow_mask;
	uint16_t i;

	for (i = 0; i < n; i++, slot += step) {
		const struct dlb_qe *qe = (const struct dlb_qe *)slot;
		/* Pairs with the device showing the last 8 bytes of a QE last: when they are there,
		 * the data is.
		 */
		uint64_t meta = __atomic_load_n(&qe->meta, __ATOMIC_ACQUIRE);

		if (REG_GET(DLB_QE_GEN, meta) == old)
			break;
		make_event(&ev[i], qe->data, meta, queue_of, flow_mask);
	}
	return i;
}

/* Read up to n QEs and give back their slots. */
static __rte_always_inline uint16_t
read_cq(struct dlb_port *p, struct rte_event ev[], uint16_t n, dlb_post post)
{
	uint32_t to_end = p->cq_mask + 1 - (p->cq_head & p->cq_mask);
	uint16_t i = read_run(p, ev, (uint16_t)RTE_MIN((uint32_t)n, to_end), p->cq_head);

	if (unlikely(i == to_end))
		i += read_run(p, ev + i, (uint16_t)RTE_MIN(n - i, (int)p->cq_mask + 1),
			      p->cq_head + i);
	if (i != 0) {
		p->cq_head += i;
		p->held += i;
		p->idle_in_row = 0;
		p->stats.rx_ok += i;
		return_tokens(p, i, post);
	}
	return i;
}

/* The same for a thread that does not have the port's credits, which keep out a second one. */
static __rte_always_inline uint16_t
read_cq_alone(struct dlb_port *p, struct rte_event ev[], uint16_t n, dlb_post post)
{
	int32_t credits = dlb_credit_take(&p->credit);

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p);
	n = read_cq(p, ev, n, post);
	dlb_credit_put(&p->credit, credits);
	return n;
}

/* The CQ is empty. In this process that may only mean that nobody gave the device time. */
static __rte_always_inline uint16_t
poll_empty(struct dlb_port *p, struct rte_event ev[], uint16_t n, dlb_post post)
{
	uint16_t got;

	access_idle(p->access);
	got = read_cq_alone(p, ev, n, post);
	if (got == 0)
		give_way(p);
	return got;
}

static __rte_noinline uint16_t
wait_for_events(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint64_t timeout_ns,
		dlb_post post)
{
	uint64_t cycles = (uint64_t)((unsigned __int128)timeout_ns * rte_get_timer_hz() / NS_PER_S);
	uint64_t start = rte_get_timer_cycles();
	uint16_t got;

	do {
		rte_pause();
		got = poll_empty(p, ev, n, post);
	} while (got == 0 && rte_get_timer_cycles() - start < cycles);
	return got;
}

/* The one dequeue body. Not even a dequeue that waits keeps the port's credits from others. */
static __rte_always_inline uint16_t
dlb_dequeue(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns, dlb_post post)
{
	struct dlb_port *p = port;
	int32_t credits = dlb_credit_take(&p->credit);
	uint16_t got;

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p);
	if (p->held != 0 && p->implicit_release)
		credits += release_held(p, post);
	p->stats.polls++;
	got = read_cq(p, ev, n, post);
	dlb_credit_put(&p->credit, credits);
	if (likely(got != 0))
		return got;
	got = poll_empty(p, ev, n, post);
	if (!p->per_call_timeout)
		timeout_ns = p->timeout_ns;
	if (got == 0 && timeout_ns != 0)
		got = wait_for_events(p, ev, n, timeout_ns, post);
	p->stats.empty_polls += got == 0;
	return got;
}

uint16_t
dlb_dequeue_burst_call(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, access_post_call);
}

#if COMPAT_SINGLE_EVENT_OPS
uint16_t
dlb_enqueue_call(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, access_post_call);
}

uint16_t
dlb_dequeue_call(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, access_post_call);
}
#endif

void
dlb_fast_prepare(struct dlb_port *p)
{
	const struct rte_event_dev_config *conf = &p->dlb->dev->data->dev_conf;
	bool directed = p->kind == DLB_KIND_DIR;

	p->bar = access_bar(p->dlb->access, REG_BAR_0);
	p->page = dlb_hw_page(p);
	p->routes = p->dlb->routes;
	p->queue_of = directed ? p->dlb->dir_queue_of : p->dlb->ldb_queue_of;
	p->cq = p->cq_memory;
	/* A directed port has no history to retire: its forwards are new to the device. */
	p->command[RTE_EVENT_OP_NEW] = COMMAND(DLB_CMD_NEW);
	p->command[RTE_EVENT_OP_FORWARD] = COMMAND(directed ? DLB_CMD_NEW : DLB_CMD_FWD);
	p->command[RTE_EVENT_OP_RELEASE] = COMMAND(directed ? DLB_CMD_NOOP : DLB_CMD_COMP);
	p->cq_mask = p->cq_slots - 1;
	p->cq_head = 0;
	p->cq_wrap_bit = (uint8_t)rte_log2_u32(p->cq_slots);
	p->cq_slot_shift = (uint8_t)rte_log2_u32(dlb_cq_step(p->dlb));
	p->directed = directed;
	p->implicit_release = !(p->conf.event_port_cfg & RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL);
	p->flow_mask = directed ? 0 : UINT16_MAX;
	p->per_call_timeout = conf->event_dev_cfg & RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT;
	p->timeout_ns = conf->dequeue_timeout_ns;
	p->access = p->dlb->access;
	p->gives_way = access_gives_way(p->access);
	p->complained = false;
	p->held = 0;
	p->idle_in_row = 0;
	memset(p->cq_memory, 0, (size_t)p->cq_slots << p->cq_slot_shift);
}

uint16_t
dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n)
{
	/* Nobody is left who could want the credits: the next start counts them anew. */
	if (p->held != 0)
		release_held(p, access_post_call);
	return read_cq(p, ev, n, access_post_call);
}
