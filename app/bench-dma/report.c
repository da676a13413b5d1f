/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "bench.h"
#include "options.h"

#define REPORT_COLUMN_WIDTH 24

/* What the figures of a layout are. */
static const char *const titles[BENCH_NB_LAYOUTS] = {
	[BENCH_COPY] = "10^9 bytes a second",
	[BENCH_PARTS] = "cycles a copy: rte_dma_copy + rte_dma_submit + rte_dma_completed",
};

static unsigned int
note_number(const struct bench_run *run, unsigned int subject, unsigned int cell)
{
	unsigned int c, s, n = 0;

	for (c = 0; c <= cell; c++)
		for (s = 0; s < (c < cell ? run->nb_subjects : subject + 1); s++)
			n += bench_result(run, c, s)->reason[0] != '\0';
	return n;
}

/* Figures of rates span five decades. */
static int
format_value(char *text, size_t size, enum bench_layout layout, const struct bench_sample *m)
{
	if (layout == BENCH_PARTS)
		return snprintf(text, size, "%.0f+%.0f+%.0f", m->part[BENCH_ENQUEUE],
				m->part[BENCH_SUBMIT], m->part[BENCH_POLL]);
	return snprintf(text, size, m->gbps < 1 ? "%.3f" : m->gbps < 10 ? "%.2f" : "%.1f",
			m->gbps);
}

/* How it compares with the first column, and how many samples there are, unless all. */
static void
format_notes(char *text, size_t size, const struct bench_run *run, unsigned int cell,
	     unsigned int subject)
{
	const struct bench_result *r = bench_result(run, cell, subject);
	const struct bench_cell *c = &run->cell[cell];
	int n = 0;

	text[0] = '\0';
	if (c->layout == BENCH_COPY && subject > 0 && r->nb_pairs > 0)
		n += snprintf(text, size, " %.2fx", r->ratio);
	if (n > 0 && run->subject[subject].copy == NULL && c->threads == 1)
		n += snprintf(text + n, size - n, " %+.0f", r->over_ns);
	if (r->nb_tag[r->tag] != run->opt.repeats || r->tag != BENCH_NEAR)
		snprintf(text + n, size - n, " %s:%u",
			 bench_probe_tag_name(c->threads > 1, r->tag), r->nb_tag[r->tag]);
}

static void
print_result(const struct bench_run *run, unsigned int cell, unsigned int subject)
{
	const struct bench_result *r = bench_result(run, cell, subject);
	char text[96], notes[60];

	if (r->reason[0] != '\0') {
		snprintf(text, sizeof(text), "%s [%u]", r->failed ? "FAILED" : "refused",
			 note_number(run, subject, cell));
	} else {
		format_value(text, 36, run->cell[cell].layout, &r->median);
		format_notes(notes, sizeof(notes), run, cell, subject);
		strcat(text, notes);
	}
	printf("  %-*s", REPORT_COLUMN_WIDTH - 2, text);
}

/* The CPU's own ways have no calls that could be timed one by one. */
static bool
has_column(const struct bench_run *run, enum bench_layout layout, unsigned int subject)
{
	return layout == BENCH_COPY || run->subject[subject].copy == NULL;
}

static void
print_title(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	unsigned int i;

	if (cell > 0 && c[-1].layout == c->layout && c[-1].heat == c->heat)
		return;
	printf("\n%s, %s: %s\n%8s %5s %5s %7s", bench_layout_names[c->layout],
	       bench_heat_names[c->heat], titles[c->layout], "bytes", "batch", "depth", "threads");
	for (i = 0; i < run->nb_subjects; i++)
		if (has_column(run, c->layout, i))
			printf("  %-*.*s", REPORT_COLUMN_WIDTH - 2, REPORT_COLUMN_WIDTH - 2,
			       run->subject[i].label);
	printf("\n");
}

/** Print a row. */
void
bench_report_cell(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	char size[16];
	unsigned int i;

	/* Wipe the progress line. */
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%72s\r", "");
	print_title(run, cell);
	printf("%8s %5u %5u %7u", bench_size_name(c->size, size), c->batch, c->depth, c->threads);
	for (i = 0; i < run->nb_subjects; i++)
		if (has_column(run, c->layout, i))
			print_result(run, cell, i);
	printf("\n");
	fflush(stdout);
}

/** Print what holds for all rows. */
void
bench_report_head(const struct bench_run *run)
{
	const struct bench_options *opt = &run->opt;

	printf("Medians of %u samples of %.3f s, taken in turns.\n"
	       "N.NNx: how many times as fast as %s; +N: ns that a copy takes longer.\n",
	       opt->repeats, opt->seconds, run->subject[0].label);
	fflush(stdout);
}

static int
print_reasons(const struct bench_run *run)
{
	unsigned int cell, subject;
	char size[16];
	int failed = 0;

	for (cell = 0; cell < run->nb_cells; cell++) {
		const struct bench_cell *c = &run->cell[cell];

		for (subject = 0; subject < run->nb_subjects; subject++) {
			const struct bench_result *r = bench_result(run, cell, subject);

			failed |= r->failed;
			if (r->reason[0] != '\0' && has_column(run, c->layout, subject))
				printf("[%u] %s, %s bytes, %u threads: %s\n",
				       note_number(run, subject, cell), run->subject[subject].label,
				       bench_size_name(c->size, size), c->threads, r->reason);
		}
	}
	return failed;
}

/** Print the notes below the table: 0, or 1 when a device failed, not merely refused. */
int
bench_report_notes(const struct bench_run *run)
{
	int failed;

	printf("\nBehind a figure are so many samples, of one kind, the rest is left out:\n"
	       "  whole, shared     one thread, and whether it had a core for itself\n"
	       "  near, far         several threads, and where their CPUs were\n"
	       "  mixed, disturbed  the machine changed; a thread had less than %.1f %% of its CPU\n",
	       BENCH_MIN_CPU_SHARE * 100);
	failed = print_reasons(run);
	if (failed)
		printf("FAILED: see the notes\n");
	else
		printf("every byte right, every copy completed once\n");
	return failed;
}
