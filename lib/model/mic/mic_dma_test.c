/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA engine, item by item of the datasheet's checklist: M36 to M41, and what stands open (U2,
 * U3, U7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_dma_priv.h"
#include "mic_dma_test_rig.h"

#define SIZE 16u
#define MIB  (1u << 20)
/* DCHERR as the model has it. */
#define TYPE      1u
#define ALIGNMENT 2u
#define ADDRESS   4u
#define HEAD      8u
#define RING      16u

static struct mic_model rig;

static int
setup(void **state)
{
	(void)state;
	return rig_create(&rig, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	rig_destroy(&rig);
	return 0;
}

/* Bytes that tell where they are from. */
static void
paint(uint64_t address, size_t len, uint32_t seed)
{
	unsigned char *p = rig_at(&rig, address);

	for (size_t n = 0; n < len; n++) {
		seed = seed * 1664525 + 1013904223;
		p[n] = (unsigned char)(seed >> 24);
	}
}

static bool
same(uint64_t a, uint64_t b, size_t len)
{
	return memcmp(rig_at(&rig, a), rig_at(&rig, b), len) == 0;
}

static uint64_t
word(uint64_t address)
{
	return *(uint64_t *)rig_at(&rig, address);
}

static void
assert_stopped(unsigned int channel, uint32_t error, uint32_t tail)
{
	assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, channel), error);
	assert_true(rig_read(&rig, MIC_DSTAT_AT, channel) & MIC_DSTAT_QUIESCED);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, channel), tail);
}

static void
assert_done(unsigned int channel, uint32_t tail)
{
	assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, channel), 0);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, channel), tail);
	assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, channel), tail);
}

/* ---- M14: what a driver finds and sets up ---- */

static void
registers_after_reset_are_as_the_datasheet_says(void **state)
{
	(void)state;
	assert_int_equal(rig_dcr(&rig), 0x5555);
	for (unsigned int n = 0; n < 8; n++) {
		assert_int_equal(rig_read(&rig, MIC_DCAR_AT, n), 0x03000000);
		assert_int_equal(rig_read(&rig, MIC_DTPR_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DHPR_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, n), 0);
	}
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

static void
copy_one(uint64_t dst, uint64_t src, uint32_t len)
{
	uint32_t tail;

	rig_open(&rig, 0, true, RIG_RING, SIZE);
	tail = rig_read(&rig, MIC_DTPR_AT, 0);
	rig_desc(&rig, RIG_RING, tail, mic_desc_copy(dst, src, len));
	rig_write(&rig, MIC_DHPR_AT, 0, (tail + 1) % SIZE);
	rig_finish(&rig);
	assert_done(0, (tail + 1) % SIZE);
}

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
nops(unsigned int channel, uint64_t ring, uint32_t size, uint32_t n)
{
	uint32_t head = rig_read(&rig, MIC_DHPR_AT, channel);

	for (; n > 0; n--) {
		rig_desc(&rig, ring, head, (struct mic_desc){{0, 0}});
		head = head + 1 == size ? 0 : head + 1;
		rig_write(&rig, MIC_DHPR_AT, channel, head);
		rig_finish(&rig);
	}
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

/* ---- M39: errors ---- */

/* Two good ones, a bad one, a good one: the first two are done, the channel stops at the third. */
static void
assert_refused(struct mic_desc bad, uint32_t error)
{
	*(uint64_t *)rig_at(&rig, RIG_STATUS) = 0;
	rig_open(&rig, 1, true, RIG_RING, SIZE);
	rig_write(&rig, MIC_DCHERR_AT, 1, UINT32_MAX);
	rig_control(&rig, 1, true, false);
	rig_write(&rig, MIC_DTPR_AT, 1, 0);
	rig_control(&rig, 1, true, true);
	rig_desc(&rig, RIG_RING, 0, mic_desc_status(RIG_STATUS, 1, false));
	rig_desc(&rig, RIG_RING, 1, mic_desc_status(RIG_STATUS, 2, false));
	rig_desc(&rig, RIG_RING, 2, bad);
	rig_desc(&rig, RIG_RING, 3, mic_desc_status(RIG_STATUS, 3, false));
	rig_write(&rig, MIC_DHPR_AT, 1, 4);
	rig_finish(&rig);
	assert_stopped(1, error, 2);
	assert_int_equal(word(RIG_STATUS), 2);
	/* It stays so, whatever head comes, when it is enabled again, or the error is cleared. */
	rig_write(&rig, MIC_DHPR_AT, 1, 5);
	rig_control(&rig, 1, true, false);
	rig_control(&rig, 1, true, true);
	rig_finish(&rig);
	assert_stopped(1, error, 2);
	rig_write(&rig, MIC_DCHERR_AT, 1, UINT32_MAX);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 2);
	/* What was wrong is put right, and the channel enabled again. */
	rig_desc(&rig, RIG_RING, 2, (struct mic_desc){{0, 0}});
	rig_control(&rig, 1, true, false);
	rig_control(&rig, 1, true, true);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 3);
	assert_done(1, 4);
}

