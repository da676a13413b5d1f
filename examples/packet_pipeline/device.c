/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The event device: what it can do, its queues, its ports, its service.
 *
 * Queues: one for each stage, then one for sending. Ports: one for each worker, linked to all
 * stages, then the one that new packets enter by, then the one that packets to be sent leave by.
 */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_service.h>

#include "pipeline.h"

enum {
	FLOW_IDS_MAX = 1 << 16,
	EVENTS_MAX = 4096, /* beyond this, packets only wait longer and leave the caches */
	ORDER_SEQUENCES = 1024,
};

static bool
can(const struct rte_event_dev_info *info, uint32_t capability)
{
	return (info->event_dev_cap & capability) != 0;
}

static bool
has_single_link(const struct rte_event_dev_info *info)
{
	return info->max_single_link_event_port_queue_pairs > 0;
}

/* Finds the device by name, or takes the first. */
int
device_find(struct pipeline *p)
{
	const char *name = p->options.event_dev;
	int id = 0;

	if (rte_event_dev_count() == 0) {
		complain("there is no event device: give EAL one, e.g. --vdev=event_dlb0 or "
			 "--vdev=event_sw0");
		return EXIT_USAGE;
	}
	if (name != NULL)
		id = rte_event_dev_get_dev_id(name);
	if (id < 0) {
		complain("--event-dev %s: is not among the %u event devices that EAL was given",
			 name, rte_event_dev_count());
		return EXIT_USAGE;
	}
	p->event_dev = id;
	return EXIT_DONE;
}

static int
limits_check(const struct pipeline *p, const struct rte_event_dev_info *info)
{
	unsigned int pairs = info->max_single_link_event_port_queue_pairs;
	unsigned int queues = p->options.nb_stages + 1;
	unsigned int ports = p->options.nb_workers + 2;

	if (queues > info->max_event_queues + pairs) {
		complain("%s: %u stages and the sending queue are %u queues; the device has %u",
			 p->device_name, p->options.nb_stages, queues,
			 info->max_event_queues + pairs);
		return EXIT_DEVICE;
	}
	if (ports > info->max_event_ports + pairs) {
		complain("%s: %u workers, receiving and sending are %u ports; the device has %u",
			 p->device_name, p->options.nb_workers, ports,
			 info->max_event_ports + pairs);
		return EXIT_DEVICE;
	}
	if (p->options.nb_stages > 1 && !can(info, RTE_EVENT_DEV_CAP_MULTIPLE_QUEUE_PORT)) {
		complain("%s: %u stages need ports linked to several queues, which the device does "
			 "not have; accepted is 1 stage",
			 p->device_name, p->options.nb_stages);
		return EXIT_DEVICE;
	}
	return EXIT_DONE;
}

static uint16_t
burst_of(const struct pipeline *p, const struct rte_event_dev_info *info)
{
	unsigned int burst = p->options.burst;

	burst = RTE_MIN(burst, RTE_MAX(info->max_event_port_dequeue_depth, 1U));
	return RTE_MIN(burst, RTE_MAX(info->max_event_port_enqueue_depth, 1U));
}

/* Flow ids index a table, so their number is a power of two. */
static uint32_t
flow_ids_of(const struct rte_event_dev_info *info)
{
	uint32_t ids = RTE_MIN(info->max_event_queue_flows, (uint32_t)FLOW_IDS_MAX);

	return rte_align32prevpow2(RTE_MAX(ids, 1U));
}

static int
configure(struct pipeline *p, const struct rte_event_dev_info *info)
{
	struct rte_event_dev_config config = {
		.dequeue_timeout_ns = info->min_dequeue_timeout_ns,
		.nb_events_limit = RTE_MIN(info->max_num_events, EVENTS_MAX), /* -1: unlimited */
		.nb_event_queues = p->options.nb_stages + 1,
		.nb_event_ports = p->options.nb_workers + 2,
		.nb_event_queue_flows = p->flow_mask + 1,
		.nb_event_port_dequeue_depth = p->burst,
		.nb_event_port_enqueue_depth = p->burst,
		.nb_single_link_event_port_queues = has_single_link(info),
	};
	int ret;

	ret = rte_event_dev_configure(p->event_dev, &config);
	if (ret < 0)
		complain("%s: does not take %u queues, %u ports and bursts of %u: %s",
			 p->device_name, config.nb_event_queues, config.nb_event_ports, p->burst,
			 rte_strerror(-ret));
	return ret < 0 ? EXIT_DEVICE : EXIT_DONE;
}

