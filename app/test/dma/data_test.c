/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>

#include <rte_memory.h>

#include "test.h"

/* Copies and fills: every byte that is to be written, and none beside it. */

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT

/* Around what is written lies so much that must stay. */
#define MARGIN 64
#define GUARD  0xa5

static rte_iova_t
iova(const void *p)
{
	return rte_mem_virt2iova(p);
}

static void
expect_guard(const uint8_t *at, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(at[i], GUARD);
}

static void
ends_well(unsigned int n, uint16_t id)
{
	uint16_t last;
	bool error;

	assert_int_equal(wait_completed(0, n, &last, &error), n);
	assert_false(error);
	assert_int_equal(last, id);
}

static void
one_copy(uint8_t *src, uint8_t *dst, uint32_t len, uint64_t flags)
{
	int id;

	memset(dst - MARGIN, GUARD, len + 2 * MARGIN);
	id = copy(0, src, dst, len, flags | SUBMIT);
	assert_true(id >= 0);
	ends_well(1, (uint16_t)id);
	assert_memory_equal(src, dst, len);
	expect_guard(dst - MARGIN, MARGIN);
	expect_guard(dst + len, MARGIN);
}

static void
copies_of_all_sizes_and_alignments(void)
{
	static const uint32_t sizes[] = {1,  2,   3,   7,   8,    15,   16,   31,   63,    64,
					 65, 127, 255, 256, 1000, 4095, 4096, 4097, 10000, 65537};
	uint8_t *src = memory_get(128 * 1024), *dst = memory_get(128 * 1024);
	unsigned int i, k;

	shape(1, 64);
	memory_fill(src, 128 * 1024, 5);
	for (i = 0; i < RTE_DIM(sizes); i++)
		for (k = 0; k < 8; k++)
			one_copy(src + k * 11, dst + MARGIN + (7 - k) * 13, sizes[i],
				 k % 2 != 0 ? RTE_DMA_OP_FLAG_LLC : 0);
}

static void
a_large_copy(void)
{
	const uint32_t len = (16 << 20) + 3;
	uint8_t *src = memory_get(len + 64), *dst = memory_get(len + 2 * MARGIN);

	shape(1, 64);
	memory_fill(src, len, 9);
	one_copy(src + 1, dst + MARGIN, len, 0);
}

static void
one_fill(uint8_t *dst, uint32_t len, uint64_t pattern)
{
	uint32_t i;
	int id;

	memset(dst - MARGIN, GUARD, len + 2 * MARGIN);
	id = rte_dma_fill(dev.id, 0, pattern, iova(dst), len, SUBMIT);
	assert_true(id >= 0);
	ends_well(1, (uint16_t)id);
	for (i = 0; i < len; i++)
		assert_int_equal(dst[i], pattern >> i % 8 * 8 & 0xff);
	expect_guard(dst - MARGIN, MARGIN);
	expect_guard(dst + len, MARGIN);
}

static void
fills_of_all_sizes(void)
{
	static const uint32_t sizes[] = {8, 64, 1024, 50, 100, 89, 1, 7, 4097, 20000};
	uint8_t *dst = memory_get(32768);
	unsigned int i, k;

	shape(1, 64);
	for (i = 0; i < RTE_DIM(sizes); i++)
		for (k = 0; k < 5; k++)
			one_fill(dst + MARGIN + k * 3, sizes[i],
				 UINT64_C(0x0123456789abcdef) * (k + 1));
}

/* n copies of 100 bytes, by one submit or by several. */
static uint16_t
burst(uint8_t *src, uint8_t *dst, unsigned int n, unsigned int every)
{
	unsigned int i;
	int id = 0;

	for (i = 0; i < n; i++) {
		id = copy(0, src + i * 128, dst + i * 128, 100,
			  every != 0 && i % every == 0 ? SUBMIT : 0);
		assert_true(id >= 0);
	}
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	return (uint16_t)id;
}