static void
a_bad_descriptor_stops_the_channel(void **state)
{
	struct mic_desc d;

	(void)state;
	for (uint64_t type = 4; type < 16; type++)
		assert_refused((struct mic_desc){{0, type << 60}}, TYPE);
	for (unsigned int bit = 57; bit < 60; bit++) {
		d = mic_desc_copy(0, 4096, 64);
		d.qw[1] |= UINT64_C(1) << bit;
		assert_refused(d, TYPE);
	}
	for (uint64_t off = 1; off < 64; off += 7) {
		assert_refused(mic_desc_copy(off, 4096, 64), ALIGNMENT);
		assert_refused(mic_desc_copy(0, 4096 + off, 64), ALIGNMENT);
	}
	for (uint64_t off = 1; off < 8; off++)
		assert_refused(mic_desc_status(0x1000 + off, 1, false), ALIGNMENT);
	for (uint64_t off = 1; off < 4; off++)
		assert_refused((struct mic_desc){{1, (0x1000 + off) | UINT64_C(3) << 60}},
			       ALIGNMENT);
	d = mic_desc_copy(0, 4096, 64);
	d.qw[1] |= REG_MASK(MIC_DESC_MEMCPY_TWB);
	rig_write(&rig, MIC_DSTATWB_LO_AT, 1, 2);
	assert_refused(d, ALIGNMENT);
	rig_write(&rig, MIC_DSTATWB_LO_AT, 1, RIG_CARD);
	assert_refused(d, ADDRESS);
}

static void
what_is_not_there_stops_the_channel(void **state)
{
	static const uint64_t nowhere[] = {
		RIG_CARD,
		UINT64_C(0x08007c0000), /* registers */
		UINT64_C(0x7fffffffc0), /* below host memory */
		UINT64_C(0x8000000000), /* a window onto nothing */
		RIG_HOST - 64,
		RIG_EDGE + RIG_HALF,
	};

	(void)state;
	for (unsigned int n = 0; n < sizeof(nowhere) / sizeof(nowhere[0]); n++) {
		for (enum rig_map map = RIG_WHOLE; map <= RIG_NEVER; map++) {
			rig.map = map;
			assert_refused(mic_desc_copy(nowhere[n], 0, 64), ADDRESS);
			assert_refused(mic_desc_copy(0, nowhere[n], 64), ADDRESS);
			assert_refused(mic_desc_status(nowhere[n], 1, false), ADDRESS);
			assert_refused((struct mic_desc){{1, nowhere[n] | UINT64_C(3) << 60}},
				       ADDRESS);
		}
	}
	/* Beyond what 40 bits can say. */
	rig.map = RIG_WHOLE;
	copy_one(0, RIG_END - 64, 64);
	assert_refused(mic_desc_copy(0, RIG_END - 64, 128), ADDRESS);
	assert_refused(mic_desc_copy(RIG_END - 64, 0, 128), ADDRESS);
}

