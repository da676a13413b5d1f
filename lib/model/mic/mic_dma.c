/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The channels' registers: sections 19.2 and 19.4.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mic_dma_priv.h"

/* A place in a ring. */
#define INDEX(value) ((uint32_t)REG_GET(MIC_DHPR_HEAD, value))
/* Bits 35:34 of a ring's address, which rings of the host do not have. */
#define CARD_ONLY (UINT64_C(0x3) << MIC_SMPT_SHIFT)
/* DCR when all channels are the host's, and off. */
#define ALL_HOST 0x5555u
/* An offset in BAR4 without its block. */
#define IN_SBOX(at) ((uint32_t)(at)-MIC_SBOX)

/* ---- Stopping ---- */

/* Wait until nobody executes descriptors of a channel that is off. */
static void
wait_for_work(struct mic_dma_channel *c)
{
	atomic_fetch_add(&c->awaited, 1);
	mic_dma_lock(&c->working);
	mic_dma_unlock(&c->working);
	atomic_fetch_sub(&c->awaited, 1);
}

void
mic_dma_remap(struct mic_dma *dma)
{
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		wait_for_work(&dma->channel[n]);
}

/* ---- DCR: owners, and which channels are on ---- */

/* Where DRAR says that the ring is. */
static uint64_t
ring_address(const struct mic_dma_channel *c)
{
	uint64_t address = mic_drar_address(c->drar_lo, c->drar_hi);

	return c->host_owned && address < MIC_SYSTEM_MEMORY ? address & ~CARD_ONLY : address;
}

/* A ring is a number of descriptors that is a multiple of 4, in one window. */
static bool
ring_is_good(const struct mic_dma_channel *c)
{
	uint64_t last = c->ring + (uint64_t)c->size * MIC_DESC_BYTES - 1;

	return c->size != 0 && c->size % MIC_DMA_RING_STEP == 0 && c->tail < c->size &&
	       c->head < c->size &&
	       (c->ring < MIC_SYSTEM_MEMORY || c->ring >> MIC_SMPT_SHIFT == last >> MIC_SMPT_SHIFT);
}

static void
turn_on(struct mic_dma_channel *c)
{
	c->enabled = true;
	c->stopped = c->error != 0;
	c->size = (uint32_t)REG_GET(MIC_DRAR_HI_SIZE, c->drar_hi);
	c->ring = ring_address(c);
	if (!c->stopped && !ring_is_good(c))
		mic_dma_stop(c, MIC_DMA_BAD_RING);
	mic_dma_rouse(c);
}

/* true: somebody may still be at work. */
static bool
channel_control(struct mic_dma_channel *c, bool host_owned, bool enable)
{
	bool was_on;

	mic_dma_lock(&c->lock);
	was_on = c->enabled;
	c->host_owned = host_owned;
	if (enable && !was_on)
		turn_on(c);
	c->enabled = enable;
	mic_dma_unlock(&c->lock);
	return was_on && !enable;
}

static void
dcr_write(struct mic_dma *dma, uint32_t value)
{
	uint32_t off = 0;

	mic_dma_lock(&dma->lock);
	dma->dcr = value;
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		off |= (uint32_t)channel_control(&dma->channel[n], (value & MIC_DCR_OWNER(n)) != 0,
						 (value & MIC_DCR_ENABLE(n)) != 0)
		       << n;
	mic_dma_unlock(&dma->lock);
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		if (off >> n & 1)
			wait_for_work(&dma->channel[n]);
}

static uint32_t
dcr_read(struct mic_dma *dma)
{
	uint32_t value;

	mic_dma_lock(&dma->lock);
	value = dma->dcr;
	mic_dma_unlock(&dma->lock);
	return value;
}

/* ---- A channel's own registers ---- */

/* A channel that is off does not look. */
static void
dhpr_write(struct mic_dma_channel *c, uint32_t head)
{
	uint32_t more, waiting;

	if (!c->enabled || c->stopped)
		return;
	if (head >= c->size) {
		mic_dma_stop(c, MIC_DMA_BAD_HEAD);
		return;
	}
	waiting = c->head >= c->tail ? c->head - c->tail : c->head + c->size - c->tail;
	more = head >= c->head ? head - c->head : head + c->size - c->head;
	/* The same again would be a full ring; and a head does not overtake the tail. */
	if (more == 0 || waiting + more >= c->size) {
		mic_dma_stop(c, MIC_DMA_BAD_HEAD);
		return;
	}
	c->head = head;
	mic_dma_rouse(c);
}

