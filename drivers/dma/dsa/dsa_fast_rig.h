/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_FAST_RIG_H
#define SLIPWAY_DSA_FAST_RIG_H

/**
 * @file
 * Tests of the data path: pieces of memory to be copied by the channel of dsa_fake.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "dsa_fake.h"
#include "dsa_fast.h"

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT
#define LEN    64

static uint8_t src[256 * LEN], dst[256 * LEN];

static inline int
setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(src); i++)
		src[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(dst, 0, sizeof(dst));
	fake_reset();
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	fake_end();
	return 0;
}

/* The n-th piece, to its place. */
static inline int
copy(unsigned int n, uint64_t flags)
{
	return fp.copy(&fake_dsa, 0, (uintptr_t)src + n * LEN, (uintptr_t)dst + n * LEN, LEN,
		       flags);
}

static inline void
submit(void)
{
	assert_int_equal(fp.submit(&fake_dsa, 0), 0);
}

static inline uint16_t
completed(uint16_t most, uint16_t *last)
{
	bool error = false;
	uint16_t n = fp.completed(&fake_dsa, 0, most, last, &error);

	assert_false(error);
	return n;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* SLIPWAY_DSA_FAST_RIG_H */
