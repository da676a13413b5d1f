/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Batches: sections 8.2, 9, 11.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dsa_work_test_rig.h"

#define MEMBERS 20u
/* Record of the batch itself, after those of its members. */
#define WHOLE MEMBERS

static void
enable(struct work_rig *r)
{
	struct dsa_work_wq wq = work_dedicated();

	assert_int_equal(dsa_work_enable(r->work, 0, &wq), 0);
}

/* Members that each move a piece of their own. */
static void
make(struct dsa_desc members[MEMBERS])
{
	for (unsigned int i = 0; i < MEMBERS; i++) {
		members[i] = work_move(64, i);
		members[i].src += i * 512;
		members[i].dst += i * 512;
	}
}

static void
run(struct work_rig *r, const struct dsa_desc *batch)
{
	memset(work_at(r, work_record(0)), 0, (WHOLE + 1) * DSA_CR_BYTES);
	work_post(r, 0, batch);
	assert_true(work_run(r));
}

static void
expect(struct work_rig *r, unsigned int status, unsigned int done)
{
	struct dsa_cr cr = work_read(r, WHOLE);

	assert_int_equal(cr.status, status);
	assert_int_equal(cr.bytes_completed, done);
}

/* Of members first to last, end excluded. */
static void
expect_members(struct work_rig *r, unsigned int first, unsigned int end, unsigned int status)
{
	for (unsigned int i = first; i < end; i++)
		assert_int_equal(work_read(r, i).status, status);
}

static void
all_members_are_done(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	for (unsigned int policy = WORK_WHOLE; policy <= WORK_BOUNCED; policy++) {
		r->policy = policy;
		dsa_work_remap(r->work);
		memset(work_at(r, work_page(100)), 0, MEMBERS * 512);
		make(members);
		batch = work_batch(r, members, MEMBERS, WHOLE);
		run(r, &batch);
		expect(r, DSA_STATUS_SUCCESS, MEMBERS);
		expect_members(r, 0, MEMBERS, DSA_STATUS_SUCCESS);
		for (unsigned int i = 0; i < MEMBERS; i++)
			assert_memory_equal(work_at(r, members[i].dst),
					    work_at(r, members[i].src), 64);
	}
	assert_int_equal(dsa_work_events(r->work, 1, 4, ~UINT64_C(0), ~UINT64_C(0)), 3 * MEMBERS);
	assert_int_equal(dsa_work_events(r->work, 1, 5, ~UINT64_C(0), ~UINT64_C(0)), 3);
	assert_int_equal(dsa_work_events(r->work, 3, 1, ~UINT64_C(0), ~UINT64_C(0)), 3);
	assert_int_equal(dsa_work_events(r->work, 3, 3, ~UINT64_C(0), ~UINT64_C(0)), 3 * MEMBERS);
}

static void
takes_one_entry(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	work_post(r, 0, &batch);
	assert_int_equal(dsa_work_occupancy(r->work, 0), 1);
}

static void
records_may_lie_on_descriptors(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;
	struct dsa_cr cr;

	enable(r);
	make(members);
	for (unsigned int i = 0; i < MEMBERS; i++)
		members[i].cr = work_page(150) + i * DSA_DESC_BYTES;
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_SUCCESS, MEMBERS);
	for (unsigned int i = 0; i < MEMBERS; i++) {
		memcpy(&cr, work_at(r, members[i].cr), sizeof(cr));
		assert_int_equal(cr.status, DSA_STATUS_SUCCESS);
		assert_memory_equal(work_at(r, members[i].dst), work_at(r, members[i].src), 64);
	}
}

static void
success_without_rcr_leaves_memory_alone(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	for (unsigned int i = 0; i < MEMBERS; i++)
		members[i].op_flags &= ~DSA_FLAG_RCR;
	members[3].size = 0;
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_BATCH_FAILED, MEMBERS);
	expect_members(r, 0, 3, 0);
	expect_members(r, 3, 4, DSA_STATUS_SIZE);
	expect_members(r, 4, MEMBERS, 0);
	assert_int_equal(work_read(r, WHOLE).result, 1);
}

static void
members_have_the_pasid_of_the_batch(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq wq = work_shared();
	struct dsa_desc members[MEMBERS], batch;

	assert_int_equal(dsa_work_enable(r->work, 0, &wq), 0);
	make(members);
	for (unsigned int i = 0; i < MEMBERS; i++)
		members[i].pasid = UINT32_MAX;
	batch = work_batch(r, members, MEMBERS, WHOLE);
	assert_int_equal(work_submit(r, 0, &batch), 0);
	assert_true(work_run(r));
	expect(r, DSA_STATUS_SUCCESS, MEMBERS);
}

