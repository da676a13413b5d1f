/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "perf.h"

static volatile sig_atomic_t ended;

static void
end(int number)
{
	(void)number;
	ended = 1;
}

bool
perf_ended(void)
{
	return ended != 0;
}

/* Whoever waits is to see it, so that nodes and their directory are cleared away. */
static void
catch_signals(void)
{
	const struct sigaction action = {.sa_handler = end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* An endpoint is a descriptor. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* What was printed must have arrived. */
static int
flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "slipway scif-perf: cannot write: %s\n", strerror(errno));
	return 1;
}

static int
perf(struct perf_run *run)
{
	int ret;

	raise_descriptors();
	catch_signals();
	ret = perf_nodes_begin(run);
	if (ret == 0) {
		ret = perf_pairs_begin(run);
		if (ret < 0)
			fprintf(stderr, "slipway scif-perf: %s\n", run->pair[PERF_NODE].reason);
	}
	if (ret == 0) {
		perf_cells_make(run);
		perf_measure(run);
		ret = perf_ended() ? 1 : perf_report(run);
		ret |= flush();
		if (!perf_ended() && run->opt.json != NULL && perf_json(run, run->opt.json) < 0)
			ret = 1;
	}
	perf_pairs_end(run);
	perf_nodes_end(run);
	return ret != 0;
}

int
main(int argc, char **argv)
{
	static struct perf_run run;
	int ret = perf_options_parse(argc, argv, &run.opt);

	if (ret != 0)
		return ret < 0 ? 0 : ret;
	return perf(&run);
}
