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

/* Tries at a sample nobody disturbs; a machine that is never quiet must not stop the table. */
#define MEASURE_TRIES 4

/* Share of a sample's length that goes before the first one, to warm caches and tables, and to find
 * the better thread for a service.
 */
#define MEASURE_WARM_UP  0.5
#define MEASURE_PLACINGS 3

static void
progress(const struct bench_run *run, unsigned int cell, const char *device)
{
	const struct bench_cell *c = &run->cell[cell];

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3u/%u  %-15s %-2s  burst %-3u  %-20s\r", cell + 1,
			run->nb_cells, bench_layout_names[c->layout], c->stages.name, c->burst,
			device);
}

static void
fail(struct bench_device *dev, struct bench_result *result, const char *when, int ret)
{
	snprintf(result->reason, sizeof(result->reason), "%s %s",
		 ret == -EBADMSG ? "a wrong event" : "stuck", when);
	result->failed = true;
	bench_device_teardown(dev);
}

static int
sample(struct bench_device *dev, const struct bench_cell *cell, double seconds,
       struct bench_sample *s)
{
	switch (cell->layout) {
	case BENCH_LATENCY:
	case BENCH_LATENCY_FLUSHED:
		return bench_sample_latency(&dev->loop, seconds, s);
	case BENCH_PARTS:
		return bench_sample_parts(&dev->loop, seconds, s);
	default:
		return bench_sample_rate(&dev->loop, seconds, s);
	}
}

/* Bit n: thread n runs the service. */
static void
place_service(struct bench_loop *loop, unsigned int sides)
{
	unsigned int i;

	for (i = 0; i < loop->nb_sides; i++)
		loop->side[i].service = loop->has_service && (sides & (1u << i)) != 0;
}

/* Warm up, with the service on either thread by turns, and leave it where it did more. Two workers
 * are alike: there it is one of them, or whoever comes first.
 */
static int
warm_up(struct bench_device *dev, const struct bench_cell *cell, double seconds,
	struct bench_result *result)
{
	const unsigned int sides[2] = {1, cell->layout == BENCH_TWO_WORKER ? 3 : 2};
	unsigned int i, best, choices = dev->loop.has_service && dev->loop.nb_sides > 1 ? 2 : 1;
	double value, total[2] = {0};
	struct bench_sample s;
	int ret;

	for (i = 0; i < choices * MEASURE_PLACINGS; i++) {
		place_service(&dev->loop, sides[i % choices]);
		ret = sample(dev, cell, seconds / MEASURE_PLACINGS, &s);
		if (ret < 0)
			return ret;
		value = bench_value(cell, &s);
		/* Less is better where it is a time. */
		total[i % choices] += bench_layout_is_latency(cell->layout) && value > 0 ?
					      1 / value :
					      value;
	}
	best = sides[total[1] > total[0]];
	place_service(&dev->loop, best);
	result->service_sides = dev->loop.has_service ? best : 0;
	return 0;
}

static void
prepare(struct bench_run *run, unsigned int cell, unsigned int device)
{
	struct bench_result *result = bench_result(run, cell, device);
	struct bench_device *dev = &run->device[device];
	int ret;

	progress(run, cell, dev->label);
	if (bench_device_setup(dev, &run->cell[cell], &run->opt, result->reason) < 0)
		return;
	bench_wire_share_order(&dev->loop, true);
	ret = warm_up(dev, &run->cell[cell], run->opt.seconds * MEASURE_WARM_UP, result);
	bench_wire_share_order(&dev->loop, false);
	if (ret < 0)
		fail(dev, result, "while warming up", ret);
}

/* A sample, and what the machine was like before and after. */
static int
sample_probed(struct bench_device *dev, const struct bench_cell *cell, double seconds,
	      struct bench_sample *s)
{
	bool two = dev->loop.nb_sides > 1;
	double before = two ? bench_probe_rtt() : bench_probe_issue();
	int ret = sample(dev, cell, seconds, s);