static void
forbidden_members_fail_by_themselves(void **state)
{
	static const uint8_t forbidden[] = {DSA_OP_BATCH, DSA_OP_DRAIN, DSA_OP_UPDATE_WINDOW};
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	for (unsigned int i = 0; i < sizeof(forbidden); i++)
		members[i] = work_desc(forbidden[i], i);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_BATCH_FAILED, MEMBERS);
	expect_members(r, 0, sizeof(forbidden), DSA_STATUS_OPCODE);
	expect_members(r, sizeof(forbidden), MEMBERS, DSA_STATUS_SUCCESS);
}

static void
wrong_batch_does_nothing(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch, wrong;

	enable(r);
	make(members);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	wrong = batch;
	wrong.list += 32;
	run(r, &wrong);
	expect(r, DSA_STATUS_LIST_ALIGN, 0);
	wrong = batch;
	wrong.count = 65;
	run(r, &wrong);
	expect(r, DSA_STATUS_COUNT, 0);
	wrong.count = 0;
	run(r, &wrong);
	expect(r, DSA_STATUS_COUNT, 0);
	expect_members(r, 0, MEMBERS, 0);
}

static void
fence_after_failure_abandons_the_rest(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	for (unsigned int fence = 1; fence < MEMBERS; fence++) {
		make(members);
		members[0].size = 0;
		members[fence].op_flags |= DSA_FLAG_FENCE;
		batch = work_batch(r, members, MEMBERS, WHOLE);
		run(r, &batch);
		expect(r, DSA_STATUS_BATCH_FAILED, fence);
		expect_members(r, 0, 1, DSA_STATUS_SIZE);
		expect_members(r, 1, fence, DSA_STATUS_SUCCESS);
		expect_members(r, fence, MEMBERS, 0);
	}
}

static void
false_predicate_stops_at_a_fence(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	/* Unequal, where equal is expected. */
	members[2] = work_desc(DSA_OP_COMPARE, 2);
	members[2].op_flags |= DSA_FLAG_CHECK;
	members[2].src = work_page(0);
	members[2].src2 = work_page(0) + 64;
	members[2].size = 64;
	members[9].op_flags |= DSA_FLAG_FENCE;
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_BATCH_FAILED, 9);
	assert_int_equal(work_read(r, 2).status, DSA_STATUS_FALSE_PREDICATE);
	expect_members(r, 3, 9, DSA_STATUS_SUCCESS);
	expect_members(r, 9, MEMBERS, 0);
}

static void
fence_without_failure_goes_on(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	members[9].op_flags |= DSA_FLAG_FENCE;
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_SUCCESS, MEMBERS);
}

static void
continued_batch_remembers_failures(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	batch.op_flags |= DSA_FLAG_BATCH_ERROR;
	run(r, &batch);
	expect(r, DSA_STATUS_BATCH_FAILED, MEMBERS);
	assert_int_equal(work_read(r, WHOLE).result, 1);
	expect_members(r, 0, MEMBERS, DSA_STATUS_SUCCESS);
}

/* The list ends with its page: any number of members before it. */
static void
list_fault_counts_what_was_done(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;
	struct dsa_cr cr;

	enable(r);
	make(members);
	for (unsigned int policy = WORK_WHOLE; policy <= WORK_BOUNCED; policy++) {
		r->policy = policy;
		work_break(r, 151, BUS_PROT_READ);
		for (unsigned int before = 0; before < MEMBERS; before++) {
			batch = work_batch(r, members, MEMBERS, WHOLE);
			batch.list = work_page(151) - before * DSA_DESC_BYTES;
			memcpy(work_at(r, batch.list), members, sizeof(members));
			r->requests = 0;
			run(r, &batch);
			expect(r, DSA_STATUS_BATCH_FAULT, before);
			cr = work_read(r, WHOLE);
			assert_int_equal(cr.fault_addr, work_page(151));
			assert_int_equal(cr.fault_info, 1 | 1 << 1);
			assert_int_equal(cr.result, 0);
			expect_members(r, 0, before, DSA_STATUS_SUCCESS);
			expect_members(r, before, MEMBERS, 0);
			/* Lists are waited for without being told to. */
			assert_int_equal(r->requests, 1);
		}
	}
}

static void
list_page_that_is_given_is_read(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	work_break(r, 150, BUS_PROT_READ);
	r->gives = true;
	run(r, &batch);
	expect(r, DSA_STATUS_SUCCESS, MEMBERS);
	assert_int_equal(r->requests, 1);
}

