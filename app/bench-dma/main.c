/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_log.h>

#include "bench.h"
#include "eal.h"

static int
bench(struct bench_run *run)
{
	int failed;

	if (bench_devices_find(run) < 0)
		return 1;
	bench_report_head(run);
	if (bench_measure(run) < 0)
		return 1;
	failed = bench_report_notes(run);
	if (run->opt.json != NULL && bench_json(run, run->opt.json) < 0)
		failed = 1;
	free(run->results);
	return failed;
}

int
main(int argc, char **argv)
{
	static struct bench_run run;
	int used, ret;

	if (bench_help(argc, argv))
		return 0;
	used = bench_eal_begin("bench-dma", argc, argv);
	if (used < 0)
		return 2;
	/* Refusals are part of the table: what the drivers log about them would be noise. */
	rte_log_set_global_level(RTE_LOG_CRIT);

	ret = 2;
	if (bench_options_parse(argc - used, argv + used, &run) == 0)
		ret = bench(&run);
	rte_eal_cleanup();
	return ret;
}