	if (ret < 0)
		return ret;
	if (two) {
		s->rtt_ns[0] = before;
		s->rtt_ns[1] = bench_probe_rtt();
		s->tag = bench_probe_rtt_tag(s->rtt_ns);
	} else {
		s->issue[0] = before;
		s->issue[1] = bench_probe_issue();
		s->tag = bench_probe_issue_tag(s->issue);
	}
	if (s->cpu_share < BENCH_MIN_CPU_SHARE)
		s->tag = BENCH_DISTURBED;
	return 0;
}

/* The first sample that had its CPUs to itself and did not see the machine change, else the best of
 * a few.
 */
static int
sample_undisturbed(struct bench_device *dev, const struct bench_cell *cell, double seconds,
		   struct bench_sample *best)
{
	struct bench_sample s;
	unsigned int i;
	int ret;

	best->tag = BENCH_NB_TAGS;
	for (i = 0; i < MEASURE_TRIES && best->tag > BENCH_FAR; i++) {
		ret = sample_probed(dev, cell, seconds, &s);
		if (ret < 0)
			return ret;
		if (s.tag < best->tag)
			*best = s;
	}
	return 0;
}

static void
take_sample(struct bench_run *run, unsigned int cell, unsigned int device, unsigned int repeat)
{
	struct bench_result *result = bench_result(run, cell, device);
	struct bench_sample *s = &result->sample[repeat];
	struct bench_device *dev = &run->device[device];
	int ret;

	if (result->reason[0] != '\0')
		return;
	progress(run, cell, dev->label);
	ret = sample_undisturbed(dev, &run->cell[cell], run->opt.seconds, s);
	if (ret < 0)
		fail(dev, result, "while measured", ret);
}

/* What was timed must have been real: every event of it came out, once a stage and in order. */
static int
verdict(const struct bench_loop *loop, char reason[BENCH_REASON_SIZE])
{
	struct check_sums due = {0}, seen = {0}, part;
	uint64_t wrong_order = 0;
	unsigned int i;

	for (i = 0; i < loop->nb_sides; i++) {
		part = check_due(i, loop->flows, loop->side[i].next_seq, loop->nb_stages);
		check_merge(&due, &part);
		check_merge(&seen, &loop->side[i].seen.sums);
		wrong_order += loop->side[i].seen.wrong_order;
	}
	return check_verdict(&due, &seen, wrong_order, reason, BENCH_REASON_SIZE);
}

static void
finish(struct bench_run *run, unsigned int cell, unsigned int device)
{
	struct bench_result *result = bench_result(run, cell, device);
	struct bench_device *dev = &run->device[device];
	char reason[BENCH_REASON_SIZE];
	int stuck;

	if (result->reason[0] != '\0')
		return;
	stuck = bench_sample_drain(&dev->loop);
	if (verdict(&dev->loop, reason) < 0) {
		memcpy(result->reason, reason, sizeof(reason));
		result->failed = true;
	} else if (stuck < 0) {
		fail(dev, result, "while drained", stuck);
		return;
	}
	bench_device_teardown(dev);
}

static void
measure_cell(struct bench_run *run, unsigned int cell)
{
	unsigned int i, r;

	for (i = 0; i < run->nb_devices; i++)
		prepare(run, cell, i);
	for (r = 0; r < run->opt.repeats; r++)
		for (i = 0; i < run->nb_devices; i++)
			take_sample(run, cell, i, r);
	for (i = 0; i < run->nb_devices; i++)
		finish(run, cell, i);
	bench_summarize(run, cell);
}

/**
 * Fill in every cell asked for, the devices in turns, and show each when it is done.
 *
 * @return 0, or -ENOMEM
 */
int
bench_measure(struct bench_run *run)
{
	unsigned int cell;

	run->results = calloc((size_t)run->nb_cells * run->nb_devices, sizeof(*run->results));
	if (run->results == NULL) {
		fprintf(stderr, "bench-event: no memory for %u cells\n", run->nb_cells);
		return -ENOMEM;
	}
	/* The first tags need something to compare with. */
	bench_probe_warm_up();
	for (cell = 0; cell < run->nb_cells; cell++) {
		measure_cell(run, cell);
		bench_report_cell(run, cell);
	}
	return 0;
}