static void
host_to_host_is_not_supported(void **state)
{
	(void)state;
	assert_refused(mic_desc_copy(RIG_HOST, RIG_HOST + 4096, 64), ADDRESS);
}

static void
host_memory_needs_bus_mastering(void **state)
{
	(void)state;
	rig.no_bus_master = true;
	rig_desc(&rig, 0x3000, 0, mic_desc_copy(0, 4096, 64));
	rig_desc(&rig, 0x3000, 1, mic_desc_copy(RIG_HOST, 0, 64));
	rig_open(&rig, 0, true, 0x3000, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 0, 2);
	rig_finish(&rig);
	assert_stopped(0, ADDRESS, 1);
	rig_open(&rig, 1, true, RIG_RING, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 1, 1);
	rig_finish(&rig);
	assert_stopped(1, RING, 0);
}

/* At each line of a copy: what comes before was moved, what comes after was not. */
static void
a_fault_in_a_copy_leaves_what_came_before(void **state)
{
	(void)state;
	paint(0, 8192, 3);
	for (enum rig_map map = RIG_WHOLE; map <= RIG_NEVER; map++) {
		for (uint32_t at = 0; at < 8192; at += 64) {
			uint64_t dst = RIG_EDGE + RIG_HALF - at;

			rig.map = map;
			memset(rig.host + 2 * RIG_HALF - 8192, 0, 8192);
			rig_open(&rig, 0, true, RIG_RING, SIZE);
			rig_write(&rig, MIC_DHPR_AT, 0, 0);
			rig_control(&rig, 0, true, false);
			rig_write(&rig, MIC_DTPR_AT, 0, 0);
			rig_write(&rig, MIC_DCHERR_AT, 0, UINT32_MAX);
			rig_control(&rig, 0, true, true);
			rig_desc(&rig, RIG_RING, 0, mic_desc_copy(dst, 0, 8192));
			rig_write(&rig, MIC_DHPR_AT, 0, 1);
			rig_finish(&rig);
			assert_stopped(0, ADDRESS, 0);
			if (at > 0)
				assert_true(same(dst, 0, at / 4096 * 4096));
		}
	}
}

static void
a_misused_head_stops_the_channel(void **state)
{
	static const struct {
		uint32_t first, then;
	} heads[] = {
		{3, 3},    /* twice */
		{3, 0},    /* back beyond the tail */
		{3, 2},    /* back */
		{3, SIZE}, /* beyond the ring */
		{3, 0x1ffff},
	};

	(void)state;
	for (unsigned int n = 0; n < sizeof(heads) / sizeof(heads[0]); n++) {
		rig_open(&rig, 0, true, RIG_RING, SIZE);
		rig_control(&rig, 0, true, false);
		rig_write(&rig, MIC_DTPR_AT, 0, 0);
		rig_control(&rig, 0, true, true);
		rig_write(&rig, MIC_DHPR_AT, 0, heads[n].first);
		rig_write(&rig, MIC_DHPR_AT, 0, heads[n].then);
		rig_finish(&rig);
		assert_stopped(0, HEAD, 0);
		/* To enable it is not to clear the error. */
		rig_control(&rig, 0, true, false);
		rig_control(&rig, 0, true, true);
		rig_finish(&rig);
		assert_stopped(0, HEAD, 0);
	}
	/* The first head, where the ring is empty. */
	rig_open(&rig, 2, true, RIG_RING, SIZE);
	rig_write(&rig, MIC_DHPR_AT, 2, 0);
	assert_stopped(2, HEAD, 0);
}

