/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the dump says, for programs: /slipway/dlb/device, /queue, /port and /alarms. */

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "dlb_hw.h"
#include "dlb_state.h"
#include "dlb_telemetry.h"

#define DEVICE "/slipway/dlb/device"
#define QUEUE  "/slipway/dlb/queue"
#define PORT   "/slipway/dlb/port"
#define ALARMS "/slipway/dlb/alarms"

static void
add(struct rte_tel_data *answer, const char *name, uint64_t value)
{
	compat_tel_add_dict_uint(answer, name, value);
}

static void
add_wait(struct rte_tel_data *answer, enum dlb_wait wait)
{
	rte_tel_data_add_dict_string(answer, "waits_for", dlb_wait_name(wait));
}

static int
tell_device(struct dlb *dlb, unsigned long number, struct rte_tel_data *answer)
{
	struct dlb_device_state state = {0};

	RTE_SET_USED(number);
	if (dlb->started)
		dlb_state_of_device(dlb, &state);
	rte_tel_data_add_dict_string(answer, "name", dlb->name);
	rte_tel_data_add_dict_string(answer, "version",
				     dlb->args.version == DLB_V20 ? "2.0" : "2.5");
	add(answer, "started", dlb->started);
	add(answer, "queues", dlb_nb_queues(dlb));
	add(answer, "ports", dlb_nb_ports(dlb));
	add(answer, "events_limit", dlb->started ? (uint64_t)dlb->events_limit : 0);
	add(answer, "events_inside", state.inside);
	add(answer, "credits_leased", state.leased);
	add(answer, "credits_in_pool", state.pool);
	add(answer, "waiting_for_older_events", state.parked);
	return 0;
}

static int
tell_queue(struct dlb *dlb, unsigned long number, struct rte_tel_data *answer)
{
	const struct dlb_queue *q;
	struct dlb_queue_state state;

	if (number >= dlb_nb_queues(dlb) || !dlb->started)
		return -ENOENT;
	q = &dlb->queues[number];
	dlb_state_of_queue(dlb, (unsigned int)number, &state);
	rte_tel_data_add_dict_string(answer, "kind",
				     q->kind == DLB_KIND_LDB ? "load-balanced" : "directed");
	add(answer, "hw", q->hw);
	add(answer, "waiting_atomic", state.atomic);
	add(answer, "waiting_other", state.other);
	add(answer, "enqueued", dlb_hw_queue_enqueued(dlb, q));
	add(answer, "in_flight", state.inflight);
	add(answer, "in_flight_limit", q->kind == DLB_KIND_LDB ? q->inflight_limit : 0);
	add_wait(answer, state.wait);
	return 0;
}

static void
add_links(const struct dlb_port *p, struct rte_tel_data *answer)
{
	struct rte_tel_data *links = rte_tel_data_alloc();
	unsigned int i;

	if (links == NULL)
		return;
	compat_tel_start_array_uint(links);
	for (i = 0; i < p->nb_links; i++)
		compat_tel_add_array_uint(links, p->links[i].queue);
	rte_tel_data_add_dict_container(answer, "links", links, 0);
}

static int
tell_port(struct dlb *dlb, unsigned long number, struct rte_tel_data *answer)
{
	struct dlb_port_state state;
	const struct dlb_port *p;

	if (number >= dlb_nb_ports(dlb) || !dlb->started)
		return -ENOENT;
	p = dlb->ports[number];
	dlb_state_of_port(p, &state);
	rte_tel_data_add_dict_string(answer, "kind",
				     p->kind == DLB_KIND_LDB ? "load-balanced" : "directed");
	add(answer, "hw", p->hw);
	add(answer, "to_be_dequeued", state.fill);
	add(answer, "depth", state.depth);
	add(answer, "slots_kept_back", state.owed);
	add(answer, "held", state.held);
	add(answer, "history_used", state.inflight);
	add(answer, "history_size", p->kind == DLB_KIND_LDB ? p->history_size : 0);
	add(answer, "credits_leased", state.leased);
	add(answer, "scheduled", dlb_hw_port_scheduled(p));
	add(answer, "dequeued", p->stats.rx_ok);
	add(answer, "new", p->stats.tx_new);
	add(answer, "forwarded", p->stats.tx_forward);
	add(answer, "released", p->stats.tx_release + p->stats.tx_implicit_release);
	add_wait(answer, state.wait);
	add_links(p, answer);
	return 0;
}

static int
tell_alarms(struct dlb *dlb, unsigned long number, struct rte_tel_data *answer)
{
	unsigned int i;

	RTE_SET_USED(number);
	if (dlb->started)
		dlb_alarms_look(dlb);
	for (i = 0; i < DLB_ALARMS_KINDS; i++)
		add(answer, dlb_alarms_name(i), dlb->alarms.count[i]);
	add(answer, "MORE", dlb->alarms.more);
	add(answer, "overloads", dlb->alarms.overloads);
	return 0;
}

static int
tell(const char *cmd, struct dlb *dlb, unsigned long number, struct rte_tel_data *answer)
{
	static const struct {
		const char *cmd;
		int (*tell)(struct dlb *dlb, unsigned long number, struct rte_tel_data *answer);
	} commands[] = {
		{DEVICE, tell_device},
		{QUEUE, tell_queue},
		{PORT, tell_port},
		{ALARMS, tell_alarms},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(cmd, commands[i].cmd) == 0)
			return commands[i].tell(dlb, number, answer);
	}
	return -ENOENT;
}

static int
answer_state(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	unsigned long id, number;
	struct dlb *dlb;
	int ret;

	if (dlb_telemetry_parse(params, &id, &number) < 0) {
		DLB_LOG(ERR, cmd, "parameters \"%s\": accepted: ID or ID,NUMBER",
			params != NULL ? params : "");
		return -EINVAL;
	}
	dlb = dlb_telemetry_get(id, cmd);
	if (dlb == NULL)
		return -ENODEV;
	rte_tel_data_start_dict(answer);
	rte_spinlock_lock(&dlb->lock);
	ret = tell(cmd, dlb, number, answer);
	rte_spinlock_unlock(&dlb->lock);
	if (ret < 0)
		DLB_LOG(ERR, cmd, "number %lu: accepted: less than %u, of a started device", number,
			strcmp(cmd, QUEUE) == 0 ? dlb_nb_queues(dlb) : dlb_nb_ports(dlb));
	dlb_telemetry_put();
	return ret;
}

RTE_INIT(dlb_telemetry_state_register)
{
	rte_telemetry_register_cmd(DEVICE, answer_state, "How a device is. Parameters: int device id");
	rte_telemetry_register_cmd(
		QUEUE, answer_state, "How a queue is. Parameters: int device id, int queue id");
	rte_telemetry_register_cmd(
		PORT, answer_state, "How a port is. Parameters: int device id, int port id");
	rte_telemetry_register_cmd(
		ALARMS, answer_state, "Alarms of a device so far. Parameters: int device id");
}
