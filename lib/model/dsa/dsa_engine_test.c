/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Dispatch and engines, sections 18 and 26.2, and what commands do with work: drain, abort, halt,
 * reset, new maps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dsa_work_test_rig.h"

/* Larger than what an engine does in a step. */
#define LARGE (90 * WORK_PAGE)

static void
enable(struct work_rig *r, unsigned int wq, uint8_t priority)
{
	struct dsa_work_wq config = work_dedicated();

	config.priority = priority;
	config.size = 64;
	assert_int_equal(dsa_work_enable(r->work, wq, &config), 0);
}

/* A byte to the destination that all write: who writes last shows. */
static struct dsa_desc
mark_of(unsigned int value)
{
	struct dsa_desc fill = work_desc(DSA_OP_FILL, value);

	fill.pattern = value;
	fill.dst = work_page(100);
	fill.size = 1;
	return fill;
}

static uint8_t
last_mark(struct work_rig *r)
{
	return *(uint8_t *)work_at(r, work_page(100));
}

static unsigned int
ended(struct work_rig *r, unsigned int n)
{
	unsigned int sum = 0;

	for (unsigned int i = 1; i <= n; i++)
		sum += work_read(r, i).status != 0;
	return sum;
}

/* ---- What is told of engines ---- */

static void
engines_tell_what_they_do(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_engine_stats stats;
	struct dsa_desc move = work_move(LARGE, 1);

	enable(r, 0, 1);
	work_post(r, 0, &move);
	dsa_work_engine_stats(r->work, 0, &stats);
	assert_false(stats.busy);
	assert_true(dsa_work_step(r->work));
	dsa_work_engine_stats(r->work, 0, &stats);
	assert_true(stats.busy);
	assert_int_equal(stats.completed, 0);
	assert_true(work_run(r));
	dsa_work_engine_stats(r->work, 0, &stats);
	assert_false(stats.busy);
	assert_int_equal(stats.completed, 1);
	assert_int_equal(stats.bytes, LARGE);
	/* It serves no group. */
	dsa_work_engine_stats(r->work, 1, &stats);
	assert_false(stats.busy);
	assert_int_equal(stats.completed, 0);
}

/* ---- Dispatch ---- */

/* The interrupts tell the order: handle = queue. */
static char order[200];

static void
note(void *owner, unsigned int handle, bool ims)
{
	size_t n = strlen(order);

	(void)owner;
	(void)ims;
	if (n < sizeof(order) - 1)
		order[n] = (char)('A' + handle);
}

static bool
any_handle(void *owner, unsigned int handle, bool ims, bool pasid_enable, uint32_t pasid)
{
	(void)owner;
	(void)handle;
	(void)ims;
	(void)pasid_enable;
	(void)pasid;
	return true;
}

static void
no_error(void *owner, const struct dsa_error *error)
{
	(void)owner;
	fail_msg("error 0x%x", error->code);
}

static void
dispatch(struct dsa_work *work, const uint8_t priority[], unsigned int queues, unsigned int each)
{
	memset(order, 0, sizeof(order));
	dsa_work_group(work, 0, 1, (UINT64_C(1) << queues) - 1);
	for (unsigned int wq = 0; wq < queues; wq++) {
		struct dsa_work_wq config = work_dedicated();
		struct dsa_desc noop = {
			.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, DSA_FLAG_RCI),
			.interrupt_handle = (uint16_t)wq,
		};

		config.priority = priority[wq];
		config.size = 64;
		assert_int_equal(dsa_work_enable(work, wq, &config), 0);
		for (unsigned int n = 0; n < each; n++)
			dsa_work_post(work, wq, DSA_PORTAL_UNLIMITED, &noop);
	}
	while (dsa_work_step(work))
		;
}

