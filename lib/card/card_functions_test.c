/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Functions that a host calls, by the agreement of mic_mailbox.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "card_hash.h"
#include "card_test_rig.h"

#define NS_PER_MS UINT64_C(1000000)

static struct card_rig r;

/* ---- A host ---- */

struct called {
	volatile struct mic_mailbox_function *entry;
	struct mic_mailbox_slot *slots;
	uint64_t sequence;
};

static volatile struct mic_mailbox *
directory(void)
{
	uint32_t at = rig_read(&r.rig, MIC_SPAD_AT(MIC_MAILBOX_SPAD));

	assert_true(at != 0 && at <= RIG_GDDR_BYTES - sizeof(struct mic_mailbox));
	return (volatile struct mic_mailbox *)(void *)&r.rig.gddr[at];
}

static struct called
find(const char *name)
{
	volatile struct mic_mailbox *d = directory();

	assert_int_equal(d->magic, MIC_MAILBOX_MAGIC);
	for (uint32_t i = 0; i < d->count; i++)
		if (strcmp((const char *)(uintptr_t)d->function[i].name, name) == 0)
			return (struct called){
				&d->function[i],
				(struct mic_mailbox_slot *)&r.rig.gddr[d->function[i].slots], 0};
	fail();
	return (struct called){0};
}

static struct mic_mailbox_slot *
slot(const struct called *fn, uint64_t n)
{
	return &fn->slots[(n - 1) % MIC_MAILBOX_SLOTS];
}

static void
post(struct called *fn, uint64_t a, uint64_t b, uint64_t c)
{
	struct mic_mailbox_slot *line = slot(fn, ++fn->sequence);

	line->arg[0] = a;
	line->arg[1] = b;
	line->arg[2] = c;
	line->turn = MIC_MAILBOX_REQUEST(fn->sequence);
}

static bool
answered(const struct called *fn, uint64_t n)
{
	return slot(fn, n)->turn == MIC_MAILBOX_ANSWER(n);
}

static void
wake(struct called *fn)
{
	if (fn->entry->awake == 0)
		card_rig_ring(&r, fn->entry->h2c_db);
}

/* Time goes on by as little as keeps the card awake. */
static int64_t
call(struct called *fn, uint64_t a, uint64_t b, uint64_t c)
{
	post(fn, a, b, c);
	wake(fn);
	for (unsigned int n = 0; n < 100000 && !answered(fn, fn->sequence); n++)
		(void)rig_pass(&r.rig, 100);
	assert_true(answered(fn, fn->sequence));
	return slot(fn, fn->sequence)->result;
}

static const uint64_t *
answer(const struct called *fn)
{
	return slot(fn, fn->sequence)->arg;
}

static int
set_up(void **state)
{
	(void)state;
	assert_int_equal(card_rig_open(&r, NULL), 0);
	assert_true(card_rig_start(&r));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(card_rig_close(&r), 0);
	return 0;
}

/* ---- The directory ---- */

static void
the_directory_names_functions_and_their_places(void **state)
{
	volatile struct mic_mailbox *d = directory();

	(void)state;
	assert_int_equal(d->count, 4);
	for (uint32_t i = 0; i < d->count; i++) {
		volatile struct mic_mailbox_function *a = &d->function[i];
		uint64_t slots_end = a->slots + MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot);

		assert_int_equal(a->slots % 64, 0);
		assert_int_equal(a->memory % 64, 0);
		assert_true(slots_end <= RIG_GDDR_BYTES);
		assert_true(a->memory_size <= RIG_GDDR_BYTES - a->memory);
		/* Beside the image and everything of the others. */
		assert_true(slots_end <= RIG_LOAD || a->slots >= RIG_LOAD + CARD_RIG_IMAGE);
		for (uint32_t j = 0; j < i; j++) {
			volatile struct mic_mailbox_function *b = &d->function[j];

			assert_true(a->slots != b->slots);
			assert_true(a->memory_size == 0 || b->memory_size == 0 ||
				    a->memory + a->memory_size <= b->memory ||
				    b->memory + b->memory_size <= a->memory);
		}
	}
	assert_true(find("hash").entry->memory_size >= RIG_GDDR_BYTES / 16);
}

