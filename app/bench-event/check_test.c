/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A device that loses, repeats, alters or reorders events is noticed, and one that does not is left
 * alone.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"

#define EVENTS 1000
#define FLOWS  7

struct fixture {
	struct check_sums due;
	struct check_seen seen;
	uint64_t tag[EVENTS + 1]; /* in the order of delivery, with room for one more */
	unsigned int count;
	char reason[96];
};

/* Two producers, by turns, one stage. */
static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct check_sums second = check_due(1, FLOWS, EVENTS / 2, 1);
	unsigned int i;

	assert_non_null(f);
	for (i = 0; i < CHECK_MAX_STAGES; i++) {
		f->seen.next[i] = calloc(CHECK_STREAMS, sizeof(*f->seen.next[i]));
		assert_non_null(f->seen.next[i]);
	}
	f->seen.ordered = 3;
	for (i = 0; i < EVENTS; i++)
		f->tag[i] = check_tag(i % 2, i / 2 % FLOWS, i / 2);
	f->due = check_due(0, FLOWS, EVENTS / 2, 1);
	check_merge(&f->due, &second);
	f->count = EVENTS;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->seen.next[0]);
	free(f->seen.next[1]);
	free(f);
	return 0;
}

static int
verdict(struct fixture *f)
{
	return check_verdict(&f->due, &f->seen.sums, f->seen.wrong_order, f->reason,
			     sizeof(f->reason));
}

static int
deliver(struct fixture *f)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		check_delivery(&f->seen, 0, f->tag[i]);
	return verdict(f);
}

static void
swap(struct fixture *f, unsigned int i, unsigned int j)
{
	uint64_t tag = f->tag[i];

	f->tag[i] = f->tag[j];
	f->tag[j] = tag;
}

static void
faithful_device_passes(void **state)
{
	assert_int_equal(deliver(*state), 0);
}

static void
tags_keep_producer_flow_and_place_apart(void **state)
{
	(void)state;
	assert_int_not_equal(check_tag(0, 1, 5), check_tag(1, 1, 5));
	assert_int_not_equal(check_tag(0, 1, 5), check_tag(0, 2, 5));
	assert_int_not_equal(check_tag(0, 1, 5), check_tag(0, 1, 6));
	assert_true(check_tag(1, CHECK_MAX_FLOWS - 1, 0) >> CHECK_SEQ_BITS < CHECK_STREAMS);
	assert_true(check_tag(0, 0, (UINT64_C(1) << CHECK_SEQ_BITS) - 1) < check_tag(0, 1, 0));
}

static void
lost_event_is_noticed(void **state)
{
	struct fixture *f = *state;

	memmove(&f->tag[500], &f->tag[501], (EVENTS - 501) * sizeof(f->tag[0]));
	f->count--;
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "1000 deliveries due, 999 made");
}

static void
lost_last_event_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->count--;
	assert_int_equal(deliver(f), -EBADMSG);
}

static void
repeated_event_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->tag[f->count++] = f->tag[EVENTS - 1];
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "1000 deliveries due, 1001 made");
}

static void
one_lost_and_one_repeated_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->seen.ordered = 0;
	f->tag[10] = f->tag[24];
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "as many deliveries lost as repeated or altered");
}

/* The sum of the tags stays what it was. */
static void
pair_exchanged_for_another_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->seen.ordered = 0;
	f->tag[10] += 1;
	f->tag[20] -= 1;
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "as many deliveries lost as repeated or altered");
}

static void
flow_out_of_order_is_noticed(void **state)
{
	struct fixture *f = *state;

	swap(f, 100, 100 + 2 * FLOWS);
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "1 of 1000 deliveries out of order");
}

static void
flows_may_overtake_each_other(void **state)
{
	struct fixture *f = *state;

	swap(f, 100, 102);
	assert_int_equal(deliver(f), 0);
}

static void
producers_may_overtake_each_other(void **state)
{
	struct fixture *f = *state;

	swap(f, 100, 101);
	assert_int_equal(deliver(f), 0);
}

static void
parallel_stage_promises_no_order(void **state)
{
	struct fixture *f = *state;

	f->seen.ordered = 0;
	swap(f, 100, 100 + 2 * FLOWS);
	assert_int_equal(deliver(f), 0);
}

/* What is worked out is what comes of delivering, for few events and many, and more flows than
 * events.
 */
static void
dues_are_what_deliveries_add_up_to(void **state)
{
	static const struct {
		uint32_t flows;
		uint64_t sent;
	} cases[] = {{1, 0}, {1, 1}, {1, 1000}, {3, 2}, {3, 1000}, {64, 64}, {16384, 50000}};
	struct fixture *f = *state;
	struct check_sums due;
	unsigned int c, stage;
	uint64_t i;

	for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		f->seen.sums = (struct check_sums){0};
		for (stage = 0; stage < 2; stage++)
			for (i = 0; i < cases[c].sent; i++)
				check_delivery(&f->seen, stage,
					       check_tag(1, (uint32_t)(i % cases[c].flows), i));
		due = check_due(1, cases[c].flows, cases[c].sent, 2);
		assert_memory_equal(&due, &f->seen.sums, sizeof(due));
	}
}

/* Billions of events: what is divided outgrows 64 bits. */
static void
dues_of_a_long_run_add_up(void **state)
{
	struct check_sums all = check_due(0, 1, UINT64_C(5000000000), 1);
	struct check_sums less = check_due(0, 1, UINT64_C(5000000000) - 1, 1);
	uint64_t last = UINT64_C(5000000000) - 1;

	(void)state;
	assert_true(all.sum - less.sum == last);
	assert_true(all.squares - less.squares == last * last);
}

static void
delivery_at_the_wrong_stage_is_noticed(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < EVENTS; i++)
		check_delivery(&f->seen, i == 700, f->tag[i]);
	assert_int_equal(verdict(f), -EBADMSG);
	assert_string_equal(f->reason, "as many deliveries lost as repeated or altered");
}

static void
consumers_add_up(void **state)
{
	struct fixture *f = *state;
	struct check_seen other = f->seen;
	unsigned int i;

	for (i = 0; i < EVENTS; i++)
		check_delivery(i % 3 == 0 ? &other : &f->seen, 0, f->tag[i]);
	check_merge(&f->seen.sums, &other.sums);
	assert_int_equal(verdict(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(faithful_device_passes),
		TEST(tags_keep_producer_flow_and_place_apart),
		TEST(lost_event_is_noticed),
		TEST(lost_last_event_is_noticed),
		TEST(repeated_event_is_noticed),
		TEST(one_lost_and_one_repeated_is_noticed),
		TEST(pair_exchanged_for_another_is_noticed),
		TEST(flow_out_of_order_is_noticed),
		TEST(flows_may_overtake_each_other),
		TEST(producers_may_overtake_each_other),
		TEST(parallel_stage_promises_no_order),
		TEST(dues_are_what_deliveries_add_up_to),
		TEST(dues_of_a_long_run_add_up),
		TEST(delivery_at_the_wrong_stage_is_noticed),
		TEST(consumers_add_up),
	};

	return cmocka_run_group_tests_name("bench_check", tests, NULL, NULL);
}
