/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Windows of the SMPT that a channel keeps, on an SMPT and a channel that only note what is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "mic_dev.h"
#include "mic_window.h"

#define GIB16 MIC_SMPT_WINDOW
#define HOST  UINT64_C(0x7f0000000000)

/* ---- What it stands on ---- */

static unsigned int mapped, room, copies;
static bool empty;
static struct mic_dma_piece last[2];

int
mic_dev_try_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address)
{
	(void)dev;
	assert_int_equal(iova % GIB16, 0);
	assert_true(len == GIB16);
	if (mapped == room)
		return -ENOMEM;
	*mic_address = MIC_SYSTEM_MEMORY + mapped++ * GIB16;
	return 0;
}

int
mic_dev_unmap(struct mic_dev *dev, uint64_t mic_address, uint64_t len)
{
	(void)dev;
	(void)mic_address;
	assert_true(len == GIB16);
	mapped--;
	return 0;
}

int64_t
mic_dma_copies(struct mic_dma_channel *ch, const struct mic_dma_piece pieces[], uint32_t n)
{
	(void)ch;
	for (uint32_t i = 0; i < n; i++)
		last[i] = pieces[i];
	copies = n;
	return 0;
}

int64_t
mic_dma_copy(struct mic_dma_channel *ch, uint64_t dst, uint64_t src, uint64_t len)
{
	const struct mic_dma_piece piece = {.dst = dst, .src = src, .len = len};

	return mic_dma_copies(ch, &piece, 1);
}

bool
mic_dma_empty(const struct mic_dma_channel *ch)
{
	(void)ch;
	return empty;
}

static struct mic_windows w;

static int
setup(void **state)
{
	(void)state;
	w = (struct mic_windows){.dev = NULL};
	mapped = 0;
	room = MIC_SMPT_ENTRIES;
	empty = false;
	return 0;
}

/* ---- The tests ---- */

static void
a_window_is_mapped_once(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 100; n++) {
		uint64_t at = HOST + n % 4 * GIB16 + n * 64;

		assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, at, 64), 0);
		assert_true(last[0].src == MIC_SYSTEM_MEMORY + n % 4 * GIB16 + n * 64);
		assert_int_equal(mic_windows_copy(&w, NULL, MIC_FROM_CARD, at, 64, 64), 0);
		assert_true(last[0].dst == MIC_SYSTEM_MEMORY + n % 4 * GIB16 + n * 64);
	}
	assert_int_equal(mapped, 4);
	mic_windows_drop(&w);
	assert_int_equal(mapped, 0);
}

/* At each line around the edge. */
static void
a_copy_across_two_windows_is_two_pieces(void **state)
{
	(void)state;
	for (uint64_t before = 0; before <= 256; before += 64) {
		uint64_t at = HOST + GIB16 - before;

		assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 4096, at, 256), 0);
		assert_int_equal(copies, before == 0 || before == 256 ? 1 : 2);
		if (copies == 1)
			continue;
		assert_int_equal(last[0].len, before);
		assert_int_equal(last[1].len, 256 - before);
		assert_int_equal(last[1].dst, 4096 + before);
		assert_int_equal(last[1].src % GIB16, 0);
		assert_int_not_equal(last[0].src / GIB16, last[1].src / GIB16);
	}
}

/* A full SMPT is waited for; those of a channel with nothing in flight make room. */
static void
a_full_smpt_is_made_room_in(void **state)
{
	(void)state;
	room = 3;
	for (uint64_t n = 0; n < 3; n++)
		assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST + n * GIB16, 64),
				 0);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST + 3 * GIB16, 64), -ENOSPC);
	/* Those that are there still work. */
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST + GIB16, 64), 0);
	empty = true;
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST + 3 * GIB16, 64), 0);
	assert_int_equal(mapped, 1);
	/* Others have all of it: that ends, too. */
	mic_windows_drop(&w);
	room = 0;
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST, 64), -ENOSPC);
}

static void
more_than_there_can_be_are_not_kept(void **state)
{
	(void)state;
	room = 1000;
	for (uint64_t n = 0; n < MIC_SMPT_ENTRIES; n++)
		assert_int_equal(mic_windows_find(&w, HOST + n * GIB16), 0);
	assert_int_equal(mic_windows_find(&w, HOST + MIC_SMPT_ENTRIES * GIB16), -ENOSPC);
	mic_windows_drop(&w);
}

static void
what_is_no_copy_is_refused(void **state)
{
	const uint64_t sys = MIC_SYSTEM_MEMORY;

	(void)state;
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, sys, HOST, 64), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, sys - 64, HOST, 128), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_FROM_CARD, HOST, sys, 64), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_ON_CARD, 0, sys, 64), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_ON_CARD, sys, 0, 64), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, UINT64_MAX - 63, 128), -EINVAL);
	assert_int_equal(mic_windows_copy(&w, NULL, MIC_TO_CARD, 0, HOST, 0), -EINVAL);
	assert_int_equal(mapped, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_is_mapped_once),     TEST(a_copy_across_two_windows_is_two_pieces),
		TEST(a_full_smpt_is_made_room_in), TEST(more_than_there_can_be_are_not_kept),
		TEST(what_is_no_copy_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