static void
with_work(const char *expected, const uint8_t priority[], unsigned int queues, unsigned int each)
{
	struct dsa_work_config config = work_config();
	struct dsa_work_owner owner = {
		.error = no_error, .handle_ok = any_handle, .interrupt = note};
	struct work_rig host = {.policy = WORK_BOUNCED};
	struct dsa_work *work;

	assert_int_equal(dsa_work_create(&config, &host.host, &owner, &work), 0);
	dispatch(work, priority, queues, each);
	assert_string_equal(order, expected);
	dsa_work_destroy(work);
}

static void
queues_take_turns_by_their_priorities(void **state)
{
	(void)state;
	with_work("ABABABAB", (const uint8_t[]){1, 1}, 2, 4);
	with_work("ABAABAAABBBB", (const uint8_t[]){3, 1}, 2, 6);
	with_work("ABCBCCABCBCCABBAAA", (const uint8_t[]){1, 2, 3}, 3, 6);
	/* Without priorities everybody has one. */
	with_work("ABCABC", (const uint8_t[]){0, 0, 0}, 3, 2);
}

static void
occupancy_falls_when_work_begins(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(LARGE, 1);

	enable(r, 0, 1);
	dsa_work_arm(r->work, 0, 1);
	for (unsigned int n = 0; n < 3; n++)
		work_post(r, 0, &move);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 3);
	assert_true(dsa_work_step(r->work));
	assert_int_equal(work_read(r, 1).status, 0);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 2);
	assert_int_equal(r->occupancy_calls, 0);
	assert_true(work_run(r));
	/* At the limit, and below it. */
	assert_int_equal(r->occupancy_calls, 2);
	assert_int_equal(r->last_arming, dsa_work_arming(r->work, 0));
	dsa_work_disarm(r->work, 0);
	work_post(r, 0, &move);
	assert_true(work_run(r));
	assert_int_equal(r->occupancy_calls, 2);
}

static void
low_occupancy_is_told_to_who_arms(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(LARGE, 1);
	uint64_t first;

	enable(r, 0, 1);
	work_post(r, 0, &move);
	work_post(r, 0, &move);
	dsa_work_arm(r->work, 0, 1);
	dsa_work_armed(r->work, 0);
	assert_int_equal(r->occupancy_calls, 0);
	first = dsa_work_arming(r->work, 0);
	assert_int_not_equal(first, 0);
	dsa_work_arm(r->work, 0, 2);
	dsa_work_armed(r->work, 0);
	assert_int_equal(r->occupancy_calls, 1);
	assert_int_equal(r->last_arming, dsa_work_arming(r->work, 0));
	/* At the limit that the first one had, it is another. */
	dsa_work_disarm(r->work, 0);
	assert_int_equal(dsa_work_arming(r->work, 0), 0);
	dsa_work_arm(r->work, 0, 1);
	assert_int_not_equal(dsa_work_arming(r->work, 0), first);
	assert_true(work_run(r));
}

static void
engines_serve_their_group_only(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc fill = mark_of(1);

	enable(r, 0, 1);
	dsa_work_group(r->work, 0, 0, 0);
	work_post(r, 0, &fill);
	assert_false(dsa_work_step(r->work));
	assert_int_equal(work_read(r, 1).status, 0);
	dsa_work_group(r->work, 1, 2, 1);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
	assert_int_equal(dsa_work_events(r->work, 1, 5, 1, 1), 0);
	assert_int_equal(dsa_work_events(r->work, 1, 5, 1, 2), 1);
}

static void
one_engine_works_in_order(void **state)
{
	struct work_rig *r = *state;

	enable(r, 0, 1);
	for (unsigned int n = 1; n <= 60; n++) {
		struct dsa_desc fill = mark_of(n);

		work_post(r, 0, &fill);
	}
	assert_true(work_run(r));
	assert_int_equal(ended(r, 60), 60);
	assert_int_equal(last_mark(r), 60);
}

