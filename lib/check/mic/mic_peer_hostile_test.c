/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A host that means harm, and one that is confused: whatever it does to registers, device page,
 * rings and memory, a reset brings the card back, and the next boot and shutdown are orderly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

#define OPERATIONS 400

struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)(d->state >> 16);
}

/* ---- Things to do ---- */

/* A register that does something. */
static uint32_t
some_register(struct dice *d)
{
	static const uint32_t few[] = {RGCR, SICR0, SICE0, SICC0, SIAC0, MSIXPBACR, DCR, POSTCODE,
				       MSIX_PBA};

	switch (roll(d) % 10) {
	case 0:
		return SMPT + roll(d) % 32 * 4;
	case 1:
		return MSIX_TABLE + roll(d) % 64 * 4;
	case 2:
		return MXAR + roll(d) % 16 * 4;
	case 3:
	case 4:
		return DMA + roll(d) % 8 * 0x40 + roll(d) % 16 * 4;
	case 5:
		return APICICR_LO + roll(d) % 16 * 4;
	case 6:
		return SPAD + roll(d) % 16 * 4;
	case 7:
		return RDMASR + roll(d) % 8 * 4;
	case 8:
		return SDBIC + roll(d) % 4 * 4;
	default:
		return few[roll(d) % 9];
	}
}

static uint32_t
some_value(struct dice *d)
{
	switch (roll(d) % 5) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return 1u << roll(d) % 32;
	case 3:
		return roll(d) % 256;
	default:
		return roll(d);
	}
}

static uint64_t
some_address(struct peer *p, struct dice *d)
{
	switch (roll(d) % 6) {
	case 0:
		return MIC(PEER_IOVA) + roll(d) % PEER_SIZE / 64 * 64;
	case 1:
		return roll(d) % p->gddr_size / 64 * 64;
	case 2:
		return p->gddr_size - 64 * (roll(d) % 3);
	case 3:
		return MIC(PEER_IOVA + PEER_SIZE) - 64 * (roll(d) % 3);
	case 4:
		return UINT64_C(0x8007c0000) + roll(d) % 0x20000 / 64 * 64;
	default:
		return ((uint64_t)roll(d) << 32 | roll(d)) & UINT64_C(0xffffffffff);
	}
}

static void
do_register(struct peer *p, struct dice *d)
{
	uint32_t reg = some_register(d);

	if (roll(d) % 4 == 0)
		rd(p, reg);
	else
		wr(p, reg, some_value(d));
}

/* Sizes and places that no driver uses. */
static void
do_odd_access(struct peer *p, struct dice *d)
{
	static const unsigned int sizes[] = {1, 2, 4, 8};
	unsigned int size = sizes[roll(d) % 4], bar = roll(d) % 7;
	uint64_t off = roll(d) % 3 == 0 ? some_register(d) + roll(d) % 8 :
					  ((uint64_t)roll(d) << 32 | roll(d)) >> roll(d) % 64;

	if (bar == 0 && off < p->gddr_size && roll(d) % 2 == 0)
		off = p->gddr_size - roll(d) % 12;
	if (roll(d) % 2 == 0)
		p->dev->ops->read(p->dev, bar, off, size);
	else
		p->dev->ops->write(p->dev, bar, off, (uint64_t)some_value(d) << 32 | some_value(d),
				   size);
}

static void
do_config(struct peer *p, struct dice *d)
{
	unsigned char bytes[64];
	size_t len = 1 + roll(d) % 8;

	for (unsigned int i = 0; i < len; i++)
		bytes[i] = (unsigned char)roll(d);
	/* Refused outside of it; what it does inside is undone by recover(). */
	p->dev->ops->config(p->dev, (uint16_t)(roll(d) % 5 == 0 ? roll(d) : roll(d) % 0x180),
			    bytes, len, roll(d) % 2 == 0);
}