static void
bursts_of_all_sizes(void)
{
	const unsigned int most = 512;
	uint8_t *src = memory_get(most * 128), *dst = memory_get(most * 128);
	unsigned int n, i, every;

	shape(1, most);
	for (n = 1; n <= most; n = n * 3 / 2 + 1) {
		for (every = 0; every < 8; every += 7) {
			memory_fill(src, most * 128, n + every);
			memset(dst, GUARD, most * 128);
			ends_well(n, burst(src, dst, n, every));
			for (i = 0; i < n; i++) {
				assert_memory_equal(src + i * 128, dst + i * 128, 100);
				expect_guard(dst + i * 128 + 100, 28);
			}
		}
	}
}

static void
capacity_falls_by_one(void)
{
	uint8_t *src = memory_get(256 * 128), *dst = memory_get(256 * 128);
	struct rte_dma_sge two[2] = {{iova(src), 50}, {iova(src) + 50, 50}};
	struct rte_dma_sge one[1] = {{iova(dst), 100}};
	unsigned int i;

	shape(1, 256);
	assert_int_equal(rte_dma_burst_capacity(dev.id, 0), 256);
	for (i = 0; i < 256; i++) {
		if (i % 5 == 0)
			assert_int_equal(rte_dma_copy_sg(dev.id, 0, two, one, 2, 1, 0), i);
		else
			assert_int_equal(copy(0, src, dst, 100, i % 3 == 0 ? FENCE : 0), i);
		assert_int_equal(rte_dma_burst_capacity(dev.id, 0), 255 - i);
	}
	assert_int_equal(copy(0, src, dst, 100, 0), -ENOSPC);
	assert_int_equal(rte_dma_fill(dev.id, 0, 0, iova(dst), 100, 0), -ENOSPC);
	assert_int_equal(rte_dma_copy_sg(dev.id, 0, two, one, 2, 1, 0), -ENOSPC);
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	ends_well(256, 255);
	assert_int_equal(rte_dma_burst_capacity(dev.id, 0), 256);
}

/* Indexes go round, with a ring that they do not fit into a whole number of bursts. */
static void
indexes_wrap(void)
{
	const unsigned int total = dev.served ? 66000 : 70000;
	uint8_t *src = memory_get(128 * 64), *dst = memory_get(128 * 64);
	unsigned int sent = 0, done = 0, i, n, got;
	uint16_t last;
	bool error = false;

	shape(1, 128);
	memory_fill(src, 128 * 64, 77);
	while (done < total) {
		n = RTE_MIN(random_below(50), rte_dma_burst_capacity(dev.id, 0));
		for (i = 0; i < n; i++, sent++) {
			memset(dst + sent % 128 * 64, 0, 64);
			assert_int_equal(
				copy(0, src + sent % 128 * 64, dst + sent % 128 * 64, 64, 0),
				(uint16_t)sent);
		}
		assert_int_equal(rte_dma_submit(dev.id, 0), 0);
		got = rte_dma_completed(dev.id, 0, 128, &last, &error);
		assert_false(error);
		for (i = 0; i < got; i++, done++)
			assert_memory_equal(src + done % 128 * 64, dst + done % 128 * 64, 64);
		assert_int_equal(last, (uint16_t)(done - 1));
	}
	if (sent != done)
		ends_well(sent - done, (uint16_t)(sent - 1));
}

static void
bad_lengths_are_refused(void)
{
	uint8_t *src = memory_get(4096), *dst = memory_get(4096);
	struct rte_dma_sge from = {iova(src), 0}, to = {iova(dst), 100};

	shape(1, 64);
	assert_int_equal(copy(0, src, dst, 0, SUBMIT), -EINVAL);
	assert_int_equal(rte_dma_fill(dev.id, 0, 1, iova(dst), 0, SUBMIT), -EINVAL);
	assert_int_equal(rte_dma_copy_sg(dev.id, 0, &from, &to, 1, 1, SUBMIT), -EINVAL);
	from.length = 99;
	assert_int_equal(rte_dma_copy_sg(dev.id, 0, &from, &to, 1, 1, SUBMIT), -EINVAL);
	assert_int_equal(rte_dma_copy_sg(dev.id, 0, &from, &to, 0, 1, SUBMIT), -EINVAL);
	assert_int_equal(copy(0, src, dst, 100, SUBMIT), 0);
	ends_well(1, 0);
}

