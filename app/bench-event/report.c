/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define REPORT_NAME_WIDTH 14
#define REPORT_CELL_WIDTH 21

static unsigned int
note_number(const struct bench_run *run, unsigned int device, unsigned int cell)
{
	unsigned int c, d, n = 0;

	for (c = 0; c <= cell; c++)
		for (d = 0; d < (c < cell ? run->nb_devices : device + 1); d++)
			n += run->device[d].result[c].reason[0] != '\0';
	return n;
}

static void
print_cell(const struct bench_run *run, unsigned int device, unsigned int cell, bool detail)
{
	const struct bench_result *r = &run->device[device].result[cell];
	int digits = r->max_mps < 100 ? 1 : 0;
	char text[64];

	if (r->reason[0] != '\0' && detail)
		text[0] = '\0';
	else if (r->reason[0] != '\0')
		snprintf(text, sizeof(text), "%s [%u]", r->failed ? "FAILED" : "refused",
			 note_number(run, device, cell));
	else if (detail)
		snprintf(text, sizeof(text), "%.0f cyc, %.*f-%.*f%s", r->median_cycles, digits,
			 r->min_mps, digits, r->max_mps, r->disturbed > 0 ? "*" : "");
	else if (device == 0 || r->ratio == 0)
		snprintf(text, sizeof(text), "%.1f M/s", r->median_mps);
	else
		snprintf(text, sizeof(text), "%.1f M/s  %.2fx", r->median_mps, r->ratio);
	printf("  %-*s", REPORT_CELL_WIDTH - 2, text);
}

static void
print_row(const struct bench_run *run, unsigned int device, bool detail)
{
	unsigned int cell;

	printf("%-*s", REPORT_NAME_WIDTH, detail ? "" : run->device[device].label);
	for (cell = 0; cell < bench_nb_cells; cell++)
		if (run->opt.cells & (1u << cell))
			print_cell(run, device, cell, detail);
	printf("\n");
}

static void
print_head(const struct bench_run *run)
{
	const struct bench_options *opt = &run->opt;
	unsigned int cell;

	printf("One thread produces, schedules and works: window %u, burst %u, %u flows;\n"
	       "median of %u samples of %.2f s taken in turns. Second lines: time stamp cycles\n"
	       "a delivery, least and most M/s.\n\n",
	       opt->window, opt->burst, opt->flows, opt->repeats, opt->seconds);
	printf("%-*s", REPORT_NAME_WIDTH, "deliveries");
	for (cell = 0; cell < bench_nb_cells; cell++)
		if (opt->cells & (1u << cell))
			printf("  %-*s", REPORT_CELL_WIDTH - 2, bench_cells[cell].name);
	printf("\n");
}

static int
print_notes(const struct bench_run *run)
{
	const struct bench_result *r;
	unsigned int cell, device, disturbed = 0;
	int failed = 0;

	printf("\n");
	if (run->nb_devices > 1)
		printf("N.NNx: %s delivers that many times as much, median of the pairs\n",
		       run->device[0].label);
	for (device = 0; device < run->nb_devices; device++)
		if (run->device[device].static_pipeline)
			printf("%s: a static pipeline, so with one port a stage\n",
			       run->device[device].label);
	for (cell = 0; cell < bench_nb_cells; cell++) {
		for (device = 0; device < run->nb_devices; device++) {
			r = &run->device[device].result[cell];
			disturbed += r->disturbed;
			failed |= r->failed;
			if (r->reason[0] != '\0')
				printf("[%u] %s, %s: %s\n", note_number(run, device, cell),
				       run->device[device].label, bench_cells[cell].name,
				       r->reason);
		}
	}
	if (disturbed > 0)
		printf("*: %u samples had to share the CPU (less than %.1f %% of it); repeat on a "
		       "quieter machine\n",
		       disturbed, BENCH_MIN_CPU_SHARE * 100);
	return failed;
}

/** Print the table: 0, or 1 when a device failed, not merely refused. */
int
bench_report(const struct bench_run *run)
{
	unsigned int i;
	int failed;

	print_head(run);
	for (i = 0; i < run->nb_devices; i++) {
		print_row(run, i, false);
		print_row(run, i, true);
	}
	failed = print_notes(run);
	if (failed)
		printf("FAILED: see the notes\n");
	else
		printf("all events accounted for: each delivered once a stage, flows in order\n");
	return failed;
}
