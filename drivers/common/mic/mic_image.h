/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_IMAGE_H
#define SLIPWAY_MIC_IMAGE_H

/**
 * @file
 * What a boot image must be like, and where in the aperture its parts go: sections 11.2 to 11.4.
 * Plain arithmetic, before the card is touched: all that the bootstrap would refuse, or silently
 * take, is refused here with a reason.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mic_boot.h"

/** What is to be booted. */
struct mic_image {
	const uint8_t *image;
	uint64_t image_size;
	const uint8_t *ramdisk; /**< NULL: none */
	uint64_t ramdisk_size;
	const char *cmdline; /**< NULL: none */
	/**
	 * The image alone (modes elf and flash): no command line, no ramdisk, no header looked at.
	 */
	bool bare;
};

/** Where it goes. */
struct mic_image_plan {
	uint64_t image_at, cmdline_at, ramdisk_at;
	uint32_t cmdline_bytes; /**< with its 0; 0: there is none */
	char cmdline[MIC_CMDLINE_BYTES];
};

#define MIC_IMAGE_WHY 200
/** So much of an image is looked at, as long as it is that large. */
#define MIC_IMAGE_HEAD MIC_HDRS_END

/**
 * Check and plan.
 *
 * @param load_address of the card's, from SPAD2
 * @param aperture bytes of it, which is also the memory that the card OS is told of
 * @param why a refusal in words, with value and range
 * @return 0, or -EINVAL
 */
int mic_image_plan(const struct mic_image *image, uint32_t load_address, uint64_t aperture,
		   struct mic_image_plan *plan, char why[MIC_IMAGE_WHY]);

/** How much is put there at a time by mic_image_place. */
#define MIC_IMAGE_SLICE (UINT64_C(4) << 20)

/**
 * Put it there, a slice at a time. The aperture may be slow memory, or gone: it is only written to.
 *
 * @param from where to go on; 0 at first
 * @return where to go on, or 0: all of it is there
 */
uint64_t mic_image_place(const struct mic_image *image, const struct mic_image_plan *plan,
			 uint8_t *aperture, uint64_t from);

#endif /* SLIPWAY_MIC_IMAGE_H */
