/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * DMA queues of the raw device.
 */
#include <errno.h>
#include <string.h>

#include <rte_memory.h>

#include "dma.h"

#define DEPTH 256u

static void
four_queues(struct rte_pmd_mic_info *info)
{
	info->queues = 4;
	info->queue_depth = 128;
}

static void
begin(uint16_t queues)
{
	struct rte_pmd_mic_queue conf = {.depth = DEPTH};

	configure(dev.id, four_queues);
	for (uint16_t q = 0; q < queues; q++)
		assert_int_equal(rte_rawdev_queue_setup(dev.id, q, &conf, sizeof(conf)), 0);
}

static void
end(uint16_t queues)
{
	for (uint16_t q = 0; q < queues; q++)
		assert_int_equal(rte_rawdev_queue_release(dev.id, q), 0);
}

static int
enqueue(uint16_t queue, const struct rte_pmd_mic_copy *copies, struct rte_rawdev_buf **buffers,
	unsigned int n)
{
	struct rte_pmd_mic_burst burst = {.queue = queue, .copies = copies};

	return rte_rawdev_enqueue_buffers(dev.id, buffers, n, &burst);
}

/* Until n have come, or far too long. */
static unsigned int
dequeue(uint16_t queue, struct rte_rawdev_buf **buffers, int *results, unsigned int n)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	unsigned int done = 0;

	while (done < n && now_ms() < until) {
		struct rte_pmd_mic_burst burst = {
			.queue = queue, .results = results != NULL ? results + done : NULL};
		int got = rte_rawdev_dequeue_buffers(
			dev.id, buffers != NULL ? buffers + done : NULL, n - done, &burst);

		assert_true(got >= 0);
		done += (unsigned int)got;
	}
	return done;
}

static struct rte_pmd_mic_copy
write_copy(uint64_t card, const void *host, uint32_t len)
{
	return (struct rte_pmd_mic_copy){.src = rte_mem_virt2iova(host),
					 .dst = card_at(card),
					 .len = len,
					 .flags = RTE_PMD_MIC_DST_CARD};
}

static struct rte_pmd_mic_copy
read_copy(void *host, uint64_t card, uint32_t len)
{
	return (struct rte_pmd_mic_copy){.src = card_at(card),
					 .dst = rte_mem_virt2iova(host),
					 .len = len,
					 .flags = RTE_PMD_MIC_SRC_CARD};
}

static void
queues_are_set_up_as_asked(void)
{
	struct rte_pmd_mic_queue conf = {.depth = 0};

	configure(dev.id, four_queues);
	assert_int_equal(rte_rawdev_queue_count(dev.id), 4);
	assert_int_equal(rte_rawdev_queue_conf_get(dev.id, 1, &conf, sizeof(conf)), 0);
	assert_int_equal(conf.depth, 128);
	conf.depth = 63;
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 1, &conf, sizeof(conf)), -EINVAL);
	conf.depth = 131069;
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 1, &conf, sizeof(conf)), -EINVAL);
	conf.depth = 64;
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 4, &conf, sizeof(conf)), -EINVAL);
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 1, &conf, 1), -EINVAL);
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 1, &conf, sizeof(conf)), 0);
	/* Again is anew. */
	conf.depth = 200;
	assert_int_equal(rte_rawdev_queue_setup(dev.id, 1, &conf, sizeof(conf)), 0);
	conf.depth = 0;
	assert_int_equal(rte_rawdev_queue_conf_get(dev.id, 1, &conf, sizeof(conf)), 0);
	assert_int_equal(conf.depth, 200);
	assert_int_equal(rte_rawdev_queue_release(dev.id, 1), 0);
	assert_int_equal(rte_rawdev_queue_release(dev.id, 1), 0);
}

/* To the card by one queue, on it, and back by another; pointers come back in order. */
static void
copies_and_pointers_come_back(void)
{
	enum { N = 64, BYTES = 4096 };
	uint8_t *src = host_get(N * BYTES, 1), *dst = host_get(N * BYTES, 2);
	struct rte_rawdev_buf cookies[N], *in[N], *out[N];
	struct rte_pmd_mic_copy copies[N];
	int results[N];

	begin(3);
	for (unsigned int n = 0; n < N; n++)
		in[n] = &cookies[n];
	for (unsigned int step = 0; step < 3; step++) {
		for (unsigned int n = 0; n < N; n++) {
			uint64_t at = n * BYTES;

			if (step == 0)
				copies[n] = write_copy(at, src + at, BYTES);
			else if (step == 2)
				copies[n] = read_copy(dst + at, N * BYTES + at, BYTES);
			else
				copies[n] = (struct rte_pmd_mic_copy){
					.src = card_at(at),
					.dst = card_at(N * BYTES + at),
					.len = BYTES,
					.flags = RTE_PMD_MIC_SRC_CARD | RTE_PMD_MIC_DST_CARD};
		}
		memset(out, 0, sizeof(out));
		assert_int_equal(enqueue(step, copies, in, N), N);
		assert_int_equal(dequeue(step, out, results, N), N);
		for (unsigned int n = 0; n < N; n++) {
			assert_ptr_equal(out[n], in[n]);
			assert_int_equal(results[n], 0);
		}
	}
	assert_memory_equal(dst, src, N * BYTES);
	end(3);
}

