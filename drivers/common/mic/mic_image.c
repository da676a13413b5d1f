/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MIB UINT64_C(0x100000)

__attribute__((format(printf, 2, 3))) static int
refuse(char why[MIC_IMAGE_WHY], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, MIC_IMAGE_WHY, format, args);
	va_end(args);
	return -EINVAL;
}

static bool
has_header(const struct mic_image *i)
{
	return i->image_size >= MIC_HDRS_END &&
	       memcmp(i->image + MIC_HDRS_AT, MIC_HDRS_MAGIC, 4) == 0;
}

static int
check_image(const struct mic_image *i, uint32_t load, uint64_t aperture, char why[MIC_IMAGE_WHY])
{
	uint64_t most;

	if (load == 0 || load > MIC_LOAD_ADDRESS_MOST || load >= aperture)
		return refuse(why,
			      "the card asks for its image at %#" PRIx32
			      "; accepted: 0x1000..%#x, inside the aperture of %" PRIu64 " bytes",
			      load, MIC_LOAD_ADDRESS_MOST, aperture);
	most = aperture - load < UINT32_MAX ? aperture - load : UINT32_MAX;
	if (i->image == NULL || i->image_size == 0 || i->image_size > most)
		return refuse(why, "image of %" PRIu64 " bytes; accepted: 1..%" PRIu64,
			      i->image != NULL ? i->image_size : 0, most);
	return 0;
}

/* A card that finds the header takes the image for Linux, whatever the host meant. */
static int
check_bare(const struct mic_image *i, char why[MIC_IMAGE_WHY])
{
	if (has_header(i))
		return refuse(why, "the image has the header of a Linux kernel; accepted: with "
				   "boot mode linux");
	if (i->ramdisk != NULL || i->ramdisk_size != 0)
		return refuse(why, "a ramdisk of %" PRIu64 " bytes; accepted: with boot mode linux",
			      i->ramdisk_size);
	return 0;
}

static int
plan_cmdline(const struct mic_image *i, uint64_t aperture, struct mic_image_plan *plan,
	     char why[MIC_IMAGE_WHY])
{
	bool given = i->cmdline != NULL && *i->cmdline != '\0';
	int len = snprintf(plan->cmdline, sizeof(plan->cmdline),
			   MIC_CMDLINE_START "%" PRIu64 "M%s%s", aperture / MIB, given ? " " : "",
			   given ? i->cmdline : "");

	if (len < 0 || (size_t)len >= sizeof(plan->cmdline))
		return refuse(why,
			      "command line of %zu bytes; accepted: %zu, since with what is put in "
			      "front of it there may be %u",
			      strlen(i->cmdline),
			      strlen(i->cmdline) - ((size_t)len - (sizeof(plan->cmdline) - 1)),
			      MIC_CMDLINE_BYTES - 1);
	plan->cmdline_bytes = (uint32_t)len + 1;
	plan->cmdline_at = plan->image_at + i->image_size;
	if (plan->cmdline_bytes > aperture - plan->cmdline_at)
		return refuse(why,
			      "image of %" PRIu64 " bytes and command line of %" PRIu32
			      " end outside the aperture; accepted: %" PRIu64 " bytes together",
			      i->image_size, plan->cmdline_bytes, aperture - plan->image_at);
	return 0;
}

static int
plan_ramdisk(const struct mic_image *i, uint32_t load, uint64_t aperture,
	     struct mic_image_plan *plan, char why[MIC_IMAGE_WHY])
{
	uint64_t most;

	plan->ramdisk_at = mic_ramdisk_at(load);
	if (plan->ramdisk_at > UINT32_MAX || plan->ramdisk_at >= aperture)
		return refuse(why, "no room for a ramdisk at %#" PRIx64 "; accepted: none",
			      plan->ramdisk_at);
	most = aperture - plan->ramdisk_at;
	most = most < UINT32_MAX ? most : UINT32_MAX;
	if (i->ramdisk == NULL || i->ramdisk_size == 0 || i->ramdisk_size > most)
		return refuse(why, "ramdisk of %" PRIu64 " bytes; accepted: 1..%" PRIu64,
			      i->ramdisk_size, most);
	if (plan->cmdline_at + plan->cmdline_bytes > plan->ramdisk_at)
		return refuse(why,
			      "image of %" PRIu64 " bytes and command line of %" PRIu32
			      " reach into the ramdisk; accepted: %" PRIu64 " bytes together",
			      i->image_size, plan->cmdline_bytes, plan->ramdisk_at - load);
	return 0;
}

int
mic_image_plan(const struct mic_image *image, uint32_t load_address, uint64_t aperture,
	       struct mic_image_plan *plan, char why[MIC_IMAGE_WHY])
{
	int ret = check_image(image, load_address, aperture, why);

	*plan = (struct mic_image_plan){.image_at = load_address};
	if (ret < 0)
		return ret;
	if (image->bare)
		return check_bare(image, why);
	if (!has_header(image))
		return refuse(why,
			      "no \"HdrS\" at %#x in an image of %" PRIu64
			      " bytes; accepted: a bzImage with boot mode linux, else elf or flash",
			      MIC_HDRS_AT, image->image_size);
	ret = plan_cmdline(image, aperture, plan, why);
	if (ret == 0 && (image->ramdisk != NULL || image->ramdisk_size != 0))
		ret = plan_ramdisk(image, load_address, aperture, plan, why);
	return ret;
}

static void
put32(uint8_t *at, uint64_t value)
{
	const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 24)};

	memcpy(at, bytes, sizeof(bytes));
}

/* What is small, and what changes the image. */
static void
finish(const struct mic_image *image, const struct mic_image_plan *plan, uint8_t *aperture)
{
	if (plan->cmdline_bytes != 0)
		memcpy(aperture + plan->cmdline_at, plan->cmdline, plan->cmdline_bytes);
	if (plan->ramdisk_at == 0)
		return;
	put32(aperture + plan->image_at + MIC_HDRS_RAMDISK_IMAGE, plan->ramdisk_at);
	put32(aperture + plan->image_at + MIC_HDRS_RAMDISK_SIZE, image->ramdisk_size);
}

static uint64_t
slice(uint64_t rest)
{
	return rest < MIC_IMAGE_SLICE ? rest : MIC_IMAGE_SLICE;
}

uint64_t
mic_image_place(const struct mic_image *image, const struct mic_image_plan *plan, uint8_t *aperture,
		uint64_t from)
{
	uint64_t n, disk;

	if (from < image->image_size) {
		n = slice(image->image_size - from);
		memcpy(aperture + plan->image_at + from, image->image + from, n);
		from += n;
	} else if (plan->ramdisk_at != 0) {
		disk = from - image->image_size;
		n = slice(image->ramdisk_size - disk);
		memcpy(aperture + plan->ramdisk_at + disk, image->ramdisk + disk, n);
		from += n;
	}
	if (from < image->image_size + (plan->ramdisk_at != 0 ? image->ramdisk_size : 0))
		return from;
	finish(image, plan, aperture);
	return 0;
}
