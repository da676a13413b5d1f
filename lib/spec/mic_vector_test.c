/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The MIC X100's arithmetic against the test vectors of the datasheet's section 28.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mic_boot.h"
#include "mic_desc.h"
#include "mic_mailbox.h"
#include "mic_page.h"
#include "mic_reg_table.h"

static void
spad2_is_decoded(void **state)
{
	(void)state;
	assert_true(mic_spad2_is_ready(0x040001c1));
	assert_int_equal(REG_GET(MIC_SPAD2_APIC_ID, 0x040001c1), 224);
	assert_int_equal(mic_spad2_load_address(0x040001c1), 0x04000000);
	assert_int_equal(mic_spad2_ready(0x04000000, 224), 0x040001c1);
	assert_false(mic_spad2_is_ready(0x040001c0));
	/* Section 24, no. 1. */
	assert_false(mic_spad2_is_ready(UINT32_MAX));
}

static void
interrupts_have_their_bits(void **state)
{
	uint32_t enabled = 0;

	(void)state;
	assert_int_equal(MIC_BOOT_ICR, 0x000020e5);
	for (unsigned int db = 0; db < MIC_C2H_DOORBELLS; db++)
		enabled |= 1u << MIC_SOURCE_DOORBELL(db);
	for (unsigned int ch = 0; ch < MIC_DMA_CHANNELS; ch++)
		enabled |= 1u << MIC_SOURCE_DMA(ch);
	assert_int_equal(enabled, 0x0000ff0f);
	assert_int_equal(MIC_SOURCES_ENABLED, 0x0000ff0f);
}

static void
smpt_translates(void **state)
{
	const uint64_t low = 0x740001000, high = 0x7f1234567000;

	(void)state;
	assert_int_equal(mic_smpt_value(low), 0x00000004);
	assert_int_equal(low & (MIC_SMPT_WINDOW - 1), 0x340001000);
	assert_int_equal(mic_smpt_address(1, low), 0x8740001000);
	assert_int_equal(mic_smpt_value(high), 0x00007f10);
	assert_int_equal(high >> MIC_SMPT_SHIFT, 0x1fc4);
	assert_int_equal(high & (MIC_SMPT_WINDOW - 1), 0x234567000);
	assert_int_equal(mic_smpt_translate(0x7f10, mic_smpt_address(9, high)), high);
	assert_int_equal(mic_smpt_index(mic_smpt_address(9, high)), 9);
	assert_int_equal(mic_smpt_address(31, MIC_SMPT_WINDOW - 1), 0xffffffffff);
	assert_int_equal(mic_smpt_index(0xffffffffff), 31);
	assert_true(mic_is_system(0xffffffffff));
	assert_false(mic_is_system(0x10000000000));
	assert_false(mic_is_system(0x7fffffffff));
	assert_int_equal(MIC_SMPT_REACH, UINT64_C(512) << 30);
	/* Bits 1:0 of a register are no part of the address. */
	assert_int_equal(mic_smpt_translate(0x7f13, mic_smpt_address(9, high)), high);
	/* All 64 bits can be reached. */
	assert_int_equal(mic_smpt_translate(mic_smpt_value(UINT64_MAX),
					    mic_smpt_address(0, UINT64_MAX)), UINT64_MAX);
	assert_int_equal(mic_smpt_span(0x3fffff000, 0x2000), 2);
	assert_int_equal(mic_smpt_span(0x3fffff000, 0x1000), 1);
	assert_int_equal(mic_smpt_span(0, 1), 1);
	assert_int_equal(mic_smpt_span(UINT64_MAX, 1), 1);
}

static void
rings_have_their_sizes(void **state)
{
	(void)state;
	assert_int_equal(mic_vring_bytes(128), 5126);
	assert_int_equal(mic_vring_used(128), 4096);
	assert_int_equal(mic_vring_info_at(128, MIC_VRING_INFO_PACKED), 5126);
	assert_int_equal(mic_vring_info_at(128, MIC_VRING_INFO_PACKED) +
				 offsetof(struct mic_vring_info, magic), 5130);
	assert_int_equal(mic_vring_info_at(128, MIC_VRING_INFO_ALIGNED), 5128);
	assert_int_equal(mic_vring_bytes(64), 4614);
	assert_int_equal(mic_vring_bytes(16), 4230);
	for (uint32_t num = 2; num <= MIC_VQ_ENTRIES_MOST; num *= 2)
		assert_int_equal(mic_vring_area(num), 8192);
	assert_int_equal(mic_vring_card_used(128), 4096);
	assert_int_equal(mic_vring_magic(MIC_DEVICE_NET, 0), 0xc0ffee01);
	assert_int_equal(mic_vring_magic(MIC_DEVICE_NET, 1), 0xc0ffee02);
	assert_int_equal(mic_vring_magic(MIC_DEVICE_BLOCK, 0), 0xc0ffee02);
	assert_int_equal(mic_vring_magic(MIC_DEVICE_CONSOLE, 1), 0xc0ffee04);
}

