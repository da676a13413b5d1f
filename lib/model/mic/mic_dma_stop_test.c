/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA engine stopped: by errors (M39), by whoever switches a channel off and on (M40) or resets
 * the card, by the card OS that is not there yet (U7), and by the end of a slice.
 */
#include <string.h>

#include "mic_dma_check.h"
#include "mic_dma_priv.h"

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
	assert_as_after_reset();
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
