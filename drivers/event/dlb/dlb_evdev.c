/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The event device's operations. Configure, queue and port set-up and linking only record; start
 * makes a scheduling domain of it all and stop takes that apart again, so that the device can be
 * started any number of times and set up differently in between.
 */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "dlb_domain.h"
#include "dlb_dump.h"
#include "dlb_evdev.h"
#include "dlb_fast.h"
#include "dlb_hw.h"
#include "dlb_link.h"
#include "dlb_map.h"
#include "dlb_plan.h"
#include "dlb_port.h"
#include "dlb_selftest.h"
#include "dlb_sleep.h"
#include "dlb_xstats.h"

/* Defaults of what an application does not say itself. */
#define DEFAULT_FLOWS     1024
#define DEFAULT_SEQUENCES 64

/* Credits that a port with a hint leases at a time; an eighth of what there is, if less. */
#define HINTED_QUANTUM 256

/* The smaller of what the device arguments advertise and what the domain has. */
static uint32_t
at_most(const struct dlb *dlb, uint32_t advertised, enum dlb_res res)
{
	return RTE_MIN(advertised, dlb_domain_limit(dlb, res));
}

static void
dlb_info(struct rte_eventdev *dev, struct rte_event_dev_info *info)
{
	const struct dlb *dlb = dlb_of(dev);

	*info = (struct rte_event_dev_info){
		.driver_name = "event_dlb",
		.min_dequeue_timeout_ns = 1,
		.max_dequeue_timeout_ns = DLB_TIMEOUT_MAX,
		.max_event_queues = (uint8_t)at_most(dlb, dlb->args.max_queues, DLB_RES_LDB_QUEUES),
		.max_event_queue_flows = DLB_FLOWS,
		.max_event_queue_priority_levels = 8,
		.max_event_priority_levels = 8,
		.max_event_ports = (uint8_t)dlb_domain_limit(dlb, DLB_RES_LDB_PORTS),
		.max_event_port_dequeue_depth = (uint8_t)RTE_MIN(dlb->args.max_cq_depth,
								 (unsigned int)UINT8_MAX),
		.max_event_port_enqueue_depth = dlb->args.max_enqueue_depth,
		.max_event_port_links = DLB_CQ_SLOTS,
		.max_num_events = (int32_t)at_most(dlb, dlb_events_max(&dlb->args),
						   DLB_RES_CREDITS),
		.event_dev_cap = RTE_EVENT_DEV_CAP_EVENT_QOS | RTE_EVENT_DEV_CAP_DISTRIBUTED_SCHED |
				 RTE_EVENT_DEV_CAP_QUEUE_ALL_TYPES | RTE_EVENT_DEV_CAP_BURST_MODE |
				 RTE_EVENT_DEV_CAP_IMPLICIT_RELEASE_DISABLE |
				 RTE_EVENT_DEV_CAP_NONSEQ_MODE |
				 RTE_EVENT_DEV_CAP_RUNTIME_PORT_LINK |
				 RTE_EVENT_DEV_CAP_MULTIPLE_QUEUE_PORT |
				 RTE_EVENT_DEV_CAP_MAINTENANCE_FREE,
		.max_single_link_event_port_queue_pairs = (uint8_t)dlb_domain_limit(
			dlb, DLB_RES_DIR_PORTS),
	};
	compat_event_info(info);
}

static int
dlb_configure(const struct rte_eventdev *dev)
{
	struct dlb *dlb = dlb_of(dev);
	const struct rte_event_dev_config *conf = &dev->data->dev_conf;
	uint32_t dir_ports = dlb_domain_limit(dlb, DLB_RES_DIR_PORTS);

	if (conf->nb_events_limit < 1) {
		DLB_LOG(ERR, dlb->name, "nb_events_limit %d: accepted: 1..%u",
			conf->nb_events_limit, dlb_events_max(&dlb->args));
		return -EINVAL;
	}
	if (conf->nb_single_link_event_port_queues > dir_ports) {
		DLB_LOG(ERR, dlb->name, "nb_single_link_event_port_queues %u: accepted: 0..%u",
			conf->nb_single_link_event_port_queues, dir_ports);
		return -EINVAL;
	}
	dlb_param_forget(dlb);
	return 0;
}

static void
dlb_queue_def_conf(struct rte_eventdev *dev, uint8_t queue, struct rte_event_queue_conf *conf)
{
	uint32_t flows = dev->data->dev_conf.nb_event_queue_flows;

	RTE_SET_USED(queue);
	*conf = (struct rte_event_queue_conf){
		.nb_atomic_flows = RTE_MIN(flows, (uint32_t)DEFAULT_FLOWS),
		.nb_atomic_order_sequences = RTE_MIN(flows, (uint32_t)DEFAULT_SEQUENCES),
		.event_queue_cfg = RTE_EVENT_QUEUE_CFG_ALL_TYPES,
		.schedule_type = RTE_SCHED_TYPE_ATOMIC,
		.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
	};
}

static int
dlb_queue_setup(struct rte_eventdev *dev, uint8_t queue, const struct rte_event_queue_conf *conf)
{
	struct dlb *dlb = dlb_of(dev);

	if (!(conf->event_queue_cfg & RTE_EVENT_QUEUE_CFG_ALL_TYPES) &&
	    conf->schedule_type > RTE_SCHED_TYPE_PARALLEL) {
		DLB_LOG(ERR, dlb->name, "queue %u: schedule type %u: accepted: %u..%u", queue,
			conf->schedule_type, RTE_SCHED_TYPE_ORDERED, RTE_SCHED_TYPE_PARALLEL);
		return -EINVAL;
	}
	dlb->queues[queue] = (struct dlb_queue){.set_up = true, .conf = *conf};
	return 0;
}

