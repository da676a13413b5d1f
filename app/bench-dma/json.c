/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_cycles.h>
#include <rte_version.h>

#include "bench.h"
#include "json_file.h"

/* What a sample of the layout measured. */
static void
json_values(json_t *to, enum bench_layout layout, const struct bench_sample *s)
{
	json_object_set_new(to, "gbps", json_real(s->gbps));
	json_object_set_new(to, "ns", json_real(s->ns));
	json_object_set_new(to, "cycles", json_real(s->cycles));
	if (layout == BENCH_PARTS)
		json_object_set_new(to, "parts",
				    json_pack("{s:f, s:f, s:f}", "enqueue", s->part[BENCH_ENQUEUE],
					      "submit", s->part[BENCH_SUBMIT], "poll",
					      s->part[BENCH_POLL]));
}

static json_t *
json_sample(const struct bench_cell *cell, const struct bench_sample *s)
{
	bool several = cell->threads > 1;
	json_t *o = json_object();

	json_values(o, cell->layout, s);
	json_object_set_new(o, "cpu_share", json_real(s->cpu_share));
	json_object_set_new(o, "tag", json_string(bench_probe_tag_name(several, s->tag)));
	json_object_set_new(o, several ? "rtt_ns" : "issue",
			    json_pack("[f, f]", s->probe[0], s->probe[1]));
	return o;
}

static json_t *
json_tags(bool several, const struct bench_result *r)
{
	json_t *o = json_object();
	enum bench_tag tag;

	for (tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		json_object_set_new(o, bench_probe_tag_name(several, tag),
				    json_integer(r->nb_tag[tag]));
	return o;
}

static void
json_comparison(json_t *to, bool several, const struct bench_result *r)
{
	json_object_set_new(to, "ratio", json_real(r->ratio));
	json_object_set_new(to, "over_ns", json_real(r->over_ns));
	json_object_set_new(to, "ratio_tag",
			    json_string(bench_probe_tag_name(several, r->ratio_tag)));
	json_object_set_new(to, "pairs", json_integer(r->nb_pairs));
}

static json_t *
json_result(const struct bench_run *run, unsigned int cell, unsigned int subject)
{
	const struct bench_result *r = bench_result(run, cell, subject);
	const struct bench_subject *s = &run->subject[subject];
	const struct bench_cell *c = &run->cell[cell];
	json_t *o = json_pack("{s:s, s:b}", "subject", s->label, "device", s->copy == NULL), *list;
	bool several = c->threads > 1;
	unsigned int i;

	if (r->reason[0] != '\0') {
		json_object_set_new(o, r->failed ? "failed" : "refused", json_string(r->reason));
		return o;
	}
	json_values(o, c->layout, &r->median);
	json_object_set_new(o, "min_ns", json_real(r->min));
	json_object_set_new(o, "max_ns", json_real(r->max));
	if (r->nb_pairs > 0)
		json_comparison(o, several, r);
	json_object_set_new(o, "tag", json_string(bench_probe_tag_name(several, r->tag)));
	json_object_set_new(o, "tags", json_tags(several, r));
	list = json_array();
	for (i = 0; i < run->opt.repeats; i++)
		json_array_append_new(list, json_sample(c, &r->sample[i]));
	json_object_set_new(o, "samples", list);
	return o;
}

static json_t *
json_cell(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	json_t *results = json_array();
	unsigned int i;

	for (i = 0; i < run->nb_subjects; i++)
		json_array_append_new(results, json_result(run, cell, i));
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:o}", "layout",
			 bench_layout_names[c->layout], "heat", bench_heat_names[c->heat], "size",
			 (int)c->size, "batch", (int)c->batch, "depth", (int)c->depth, "threads",
			 (int)c->threads, "results", results);
}

static json_t *
json_run(const struct bench_run *run)
{
	const struct bench_options *opt = &run->opt;
	json_t *cells = json_array();
	unsigned int cell;

	for (cell = 0; cell < run->nb_cells; cell++)
		json_array_append_new(cells, json_cell(run, cell));
	return json_pack("{s:s, s:s, s:f, s:f, s:i, s:o}", "program", "bench-dma", "dpdk",
			 rte_version(), "tsc_hz", (double)rte_get_tsc_hz(), "seconds",
			 opt->seconds, "repeats", (int)opt->repeats, "cells", cells);
}

/** Write all that was measured to a file: 0, or a negative errno when one line says why. */
int
bench_json(const struct bench_run *run, const char *file)
{
	return bench_json_write("bench-dma", json_run(run), 6, file);
}
