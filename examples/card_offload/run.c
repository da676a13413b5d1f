/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The loop: whatever can be done next is. A block goes through four hands:

    map --memcpy--> block --DMA--> card memory --call--> the card hashes --answer--> compared
         send()            arrive()             ask()                      collect()
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dmadev.h>
#include <rte_memzone.h>

#include "offload.h"

/* A card on which nothing moves for so long is given up. */
#define RUN_PATIENCE_S 10

/* Rounds of the loop between two looks at the clock. */
#define RUN_STRIDE 1024

/* The DMA engine moves whole lines. */
#define RUN_LINE 64

/** A place for each block under way, in memory that the card reaches, and in its own. */
int
blocks_get(struct offload *o)
{
	uint64_t stride = RTE_ALIGN_CEIL(o->options.block, RUN_LINE);
	const struct rte_pmd_mic_function *hash = &o->card.hash;
	const struct rte_memzone *zone;

	if (stride > hash->memory_size) {
		complain("--block %" PRIu64 ": the card has %" PRIu64 " bytes for its function",
			 o->options.block, hash->memory_size);
		return EXIT_USAGE;
	}
	o->options.depth = RTE_MIN(o->options.depth, hash->memory_size / stride);
	zone = rte_memzone_reserve_aligned("card_offload", o->options.depth * stride, SOCKET_ID_ANY,
					   RTE_MEMZONE_IOVA_CONTIG, 4096);
	if (zone == NULL) {
		complain("no memory for %" PRIu64 " blocks of %" PRIu64 " bytes", o->options.depth,
			 stride);
		return EXIT_FAILED;
	}
	o->zone = zone;
	for (uint64_t i = 0; i < o->options.depth; i++)
		o->blocks[i] = (struct block){
			.memory = (uint8_t *)zone->addr + i * stride,
			.iova = zone->iova + i * stride,
			.card = hash->memory + i * stride,
		};
	return EXIT_DONE;
}

void
blocks_put(struct offload *o)
{
	rte_memzone_free(o->zone);
}

static struct block *
block_of(struct offload *o, uint64_t number)
{
	return &o->blocks[number % o->options.depth];
}

static uint64_t
blocks_in_file(const struct offload *o)
{
	return (o->input.size + o->options.block - 1) / o->options.block;
}

/* The next block of the file, on its way to the card. */
static int
send(struct offload *o)
{
	struct block *b = block_of(o, o->sent);
	uint64_t at = o->sent * o->options.block;
	uint32_t lines;
	int ret;

	b->bytes = (uint32_t)RTE_MIN(o->options.block, o->input.size - at);
	lines = RTE_ALIGN_CEIL(b->bytes, RUN_LINE);
	memcpy(b->memory, o->input.bytes + at, b->bytes);
	memset(b->memory + b->bytes, 0, lines - b->bytes);
	ret = rte_dma_copy(o->card.dma, 0, b->iova, b->card, lines, RTE_DMA_OP_FLAG_SUBMIT);
	if (ret < 0) {
		complain("block %" PRIu64 ": DMA refuses it: %s", o->sent, strerror(-ret));
		return EXIT_FAILED;
	}
	o->sent++;
	return EXIT_DONE;
}

/* Blocks that are on the card now. */
static int
arrive(struct offload *o)
{
	bool error = false;

	if (o->copied == o->sent)
		return EXIT_DONE;
	o->copied += rte_dma_completed(o->card.dma, 0, OFFLOAD_MAX_DEPTH, NULL, &error);
	if (!error)
		return EXIT_DONE;
	complain("block %" PRIu64 ": DMA failed", o->copied);
	return EXIT_FAILED;
}

/* Ask for the hash of the next one. */
static int
ask(struct offload *o)
{
	struct block *b = block_of(o, o->asked);
	const uint64_t args[6] = {b->card, b->bytes};
	int ret = o->card.driver.call(&o->card.hash, args);

	if (ret < 0) {
		complain("block %" PRIu64 ": the card's function takes no call: %s", o->asked,
			 strerror(-ret));
		return EXIT_FAILED;
	}
	b->sequence = o->card.hash.sequence;
	o->asked++;
	return EXIT_DONE;
}

/* The next answer, if it is there. */
static int
collect(struct offload *o)
{
	struct block *b = block_of(o, o->answered);
	const uint8_t *bytes = o->input.bytes + o->answered * o->options.block;
	uint64_t args[6], crc, hash;
	int64_t result;
	int ret;

	if (o->answered == o->asked)
		return EXIT_DONE;
	ret = o->card.driver.answer(&o->card.hash, b->sequence, args, &result);
	if (ret == 0)
		return EXIT_DONE;
	if (ret < 0 || result < 0) {
		complain("block %" PRIu64 ": the card answers: %s", o->answered,
			 strerror(ret < 0 ? -ret : (int)-result));
		return EXIT_FAILED;
	}
	/* Of the file, not of the block: a copy that went wrong on its way is seen as well. */
	crc = hash_crc(bytes, b->bytes);
	hash = hash_bytes(bytes, b->bytes);
	if (args[0] != crc || args[1] != hash) {
		complain("block %" PRIu64 " at byte %" PRIu64 ": the card says CRC-32C %08" PRIx64
			 ", XXH64 %016" PRIx64 "; the host %08" PRIx64 ", %016" PRIx64,
			 o->answered, o->answered * o->options.block, args[0], args[1], crc, hash);
		return EXIT_FAILED;
	}
	/* One figure for the whole file, to compare runs by. */
	o->digest = hash_bytes((const uint8_t *)(uint64_t[]){o->digest, hash}, 16);
	o->answered++;
	return EXIT_DONE;
}

static void
progress(const struct offload *o)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3.0f %%  %" PRIu64 " of %" PRIu64 " blocks hashed\r",
			100.0 * o->answered / blocks_in_file(o), o->answered, blocks_in_file(o));
}

static int
one_round(struct offload *o)
{
	int ret = EXIT_DONE;

	if (o->sent < blocks_in_file(o) && o->sent - o->answered < o->options.depth)
		ret = send(o);
	if (ret == EXIT_DONE)
		ret = arrive(o);
	while (ret == EXIT_DONE && o->asked < o->copied)
		ret = ask(o);
	return ret == EXIT_DONE ? collect(o) : ret;
}

/** Everything through the card; EXIT_DONE when every answer was right. */
int
offload_run(struct offload *o)
{
	double begun = seconds_now(), moved = begun;
	uint64_t answered = 0;
	int ret = EXIT_DONE;

	for (uint64_t round = 1; ret == EXIT_DONE && o->answered < blocks_in_file(o); round++) {
		ret = one_round(o);
		if (round % RUN_STRIDE != 0)
			continue;
		progress(o);
		if (o->answered != answered) {
			answered = o->answered;
			moved = seconds_now();
		} else if (seconds_now() > moved + RUN_PATIENCE_S) {
			complain("the card has done nothing for %d s, after %" PRIu64 " blocks",
				 RUN_PATIENCE_S, o->answered);
			ret = EXIT_FAILED;
		}
	}
	o->seconds = seconds_now() - begun;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%48s\r", "");
	return ret;
}
