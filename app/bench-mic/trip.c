/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Calls and answers, beside a cache line that goes there and back. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "bench.h"
#include "stat.h"

/* Calls between two looks at the clock, and how many of those count. As for the cache line, the
 * median leaves out the ones that were interrupted.
 */
#define TRIP_STRIDE  256
#define TRIP_STRIDES 4096

/* An answer that does not come for so long will not. */
#define TRIP_PATIENCE_S 2

/* A card whose functions are not called stops polling for them: its CPU is free for the probe. */
#define TRIP_SETTLE_US 2000

/* One call: 0 when the answer is what was asked. */
static int
trip(const struct bench_driver *driver, struct rte_pmd_mic_function *echo, uint64_t number,
     uint64_t patience)
{
	uint64_t args[6] = {number}, end = 0;
	int64_t result = 0;
	int ret = driver->call(echo, args);

	if (ret < 0)
		return ret;
	args[0] = ~number;
	for (unsigned int i = 1;; i++) {
		ret = driver->answer(echo, echo->sequence, args, &result);
		if (ret != 0)
			break;
		rte_pause();
		if (i % 65536 != 0)
			continue;
		if (end == 0)
			end = rte_rdtsc() + patience;
		if (rte_rdtsc() > end)
			return -ETIMEDOUT;
	}
	if (ret < 0)
		return ret;
	return result == 0 && args[0] == number ? 0 : -EILSEQ;
}

/* Calls for so long, one after the other: nanoseconds of each, or a negative errno. */
static int
trips(const struct bench_run *run, struct bench_card *card, double seconds, double *ns)
{
	static double stride[TRIP_STRIDES];
	uint64_t hz = rte_get_tsc_hz(), begin, now = rte_rdtsc(), number = 0;
	uint64_t end = now + (uint64_t)(seconds * hz);
	unsigned int n = 0;
	int ret = 0;

	while (ret == 0 && now < end && n < TRIP_STRIDES) {
		begin = now;
		for (unsigned int i = 0; ret == 0 && i < TRIP_STRIDE; i++)
			ret = trip(&run->driver, &card->echo, ++number, TRIP_PATIENCE_S * hz);
		now = rte_rdtsc();
		stride[n++] = (double)(now - begin) / TRIP_STRIDE * 1e9 / hz;
	}
	*ns = bench_median(stride, n);
	return ret;
}

static int
sample(const struct bench_run *run, struct bench_card *card, struct bench_trip *t)
{
	double cpu, wall;
	int ret;

	usleep(TRIP_SETTLE_US);
	t->raw[0] = bench_probe_rtt();
	/* Awake, and warm. */
	ret = trips(run, card, run->opt.seconds / 10, &t->ns);
	if (ret < 0)
		return ret;
	wall = bench_now_ms();
	cpu = bench_cpu_seconds();
	ret = trips(run, card, run->opt.seconds, &t->ns);
	cpu = bench_cpu_seconds() - cpu;
	wall = (bench_now_ms() - wall) * 1e-3;
	usleep(TRIP_SETTLE_US);
	t->raw[1] = bench_probe_rtt();
	t->cpu_share = cpu / wall;
	t->tag = bench_probe_rtt_tag(t->raw);
	if (t->cpu_share < BENCH_MIN_CPU_SHARE)
		t->tag = BENCH_DISTURBED;
	return ret;
}

/** Round trips of all cards, in turns. */
void
bench_trips(struct bench_run *run)
{
	for (unsigned int i = 0; i < run->opt.repeats; i++) {
		for (unsigned int c = 0; c < run->nb_cards; c++) {
			struct bench_card *card = &run->card[c];
			int ret;

			if (card->failure[0] != '\0')
				continue;
			ret = sample(run, card, &card->trip[i]);
			if (ret < 0)
				snprintf(card->failure, sizeof(card->failure), "echo: %s",
					 ret == -EILSEQ ? "a wrong answer" : strerror(-ret));
		}
	}
}

/** Medians of the samples of the tag that counts; `over` of the differences in each sample. */
void
bench_trip_summarize(const struct bench_run *run, const struct bench_card *card,
		     struct bench_trip_summary *summary)
{
	double ns[BENCH_MAX_REPEATS], raw[BENCH_MAX_REPEATS], over[BENCH_MAX_REPEATS];
	unsigned int count[BENCH_NB_TAGS] = {0}, n = 0;

	for (unsigned int i = 0; i < run->opt.repeats; i++)
		count[card->trip[i].tag]++;
	summary->tag = bench_choose_tag(count);
	for (unsigned int i = 0; i < run->opt.repeats; i++) {
		const struct bench_trip *t = &card->trip[i];

		if (t->tag != summary->tag)
			continue;
		ns[n] = t->ns;
		raw[n] = (t->raw[0] + t->raw[1]) / 2;
		over[n] = ns[n] - raw[n];
		n++;
	}
	summary->samples = n;
	summary->ns = bench_median(ns, n);
	summary->raw = bench_median(raw, n);
	summary->over = bench_median(over, n);
}