static int
stage_queue_setup(const struct pipeline *p, uint8_t queue)
{
	uint8_t schedule = p->options.stages[queue].schedule;
	struct rte_event_queue_conf conf;
	int ret;

	ret = rte_event_queue_default_conf_get(p->event_dev, queue, &conf);
	if (ret == 0) {
		conf.event_queue_cfg = 0;
		conf.schedule_type = schedule;
		conf.nb_atomic_flows = p->flow_mask + 1;
		conf.nb_atomic_order_sequences = RTE_MIN(p->flow_mask + 1,
							 (uint32_t)ORDER_SEQUENCES);
		ret = rte_event_queue_setup(p->event_dev, queue, &conf);
	}
	if (ret < 0)
		complain("%s: cannot do stage %u, %s: %s; choose other --stages or another device",
			 p->device_name, queue, schedule_name(schedule), rte_strerror(-ret));
	return ret < 0 ? EXIT_DEVICE : EXIT_DONE;
}

/* The last queue has one reader: a single link where the device has those, else an atomic queue
 * that is linked to one port alone.
 */
static int
tx_queue_setup(const struct pipeline *p, bool single_link)
{
	uint8_t queue = p->options.nb_stages;
	struct rte_event_queue_conf conf;
	int ret;

	ret = rte_event_queue_default_conf_get(p->event_dev, queue, &conf);
	if (ret == 0) {
		conf.event_queue_cfg = single_link ? RTE_EVENT_QUEUE_CFG_SINGLE_LINK : 0;
		conf.schedule_type = RTE_SCHED_TYPE_ATOMIC;
		conf.nb_atomic_flows = p->flow_mask + 1;
		ret = rte_event_queue_setup(p->event_dev, queue, &conf);
	}
	if (ret < 0)
		complain("%s: cannot do the sending queue, %s: %s", p->device_name,
			 single_link ? "single link" : "atomic", rte_strerror(-ret));
	return ret < 0 ? EXIT_DEVICE : EXIT_DONE;
}

static int
port_setup(const struct pipeline *p, uint8_t port, uint32_t cfg)
{
	struct rte_event_port_conf conf;
	int ret;

	ret = rte_event_port_default_conf_get(p->event_dev, port, &conf);
	if (ret == 0) {
		conf.new_event_threshold = RTE_MIN(conf.new_event_threshold, EVENTS_MAX);
		conf.dequeue_depth = p->burst;
		conf.enqueue_depth = p->burst;
		conf.event_port_cfg = cfg;
		ret = rte_event_port_setup(p->event_dev, port, &conf);
	}
	if (ret < 0)
		complain("%s: cannot set up port %u: %s", p->device_name, port, rte_strerror(-ret));
	return ret < 0 ? EXIT_DEVICE : EXIT_DONE;
}

/* Links a port to queues first to first + count - 1. */
static int
port_link(const struct pipeline *p, uint8_t port, uint8_t first, uint8_t count)
{
	uint8_t queues[PIPELINE_MAX_STAGES];
	uint8_t i;

	for (i = 0; i < count; i++)
		queues[i] = first + i;
	if (rte_event_port_link(p->event_dev, port, queues, NULL, count) == count)
		return EXIT_DONE;
	complain("%s: cannot link port %u to queues %u to %u: %s", p->device_name, port, first,
		 first + count - 1, rte_strerror(rte_errno));
	return EXIT_DEVICE;
}

static int
worker_ports_setup(struct pipeline *p)
{
	unsigned int i;
	int ret;

	for (i = 0; i < p->options.nb_workers; i++) {
		p->workers[i].event_port = i;
		ret = port_setup(p, i, RTE_EVENT_PORT_CFG_HINT_WORKER);
		if (ret == EXIT_DONE)
			ret = port_link(p, i, 0, p->options.nb_stages);
		if (ret != EXIT_DONE)
			return ret;
	}
	return EXIT_DONE;
}

