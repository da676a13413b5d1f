/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_dma_fake.h"

#include <errno.h>
#include <string.h>

#include "access.h"

#define WINDOW (UINT64_C(1) << 34)

int mic_common_logtype;

/* ---- The engine ---- */

static void *
at(struct mic_dev *dev, uint64_t address, uint64_t len)
{
	if (address + len <= FAKE_CARD)
		return dev->card + address;
	if (address < FAKE_HOST || address - FAKE_HOST >= WINDOW)
		return NULL;
	return (void *)(uintptr_t)(dev->host + (address - FAKE_HOST));
}

static bool
execute(struct mic_dev *dev, const struct mic_desc *d)
{
	uint64_t dst = d->qw[1] & UINT64_C(0xffffffffff), src = d->qw[0] & UINT64_C(0xffffffffff);
	uint64_t len = (d->qw[0] >> 46 & 0x3fff) * 64;
	void *to, *from;

	switch (d->qw[1] >> 60) {
	case 0:
		return true;
	case 1:
		to = at(dev, dst, len);
		from = at(dev, src, len);
		if (to == NULL || from == NULL)
			return false;
		memmove(to, from, len);
		return true;
	case 2:
		to = at(dev, dst, 8);
		if (to == NULL)
			return false;
		src = dev->lies ? d->qw[0] + 1000 : d->qw[0];
		memcpy(to, dev->lies ? &src : &d->qw[0], 8);
		return true;
	default:
		return false;
	}
}

static void
run(struct mic_dev *dev, unsigned int n)
{
	struct fake_channel *c = &dev->channel[n];
	uint32_t size = c->hi >> 4 & 0x1ffff;

	for (unsigned int left = dev->per_poll; left > 0 && c->head != c->tail; left--) {
		uint64_t ring = mic_drar_address(c->lo, c->hi) + c->tail * UINT64_C(16);

		if (!(dev->dcr & MIC_DCR_ENABLE(n)) || c->stopped)
			return;
		if (!execute(dev, at(dev, ring, 16))) {
			c->dcherr = 4;
			c->stopped = true;
			return;
		}
		c->tail = (c->tail + 1) % size;
	}
}

void
mic_dev_idle(struct mic_dev *dev)
{
	dev->polls++;
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		run(dev, n);
}

/* ---- Registers ---- */

static struct fake_channel *
channel_of(struct mic_dev *dev, uint32_t off)
{
	return &dev->channel[(off - MIC_DMA_AT) / MIC_DMA_CHANNEL_BYTES];
}

static void
dcr_write(struct mic_dev *dev, uint32_t value)
{
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		if (value & ~dev->dcr & MIC_DCR_ENABLE(n))
			dev->channel[n].stopped = dev->channel[n].dcherr != 0;
	dev->dcr = value;
}

uint32_t
mic_dev_read(struct mic_dev *dev, uint32_t off)
{
	struct fake_channel *c;

	dev->reads++;
	if (dev->gone || dev->blind)
		return UINT32_MAX;
	if (dev->has_posted) {
		dev->has_posted = false;
		dcr_write(dev, dev->posted_dcr);
	}
	if (off == MIC_DCR_AT)
		return dev->dcr;
	c = channel_of(dev, off);
	switch (MIC_DMA_AT + (off - MIC_DMA_AT) % MIC_DMA_CHANNEL_BYTES) {
	case MIC_DCAR_AT:
		return c->dcar;
	case MIC_DHPR_AT:
		return c->head;
	case MIC_DTPR_AT:
		return c->tail;
	case MIC_DSTAT_AT:
		return c->tail | (c->stopped || dev->never_up ? MIC_DSTAT_QUIESCED : 0);
	case MIC_DCHERR_AT:
		if (dev->late && c->dcherr != 0) {
			dev->late = false;
			return 0;
		}
		return c->dcherr;
	default:
		return 0;
	}
}

void
mic_dev_post(struct mic_dev *dev, uint32_t off, uint32_t value)
{
	mic_dev_write(dev, off, value);
}

void
mic_dev_write(struct mic_dev *dev, uint32_t off, uint32_t value)
{
	struct fake_channel *c;

	dev->writes++;
	if (off == MIC_DCR_AT) {
		if (dev->posts) {
			dev->posted_dcr = value;
			dev->has_posted = true;
		} else {
			dcr_write(dev, value);
		}
		return;
	}
	c = channel_of(dev, off);
	switch (MIC_DMA_AT + (off - MIC_DMA_AT) % MIC_DMA_CHANNEL_BYTES) {
	case MIC_DCAR_AT:
		c->dcar = value;
		break;
	case MIC_DHPR_AT:
		if ((dev->dcr & MIC_DCR_ENABLE(c - dev->channel)) && !c->stopped)
			c->head = value;
		break;
	case MIC_DRAR_LO_AT:
		c->lo = value;
		c->head = c->tail;
		break;
	case MIC_DRAR_HI_AT:
		c->hi = value;
		c->head = c->tail;
		break;
	case MIC_DCHERR_AT:
		c->dcherr &= ~value;
		break;
	default:
		break;
	}
}

/* ---- The rest of mic_dev.h ---- */

struct access_dev *
mic_dev_access(struct mic_dev *dev)
{
	return (struct access_dev *)dev;
}

bool
access_gives_way(const struct access_dev *access)
{
	(void)access;
	return false;
}

const char *
mic_dev_name(const struct mic_dev *dev)
{
	(void)dev;
	return "fake";
}

void
mic_dev_log_card(const struct mic_dev *dev, uint32_t level, const char *format, ...)
{
	(void)dev;
	(void)level;
	(void)format;
}

int
mic_dev_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address)
{
	(void)len;
	if (dev->no_memory)
		return -ENOMEM;
	dev->mapped++;
	*mic_address = fake_address(dev, (void *)(uintptr_t)iova);
	return 0;
}

int
mic_dev_unmap(struct mic_dev *dev, uint64_t mic_address, uint64_t len)
{
	(void)mic_address;
	(void)len;
	dev->mapped--;
	return 0;
}

int
mic_dev_follow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e), void *arg)
{
	dev->event = event;
	dev->arg = arg;
	return 0;
}

void
mic_dev_unfollow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e), void *arg)
{
	(void)event;
	(void)arg;
	dev->event = NULL;
}

bool
mic_dev_gone(const struct mic_dev *dev)
{
	return dev->gone;
}

/* ---- For tests ---- */

uint64_t
fake_address(const struct mic_dev *dev, const void *host)
{
	return FAKE_HOST + ((uint64_t)(uintptr_t)host - dev->host);
}

void
fake_reset(struct mic_dev *dev, const void *host)
{
	memset(dev, 0, sizeof(*dev));
	dev->host = (uint64_t)(uintptr_t)host & ~(WINDOW - 1);
	dev->per_poll = 1000000;
}

void
fake_card_reset(struct mic_dev *dev, bool runs_again)
{
	dev->event(dev->arg, MIC_DEV_RESETTING);
	memset(dev->channel, 0, sizeof(dev->channel));
	dev->dcr = 0;
	if (runs_again)
		dev->event(dev->arg, MIC_DEV_RUNNING);
}