/* ---- echo, info ---- */

static void
echo_answers_what_it_was_sent_in_every_slot(void **state)
{
	struct called echo = find("echo");
	struct card_status status;

	(void)state;
	for (uint64_t i = 0; i < 3 * MIC_MAILBOX_SLOTS; i++) {
		assert_int_equal(call(&echo, i, ~i, 5), 0);
		assert_int_equal(answer(&echo)[0], i);
		assert_int_equal(answer(&echo)[1], ~i);
		assert_int_equal(answer(&echo)[2], 5);
	}
	card_status_read(r.rig.dev, &status);
	assert_string_equal(status.function[0].name, "echo");
	assert_int_equal(status.function[0].calls, 3 * MIC_MAILBOX_SLOTS);
}

static void
many_requests_at_once_are_answered_in_order(void **state)
{
	struct called echo = find("echo");

	(void)state;
	for (uint64_t i = 0; i < MIC_MAILBOX_SLOTS; i++)
		post(&echo, i, 0, 0);
	wake(&echo);
	for (unsigned int n = 0; n < 100; n++)
		(void)rig_pass(&r.rig, 100);
	for (uint64_t i = 1; i <= MIC_MAILBOX_SLOTS; i++) {
		assert_true(answered(&echo, i));
		assert_int_equal(slot(&echo, i)->arg[0], i - 1);
	}
}

static void
numbers_that_are_not_the_next_are_not_answered(void **state)
{
	struct called echo = find("echo");

	(void)state;
	static const uint64_t others[] = {MIC_MAILBOX_REQUEST(2), MIC_MAILBOX_ANSWER(0),
					  MIC_MAILBOX_ANSWER(1), 1, UINT64_MAX};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		slot(&echo, 1)->turn = slot(&echo, 2)->turn = others[i];
		for (unsigned int n = 0; n < 100; n++)
			(void)rig_pass(&r.rig, 100);
		assert_int_equal(slot(&echo, 1)->turn, others[i]);
		assert_int_equal(slot(&echo, 2)->turn, others[i]);
	}
	/* Nor is the next one where it does not lie. */
	slot(&echo, 3)->turn = MIC_MAILBOX_REQUEST(1);
	for (unsigned int n = 0; n < 100; n++)
		(void)rig_pass(&r.rig, 100);
	assert_int_equal(slot(&echo, 3)->turn, MIC_MAILBOX_REQUEST(1));
}

/* Post number n in a slot of the caller's choice. */
static void
post_in(const struct called *fn, unsigned int at, uint64_t n)
{
	fn->slots[at].arg[0] = n;
	fn->slots[at].turn = MIC_MAILBOX_REQUEST(n);
}

static bool
answered_in(const struct called *fn, unsigned int at, uint64_t n)
{
	for (unsigned int i = 0; i < 10 && fn->slots[at].turn != MIC_MAILBOX_ANSWER(n); i++)
		(void)rig_pass(&r.rig, 100);
	return fn->slots[at].turn == MIC_MAILBOX_ANSWER(n) && fn->slots[at].arg[0] == n;
}

static void
the_slot_of_an_answer_that_was_had_takes_the_next_request(void **state)
{
	struct called echo = find("echo");
	uint64_t n = 0;

	(void)state;
	for (unsigned int at = 0; at < MIC_MAILBOX_SLOTS + 3; at++)
		for (unsigned int times = 0; times <= at % 4; times++) {
			post_in(&echo, at % MIC_MAILBOX_SLOTS, ++n);
			assert_true(answered_in(&echo, at % MIC_MAILBOX_SLOTS, n));
		}
	/* One behind the other, and the last one's slot once more. */
	for (unsigned int i = 0; i < 5; i++)
		post_in(&echo, 3 + i, n + 1 + i);
	assert_true(answered_in(&echo, 7, n + 5));
	post_in(&echo, 7, n + 6);
	assert_true(answered_in(&echo, 7, n + 6));
}

