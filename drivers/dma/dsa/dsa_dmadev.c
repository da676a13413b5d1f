/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The operations of the DMA device API, but for the data path. The library has checked what it can
 * by what dev_info says, and calls none of these twice at once for a device.
 *
 *   probed --configure--> channels to be set up --vchan_setup, each--> --start--> at work
 *                ^                                                        |
 *                +--------------------(configure again)------ stop -------+
 */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "dsa_dmadev.h"
#include "dsa_hw.h"
#include "dsa_probe.h"

struct dsa_wq *
dsa_wq_of(struct dsa *dsa, uint16_t vchan)
{
	return &dsa->wqs[vchan % dsa->nb_wqs];
}

/* A dedicated work queue is one channel's: who posts to it counts alone what is in it. */
static uint16_t
max_vchans(const struct dsa *dsa)
{
	return dsa->wqs[0].dedicated ? (uint16_t)dsa->nb_wqs : DSA_VCHANS;
}

static int
info_get(const struct rte_dma_dev *dev, struct rte_dma_info *info, uint32_t size)
{
	const struct dsa *dsa = dsa_of(dev);

	RTE_SET_USED(size);
	info->dev_capa = RTE_DMA_CAPA_MEM_TO_MEM | RTE_DMA_CAPA_SILENT |
			 RTE_DMA_CAPA_HANDLES_ERRORS | RTE_DMA_CAPA_OPS_COPY |
			 RTE_DMA_CAPA_OPS_COPY_SG | RTE_DMA_CAPA_OPS_FILL;
	if (dsa->wqs[0].sva)
		info->dev_capa |= RTE_DMA_CAPA_SVA;
	info->max_vchans = max_vchans(dsa);
	info->min_desc = DSA_DESC_MIN;
	info->max_desc = DSA_DESC_MAX;
	info->max_sges = DSA_SGES_MAX;
	return 0;
}

static void
release_channel(struct dsa *dsa, uint16_t vchan)
{
	if (dsa->vchans[vchan] == NULL)
		return;
	dsa_vchan_release(dsa->vchans[vchan]);
	dsa->vchans[vchan] = NULL;
	dsa_wq_of(dsa, vchan)->users--;
}

static void
release_channels(struct dsa *dsa)
{
	uint16_t i;

	for (i = 0; i < DSA_VCHANS; i++)
		release_channel(dsa, i);
}

static int
configure(struct rte_dma_dev *dev, const struct rte_dma_conf *conf, uint32_t size)
{
	struct dsa *dsa = dsa_of(dev);

	RTE_SET_USED(size);
	rte_spinlock_lock(&dsa->lock);
	release_channels(dsa);
	dsa->nb_vchans = conf->nb_vchans;
	dsa->silent = compat_dma_is_silent(conf);
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}

static int
vchan_setup(struct rte_dma_dev *dev, uint16_t vchan, const struct rte_dma_vchan_conf *conf,
	    uint32_t size)
{
	struct dsa *dsa = dsa_of(dev);
	struct dsa_wq *wq = dsa_wq_of(dsa, vchan);
	const struct dsa_vchan_config config = {
		.name = dsa->name,
		.wq = wq,
		.vchan = vchan,
		.nb_desc = (uint16_t)rte_align32pow2(conf->nb_desc),
		.silent = dsa->silent,
		.partial = dsa->args.partial,
		.retries = dsa->args.retries,
		.batch = dsa->args.batch != 0 ? dsa->args.batch : wq->max_batch,
		.numa_node = dsa->args.numa_node,
	};
	int ret;

	RTE_SET_USED(size);
	rte_spinlock_lock(&dsa->lock);
	release_channel(dsa, vchan);
	ret = dsa_vchan_setup(&config, &dsa->vchans[vchan]);
	if (ret == 0)
		wq->users++;
	rte_spinlock_unlock(&dsa->lock);
	return ret;
}

/* ---- Start ---- */

static int
check_channels(const struct dsa *dsa)
{
	uint16_t i;

	for (i = 0; i < dsa->nb_vchans; i++) {
		if (dsa->vchans[i] != NULL)
			continue;
		DSA_LOG(ERR, dsa->name,
			"start: channel %u of %u is not set up; rte_dma_vchan_setup() first", i,
			dsa->nb_vchans);
		return -EINVAL;
	}
	return 0;
}

/* The reverse of enable_wqs, of the first n; goes on after a failure. */
static int
disable_wqs(struct dsa *dsa, unsigned int n)
{
	int ret = 0, one;

	while (n-- > 0) {
		const struct dsa_wq *wq = &dsa->wqs[n];

		if (wq->users == 0 || dsa_hw_wq_state(dsa, wq) == DSA_WQ_DISABLED)
			continue;
		one = dsa_hw_wq_command(dsa, DSA_COMMAND_DISABLE_WQ, wq);
		ret = ret != 0 ? ret : one;
	}
	return ret;
}

