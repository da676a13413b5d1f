/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "json_file.h"
#include "perf.h"

/* Values, and what a cache line took around each. */
static void
add_samples(const struct perf_run *run, const struct perf_cell *cell, json_t *o)
{
	json_t *values = json_array(), *lines = json_array();

	for (unsigned int i = 0; i < run->opt.repeats; i++) {
		json_array_append_new(values, json_real(cell->value[i]));
		json_array_append_new(lines, json_real((cell->raw[i][0] + cell->raw[i][1]) / 2));
	}
	json_object_set_new(o, "samples", values);
	json_object_set_new(o, "raw_samples", lines);
}

/* Of the samples that were taken with the CPUs where the tag says. */
static json_t *
json_figure(const struct perf_cell *cell, enum bench_tag tag)
{
	static const char *const value[PERF_NB_PARTS] = {
		[PERF_TRIPS] = "ns",
		[PERF_STREAMS] = "gbps",
		[PERF_RMA] = "gbps",
		[PERF_CONNECTIONS] = "per_second",
	};
	const struct perf_figure *f = &cell->figure[tag];
	json_t *o = json_pack("{s:f, s:f, s:i}", value[cell->part], f->median, "raw_ns", f->raw_ns,
			      "count", (int)f->samples);

	if (cell->part == PERF_TRIPS)
		json_object_set_new(o, "over_ns", json_real(f->over_ns));
	return o;
}

static json_t *
json_cell(const struct perf_run *run, const struct perf_cell *cell)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:i}", "part", perf_part_names[cell->part], "way",
			      cell->name, "place", run->pair[cell->place].name, "size",
			      (int)cell->size);

	if (cell->reason[0] != '\0') {
		json_object_set_new(o, "failed", json_string(cell->reason));
		return o;
	}
	for (enum bench_tag tag = BENCH_NEAR; tag < BENCH_NB_TAGS; tag++)
		if (cell->figure[tag].samples > 0)
			json_object_set_new(o, bench_probe_tag_name(true, tag),
					    json_figure(cell, tag));
	add_samples(run, cell, o);
	return o;
}

static json_t *
json_endpoints(const struct perf_endpoints *e)
{
	if (e->reason[0] != '\0')
		return json_pack("{s:i, s:s}", "count", (int)e->count, "failed", e->reason);
	return json_pack("{s:i, s:f, s:f, s:f}", "count", (int)e->count, "connect_s", e->connect,
			 "message_s", e->message, "close_s", e->close);
}

static json_t *
json_run(const struct perf_run *run)
{
	json_t *cells = json_array(), *o;

	for (unsigned int i = 0; i < run->nb_cells; i++)
		json_array_append_new(cells, json_cell(run, &run->cell[i]));
	o = json_pack("{s:s, s:f, s:f, s:i, s:[i,i], s:o}", "program", "scif-perf", "seconds",
		      run->opt.seconds, "lasting_seconds", run->opt.lasting, "repeats",
		      (int)run->opt.repeats, "cpus", (int)run->opt.cpu[0], (int)run->opt.cpu[1],
		      "cells", cells);
	if ((run->opt.parts & 1u << PERF_ENDPOINTS) != 0)
		json_object_set_new(o, "endpoints", json_endpoints(&run->endpoints));
	return o;
}

/** Write all that was measured to a file: 0, or a negative errno when one line says why. */
int
perf_json(const struct perf_run *run, const char *file)
{
	return bench_json_write("slipway scif-perf", json_run(run), 5, file);
}
