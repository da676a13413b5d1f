/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Device blocks, and the service that sees to them; datasheet sections 14.3, 14.6, 17.2 and 17.5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "card_test_rig.h"

#define FIRST_A    16u
#define FIRST_D    24u
#define H2C_CONFIG 6u

/* ---- A loopback driver: takes what is of its type, and says what happened to it ---- */

#define EVENTS 32u

static struct {
	uint8_t type; /* 0: takes nothing */
	unsigned int count, config_db_at;
	struct {
		enum card_block_event event;
		struct card_block block;
		/* As the page had them then. */
		uint8_t guest_ack, config_db;
	} seen[EVENTS];
	unsigned int stops;
} loopback;

static int
loop_start(struct card *card, void *state)
{
	(void)card;
	(void)state;
	return 0;
}

static uint64_t
loop_step(struct card *card, void *state, uint64_t now_ns)
{
	(void)card;
	(void)state;
	(void)now_ns;
	return BUS_NO_DEADLINE;
}

static bool
loop_block(struct card *card, void *state, const struct card_block *block,
	   enum card_block_event event)
{
	struct mic_device_desc sizes = {.num_vq = block->num_vq,
					.feature_len = block->feature_len,
					.config_len = block->config_len};
	unsigned int ack = block->offset + mic_block_ctrl(&sizes) + 10;

	(void)state;
	if (block->type != loopback.type || loopback.count == EVENTS)
		return false;
	loopback.seen[loopback.count].event = event;
	loopback.seen[loopback.count].block = *block;
	assert_int_equal(card_page_read(card, loopback.config_db_at,
					&loopback.seen[loopback.count].config_db, 1),
			 0);
	assert_int_equal(card_page_read(card, ack, &loopback.seen[loopback.count++].guest_ack, 1),
			 0);
	return true;
}

static void
loop_stop(struct card *card, void *state)
{
	(void)card;
	(void)state;
	loopback.stops++;
}

static const struct card_service loop = {.name = "loopback",
					 .start = loop_start,
					 .step = loop_step,
					 .block = loop_block,
					 .stop = loop_stop};
static const struct card_service *const loop_services[] = {&loop, NULL};

static unsigned int
config_db_at(enum card_era era)
{
	return era == CARD_ERA_A ? H2C_CONFIG : 4;
}

static void
open_rig(struct card_rig *r, enum card_era era, uint8_t type)
{
	const struct card_config config = {.era = era, .services = loop_services};

	memset(&loopback, 0, sizeof(loopback));
	loopback.type = type;
	loopback.config_db_at = config_db_at(era);
	assert_int_equal(card_rig_open(r, &config), 0);
	card_rig_page(r, era);
	card_rig_image(r, " mem=32M");
}

static void
boot(struct card_rig *r)
{
	card_rig_boot(r);
	card_rig_settle(r);
	assert_int_equal(card_state(r->rig.dev), CARD_UP);
}

/* ---- What a host does ---- */

/* Everything but the type, then the type: where the next one goes. */
static unsigned int
put_block(struct card_rig *r, unsigned int at, uint8_t type, uint8_t num_vq, uint8_t config_len)
{
	const struct mic_device_desc desc = {0, num_vq, 4, config_len, 0, {0}};
	struct mic_device_ctrl ctrl = {.c2h_vdev_db = 0xff, .h2c_vdev_db = 0xff};

	memcpy(card_rig_page_at(r, at), &desc, sizeof(desc));
	memcpy(card_rig_page_at(r, at + mic_block_ctrl(&desc)), &ctrl, sizeof(ctrl));
	*card_rig_page_at(r, at) = type;
	return at + mic_block_total(&desc);
}

/* Of a block with one queue and 36 bytes of configuration. */
static uint8_t *
ctrl_byte(struct card_rig *r, unsigned int at, size_t field)
{
	const struct mic_device_desc desc = {0, 1, 4, 36, 0, {0}};

	return card_rig_page_at(r, at + mic_block_ctrl(&desc) + (unsigned int)field);
}

static uint8_t *
change_at(struct card_rig *r, unsigned int at)
{
	return ctrl_byte(r, at, offsetof(struct mic_device_ctrl, config_change));
}

static uint8_t *
ack_at(struct card_rig *r, unsigned int at)
{
	return ctrl_byte(r, at, offsetof(struct mic_device_ctrl, guest_ack));
}

static void
ring_config(struct card_rig *r, enum card_era era)
{
	card_rig_ring(r, *card_rig_page_at(r, config_db_at(era)));
	card_rig_settle(r);
}

static void
saw(unsigned int n, enum card_block_event event, unsigned int offset)
{
	assert_true(loopback.count > n);
	assert_int_equal(loopback.seen[n].event, event);
	assert_int_equal(loopback.seen[n].block.offset, offset);
}

