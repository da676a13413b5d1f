/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA device of a card around its work: configuration, start and stop, capacity, what it counts
 * and says, and whose a channel is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"

/* There is no copy from memory to memory, nor a fill, in the hardware. */
static void
what_it_cannot_do_is_refused(void)
{
	dma_configure(1);
	assert_int_equal(dma_vchan_try(0, 64, RTE_DMA_DIR_MEM_TO_MEM), -EINVAL);
	assert_int_equal(dma_vchan_try(0, 16, RTE_DMA_DIR_MEM_TO_DEV), -EINVAL);
	assert_int_equal(dma_vchan_try(0, 32769, RTE_DMA_DIR_MEM_TO_DEV), -EINVAL);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_MEM_TO_DEV), -EINVAL);
	assert_int_equal(rte_dma_start(dma_id()), -EINVAL);
	assert_int_equal(dma_vchan_try(0, 64, RTE_DMA_DIR_MEM_TO_DEV), 0);
	assert_int_equal(rte_dma_start(dma_id()), 0);
}

static void
it_can_be_configured_again_and_again(void)
{
	static const uint16_t vchans[] = {1, 4, 2, 3, 1, 4};
	static const uint16_t descs[] = {32, 33, 100, 1024, 5000, 32768};

	for (unsigned int n = 0; n < RTE_DIM(vchans); n++) {
		dma_shape(vchans[n], descs[n], RTE_DMA_DIR_MEM_TO_DEV);
		assert_int_equal(dma_vchan_try(vchans[n] - 1, descs[n], RTE_DMA_DIR_DEV_TO_MEM), 0);
		if (vchans[n] == 1)
			assert_int_equal(dma_vchan_try(0, descs[n], RTE_DMA_DIR_MEM_TO_DEV), 0);
		dma_start();
		if (vchans[n] > 1)
			dma_works(0, vchans[n] - 1);
		assert_int_equal(rte_dma_stop(dma_id()), 0);
	}
}

/* As many as are promised fit, each submitted alone or all at once; then no more. */
static void
capacity_is_what_fits(void)
{
	uint8_t *src = host_get(64, 1);
	int16_t id = dma_id();
	uint16_t last;
	bool error;

	for (unsigned int alone = 0; alone < 2; alone++) {
		dma_shape(1, 100, RTE_DMA_DIR_MEM_TO_DEV);
		dma_start();
		assert_int_equal(rte_dma_burst_capacity(id, 0), 100);
		for (unsigned int n = 0; n < 100; n++) {
			assert_in_range(rte_dma_burst_capacity(id, 0), 1, 100 - n);
			assert_int_equal(to_card(0, 0, src, 64, alone ? RTE_DMA_OP_FLAG_SUBMIT : 0),
					 n);
		}
		assert_int_equal(rte_dma_burst_capacity(id, 0), 0);
		assert_int_equal(to_card(0, 0, src, 64, 0), -ENOSPC);
		rte_dma_submit(id, 0);
		/* What has ended makes room once it was asked about. */
		assert_int_equal(wait_done(0, 40, &last, &error), 40);
		assert_int_equal(rte_dma_burst_capacity(id, 0), 40);
		assert_int_equal(wait_done(0, 60, &last, &error), 60);
		assert_int_equal(rte_dma_burst_capacity(id, 0), 100);
		assert_int_equal(rte_dma_stop(id), 0);
	}
}

