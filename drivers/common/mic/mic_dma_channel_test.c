/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Host DMA channels on a card that is nothing else (mic_dma_fake.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "mic_dma.h"
#include "mic_dma_fake.h"

#define RING 64u
#define MOST 8192u

static struct mic_dev dev;
static struct mic_dma_channel *ch;
static uint8_t *host; /* MOST bytes, of DPDK's */

static int
setup(void **state)
{
	(void)state;
	host = rte_zmalloc(NULL, MOST, 4096);
	if (host == NULL)
		return -1;
	fake_reset(&dev, host);
	return mic_dma_open(&dev, 1, RING, SOCKET_ID_ANY, "test", &ch);
}

static int
teardown(void **state)
{
	(void)state;
	mic_dma_close(ch);
	ch = NULL;
	rte_free(host);
	return dev.mapped == 0 && dev.event == NULL ? 0 : -1;
}

static uint64_t
of_host(uint32_t off)
{
	return fake_address(&dev, host + off);
}

/* Until n jobs have ended, or far too long. */
static uint16_t
wait_for(uint16_t n, enum mic_dma_status status[])
{
	uint64_t until = rte_get_timer_cycles() + rte_get_timer_hz();
	uint16_t done = 0;

	while (done < n && rte_get_timer_cycles() < until)
		done += mic_dma_done(ch, n - done, status != NULL ? status + done : NULL);
	return done;
}

/* ---- Set-up, 19.5 ---- */

static void
a_channel_is_set_up_and_let_go(void **state)
{
	(void)state;
	assert_int_equal(dev.dcr, MIC_DCR_OWNER(1) | MIC_DCR_ENABLE(1));
	assert_int_equal(dev.channel[1].hi >> 4 & 0x1ffff, RING);
	assert_true(dev.channel[1].hi & REG_MASK(MIC_DRAR_HI_SYS));
	mic_dma_close(ch);
	ch = NULL;
	assert_int_equal(dev.dcr, MIC_DCR_OWNER(1));
	assert_true(dev.channel[1].dcar & REG_MASK(MIC_DCAR_IM1));
	assert_int_equal(dev.mapped, 0);
}

static void
a_channel_is_one_users(void **state)
{
	struct mic_dma_channel *other;

	(void)state;
	assert_int_equal(mic_dma_open(&dev, 1, RING, SOCKET_ID_ANY, "other", &other), -EBUSY);
	assert_int_equal(dev.dcr, MIC_DCR_OWNER(1) | MIC_DCR_ENABLE(1));
	mic_dma_close(ch);
	assert_int_equal(mic_dma_open(&dev, 1, RING, SOCKET_ID_ANY, "other", &ch), 0);
}

static void
bad_arguments_are_refused(void **state)
{
	struct mic_dma_channel *other;

	(void)state;
	assert_int_equal(mic_dma_open(&dev, 4, RING, SOCKET_ID_ANY, "x", &other), -EINVAL);
	assert_int_equal(mic_dma_open(&dev, 2, 60, SOCKET_ID_ANY, "x", &other), -EINVAL);
	assert_int_equal(mic_dma_open(&dev, 2, 131069, SOCKET_ID_ANY, "x", &other), -EINVAL);
	dev.no_memory = true;
	assert_int_equal(mic_dma_open(&dev, 2, RING, SOCKET_ID_ANY, "x", &other), -ENOSPC);
	dev.no_memory = false;
	dev.never_up = true;
	assert_int_equal(mic_dma_open(&dev, 2, RING, SOCKET_ID_ANY, "x", &other), -EIO);
	dev.never_up = false;
	assert_int_equal(dev.mapped, 1);
	assert_int_equal(mic_dma_copy(ch, 32, 0, 64), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, 64, 8, 64), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, 64, 0, 63), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, 64, 0, 0), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, of_host(0), of_host(64), 64), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, 0, UINT64_C(0xffffffffc0), 128), -EINVAL);
	assert_int_equal(mic_dma_copy(ch, 0, UINT64_MAX - 63, 64), -EINVAL);
	assert_int_equal(mic_dma_copies(ch, NULL, 0), -EINVAL);
	/* More than the ring ever has room for. */
	assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 61 * UINT64_C(1048512)), -EINVAL);
	/* Later ones are unmapped after the test: dev.event is that of the last. */
	mic_dma_close(ch);
	assert_int_equal(mic_dma_open(&dev, 1, RING, SOCKET_ID_ANY, "test", &ch), 0);
}

/* ---- Copies ---- */

