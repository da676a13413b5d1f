/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the user sees: how it starts, a line a second on a terminal, and the table at the end. */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "pipeline.h"

static bool progress_shown;

static void
stages_print(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->options.nb_stages; i++)
		printf("%s%s", i == 0 ? "" : ", ", schedule_name(p->options.stages[i].schedule));
}

static bool
order_is_kept(const struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->options.nb_stages; i++)
		if (p->options.stages[i].schedule == RTE_SCHED_TYPE_PARALLEL)
			return false;
	return true;
}

void
report_start(const struct pipeline *p)
{
	printf("packet_pipeline: %s, stages ", p->device_name);
	stages_print(p);
	printf("; %u workers; %u routes; default port %u\n", p->options.nb_workers, p->routes.count,
	       p->options.default_port);
	if (p->service_inline)
		printf("packet_pipeline: %s schedules in a service, and EAL was given no service "
		       "lcore: the main lcore runs it\n",
		       p->device_name);
	if (!order_is_kept(p) && p->options.nb_workers > 1)
		printf("packet_pipeline: a parallel stage lets packets of a flow overtake each "
		       "other\n");
	fflush(stdout);
}

void
report_progress(const struct pipeline *p, double seconds)
{
	const struct io *io = &p->io;

	if (!isatty(STDERR_FILENO))
		return;
	progress_shown = true;
	fprintf(stderr,
		"\r%6.0f s  received %12" PRIu64 "  in flight %6" PRIu64 "  sent %12" PRIu64
		"  %8.3f Mpkt/s ",
		seconds, io->received, io->received - io->sent, io->sent, io->sent / seconds / 1e6);
	fflush(stderr);
}

void
report_progress_end(void)
{
	if (progress_shown)
		fputc('\n', stderr);
}

static void
ports_print(const struct pipeline *p)
{
	const struct port *port;
	unsigned int i;

	printf("\n%-6s %-20s %12s %12s %12s\n", "port", "name", "received", "sent", "by default");
	for (i = 0; i < PIPELINE_MAX_PORTS; i++) {
		port = &p->ports[i];
		if (port->used)
			printf("%-6u %-20s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n", i,
			       port->name, port->received, port->sent, port->by_default);
	}
}

static void
workers_print(const struct pipeline *p)
{
	const struct worker *w;
	unsigned int i, stage;

	printf("\n%-6s %-6s", "worker", "lcore");
	for (stage = 0; stage < p->options.nb_stages; stage++)
		printf(" %2u %-9s", stage, schedule_name(p->options.stages[stage].schedule));
	printf(" %12s\n", "routed");
	for (i = 0; i < p->options.nb_workers; i++) {
		w = &p->workers[i];
		printf("%-6u %-6u", i, w->lcore);
		for (stage = 0; stage < p->options.nb_stages; stage++)
			printf(" %12" PRIu64, w->handled[stage]);
		printf(" %12" PRIu64 "\n", w->routed);
	}
}

static void
flows_print(const struct pipeline *p)
{
	uint64_t flows = 0, untracked = 0, misordered = p->io.misordered;
	unsigned int i;

	if (p->flows.chains == NULL) {
		printf("\nflows not counted: no stage is atomic\n");
		return;
	}
	for (i = 0; i < p->options.nb_workers; i++) {
		flows += p->workers[i].slab.used;
		untracked += p->workers[i].slab.untracked;
		misordered += p->workers[i].slab.misordered;
	}
	printf("\nflows %" PRIu64 ", packets out of order within a flow %" PRIu64 "\n", flows,
	       misordered);
	if (untracked > 0)
		printf("packets of further flows, not counted by flow %" PRIu64 "\n", untracked);
}

void
report_final(const struct pipeline *p)
{
	const struct io *io = &p->io;

	ports_print(p);
	workers_print(p);
	flows_print(p);
	printf("received %" PRIu64 ", sent %" PRIu64 ", lost %" PRIu64, io->received, io->sent,
	       io->received - io->sent);
	if (p->seconds > 0)
		printf(", in %.3f s (%.3f Mpkt/s)", p->seconds, io->sent / p->seconds / 1e6);
	printf("\n");
}
