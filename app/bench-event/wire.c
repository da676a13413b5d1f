/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_service.h>

#include "bench.h"

/** Say which step was refused. */
int
bench_refuse(char reason[BENCH_REASON_SIZE], const char *step, int ret)
{
	const char *why = ret < 0 ? rte_strerror(-ret) : "refused";

	snprintf(reason, BENCH_REASON_SIZE, "%s: %s", step, why);
	return ret < 0 ? ret : -EINVAL;
}

static uint8_t
nb_ports(const struct bench_loop *loop)
{
	const struct loop_side *side = &loop->side[loop->nb_sides - 1];

	return side->first_port + side->nb_ports;
}

static int
setup_device(const struct bench_loop *loop, const struct rte_event_dev_info *info)
{
	/* Ordered queues may have no more sequence numbers than the device has flows a queue. */
	uint32_t flows = RTE_MAX(loop->flows, loop->window);
	struct rte_event_dev_config conf = {
		.nb_event_queues = loop->nb_stages,
		.nb_event_ports = nb_ports(loop),
		.nb_events_limit = RTE_MIN(4096, info->max_num_events),
		.nb_event_queue_flows = RTE_MIN(flows, info->max_event_queue_flows),
		.nb_event_port_dequeue_depth = info->max_event_port_dequeue_depth,
		.nb_event_port_enqueue_depth = info->max_event_port_enqueue_depth,
		.dequeue_timeout_ns = info->min_dequeue_timeout_ns,
	};

	return rte_event_dev_configure(loop->dev_id, &conf);
}

static int
setup_queues(const struct bench_loop *loop, const struct rte_event_dev_info *info)
{
	unsigned int i;
	int ret;

	for (i = 0; i < loop->nb_stages; i++) {
		struct rte_event_queue_conf conf = {
			.schedule_type = loop->sched_type[i],
			.nb_atomic_flows = RTE_MIN(loop->flows, info->max_event_queue_flows),
			.nb_atomic_order_sequences = RTE_MIN(loop->window, 1024u),
			.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
		};

		ret = rte_event_queue_setup(loop->dev_id, i, &conf);
		if (ret < 0) /* event_opdl means success by 1 */
			return ret;
	}
	return 0;
}