static void
a_bad_ring_does_not_come_up(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 5, 6, 131067};

	(void)state;
	for (unsigned int n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		rig_open(&rig, 0, true, RIG_RING, sizes[n]);
		assert_stopped(0, RING, 0);
	}
	/* From one window to the next: the entry of the SMPT is a ring's only one. */
	rig_open(&rig, 0, true, RIG_EDGE - 64, 8);
	assert_stopped(0, RING, 0);
	rig_open(&rig, 0, true, RIG_EDGE - 64, 4);
	assert_done(0, 0);
	/* Where there is no memory shows when it is looked for. */
	rig_open(&rig, 0, true, RIG_CARD, 4);
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	rig_finish(&rig);
	assert_stopped(0, RING, 0);
}

static void
a_ring_may_not_be_changed_under_a_channel(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		uint32_t reg = n == 0 ? MIC_DRAR_LO_AT : MIC_DRAR_HI_AT, old;

		rig_open(&rig, 0, true, RIG_RING, SIZE);
		old = rig_read(&rig, reg, 0);
		rig_write(&rig, reg, 0, old + 64);
		assert_stopped(0, RING, 0);
		assert_int_equal(rig_read(&rig, reg, 0), old);
	}
}

static void
the_next_copy_fails_on_demand(void **state)
{
	(void)state;
	rig_open(&rig, 5, true, RIG_RING, SIZE);
	mic_dma_fail(rig.dma, 5);
	nops(5, RIG_RING, SIZE, 2);
	assert_done(5, 2);
	rig_desc(&rig, RIG_RING, 2, mic_desc_copy(0, 4096, 64));
	rig_write(&rig, MIC_DHPR_AT, 5, 3);
	rig_finish(&rig);
	assert_stopped(5, ADDRESS, 2);
	rig_write(&rig, MIC_DCHERR_AT, 5, UINT32_MAX);
	rig_control(&rig, 5, true, false);
	rig_control(&rig, 5, true, true);
	rig_finish(&rig);
	assert_done(5, 3);
}

/* ---- M40: off and on ---- */

static void
a_channel_that_is_off_ignores_heads(void **state)
{
	(void)state;
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	for (uint32_t n = 0; n < 4; n++)
		rig_desc(&rig, RIG_RING, n, mic_desc_status(RIG_STATUS, n + 1, false));
	rig_control(&rig, 0, true, false);
	rig_write(&rig, MIC_DHPR_AT, 0, 4);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 0);
	assert_int_equal(rig_read(&rig, MIC_DHPR_AT, 0), 0);
	rig_control(&rig, 0, true, true);
	rig_finish(&rig);
	assert_done(0, 0);
	rig_write(&rig, MIC_DHPR_AT, 0, 2);
	/* What it has taken it does, even if only later. */
	rig_control(&rig, 0, true, false);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 0);
	rig_control(&rig, 0, true, true);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 2);
	assert_done(0, 2);
}

/* In the middle of a copy: no further while it is off, and the rest once it is on. */
static void
a_copy_survives_off_and_on(void **state)
{
	struct mic_model_channel_stats stats;
	uint32_t len = MIB - 64;

	(void)state;
	paint(0, len, 1);
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	rig_desc(&rig, RIG_RING, 0, mic_desc_copy(RIG_HOST, 0, len));
	rig_desc(&rig, RIG_RING, 1, mic_desc_status(RIG_STATUS, 1, false));
	rig_write(&rig, MIC_DHPR_AT, 0, 2);
	for (unsigned int n = 0; n < 3; n++) {
		assert_true(mic_dma_step(rig.dma));
		rig_control(&rig, 0, true, false);
		rig_finish(&rig);
		assert_true(same(RIG_HOST, 0, 262144 * (n + 1)));
		assert_int_equal(rig.host[262144 * (n + 1)], 0);
		assert_int_equal(word(RIG_STATUS), 0);
		rig_control(&rig, 0, true, true);
	}
	rig_finish(&rig);
	assert_true(same(RIG_HOST, 0, len));
	assert_done(0, 2);
	assert_true(mic_dma_stats(rig.dma, 0, &stats));
	assert_int_equal(stats.descriptors, 2);
	assert_int_equal(stats.bytes, len);
}