static void
unrecorded_members_are_told_with_their_index(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[MEMBERS], batch;

	enable(r);
	make(members);
	for (unsigned int i = 5; i < MEMBERS; i += 7) {
		members[i].op_flags &= ~(DSA_FLAG_RCR | DSA_FLAG_CRAV);
		members[i].cr = 0;
		members[i].size = 0;
	}
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	expect(r, DSA_STATUS_BATCH_FAILED, MEMBERS);
	assert_int_equal(r->errors, 3);
	for (unsigned int n = 0; n < 3; n++) {
		assert_true(r->error[n].batch);
		assert_int_equal(r->error[n].batch_index, 5 + 7 * n);
		assert_int_equal(r->error[n].code, DSA_STATUS_SIZE);
		assert_int_equal(r->error[n].opcode, DSA_OP_MOVE);
		assert_int_equal(r->error[n].first_in_batch, n == 0);
		assert_int_equal(r->error[n].batch_id, r->error[0].batch_id);
	}
}

static void
large_members_go_on_in_the_next_step(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc members[2], batch;

	enable(r);
	for (unsigned int i = 0; i < 2; i++) {
		members[i] = work_move(40 * WORK_PAGE, i);
		members[i].src += i * 40 * WORK_PAGE;
		members[i].dst = work_page(100);
	}
	members[1].dst = work_page(155);
	batch = work_batch(r, members, 2, WHOLE);
	work_post(r, 0, &batch);
	assert_true(dsa_work_step(r->work));
	expect(r, 0, 0);
	assert_true(work_run(r));
	expect(r, DSA_STATUS_SUCCESS, 2);
	assert_memory_equal(work_at(r, members[1].dst), work_at(r, members[1].src), 40 * WORK_PAGE);
}

/* In any order, but none before a fence that comes before it, nor after one that comes after it. */
static void
shuffled_members_keep_fences(void **state)
{
	struct dsa_work_config config = work_config();
	struct dsa_desc members[MEMBERS], batch;
	bool other = false;

	config.shuffled = true;
	for (config.seed = 0; config.seed < 50; config.seed++) {
		struct work_rig *r;
		uint8_t last;

		assert_int_equal(work_setup_with(state, &config), 0);
		r = *state;
		enable(r);
		/* All fill the same byte: the last one shows. */
		for (unsigned int i = 0; i < MEMBERS; i++) {
			members[i] = work_desc(DSA_OP_FILL, i);
			members[i].pattern = i + 1;
			members[i].dst = work_page(100);
			members[i].size = 1;
		}
		batch = work_batch(r, members, 6, WHOLE);
		run(r, &batch);
		expect(r, DSA_STATUS_SUCCESS, 6);
		last = *(uint8_t *)work_at(r, work_page(100));
		other |= last != 6;
		members[4].op_flags |= DSA_FLAG_FENCE;
		batch = work_batch(r, members, 5, WHOLE);
		run(r, &batch);
		assert_int_equal(*(uint8_t *)work_at(r, work_page(100)), 5);
		/* What comes after a fence sees what was written before it. */
		members[4].op_flags &= ~DSA_FLAG_FENCE;
		members[2].op_flags |= DSA_FLAG_FENCE;
		for (unsigned int i = 3; i < 7; i++) {
			members[i] = work_move(1, i);
			members[i].src = work_page(100);
			members[i].dst = work_page(101) + i;
		}
		batch = work_batch(r, members, 7, WHOLE);
		run(r, &batch);
		for (unsigned int i = 3; i < 7; i++)
			assert_int_equal(*(uint8_t *)work_at(r, work_page(101) + i), 3);
		if (config.seed != 49)
			work_teardown(state);
	}
	assert_true(other);
}

/* ---- The short way for plain moves ---- */

/* Pages that moves go between. */
#define FIELD       100u
#define FIELD_BYTES (FIELD * WORK_PAGE)

static uint32_t
number(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}

/* Moves of any sizes, over each other's places, few of them otherwise than most. */
static void
make_field(struct dsa_desc members[MEMBERS], uint64_t *seed)
{
	for (unsigned int i = 0; i < MEMBERS; i++) {
		uint32_t most = number(seed, 4) == 0 ? 20 * WORK_PAGE : WORK_PAGE;

		members[i] = work_move(1 + number(seed, most), i);
		members[i].src = work_page(0) + number(seed, 80 * WORK_PAGE);
		members[i].dst = work_page(0) + number(seed, 80 * WORK_PAGE);
		if (number(seed, 16) == 0)
			members[i].reserved38 = 1;
		if (number(seed, 16) == 0)
			members[i].size = 0;
	}
}

