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
	struct check_sums sent;
	struct check_stage stage;
	uint64_t tag[EVENTS + 1]; /* in the order of delivery, with room for one more */
	unsigned int count;
	char reason[96];
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	assert_non_null(f);
	f->stage.next = calloc(CHECK_STREAMS, sizeof(*f->stage.next));
	assert_non_null(f->stage.next);
	f->stage.ordered = true;
	for (i = 0; i < EVENTS; i++) {
		f->tag[i] = check_tag(i % 2, i / 2 % FLOWS, i / 2);
		check_add(&f->sent, f->tag[i]);
	}
	f->count = EVENTS;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->stage.next);
	free(f);
	return 0;
}

static int
deliver(struct fixture *f)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		check_delivery(&f->stage, f->tag[i]);
	return check_verdict(1, &f->sent, &f->stage.sums, f->stage.wrong_order, f->reason,
			     sizeof(f->reason));
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
	assert_string_equal(f->reason, "stage 1: 1000 sent, 999 delivered");
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
	assert_string_equal(f->reason, "stage 1: 1000 sent, 1001 delivered");
}

static void
one_lost_and_one_repeated_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->stage.ordered = false;
	f->tag[10] = f->tag[24];
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "stage 1: as many lost as repeated or altered");
}

/* The sum of the tags stays what it was. */
static void
pair_exchanged_for_another_is_noticed(void **state)
{
	struct fixture *f = *state;

	f->stage.ordered = false;
	f->tag[10] += 1;
	f->tag[20] -= 1;
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "stage 1: as many lost as repeated or altered");
}

static void
flow_out_of_order_is_noticed(void **state)
{
	struct fixture *f = *state;

	swap(f, 100, 100 + 2 * FLOWS);
	assert_int_equal(deliver(f), -EBADMSG);
	assert_string_equal(f->reason, "stage 1: 1 of 1000 out of order");
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

	f->stage.ordered = false;
	swap(f, 100, 100 + 2 * FLOWS);
	assert_int_equal(deliver(f), 0);
}

static void
event_not_taken_counts_as_not_sent(void **state)
{
	struct fixture *f = *state;

	f->count--;
	check_take_back(&f->sent, f->tag[f->count]);
	assert_int_equal(deliver(f), 0);
}

static void
consumers_add_up(void **state)
{
	struct fixture *f = *state;
	struct check_sums all = {0}, half[2] = {{0}, {0}};
	unsigned int i;

	for (i = 0; i < EVENTS; i++)
		check_add(&half[i % 3 == 0], f->tag[i]);
	check_merge(&all, &half[0]);
	check_merge(&all, &half[1]);
	assert_memory_equal(&all, &f->sent, sizeof(all));
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
		TEST(event_not_taken_counts_as_not_sent),
		TEST(consumers_add_up),
	};

	return cmocka_run_group_tests_name("bench_check", tests, NULL, NULL);
}
