/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA engine at work, item by item of the datasheet's checklist: M14, M36 to M38, and what stands
 * open (U2, U3).
 */
#include <string.h>

#include "mic_dma_check.h"

/* ---- M14: what a driver finds and sets up ---- */

static void
registers_after_reset_are_as_the_datasheet_says(void **state)
{
	(void)state;
	assert_as_after_reset();
}

static void
registers_keep_what_is_written(void **state)
{
	static const uint32_t regs[] = {MIC_DAUX_LO_AT,    MIC_DAUX_HI_AT,    MIC_DITR_AT,
					MIC_DSTATWB_LO_AT, MIC_DSTATWB_HI_AT, MIC_DCHERRMSK_AT};

	(void)state;
	for (unsigned int n = 0; n < 8; n++)
		for (unsigned int r = 0; r < 6; r++)
			rig_write(&rig, regs[r], n, 0x11110000 * r + n);
	for (unsigned int n = 0; n < 8; n++)
		for (unsigned int r = 0; r < 6; r++)
			assert_int_equal(rig_read(&rig, regs[r], n), 0x11110000 * r + n);
	rig_write(&rig, MIC_DRAR_LO_AT, 2, 0xffffffff);
	rig_write(&rig, MIC_DRAR_HI_AT, 2, 0xffffffff);
	assert_int_equal(rig_read(&rig, MIC_DRAR_LO_AT, 2), 0xffffffc0);
	assert_int_equal(rig_read(&rig, MIC_DRAR_HI_AT, 2), 0x07ffffff);
	/* The tail is software's while the channel is off. */
	rig_write(&rig, MIC_DTPR_AT, 2, 0xfffe0005);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 2), 5);
	rig_dcr_write(&rig, 0xffff5555);
	assert_int_equal(rig_dcr(&rig), 0xffff5555);
}

static void
channels_may_belong_to_the_card_after_reset(void **state)
{
	const struct mic_model_config config = {.open.dma_owner_card = true};

	(void)state;
	rig_destroy(&rig);
	assert_int_equal(rig_create(&rig, &config), 0);
	assert_int_equal(rig_dcr(&rig), 0);
}

/* ---- M36: rings ---- */

/* Section 28: what is in the registers, and that the ring is found there. */
static void
a_ring_is_where_drar_says(void **state)
{
	(void)state;
	rig_write(&rig, MIC_DRAR_LO_AT, 0, 0x12345000);
	rig_write(&rig, MIC_DRAR_HI_AT, 0, 0x04bfffc2);
	assert_true(mic_drar_address(0x12345000, 0x04bfffc2) == UINT64_C(0x9612345000));
	assert_int_equal(mic_drar_hi(UINT64_C(0x9612345000), 131068), 0x04bfffc2);

	rig_desc(&rig, RIG_RING, 0, mic_desc_status(RIG_STATUS, 0x55, false));
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 0x55);
	/* The same window reached by another entry is another place. */
	rig_open(&rig, 1, true, RIG_RING + RIG_WINDOW, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 1, 1);
	rig_finish(&rig);
	assert_stopped(1, RING, 0);
}

static void
a_ring_in_card_memory_works_for_both_owners(void **state)
{
	(void)state;
	for (unsigned int host = 0; host < 2; host++) {
		rig_desc(&rig, 0x3000, 0, mic_desc_status(0x5000 + 8 * host, 7 + host, false));
		rig_open(&rig, host, host, 0x3000, SIZE);
		rig_write(&rig, MIC_DHPR_AT, host, 1);
		rig_finish(&rig);
		assert_int_equal(word(0x5000 + 8 * host), 7 + host);
	}
}

