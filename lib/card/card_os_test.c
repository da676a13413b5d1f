/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The card OS from boot to end; datasheet section 27, M17 to M21, M42, M43, M45, M46.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card_test_rig.h"

/* Of era A's boot parameters, and of era D's. */
#define C2H_SHUTDOWN   4u
#define H2C_SHUTDOWN   5u
#define H2C_CONFIG     6u
#define STATUS         7u
#define SHUTDOWN_CARD  8u
#define H2C_CONFIG_D   4u
#define KERNEL_BASE    UINT64_C(0xffffffff80000000)

static uint8_t
page_byte(struct card_rig *r, unsigned int off)
{
	return *card_rig_page_at(r, off);
}

static void
open_rig(struct card_rig *r, enum card_era era)
{
	const struct card_config config = {.era = era};

	assert_int_equal(card_rig_open(r, &config), 0);
}

static void
close_rig(struct card_rig *r)
{
	assert_int_equal(card_rig_close(r), 0);
}

/* ---- Start ---- */

static void
a_boot_brings_it_up_and_tells_its_doorbells(void **state)
{
	struct card_rig r;
	char post[3];

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_int_equal(card_state(r.rig.dev), CARD_OFF);
	assert_true(card_rig_start(&r));
	assert_string_equal(rig_post(&r.rig, post), "FF");
	/* The first user of a doorbell gets 0; functions have 1. */
	assert_int_equal(page_byte(&r, H2C_SHUTDOWN), 0);
	assert_int_equal(page_byte(&r, H2C_CONFIG), 2);
	assert_int_equal(page_byte(&r, STATUS), 0);
	assert_int_equal(card_rig_rung(&r), 0);
	close_rig(&r);
}

static void
doorbell_vectors_survive_the_read_modify_write_of_a_host(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	for (unsigned int db = 0; db < 7; db++) {
		uint32_t before = rig_read(&r.rig, MIC_AT(APICICR_LO, db));

		assert_true(REG_GET(MIC_APICICR_LO_VECTOR, before) != 0);
		card_rig_ring(&r, db);
		assert_int_equal(rig_read(&r.rig, MIC_AT(APICICR_LO, db)), before);
	}
	close_rig(&r);
}

static void
eras_c_and_d_have_their_own_layout_and_a_node_number(void **state)
{
	const enum card_era eras[] = {CARD_ERA_C, CARD_ERA_D};
	struct card_status status;
	struct card_rig r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_rig(&r, eras[i]);
		card_rig_page(&r, eras[i]);
		card_rig_image(&r, " mem=32M");
		card_rig_boot(&r);
		card_rig_settle(&r);
		assert_int_equal(card_state(r.rig.dev), CARD_UP);
		assert_int_equal(page_byte(&r, H2C_CONFIG_D), 1);
		/* Nothing of era A is written over what these have there. */
		assert_int_equal(page_byte(&r, 5), 7);
		assert_int_equal(page_byte(&r, 6), MIC_PAGE_NO_DOORBELL);
		card_status_read(r.rig.dev, &status);
		assert_int_equal(status.node_id, 7);
		assert_int_equal(card_tell(r.rig.dev, CARD_HALT), 0);
		card_rig_settle(&r);
		assert_int_equal(card_state(r.rig.dev), CARD_DOWN);
		assert_int_equal(card_rig_rung(&r), 0);
		assert_int_equal(page_byte(&r, H2C_CONFIG_D), MIC_PAGE_NO_DOORBELL);
		assert_int_equal(page_byte(&r, 7), MIC_PAGE_NO_DOORBELL);
		close_rig(&r);
	}
}

static void
it_waits_for_a_device_page_that_comes_late(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	card_rig_image(&r, " mem=32M");
	card_rig_boot(&r);
	card_rig_pass(&r, 1000);
	assert_int_equal(card_state(r.rig.dev), CARD_STARTING);
	card_rig_page(&r, CARD_ERA_A);
	card_rig_pass(&r, 101);
	assert_int_equal(card_state(r.rig.dev), CARD_UP);
	close_rig(&r);
}

static void
stops_without_page(struct card_rig *r, const char *why)
{
	card_rig_image(r, " mem=32M");
	card_rig_boot(r);
	card_rig_pass(r, 4000);
	assert_int_equal(card_state(r->rig.dev), CARD_STARTING);
	card_rig_pass(r, 1500);
	assert_int_equal(card_state(r->rig.dev), CARD_DOWN);
	assert_true(card_rig_printed(r, why));
	assert_int_equal(card_rig_rung(r), 0);
}

