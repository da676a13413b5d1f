/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Operations of the DMA device that fail: by what they name, or by what becomes of the card.
 */
#include <errno.h>
#include <string.h>

#include <rte_memory.h>

#include "dma.h"

#define BURST 16u

/* Nobody has mapped that, and nobody will. */
#define NOWHERE UINT64_C(0x10000)

static int
bad_copy(uint64_t flags)
{
	return rte_dma_copy(dma_id(), 0, NOWHERE, card_at(0), 64, flags);
}

static void
begin(void)
{
	dma_shape(1, 64, RTE_DMA_DIR_MEM_TO_DEV);
	dma_start();
}

/* Asked by completed: those before it, that there is an error, then by status, then the rest. */
static void
completed_stops_at_an_error(void)
{
	uint8_t *src = host_get(64, 1);
	enum rte_dma_status_code codes[BURST];
	int16_t id = dma_id();
	uint16_t last;
	bool error;

	begin();
	for (unsigned int bad = 0; bad < BURST; bad++) {
		memset(card_memory(0, BURST * 64), 0, BURST * 64);
		for (unsigned int n = 0; n < BURST; n++)
			assert_true((n == bad ? bad_copy(0) : to_card(0, n * 64, src, 64, 0)) >= 0);
		rte_dma_submit(id, 0);
		assert_int_equal(wait_done(0, BURST, &last, &error), bad);
		assert_true(error);
		assert_int_equal(last, (uint16_t)(bad * BURST + bad - 1));
		assert_int_equal(wait_status(0, 1, &last, codes), 1);
		assert_int_equal(codes[0], RTE_DMA_STATUS_ERROR_UNKNOWN);
		assert_int_equal(last, bad * BURST + bad);
		assert_int_equal(wait_done(0, BURST - bad - 1, &last, &error), BURST - bad - 1);
		assert_false(error);
		for (unsigned int n = 0; n < BURST; n++)
			assert_int_equal(card_memory(n * 64, 64)[1], n == bad ? 0 : src[1]);
	}
}

/* Asked by status, all at once; fences change nothing, as all is done in order. */
static void
statuses_tell_which_failed(void)
{
	uint8_t *src = host_get(64, 1);
	enum rte_dma_status_code codes[BURST];
	uint16_t last;

	begin();
	for (unsigned int round = 0; round < 20; round++) {
		uint32_t bad = draw(1u << BURST);

		for (unsigned int n = 0; n < BURST; n++) {
			uint64_t fence = draw(2) ? RTE_DMA_OP_FLAG_FENCE : 0;

			assert_true((bad >> n & 1 ? bad_copy(fence)
						  : to_card(0, 0, src, 64, fence)) >= 0);
		}
		rte_dma_submit(dma_id(), 0);
		assert_int_equal(wait_status(0, BURST, &last, codes), BURST);
		for (unsigned int n = 0; n < BURST; n++)
			assert_int_equal(codes[n], bad >> n & 1 ? RTE_DMA_STATUS_ERROR_UNKNOWN
								: RTE_DMA_STATUS_SUCCESSFUL);
	}
}

static void
an_error_at_the_cards_end_is_one_too(void)
{
	uint8_t *src = host_get(128, 1);
	enum rte_dma_status_code codes[3];
	uint64_t at = rte_mem_virt2iova(src), end = dev.info.aperture_size;
	int16_t id = dma_id();
	uint16_t last;

	begin();
	assert_true(rte_dma_copy(id, 0, at, end - 64, 64, 0) >= 0);
	assert_true(rte_dma_copy(id, 0, at, end - 64, 128, 0) >= 0);
	assert_true(rte_dma_copy(id, 0, at, end, 64, RTE_DMA_OP_FLAG_SUBMIT) >= 0);
	assert_int_equal(wait_status(0, 3, &last, codes), 3);
	assert_int_equal(codes[0], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(codes[1], RTE_DMA_STATUS_ERROR_UNKNOWN);
	assert_int_equal(codes[2], RTE_DMA_STATUS_ERROR_UNKNOWN);
}

/* A list fails as one operation. */
static void
a_scattered_copy_fails_as_one(void)
{
	uint8_t *src = host_get(64, 1);
	struct rte_dma_sge from[3], to[3];
	enum rte_dma_status_code codes[2];
	uint16_t last;

	begin();
	for (unsigned int n = 0; n < 3; n++) {
		from[n] = (struct rte_dma_sge){rte_mem_virt2iova(src), 64};
		to[n] = (struct rte_dma_sge){card_at(n * 64), 64};
	}
	from[1].addr = NOWHERE;
	assert_int_equal(rte_dma_copy_sg(dma_id(), 0, from, to, 3, 3, 0), 0);
	assert_int_equal(to_card(0, 0, src, 64, RTE_DMA_OP_FLAG_SUBMIT), 1);
	assert_int_equal(wait_status(0, 2, &last, codes), 2);
	assert_int_equal(codes[0], RTE_DMA_STATUS_ERROR_UNKNOWN);
	assert_int_equal(codes[1], RTE_DMA_STATUS_SUCCESSFUL);
}

/* ---- What becomes of the card ---- */

/* In the middle of work: each operation ends, well or not, soon; and the channel works again. */
static void
a_reset_ends_what_is_in_flight(void)
{
	enum { N = 40, BYTES = 1 << 20 };
	uint8_t *src = host_get(BYTES, 1);
	enum rte_dma_status_code codes[N];
	enum rte_dma_vchan_status status;
	int16_t id = dma_id();
	uint16_t last;
	uint64_t begun;
	unsigned int n, good = 0;

	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_MEM), 0);
	for (unsigned int round = 0; round < 3; round++) {
		dma_start();
		for (n = 0; n < N; n++)
			assert_true(to_card(0, 0, src, BYTES, RTE_DMA_OP_FLAG_SUBMIT) >= 0);
		assert_int_equal(rte_rawdev_reset(dev.id), 0);
		begun = now_ms();
		assert_int_equal(wait_status(0, N, &last, codes), N);
		assert_in_range(now_ms() - begun, 0, 100);
		for (n = 0, good = 0; n < N && codes[n] == RTE_DMA_STATUS_SUCCESSFUL; n++)
			good++;
		for (; n < N; n++)
			assert_int_equal(codes[n], RTE_DMA_STATUS_DEV_LINK_ERROR);
		assert_int_equal(rte_dma_vchan_status(id, 0, &status), 0);
		assert_int_equal(status, RTE_DMA_VCHAN_IDLE);
		dma_works(0, 1);
		assert_int_equal(rte_dma_stop(id), 0);
	}
}

/* A boot takes the card through a reset, too, or not; DMA works before, and after. */
static void
it_works_whether_a_card_os_is_up_or_not(void)
{
	dma_shape(2, 64, RTE_DMA_DIR_MEM_TO_DEV);
	assert_int_equal(dma_vchan_try(1, 64, RTE_DMA_DIR_DEV_TO_MEM), 0);
	dma_start();
	dma_works(0, 1);
	boot(dev.id);
	wait_up(dev.id);
	dma_works(0, 1);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	dma_works(0, 1);
}

static const struct test_case cases[] = {
	TEST_CASE(completed_stops_at_an_error),
	TEST_CASE(statuses_tell_which_failed),
	TEST_CASE(an_error_at_the_cards_end_is_one_too),
	TEST_CASE(a_scattered_copy_fails_as_one),
	TEST_CASE(a_reset_ends_what_is_in_flight),
	TEST_CASE(it_works_whether_a_card_os_is_up_or_not),
};

TEST_GROUP(dma_error, cases);