/* Nothing of another ring waits any more: software takes head and tail from DTPR. */
static void
forget_ring(struct mic_dma_channel *c, uint32_t tail)
{
	c->tail = tail;
	c->head = tail;
	c->done = 0;
	c->epoch++;
}

static void
drar_write(struct mic_dma_channel *c, uint32_t *reg, uint32_t value)
{
	uint32_t size;

	if (c->enabled) {
		mic_dma_stop(c, MIC_DMA_BAD_RING);
		return;
	}
	*reg = value;
	size = (uint32_t)REG_GET(MIC_DRAR_HI_SIZE, c->drar_hi);
	forget_ring(c, c->tail < size ? c->tail : 0);
}

/* What masks the owner's interrupt. */
static uint32_t
mask_bit(const struct mic_dma_channel *c)
{
	return c->host_owned ? (uint32_t)REG_MASK(MIC_DCAR_IM1) : (uint32_t)REG_MASK(MIC_DCAR_IM0);
}

/* Masking acknowledges. What came while it was masked is delivered when it is no longer. */
static void
dcar_write(struct mic_dma_channel *c, uint32_t value)
{
	uint32_t pending = c->dcar & (uint32_t)REG_MASK(MIC_DCAR_IS0), bit = mask_bit(c);
	bool masks = value & ~c->dcar & bit, unmasks = c->dcar & ~value & bit;

	if (masks) {
		pending = 0;
		c->tell = false;
	}
	c->dcar = (value & ~(uint32_t)REG_MASK(MIC_DCAR_IS0)) | pending;
	if (unmasks && pending != 0) {
		c->tell = true;
		mic_dma_rouse(c);
	}
}

static uint32_t
dstat_read(const struct mic_dma_channel *c)
{
	return mic_dma_count(c, c->tail, c->count) | (c->stopped ? MIC_DSTAT_QUIESCED : 0);
}

static uint32_t
channel_read(const struct mic_dma_channel *c, uint32_t reg)
{
	switch (reg) {
	case MIC_DCAR_AT:
		return c->dcar;
	case MIC_DHPR_AT:
		return c->head;
	case MIC_DTPR_AT:
		return c->tail;
	case MIC_DAUX_LO_AT:
		return c->daux[0];
	case MIC_DAUX_HI_AT:
		return c->daux[1];
	case MIC_DRAR_LO_AT:
		return c->drar_lo;
	case MIC_DRAR_HI_AT:
		return c->drar_hi;
	case MIC_DITR_AT:
		return c->ditr;
	case MIC_DSTAT_AT:
		return dstat_read(c);
	case MIC_DSTATWB_LO_AT:
		return c->dstatwb[0];
	case MIC_DSTATWB_HI_AT:
		return c->dstatwb[1];
	case MIC_DCHERR_AT:
		return c->error;
	case MIC_DCHERRMSK_AT:
		return c->dcherrmsk;
	default:
		return 0;
	}
}

static void
channel_write(struct mic_dma_channel *c, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case MIC_DCAR_AT:
		dcar_write(c, value);
		break;
	case MIC_DHPR_AT:
		dhpr_write(c, INDEX(value));
		break;
	case MIC_DTPR_AT:
		if (!c->enabled)
			forget_ring(c, INDEX(value));
		break;
	case MIC_DAUX_LO_AT:
		c->daux[0] = value;
		break;
	case MIC_DAUX_HI_AT:
		c->daux[1] = value;
		break;
	case MIC_DRAR_LO_AT:
		drar_write(c, &c->drar_lo, value & (uint32_t)REG_MASK(MIC_DRAR_LO_BASE_LO));
		break;
	case MIC_DRAR_HI_AT:
		drar_write(c, &c->drar_hi, value & ~(uint32_t)REG_MASK(MIC_DRAR_HI_RSVD));
		break;
	case MIC_DITR_AT:
		c->ditr = value;
		break;
	case MIC_DSTATWB_LO_AT:
		c->dstatwb[0] = value;
		break;
	case MIC_DSTATWB_HI_AT:
		c->dstatwb[1] = value;
		break;
	case MIC_DCHERR_AT:
		c->error &= ~value;
		break;
	case MIC_DCHERRMSK_AT:
		c->dcherrmsk = value;
		break;
	default:
		break;
	}
}

/* ---- The engine ---- */