static void
it_stops_where_there_is_no_device_page(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	stops_without_page(&r, "hold no address");
	card_rig_reset(&r);
	card_rig_page(&r, CARD_ERA_A);
	*card_rig_page_at(&r, 0) = 1;
	stops_without_page(&r, "magic is wrong");
	assert_int_equal(page_byte(&r, H2C_SHUTDOWN), MIC_PAGE_NO_DOORBELL);
	card_rig_reset(&r);
	/* The last byte of such a page would be behind all windows. */
	rig_write(&r.rig, MIC_SPAD14_AT, 0xfffff008);
	rig_write(&r.rig, MIC_SPAD15_AT, 0xff);
	stops_without_page(&r, "hold no address");
	card_rig_reset(&r);
	rig_write(&r.rig, MIC_SPAD14_AT, 0);
	rig_write(&r.rig, MIC_SPAD15_AT, 0x80);
	stops_without_page(&r, "cannot be read");
	close_rig(&r);
}

static void
its_waits_are_as_much_faster_as_the_card(void **state)
{
	const struct card_config config = {.model.time_scale = 100};
	struct card_rig r;

	(void)state;
	assert_int_equal(card_rig_open(&r, &config), 0);
	card_rig_image(&r, " mem=32M");
	card_rig_boot(&r);
	card_rig_pass(&r, 60);
	assert_int_equal(card_state(r.rig.dev), CARD_DOWN);
	close_rig(&r);
}

static void
it_prints_the_command_line_and_what_it_was_booted_from(void **state)
{
	struct card_status status;
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	card_rig_page(&r, CARD_ERA_A);
	card_rig_image(&r, " mem=32M hello=\x1b[2J");
	card_rig_boot(&r);
	card_rig_settle(&r);
	assert_true(card_rig_printed(&r, "command line: mem=32M hello=?[2J\n"));
	assert_true(card_rig_printed(&r, "slipway-card test"));
	card_status_read(r.rig.dev, &status);
	assert_string_equal(status.cmdline, " mem=32M hello=?[2J");
	assert_string_equal(status.version, "slipway-card test");
	close_rig(&r);
}

/* ---- Images ---- */

static void
image_stops(struct card_rig *r, uint32_t size, const char *why)
{
	char post[3];

	memcpy(&r->rig.gddr[RIG_LOAD + size], " mem=32M", 9);
	rig_write(&r->rig, MIC_SPAD5_AT, size);
	card_rig_boot(r);
	card_rig_settle(r);
	assert_int_equal(card_state(r->rig.dev), CARD_DOWN);
	assert_string_equal(rig_post(&r->rig, post), "nA");
	assert_true(card_rig_printed(r, why));
	assert_int_equal(page_byte(r, H2C_SHUTDOWN), MIC_PAGE_NO_DOORBELL);
	card_rig_reset(r);
	card_rig_page(r, CARD_ERA_A);
}

static void
wrong_images_do_not_start(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	card_rig_page(&r, CARD_ERA_A);
	card_rig_image(&r, "");
	r.rig.gddr[RIG_LOAD + CARD_RIG_IMAGE / 2] ^= 1;
	image_stops(&r, CARD_RIG_IMAGE, "damaged");
	card_rig_image(&r, "");
	image_stops(&r, CARD_RIG_IMAGE - 64, "cut short");
	card_rig_image(&r, "");
	image_stops(&r, CARD_RIG_IMAGE + 64, "more bytes");
	/* What the bootstrap refuses never gets here, and is told all the same. */
	card_rig_image(&r, " mem=32M");
	memset(&r.rig.gddr[RIG_LOAD + 0x202], 0, 4);
	card_rig_boot(&r);
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_OFF);
	assert_true(card_rig_printed(&r, "bootstrap: image refused: "));
	card_rig_reset(&r);
	assert_true(card_rig_start(&r));
	close_rig(&r);
}

