/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* One of several programs that share a work queue and know nothing of each other: so many copies on
 * the first DMA device, each submitted by itself, and every byte of every one looked at. A copy
 * that is lost leaves the old bytes, one that is done for another program leaves those of the
 * other.
 *
 * usage: slipway-share-dma [EAL arguments] -- COPIES SEED
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_dmadev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#define PLACES     64
#define BYTES      512
#define PATIENCE_S 20

struct share {
	int16_t dev;
	uint64_t copies, seed;
	uint64_t sent, done, wrong;
	uint64_t random;
	uint32_t len[PLACES];
	uint8_t *src, *dst;
	rte_iova_t src_iova, dst_iova;
	const struct rte_memzone *zone;
};

static uint64_t
random_next(struct share *s)
{
	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return s->random >> 33;
}

static int
give_up(const struct share *s, const char *why, int ret)
{
	fprintf(stderr, "slipway-share-dma: %s: %d, after %" PRIu64 " of %" PRIu64 " copies\n", why,
		ret, s->done, s->copies);
	return -1;
}

static int
open_device(struct share *s)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	const struct rte_dma_vchan_conf channel = {
		.direction = RTE_DMA_DIR_MEM_TO_MEM,
		.nb_desc = 2 * PLACES,
	};
	int ret;

	s->dev = rte_dma_next_dev(0);
	if (s->dev < 0)
		return give_up(s, "no DMA device", s->dev);
	ret = rte_dma_configure(s->dev, &conf);
	if (ret == 0)
		ret = rte_dma_vchan_setup(s->dev, 0, &channel);
	if (ret == 0)
		ret = rte_dma_start(s->dev);
	if (ret < 0)
		return give_up(s, "device does not start", ret);
	s->zone = rte_memzone_reserve_aligned("share", 2 * PLACES * BYTES, SOCKET_ID_ANY,
					      RTE_MEMZONE_IOVA_CONTIG, 4096);
	if (s->zone == NULL)
		return give_up(s, "no memory", -rte_errno);
	s->src = s->zone->addr;
	s->dst = s->src + PLACES * BYTES;
	s->src_iova = s->zone->iova;
	s->dst_iova = s->src_iova + PLACES * BYTES;
	return 0;
}

/* Bytes that no other copy has, of this program or another; and others where they are to go. */
static void
prepare(struct share *s, unsigned int place)
{
	uint64_t *word = (uint64_t *)(s->src + place * BYTES);
	unsigned int i;

	for (i = 0; i < BYTES / sizeof(*word); i++)
		word[i] = random_next(s) << 32 ^ random_next(s) ^ s->seed << 56;
	memset(s->dst + place * BYTES, 0xa5, BYTES);
	s->len[place] = 1 + random_next(s) % BYTES;
}

/* All of it is there, and nothing behind it. */
static bool
is_right(const struct share *s, unsigned int place)
{
	const uint8_t *src = s->src + place * BYTES, *dst = s->dst + place * BYTES;
	unsigned int i;

	for (i = s->len[place]; i < BYTES; i++)
		if (dst[i] != 0xa5)
			return false;
	return memcmp(src, dst, s->len[place]) == 0;
}

static int
send(struct share *s)
{
	unsigned int place = s->sent % PLACES;
	int ret;

	prepare(s, place);
	ret = rte_dma_copy(s->dev, 0, s->src_iova + place * BYTES, s->dst_iova + place * BYTES,
			   s->len[place], RTE_DMA_OP_FLAG_SUBMIT);
	if (ret != (int)(s->sent & UINT16_MAX))
		return give_up(s, "a copy got another index than the next", ret);
	s->sent++;
	return 0;
}

static int
poll(struct share *s)
{
	bool error = false;
	uint16_t n, i, last;

	n = rte_dma_completed(s->dev, 0, PLACES, &last, &error);
	if (error)
		return give_up(s, "a copy failed", n);
	if (n == 0)
		return 0;
	if (s->done + n > s->sent || last != ((s->done + n - 1) & UINT16_MAX))
		return give_up(s, "completed is what was not under way", n);
	for (i = 0; i < n; i++)
		s->wrong += !is_right(s, (s->done + i) % PLACES);
	s->done += n;
	return n;
}

static int
run(struct share *s)
{
	uint64_t moved = rte_get_timer_cycles();
	int ret;

	while (s->done < s->copies) {
		while (s->sent < s->copies && s->sent - s->done < PLACES)
			if (send(s) < 0)
				return -1;
		ret = poll(s);
		if (ret < 0)
			return -1;
		if (ret > 0)
			moved = rte_get_timer_cycles();
		else if (rte_get_timer_cycles() - moved > PATIENCE_S * rte_get_timer_hz())
			return give_up(s, "nothing comes any more", ret);
	}
	return s->wrong == 0 ? 0 : give_up(s, "copies with wrong bytes", (int)s->wrong);
}

int
main(int argc, char **argv)
{
	struct share s = {0};
	int used, ret;

	used = rte_eal_init(argc, argv);
	if (used < 0 || argc - used != 3) {
		fprintf(stderr, "usage: slipway-share-dma [EAL arguments] -- COPIES SEED\n");
		return 2;
	}
	s.copies = strtoull(argv[used + 1], NULL, 10);
	s.seed = s.random = strtoull(argv[used + 2], NULL, 10);
	ret = open_device(&s);
	if (ret == 0)
		ret = run(&s);
	/* How often the queue said "try again" is in there. */
	if (s.dev >= 0)
		rte_dma_dump(s.dev, stdout);
	if (ret == 0)
		printf("%" PRIu64 " copies, every byte right\n", s.done);
	fflush(stdout);
	if (s.dev >= 0)
		rte_dma_stop(s.dev);
	rte_memzone_free(s.zone);
	rte_eal_cleanup();
	return ret == 0 ? 0 : 1;
}
