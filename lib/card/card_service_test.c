/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What services are called for, and what a card OS gives them, by services that do nothing else.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "card_test_rig.h"

#define DMA_STEPS 1000u

/* ---- A service whose body is the test's ---- */

struct probe_state {
	char marks[64];
};

static struct {
	void (*body)(struct card *card, void *state); /* in the next step of "first" */
	int (*start)(struct card *card, void *state);
	uint64_t deadline; /* what step returns */
	unsigned int steps, rung;
	unsigned int db; /* the last one rung */
	unsigned int status;
	char order[64]; /* who was called, a letter each */
} probe;

static void
note(char letter)
{
	size_t n = strlen(probe.order);

	if (n + 1 < sizeof(probe.order))
		probe.order[n] = letter;
}

static int
first_start(struct card *card, void *state)
{
	const struct probe_state *s = state;

	for (size_t i = 0; i < sizeof(s->marks); i++)
		assert_int_equal(s->marks[i], 0);
	memset(state, 0xff, sizeof(*s));
	note('a');
	return probe.start != NULL ? probe.start(card, state) : 0;
}

static uint64_t
first_step(struct card *card, void *state, uint64_t now_ns)
{
	void (*body)(struct card *card, void *state) = probe.body;

	(void)now_ns;
	probe.steps++;
	probe.body = NULL;
	if (body != NULL)
		body(card, state);
	return probe.deadline;
}

static void
first_doorbell(struct card *card, void *state, unsigned int db)
{
	(void)card;
	(void)state;
	probe.rung++;
	probe.db = db;
}

static void
first_stop(struct card *card, void *state)
{
	(void)state;
	probe.status = card_shutdown_status(card);
	note('A');
}

static int
second_start(struct card *card, void *state)
{
	(void)card;
	(void)state;
	note('b');
	return 0;
}

static uint64_t
second_step(struct card *card, void *state, uint64_t now_ns)
{
	(void)card;
	(void)state;
	(void)now_ns;
	return BUS_NO_DEADLINE;
}

static void
second_stop(struct card *card, void *state)
{
	(void)card;
	(void)state;
	note('B');
}

static const struct card_service first = {
	.name = "first",
	.size = sizeof(struct probe_state),
	.start = first_start,
	.step = first_step,
	.doorbell = first_doorbell,
	.stop = first_stop,
};
static const struct card_service second = {
	.name = "second", .start = second_start, .step = second_step, .stop = second_stop};
static const struct card_service *const services[] = {&first, &second, NULL};

static struct card_rig r;

static int
set_up(void **state)
{
	const struct card_config config = {.services = services};

	(void)state;
	memset(&probe, 0, sizeof(probe));
	probe.deadline = BUS_NO_DEADLINE;
	assert_int_equal(card_rig_open(&r, &config), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(card_rig_close(&r), 0);
	return 0;
}

/* Run it where services run. */
static void
in_service(void (*body)(struct card *card, void *state))
{
	probe.body = body;
	(void)rig_pass(&r.rig, 0);
	assert_null(probe.body);
}

/* ---- When they are called ---- */

static void
they_start_in_order_and_stop_in_reverse(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	assert_string_equal(probe.order, "ab");
	assert_int_equal(card_tell(r.rig.dev, CARD_RESTART), 0);
	card_rig_settle(&r);
	assert_string_equal(probe.order, "abBA");
	assert_int_equal(probe.status, 4);
	/* And anew with the next boot, with fresh state. */
	card_rig_reset(&r);
	assert_true(card_rig_start(&r));
	assert_string_equal(probe.order, "abBAab");
}

static void
nobody_is_stopped_after_a_crash_or_a_reset(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	assert_int_equal(card_tell(r.rig.dev, CARD_CRASH), 0);
	card_rig_settle(&r);
	card_rig_reset(&r);
	assert_true(card_rig_start(&r));
	card_rig_reset(&r);
	assert_string_equal(probe.order, "abab");
}

static int
refuse(struct card *card, void *state)
{
	(void)card;
	(void)state;
	return -ENOSPC;
}

static void
one_that_does_not_start_leaves_the_others(void **state)
{
	(void)state;
	probe.start = refuse;
	assert_true(card_rig_start(&r));
	assert_true(card_rig_printed(&r, "first: not started, error 28"));
	card_rig_settle(&r);
	assert_int_equal(probe.steps, 0);
	assert_int_equal(card_tell(r.rig.dev, CARD_HALT), 0);
	card_rig_settle(&r);
	assert_string_equal(probe.order, "abB");
}

static int
refuse_with_a_doorbell(struct card *card, void *state)
{
	assert_true(card_doorbell_get(card, state) >= 0);
	return -ENOSPC;
}

/* What one that did not start has taken is not kept for it, nor mistaken for the next one's. */
static void
doorbells_of_one_that_does_not_start_are_free(void **state)
{
	struct card_status status;
	unsigned int held;

	(void)state;
	assert_true(card_rig_start(&r));
	card_status_read(r.rig.dev, &status);
	held = status.doorbells;
	card_rig_reset(&r);
	probe.start = refuse_with_a_doorbell;
	assert_true(card_rig_start(&r));
	card_status_read(r.rig.dev, &status);
	assert_int_equal(status.doorbells, held);
}

static void
the_card_is_called_again_when_they_want(void **state)
{
	(void)state;
	probe.deadline = 0;
	assert_true(card_rig_start(&r));
	probe.deadline = r.rig.now + 12345;
	assert_true(rig_pass(&r.rig, 0) == r.rig.now + 12345);
	probe.deadline = BUS_NO_DEADLINE;
	assert_true(rig_pass(&r.rig, 0) == BUS_NO_DEADLINE);
}

static void
ask_to_halt(struct card *card, void *state)
{
	(void)state;
	card_ask(card, CARD_HALT);
}

static void
a_service_may_end_the_card_os(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(ask_to_halt);
	(void)rig_pass(&r.rig, 0);
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_DOWN);
	assert_int_equal(probe.status, 2);
}