static void
errors_are_told_with_their_copy(void)
{
	uint8_t *src = host_get(4096, 1);
	struct rte_pmd_mic_copy copies[8];
	int results[8];

	begin(1);
	for (unsigned int n = 0; n < 8; n++)
		copies[n] = write_copy(n * 64, src, 64);
	copies[5].dst = dev.info.aperture_size;
	assert_int_equal(enqueue(0, copies, NULL, 8), 8);
	assert_int_equal(dequeue(0, NULL, results, 8), 8);
	for (unsigned int n = 0; n < 8; n++)
		assert_int_equal(results[n], n == 5 ? -EIO : 0);
	/* Those before one that is none are taken. */
	copies[5].len = 63;
	assert_int_equal(enqueue(0, copies, NULL, 8), 5);
	assert_int_equal(dequeue(0, NULL, results, 5), 5);
	assert_int_equal(enqueue(0, &copies[5], NULL, 3), -EINVAL);
	copies[0].flags = 0;
	assert_int_equal(enqueue(0, copies, NULL, 1), -EINVAL);
	copies[0].flags = 4;
	assert_int_equal(enqueue(0, copies, NULL, 1), -EINVAL);
	assert_int_equal(enqueue(0, NULL, NULL, 1), -EINVAL);
	assert_int_equal(enqueue(1, copies, NULL, 1), -EINVAL);
	assert_int_equal(enqueue(9, copies, NULL, 1), -EINVAL);
	assert_int_equal(rte_rawdev_enqueue_buffers(dev.id, NULL, 1, NULL), -EINVAL);
	assert_int_equal(rte_rawdev_dequeue_buffers(dev.id, NULL, 1, NULL), -EINVAL);
	end(1);
}

/* Nothing is lost and nothing made up: what was not taken is offered again. */
static void
a_full_queue_takes_what_fits(void)
{
	enum { N = 5000 };
	uint8_t *src = host_get(64, 1);
	struct rte_pmd_mic_copy copies[32];
	unsigned int posted = 0, ended = 0, refused = 0;
	uint64_t until = now_ms() + PATIENCE_MS;

	begin(1);
	for (unsigned int n = 0; n < 32; n++)
		copies[n] = write_copy(n * 64, src, 64);
	while (ended < N && now_ms() < until) {
		struct rte_pmd_mic_burst burst = {.queue = 0};
		unsigned int want = RTE_MIN(32u, N - posted);
		int n = want > 0 ? enqueue(0, copies, NULL, want) : 0;

		assert_in_range(n, 0, want);
		refused += (unsigned int)n < want;
		posted += (unsigned int)n;
		if (draw(4) == 0 || (unsigned int)n < want || posted == N) {
			n = rte_rawdev_dequeue_buffers(dev.id, NULL, 100, &burst);
			assert_in_range(n, 0, 100);
			ended += (unsigned int)n;
		}
	}
	assert_int_equal(ended, N);
	assert_int_not_equal(refused, 0);
	end(1);
}

static void
a_reset_is_told_of_every_copy(void)
{
	enum { N = 20, BYTES = 1 << 20 };
	uint8_t *src = host_get(BYTES, 1);
	struct rte_pmd_mic_copy copies[N];
	int results[N];
	unsigned int n;

	begin(1);
	for (n = 0; n < N; n++)
		copies[n] = write_copy(0, src, BYTES);
	assert_int_equal(enqueue(0, copies, NULL, N), N);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	assert_int_equal(dequeue(0, NULL, results, N), N);
	for (n = 0; n < N && results[n] == 0; n++)
		;
	for (; n < N; n++)
		assert_int_equal(results[n], -ECANCELED);
	copies[0].len = 4096;
	assert_int_equal(enqueue(0, copies, NULL, 1), 1);
	assert_int_equal(dequeue(0, NULL, results, 1), 1);
	assert_int_equal(results[0], 0);
	end(1);
}

static const struct test_case cases[] = {
	TEST_CASE(queues_are_set_up_as_asked),      TEST_CASE(copies_and_pointers_come_back),
	TEST_CASE(errors_are_told_with_their_copy), TEST_CASE(a_full_queue_takes_what_fits),
	TEST_CASE(a_reset_is_told_of_every_copy),
};

TEST_GROUP(queue, cases);
