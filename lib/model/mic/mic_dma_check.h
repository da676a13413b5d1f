/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_DMA_CHECK_H
#define SLIPWAY_MIC_DMA_CHECK_H

/**
 * @file
 * What the tests of the DMA engine share: one rig, made anew for each test, and what is asserted
 * and done again and again.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mic_dma_test_rig.h"

/** Descriptors of a ring. */
#define SIZE 16u
#define MIB  (1u << 20)
/* DCHERR as the model has it. */
#define TYPE      1u
#define ALIGNMENT 2u
#define ADDRESS   4u
#define HEAD      8u
#define RING      16u

extern struct mic_model rig;

int rig_setup(void **state);
int rig_teardown(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

/** Fill memory with bytes that tell where they are from. */
void paint(uint64_t address, size_t len, uint32_t seed);
/** Are these bytes of memory the same? */
bool same(uint64_t a, uint64_t b, size_t len);
uint64_t word(uint64_t address);

/** A channel that has stopped with an error, its tail there. */
void assert_stopped(unsigned int channel, uint32_t error, uint32_t tail);
/** One that has done everything up to there. */
void assert_done(unsigned int channel, uint32_t tail);
void assert_as_after_reset(void);

/** Have channel 0 copy, in a ring of its own, and see that it did. */
void copy_one(uint64_t dst, uint64_t src, uint32_t len);
/** Have a channel do nothing, n times, one head each. */
void nops(unsigned int channel, uint64_t ring, uint32_t size, uint32_t n);

/** A number below n. */
uint32_t draw(uint64_t *seed, uint32_t n);

#endif /* SLIPWAY_MIC_DMA_CHECK_H */
