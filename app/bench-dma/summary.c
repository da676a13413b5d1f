/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Medians, and ratios of what was measured under like conditions. */

#include <rte_common.h>

#include "bench.h"
#include "stat.h"

/* The median of one member of the samples that count. */
static double
median_of(const struct bench_result *r, unsigned int repeats, size_t member)
{
	double values[BENCH_MAX_REPEATS];
	unsigned int i, n = 0;

	for (i = 0; i < repeats; i++)
		if (r->sample[i].tag == r->tag)
			values[n++] = *(const double *)((const char *)&r->sample[i] + member);
	return bench_median(values, n);
}

static void
summarize_alone(struct bench_result *r, unsigned int repeats)
{
	static const size_t members[] = {
		offsetof(struct bench_sample, gbps),
		offsetof(struct bench_sample, ns),
		offsetof(struct bench_sample, cycles),
		offsetof(struct bench_sample, part[BENCH_ENQUEUE]),
		offsetof(struct bench_sample, part[BENCH_SUBMIT]),
		offsetof(struct bench_sample, part[BENCH_POLL]),
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(members); i++)
		*(double *)((char *)&r->median + members[i]) = median_of(r, repeats, members[i]);
	r->min = r->max = r->median.ns;
	for (i = 0; i < repeats; i++) {
		if (r->sample[i].tag == r->tag) {
			r->min = RTE_MIN(r->min, r->sample[i].ns);
			r->max = RTE_MAX(r->max, r->sample[i].ns);
		}
	}
}

/* Samples of one turn, if they are of one kind, and never those that saw the machine change. */
static void
compare(struct bench_result *r, const struct bench_result *first, unsigned int repeats)
{
	double ratio[BENCH_MAX_REPEATS], over[BENCH_MAX_REPEATS];
	unsigned int pairs[BENCH_NB_TAGS] = {0}, i, n = 0;
	enum bench_tag tag;

	for (i = 0; i < repeats; i++)
		if (r->sample[i].tag == first->sample[i].tag)
			pairs[r->sample[i].tag]++;
	pairs[BENCH_MIXED] = 0;
	tag = bench_choose_tag(pairs);
	for (i = 0; i < repeats; i++) {
		if (r->sample[i].tag != tag || first->sample[i].tag != tag)
			continue;
		ratio[n] = r->sample[i].gbps / first->sample[i].gbps;
		over[n++] = r->sample[i].ns - first->sample[i].ns;
	}
	r->ratio = bench_median(ratio, n);
	r->over_ns = bench_median(over, n);
	r->ratio_tag = tag;
	r->nb_pairs = n;
}

/* The figures of a row shall be of one kind: one that all subjects have samples of. A subject that
 * has none shows what it has.
 */
static void
choose_tags(struct bench_run *run, unsigned int cell)
{
	unsigned int least[BENCH_NB_TAGS], i, k;
	enum bench_tag tag;

	for (tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		least[tag] = run->opt.repeats;
	for (i = 0; i < run->nb_subjects; i++) {
		struct bench_result *r = bench_result(run, cell, i);

		if (r->reason[0] != '\0')
			continue;
		for (k = 0; k < run->opt.repeats; k++)
			r->nb_tag[r->sample[k].tag]++;
		for (tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
			least[tag] = RTE_MIN(least[tag], r->nb_tag[tag]);
	}
	tag = bench_choose_tag(least);
	for (i = 0; i < run->nb_subjects; i++) {
		struct bench_result *r = bench_result(run, cell, i);

		r->tag = r->nb_tag[tag] > 0 ? tag : bench_choose_tag(r->nb_tag);
	}
}

/** Derive what is shown of a cell. */
void
bench_summarize(struct bench_run *run, unsigned int cell)
{
	const struct bench_result *first = bench_result(run, cell, 0);
	unsigned int i;

	choose_tags(run, cell);
	for (i = 0; i < run->nb_subjects; i++) {
		struct bench_result *r = bench_result(run, cell, i);

		if (r->reason[0] != '\0')
			continue;
		summarize_alone(r, run->opt.repeats);
		if (first->reason[0] == '\0')
			compare(r, first, run->opt.repeats);
	}
}
