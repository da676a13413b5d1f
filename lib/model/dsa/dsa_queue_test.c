/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What portals take: sections 5.2, 5.3, 26.1, and category 0 of the performance monitor.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dsa_work_test_rig.h"

/* Events of category 0. */
enum { SWQ_LIMITED, SWQ_RETRY_LIMITED, SWQ_UNLIMITED, SWQ_RETRY_UNLIMITED, DWQ, DWQ_DROPPED,
       DISCARDED };

static uint64_t
event(struct work_rig *r, unsigned int event)
{
	return dsa_work_events(r->work, 0, event, 1, ~UINT64_C(0));
}

static void
enable(struct work_rig *r, bool dedicated, uint32_t size, uint32_t threshold)
{
	struct dsa_work_wq wq = dedicated ? work_dedicated() : work_shared();

	wq.size = size;
	wq.threshold = threshold;
	assert_int_equal(dsa_work_enable(r->work, 0, &wq), 0);
}

static void
shared_takes_up_to_threshold_and_size(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);

	enable(r, false, 8, 3);
	for (unsigned int n = 0; n < 3; n++)
		assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_LIMITED, &noop), 0);
	assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_LIMITED, &noop), -EAGAIN);
	assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_LIMITED_IMS, &noop), -EAGAIN);
	for (unsigned int n = 3; n < 8; n++)
		assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_UNLIMITED, &noop), 0);
	assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_UNLIMITED, &noop), -EAGAIN);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 8);
	assert_int_equal(event(r, SWQ_LIMITED), 3);
	assert_int_equal(event(r, SWQ_RETRY_LIMITED), 2);
	assert_int_equal(event(r, SWQ_UNLIMITED), 5);
	assert_int_equal(event(r, SWQ_RETRY_UNLIMITED), 1);
	assert_true(work_run(r));
	assert_int_equal(dsa_work_occupancy(r->work, 0), 0);
	assert_int_equal(r->errors, 0);
}

static void
threshold_counts_from_the_next_submission(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);

	enable(r, false, 8, 0);
	assert_int_equal(work_submit(r, 0, &noop), -EAGAIN);
	dsa_work_threshold(r->work, 0, 4);
	for (unsigned int n = 0; n < 4; n++)
		assert_int_equal(work_submit(r, 0, &noop), 0);
	dsa_work_threshold(r->work, 0, 2);
	assert_int_equal(work_submit(r, 0, &noop), -EAGAIN);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 4);
	/* Beyond the size it is the size. */
	dsa_work_threshold(r->work, 0, 100);
	for (unsigned int n = 4; n < 8; n++)
		assert_int_equal(work_submit(r, 0, &noop), 0);
	assert_int_equal(work_submit(r, 0, &noop), -EAGAIN);
}

static void
full_dedicated_drops_and_tells(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);

	enable(r, true, 3, 1);
	/* The threshold is a shared queue's. */
	dsa_work_post(r->work, 0, DSA_PORTAL_LIMITED, &noop);
	for (unsigned int n = 1; n < 5; n++)
		work_post(r, 0, &noop);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 3);
	assert_int_equal(r->errors, 2);
	assert_int_equal(r->error[0].code, DSA_STATUS_WQ_FULL);
	assert_true(r->error[0].wq_valid);
	assert_false(r->error[0].desc_valid);
	assert_int_equal(r->error[0].wq, 0);
	assert_int_equal(event(r, DWQ), 3);
	assert_int_equal(event(r, DWQ_DROPPED), 2);
}

static void
other_transactions_are_ignored_or_retried(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);
	struct dsa_work_stats stats;

	work_post(r, 0, &noop);
	assert_int_equal(work_submit(r, 0, &noop), -EAGAIN);
	enable(r, true, 8, 8);
	assert_int_equal(work_submit(r, 0, &noop), -EAGAIN);
	dsa_work_stop(r->work, 0);
	work_post(r, 0, &noop);
	enable(r, false, 8, 8);
	work_post(r, 0, &noop);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 0);
	assert_int_equal(event(r, DISCARDED), 3);
	assert_int_equal(r->errors, 0);
	dsa_work_stats(r->work, 0, &stats);
	assert_int_equal(stats.retried, 2);
	assert_int_equal(stats.ignored, 3);
	assert_int_equal(stats.accepted, 0);
	/* No such queue: the end of the bar. */
	work_post(r, 63, &noop);
	assert_int_equal(work_submit(r, 63, &noop), -EAGAIN);
}

