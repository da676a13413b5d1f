/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The operations of the raw device API: section 26.1. The library checks that a device is stopped
 * before it is configured or closed; it goes by its own mark, which is kept true here by whatever
 * else boots or resets the card.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "mic_probe.h"
#include "mic_smpt.h"
#include "mic_state.h"

/* Descriptors of a DMA ring; section 19.4. */
#define DEPTH_MIN     64
#define DEPTH_MAX     131068

/* ---- Life ---- */

static int
gone(const struct mic *mic)
{
	if (mic->dev != NULL)
		return 0;
	MIC_LOG(ERR, mic->name, "the device is closed");
	return -ENODEV;
}

int
mic_start(struct mic *mic)
{
	int ret = mic_state_boot(mic->dev);

	if (ret == 0)
		mic->raw->started = 1;
	return ret;
}

int
mic_stop(struct mic *mic)
{
	int ret = mic_state_stop(mic->dev);

	mic->raw->started = 0;
	return ret;
}

int
mic_reset(struct mic *mic)
{
	int ret = mic_state_reset(mic->dev);

	if (ret == 0)
		mic->raw->started = 0;
	return ret;
}

static int
rawdev_start(struct rte_rawdev *raw)
{
	struct mic *mic = mic_of(raw);
	int ret = gone(mic);

	return ret == 0 ? mic_start(mic) : ret;
}

static void
rawdev_stop(struct rte_rawdev *raw)
{
	struct mic *mic = mic_of(raw);

	if (mic->dev != NULL)
		mic_stop(mic);
}

static int
rawdev_reset(struct rte_rawdev *raw)
{
	struct mic *mic = mic_of(raw);
	int ret = gone(mic);

	return ret == 0 ? mic_reset(mic) : ret;
}

static int
rawdev_close(struct rte_rawdev *raw)
{
	struct mic *mic = mic_of(raw);
	struct mic_status status;

	if (mic->dev == NULL)
		return 0;
	mic_state_status(mic->dev, &status);
	if (status.state == MIC_RESETTING)
		return -EAGAIN;
	return mic_card_release(mic);
}

/* ---- Configuration ---- */

static int
out_of_range(const struct mic *mic, const char *what, uint64_t value, uint64_t min, uint64_t max)
{
	if (value >= min && value <= max)
		return 0;
	MIC_LOG(ERR, mic->name, "configure: %s %" PRIu64 "; accepted: %" PRIu64 "..%" PRIu64, what,
		value, min, max);
	return -EINVAL;
}

static int
unended(const struct mic *mic, const char *what, const char *text, size_t room)
{
	if (memchr(text, '\0', room) != NULL)
		return 0;
	MIC_LOG(ERR, mic->name, "configure: %s of %zu bytes; accepted: 0..%zu and a 0 behind them",
		what, room, room - 1);
	return -EINVAL;
}

static int
check(const struct mic *mic, const struct rte_pmd_mic_info *c)
{
	if (out_of_range(mic, "era", c->era, 0, RTE_PMD_MIC_ERA_D) < 0 ||
	    out_of_range(mic, "boot_mode", c->boot_mode, 0, RTE_PMD_MIC_BOOT_FLASH) < 0 ||
	    out_of_range(mic, "dma_channels", c->dma_channels, 1, MIC_CHANNELS) < 0 ||
	    out_of_range(mic, "queues", c->queues, 0, MIC_CHANNELS) < 0 ||
	    out_of_range(mic, "queue_depth", c->queue_depth, DEPTH_MIN, DEPTH_MAX) < 0 ||
	    out_of_range(mic, "heartbeat", c->heartbeat, 0, 1) < 0 ||
	    out_of_range(mic, "restart", c->restart, 0, 1) < 0 ||
	    out_of_range(mic, "boot_on_resume", c->boot_on_resume, 0, 1) < 0 ||
	    unended(mic, "cmdline", c->cmdline, sizeof(c->cmdline)) < 0 ||
	    unended(mic, "firmware", c->firmware, sizeof(c->firmware)) < 0 ||
	    unended(mic, "ramdisk", c->ramdisk, sizeof(c->ramdisk)) < 0)
		return -EINVAL;
	return 0;
}

