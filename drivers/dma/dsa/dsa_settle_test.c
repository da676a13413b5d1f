/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The data path when operations fail, or stop half-way. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "dsa_error.h"
#include "dsa_fake.h"
#include "dsa_fast.h"
#include "dsa_resume.h"
#include "rte_pmd_dsa.h"

#define FENCE  RTE_DMA_OP_FLAG_FENCE
#define SUBMIT RTE_DMA_OP_FLAG_SUBMIT
#define PAGE   4096
#define LEN    (4 * PAGE)

static uint8_t *src, *dst;

static int
setup(void **state)
{
	size_t i;

	(void)state;
	src = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	dst = src + 32 * PAGE;
	for (i = 0; i < 32 * PAGE; i++)
		src[i] = (uint8_t)(i * 7 + (i >> 8));
	fake_reset();
	fake.idle_runs = true;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_end();
	munmap(src, 64 * PAGE);
	return 0;
}

static void
fault_at(const void *at, unsigned int times, uint8_t status)
{
	fake.faults[fake.nb_faults++] = (struct fake_fault){(uintptr_t)at, times, status};
}

static int
copy(const void *from, void *to, uint32_t len, uint64_t flags)
{
	return fp.copy(&fake_dsa, 0, (uintptr_t)from, (uintptr_t)to, len, flags);
}

/* Statuses of n operations, however long that takes. */
static void
statuses(unsigned int n, enum rte_dma_status_code status[])
{
	unsigned int done = 0, polls = 0;
	uint16_t last;

	while (done < n) {
		assert_true(polls++ < 10000);
		done += fp.completed_status(&fake_dsa, 0, (uint16_t)(n - done), &last,
					    status + done);
	}
}

/* As an application does: completed() until it says so, then completed_status(). */
static void
one_of_sixteen_fails(unsigned int bad, bool fence)
{
	enum rte_dma_status_code status[16];
	bool error = false;
	unsigned int i, done = 0;
	uint16_t last = 0;

	for (i = 0; i < 16; i++)
		copy(i == bad ? NULL : src + i * 64, dst + i * 64, 64, fence && i == 8 ? FENCE : 0);
	fp.submit(&fake_dsa, 0);
	while (!error)
		done += fp.completed(&fake_dsa, 0, 16, &last, &error);
	assert_int_equal(done, bad);
	for (i = 0; i < 10; i++) {
		error = false;
		assert_int_equal(fp.completed(&fake_dsa, 0, 16, &last, &error), 0);
		assert_true(error);
		assert_int_equal((uint16_t)(last + 1) % 16, bad);
	}
	statuses(16 - bad, status);
	assert_int_equal(status[0], RTE_DMA_STATUS_PAGE_FAULT);
	for (i = 1; i < 16 - bad; i++)
		assert_int_equal(status[i], fence && bad < 8 && bad + i >= 8
						    ? RTE_DMA_STATUS_NOT_ATTEMPTED
						    : RTE_DMA_STATUS_SUCCESSFUL);
}

static void
failures_are_exact(void **state)
{
	static const unsigned int places[] = {0, 7, 14, 15};
	struct dsa_vchan_stats stats;
	struct dsa_vchan *v;
	unsigned int i;

	(void)state;
	fault_at(NULL, 1000, 0);
	v = fake_start();
	for (i = 0; i < 8; i++)
		one_of_sixteen_fails(places[i / 2], i % 2);
	dsa_vchan_stats(v, &stats);
	assert_int_equal(stats.dma.submitted, 128);
	assert_int_equal(stats.dma.completed, 128);
	assert_int_equal(stats.dma.errors, 8 + 2 * 8);
	/* Lines for the 1st, 2nd, 4th and 8th. */
	assert_int_equal(fake_logged, 4);
	assert_non_null(strstr(fake_line, "status 0x03, page fault on a read at 0x0"));
}