/* ---- Doorbells ---- */

/* Era A's shutdown has 0, the config doorbell 1. */
static void
get_all(struct card *card, void *state)
{
	for (unsigned int n = 2; n < 16; n++)
		assert_int_equal(card_doorbell_get(card, state), (int)n);
	/* Then those that one has are shared, lowest first. */
	assert_int_equal(card_doorbell_get(card, state), 0);
	assert_int_equal(card_doorbell_get(card, state), 1);
	card_doorbell_put(card, 9, state);
	assert_int_equal(card_doorbell_get(card, state), 9);
	for (unsigned int n = 18; n < 64; n++)
		assert_true(card_doorbell_get(card, state) >= 0);
	assert_int_equal(card_doorbell_get(card, state), -ENOSPC);
	/* Another's is not given back. */
	card_doorbell_put(card, 3, card);
	assert_int_equal(card_doorbell_get(card, state), -ENOSPC);
}

static void
the_least_used_doorbell_is_given_out_lowest_first(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(get_all);
}

static void
get_some(struct card *card, void *state)
{
	for (unsigned int n = 2; n < 12; n++)
		assert_int_equal(card_doorbell_get(card, state), (int)n);
}

static void
every_kind_of_doorbell_calls_its_holder(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(get_some);
	for (unsigned int db = 0; db < 16; db++) {
		unsigned int before = probe.rung;

		card_rig_ring(&r, db);
		(void)rig_pass(&r.rig, 0);
		assert_int_equal(probe.rung - before, db >= 2 && db < 12);
		if (db >= 2 && db < 12)
			assert_int_equal(probe.db, db);
	}
}

static void
ring_all(struct card *card, void *state)
{
	(void)state;
	card_ring(card, 0);
	card_ring(card, 2);
	card_ring(card, 4);
	card_ring(card, 0xff);
}

static void
doorbells_of_the_host_are_four(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(ring_all);
	assert_int_equal(card_rig_rung(&r), 0x5);
}

/* ---- Memory ---- */

static void
take_memory(struct card *card, void *state)
{
	uint64_t a, b, c, image_end = RIG_LOAD + CARD_RIG_IMAGE;

	(void)state;
	assert_int_equal(card_memory_get(card, 100, 4096, &a), 0);
	assert_int_equal(a % 4096, 0);
	assert_true(a >= 0x111000);
	/* What lies before the image is too small for that. */
	assert_int_equal(card_memory_take(card, 8 << 20, 1, &b), 0);
	assert_true(b >= image_end);
	assert_int_equal(card_memory_get(card, 0, 64, &c), -EINVAL);
	assert_int_equal(card_memory_get(card, 64, 96, &c), -EINVAL);
	assert_int_equal(card_memory_get(card, RIG_GDDR_BYTES + 1, 64, &c), -EINVAL);
	assert_int_equal(card_memory_take(card, RIG_GDDR_BYTES - b, 64, &c), -ENOMEM);
	memset(card_memory(card, a), 0xaa, 100);
	card_memory_put(card, a, 100);
	assert_int_equal(card_memory_get(card, 100, 4096, &c), 0);
	assert_int_equal(a, c);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(((uint8_t *)card_memory(card, c))[i], 0);
	assert_null(card_memory(card, RIG_GDDR_BYTES));
	assert_int_equal(card_memory_size(card), RIG_GDDR_BYTES);
}

