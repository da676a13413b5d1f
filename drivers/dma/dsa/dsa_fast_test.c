/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The data path as long as nothing fails, against a device that shows what it is sent.
 */
#include <errno.h>
#include <stdlib.h>

#include "dsa_fast_rig.h"

static void
a_copy_goes_by_itself(void **state)
{
	const struct dsa_desc *d = &fake.lines[0];
	uint16_t last;

	(void)state;
	fake_start();
	assert_int_equal(copy(0, FENCE | SUBMIT), 0);
	assert_int_equal(fake.nb_lines, 1);
	/* No fence: it is reserved where there is no batch. */
	assert_int_equal(d->op_flags, DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV | DSA_FLAG_RCR));
	assert_int_equal(d->pasid, 0);
	assert_int_equal(d->cr % 32, 0);
	assert_int_equal(d->size, LEN);
	assert_int_equal(completed(8, &last), 0);
	assert_int_equal(last, UINT16_MAX);
	fake_run(0);
	assert_int_equal(completed(8, &last), 1);
	assert_int_equal(last, 0);
	assert_memory_equal(src, dst, LEN);
}

static void
copies_go_as_a_batch(void **state)
{
	const struct dsa_desc *list;
	uint16_t last;
	unsigned int i;

	(void)state;
	fake_start();
	for (i = 0; i < 8; i++)
		assert_int_equal(copy(i, i == 5 ? FENCE : i == 6 ? RTE_DMA_OP_FLAG_LLC : 0), i);
	assert_int_equal(fake.nb_lines, 0);
	submit();
	assert_int_equal(fake.arrived, 1);
	assert_int_equal(DSA_OPCODE(&fake.lines[0]), DSA_OP_BATCH);
	assert_int_equal(DSA_FLAGS(&fake.lines[0]), DSA_FLAG_CRAV | DSA_FLAG_RCR);
	assert_int_equal(fake.lines[0].count, 8);
	assert_int_equal(fake.lines[0].list % 64, 0);
	list = (const struct dsa_desc *)(uintptr_t)fake.lines[0].list;
	for (i = 0; i < 8; i++)
		assert_int_equal(DSA_FLAGS(&list[i]), DSA_FLAG_CRAV |
							      (i == 5 ? DSA_FLAG_FENCE : 0) |
							      (i == 6 ? DSA_FLAG_CC1 : 0));
	fake_run_all();
	/* As many as are asked for. */
	assert_int_equal(completed(3, &last), 3);
	assert_int_equal(last, 2);
	assert_int_equal(completed(8, &last), 5);
	assert_int_equal(last, 7);
	assert_memory_equal(src, dst, 8 * LEN);
	submit();
	assert_int_equal(fake.arrived, 1);
}

static void
no_batch_is_above_the_limit(void **state)
{
	unsigned int i;
	uint16_t last;

	(void)state;
	fake_config.batch = 8;
	fake_start();
	for (i = 0; i < 20; i++)
		copy(i, 0);
	submit();
	assert_int_equal(fake.nb_lines, 3);
	assert_int_equal(fake.lines[0].count, 8);
	assert_int_equal(fake.lines[1].count, 8);
	assert_int_equal(fake.lines[2].count, 4);
	fake_run_all();
	assert_int_equal(completed(64, &last), 20);
	assert_memory_equal(src, dst, 20 * LEN);
	/* No batches at all. */
	fake_end();
	fake_config.batch = 1;
	fake_start();
	for (i = 0; i < 3; i++)
		copy(i, 0);
	submit();
	assert_int_equal(fake.nb_lines, 3);
	assert_int_equal(DSA_OPCODE(&fake.lines[2]), DSA_OP_MOVE);
}

static void
capacity_falls_by_one_and_recovers(void **state)
{
	const struct rte_dma_sge two[] = {{(uintptr_t)src, 8}, {(uintptr_t)src + 64, 8}};
	const struct rte_dma_sge one[] = {{(uintptr_t)dst, 16}};
	unsigned int i;
	uint16_t last;

	(void)state;
	fake_start();
	assert_int_equal(fp.burst_capacity(&fake_dsa, 0), 64);
	for (i = 0; i < 64; i++) {
		if (i % 3 == 0)
			assert_int_equal(fp.copy_sg(&fake_dsa, 0, two, one, 2, 1, 0), i);
		else
			assert_int_equal(copy(i, 0), i);
		assert_int_equal(fp.burst_capacity(&fake_dsa, 0), 63 - i);
	}
	assert_int_equal(copy(0, 0), -ENOSPC);
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, two, one, 2, 1, 0), -ENOSPC);
	submit();
	fake.idle_runs = true;
	for (i = 0; i < 64; i += completed(64, &last))
		;
	assert_int_equal(last, 63);
	assert_int_equal(fp.burst_capacity(&fake_dsa, 0), 64);
}