/* Each era has its own word for a boot without a kernel (section 13.1). */
static int
check_mode(const struct mic *mic, const struct rte_pmd_mic_info *c)
{
	enum rte_pmd_mic_boot_mode other =
		c->era == RTE_PMD_MIC_ERA_A ? RTE_PMD_MIC_BOOT_ELF : RTE_PMD_MIC_BOOT_FLASH;

	if (c->boot_mode == RTE_PMD_MIC_BOOT_LINUX || c->boot_mode == other)
		return 0;
	MIC_LOG(ERR, mic->name, "configure: boot_mode %s; accepted: linux, and %s in this era",
		c->boot_mode == RTE_PMD_MIC_BOOT_ELF ? "elf" : "flash",
		other == RTE_PMD_MIC_BOOT_ELF ? "elf" : "flash");
	return -EINVAL;
}

int
mic_configure(struct mic *mic, const struct rte_pmd_mic_info *conf)
{
	const struct mic_conf wanted = {
		.era = (enum mic_era)conf->era,
		.number = mic->raw->dev_id,
		.heartbeat = conf->heartbeat,
		.restart = conf->restart,
		.boot_on_resume = conf->boot_on_resume,
	};
	int ret = check(mic, conf);

	if (ret == 0)
		ret = check_mode(mic, conf);
	if (ret == 0)
		ret = mic_state_configure(mic->dev, &wanted);
	if (ret == 0)
		mic->conf = *conf;
	return ret;
}

static int
wrong_size(const struct mic *mic, const char *what, size_t size)
{
	if (size == sizeof(struct rte_pmd_mic_info))
		return 0;
	MIC_LOG(ERR, mic->name, "%s: private part of %zu bytes; accepted: %zu, struct "
		"rte_pmd_mic_info", what, size, sizeof(struct rte_pmd_mic_info));
	return -EINVAL;
}

static int
rawdev_configure(const struct rte_rawdev *raw, rte_rawdev_obj_t config, size_t size)
{
	struct mic *mic = mic_of(raw);
	int ret = gone(mic);

	if (ret == 0)
		ret = wrong_size(mic, "configure", config != NULL ? size : 0);
	return ret == 0 ? mic_configure(mic, config) : ret;
}

static const char *
reach(const struct mic *mic)
{
	static const char *const names[] = {"pci", "model", "vfu", "card"};

	return names[mic->args.at];
}

static int
rawdev_info_get(struct rte_rawdev *raw, rte_rawdev_obj_t info, size_t size)
{
	struct mic *mic = mic_of(raw);
	struct rte_pmd_mic_info *i = info;
	struct mic_status status;
	int ret = gone(mic);

	if (ret == 0)
		ret = wrong_size(mic, "info", size);
	if (ret < 0)
		return ret;
	mic_state_status(mic->dev, &status);
	*i = mic->conf;
	snprintf(i->family, sizeof(i->family), "%s", mic_family_name(mic->device_id));
	snprintf(i->stepping, sizeof(i->stepping), "%s", mic_stepping_name(mic->revision));
	snprintf(i->reach, sizeof(i->reach), "%s", reach(mic));
	i->device_id = mic->device_id;
	i->aperture_size = mic_dev_aperture_size(mic->dev);
	i->mmio_size = MIC_BAR4_BYTES;
	i->smpt_entries = MIC_SMPT_ENTRIES;
	i->smpt_entry_size = MIC_SMPT_WINDOW;
	i->max_queues = MIC_CHANNELS;
	i->state = (enum rte_pmd_mic_state)status.state;
	return 0;
}

const struct rte_rawdev_ops mic_rawdev_ops = {
	.dev_info_get = rawdev_info_get,
	.dev_configure = rawdev_configure,
	.dev_start = rawdev_start,
	.dev_stop = rawdev_stop,
	.dev_close = rawdev_close,
	.dev_reset = rawdev_reset,
	.queue_def_conf = mic_queue_conf_get,
	.queue_setup = mic_queue_setup,
	.queue_release = mic_queue_release,
	.queue_count = mic_queue_count,
	.enqueue_bufs = mic_queue_enqueue,
	.dequeue_bufs = mic_queue_dequeue,
	.dump = mic_dump,
	.attr_get = mic_attr_get,
	.attr_set = mic_attr_set,
	.xstats_get = mic_xstats_get,
	.xstats_get_names = mic_xstats_get_names,
	.xstats_get_by_name = mic_xstats_get_by_name,
	.xstats_reset = mic_xstats_reset,
	.firmware_status_get = mic_firmware_status_get,
	.firmware_version_get = mic_firmware_version_get,
	.firmware_load = mic_firmware_load,
	.firmware_unload = mic_firmware_unload,
	.dev_selftest = mic_selftest,
};
