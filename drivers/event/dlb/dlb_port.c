/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "dlb_event.h"
#include "dlb_fast.h"
#include "dlb_hw.h"
#include "dlb_map.h"
#include "dlb_port.h"
#include "dlb_sleep.h"

/* Default of what an application does not say itself. */
#define DEFAULT_DEQUEUE_DEPTH 32

/* Events a port takes back at once. */
#define QUIESCE_BURST 32

/* A page of the device's. */
#define CQ_ALIGN 4096

void
dlb_port_def_conf(struct rte_eventdev *dev, uint8_t port, struct rte_event_port_conf *conf)
{
	const struct rte_event_dev_config *dev_conf = &dev->data->dev_conf;

	RTE_SET_USED(port);
	*conf = (struct rte_event_port_conf){
		.new_event_threshold = dev_conf->nb_events_limit,
		.dequeue_depth = (uint16_t)RTE_MIN(dev_conf->nb_event_port_dequeue_depth,
						   (uint32_t)DEFAULT_DEQUEUE_DEPTH),
		.enqueue_depth = (uint16_t)RTE_MIN(dev_conf->nb_event_port_enqueue_depth,
						   (uint32_t)DLB_ENQUEUE_DEPTH),
	};
}

void
dlb_port_release(void *port)
{
	struct dlb_port *p = port;

	if (p == NULL)
		return;
	p->dlb->ports[p->id] = NULL;
	dlb_sleep_release(p);
	rte_memzone_free(p->cq_zone);
	rte_free(p);
}

/* A CQ has a power of two of slots, at least eight; a shallower one has some of them withheld. */
static void
size_cq(struct dlb_port *p)
{
	uint32_t depth = rte_align32pow2(p->conf.dequeue_depth);

	p->cq_slots = RTE_MAX(depth, (uint32_t)DLB_CQ_DEPTH_MIN);
	p->tokens_preset = (uint16_t)(p->cq_slots - depth);
}

/* In one piece for the device too. Cleared by start. */
static const struct rte_memzone *
reserve_cq(const struct dlb_port *p)
{
	struct dlb *dlb = p->dlb;
	char name[RTE_MEMZONE_NAMESIZE];

	/* Not by port number alone: a port that is set up again first gets its new memory. */
	snprintf(name, sizeof(name), "dlb%u_cq%u_%" PRIu32, dlb->dev->data->dev_id, p->id,
		 dlb->cqs_made++);
	return rte_memzone_reserve_aligned(name, (size_t)p->cq_slots * dlb_cq_step(dlb),
					   dlb->args.numa_node, RTE_MEMZONE_IOVA_CONTIG, CQ_ALIGN);
}

/* Without releases there is nothing to delay the tokens to. */
static int
check_pop(const struct dlb *dlb, uint8_t port, const struct rte_event_port_conf *conf)
{
	if (dlb->params[port].pop != DLB_POP_DELAYED ||
	    !(conf->event_port_cfg & RTE_EVENT_PORT_CFG_SINGLE_LINK))
		return 0;
	DLB_LOG(ERR, dlb->name,
		"port %u: token pop mode 1 (delayed) on a single-link port; accepted: 0 (auto), 2 "
		"(deferred)",
		port);
	return -EINVAL;
}

/* What the application said about the port beforehand. */
static void
take_params(struct dlb_port *p)
{
	const struct dlb_port_param *param = &p->dlb->params[p->id];

	p->pop = param->pop;
	p->migration_threshold = param->migration_threshold;
	p->history_wanted = param->history;
}

int
dlb_port_setup(struct rte_eventdev *dev, uint8_t port, const struct rte_event_port_conf *conf)
{
	struct dlb *dlb = dlb_of(dev);
	struct dlb_port *p;

	if (check_pop(dlb, port, conf) < 0)
		return -EINVAL;
	p = rte_zmalloc_socket(dlb->name, sizeof(*p), RTE_CACHE_LINE_SIZE, dlb->args.numa_node);
	if (p == NULL)
		goto no_memory;
	p->dlb = dlb;
	p->id = port;
	p->conf = *conf;
	take_params(p);
	size_cq(p);
	p->cq_zone = reserve_cq(p);
	if (p->cq_zone == NULL)
		goto free_port;

	dlb_port_release(dlb->ports[port]);
	dlb->ports[port] = p;
	dev->data->ports[port] = p;
	p->set_up = true;
	dlb->params[port].port_set_up = true;
	return 0;

free_port:
	rte_free(p);
no_memory:
	DLB_LOG(ERR, dlb->name, "port %u: no memory for it on node %d; give DPDK more (-m)", port,
		dlb->args.numa_node);
	return -ENOMEM;
}