static void
dlb_queue_release(struct rte_eventdev *dev, uint8_t queue)
{
	struct dlb *dlb = dlb_of(dev);

	dlb->queues[queue].set_up = false;
	dlb_link_forget_queue(dlb, queue);
}

/* A port that does one thing only leases less often. Others can have what it does not use. */
static int32_t
credit_quantum(const struct dlb_port *p)
{
	const uint32_t hints = RTE_EVENT_PORT_CFG_HINT_PRODUCER | RTE_EVENT_PORT_CFG_HINT_CONSUMER;
	int32_t quantum = (int32_t)p->dlb->args.credit_quanta;

	if (!(p->conf.event_port_cfg & hints))
		return quantum;
	return RTE_MAX(quantum, RTE_MIN(HINTED_QUANTUM, p->dlb->events_limit / 8));
}

static void
prepare_ports(struct dlb *dlb)
{
	unsigned int i;

	dlb_credit_pool_init(&dlb->credits, dlb->events_limit, dlb_nb_ports(dlb),
			     access_is_private(dlb->access));
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		struct dlb_port *p = dlb->ports[i];

		dlb_port_prepare(p);
		dlb_credit_attach(&dlb->credits, &p->credit, p->conf.new_event_threshold,
				  credit_quantum(p));
	}
}

/* Does a port do what the usual burst functions do not? */
static bool
wants_modes(const struct dlb *dlb)
{
	unsigned int i;

	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		if (p->pop != DLB_POP_AUTO || p->weight_mask != 0)
			return true;
	}
	return dlb->args.depth_told;
}

static int
dlb_start(struct rte_eventdev *dev)
{
	struct dlb *dlb = dlb_of(dev);
	int ret;

	if (dlb->failed) {
		DLB_LOG(ERR, dlb->name,
			"start: the last stop left the device in an unknown state; remove it and "
			"probe it again");
		return -EIO;
	}
	/* Who asks it something notices that it is not there. */
	dlb_hw_flush(dlb);
	if (access_is_lost(dlb->access)) {
		DLB_LOG(ERR, dlb->name,
			"start: the device is gone; remove it, and probe it again when it is back");
		return -EIO;
	}
	ret = dlb_plan(dlb);
	if (ret < 0)
		return ret;

	rte_spinlock_lock(&dlb->lock);
	prepare_ports(dlb);
	dlb_hw_domain_start(dlb);
	dlb_sleep_start(dlb);
	dlb->started = true;
	dlb_alarms_start(dlb);
	rte_spinlock_unlock(&dlb->lock);
	dlb_fast_install(dev, dlb_is_mapped(dlb), wants_modes(dlb));
	return 0;
}

static void
dlb_stop(struct rte_eventdev *dev)
{
	struct dlb *dlb = dlb_of(dev);

	rte_spinlock_lock(&dlb->lock);
	dlb->started = false;
	rte_spinlock_unlock(&dlb->lock);
	dlb_map_progress_cancel(dlb);

	dlb_hw_drain(dlb);
	dlb_alarms_stop(dlb);
	if (dlb_hw_domain_reset(dlb) < 0)
		dlb_domain_fail(dlb);
	else
		dlb_domain_give_back(dlb);
}

static int
dlb_close(struct rte_eventdev *dev)
{
	struct dlb *dlb = dlb_of(dev);
	unsigned int i;

	for (i = 0; i < DLB_PORTS_MAX; i++) {
		dlb_port_release(dlb->ports[i]);
		dev->data->ports[i] = NULL;
	}
	for (i = 0; i < DLB_QUEUES_MAX; i++)
		dlb->queues[i].set_up = false;
	memset(dlb->params, 0, sizeof(dlb->params));
	return 0;
}

static int
dlb_timeout_ticks(struct rte_eventdev *dev, uint64_t ns, uint64_t *ticks)
{
	RTE_SET_USED(dev);
	*ticks = ns;
	return 0;
}

const struct eventdev_ops dlb_evdev_ops = {
	.dev_infos_get = dlb_info,
	.dev_configure = dlb_configure,
	.dev_start = dlb_start,
	.dev_stop = dlb_stop,
	.dev_close = dlb_close,
	.queue_def_conf = dlb_queue_def_conf,
	.queue_setup = dlb_queue_setup,
	.queue_release = dlb_queue_release,
	.port_def_conf = dlb_port_def_conf,
	.port_setup = dlb_port_setup,
	.port_release = dlb_port_release,
	.port_quiesce = dlb_port_quiesce,
	.port_link = dlb_port_link,
	.port_unlink = dlb_port_unlink,
	.port_unlinks_in_progress = dlb_port_unlinks_in_progress,
	.timeout_ticks = dlb_timeout_ticks,
	.dump = dlb_dump,
	.xstats_get = dlb_xstats_get,
	.xstats_get_names = dlb_xstats_names,
	.xstats_get_by_name = dlb_xstats_by_name,
	.xstats_reset = dlb_xstats_reset,
	.dev_selftest = dlb_selftest,
};