/* Section 14.5: queues, bytes of configuration, where the end begins, bytes in all. */
static const struct {
	uint8_t num_vq, config_len;
	uint32_t ctrl, total;
} blocks[] = {
	{2, 8, 72, 88},  {2, 12, 80, 96}, {2, 10, 80, 96},  {2, 17, 88, 104},
	{1, 33, 80, 96}, {1, 36, 80, 96}, {1, 60, 104, 120},
};

static void
blocks_have_their_sizes(void **state)
{
	struct mic_device_desc worst = {1, 4, 4, 142, 0, {0}}, wrong = {1, 255, 255, 255, 0, {0}};

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		const struct mic_device_desc d = {.num_vq = blocks[i].num_vq, .feature_len = 4,
						  .config_len = blocks[i].config_len};

		assert_int_equal(mic_block_ctrl(&d), blocks[i].ctrl);
		assert_int_equal(mic_block_total(&d), blocks[i].total);
		assert_true(mic_block_ok(&d, 16));
	}
	assert_int_equal(mic_block_ctrl(&worst), MIC_BLOCK_MOST);
	assert_true(mic_block_ok(&worst, MIC_PAGE_BYTES - 272));
	assert_false(mic_block_ok(&worst, MIC_PAGE_BYTES - 264));
	assert_false(mic_block_ok(&worst, 20));
	worst.config_len = 145;
	assert_false(mic_block_ok(&worst, 16));
	assert_false(mic_block_ok(&wrong, 16));
}

/* A console, net and block device one behind another. */
static void
blocks_follow_the_boot_parameters(void **state)
{
	static const struct mic_device_desc three[] = {
		{MIC_DEVICE_CONSOLE, 2, 4, 8, 0, {0}},
		{MIC_DEVICE_NET, 2, 4, 10, 0, {0}},
		{MIC_DEVICE_BLOCK, 1, 4, 33, 0, {0}},
	};
	static const uint32_t at_d[] = {24, 112, 208, 304}, at_a[] = {16, 104, 200, 296};
	uint32_t d = sizeof(struct mic_boot_params_d), a = sizeof(struct mic_boot_params_a);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(d, at_d[i]);
		assert_int_equal(a, at_a[i]);
		d += i < 3 ? mic_block_total(&three[i]) : 0;
		a += i < 3 ? mic_block_total(&three[i]) : 0;
	}
}

static void
descriptors_are_packed(void **state)
{
	struct mic_desc copy = mic_desc_copy(0x8c00012340, 0x04321000, 4096);
	struct mic_desc status = mic_desc_status(0x8c00012340, 0x55, true);

	(void)state;
	assert_int_equal(copy.qw[0], 0x0010000004321000);
	assert_int_equal(copy.qw[1], 0x1000008c00012340);
	assert_int_equal(mic_desc_type(&copy), MIC_DESC_TYPE_MEMCPY);
	assert_int_equal(status.qw[0], 0x55);
	assert_int_equal(status.qw[1], 0x2800008c00012340);
	assert_int_equal(mic_desc_status(0, 0, false).qw[1], 0x2000000000000000);
	assert_int_equal(MIC_DMA_COPY_MOST, 1048512);
	copy = mic_desc_copy(0, 0, MIC_DMA_COPY_MOST);
	assert_int_equal(REG_GET(MIC_DESC_MEMCPY_LENGTH, copy.qw[0]), 0x3fff);
}