static void
do_page(struct peer *p, struct dice *d)
{
	if (roll(d) % 4 == 0)
		for (unsigned int i = 0; i < 4096; i++)
			p->page[i] = (unsigned char)roll(d);
	else
		p->page[roll(d) % 32] = (unsigned char)some_value(d);
}

static void
do_ring(struct peer *p, struct dice *d)
{
	struct peer_channel c = {.p = p, .n = roll(d) % 8, .host_owned = true, .entries = 64};
	uint64_t ring = MIC(PEER_IOVA) + 0x1000 * (1 + c.n);

	c.ring = peer_at(p, ring - MIC_BASE);
	for (unsigned int i = 0; i < 64; i++) {
		put64(c.ring + 16 * i, (uint64_t)(roll(d) % 0x4000) << 46 | some_address(p, d));
		put64(c.ring + 16 * i + 8,
		      (uint64_t)(roll(d) % 4 == 0 ? roll(d) % 16 : roll(d) % 4) << 60 |
			      (uint64_t)(roll(d) & 0x1f) << 55 | some_address(p, d));
	}
	wr(p, DCR, (rd(p, DCR) | 1u << 2 * c.n) & ~(2u << 2 * c.n));
	peer_channel_write(&c, DCHERR, UINT32_MAX);
	peer_channel_write(&c, DRAR_LO, (uint32_t)ring);
	peer_channel_write(&c, DRAR_HI, 1u << 26 | 64 << 4 | (uint32_t)((ring - MIC_BASE) >> 32 & 3));
	wr(p, DCR, rd(p, DCR) | 2u << 2 * c.n);
	peer_channel_write(&c, DHPR, roll(d) % 66);
}

/* Memory goes away under the card, and comes back. */
static void
do_memory(struct peer *p, struct dice *d)
{
	unsigned int regions = p->regions;

	p->regions = 0;
	p->dev->ops->remap(p->dev);
	peer_pass(p, roll(d) % 10 * MS);
	p->regions = regions;
	p->dev->ops->remap(p->dev);
	p->refuse_map = roll(d) % 4 == 0;
	p->piece = roll(d) % 2 == 0 ? 4096 : 0;
	p->dev->ops->remap(p->dev);
}

static void
do_something(struct peer *p, struct dice *d)
{
	switch (roll(d) % 16) {
	case 0:
	case 1:
		peer_pass(p, roll(d) % 20 * MS);
		break;
	case 2:
		do_odd_access(p, d);
		break;
	case 3:
		do_config(p, d);
		break;
	case 4:
	case 5:
		do_page(p, d);
		break;
	case 6:
		do_ring(p, d);
		break;
	case 7:
		peer_ring(p, roll(d) % 16);
		break;
	case 8:
		if (roll(d) % 8 == 0)
			do_memory(p, d);
		break;
	case 9:
		if (roll(d) % 8 == 0)
			card_tell(p->dev, (enum card_command)(roll(d) % 5));
		break;
	case 10:
		if (roll(d) % 32 == 0)
			p->dev->ops->reset(p->dev, roll(d) % 2 == 0 ? BUS_RESET_POWER :
								     BUS_RESET_FUNCTION);
		break;
	default:
		do_register(p, d);
	}
}

/* ---- And back ---- */

static void
recover(struct peer *p)
{
	p->refuse_map = false;
	p->piece = 0;
	p->dev->ops->remap(p->dev);
	cfg_wr(p, 0x48, 2, 0);
	cfg_wr(p, 4, 2, 6);
	cfg_wr(p, 0x8a, 2, 0);
	memset(p->mxar, 0, sizeof(p->mxar));
	for (unsigned int v = 0; v < PEER_VECTORS; v++)
		wr(p, MXAR + 4 * v, 0);
	memset(p->page, 0, 4096);
	assert_true(peer_reset(p));
	peer_probe(p);
}