/* Bits 35:34 of the ring's address are the card's only. */
static void
a_ring_of_the_host_has_fewer_address_bits(void **state)
{
	const uint64_t far = UINT64_C(0x400003000);

	(void)state;
	rig_desc(&rig, 0x3000, 0, mic_desc_status(0x5000, 9, false));
	rig_open(&rig, 0, true, far, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	rig_open(&rig, 1, false, far, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 1, 1);
	rig_finish(&rig);
	assert_int_equal(word(0x5000), 9);
	assert_done(0, 1);
	assert_stopped(1, RING, 0);
}

static void
a_ring_wraps_at_its_size(void **state)
{
	const uint32_t sizes[] = {4, SIZE, 252};

	(void)state;
	for (unsigned int s = 0; s < 3; s++) {
		uint32_t size = sizes[s], head = 0;

		rig_open(&rig, 0, true, RIG_RING, size);
		head = rig_read(&rig, MIC_DTPR_AT, 0);
		for (uint32_t n = 1; n < 5 * size; n++) {
			rig_desc(&rig, RIG_RING, head, mic_desc_status(RIG_STATUS, n, false));
			head = head + 1 == size ? 0 : head + 1;
			rig_write(&rig, MIC_DHPR_AT, 0, head);
			rig_finish(&rig);
			assert_int_equal(word(RIG_STATUS), n);
			assert_done(0, head);
		}
	}
}

/* As large as there is: 131068 descriptors. */
static void
the_largest_ring_works(void **state)
{
	uint64_t ring = RIG_EDGE - RIG_HALF;
	uint32_t size = MIC_DMA_RING_MOST;

	(void)state;
	assert_true(size * 16u <= RIG_HALF);
	rig_open(&rig, 3, true, ring, size);
	for (uint32_t n = 0; n < size; n++)
		rig_desc(&rig, ring, n, mic_desc_status(8 * (n % 1024), n + 1, false));
	rig_write(&rig, MIC_DHPR_AT, 3, size - 1);
	rig_finish(&rig);
	assert_done(3, size - 1);
	rig_write(&rig, MIC_DHPR_AT, 3, 0);
	rig_finish(&rig);
	assert_done(3, 0);
	assert_int_equal(word(8 * ((size - 1) % 1024)), size);
}

/* ---- M37: what descriptors do ---- */

/* From card to host, host to card, card to card, by pointers, in pieces, and without any. */
static void
copies_go_all_three_ways(void **state)
{
	static const uint32_t sizes[] = {64, 4096, 262144, 262208, MIB - 64};

	(void)state;
	for (unsigned int s = 0; s < 5; s++) {
		for (enum rig_map map = RIG_WHOLE; map <= RIG_NEVER; map++) {
			uint32_t len = sizes[s];

			rig.map = map;
			paint(0x40, len, s * 3 + map);
			memset(rig.card + 2 * MIB, 0, MIB);
			memset(rig.host, 0, MIB);
			copy_one(RIG_HOST, 0x40, len);
			assert_true(same(RIG_HOST, 0x40, len));
			copy_one(2 * MIB, RIG_HOST, len);
			assert_true(same(2 * MIB, 0x40, len));
			assert_int_equal(rig.card[2 * MIB + len], 0);
			copy_one(3 * MIB, 2 * MIB, len);
			assert_true(same(3 * MIB, 0x40, len));
		}
	}
}

/* Two windows of the SMPT are one range of card addresses. */
static void
a_copy_may_cross_from_one_window_to_the_next(void **state)
{
	(void)state;
	paint(0, MIB / 2, 5);
	copy_one(RIG_EDGE - 4096, 0, 8192);
	assert_true(same(RIG_EDGE - 4096, 0, 8192));
	copy_one(2 * MIB, RIG_EDGE - 4096, 8192);
	assert_true(same(2 * MIB, 0, 8192));
}

static void
a_copy_of_nothing_is_nothing(void **state)
{
	(void)state;
	copy_one(RIG_CARD, RIG_CARD, 0);
}

static void
a_status_is_64_bits_and_a_general_write_is_32(void **state)
{
	struct mic_desc general = {{UINT64_C(0xdeadbeef12345678), 0x2004 | UINT64_C(3) << 60}};

	(void)state;
	memset(rig.card + 0x2000, 0xaa, 32);
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	rig_desc(&rig, RIG_RING, 0, general);
	rig_desc(&rig, RIG_RING, 1, mic_desc_status(0x2010, UINT64_C(0x1122334455667788), false));
	rig_desc(&rig, RIG_RING, 2, (struct mic_desc){{0, 0}});
	rig_write(&rig, MIC_DHPR_AT, 0, 3);
	rig_finish(&rig);
	assert_true(word(0x2000) == UINT64_C(0x12345678aaaaaaaa));
	assert_true(word(0x2008) == UINT64_C(0xaaaaaaaaaaaaaaaa));
	assert_true(word(0x2010) == UINT64_C(0x1122334455667788));
	assert_done(0, 3);
}

/* Section 28. */
static void
descriptors_are_laid_out_as_in_the_vectors(void **state)
{
	struct mic_desc d = mic_desc_copy(UINT64_C(0x8c00012340), 0x04321000, 4096);

	(void)state;
	assert_true(d.qw[0] == UINT64_C(0x0010000004321000));
	assert_true(d.qw[1] == UINT64_C(0x1000008c00012340));
	d = mic_desc_status(UINT64_C(0x8c00012340), 0x55, true);
	assert_true(d.qw[0] == 0x55);
	assert_true(d.qw[1] == UINT64_C(0x2800008c00012340));
}

/* ---- M37: interrupts ---- */

static void
post_status(unsigned int channel, bool interrupt)
{
	uint64_t ring = 0x10000 + channel * 0x1000;
	uint32_t head = rig_read(&rig, MIC_DHPR_AT, channel);

	rig_desc(&rig, ring, head, mic_desc_status(0x8000 + 8 * channel, 1, interrupt));
	rig_write(&rig, MIC_DHPR_AT, channel, (head + 1) % SIZE);
	rig_finish(&rig);
}

static void
an_interrupt_goes_to_the_owner(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 8; n++) {
		rig_open(&rig, n, n % 3 != 0, 0x10000 + n * 0x1000, SIZE);
		post_status(n, false);
		assert_int_equal(rig.host_irqs[8 + n] + rig.card_irqs[n], 0);
		post_status(n, true);
		assert_int_equal(rig.host_irqs[8 + n], n % 3 != 0);
		assert_int_equal(rig.card_irqs[n], n % 3 == 0);
		assert_true(rig_read(&rig, MIC_DCAR_AT, n) & REG_MASK(MIC_DCAR_IS0));
		post_status(n, true);
		assert_int_equal(rig.host_irqs[8 + n] + rig.card_irqs[n], 2);
	}
}

