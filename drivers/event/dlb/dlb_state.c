/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_common.h>

#include "dlb_hw.h"
#include "dlb_map.h"
#include "dlb_state.h"

const char *
dlb_wait_name(enum dlb_wait wait)
{
	static const char *const names[DLB_WAITS] = {
		[DLB_WAIT_NOTHING] = "nothing",
		[DLB_WAIT_TURN] = "its turn",
		[DLB_WAIT_NOT_LINKED] = "a link to a port",
		[DLB_WAIT_PAUSED] = "a new link, which waits for releases",
		[DLB_WAIT_UNLINK] = "an unlink, which waits for releases",
		[DLB_WAIT_TOKENS] = "room in a full consumer queue",
		[DLB_WAIT_HISTORY] = "room in a full history list",
		[DLB_WAIT_INFLIGHT] = "the inflight limit of the queue",
		[DLB_WAIT_REORDER] = "the release of an older event",
		[DLB_WAIT_PINNED] = "the port that has the flow",
	};

	return names[wait];
}

static uint32_t
tokens_used(const struct dlb_port *p)
{
	return dlb_reg_read(p->dlb,
			    p->kind == DLB_KIND_LDB ? DLB_LSP_CQ_LDB_TKN_CNT
						    : DLB_LSP_CQ_DIR_TKN_CNT,
			    p->hw);
}

static uint32_t
port_inflight(const struct dlb_port *p)
{
	return p->kind == DLB_KIND_LDB ? dlb_reg_read(p->dlb, DLB_LSP_CQ_LDB_INFL_CNT, p->hw) : 0;
}

/* What keeps the device from scheduling to the port? */
static enum dlb_wait
port_wait(const struct dlb_port *p)
{
	if (dlb_map_removals_pending(p) != 0)
		return DLB_WAIT_UNLINK;
	if (p->kind == DLB_KIND_LDB && port_inflight(p) >= p->history_size)
		return DLB_WAIT_HISTORY;
	if (tokens_used(p) >= p->cq_slots)
		return DLB_WAIT_TOKENS;
	return DLB_WAIT_NOTHING;
}

static uint32_t
port_leased(const struct dlb_port *p)
{
	int32_t unused = atomic_load_explicit(&p->credit.unused, memory_order_relaxed);

	return unused > 0 ? (uint32_t)unused : 0;
}

void
dlb_state_of_port(const struct dlb_port *p, struct dlb_port_state *state)
{
	uint32_t used = tokens_used(p) - p->tokens_preset;

	*state = (struct dlb_port_state){
		.fill = used - RTE_MIN(used, (uint32_t)p->owed),
		.depth = p->cq_slots - p->tokens_preset,
		.owed = p->owed,
		.held = p->held,
		.inflight = port_inflight(p),
		.leased = port_leased(p),
		.wait = port_wait(p),
	};
}

void
dlb_state_of_device(const struct dlb *dlb, struct dlb_device_state *state)
{
	uint32_t elsewhere = 0;
	unsigned int i;

	*state = (struct dlb_device_state){
		.inside = (uint32_t)(dlb->credits.limit - dlb_credit_unused(&dlb->credits)),
		.pool = (uint32_t)atomic_load_explicit(&dlb->credits.unused, memory_order_relaxed),
	};
	for (i = 0; i < dlb_nb_queues(dlb); i++)
		elsewhere += dlb_hw_queue_depth(dlb, &dlb->queues[i]);
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port_state port;

		dlb_state_of_port(dlb->ports[i], &port);
		elsewhere += port.fill + port.held;
		state->leased += port.leased;
	}
	state->parked = state->inside - RTE_MIN(state->inside, elsewhere);
}

static bool
takes_from(const struct dlb_port *p, unsigned int queue)
{
	unsigned int i;

	for (i = 0; p->kind == DLB_KIND_LDB && i < DLB_CQ_SLOTS; i++) {
		if (p->slots[i].state != DLB_SLOT_FREE && p->slots[i].state != DLB_SLOT_MAPPING &&
		    p->slots[i].link.queue == queue)
			return true;
	}
	return p->kind == DLB_KIND_DIR && p->nb_links != 0 && p->links[0].queue == queue;
}

/* The ports that take from a queue. */
struct takers {
	unsigned int open, blocked;
	enum dlb_wait why; /* of the last one that is blocked */
};

static struct takers
find_takers(const struct dlb *dlb, unsigned int queue)
{
	struct takers takers = {.why = DLB_WAIT_NOT_LINKED};
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];
		enum dlb_wait why;

		if (!takes_from(p, queue))
			continue;
		why = port_wait(p);
		if (why == DLB_WAIT_NOTHING) {
			takers.open++;
			continue;
		}
		takers.blocked++;
		takers.why = why;
	}
	return takers;
}

/* Somebody would take from the queue: why do its events stay? */
static enum dlb_wait
wait_with_room(const struct dlb *dlb, const struct dlb_queue *q,
	       const struct dlb_queue_state *state, const struct takers *takers)
{
	struct dlb_device_state device;

	if (state->atomic != 0 && takers->blocked != 0)
		return DLB_WAIT_PINNED;
	if (!q->ordered || state->other == 0)
		return DLB_WAIT_TURN;
	dlb_state_of_device(dlb, &device);
	return state->inflight + device.parked >= q->inflight_limit ? DLB_WAIT_REORDER
								    : DLB_WAIT_TURN;
}

static enum dlb_wait
queue_wait(const struct dlb *dlb, unsigned int queue, const struct dlb_queue_state *state)
{
	const struct dlb_queue *q = &dlb->queues[queue];
	struct takers takers;

	if (state->atomic + state->other == 0)
		return DLB_WAIT_NOTHING;
	if (q->kind == DLB_KIND_LDB && q->maps_pending != 0)
		return DLB_WAIT_PAUSED;
	takers = find_takers(dlb, queue);
	if (takers.open == 0)
		return takers.why;
	if (q->kind == DLB_KIND_LDB && state->inflight >= q->inflight_limit)
		return DLB_WAIT_INFLIGHT;
	return wait_with_room(dlb, q, state, &takers);
}

void
dlb_state_of_queue(const struct dlb *dlb, unsigned int queue, struct dlb_queue_state *state)
{
	const struct dlb_queue *q = &dlb->queues[queue];

	*state = (struct dlb_queue_state){0};
	if (q->kind == DLB_KIND_DIR) {
		state->atomic = dlb_reg_read(dlb, DLB_LSP_QID_DIR_ENQUEUE_CNT, q->hw);
	} else {
		state->atomic = dlb_reg_read(dlb, DLB_LSP_QID_AQED_ACTIVE_CNT, q->hw) +
				dlb_reg_read(dlb, DLB_LSP_QID_ATM_ACTIVE, q->hw);
		state->other = dlb_reg_read(dlb, DLB_LSP_QID_LDB_ENQUEUE_CNT, q->hw);
		state->inflight = dlb_reg_read(dlb, DLB_LSP_QID_LDB_INFL_CNT, q->hw);
	}
	state->wait = queue_wait(dlb, queue, state);
}
