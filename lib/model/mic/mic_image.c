/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the bootstrap looks at before it starts an image: section 27, M16. The host may write to
 * card memory meanwhile, so what counts is copied before it is checked.
 */

#define TEXT 128

/* Bytes of card memory from an address on that end inside it. */
static bool
is_inside(const struct mic_model_config *c, uint64_t address, uint64_t size)
{
	return size <= c->gddr_size && address <= c->gddr_size - size;
}

static uint32_t
word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool
cmdline_check(const struct mic_model_config *c, struct mic_model_boot *b, char error[TEXT])
{
	char text[MIC_CMDLINE_BYTES];
	uint64_t room = c->gddr_size - b->cmdline;
	const char *end;

	if (room > sizeof(text))
		room = sizeof(text);
	memcpy(text, (const uint8_t *)c->gddr + b->cmdline, (size_t)room);
	end = memchr(text, '\0', (size_t)room);
	if (end == NULL) {
		snprintf(error, TEXT,
			 "command line at 0x%" PRIx64 " does not end within %" PRIu64 " bytes",
			 b->cmdline, room);
		return false;
	}
	if (strncmp(text, MIC_CMDLINE_START, strlen(MIC_CMDLINE_START)) != 0) {
		snprintf(error, TEXT, "command line at 0x%" PRIx64 " does not begin with \"%s\"",
			 b->cmdline, MIC_CMDLINE_START);
		return false;
	}
	b->cmdline_len = (uint32_t)(end - text);
	return true;
}

static bool
ramdisk_check(const struct mic_model_config *c, struct mic_model_boot *b, char error[TEXT])
{
	uint64_t end = b->cmdline + b->cmdline_len + 1;

	if (b->ramdisk_size == 0) {
		b->ramdisk = 0;
		return true;
	}
	if (!is_inside(c, b->ramdisk, b->ramdisk_size)) {
		snprintf(error, TEXT,
			 "ramdisk of %" PRIu64 " bytes at 0x%" PRIx64
			 " ends outside memory of %" PRIu64,
			 b->ramdisk_size, b->ramdisk, c->gddr_size);
		return false;
	}
	if (b->ramdisk < end && b->image < b->ramdisk + b->ramdisk_size) {
		snprintf(error, TEXT,
			 "ramdisk of %" PRIu64 " bytes at 0x%" PRIx64 " overlaps 0x%" PRIx64
			 " to 0x%" PRIx64,
			 b->ramdisk_size, b->ramdisk, b->image, end);
		return false;
	}
	return true;
}

static bool
linux_check(const struct mic_model_config *c, const uint8_t *header, struct mic_model_boot *b,
	    char error[TEXT])
{
	b->cmdline = b->image + b->image_size;
	b->ramdisk = word(&header[MIC_HDRS_RAMDISK_IMAGE]);
	b->ramdisk_size = word(&header[MIC_HDRS_RAMDISK_SIZE]);
	return cmdline_check(c, b, error) && ramdisk_check(c, b, error);
}

static bool
is_linux(const uint8_t *header)
{
	return memcmp(&header[MIC_HDRS_AT], MIC_HDRS_MAGIC, strlen(MIC_HDRS_MAGIC)) == 0;
}

static bool
is_elf(const uint8_t *header)
{
	return memcmp(header, MIC_ELF_MAGIC, strlen(MIC_ELF_MAGIC)) == 0;
}

bool
mic_image_check(const struct mic_model_config *config, uint32_t size, struct mic_model_boot *boot,
		char error[TEXT])
{
	uint8_t header[MIC_HDRS_END] = {0};

	*boot = (struct mic_model_boot){.image = config->load_address, .image_size = size};
	if (size == 0 || !is_inside(config, boot->image, size)) {
		snprintf(error, TEXT,
			 "image of %" PRIu32 " bytes at 0x%" PRIx64 ": 1 to %" PRIu64
			 " are accepted",
			 size, boot->image, config->gddr_size - boot->image);
		return false;
	}
	memcpy(header, (const uint8_t *)config->gddr + boot->image,
	       size < sizeof(header) ? size : sizeof(header));
	if (is_linux(header))
		return linux_check(config, header, boot, error);
	boot->elf = is_elf(header);
	if (!boot->elf)
		snprintf(error, TEXT,
			 "image of %" PRIu32 " bytes at 0x%" PRIx64
			 ": neither \"HdrS\" at 0x202 nor ELF",
			 size, boot->image);
	return boot->elf;
}
