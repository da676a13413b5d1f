/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_dma_test_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus_store.h"

/* ---- The control half's part ---- */

/* Bytes there are from an address on, in one piece; 0 for none. A piece ends with its window. */
static size_t
there(const struct mic_model *rig, uint64_t address)
{
	uint64_t n = 0;

	if (address < RIG_CARD)
		n = RIG_CARD - address;
	else if (address >= RIG_HOST && address < RIG_EDGE)
		n = RIG_EDGE - address;
	else if (address >= RIG_EDGE && address < RIG_EDGE + RIG_HALF)
		n = RIG_EDGE + RIG_HALF - address;
	else if (address >= RIG_END - 64 && address < RIG_END + 64)
		n = RIG_END + 64 - address;
	if (rig->map == RIG_PIECES && n > 4096 - address % 4096)
		n = 4096 - address % 4096;
	return (size_t)n;
}

void *
rig_at(struct mic_model *rig, uint64_t address)
{
	if (address >= RIG_END - 64)
		return rig->card + RIG_CARD - 128 + (address - (RIG_END - 64));
	return address < RIG_CARD ? rig->card + address : rig->host + (address - RIG_HOST);
}

void *
mic_address_map(struct mic_model *rig, uint64_t address, size_t *len, enum bus_prot prot)
{
	size_t n = there(rig, address);

	if (prot == BUS_PROT_WRITE && address == rig->watch && address != 0)
		rig->seen = rig_read(rig, MIC_DTPR_AT, 0);
	if (n == 0 || (rig->map == RIG_NEVER && address >= RIG_CARD))
		return NULL;
	if (*len > n)
		*len = n;
	return rig_at(rig, address);
}

int
mic_address_copy(struct mic_model *rig, uint64_t address, void *bytes, size_t len, bool write)
{
	unsigned char *p = bytes;

	for (size_t n; len > 0; address += n, p += n, len -= n) {
		n = there(rig, address);
		if (n == 0)
			return -EFAULT;
		if (n > len)
			n = len;
		if (write)
			bus_store(rig_at(rig, address), p, n);
		else
			memcpy(p, rig_at(rig, address), n);
	}
	return 0;
}

bool
mic_bus_master(const struct mic_model *rig)
{
	return !rig->no_bus_master;
}

bool
mic_card_runs(const struct mic_model *rig)
{
	return !rig->no_card_os;
}

void
mic_irq_host(struct mic_model *rig, unsigned int source)
{
	atomic_fetch_add(&rig->host_irqs[source % 32], 1);
}

void
mic_irq_card(struct mic_model *rig, unsigned int number)
{
	atomic_fetch_add(&rig->card_irqs[number % 34], 1);
}

/* ---- The rig ---- */

int
rig_create(struct mic_model *rig, const struct mic_model_config *config)
{
	static const struct mic_model_config plain;

	memset(rig, 0, sizeof(*rig));
	rig->card = aligned_alloc(4096, RIG_CARD);
	rig->host = aligned_alloc(4096, 2 * RIG_HALF);
	if (rig->card == NULL || rig->host == NULL) {
		rig_destroy(rig);
		return -ENOMEM;
	}
	memset(rig->card, 0, RIG_CARD);
	memset(rig->host, 0, 2 * RIG_HALF);
	return mic_dma_create(rig, config != NULL ? config : &plain, &rig->dma);
}

void
rig_destroy(struct mic_model *rig)
{
	mic_dma_destroy(rig->dma);
	free(rig->card);
	free(rig->host);
}

uint32_t
rig_read(struct mic_model *rig, uint32_t reg, unsigned int channel)
{
	return mic_dma_read(rig->dma, reg + channel * MIC_DMA_CHANNEL_BYTES - MIC_SBOX);
}

void
rig_write(struct mic_model *rig, uint32_t reg, unsigned int channel, uint32_t value)
{
	mic_dma_write(rig->dma, reg + channel * MIC_DMA_CHANNEL_BYTES - MIC_SBOX, value);
}

uint32_t
rig_dcr(struct mic_model *rig)
{
	return mic_dma_read(rig->dma, MIC_DCR_AT - MIC_SBOX);
}

void
rig_dcr_write(struct mic_model *rig, uint32_t value)
{
	mic_dma_write(rig->dma, MIC_DCR_AT - MIC_SBOX, value);
}

void
rig_control(struct mic_model *rig, unsigned int channel, bool host_owned, bool enable)
{
	uint32_t dcr = rig_dcr(rig) & ~(MIC_DCR_OWNER(channel) | MIC_DCR_ENABLE(channel));

	if (host_owned)
		dcr |= MIC_DCR_OWNER(channel);
	if (enable)
		dcr |= MIC_DCR_ENABLE(channel);
	rig_dcr_write(rig, dcr);
}

void
rig_open(struct mic_model *rig, unsigned int channel, bool host_owned, uint64_t ring, uint32_t size)
{
	uint32_t both = (uint32_t)(REG_MASK(MIC_DCAR_IM0) | REG_MASK(MIC_DCAR_IM1));

	rig_control(rig, channel, host_owned, false);
	rig_write(rig, MIC_DCAR_AT, channel, both);
	rig_write(rig, MIC_DCHERR_AT, channel, UINT32_MAX);
	rig_write(rig, MIC_DRAR_LO_AT, channel, mic_drar_lo(ring));
	rig_write(rig, MIC_DRAR_HI_AT, channel, mic_drar_hi(ring, size));
	rig_write(rig, MIC_DCAR_AT, channel,
		  (uint32_t)(host_owned ? REG_MASK(MIC_DCAR_IM0) : REG_MASK(MIC_DCAR_IM1)));
	rig_control(rig, channel, host_owned, true);
}

void
rig_desc(struct mic_model *rig, uint64_t ring, uint32_t at, struct mic_desc d)
{
	memcpy(rig_at(rig, ring + (uint64_t)at * sizeof(d)), &d, sizeof(d));
}

void
rig_finish(struct mic_model *rig)
{
	while (mic_dma_step(rig->dma))
		;
}
