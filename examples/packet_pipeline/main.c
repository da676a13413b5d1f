/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* An l3fwd-style pipeline on any event device. Start reading at pipeline.h, then here, then at
 * io_run() and worker_run().
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "pipeline.h"

/* Too large for a stack, and there is one pipeline in a program. */
static struct pipeline pipeline;

void
complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("packet_pipeline: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void
interrupted(int signal_number)
{
	RTE_SET_USED(signal_number);
	pipeline_interrupts++;
}

static void
signals_catch(void)
{
	const struct sigaction action = {.sa_handler = interrupted};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool
counts_state(const struct options *options)
{
	unsigned int i;

	for (i = 0; i < options->nb_stages; i++)
		if (options->stages[i].work & WORK_STATE)
			return true;
	return false;
}

static int
flows_open(struct pipeline *p)
{
	unsigned int i;
	int ret;

	if (!counts_state(&p->options))
		return EXIT_DONE;
	ret = flows_create(&p->flows, p->flow_mask + 1);
	for (i = 0; ret == 0 && i < p->options.nb_workers; i++)
		ret = flows_slab_create(&p->workers[i].slab);
	if (ret == 0)
		return EXIT_DONE;
	complain("no DPDK memory for %u flows of each of %u workers: give EAL more, e.g. -m 512",
		 FLOWS_PER_WORKER, p->options.nb_workers);
	return EXIT_FAILED;
}

static void
flows_close(struct pipeline *p)
{
	unsigned int i;

	for (i = 0; i < p->options.nb_workers; i++)
		flows_slab_free(&p->workers[i].slab);
	flows_free(&p->flows);
}

/* The pipeline's verdict on itself. Parallel stages give up order, so only the others count. */
static int
verdict(const struct pipeline *p)
{
	const struct io *io = &p->io;
	uint64_t misordered = io->misordered;
	unsigned int i;

	for (i = 0; i < p->options.nb_workers; i++)
		misordered += p->workers[i].slab.misordered;
	for (i = 0; i < p->options.nb_stages; i++)
		if (p->options.stages[i].schedule == RTE_SCHED_TYPE_PARALLEL)
			misordered = 0;
	if (misordered > 0) {
		complain("%s: %" PRIu64 " packets out of order within their flow", p->device_name,
			 misordered);
		return EXIT_FAILED;
	}
	if (ports_verdict() != EXIT_DONE)
		return EXIT_FAILED;
	if (io->received < p->options.expect) {
		complain("--expect %" PRIu64 ": only %" PRIu64 " packets came in",
			 p->options.expect, io->received);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

static int
run(struct pipeline *p)
{
	int ret;

	report_start(p);
	ret = workers_launch(p);
	if (ret == EXIT_DONE)
		ret = io_run(p);
	__atomic_store_n(&p->stop, true, __ATOMIC_RELEASE);
	rte_eal_mp_wait_lcore();
	report_final(p);
	return ret == EXIT_DONE ? verdict(p) : ret;
}

/* Everything is opened in this order, and closed in the opposite one, as far as it got. */
static int
pipeline_run(struct pipeline *p)
{
	int ret;

	ret = workers_assign(p);
	if (ret == EXIT_DONE)
		ret = device_find(p);
	if (ret != EXIT_DONE)
		return ret;
	ret = ports_open(p);
	if (ret == EXIT_DONE)
		ret = routes_load(p);
	if (ret == EXIT_DONE)
		ret = device_open(p);
	if (ret == EXIT_DONE)
		ret = flows_open(p);
	if (ret == EXIT_DONE)
		ret = run(p);
	device_close(p);
	flows_close(p);
	routes_free(&p->routes);
	ports_close(p);
	return ret;
}

int
main(int argc, char **argv)
{
	int used, ret;

	if (options_help_wanted(argc, argv))
		return EXIT_DONE;
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		complain("EAL does not start: %s; without huge pages it needs --no-huge -m 512",
			 rte_strerror(rte_errno));
		return EXIT_USAGE;
	}
	signals_catch();
	ret = options_parse(&pipeline.options, argc - used, argv + used);
	if (ret == 0)
		ret = pipeline_run(&pipeline);
	else
		ret = ret < 0 ? EXIT_USAGE : EXIT_DONE;
	rte_eal_cleanup();
	return ret;
}
