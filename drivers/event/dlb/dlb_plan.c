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

#include "dlb_domain.h"
#include "dlb_plan.h"

/* History entries of a port when it is to have what other drivers of the device give it. */
#define SHORT_HISTORY 32

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

/* Numbers are places in what the domain will be given. Returns how many queues are directed. */
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

/* Directed storage of a 2.0 is smaller than the rest of it, and the limit holds for both. */
static void
settle_events_limit(struct dlb *dlb, bool any_dir_queue)
{
	bool own_storage = dlb->args.version == DLB_V20 && any_dir_queue;
	int32_t most = own_storage ? (int32_t)dlb_domain_limit(dlb, DLB_RES_DIR_CREDITS)
				   : INT32_MAX;

	dlb->events_limit = dlb->dev->data->dev_conf.nb_events_limit;
	if (dlb->events_limit > most && most > 0) {
		DLB_LOG(NOTICE, dlb->name,
			"nb_events_limit %d lowered to %d: directed queues of 2.0 hold no more",
			dlb->events_limit, most);
		dlb->events_limit = most;
	}
	dlb->dir_credits = own_storage ? (uint32_t)dlb->events_limit : 0;
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

static void
assign_window(struct dlb_queue *q, const struct dlb_window *window)
{
	q->ordered = true;
	q->sn_group = window->group;
	q->sn_slot = window->slot;
	q->sn_mode = window->mode;
	q->inflight_limit = (uint16_t)(DLB_SN_MIN << window->mode);
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

/* Queues that can order, in falling order of what they want. */
static unsigned int
list_ordered(struct dlb *dlb, struct dlb_queue *queues[DLB_LDB_QUEUES])
{
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
	qsort(queues, n, sizeof(queues[0]), by_wanted_window);
	return n;
}

/* The two reorder groups hold 1024 sequence numbers each, cut into slots of one size per group. At
 * the smallest size there is one for each of the 32 queues, so alone on a device this works out.
 */
static int
settle_windows(struct dlb *dlb)
{
	struct dlb_window windows[DLB_LDB_QUEUES];
	struct dlb_queue *queues[DLB_LDB_QUEUES];
	uint16_t wanted[DLB_LDB_QUEUES];
	unsigned int i, n = list_ordered(dlb, queues);
	int ret;

	for (i = 0; i < n; i++)
		wanted[i] = (uint16_t)wanted_window(queues[i]);
	ret = dlb_domain_take_windows(dlb, wanted, n, windows);
	if (ret < 0)
		return ret;
	for (i = 0; i < n; i++)
		assign_window(queues[i], &windows[i]);
	log_short_windows(dlb, queues, n);
	return 0;
}

/* Atomic storage is shared out evenly; 32 queues that have it all get 64 entries each. */
static uint32_t
settle_atomic_storage(struct dlb *dlb)
{
	unsigned int share = dlb_domain_limit(dlb, DLB_RES_ATOMIC) /
			     RTE_MAX(dlb->nb_ldb_queues, 1u);
	unsigned int i, limit = share != 0 ? rte_align32prevpow2(share) : 0;

	for (i = 0; i < dlb_nb_queues(dlb); i++)
		dlb->queues[i].atomic_limit = (uint16_t)limit;
	return dlb->nb_ldb_queues * RTE_MAX(limit, 1u);
}

/* History entries that ports asked for, and how many ports left it to us. */
static unsigned int
history_wanted(const struct dlb *dlb, unsigned int *nb_others)
{
	unsigned int i, wanted = 0;

	*nb_others = 0;
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		if (p->kind != DLB_KIND_LDB)
			continue;
		wanted += p->history_wanted;
		*nb_others += p->history_wanted == 0;
	}
	return wanted;
}

static unsigned int
usual_history(const struct dlb_port *p)
{
	return p->dlb->args.short_history ? SHORT_HISTORY : 2 * p->cq_slots;
}

/* A port can hold as many unfinished events as it asked for, else two full CQs of them, or its
 * share of what is left if that is less.
 */
static uint32_t
settle_history(struct dlb *dlb)
{
	unsigned int nb_others, wanted = history_wanted(dlb, &nb_others);
	unsigned int limit = dlb_domain_limit(dlb, DLB_RES_HISTORY);
	unsigned int share = (limit - RTE_MIN(limit, wanted)) / RTE_MAX(nb_others, 1u);
	unsigned int i, sum = 0;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		if (p->kind != DLB_KIND_LDB)
			continue;
		/* Without one entry a port could take nothing: the sum is then refused. */
		p->history_base = (uint16_t)sum;
		p->history_size = p->history_wanted;
		if (p->history_size == 0)
			p->history_size = (uint16_t)RTE_MAX(RTE_MIN(usual_history(p), share), 1u);
		sum += p->history_size;
	}
	return sum;
}