/* Cut len bytes into n pieces anywhere; they lie in reverse order, with gaps. */
static void
cut(struct rte_dma_sge sge[], unsigned int n, uint8_t *at, uint32_t len)
{
	uint32_t done = 0, piece;
	unsigned int i;

	for (i = 0; i < n; i++) {
		piece = i == n - 1 ? len - done
				   : 1 + random_below((len - done - (n - i)) / (n - i) * 2 + 1);
		piece = RTE_MIN(piece, len - done - (n - 1 - i));
		sge[i] = (struct rte_dma_sge){iova(at) + (n - 1 - i) * 8192, piece};
		done += piece;
	}
}

static uint8_t
byte_of(const struct rte_dma_sge sge[], const uint8_t *at, uint32_t i)
{
	unsigned int k;

	for (k = 0; i >= sge[k].length; k++)
		i -= sge[k].length;
	return at[sge[k].addr - iova(at) + i];
}

static void
one_scattered_copy(uint8_t *src, uint8_t *dst, unsigned int nb_src, unsigned int nb_dst)
{
	uint32_t len = 64 + random_below(4000), i;
	struct rte_dma_sge from[16], to[16];
	int id;

	cut(from, nb_src, src, len);
	cut(to, nb_dst, dst, len);
	id = rte_dma_copy_sg(dev.id, 0, from, to, (uint16_t)nb_src, (uint16_t)nb_dst, SUBMIT);
	assert_true(id >= 0);
	ends_well(1, (uint16_t)id);
	for (i = 0; i < len; i++)
		assert_int_equal(byte_of(from, src, i), byte_of(to, dst, i));
}

static void
scattered_copies(void)
{
	uint8_t *src = memory_get(16 * 8192), *dst = memory_get(16 * 8192);
	unsigned int i;

	assert_in_range(dev.info.max_sges, 16, UINT16_MAX);
	shape(1, 64);
	memory_fill(src, 16 * 8192, 3);
	for (i = 0; i < 200; i++)
		one_scattered_copy(src, dst, 1 + random_below(16), 1 + random_below(16));
}

/* Many at once, with other work in between. */
static void
scattered_copies_in_bursts(void)
{
	uint8_t *src = memory_get(64 * 1024), *dst = memory_get(64 * 1024);
	struct rte_dma_sge from[4], to[2];
	unsigned int i, k;

	shape(1, 64);
	memory_fill(src, 64 * 1024, 8);
	for (i = 0; i < 64; i++) {
		for (k = 0; k < 4; k++)
			from[k] = (struct rte_dma_sge){iova(src) + i * 1024 + k * 256, 256};
		for (k = 0; k < 2; k++)
			to[k] = (struct rte_dma_sge){iova(dst) + i * 1024 + k * 512, 512};
		if (i % 3 == 2)
			assert_int_equal(copy(0, src + i * 1024, dst + i * 1024, 1024, 0), i);
		else
			assert_int_equal(
				rte_dma_copy_sg(dev.id, 0, from, to, 4, 2, i % 7 == 0 ? FENCE : 0),
				i);
	}
	assert_int_equal(rte_dma_submit(dev.id, 0), 0);
	ends_well(64, 63);
	assert_memory_equal(src, dst, 64 * 1024);
}

static const struct test_case cases[] = {
	TEST_CASE(copies_of_all_sizes_and_alignments),
	TEST_CASE(a_large_copy),
	TEST_CASE(fills_of_all_sizes),
	TEST_CASE(bursts_of_all_sizes),
	TEST_CASE(capacity_falls_by_one),
	TEST_CASE(indexes_wrap),
	TEST_CASE(bad_lengths_are_refused),
	TEST_CASE(scattered_copies),
	TEST_CASE(scattered_copies_in_bursts),
};

TEST_GROUP(data, cases);