static void
a_host_may_fill_in_the_ramdisk(void **state)
{
	struct card_rig r;
	uint32_t at = 2 * RIG_LOAD, size = 0x1000;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	card_rig_page(&r, CARD_ERA_A);
	card_rig_image(&r, " mem=32M");
	memcpy(&r.rig.gddr[RIG_LOAD + 0x218], &at, 4);
	memcpy(&r.rig.gddr[RIG_LOAD + 0x21c], &size, 4);
	card_rig_boot(&r);
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_UP);
	assert_true(card_rig_printed(&r, "ramdisk of 4096 bytes at 0x800000"));
	close_rig(&r);
}

/* ---- Ends ---- */

static void
is_gone(struct card_rig *r, uint8_t status)
{
	assert_int_equal(card_state(r->rig.dev), CARD_DOWN);
	assert_int_equal(page_byte(r, STATUS), status);
	assert_int_equal(page_byte(r, H2C_SHUTDOWN), MIC_PAGE_NO_DOORBELL);
	assert_int_equal(page_byte(r, H2C_CONFIG), MIC_PAGE_NO_DOORBELL);
	assert_int_equal(card_rig_rung(r), 1u << page_byte(r, C2H_SHUTDOWN));
}

static void
the_host_shuts_it_down_by_doorbell(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	/* The doorbell alone means nothing. */
	card_rig_ring(&r, page_byte(&r, H2C_SHUTDOWN));
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_UP);
	*card_rig_page_at(&r, SHUTDOWN_CARD) = 1;
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_UP);
	card_rig_ring(&r, page_byte(&r, H2C_SHUTDOWN));
	card_rig_settle(&r);
	is_gone(&r, 3);
	assert_int_equal(rig_read(&r.rig, MIC_SPAD_AT(MIC_MAILBOX_SPAD)), 0);
	close_rig(&r);
}

static void
commands_at_the_console_say_how_it_ended(void **state)
{
	static const struct {
		enum card_command command;
		uint8_t status;
	} cases[] = {{CARD_HALT, 2}, {CARD_POWEROFF, 3}, {CARD_RESTART, 4}, {CARD_CRASH, 1}};
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(card_tell(r.rig.dev, cases[i].command), -EINVAL);
		assert_true(card_rig_start(&r));
		assert_int_equal(card_tell(r.rig.dev, cases[i].command), 0);
		card_rig_settle(&r);
		is_gone(&r, cases[i].status);
		assert_int_equal(card_tell(r.rig.dev, cases[i].command), -EINVAL);
		card_rig_reset(&r);
		assert_int_equal(card_state(r.rig.dev), CARD_OFF);
	}
	close_rig(&r);
}

static void
a_doorbell_of_the_host_that_is_none_is_not_rung(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	*card_rig_page_at(&r, C2H_SHUTDOWN) = 4;
	assert_int_equal(card_tell(r.rig.dev, CARD_CRASH), 0);
	card_rig_settle(&r);
	assert_int_equal(page_byte(&r, STATUS), 1);
	assert_int_equal(card_rig_rung(&r), 0);
	close_rig(&r);
}

static void
a_hung_one_hears_nothing(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	assert_int_equal(card_tell(r.rig.dev, CARD_HANG), 0);
	card_rig_settle(&r);
	assert_int_equal(card_state(r.rig.dev), CARD_HUNG);
	*card_rig_page_at(&r, SHUTDOWN_CARD) = 1;
	card_rig_ring(&r, page_byte(&r, H2C_SHUTDOWN));
	card_rig_pass(&r, 100);
	assert_int_equal(card_state(r.rig.dev), CARD_HUNG);
	assert_int_equal(page_byte(&r, STATUS), 0);
	assert_int_equal(card_rig_rung(&r), 0);
	card_rig_reset(&r);
	assert_true(card_rig_start(&r));
	close_rig(&r);
}

static void
a_reset_ends_it_in_every_state(void **state)
{
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	for (enum card_state wanted = CARD_STARTING; wanted <= CARD_HUNG; wanted++) {
		if (wanted == CARD_STARTING) {
			card_rig_image(&r, " mem=32M");
			card_rig_boot(&r);
		} else {
			assert_true(card_rig_start(&r));
		}
		if (wanted == CARD_HUNG)
			assert_int_equal(card_tell(r.rig.dev, CARD_HANG), 0);
		if (wanted == CARD_STOPPING || wanted == CARD_DOWN)
			assert_int_equal(card_tell(r.rig.dev, CARD_POWEROFF), 0);
		for (unsigned int n = 0; n < 10 && card_state(r.rig.dev) != wanted; n++)
			(void)rig_pass(&r.rig, 0);
		assert_int_equal(card_state(r.rig.dev), wanted);
		card_rig_reset(&r);
		assert_int_equal(card_state(r.rig.dev), CARD_OFF);
	}
	r.rig.dev->ops->reset(r.rig.dev, BUS_RESET_POWER);
	assert_int_equal(card_rig_close(&r), 0);
}