static void
copies_end_in_order_both_ways(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 1000; n++) {
		memset(host, (int)(n % 251 + 1), 128);
		assert_int_equal(mic_dma_copy(ch, n % 8 * 128, of_host(0), 128), 2 * n);
		assert_int_equal(mic_dma_copy(ch, of_host(4096), n % 8 * 128, 128), 2 * n + 1);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(2, NULL), 2);
		assert_memory_equal(host, host + 4096, 128);
	}
	assert_false(mic_dma_busy(ch));
}

/* Neither asking nor polling touches a register: a submit writes one. */
static void
the_data_path_reads_no_register(void **state)
{
	unsigned int reads = dev.reads, writes = dev.writes;

	(void)state;
	for (unsigned int n = 0; n < 100; n++) {
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		mic_dma_submit(ch);
		assert_int_equal(mic_dma_done(ch, 8, NULL), 1);
	}
	assert_int_equal(dev.reads, reads);
	assert_int_equal(dev.writes, writes + 100);
}

static void
nothing_happens_before_a_submit(void **state)
{
	(void)state;
	assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 64), 0);
	assert_int_equal(mic_dma_done(ch, 8, NULL), 0);
	assert_int_equal(dev.channel[1].head, 0);
	assert_false(mic_dma_busy(ch));
	dev.per_poll = 0;
	mic_dma_submit(ch);
	assert_true(mic_dma_busy(ch));
	dev.per_poll = 100;
	assert_int_equal(wait_for(1, NULL), 1);
}

static void
a_full_ring_refuses_and_room_says_so(void **state)
{
	uint32_t room = mic_dma_room(ch), taken = 0;

	(void)state;
	assert_in_range(room, 50, RING);
	dev.per_poll = 0;
	while (mic_dma_copy(ch, 0, of_host(0), 64) >= 0)
		taken++;
	assert_in_range(taken, room, RING - 1);
	assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 64), -ENOSPC);
	assert_int_equal(mic_dma_room(ch), 0);
	mic_dma_submit(ch);
	assert_int_equal(mic_dma_done(ch, 100, NULL), 0);
	/* Some of it: as far as a status tells. */
	dev.per_poll = 20;
	assert_int_equal(mic_dma_done(ch, 100, NULL), 16);
	assert_in_range(mic_dma_room(ch), 10, 17);
	dev.per_poll = 1000;
	assert_int_equal(wait_for((uint16_t)(taken - 16), NULL), taken - 16);
	/* But for the last status, which is freed with what comes behind it. */
	assert_in_range(mic_dma_room(ch), room - 1, room);
}

/* Without waiting for those submitted with them. */
static void
long_jobs_are_told_as_they_end(void **state)
{
	const uint64_t len = 65536 - 64;

	(void)state;
	for (unsigned int n = 0; n < 12; n++)
		assert_true(mic_dma_copy(ch, 0, 0, len) >= 0);
	mic_dma_submit(ch);
	/* Five copies are more than 256 KiB; their status comes sixth. */
	dev.per_poll = 6;
	assert_int_equal(mic_dma_done(ch, 100, NULL), 5);
	assert_int_equal(mic_dma_done(ch, 100, NULL), 5);
	assert_int_equal(mic_dma_done(ch, 100, NULL), 2);
}

/* However much was done: a ring of jobs that nobody has asked about is full, too. */
static void
jobs_that_nobody_asks_about_keep_their_places(void **state)
{
	unsigned int taken = 0;

	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		while (mic_dma_copy(ch, 0, of_host(0), 64) >= 0 && taken < 1000)
			taken++;
		mic_dma_submit(ch);
		mic_dma_done(ch, 0, NULL);
	}
	assert_int_equal(taken, RING);
	assert_int_equal(wait_for((uint16_t)taken, NULL), taken);
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
}

static void
a_job_of_several_copies_ends_once(void **state)
{
	const struct mic_dma_piece pieces[] = {
		{.dst = 0, .src = of_host(128), .len = 64},
		{.dst = 64, .src = of_host(0), .len = 128},
		{.dst = 4096, .src = of_host(64), .len = 64},
	};

	(void)state;
	for (unsigned int n = 0; n < 192; n++)
		host[n] = (uint8_t)n;
	assert_int_equal(mic_dma_copies(ch, pieces, 3), 0);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(1, NULL), 1);
	assert_false(mic_dma_busy(ch));
	assert_memory_equal(dev.card, host + 128, 64);
	assert_memory_equal(dev.card + 64, host, 128);
	assert_memory_equal(dev.card + 4096, host + 64, 64);
}

