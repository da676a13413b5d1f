/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From a device that a bus has found to a raw device, and back. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include <dev_driver.h>

#include "access.h"
#include "mic_probe.h"
#include "mic_state.h"
#include "mic_telemetry.h"

RTE_LOG_REGISTER(mic_logtype, pmd.raw.mic, NOTICE)

/* Configuration space: vendor and device, then the revision. */
#define IDS      0
#define REVISION 8

/* ---- What it is ---- */

static int
learn_id(struct mic *mic, struct access_dev *access)
{
	uint16_t id[2] = {0, 0};
	int ret = access_config_read(access, IDS, id, sizeof(id));

	if (ret == 0)
		ret = access_config_read(access, REVISION, &mic->revision, 1);
	mic->device_id = rte_le_to_cpu_16(id[1]);
	if (ret == 0 && rte_le_to_cpu_16(id[0]) == MIC_PCI_VENDOR &&
	    mic->device_id >= MIC_PCI_DEVICE_FIRST && mic->device_id <= MIC_PCI_DEVICE_LAST)
		return 0;
	MIC_LOG(ERR, mic->name, "it is device %04x:%04x; accepted: 8086:2250..8086:225e",
		rte_le_to_cpu_16(id[0]), mic->device_id);
	return -ENODEV;
}

/* A card's process says {"device":"mic", ..., "time_scale":N, "era":"a"}. It may be anybody: what
 * is out of range is left alone.
 */
static void
learn_about(struct mic *mic, const char *text)
{
	json_t *about = text != NULL ? json_loads(text, 0, NULL) : NULL;
	json_int_t scale = json_integer_value(json_object_get(about, "time_scale"));
	const char *era = json_string_value(json_object_get(about, "era"));

	if (mic->args.time_scale == 0 && scale >= 1 && scale <= 1000)
		mic->args.time_scale = (unsigned int)scale;
	if (mic->args.era == 0 && era != NULL && strlen(era) == 1 && strchr("acd", *era) != NULL)
		mic->args.era = *era;
	json_decref(about);
}

static enum rte_pmd_mic_era
era_of(char letter)
{
	return letter == 'd'   ? RTE_PMD_MIC_ERA_D
	       : letter == 'c' ? RTE_PMD_MIC_ERA_C
			       : RTE_PMD_MIC_ERA_A;
}

/* ---- Events ---- */

static_assert((int)RTE_PMD_MIC_LOST == (int)MIC_LOST, "states have the same numbers");
static_assert((int)RTE_PMD_MIC_RESTART == (int)MIC_SHUTDOWN_RESTART, "as have shutdown statuses");
static_assert((int)RTE_PMD_MIC_ERA_D == (int)MIC_ERA_D, "and eras");

static void
watch(void *arg, enum mic_state state, enum mic_shutdown shutdown)
{
	struct mic *mic = arg;
	unsigned int i;

	pthread_mutex_lock(&mic->watch_lock);
	for (i = 0; i < MIC_WATCHERS; i++) {
		const struct mic_watcher w = mic->watchers[i];

		if (w.event != NULL)
			w.event(mic->raw->dev_id, (enum rte_pmd_mic_state)state,
				(enum rte_pmd_mic_shutdown)shutdown, w.arg);
	}
	pthread_mutex_unlock(&mic->watch_lock);
}

static void
watch_init(struct mic *mic)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&mic->watch_lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

/* ---- Attaching ---- */

/* What there is before anything is configured. */
static int
configure(struct mic *mic)
{
	const struct rte_pmd_mic_info conf = {
		.era = era_of(mic->args.era),
		.boot_mode = RTE_PMD_MIC_BOOT_LINUX,
		.dma_channels = MIC_CHANNELS,
		.queue_depth = 4096,
		.heartbeat = 1,
	};

	return mic_configure(mic, &conf);
}

static int
bring_up(struct mic *mic, struct access_dev *access)
{
	struct mic_dev_config config = {
		.name = mic->name,
		.access = access,
		.numa_node = mic->args.numa_node,
		.irq_modes = mic->args.irq_modes,
	};
	int ret = learn_id(mic, access);

	if (ret < 0)
		return ret;
	learn_about(mic, access_about(access));
	config.device_id = mic->device_id;
	config.revision = mic->revision;
	config.time_scale = mic->args.time_scale;
	return mic_dev_open(&config, &mic->dev);
}

