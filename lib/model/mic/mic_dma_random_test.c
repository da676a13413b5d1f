/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA engine against plain loops, and against nonsense.
 */
#include <stdlib.h>
#include <string.h>

#include "mic_dma_check.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_descriptors_do_what_plain_loops_do),
		TEST(nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
