/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define REPORT_COLUMN_WIDTH 30

/* What the figures of a layout are. */
static const char *const titles[BENCH_NB_LAYOUTS] = {
	[BENCH_COOPERATIVE] = "one thread does everything; million deliveries a second",
	[BENCH_PAIR] = "one thread produces, one works; million deliveries a second",
	[BENCH_TWO_WORKER] = "two threads that produce and work; million deliveries a second",
	[BENCH_LATENCY] = "one event in flight, ns from enqueue to dequeue: median/90th percentile",
	[BENCH_LATENCY_FLUSHED] = "the same, each enqueue followed by a flush",
	[BENCH_PARTS] = "cycles a delivery: enqueue + schedule + dequeue",
};

static unsigned int
note_number(const struct bench_run *run, unsigned int device, unsigned int cell)
{
	unsigned int c, d, n = 0;

	for (c = 0; c <= cell; c++)
		for (d = 0; d < (c < cell ? run->nb_devices : device + 1); d++)
			n += bench_result(run, c, d)->reason[0] != '\0';
	return n;
}

/* The figures themselves. */
static int
format_value(char *text, size_t size, enum bench_layout layout, const struct bench_sample *m)
{
	if (bench_layout_is_latency(layout))
		return snprintf(text, size, "%.0f/%.0f", m->p50_ns, m->p90_ns);
	if (layout == BENCH_PARTS)
		return snprintf(text, size, "%.1f+%.1f+%.1f", m->part[BENCH_ENQUEUE],
				m->part[BENCH_SCHEDULE], m->part[BENCH_DEQUEUE]);
	return snprintf(text, size, "%.1f", m->mps);
}

/* What the machine was like, unless it was at its best all the time. */
static void
format_conditions(char *text, size_t size, const struct bench_run *run, unsigned int cell,
		  const struct bench_result *r)
{
	enum bench_layout layout = run->cell[cell].layout;
	int n = 0;

	text[0] = '\0';
	if (r->service_sides != 0 && bench_layout_threads(layout) > 1)
		n += snprintf(text, size, " s%s", r->service_sides == 3 ? "12"
						  : r->service_sides == 2 ? "2" : "1");
	if (r->nb_tag[r->tag] != run->opt.repeats || r->tag != BENCH_NEAR)
		snprintf(text + n, size - n, " %s:%u", bench_tag_name(layout, r->tag),
			      r->nb_tag[r->tag]);
}

static void
print_result(const struct bench_run *run, unsigned int cell, unsigned int device)
{
	const struct bench_result *r = bench_result(run, cell, device);
	char text[96], conditions[40];
	int n;

	if (r->reason[0] != '\0') {
		snprintf(text, sizeof(text), "%s [%u]", r->failed ? "FAILED" : "refused",
			 note_number(run, device, cell));
	} else {
		n = format_value(text, sizeof(text), run->cell[cell].layout, &r->median);
		if (device > 0 && r->nb_pairs > 0)
			n += snprintf(text + n, sizeof(text) - n, " %.2fx", r->ratio);
		format_conditions(conditions, sizeof(conditions), run, cell, r);
		snprintf(text + n, sizeof(text) - n, "%s", conditions);
	}
	printf("  %-*s", REPORT_COLUMN_WIDTH - 2, text);
}

static void
print_title(const struct bench_run *run, unsigned int cell)
{
	enum bench_layout layout = run->cell[cell].layout;
	unsigned int i;

	if (cell > 0 && run->cell[cell - 1].layout == layout)
		return;
	printf("\n%s: %s\n%-15s %5s %5s %5s", bench_layout_names[layout], titles[layout], "stages",
	       "burst", "flows", "work");
	for (i = 0; i < run->nb_devices; i++)
		printf("  %-*s", REPORT_COLUMN_WIDTH - 2, run->device[i].label);
	printf("\n");
}

/** Print a row. */
void
bench_report_cell(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	unsigned int i;

	/* Wipe the progress line. */
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%60s\r", "");
	print_title(run, cell);
	printf("%-15s %5u %5u %5u", c->stages.name, c->burst, c->flows, c->work);
	for (i = 0; i < run->nb_devices; i++)
		print_result(run, cell, i);
	printf("\n");
	fflush(stdout);
}

/** Print what holds for all rows. */
void
bench_report_head(const struct bench_run *run)
{
	const struct bench_options *opt = &run->opt;

	printf("Window %u; medians of %u samples of %.2f s, the devices in turns.\n", opt->window,
	       opt->repeats, opt->seconds);
	if (run->nb_devices > 1)
		printf("N.NNx: what %s did over what the device did, median of the pairs.\n",
		       run->device[0].label);
	fflush(stdout);
}

static int
print_reasons(const struct bench_run *run)
{
	unsigned int cell, device;
	int failed = 0;

	for (cell = 0; cell < run->nb_cells; cell++) {
		const struct bench_cell *c = &run->cell[cell];

		for (device = 0; device < run->nb_devices; device++) {
			const struct bench_result *r = bench_result(run, cell, device);

			failed |= r->failed;
			if (r->reason[0] != '\0')
				printf("[%u] %s, %s %s: %s\n", note_number(run, device, cell),
				       run->device[device].label, bench_layout_names[c->layout],
				       c->stages.name, r->reason);
		}
	}
	return failed;
}

/** Print the notes below the table: 0, or 1 when a device failed, not merely refused. */
int
bench_report_notes(const struct bench_run *run)
{
	unsigned int i;
	int failed;

	printf("\n");
	for (i = 0; i < run->nb_devices; i++)
		if (run->device[i].static_pipeline)
			printf("%s: a static pipeline, so with one port a stage\n",
			       run->device[i].label);
	printf("s1, s2, s12: the service ran on the first thread, the second, or both\n"
	       "Behind a figure are so many samples, of one kind, the rest is left out:\n"
	       "  near, far         two threads, and where their CPUs were\n"
	       "  whole, shared     one thread, and whether it had a core for itself\n"
	       "  mixed, disturbed  the machine changed; a thread had less than %.1f %% of its CPU\n",
	       BENCH_MIN_CPU_SHARE * 100);
	failed = print_reasons(run);
	if (failed)
		printf("FAILED: see the notes\n");
	else
		printf("all events accounted for: each delivered once a stage, flows in order\n");
	return failed;
}
