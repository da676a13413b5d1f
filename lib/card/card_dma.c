/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The card's own DMA channels, 4 to 7, each with a ring in card memory. A copy is a number; number
 * n goes to channel n % 4, ends with a status descriptor that writes n behind the ring, and is done
 * when that is there. The host can write there as well, and only spoils its own copy.
 */

#include <errno.h>
#include <string.h>

#include "card_priv.h"
#include "mic_desc.h"

#define FIRST      MIC_DMA_HOST_CHANNELS
#define RING_BYTES (CARD_RING * sizeof(struct mic_desc))

static uint32_t
dma_read(struct card *card, uint32_t at)
{
	return mic_model_card_read(card->model, at);
}

static void
dma_write(struct card *card, uint32_t at, uint32_t value)
{
	mic_model_card_write(card->model, at, value);
}

/* ---- Set-up, section 19.5 ---- */

static bool
stands(struct card *card, unsigned int ch)
{
	return dma_read(card, MIC_AT(DCHERR, ch)) != 0 ||
	       (dma_read(card, MIC_AT(DSTAT, ch)) & MIC_DSTAT_QUIESCED) != 0;
}

/* All but the enabling, with the channel disabled. */
static void
prepare(struct card *card, unsigned int ch)
{
	struct card_channel *c = &card->os.channel[ch - FIRST];
	uint32_t error = dma_read(card, MIC_AT(DCHERR, ch));

	dma_write(card, MIC_AT(DCAR, ch), (uint32_t)REG_MASK(MIC_DCAR_IM0));
	if (error != 0)
		dma_write(card, MIC_AT(DCHERR, ch), error);
	dma_write(card, MIC_AT(DCHERRMSK, ch), 0);
	dma_write(card, MIC_AT(DRAR_LO, ch), mic_drar_lo(c->ring));
	dma_write(card, MIC_AT(DRAR_HI, ch), mic_drar_hi(c->ring, CARD_RING));
	c->head = c->tail = dma_read(card, MIC_AT(DTPR, ch)) % CARD_RING;
	dma_write(card, MIC_AT(DCAR, ch), 0);
}

/* The host has its channels in the same register, and may be at it too: as few times as can be. */
static void
change_dcr(struct card *card, uint32_t clear, uint32_t set)
{
	uint32_t dcr = dma_read(card, MIC_DCR_AT);

	dma_write(card, MIC_DCR_AT, (dcr & ~clear) | set);
}

void
card_dma_start(struct card *card)
{
	uint32_t owners = 0, enables = 0;

	for (unsigned int ch = FIRST; ch < MIC_DMA_CHANNELS; ch++) {
		struct card_channel *c = &card->os.channel[ch - FIRST];

		if (card_memory_get(card, RING_BYTES + MIC_DMA_LINE, MIC_DMA_RING_ALIGN, &c->ring) <
		    0)
			continue;
		c->status = c->ring + RING_BYTES;
		c->ready = true;
		owners |= MIC_DCR_OWNER(ch);
		enables |= MIC_DCR_ENABLE(ch);
	}
	change_dcr(card, owners | enables, 0);
	for (unsigned int ch = FIRST; ch < MIC_DMA_CHANNELS; ch++)
		if (card->os.channel[ch - FIRST].ready)
			prepare(card, ch);
	change_dcr(card, owners, enables);
	for (unsigned int ch = FIRST; ch < MIC_DMA_CHANNELS; ch++)
		card->os.channel[ch - FIRST].ready &= !stands(card, ch);
}

/* What was under way is lost. */
static void
restart(struct card *card, unsigned int ch)
{
	struct card_channel *c = &card->os.channel[ch - FIRST];

	card->dma_errors++;
	c->failed = c->asked;
	change_dcr(card, MIC_DCR_OWNER(ch) | MIC_DCR_ENABLE(ch), 0);
	prepare(card, ch);
	change_dcr(card, MIC_DCR_OWNER(ch), MIC_DCR_ENABLE(ch));
}

/* ---- Copies ---- */