/* Its caller is on another CPU: the line of an answer is left to it for a while, and no longer. */
static void
a_request_is_found_where_the_last_answer_was_left_alone(void **state)
{
	const struct card_config config = {.functions_looks = 2};
	struct called echo;

	(void)state;
	assert_int_equal(card_rig_close(&r), 0);
	assert_int_equal(card_rig_open(&r, &config), 0);
	assert_true(card_rig_start(&r));
	echo = find("echo");
	post_in(&echo, 0, 1);
	assert_true(answered_in(&echo, 0, 1));
	post_in(&echo, 0, 2);
	assert_true(answered_in(&echo, 0, 2));
	/* Those who do not wait for answers do not wait: one for each look. */
	post_in(&echo, 1, 3);
	post_in(&echo, 2, 4);
	(void)rig_pass(&r.rig, 100);
	assert_int_equal(echo.slots[2].turn, MIC_MAILBOX_ANSWER(4));
	/* It wants to sleep before it would look there again. */
	post_in(&echo, 2, 5);
	assert_true(rig_pass(&r.rig, NS_PER_MS) <= r.rig.now);
	assert_int_equal(echo.entry->awake, 1);
	assert_true(answered_in(&echo, 2, 5));
}

static void
info_tells_of_the_card(void **state)
{
	struct called info = find("info");

	(void)state;
	assert_int_equal(call(&info, 0, 0, 0), 0);
	assert_int_equal(answer(&info)[0], RIG_GDDR_BYTES);
	assert_int_equal(answer(&info)[2], 1);
	assert_int_equal(answer(&info)[3], 1);
	assert_int_equal(answer(&info)[4], CARD_ERA_A);
	assert_int_equal(answer(&info)[5], 4);
}

/* ---- hash ---- */

static void
fill(uint8_t *p, size_t len)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * UINT32_C(1664525) + UINT32_C(1013904223);
		p[i] = (uint8_t)(x >> 24);
	}
}

/* In one go here, in parts there. */
static void
hash_of_any_length_is_that_of_the_whole(void **state)
{
	static const size_t lengths[] = {0, 1, 31, 32, 33, 65535, 65536, 65537, 1000003};
	struct called hash = find("hash");
	uint8_t *p = &r.rig.gddr[hash.entry->memory];
	struct card_hash whole;

	(void)state;
	fill(p, 1000003);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(call(&hash, hash.entry->memory, lengths[i], 0), 0);
		card_hash_init(&whole);
		assert_int_equal(answer(&hash)[0], card_crc32c(0, p, lengths[i]));
		assert_int_equal(answer(&hash)[1], card_hash_end(&whole, p, lengths[i]));
		assert_int_equal(answer(&hash)[2], lengths[i]);
	}
}

static void
hash_of_what_is_not_there_is_refused(void **state)
{
	struct called hash = find("hash");
	struct card_status status;

	(void)state;
	assert_int_equal(call(&hash, RIG_GDDR_BYTES, 1, 0), -EFAULT);
	assert_int_equal(call(&hash, RIG_GDDR_BYTES - 1, 2, 0), -EFAULT);
	assert_int_equal(call(&hash, 1, UINT64_MAX, 0), -EFAULT);
	assert_int_equal(call(&hash, UINT64_MAX, 64, 0), -EFAULT);
	assert_int_equal(call(&hash, 0, RIG_GDDR_BYTES + 1, 0), -EFAULT);
	assert_int_equal(call(&hash, RIG_GDDR_BYTES - 1, 1, 0), 0);
	card_status_read(r.rig.dev, &status);
	assert_int_equal(status.function[1].refused, 5);
}

/* ---- copy ---- */