/* 1 MiB - 64 is what one descriptor can say. */
static void
a_long_copy_is_split(void **state)
{
	uint8_t *big = rte_malloc(NULL, 3u << 20, 64);
	const struct mic_desc *ring;
	struct mic_desc d;

	(void)state;
	assert_non_null(big);
	dev.per_poll = 0;
	assert_int_equal(mic_dma_copy(ch, 0, fake_address(&dev, big), (2u << 20) + 64), 0);
	mic_dma_submit(ch);
	assert_int_equal(dev.channel[1].head, 4);
	ring = (const void *)(uintptr_t)(dev.host +
					 mic_drar_address(dev.channel[1].lo, dev.channel[1].hi) -
					 FAKE_HOST);
	d = mic_desc_copy(1048512, fake_address(&dev, big) + 1048512, 1048512);
	assert_memory_equal(&ring[1], &d, sizeof(d));
	d = mic_desc_copy(2097024, fake_address(&dev, big) + 2097024, 192);
	assert_memory_equal(&ring[2], &d, sizeof(d));
	rte_free(big);
}

/* ---- Errors ---- */

/* The bad one ends in error, all others well, however they are mixed. */
static void
an_error_is_one_jobs(void **state)
{
	(void)state;
	for (unsigned int bad = 0; bad < 20; bad++) {
		enum mic_dma_status status[20];

		memset(host, (int)bad + 1, 64);
		for (unsigned int n = 0; n < 20; n++)
			assert_true(mic_dma_copy(ch, n == bad ? FAKE_CARD : n * 64, of_host(0),
						 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(20, status), 20);
		for (unsigned int n = 0; n < 20; n++) {
			assert_int_equal(status[n], n == bad ? MIC_DMA_ERROR : MIC_DMA_OK);
			if (n != bad)
				assert_memory_equal(dev.card + n * 64, host, 64);
		}
	}
	assert_false(mic_dma_halted(ch));
}

static void
several_errors_are_several_jobs(void **state)
{
	enum mic_dma_status status[30];

	(void)state;
	for (unsigned int n = 0; n < 30; n++)
		assert_true(mic_dma_copy(ch, n % 3 == 0 ? FAKE_CARD : 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(30, status), 30);
	for (unsigned int n = 0; n < 30; n++)
		assert_int_equal(status[n], n % 3 == 0 ? MIC_DMA_ERROR : MIC_DMA_OK);
}

/* The channel stops while its registers are looked at. */
static void
an_error_that_comes_late_is_cleared(void **state)
{
	enum mic_dma_status status[2];

	(void)state;
	dev.late = true;
	assert_true(mic_dma_copy(ch, FAKE_CARD, of_host(0), 64) >= 0);
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(2, status), 2);
	assert_int_equal(status[0], MIC_DMA_ERROR);
	assert_int_equal(status[1], MIC_DMA_OK);
	assert_false(dev.late);
}

/* Submitted while the channel has stopped already, and nobody knows. */
static void
a_head_that_came_too_late_comes_again(void **state)
{
	enum mic_dma_status status[3];

	(void)state;
	for (unsigned int round = 0; round < 30; round++) {
		assert_true(mic_dma_copy(ch, FAKE_CARD, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(mic_dma_done(ch, 8, status), 0);
		assert_true(dev.channel[1].stopped);
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(3, status), 3);
		assert_int_equal(status[0], MIC_DMA_ERROR);
		assert_int_equal(status[1], MIC_DMA_OK);
		assert_int_equal(status[2], MIC_DMA_OK);
	}
}

/* A piece in the middle: what follows of the job is not done, what follows the job is. */
static void
a_job_ends_with_its_first_error(void **state)
{
	const struct mic_dma_piece pieces[] = {
		{.dst = 0, .src = of_host(0), .len = 64},
		{.dst = FAKE_CARD, .src = of_host(0), .len = 64},
		{.dst = 128, .src = of_host(0), .len = 64},
	};
	enum mic_dma_status status[2];

	(void)state;
	memset(host, 7, 64);
	assert_int_equal(mic_dma_copies(ch, pieces, 3), 0);
	assert_int_equal(mic_dma_copy(ch, 256, of_host(0), 64), 1);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(2, status), 2);
	assert_int_equal(status[0], MIC_DMA_ERROR);
	assert_int_equal(status[1], MIC_DMA_OK);
	assert_int_equal(dev.card[0], 7);
	assert_int_equal(dev.card[128], 0);
	assert_int_equal(dev.card[256], 7);
}

/* Errors that nobody wants to hear of are forgotten with their job. */
static void
an_error_is_not_the_next_jobs(void **state)
{
	enum mic_dma_status status[1];

	(void)state;
	for (unsigned int n = 0; n < 200; n++) {
		assert_true(mic_dma_copy(ch, n == 0 ? FAKE_CARD : 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(1, n == 0 ? NULL : status), 1);
		if (n > 0)
			assert_int_equal(status[0], MIC_DMA_OK);
	}
}

static void
those_that_ended_well_are_told_up_to_an_error(void **state)
{
	enum mic_dma_status status[1];
	bool bad = false;

	(void)state;
	for (unsigned int n = 0; n < 10; n++)
		assert_true(mic_dma_copy(ch, n == 6 ? FAKE_CARD : 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	while (mic_dma_busy(ch))
		;
	assert_int_equal(mic_dma_done_well(ch, 4, &bad), 4);
	assert_false(bad);
	assert_int_equal(mic_dma_done_well(ch, 10, &bad), 2);
	assert_true(bad);
	assert_int_equal(mic_dma_done_well(ch, 10, &bad), 0);
	assert_int_equal(mic_dma_done(ch, 1, status), 1);
	assert_int_equal(status[0], MIC_DMA_ERROR);
	bad = false;
	assert_int_equal(mic_dma_done_well(ch, 10, &bad), 3);
	assert_false(bad);
}

/* ---- Resets, and a card that goes ---- */

/* Submitted or not. */
static void
what_is_dropped_touches_nothing(void **state)
{
	enum mic_dma_status status[2];

	(void)state;
	memset(host, 9, 64);
	dev.per_poll = 0;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	assert_true(mic_dma_copy(ch, 64, of_host(0), 64) >= 0);
	mic_dma_drop(ch);
	dev.per_poll = 100;
	assert_int_equal(wait_for(2, status), 2);
	assert_int_equal(status[0], MIC_DMA_ABORTED);
	assert_int_equal(status[1], MIC_DMA_ABORTED);
	assert_int_equal(dev.card[0] + dev.card[64], 0);
	assert_true(mic_dma_copy(ch, 128, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(1, status), 1);
	assert_int_equal(status[0], MIC_DMA_OK);
	assert_int_equal(dev.card[128], 9);
}

/* Writes of registers are posted: what a read has not followed may still be on its way. */
static void
a_channel_has_stopped_before_its_jobs_are_told_as_aborted(void **state)
{
	(void)state;
	dev.per_poll = 0;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	dev.posts = true;
	mic_dma_drop(ch);
	assert_int_equal(dev.dcr & MIC_DCR_ENABLE(1), 0);
	dev.posts = false;
}

/* The card has written DCR back as it had read it before. */
static void
a_channel_that_comes_on_again_has_nothing_to_do(void **state)
{
	(void)state;
	memset(host, 9, 64);
	dev.per_poll = 0;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	mic_dma_drop(ch);
	dev.dcr |= MIC_DCR_ENABLE(1);
	dev.per_poll = 100;
	mic_dev_idle(&dev);
	assert_int_equal(dev.card[0], 0);
}

static void
a_card_that_reads_all_ones_keeps_its_bits(void **state)
{
	(void)state;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	fake_card_reset(&dev, false);
	dev.blind = true;
	assert_int_equal(mic_dma_done(ch, 1, NULL), 1);
	assert_int_equal(dev.dcr, 0);
	dev.blind = false;
}

static void
a_reset_ends_all_jobs_and_the_channel_comes_back(void **state)
{
	enum mic_dma_status status[4];

	(void)state;
	for (unsigned int round = 0; round < 5; round++) {
		dev.per_poll = 0;
		for (unsigned int n = 0; n < 4; n++)
			assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		if (round % 2 == 0)
			mic_dma_submit(ch);
		fake_card_reset(&dev, false);
		assert_true(mic_dma_halted(ch));
		assert_int_equal(mic_dma_done(ch, 4, status), 4);
		for (unsigned int n = 0; n < 4; n++)
			assert_int_equal(status[n], MIC_DMA_ABORTED);
		assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 64), -EIO);
		dev.event(dev.arg, MIC_DEV_RUNNING);
		assert_false(mic_dma_halted(ch));
		dev.per_poll = 100;
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(1, status), 1);
		assert_int_equal(status[0], MIC_DMA_OK);
	}
}

/* Over before anybody has looked. */
static void
a_short_reset_is_not_missed(void **state)
{
	enum mic_dma_status status[1];

	(void)state;
	dev.per_poll = 0;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	fake_card_reset(&dev, true);
	dev.per_poll = 100;
	assert_int_equal(wait_for(1, status), 1);
	assert_int_equal(status[0], MIC_DMA_ABORTED);
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	assert_int_equal(wait_for(1, status), 1);
	assert_int_equal(status[0], MIC_DMA_OK);
}

/* Nobody has polled since. */
static void
a_job_after_a_reset_is_not_lost_with_it(void **state)
{
	enum mic_dma_status status[1];

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		fake_card_reset(&dev, true);
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(1, status), 1);
		assert_int_equal(status[0], MIC_DMA_OK);
	}
}

