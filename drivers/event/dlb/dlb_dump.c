/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* rte_event_dev_dump(): a paragraph for the device, a few lines for each queue and port, and where
 * events wait, for what.
 */

#include <inttypes.h>

#include <rte_common.h>

#include "dlb_dump.h"
#include "dlb_hw.h"
#include "dlb_map.h"
#include "dlb_state.h"

/* Below "  queue 0   ". */
#define INDENT "            "

static void
dump_alarms(const struct dlb *dlb, FILE *f)
{
	bool any = false;
	unsigned int i;

	fprintf(f, "  alarms:");
	for (i = 0; i < DLB_ALARMS_KINDS; i++) {
		if (dlb->alarms.count[i] == 0)
			continue;
		fprintf(f, "%s %s %" PRIu64, any ? "," : "", dlb_alarms_name(i),
			dlb->alarms.count[i]);
		any = true;
	}
	fprintf(f, "%s\n", any ? "" : " none");
}

static void
dump_device(const struct dlb *dlb, FILE *f)
{
	struct dlb_device_state state;

	fprintf(f, "%s: DLB %s, ", dlb->name, dlb->args.version == DLB_V20 ? "2.0" : "2.5");
	if (!dlb->started) {
		fprintf(f, "stopped, at most %d events\n",
			dlb->dev->data->dev_conf.nb_events_limit);
		return;
	}
	dlb_state_of_device(dlb, &state);
	fprintf(f, "started, %u of %d events inside\n", state.inside, dlb->events_limit);
	fprintf(f, "  unused credits: %u leased to ports, %u in the pool%s\n", state.leased,
		state.pool, state.leased + state.pool == 0 ? ": new events wait for releases" : "");
	if (state.parked != 0)
		fprintf(f, "  %u events were forwarded and wait for %s of an ordered queue\n",
			state.parked, dlb_wait_name(DLB_WAIT_REORDER));
	dump_alarms(dlb, f);
}

static const char *
queue_types(const struct dlb_queue *q)
{
	static const char *const names[] = {"ordered", "atomic", "parallel"};

	if ((q->conf.event_queue_cfg & RTE_EVENT_QUEUE_CFG_ALL_TYPES) || dlb_queue_is_single(q))
		return "all types";
	return names[q->conf.schedule_type];
}

static void
dump_queue_links(const struct dlb *dlb, unsigned int queue, FILE *f)
{
	unsigned int i, link, n = 0;

	fprintf(f, INDENT "ports:");
	for (i = 0; i < dlb_nb_ports(dlb); i++) {
		const struct dlb_port *p = dlb->ports[i];

		for (link = 0; p != NULL && link < p->nb_links; link++) {
			if (p->links[link].queue == queue)
				fprintf(f, "%s %u (priority %u)", n++ == 0 ? "" : ",", i,
					p->links[link].priority);
		}
	}
	fprintf(f, "%s\n", n == 0 ? " none" : "");
}

static void
dump_queue_state(const struct dlb *dlb, unsigned int queue, FILE *f)
{
	const struct dlb_queue *q = &dlb->queues[queue];
	struct dlb_queue_state state;

	dlb_state_of_queue(dlb, queue, &state);
	fprintf(f, INDENT "%u waiting", state.atomic + state.other);
	if (state.wait != DLB_WAIT_NOTHING)
		fprintf(f, ", for %s", dlb_wait_name(state.wait));
	fprintf(f, "; %" PRIu64 " enqueued so far\n", dlb_hw_queue_enqueued(dlb, q));
	if (q->kind == DLB_KIND_LDB)
		fprintf(f,
			INDENT "%u in flight, at most %u%s; %u atomic entries; %u links pending\n",
			state.inflight, q->inflight_limit, q->ordered ? " (sequence numbers)" : "",
			q->atomic_limit, q->maps_pending);
}