static void
without_interrupts_in_memory_their_portals_take_nothing(void **state)
{
	struct dsa_work_config config = work_config();
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);
	struct work_rig *r;

	config.gencap &= ~(UINT64_C(0x3f) << 25);
	assert_int_equal(work_setup_with(state, &config), 0);
	r = *state;
	enable(r, true, 8, 8);
	dsa_work_post(r->work, 0, DSA_PORTAL_UNLIMITED_IMS, &noop);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 0);
	dsa_work_stop(r->work, 0);
	enable(r, false, 8, 8);
	assert_int_equal(dsa_work_submit(r->work, 0, DSA_PORTAL_LIMITED_IMS, &noop), -EAGAIN);
}

static void
stopped_queue_does_what_it_has(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(100, 0), late = work_move(100, 1);

	enable(r, true, 8, 8);
	work_post(r, 0, &move);
	dsa_work_mark(r->work, 0);
	dsa_work_stop(r->work, 0);
	work_post(r, 0, &late);
	assert_false(dsa_work_passed(r->work, 0));
	assert_true(work_run(r));
	assert_true(dsa_work_passed(r->work, 0));
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
	assert_int_equal(work_read(r, 1).status, 0);
	assert_memory_equal(work_at(r, work_page(100)), work_at(r, work_page(0)), 100);
}

static void
enabled_again_it_is_another_queue(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc noop = work_desc(DSA_OP_NOOP, 0);

	for (unsigned int round = 1; round < 40; round++) {
		enable(r, true, round, round);
		for (unsigned int n = 0; n < round + 1; n++)
			work_post(r, 0, &noop);
		assert_int_equal(dsa_work_occupancy(r->work, 0), round);
		assert_int_equal(event(r, DWQ_DROPPED), round);
		dsa_work_stop(r->work, 0);
		assert_true(work_run(r));
	}
	assert_int_equal(event(r, DWQ), 39 * 40 / 2);
	enable(r, false, 4, 4);
	assert_int_equal(work_submit(r, 0, &noop), 0);
	assert_int_equal(event(r, DWQ), 39 * 40 / 2);
	assert_int_equal(event(r, SWQ_LIMITED), 1);
}

static void
halted_queue_takes_nothing_and_keeps_what_it_has(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(100, 0), more = work_move(100, 1);

	enable(r, false, 8, 8);
	assert_int_equal(work_submit(r, 0, &move), 0);
	dsa_work_halt(r->work, true);
	assert_int_equal(work_submit(r, 0, &more), -EAGAIN);
	assert_false(dsa_work_step(r->work));
	assert_int_equal(work_read(r, 0).status, 0);
	dsa_work_halt(r->work, false);
	assert_int_equal(work_submit(r, 0, &more), 0);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
}

static void
whose_pasid_counts(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq wq = work_dedicated();
	struct dsa_desc move = work_move(100, 0);

	/* Dedicated: the queue's, whatever the descriptor says. */
	wq.pasid_enable = true;
	wq.pasid = WORK_PASID;
	assert_int_equal(dsa_work_enable(r->work, 1, &wq), 0);
	move.pasid = 5 | DSA_PRIV;
	work_post(r, 1, &move);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
	/* Shared: the descriptor's. One that nothing is mapped for reaches not even the record. */
	enable(r, false, 8, 8);
	move.pasid = 5;
	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_true(work_run(r));
	assert_int_equal(r->errors, 1);
	assert_int_equal(DSA_STATUS_CODE(r->error[0].code), DSA_STATUS_CR_FAULT);
	assert_int_equal(r->error[0].pasid, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, work_setup, work_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shared_takes_up_to_threshold_and_size),
		TEST(threshold_counts_from_the_next_submission),
		TEST(full_dedicated_drops_and_tells),
		TEST(other_transactions_are_ignored_or_retried),
		cmocka_unit_test_teardown(without_interrupts_in_memory_their_portals_take_nothing,
					  work_teardown),
		TEST(stopped_queue_does_what_it_has),
		TEST(enabled_again_it_is_another_queue),
		TEST(halted_queue_takes_nothing_and_keeps_what_it_has),
		TEST(whose_pasid_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
