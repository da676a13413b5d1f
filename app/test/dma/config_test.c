/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* What may be configured, when, and what it says it can do. */

static void
the_info_says_what_it_can_do(void)
{
	const uint64_t needed = RTE_DMA_CAPA_MEM_TO_MEM | RTE_DMA_CAPA_SILENT |
				RTE_DMA_CAPA_HANDLES_ERRORS | RTE_DMA_CAPA_OPS_COPY |
				RTE_DMA_CAPA_OPS_COPY_SG | RTE_DMA_CAPA_OPS_FILL;

	assert_int_equal(dev.info.dev_capa & needed, needed);
	assert_int_equal((dev.info.dev_capa & RTE_DMA_CAPA_SVA) != 0,
			 dev.kernel || strstr(dev.args, "sva=1") != NULL);
	assert_in_range(dev.info.min_desc, 1, 64);
	assert_in_range(dev.info.max_desc, 4096, UINT16_MAX);
	assert_true(dev.info.max_vchans >= 1);
	assert_true(dev.info.max_sges >= 2);
}

/* Queues that several may submit to at once have room for more channels than there are queues. */
static void
shared_queues_have_more_channels(void)
{
	if (dev.shared)
		assert_int_equal(dev.info.max_vchans, 64);
	else
		assert_in_range(dev.info.max_vchans, 1, 64);
}

static void
bad_configurations_are_refused(void)
{
	struct rte_dma_conf conf = {.nb_vchans = 0};

	assert_int_equal(rte_dma_configure(dev.id, &conf), -EINVAL);
	conf.nb_vchans = dev.info.max_vchans + 1;
	assert_int_equal(rte_dma_configure(dev.id, &conf), -EINVAL);
	conf.nb_vchans = dev.info.max_vchans;
	assert_int_equal(rte_dma_configure(dev.id, &conf), 0);
}

static void
bad_channels_are_refused(void)
{
	struct rte_dma_vchan_conf conf = {.nb_desc = 512};

	shape_configure(1);
	assert_int_equal(rte_dma_vchan_setup(dev.id, 1, &conf), -EINVAL);
	conf.direction = RTE_DMA_DIR_DEV_TO_MEM;
	assert_int_equal(rte_dma_vchan_setup(dev.id, 0, &conf), -EINVAL);
	conf.direction = RTE_DMA_DIR_MEM_TO_MEM;
	conf.nb_desc = dev.info.min_desc - 1;
	assert_int_equal(rte_dma_vchan_setup(dev.id, 0, &conf), -EINVAL);
	if (dev.info.max_desc < UINT16_MAX) {
		conf.nb_desc = dev.info.max_desc + 1;
		assert_int_equal(rte_dma_vchan_setup(dev.id, 0, &conf), -EINVAL);
	}
}

static void
a_channel_that_is_not_set_up_is_named_at_start(void)
{
	char *said;

	if (dev.info.max_vchans < 2)
		return;
	shape_configure(2);
	shape_vchan(0, 64);
	log_begin();
	assert_true(rte_dma_start(dev.id) < 0);
	said = log_end();
	if (lines_with(said, "channel 1") != 1)
		fail_msg("said: %s", said);
	free(said);
	/* And nothing of it is left: with that channel all is well. */
	shape_vchan(1, 64);
	dev_start();
	copies_work(1, 1, 100);
}

static void
a_started_device_is_left_as_it_is(void)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	const struct rte_dma_vchan_conf vchan = {.nb_desc = 64};

	shape(1, 64);
	assert_int_equal(rte_dma_configure(dev.id, &conf), -EBUSY);
	assert_int_equal(rte_dma_vchan_setup(dev.id, 0, &vchan), -EBUSY);
	assert_int_equal(rte_dma_close(dev.id), -EBUSY);
	assert_int_equal(rte_dma_start(dev.id), 0);
	copies_work(0, 3, 100);
	dev_stop();
	assert_int_equal(rte_dma_stop(dev.id), 0);
}

/* One setting after the other, with work in between. */
static void
it_can_be_configured_again(void)
{
	static const uint16_t sizes[] = {64, 4096, 100, 128};
	unsigned int i;

	for (i = 0; i < RTE_DIM(sizes); i++) {
		uint16_t vchans = i % 2 == 0 ? 1 : RTE_MIN(dev.info.max_vchans, 4);

		shape(vchans, sizes[i]);
		assert_int_equal(rte_dma_info_get(dev.id, &dev.info), 0);
		assert_int_equal(dev.info.nb_vchans, vchans);
		copies_work(0, 2, 1000);
		copies_work(vchans - 1, 2, 1000);
		dev_stop();
	}
}

/* A channel may be set up again between two starts, and others stay as they are. */
static void
a_channel_can_be_set_up_again(void)
{
	uint16_t last = RTE_MIN(dev.info.max_vchans, 2) - 1;

	shape(last + 1, 64);
	copies_work(0, 2, 64);
	dev_stop();
	shape_vchan(0, 1024);
	dev_start();
	assert_in_range(rte_dma_burst_capacity(dev.id, 0), 65, 1024);
	copies_work(0, 2, 64);
	copies_work(last, 2, 64);
}

/* Nobody waits for what a device that is not started would never do. */
static void
nothing_is_taken_before_start_or_after_stop(void)
{
	uint8_t *src = memory_get(64), *dst = memory_get(64);

	shape_configure(1);
	shape_vchan(0, 64);
	assert_true(copy(0, src, dst, 64, RTE_DMA_OP_FLAG_SUBMIT) < 0);
	dev_start();
	copies_work(0, 1, 64);
	dev_stop();
	assert_true(copy(0, src, dst, 64, RTE_DMA_OP_FLAG_SUBMIT) < 0);
	dev_start();
	copies_work(0, 1, 64);
}

static const struct test_case cases[] = {
	TEST_CASE(the_info_says_what_it_can_do),
	TEST_CASE(shared_queues_have_more_channels),
	TEST_CASE(bad_configurations_are_refused),
	TEST_CASE(bad_channels_are_refused),
	TEST_CASE(a_channel_that_is_not_set_up_is_named_at_start),
	TEST_CASE(a_started_device_is_left_as_it_is),
	TEST_CASE(it_can_be_configured_again),
	TEST_CASE(a_channel_can_be_set_up_again),
	TEST_CASE(nothing_is_taken_before_start_or_after_stop),
};

TEST_GROUP(config, cases);
