/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* Threads, each with a channel of its own; on shared queues their channels are of one queue, and
 * nothing but the device keeps them apart.
 */

#define THREADS 4
#define RING    64
#define LEN     256

struct worker {
	uint16_t vchan;
	unsigned int total;
	uint8_t *src, *dst;
	uint64_t wrong;    /**< bytes, statuses or indexes */
	unsigned int done; /**< copies that ended */
	pthread_t thread;
};

/* What a copy writes differs from what its place had before: one that is lost or done twice shows.
 */
static void
prepare(struct worker *w, unsigned int n)
{
	uint8_t *src = w->src + n % RING * LEN;
	uint64_t stamp = (uint64_t)n << 8 | w->vchan;

	memcpy(src, &stamp, sizeof(stamp));
	memcpy(src + LEN - sizeof(stamp), &stamp, sizeof(stamp));
}

static void
check(struct worker *w, unsigned int n)
{
	const uint8_t *dst = w->dst + n % RING * LEN;
	uint64_t stamp = (uint64_t)n << 8 | w->vchan, head, tail;

	memcpy(&head, dst, sizeof(head));
	memcpy(&tail, dst + LEN - sizeof(tail), sizeof(tail));
	w->wrong += head != stamp || tail != stamp;
}

/* A burst, by one submit or by as many as there are copies: more than a threshold lets in. */
static unsigned int
send(struct worker *w, unsigned int sent)
{
	uint64_t flags = random_below(4) == 0 ? RTE_DMA_OP_FLAG_SUBMIT : 0;
	unsigned int n = 1 + random_below(24), i;

	n = RTE_MIN(RTE_MIN(n, w->total - sent), rte_dma_burst_capacity(dev.id, w->vchan));
	for (i = 0; i < n; i++) {
		unsigned int place = (sent + i) % RING;

		prepare(w, sent + i);
		w->wrong += copy(w->vchan, w->src + place * LEN, w->dst + place * LEN, LEN,
				 flags) != (uint16_t)(sent + i);
	}
	rte_dma_submit(dev.id, w->vchan);
	return n;
}

static void *
work(void *arg)
{
	uint64_t end = now_us() + PATIENCE_US * (dev.lengthy ? 90 : 3);
	struct worker *w = arg;
	unsigned int sent = 0, n, i;
	bool error = false;
	uint16_t last;

	while (w->done < w->total && !error) {
		sent += send(w, sent);
		n = rte_dma_completed(dev.id, w->vchan, RING, &last, &error);
		for (i = 0; i < n; i++)
			check(w, w->done++);
		if (n == 0 && now_us() > end)
			break;
	}
	return NULL;
}

/* Submissions that a shared queue refused at first, as the driver tells people. */
static uint64_t
refused(void)
{
	static const char what[] = "refused and tried again ";
	uint64_t n = 0;
	const char *at;
	size_t size;
	char *said;
	FILE *f;

	f = open_memstream(&said, &size);
	assert_non_null(f);
	assert_int_equal(rte_dma_dump(dev.id, f), 0);
	fclose(f);
	for (at = said; (at = strstr(at, what)) != NULL; at += strlen(what))
		n += strtoull(at + strlen(what), NULL, 10);
	free(said);
	return n;
}

static void
threads_copy(unsigned int total)
{
	unsigned int n = RTE_MIN(dev.info.max_vchans, THREADS), i;
	struct worker workers[THREADS] = {0};
	struct rte_dma_stats stats;

	for (i = 0; i < n; i++)
		workers[i] = (struct worker){.vchan = (uint16_t)i,
					     .total = total / n,
					     .src = memory_get(RING * LEN),
					     .dst = memory_get(RING * LEN)};
	shape((uint16_t)n, RING);
	for (i = 0; i < n; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < n; i++) {
		assert_int_equal(workers[i].wrong, 0);
		assert_int_equal(workers[i].done, total / n);
	}
	assert_int_equal(rte_dma_stats_get(dev.id, RTE_DMA_ALL_VCHAN, &stats), 0);
	assert_int_equal(stats.submitted, total / n * n);
	assert_int_equal(stats.completed, total / n * n);
	assert_int_equal(stats.errors, 0);
	if (strstr(dev.args, "threshold=8") != NULL)
		assert_in_range(refused(), 1, UINT64_MAX);
}

static void
threads_share_the_device(void)
{
	threads_copy(work_amount(200000));
}

static void
threads_share_the_device_for_long(void)
{
	if (!dev.lengthy)
		return;
	/* Longer than any case else may take. */
	alarm(900);
	threads_copy(10000000);
}

static const struct test_case cases[] = {
	TEST_CASE(threads_share_the_device),
	TEST_CASE(threads_share_the_device_for_long),
};

TEST_GROUP(shared, cases);
