/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Extended statistics. One row per statistic says its name, how its value is found, and whether it
 * counts, which is what reset resets. Counters are those of the ports; what is said of queues is
 * read from the device, which counts anyway; the device's counters cannot be reset from here.
 */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "dlb_hw.h"
#include "dlb_state.h"
#include "dlb_xstats.h"

/* A statistic of a device, a port or a queue; i is the id of the latter two. */
struct xstat {
	const char *name;
	uint64_t (*value)(const struct dlb *dlb, unsigned int i);
	/* Where value is NULL. */
	ptrdiff_t counter; /* in struct dlb_port_stats, */
	bool of_device;    /* or rather in struct dlb */
};

#define COUNTER(name, field)                                       \
	{                                                          \
		name, NULL, offsetof(struct dlb_port_stats, field), false \
	}
#define DEVICE_COUNTER(name, field)                     \
	{                                               \
		name, NULL, offsetof(struct dlb, field), true \
	}
#define VALUE(name)                    \
	{                              \
#name, value_##name, 0, false \
	}

static uint64_t *
device_counter_of(const struct dlb *dlb, const struct xstat *stat)
{
	return (uint64_t *)((uintptr_t)dlb + stat->counter);
}

static uint64_t *
counter_of(struct dlb_port *p, const struct xstat *stat)
{
	return (uint64_t *)((char *)&p->stats + stat->counter);
}

static uint64_t
value_nb_events_limit(const struct dlb *dlb, unsigned int i)
{
	RTE_SET_USED(i);
	return dlb->started ? (uint64_t)dlb->events_limit
			    : (uint64_t)dlb->dev->data->dev_conf.nb_events_limit;
}

static uint64_t
value_inflight_events(const struct dlb *dlb, unsigned int i)
{
	RTE_SET_USED(i);
	if (!dlb->started)
		return 0;
	return (uint64_t)(dlb->credits.limit - dlb_credit_unused(&dlb->credits));
}

static uint64_t
value_pool_size(const struct dlb *dlb, unsigned int i)
{
	RTE_SET_USED(i);
	if (!dlb->started)
		return 0;
	return (uint64_t)atomic_load_explicit(&dlb->credits.unused, memory_order_relaxed);
}

static struct dlb_device_state
device_state(const struct dlb *dlb)
{
	struct dlb_device_state state = {0};

	if (dlb->started)
		dlb_state_of_device(dlb, &state);
	return state;
}

static uint64_t
device_credits_leased(const struct dlb *dlb, unsigned int i)
{
	RTE_SET_USED(i);
	return device_state(dlb).leased;
}

static uint64_t
device_reorder_waiting(const struct dlb *dlb, unsigned int i)
{
	RTE_SET_USED(i);
	return device_state(dlb).parked;
}

static uint64_t
value_is_configured(const struct dlb *dlb, unsigned int i)
{
	return dlb->ports[i] != NULL && dlb->ports[i]->set_up;
}

static uint64_t
value_is_load_balanced(const struct dlb *dlb, unsigned int i)
{
	return dlb->ports[i] != NULL && dlb->ports[i]->kind == DLB_KIND_LDB;
}

static uint64_t
value_hw_id(const struct dlb *dlb, unsigned int i)
{
	return dlb->ports[i] != NULL ? dlb->ports[i]->hw : 0;
}

/* A port as it is; all 0 when the device is stopped. */
static struct dlb_port_state
port_state(const struct dlb *dlb, unsigned int i)
{
	struct dlb_port_state state = {0};

	if (dlb->started)
		dlb_state_of_port(dlb->ports[i], &state);
	return state;
}

static uint64_t
value_outstanding_releases(const struct dlb *dlb, unsigned int i)
{
	return dlb->ports[i] != NULL ? dlb->ports[i]->held : 0;
}

static uint64_t
value_credits_leased(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).leased;
}

static uint64_t
value_cq_fill(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).fill;
}

static uint64_t
value_cq_depth(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).depth;
}

static uint64_t
value_tokens_owed(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).owed;
}

static uint64_t
value_history_used(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).inflight;
}

static uint64_t
value_history_size(const struct dlb *dlb, unsigned int i)
{
	return dlb->started ? dlb->ports[i]->history_size : 0;
}

static uint64_t
value_scheduled(const struct dlb *dlb, unsigned int i)
{
	return dlb->started ? dlb_hw_port_scheduled(dlb->ports[i]) : 0;
}

static uint64_t
value_wait(const struct dlb *dlb, unsigned int i)
{
	return port_state(dlb, i).wait;
}

static uint64_t
value_tx_ok(const struct dlb *dlb, unsigned int i)
{
	const struct dlb_port *p = dlb->ports[i];

	return p != NULL ? p->stats.tx_new + p->stats.tx_forward + p->stats.tx_release : 0;
}

