/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The table of copies: cells, memory for them, samples in turns, and every byte compared. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dmadev.h>
#include <rte_memzone.h>

#include "bench.h"
#include "stat.h"

/* Tries at a sample that nobody disturbs. */
#define DMA_TRIES 4

static void
cells_make(struct bench_run *run)
{
	const struct bench_numbers *sizes = &run->opt.sizes, *depths = &run->opt.depths;

	for (unsigned int way = 0; way < 2; way++)
		for (unsigned int d = 0; d < depths->count; d++)
			for (unsigned int s = 0; s < sizes->count; s++)
				run->cell[run->nb_cells++] = (struct bench_cell){
					.to_card = way == 0,
					.size = sizes->value[s],
					.depth = depths->value[d],
				};
}

/* Fewer places where the card has no room for more of that size. */
static void
cells_fit(struct bench_run *run)
{
	uint64_t room = UINT64_MAX, places;

	for (unsigned int c = 0; c < run->nb_cards; c++)
		if (run->card[c].failure[0] == '\0')
			room = RTE_MIN(room, run->card[c].room.memory_size);
	for (unsigned int i = 0; i < run->nb_cells; i++) {
		places = room / run->cell[i].size;
		run->cell[i].depth = (uint32_t)RTE_MIN(run->cell[i].depth, places);
		run->room.size = RTE_MAX(run->room.size,
					 (uint64_t)run->cell[i].depth * run->cell[i].size);
	}
}

static int
room_get(struct bench_run *run)
{
	const struct rte_memzone *zone =
		rte_memzone_reserve_aligned("bench_mic", 2 * run->room.size, SOCKET_ID_ANY,
					    RTE_MEMZONE_IOVA_CONTIG, 4096);

	if (zone == NULL) {
		fprintf(stderr, "bench-mic: no %lu bytes of memory: give EAL more by -m\n",
			(unsigned long)(2 * run->room.size));
		return -ENOMEM;
	}
	run->room.memory = zone->addr;
	run->room.iova = zone->iova;
	run->room.zone = zone;
	memset(zone->addr, 0, 2 * run->room.size);
	return 0;
}

/* ---- A channel for a direction ---- */

static int
dma_start(struct bench_card *card, bool to_card)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	struct rte_dma_vchan_conf channel = {
		.direction = to_card ? RTE_DMA_DIR_MEM_TO_DEV : RTE_DMA_DIR_DEV_TO_MEM,
		.nb_desc = 1024,
	};
	int ret;

	if (to_card)
		channel.dst_port.port_type = RTE_DMA_PORT_PCIE;
	else
		channel.src_port.port_type = RTE_DMA_PORT_PCIE;
	if (card->dma < 0)
		return -ENODEV;
	ret = rte_dma_configure(card->dma, &conf);
	if (ret == 0)
		ret = rte_dma_vchan_setup(card->dma, 0, &channel);
	return ret == 0 ? rte_dma_start(card->dma) : ret;
}

/* ---- Samples ---- */

static void
fail(struct bench_rate *rate, int ret)
{
	snprintf(rate->reason, sizeof(rate->reason), "%s",
		 ret == -EILSEQ ? "a byte that is not as it should be" : strerror(-ret));
	rate->failed = true;
}

/* New bytes where they are copied from, so that old ones cannot pass for them. */
static void
spoil(const struct bench_cell *cell, uint8_t *host, uint8_t *card, unsigned int seed)
{
	uint64_t *words = (uint64_t *)(void *)(cell->to_card ? host : card);
	size_t n = (size_t)cell->size * cell->depth / 8;

	for (size_t i = 0; i < n; i++)
		words[i] = (i + seed) * UINT64_C(0x9e3779b97f4a7c15);
}

static int
compare(const struct bench_cell *cell, const uint8_t *host, const uint8_t *card)
{
	return memcmp(host, card, (size_t)cell->size * cell->depth) == 0 ? 0 : -EILSEQ;
}

/* The first sample that had its CPU to itself, else the best of a few. */
static int
sample(struct bench_run *run, const struct bench_card *card, unsigned int cell, uint8_t *there,
       struct bench_rate *rate, unsigned int turn)
{
	const struct bench_cell *c = &run->cell[cell];
	struct bench_copies best = {0}, s;
	int ret = 0;