/* Masked by the owner's bit it waits; masking is what acknowledges. */
static void
a_masked_interrupt_waits_and_masking_acknowledges(void **state)
{
	uint32_t both = (uint32_t)(REG_MASK(MIC_DCAR_IM0) | REG_MASK(MIC_DCAR_IM1));

	(void)state;
	for (unsigned int host = 0; host < 2; host++) {
		unsigned int n = 2 + host;
		_Atomic uint64_t *irqs = host ? &rig.host_irqs[8 + n] : &rig.card_irqs[n];
		uint32_t other = (uint32_t)(host ? REG_MASK(MIC_DCAR_IM0) : REG_MASK(MIC_DCAR_IM1));

		rig_open(&rig, n, host, 0x10000 + n * 0x1000, SIZE);
		rig_write(&rig, MIC_DCAR_AT, n, both);
		post_status(n, true);
		assert_int_equal(*irqs, 0);
		rig_write(&rig, MIC_DCAR_AT, n, other);
		rig_finish(&rig);
		assert_int_equal(*irqs, 1);
		assert_int_equal(rig_read(&rig, MIC_DCAR_AT, n), other | 1u << 26);
		rig_write(&rig, MIC_DCAR_AT, n, both);
		assert_int_equal(rig_read(&rig, MIC_DCAR_AT, n), both);
		rig_write(&rig, MIC_DCAR_AT, n, other);
		rig_finish(&rig);
		assert_int_equal(*irqs, 1);
	}
}

