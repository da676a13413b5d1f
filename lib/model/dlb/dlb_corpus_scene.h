/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_CORPUS_SCENE_H
#define SLIPWAY_DLB_CORPUS_SCENE_H

/**
 * @file
 * What scenes of the corpus are made of, and those that are not in dlb_corpus.c.
 */

#include "dlb_test_rig.h"

/* dlb_corpus_extra.c */

void dlb_scene_interrupts_packed(struct rig *r);
void dlb_scene_interrupts_compressed(struct rig *r);
void dlb_scene_interrupts_written(struct rig *r);
void dlb_scene_watchdogs(struct rig *r);
void dlb_scene_arbitration(struct rig *r);
void dlb_scene_work_units(struct rig *r);
void dlb_scene_monitors(struct rig *r);

static inline void
config16(struct rig *r, uint32_t off, uint32_t value)
{
	unsigned char bytes[2] = {(unsigned char)value, (unsigned char)(value >> 8)};

	r->dev->ops->config(r->dev, (uint16_t)off, bytes, sizeof(bytes), true);
}

/* Where a capability begins. */
static inline uint32_t
capability(struct rig *r, unsigned int id)
{
	unsigned char head[2] = {0, 0x40}, at = 0;

	r->dev->ops->config(r->dev, 0x34, &at, 1, false);
	for (unsigned int hops = 0; at != 0 && hops < 48; hops++, at = head[1]) {
		r->dev->ops->config(r->dev, at, head, sizeof(head), false);
		if (head[0] == id)
			break;
	}
	return at;
}

/* Read what there is and finish it, or pass it on to another queue. */
static inline void
consume(struct rig *r, uint32_t port, bool on)
{
	struct dlb_qe qe;

	while (r->port[port].made && rig_poll(r, port, &qe)) {
		if (on)
			rig_forward(r, port, DLB_ATOMIC, 0, (uint32_t)qe.data, qe.data);
		else
			rig_complete(r, port);
		rig_tokens(r, port, 1);
	}
}

static inline void
traffic(struct rig *r, enum dlb_sched sched, uint32_t events)
{
	for (uint32_t n = 0; n < events; n++)
		rig_new(r, sched, 0, n % 3, n);
	rig_step(r);
	consume(r, 0, true);
	rig_step(r);
	for (uint32_t p = 3; p-- > 0;)
		consume(r, p, false);
	rig_step(r);
}

static inline void
directed(struct rig *r, uint32_t port)
{
	rig_dir_port(r, 0, port, 8);
	rig_dir_queue(r, 0, port, 8);
	rig_start(r, 0);
}

#endif /* SLIPWAY_DLB_CORPUS_SCENE_H */
