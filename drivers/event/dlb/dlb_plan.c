/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The plan of a start. Kinds first, then numbers, then shares of what all queues or all ports of
 * the device have in common, and last the tables the burst functions look things up in.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dlb_plan.h"

/* Every queue and port must have been set up. */
static int
check_set_up(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		if (!dlb->queues[i].set_up) {
			DLB_LOG(ERR, dlb->name,
				"start: queue %u is not set up; set up queues 0..%u first", i,
				dlb_nb_queues(dlb) - 1);
			return -ESTALE;
		}
	}
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i] == NULL || !dlb->ports[i]->set_up) {
			DLB_LOG(ERR, dlb->name,
				"start: port %u is not set up; set up ports 0..%u first", i,
				dlb_nb_ports(dlb) - 1);
			return -ESTALE;
		}
	}
	return 0;
}

/* A single-link port is directed when what it is linked to is a single-link queue, or nothing: it
 * is then a port for enqueuing, which needs none of the scarcer load-balanced ones.
 */
static bool
port_is_directed(const struct dlb *dlb, const struct dlb_port *p)
{
	return dlb_port_is_single(p) &&
	       (p->nb_links == 0 || dlb_queue_is_single(&dlb->queues[p->links[0].queue]));
}

/* Every queue needs a port that takes from it, and a single-link one no more than that: it may have
 * become single-link after it was linked.
 */
static int
check_links(const struct dlb *dlb)
{
	unsigned int nb_links[DLB_QUEUES_MAX] = {0};
	unsigned int i, j;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		for (j = 0; j < dlb->ports[i]->nb_links; j++)
			nb_links[dlb->ports[i]->links[j].queue]++;
	}
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		if (nb_links[i] == 0) {
			DLB_LOG(ERR, dlb->name,
				"start: queue %u is linked to no port; link queues 0..%u first", i,
				dlb_nb_queues(dlb) - 1);
			return -ENOLINK;
		}
		if (dlb_queue_is_single(&dlb->queues[i]) && nb_links[i] > 1) {
			DLB_LOG(ERR, dlb->name,
				"start: queue %u is single-link, linked to %u ports; accepted: 1",
				i, nb_links[i]);
			return -EDQUOT;
		}
	}
	return 0;
}

static int
settle_kinds(struct dlb *dlb)
{
	unsigned int i, nb_dir_queues = 0;

	for (i = 0; i < dlb_nb_queues(dlb); i++)
		dlb->queues[i].kind = DLB_KIND_LDB;

	dlb->nb_ldb_ports = dlb->nb_dir_ports = 0;
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		memset(p->slots, 0, sizeof(p->slots));
		if (!port_is_directed(dlb, p)) {
			p->kind = DLB_KIND_LDB;
			p->hw = (uint8_t)dlb->nb_ldb_ports++;
			continue;
		}
		p->kind = DLB_KIND_DIR;
		p->hw = (uint8_t)dlb->nb_dir_ports++;
		if (p->nb_links != 0) {
			dlb->queues[p->links[0].queue].kind = DLB_KIND_DIR;
			dlb->queues[p->links[0].queue].hw = p->hw;
			nb_dir_queues++;
		}
	}

	dlb->nb_ldb_queues = 0;
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		if (dlb->queues[i].kind == DLB_KIND_LDB)
			dlb->queues[i].hw = (uint8_t)dlb->nb_ldb_queues++;
	}
	return (int)nb_dir_queues;
}

static int
check_kinds(const struct dlb *dlb)
{
	if (dlb->nb_ldb_queues > DLB_LDB_QUEUES) {
		DLB_LOG(ERR, dlb->name,
			"start: %u load-balanced queues, the device has %u; make some single-link "
			"and link them to single-link ports",
			dlb->nb_ldb_queues, DLB_LDB_QUEUES);
		return -ENOSPC;
	}
	if (dlb->nb_ldb_ports > DLB_LDB_PORTS) {
		DLB_LOG(ERR, dlb->name,
			"start: %u load-balanced ports, the device has %u; make some single-link "
			"and link them to single-link queues",
			dlb->nb_ldb_ports, DLB_LDB_PORTS);
		return -ENOSPC;
	}
	if (dlb->nb_dir_ports > dlb_dir_ports_max(dlb)) {
		DLB_LOG(ERR, dlb->name, "start: %u directed ports, the device has %u",
			dlb->nb_dir_ports, dlb_dir_ports_max(dlb));
		return -ENOSPC;
	}
	return 0;
}

/* Directed storage of a 2.0 is smaller than the rest of it, and the limit holds for both. */
static void
settle_events_limit(struct dlb *dlb, bool any_dir_queue)
{
	dlb->events_limit = dlb->dev->data->dev_conf.nb_events_limit;
	if (dlb->args.version == DLB_V20 && any_dir_queue && dlb->events_limit > DLB_DIR_CREDITS) {
		DLB_LOG(NOTICE, dlb->name,
			"nb_events_limit %d lowered to %d: directed queues of 2.0 hold no more",
			dlb->events_limit, DLB_DIR_CREDITS);
		dlb->events_limit = DLB_DIR_CREDITS;
	}
}