static void
shuffled_work_is_done_once_and_repeats(void **state)
{
	struct dsa_work_config config = work_config();
	uint8_t marks[2][20];
	bool other = false;

	config.shuffled = true;
	for (unsigned int round = 0; round < 2; round++) {
		for (config.seed = 0; config.seed < 20; config.seed++) {
			struct work_rig *r;

			assert_int_equal(work_setup_with(state, &config), 0);
			r = *state;
			enable(r, 0, 1);
			for (unsigned int n = 1; n <= 8; n++) {
				struct dsa_desc fill = mark_of(n);

				work_post(r, 0, &fill);
			}
			assert_true(work_run(r));
			assert_int_equal(ended(r, 8), 8);
			assert_int_equal(dsa_work_events(r->work, 3, 4, 1, 3), 8);
			marks[round][config.seed] = last_mark(r);
			other |= last_mark(r) != 8;
			if (round == 0 || config.seed != 19)
				work_teardown(state);
		}
	}
	assert_memory_equal(marks[0], marks[1], sizeof(marks[0]));
	assert_true(other);
}

/* ---- Drain descriptors ---- */

/* Two engines: the first has something large in hand, so what comes behind overtakes it. */
static struct work_rig *
two_engines(void **state, const struct dsa_work_wq *config)
{
	struct work_rig *r = *state;

	dsa_work_group(r->work, 0, 3, 1);
	assert_int_equal(dsa_work_enable(r->work, 0, config), 0);
	return r;
}

static void
drain_waits_for_what_came_before(void **state)
{
	struct dsa_work_wq config = work_dedicated();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc move = work_move(LARGE, 1), drain = work_desc(DSA_OP_DRAIN, 2);
	struct dsa_desc behind = work_desc(DSA_OP_NOOP, 3);

	work_post(r, 0, &move);
	work_post(r, 0, &drain);
	work_post(r, 0, &behind);
	assert_true(dsa_work_step(r->work));
	assert_int_equal(work_read(r, 1).status, 0);
	assert_int_equal(work_read(r, 2).status, 0);
	assert_int_equal(work_read(r, 3).status, DSA_STATUS_SUCCESS);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
	assert_int_equal(work_read(r, 2).status, DSA_STATUS_SUCCESS);
}

static void
drain_of_shared_queue_waits_for_its_pasid(void **state)
{
	struct dsa_work_wq config = work_shared();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc move = work_move(LARGE, 1), drain = work_desc(DSA_OP_DRAIN, 2);

	assert_int_equal(work_submit(r, 0, &move), 0);
	drain.pasid = WORK_PASID + 1;
	drain.op_flags = DSA_OP_FLAGS(DSA_OP_DRAIN, DSA_FLAG_RCI);
	drain.cr = 0;
	dsa_work_user_interrupts(r->work, true);
	assert_int_equal(work_submit(r, 0, &drain), 0);
	assert_true(dsa_work_step(r->work));
	assert_int_equal(work_read(r, 1).status, 0);
	assert_int_equal(r->interrupts, 1);
	drain.pasid = WORK_PASID;
	assert_int_equal(work_submit(r, 0, &drain), 0);
	assert_true(work_run(r));
	assert_int_equal(r->interrupts, 2);
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
}

static void
drains_beyond_an_engines_hands_end_too(void **state)
{
	struct dsa_work_wq config = work_dedicated();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc move = work_move(LARGE, 1);

	work_post(r, 0, &move);
	for (unsigned int n = 2; n < 16; n++) {
		struct dsa_desc drain = work_desc(DSA_OP_DRAIN, n);

		work_post(r, 0, &drain);
	}
	assert_true(work_run(r));
	assert_int_equal(ended(r, 15), 15);
}

