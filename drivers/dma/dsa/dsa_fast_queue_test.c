/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The data path on queues that refuse, are disabled or cannot be submitted to; without anybody who
 * asks; and how it stops.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dsa_fast_rig.h"

static void
a_shared_queue_may_refuse(void **state)
{
	struct dsa_vchan_stats stats;
	unsigned int i, done = 0;
	struct dsa_vchan *v;
	uint16_t last;

	(void)state;
	fake_wq.how = DSA_WQ_SUBMIT;
	fake_wq.dedicated = false;
	v = fake_start();
	fake.refuse = 1000;
	for (i = 0; i < 10; i++)
		assert_int_equal(copy(i, SUBMIT), i);
	assert_int_equal(fake.nb_lines, 0);
	dsa_vchan_stats(v, &stats);
	assert_int_equal(stats.busy, 10);
	/* Once, and the retries. */
	assert_int_equal(stats.retries, 10 * 5);
	fake.refuse = 0;
	fake.idle_runs = true;
	while (done < 10)
		done += completed(64, &last);
	assert_int_equal(fake.accepted, 1);
	assert_int_equal(fake.moved, 10);
	assert_memory_equal(src, dst, 10 * LEN);
	/* Full, but no longer when the device has got on. */
	for (i = 0; i < 12; i++)
		copy(i, SUBMIT);
	assert_true(fake.most <= 8);
	for (done = 0; done < 12;)
		done += completed(64, &last);
	assert_int_equal(last, 21);
}

/* A device that is mapped ignores what an older CPU could do: that is said. */
static void
a_cpu_without_the_instruction_is_refused(void **state)
{
	static uint8_t page[DSA_PORTAL_BYTES] __rte_aligned(64);

	(void)state;
	fake_wq.bar.mmio = page;
	fake_wq.bar.how = PORTAL_STORES;
	assert_null(fake_start());
	assert_non_null(strstr(fake_line, "MOVDIR64B"));
	fake_wq.how = DSA_WQ_SUBMIT;
	portal_features_override(PORTAL_CPU_ENQCMD, 0);
	assert_null(fake_start());
	assert_non_null(strstr(fake_line, "ENQCMD"));
	assert_int_equal(fake_logged, 2);
	portal_features_override(0, 0);
	fake_wq.how = DSA_WQ_POST;
	fake_wq.bar.how = PORTAL_MOVDIR64B;
	assert_non_null(fake_start());
}

/* Posted lines are ignored, submissions refused: nobody waits for ever, and where each try takes
 * its time few are enough.
 */
static void
a_disabled_queue_is_noticed(void **state)
{
	enum rte_dma_status_code status[8];
	unsigned int shared, i, polls;
	struct dsa_vchan *v;
	uint16_t last;

	(void)state;
	for (shared = 0; shared < 2; shared++) {
		if (shared) {
			fake_end();
			fake_reset();
			fake_wq.how = DSA_WQ_SUBMIT;
			fake_wq.dedicated = false;
		}
		v = fake_start();
		copy(0, SUBMIT);
		fake.disabled = true;
		copy(1, SUBMIT);
		copy(2, 0);
		copy(3, 0);
		submit();
		/* What had been taken is done. */
		fake_run_all();
		for (polls = 0; !dsa_vchan_halted(v); polls++) {
			bool error = false;

			assert_true(polls < (shared ? 2 * DSA_BUSY_BEFORE_LOOK
						    : 10 * DSA_POLLS_BEFORE_LOOK));
			fp.completed(&fake_dsa, 0, 8, &last, &error);
		}
		assert_int_equal(last, 0);
		assert_int_equal(fake_logged, 1);
		assert_int_equal(fp.completed_status(&fake_dsa, 0, 8, &last, status), 3);
		for (i = 0; i < 3; i++)
			assert_int_equal(status[i], shared ? RTE_DMA_STATUS_NOT_ATTEMPTED
							   : RTE_DMA_STATUS_DEV_LINK_ERROR);
		assert_int_equal(copy(0, 0), -EIO);
		assert_int_equal(fp.burst_capacity(&fake_dsa, 0), 0);
		/* The next start finds it as new. */
		fake.disabled = false;
		dsa_vchan_start(v);
		assert_int_equal(copy(0, SUBMIT), 0);
		fake_run_all();
		assert_int_equal(completed(8, &last), 1);
	}
}

/* Only a queue that is full is asked again: any other answer stays what it is. */
static void
what_does_not_get_better_ends(void **state)
{
	enum rte_dma_status_code status[8];
	struct dsa_vchan_stats stats;
	bool error = false;
	struct dsa_vchan *v;
	unsigned int i;
	uint16_t last;

	(void)state;
	fake_wq.how = DSA_WQ_SUBMIT;
	fake_wq.dedicated = false;
	v = fake_start();
	copy(0, SUBMIT);
	fake.error = -EPERM;
	copy(1, SUBMIT);
	copy(2, 0);
	dsa_vchan_stats(v, &stats);
	assert_int_equal(stats.retries, 0);
	fake_run_all();
	assert_int_equal(fp.completed(&fake_dsa, 0, 8, &last, &error), 1);
	assert_false(error);
	assert_int_equal(fp.completed(&fake_dsa, 0, 8, &last, &error), 0);
	assert_true(dsa_vchan_halted(v));
	assert_non_null(strstr(fake_line, "takes nothing any more; 2 operations"));
	assert_int_equal(fp.completed_status(&fake_dsa, 0, 8, &last, status), 2);
	for (i = 0; i < 2; i++)
		assert_int_equal(status[i], RTE_DMA_STATUS_NOT_ATTEMPTED);
	assert_int_equal(copy(3, SUBMIT), -EIO);
	/* The next start tries anew. */
	fake.error = 0;
	dsa_vchan_start(v);
	assert_int_equal(copy(0, SUBMIT), 0);
	fake_run_all();
	assert_int_equal(completed(8, &last), 1);
}

