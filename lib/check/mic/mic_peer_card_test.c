/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Whole lives of a card with its OS, as a host that knows the datasheet alone leads them: items
 * M17 to M21, M42, M43, M45, M46, in every interrupt mode, and in eras C and D as far as they need
 * no SCIF.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

/* Of the device page, era A (14.2). */
enum {
	H2C_SHUTDOWN_DB = 5,
	H2C_CONFIG_DB_A = 6,
	SHUTDOWN_STATUS = 7,
	SHUTDOWN_CARD = 8,
	H2C_CONFIG_DB_D = 4,
};

enum { CRASHED = 1, HALTED, POWEROFF, RESTART };

static struct peer *
probed(const struct peer_make *make)
{
	struct peer *p = peer_new(make);

	peer_probe(p);
	return p;
}

static struct peer *
probed_a(enum peer_mode mode)
{
	return probed(&(struct peer_make){.card = true, .mode = mode});
}

static void
done(struct peer *p)
{
	assert_int_equal(p->wild_irqs, 0);
	assert_int_equal(mic_model_stray(p->model), 0);
	peer_free(p);
}

/* Boot, and wait until the card OS says how it can be reached. */
static void
up_a(struct peer *p)
{
	peer_boot(p, NULL);
	assert_in_range(peer_wait_byte(p, H2C_SHUTDOWN_DB, NO_DB, SECOND), 0, 15);
	assert_in_range(peer_wait_byte(p, H2C_CONFIG_DB_A, NO_DB, SECOND), 0, 15);
	assert_int_not_equal(p->page[H2C_SHUTDOWN_DB], p->page[H2C_CONFIG_DB_A]);
	assert_int_equal(p->page[SHUTDOWN_STATUS], 0);
	assert_int_equal(card_state(p->dev), CARD_UP);
	memset(p->irqs, 0, sizeof(p->irqs));
}

/* 12.4, steps 2 to 7. */
static void
shut_down(struct peer *p)
{
	p->page[SHUTDOWN_CARD] = 1;
	peer_ring(p, p->page[H2C_SHUTDOWN_DB]);
	assert_int_equal(peer_shutdown_status(p, 5 * SECOND), POWEROFF);
	peer_pass(p, 100 * MS);
	assert_int_equal(p->page[H2C_SHUTDOWN_DB], NO_DB);
	assert_int_equal(p->page[H2C_CONFIG_DB_A], NO_DB);
}

/* Step 8: the driver resets, and puts its boot parameters back. */
static void
reset_a(struct peer *p)
{
	peer_boot_parameters(p);
	assert_true(peer_reset(p));
	assert_int_equal(p->page[H2C_SHUTDOWN_DB], NO_DB);
	assert_int_equal(card_state(p->dev), CARD_OFF);
}

/* ---- Start and orderly end, in all modes ---- */

static void
live_in_mode(enum peer_mode mode)
{
	struct peer *p = probed_a(mode);

	for (unsigned int round = 0; round < 4; round++) {
		p->c2h_shutdown = round % 4; /* 8.5: the numbers rotate */
		memset(p->mxar, 0, sizeof(p->mxar));
		peer_boot_parameters(p);
		peer_assign(p, p->c2h_shutdown, round % p->vectors);
		up_a(p);
		assert_string_equal((char *)p->page + 9, "");
		shut_down(p);
		reset_a(p);
	}
	done(p);
}

static void
m42_orderly_life_with_msix(void **state)
{
	(void)state;
	live_in_mode(PEER_MSIX);
}

static void
m42_orderly_life_with_msi(void **state)
{
	(void)state;
	live_in_mode(PEER_MSI);
}

static void
m42_orderly_life_with_intx(void **state)
{
	(void)state;
	live_in_mode(PEER_INTX);
}

/* The doorbell alone asks for nothing (step 3). */
static void
m42_doorbell_without_request_does_nothing(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);

	(void)state;
	up_a(p);
	peer_ring(p, p->page[H2C_SHUTDOWN_DB]);
	assert_int_equal(peer_shutdown_status(p, SECOND), 0);
	assert_int_equal(card_state(p->dev), CARD_UP);
	/* Nor does the request without its doorbell. */
	p->page[SHUTDOWN_CARD] = 1;
	assert_int_equal(peer_shutdown_status(p, SECOND), 0);
	shut_down(p);
	done(p);
}

/* A card that makes the host enable its interrupts again after each (8.6). */
static void
m35_strict_card_lives_with_a_driver_that_heeds_it(void **state)
{
	struct peer *p = probed(&(struct peer_make){
		.card = true, .model = {.strict_enables = true, .lose_smpt = true}});

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		up_a(p);
		shut_down(p);
		reset_a(p);
	}
	done(p);
}

/* ---- M45, M43: what is typed on the card ---- */