/* ---- Tests ---- */

/* The offsets of section 28. */
static void
blocks_are_found_where_each_era_has_them(void **state)
{
	static const struct {
		enum card_era era;
		unsigned int offset[3];
	} cases[] = {{CARD_ERA_A, {16, 104, 200}}, {CARD_ERA_D, {24, 112, 208}}};
	struct card_status status;
	struct card_rig r;
	unsigned int at;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_rig(&r, cases[i].era, MIC_DEVICE_BLOCK);
		at = put_block(&r, cases[i].offset[0], MIC_DEVICE_CONSOLE, 2, 8);
		at = put_block(&r, at, MIC_DEVICE_NET, 2, 10);
		at = put_block(&r, at, MIC_DEVICE_BLOCK, 1, 33);
		boot(&r);
		assert_int_equal(loopback.count, 1);
		saw(0, CARD_BLOCK_NEW, cases[i].offset[2]);
		assert_int_equal(loopback.seen[0].block.config_len, 33);
		card_status_read(r.rig.dev, &status);
		assert_int_equal(status.blocks, 3);
		assert_int_equal(card_rig_close(&r), 0);
	}
}

/* Item M20: a host that rings as soon as it can is not heard in the middle of it. */
static void
the_first_scan_is_over_when_its_doorbell_is_told(void **state)
{
	static const enum card_era eras[] = {CARD_ERA_A, CARD_ERA_C, CARD_ERA_D};
	struct card_rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++) {
		open_rig(&r, eras[i], MIC_DEVICE_BLOCK);
		put_block(&r, eras[i] == CARD_ERA_A ? FIRST_A : FIRST_D, MIC_DEVICE_BLOCK, 1, 36);
		boot(&r);
		assert_int_equal(loopback.count, 1);
		assert_int_equal(loopback.seen[0].config_db, MIC_DOORBELL_NONE);
		assert_in_range(*card_rig_page_at(&r, config_db_at(eras[i])), 0, 15);
		assert_int_equal(card_rig_close(&r), 0);
	}
}

static void
a_block_that_comes_later_is_found_by_doorbell(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A, MIC_DEVICE_BLOCK);
	boot(&r);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	card_rig_settle(&r);
	assert_int_equal(loopback.count, 0);
	ring_config(&r, CARD_ERA_A);
	saw(0, CARD_BLOCK_NEW, FIRST_A);
	/* Once. */
	ring_config(&r, CARD_ERA_A);
	assert_int_equal(loopback.count, 1);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
changes_are_acknowledged_after_the_driver_saw_them(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A, MIC_DEVICE_BLOCK);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	*change_at(&r, FIRST_A) = MIC_CONFIG_CHANGED;
	ring_config(&r, CARD_ERA_A);
	saw(1, CARD_BLOCK_CHANGED, FIRST_A);
	assert_int_equal(loopback.seen[1].guest_ack, 0);
	assert_int_equal(*ack_at(&r, FIRST_A), 1);
	*change_at(&r, FIRST_A) = MIC_CONFIG_NONE;
	*ack_at(&r, FIRST_A) = 0;
	ring_config(&r, CARD_ERA_A);
	assert_int_equal(loopback.count, 2);
	assert_int_equal(*ack_at(&r, FIRST_A), 0);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
