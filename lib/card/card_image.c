/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "card_hash.h"
#include "mic_boot.h"

/* Places in the header of the Linux boot protocol. */
#define SETUP_SECTS_AT    0x1f1u
#define SYSSIZE_AT        0x1f4u /* le32, in 16 bytes */
#define BOOT_FLAG_AT      0x1feu /* le16 */
#define BOOT_FLAG         0xaa55u
#define PROTOCOL_AT       0x206u /* le16 */
#define PROTOCOL          0x020cu
#define VERSION_AT        0x20eu /* le16: of the version string, less 0x200 */
#define VERSION_BASE      0x200u
#define LOADFLAGS_AT      0x211u
#define LOADED_HIGH       1u
#define HEADER_BYTES      0x240u
#define SECTOR            512u
/* A header that says 0 means that. */
#define SETUP_SECTS_OLD   4u
/* What ours has: room for the version string in the second sector of it. */
#define SETUP_SECTS       3u
#define VERSION_STRING_AT 0x400u
#define CHECKSUM_BYTES    4u

static uint32_t
get(const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

static void
put(uint8_t *p, uint32_t value, unsigned int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		*p++ = (uint8_t)value;
}

/* Up to its own checksum, whatever the host has written into the ramdisk's fields. */
static uint32_t
checksum(const uint8_t *bytes, size_t size)
{
	static const uint8_t nothing[MIC_HDRS_END - MIC_HDRS_RAMDISK_IMAGE];
	uint32_t crc = card_crc32c(0, bytes, MIC_HDRS_RAMDISK_IMAGE);

	crc = card_crc32c(crc, nothing, sizeof(nothing));
	return card_crc32c(crc, bytes + MIC_HDRS_END, size - CHECKSUM_BYTES - MIC_HDRS_END);
}

/* What cannot be told from damage by eye, but by the checksum. */
static void
fill(uint8_t *p, size_t len)
{
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	for (; len >= 8; p += 8, len -= 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(p, &x, 8);
	}
}

int
card_image_write(void *bytes, size_t size, const char *build)
{
	size_t setup = (SETUP_SECTS + 1) * SECTOR;
	uint8_t *p = bytes;
	char version[sizeof(((struct card_image_info *)NULL)->version)];
	int n = snprintf(version, sizeof(version), CARD_IMAGE_NAME "%s", build);

	if (size < CARD_IMAGE_MIN || size > CARD_IMAGE_MAX || size % CARD_IMAGE_STEP != 0 ||
	    n >= (int)sizeof(version))
		return -EINVAL;
	memset(p, 0, setup);
	fill(p + setup, size - setup);
	p[SETUP_SECTS_AT] = SETUP_SECTS;
	put(p + SYSSIZE_AT, (uint32_t)((size - setup) / CARD_IMAGE_STEP), 4);
	put(p + BOOT_FLAG_AT, BOOT_FLAG, 2);
	memcpy(p + MIC_HDRS_AT, MIC_HDRS_MAGIC, 4);
	put(p + PROTOCOL_AT, PROTOCOL, 2);
	put(p + VERSION_AT, VERSION_STRING_AT - VERSION_BASE, 2);
	p[LOADFLAGS_AT] = LOADED_HIGH;
	memcpy(p + VERSION_STRING_AT, version, (size_t)n + 1);
	put(p + size - CHECKSUM_BYTES, checksum(p, size), CHECKSUM_BYTES);
	return 0;
}

/* A member of a "newc" archive: thirteen fields of eight hexadecimal digits. Its name has 11 bytes
 * and no contents follow.
 */
int
card_ramdisk_write(void *bytes, size_t size)
{
	static const char trailer[] = "070701"
				      "00000000" "00000000" "00000000" "00000000"
				      "00000001" "00000000" "00000000" "00000000"
				      "00000000" "00000000" "00000000" "0000000b"
				      "00000000" "TRAILER!!!";

	if (size < CARD_RAMDISK_MIN)
		return -EINVAL;
	memset(bytes, 0, size);
	memcpy(bytes, trailer, sizeof(trailer));
	return 0;
}

/* ---- On the card ---- */

static void
copy_out(uint8_t *to, const volatile void *from, size_t len)
{
	memcpy(to, (const void *)(uintptr_t)from, len);
}

static void
find_version(const volatile void *bytes, size_t size, const uint8_t header[HEADER_BYTES],
	     struct card_image_info *info)
{
	size_t at = VERSION_BASE + get(header + VERSION_AT, 2), n = sizeof(info->version) - 1;

	memset(info->version, 0, sizeof(info->version));
	if (get(header + VERSION_AT, 2) == 0 || at >= size)
		return;
	n = size - at < n ? size - at : n;
	copy_out((uint8_t *)info->version, (const volatile uint8_t *)bytes + at, n);
	for (char *c = info->version; *c != '\0'; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
}

const char *
card_image_check(const volatile void *bytes, size_t size, struct card_image_info *info)
{
	const uint8_t *image = (const uint8_t *)(uintptr_t)bytes;
	uint8_t header[HEADER_BYTES], end[CHECKSUM_BYTES];
	unsigned int sectors;

	memset(info, 0, sizeof(*info));
	if (size < sizeof(header))
		return "is shorter than its header";
	copy_out(header, bytes, sizeof(header));
	if (memcmp(header + MIC_HDRS_AT, MIC_HDRS_MAGIC, 4) != 0)
		return "has no HdrS signature";
	sectors = header[SETUP_SECTS_AT] != 0 ? header[SETUP_SECTS_AT] : SETUP_SECTS_OLD;
	info->size = (sectors + 1) * SECTOR +
		     (uint64_t)get(header + SYSSIZE_AT, 4) * CARD_IMAGE_STEP;
	if (info->size > size)
		return "is cut short";
	find_version(bytes, size, header, info);
	if (strncmp(info->version, CARD_IMAGE_NAME, strlen(CARD_IMAGE_NAME)) != 0)
		return NULL;
	if (info->size != size || size < CARD_IMAGE_MIN)
		return "has more bytes than its header says";
	copy_out(end, image + size - CHECKSUM_BYTES, sizeof(end));
	return checksum(image, size) == get(end, 4) ? NULL : "is damaged: its checksum is wrong";
}
