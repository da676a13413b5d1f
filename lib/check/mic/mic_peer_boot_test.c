/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Booting an image, as a host that knows the datasheet alone does it (sections 10 and 11): items
 * M13 to M17, in the orders of the kernel's eras and of Barrelfish. The card has no OS here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

static int
begin(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){0});

	peer_probe(p);
	*state = p;
	return 0;
}

static void
assert_refused(struct peer *p)
{
	char code[3];

	peer_pass(p, 5 * SECOND);
	assert_string_equal(peer_post(p, code), "nA");
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_REFUSED);
	assert_true(mic_model_boot_error(p->model)[0] != 0);
	/* It stays so, whatever is asked, until a reset. */
	peer_start(p);
	peer_pass(p, 5 * SECOND);
	assert_string_equal(peer_post(p, code), "nA");
	assert_true(peer_reset(p));
	peer_boot(p, NULL);
	assert_true(peer_reset(p));
}

/* ---- M13, M15, M17: an image that is in order ---- */

static void
m15_image_is_started(void **state)
{
	struct peer *p = *state;
	struct peer_image image = {.size = 0x12345, .cmdline = "quiet debug", .ramdisk = 0x4567};
	struct mic_model_boot boot;
	char code[3];
	uint32_t load, spad2;

	spad2 = peer_wait_ready(p);
	assert_string_equal(peer_post(p, code), "12");
	load = peer_place(p, &image);
	assert_int_equal(rd(p, SPAD + 4 * 5), 0x12345);
	peer_start(p);
	peer_pass(p, 5 * SECOND);
	assert_string_equal(peer_post(p, code), "FF");
	/* Linux leaves the ready bit as it is (10.3). */
	assert_int_equal(rd(p, SPAD + 8), spad2);
	assert_int_equal(rd(p, APICICR_LO + 8 * 7) & 1u << 13, 0);
	mic_model_boot(p->model, &boot);
	assert_int_equal(boot.image, load);
	assert_int_equal(boot.image_size, 0x12345);
	assert_int_equal(boot.cmdline, (uint64_t)load + 0x12345);
	assert_string_equal((char *)p->gddr + boot.cmdline, " mem=64M quiet debug");
	assert_int_equal(boot.cmdline_len, strlen(" mem=64M quiet debug"));
	assert_int_equal(boot.ramdisk, 2 * (uint64_t)load);
	assert_int_equal(boot.ramdisk_size, 0x4567);
	assert_false(boot.elf);
}

/* 28: aperture 8 GiB, text `quiet`. */
static void
m17_command_line_of_a_large_card(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.gddr_size = UINT64_C(8) << 30});
	struct mic_model_boot boot;

	(void)state;
	peer_probe(p);
	peer_boot(p, NULL);
	mic_model_boot(p->model, &boot);
	assert_int_equal(boot.image, 0x04000000);
	assert_string_equal((char *)p->gddr + boot.cmdline, " mem=8192M quiet");
	peer_free(p);
}

static void
m10_post_codes_of_a_boot(void **state)
{
	struct peer *p = *state;
	char code[3], last[3] = "12";
	unsigned int seen13 = 0;

	peer_wait_ready(p);
	peer_place(p, &(struct peer_image){.size = 0x400});
	peer_start(p);
	for (unsigned int i = 0; i < 5000; i++) {
		peer_post(p, code);
		assert_true(strcmp(code, "12") == 0 || strcmp(code, "13") == 0 ||
			    strcmp(code, "40") == 0 || code[0] == '5' || strcmp(code, "FF") == 0);
		/* Never back from later codes. */
		assert_true(strcmp(last, "12") == 0 || strcmp(code, "12") != 0);
		assert_true(strcmp(last, "FF") != 0 || strcmp(code, "FF") == 0);
		seen13 += strcmp(code, "13") == 0;
		memcpy(last, code, 3);
		peer_pass(p, MS);
	}
	assert_string_equal(last, "FF");
	assert_true(seen13 > 0);
}

static void
elf_mode_needs_no_command_line(void **state)
{
	struct peer *p = *state;
	struct mic_model_boot boot;

	peer_boot(p, &(struct peer_image){.size = 0x8000, .elf = true});
	mic_model_boot(p->model, &boot);
	assert_true(boot.elf);
	assert_int_equal(boot.image_size, 0x8000);
	assert_int_equal(boot.cmdline, 0);
	assert_int_equal(boot.ramdisk_size, 0);
}