static void
every_status_has_its_meaning(void **state)
{
	static const struct {
		uint8_t device;
		enum rte_dma_status_code status;
	} pairs[] = {
		{0x04, RTE_DMA_STATUS_PAGE_FAULT},      {0x84, RTE_DMA_STATUS_PAGE_FAULT},
		{0x10, RTE_DMA_STATUS_INVALID_OPCODE},  {0x11, RTE_DMA_STATUS_ERROR_UNKNOWN},
		{0x13, RTE_DMA_STATUS_INVALID_LENGTH},  {0x16, RTE_DMA_STATUS_INVALID_ADDR},
		{0x1b, RTE_DMA_STATUS_INVALID_ADDR},    {0x20, RTE_DMA_STATUS_BUS_READ_ERROR},
		{0x21, RTE_DMA_STATUS_BUS_WRITE_ERROR}, {0x22, RTE_DMA_STATUS_BUS_ERROR},
		{0x3e, RTE_DMA_STATUS_ERROR_UNKNOWN},
	};
	struct rte_pmd_dsa_result result;
	enum rte_dma_status_code status;
	unsigned int i;
	int idx;

	(void)state;
	fake_start();
	for (i = 0; i < RTE_DIM(pairs); i++) {
		fake.nb_faults = 0;
		fault_at(src, 1, pairs[i].device);
		idx = copy(src, dst, 64, SUBMIT);
		statuses(1, &status);
		assert_int_equal(status, pairs[i].status);
		assert_non_null(strstr(fake_line, dsa_error_text(pairs[i].device)));
		assert_int_equal(rte_pmd_dsa_result(0, 0, (uint16_t)idx, &result), 0);
		assert_int_equal(result.status, status);
		assert_int_equal(result.device_status, pairs[i].device);
	}
	assert_int_equal(dsa_error_status(0x06), RTE_DMA_STATUS_DESCRIPTOR_READ_ERROR);
	assert_int_equal(dsa_error_status(0x02), RTE_DMA_STATUS_SUCCESSFUL);
}

/* A place that had a failure, or a result, is like any other the next time. */
static void
places_are_clean_again(void **state)
{
	enum rte_dma_status_code status[64];
	unsigned int lap, i;

	(void)state;
	fake_start();
	for (lap = 0; lap < 4; lap++) {
		fake.nb_faults = 0;
		fault_at(src, lap % 2 == 0, 0x20);
		for (i = 0; i < 64; i++) {
			if (lap == 2 && i % 2 == 0)
				assert_true(rte_pmd_dsa_crc(0, 0, (uintptr_t)src + 64, 64, 5, 0) >=
					    0);
			else
				copy(i % 7 == 0 ? src : src + 64, dst, 64, 0);
		}
		fp.submit(&fake_dsa, 0);
		statuses(64, status);
		for (i = 1; i < 64; i++)
			assert_true(status[i] == RTE_DMA_STATUS_SUCCESSFUL || i % 7 == 0);
		for (i = 0; lap % 2 == 1 && i < 64; i++)
			assert_int_equal(status[i], RTE_DMA_STATUS_SUCCESSFUL);
	}
}