static void
drain_reads_back(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc drain = work_desc(DSA_OP_DRAIN, 1);

	enable(r, 0, 1);
	drain.op_flags |= DSA_FLAG_DRAIN_READ1 | DSA_FLAG_DRAIN_READ2;
	drain.src = work_page(10);
	drain.src2 = work_page(11);
	work_post(r, 0, &drain);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
	work_break(r, 11, BUS_PROT_READ);
	work_post(r, 0, &drain);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_DRAIN_FAULT);
	assert_int_equal(work_read(r, 1).fault_addr, work_page(11));
	assert_int_equal(work_read(r, 1).fault_info, 1 | 2 << 1);
	assert_int_equal(r->requests, 1);
}

/* ---- Marks ---- */

static void
mark_passes_when_what_was_before_has_ended(void **state)
{
	struct dsa_work_wq config = work_dedicated();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc move = work_move(LARGE, 1);

	dsa_work_mark(r->work, 0);
	assert_true(dsa_work_passed(r->work, 0));
	work_post(r, 0, &move);
	assert_true(dsa_work_passed(r->work, 0));
	dsa_work_mark(r->work, 0);
	assert_false(dsa_work_passed(r->work, 0));
	assert_true(dsa_work_step(r->work));
	/* In flight, and no longer in the queue. */
	assert_int_equal(dsa_work_occupancy(r->work, 0), 0);
	assert_false(dsa_work_passed(r->work, 0));
	assert_true(work_run(r));
	assert_true(dsa_work_passed(r->work, 0));
}

static void
marks_of_a_pasid_wait_for_it_alone(void **state)
{
	struct dsa_work_wq config = work_shared();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc move = work_move(LARGE, 1);

	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_true(dsa_work_step(r->work));
	dsa_work_mark_pasid(r->work, WORK_PASID + 1);
	assert_true(dsa_work_passed_pasid(r->work));
	dsa_work_mark_pasid(r->work, WORK_PASID);
	assert_false(dsa_work_passed_pasid(r->work));
	assert_true(work_run(r));
	assert_true(dsa_work_passed_pasid(r->work));
}

static void
aborted_work_is_dropped_without_records(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_stats stats;
	struct dsa_desc move, later;

	enable(r, 0, 1);
	for (unsigned int n = 1; n <= 4; n++) {
		move = work_move(LARGE, n);
		work_post(r, 0, &move);
	}
	assert_true(dsa_work_step(r->work));
	dsa_work_mark(r->work, 0);
	later = work_move(64, 5);
	work_post(r, 0, &later);
	dsa_work_abort(r->work, 0);
	assert_true(work_run(r));
	assert_true(dsa_work_passed(r->work, 0));
	assert_int_equal(ended(r, 4), 0);
	/* What came after the mark is done. */
	assert_int_equal(work_read(r, 5).status, DSA_STATUS_SUCCESS);
	dsa_work_stats(r->work, 0, &stats);
	assert_int_equal(stats.accepted, 5);
	assert_int_equal(stats.aborted, 4);
	assert_int_equal(stats.completed, 1);
}

static void
aborted_pasid_leaves_others_alone(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq config = work_shared();
	struct dsa_desc move = work_move(64, 1), other = work_desc(DSA_OP_NOOP, 2);

	assert_int_equal(dsa_work_enable(r->work, 0, &config), 0);
	other.pasid = WORK_PASID + 1;
	other.op_flags = DSA_OP_FLAGS(DSA_OP_NOOP, 0);
	other.cr = 0;
	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_int_equal(work_submit(r, 0, &other), 0);
	dsa_work_mark_pasid(r->work, WORK_PASID);
	dsa_work_abort_pasid(r->work, WORK_PASID);
	assert_true(work_run(r));
	assert_true(dsa_work_passed_pasid(r->work));
	assert_int_equal(work_read(r, 1).status, 0);
	assert_int_equal(dsa_work_events(r->work, 3, 0, 1, 3), 1);
	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
}

