/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The timed loops: as many copies as fit into the time, by the CPU, or by a DMA channel. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_dmadev.h>

#include "bench.h"

#define COPY_PATIENCE_S 5

/* A time stamp costs more than the least of the copies: looks at the clock are so many bytes apart.
 */
#define COPY_STRIDE_BYTES (1u << 20)

/* When a sample began. */
struct watch {
	uint64_t tsc;
	double cpu;
};

static struct watch
begin(void)
{
	return (struct watch){.cpu = bench_cpu_seconds(), .tsc = rte_rdtsc()};
}

static struct bench_copies
end_of(const struct watch *w, uint64_t copies, const struct bench_cell *cell)
{
	double seconds = (double)(rte_rdtsc() - w->tsc) / rte_get_tsc_hz();

	return (struct bench_copies){
		.gbps = (double)copies * cell->size / seconds * 1e-9,
		.cpu_share = (bench_cpu_seconds() - w->cpu) / seconds,
	};
}

/** Copies by the CPU round as many places as the DMA has under way. */
void
bench_copy_cpu(uint8_t *host, uint8_t *card, const struct bench_cell *cell, double seconds,
	       struct bench_copies *sample)
{
	const uint8_t *src = cell->to_card ? host : card;
	uint8_t *dst = cell->to_card ? card : host;
	struct watch w = begin();
	uint64_t end = w.tsc + (uint64_t)(seconds * rte_get_tsc_hz());
	uint32_t stride = RTE_MAX(COPY_STRIDE_BYTES / cell->size, 1u), slot = 0;
	uint64_t copies = 0;

	do {
		for (uint32_t i = 0; i < stride; i++) {
			memcpy(dst + (size_t)slot * cell->size, src + (size_t)slot * cell->size,
			       cell->size);
			slot = slot + 1 == cell->depth ? 0 : slot + 1;
		}
		copies += stride;
	} while (rte_rdtsc() < end);
	*sample = end_of(&w, copies, cell);
}

/* How far it is. */
struct pass {
	int16_t dma;
	uint64_t from, to;
	uint64_t sent, done;
	uint32_t slot;
};

/* As many copies as there is room for, started together. */
static int
send(struct pass *p, const struct bench_cell *cell)
{
	int ret;

	if (p->sent - p->done == cell->depth)
		return 0;
	while (p->sent - p->done < cell->depth) {
		ret = rte_dma_copy(p->dma, 0, p->from + (uint64_t)p->slot * cell->size,
				   p->to + (uint64_t)p->slot * cell->size, cell->size, 0);
		if (ret == -ENOSPC)
			break;
		if (ret < 0)
			return ret;
		p->slot = p->slot + 1 == cell->depth ? 0 : p->slot + 1;
		p->sent++;
	}
	return rte_dma_submit(p->dma, 0);
}

static int
take(struct pass *p)
{
	bool error = false;

	p->done += rte_dma_completed(p->dma, 0, BENCH_MAX_DEPTH, NULL, &error);
	return error ? -EIO : 0;
}

/** Copies by the card's DMA engine. */
int
bench_copy_dma(const struct bench_run *run, const struct bench_card *card,
	       const struct bench_cell *cell, double seconds, struct bench_copies *sample)
{
	struct watch w = begin();
	uint64_t hz = rte_get_tsc_hz(), end = w.tsc + (uint64_t)(seconds * hz);
	struct pass p = {
		.dma = card->dma,
		.from = cell->to_card ? run->room.iova : card->room.memory,
		.to = cell->to_card ? card->room.memory : run->room.iova,
	};
	int ret = 0;

	do {
		ret = send(&p, cell);
		if (ret == 0)
			ret = take(&p);
	} while (ret == 0 && rte_rdtsc() < end);
	while (ret == 0 && p.done < p.sent) {
		ret = take(&p);
		if (ret == 0 && rte_rdtsc() > end + COPY_PATIENCE_S * hz)
			ret = -ETIMEDOUT;
	}
	*sample = end_of(&w, p.done, cell);
	return ret;
}