/* Of another ring nothing is left: head and tail are where DTPR says. */
static void
a_new_ring_begins_empty(void **state)
{
	(void)state;
	paint(0, MIB - 64, 1);
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	nops(0, RIG_RING, SIZE, 5);
	rig_desc(&rig, RIG_RING, 5, mic_desc_copy(RIG_HOST, 0, MIB - 64));
	rig_desc(&rig, RIG_RING, 6, mic_desc_status(RIG_STATUS, 1, false));
	rig_write(&rig, MIC_DHPR_AT, 0, 7);
	mic_dma_step(rig.dma);
	rig_open(&rig, 0, true, 0x10000, SIZE);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 0);
	assert_done(0, 5);
	assert_int_equal(rig_read(&rig, MIC_DHPR_AT, 0), 5);
	/* A copy there begins at its beginning. */
	memset(rig.host, 0, 4096);
	rig_desc(&rig, 0x10000, 5, mic_desc_copy(RIG_HOST, 0, 4096));
	rig_write(&rig, MIC_DHPR_AT, 0, 6);
	rig_finish(&rig);
	assert_true(same(RIG_HOST, 0, 4096));
	rig_open(&rig, 0, true, 0x10000, 4);
	assert_done(0, 0);
}

static void
reset_forgets_everything(void **state)
{
	(void)state;
	paint(0, MIB - 64, 1);
	for (unsigned int n = 0; n < 8; n++) {
		uint64_t ring = RIG_RING + n * 4096;

		rig_open(&rig, n, n < 4, ring, SIZE);
		rig_desc(&rig, ring, 0, mic_desc_copy(RIG_HOST + n * 64, 0, MIB / 2));
		rig_desc(&rig, ring, 1, mic_desc_status(RIG_STATUS, 1, true));
		rig_write(&rig, MIC_DHPR_AT, n, 2);
	}
	mic_dma_step(rig.dma);
	mic_dma_reset(rig.dma);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 0);
	registers_after_reset_are_as_the_datasheet_says(NULL);
	/* And all works again. */
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	rig_desc(&rig, RIG_RING, 0, mic_desc_status(RIG_STATUS, 2, false));
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	rig_finish(&rig);
	assert_int_equal(word(RIG_STATUS), 2);
}

/* U7. */
static void
channels_may_wait_for_the_card_os(void **state)
{
	const struct mic_model_config config = {.open.dma_after_boot_only = true};

	(void)state;
	for (unsigned int waits = 0; waits < 2; waits++) {
		rig_destroy(&rig);
		assert_int_equal(rig_create(&rig, waits ? &config : NULL), 0);
		rig.no_card_os = true;
		rig_open(&rig, 0, true, RIG_RING, SIZE);
		rig_desc(&rig, RIG_RING, 0, mic_desc_status(RIG_STATUS, 1, false));
		rig_write(&rig, MIC_DHPR_AT, 0, 1);
		rig_finish(&rig);
		assert_int_equal(word(RIG_STATUS), !waits);
		rig.no_card_os = false;
		rig_finish(&rig);
		assert_int_equal(word(RIG_STATUS), 1);
	}
}

/* ---- Slices ---- */

/* Nobody who steps is kept for long: a quarter of a MiB of each channel, or 512 descriptors. */
static void
a_step_is_bounded(void **state)
{
	(void)state;
	rig_open(&rig, 0, true, RIG_RING, 4096);
	rig_desc(&rig, RIG_RING, 0, mic_desc_copy(RIG_HOST, 0, MIB - 64));
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	for (unsigned int n = 0; n < 3; n++)
		assert_true(mic_dma_step(rig.dma));
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 0);
	rig_finish(&rig);
	rig_write(&rig, MIC_DHPR_AT, 0, 2000);
	assert_true(mic_dma_step(rig.dma));
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 1 + 512);
	assert_true(mic_dma_step(rig.dma));
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 1 + 1024);
}