static struct rte_rawdev *
allocate(const char *name, int numa_node)
{
	struct rte_rawdev *raw = rte_rawdev_pmd_allocate(name, sizeof(struct mic), numa_node);

	if (raw == NULL)
		MIC_LOG(ERR, name,
			"no raw device left, or the name is taken, or no memory on node %d; give "
			"DPDK more (-m)",
			numa_node);
	return raw;
}

/* The raw device is of no use, and has no operation that could be called to end it. */
static void
release(struct mic *mic)
{
	struct rte_rawdev *raw = mic->raw;

	pthread_mutex_destroy(&mic->watch_lock);
	raw->dev_ops = &mic_rawdev_ops;
	rte_rawdev_pmd_release(raw);
}

static int
finish(struct mic *mic)
{
	int ret = configure(mic);

	if (ret == 0 && mic->args.dma)
		ret = mic_dmadev_create(mic);
	if (ret == 0)
		mic_state_watch(mic->dev, watch, mic);
	if (ret == 0)
		ret = mic_owner_serve(mic);
	return ret;
}

int
mic_attach(const char *name, struct rte_device *device, const struct mic_devargs *args,
	   int (*open)(struct mic *mic, struct access_dev **access))
{
	struct access_dev *access = NULL;
	struct rte_rawdev *raw;
	struct mic *mic;
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		MIC_LOG(ERR, name,
			"not available in a secondary process; accepted: the primary one, which "
			"has the card's state");
		return -ENOTSUP;
	}
	raw = allocate(name, args->numa_node);
	if (raw == NULL)
		return -ENOMEM;
	mic = mic_of(raw);
	mic->name = raw->name;
	mic->raw = raw;
	mic->device = device;
	mic->args = *args;
	watch_init(mic);
	ret = open(mic, &access);
	if (ret < 0)
		goto release;
	ret = bring_up(mic, access);
	if (ret < 0)
		goto close_access;
	ret = finish(mic);
	if (ret < 0)
		goto let_go;
	raw->dev_ops = &mic_rawdev_ops;
	raw->device = device;
	raw->driver_name = "raw_mic";
	mic_telemetry_show(mic);
	return 0;

let_go:
	mic_card_release(mic);
	goto release;
close_access:
	access_close(access);
	mic_owner_close(mic);
release:
	release(mic);
	return ret;
}

int
mic_card_release(struct mic *mic)
{
	int ret;

	if (mic->dev == NULL)
		return 0;
	/* All that may refuse comes before anything is taken away. */
	ret = mic_dev_may_close(mic->dev);
	if (ret == 0)
		ret = mic_dmadev_destroy(mic);
	if (ret < 0)
		return ret;
	mic_telemetry_hide(mic);
	mic_owner_quiet(mic);
	mic_queues_release(mic);
	/* Nor can any be set up again. */
	mic->conf.queues = 0;
	mic_dev_close(mic->dev);
	mic->dev = NULL;
	mic_owner_close(mic);
	return 0;
}

int
mic_detach(const char *name)
{
	struct rte_rawdev *raw = rte_rawdev_pmd_get_named_dev(name);
	struct mic *mic;
	int ret;

	if (raw == NULL)
		return 0;
	if (raw->started) {
		MIC_LOG(ERR, name, "device is started; stop it first");
		return -EBUSY;
	}
	mic = mic_of(raw);
	ret = mic_card_release(mic);
	if (ret < 0)
		return ret;
	pthread_mutex_destroy(&mic->watch_lock);
	return rte_rawdev_pmd_release(raw);
}

struct mic *
mic_of_id(uint16_t dev_id)
{
	struct rte_rawdev *raw;

	if (dev_id >= RTE_RAWDEV_MAX_DEVS || !rte_rawdev_pmd_is_valid_dev((uint8_t)dev_id))
		return NULL;
	raw = &rte_rawdevs[dev_id];
	if (raw->dev_ops != &mic_rawdev_ops || mic_of(raw)->dev == NULL)
		return NULL;
	return mic_of(raw);
}
