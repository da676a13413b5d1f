/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "test.h"

/* From configuration to start. */

/** Configure the device for so many channels, which are then to be set up. */
void
shape_configure(uint16_t vchans)
{
	const struct rte_dma_conf conf = {.nb_vchans = vchans};

	assert_int_equal(rte_dma_configure(dev.id, &conf), 0);
}

/** Set up a channel. */
void
shape_vchan(uint16_t vchan, uint16_t nb_desc)
{
	const struct rte_dma_vchan_conf conf = {
		.direction = RTE_DMA_DIR_MEM_TO_MEM,
		.nb_desc = nb_desc,
	};

	assert_int_equal(rte_dma_vchan_setup(dev.id, vchan, &conf), 0);
}

static void
shape_vchans(uint16_t vchans, uint16_t nb_desc)
{
	uint16_t i;

	for (i = 0; i < vchans; i++)
		shape_vchan(i, nb_desc);
	dev_start();
}

/** From there to a started device. */
void
shape(uint16_t vchans, uint16_t nb_desc)
{
	shape_configure(vchans);
	shape_vchans(vchans, nb_desc);
}

/** The same of one that nobody asks for completions. */
void
shape_silent(uint16_t vchans, uint16_t nb_desc)
{
	struct rte_dma_conf conf = {.nb_vchans = vchans, .enable_silent = true};

	assert_int_equal(rte_dma_configure(dev.id, &conf), 0);
	shape_vchans(vchans, nb_desc);
}

void
dev_start(void)
{
	assert_int_equal(rte_dma_start(dev.id), 0);
}

void
dev_stop(void)
{
	assert_int_equal(rte_dma_stop(dev.id), 0);
}