static void
dump_queue(const struct dlb *dlb, unsigned int i, FILE *f)
{
	const struct dlb_queue *q = &dlb->queues[i];

	fprintf(f, "  queue %-4u", i);
	if (!q->set_up) {
		fprintf(f, "not set up\n");
		return;
	}
	if (dlb->started)
		fprintf(f, "%s %u, %s, depth threshold %u\n",
			q->kind == DLB_KIND_LDB ? "load-balanced" : "directed", q->hw,
			queue_types(q), q->depth_threshold);
	else
		fprintf(f, "%s\n", queue_types(q));
	if (dlb->started)
		dump_queue_state(dlb, i, f);
	dump_queue_links(dlb, i, f);
}

static const char *
port_mode(const struct dlb_port *p)
{
	static const char *const names[] = {
		[DLB_POP_AUTO] = "as they are dequeued",
		[DLB_POP_DELAYED] = "with its releases",
		[DLB_POP_DEFERRED] = "with its next dequeue",
	};

	return names[p->pop];
}

static void
dump_port_state(const struct dlb_port *p, FILE *f)
{
	struct dlb_port_state state;

	dlb_state_of_port(p, &state);
	fprintf(f, INDENT "consumer queue: %u of %u to be dequeued", state.fill, state.depth);
	if (state.owed != 0)
		fprintf(f, ", %u slots kept back", state.owed);
	fprintf(f, "; slots come back %s\n", port_mode(p));
	fprintf(f, INDENT "holds %u events", state.held);
	if (p->kind == DLB_KIND_LDB)
		fprintf(f, "; history %u of %u", state.inflight, p->history_size);
	fprintf(f, "; %u credits leased, new_event_threshold %d\n", state.leased,
		p->conf.new_event_threshold);
	if (state.wait != DLB_WAIT_NOTHING)
		fprintf(f, INDENT "gets nothing more: waits for %s\n", dlb_wait_name(state.wait));
}

static void
dump_port_counters(const struct dlb_port *p, FILE *f)
{
	fprintf(f,
		INDENT "dequeued %" PRIu64 ", new %" PRIu64 ", forwarded %" PRIu64
		       ", released %" PRIu64 " and %" PRIu64 " implicitly\n",
		p->stats.rx_ok, p->stats.tx_new, p->stats.tx_forward, p->stats.tx_release,
		p->stats.tx_implicit_release);
	if (p->stats.tx_no_credit + p->stats.tx_over_threshold + p->stats.tx_invalid != 0)
		fprintf(f,
			INDENT "refused: %" PRIu64 " bursts without credit, %" PRIu64
			       " over the threshold, %" PRIu64 " bad events\n",
			p->stats.tx_no_credit, p->stats.tx_over_threshold, p->stats.tx_invalid);
}

static void
dump_port(const struct dlb *dlb, unsigned int i, FILE *f)
{
	const struct dlb_port *p = dlb->ports[i];

	fprintf(f, "  port %-5u", i);
	if (p == NULL) {
		fprintf(f, "not set up\n");
		return;
	}
	if (!dlb->started) {
		fprintf(f, "dequeue depth %u\n", p->conf.dequeue_depth);
		return;
	}
	fprintf(f, "%s %u%s\n", p->kind == DLB_KIND_LDB ? "load-balanced" : "directed", p->hw,
		p->implicit_release ? "" : ", no implicit release");
	dump_port_state(p, f);
	dump_port_counters(p, f);
}

void
dlb_dump(struct rte_eventdev *dev, FILE *f)
{
	struct dlb *dlb = dlb_of(dev);
	unsigned int i;

	rte_spinlock_lock(&dlb->lock);
	if (dlb->started)
		dlb_alarms_look(dlb);
	dump_device(dlb, f);
	for (i = 0; i < dlb_nb_queues(dlb); i++)
		dump_queue(dlb, i, f);
	for (i = 0; i < dlb_nb_ports(dlb); i++)
		dump_port(dlb, i, f);
	rte_spinlock_unlock(&dlb->lock);
}