static void
a_copy_may_interrupt_and_write_the_tail_back(void **state)
{
	struct mic_desc d = mic_desc_copy(4096, 0, 64);

	(void)state;
	rig_open(&rig, 0, true, RIG_RING, 4);
	rig_write(&rig, MIC_DSTATWB_LO_AT, 0, (uint32_t)(RIG_STATUS + 4));
	rig_write(&rig, MIC_DSTATWB_HI_AT, 0, (uint32_t)(RIG_STATUS >> 32));
	d.qw[1] |= REG_MASK(MIC_DESC_MEMCPY_INTR) | REG_MASK(MIC_DESC_MEMCPY_TWB);
	for (uint32_t n = 0; n < 4; n++)
		rig_desc(&rig, RIG_RING, n, d);
	rig_write(&rig, MIC_DHPR_AT, 0, 3);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS) >> 32, 3);
	assert_int_equal((uint32_t)word(RIG_STATUS), 0);
	assert_int_equal(rig.host_irqs[8], 3);
	rig_write(&rig, MIC_DHPR_AT, 0, 0);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS) >> 32, 0);
}

/* ---- M38, U2: what is counted ---- */

/* Who learns by a status that its ring is all but empty may fill it up at once. */
static void
a_status_is_not_ahead_of_the_tail(void **state)
{
	(void)state;
	rig_open(&rig, 0, true, RIG_RING, 512);
	for (uint32_t n = 0; n < 511; n++)
		rig_desc(&rig, RIG_RING, n, mic_desc_copy(0x10000 + 4096 * (n % 8), 0, 4096));
	rig_desc(&rig, RIG_RING, 40, mic_desc_status(RIG_STATUS, 1, false));
	rig.watch = RIG_STATUS;
	rig_write(&rig, MIC_DHPR_AT, 0, 511);
	rig_finish(&rig);
	assert_int_equal(rig.seen, 40);
}

static void
dstat_counts_16_bits_where_it_is_said_to(void **state)
{
	const struct mic_model_config config = {.open.dma_dstat_16_bits = true};
	uint64_t ring = RIG_HOST;

	(void)state;
	rig_destroy(&rig);
	assert_int_equal(rig_create(&rig, &config), 0);
	rig_open(&rig, 0, true, ring, MIC_DMA_RING_MOST);
	rig_write(&rig, MIC_DHPR_AT, 0, 0x10005);
	rig_finish(&rig);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 0x10005);
	assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, 0), 5);
}

static void
dstat_of_a_steppings_does_not_wrap_with_the_ring(void **state)
{
	const struct mic_model_config config = {.a0 = true};

	(void)state;
	rig_destroy(&rig);
	assert_int_equal(rig_create(&rig, &config), 0);
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	nops(0, RIG_RING, SIZE, 2 * SIZE + 3);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 3);
	assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, 0), 2 * SIZE + 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_after_reset_are_as_the_datasheet_says),
		TEST(registers_keep_what_is_written),
		TEST(channels_may_belong_to_the_card_after_reset),
		TEST(a_ring_is_where_drar_says),
		TEST(a_ring_in_card_memory_works_for_both_owners),
		TEST(a_ring_of_the_host_has_fewer_address_bits),
		TEST(a_ring_wraps_at_its_size),
		TEST(the_largest_ring_works),
		TEST(copies_go_all_three_ways),
		TEST(a_copy_may_cross_from_one_window_to_the_next),
		TEST(a_copy_of_nothing_is_nothing),
		TEST(a_status_is_64_bits_and_a_general_write_is_32),
		TEST(descriptors_are_laid_out_as_in_the_vectors),
		TEST(an_interrupt_goes_to_the_owner),
		TEST(a_masked_interrupt_waits_and_masking_acknowledges),
		TEST(a_copy_may_interrupt_and_write_the_tail_back),
		TEST(a_status_is_not_ahead_of_the_tail),
		TEST(dstat_counts_16_bits_where_it_is_said_to),
		TEST(dstat_of_a_steppings_does_not_wrap_with_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
