/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The DMA device of a card: operations of the API, but for the data path. The library has checked
 * what it can by what info_get says, and calls none of these twice at once for a device.
 *
 *   made --configure--> channels to be set up --vchan_setup, each--> --start--> at work
 *              ^                                                       |
 *              +-------------------(configure again)------ stop -------+
 *
 * A DMA channel is claimed from vchan_setup on, until the device is configured anew or closed.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "dpdk_compat.h"
#include "mic_vchan.h"

/* How long a stop waits for work to end, from the last piece that ended on. */
#define STOP_MS 1000

static struct mic_dmadev *
dmadev_of(const struct rte_dma_dev *dev)
{
	return dev->data->dev_private;
}

static int
info_get(const struct rte_dma_dev *dev, struct rte_dma_info *info, uint32_t size)
{
	const struct mic_dmadev *d = dmadev_of(dev);

	RTE_SET_USED(size);
	info->dev_capa = RTE_DMA_CAPA_MEM_TO_DEV | RTE_DMA_CAPA_DEV_TO_MEM |
			 RTE_DMA_CAPA_DEV_TO_DEV | RTE_DMA_CAPA_HANDLES_ERRORS |
			 RTE_DMA_CAPA_OPS_COPY | RTE_DMA_CAPA_OPS_COPY_SG;
	info->max_vchans = d->mic->conf.dma_channels;
	info->min_desc = MIC_DESC_LEAST;
	info->max_desc = MIC_DESC_MOST;
	info->max_sges = MIC_SGES_MAX;
	return 0;
}

/* ---- Channels ---- */

static void
release(struct mic_vchan *v)
{
	mic_dma_close(v->ch);
	if (v->windows.dev != NULL)
		mic_windows_drop(&v->windows);
	*v = (struct mic_vchan){.ch = NULL};
}

static void
release_all(struct mic_dmadev *d)
{
	for (unsigned int i = 0; i < MIC_CHANNELS; i++)
		release(&d->vchans[i]);
}

static int
configure(struct rte_dma_dev *dev, const struct rte_dma_conf *conf, uint32_t size)
{
	struct mic_dmadev *d = dmadev_of(dev);

	RTE_SET_USED(size);
	release_all(d);
	d->nb_vchans = conf->nb_vchans;
	return 0;
}

static enum mic_way
way_of(enum rte_dma_direction direction)
{
	switch (direction) {
	case RTE_DMA_DIR_MEM_TO_DEV:
		return MIC_TO_CARD;
	case RTE_DMA_DIR_DEV_TO_MEM:
		return MIC_FROM_CARD;
	default:
		return MIC_ON_CARD;
	}
}

/* Each operation with a status behind it, should each be submitted alone; and longer ones. */
static uint32_t
ring_size(uint32_t nb_desc)
{
	return RTE_MAX(2 * nb_desc + 4, (uint32_t)MIC_DMA_RING_LEAST + 128);
}

static int
vchan_setup(struct rte_dma_dev *dev, uint16_t vchan, const struct rte_dma_vchan_conf *conf,
	    uint32_t size)
{
	struct mic_dmadev *d = dmadev_of(dev);
	struct mic_vchan *v = &d->vchans[vchan];
	int ret;

	RTE_SET_USED(size);
	release(v);
	ret = mic_dma_open(d->mic->dev, vchan, ring_size(conf->nb_desc), d->mic->args.numa_node,
			   dev->data->dev_name, &v->ch);
	if (ret < 0)
		return ret;
	v->way = way_of(conf->direction);
	v->nb_desc = conf->nb_desc;
	v->windows.dev = d->mic->dev;
	return 0;
}

/* ---- Start and stop ---- */

/* Nobody has asked about what ended before: it counts no more. */
static void
forget(struct mic_vchan *v)
{
	while (mic_dma_done(v->ch, UINT16_MAX, NULL) != 0)
		;
	v->before.submitted += v->submitted;
	v->before.completed += v->returned;
	v->base += v->enqueued;
	v->enqueued = 0;
	v->submitted = 0;
	v->returned = 0;
}