static void
a_step_without_work_is_over_at_once(void **state)
{
	(void)state;
	assert_false(mic_dma_step(rig.dma));
	rig_open(&rig, 0, true, RIG_RING, SIZE);
	rig_finish(&rig);
	assert_false(mic_dma_step(rig.dma));
}

/* ---- Against plain loops ---- */

static uint32_t
draw(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}

/* Memory that descriptors may name: the first MiB of the card's, and the 64 KiB at the edge. */
static uint64_t
draw_place(uint64_t *seed, bool host, uint32_t len, uint32_t unit)
{
	uint32_t room = host ? 65536 : MIB;
	uint64_t base = host ? RIG_EDGE - 32768 : 0;

	return base + draw(seed, (room - len) / unit + 1) * unit;
}

static struct mic_desc
draw_desc(uint64_t *seed)
{
	static const uint32_t most[] = {1, 4, 70, 500};
	uint32_t kind = draw(seed, 10), len = (1 + draw(seed, most[draw(seed, 4)])) * 64;
	bool host = draw(seed, 2), from_host = !host && draw(seed, 2);
	uint64_t dst, src;

	if (kind == 0)
		return (struct mic_desc){{*seed, 0}};
	if (kind == 1)
		return mic_desc_status(draw_place(seed, host, 8, 8), *seed, draw(seed, 2));
	if (kind == 2)
		return (struct mic_desc){{*seed, draw_place(seed, host, 4, 4) | UINT64_C(3) << 60}};
	do {
		dst = draw_place(seed, host, len, 64);
		src = draw_place(seed, from_host, len, 64);
	} while (dst - src < len || src - dst < len);
	return mic_desc_copy(dst, src, len);
}

/* What a descriptor says, on a memory of its own. */
static unsigned char *
shadow_at(unsigned char *card, unsigned char *host, uint64_t address)
{
	return address < RIG_CARD ? card + address : host + (address - RIG_HOST);
}

static void
reference(unsigned char *card, unsigned char *host, const struct mic_desc *d)
{
	uint64_t to = d->qw[1] & UINT64_C(0xffffffffff), from = d->qw[0] & UINT64_C(0xffffffffff);
	size_t len = (d->qw[0] >> 46 & 0x3fff) * 64;

	switch (d->qw[1] >> 60) {
	case 1:
		memmove(shadow_at(card, host, to), shadow_at(card, host, from), len);
		break;
	case 2:
		memcpy(shadow_at(card, host, to), &d->qw[0], 8);
		break;
	case 3:
		memcpy(shadow_at(card, host, to), &d->qw[0], 4);
		break;
	default:
		break;
	}
}

/* Head, slices, off and on, at random: in the end every descriptor was executed once, in order. */
static void
check_random(uint64_t seed, uint32_t size, enum rig_map map, unsigned char *card,
	     unsigned char *host)
{
	uint64_t ring = draw(&seed, 2) ? RIG_CARD - 65536 : RIG_RING;
	uint32_t head, tail, done = 0, posted = 0, want = 4 * size;

	rig.map = map;
	rig_open(&rig, 2, true, ring, size);
	head = rig_read(&rig, MIC_DTPR_AT, 2);
	while (done < want) {
		uint32_t n = draw(&seed, size - (posted - done)), old = head;

		for (; n > 0 && posted < want; n--, posted++) {
			struct mic_desc d = draw_desc(&seed);

			rig_desc(&rig, ring, head, d);
			reference(card, host, &d);
			head = head + 1 == size ? 0 : head + 1;
		}
		if (head != old)
			rig_write(&rig, MIC_DHPR_AT, 2, head);
		if (draw(&seed, 4) == 0)
			rig_control(&rig, 2, true, false);
		mic_dma_step(rig.dma);
		rig_control(&rig, 2, true, true);
		mic_dma_step(rig.dma);
		tail = rig_read(&rig, MIC_DTPR_AT, 2);
		done = posted - (head >= tail ? head - tail : head + size - tail);
	}
	assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, 2), 0);
	assert_memory_equal(rig.card, card, MIB);
	assert_memory_equal(rig.host + RIG_HALF - 32768, host + RIG_HALF - 32768, 65536);
}