/* The card takes commands of length nothing but " mem=<n>M", and images with no ramdisk. */
static void
m13_least_and_longest(void **state)
{
	struct peer *p = *state;
	static char text[2040];
	struct mic_model_boot boot;

	peer_boot(p, &(struct peer_image){.size = 0x400});
	mic_model_boot(p->model, &boot);
	assert_int_equal(boot.cmdline_len, strlen(" mem=64M"));
	assert_int_equal(boot.ramdisk_size, 0);
	assert_true(peer_reset(p));
	/* With its NUL it is 2048 bytes (11.3). */
	memset(text, 'x', 2047 - strlen(" mem=64M "));
	peer_boot(p, &(struct peer_image){.size = 0x400, .cmdline = text});
	mic_model_boot(p->model, &boot);
	assert_int_equal(boot.cmdline_len, 2047);
}

/* ---- M15: what does not start it ---- */

static void
m15_boot_interrupt_is_for_a_card_that_is_ready(void **state)
{
	struct peer *p = *state;
	char code[3];

	/* Still in its bootstrap. */
	peer_pass(p, MS);
	assert_int_equal(rd(p, SPAD + 8) & 1, 0);
	wr(p, APICICR_HI + 8 * 7, 224);
	wr(p, APICICR_LO + 8 * 7, BOOT_ICR);
	peer_wait_ready(p);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_READY);
	assert_string_equal(peer_post(p, code), "12");
	peer_boot(p, NULL);
}

static void
m15_boot_interrupt_is_vector_229_to_the_boot_processor(void **state)
{
	struct peer *p = *state;
	uint32_t apic = peer_wait_ready(p) >> 1 & 0x1ff;

	peer_place(p, &(struct peer_image){.size = 0x400});
	wr(p, APICICR_HI + 8 * 7, apic);
	wr(p, APICICR_LO + 8 * 7, 0x20e4);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_READY);
	wr(p, APICICR_LO + 8 * 7, 0x00e5);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_READY);
	wr(p, APICICR_HI + 8 * 7, apic + 1);
	wr(p, APICICR_LO + 8 * 7, BOOT_ICR);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_READY);
	/* Of the others none boots. */
	wr(p, APICICR_HI + 8 * 6, apic);
	wr(p, APICICR_LO + 8 * 6, BOOT_ICR);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_READY);
	peer_boot(p, NULL);
}

static void
m15_second_boot_interrupt_is_a_doorbell(void **state)
{
	struct peer *p = *state;
	uint32_t before, after;
	char code[3];

	peer_boot(p, NULL);
	mic_model_power(p->model, &before);
	mic_model_card_irqs(p->model);
	wr(p, APICICR_LO + 8 * 7, BOOT_ICR);
	peer_pass(p, 5 * SECOND);
	assert_int_equal(mic_model_power(p->model, &after), MIC_POWER_RUNNING);
	assert_int_equal(after, before);
	assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << 33);
	assert_string_equal(peer_post(p, code), "FF");
}

/* ---- M16: what is refused ---- */

static void
m16_image_without_signature(void **state)
{
	struct peer *p = *state;

	peer_wait_ready(p);
	peer_place(p, &(struct peer_image){.size = 0x400, .no_signature = true});
	peer_start(p);
	assert_refused(p);
}

static void
m16_size_that_cannot_be(void **state)
{
	struct peer *p = *state;
	uint32_t load;
	static const uint32_t sizes[] = {0, 0x10, 0xffffffff};

	for (unsigned int i = 0; i < 3; i++) {
		peer_wait_ready(p);
		peer_place(p, &(struct peer_image){.size = 0x400});
		wr(p, SPAD + 4 * 5, sizes[i]);
		peer_start(p);
		assert_refused(p);
	}
	/* The image ends with the memory: no room for a command line. */
	load = peer_wait_ready(p) & 0xfffff000;
	peer_place(p, &(struct peer_image){.size = 0x400});
	wr(p, SPAD + 4 * 5, (uint32_t)(p->gddr_size - load));
	peer_start(p);
	assert_refused(p);
}

static void
m16_command_line_that_does_not_begin_with_mem(void **state)
{
	struct peer *p = *state;
	uint32_t load;

	peer_wait_ready(p);
	load = peer_place(p, &(struct peer_image){.size = 0x400});
	memcpy(p->aperture + load + 0x400, "quiet", 6);
	peer_start(p);
	assert_refused(p);
	/* One that does not end. */
	load = peer_place(p, &(struct peer_image){.size = 0x400});
	memset(p->aperture + load + 0x400 + 8, 'x', 8192);
	peer_start(p);
	assert_refused(p);
}

static void
m16_ramdisk_outside_the_aperture(void **state)
{
	struct peer *p = *state;
	uint32_t load;

	peer_wait_ready(p);
	load = peer_place(p, &(struct peer_image){.size = 0x400, .ramdisk = 0x1000});
	put32(p->aperture + load + 0x21c, (uint32_t)(p->gddr_size - 2 * load + 1));
	peer_start(p);
	assert_refused(p);
	load = peer_place(p, &(struct peer_image){.size = 0x400, .ramdisk = 0x1000});
	put32(p->aperture + load + 0x218, (uint32_t)p->gddr_size);
	peer_start(p);
	assert_refused(p);
	load = peer_place(p, &(struct peer_image){.size = 0x400, .ramdisk = 0x1000});
	put32(p->aperture + load + 0x218, 0xfffff000);
	put32(p->aperture + load + 0x21c, 0x2000);
	peer_start(p);
	assert_refused(p);
}

