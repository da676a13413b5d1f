/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <rte_eal.h>
#include <rte_rawdev.h>

#include "bench.h"
#include "eal.h"

static void
bring_down(struct bench_run *run)
{
	for (unsigned int i = 0; i < run->nb_cards; i++) {
		bench_card_down(&run->card[i]);
		rte_rawdev_close(run->card[i].raw);
	}
}

static int
bench(struct bench_run *run)
{
	unsigned int parts = run->opt.parts;
	int ret = 0;

	if (bench_driver_find(&run->driver) < 0 || bench_cards_find(run) < 0)
		return 1;
	/* The first tags need something to compare with. */
	bench_probe_warm_up();
	if ((parts & 1u << BENCH_BOOTS) != 0)
		bench_boots(run);
	for (unsigned int i = 0; i < run->nb_cards; i++)
		bench_card_up(run, &run->card[i], NULL);
	if ((parts & 1u << BENCH_TRIPS) != 0)
		bench_trips(run);
	if ((parts & 1u << BENCH_DMA) != 0)
		ret = bench_dma(run);
	if (ret == 0)
		ret = bench_report(run);
	if (run->opt.json != NULL && bench_json(run, run->opt.json) < 0)
		ret = 1;
	bring_down(run);
	return ret != 0;
}

int
main(int argc, char **argv)
{
	static struct bench_run run;
	int used, ret;

	if (bench_help(argc, argv))
		return 0;
	used = bench_eal_begin("bench-mic", argc, argv);
	if (used < 0)
		return 2;
	ret = 2;
	if (bench_options_parse(argc - used, argv + used, &run.opt) == 0)
		ret = bench(&run);
	rte_eal_cleanup();
	return ret;
}
