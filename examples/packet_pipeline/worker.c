/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <sched.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>

#include "packet.h"
#include "pipeline.h"

enum {
	/* Short enough not to waste a shared CPU, long enough that a busy worker never yields. */
	EMPTY_POLLS = 256,
};

void
pipeline_idle(unsigned int *empty_polls)
{
	if (++*empty_polls < EMPTY_POLLS)
		return;
	*empty_polls = 0;
	sched_yield();
}

static void
stage_work(struct worker *w, const struct stage *stage, struct rte_mbuf *packet)
{
	struct pipeline *p = w->pipeline;

	if (stage->work & WORK_LOOKUP)
		packet_lookup(&p->routes, packet);
	if (stage->work & WORK_STATE)
		flows_count(&p->flows, &w->slab, packet);
	if (stage->work & WORK_REWRITE) {
		packet_rewrite(p->ports, packet);
		w->routed += packet_note(packet)->routed;
	}
}

/* Does what the event's stage asks, and turns the event to the next queue. */
static void
event_handle(struct worker *w, struct rte_event *ev)
{
	const struct options *options = &w->pipeline->options;
	unsigned int stage = ev->queue_id;
	unsigned int next = stage + 1;

	stage_work(w, &options->stages[stage], ev->mbuf);
	w->handled[stage]++;
	ev->op = RTE_EVENT_OP_FORWARD;
	ev->queue_id = next;
	ev->sched_type = next < options->nb_stages ? options->stages[next].schedule
						   : RTE_SCHED_TYPE_ATOMIC;
	ev->flow_id = packet_note(ev->mbuf)->flow_id;
}

/* Forwards all, in the order in which they came. A device that is full for now gets the rest
 * later; one that calls an event malformed ends the run, for asking again would not help.
 */
static void
events_forward(struct worker *w, struct rte_event ev[], uint16_t n)
{
	struct pipeline *p = w->pipeline;
	unsigned int empty = 0;
	uint16_t done = 0;

	while (done < n) {
		rte_errno = 0;
		done += rte_event_enqueue_burst(p->event_dev, w->event_port, &ev[done], n - done);
		if (done == n)
			break;
		if (rte_errno == EINVAL) {
			__atomic_store_n(&w->refused, w->refused + n - done, __ATOMIC_RELAXED);
			return;
		}
		if (__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
			return;
		pipeline_idle(&empty);
	}
}

static void
events_handle(struct worker *w, struct rte_event ev[], uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(ev[i].mbuf, void *));
	for (i = 0; i < n; i++)
		event_handle(w, &ev[i]);
	events_forward(w, ev, n);
}

/* A worker lcore's life. It holds nothing when it leaves: a forwarded event is a released one. */
int
worker_run(void *arg)
{
	struct rte_event ev[PIPELINE_MAX_BURST];
	struct worker *w = arg;
	struct pipeline *p = w->pipeline;
	unsigned int empty = 0;
	uint16_t n;

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		n = rte_event_dequeue_burst(p->event_dev, w->event_port, ev, p->burst, 0);
		if (n == 0) {
			pipeline_idle(&empty);
			continue;
		}
		empty = 0;
		events_handle(w, ev, n);
	}
	return 0;
}

/* Service lcores are not among them. */
static unsigned int
lcores_available(void)
{
	unsigned int lcore, count = 0;

	RTE_LCORE_FOREACH_WORKER (lcore)
		count++;
	return count;
}

static void
lcores_assign(struct pipeline *p)
{
	unsigned int lcore, i = 0;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (i == p->options.nb_workers)
			break;
		p->workers[i].pipeline = p;
		p->workers[i].lcore = lcore;
		i++;
	}
}

/* Gives each worker an lcore: as many as asked for, or all that are there. */
int
workers_assign(struct pipeline *p)
{
	struct options *options = &p->options;
	unsigned int available = lcores_available();
	unsigned int needed;

	if (options->nb_workers == 0)
		options->nb_workers = RTE_MIN(available, (unsigned int)PIPELINE_MAX_WORKERS);
	if (options->nb_workers == 0 || options->nb_workers > available) {
		needed = RTE_MAX(options->nb_workers, 1U);
		complain("--workers %u: EAL has %u lcores beside the main one; give it more, e.g. "
			 "--lcores '(0-%u)@(0-1)'",
			 needed, available, needed);
		return EXIT_USAGE;
	}
	lcores_assign(p);
	return EXIT_DONE;
}

int
workers_launch(struct pipeline *p)
{
	unsigned int i;
	int ret;

	for (i = 0; i < p->options.nb_workers; i++) {
		ret = rte_eal_remote_launch(worker_run, &p->workers[i], p->workers[i].lcore);
		if (ret < 0) {
			complain("lcore %u: cannot start worker %u: %s", p->workers[i].lcore, i,
				 rte_strerror(-ret));
			return EXIT_FAILED;
		}
	}
	return EXIT_DONE;
}

uint64_t
workers_refused(const struct pipeline *p)
{
	uint64_t refused = 0;
	unsigned int i;

	for (i = 0; i < p->options.nb_workers; i++)
		refused += __atomic_load_n(&p->workers[i].refused, __ATOMIC_RELAXED);
	return refused;
}
