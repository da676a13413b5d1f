/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Copies by the DMA device of a card. What DPDK's own dmadev_autotest looks at in a device that
 * copies from memory to memory is looked at here in both of the card's directions.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_memory.h>

#include "dma.h"

#define MIB (1u << 20)

static void
info_says_what_the_card_can(void)
{
	const uint64_t must = RTE_DMA_CAPA_MEM_TO_DEV | RTE_DMA_CAPA_DEV_TO_MEM |
			      RTE_DMA_CAPA_DEV_TO_DEV | RTE_DMA_CAPA_HANDLES_ERRORS |
			      RTE_DMA_CAPA_OPS_COPY | RTE_DMA_CAPA_OPS_COPY_SG;
	struct rte_dma_info info;

	assert_int_equal(rte_dma_info_get(dma_id(), &info), 0);
	assert_true(info.dev_capa == must);
	assert_int_equal(info.max_vchans, 4);
	assert_int_equal(info.max_sges, 16);
}

/* One at a time, and in bursts that are submitted with the last or by a call; indexes count. */
static void
copies_arrive_in_order(void)
{
	static const uint32_t sizes[] = {64, 128, 1024, 4096, 65536, MIB - 64};
	uint16_t expected = 0, last;
	bool error;

	dma_shape(2, 256, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 256, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	for (unsigned int s = 0; s < RTE_DIM(sizes); s++) {
		unsigned int n = s < 4 ? 32 : 4;
		uint8_t *src = host_get((size_t)n * sizes[s], s), *dst;

		dst = host_get((size_t)n * sizes[s], 99);
		for (unsigned int i = 0; i < n; i++) {
			uint64_t flags = s % 2 && i == n - 1 ? RTE_DMA_OP_FLAG_SUBMIT : 0;

			assert_int_equal(to_card(0, (uint64_t)i * sizes[s],
						 src + (size_t)i * sizes[s], sizes[s], flags),
					 (uint16_t)(expected + i));
		}
		if (s % 2 == 0)
			assert_int_equal(rte_dma_submit(dma_id(), 0), 0);
		assert_int_equal(wait_done(0, n, &last, &error), n);
		assert_false(error);
		assert_int_equal(last, (uint16_t)(expected + n - 1));
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(from_card(1, dst + (size_t)i * sizes[s],
						   (uint64_t)i * sizes[s], sizes[s],
						   RTE_DMA_OP_FLAG_SUBMIT),
					 (uint16_t)(expected + i));
		assert_int_equal(wait_done(1, n, &last, &error), n);
		assert_memory_equal(dst, src, (size_t)n * sizes[s]);
		expected = (uint16_t)(expected + n);
	}
}

/* The index of an operation has 16 bits. */
static void
indexes_wrap(void)
{
	uint8_t *src = host_get(64, 1);
	uint16_t last;
	bool error;

	dma_shape(1, 1024, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	for (unsigned int n = 0; n < 70000; n += 500) {
		for (unsigned int i = 0; i < 500; i++)
			assert_int_equal(to_card(0, 0, src, 64, 0), (uint16_t)(n + i));
		rte_dma_submit(dma_id(), 0);
		assert_int_equal(wait_done(0, 500, &last, &error), 500);
		assert_int_equal(last, (uint16_t)(n + 499));
	}
}

static void
nothing_is_done_before_it_is_submitted(void)
{
	uint8_t *src = host_get(64, 1);
	uint16_t last;
	bool error;

	memset(card_memory(0, 64), 0, 64);
	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	assert_int_equal(to_card(0, 0, src, 64, 0), 0);
	for (unsigned int n = 0; n < 1000; n++)
		assert_int_equal(rte_dma_completed(dma_id(), 0, 8, &last, &error), 0);
	assert_int_equal(card_memory(0, 64)[1], 0);
	rte_dma_submit(dma_id(), 0);
	assert_int_equal(wait_done(0, 1, &last, &error), 1);
}

/* One descriptor copies 1 MiB - 64 at most; who uses the device does not see it. */
static void
long_copies_arrive(void)
{
	static const uint32_t sizes[] = {MIB - 64, MIB, 2 * MIB - 128, 2 * MIB - 64, 5 * MIB + 64};
	uint8_t *src = host_get(6 * MIB, 3), *dst = host_get(6 * MIB, 4);
	uint16_t last;
	bool error;

	dma_shape(2, 32, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 32, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	for (unsigned int s = 0; s < RTE_DIM(sizes); s++) {
		assert_int_equal(to_card(0, 64, src, sizes[s], RTE_DMA_OP_FLAG_SUBMIT), s);
		assert_int_equal(wait_done(0, 1, &last, &error), 1);
		assert_int_equal(from_card(1, dst, 64, sizes[s], RTE_DMA_OP_FLAG_SUBMIT), s);
		assert_int_equal(wait_done(1, 1, &last, &error), 1);
		assert_memory_equal(dst, src, sizes[s]);
		memset(dst, 0, sizes[s]);
	}
}

static void
copies_on_the_card_arrive(void)
{
	uint16_t last;
	bool error;

	fill(card_memory(0, 65536), 65536, 5);
	memset(card_memory(MIB, 65536), 0, 65536);
	dma_shape(1, 64, RTE_DMA_DIR_DEV_TO_DEV);
	dma_start();
	assert_int_equal(
		rte_dma_copy(dma_id(), 0, card_at(0), card_at(MIB), 65536, RTE_DMA_OP_FLAG_SUBMIT),
		0);
	assert_int_equal(wait_done(0, 1, &last, &error), 1);
	assert_memory_equal(card_memory(MIB, 65536), card_memory(0, 65536), 65536);
}

/* ---- Scattered ---- */

/* Cut `len` bytes from `at` on into n pieces that are not one after another in memory. */
static void
cut(struct rte_dma_sge sge[], unsigned int n, uint64_t at, uint32_t len, uint32_t gap)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t rest = len - (n - i - 1) * 64;

		sge[i].addr = at;
		sge[i].length = i == n - 1 ? len : 64 * (1 + draw(RTE_MIN(rest / 64, 9u)));
		len -= sge[i].length;
		at += sge[i].length + gap;
	}
}

/* The bytes of pieces, one after another. */
static void
gather(uint8_t *to, const struct rte_dma_sge sge[], unsigned int n, const uint8_t *base,
       uint64_t base_addr)
{
	for (unsigned int i = 0; i < n; to += sge[i++].length)
		memcpy(to, base + (sge[i].addr - base_addr), sge[i].length);
}

static void
scattered_copies_arrive(void)
{
	static uint8_t want[65536], got[65536];
	uint8_t *host = host_get(4 * 65536, 1), *card = card_memory(0, 4 * 65536);
	struct rte_dma_sge in_host[16], on_card[16];
	uint16_t last;
	bool error;

	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	for (unsigned int round = 0; round < 200; round++) {
		uint16_t n = 1 + draw(16), m = 1 + draw(16), way = round % 2;
		uint32_t len = 64 * (16 + draw(400));

		fill(way ? card : host, 4 * 65536, round);
		cut(in_host, n, rte_mem_virt2iova(host), len, 192);
		cut(on_card, m, card_at(0), len, 128);
		assert_int_equal(rte_dma_copy_sg(dma_id(), way, way ? on_card : in_host,
						 way ? in_host : on_card, way ? m : n, way ? n : m,
						 RTE_DMA_OP_FLAG_SUBMIT),
				 round / 2);
		assert_int_equal(wait_done(way, 1, &last, &error), 1);
		gather(want, in_host, n, host, rte_mem_virt2iova(host));
		gather(got, on_card, m, card, card_at(0));
		assert_memory_equal(want, got, len);
	}
}

static void
bad_lists_are_refused(void)
{
	uint8_t *host = host_get(65536, 1);
	uint64_t at = rte_mem_virt2iova(host);
	struct rte_dma_sge a[17], b[17];
	int16_t id = dma_id();

	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	for (unsigned int i = 0; i < 17; i++) {
		a[i] = (struct rte_dma_sge){.addr = at + i * 128, .length = 64};
		b[i] = (struct rte_dma_sge){.addr = card_at(i * 128), .length = 64};
	}
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 17, 17, 0), -EINVAL);
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 4, 3, 0), -EINVAL);
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 0, 0, 0), -EINVAL);
	b[3].length = 0;
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 4, 4, 0), -EINVAL);
	b[3].length = 32;
	b[2].length = 96;
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 4, 4, 0), -EINVAL);
	assert_int_equal(rte_dma_copy_sg(id, 0, a, b, 2, 2, 0), 0);
}

