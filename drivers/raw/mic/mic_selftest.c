/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What rte_rawdev_selftest does, on a card that nobody has booted: memory through the SMPT, the
 * aperture, a reset, and on a virtual card, which takes any image, a boot to the shutdown and a
 * call of a function. A card on a bus is left without an OS.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "mic_boot.h"
#include "mic_priv.h"
#include "mic_state.h"

/* What a kernel looks like from outside, and room for what its header may say. */
#define IMAGE_BYTES 16384u
#define SECTOR      512u
#define SETUP_AT    0x1f1u
#define FLAG_AT     0x1feu
/* For the card OS to come up, and for an answer; a virtual card needs milliseconds. */
#define PATIENCE_MS 10000u

#define STEP(mic, what, call)                                                          \
	do {                                                                           \
		int step_ret = (call);                                                 \
		if (step_ret != 0) {                                                   \
			MIC_LOG(ERR, (mic)->name, "self test: %s: %d", what, step_ret); \
			return step_ret < 0 ? step_ret : -EIO;                         \
		}                                                                      \
	} while (0)

static int
test_smpt(struct mic *mic)
{
	void *memory = rte_zmalloc("selftest", 4096, 4096);
	struct mic_dev_stats before, after;
	uint64_t at = 0;
	int ret;

	if (memory == NULL)
		return -ENOMEM;
	mic_dev_stats(mic->dev, &before);
	ret = mic_dev_map(mic->dev, rte_malloc_virt2iova(memory), 4096, &at);
	if (ret == 0 && !mic_is_system(at))
		ret = -ERANGE;
	if (ret == 0)
		ret = mic_dev_unmap(mic->dev, at, 4096);
	mic_dev_stats(mic->dev, &after);
	if (ret == 0 && after.smpt_ref_bytes != before.smpt_ref_bytes)
		ret = -EIO;
	rte_free(memory);
	return ret;
}

/* The last line of the aperture, which is no place for an image. */
static int
test_aperture(struct mic *mic)
{
	uint64_t size = mic_dev_aperture_size(mic->dev), pattern = UINT64_C(0x0123456789abcdef);
	volatile uint64_t *at = mic_dev_aperture(mic->dev, size - 64, 64);
	uint64_t before;

	if (at == NULL || mic_dev_aperture(mic->dev, size - 63, 64) != NULL ||
	    mic_dev_aperture(mic->dev, size, 0) != NULL)
		return -ERANGE;
	before = *at;
	*at = pattern;
	if (*at != pattern)
		return -EIO;
	*at = before;
	return 0;
}

static int
load(struct mic *mic)
{
	uint8_t *image = rte_zmalloc("selftest", IMAGE_BYTES, 0);
	struct rte_pmd_mic_firmware f = {
		.version = 1,
		.image = image,
		.image_size = IMAGE_BYTES,
		.cmdline = "selftest",
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};
	int ret;

	if (image == NULL)
		return -ENOMEM;
	image[SETUP_AT] = 1;
	image[FLAG_AT] = 0x55;
	image[FLAG_AT + 1] = 0xaa;
	memcpy(image + MIC_HDRS_AT, MIC_HDRS_MAGIC, 4);
	ret = mic_load(mic, &f);
	rte_free(image);
	return ret;
}

static int
call_echo(struct mic *mic)
{
	const uint64_t args[6] = {1, 2, 3, 4, 5, 6};
	uint64_t answer[6], tries = 0;
	struct rte_pmd_mic_function fn;
	int64_t result = -1;
	int ret = -ENOENT;

	for (; ret == -ENOENT && tries < PATIENCE_MS; tries++) {
		ret = rte_pmd_mic_function(mic->raw->dev_id, "echo", &fn);
		if (ret < 0)
			rte_delay_us_sleep(1000);
	}
	if (ret == 0)
		ret = rte_pmd_mic_call(&fn, args);
	for (; ret == 0 && tries < PATIENCE_MS; tries++) {
		if (rte_pmd_mic_answer(&fn, fn.sequence, answer, &result) == 1)
			return result == 0 && memcmp(args, answer, sizeof(args)) == 0 ? 0 : -EIO;
		rte_delay_us_sleep(1000);
	}
	return ret == 0 ? -ETIMEDOUT : ret;
}

static int
test_boot(struct mic *mic)
{
	struct mic_status s;

	STEP(mic, "load", load(mic));
	STEP(mic, "boot", mic_start(mic));
	/* States of later eras come by messages that need more than a driver. */
	if (mic->conf.era == RTE_PMD_MIC_ERA_A)
		STEP(mic, "function", call_echo(mic));
	STEP(mic, "stop", mic_stop(mic));
	mic_state_status(mic->dev, &s);
	STEP(mic, "state", s.state == MIC_READY ? 0 : -EIO);
	return 0;
}

int
mic_selftest(uint16_t dev_id)
{
	struct mic *mic = mic_of_id(dev_id);
	struct mic_status s;

	if (mic == NULL)
		return -ENODEV;
	mic_state_status(mic->dev, &s);
	if (s.state != MIC_READY || s.loaded) {
		MIC_LOG(ERR, mic->name, "self test in state %s%s; accepted: %s",
			mic_state_name((enum mic_era)mic->conf.era, s.state),
			s.loaded ? " with an image" : "",
			mic_state_name((enum mic_era)mic->conf.era, MIC_READY));
		return -EBUSY;
	}
	STEP(mic, "SMPT", test_smpt(mic));
	STEP(mic, "aperture", test_aperture(mic));
	STEP(mic, "reset", mic_reset(mic));
	return mic->args.at != MIC_AT_BUS ? test_boot(mic) : 0;
}
