/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include "perf.h"

static const char *
tag_name(const struct perf_run *run, const struct perf_cell *cell)
{
	return run->opt.cpu[0] == run->opt.cpu[1] ? "one CPU"
						  : bench_probe_tag_name(true, cell->tag);
}

/* What a cell is compared with, or NULL. */
static const struct perf_cell *
base_of(const struct perf_run *run, const struct perf_cell *cell)
{
	enum perf_way way = cell->part == PERF_RMA ? PERF_MEMCPY : PERF_UNIX;

	if (cell->way == way || cell->way == PERF_RAW || cell->way == PERF_MAPPED)
		return NULL;
	return perf_cell_find(run, cell->part, way, PERF_NODE, cell->size);
}

static void
print_ratio(const struct perf_run *run, const struct perf_cell *cell)
{
	const struct perf_cell *base = base_of(run, cell);
	double ratio;

	if (cell->way == PERF_MAPPED || base == NULL || base->median == 0 || cell->median == 0) {
		printf("  %22s", "");
		return;
	}
	/* Of round trips less is more. */
	ratio = cell->part == PERF_TRIPS ? base->median / cell->median
					 : cell->median / base->median;
	printf("  %6.2fx %-14s", ratio, base->name);
}

static int
print_cell(const struct perf_run *run, const struct perf_cell *cell)
{
	static const char *const format[PERF_NB_PARTS] = {
		[PERF_TRIPS] = "%12.0f",
		[PERF_STREAMS] = "%12.3f",
		[PERF_RMA] = "%12.3f",
		[PERF_CONNECTIONS] = "%12.0f",
	};
	char size[16];

	printf("  %-22s %6s", cell->name,
	       cell->size == 0 ? "" : bench_size_name(cell->size, size));
	if (cell->reason[0] != '\0') {
		printf("  FAILED: %s\n", cell->reason);
		return 1;
	}
	printf(format[cell->part], cell->median);
	if (cell->way == PERF_MAPPED)
		printf("  %+6.0f ns to the line  ", cell->over_ns);
	else
		print_ratio(run, cell);
	printf("  %s:%u, line %.0f ns\n", tag_name(run, cell), cell->samples, cell->raw_ns);
	return 0;
}

static int
report_part(const struct perf_run *run, enum perf_part part)
{
	static const char *const title[PERF_NB_PARTS] = {
		[PERF_TRIPS] = "round trips, ns",
		[PERF_STREAMS] = "streams, 10^9 bytes a second",
		[PERF_RMA] = "copies, 10^9 bytes a second",
		[PERF_CONNECTIONS] = "connections a second: connect, accept, close",
	};
	bool any = false;
	int failed = 0;

	for (unsigned int i = 0; i < run->nb_cells; i++) {
		if (run->cell[i].part != part)
			continue;
		if (!any)
			printf("\n%s\n", title[part]);
		any = true;
		failed |= print_cell(run, &run->cell[i]);
	}
	return failed;
}

static int
report_endpoints(const struct perf_run *run)
{
	const struct perf_endpoints *e = &run->endpoints;

	if ((run->opt.parts & 1u << PERF_ENDPOINTS) == 0)
		return 0;
	if (e->reason[0] != '\0') {
		printf("\n%u connections at once: FAILED: %s\n", e->count, e->reason);
		return 1;
	}
	printf("\n%u connections at once: connected in %.2f s, a message there and back on each "
	       "in %.2f s, closed in %.2f s\n", e->count, e->connect, e->message, e->close);
	return 0;
}

/** Print what was measured: 0, or 1 when something failed. */
int
perf_report(const struct perf_run *run)
{
	int failed = 0;

	printf("Medians of up to %u samples of %.3f s, taken in turns, on CPUs %u and %u; the raw "
	       "round trip\nof a cache line between them is taken before and after each.\n",
	       run->opt.repeats, run->opt.seconds, run->opt.cpu[0], run->opt.cpu[1]);
	for (int part = PERF_TRIPS; part < PERF_ENDPOINTS; part++)
		failed |= report_part(run, part);
	failed |= report_endpoints(run);
	printf(failed ? "\nFAILED\n" : "\nevery byte right\n");
	return failed;
}
