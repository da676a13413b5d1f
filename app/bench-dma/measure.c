/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "options.h"

/* Tries at a sample nobody disturbs; a machine that is never quiet must not stop the table. */
#define MEASURE_TRIES 4

/* Share of a sample's length that goes before the first one, to warm caches and tables. */
#define MEASURE_WARM_UP 0.5

static void
progress(const struct bench_run *run, unsigned int cell, const char *subject)
{
	const struct bench_cell *c = &run->cell[cell];
	char size[16];

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3u/%u  %s %-4s %8s  batch %-3u  %-24.24s\r", cell + 1,
			run->nb_cells, bench_layout_names[c->layout], bench_heat_names[c->heat],
			bench_size_name(c->size, size), c->batch, subject);
}

static void
fail(const struct bench_subject *subject, struct bench_result *result, int ret)
{
	const char *what = ret == -EILSEQ ? "a byte that is not as it should be" :
			   ret == -EIO ? "an error of the device" :
			   ret == -EBADMSG ? "more completions than copies" :
			   ret == -ETIMEDOUT ? "stuck" : strerror(-ret);

	snprintf(result->reason, sizeof(result->reason), "%s", what);
	result->failed = true;
	if (subject->copy == NULL)
		bench_device_stop(subject);
}

static void
prepare(struct bench_run *run, unsigned int cell, unsigned int subject)
{
	struct bench_result *result = bench_result(run, cell, subject);
	const struct bench_subject *s = &run->subject[subject];
	const struct bench_cell *c = &run->cell[cell];
	struct bench_sample warm_up;
	int ret;

	progress(run, cell, s->label);
	if (s->copy != NULL && c->layout == BENCH_PARTS) {
		snprintf(result->reason, sizeof(result->reason), "no calls to time");
		return;
	}
	if (s->copy == NULL && bench_device_start(s, c, result->reason) < 0)
		return;
	ret = bench_sample(run, s, c, run->opt.seconds * MEASURE_WARM_UP, &warm_up);
	if (ret < 0)
		fail(s, result, ret);
}

/* A sample, and what the machine was like before and after. */
static int
sample_probed(struct bench_run *run, const struct bench_subject *subject,
	      const struct bench_cell *cell, struct bench_sample *s)
{
	bool several = cell->threads > 1;
	double before = several ? bench_probe_rtt() : bench_probe_issue();
	int ret = bench_sample(run, subject, cell, run->opt.seconds, s);

	if (ret < 0)
		return ret;
	s->probe[0] = before;
	s->probe[1] = several ? bench_probe_rtt() : bench_probe_issue();
	s->tag = several ? bench_probe_rtt_tag(s->probe) : bench_probe_issue_tag(s->probe);
	if (s->cpu_share < BENCH_MIN_CPU_SHARE)
		s->tag = BENCH_DISTURBED;
	return 0;
}

/* The first sample that had its CPUs to itself and did not see the machine change, else the best of
 * a few.
 */
static int
sample_undisturbed(struct bench_run *run, const struct bench_subject *subject,
		   const struct bench_cell *cell, struct bench_sample *best)
{
	struct bench_sample s;
	unsigned int i;
	int ret;

	best->tag = BENCH_NB_TAGS;
	for (i = 0; i < MEASURE_TRIES && best->tag > BENCH_FAR; i++) {
		ret = sample_probed(run, subject, cell, &s);
		if (ret < 0)
			return ret;
		if (s.tag < best->tag)
			*best = s;
	}
	return 0;
}

static void
take_sample(struct bench_run *run, unsigned int cell, unsigned int subject, unsigned int repeat)
{
	struct bench_result *result = bench_result(run, cell, subject);
	const struct bench_subject *s = &run->subject[subject];
	int ret;

	if (result->reason[0] != '\0')
		return;
	progress(run, cell, s->label);
	ret = sample_undisturbed(run, s, &run->cell[cell], &result->sample[repeat]);
	if (ret < 0)
		fail(s, result, ret);
}

static void
finish(struct bench_run *run, unsigned int cell, unsigned int subject)
{
	const struct bench_subject *s = &run->subject[subject];

	if (bench_result(run, cell, subject)->reason[0] == '\0' && s->copy == NULL)
		bench_device_stop(s);
}

/* All subjects copy the same bytes from and to the same places. */
static int
get_slots(struct bench_run *run, unsigned int cell)
{
	char reason[BENCH_REASON_SIZE];
	unsigned int i;

	for (i = 0; i < run->cell[cell].threads; i++) {
		if (bench_slots_get(&run->slots[i], &run->cell[cell], i, reason) < 0) {
			fprintf(stderr, "bench-dma: %s\n", reason);
			return -ENOMEM;
		}
	}
	return 0;
}

static void
put_slots(struct bench_run *run)
{
	unsigned int i;

	for (i = 0; i < SIDES_MAX; i++)
		bench_slots_put(&run->slots[i]);
}

static int
measure_cell(struct bench_run *run, unsigned int cell)
{
	int ret = get_slots(run, cell);
	unsigned int i, r;

	if (ret == 0) {
		for (i = 0; i < run->nb_subjects; i++)
			prepare(run, cell, i);
		for (r = 0; r < run->opt.repeats; r++)
			for (i = 0; i < run->nb_subjects; i++)
				take_sample(run, cell, i, r);
		for (i = 0; i < run->nb_subjects; i++)
			finish(run, cell, i);
		bench_summarize(run, cell);
	}
	put_slots(run);
	return ret;
}

/**
 * Fill in every cell asked for, the subjects in turns, and show each when it is done.
 *
 * @return 0, or -ENOMEM
 */
int
bench_measure(struct bench_run *run)
{
	unsigned int cell;
	int ret;

	run->results = calloc((size_t)run->nb_cells * run->nb_subjects, sizeof(*run->results));
	if (run->results == NULL) {
		fprintf(stderr, "bench-dma: no memory for %u cells\n", run->nb_cells);
		return -ENOMEM;
	}
	/* The first tags need something to compare with. */
	bench_probe_warm_up();
	for (cell = 0; cell < run->nb_cells; cell++) {
		ret = measure_cell(run, cell);
		if (ret < 0)
			return ret;
		bench_report_cell(run, cell);
	}
	return 0;
}
