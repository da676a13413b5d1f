/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Who has what of the card's memory: pieces in the order of their offsets, so that gaps lie between
 * neighbours. What the host booted and the log have their places from the start.
 */

#include <errno.h>
#include <string.h>

#include "card_priv.h"

/* Nothing is given out in smaller steps: a cache line. */
#define STEP UINT64_C(64)
/* Of the real card, below this lies what a PC has there. */
#define LOW_BYTES UINT64_C(0x100000)

static uint64_t
round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

bool
card_memory_has(const struct card *card, uint64_t offset, uint64_t len)
{
	uint64_t size = card->config.model.gddr_size;

	return offset <= size && len <= size - offset;
}

uint64_t
card_memory_size(const struct card *card)
{
	return card->config.model.gddr_size;
}

void *
card_memory(struct card *card, uint64_t offset)
{
	return card_memory_has(card, offset, 1) ? (uint8_t *)card->config.model.gddr + offset
						: NULL;
}

static void
insert(struct card_os *os, unsigned int at, uint64_t offset, uint64_t len)
{
	memmove(&os->extent[at + 1], &os->extent[at],
		(os->extents - at) * sizeof(os->extent[0]));
	os->extent[at] = (struct card_extent){offset, len};
	os->extents++;
}

/* Pieces of the host's making may overlap: each begins where the last one ends, if it goes on. */
static void
reserve(struct card *card, uint64_t offset, uint64_t len)
{
	struct card_os *os = &card->os;
	uint64_t begin = offset / STEP * STEP, end = round_up(offset + len, STEP);
	unsigned int at = 0;

	if (len == 0 || !card_memory_has(card, offset, len))
		return;
	while (at < os->extents && os->extent[at].offset <= begin)
		at++;
	if (at > 0 && os->extent[at - 1].offset + os->extent[at - 1].len > begin)
		begin = os->extent[at - 1].offset + os->extent[at - 1].len;
	if (at < os->extents && os->extent[at].offset < end)
		end = os->extent[at].offset;
	if (begin < end)
		insert(os, at, begin, end - begin);
}

void
card_memory_start(struct card *card)
{
	const struct mic_model_boot *boot = &card->os.boot;
	const struct card_extent log = card_log_place();

	reserve(card, 0, LOW_BYTES);
	reserve(card, boot->image, boot->image_size);
	if (boot->cmdline != 0)
		reserve(card, boot->cmdline, MIC_CMDLINE_BYTES);
	if (boot->ramdisk != 0)
		reserve(card, boot->ramdisk, boot->ramdisk_size);
	reserve(card, log.offset, log.len);
}

int
card_memory_take(struct card *card, size_t len, size_t align, uint64_t *offset)
{
	struct card_os *os = &card->os;
	uint64_t want = round_up(len, STEP), begin = 0, end;

	align = align < STEP ? STEP : align;
	if (len == 0 || (align & (align - 1)) != 0 || !card_memory_has(card, 0, len))
		return -EINVAL;
	if (os->extents == CARD_EXTENTS)
		return -ENOMEM;
	for (unsigned int at = 0; at <= os->extents; at++) {
		end = at < os->extents ? os->extent[at].offset : card_memory_size(card);
		begin = round_up(begin, align);
		if (begin <= end && want <= end - begin) {
			insert(os, at, begin, want);
			*offset = begin;
			return 0;
		}
		if (at < os->extents)
			begin = end + os->extent[at].len;
	}
	return -ENOMEM;
}

int
card_memory_get(struct card *card, size_t len, size_t align, uint64_t *offset)
{
	int ret = card_memory_take(card, len, align, offset);

	if (ret == 0)
		memset(card_memory(card, *offset), 0, len);
	return ret;
}

void
card_memory_put(struct card *card, uint64_t offset, size_t len)
{
	struct card_os *os = &card->os;

	for (unsigned int i = 0; i < os->extents; i++) {
		if (os->extent[i].offset != offset || os->extent[i].len != round_up(len, STEP))
			continue;
		os->extents--;
		memmove(&os->extent[i], &os->extent[i + 1],
			(os->extents - i) * sizeof(os->extent[0]));
		return;
	}
}

void *
card_host_memory(struct card *card, uint64_t mic_address, size_t len, enum bus_prot prot)
{
	size_t had = len;
	void *p;

	if (len == 0 || !mic_is_system(mic_address) || len > MIC_ADDRESS_END - mic_address)
		return NULL;
	p = mic_model_card_map(card->model, mic_address, &had, prot);
	return had == len ? p : NULL;
}