/* The one is known to have failed, the other one is not known to have ended. */
static void
an_error_stays_one_when_a_reset_comes(void **state)
{
	enum mic_dma_status status[2];

	(void)state;
	dev.per_poll = 1;
	assert_true(mic_dma_copy(ch, FAKE_CARD, of_host(0), 64) >= 0);
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	do
		assert_int_equal(mic_dma_done(ch, 2, status), 0);
	while (!dev.channel[1].stopped);
	do
		assert_int_equal(mic_dma_done(ch, 2, status), 0);
	while (dev.channel[1].stopped);
	fake_card_reset(&dev, true);
	assert_int_equal(wait_for(2, status), 2);
	assert_int_equal(status[0], MIC_DMA_ERROR);
	assert_int_equal(status[1], MIC_DMA_ABORTED);
}

/* The tail is where the last user left it. */
static void
a_channel_is_taken_over_where_it_is(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int n = 0; n < 5; n++)
			assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 64), n);
		mic_dma_submit(ch);
		assert_int_equal(wait_for(5, NULL), 5);
		assert_int_not_equal(dev.channel[1].tail, 0);
		mic_dma_close(ch);
		assert_int_equal(mic_dma_open(&dev, 1, RING, SOCKET_ID_ANY, "test", &ch), 0);
	}
}