/* ---- Where host memory is ---- */

/* Memory on both sides of a multiple of 16 GiB, which is where a window of the SMPT ends. */
static uint8_t *
memory_at_an_edge(size_t half)
{
	for (uint64_t at = UINT64_C(1) << 40; at < UINT64_C(1) << 46; at += UINT64_C(1) << 34) {
		void *want = (void *)(uintptr_t)(at - half), *got;

		got = mmap(want, 2 * half, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (got == want)
			return got;
		if (got != MAP_FAILED)
			munmap(got, 2 * half);
	}
	fail_msg("no place on both sides of a multiple of 16 GiB");
	return NULL;
}

static struct rte_device *
find_device(void)
{
	struct rte_rawdev_info info = {.dev_private = NULL};

	assert_int_equal(rte_rawdev_info_get(dev.id, &info, 0), 0);
	return info.device;
}

static void
copies_cross_from_one_window_to_the_next(void)
{
	const size_t half = 65536;
	uint8_t *edge, *back = host_get(2 * half, 7);
	uint16_t last;
	bool error;
	int ret;

	/* A card in another process gets memory with a file behind it only. */
	if (!dev.model)
		return;
	edge = memory_at_an_edge(half);
	fill(edge, 2 * half, 5);
	assert_int_equal(rte_extmem_register(edge, 2 * half, NULL, 2 * half / 4096, 4096), 0);
	ret = rte_dev_dma_map(find_device(), edge, (uintptr_t)edge, 2 * half);
	assert_int_equal(ret, 0);
	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	assert_int_equal(to_card(0, 0, edge, 2 * half, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(wait_done(0, 1, &last, &error), 1);
	assert_memory_equal(card_memory(0, 2 * half), edge, 2 * half);
	memset(edge, 0, 2 * half);
	assert_int_equal(from_card(1, edge, 0, 2 * half, RTE_DMA_OP_FLAG_SUBMIT), 0);
	assert_int_equal(from_card(1, back, 0, 2 * half, RTE_DMA_OP_FLAG_SUBMIT), 1);
	assert_int_equal(wait_done(1, 2, &last, &error), 2);
	assert_memory_equal(edge, back, 2 * half);
	rte_dma_stop(dma_id());
	rte_dev_dma_unmap(find_device(), edge, (uintptr_t)edge, 2 * half);
	rte_extmem_unregister(edge, 2 * half);
	munmap(edge, 2 * half);
}

/* ---- Many at once ---- */

/* Four channels, work of random sizes, everything checked when it ends. */
static void
channels_work_side_by_side(void)
{
	enum { CHANNELS = 4, SLOTS = 16, BYTES = 8192 };
	uint8_t *host[CHANNELS];
	unsigned int posted[CHANNELS] = {0}, ended[CHANNELS] = {0}, total = 0;
	uint64_t until = now_ms() + PATIENCE_MS;
	uint16_t last;
	bool error = false;

	dma_shape(CHANNELS, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
	for (unsigned int c = 0; c < CHANNELS; c++)
		host[c] = host_get(SLOTS * BYTES, c);
	while (total < 4000 && now_ms() < until) {
		uint16_t c = (uint16_t)draw(CHANNELS);
		unsigned int slot = posted[c] % SLOTS;

		if (posted[c] - ended[c] < SLOTS) {
			uint64_t at = (c * SLOTS + slot) * (uint64_t)BYTES;

			memset(host[c] + slot * BYTES, (int)(posted[c] % 251), BYTES);
			assert_true(to_card(c, at, host[c] + slot * BYTES, BYTES,
					    draw(2) ? RTE_DMA_OP_FLAG_SUBMIT : 0) >= 0);
			posted[c]++;
			total++;
		}
		if (draw(3) == 0)
			rte_dma_submit(dma_id(), c);
		for (uint16_t n = rte_dma_completed(dma_id(), c, SLOTS, &last, &error); n > 0;
		     n--, ended[c]++) {
			unsigned int at = (c * SLOTS + ended[c] % SLOTS) * BYTES;

			assert_int_equal(card_memory(at, BYTES)[0], ended[c] % 251);
			assert_int_equal(card_memory(at, BYTES)[BYTES - 1], ended[c] % 251);
		}
		assert_false(error);
	}
	assert_int_equal(total, 4000);
}

/* ---- Arguments ---- */

static void
bad_copies_are_refused(void)
{
	uint8_t *host = host_get(4096, 1);
	uint64_t at = rte_mem_virt2iova(host);
	int16_t id = dma_id();

	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_DEV), 0);
	dma_start();
	for (uint32_t off = 1; off < 64; off += 9) {
		assert_int_equal(rte_dma_copy(id, 0, at + off, card_at(0), 64, 0), -EINVAL);
		assert_int_equal(rte_dma_copy(id, 0, at, card_at(off), 64, 0), -EINVAL);
		assert_int_equal(rte_dma_copy(id, 0, at, card_at(0), 64 + off, 0), -EINVAL);
	}
	assert_int_equal(rte_dma_copy(id, 0, at, card_at(0), 0, 0), -EINVAL);
	/* What is behind the SMPT is no address of the card's memory. */
	assert_int_equal(rte_dma_copy(id, 0, at, UINT64_C(0x8000000000), 64, 0), -EINVAL);
	assert_int_equal(rte_dma_copy(id, 0, at, UINT64_C(0x7fffffffc0), 128, 0), -EINVAL);
	assert_int_equal(rte_dma_copy(id, 0, UINT64_MAX - 63, card_at(0), 128, 0), -EINVAL);
	assert_int_equal(rte_dma_copy(id, 1, UINT64_C(0x8000000000), card_at(0), 64, 0), -EINVAL);
	assert_int_equal(rte_dma_copy(id, 0, at, card_at(0), 64, 0), 0);
}

/* Copies of 32 MiB, and how often who looks for them once in a millisecond has to. */
static unsigned int
looks_for_copies(uint8_t *host)
{
	unsigned int i, n = 0, looks = 0;
	uint16_t last;
	bool error = false;

	for (i = 0; i < 32; i++)
		assert_true(from_card(0, host, 0, MIB, i == 31 ? RTE_DMA_OP_FLAG_SUBMIT : 0) >= 0);
	for (; n < 32 && looks < 1000; looks++) {
		usleep(1000);
		n += rte_dma_completed(dma_id(), 0, 32, &last, &error);
		assert_false(error);
	}
	assert_int_equal(n, 32);
	return looks;
}

#define TRIES 8u

/* Each look moves a quarter of a MiB: with nobody else to run the card it would take 128. The card
 * is up: one that is not is run by those who use it.
 */
static void
who_polls_now_and_then_does_not_hold_the_card_up(void)
{
	unsigned int tries, looks = 0;
	uint8_t *host;

	if (!others_wanted())
		return;
	boot(dev.id);
	dma_shape(1, 64, RTE_DMA_DIR_DEV_TO_MEM);
	dma_start();
	host = host_get(MIB, 1);
	for (tries = 0; tries < TRIES; tries++)
		looks += looks_for_copies(host);
	rte_rawdev_stop(dev.id);
	assert_in_range(looks, TRIES, TRIES * 64);
}

static const struct test_case cases[] = {
	TEST_CASE(info_says_what_the_card_can),
	TEST_CASE(copies_arrive_in_order),
	TEST_CASE(indexes_wrap),
	TEST_CASE(nothing_is_done_before_it_is_submitted),
	TEST_CASE(long_copies_arrive),
	TEST_CASE(copies_on_the_card_arrive),
	TEST_CASE(scattered_copies_arrive),
	TEST_CASE(bad_lists_are_refused),
	TEST_CASE(copies_cross_from_one_window_to_the_next),
	TEST_CASE(channels_work_side_by_side),
	TEST_CASE(who_polls_now_and_then_does_not_hold_the_card_up),
	TEST_CASE(bad_copies_are_refused),
};

TEST_GROUP(dma, cases);