static uint64_t
queue_is_configured(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].set_up;
}

static uint64_t
queue_is_load_balanced(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].kind == DLB_KIND_LDB;
}

static uint64_t
queue_hw_id(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].hw;
}

static uint64_t
queue_num_links(const struct dlb *dlb, unsigned int i)
{
	unsigned int port, link, n = 0;

	for (port = 0; port < dlb_nb_ports(dlb); port++) {
		const struct dlb_port *p = dlb->ports[port];

		for (link = 0; p != NULL && link < p->nb_links; link++)
			n += p->links[link].queue == i;
	}
	return n;
}

static uint64_t
queue_sched_type(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].conf.schedule_type;
}

static uint64_t
queue_sequence_numbers(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].ordered ? dlb->queues[i].inflight_limit : 0;
}

static uint64_t
queue_enq_ok(const struct dlb *dlb, unsigned int i)
{
	return dlb->started ? dlb_hw_queue_enqueued(dlb, &dlb->queues[i]) : 0;
}

static struct dlb_queue_state
queue_state(const struct dlb *dlb, unsigned int i)
{
	struct dlb_queue_state state = {0};

	if (dlb->started)
		dlb_state_of_queue(dlb, i, &state);
	return state;
}

static uint64_t
queue_waiting_atomic(const struct dlb *dlb, unsigned int i)
{
	return dlb->queues[i].kind == DLB_KIND_LDB ? queue_state(dlb, i).atomic : 0;
}

static uint64_t
queue_waiting_other(const struct dlb *dlb, unsigned int i)
{
	return queue_state(dlb, i).other;
}

static uint64_t
queue_inflight(const struct dlb *dlb, unsigned int i)
{
	return queue_state(dlb, i).inflight;
}

static uint64_t
queue_inflight_limit(const struct dlb *dlb, unsigned int i)
{
	return dlb->started && dlb->queues[i].kind == DLB_KIND_LDB ? dlb->queues[i].inflight_limit
								    : 0;
}

static uint64_t
queue_depth_threshold(const struct dlb *dlb, unsigned int i)
{
	return dlb->started ? dlb->queues[i].depth_threshold : 0;
}

/* Events dequeued when the queue was so deep, where that is told. */
static uint64_t
depth_seen(const struct dlb *dlb, unsigned int i, unsigned int code)
{
	uint64_t sum = 0;
	unsigned int port;

	for (port = 0; port < dlb_nb_ports(dlb); port++)
		sum += dlb->ports[port] != NULL ? dlb->ports[port]->depth_seen[i][code] : 0;
	return sum;
}

static uint64_t
queue_le50(const struct dlb *dlb, unsigned int i)
{
	return depth_seen(dlb, i, 0);
}

static uint64_t
queue_gt50(const struct dlb *dlb, unsigned int i)
{
	return depth_seen(dlb, i, 1);
}

static uint64_t
queue_gt75(const struct dlb *dlb, unsigned int i)
{
	return depth_seen(dlb, i, 2);
}

static uint64_t
queue_gt100(const struct dlb *dlb, unsigned int i)
{
	return depth_seen(dlb, i, 3);
}

static uint64_t
queue_wait(const struct dlb *dlb, unsigned int i)
{
	return queue_state(dlb, i).wait;
}

static uint64_t
queue_current_depth(const struct dlb *dlb, unsigned int i)
{
	return dlb->started ? dlb_hw_queue_depth(dlb, &dlb->queues[i]) : 0;
}

#define PORT_COUNTERS                                                          \
	COUNTER("rx_ok", rx_ok), COUNTER("total_polls", polls),                \
		COUNTER("zero_polls", empty_polls), COUNTER("tx_new", tx_new), \
		COUNTER("rx_interrupt_wait", sleeps),                          \
		COUNTER("tx_fwd", tx_forward), COUNTER("tx_rel", tx_release),  \
		COUNTER("tx_implicit_rel", tx_implicit_release),               \
		COUNTER("tx_nospc_inflight_max", tx_no_credit),                \
		COUNTER("tx_nospc_new_event_limit", tx_over_threshold),        \
		COUNTER("tx_invalid", tx_invalid), COUNTER("wrong_thread", wrong_thread)