/* ---- Log ---- */

/* As the host's daemon does: 16 digits that begin 19 characters before the symbol. */
static uint64_t
symbol(const char *name)
{
	const char *at = strstr(card_system_map(), name);

	assert_non_null(at);
	return strtoull(at - 19, NULL, 16) - KERNEL_BASE;
}

static void
the_log_is_in_card_memory_where_the_system_map_says(void **state)
{
	struct card_rig r;
	uint64_t text;
	uint32_t len;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	memcpy(&len, &r.rig.gddr[symbol("log_buf_len")], 4);
	text = symbol("__log_buf");
	assert_int_equal(len, r.text_len);
	assert_memory_equal(&r.rig.gddr[text], r.text, len);
	close_rig(&r);
}

static void
a_log_that_is_full_keeps_the_newest(void **state)
{
	uint64_t text = symbol("__log_buf");
	struct card_rig r;
	uint32_t len = 0, most = 0;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	/* A device that comes and goes is said each time; time goes on, so that all is. */
	for (unsigned int n = 0; n < 4000; n++) {
		*card_rig_page_at(&r, 16) = n % 2 != 0 ? MIC_DEVICE_REMOVED : MIC_DEVICE_NET;
		*card_rig_page_at(&r, 16 + 4) = 0;
		card_rig_ring(&r, page_byte(&r, H2C_CONFIG));
		(void)rig_pass(&r.rig, 20 * RIG_MS);
		memcpy(&len, &r.rig.gddr[0x100000], 4);
		most = len > most ? len : most;
		assert_true(len <= 0x10000);
		r.text_len = 0;
	}
	assert_true(most > 0xff00);
	assert_true(len < most);
	assert_int_equal(r.rig.gddr[text + len - 1], '\n');
	close_rig(&r);
}

static void
a_host_cannot_make_it_print_without_end(void **state)
{
	struct card_status before, after;
	struct card_rig r;

	(void)state;
	open_rig(&r, CARD_ERA_A);
	assert_true(card_rig_start(&r));
	card_status_read(r.rig.dev, &before);
	for (unsigned int n = 0; n < 1000; n++) {
		*card_rig_page_at(&r, 16) = n % 2 != 0 ? MIC_DEVICE_REMOVED : MIC_DEVICE_NET;
		card_rig_ring(&r, page_byte(&r, H2C_CONFIG));
		(void)rig_pass(&r.rig, 0);
		r.text_len = 0;
	}
	card_status_read(r.rig.dev, &after);
	assert_true(after.log_lines - before.log_lines <= 100);
	assert_true(after.log_lines > before.log_lines);
	close_rig(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_brings_it_up_and_tells_its_doorbells),
		cmocka_unit_test(doorbell_vectors_survive_the_read_modify_write_of_a_host),
		cmocka_unit_test(eras_c_and_d_have_their_own_layout_and_a_node_number),
		cmocka_unit_test(it_waits_for_a_device_page_that_comes_late),
		cmocka_unit_test(it_stops_where_there_is_no_device_page),
		cmocka_unit_test(its_waits_are_as_much_faster_as_the_card),
		cmocka_unit_test(it_prints_the_command_line_and_what_it_was_booted_from),
		cmocka_unit_test(wrong_images_do_not_start),
		cmocka_unit_test(a_host_may_fill_in_the_ramdisk),
		cmocka_unit_test(the_host_shuts_it_down_by_doorbell),
		cmocka_unit_test(commands_at_the_console_say_how_it_ended),
		cmocka_unit_test(a_doorbell_of_the_host_that_is_none_is_not_rung),
		cmocka_unit_test(a_hung_one_hears_nothing),
		cmocka_unit_test(a_reset_ends_it_in_every_state),
		cmocka_unit_test(the_log_is_in_card_memory_where_the_system_map_says),
		cmocka_unit_test(a_log_that_is_full_keeps_the_newest),
		cmocka_unit_test(a_host_cannot_make_it_print_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