/* Run them from the same memory: what came of it, and of the counters. */
static struct dsa_work_stats
run_field(struct work_rig *r, const struct dsa_desc members[MEMBERS], const uint8_t *before,
	  uint64_t engine[4])
{
	struct dsa_work_stats old, now;
	struct dsa_desc batch;

	memcpy(work_at(r, work_page(0)), before, FIELD_BYTES);
	dsa_work_stats(r->work, 0, &old);
	for (unsigned int i = 0; i < 4; i++)
		engine[i] = dsa_work_events(r->work, 1, i, 1, 1);
	batch = work_batch(r, members, MEMBERS, WHOLE);
	run(r, &batch);
	dsa_work_stats(r->work, 0, &now);
	for (unsigned int i = 0; i < 4; i++)
		engine[i] = dsa_work_events(r->work, 1, i, 1, 1) - engine[i];
	now.completed -= old.completed;
	now.failed -= old.failed;
	now.bytes -= old.bytes;
	return now;
}

static void
same_as(struct work_rig *r, const struct dsa_work_stats *stats,
	const struct dsa_work_stats *expected, const struct dsa_cr records[WHOLE + 1])
{
	static const struct dsa_cr untouched;

	assert_int_equal(stats->completed, expected->completed);
	assert_int_equal(stats->failed, expected->failed);
	assert_int_equal(stats->bytes, expected->bytes);
	for (unsigned int i = 0; i <= WHOLE; i++) {
		struct dsa_cr cr = work_read(r, i);
		bool told = i == WHOLE || records[i].status != DSA_STATUS_SUCCESS;

		assert_memory_equal(&cr, told ? &records[i] : &untouched, sizeof(cr));
	}
}

/* Those that are told of go the general way; without that most are plain. */
static void
plain_moves_are_as_others(void **state)
{
	struct work_rig *r = *state;
	uint8_t *before = malloc(2 * FIELD_BYTES), *after = before + FIELD_BYTES;
	uint64_t seed = 1;

	assert_non_null(before);
	enable(r);
	for (unsigned int i = 0; i < FIELD_BYTES; i++)
		before[i] = (uint8_t)number(&seed, 256);
	for (unsigned int round = 0; round < 100; round++) {
		unsigned int broken = number(&seed, FIELD);
		struct dsa_desc members[MEMBERS];
		struct dsa_cr records[WHOLE + 1];
		struct dsa_work_stats expected, stats;
		uint64_t engine[2][4];

		r->policy = round % 8 == 0 ? WORK_BOUNCED :
			    round % 4 == 0 ? WORK_BY_PAGE : WORK_WHOLE;
		work_break(r, broken, number(&seed, 2) ? 0 : BUS_PROT_READ);
		make_field(members, &seed);
		expected = run_field(r, members, before, engine[0]);
		memcpy(after, work_at(r, work_page(0)), FIELD_BYTES);
		memcpy(records, work_at(r, work_record(0)), sizeof(records));
		for (unsigned int i = 0; i < MEMBERS; i++)
			members[i].op_flags &= ~DSA_FLAG_RCR;
		stats = run_field(r, members, before, engine[1]);
		assert_memory_equal(engine[0], engine[1], sizeof(engine[0]));
		same_as(r, &stats, &expected, records);
		assert_memory_equal(work_at(r, work_page(0)), after, FIELD_BYTES);
		work_break(r, broken, BUS_PROT_READ | BUS_PROT_WRITE);
	}
	free(before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, work_setup, work_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_members_are_done),
		TEST(takes_one_entry),
		TEST(records_may_lie_on_descriptors),
		TEST(success_without_rcr_leaves_memory_alone),
		TEST(members_have_the_pasid_of_the_batch),
		TEST(forbidden_members_fail_by_themselves),
		TEST(wrong_batch_does_nothing),
		TEST(fence_after_failure_abandons_the_rest),
		TEST(false_predicate_stops_at_a_fence),
		TEST(fence_without_failure_goes_on),
		TEST(continued_batch_remembers_failures),
		TEST(list_fault_counts_what_was_done),
		TEST(list_page_that_is_given_is_read),
		TEST(unrecorded_members_are_told_with_their_index),
		TEST(large_members_go_on_in_the_next_step),
		TEST(plain_moves_are_as_others),
		cmocka_unit_test_teardown(shuffled_members_keep_fences, work_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