static void
bad_arguments_are_refused(void **state)
{
	struct rte_dma_sge sges[DSA_SGES_MAX + 1] = {{(uintptr_t)src, 8}};
	struct rte_dma_sge zero[2] = {{(uintptr_t)dst, 8}, {(uintptr_t)dst, 0}};

	(void)state;
	fake_start();
	assert_int_equal(fp.copy(&fake_dsa, 0, 1, 2, 0, SUBMIT), -EINVAL);
	assert_int_equal(fp.fill(&fake_dsa, 0, 1, 2, 0, SUBMIT), -EINVAL);
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, sges, zero, 1, 2, SUBMIT), -EINVAL);
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, sges, zero, 0, 1, SUBMIT), -EINVAL);
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, sges, zero, DSA_SGES_MAX + 1, 1, SUBMIT),
			 -EINVAL);
	zero[0].length = 7;
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, sges, zero, 1, 1, SUBMIT), -EINVAL);
	assert_int_equal(fake.arrived, 0);
	assert_int_equal(fp.burst_capacity(&fake_dsa, 0), 64);
}

/* 70,000 operations: indexes go round once, the ring a thousand times. Bursts of all sizes, so that
 * lists meet the end of the ring; submissions are done in random order.
 */
static void
indexes_wrap(void **state)
{
	unsigned int sent = 0, done = 0, i, n;
	uint16_t last;

	(void)state;
	srand(1);
	fake_start();
	while (done < 70000) {
		n = (unsigned int)rand() % 40;
		for (i = 0; i < n && fp.burst_capacity(&fake_dsa, 0) != 0; i++) {
			memset(&dst[sent % 200 * LEN], 0, LEN);
			assert_int_equal(
				copy(sent % 200, (unsigned int)rand() % 8 == 0 ? FENCE : 0),
				(uint16_t)sent);
			sent++;
		}
		submit();
		assert_true(fake.nb_lines <= 16);
		while (fake.nb_lines > 3)
			fake_run((unsigned int)rand() % fake.nb_lines);
		n = completed(64, &last);
		for (i = 0; i < n; i++, done++)
			assert_memory_equal(&src[done % 200 * LEN], &dst[done % 200 * LEN], LEN);
		assert_int_equal(last, (uint16_t)(done - 1));
		if (n == 0)
			fake_run_all();
	}
	assert_true(fake.most <= 16);
}

/* A dedicated queue drops what it has no room for. */
static void
a_dedicated_queue_never_overflows(void **state)
{
	unsigned int i, done;
	uint16_t last;

	(void)state;
	fake_wq.size = 4;
	fake_start();
	for (i = 0; i < 64; i++)
		copy(i, SUBMIT);
	assert_int_equal(fake.nb_lines, 4);
	fake.idle_runs = true;
	for (done = 0; done < 64; done += completed(64, &last))
		assert_true(fake.nb_lines <= 4);
	assert_int_equal(fake.most, 4);
	assert_memory_equal(src, dst, 64 * LEN);
}

/* Across submissions a fence holds back until everything before has ended; inside a batch it is the
 * device's business.
 */
static void
a_fence_reaches_across_submissions(void **state)
{
	uint16_t last;

	(void)state;
	fake_start();
	copy(0, SUBMIT);
	copy(1, SUBMIT);
	copy(2, FENCE | SUBMIT);
	assert_int_equal(fake.nb_lines, 2);
	/* Nor does what comes behind it go ahead. */
	copy(3, SUBMIT);
	assert_int_equal(fake.nb_lines, 2);
	fake_run(1);
	assert_int_equal(completed(8, &last), 0);
	assert_int_equal(fake.nb_lines, 1);
	fake_run(0);
	assert_int_equal(completed(8, &last), 2);
	assert_int_equal(fake.nb_lines, 1);
	assert_int_equal(fake.lines[0].count, 2);
	fake_run(0);
	assert_int_equal(completed(8, &last), 2);
	assert_memory_equal(src, dst, 4 * LEN);
}

static void
a_batch_is_cut_before_its_fence(void **state)
{
	uint16_t last;

	(void)state;
	fake_start();
	copy(0, SUBMIT);
	copy(1, 0);
	copy(2, 0);
	copy(3, FENCE);
	copy(4, 0);
	submit();
	assert_int_equal(fake.nb_lines, 2);
	assert_int_equal(fake.lines[1].count, 2);
	fake_run(1);
	assert_int_equal(completed(8, &last), 0);
	fake_run(0);
	assert_int_equal(completed(8, &last), 3);
	assert_int_equal(fake.nb_lines, 1);
	assert_int_equal(fake.lines[0].count, 2);
}

/* A list with a fence inside is at the device; what is released behind it is a list of its own, and
 * must not be done before what the fence divides.
 */