/* Lines go on where those before this start ended. */
static void
prepare_ring(struct dlb_port *p)
{
	p->poster = (struct line_poster){.ring = access_ring(p->access, REG_BAR_0, p->page)};
	if (p->poster.ring == NULL)
		return;
	line_ring_resume(&p->poster);
	/* Looks full, so the first line looks how far the device is. */
	p->poster.tail = p->poster.head - LINE_RING_LINES;
}

/* Is there a port that takes only so much weight? Events go from any port to any other. */
static bool
weights_count(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb) && dlb->args.version == DLB_V25; i++) {
		if (dlb->ports[i]->weight_limit != 0)
			return true;
	}
	return false;
}

void
dlb_port_prepare(struct dlb_port *p)
{
	const struct rte_event_dev_config *conf = &p->dlb->dev->data->dev_conf;
	bool directed = p->kind == DLB_KIND_DIR;

	p->access = p->dlb->access;
	p->bar = access_bar(p->access, REG_BAR_0);
	p->page = dlb_hw_page(p);
	prepare_ring(p);
	p->routes = p->dlb->routes;
	p->queue_of = directed ? p->dlb->dir_queue_of : p->dlb->ldb_queue_of;
	p->cq = p->cq_zone->addr;
	/* A directed port has no history to retire: its forwards are new to the device. */
	p->command[RTE_EVENT_OP_NEW] = DLB_COMMAND(DLB_CMD_NEW);
	p->command[RTE_EVENT_OP_FORWARD] = DLB_COMMAND(directed ? DLB_CMD_NEW : DLB_CMD_FWD);
	p->command[RTE_EVENT_OP_RELEASE] = DLB_COMMAND(directed ? DLB_CMD_NOOP : DLB_CMD_COMP);
	p->cq_mask = p->cq_slots - 1;
	p->cq_head = 0;
	p->cq_wrap_bit = (uint8_t)rte_log2_u32(p->cq_slots);
	p->cq_slot_shift = (uint8_t)rte_log2_u32(dlb_cq_step(p->dlb));
	p->directed = directed;
	p->implicit_release = !(p->conf.event_port_cfg & RTE_EVENT_PORT_CFG_DISABLE_IMPL_REL);
	p->flow_mask = directed ? 0 : UINT16_MAX;
	p->per_call_timeout = conf->event_dev_cfg & RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT;
	p->timeout_ns = conf->dequeue_timeout_ns;
	p->gives_way = access_gives_way(p->access);
	p->complained = false;
	p->held = 0;
	p->idle_in_row = 0;
	p->owed = 0;
	p->releases = 0;
	p->pop_after = RTE_MAX(p->conf.dequeue_depth, (uint16_t)1);
	p->weight_mask = weights_count(p->dlb) ? 3 : 0;
	memset(p->cq_zone->addr, 0, (size_t)p->cq_slots << p->cq_slot_shift);
}

/* Keep the device from scheduling to the port, or let it again, unless an unlink forbids it. */
static void
allow_scheduling(const struct dlb_port *p, bool allow)
{
	struct dlb *dlb = p->dlb;

	rte_spinlock_lock(&dlb->lock);
	dlb_hw_cq_enable(p, allow && dlb_map_removals_pending(p) == 0);
	rte_spinlock_unlock(&dlb->lock);
}

void
dlb_port_quiesce(struct rte_eventdev *dev, void *port, rte_eventdev_port_flush_t flush, void *arg)
{
	struct rte_event events[QUIESCE_BURST];
	struct dlb_port *p = port;
	uint16_t i, n;

	if (p == NULL || !p->dlb->started)
		return;
	allow_scheduling(p, false);
	do {
		n = dlb_fast_quiesce(p, events, QUIESCE_BURST);
		for (i = 0; i < n && flush != NULL; i++)
			flush(dev->data->dev_id, events[i], arg);
	} while (n != 0);
	allow_scheduling(p, true);
	/* What was released may let events go elsewhere, and everybody may be asleep. */
	access_idle(p->access);
}