static void
abort_ends_drains_and_batches(void **state)
{
	struct dsa_work_wq config = work_dedicated();
	struct work_rig *r = two_engines(state, &config);
	struct dsa_desc members[4], batch, drain = work_desc(DSA_OP_DRAIN, 6);

	for (unsigned int n = 0; n < 4; n++)
		members[n] = work_move(LARGE, n + 1);
	batch = work_batch(r, members, 4, 5);
	batch.list = work_page(220);
	memcpy(work_at(r, batch.list), members, sizeof(members));
	work_post(r, 0, &batch);
	work_post(r, 0, &drain);
	assert_true(dsa_work_step(r->work));
	dsa_work_mark(r->work, 0);
	dsa_work_abort(r->work, 0);
	assert_true(work_run(r));
	assert_true(dsa_work_passed(r->work, 0));
	assert_int_equal(ended(r, 6), 0);
}

/* ---- Halt, reset, maps ---- */

static void
halt_keeps_work_under_way(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(LARGE, 1);

	enable(r, 0, 1);
	work_post(r, 0, &move);
	assert_true(dsa_work_step(r->work));
	dsa_work_halt(r->work, true);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, 0);
	dsa_work_halt(r->work, false);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_SUCCESS);
}

/* As an event log that cannot be written does. */
static void
halt_from_within_stops_at_once(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc wrong = work_desc(DSA_OP_MOVE, 1), noop = work_desc(DSA_OP_NOOP, 2);

	enable(r, 0, 1);
	r->halts_on_error = true;
	wrong.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, 0);
	wrong.cr = 0;
	work_post(r, 0, &wrong);
	work_post(r, 0, &noop);
	assert_false(dsa_work_step(r->work));
	assert_int_equal(r->errors, 1);
	assert_int_equal(work_read(r, 2).status, 0);
	dsa_work_halt(r->work, false);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 2).status, DSA_STATUS_SUCCESS);
}

static void
reset_drops_everything(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(LARGE, 1), next = work_move(64, 2);

	enable(r, 0, 1);
	work_post(r, 0, &move);
	work_post(r, 0, &move);
	assert_true(dsa_work_step(r->work));
	dsa_work_reset(r->work);
	assert_false(dsa_work_step(r->work));
	assert_int_equal(dsa_work_occupancy(r->work, 0), 0);
	work_post(r, 0, &next);
	assert_false(dsa_work_step(r->work));
	enable(r, 0, 1);
	work_post(r, 0, &next);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, 0);
	assert_int_equal(work_read(r, 2).status, DSA_STATUS_SUCCESS);
}

static void
new_map_is_looked_up(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(64, 1);
	unsigned int maps;

	enable(r, 0, 1);
	work_post(r, 0, &move);
	assert_true(work_run(r));
	maps = r->maps;
	work_post(r, 0, &move);
	assert_true(work_run(r));
	assert_int_equal(r->maps, maps);
	work_break(r, 0, BUS_PROT_READ);
	work_post(r, 0, &move);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 1).status, DSA_STATUS_PAGE_FAULT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, work_setup, work_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(engines_tell_what_they_do),
		cmocka_unit_test(queues_take_turns_by_their_priorities),
		TEST(occupancy_falls_when_work_begins),
		TEST(low_occupancy_is_told_to_who_arms),
		TEST(engines_serve_their_group_only),
		TEST(one_engine_works_in_order),
		cmocka_unit_test_teardown(shuffled_work_is_done_once_and_repeats, work_teardown),
		TEST(drain_waits_for_what_came_before),
		TEST(drain_of_shared_queue_waits_for_its_pasid),
		TEST(drains_beyond_an_engines_hands_end_too),
		TEST(drain_reads_back),
		TEST(mark_passes_when_what_was_before_has_ended),
		TEST(marks_of_a_pasid_wait_for_it_alone),
		TEST(aborted_work_is_dropped_without_records),
		TEST(aborted_pasid_leaves_others_alone),
		TEST(abort_ends_drains_and_batches),
		TEST(halt_keeps_work_under_way),
		TEST(halt_from_within_stops_at_once),
		TEST(reset_drops_everything),
		TEST(new_map_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