/* A device's counters are the sums of its ports' counters. */
static const struct xstat device_stats[] = {
	PORT_COUNTERS,
	VALUE(nb_events_limit),
	VALUE(inflight_events),
	VALUE(pool_size),
	{"credits_leased", device_credits_leased, 0, false},
	{"reorder_waiting", device_reorder_waiting, 0, false},
	DEVICE_COUNTER("alarm_illegal_hcw", alarms.count[DLB_ALARMS_ILLEGAL_HCW]),
	DEVICE_COUNTER("alarm_illegal_qid", alarms.count[DLB_ALARMS_ILLEGAL_QID]),
	DEVICE_COUNTER("alarm_disabled_qid", alarms.count[DLB_ALARMS_DISABLED_QID]),
	DEVICE_COUNTER("alarm_illegal_qid_cfg", alarms.count[DLB_ALARMS_ILLEGAL_QID_CFG]),
	DEVICE_COUNTER("alarm_illegal_enq", alarms.count[DLB_ALARMS_ILLEGAL_ENQ]),
	DEVICE_COUNTER("alarm_excess_token_pops", alarms.count[DLB_ALARMS_EXCESS_TOKEN_POPS]),
	DEVICE_COUNTER("alarm_other", alarms.count[DLB_ALARMS_OTHER]),
	DEVICE_COUNTER("alarms_more", alarms.more),
	DEVICE_COUNTER("alarm_overloads", alarms.overloads),
};

static const struct xstat port_stats[] = {
	PORT_COUNTERS,
	VALUE(tx_ok),
	VALUE(is_configured),
	VALUE(is_load_balanced),
	VALUE(hw_id),
	VALUE(outstanding_releases),
	VALUE(credits_leased),
	VALUE(scheduled),
	VALUE(cq_fill),
	VALUE(cq_depth),
	VALUE(tokens_owed),
	VALUE(history_used),
	VALUE(history_size),
	VALUE(wait),
};

static const struct xstat queue_stats[] = {
	{"is_configured", queue_is_configured, 0, false},
	{"is_load_balanced", queue_is_load_balanced, 0, false},
	{"hw_id", queue_hw_id, 0, false},
	{"num_links", queue_num_links, 0, false},
	{"sched_type", queue_sched_type, 0, false},
	{"sequence_numbers", queue_sequence_numbers, 0, false},
	{"enq_ok", queue_enq_ok, 0, false},
	{"current_depth", queue_current_depth, 0, false},
	{"depth_threshold", queue_depth_threshold, 0, false},
	{"depth_le50_threshold", queue_le50, 0, false},
	{"depth_gt50_le75_threshold", queue_gt50, 0, false},
	{"depth_gt75_le100_threshold", queue_gt75, 0, false},
	{"depth_gt100_threshold", queue_gt100, 0, false},
	{"waiting_atomic", queue_waiting_atomic, 0, false},
	{"waiting_other", queue_waiting_other, 0, false},
	{"inflight", queue_inflight, 0, false},
	{"inflight_limit", queue_inflight_limit, 0, false},
	{"wait", queue_wait, 0, false},
};

/* What one mode offers: the rows, the prefix of their names, and how many ids there are. */
struct scope {
	const struct xstat *stats;
	unsigned int nb_stats;
	const char *prefix;
	unsigned int nb_ids;
};

static struct scope
scope_of(const struct dlb *dlb, enum rte_event_dev_xstats_mode mode)
{
	switch (mode) {
	case RTE_EVENT_DEV_XSTATS_DEVICE:
		return (struct scope){device_stats, RTE_DIM(device_stats), "dev_", 1};
	case RTE_EVENT_DEV_XSTATS_PORT:
		return (struct scope){port_stats, RTE_DIM(port_stats), "port_", dlb_nb_ports(dlb)};
	case RTE_EVENT_DEV_XSTATS_QUEUE:
		return (struct scope){queue_stats, RTE_DIM(queue_stats), "qid_",
				      dlb_nb_queues(dlb)};
	}
	return (struct scope){0};
}

static void
stat_name(char *name, size_t size, enum rte_event_dev_xstats_mode mode, const struct scope *scope,
	  unsigned int id, unsigned int stat)
{
	if (mode == RTE_EVENT_DEV_XSTATS_DEVICE)
		snprintf(name, size, "%s%s", scope->prefix, scope->stats[stat].name);
	else
		snprintf(name, size, "%s%u_%s", scope->prefix, id, scope->stats[stat].name);
}

static uint64_t
stat_value(const struct dlb *dlb, enum rte_event_dev_xstats_mode mode, const struct xstat *stat,
	   unsigned int id)
{
	uint64_t sum = 0;
	unsigned int i;

	if (stat->value != NULL)
		return stat->value(dlb, id);
	if (stat->of_device)
		return *device_counter_of(dlb, stat);
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i] != NULL && (mode == RTE_EVENT_DEV_XSTATS_DEVICE || i == id))
			sum += *counter_of(dlb->ports[i], stat);
	}
	return sum;
}

