/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_LINE_H
#define SLIPWAY_DLB_LINE_H

/**
 * @file
 * Lines to a port's page. Where the device is in this process the page is a ring in memory, so a
 * line is made in its place, and all lines of a burst are shown to the device at once; else each
 * is made on the stack and posted.
 */

#include "dlb_event.h"

/** How the device is reached, and what the ports do; a constant of each instance of the burst
 * functions.
 */
enum dlb_way {
	CALL = 0,  /**< lines go into a ring, and the device gets on when it is called */
	MMIO = 1,  /**< its pages are mapped, and it has a clock of its own */
	MODES = 2, /**< ports have modes to look at: dlb_port.pop */
};

/** A line of n times the same HCW, and nothing behind. */
static __rte_always_inline void
dlb_line_fill(struct dlb_line *line, dlb_hcw hcw, uint32_t n)
{
	const dlb_hcw noop = {0, 0};

	line->hcw[0] = hcw;
	line->hcw[1] = n > 1 ? hcw : noop;
	line->hcw[2] = n > 2 ? hcw : noop;
	line->hcw[3] = n > 3 ? hcw : noop;
}

/**
 * The port's ring is full: show the device what is in it, and call it, which has it make room when
 * it finds none. What it then has is for the caller to look at: when somebody else has taken lines
 * meanwhile, the call itself may have filled the last place.
 */
void dlb_line_make_room(struct dlb_port *p);

/* Where the next line goes in the ring. */
static __rte_always_inline struct dlb_line *
dlb_line_slot(struct dlb_port *p)
{
	while (unlikely(!line_ring_has_room(&p->poster)))
		dlb_line_make_room(p);
	return line_ring_slot(&p->poster);
}

/** Where the next line is to be made. In a port with modes, another line may be done before it. */
static __rte_always_inline struct dlb_line *
dlb_line_next(struct dlb_port *p, struct dlb_line *here, enum dlb_way way)
{
	return way == CALL ? dlb_line_slot(p) : here;
}

/** It is made. */
static __rte_always_inline void
dlb_line_done(struct dlb_port *p, const struct dlb_line *line, enum dlb_way way)
{
	struct dlb_line *slot;

	if (way & MMIO) {
		access_post_mmio(&p->bar, p->page, line);
		return;
	}
	if (way & MODES) {
		slot = dlb_line_slot(p);
		for (unsigned int i = 0; i < DLB_LINE_HCWS; i++)
			slot->hcw[i] = line->hcw[i];
	}
	p->poster.head++;
}

/** Show the device all lines that were made. */
static __rte_always_inline void
dlb_line_publish(const struct dlb_port *p, enum dlb_way way)
{
	if (!(way & MMIO))
		line_ring_publish(&p->poster);
}

#endif /* SLIPWAY_DLB_LINE_H */