/* Those that have channels. What others have is enabled by them. */
static int
enable_wqs(struct dsa *dsa)
{
	unsigned int i;
	int ret = 0;

	if (!dsa->whole)
		return 0;
	for (i = 0; i < dsa->nb_wqs && ret == 0; i++) {
		if (dsa->wqs[i].users != 0)
			ret = dsa_hw_command(dsa, DSA_COMMAND_ENABLE_WQ, dsa->wqs[i].id);
		if (ret < 0)
			disable_wqs(dsa, i);
	}
	return ret;
}

/* Channels that started before one that does not are stopped, and empty. */
static int
start_channels(struct dsa *dsa)
{
	uint16_t i;
	int ret;

	for (i = 0; i < dsa->nb_vchans; i++) {
		ret = dsa_vchan_start(dsa->vchans[i]);
		if (ret == 0)
			continue;
		while (i-- > 0)
			dsa_vchan_stop(dsa->vchans[i]);
		return ret;
	}
	return 0;
}

/* After a stop that failed the device may still write to memory of ours. */
static int
check_health(struct dsa *dsa)
{
	if (dsa->access != NULL && access_is_lost(dsa->access)) {
		DSA_LOG(ERR, dsa->name, "start: the device has gone; remove it and probe it again");
		return -ENODEV;
	}
	if (!dsa->failed)
		return 0;
	DSA_LOG(ERR, dsa->name, "start: the device did not stop; remove it and probe it again");
	return -EIO;
}

static int
start_locked(struct dsa *dsa)
{
	int ret = check_health(dsa);

	if (ret == 0)
		ret = check_channels(dsa);
	if (ret == 0)
		ret = enable_wqs(dsa);
	if (ret < 0)
		return ret;
	ret = start_channels(dsa);
	if (ret < 0) {
		if (dsa->whole)
			disable_wqs(dsa, dsa->nb_wqs);
		return ret;
	}
	dsa->started = true;
	dsa_fast_install(dsa);
	return 0;
}

static int
start(struct rte_dma_dev *dev)
{
	struct dsa *dsa = dsa_of(dev);
	int ret;

	rte_spinlock_lock(&dsa->lock);
	ret = start_locked(dsa);
	rte_spinlock_unlock(&dsa->lock);
	return ret;
}

/* ---- Stop ---- */

static bool
all_drained(struct dsa *dsa)
{
	bool drained = true;
	uint16_t i;

	/* Each is asked: to be asked is what makes it go on with partial work. */
	for (i = 0; i < dsa->nb_vchans; i++)
		drained = dsa_vchan_drained(dsa->vchans[i]) && drained;
	return drained;
}

bool
dsa_is_gone(const struct dsa *dsa)
{
	if (dsa->access == NULL)
		return false;
	return access_is_lost(dsa->access) || (dsa->whole && dsa_hw_halted(dsa));
}

/* As much time as a command has: a stop ends, whatever is left. */
static bool
wait_until_drained(struct dsa *dsa)
{
	uint64_t patience = rte_get_timer_hz() / MS_PER_S * DSA_WAIT_MS;
	uint64_t start = rte_get_timer_cycles();
	unsigned int polls = 0;

	while (!all_drained(dsa)) {
		if (rte_get_timer_cycles() - start > patience)
			return false;
		if (polls++ % 1024 == 0 && dsa_is_gone(dsa))
			return false;
		if (dsa->access != NULL)
			access_idle(dsa->access);
		rte_pause();
	}
	return true;
}

/* What the device will not finish it is told to drop, so that it leaves memory alone. */
static int
let_go_of_work(struct dsa *dsa, bool drained)
{
	int ret = 0;

	if (!dsa->whole)
		return drained || dsa_is_gone(dsa) ? 0 : -ETIMEDOUT;
	if (dsa_is_gone(dsa))
		return 0;
	if (!drained)
		ret = dsa_hw_command(dsa, DSA_COMMAND_ABORT_ALL, 0);
	return ret == 0 ? disable_wqs(dsa, dsa->nb_wqs) : ret;
}

static void
log_left(const struct dsa *dsa)
{
	if (dsa_is_gone(dsa))
		DSA_LOG(WARNING, dsa->name,
			"stop: the device has halted or gone; what it had is reported as aborted");
	else
		DSA_LOG(WARNING, dsa->name,
			"stop: the device had work left after %u ms; it is reported as aborted",
			DSA_WAIT_MS);
}

