/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_DEQUEUE_H
#define SLIPWAY_DLB_FAST_DEQUEUE_H

/**
 * @file
 * From the consumer queue to events: read it, poll it, sleep until something is in it.
 */

#include <rte_cycles.h>
#include <rte_pause.h>

#include "dlb_fast_port.h"
#include "dlb_four.h"
#include "dlb_sleep.h"

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
	uint64_t flip = old << DLB_QE_GEN_LO, queue, flow_mask = p->flow_mask;

	if (!((m0 ^ flip) & (m1 ^ flip) & (m2 ^ flip) & (m3 ^ flip) & REG_MASK(DLB_QE_GEN)) ||
	    (((m0 ^ m1) | (m0 ^ m2) | (m0 ^ m3)) & REG_MASK(DLB_QE_QID)))
		return false;
	queue = (uint64_t)p->queue_of[REG_GET(DLB_QE_QID, m0) % DLB_QUEUES_MAX] << 40;
	to[0] = dlb_event_of(*(const dlb_hcw *)q0, queue, flow_mask);
	to[1] = dlb_event_of(*(const dlb_hcw *)q1, queue, flow_mask);
	to[2] = dlb_event_of(*(const dlb_hcw *)q2, queue, flow_mask);
	to[3] = dlb_event_of(*(const dlb_hcw *)q3, queue, flow_mask);
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

/* Read up to n QEs and give back their slots; post the completions that are left. */
static __rte_always_inline uint16_t
read_cq(struct dlb_port *p, struct rte_event ev[], uint16_t n, uint32_t completions,
	enum dlb_way way)
{
	uint32_t to_end = p->cq_mask + 1 - (p->cq_head & p->cq_mask);
	uint16_t i = read_run(p, ev, (uint16_t)RTE_MIN((uint32_t)n, to_end), p->cq_head, way);

	if (unlikely(i == to_end))
		i += read_run(p, ev + i, (uint16_t)RTE_MIN(n - i, (int)p->cq_mask + 1),
			      p->cq_head + i, way);
	if (i == 0) {
		post_rest(p, completions, way);
		return 0;
	}
	p->cq_head += i;
	p->held += i;
	p->idle_in_row = 0;
	p->stats.rx_ok += i;
	if ((way & MODES) && p->pop != DLB_POP_AUTO) {
		post_rest(p, completions, way);
		p->owed += i;
	} else {
		return_tokens(p, i, completions, way);
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
	n = read_cq(p, ev, n, 0, way);
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
	uint32_t completions = 0;
	uint16_t got;

	if (unlikely(credits == CREDIT_BUSY))
		return wrong_thread(p);
	if (p->held != 0 && p->implicit_release)
		completions = release_held(p, &credits, way);
	if ((way & MODES) && p->pop == DLB_POP_DEFERRED)
		return_owed(p, way);
	p->stats.polls++;
	got = read_cq(p, ev, n, completions, way);
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

#endif /* SLIPWAY_DLB_FAST_DEQUEUE_H */
