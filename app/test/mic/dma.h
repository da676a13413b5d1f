/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_MIC_DMA_H
#define SLIPWAY_TEST_MIC_DMA_H

/**
 * @file
 * Tests of the card's DMA: the DMA device beside the raw device under test, memory at both ends,
 * and work on it.
 */

#include <rte_dmadev.h>

#include "test.h"

extern const struct test_group dma_group, dma_error_group, dma_shape_group, queue_group;

/** The DMA device of the card under test. */
int16_t dma_id(void);
/** What a case leaves behind: channels at work, memory. Of the device under test. */
void dma_rest(void);

/** Configure, and set channels up, all for one direction. */
void dma_shape(uint16_t vchans, uint16_t nb_desc, enum rte_dma_direction direction);
void dma_configure(uint16_t vchans);
int dma_vchan_try(uint16_t vchan, uint16_t nb_desc, enum rte_dma_direction direction);
void dma_start(void);

/** Memory of DPDK's, filled by a seed, until the case ends. */
uint8_t *host_get(size_t len, uint32_t seed);
/** Card memory that nobody uses while there is no card OS: its offset, and where it is here. */
uint64_t card_at(uint64_t offset);
uint8_t *card_memory(uint64_t offset, size_t len);
/** Bytes that differ from seed to seed and from place to place. */
void fill(uint8_t *at, size_t len, uint32_t seed);
uint32_t draw(uint32_t limit);
uint64_t now_ms(void);

/** As rte_dma_copy, of host memory to the card or from it. */
int to_card(uint16_t vchan, uint64_t card, const void *host, uint32_t len, uint64_t flags);
int from_card(uint16_t vchan, void *host, uint64_t card, uint32_t len, uint64_t flags);

/** Until n operations have ended, or far too long. */
unsigned int wait_done(uint16_t vchan, unsigned int n, uint16_t *last, bool *error);
unsigned int wait_status(uint16_t vchan, unsigned int n, uint16_t *last,
			 enum rte_dma_status_code codes[]);
/** n copies to the card and back arrive. */
void dma_works(uint16_t to, uint16_t from);

#endif /* SLIPWAY_TEST_MIC_DMA_H */
