/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <rte_cycles.h>
#include <rte_version.h>

#include "bench.h"

static json_t *
json_loop(const struct bench_options *opt)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:f, s:i}", "layout", "cooperative", "window",
			 (int)opt->window, "burst", (int)opt->burst, "flows", (int)opt->flows,
			 "seconds", opt->seconds, "repeats", (int)opt->repeats);
}

static json_t *
json_samples(const struct bench_result *r, unsigned int repeats)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < repeats; i++)
		json_array_append_new(list, json_pack("{s:f, s:f, s:f}", "mps", r->sample[i].mps,
						      "cycles", r->sample[i].cycles, "cpu_share",
						      r->sample[i].cpu_share));
	return list;
}

static json_t *
json_result(const struct bench_device *dev, unsigned int cell, unsigned int repeats)
{
	const struct bench_result *r = &dev->result[cell];

	if (r->reason[0] != '\0')
		return json_pack("{s:s, s:s}", "device", dev->label,
				 r->failed ? "failed" : "refused", r->reason);
	return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:i, s:o}", "device", dev->label,
			 "median_mps", r->median_mps, "min_mps", r->min_mps, "max_mps", r->max_mps,
			 "median_cycles", r->median_cycles, "ratio", r->ratio, "disturbed",
			 (int)r->disturbed, "samples", json_samples(r, repeats));
}

static json_t *
json_cells(const struct bench_run *run)
{
	json_t *cells = json_array(), *results;
	unsigned int cell, i;

	for (cell = 0; cell < bench_nb_cells; cell++) {
		if (!(run->opt.cells & (1u << cell)))
			continue;
		results = json_array();
		for (i = 0; i < run->nb_devices; i++)
			json_array_append_new(results,
					      json_result(&run->device[i], cell, run->opt.repeats));
		json_array_append_new(cells, json_pack("{s:s, s:o}", "name", bench_cells[cell].name,
						       "results", results));
	}
	return cells;
}

/** Write all that was measured to a file: 0, or a negative errno when one line says why. */
int
bench_json(const struct bench_run *run, const char *file)
{
	size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(6);
	json_t *root;
	int ret = 0;

	root = json_pack("{s:s, s:s, s:f, s:o, s:o}", "program", "bench-event", "dpdk",
			 rte_version(), "tsc_hz", (double)rte_get_tsc_hz(), "loop",
			 json_loop(&run->opt), "cells", json_cells(run));
	if (root == NULL || json_dump_file(root, file, flags) != 0) {
		fprintf(stderr, "bench-event: --json %s: cannot be written: %s\n", file,
			strerror(errno));
		ret = -EIO;
	}
	json_decref(root);
	return ret;
}