static int
start(struct rte_dma_dev *dev)
{
	struct mic_dmadev *d = dmadev_of(dev);

	for (unsigned int i = 0; i < d->nb_vchans; i++) {
		if (d->vchans[i].ch != NULL)
			continue;
		MIC_LOG(ERR, dev->data->dev_name,
			"start: channel %u of %u is not set up; rte_dma_vchan_setup() first", i,
			d->nb_vchans);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < d->nb_vchans; i++) {
		forget(&d->vchans[i]);
		d->vchans[i].open = d->vchans[i].nb_desc;
	}
	d->started = true;
	return 0;
}

/* Let what was submitted end; what does not, and what was not submitted, is dropped. */
static void
drain(struct mic_dmadev *d, struct mic_vchan *v, unsigned int i)
{
	uint64_t until = rte_get_timer_cycles() + rte_get_timer_hz() / MS_PER_S * STOP_MS;

	while (mic_dma_busy(v->ch)) {
		if (rte_get_timer_cycles() > until) {
			MIC_LOG(WARNING, d->dev->data->dev_name,
				"stop: channel %u had work left after %u ms; it is reported as "
				"aborted",
				i, STOP_MS);
			break;
		}
		rte_pause();
	}
	if (!mic_dma_empty(v->ch))
		mic_dma_drop(v->ch);
}

static int
stop(struct rte_dma_dev *dev)
{
	struct mic_dmadev *d = dmadev_of(dev);

	for (unsigned int i = 0; i < d->nb_vchans; i++)
		d->vchans[i].open = 0;
	for (unsigned int i = 0; i < d->nb_vchans; i++)
		drain(d, &d->vchans[i], i);
	d->started = false;
	return 0;
}

/* The library frees the rest. */
static int
close_device(struct rte_dma_dev *dev)
{
	struct mic_dmadev *d = dmadev_of(dev);

	release_all(d);
	d->mic->dma = NULL;
	return 0;
}

/* ---- Looking at it ---- */

static struct rte_dma_stats
all_stats(const struct mic_vchan *v)
{
	return (struct rte_dma_stats){
		.submitted = v->before.submitted + v->submitted,
		.completed = v->before.completed + v->returned,
		.errors = v->errors,
	};
}

static bool
is_meant(const struct mic_dmadev *d, uint16_t vchan, uint16_t asked)
{
	return d->vchans[vchan].ch != NULL && (asked == RTE_DMA_ALL_VCHAN || asked == vchan);
}

static int
stats_get(const struct rte_dma_dev *dev, uint16_t vchan, struct rte_dma_stats *stats, uint32_t size)
{
	const struct mic_dmadev *d = dmadev_of(dev);

	RTE_SET_USED(size);
	*stats = (struct rte_dma_stats){0};
	for (uint16_t i = 0; i < MIC_CHANNELS; i++) {
		const struct rte_dma_stats *ignored = &d->vchans[i].ignored;
		struct rte_dma_stats all = all_stats(&d->vchans[i]);

		if (!is_meant(d, i, vchan))
			continue;
		stats->submitted += all.submitted - ignored->submitted;
		stats->completed += all.completed - ignored->completed;
		stats->errors += all.errors - ignored->errors;
	}
	return 0;
}

static int
stats_reset(struct rte_dma_dev *dev, uint16_t vchan)
{
	struct mic_dmadev *d = dmadev_of(dev);

	for (uint16_t i = 0; i < MIC_CHANNELS; i++)
		if (is_meant(d, i, vchan))
			d->vchans[i].ignored = all_stats(&d->vchans[i]);
	return 0;
}

