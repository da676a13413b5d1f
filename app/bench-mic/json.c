/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include <rte_version.h>

#include "bench.h"
#include "json_file.h"

static json_t *
json_values(const double values[], unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list, json_real(values[i]));
	return list;
}

static json_t *
json_trips(const struct bench_run *run, const struct bench_card *card)
{
	struct bench_trip_summary s;
	json_t *samples = json_array();

	bench_trip_summarize(run, card, &s);
	for (unsigned int i = 0; i < run->opt.repeats; i++) {
		const struct bench_trip *t = &card->trip[i];

		json_array_append_new(samples,
				      json_pack("{s:f, s:[f,f], s:f, s:s}", "ns", t->ns, "raw_ns",
						t->raw[0], t->raw[1], "cpu_share", t->cpu_share,
						"tag", bench_probe_tag_name(true, t->tag)));
	}
	return json_pack("{s:f, s:f, s:f, s:s, s:i, s:o}", "ns", s.ns, "raw_ns", s.raw, "over_ns",
			 s.over, "tag", bench_probe_tag_name(true, s.tag), "count",
			 (int)s.samples, "samples", samples);
}

static json_t *
json_boots(const struct bench_run *run, const struct bench_card *card)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < run->opt.boots; i++)
		json_array_append_new(list,
				      json_pack("{s:f, s:f, s:f, s:f}", "ready_ms",
						card->boot[i].ready, "load_ms", card->boot[i].load,
						"online_ms", card->boot[i].online, "answer_ms",
						card->boot[i].answer));
	return list;
}

static json_t *
json_card(const struct bench_run *run, const struct bench_card *card)
{
	json_t *o = json_pack("{s:s}", "card", card->label);

	if (card->failure[0] != '\0') {
		json_object_set_new(o, "failed", json_string(card->failure));
		return o;
	}
	if ((run->opt.parts & 1u << BENCH_TRIPS) != 0)
		json_object_set_new(o, "trips", json_trips(run, card));
	if ((run->opt.parts & 1u << BENCH_BOOTS) != 0)
		json_object_set_new(o, "boots", json_boots(run, card));
	return o;
}

static json_t *
json_rate(const struct bench_run *run, const struct bench_rate *rate)
{
	if (rate->reason[0] != '\0')
		return json_pack("{s:s}", "failed", rate->reason);
	return json_pack("{s:f, s:f, s:i, s:o}", "gbps", rate->median, "ratio", rate->ratio,
			 "disturbed", (int)rate->disturbed, "samples",
			 json_values(rate->gbps, run->opt.repeats));
}

static json_t *
json_cell(const struct bench_run *run, unsigned int cell)
{
	const struct bench_cell *c = &run->cell[cell];
	json_t *cards = json_array();

	for (unsigned int i = 0; i < run->nb_cards; i++)
		json_array_append_new(cards,
				      json_pack("{s:s, s:o, s:o}", "card", run->card[i].label,
						"memcpy", json_rate(run, &run->cpu[cell][i]), "dma",
						json_rate(run, &run->dma[cell][i])));
	return json_pack("{s:b, s:i, s:i, s:o, s:o}", "to_card", c->to_card, "size", (int)c->size,
			 "depth", (int)c->depth, "memcpy", json_rate(run, &run->local[cell]),
			 "cards", cards);
}

static json_t *
json_run(const struct bench_run *run)
{
	json_t *cards = json_array(), *cells = json_array();

	for (unsigned int i = 0; i < run->nb_cards; i++)
		json_array_append_new(cards, json_card(run, &run->card[i]));
	for (unsigned int i = 0; i < run->nb_cells; i++)
		if (run->cell[i].depth > 0)
			json_array_append_new(cells, json_cell(run, i));
	return json_pack("{s:s, s:s, s:f, s:i, s:i, s:o, s:o}", "program", "bench-mic", "dpdk",
			 rte_version(), "seconds", run->opt.seconds, "repeats",
			 (int)run->opt.repeats, "boots", (int)run->opt.boots, "cards", cards,
			 "copies", cells);
}

/** Write all that was measured to a file: 0, or a negative errno when one line says why. */
int
bench_json(const struct bench_run *run, const char *file)
{
	return bench_json_write("bench-mic", json_run(run), 6, file);
}
