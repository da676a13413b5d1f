/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_cycles.h>
#include <rte_version.h>

#include "bench.h"
#include "json_file.h"

static json_t *
json_pair(const double values[2])
{
	return json_pack("[f, f]", values[0], values[1]);
}

/* What a sample of the layout measured. */
static void
json_values(json_t *to, enum bench_layout layout, const struct bench_sample *s)
{
	if (bench_layout_is_latency(layout)) {
		json_object_set_new(to, "p50_ns", json_real(s->p50_ns));
		json_object_set_new(to, "p90_ns", json_real(s->p90_ns));
		return;
	}
	json_object_set_new(to, "mps", json_real(s->mps));
	json_object_set_new(to, "cycles", json_real(s->cycles));
	if (layout == BENCH_PARTS)
		json_object_set_new(to, "parts",
				    json_pack("{s:f, s:f, s:f}", "enqueue", s->part[BENCH_ENQUEUE],
					      "schedule", s->part[BENCH_SCHEDULE], "dequeue",
					      s->part[BENCH_DEQUEUE]));
}

static json_t *
json_sample(enum bench_layout layout, const struct bench_sample *s)
{
	json_t *o = json_object();

	json_values(o, layout, s);
	json_object_set_new(o, "cpu_share", json_real(s->cpu_share));
	json_object_set_new(o, "tag", json_string(bench_tag_name(layout, s->tag)));
	if (bench_layout_threads(layout) > 1)
		json_object_set_new(o, "rtt_ns", json_pair(s->rtt_ns));
	else
		json_object_set_new(o, "issue", json_pair(s->issue));
	return o;
}

static json_t *
json_tags(enum bench_layout layout, const struct bench_result *r)
{
	json_t *o = json_object();
	enum bench_tag tag;

	for (tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		json_object_set_new(o, bench_tag_name(layout, tag), json_integer(r->nb_tag[tag]));
	return o;
}

/* Of the threads that ran the scheduler's service. */
static json_t *
json_service(unsigned int sides)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < LOOP_MAX_SIDES; i++)
		if (sides & (1u << i))
			json_array_append_new(list, json_integer(i + 1));
	return list;
}

static json_t *
json_result(const struct bench_run *run, unsigned int cell, unsigned int device)
{
	const struct bench_result *r = bench_result(run, cell, device);
	enum bench_layout layout = run->cell[cell].layout;
	json_t *o = json_pack("{s:s}", "device", run->device[device].label), *list;
	unsigned int i;

	if (r->reason[0] != '\0') {
		json_object_set_new(o, r->failed ? "failed" : "refused", json_string(r->reason));
		return o;
	}
	json_values(o, layout, &r->median);
	json_object_set_new(o, "min", json_real(r->min));
	json_object_set_new(o, "max", json_real(r->max));
	if (r->nb_pairs > 0) {
		json_object_set_new(o, "ratio", json_real(r->ratio));
		json_object_set_new(o, "ratio_tag",
				    json_string(bench_tag_name(layout, r->ratio_tag)));
		json_object_set_new(o, "pairs", json_integer(r->nb_pairs));
	}
	json_object_set_new(o, "service", json_service(r->service_sides));
	json_object_set_new(o, "tag", json_string(bench_tag_name(layout, r->tag)));
	json_object_set_new(o, "tags", json_tags(layout, r));
	list = json_array();
	for (i = 0; i < run->opt.repeats; i++)
		json_array_append_new(list, json_sample(layout, &r->sample[i]));
	json_object_set_new(o, "samples", list);
	return o;
}

static json_t *
json_cell(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	json_t *results = json_array();
	unsigned int i;

	for (i = 0; i < run->nb_devices; i++)
		json_array_append_new(results, json_result(run, cell, i));
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:o}", "layout", bench_layout_names[c->layout],
			 "stages", c->stages.name, "burst", (int)c->burst, "flows", (int)c->flows,
			 "work", (int)c->work, "results", results);
}

static json_t *
json_run(const struct bench_run *run)
{
	const struct bench_options *opt = &run->opt;
	json_t *cells = json_array();
	unsigned int cell;

	for (cell = 0; cell < run->nb_cells; cell++)
		json_array_append_new(cells, json_cell(run, cell));
	return json_pack("{s:s, s:s, s:f, s:i, s:f, s:i, s:o}", "program", "bench-event", "dpdk",
			 rte_version(), "tsc_hz", (double)rte_get_tsc_hz(), "window",
			 (int)opt->window, "seconds", opt->seconds, "repeats", (int)opt->repeats,
			 "cells", cells);
}

/** Write all that was measured to a file: 0, or a negative errno when one line says why. */
int
bench_json(const struct bench_run *run, const char *file)
{
	return bench_json_write("bench-event", json_run(run), 6, file);
}
