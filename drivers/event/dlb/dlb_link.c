/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Links are records of the port. While the device is stopped that is all they are; while it is
 * started each change also goes to the device (dlb_map.c), except for single-link queues and ports,
 * which are bound to each other at start.
 */

#include <errno.h>

#include <rte_errno.h>

#include "dlb_link.h"
#include "dlb_map.h"

/* Eight levels of priority, as the device has them. */
#define LINK_PRIORITY(event_priority) ((uint8_t)((event_priority) >> 5))

static struct dlb_link *
find_link(struct dlb_port *p, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < p->nb_links; i++) {
		if (p->links[i].queue == queue)
			return &p->links[i];
	}
	return NULL;
}

/* Another port that has a link to the queue, or NULL. */
static const struct dlb_port *
linked_elsewhere(const struct dlb_port *p, uint8_t queue)
{
	const struct dlb *dlb = p->dlb;
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i] != NULL && dlb->ports[i] != p &&
		    find_link(dlb->ports[i], queue) != NULL)
			return dlb->ports[i];
	}
	return NULL;
}

/* A started device keeps the links of single-link queues and ports as they are. */
static bool
is_fixed(const struct dlb_port *p, uint8_t queue)
{
	return p->dlb->started && (dlb_port_is_single(p) || p->kind == DLB_KIND_DIR ||
				   dlb_queue_is_single(&p->dlb->queues[queue]));
}

/* May the port have one more link, to this queue? */
static int
check_new_link(const struct dlb_port *p, uint8_t queue)
{
	const struct dlb *dlb = p->dlb;
	const struct dlb_port *other = linked_elsewhere(p, queue);

	if (dlb_port_is_single(p) && p->nb_links != 0) {
		DLB_LOG(ERR, dlb->name,
			"port %u: link to queue %u refused, the port is single-link and has queue "
			"%u; accepted: 1 link",
			p->id, queue, p->links[0].queue);
		return -EDQUOT;
	}
	if (dlb_queue_is_single(&dlb->queues[queue]) && other != NULL) {
		DLB_LOG(ERR, dlb->name,
			"port %u: link to queue %u refused, the queue is single-link and port %u "
			"has it; accepted: 1 link",
			p->id, queue, other->id);
		return -EDQUOT;
	}
	if (p->nb_links == DLB_CQ_SLOTS) {
		DLB_LOG(ERR, dlb->name,
			"port %u: link to queue %u refused, the port has %u links; accepted: 0..%u"
			"; unlink one first",
			p->id, queue, p->nb_links, DLB_CQ_SLOTS);
		return -EDQUOT;
	}
	return 0;
}

static int
check_link(const struct dlb_port *p, uint8_t queue)
{
	const struct dlb *dlb = p->dlb;

	if (queue >= dlb_nb_queues(dlb) || !dlb->queues[queue].set_up) {
		DLB_LOG(ERR, dlb->name,
			"port %u: link to queue %u refused, it is not set up; accepted: queues "
			"0..%u after rte_event_queue_setup()",
			p->id, queue, dlb_nb_queues(dlb) - 1);
		return -EINVAL;
	}
	if (is_fixed(p, queue)) {
		DLB_LOG(ERR, dlb->name,
			"port %u: link of queue %u refused, single-link queues and ports are bound "
			"at start; stop the device first",
			p->id, queue);
		return -EINVAL;
	}
	return 0;
}

static int
link_queue(struct dlb_port *p, uint8_t queue, uint8_t priority)
{
	struct dlb_link *link;
	int ret = check_link(p, queue);

	if (ret < 0)
		return ret;
	link = find_link(p, queue);
	if (link == NULL) {
		ret = check_new_link(p, queue);
		if (ret < 0)
			return ret;
		link = &p->links[p->nb_links++];
		link->queue = queue;
	}
	link->priority = priority;
	if (p->dlb->started)
		dlb_map_add(p, *link);
	return 0;
}

static int
unlink_queue(struct dlb_port *p, uint8_t queue)
{
	struct dlb_link *link = find_link(p, queue);

	/* The library's map of links can be older than ours: set-up anew forgets them. */
	if (link == NULL)
		return 0;
	if (is_fixed(p, queue)) {
		DLB_LOG(ERR, p->dlb->name,
			"port %u: unlink of queue %u refused, single-link queues and ports are "
			"bound at start; stop the device first",
			p->id, queue);
		return -EINVAL;
	}
	*link = p->links[--p->nb_links];
	if (p->dlb->started)
		dlb_map_remove(p, queue);
	return 0;
}

/* What was asked for earlier may have become possible, and what is not yet is tried again later. */
static void
progress(struct dlb *dlb)
{
	if (dlb->started && dlb_map_progress(dlb))
		dlb_map_progress_later(dlb);
	/* Something may go where it could not, and everybody may be asleep. */
	access_idle(dlb->access);
}

int
dlb_port_link(struct rte_eventdev *dev, void *port, const uint8_t queues[],
	      const uint8_t priorities[], uint16_t n)
{
	struct dlb *dlb = dlb_of(dev);
	uint16_t i;
	int ret = 0;

	if (port == NULL) {
		DLB_LOG(ERR, dlb->name,
			"link refused, the port is not set up; accepted: after "
			"rte_event_port_setup()");
		rte_errno = EINVAL;
		return 0;
	}
	rte_spinlock_lock(&dlb->lock);
	for (i = 0; i < n; i++) {
		ret = link_queue(port, queues[i], LINK_PRIORITY(priorities[i]));
		if (ret < 0)
			break;
	}
	progress(dlb);
	rte_spinlock_unlock(&dlb->lock);
	if (ret < 0)
		rte_errno = -ret;
	return i;
}

int
dlb_port_unlink(struct rte_eventdev *dev, void *port, uint8_t queues[], uint16_t n)
{
	struct dlb *dlb = dlb_of(dev);
	uint16_t i;
	int ret = 0;

	if (port == NULL) {
		rte_errno = EINVAL;
		return 0;
	}
	rte_spinlock_lock(&dlb->lock);
	for (i = 0; i < n; i++) {
		ret = unlink_queue(port, queues[i]);
		if (ret < 0)
			break;
	}
	progress(dlb);
	rte_spinlock_unlock(&dlb->lock);
	if (ret < 0)
		rte_errno = -ret;
	return i;
}

int
dlb_port_unlinks_in_progress(struct rte_eventdev *dev, void *port)
{
	struct dlb *dlb = dlb_of(dev);
	const struct dlb_port *p = port;
	int pending = 0;

	if (p == NULL)
		return -EINVAL;
	rte_spinlock_lock(&dlb->lock);
	progress(dlb);
	if (dlb->started && p->kind == DLB_KIND_LDB)
		pending = (int)dlb_map_removals_pending(p);
	rte_spinlock_unlock(&dlb->lock);
	/* Nothing that is pending would ever end. */
	return pending != 0 && access_is_lost(dlb->access) ? -EIO : pending;
}

void
dlb_link_forget_queue(struct dlb *dlb, uint8_t queue)
{
	unsigned int i;

	for (i = 0; i < DLB_PORTS_MAX; i++) {
		struct dlb_link *link = dlb->ports[i] != NULL ? find_link(dlb->ports[i], queue)
							      : NULL;

		if (link != NULL)
			*link = dlb->ports[i]->links[--dlb->ports[i]->nb_links];
	}
}