/* All there is, in pieces that are as large as an image. */
static void
take_all(struct card *card, void *state)
{
	uint64_t at, image_end = RIG_LOAD + CARD_RIG_IMAGE + MIC_CMDLINE_BYTES;
	unsigned int n = 0;

	(void)state;
	for (; card_memory_take(card, CARD_RIG_IMAGE, 64, &at) == 0; n++) {
		assert_true(at + CARD_RIG_IMAGE <= RIG_LOAD || at >= image_end);
		assert_true(at >= 0x111000 && at <= RIG_GDDR_BYTES - CARD_RIG_IMAGE);
	}
	assert_true(n > 200);
}

static void
memory_is_beside_what_was_booted(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(take_memory);
	in_service(take_all);
}

static void
take_until_there_is_none(struct card *card, void *state)
{
	uint64_t at[300];
	unsigned int n = 0;

	(void)state;
	while (n < 300 && card_memory_get(card, 64, 64, &at[n]) == 0)
		n++;
	/* More pieces than are kept account of. */
	assert_true(n > 200 && n < 300);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_true(at[i] != at[j]);
	for (unsigned int i = 0; i < n; i++)
		card_memory_put(card, at[i], 64);
	assert_int_equal(card_memory_get(card, 64, 64, &at[1]), 0);
	assert_int_equal(at[1], at[0]);
}

static void
many_pieces_are_refused_and_come_back(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(take_until_there_is_none);
}

static void
reach_the_host(struct card *card, void *state)
{
	uint8_t byte = 0x77;

	(void)state;
	assert_ptr_equal(card_host_memory(card, CARD_RIG_MIC(0x1000), 64, BUS_PROT_READ),
			 rig_memory(&r.rig, 0x1000));
	assert_null(card_host_memory(card, CARD_RIG_MIC(0x1000), RIG_HOST_BYTES, BUS_PROT_READ));
	assert_null(card_host_memory(card, 0x1000, 64, BUS_PROT_READ));
	assert_null(card_host_memory(card, CARD_RIG_MIC(0), 0, BUS_PROT_READ));
	assert_null(card_host_memory(card, MIC_ADDRESS_END - 1, 2, BUS_PROT_READ));
	assert_ptr_equal((void *)(uintptr_t)card_page(card), rig_memory(&r.rig, 0));
	assert_int_equal(card_page_write(card, 4095, &byte, 1), 0);
	assert_int_equal(*card_rig_page_at(&r, 4095), 0x77);
	assert_int_equal(card_page_read(card, 4095, &byte, 2), -EINVAL);
	assert_int_equal(card_page_write(card, 4097, &byte, 0), -EINVAL);
}

/* It has a pointer for a while; who changes the map meanwhile has to wait for it. */
static atomic_bool has_pointer, used_pointer;

static void
use_for_a_while(struct card *card, void *state)
{
	const struct timespec while_it_lasts = {.tv_nsec = 20000000};
	volatile uint8_t *p = card_host_memory(card, CARD_RIG_MIC(0x1000), 1, BUS_PROT_WRITE);

	(void)state;
	atomic_store(&has_pointer, true);
	nanosleep(&while_it_lasts, NULL);
	*p = 1;
	atomic_store(&used_pointer, true);
}

static void *
step_once(void *arg)
{
	struct bus_device *dev = arg;

	(void)dev->ops->step(dev, r.rig.now);
	return NULL;
}

static void
a_change_of_the_map_waits_for_who_uses_it(void **state)
{
	pthread_t thread;

	(void)state;
	assert_true(card_rig_start(&r));
	atomic_store(&has_pointer, false);
	atomic_store(&used_pointer, false);
	probe.body = use_for_a_while;
	assert_int_equal(pthread_create(&thread, NULL, step_once, r.rig.dev), 0);
	while (!atomic_load(&has_pointer))
		sched_yield();
	r.rig.dev->ops->remap(r.rig.dev);
	assert_true(atomic_load(&used_pointer));
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* The card goes on. */
	in_service(reach_the_host);
}

static void
host_memory_is_reached_by_mic_addresses(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(reach_the_host);
}

/* ---- DMA ---- */

static struct {
	int64_t number[64];
	unsigned int count;
	int last; /* what the last one asked for was */
} copies;

static void
start_copies(struct card *card, void *state)
{
	(void)state;
	memset(&copies, 0, sizeof(copies));
	memset(rig_memory(&r.rig, 0x10000), 0x5c, 0x1000);
	for (unsigned int n = 0; n < 32; n++) {
		copies.number[n] = card_dma_copy(card, 0x1000000 + 0x1000 * n,
						 CARD_RIG_MIC(0x10000), 0x1000);
		assert_true(copies.number[n] > (n > 0 ? copies.number[n - 1] : 0));
		copies.count++;
	}
	assert_int_equal(card_dma_done(card, copies.number[31]), 0);
	assert_int_equal(card_dma_done(card, copies.number[31] + 1), -EINVAL);
	assert_int_equal(card_dma_done(card, 0), -EINVAL);
}