/* The kernel takes descriptors by write() where it maps no portal, and may have no room. */
static void
descriptors_go_by_write(void **state)
{
	static const uint8_t full[4096];
	struct dsa_vchan_stats stats;
	struct dsa_vchan *v;
	struct dsa_desc d[64];
	bool error = false;
	uint16_t last;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, sizeof(full)), sizeof(full));
	assert_int_equal(write(ends[1], full, sizeof(full)), sizeof(full));
	fake_wq.how = DSA_WQ_WRITE;
	fake_wq.fd = ends[1];
	fake_wq.dedicated = false;
	fake_config.batch = 1;
	v = fake_start();
	copy(0, SUBMIT);
	dsa_vchan_stats(v, &stats);
	assert_int_equal(stats.retries, 5);
	assert_int_equal(read(ends[0], d, sizeof(d)), sizeof(full));
	assert_int_equal(completed(8, &last), 0);
	assert_int_equal(read(ends[0], d, sizeof(d)), sizeof(d[0]));
	assert_int_equal(DSA_OPCODE(&d[0]), DSA_OP_MOVE);
	assert_int_equal(d[0].src, (uintptr_t)src);
	/* Any other answer is for good. */
	fake_wq.fd = open("/dev/full", O_WRONLY);
	copy(1, SUBMIT);
	fp.completed(&fake_dsa, 0, 8, &last, &error);
	assert_true(dsa_vchan_halted(v));
	assert_non_null(strstr(fake_line, "takes nothing any more"));
	close(fake_wq.fd);
	close(ends[0]);
	close(ends[1]);
}

static void
nobody_asks_in_silent_mode(void **state)
{
	struct dsa_vchan_stats stats;
	unsigned int i, k;
	struct dsa_vchan *v;

	(void)state;
	fake_config.silent = true;
	v = fake_start();
	fake.idle_runs = true;
	for (i = 0; i < 1000; i++) {
		for (k = 0; k < 7; k++)
			while (copy(k, FENCE) < 0)
				;
		submit();
		while (i % 10 == 0 && fp.burst_capacity(&fake_dsa, 0) != 64)
			;
	}
	while (fp.burst_capacity(&fake_dsa, 0) != 64)
		;
	dsa_vchan_stats(v, &stats);
	assert_int_equal(stats.dma.submitted, 7000);
	assert_int_equal(stats.dma.completed, 7000);
	assert_int_equal(fake.moved, 7000);
}

static void
stop_ends_everything(void **state)
{
	enum rte_dma_status_code status[8];
	struct dsa_vchan *v;
	uint16_t last;

	(void)state;
	v = fake_start();
	copy(0, SUBMIT);
	copy(1, SUBMIT);
	copy(2, 0);
	dsa_fast_suspend(&fake_dsa);
	assert_int_equal(copy(3, 0), -EINVAL);
	assert_int_equal(fp.submit(&fake_dsa, 0), -EINVAL);
	dsa_vchan_stop(v);
	fake_run(1);
	assert_false(dsa_vchan_drained(v));
	dsa_vchan_abort(v);
	/* What the device did out of order is known; what it had is lost; the third it never got.
	 */
	assert_int_equal(fp.completed_status(&fake_dsa, 0, 8, &last, status), 3);
	assert_int_equal(status[0], RTE_DMA_STATUS_USER_ABORT);
	assert_int_equal(status[1], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(status[2], RTE_DMA_STATUS_USER_ABORT);
	assert_false(dsa_vchan_halted(v));
	/* Drained, all but what was not submitted succeeds. */
	fake.nb_lines = 0;
	dsa_vchan_start(v);
	dsa_fast_install(&fake_dsa);
	copy(0, SUBMIT);
	copy(1, 0);
	dsa_fast_suspend(&fake_dsa);
	dsa_vchan_stop(v);
	fake.idle_runs = true;
	while (!dsa_vchan_drained(v))
		;
	dsa_vchan_abort(v);
	assert_int_equal(fp.completed_status(&fake_dsa, 0, 8, &last, status), 2);
	assert_int_equal(status[0], RTE_DMA_STATUS_SUCCESSFUL);
	assert_int_equal(status[1], RTE_DMA_STATUS_USER_ABORT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_shared_queue_may_refuse),
		CASE(a_cpu_without_the_instruction_is_refused),
		CASE(a_disabled_queue_is_noticed),
		CASE(what_does_not_get_better_ends),
		CASE(descriptors_go_by_write),
		CASE(nobody_asks_in_silent_mode),
		CASE(stop_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