/* What was submitted ends by a stop; what was not is aborted; indexes begin anew. */
static void
stop_ends_what_was_submitted(void)
{
	enum rte_dma_status_code codes[8];
	uint8_t *src = host_get(64, 1);
	int16_t id = dma_id();
	uint16_t last;

	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	for (unsigned int round = 0; round < 3; round++) {
		memset(card_memory(0, 512), 0, 512);
		dma_start();
		for (unsigned int n = 0; n < 8; n++)
			assert_int_equal(
				to_card(0, n * 64, src, 64, n == 4 ? RTE_DMA_OP_FLAG_SUBMIT : 0),
				n);
		assert_int_equal(rte_dma_stop(id), 0);
		assert_int_equal(to_card(0, 0, src, 64, 0), -EINVAL);
		assert_int_equal(rte_dma_submit(id, 0), -EINVAL);
		assert_int_equal(rte_dma_burst_capacity(id, 0), 0);
		for (unsigned int n = 0; n < 8; n++)
			assert_int_equal(card_memory(n * 64, 64)[1], n < 5 ? src[1] : 0);
		/* Asked about, or forgotten with the next start. */
		if (round == 0)
			continue;
		assert_int_equal(wait_status(0, 8, &last, codes), 8);
		assert_int_equal(last, 7);
		for (unsigned int n = 0; n < 8; n++)
			assert_int_equal(codes[n], n < 5 ? RTE_DMA_STATUS_SUCCESSFUL
							 : RTE_DMA_STATUS_USER_ABORT);
	}
	dma_start();
	assert_int_equal(to_card(0, 0, src, 64, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(wait_status(0, 1, &last, codes), 1);
	assert_int_equal(codes[0], RTE_DMA_STATUS_SUCCESSFUL);
}

static void
statistics_count(void)
{
	enum rte_dma_status_code codes[4];
	uint8_t *src = host_get(64, 1);
	struct rte_dma_stats stats;
	int16_t id = dma_id();
	uint16_t last;
	bool error;

	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	rte_dma_stats_reset(id, RTE_DMA_ALL_VCHAN);
	dma_start();
	for (unsigned int n = 0; n < 10; n++)
		to_card(0, 0, src, 64, 0);
	assert_int_equal(rte_dma_stats_get(id, 0, &stats), 0);
	assert_int_equal(stats.submitted, 0);
	rte_dma_submit(id, 0);
	assert_int_equal(wait_done(0, 10, &last, &error), 10);
	/* Beyond card memory. */
	to_card(1, dev.info.aperture_size, src, 64, RTE_DMA_OP_FLAG_SUBMIT);
	to_card(1, 0, src, 64, RTE_DMA_OP_FLAG_SUBMIT);
	assert_int_equal(wait_status(1, 2, &last, codes), 2);
	assert_int_equal(rte_dma_stats_get(id, 0, &stats), 0);
	assert_int_equal(stats.submitted, 10);
	assert_int_equal(stats.completed, 10);
	assert_int_equal(stats.errors, 0);
	assert_int_equal(rte_dma_stats_get(id, 1, &stats), 0);
	assert_int_equal(stats.errors, 1);
	assert_int_equal(rte_dma_stats_get(id, RTE_DMA_ALL_VCHAN, &stats), 0);
	assert_int_equal(stats.submitted, 12);
	assert_int_equal(stats.completed, 12);
	assert_int_equal(rte_dma_stats_reset(id, 0), 0);
	assert_int_equal(rte_dma_stats_get(id, RTE_DMA_ALL_VCHAN, &stats), 0);
	assert_int_equal(stats.submitted, 2);
	rte_dma_stop(id);
	dma_start();
	assert_int_equal(rte_dma_stats_get(id, RTE_DMA_ALL_VCHAN, &stats), 0);
	assert_int_equal(stats.submitted, 2);
}

static void
status_tells_of_work(void)
{
	uint8_t *src = host_get(1 << 20, 1);
	enum rte_dma_vchan_status status;
	int16_t id = dma_id();
	uint64_t until = now_ms() + PATIENCE_MS;
	bool error = false;
	uint16_t last;

	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	assert_int_equal(rte_dma_vchan_status(id, 0, &status), 0);
	assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
	for (unsigned int n = 0; n < 40; n++)
		to_card(0, 0, src, 1 << 20, 0);
	rte_dma_submit(id, 0);
	/* Who waits for an idle channel need ask for nothing else. */
	do
		assert_int_equal(rte_dma_vchan_status(id, 0, &status), 0);
	while (status == RTE_DMA_VCHAN_ACTIVE && now_ms() < until);
	assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
	assert_int_equal(rte_dma_completed(id, 0, 64, &last, &error), 40);
}

static void
dump_names_what_there_is(void)
{
	static const char *const words[] = {"DMA of the MIC card", "channel 0: to the card",
					    "channel 1: from the card", "DTPR", "jobs"};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	assert_int_equal(rte_dma_dump(dma_id(), f), 0);
	fclose(f);
	for (unsigned int n = 0; n < RTE_DIM(words); n++)
		assert_non_null(strstr(text, words[n]));
	free(text);
}

/* ---- Whose a channel is ---- */

static void
one_queue(struct rte_pmd_mic_info *info)
{
	info->queues = 1;
}

static void
a_channel_has_one_holder(void)
{
	struct rte_pmd_mic_queue conf = {.depth = 64};
	char *said;

	configure(dev.id, one_queue);
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 0, &conf, sizeof(conf)), 0);
	dma_configure(2);
	log_begin();
	assert_int_equal(dma_vchan_try(0, 64, RTE_DMA_DIR_MEM_TO_DEV), -EBUSY);
	said = log_end();
	assert_non_null(strstr(said, "channel 0: taken by"));
	assert_non_null(strstr(said, "queue 0"));
	free(said);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_MEM_TO_DEV), 0);
	assert_int_equal(rte_rawdev_queue_release(dev.id, 0), 0);
	assert_int_equal(dma_vchan_try(0, 64, RTE_DMA_DIR_MEM_TO_DEV), 0);
	log_begin();
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 0, &conf, sizeof(conf)), -EBUSY);
	said = log_end();
	assert_non_null(strstr(said, "taken by dma_mic"));
	free(said);
	/* Channels that are configured no more are given back. */
	dma_configure(1);
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 0, &conf, sizeof(conf)), 0);
	assert_int_equal(rte_rawdev_queue_release(dev.id, 0), 0);
}

static const struct test_case cases[] = {
	TEST_CASE(what_it_cannot_do_is_refused),
	TEST_CASE(it_can_be_configured_again_and_again),
	TEST_CASE(capacity_is_what_fits),
	TEST_CASE(stop_ends_what_was_submitted),
	TEST_CASE(statistics_count),
	TEST_CASE(status_tells_of_work),
	TEST_CASE(dump_names_what_there_is),
	TEST_CASE(a_channel_has_one_holder),
};

TEST_GROUP(dma_shape, cases);