static void
lives(struct peer *p)
{
	peer_boot(p, NULL);
	assert_in_range(peer_wait_byte(p, 5, NO_DB, SECOND), 0, 15);
	assert_in_range(peer_wait_byte(p, 6, NO_DB, SECOND), 0, 15);
	memset(p->irqs, 0, sizeof(p->irqs));
	p->page[8] = 1;
	peer_ring(p, p->page[5]);
	assert_int_equal(peer_shutdown_status(p, 5 * SECOND), 3);
	peer_boot_parameters(p);
	assert_true(peer_reset(p));
}

static void
harm(enum card_era era, unsigned int seed)
{
	struct peer *p = peer_new(&(struct peer_make){
		.card = true, .era = era, .model = {.time_scale = 20}});
	struct dice d = {.state = 0x9e3779b97f4a7c15 + seed};

	for (unsigned int round = 0; round < 3; round++) {
		peer_probe(p);
		peer_boot(p, NULL);
		for (unsigned int i = 0; i < OPERATIONS; i++)
			do_something(p, &d);
		recover(p);
	}
	if (era == CARD_ERA_A)
		lives(p);
	assert_int_equal(p->wild_irqs, 0);
	peer_free(p);
}

static void
era_a_card_outlives_any_host(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++)
		harm(CARD_ERA_A, seed);
}

static void
era_d_card_outlives_any_host(void **state)
{
	(void)state;
	for (unsigned int seed = 101; seed <= 110; seed++)
		harm(CARD_ERA_D, seed);
}

/* ---- Lies in the device page, one by one ---- */

static void
doorbells_that_do_not_exist(void **state)
{
	static const unsigned char numbers[] = {4, 7, 8, 9, 127, 128, 255};
	struct peer *p = peer_new(&(struct peer_make){.card = true});

	(void)state;
	peer_probe(p);
	for (unsigned int i = 0; i < sizeof(numbers); i++) {
		p->page[4] = numbers[i];
		peer_boot(p, NULL);
		assert_in_range(peer_wait_byte(p, 5, NO_DB, SECOND), 0, 15);
		p->page[8] = 1;
		peer_ring(p, p->page[5]);
		peer_pass(p, SECOND);
		assert_int_equal(p->wild_irqs, 0);
		peer_boot_parameters(p);
		assert_true(peer_reset(p));
	}
	lives(p);
	peer_free(p);
}

/* The card's own fields, overwritten by the host while it runs. */
static void
fields_of_the_card_overwritten(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.card = true});
	unsigned int db;

	(void)state;
	peer_probe(p);
	peer_boot(p, NULL);
	db = peer_wait_byte(p, 5, NO_DB, SECOND);
	peer_wait_byte(p, 6, NO_DB, SECOND);
	memset(p->page + 5, 0xee, 3);
	memset(p->page + 16, 0x41, 4096 - 16); /* device blocks without end */
	for (unsigned int n = 0; n < 16; n++)
		peer_ring(p, n);
	peer_pass(p, SECOND);
	p->page[8] = 1;
	memset(p->irqs, 0, sizeof(p->irqs));
	peer_ring(p, db);
	assert_int_equal(peer_shutdown_status(p, 30 * SECOND), 3);
	memset(p->page, 0, 4096);
	peer_boot_parameters(p);
	assert_true(peer_reset(p));
	lives(p);
	peer_free(p);
}

/* The page goes away while the card uses it. */
static void
page_that_goes_away(void **state)
{
	struct peer *p = peer_new(&(struct peer_make){.card = true});

	(void)state;
	peer_probe(p);
	peer_boot(p, NULL);
	peer_wait_byte(p, 6, NO_DB, SECOND);
	p->regions = 0;
	p->dev->ops->remap(p->dev);
	peer_ring(p, 0);
	card_tell(p->dev, CARD_POWEROFF);
	peer_pass(p, 5 * SECOND);
	p->regions = 1;
	p->dev->ops->remap(p->dev);
	recover(p);
	lives(p);
	peer_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(era_a_card_outlives_any_host),
		cmocka_unit_test(era_d_card_outlives_any_host),
		cmocka_unit_test(doorbells_that_do_not_exist),
		cmocka_unit_test(fields_of_the_card_overwritten),
		cmocka_unit_test(page_that_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