/* Nobody has said a word: the channel is off, or nothing is there. */
static void
a_dead_channel_is_noticed(void **state)
{
	enum mic_dma_status status[1];

	(void)state;
	for (unsigned int gone = 0; gone < 2; gone++) {
		dev.per_poll = 0;
		assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
		mic_dma_submit(ch);
		dev.dcr = 0;
		dev.gone = gone;
		assert_int_equal(wait_for(1, status), 1);
		assert_int_equal(status[0], MIC_DMA_ABORTED);
	}
	assert_int_equal(mic_dma_copy(ch, 0, of_host(0), 64), -EIO);
	assert_true(mic_dma_halted(ch));
	dev.gone = false;
}

/* A card may write to the status what it likes: no job ends that was not asked for. */
static void
a_lying_status_is_not_believed(void **state)
{
	(void)state;
	dev.lies = true;
	assert_true(mic_dma_copy(ch, 0, of_host(0), 64) >= 0);
	mic_dma_submit(ch);
	for (unsigned int n = 0; n < 1000; n++)
		assert_int_equal(mic_dma_done(ch, 8, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	char *args[] = {"mic_dma_channel_test", "--no-huge",      "--no-pci", "--no-shconf",
			"--no-telemetry",       "--iova-mode=va", "-m",       "64",
			"--log-level=1"};
	const struct CMUnitTest tests[] = {
		TEST(a_channel_is_set_up_and_let_go),
		TEST(a_channel_is_one_users),
		TEST(bad_arguments_are_refused),
		TEST(copies_end_in_order_both_ways),
		TEST(the_data_path_reads_no_register),
		TEST(nothing_happens_before_a_submit),
		TEST(a_full_ring_refuses_and_room_says_so),
		TEST(long_jobs_are_told_as_they_end),
		TEST(jobs_that_nobody_asks_about_keep_their_places),
		TEST(a_job_of_several_copies_ends_once),
		TEST(a_long_copy_is_split),
		TEST(an_error_is_one_jobs),
		TEST(several_errors_are_several_jobs),
		TEST(an_error_that_comes_late_is_cleared),
		TEST(a_head_that_came_too_late_comes_again),
		TEST(a_job_ends_with_its_first_error),
		TEST(an_error_is_not_the_next_jobs),
		TEST(those_that_ended_well_are_told_up_to_an_error),
		TEST(what_is_dropped_touches_nothing),
		TEST(a_channel_has_stopped_before_its_jobs_are_told_as_aborted),
		TEST(a_channel_that_comes_on_again_has_nothing_to_do),
		TEST(a_card_that_reads_all_ones_keeps_its_bits),
		TEST(a_reset_ends_all_jobs_and_the_channel_comes_back),
		TEST(a_short_reset_is_not_missed),
		TEST(a_job_after_a_reset_is_not_lost_with_it),
		TEST(an_error_stays_one_when_a_reset_comes),
		TEST(a_channel_is_taken_over_where_it_is),
		TEST(a_dead_channel_is_noticed),
		TEST(a_lying_status_is_not_believed),
	};

	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