a_removed_block_is_acknowledged_marked_and_skipped(void **state)
{
	struct card_status status;
	struct card_rig r;
	unsigned int second;

	(void)state;
	open_rig(&r, CARD_ERA_D, MIC_DEVICE_BLOCK);
	second = put_block(&r, FIRST_D, MIC_DEVICE_BLOCK, 1, 36);
	put_block(&r, second, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	assert_int_equal(loopback.count, 2);
	*change_at(&r, FIRST_D) = MIC_CONFIG_REMOVE;
	ring_config(&r, CARD_ERA_D);
	saw(2, CARD_BLOCK_REMOVED, FIRST_D);
	assert_int_equal(*ack_at(&r, FIRST_D), 1);
	assert_int_equal(*card_rig_page_at(&r, FIRST_D), MIC_DEVICE_REMOVED);
	card_status_read(r.rig.dev, &status);
	assert_int_equal(status.blocks, 1);
	/* Another in its place is new, and the one behind it is still there. */
	put_block(&r, FIRST_D, MIC_DEVICE_BLOCK, 1, 36);
	ring_config(&r, CARD_ERA_D);
	saw(3, CARD_BLOCK_NEW, FIRST_D);
	assert_int_equal(loopback.count, 4);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
what_no_driver_wants_is_acknowledged_all_the_same(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A, 0);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	assert_int_equal(loopback.count, 0);
	assert_true(card_rig_printed(&r, "block at 16, no driver"));
	*change_at(&r, FIRST_A) = MIC_CONFIG_CHANGED;
	ring_config(&r, CARD_ERA_A);
	assert_int_equal(*ack_at(&r, FIRST_A), 1);
	*ack_at(&r, FIRST_A) = 0;
	*change_at(&r, FIRST_A) = MIC_CONFIG_REMOVE;
	ring_config(&r, CARD_ERA_A);
	assert_int_equal(*ack_at(&r, FIRST_A), 1);
	assert_int_equal(*card_rig_page_at(&r, FIRST_A), MIC_DEVICE_REMOVED);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
a_block_replaced_by_another_is_removed_first(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A, MIC_DEVICE_BLOCK);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	memset(card_rig_page_at(&r, FIRST_A), 0, 256);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 60);
	ring_config(&r, CARD_ERA_A);
	saw(1, CARD_BLOCK_REMOVED, FIRST_A);
	assert_int_equal(loopback.seen[1].block.config_len, 36);
	saw(2, CARD_BLOCK_NEW, FIRST_A);
	assert_int_equal(loopback.seen[2].block.config_len, 60);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
a_block_that_does_not_fit_ends_the_scan(void **state)
{
	struct card_rig r;
	unsigned int at;

	(void)state;
	open_rig(&r, CARD_ERA_A, MIC_DEVICE_BLOCK);
	at = put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	at = put_block(&r, at, MIC_DEVICE_BLOCK, 5, 0);
	put_block(&r, at, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	assert_int_equal(loopback.count, 1);
	assert_true(card_rig_printed(&r, "does not fit: 5 queues"));
	assert_int_equal(card_rig_close(&r), 0);
}

static void
blocks_to_the_end_of_the_page_are_all_known(void **state)
{
	struct card_status status;
	struct card_rig r;
	unsigned int at = FIRST_A, n = 0;

	(void)state;
	open_rig(&r, CARD_ERA_A, 0);
	/* The smallest there are: 32 bytes. */
	for (; at + 32 <= MIC_PAGE_BYTES; n++)
		at = put_block(&r, at, MIC_DEVICE_NET, 0, 0);
	boot(&r);
	card_status_read(r.rig.dev, &status);
	assert_int_equal(n, 127);
	assert_int_equal(status.blocks, n);
	assert_int_equal(card_rig_close(&r), 0);
}

static void
an_orderly_end_removes_all_and_asks_for_nothing_more(void **state)
{
	static const enum card_era eras[] = {CARD_ERA_A, CARD_ERA_D};
	static const unsigned int first[] = {FIRST_A, FIRST_D};
	/* Era A leaves the type: the host resets the card next. */
	static const uint8_t type[] = {MIC_DEVICE_BLOCK, MIC_DEVICE_REMOVED};
	struct card_rig r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_rig(&r, eras[i], MIC_DEVICE_BLOCK);
		put_block(&r, first[i], MIC_DEVICE_BLOCK, 1, 36);
		boot(&r);
		assert_int_equal(card_tell(r.rig.dev, CARD_HALT), 0);
		card_rig_settle(&r);
		assert_int_equal(loopback.stops, 1);
		assert_int_equal(*change_at(&r, first[i]), MIC_CONFIG_NONE);
		assert_int_equal(*ack_at(&r, first[i]), 0);
		assert_int_equal(*card_rig_page_at(&r, first[i]), type[i]);
		assert_int_equal(card_rig_close(&r), 0);
	}
}

static void
a_crash_touches_no_block(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A, MIC_DEVICE_BLOCK);
	put_block(&r, FIRST_A, MIC_DEVICE_BLOCK, 1, 36);
	boot(&r);
	assert_int_equal(card_tell(r.rig.dev, CARD_CRASH), 0);
	card_rig_settle(&r);
	assert_int_equal(loopback.stops, 0);
	assert_int_equal(loopback.count, 1);
	assert_int_equal(*card_rig_page_at(&r, FIRST_A), MIC_DEVICE_BLOCK);
	assert_int_equal(card_rig_close(&r), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_found_where_each_era_has_them),
		cmocka_unit_test(the_first_scan_is_over_when_its_doorbell_is_told),
		cmocka_unit_test(a_block_that_comes_later_is_found_by_doorbell),
		cmocka_unit_test(changes_are_acknowledged_after_the_driver_saw_them),
		cmocka_unit_test(a_removed_block_is_acknowledged_marked_and_skipped),
		cmocka_unit_test(what_no_driver_wants_is_acknowledged_all_the_same),
		cmocka_unit_test(a_block_replaced_by_another_is_removed_first),
		cmocka_unit_test(a_block_that_does_not_fit_ends_the_scan),
		cmocka_unit_test(blocks_to_the_end_of_the_page_are_all_known),
		cmocka_unit_test(an_orderly_end_removes_all_and_asks_for_nothing_more),
		cmocka_unit_test(a_crash_touches_no_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