/* A page fault of a page that is there: the rest goes to the device again. */
static void
copies_go_on_after_a_fault(void **state)
{
	enum dsa_partial partial;
	enum rte_dma_status_code status[4];
	struct dsa_vchan_stats stats;
	struct dsa_vchan *v;

	(void)state;
	for (partial = DSA_PARTIAL_RESUBMIT; partial <= DSA_PARTIAL_CPU; partial++) {
		memset(dst, 0, 32 * PAGE);
		fake.nb_faults = 0;
		fake.moved = 0;
		/* Two pages of one copy, one of another, the source and the destination. */
		fault_at(src + PAGE, 1, 0);
		fault_at(dst + 2 * PAGE, 1, 0);
		fault_at(dst + LEN + 100, 2, 0);
		if (partial == DSA_PARTIAL_CPU)
			fake_end();
		fake_config.partial = partial;
		v = fake_start();
		copy(src, dst, LEN, 0);
		copy(src + LEN, dst + LEN, LEN - 1, 0);
		/* Depends on them: the device abandons it, and it is done after all. */
		copy(dst, dst + 2 * LEN, LEN, FENCE);
		copy(src + 64, dst + 3 * LEN, 64, 0);
		fp.submit(&fake_dsa, 0);
		statuses(4, status);
		assert_int_equal(status[0], RTE_DMA_STATUS_SUCCESSFUL);
		assert_int_equal(status[1], RTE_DMA_STATUS_SUCCESSFUL);
		assert_int_equal(status[2], RTE_DMA_STATUS_SUCCESSFUL);
		assert_int_equal(status[3], RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(src, dst, 2 * LEN - 1);
		assert_memory_equal(src, dst + 2 * LEN, LEN);
		assert_int_equal(dst[2 * LEN - 1], 0);
		dsa_vchan_stats(v, &stats);
		/* The one that the CPU finished has not met its second fault: the next one does. */
		assert_int_equal(stats.partial, partial == DSA_PARTIAL_CPU ? 3 : 2);
		assert_int_equal(stats.dma.errors, 0);
		assert_int_equal(fake.moved, partial == DSA_PARTIAL_CPU ? 4 : 8);
	}
}

static void
backwards_too(void **state)
{
	enum rte_dma_status_code status;
	uint8_t want[LEN];
	enum dsa_partial partial;

	(void)state;
	for (partial = DSA_PARTIAL_RESUBMIT; partial <= DSA_PARTIAL_CPU; partial++) {
		if (partial == DSA_PARTIAL_CPU)
			fake_end();
		fake.nb_faults = 0;
		fake_config.partial = partial;
		fake_start();
		memcpy(want, src, LEN);
		fault_at(src + 2 * PAGE, 1, 0);
		copy(src, src + 1000, LEN, SUBMIT);
		statuses(1, &status);
		assert_int_equal(status, RTE_DMA_STATUS_SUCCESSFUL);
		assert_memory_equal(src + 1000, want, LEN);
	}
}

static void
fills_go_on_in_step(void **state)
{
	const uint64_t pattern = UINT64_C(0x0807060504030201);
	enum dsa_partial partial;
	enum rte_dma_status_code status;
	unsigned int i;

	(void)state;
	for (partial = DSA_PARTIAL_RESUBMIT; partial <= DSA_PARTIAL_CPU; partial++) {
		if (partial == DSA_PARTIAL_CPU)
			fake_end();
		fake.nb_faults = 0;
		fake_config.partial = partial;
		fake_start();
		fault_at(dst + PAGE + 3, 1, 0);
		fault_at(dst + 2 * PAGE + 5, 1, 0);
		memset(dst, 0, LEN);
		fp.fill(&fake_dsa, 0, pattern, (uintptr_t)dst, LEN - 7, SUBMIT);
		statuses(1, &status);
		assert_int_equal(status, RTE_DMA_STATUS_SUCCESSFUL);
		for (i = 0; i < LEN - 7; i++)
			assert_int_equal(dst[i], 1 + i % 8);
		assert_int_equal(dst[LEN - 7], 0);
	}
}

/* What is not there stays a fault, and memory before it is right: no signal, no endless loop. */
static void
what_is_not_there_is_a_fault(void **state)
{
	enum rte_dma_status_code status[2];
	enum dsa_partial partial;

	(void)state;
	munmap(dst + 2 * PAGE, PAGE);
	for (partial = DSA_PARTIAL_RESUBMIT; partial <= DSA_PARTIAL_CPU; partial++) {
		if (partial == DSA_PARTIAL_CPU)
			fake_end();
		fake.nb_faults = 0;
		memset(dst, 0, 2 * PAGE);
		fault_at(dst + PAGE, 1, 0);
		fault_at(dst + 2 * PAGE, 100, 0);
		/* There, but the device never gets it. */
		fault_at(src + 8 * PAGE, 100, 0);
		fake_config.partial = partial;
		fake_start();
		copy(src, dst, LEN, 0);
		copy(src + 8 * PAGE, dst + 8 * PAGE, 64, 0);
		fp.submit(&fake_dsa, 0);
		statuses(2, status);
		assert_int_equal(status[0], RTE_DMA_STATUS_PAGE_FAULT);
		assert_int_equal(status[1], partial == DSA_PARTIAL_CPU ? RTE_DMA_STATUS_SUCCESSFUL
								       : RTE_DMA_STATUS_PAGE_FAULT);
		assert_memory_equal(src, dst, 2 * PAGE);
	}
}

static void
results_add_up_over_faults(void **state)
{
	struct rte_pmd_dsa_result whole, parts;
	enum rte_dma_status_code status[2];
	int crc, compare;

	(void)state;
	fake_start();
	memcpy(dst, src, LEN);
	dst[3 * PAGE + 17] ^= 1;
	crc = rte_pmd_dsa_crc(0, 0, (uintptr_t)src, LEN, 77, SUBMIT);
	statuses(1, status);
	assert_int_equal(rte_pmd_dsa_result(0, 0, (uint16_t)crc, &whole), 0);
	fault_at(src + PAGE, 2, 0);
	fault_at(src + 2 * PAGE, 2, 0);
	crc = rte_pmd_dsa_crc(0, 0, (uintptr_t)src, LEN, 77, 0);
	compare = rte_pmd_dsa_compare(0, 0, (uintptr_t)src, (uintptr_t)dst, LEN, SUBMIT);
	statuses(2, status);
	assert_int_equal(status[0], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(status[1], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(rte_pmd_dsa_result(0, 0, (uint16_t)crc, &parts), 0);
	assert_int_equal(parts.crc, whole.crc);
	assert_int_equal(rte_pmd_dsa_result(0, 0, (uint16_t)compare, &parts), 0);
	assert_int_equal(parts.result, 1);
	assert_int_equal(parts.bytes_completed, 3 * PAGE + 17);
}

static void
results_stay_until_their_place_is_used(void **state)
{
	struct rte_pmd_dsa_result r;
	enum rte_dma_status_code status[64];
	unsigned int i;

	(void)state;
	fake_start();
	assert_int_equal(rte_pmd_dsa_result(0, 0, 0, &r), -EINVAL);
	assert_int_equal(rte_pmd_dsa_crc(0, 0, (uintptr_t)src, 64, 1, SUBMIT), 0);
	/* Ended, but the application was not told. */
	fake_run_all();
	assert_int_equal(rte_pmd_dsa_result(0, 0, 0, &r), -EINVAL);
	statuses(1, status);
	for (i = 1; i < 64; i++)
		copy(src, dst, 64, 0);
	fp.submit(&fake_dsa, 0);
	statuses(63, status);
	assert_int_equal(rte_pmd_dsa_result(0, 0, 0, &r), 0);
	assert_int_equal(r.device_status, 1);
	assert_int_not_equal(r.crc, 0);
	assert_int_equal(rte_pmd_dsa_result(0, 0, 63, &r), 0);
	assert_int_equal(r.device_status, 1);
	assert_int_equal(rte_pmd_dsa_result(0, 0, 64, &r), -EINVAL);
	assert_int_equal(rte_pmd_dsa_result(0, 0, UINT16_MAX, &r), -EINVAL);
	copy(src, dst, 64, 0);
	assert_int_equal(rte_pmd_dsa_result(0, 0, 0, &r), -EINVAL);
	assert_int_equal(rte_pmd_dsa_result(0, 1, 0, &r), -EINVAL);
	assert_int_equal(rte_pmd_dsa_result(1, 0, 0, &r), -EINVAL);
}

static void
what_the_device_would_refuse_is_refused(void **state)
{
	const struct rte_pmd_dsa_dif dif = {.block_size = 512}, bad = {.block_size = 513};
	uint64_t a = (uintptr_t)src, b = (uintptr_t)dst;

	(void)state;
	fake_start();
	assert_int_equal(rte_pmd_dsa_crc(0, 0, a, 0, 0, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_crc(0, 0, a, 1u << 31 | 1, 0, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_dualcast(0, 0, a, b, b + 64, 64, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_dualcast(0, 0, a, b, b, 64, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_dualcast(0, 0, a, b, b + PAGE, 64, 0), 0);
	assert_int_equal(rte_pmd_dsa_create_delta(0, 0, a + 4, b, 64, b + LEN, 640, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_create_delta(0, 0, a, b, 64, b + LEN, 79, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_create_delta(0, 0, a, b, 64, b + 32, 640, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_create_delta(0, 0, a, b, 64, b + 64, 640, 0), 1);
	assert_int_equal(rte_pmd_dsa_apply_delta(0, 0, a, 15, b, 64, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_apply_delta(0, 0, a, 20, b, 64, 0), 2);
	assert_int_equal(rte_pmd_dsa_dif_check(0, 0, a, 520, &bad, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_dif_check(0, 0, a, 512, &dif, 0), -EINVAL);
	assert_int_equal(rte_pmd_dsa_dif_check(0, 0, a, 520, &dif, 0), 3);
	assert_int_equal(rte_pmd_dsa_dif_insert(0, 0, a, a + 512, 1024, &dif, 0), -EINVAL);
	fake_wq.opcap[0] &= ~(UINT64_C(1) << DSA_OP_CACHE_FLUSH);
	assert_int_equal(rte_pmd_dsa_cache_flush(0, 0, a, 64, 0), -ENOTSUP);
	assert_int_equal(fake.arrived, 0);
}

static void
a_part_of_a_scattered_copy_fails(void **state)
{
	const struct rte_dma_sge from[] = {{(uintptr_t)src, 64}, {(uintptr_t)src + 200, 64}};
	const struct rte_dma_sge to[] = {{(uintptr_t)dst, 128}};
	enum rte_dma_status_code status[3];
	struct rte_pmd_dsa_result r;
	unsigned int i;

	(void)state;
	fake_start();
	fault_at(src + 200, 1, 0x20);
	fault_at(src, 1, 0);
	copy(src + 400, dst + 400, 64, 0);
	fp.copy_sg(&fake_dsa, 0, from, to, 2, 1, 0);
	fp.copy_sg(&fake_dsa, 0, from, to, 2, 1, FENCE);
	fp.submit(&fake_dsa, 0);
	statuses(3, status);
	assert_int_equal(status[0], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(status[1], RTE_DMA_STATUS_BUS_READ_ERROR);
	assert_int_equal(status[2], RTE_DMA_STATUS_SUCCESSFUL);
	assert_memory_equal(src, dst, 64);
	assert_memory_equal(src + 200, dst + 64, 64);
	assert_int_equal(rte_pmd_dsa_result(0, 0, 1, &r), 0);
	assert_int_equal(r.device_status, 0x20);
	/* Nothing of it is left when the place where its parts were is used again. */
	for (i = 0; i < 2 * DSA_WINDOWS; i++) {
		fake.nb_faults = 0;
		fault_at(src, 1, 0);
		fp.copy_sg(&fake_dsa, 0, from, to, 2, 1, SUBMIT);
		statuses(1, status);
		assert_int_equal(status[0], RTE_DMA_STATUS_SUCCESSFUL);
	}
}

static void
a_batch_is_refused(void **state)
{
	enum rte_dma_status_code status[4];
	unsigned int i;

	(void)state;
	fake_start();
	fake.batch_status = DSA_STATUS_COUNT;
	for (i = 0; i < 4; i++)
		copy(src, dst, 64, 0);
	fp.submit(&fake_dsa, 0);
	statuses(4, status);
	assert_int_equal(status[0], RTE_DMA_STATUS_INVALID_LENGTH);
	assert_int_equal(status[3], RTE_DMA_STATUS_NOT_ATTEMPTED);
	assert_int_equal(fake.moved, 0);
	/* The device cannot read all of its list: the rest goes one by one. */
	fake.batch_status = 0;
	fake.list_fault = 2;
	for (i = 0; i < 4; i++)
		copy(src + i * 64, dst + i * 64, 64, 0);
	fp.submit(&fake_dsa, 0);
	statuses(4, status);
	for (i = 0; i < 4; i++)
		assert_int_equal(status[i], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(fake.moved, 4);
	assert_memory_equal(src, dst, 256);
}

/* A shared queue refuses the rest of a copy: it is tried until it is taken. */
static void
a_continuation_is_refused(void **state)
{
	enum rte_dma_status_code status;

	(void)state;
	fake_wq.how = DSA_WQ_SUBMIT;
	fake_wq.dedicated = false;
	fake_start();
	fault_at(src + PAGE, 1, 0);
	copy(src, dst, LEN, SUBMIT);
	fake.refuse = 20;
	statuses(1, &status);
	assert_int_equal(status, RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(fake.refuse, 0);
	assert_memory_equal(src, dst, LEN);
}

/* Given up, operations have what is known of them, whatever happened to those before. */
static void
what_is_given_up_after_a_failure_is_not_done(void **state)
{
	enum rte_dma_status_code status[4];
	struct dsa_vchan *v;
	unsigned int i;

	(void)state;
	v = fake_start();
	fault_at(NULL, 1000, 0);
	/* A batch whose failure is seen to, to its end. */
	for (i = 0; i < 4; i++)
		copy(i == 1 ? NULL : src, dst, 64, 0);
	fp.submit(&fake_dsa, 0);
	statuses(4, status);
	assert_int_equal(status[1], RTE_DMA_STATUS_PAGE_FAULT);
	/* One by itself, and two in a batch, that the device never ends. */
	fake.idle_runs = false;
	copy(src, dst, 64, SUBMIT);
	copy(src, dst, 64, 0);
	copy(src, dst, 64, 0);
	fp.submit(&fake_dsa, 0);
	dsa_fast_suspend(&fake_dsa);
	dsa_vchan_stop(v);
	dsa_vchan_abort(v);
	statuses(3, status);
	for (i = 0; i < 3; i++)
		assert_int_equal(status[i], RTE_DMA_STATUS_USER_ABORT);
}

/* The rest of each kind of operation, as section 11.3 has it. */
static void
the_rest_of_each_operation(void **state)
{
	struct dsa_cr cr = {.status = DSA_STATUS_PAGE_FAULT, .bytes_completed = 520 * 2};
	struct dsa_desc d;

	(void)state;
	fake_start();
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_DUALCAST, 0),
			      .src = 1,
			      .dst = 2,
			      .size = 5000,
			      .dualcast = {.dst2 = 3}};
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.src, 1041);
	assert_int_equal(d.dst, 1042);
	assert_int_equal(d.dualcast.dst2, 1043);
	assert_int_equal(d.size, 3960);
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_FILL, DSA_FLAG_FILL_16),
			      .pattern = UINT64_C(0x0706050403020100),
			      .size = 5000,
			      .fill = {.pattern_high = UINT64_C(0x0f0e0d0c0b0a0908)}};
	cr.bytes_completed = 16 + 9;
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.pattern, UINT64_C(0x000f0e0d0c0b0a09));
	assert_int_equal(d.fill.pattern_high, UINT64_C(0x0807060504030201));
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_COPY_CRC, DSA_FLAG_CRC_SEED_ADDR),
			      .src = 1,
			      .dst = 2,
			      .size = 100,
			      .crc = {.seed = 1, .seed_addr = 64}};
	cr.crc = UINT64_C(0x1234567890abcdef);
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.crc.seed, 0x90abcdef);
	assert_int_equal(d.crc.seed_addr, 0);
	assert_int_equal(DSA_FLAGS(&d), 0);
	d = (struct dsa_desc){
		.op_flags = DSA_OP_FLAGS(DSA_OP_DIF_STRIP, 0), .src = 0, .dst = 0, .size = 5200};
	cr = (struct dsa_cr){.status = 3,
			     .bytes_completed = 1040,
			     .dif = {.src_ref_tag = 7, .src_app_mask = 8, .src_app_tag = 9}};
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.src, 1040);
	assert_int_equal(d.dst, 1024);
	assert_int_equal(d.dif.src_ref_seed, 7);
	assert_int_equal(d.dif.src_app_mask, 8);
	assert_int_equal(d.dif.src_app_seed, 9);
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_DIF_INSERT, 0), .size = 5120};
	cr.bytes_completed = 1024;
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.dst, 1040);
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_APPLY_DELTA, 0),
			      .delta = 100,
			      .size = 64,
			      .apply_delta = {.delta_size = 2000}};
	assert_true(dsa_resume(&d, &cr));
	assert_int_equal(d.delta, 1124);
	assert_int_equal(d.apply_delta.delta_size, 976);
	d = (struct dsa_desc){.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, 0), .size = 1024};
	assert_false(dsa_resume(&d, &cr));
}

