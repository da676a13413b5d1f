/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/** A configuration that the device has to take, with room for everything. */
struct rte_event_dev_config
shape_config(uint8_t queues, uint8_t ports, uint8_t pairs)
{
	return (struct rte_event_dev_config){
		.nb_event_queues = queues,
		.nb_event_ports = ports,
		.nb_single_link_event_port_queues = pairs,
		.nb_events_limit = dev.info.max_num_events,
		.nb_event_queue_flows = RTE_MIN(dev.info.max_event_queue_flows, 1024u),
		.nb_event_port_dequeue_depth = dev.info.max_event_port_dequeue_depth,
		.nb_event_port_enqueue_depth = dev.info.max_event_port_enqueue_depth,
		.dequeue_timeout_ns = 0,
	};
}

/* As the device was configured last. */
static struct rte_event_dev_config configured;

static void
shape_apply(const struct rte_event_dev_config *conf)
{
	assert_int_equal(rte_event_dev_configure(dev.id, conf), 0);
	configured = *conf;
	dev.limit = conf->nb_events_limit;
}

/** Configure: so many queues and ports, of which so many are single-link pairs. */
void
shape(uint8_t queues, uint8_t ports, uint8_t pairs)
{
	struct rte_event_dev_config conf = shape_config(queues, ports, pairs);

	shape_apply(&conf);
}

/** Configure with a limit of events. */
void
shape_limited(uint8_t queues, uint8_t ports, int32_t limit)
{
	struct rte_event_dev_config conf = shape_config(queues, ports, 0);

	conf.nb_events_limit = limit;
	shape_apply(&conf);
}

/** A queue configuration of this kind. */
struct rte_event_queue_conf
queue_conf(enum queue_kind kind)
{
	static const uint8_t types[] = {
		[QUEUE_ATOMIC] = RTE_SCHED_TYPE_ATOMIC,
		[QUEUE_ORDERED] = RTE_SCHED_TYPE_ORDERED,
		[QUEUE_PARALLEL] = RTE_SCHED_TYPE_PARALLEL,
		[QUEUE_ALL] = RTE_SCHED_TYPE_ATOMIC,
		[QUEUE_SINGLE] = RTE_SCHED_TYPE_ATOMIC,
	};

	return (struct rte_event_queue_conf){
		.schedule_type = types[kind],
		.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
		.nb_atomic_flows = RTE_MIN(dev.info.max_event_queue_flows, 1024u),
		.nb_atomic_order_sequences = 64,
		.event_queue_cfg = kind == QUEUE_ALL      ? RTE_EVENT_QUEUE_CFG_ALL_TYPES
				   : kind == QUEUE_SINGLE ? RTE_EVENT_QUEUE_CFG_SINGLE_LINK
							  : 0,
	};
}

/** Set up a queue. */
void
queue_make(uint8_t queue, enum queue_kind kind)
{
	struct rte_event_queue_conf conf = queue_conf(kind);

	assert_int_equal(rte_event_queue_setup(dev.id, queue, &conf), 0);
}

/** A port configuration with flags RTE_EVENT_PORT_CFG_ and a dequeue depth. */
struct rte_event_port_conf
port_conf(uint32_t flags, uint16_t depth)
{
	return (struct rte_event_port_conf){
		.new_event_threshold = dev.limit,
		.dequeue_depth = depth,
		.enqueue_depth = RTE_MIN(dev.info.max_event_port_enqueue_depth, 128u),
		.event_port_cfg = flags,
	};
}

/** Set up a port, as deep as the device has it at most. */
void
port_make(uint8_t port, uint32_t flags, uint16_t depth)
{
	uint16_t most = dev.info.max_event_port_dequeue_depth;
	struct rte_event_port_conf conf = port_conf(flags, RTE_MIN(depth, most));

	assert_int_equal(rte_event_port_setup(dev.id, port, &conf), 0);
}

/** Set up several ports alike. */
void
ports_make(uint8_t first, uint8_t count, uint32_t flags, uint16_t depth)
{
	uint8_t i;

	for (i = 0; i < count; i++)
		port_make(first + i, flags, depth);
}

/** Link a queue to a port. */
void
link_make(uint8_t port, uint8_t queue)
{
	assert_int_equal(rte_event_port_link(dev.id, port, &queue, NULL, 1), 1);
}

/** Linking must fail, for what was asked and not for want of anything. */
void
link_refused(uint8_t port, uint8_t queue)
{
	rte_errno = 0;
	assert_int_equal(rte_event_port_link(dev.id, port, &queue, NULL, 1), 0);
	/* Some drivers give no reason. */
	assert_true(dev.foreign || rte_errno == EINVAL || rte_errno == EDQUOT);
}

/** Start the device. */
void
dev_start(void)
{
	assert_int_equal(rte_event_dev_start(dev.id), 0);
}

/** Stop the device. */
void
dev_stop(void)
{
	rte_event_dev_stop(dev.id);
}

/** Start again what was stopped, as it was. Some drivers have to be configured anew for that. */
void
dev_restart(void)
{
	if (dev.foreign)
		assert_int_equal(rte_event_dev_configure(dev.id, &configured), 0);
	dev_start();
}

/** From nothing to started: one queue linked to every port but port 0, which is for sending. */
void
shape_simple(enum queue_kind kind, uint8_t ports, uint32_t flags, uint16_t depth)
{
	uint8_t port;

	shape(1, ports, 0);
	queue_make(0, kind);
	port_make(0, 0, depth);
	ports_make(1, ports - 1, flags, depth);
	for (port = 1; port < ports; port++)
		link_make(port, 0);
	dev_start();
}
