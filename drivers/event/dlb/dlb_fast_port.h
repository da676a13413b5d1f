/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FAST_PORT_H
#define SLIPWAY_DLB_FAST_PORT_H

/**
 * @file
 * What enqueues and dequeues have in common: fences, tokens, releases, and giving way. Part of
 * dlb_fast.c, as are the other dlb_fast_*.h.
 */

#include <errno.h>
#include <sched.h>

#include <rte_errno.h>

#include "dlb_line.h"

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

/* Tokens of n QEs that were read: the device may use their slots again. Completions that were not
 * posted yet go ahead of them in the same line. No fence, even where the line is a store of the weak
 * kind: no store of an x86 goes before a load that is older.
 */
static __rte_always_inline void
return_tokens(struct dlb_port *p, unsigned int n, uint32_t completions, enum dlb_way way)
{
	const dlb_hcw tokens = {
		0, DLB_COMMAND(DLB_CMD_BAT_T) | REG_PUT(DLB_HCW_TOKENS, n - 1)};
	struct dlb_line here, *line = dlb_line_next(p, &here, way);

	dlb_line_fill(line, DLB_COMP, completions);
	line->hcw[completions] = tokens;
	dlb_line_done(p, line, way);
	dlb_line_publish(p, way);
}

/* Return all tokens that were kept back. */
static __rte_always_inline void
return_owed(struct dlb_port *p, enum dlb_way way)
{
	if (p->owed != 0)
		return_tokens(p, p->owed, 0, way);
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

/* A line of n completions, 1 to 4. */
static __rte_always_inline void
post_completions(struct dlb_port *p, uint32_t n, enum dlb_way way)
{
	struct dlb_line here, *line = dlb_line_next(p, &here, way);

	dlb_line_fill(line, DLB_COMP, n);
	dlb_line_done(p, line, way);
}

/* The last completions of a burst, fewer than a line of them. */
static __rte_always_inline void
post_rest(struct dlb_port *p, uint32_t n, enum dlb_way way)
{
	if (n == 0)
		return;
	post_completions(p, n, way);
	dlb_line_publish(p, way);
}

/* Complete everything the port holds; the credits come back. A directed port has nothing to complete
 * in the device. What does not fill a line is left to the caller, who may have tokens to return too.
 *
 * @return completions that are still to be posted
 */
static __rte_always_inline uint32_t
release_held(struct dlb_port *p, int32_t *credits, enum dlb_way way)
{
	uint32_t left = p->directed ? 0 : p->held;

	*credits += (int32_t)p->held;
	p->stats.tx_implicit_release += p->held;
	p->held = 0;
	if (left == 0)
		return 0;
	order_stores(way);
	count_releases(p, left, way);
	if (left >= DLB_LINE_HCWS) {
		for (; left >= DLB_LINE_HCWS; left -= DLB_LINE_HCWS)
			post_completions(p, DLB_LINE_HCWS, way);
		dlb_line_publish(p, way);
	}
	return left;
}

#endif /* SLIPWAY_DLB_FAST_PORT_H */
