/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <unistd.h>

#include <rte_common.h>

#include "bench.h"
#include "stat.h"

static void
report_trips(const struct bench_run *run)
{
	struct bench_trip_summary s;

	printf("\nround trips of a call, ns: call and answer, cache line there and back, difference\n");
	for (unsigned int c = 0; c < run->nb_cards; c++) {
		if (run->card[c].failure[0] != '\0')
			continue;
		bench_trip_summarize(run, &run->card[c], &s);
		printf("  %-40s %8.0f %8.0f %+8.0f  %s:%u\n", run->card[c].label, s.ns, s.raw,
		       s.over, bench_probe_tag_name(true, s.tag), s.samples);
	}
}

/* Did others have part of its CPU while most of it was measured? */
static bool
is_disturbed(const struct bench_run *run, const struct bench_rate *rate)
{
	return rate->disturbed > run->opt.repeats / 2;
}

static void
print_rate(const struct bench_run *run, const struct bench_rate *rate)
{
	if (rate->reason[0] != '\0')
		printf("  %-14.14s", "FAILED");
	else
		printf("  %6.2f %5.2fx%c", rate->median, rate->ratio,
		       is_disturbed(run, rate) ? '*' : ' ');
}

static void
explain_disturbed(const struct bench_run *run)
{
	for (unsigned int i = 0; i < run->nb_cells; i++) {
		for (unsigned int c = 0; c < run->nb_cards; c++) {
			if (is_disturbed(run, &run->cpu[i][c]) ||
			    is_disturbed(run, &run->dma[i][c])) {
				printf("* disturbed: most samples had less than %.1f %% of their "
				       "CPU\n",
				       BENCH_MIN_CPU_SHARE * 100);
				return;
			}
		}
	}
}

static void
report_copies(const struct bench_run *run)
{
	printf("\ncopies, 10^9 bytes a second; to the card's memory by memcpy and how that compares "
	       "with\nhost memory; by DMA and how that compares with memcpy\n"
	       "%-9s %6s %6s %7s", "", "bytes", "depth", "memcpy");
	for (unsigned int c = 0; c < run->nb_cards; c++)
		printf("  %-30.30s", run->card[c].label);
	printf("\n");
	for (unsigned int i = 0; i < run->nb_cells; i++) {
		const struct bench_cell *cell = &run->cell[i];
		char size[16];

		if (cell->depth == 0)
			continue;
		printf("%-9s %6s %6u %7.2f", cell->to_card ? "to card" : "from card",
		       bench_size_name(cell->size, size), cell->depth, run->local[i].median);
		for (unsigned int c = 0; c < run->nb_cards; c++) {
			print_rate(run, &run->cpu[i][c]);
			print_rate(run, &run->dma[i][c]);
		}
		printf("\n");
	}
	explain_disturbed(run);
}

static double
median_of(const struct bench_run *run, const struct bench_card *card, size_t field)
{
	double values[BENCH_MAX_BOOTS];

	for (unsigned int i = 0; i < run->opt.boots; i++)
		values[i] = *(const double *)(const void *)((const char *)&card->boot[i] + field);
	return bench_median(values, run->opt.boots);
}

static void
report_boots(const struct bench_run *run)
{
	printf("\nboots, ms: reset to ready; image; start to online, to the first answer\n");
	for (unsigned int c = 0; c < run->nb_cards; c++) {
		const struct bench_card *card = &run->card[c];

		if (card->failure[0] == '\0')
			printf("  %-40s %8.1f %8.2f %8.2f %8.2f\n", card->label,
			       median_of(run, card, offsetof(struct bench_boot, ready)),
			       median_of(run, card, offsetof(struct bench_boot, load)),
			       median_of(run, card, offsetof(struct bench_boot, online)),
			       median_of(run, card, offsetof(struct bench_boot, answer)));
	}
}

/** Print what was measured: 0, or 1 when a card failed. */
int
bench_report(const struct bench_run *run)
{
	int failed = 0;

	printf("Medians of %u samples of %.3f s, taken in turns.\n", run->opt.repeats,
	       run->opt.seconds);
	if ((run->opt.parts & 1u << BENCH_BOOTS) != 0)
		report_boots(run);
	if ((run->opt.parts & 1u << BENCH_TRIPS) != 0)
		report_trips(run);
	if ((run->opt.parts & 1u << BENCH_DMA) != 0)
		report_copies(run);
	for (unsigned int c = 0; c < run->nb_cards; c++) {
		if (run->card[c].failure[0] != '\0') {
			printf("%s: FAILED: %s\n", run->card[c].label, run->card[c].failure);
			failed = 1;
		}
		for (unsigned int i = 0; i < run->nb_cells; i++)
			failed |= run->dma[i][c].failed;
	}
	printf(failed ? "\nFAILED\n" : "\nevery byte right, every answer its own\n");
	return failed;
}