int
dlb_xstats_names(const struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode, uint8_t id,
		 struct rte_event_dev_xstats_name *names, uint64_t *ids, unsigned int size)
{
	struct scope scope = scope_of(dlb_of(dev), mode);
	unsigned int i;

	if (scope.stats == NULL || id >= RTE_MAX(scope.nb_ids, 1u))
		return -EINVAL;
	if (names == NULL || size < scope.nb_stats)
		return (int)scope.nb_stats;
	for (i = 0; i < scope.nb_stats; i++) {
		stat_name(names[i].name, sizeof(names[i].name), mode, &scope, id, i);
		if (ids != NULL)
			ids[i] = i;
	}
	return (int)scope.nb_stats;
}

/* Before values are read: the device stays as it is, and what it complained of is counted. */
static void
reading_begin(struct dlb *dlb, enum rte_event_dev_xstats_mode mode)
{
	rte_spinlock_lock(&dlb->lock);
	if (dlb->started && mode == RTE_EVENT_DEV_XSTATS_DEVICE)
		dlb_alarms_look(dlb);
}

static void
reading_end(struct dlb *dlb)
{
	rte_spinlock_unlock(&dlb->lock);
}

int
dlb_xstats_get(const struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode, uint8_t id,
	       const uint64_t ids[], uint64_t values[], unsigned int n)
{
	struct dlb *dlb = dlb_of(dev);
	struct scope scope = scope_of(dlb, mode);
	unsigned int i;

	if (scope.stats == NULL || id >= scope.nb_ids)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (ids[i] >= scope.nb_stats)
			return -EINVAL;
	}
	reading_begin(dlb, mode);
	for (i = 0; i < n; i++)
		values[i] = stat_value(dlb, mode, &scope.stats[ids[i]], id);
	reading_end(dlb);
	return (int)n;
}

/* Look for a name among all ids of a scope: false when it is not there. */
static bool
find_in_scope(const struct dlb *dlb, enum rte_event_dev_xstats_mode mode, const char *name,
	      uint64_t *stat, unsigned int *id)
{
	struct scope scope = scope_of(dlb, mode);
	char candidate[RTE_EVENT_DEV_XSTATS_NAME_SIZE];
	unsigned int i;

	if (strncmp(name, scope.prefix, strlen(scope.prefix)) != 0)
		return false;
	for (*id = 0; *id < scope.nb_ids; (*id)++) {
		for (i = 0; i < scope.nb_stats; i++) {
			stat_name(candidate, sizeof(candidate), mode, &scope, *id, i);
			if (strcmp(candidate, name) == 0) {
				*stat = i;
				return true;
			}
		}
	}
	return false;
}

uint64_t
dlb_xstats_by_name(const struct rte_eventdev *dev, const char *name, uint64_t *id)
{
	static const enum rte_event_dev_xstats_mode modes[] = {
		RTE_EVENT_DEV_XSTATS_DEVICE,
		RTE_EVENT_DEV_XSTATS_PORT,
		RTE_EVENT_DEV_XSTATS_QUEUE,
	};
	struct dlb *dlb = dlb_of(dev);
	unsigned int i, owner;
	uint64_t value;

	for (i = 0; i < RTE_DIM(modes); i++) {
		if (!find_in_scope(dlb, modes[i], name, id, &owner))
			continue;
		reading_begin(dlb, modes[i]);
		value = stat_value(dlb, modes[i], &scope_of(dlb, modes[i]).stats[*id], owner);
		reading_end(dlb);
		return value;
	}
	return (uint64_t)-EINVAL;
}

static void
reset_counter(const struct dlb *dlb, enum rte_event_dev_xstats_mode mode, const struct xstat *stat,
	      int id)
{
	unsigned int i;

	if (stat->value != NULL)
		return;
	if (stat->of_device) {
		*device_counter_of(dlb, stat) = 0;
		return;
	}
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		if (dlb->ports[i] != NULL &&
		    (mode == RTE_EVENT_DEV_XSTATS_DEVICE || id < 0 || (unsigned int)id == i))
			*counter_of(dlb->ports[i], stat) = 0;
	}
}

int
dlb_xstats_reset(struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode, int16_t id,
		 const uint64_t ids[], uint32_t nb_ids)
{
	const struct dlb *dlb = dlb_of(dev);
	struct scope scope = scope_of(dlb, mode);
	uint32_t i, n = ids != NULL ? nb_ids : scope.nb_stats;

	if (scope.stats == NULL || (id >= 0 && (unsigned int)id >= scope.nb_ids))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		uint64_t stat = ids != NULL ? ids[i] : i;

		if (stat >= scope.nb_stats)
			return -EINVAL;
		reset_counter(dlb, mode, &scope.stats[stat], id);
	}
	return 0;
}
