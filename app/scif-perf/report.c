/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include "perf.h"

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
print_ratio(const struct perf_run *run, const struct perf_cell *cell, enum bench_tag tag)
{
	const struct perf_cell *base = base_of(run, cell);
	double mine = cell->figure[tag].median, others;

	others = base != NULL ? base->figure[tag].median : 0;
	if (mine == 0 || others == 0) {
		printf("  %22s", "");
		return;
	}
	/* Of round trips less is more. */
	printf("  %6.2fx %-14s", cell->part == PERF_TRIPS ? others / mine : mine / others,
	       base->name);
}

static void
print_cell(const struct perf_run *run, const struct perf_cell *cell, enum bench_tag tag)
{
	static const char *const format[PERF_NB_PARTS] = {
		[PERF_TRIPS] = "%12.0f",
		[PERF_STREAMS] = "%12.3f",
		[PERF_RMA] = "%12.3f",
		[PERF_CONNECTIONS] = "%12.0f",
	};
	const struct perf_figure *f = &cell->figure[tag];
	char size[16];

	printf("  %-22s %6s", cell->name,
	       cell->size == 0 ? "" : bench_size_name(cell->size, size));
	if (cell->reason[0] != '\0') {
		printf("  FAILED: %s\n", cell->reason);
		return;
	}
	if (f->samples == 0) {
		printf("%12s\n", "-");
		return;
	}
	printf(format[cell->part], f->median);
	if (cell->way == PERF_MAPPED)
		printf("  %+6.0f ns to the line  ", f->over_ns);
	else
		print_ratio(run, cell, tag);
	printf("  of %u, line %.0f ns\n", f->samples, f->raw_ns);
}

static void
report_part(const struct perf_run *run, enum perf_part part, enum bench_tag tag)
{
	static const char *const title[PERF_NB_PARTS] = {
		[PERF_TRIPS] = "round trips, ns",
		[PERF_STREAMS] = "streams, 10^9 bytes a second",
		[PERF_RMA] = "copies, 10^9 bytes a second",
		[PERF_CONNECTIONS] = "connections a second: connect, accept, close",
	};
	bool one = run->opt.cpu[0] == run->opt.cpu[1], any = false;

	for (unsigned int i = 0; i < run->nb_cells; i++) {
		if (run->cell[i].part != part)
			continue;
		if (!any)
			printf("\n%s, the CPUs %s\n", title[part],
			       one ? "being one" : bench_probe_tag_name(true, tag));
		any = true;
		print_cell(run, &run->cell[i], tag);
	}
}

/* Was any of it measured like that? What failed shows in the first of these. */
static bool
is_met(const struct perf_run *run, enum bench_tag tag)
{
	for (unsigned int i = 0; i < run->nb_cells; i++)
		if (run->cell[i].figure[tag].samples > 0)
			return true;
	return false;
}

static int
report_tags(const struct perf_run *run)
{
	unsigned int tables = 0;
	int failed = 0;

	for (enum bench_tag tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++) {
		if (!is_met(run, tag) && (tag + 1 < BENCH_NB_TAGS || tables > 0))
			continue;
		for (int part = PERF_TRIPS; part < PERF_ENDPOINTS; part++)
			report_part(run, part, tag);
		tables++;
	}
	for (unsigned int i = 0; i < run->nb_cells; i++)
		failed |= run->cell[i].reason[0] != '\0';
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
	int failed;

	printf("Medians of up to %u samples of %.3f s, taken in turns, on CPUs %u and %u; the raw "
	       "round trip\nof a cache line between them is taken before and after each.\n",
	       run->opt.repeats, run->opt.seconds, run->opt.cpu[0], run->opt.cpu[1]);
	failed = report_tags(run);
	failed |= report_endpoints(run);
	printf(failed ? "\nFAILED\n" : "\nevery byte right\n");
	return failed;
}
