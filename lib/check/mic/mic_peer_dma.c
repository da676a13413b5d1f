/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a driver of a DMA channel does (section 19), the host's or the card's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mic_peer.h"

uint32_t
peer_channel_read(struct peer_channel *c, uint32_t reg)
{
	uint32_t off = DMA + 0x40 * c->n + reg;

	return c->host_owned ? rd(c->p, off) : mic_model_card_read(c->p->model, off);
}

void
peer_channel_write(struct peer_channel *c, uint32_t reg, uint32_t value)
{
	uint32_t off = DMA + 0x40 * c->n + reg;

	if (c->host_owned)
		wr(c->p, off, value);
	else
		mic_model_card_write(c->p->model, off, value);
}

static void
dcr_change(struct peer_channel *c, uint32_t clear, uint32_t set)
{
	struct peer *p = c->p;

	if (c->host_owned)
		wr(p, DCR, (rd(p, DCR) & ~clear) | set);
	else
		mic_model_card_write(p->model, DCR,
				     (mic_model_card_read(p->model, DCR) & ~clear) | set);
}

unsigned char *
peer_target(struct peer *p, uint64_t address)
{
	if (address < MIC_BASE) {
		assert_true(address < p->gddr_size);
		return p->gddr + address;
	}
	address -= MIC_BASE;
	return peer_at(p, ((uint64_t)p->smpt[address >> 34] >> 2 << 34) +
			  (address & 0x3ffffffff));
}

/* DRAR_HI of 19.2; a ring in host memory is named by its SMPT entry and the 34 bits below it. */
static uint32_t
ring_high(uint64_t ring, uint32_t entries)
{
	uint32_t high = entries << 4;

	if (ring < MIC_BASE)
		return high | (uint32_t)(ring >> 32 & 0xf);
	ring -= MIC_BASE;
	return high | 1u << 26 | (uint32_t)(ring >> 34) << 21 | (uint32_t)(ring >> 32 & 3);
}

static bool
channel_open(struct peer *p, struct peer_channel *c, uint32_t entries, uint64_t ring)
{
	uint32_t mask = 1u << (c->host_owned ? 25 : 24);

	c->p = p;
	c->entries = entries;
	c->ring = peer_target(p, ring);
	if (!c->host_owned)
		dcr_change(c, 1u << 2 * c->n, 0);
	dcr_change(c, 2u << 2 * c->n, 0);
	peer_channel_write(c, DCAR, peer_channel_read(c, DCAR) | mask);
	peer_channel_write(c, DCHERRMSK, 0);
	peer_channel_write(c, DRAR_LO, (uint32_t)ring);
	peer_channel_write(c, DRAR_HI, ring_high(ring, entries));
	c->head = peer_channel_read(c, DTPR) & 0x1ffff;
	peer_channel_write(c, DCAR, peer_channel_read(c, DCAR) & ~mask);
	dcr_change(c, 0, 2u << 2 * c->n);
	return peer_channel_read(c, DCHERR) == 0 &&
	       (peer_channel_read(c, DSTAT) & 0x20000000) == 0;
}

bool
peer_channel_open(struct peer *p, struct peer_channel *c, unsigned int n, uint32_t entries,
		  uint64_t ring)
{
	*c = (struct peer_channel){.n = n, .host_owned = true};
	return channel_open(p, c, entries, ring);
}

bool
peer_channel_open_card(struct peer *p, struct peer_channel *c, unsigned int n, uint32_t entries,
		       uint64_t ring)
{
	*c = (struct peer_channel){.n = n};
	return channel_open(p, c, entries, ring);
}

void
peer_channel_disable(struct peer_channel *c)
{
	dcr_change(c, 2u << 2 * c->n, 0);
}

void
peer_desc(struct peer_channel *c, uint64_t qw0, uint64_t qw1)
{
	put64(c->ring + 16 * c->head, qw0);
	put64(c->ring + 16 * c->head + 8, qw1);
	c->head = c->head + 1 == c->entries ? 0 : c->head + 1;
}

void
peer_copy(struct peer_channel *c, uint64_t dst, uint64_t src, uint32_t len)
{
	peer_desc(c, (uint64_t)(len / 64) << 46 | src, UINT64_C(1) << 60 | dst);
}

void
peer_status(struct peer_channel *c, uint64_t dst, uint64_t data, bool interrupt)
{
	peer_desc(c, data, UINT64_C(2) << 60 | (uint64_t)interrupt << 59 | dst);
}

void
peer_push(struct peer_channel *c)
{
	peer_channel_write(c, DHPR, c->head);
}

bool
peer_drain(struct peer_channel *c)
{
	for (unsigned int i = 0; i < 10000; i++) {
		if (peer_channel_read(c, DCHERR) != 0)
			return false;
		if ((peer_channel_read(c, DSTAT) & 0x1ffff) == c->head)
			return true;
		peer_pass(c->p, 10000);
	}
	return false;
}