static unsigned int
pages_there(uint8_t *at, unsigned int n)
{
	unsigned char there[32];
	unsigned int i, sum = 0;

	assert_int_equal(mincore(at, n * PAGE, there), 0);
	for (i = 0; i < n; i++)
		sum += there[i] & 1;
	return sum;
}

/* Pages are provided ahead of a fault, and not beyond what the operation will use. */
static void
pages_behind_an_operation_are_left_alone(void **state)
{
	uint8_t *at = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	struct dsa_desc d = {.op_flags = DSA_OP_FLAGS(DSA_OP_FILL, 0), .size = 16 * PAGE};
	struct dsa_cr cr = {.status = DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE,
			    .bytes_completed = 10 * PAGE};

	(void)state;
	assert_true(at != MAP_FAILED);
	cr.fault_addr = (uintptr_t)at + 10 * PAGE;
	d.dst = (uintptr_t)at;
	assert_true(dsa_resume_touch(&d, &cr));
	assert_int_equal(pages_there(at, 10), 0);
	assert_int_equal(pages_there(at + 10 * PAGE, 6), 6);
	assert_int_equal(pages_there(at + 16 * PAGE, 16), 0);
	munmap(at, 32 * PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(failures_are_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(every_status_has_its_meaning, setup, teardown),
		cmocka_unit_test_setup_teardown(places_are_clean_again, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_go_on_after_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(backwards_too, setup, teardown),
		cmocka_unit_test_setup_teardown(fills_go_on_in_step, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(results_add_up_over_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(results_stay_until_their_place_is_used, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_the_device_would_refuse_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_part_of_a_scattered_copy_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_continuation_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_given_up_after_a_failure_is_not_done, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_rest_of_each_operation, setup, teardown),
		cmocka_unit_test(pages_behind_an_operation_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