static void
random_descriptors_do_what_plain_loops_do(void **state)
{
	static const uint32_t sizes[] = {4, 8, 60, 256};
	unsigned char *card = malloc(RIG_CARD), *host = malloc(2 * RIG_HALF);

	(void)state;
	paint(0, RIG_CARD, 1);
	paint(RIG_HOST, 2 * RIG_HALF, 2);
	memcpy(card, rig.card, RIG_CARD);
	memcpy(host, rig.host, 2 * RIG_HALF);
	for (uint64_t n = 0; n < 24; n++)
		check_random(n * 77 + 5, sizes[n % 4], (enum rig_map)(n % 3), card, host);
	free(card);
	free(host);
}

/* Who finds a channel in the hands of another thread is told that there is work, but not its own. */
static void
a_channel_in_other_hands_is_not_spun_for(void **state)
{
	struct mic_dma_channel *c = &rig.dma->channel[0];

	(void)state;
	rig_open(&rig, 0, true, RIG_RING, 16);
	rig_desc(&rig, RIG_RING, 0, mic_desc_copy(RIG_HOST, 0, 64));
	rig_write(&rig, MIC_DHPR_AT, 0, 1);
	mic_dma_lock(&c->working);
	assert_false(mic_dma_step(rig.dma));
	assert_true(mic_dma_at_work(rig.dma));
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, 0), 0);
	/* It has gone away without an end. */
	mic_dma_unlock(&c->working);
	rig_finish(&rig);
	assert_done(0, 1);
	assert_false(mic_dma_at_work(rig.dma));
}

/* Whatever is written into registers and memory: the engine touches what is there, and no more. */
static void
nonsense_does_no_harm(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (unsigned int n = 0; n < 20000; n++) {
		uint32_t reg = MIC_DMA_AT + draw(&seed, 13) * 4, value = draw(&seed, 1u << 31);
		unsigned int channel = draw(&seed, 8);

		if (n % 50 == 0)
			paint(draw(&seed, 2) ? RIG_HOST : 0, MIB, (uint32_t)seed);
		if (draw(&seed, 4) == 0)
			rig_open(&rig, channel, draw(&seed, 2), draw(&seed, 2) ? RIG_HOST : 0,
				 4 * (1 + draw(&seed, 100)));
		if (draw(&seed, 8) == 0)
			value = draw(&seed, 64);
		if (draw(&seed, 10) == 0)
			rig_dcr_write(&rig, value);
		else
			rig_write(&rig, reg, channel, value);
		if (draw(&seed, 500) == 0)
			mic_dma_reset(rig.dma);
		mic_dma_step(rig.dma);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(a_bad_descriptor_stops_the_channel),
		TEST(what_is_not_there_stops_the_channel),
		TEST(host_to_host_is_not_supported),
		TEST(host_memory_needs_bus_mastering),
		TEST(a_fault_in_a_copy_leaves_what_came_before),
		TEST(a_misused_head_stops_the_channel),
		TEST(a_bad_ring_does_not_come_up),
		TEST(a_ring_may_not_be_changed_under_a_channel),
		TEST(the_next_copy_fails_on_demand),
		TEST(a_channel_that_is_off_ignores_heads),
		TEST(a_copy_survives_off_and_on),
		TEST(a_new_ring_begins_empty),
		TEST(reset_forgets_everything),
		TEST(channels_may_wait_for_the_card_os),
		TEST(a_step_is_bounded),
		TEST(a_step_without_work_is_over_at_once),
		TEST(a_channel_in_other_hands_is_not_spun_for),
		TEST(random_descriptors_do_what_plain_loops_do),
		TEST(nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