static uint32_t
room(struct card *card, struct card_channel *c, unsigned int ch, uint32_t want)
{
	uint32_t used = (c->head + CARD_RING - c->tail) % CARD_RING;

	if (CARD_RING - 1 - used < want) {
		c->tail = dma_read(card, MIC_AT(DTPR, ch)) % CARD_RING;
		used = (c->head + CARD_RING - c->tail) % CARD_RING;
	}
	return CARD_RING - 1 - used;
}

static void
push(struct card *card, struct card_channel *c, struct mic_desc desc)
{
	struct mic_desc *ring = card_memory(card, c->ring);

	ring[c->head] = desc;
	c->head = (c->head + 1) % CARD_RING;
}

static bool
is_address(const struct card *card, uint64_t address, size_t len)
{
	return mic_is_system(address) ? len <= MIC_ADDRESS_END - address
				      : card_memory_has(card, address, len);
}

int64_t
card_dma_copy(struct card *card, uint64_t dst, uint64_t src, size_t len)
{
	int64_t number = card->os.dma_number + 1;
	unsigned int ch = FIRST + (unsigned int)(number % CARD_CHANNELS);
	struct card_channel *c = &card->os.channel[ch - FIRST];
	uint32_t pieces = (uint32_t)((len + MIC_DMA_COPY_MOST - 1) / MIC_DMA_COPY_MOST), part;

	if (len == 0 || (dst | src | len) % MIC_DMA_LINE != 0 ||
	    len > (CARD_RING - 2) * (size_t)MIC_DMA_COPY_MOST || !is_address(card, dst, len) ||
	    !is_address(card, src, len) || (mic_is_system(dst) && mic_is_system(src)))
		return -EINVAL;
	if (!c->ready)
		return -EIO;
	if (room(card, c, ch, pieces + 1) < pieces + 1)
		return -EAGAIN;
	card->dma_bytes += len;
	for (; len > 0; dst += part, src += part, len -= part) {
		part = len < MIC_DMA_COPY_MOST ? (uint32_t)len : MIC_DMA_COPY_MOST;
		push(card, c, mic_desc_copy(dst, src, part));
	}
	push(card, c, mic_desc_status(c->status, (uint64_t)number, false));
	card->os.dma_number = number;
	card->dma_copies++;
	c->asked = (uint64_t)number;
	/* Before: the descriptors. After: the head that lets the engine read them. */
	atomic_thread_fence(memory_order_release);
	dma_write(card, MIC_AT(DHPR, ch), c->head);
	return number;
}

int
card_dma_done(struct card *card, int64_t number)
{
	unsigned int ch = FIRST + (unsigned int)(number % CARD_CHANNELS);
	struct card_channel *c = &card->os.channel[ch - FIRST];
	uint64_t told;

	if (number <= 0 || (uint64_t)number > c->asked)
		return -EINVAL;
	/* Before: the number. After: the bytes that came with it. */
	told = atomic_load_explicit((_Atomic uint64_t *)card_memory(card, c->status),
				    memory_order_acquire);
	if (told >= (uint64_t)number && told <= c->asked)
		return 1;
	if ((uint64_t)number <= c->failed)
		return -EIO;
	if (!stands(card, ch))
		return 0;
	card_print(card, "DMA channel %u stopped, DCHERR 0x%x", ch,
		   dma_read(card, MIC_AT(DCHERR, ch)));
	restart(card, ch);
	return -EIO;
}

/* A channel that stands still without an error was stopped by the host, by design or by writing
 * back what it read before the card wrote: others may have been, too.
 */
void
card_dma_abort(struct card *card, int64_t number)
{
	unsigned int late = FIRST + (unsigned int)(number % CARD_CHANNELS);
	uint32_t dcr;

	if (card_dma_done(card, number) != 0)
		return;
	for (unsigned int ch = FIRST; ch < MIC_DMA_CHANNELS; ch++) {
		dcr = dma_read(card, MIC_DCR_AT);
		if (card->os.channel[ch - FIRST].ready &&
		    (ch == late || (dcr & MIC_DCR_ENABLE(ch)) == 0))
			restart(card, ch);
	}
}