static void
card_ends_by(enum card_command command, unsigned int status)
{
	struct peer *p = probed_a(PEER_MSIX);

	for (unsigned int round = 0; round < 2; round++) {
		up_a(p);
		assert_int_equal(card_tell(p->dev, command), 0);
		assert_int_equal(peer_shutdown_status(p, 5 * SECOND), status);
		peer_pass(p, SECOND);
		assert_int_equal(p->page[H2C_SHUTDOWN_DB], NO_DB);
		assert_int_equal(p->page[H2C_CONFIG_DB_A], NO_DB);
		/* It is down, and says so once. */
		assert_int_equal(peer_shutdown_status(p, SECOND), 0);
		reset_a(p);
	}
	done(p);
}

static void
m45_halt_is_2(void **state)
{
	(void)state;
	card_ends_by(CARD_HALT, HALTED);
}

static void
m45_poweroff_is_3(void **state)
{
	(void)state;
	card_ends_by(CARD_POWEROFF, POWEROFF);
}

static void
m45_restart_is_4(void **state)
{
	(void)state;
	card_ends_by(CARD_RESTART, RESTART);
}

static void
m43_crash_is_1(void **state)
{
	(void)state;
	card_ends_by(CARD_CRASH, CRASHED);
}

static void
hung_card_says_nothing_and_can_be_reset(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);

	(void)state;
	up_a(p);
	assert_int_equal(card_tell(p->dev, CARD_HANG), 0);
	peer_pass(p, SECOND);
	p->page[SHUTDOWN_CARD] = 1;
	peer_ring(p, p->page[H2C_SHUTDOWN_DB]);
	assert_int_equal(peer_shutdown_status(p, 10 * SECOND), 0);
	reset_a(p);
	up_a(p);
	shut_down(p);
	done(p);
}

/* ---- M18 to M21: how it starts ---- */

static void
m18_page_is_found_through_the_smpt(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);
	uint64_t iova = UINT64_C(0x7f1234567000);
	unsigned char *page = peer_memory(p, iova, 4096);

	(void)state;
	/* The page of a host whose addresses are high: entry 17 holds 0x7f10. */
	p->page = page;
	peer_boot_parameters(p);
	p->smpt[17] = 0x00007f10;
	p->page_iova = UINT64_C(17) * 0x400000000 + (iova & 0x3ffffffff);
	up_a(p);
	shut_down(p);
	reset_a(p);
	done(p);
}

static void
m18_wrong_magic_stops_it(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);

	(void)state;
	put32(p->page, 0xc0ffee01);
	peer_boot(p, NULL);
	peer_pass(p, SECOND);
	assert_int_equal(p->page[H2C_SHUTDOWN_DB], NO_DB);
	assert_int_equal(p->page[H2C_CONFIG_DB_A], NO_DB);
	assert_int_not_equal(card_state(p->dev), CARD_UP);
	reset_a(p);
	up_a(p);
	done(p);
}

static void
m18_page_that_is_not_there_stops_it(void **state)
{
	static const uint64_t nowhere[] = {0x4000000000, 0xff00000000, 0x8100ffffff, 0xffffffffff,
					   UINT64_MAX, 0x80007c0000 - 0x7800000000};
	struct peer *p = probed_a(PEER_MSIX);
	uint64_t good = p->page_iova;

	(void)state;
	for (unsigned int i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		p->page_iova = nowhere[i] - MIC_BASE;
		peer_boot(p, NULL);
		peer_pass(p, SECOND);
		assert_int_not_equal(card_state(p->dev), CARD_UP);
		reset_a(p);
	}
	p->page_iova = good;
	up_a(p);
	done(p);
}

static void
m21_vectors_of_doorbells_are_kept(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);
	uint32_t before;

	(void)state;
	up_a(p);
	for (unsigned int db = 0; db < 7; db++) {
		before = rd(p, APICICR_LO + 8 * db);
		assert_int_not_equal(before & 0xff, 0);
		assert_int_equal(before & 1u << 13, 0);
		if (db == p->page[H2C_SHUTDOWN_DB])
			continue;
		peer_ring(p, db);
		peer_pass(p, MS);
		assert_int_equal(rd(p, APICICR_LO + 8 * db), before);
	}
	/* Doorbells that nobody holds. */
	for (unsigned int db = 8; db < 16; db++)
		peer_ring(p, db);
	peer_pass(p, SECOND);
	shut_down(p);
	done(p);
}

static void
m17_command_line_reaches_the_card(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);
	struct mic_model_boot boot;

	(void)state;
	peer_boot(p, &(struct peer_image){.size = 0x4000, .cmdline = "hello=world"});
	assert_in_range(peer_wait_byte(p, H2C_SHUTDOWN_DB, NO_DB, SECOND), 0, 15);
	mic_model_boot(p->model, &boot);
	assert_string_equal((char *)p->gddr + boot.cmdline, " mem=64M hello=world");
	assert_non_null(strstr(p->console, "hello=world"));
	shut_down(p);
	done(p);
}

static void
elf_image_lives_as_well(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);

	(void)state;
	peer_boot(p, &(struct peer_image){.size = 0x4000, .elf = true});
	assert_in_range(peer_wait_byte(p, H2C_SHUTDOWN_DB, NO_DB, SECOND), 0, 15);
	shut_down(p);
	done(p);
}

/* ---- M46: the log buffer (12.8) ---- */