static void
ask_copies(struct card *card, void *state)
{
	(void)state;
	for (unsigned int n = 0; n < copies.count; n++)
		assert_int_equal(card_dma_done(card, copies.number[n]), 1);
	copies.last = 1;
}

static void
copies_by_all_four_channels_are_done(void **state)
{
	struct mic_model_channel_stats stats;

	(void)state;
	assert_true(card_rig_start(&r));
	in_service(start_copies);
	for (unsigned int n = 0; n < DMA_STEPS; n++)
		(void)rig_pass(&r.rig, 0);
	in_service(ask_copies);
	for (unsigned int n = 0; n < 32 * 0x1000; n++)
		assert_int_equal(r.rig.gddr[0x1000000 + n], 0x5c);
	for (unsigned int ch = 4; ch < 8; ch++) {
		assert_true(mic_model_channel_stats(card_model(r.rig.dev), ch, &stats));
		assert_false(stats.host_owned);
		assert_true(stats.enabled);
		assert_int_equal(stats.bytes, 8 * 0x1000);
	}
}

static void
fill_a_channel(struct card *card, void *state)
{
	unsigned int n = 0;

	(void)state;
	while (card_dma_copy(card, 0x1000000, 0x1800000, 64) > 0 && n < 1000)
		n++;
	/* Each takes two of 63 places in one of four rings. */
	assert_int_equal(n, 4 * 31);
	assert_int_equal(card_dma_copy(card, 0x1000000, 0x1800000, 64), -EAGAIN);
}

static void
a_channel_without_room_says_so(void **state)
{
	(void)state;
	assert_true(card_rig_start(&r));
	in_service(fill_a_channel);
	for (unsigned int n = 0; n < DMA_STEPS; n++)
		(void)rig_pass(&r.rig, 0);
	in_service(fill_a_channel);
}

static void
start_one(struct card *card, void *state)
{
	(void)state;
	copies.number[0] = card_dma_copy(card, 0x1000000, 0x1800000, 64);
	mic_model_dma_fail(card_model(r.rig.dev), 4 + (unsigned int)(copies.number[0] % 4));
}

static void
ask_one(struct card *card, void *state)
{
	(void)state;
	copies.last = card_dma_done(card, copies.number[0]);
}

static void
a_copy_that_fails_is_told_again_and_again(void **state)
{
	struct card_status status;

	(void)state;
	assert_true(card_rig_start(&r));
	in_service(start_one);
	for (unsigned int n = 0; n < 10; n++)
		(void)rig_pass(&r.rig, 0);
	in_service(ask_one);
	assert_int_equal(copies.last, -EIO);
	in_service(ask_one);
	assert_int_equal(copies.last, -EIO);
	card_status_read(r.rig.dev, &status);
	assert_int_equal(status.dma_errors, 1);
	in_service(start_copies);
	for (unsigned int n = 0; n < DMA_STEPS; n++)
		(void)rig_pass(&r.rig, 0);
	in_service(ask_copies);
}

/* ---- Cards that cannot be ---- */

static void
cards_that_cannot_be_are_refused(void **state)
{
	static const struct card_service no_step = {.name = "no step", .start = second_start};
	static const struct card_service *const bad[] = {&no_step, NULL};
	struct card_config config = {.era = (enum card_era)3};
	struct bus_device *dev;

	(void)state;
	config.model.gddr = r.rig.gddr;
	config.model.gddr_size = RIG_GDDR_BYTES;
	assert_int_equal(card_create(&config, &r.rig.host.host, &dev), -EINVAL);
	config.era = CARD_ERA_A;
	config.services = bad;
	assert_int_equal(card_create(&config, &r.rig.host.host, &dev), -EINVAL);
	config.services = NULL;
	config.model.gddr_size = 12345;
	assert_int_equal(card_create(&config, &r.rig.host.host, &dev), -EINVAL);
	card_destroy(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(they_start_in_order_and_stop_in_reverse),
		TEST(nobody_is_stopped_after_a_crash_or_a_reset),
		TEST(one_that_does_not_start_leaves_the_others),
		TEST(doorbells_of_one_that_does_not_start_are_free),
		TEST(the_card_is_called_again_when_they_want),
		TEST(a_service_may_end_the_card_os),
		TEST(the_least_used_doorbell_is_given_out_lowest_first),
		TEST(every_kind_of_doorbell_calls_its_holder),
		TEST(doorbells_of_the_host_are_four),
		TEST(memory_is_beside_what_was_booted),
		TEST(many_pieces_are_refused_and_come_back),
		TEST(host_memory_is_reached_by_mic_addresses),
		TEST(a_change_of_the_map_waits_for_who_uses_it),
		TEST(copies_by_all_four_channels_are_done),
		TEST(a_channel_without_room_says_so),
		TEST(a_copy_that_fails_is_told_again_and_again),
		TEST(cards_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
