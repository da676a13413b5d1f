/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Samples, in turns: each round has one of every cell.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "perf.h"

/* Round trips of a cache line around each sample: a fraction of a millisecond. */
#define RAW_TRIPS 1000

/* How often the length of a sample is tried, and by how much it may grow in one step. */
#define TRIES  6
#define GROWTH 64

static struct perf_job
job_of(const struct perf_cell *cell)
{
	return (struct perf_job){
		.part = cell->part,
		.way = cell->way,
		.size = cell->size,
		.count = cell->count,
	};
}

static int
failed(struct perf_run *run, struct perf_cell *cell, int ret)
{
	struct perf_pair *pair = &run->pair[cell->place];

	if (pair->ready)
		snprintf(cell->reason, sizeof(cell->reason), "%s", strerror(-ret));
	else
		snprintf(cell->reason, sizeof(cell->reason), "no pair: %s", pair->reason);
	/* Its two sides no longer agree what comes next. */
	if (pair->ready && ret != -EBADMSG) {
		pair->ready = false;
		snprintf(pair->reason, sizeof(pair->reason), "%s of %u bytes: %s", cell->name,
			 cell->size, strerror(-ret));
	}
	return ret;
}

static double
length_of(const struct perf_run *run, const struct perf_cell *cell)
{
	return cell->way == PERF_TCP_LASTING ? run->opt.lasting : run->opt.seconds;
}

/* How many make a sample. The first, with a look at every byte, is not timed: it may be what first
 * touches the memory.
 */
static int
calibrate(struct perf_run *run, struct perf_cell *cell)
{
	struct perf_done done;
	int ret;

	cell->count = 1;
	for (unsigned int i = 0; i <= TRIES; i++) {
		struct perf_job job = job_of(cell);
		double more;

		job.check = i == 0;
		ret = perf_pair_do(&run->pair[cell->place], &job, &done);
		if (ret < 0)
			return failed(run, cell, ret);
		if (i == 0)
			continue;
		more = length_of(run, cell) / done.seconds;
		if (more < 1)
			break;
		cell->count = (uint64_t)((double)cell->count * (more < GROWTH ? more : GROWTH)) + 1;
		if (more < 2)
			break;
	}
	return 0;
}

/* Nanoseconds of a cache line there and back, now. */
static double
raw_now(struct perf_run *run)
{
	const struct perf_job job = {.part = PERF_TRIPS, .way = PERF_RAW, .count = RAW_TRIPS};
	struct perf_done done;

	if (perf_pair_do(&run->pair[PERF_NODE], &job, &done) < 0)
		return 0;
	return done.seconds * 1e9 / RAW_TRIPS;
}

static double
value_of(const struct perf_cell *cell, double seconds)
{
	double count = (double)cell->count;

	if (cell->part == PERF_TRIPS)
		return seconds * 1e9 / count;
	if (cell->part == PERF_CONNECTIONS)
		return count / seconds;
	return count * cell->size / seconds / 1e9;
}

/* Large copies are few in a sample, and the first of them finds in the caches what others left
 * there: it is not timed, whichever way it goes. TCP lets its buffers grow while it streams, and
 * starts anew after each pause: what it carries at last comes after a time of streaming.
 */
static int
warm(struct perf_run *run, const struct perf_cell *cell)
{
	struct perf_job job = job_of(cell);
	struct perf_done done;

	if (cell->part == PERF_RMA)
		job.count = 1;
	else if (cell->way == PERF_TCP_LASTING)
		job.count *= 2;
	else
		return 0;
	return perf_pair_do(&run->pair[cell->place], &job, &done);
}

static void
sample(struct perf_run *run, struct perf_cell *cell, unsigned int repeat)
{
	const struct perf_job job = job_of(cell);
	struct perf_done done;
	int ret;

	if (cell->reason[0] != '\0')
		return;
	ret = warm(run, cell);
	cell->raw[repeat][0] = raw_now(run);
	if (ret == 0)
		ret = perf_pair_do(&run->pair[cell->place], &job, &done);
	cell->raw[repeat][1] = raw_now(run);
	if (ret < 0) {
		failed(run, cell, ret);
		return;
	}
	cell->value[repeat] = value_of(cell, done.seconds);
}

/* Medians of the samples of one tag. Over is to the same loop over plain memory, as long, in the
 * same turn: what the shorter looks around a sample do not meet is in both.
 */
static void
summarize_tag(const struct perf_run *run, struct perf_cell *cell, enum bench_tag tag)
{
	const struct perf_cell *line = perf_cell_find(run, PERF_TRIPS, PERF_RAW, PERF_NODE, 8);
	double value[PERF_MAX_REPEATS], raw[PERF_MAX_REPEATS], over[PERF_MAX_REPEATS];
	unsigned int n = 0;

	for (unsigned int i = 0; i < run->opt.repeats; i++) {
		if (bench_probe_rtt_tag(cell->raw[i]) != tag)
			continue;
		value[n] = cell->value[i];
		raw[n] = (cell->raw[i][0] + cell->raw[i][1]) / 2;
		over[n] = line != NULL ? value[n] - line->value[i] : 0;
		n++;
	}
	cell->figure[tag] = (struct perf_figure){
		.median = bench_median(value, n),
		.raw_ns = bench_median(raw, n),
		.over_ns = bench_median(over, n),
		.samples = n,
	};
}

/* Near and far each, where there are enough samples; or else of what there are most. */
static void
summarize(const struct perf_run *run, struct perf_cell *cell)
{
	unsigned int count[BENCH_NB_TAGS] = {0};
	enum bench_tag best;

	if (cell->reason[0] != '\0')
		return;
	for (unsigned int i = 0; i < run->opt.repeats; i++)
		count[bench_probe_rtt_tag(cell->raw[i])]++;
	best = bench_choose_tag(count);
	for (enum bench_tag tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		if (tag == best || (tag <= BENCH_FAR && count[tag] >= BENCH_STAT_ENOUGH))
			summarize_tag(run, cell, tag);
}

static void
measure_endpoints(struct perf_run *run)
{
	struct perf_job job = {.part = PERF_ENDPOINTS, .count = run->opt.endpoints};
	struct perf_endpoints *e = &run->endpoints;
	struct perf_done done;
	int ret = perf_pair_do(&run->pair[PERF_NODE], &job, &done);

	e->count = run->opt.endpoints;
	if (ret < 0)
		snprintf(e->reason, sizeof(e->reason), "%s", strerror(-ret));
	e->connect = done.part[0];
	e->message = done.part[1];
	e->close = done.part[2];
}

/** Measure everything. */
void
perf_measure(struct perf_run *run)
{
	for (unsigned int i = 0; i < run->nb_cells && !perf_ended(); i++)
		calibrate(run, &run->cell[i]);
	for (unsigned int repeat = 0; repeat < run->opt.repeats; repeat++)
		for (unsigned int i = 0; i < run->nb_cells && !perf_ended(); i++)
			sample(run, &run->cell[i], repeat);
	for (unsigned int i = 0; i < run->nb_cells; i++)
		summarize(run, &run->cell[i]);
	if ((run->opt.parts & 1u << PERF_ENDPOINTS) != 0 && !perf_ended())
		measure_endpoints(run);
}
