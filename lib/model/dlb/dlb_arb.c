/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_arb.h"

/* The outer choices of section 7.6: class of service, then CQ. Class c is the CQs 16c to 16c + 15.
 *
 *   turn 0 .. 255:  | class 0 | class 1 | class 2 | class 3 | nobody's: one after the other |
 *
 * A class that can use none of its turns is idle until something moves. Its turns go, one after the
 * other, to the classes that may have more than their own.
 */

#define ALL_CLASSES ((1u << DLB_COS) - 1)

/* One QE for the class's CQs, which take turns; false when none can have one. */
static bool
class_serve(struct dlb_model *m, uint32_t class)
{
	for (uint32_t k = 1; k <= DLB_COS_PORTS; k++) {
		uint32_t id = class * DLB_COS_PORTS + (m->arb.cos_last[class] + k) % DLB_COS_PORTS;
		struct dlb_cq *cq = &m->cq[id];

		if (!(cq->queues & m->work) || !dlb_cq_has_room(cq) || !dlb_weight_cq(m, cq))
			continue;
		m->arb.cos_last[class] = (uint8_t)(id % DLB_COS_PORTS);
		return true;
	}
	return false;
}

/* One turn: its owner's, or somebody's who may have it; false when it is lost. Who had nothing to
 * do is noted as idle.
 */
static bool
turn_take(struct dlb_model *m, uint32_t *idle)
{
	struct dlb_arb *a = &m->arb;
	uint32_t owner = dlb_wheel_turn(&a->cos, &a->cos_turn), first = a->cos_extra;

	if (owner == DLB_ARB_ANY)
		owner = a->cos_spare = (a->cos_spare + 1) % DLB_COS;
	for (uint32_t k = 0; k <= DLB_COS; k++) {
		uint32_t c = k == 0 ? owner : (first + k) % DLB_COS;

		if ((*idle >> c & 1) || (k != 0 && (a->cos_no_extra >> c & 1)))
			continue;
		if (k != 0)
			a->cos_extra = (uint8_t)c;
		if (class_serve(m, c))
			return true;
		*idle |= 1u << c;
	}
	return false;
}

static void
directed_serve(struct dlb_model *m, uint32_t id)
{
	while ((m->dir_work[id / 64] >> id % 64 & 1) && dlb_weight_directed(m, id))
		;
}

void
dlb_arb_schedule(struct dlb_model *m)
{
	uint32_t idle = m->arb.cos_never;

	for (uint32_t half = 0; half < 2; half++)
		for (uint64_t work = m->dir_work[half]; work != 0; work &= work - 1)
			directed_serve(m, half * 64 + (uint32_t)__builtin_ctzll(work));
	while (m->work != 0 && idle != ALL_CLASSES) {
		uint64_t holds = m->holds;

		/* What was held for a CQ, or is no longer in another one's way, may go now. */
		if (turn_take(m, &idle) || m->holds != holds)
			idle = m->arb.cos_never;
	}
}