	for (unsigned int i = 0; i < DMA_TRIES && best.cpu_share < BENCH_MIN_CPU_SHARE; i++) {
		if (card != NULL)
			ret = bench_copy_dma(run, card, c, run->opt.seconds, &s);
		else
			bench_copy_cpu(run->room.memory, there, c, run->opt.seconds, &s);
		if (ret < 0)
			return ret;
		if (s.cpu_share > best.cpu_share)
			best = s;
	}
	rate->gbps[turn] = best.gbps;
	rate->disturbed += best.cpu_share < BENCH_MIN_CPU_SHARE;
	return 0;
}

/* One sample of each way to copy, one after the other. */
static void
take_turn(struct bench_run *run, unsigned int cell, unsigned int turn)
{
	const struct bench_cell *c = &run->cell[cell];
	uint8_t *host = run->room.memory;
	unsigned int i;
	int ret;

	sample(run, NULL, cell, host + run->room.size, &run->local[cell], turn);
	for (i = 0; i < run->nb_cards; i++) {
		struct bench_card *card = &run->card[i];
		struct bench_rate *dma = &run->dma[cell][i];
		uint8_t *there;

		if (dma->reason[0] != '\0')
			continue;
		there = run->driver.aperture(card->raw, card->room.memory,
					     (uint64_t)c->size * c->depth);
		if (there == NULL) {
			fail(dma, -EFAULT);
			continue;
		}
		sample(run, NULL, cell, there, &run->cpu[cell][i], turn);
		spoil(c, host, there, turn + cell);
		ret = sample(run, card, cell, there, dma, turn);
		if (ret == 0)
			ret = compare(c, host, there);
		if (ret < 0)
			fail(dma, ret);
	}
}

static void
start_all(struct bench_run *run, unsigned int cell)
{
	for (unsigned int i = 0; i < run->nb_cards; i++) {
		struct bench_rate *dma = &run->dma[cell][i];
		int ret;

		if (run->card[i].failure[0] != '\0') {
			snprintf(dma->reason, sizeof(dma->reason), "%s", run->card[i].failure);
			continue;
		}
		ret = dma_start(&run->card[i], run->cell[cell].to_card);
		if (ret < 0)
			fail(dma, ret);
	}
}

static void
stop_all(struct bench_run *run)
{
	for (unsigned int i = 0; i < run->nb_cards; i++)
		if (run->card[i].dma >= 0)
			rte_dma_stop(run->card[i].dma);
}

static void
summarize(struct bench_rate *rate, const struct bench_rate *to, unsigned int repeats)
{
	double gbps[BENCH_MAX_REPEATS], ratio[BENCH_MAX_REPEATS];

	for (unsigned int i = 0; i < repeats; i++) {
		gbps[i] = rate->gbps[i];
		ratio[i] = to->gbps[i] > 0 ? rate->gbps[i] / to->gbps[i] : 0;
	}
	rate->median = bench_median(gbps, repeats);
	rate->ratio = bench_median(ratio, repeats);
}

static void
measure_cell(struct bench_run *run, unsigned int cell)
{
	unsigned int repeats = run->opt.repeats, i;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3u/%u copies\r", cell + 1, run->nb_cells);
	start_all(run, cell);
	for (i = 0; i < repeats; i++)
		take_turn(run, cell, i);
	stop_all(run);
	summarize(&run->local[cell], &run->local[cell], repeats);
	for (i = 0; i < run->nb_cards; i++) {
		summarize(&run->cpu[cell][i], &run->local[cell], repeats);
		summarize(&run->dma[cell][i], &run->cpu[cell][i], repeats);
	}
}

/** Fill the table in: 0, or -ENOMEM. */
int
bench_dma(struct bench_run *run)
{
	int ret;

	cells_make(run);
	cells_fit(run);
	ret = room_get(run);
	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < run->nb_cells; i++)
		if (run->cell[i].depth > 0)
			measure_cell(run, i);
	rte_memzone_free(run->room.zone);
	return 0;
}