static int
vchan_status(const struct rte_dma_dev *dev, uint16_t vchan, enum rte_dma_vchan_status *status)
{
	struct mic_dmadev *d = dmadev_of(dev);
	struct mic_vchan *v = &d->vchans[vchan];

	*status = RTE_DMA_VCHAN_IDLE;
	if (v->ch == NULL)
		return 0;
	if (mic_dma_halted(v->ch))
		*status = RTE_DMA_VCHAN_HALTED_ERROR;
	else if (mic_dma_busy(v->ch))
		*status = RTE_DMA_VCHAN_ACTIVE;
	return 0;
}

static const char *
way_name(enum mic_way way)
{
	switch (way) {
	case MIC_TO_CARD:
		return "to the card";
	case MIC_FROM_CARD:
		return "from the card";
	default:
		return "on the card";
	}
}

static void
dump_vchan(const struct mic_vchan *v, unsigned int i, FILE *f)
{
	fprintf(f,
		"  channel %u: %s, %u operations; %" PRIu64 " enqueued, %" PRIu64
		" submitted, %" PRIu64 " returned, %" PRIu64 " errors; %u windows\n",
		i, way_name(v->way), v->nb_desc, v->enqueued, v->submitted, v->returned, v->errors,
		v->windows.nb);
	mic_dma_dump(v->ch, f);
}

static int
dump(const struct rte_dma_dev *dev, FILE *f)
{
	const struct mic_dmadev *d = dmadev_of(dev);

	fprintf(f, "  DMA of the MIC card %s, %u channels, %s\n", d->mic->name, d->nb_vchans,
		d->started ? "started" : "stopped");
	for (unsigned int i = 0; i < MIC_CHANNELS; i++)
		if (d->vchans[i].ch != NULL)
			dump_vchan(&d->vchans[i], i, f);
	return 0;
}

const struct rte_dma_dev_ops mic_dmadev_ops = {
	.dev_info_get = info_get,
	.dev_configure = configure,
	.dev_start = start,
	.dev_stop = stop,
	.dev_close = close_device,
	.vchan_setup = vchan_setup,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.vchan_status = vchan_status,
	.dev_dump = dump,
};

/* ---- Made and unmade ---- */

/* raw_mic0 has dma_mic0, and mic_0000:3b:00.0, on a bus, has dma_mic_0000:3b:00.0. */
static void
name_of(const struct mic *mic, char name[RTE_DEV_NAME_MAX_LEN])
{
	static const char prefix[] = "raw_mic";
	size_t n = sizeof(prefix) - 1;

	if (strncmp(mic->name, prefix, n) == 0)
		snprintf(name, RTE_DEV_NAME_MAX_LEN, "dma_mic%s", mic->name + n);
	else
		snprintf(name, RTE_DEV_NAME_MAX_LEN, "dma_%s", mic->name);
}

int
mic_dmadev_create(struct mic *mic)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_dma_dev *dev;
	struct mic_dmadev *d;

	name_of(mic, name);
	dev = rte_dma_pmd_allocate(name, mic->args.numa_node, sizeof(*d));
	if (dev == NULL) {
		MIC_LOG(ERR, mic->name,
			"no DMA device left for %s, or no memory for it on node %d; dma=0 does "
			"without",
			name, mic->args.numa_node);
		return -ENOMEM;
	}
	d = dmadev_of(dev);
	d->dev = dev;
	d->mic = mic;
	dev->device = mic->device;
	dev->dev_ops = &mic_dmadev_ops;
	mic_dmadev_install(d);
	dev->state = RTE_DMA_DEV_READY;
	mic->dma = d;
	return 0;
}

int
mic_dmadev_destroy(struct mic *mic)
{
	struct mic_dmadev *d = mic->dma;

	/* There is none, or the application has closed it. */
	if (d == NULL)
		return 0;
	if (d->started) {
		MIC_LOG(ERR, mic->name, "%s is started; stop it first", d->dev->data->dev_name);
		return -EBUSY;
	}
	return rte_dma_pmd_release(d->dev->data->dev_name);
}