static void
stop_channels(struct dsa *dsa)
{
	bool drained;
	uint16_t i;
	int ret;

	for (i = 0; i < dsa->nb_vchans; i++)
		dsa_vchan_stop(dsa->vchans[i]);
	drained = wait_until_drained(dsa);
	ret = let_go_of_work(dsa, drained);
	if (!drained)
		log_left(dsa);
	if (ret < 0) {
		DSA_LOG(ERR, dsa->name, "stop: the device does not let go of its work");
		dsa->failed = true;
	}
	for (i = 0; i < dsa->nb_vchans; i++)
		dsa_vchan_abort(dsa->vchans[i]);
}

static int
stop(struct rte_dma_dev *dev)
{
	struct dsa *dsa = dsa_of(dev);

	rte_spinlock_lock(&dsa->lock);
	dsa_fast_suspend(dsa);
	stop_channels(dsa);
	dsa->started = false;
	dsa_hw_poll_error(dsa);
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}

/* The library frees the rest. */
static int
close_device(struct rte_dma_dev *dev)
{
	struct dsa *dsa = dsa_of(dev);

	release_channels(dsa);
	dsa_let_go(dsa);
	return 0;
}

/* ---- Looking at it ---- */

static void
add_stats(struct rte_dma_stats *sum, const struct dsa_vchan *vchan)
{
	struct dsa_vchan_stats stats;

	dsa_vchan_stats(vchan, &stats);
	sum->submitted += stats.dma.submitted;
	sum->completed += stats.dma.completed;
	sum->errors += stats.dma.errors;
}

static bool
is_meant(const struct dsa *dsa, uint16_t vchan, uint16_t asked)
{
	return dsa->vchans[vchan] != NULL && (asked == RTE_DMA_ALL_VCHAN || asked == vchan);
}

static int
stats_get(const struct rte_dma_dev *dev, uint16_t vchan, struct rte_dma_stats *stats,
	  uint32_t size)
{
	struct dsa *dsa = dsa_of(dev);
	uint16_t i;

	RTE_SET_USED(size);
	*stats = (struct rte_dma_stats){0};
	rte_spinlock_lock(&dsa->lock);
	for (i = 0; i < DSA_VCHANS; i++) {
		if (is_meant(dsa, i, vchan))
			add_stats(stats, dsa->vchans[i]);
	}
	dsa_hw_poll_error(dsa);
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}

static int
stats_reset(struct rte_dma_dev *dev, uint16_t vchan)
{
	struct dsa *dsa = dsa_of(dev);
	uint16_t i;

	rte_spinlock_lock(&dsa->lock);
	for (i = 0; i < DSA_VCHANS; i++) {
		if (is_meant(dsa, i, vchan))
			dsa_vchan_stats_reset(dsa->vchans[i]);
	}
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}

enum rte_dma_vchan_status
dsa_vchan_condition(struct dsa *dsa, uint16_t vchan)
{
	const struct dsa_wq *wq = dsa_wq_of(dsa, vchan);

	if (dsa_is_gone(dsa) || dsa_vchan_halted(dsa->vchans[vchan]) ||
	    (dsa->started && wq->enabled != NULL && !wq->enabled(wq)))
		return RTE_DMA_VCHAN_HALTED_ERROR;
	return dsa_vchan_busy(dsa->vchans[vchan]) ? RTE_DMA_VCHAN_ACTIVE : RTE_DMA_VCHAN_IDLE;
}

const char *
dsa_vchan_condition_name(enum rte_dma_vchan_status condition)
{
	switch (condition) {
	case RTE_DMA_VCHAN_IDLE:
		return "idle";
	case RTE_DMA_VCHAN_ACTIVE:
		return "active";
	default:
		return "halted";
	}
}

static int
vchan_status(const struct rte_dma_dev *dev, uint16_t vchan, enum rte_dma_vchan_status *status)
{
	struct dsa *dsa = dsa_of(dev);

	rte_spinlock_lock(&dsa->lock);
	*status = RTE_DMA_VCHAN_IDLE;
	if (dsa->vchans[vchan] != NULL)
		*status = dsa_vchan_condition(dsa, vchan);
	dsa_hw_poll_error(dsa);
	rte_spinlock_unlock(&dsa->lock);
	return 0;
}

const struct rte_dma_dev_ops dsa_dmadev_ops = {
	.dev_info_get = info_get,
	.dev_configure = configure,
	.dev_start = start,
	.dev_stop = stop,
	.dev_close = close_device,
	.vchan_setup = vchan_setup,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.vchan_status = vchan_status,
	.dev_dump = dsa_dump,
};