static int
io_ports_setup(struct pipeline *p, bool single_link)
{
	struct io *io = &p->io;
	uint32_t cfg = RTE_EVENT_PORT_CFG_HINT_CONSUMER;
	int ret;

	io->event_port_in = p->options.nb_workers;
	io->event_port_out = p->options.nb_workers + 1;
	if (single_link)
		cfg |= RTE_EVENT_PORT_CFG_SINGLE_LINK;
	ret = port_setup(p, io->event_port_in, RTE_EVENT_PORT_CFG_HINT_PRODUCER);
	if (ret == EXIT_DONE)
		ret = port_setup(p, io->event_port_out, cfg);
	if (ret == EXIT_DONE)
		ret = port_link(p, io->event_port_out, p->options.nb_stages, 1);
	return ret;
}

static int
queues_setup(const struct pipeline *p, bool single_link)
{
	unsigned int i;
	int ret;

	for (i = 0; i < p->options.nb_stages; i++) {
		ret = stage_queue_setup(p, i);
		if (ret != EXIT_DONE)
			return ret;
	}
	return tx_queue_setup(p, single_link);
}

/* A device that schedules in software may do so in a service. A service lcore runs it if EAL was
 * given one; else the main lcore does, between receiving and sending.
 */
static void
service_assign(struct pipeline *p, bool needed)
{
	uint32_t lcores[RTE_MAX_LCORE];
	int32_t count;

	if (rte_event_dev_service_id_get(p->event_dev, &p->service) < 0)
		return;
	rte_service_runstate_set(p->service, 1);
	count = rte_service_lcore_list(lcores, RTE_DIM(lcores));
	if (count > 0 && rte_service_map_lcore_set(p->service, lcores[0], 1) == 0) {
		rte_service_lcore_start(lcores[0]);
		return;
	}
	if (!needed)
		return;
	rte_service_set_runstate_mapped_check(p->service, 0);
	p->service_inline = true;
}

/* Called for each event that is still in the device when it stops. */
static void
event_drop(uint8_t dev_id, struct rte_event ev, void *arg)
{
	RTE_SET_USED(dev_id);
	RTE_SET_USED(arg);
	rte_pktmbuf_free(ev.mbuf);
}

static int
start(struct pipeline *p)
{
	int ret;

	rte_event_dev_stop_flush_callback_register(p->event_dev, event_drop, NULL);
	ret = rte_event_dev_start(p->event_dev);
	if (ret < 0) {
		complain("%s: does not start: %s", p->device_name, rte_strerror(-ret));
		return EXIT_DEVICE;
	}
	p->device_started = true;
	return EXIT_DONE;
}

static int
setup(struct pipeline *p, const struct rte_event_dev_info *info)
{
	bool single_link = has_single_link(info);
	int ret;

	ret = configure(p, info);
	if (ret == EXIT_DONE)
		ret = queues_setup(p, single_link);
	if (ret == EXIT_DONE)
		ret = worker_ports_setup(p);
	if (ret == EXIT_DONE)
		ret = io_ports_setup(p, single_link);
	if (ret == EXIT_DONE)
		service_assign(p, !can(info, RTE_EVENT_DEV_CAP_DISTRIBUTED_SCHED));
	return ret;
}

int
device_open(struct pipeline *p)
{
	struct rte_event_dev_info info;
	int ret;

	if (rte_event_dev_info_get(p->event_dev, &info) < 0) {
		complain("event device %u: tells nothing of itself", p->event_dev);
		return EXIT_DEVICE;
	}
	p->device_name = p->options.event_dev != NULL ? p->options.event_dev : info.driver_name;
	p->burst = burst_of(p, &info);
	p->flow_mask = flow_ids_of(&info) - 1;
	p->maintain = !can(&info, RTE_EVENT_DEV_CAP_MAINTENANCE_FREE);
	ret = limits_check(p, &info);
	if (ret == EXIT_DONE)
		ret = setup(p, &info);
	if (ret == EXIT_DONE)
		ret = start(p);
	return ret;
}

void
device_close(struct pipeline *p)
{
	if (p->device_started)
		rte_event_dev_stop(p->event_dev);
	rte_event_dev_close(p->event_dev);
}