/* A queue that one port alone takes from keeps its order without sequence numbers. */
static bool
wants_order(const struct dlb_queue *q)
{
	return q->kind == DLB_KIND_LDB && !dlb_queue_is_single(q) &&
	       ((q->conf.event_queue_cfg & RTE_EVENT_QUEUE_CFG_ALL_TYPES) ||
		q->conf.schedule_type == RTE_SCHED_TYPE_ORDERED);
}

/* Sequence numbers asked for, as a window the device can have. */
static unsigned int
wanted_window(const struct dlb_queue *q)
{
	unsigned int wanted = RTE_MAX(q->conf.nb_atomic_order_sequences, (uint32_t)DLB_SN_MIN);

	return rte_align32pow2(RTE_MIN(wanted, (unsigned int)DLB_SN_PER_GROUP));
}

static int
by_wanted_window(const void *a, const void *b)
{
	const struct dlb_queue *const *qa = a, *const *qb = b;

	return (int)wanted_window(*qb) - (int)wanted_window(*qa);
}

/* How good is a pair of group modes? Compared member by member, in this order. */
struct window_score {
	unsigned int smallest; /**< of what queues get of what they want */
	unsigned int wanted;   /**< sum of that */
	unsigned int total;    /**< sum of all windows: more inflight events never hurt */
};

static bool
is_better(const struct window_score *a, const struct window_score *b)
{
	if (a->smallest != b->smallest)
		return a->smallest > b->smallest;
	if (a->wanted != b->wanted)
		return a->wanted > b->wanted;
	return a->total > b->total;
}

static unsigned int
mode_window(unsigned int mode)
{
	return (unsigned int)DLB_SN_MIN << mode;
}

static unsigned int
mode_slots(unsigned int mode)
{
	return DLB_SN_PER_GROUP / mode_window(mode);
}

/* Queues come in falling order of what they want, so the first ones belong into the group with the
 * larger windows, which is group 0. Score 0: they do not all fit.
 */
static struct window_score
score_modes(struct dlb_queue *const queues[], unsigned int n, const uint8_t modes[DLB_SN_GROUPS])
{
	struct window_score score = {.smallest = DLB_SN_PER_GROUP};
	unsigned int i;

	if (n > mode_slots(modes[0]) + mode_slots(modes[1]))
		return (struct window_score){0};
	for (i = 0; i < n; i++) {
		unsigned int window = mode_window(modes[i >= mode_slots(modes[0])]);
		unsigned int useful = RTE_MIN(window, wanted_window(queues[i]));

		score.smallest = RTE_MIN(score.smallest, useful);
		score.wanted += useful;
		score.total += window;
	}
	return score;
}

static void
choose_modes(struct dlb *dlb, struct dlb_queue *const queues[], unsigned int n)
{
	struct window_score best = {0};
	uint8_t modes[DLB_SN_GROUPS];

	for (modes[0] = 0; modes[0] < DLB_SN_MODES; modes[0]++) {
		for (modes[1] = 0; modes[1] <= modes[0]; modes[1]++) {
			struct window_score score = score_modes(queues, n, modes);

			if (is_better(&score, &best)) {
				best = score;
				dlb->sn_mode[0] = modes[0];
				dlb->sn_mode[1] = modes[1];
			}
		}
	}
}

static void
assign_window(struct dlb *dlb, struct dlb_queue *q, unsigned int i)
{
	unsigned int first = mode_slots(dlb->sn_mode[0]);

	q->ordered = true;
	q->sn_group = i >= first;
	q->sn_slot = (uint8_t)(q->sn_group ? i - first : i);
	q->sn_mode = dlb->sn_mode[q->sn_group];
	q->inflight_limit = (uint16_t)mode_window(q->sn_mode);
}

/* One line for all queues that were not given what they asked for. */
static void
log_short_windows(const struct dlb *dlb, struct dlb_queue *const queues[], unsigned int n)
{
	const struct dlb_queue *example = NULL;
	unsigned int i, nb_short = 0;

	for (i = 0; i < n; i++) {
		if (queues[i]->inflight_limit >= queues[i]->conf.nb_atomic_order_sequences)
			continue;
		example = queues[i];
		nb_short++;
	}
	if (nb_short != 0)
		DLB_LOG(NOTICE, dlb->name,
			"%u of %u queues that can order get fewer sequence numbers than they asked "
			"for, queue %u %u instead of %u: the largest that fit into 2 x %u; "
			"qid_<n>_sequence_numbers tells the rest",
			nb_short, n, (unsigned int)(example - dlb->queues), example->inflight_limit,
			example->conf.nb_atomic_order_sequences, DLB_SN_PER_GROUP);
}