/* The 16 hexadecimal digits that begin 19 characters before a symbol's name (21.1). */
static uint64_t
symbol(const char *map, const char *name)
{
	const char *at = map;
	size_t len = strlen(name);
	char digits[17];
	uint64_t value;
	char *end;

	while ((at = strstr(at, name)) != NULL && (at[len] != '\n' || at[-1] != ' '))
		at++;
	assert_non_null(at);
	assert_true(at - map >= 19);
	memcpy(digits, at - 19, 16);
	digits[16] = 0;
	value = strtoull(digits, &end, 16);
	assert_ptr_equal(end, digits + 16);
	return value;
}

static void
m46_log_is_read_through_the_aperture(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);
	uint64_t text, length;
	uint32_t first, len;
	char line[128];

	(void)state;
	up_a(p);
	text = symbol(card_system_map(), "__log_buf") - UINT64_C(0xffffffff80000000);
	length = symbol(card_system_map(), "log_buf_len") - UINT64_C(0xffffffff80000000);
	assert_true(length <= p->gddr_size - 4);
	first = get32(p->aperture + length);
	assert_true(first > 0 && text < p->gddr_size && first <= p->gddr_size - text);
	/* It is what the console showed. */
	assert_true(memchr(p->aperture + text, 0, first) == NULL);
	assert_in_range(sscanf(p->console, "%127[^\n]", line), 1, 1);
	assert_non_null(memmem(p->aperture + text, first, line, strlen(line)));
	/* What happens later comes behind it; and it is there after the end. */
	shut_down(p);
	len = get32(p->aperture + length);
	assert_true(len > first && len <= p->gddr_size - text);
	done(p);
}

/* ---- Eras C and D, without SCIF ---- */

static void
era_without_scif(enum card_era era)
{
	struct peer *p = probed(&(struct peer_make){.card = true, .era = era});
	unsigned char before[16];

	for (unsigned int round = 0; round < 3; round++) {
		memcpy(before, p->page + 8, 8);
		peer_boot(p, NULL);
		assert_in_range(peer_wait_byte(p, H2C_CONFIG_DB_D, NO_DB, SECOND), 0, 15);
		/* The host's fields are the host's (14.2). */
		assert_int_equal(get32(p->page), PAGE_MAGIC);
		assert_int_equal(p->page[5], 1);
		assert_int_equal(p->page[7], NO_DB);
		assert_memory_equal(p->page + 8, before, 8);
		peer_pass(p, SECOND);
		peer_boot_parameters(p);
		assert_true(peer_reset(p));
		assert_int_equal(p->page[H2C_CONFIG_DB_D], NO_DB);
	}
	done(p);
}

static void
m20_era_c_publishes_its_config_doorbell(void **state)
{
	(void)state;
	era_without_scif(CARD_ERA_C);
}

static void
m20_era_d_publishes_its_config_doorbell(void **state)
{
	(void)state;
	era_without_scif(CARD_ERA_D);
}

/* ---- Time ---- */

/* From ready to a card that serves: well below what a person waits (the issue asks for 1 s). */
static void
card_is_up_within_a_second_of_the_boot_interrupt(void **state)
{
	struct peer *p = probed_a(PEER_MSIX);
	uint64_t from;

	(void)state;
	peer_wait_ready(p);
	peer_place(p, &(struct peer_image){.size = 0x400000, .ramdisk = 0x100000});
	from = p->now;
	peer_start(p);
	peer_wait_byte(p, H2C_CONFIG_DB_A, NO_DB, 2 * SECOND);
	assert_true(p->now - from <= SECOND);
	assert_int_not_equal(p->page[H2C_CONFIG_DB_A], NO_DB);
	done(p);
}

static void
fifty_boots(void **state)
{
	struct peer *p = probed(&(struct peer_make){
		.card = true, .model = {.time_scale = 100}});

	(void)state;
	for (unsigned int round = 0; round < 50; round++) {
		up_a(p);
		if (round % 3 == 0)
			shut_down(p);
		reset_a(p);
	}
	done(p);
}

int
main(void)
{
#define T(test) cmocka_unit_test(test)
	const struct CMUnitTest tests[] = {
		T(m42_orderly_life_with_msix),
		T(m42_orderly_life_with_msi),
		T(m42_orderly_life_with_intx),
		T(m42_doorbell_without_request_does_nothing),
		T(m35_strict_card_lives_with_a_driver_that_heeds_it),
		T(m45_halt_is_2),
		T(m45_poweroff_is_3),
		T(m45_restart_is_4),
		T(m43_crash_is_1),
		T(hung_card_says_nothing_and_can_be_reset),
		T(m18_page_is_found_through_the_smpt),
		T(m18_wrong_magic_stops_it),
		T(m18_page_that_is_not_there_stops_it),
		T(m21_vectors_of_doorbells_are_kept),
		T(m17_command_line_reaches_the_card),
		T(elf_image_lives_as_well),
		T(m46_log_is_read_through_the_aperture),
		T(m20_era_c_publishes_its_config_doorbell),
		T(m20_era_d_publishes_its_config_doorbell),
		T(card_is_up_within_a_second_of_the_boot_interrupt),
		T(fifty_boots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