static void
ring_addresses_are_packed(void **state)
{
	const uint64_t system = 0x9612345000, card = 0x312345040;

	(void)state;
	assert_int_equal(mic_drar_lo(system), 0x12345000);
	assert_int_equal(mic_drar_hi(system, MIC_DMA_RING_MOST), 0x04bfffc2);
	assert_int_equal(mic_drar_hi(system, 4096), 0x04a10002);
	assert_int_equal(mic_drar_address(0x12345000, 0x04bfffc2), system);
	assert_int_equal(mic_drar_hi(card, 64), 0x00000403);
	assert_int_equal(mic_drar_address(mic_drar_lo(card), mic_drar_hi(card, 64)), card);
	assert_int_equal(MIC_DMA_RING_MOST * MIC_DESC_BYTES, 2097088);
}

static void
doorbells_are_rung_where_they_are(void **state)
{
	(void)state;
	assert_int_equal(mic_h2c_at(3), 0x1a9e8);
	assert_int_equal(mic_h2c_at(3) - MIC_SBOX, 0xa9e8);
	assert_int_equal(mic_h2c_value(3, 0x000000e1), 0x000020e1);
	assert_int_equal(mic_h2c_at(10), 0x1b188);
	assert_int_equal(mic_h2c_value(10, 0x1234), 0);
	assert_int_equal(MIC_AT(SDBIC, 2), 0x1cc98);
	assert_int_equal(MIC_C2H_VALUE, 0x80000000);
	assert_int_equal(mic_h2c_at(MIC_BOOT_DOORBELL), MIC_SBOX + 0xaa08);
	assert_int_equal(MIC_AT(APICICR_HI, MIC_BOOT_DOORBELL), MIC_SBOX + 0xaa0c);
	assert_int_equal(mic_card_irq(0), 26);
	assert_int_equal(mic_card_irq(7), 33);
	assert_int_equal(mic_card_irq(8), 17);
	assert_int_equal(mic_card_irq(15), 24);
	assert_int_equal(MIC_SPAD_AT(14), MIC_SPAD14_AT);
	assert_int_equal(MIC_SPAD_AT(MIC_MAILBOX_SPAD), MIC_SPAD8_12_AT);
}

/* A card may have put there what moves a cursor, or resets a terminal. */
static void
post_codes_are_two_characters(void **state)
{
	static const struct {
		uint32_t post;
		const char *chars;
	} cases[] = {
		{MIC_POST('F', 'F'), "FF"},        {MIC_POST('n', 'A'), "nA"},
		{0, ""},                           {UINT32_MAX, ""},
		{MIC_POST('\033', 'c'), "?c"},     {MIC_POST('1', '\n'), "1?"},
		{MIC_POST('\0', '2'), "?2"},       {MIC_POST(0xff, 0x7f), "??"},
		{MIC_POST(' ', '~'), "?~"},        {0x12340000 | MIC_POST('1', '2'), "12"},
	};
	char chars[3];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mic_post_chars(cases[i].post, chars);
		assert_string_equal(chars, cases[i].chars);
	}
}

static void
post_codes_have_names(void **state)
{
	(void)state;
	assert_int_equal(mic_reg_rows[MIC_POSTCODE].reset[0], MIC_POST('0', '1'));
	assert_string_equal(mic_post_name(MIC_POST('n', 'A')), "OS was refused");
	assert_string_equal(mic_post_name(MIC_POST('1', '2')), "waits for the OS");
	assert_string_equal(mic_post_name(MIC_POST('5', 'F')), "OS is loaded, step F");
	assert_null(mic_post_name(MIC_POST('z', 'z')));
	assert_null(mic_post_name(UINT32_MAX));
	assert_true(mic_post_is_fatal(0));
	assert_true(mic_post_is_fatal(UINT32_MAX));
	assert_true(mic_post_is_fatal(MIC_POST('F', '2')));
	assert_true(mic_post_is_fatal(MIC_POST('F', '4')));
	assert_false(mic_post_is_fatal(MIC_POST('F', 'F')));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spad2_is_decoded),
		cmocka_unit_test(interrupts_have_their_bits),
		cmocka_unit_test(smpt_translates),
		cmocka_unit_test(rings_have_their_sizes),
		cmocka_unit_test(blocks_have_their_sizes),
		cmocka_unit_test(blocks_follow_the_boot_parameters),
		cmocka_unit_test(descriptors_are_packed),
		cmocka_unit_test(ring_addresses_are_packed),
		cmocka_unit_test(doorbells_are_rung_where_they_are),
		cmocka_unit_test(post_codes_are_two_characters),
		cmocka_unit_test(post_codes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
