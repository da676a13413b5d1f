/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Events of the checked pass: many times the window, and still a fraction of a second. */
#define MEASURE_CHECKED_EVENTS 200000

/* Tries at a sample nobody disturbs; a machine that is never quiet must not stop the table. */
#define MEASURE_TRIES 4

/* Share of a sample's length that goes before the first one, to warm caches and tables. */
#define MEASURE_WARM_UP 0.5

static void
progress(const char *text, const char *detail)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%-40s%-30s", text, detail);
}

static void
fail(struct bench_result *result, const char *reason)
{
	if (reason != result->reason)
		snprintf(result->reason, sizeof(result->reason), "%s", reason);
	result->failed = true;
}

/* Set up, prove that the device does what the cell is about, and warm up. */
static void
prepare(struct bench_device *dev, unsigned int cell, const struct bench_options *opt)
{
	struct bench_result *result = &dev->result[cell];
	struct bench_sample warm_up;

	progress(bench_cells[cell].name, dev->label);
	if (bench_device_setup(dev, &bench_cells[cell], opt, result->reason) < 0)
		return;
	if (bench_loop_verify(&dev->loop, MEASURE_CHECKED_EVENTS, result->reason) < 0) {
		fail(result, result->reason);
		bench_device_teardown(dev);
		return;
	}
	if (bench_loop_sample(&dev->loop, opt->seconds * MEASURE_WARM_UP, &warm_up) < 0) {
		fail(result, "stuck while warming up");
		bench_device_teardown(dev);
	}
}

/* The first sample that had the CPU to itself, else the best of a few. */
static int
sample_undisturbed(struct bench_loop *loop, double seconds, struct bench_sample *best)
{
	struct bench_sample sample;
	unsigned int i;

	best->cpu_share = 0;
	for (i = 0; i < MEASURE_TRIES && best->cpu_share < BENCH_MIN_CPU_SHARE; i++) {
		if (bench_loop_sample(loop, seconds, &sample) < 0)
			return -ETIMEDOUT;
		if (sample.cpu_share > best->cpu_share)
			*best = sample;
	}
	return 0;
}

static void
take_sample(struct bench_device *dev, unsigned int cell, unsigned int repeat,
	    const struct bench_options *opt)
{
	struct bench_result *result = &dev->result[cell];
	struct bench_sample *sample = &result->sample[repeat];

	if (result->reason[0] != '\0')
		return;
	progress(bench_cells[cell].name, dev->label);
	if (sample_undisturbed(&dev->loop, opt->seconds, sample) < 0) {
		fail(result, "stuck while measured");
		bench_device_teardown(dev);
		return;
	}
	result->disturbed += sample->cpu_share < BENCH_MIN_CPU_SHARE;
}

/* What was timed must have been real: every event came out, once a stage. */
static void
finish(struct bench_device *dev, unsigned int cell)
{
	struct bench_result *result = &dev->result[cell];
	struct bench_loop *loop = &dev->loop;
	char reason[BENCH_REASON_SIZE];

	if (result->reason[0] != '\0')
		return;
	if (bench_loop_drain(loop) < 0 || loop->deliveries != loop->next_seq * loop->nb_stages) {
		snprintf(reason, sizeof(reason),
			 "%" PRIu64 " deliveries of %" PRIu64 " events in %u stages",
			 loop->deliveries, loop->next_seq, loop->nb_stages);
		fail(result, reason);
	}
	bench_device_teardown(dev);
}

static int
compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double values[], unsigned int n)
{
	qsort(values, n, sizeof(values[0]), compare_double);
	return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void
summarize(struct bench_result *result, const struct bench_result *first, unsigned int n)
{
	double mps[BENCH_MAX_REPEATS], cycles[BENCH_MAX_REPEATS], ratio[BENCH_MAX_REPEATS];
	unsigned int i;

	if (result->reason[0] != '\0')
		return;
	for (i = 0; i < n; i++) {
		mps[i] = result->sample[i].mps;
		cycles[i] = result->sample[i].cycles;
		ratio[i] = first->sample[i].mps / result->sample[i].mps;
	}
	result->median_mps = median(mps, n);
	result->min_mps = mps[0];
	result->max_mps = mps[n - 1];
	result->median_cycles = median(cycles, n);
	result->ratio = first->reason[0] == '\0' ? median(ratio, n) : 0;
}

static void
measure_cell(struct bench_run *run, unsigned int cell)
{
	const struct bench_options *opt = &run->opt;
	unsigned int i, r;

	for (i = 0; i < run->nb_devices; i++)
		prepare(&run->device[i], cell, opt);
	for (r = 0; r < opt->repeats; r++)
		for (i = 0; i < run->nb_devices; i++)
			take_sample(&run->device[i], cell, r, opt);
	for (i = 0; i < run->nb_devices; i++)
		finish(&run->device[i], cell);
	for (i = 0; i < run->nb_devices; i++)
		summarize(&run->device[i].result[cell], &run->device[0].result[cell], opt->repeats);
}

/** Fill in every cell asked for, the devices in turns. */
void
bench_measure(struct bench_run *run)
{
	unsigned int cell;

	for (cell = 0; cell < bench_nb_cells; cell++)
		if (run->opt.cells & (1u << cell))
			measure_cell(run, cell);
	progress("", "");
	progress("\r", "");
}
