/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "mic_dma_check.h"

struct mic_model rig;

int
rig_setup(void **state)
{
	(void)state;
	return rig_create(&rig, NULL);
}

int
rig_teardown(void **state)
{
	(void)state;
	rig_destroy(&rig);
	return 0;
}

void
paint(uint64_t address, size_t len, uint32_t seed)
{
	unsigned char *p = rig_at(&rig, address);

	for (size_t n = 0; n < len; n++) {
		seed = seed * 1664525 + 1013904223;
		p[n] = (unsigned char)(seed >> 24);
	}
}

bool
same(uint64_t a, uint64_t b, size_t len)
{
	return memcmp(rig_at(&rig, a), rig_at(&rig, b), len) == 0;
}

uint64_t
word(uint64_t address)
{
	return *(uint64_t *)rig_at(&rig, address);
}

void
assert_stopped(unsigned int channel, uint32_t error, uint32_t tail)
{
	assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, channel), error);
	assert_true(rig_read(&rig, MIC_DSTAT_AT, channel) & MIC_DSTAT_QUIESCED);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, channel), tail);
}

void
assert_done(unsigned int channel, uint32_t tail)
{
	assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, channel), 0);
	assert_int_equal(rig_read(&rig, MIC_DTPR_AT, channel), tail);
	assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, channel), tail);
}

void
assert_as_after_reset(void)
{
	assert_int_equal(rig_dcr(&rig), 0x5555);
	for (unsigned int n = 0; n < 8; n++) {
		assert_int_equal(rig_read(&rig, MIC_DCAR_AT, n), 0x03000000);
		assert_int_equal(rig_read(&rig, MIC_DTPR_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DHPR_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DSTAT_AT, n), 0);
		assert_int_equal(rig_read(&rig, MIC_DCHERR_AT, n), 0);
	}
}

void
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

void
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

uint32_t
draw(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}