/* ---- Orders of other drivers ---- */

/* Barrelfish takes the ready bit away before it sends the boot interrupt (10.3). */
static void
barrelfish_clears_ready_before_the_boot_interrupt(void **state)
{
	struct peer *p = *state;
	uint32_t spad2;
	char code[3];

	for (unsigned int round = 0; round < 2; round++) {
		spad2 = peer_wait_ready(p);
		peer_place(p, &(struct peer_image){.size = 0x2000, .ramdisk = 0x1000});
		wr(p, SPAD + 8, spad2 & ~1u);
		wr(p, APICICR_HI + 8 * 7, spad2 >> 1 & 0x1ff);
		wr(p, APICICR_LO + 8 * 7, BOOT_ICR);
		peer_pass(p, 5 * SECOND);
		assert_string_equal(peer_post(p, code), "FF");
		assert_int_equal(mic_model_power(p->model, NULL), MIC_POWER_RUNNING);
		assert_true(peer_reset(p));
	}
}

/* Era D sets four channels up first (11.7 step 5), and may send the image by them (U7). */
static void
m14_channels_before_the_image(void **state)
{
	struct peer *p = *state;
	struct peer_channel c[4];
	struct peer_image image = {.size = 0x4000};
	uint64_t ring = MIC(PEER_IOVA) + 0x1000, data = MIC(PEER_IOVA) + 0x40000;
	uint32_t load;
	char code[3];

	peer_wait_ready(p);
	for (unsigned int n = 0; n < 4; n++)
		assert_true(peer_channel_open(p, &c[n], n, 64, ring + 0x400 * n));
	load = peer_place(p, &image);
	memcpy(peer_target(p, data), p->aperture + load, image.size);
	memset(p->aperture + load, 0, image.size);
	peer_copy(&c[0], load, data, image.size);
	peer_push(&c[0]);
	assert_true(peer_drain(&c[0]));
	peer_start(p);
	peer_pass(p, 5 * SECOND);
	assert_string_equal(peer_post(p, code), "FF");
	/* They are not touched by a boot. */
	peer_copy(&c[0], data + 0x8000, load, 4096);
	peer_push(&c[0]);
	assert_true(peer_drain(&c[0]));
	assert_memory_equal(peer_target(p, data + 0x8000), p->gddr + load, 4096);
}

/* A driver that starts on a card which another one has left running (11.8 step 2). */
static void
running_card_is_reset_and_booted_again(void **state)
{
	struct peer *p = *state;
	uint32_t before, after;

	for (unsigned int round = 0; round < 5; round++) {
		peer_boot(p, NULL);
		mic_model_power(p->model, &before);
		memset(p->mxar, 0, sizeof(p->mxar));
		peer_probe(p);
		assert_true(peer_reset(p));
		assert_int_equal(mic_model_power(p->model, &after), MIC_POWER_READY);
		assert_true(after != before);
	}
}

/* A reset in the middle of the bootstrap, or of a boot, begins from the start. */
static void
reset_at_any_time(void **state)
{
	struct peer *p = *state;

	for (unsigned int i = 0; i < 12; i++) {
		if (i % 2 == 0) {
			peer_wait_ready(p);
			peer_place(p, &(struct peer_image){.size = 0x400});
			peer_start(p);
		}
		peer_pass(p, i * 3 * MS);
		wr(p, RGCR, 1);
		peer_pass(p, i * 700 * MS);
		wr(p, RGCR, 1);
		assert_true(peer_reset(p));
	}
	peer_boot(p, NULL);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, peer_end_tidy)
	const struct CMUnitTest tests[] = {
		T(m15_image_is_started),
		cmocka_unit_test(m17_command_line_of_a_large_card),
		T(m10_post_codes_of_a_boot),
		T(elf_mode_needs_no_command_line),
		T(m13_least_and_longest),
		T(m15_boot_interrupt_is_for_a_card_that_is_ready),
		T(m15_boot_interrupt_is_vector_229_to_the_boot_processor),
		T(m15_second_boot_interrupt_is_a_doorbell),
		T(m16_image_without_signature),
		T(m16_size_that_cannot_be),
		T(m16_command_line_that_does_not_begin_with_mem),
		T(m16_ramdisk_outside_the_aperture),
		T(barrelfish_clears_ready_before_the_boot_interrupt),
		T(m14_channels_before_the_image),
		T(running_card_is_reset_and_booted_again),
		T(reset_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