/* A number in the device, of a class or of any, that no port has yet: false when there is none. */
static bool
number_port(const struct dlb *dlb, const struct dlb_grant *grant, struct dlb_port *p, uint16_t cos,
	    uint64_t *numbered)
{
	unsigned int i;

	for (i = 0; i < dlb->nb_ldb_ports; i++) {
		uint8_t hw = grant->ldb_ports[i];

		if ((*numbered >> hw & 1) || (cos != DLB_LIST_UNSAID && hw / DLB_COS_PORTS != cos))
			continue;
		*numbered |= UINT64_C(1) << hw;
		p->hw = hw;
		return true;
	}
	return false;
}

/* Numbers of load-balanced ports: a port's class is in its number. Those that want one go first. */
static int
number_ports(struct dlb *dlb, const struct dlb_grant *grant)
{
	uint64_t numbered = 0;
	unsigned int i, pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < dlb_nb_ports(dlb); i++) {
			struct dlb_port *p = dlb->ports[i];
			uint16_t cos = dlb->args.port_cos[i];

			if (p->kind != DLB_KIND_LDB || (cos == DLB_LIST_UNSAID) != (pass == 1))
				continue;
			if (number_port(dlb, grant, p, cos, &numbered))
				continue;
			DLB_LOG(ERR, dlb->name,
				"start: port %u: no port of class %u left; accepted: as many as "
				"cos= reserves in that class",
				i, cos);
			return -ENOSPC;
		}
	}
	return 0;
}

/* From places in what the domain was given to numbers in the device. A directed queue has the
 * number of its port.
 */
static int
settle_numbers(struct dlb *dlb, const struct dlb_grant *grant)
{
	unsigned int i;
	int ret = number_ports(dlb, grant);

	if (ret < 0)
		return ret;
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		if (p->kind == DLB_KIND_LDB)
			p->history_base = (uint16_t)(p->history_base + grant->history_base);
		else
			p->hw = grant->dir_ports[p->hw];
	}
	for (i = 0; i < dlb_nb_queues(dlb); i++) {
		struct dlb_queue *q = &dlb->queues[i];

		q->hw = q->kind == DLB_KIND_LDB ? grant->ldb_queues[q->hw]
						: grant->dir_ports[q->hw];
	}
	return 0;
}

static int
take(struct dlb *dlb)
{
	uint32_t need[DLB_RES_KINDS] = {
		[DLB_RES_LDB_QUEUES] = dlb->nb_ldb_queues,
		[DLB_RES_LDB_PORTS] = dlb->nb_ldb_ports,
		[DLB_RES_DIR_PORTS] = dlb->nb_dir_ports,
		[DLB_RES_CREDITS] = (uint32_t)dlb->events_limit,
		[DLB_RES_DIR_CREDITS] = dlb->dir_credits,
	};
	struct dlb_grant grant;
	int ret;

	need[DLB_RES_ATOMIC] = settle_atomic_storage(dlb);
	need[DLB_RES_HISTORY] = settle_history(dlb);
	ret = dlb_domain_take(dlb, need, &grant);
	if (ret < 0)
		return ret;
	ret = settle_numbers(dlb, &grant);
	if (ret == 0)
		ret = settle_windows(dlb);
	if (ret < 0)
		dlb_domain_give_back(dlb);
	return ret;
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

/* What the device arguments say of queues and ports one by one. */
static void
settle_thresholds(struct dlb *dlb)
{
	const struct dlb_devargs *args = &dlb->args;
	unsigned int i, nb_limits = 0;

	for (i = 0; i < dlb_nb_queues(dlb); i++)
		dlb->queues[i].depth_threshold = args->queue_threshold[i] != 0
							 ? args->queue_threshold[i]
							 : args->depth_threshold;
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		p->weight_limit = args->port_weight[i];
		if (p->weight_limit == 0 && args->weight_is_depth)
			p->weight_limit = p->conf.dequeue_depth;
		nb_limits += p->weight_limit != 0;
	}
	if (nb_limits != 0 && args->version == DLB_V20)
		DLB_LOG(NOTICE, dlb->name,
			"weight limits of %u ports ignored: version 2.0 has none", nb_limits);
}

int
dlb_plan(struct dlb *dlb)
{
	int ret = check_set_up(dlb);

	if (ret < 0)
		return ret;
	ret = check_links(dlb);
	if (ret < 0)
		return ret;
	settle_events_limit(dlb, settle_kinds(dlb) != 0);
	ret = take(dlb);
	if (ret < 0)
		return ret;
	settle_thresholds(dlb);
	settle_routes(dlb);
	return 0;
}
