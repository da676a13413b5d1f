/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include <rte_malloc.h>
#include <rte_memory.h>

#include "test.h"

/* Memory, and work on it. */

static void *taken[64];
static unsigned int nb_taken;

/** Memory of DPDK's, zeroed, until the case ends. Its address is what the device knows it by. */
uint8_t *
memory_get(size_t len)
{
	uint8_t *memory = rte_zmalloc("test", len, 4096);

	assert_non_null(memory);
	assert_true(nb_taken < RTE_DIM(taken));
	taken[nb_taken++] = memory;
	return memory;
}

/** All of it; after every case, because one that fails leaves its memory behind. */
void
memory_put_all(void)
{
	while (nb_taken > 0)
		rte_free(taken[--nb_taken]);
}

/** Bytes that differ from seed to seed and from place to place. */
void
memory_fill(uint8_t *at, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

/** As rte_dma_copy, of memory that memory_get gave. */
int
copy(uint16_t vchan, const void *src, void *dst, uint32_t len, uint64_t flags)
{
	return rte_dma_copy(dev.id, vchan, rte_mem_virt2iova(src), rte_mem_virt2iova(dst),
			    len, flags);
}

/** Wait until n operations have ended well, or one has not: how many have. */
unsigned int
wait_completed(uint16_t vchan, unsigned int n, uint16_t *last, bool *error)
{
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int done = 0;

	*error = false;
	while (done < n && !*error && now_us() < end)
		done += rte_dma_completed(dev.id, vchan, (uint16_t)(n - done), last, error);
	return done;
}

/** Wait until n operations have ended, well or not: how many have. */
unsigned int
wait_status(uint16_t vchan, unsigned int n, uint16_t *last, enum rte_dma_status_code status[])
{
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int done = 0;

	while (done < n && now_us() < end)
		done += rte_dma_completed_status(dev.id, vchan, (uint16_t)(n - done), last,
						 status + done);
	return done;
}

/** Wait until a channel has nothing left to do. */
void
wait_idle(uint16_t vchan)
{
	uint64_t end = now_us() + PATIENCE_US;
	enum rte_dma_vchan_status status = RTE_DMA_VCHAN_ACTIVE;

	while (status != RTE_DMA_VCHAN_IDLE && now_us() < end)
		assert_int_equal(rte_dma_vchan_status(dev.id, vchan, &status), 0);
	assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
}

/* One copy, from the call to the bytes. */
static void
copy_works(uint16_t vchan, uint8_t *src, uint8_t *dst, uint32_t len, uint32_t seed)
{
	uint16_t last;
	bool error;
	int id;

	memory_fill(src, len, seed);
	memset(dst, 0, len);
	id = copy(vchan, src, dst, len, RTE_DMA_OP_FLAG_SUBMIT);
	assert_true(id >= 0);
	assert_int_equal(wait_completed(vchan, 1, &last, &error), 1);
	assert_false(error);
	assert_int_equal(last, id);
	assert_memory_equal(src, dst, len);
}

/** Copies one by one, each of other bytes. */
void
copies_work(uint16_t vchan, unsigned int n, uint32_t len)
{
	uint8_t *src = memory_get(len), *dst = memory_get(len);
	unsigned int i;

	for (i = 0; i < n; i++)
		copy_works(vchan, src, dst, len, i + vchan * 1000u);
}
