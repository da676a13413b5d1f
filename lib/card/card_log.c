/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the card OS prints: a line for the console, and text in card memory that a host can read
 * without the card's help (datasheet section 12.8), at addresses that a System.map names.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card_priv.h"

/* Below what the smallest card loads its image to. */
#define LENGTH_AT 0x100000u
#define TEXT_AT   0x101000u
#define TEXT_BYTES CARD_LOG_MAX
/* Lines in a second: a host that makes the card say something must not fill its disk. */
#define LINES_MAX 100u
#define NS_PER_S  UINT64_C(1000000000)
/* A command line, and what is said of it. */
#define LINE_MAX (MIC_CMDLINE_BYTES + 64)

/* Both places as the card's kernel would see them. */
static const char system_map[] = "ffffffff80100000 D log_buf_len\n"
				 "ffffffff80101000 B __log_buf\n";

const char *
card_system_map(void)
{
	return system_map;
}

struct card_extent
card_log_place(void)
{
	return (struct card_extent){LENGTH_AT, TEXT_AT + TEXT_BYTES - LENGTH_AT};
}

void
card_log_clean(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
}

static bool
meets(uint64_t offset, uint64_t len)
{
	const struct card_extent log = card_log_place();

	return offset < log.offset + log.len && log.offset < offset + len;
}

static void
tell_length(struct card *card)
{
	/* Before: the text. After: how much of it there is. Pairs with the host's reading the
	 * length first.
	 */
	atomic_store_explicit((_Atomic uint32_t *)card_memory(card, LENGTH_AT), card->os.log_len,
			      memory_order_release);
}

void
card_log_start(struct card *card)
{
	const struct mic_model_boot *boot = &card->os.boot;

	card->os.log_there = !meets(boot->image, boot->image_size + MIC_CMDLINE_BYTES) &&
			     !(boot->ramdisk != 0 && meets(boot->ramdisk, boot->ramdisk_size));
	if (card->os.log_there)
		tell_length(card);
}

size_t
card_log_text(struct card *card, char *text, size_t size)
{
	size_t len = card->os.log_there ? card->os.log_len : 0;

	len = len < size ? len : size;
	memcpy(text, card_memory(card, TEXT_AT), len);
	return len;
}

/* When it is full, the older half goes. */
static void
keep(struct card *card, const char *text, uint32_t len)
{
	struct card_os *os = &card->os;
	char *log = card_memory(card, TEXT_AT);

	if (!os->log_there)
		return;
	if (os->log_len + len > TEXT_BYTES) {
		memmove(log, log + os->log_len - TEXT_BYTES / 2, TEXT_BYTES / 2);
		os->log_len = TEXT_BYTES / 2;
	}
	memcpy(log + os->log_len, text, len);
	os->log_len += len;
	tell_length(card);
}

/* The time, and the text: bytes of both, without an end. */
static size_t
compose(const struct card *card, char line[LINE_MAX], const char *format, va_list args)
{
	uint64_t us = (card->os.now - card->os.began) / 1000;
	int at = snprintf(line, LINE_MAX, "[%5llu.%06llu] ", (unsigned long long)us / 1000000,
			  (unsigned long long)us % 1000000);
	int n = vsnprintf(line + at, LINE_MAX - (size_t)at, format, args);

	n = n < 0 ? at : at + n;
	return n < (int)LINE_MAX - 1 ? (size_t)n : LINE_MAX - 2;
}

static void
print(struct card *card, const char *format, va_list args)
{
	char line[LINE_MAX];
	size_t n = compose(card, line, format, args);

	line[n] = '\0';
	card_log_clean(line, n);
	card->log_lines++;
	card->log_bytes += n + 1;
	if (card->config.console != NULL)
		card->config.console(card->config.arg, line);
	line[n] = '\n';
	keep(card, line, (uint32_t)n + 1);
}

static void
print_dropped(struct card *card, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(card, format, args);
	va_end(args);
}

void
card_print(struct card *card, const char *format, ...)
{
	struct card_os *os = &card->os;
	va_list args;

	if (os->now - os->log_second >= NS_PER_S) {
		if (os->log_dropped > 0)
			print_dropped(card, "%u lines left out", os->log_dropped);
		os->log_second = os->now;
		os->log_recent = os->log_dropped = 0;
	}
	if (os->log_recent++ >= LINES_MAX) {
		os->log_dropped++;
		return;
	}
	va_start(args, format);
	print(card, format, args);
	va_end(args);
}
