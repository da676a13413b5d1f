/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_IMAGE_H
#define SLIPWAY_CARD_IMAGE_H

/**
 * @file
 * Images for virtual cards. The card OS is code of ours and is not in them; but a host has to load
 * one, of the shape that the bootstrap takes (a Linux bzImage), and the card checks that all of it
 * arrived. One of ours says which build it is by the version string of its header, and ends with a
 * checksum, CRC-32C of all before it with the ramdisk's fields as 0, since hosts fill those in.
 */

#include <stddef.h>
#include <stdint.h>

#define CARD_IMAGE_MIN     8192u
#define CARD_IMAGE_MAX     (1u << 30)
#define CARD_IMAGE_DEFAULT (1u << 20)
/** Sizes are multiples of this, the unit of the header. */
#define CARD_IMAGE_STEP    16u
/** Version strings of our images begin so. */
#define CARD_IMAGE_NAME    "slipway-card "
#define CARD_RAMDISK_MIN   512u

struct card_image_info {
	char version[64]; /**< "" where it says none */
	uint64_t size;    /**< what the header says */
};

/**
 * Make an image of `size` bytes whose version string is CARD_IMAGE_NAME and `build`.
 *
 * @return 0, or -EINVAL: size or build are not accepted
 */
int card_image_write(void *bytes, size_t size, const char *build);

/** Make a ramdisk: an empty cpio archive, filled up to `size`. 0, or -EINVAL. */
int card_ramdisk_write(void *bytes, size_t size);

/**
 * Is this a whole image? Its memory may change meanwhile.
 *
 * @return NULL and `info`, or what is wrong with it
 */
const char *card_image_check(const volatile void *bytes, size_t size, struct card_image_info *info);

#endif /* SLIPWAY_CARD_IMAGE_H */