static struct mic_dma_channel *
channel_at(struct mic_dma *dma, uint32_t sbox_off)
{
	uint32_t n = (sbox_off - IN_SBOX(MIC_DMA_AT)) / MIC_DMA_CHANNEL_BYTES;

	return &dma->channel[n % MIC_DMA_CHANNELS];
}

/* The same register of channel 0, in BAR4. */
static uint32_t
register_at(uint32_t sbox_off)
{
	return MIC_DMA_AT + (sbox_off - IN_SBOX(MIC_DMA_AT)) % MIC_DMA_CHANNEL_BYTES;
}

uint32_t
mic_dma_read(struct mic_dma *dma, uint32_t sbox_off)
{
	struct mic_dma_channel *c;
	uint32_t value;

	sbox_off %= MIC_SBOX;
	if (sbox_off == IN_SBOX(MIC_DCR_AT))
		return dcr_read(dma);
	c = channel_at(dma, sbox_off);
	mic_dma_lock(&c->lock);
	value = channel_read(c, register_at(sbox_off));
	mic_dma_unlock(&c->lock);
	return value;
}

void
mic_dma_write(struct mic_dma *dma, uint32_t sbox_off, uint32_t value)
{
	struct mic_dma_channel *c;

	sbox_off %= MIC_SBOX;
	if (sbox_off == IN_SBOX(MIC_DCR_AT)) {
		dcr_write(dma, value);
		return;
	}
	c = channel_at(dma, sbox_off);
	mic_dma_lock(&c->lock);
	channel_write(c, register_at(sbox_off), value);
	mic_dma_unlock(&c->lock);
}

static void
channel_reset(struct mic_dma_channel *c)
{
	mic_dma_lock(&c->lock);
	c->stopped = false;
	c->tell = false;
	forget_ring(c, 0);
	c->error = 0;
	c->count = 0;
	c->dcar = (uint32_t)(REG_MASK(MIC_DCAR_IM0) | REG_MASK(MIC_DCAR_IM1));
	c->drar_lo = 0;
	c->drar_hi = 0;
	c->ditr = 0;
	c->dcherrmsk = 0;
	memset(c->daux, 0, sizeof(c->daux));
	memset(c->dstatwb, 0, sizeof(c->dstatwb));
	atomic_store(&c->fail, false);
	mic_dma_unlock(&c->lock);
}

void
mic_dma_reset(struct mic_dma *dma)
{
	dcr_write(dma, dma->owner_card ? 0 : ALL_HOST);
	mic_dma_remap(dma);
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		channel_reset(&dma->channel[n]);
}

int
mic_dma_create(struct mic_model *m, const struct mic_model_config *config, struct mic_dma **out)
{
	struct mic_dma *dma = aligned_alloc(_Alignof(struct mic_dma), sizeof(*dma));

	if (dma == NULL)
		return -ENOMEM;
	memset(dma, 0, sizeof(*dma));
	dma->m = m;
	/* Revisions of A steppings are those below B0's. */
	dma->a_stepping = config->a0 ||
			  (config->revision != 0 && config->revision < MIC_STEPPING_B0);
	dma->dstat_16_bits = config->open.dma_dstat_16_bits;
	dma->owner_card = config->open.dma_owner_card;
	dma->after_boot_only = config->open.dma_after_boot_only;
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++) {
		dma->channel[n].dma = dma;
		dma->channel[n].number = n;
	}
	mic_dma_reset(dma);
	*out = dma;
	return 0;
}

void
mic_dma_destroy(struct mic_dma *dma)
{
	free(dma);
}

void
mic_dma_fail(struct mic_dma *dma, unsigned int channel)
{
	if (channel < MIC_DMA_CHANNELS)
		atomic_store(&dma->channel[channel].fail, true);
}

bool
mic_dma_stats(struct mic_dma *dma, unsigned int channel, struct mic_model_channel_stats *stats)
{
	struct mic_dma_channel *c = &dma->channel[channel % MIC_DMA_CHANNELS];

	if (channel >= MIC_DMA_CHANNELS)
		return false;
	mic_dma_lock(&c->lock);
	*stats = (struct mic_model_channel_stats){
		.enabled = c->enabled,
		.host_owned = c->host_owned,
		.head = c->head,
		.tail = c->tail,
		.size = (uint32_t)REG_GET(MIC_DRAR_HI_SIZE, c->drar_hi),
		.error = c->error,
		.descriptors = c->descriptors,
		.bytes = c->bytes,
		.interrupts = c->interrupts,
		.errors = c->errors,
	};
	mic_dma_unlock(&c->lock);
	return true;
}