static void
copy_moves_both_ways_and_within_the_card(void **state)
{
	struct called copy = find("copy");
	uint64_t there = copy.entry->memory, there_too = there + 0x8000;
	uint8_t *host = rig_memory(&r.rig, 0x8000), *back = rig_memory(&r.rig, 0x10000);

	(void)state;
	fill(host, 0x8000);
	assert_int_equal(call(&copy, there, CARD_RIG_MIC(0x8000), 0x8000), 0);
	assert_int_equal(answer(&copy)[0], 0x8000);
	assert_memory_equal(&r.rig.gddr[there], host, 0x8000);
	assert_int_equal(call(&copy, there_too, there, 0x8000), 0);
	assert_int_equal(call(&copy, CARD_RIG_MIC(0x10000), there_too, 0x8000), 0);
	assert_memory_equal(back, host, 0x8000);
}

/* More than a channel takes at once. */
static void
a_long_copy_goes_by_parts(void **state)
{
	struct called copy = find("copy");
	uint64_t from = UINT64_C(16) << 20, to = UINT64_C(23) << 20, len = UINT64_C(7) << 20;

	(void)state;
	fill(&r.rig.gddr[from], len);
	assert_int_equal(call(&copy, to, from, len), 0);
	assert_int_equal(answer(&copy)[0], len);
	assert_memory_equal(&r.rig.gddr[to], &r.rig.gddr[from], len);
}

static void
copies_that_cannot_be_are_refused_and_later_ones_go_on(void **state)
{
	struct called copy = find("copy");
	uint64_t there = copy.entry->memory;

	(void)state;
	assert_int_equal(call(&copy, there, CARD_RIG_MIC(0x10000), 63), -EINVAL);
	assert_int_equal(call(&copy, there + 8, CARD_RIG_MIC(0x10000), 64), -EINVAL);
	assert_int_equal(call(&copy, there, CARD_RIG_MIC(0x10000), 0), -EINVAL);
	assert_int_equal(call(&copy, RIG_GDDR_BYTES, there, 64), -EINVAL);
	assert_int_equal(call(&copy, CARD_RIG_MIC(0), CARD_RIG_MIC(0x10000), 64), -EINVAL);
	assert_int_equal(call(&copy, UINT64_MAX - 63, there, 64), -EINVAL);
	assert_int_equal(call(&copy, MIC_ADDRESS_END - 64, there, 128), -EINVAL);
	/* Host memory that is not there stops the channel; it is set up anew. */
	for (unsigned int n = 0; n < 8; n++) {
		assert_int_equal(call(&copy, there, MIC_SYSTEM_MEMORY + 0x1000, 64), -EIO);
		assert_int_equal(call(&copy, there, CARD_RIG_MIC(0x10000), 64), 0);
	}
	assert_true(card_rig_printed(&r, "stopped, DCHERR"));
}

static void
a_copy_that_the_host_stops_ends_some_time(void **state)
{
	struct called copy = find("copy");
	uint64_t there = copy.entry->memory;

	(void)state;
	rig_write(&r.rig, MIC_DCR_AT, 0);
	post(&copy, there, CARD_RIG_MIC(0x10000), 64);
	wake(&copy);
	card_rig_pass(&r, 900);
	assert_false(answered(&copy, 1));
	card_rig_pass(&r, 200);
	assert_true(answered(&copy, 1));
	assert_int_equal(slot(&copy, 1)->result, -ETIMEDOUT);
	/* All four channels are back. */
	for (unsigned int n = 0; n < 8; n++)
		assert_int_equal(call(&copy, there, CARD_RIG_MIC(0x10000), 64), 0);
}