static void
what_comes_behind_a_fence_waits_with_it(void **state)
{
	const struct rte_dma_sge two[] = {{(uintptr_t)src, 8}, {(uintptr_t)src + 64, 8}};
	const struct rte_dma_sge one[] = {{(uintptr_t)dst + 200 * LEN, 16}};
	uint16_t last;

	(void)state;
	fake_start();
	copy(0, 0);
	copy(1, FENCE);
	submit();
	assert_int_equal(fake.lines[0].count, 2);
	copy(2, SUBMIT);
	assert_int_equal(fp.copy_sg(&fake_dsa, 0, two, one, 2, 1, SUBMIT), 3);
	assert_int_equal(completed(8, &last), 0);
	assert_int_equal(fake.nb_lines, 1);
	fake_run(0);
	assert_int_equal(completed(8, &last), 2);
	assert_int_equal(fake.nb_lines, 2);
	fake_run_all();
	assert_int_equal(completed(8, &last), 2);
	/* All before a fence that comes first has ended: nobody waits for the list it begins. */
	copy(4, FENCE);
	copy(5, 0);
	submit();
	copy(6, SUBMIT);
	assert_int_equal(fake.nb_lines, 2);
	fake_run(1);
	fake_run(0);
	assert_int_equal(completed(8, &last), 3);
	assert_memory_equal(src, dst, 3 * LEN);
	assert_memory_equal(src + 4 * LEN, dst + 4 * LEN, 3 * LEN);
}

static void
scattered_copies_arrive(void **state)
{
	struct rte_dma_sge from[DSA_SGES_MAX], to[DSA_SGES_MAX];
	unsigned int i, done = 0;
	uint16_t last;

	(void)state;
	fake_start();
	/* 16 pieces of 30 bytes to 15 of 32: pieces meet at many places. */
	for (i = 0; i < 16; i++)
		from[i] = (struct rte_dma_sge){(uintptr_t)src + i * 50, 30};
	for (i = 0; i < 15; i++)
		to[i] = (struct rte_dma_sge){(uintptr_t)dst + (14 - i) * 40, 32};
	for (i = 0; i < 12; i++)
		assert_int_equal(fp.copy_sg(&fake_dsa, 0, from, to, 16, 15, i == 11 ? FENCE : 0),
				 i);
	copy(100, 0);
	submit();
	assert_int_equal(fake.lines[0].count, 30);
	/* As many as there are windows. */
	assert_int_equal(fake.nb_lines, DSA_WINDOWS);
	fake.idle_runs = true;
	while (done < 13)
		done += completed(64, &last);
	assert_int_equal(last, 12);
	for (i = 0; i < 480; i++)
		assert_int_equal(dst[(14 - i / 32) * 40 + i % 32], src[i / 30 * 50 + i % 30]);
	assert_memory_equal(src + 100 * LEN, dst + 100 * LEN, LEN);
}

static void
long_operations_are_taken_apart(void **state)
{
	uint64_t pattern = UINT64_C(0x0807060504030201);
	unsigned int i, done = 0;
	uint16_t last;

	(void)state;
	fake_wq.max_transfer = 64;
	fake_config.batch = 4;
	fake_start();
	assert_int_equal(fp.copy(&fake_dsa, 0, (uintptr_t)src, (uintptr_t)dst, 1000, 0), 0);
	assert_int_equal(fp.fill(&fake_dsa, 0, pattern, (uintptr_t)dst + 2000, 333, FENCE), 1);
	assert_int_equal(copy(60, 0), 2);
	submit();
	/* A part of the copy, as many as a batch may have; and the rest when its turn comes. */
	assert_int_equal(fake.nb_lines, 4);
	assert_int_equal(fake.lines[0].count, 4);
	fake.idle_runs = true;
	while (done < 3) {
		assert_true(completed(64, &last) == 0 || ++done <= 3);
		if (last != UINT16_MAX)
			done = last + 1u;
	}
	assert_memory_equal(src, dst, 1000);
	for (i = 0; i < 333; i++)
		assert_int_equal(dst[2000 + i], 1 + i % 8);
	assert_int_equal(dst[2333], 0);
	assert_memory_equal(src + 60 * LEN, dst + 60 * LEN, LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_copy_goes_by_itself),
		CASE(copies_go_as_a_batch),
		CASE(no_batch_is_above_the_limit),
		CASE(capacity_falls_by_one_and_recovers),
		CASE(bad_arguments_are_refused),
		CASE(indexes_wrap),
		CASE(a_dedicated_queue_never_overflows),
		CASE(a_fence_reaches_across_submissions),
		CASE(a_batch_is_cut_before_its_fence),
		CASE(what_comes_behind_a_fence_waits_with_it),
		CASE(scattered_copies_arrive),
		CASE(long_operations_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