/* The two reorder groups hold 1024 sequence numbers each, cut into slots of one size per group. At
 * the smallest size there is one for each of the 32 queues, so this always works out.
 */
static void
settle_windows(struct dlb *dlb)
{
	struct dlb_queue *queues[DLB_LDB_QUEUES];
	unsigned int i, n = 0;

	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		struct dlb_queue *q = &dlb->queues[i];

		q->ordered = false;
		q->sn_group = q->sn_slot = q->sn_mode = 0;
		q->inflight_limit = DLB_QID_INFLIGHTS;
		q->maps_pending = 0;
		if (wants_order(q))
			queues[n++] = q;
	}
	dlb->sn_mode[0] = dlb->sn_mode[1] = 0;
	qsort(queues, n, sizeof(queues[0]), by_wanted_window);
	choose_modes(dlb, queues, n);
	for (i = 0; i < n; i++)
		assign_window(dlb, queues[i], i);
	log_short_windows(dlb, queues, n);
}

/* Atomic storage is shared out evenly; 32 queues get 64 entries each. */
static void
settle_atomic_storage(struct dlb *dlb)
{
	unsigned int share = DLB_AQED_ENTRIES / RTE_MAX(dlb->nb_ldb_queues, 1u);
	unsigned int i;

	for (i = 0; i < dlb_nb_queues(dlb); i++)
		dlb->queues[i].atomic_limit = (uint16_t)rte_align32prevpow2(share);
}

/* A port can hold two full CQs of unfinished events, or its share of what there is if less. */
static void
settle_history(struct dlb *dlb)
{
	unsigned int share = DLB_HIST_ENTRIES / RTE_MAX(dlb->nb_ldb_ports, 1u);
	unsigned int i, base = 0;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		if (p->kind != DLB_KIND_LDB)
			continue;
		p->history_base = (uint16_t)base;
		p->history_size = (uint16_t)RTE_MIN(2 * p->cq_slots, share);
		base += p->history_size;
	}
}

/* How the device schedules an event of this type sent to this queue: false when it does not. */
static bool
sched_of(const struct dlb *dlb, const struct dlb_queue *q, uint8_t type, enum dlb_sched *sched)
{
	bool all_types = (q->conf.event_queue_cfg & RTE_EVENT_QUEUE_CFG_ALL_TYPES) ||
			 dlb_queue_is_single(q);

	if (q->kind == DLB_KIND_DIR) {
		*sched = DLB_DIRECTED;
		return true;
	}
	if (!all_types && type != q->conf.schedule_type)
		return false;
	/* Without sequence numbers there is one port at most, and what one port takes in turn, it
	 * has in order.
	 */
	if (type == RTE_SCHED_TYPE_ATOMIC)
		*sched = DLB_ATOMIC;
	else if (q->ordered && (type == RTE_SCHED_TYPE_ORDERED || dlb->args.parallel_is_ordered))
		*sched = DLB_ORDERED;
	else
		*sched = DLB_UNORDERED;
	return true;
}

/* The type the application sent travels in msg_type, so that it comes back whatever the device made
 * of it.
 */
static uint32_t
route_to(const struct dlb *dlb, const struct dlb_queue *q, uint8_t type)
{
	enum dlb_sched sched;

	if (!sched_of(dlb, q, type, &sched))
		return DLB_NO_ROUTE;
	return (uint32_t)(REG_PUT(DLB_QE_QID, q->hw) | REG_PUT(DLB_QE_SCHED, sched) |
			  REG_PUT(DLB_QE_MSG, type));
}

static void
settle_routes(struct dlb *dlb)
{
	unsigned int i;
	uint8_t type;

	for (i = 0; i < DLB_ROUTES; i++)
		dlb->routes[i] = DLB_NO_ROUTE;
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		const struct dlb_queue *q = &dlb->queues[i];

		if (q->kind == DLB_KIND_DIR)
			dlb->dir_queue_of[q->hw] = (uint8_t)i;
		else
			dlb->ldb_queue_of[q->hw] = (uint8_t)i;
		for (type = RTE_SCHED_TYPE_ORDERED; type <= RTE_SCHED_TYPE_PARALLEL; type++)
			dlb->routes[i << 2 | type] = route_to(dlb, q, type);
	}
}

int
dlb_plan(struct dlb *dlb)
{
	int ret = check_set_up(dlb);
	int nb_dir_queues;

	if (ret < 0)
		return ret;
	ret = check_links(dlb);
	if (ret < 0)
		return ret;
	nb_dir_queues = settle_kinds(dlb);
	ret = check_kinds(dlb);
	if (ret < 0)
		return ret;
	settle_events_limit(dlb, nb_dir_queues != 0);
	settle_windows(dlb);
	settle_atomic_storage(dlb);
	settle_history(dlb);
	settle_routes(dlb);
	return 0;
}