/* Threads that step it come in another order than they looked at the clock. */
static void
time_that_goes_back_ends_no_copy_and_no_watch(void **state)
{
	struct called copy = find("copy");
	uint64_t now = r.rig.now, there = copy.entry->memory;

	(void)state;
	rig_write(&r.rig, MIC_DCR_AT, 0);
	post(&copy, there, CARD_RIG_MIC(0x10000), 64);
	wake(&copy);
	for (unsigned int n = 0; n < 10; n++) {
		(void)r.rig.dev->ops->step(r.rig.dev, now + 2000);
		(void)r.rig.dev->ops->step(r.rig.dev, now);
	}
	assert_false(answered(&copy, 1));
	assert_int_equal(copy.entry->awake, 1);
}

/* ---- Sleep ---- */

static void
it_sleeps_when_nobody_calls_and_wakes_by_doorbell(void **state)
{
	struct called echo = find("echo");

	(void)state;
	assert_int_equal(call(&echo, 1, 0, 0), 0);
	/* It polls for 50 us. */
	assert_true(rig_pass(&r.rig, 40000) <= r.rig.now);
	assert_int_equal(echo.entry->awake, 1);
	(void)rig_pass(&r.rig, 20000);
	assert_int_equal(echo.entry->awake, 0);
	assert_true(rig_pass(&r.rig, 0) == BUS_NO_DEADLINE);
	post(&echo, 2, 0, 0);
	for (unsigned int n = 0; n < 10; n++)
		(void)rig_pass(&r.rig, 100);
	assert_false(answered(&echo, 2));
	card_rig_ring(&r, echo.entry->h2c_db);
	for (unsigned int n = 0; n < 3; n++)
		(void)rig_pass(&r.rig, 100);
	assert_true(answered(&echo, 2));
	assert_int_equal(echo.entry->awake, 1);
}

/* The host looks at `awake` after it posted: as long as it was told 1, no doorbell is needed. */
static void
a_request_posted_while_it_was_awake_is_answered_without_a_doorbell(void **state)
{
	struct called echo = find("echo");

	(void)state;
	assert_int_equal(call(&echo, 1, 0, 0), 0);
	post(&echo, 2, 0, 0);
	assert_int_equal(echo.entry->awake, 1);
	/* By the time of the next step it wants to sleep. */
	(void)rig_pass(&r.rig, NS_PER_MS);
	for (unsigned int n = 0; n < 3; n++)
		(void)rig_pass(&r.rig, 0);
	assert_true(answered(&echo, 2));
}

/* ---- A hostile host ---- */

static void
what_a_host_writes_over_the_directory_hurts_only_itself(void **state)
{
	struct called echo = find("echo");

	(void)state;
	memset((void *)(uintptr_t)directory(), 0xff, sizeof(struct mic_mailbox));
	post(&echo, 77, 0, 0);
	for (unsigned int n = 0; n < 10; n++)
		(void)rig_pass(&r.rig, 100);
	assert_true(answered(&echo, 1));
	assert_int_equal(answer(&echo)[0], 77);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_directory_names_functions_and_their_places),
		TEST(echo_answers_what_it_was_sent_in_every_slot),
		TEST(many_requests_at_once_are_answered_in_order),
		TEST(numbers_that_are_not_the_next_are_not_answered),
		TEST(the_slot_of_an_answer_that_was_had_takes_the_next_request),
		TEST(a_request_is_found_where_the_last_answer_was_left_alone),
		TEST(info_tells_of_the_card),
		TEST(hash_of_any_length_is_that_of_the_whole),
		TEST(hash_of_what_is_not_there_is_refused),
		TEST(copy_moves_both_ways_and_within_the_card),
		TEST(a_long_copy_goes_by_parts),
		TEST(copies_that_cannot_be_are_refused_and_later_ones_go_on),
		TEST(a_copy_that_the_host_stops_ends_some_time),
		TEST(time_that_goes_back_ends_no_copy_and_no_watch),
		TEST(it_sleeps_when_nobody_calls_and_wakes_by_doorbell),
		TEST(a_request_posted_while_it_was_awake_is_answered_without_a_doorbell),
		TEST(what_a_host_writes_over_the_directory_hurts_only_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