static int
setup_ports(const struct bench_loop *loop, const struct rte_event_dev_info *info)
{
	struct rte_event_port_conf conf = {
		.new_event_threshold = RTE_MIN(4096, info->max_num_events),
		.dequeue_depth = RTE_MIN(LOOP_MAX_BURST, info->max_event_port_dequeue_depth),
		.enqueue_depth = RTE_MIN(LOOP_MAX_BURST, info->max_event_port_enqueue_depth),
	};
	unsigned int i;
	int ret;

	for (i = 0; i < nb_ports(loop); i++) {
		ret = rte_event_port_setup(loop->dev_id, i, &conf);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* A worker port serves the queue of its stage, or all queues. */
static int
link_side(const struct bench_loop *loop, const struct loop_side *side)
{
	uint8_t i, queue, port;

	for (i = 0; i < side->nb_ports; i++) {
		port = side->first_port + i;
		for (queue = 0; queue < loop->nb_stages; queue++) {
			if (loop->one_port_a_stage && queue != i)
				continue;
			if (rte_event_port_link(loop->dev_id, port, &queue, NULL, 1) != 1)
				return rte_errno > 0 ? -rte_errno : -EINVAL;
		}
	}
	return 0;
}

static int
link_workers(const struct bench_loop *loop)
{
	uint8_t i;
	int ret = 0;

	for (i = 0; i < loop->nb_sides && ret == 0; i++)
		ret = link_side(loop, &loop->side[i]);
	return ret;
}

/* A device that schedules in a service gets it run by the threads of the loop. */
static void
setup_service(struct bench_loop *loop, const struct rte_event_dev_info *info)
{
	uint32_t id;

	loop->has_service = false;
	if (info->event_dev_cap & RTE_EVENT_DEV_CAP_DISTRIBUTED_SCHED)
		return;
	if (rte_event_dev_service_id_get(loop->dev_id, &id) < 0)
		return; /* event_opdl: its ports do all the work */
	rte_service_runstate_set(id, 1);
	rte_service_set_runstate_mapped_check(id, 0);
	loop->service_id = id;
	loop->has_service = true;
}

/* Who produces and works where. One side alone is producer and worker at ports of their own. */
static void
share_out(struct bench_loop *loop, enum bench_layout layout)
{
	uint8_t i, workers = loop->one_port_a_stage ? loop->nb_stages : 1;

	for (i = 0; i < loop->nb_sides; i++) {
		struct loop_side *side = &loop->side[i];

		side->id = i;
		side->service = loop->has_service && i == 0;
		if (layout == BENCH_TWO_WORKER) {
			side->produces = true;
			side->first_port = i * workers;
			side->produce_port = side->first_port;
			side->nb_ports = workers;
		} else {
			side->produces = i == 0;
			side->first_port = 1;
			side->nb_ports = i == loop->nb_sides - 1 ? workers : 0;
		}
	}
	loop->nb_producers = layout == BENCH_TWO_WORKER ? loop->nb_sides : 1;
}

/* The tables that tell order, in each side of its own. */
static int
setup_check(struct bench_loop *loop)
{
	unsigned int i, stage;

	for (i = 0; i < loop->nb_sides; i++) {
		struct check_seen *seen = &loop->side[i].seen;

		for (stage = 0; stage < loop->nb_stages; stage++) {
			seen->next[stage] = calloc(CHECK_STREAMS, sizeof(*seen->next[stage]));
			if (seen->next[stage] == NULL)
				return -ENOMEM;
			loop->order[i][stage] = seen->next[stage];
			if (loop->sched_type[stage] != RTE_SCHED_TYPE_PARALLEL)
				seen->ordered |= 1u << stage;
		}
	}
	return 0;
}

/** Have both sides look after the order of atomic flows in one table, or each in its own again.
 * Only what is atomic may: there, a flow is with one of them at a time. It costs more than many a
 * device, so it is for what is not timed.
 */
void
bench_wire_share_order(struct bench_loop *loop, bool share)
{
	unsigned int i, stage;

	for (i = 0; i < loop->nb_sides; i++)
		for (stage = 0; stage < loop->nb_stages; stage++)
			if (loop->sched_type[stage] == RTE_SCHED_TYPE_ATOMIC)
				loop->side[i].seen.next[stage] =
					loop->order[share ? 0 : i][stage];
}

/** Take down what bench_wire() put up beside the device. */
void
bench_unwire(struct bench_loop *loop)
{
	unsigned int i, stage;

	for (i = 0; i < LOOP_MAX_SIDES; i++)
		for (stage = 0; stage < LOOP_MAX_STAGES; stage++)
			free(loop->order[i][stage]);
	*loop = (struct bench_loop){0};
}

/**
 * Wire a device for the cell of its loop and start it.
 *
 * @param[out] reason why not, when it did not work out
 * @return 0, or a negative errno
 */
int
bench_wire(struct bench_loop *loop, enum bench_layout layout, char reason[BENCH_REASON_SIZE])
{
	struct rte_event_dev_info info;
	int ret;

	ret = rte_event_dev_info_get(loop->dev_id, &info);
	if (ret < 0)
		return bench_refuse(reason, "info", ret);
	setup_service(loop, &info);
	share_out(loop, layout);
	ret = setup_check(loop);
	if (ret < 0)
		return bench_refuse(reason, "tables", ret);
	loop->maintain = !(info.event_dev_cap & RTE_EVENT_DEV_CAP_MAINTENANCE_FREE);
	ret = setup_device(loop, &info);
	if (ret < 0)
		return bench_refuse(reason, "configure", ret);
	ret = setup_queues(loop, &info);
	if (ret < 0)
		return bench_refuse(reason, "queue set-up", ret);
	ret = setup_ports(loop, &info);
	if (ret < 0)
		return bench_refuse(reason, "port set-up", ret);
	ret = link_workers(loop);
	if (ret < 0)
		return bench_refuse(reason, "link", ret);
	ret = rte_event_dev_start(loop->dev_id);
	if (ret < 0)
		return bench_refuse(reason, "start", ret);
	return 0;
}

