/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_dev.h>
#include <rte_dmadev.h>
#include <rte_lcore.h>

#include "bench.h"
#include "eal.h"

static int
device_add(struct bench_run *run, int16_t dev_id)
{
	struct bench_subject *subject = &run->subject[run->nb_subjects];
	struct rte_dma_info info;
	const char *args;

	if (run->nb_subjects == BENCH_MAX_SUBJECTS) {
		fprintf(stderr, "bench-dma: more than %u ways and devices\n", BENCH_MAX_SUBJECTS);
		return -EINVAL;
	}
	if (rte_dma_info_get(dev_id, &info) < 0) {
		fprintf(stderr, "bench-dma: DMA device %d does not describe itself\n", dev_id);
		return -ENODEV;
	}
	args = bench_device_args(info.dev_name);
	snprintf(subject->label, sizeof(subject->label), "%s%s%s", info.dev_name,
		 args[0] != '\0' ? "," : "", args);
	subject->dev_id = dev_id;
	run->nb_subjects++;
	return 0;
}

/* Make one of each kind; a driver that is not there is not an error. The thread of dma_skeleton
 * gets a CPU apart from the one that submits, if there is one.
 */
static void
attach_default_set(void)
{
	unsigned int other = rte_get_next_lcore(rte_lcore_id(), true, false), i;
	char lcore[16] = "";
	const struct {
		const char *name, *args;
	} set[] = {
		{"dma_dsa0", ""},
		{"dma_dsa1", "mode=shared"},
		{"dma_skeleton", lcore},
	};

	if (other < RTE_MAX_LCORE)
		snprintf(lcore, sizeof(lcore), "lcore=%u", other);
	for (i = 0; i < RTE_DIM(set); i++)
		if (rte_eal_hotplug_add("vdev", set[i].name, set[i].args) < 0)
			fprintf(stderr, "bench-dma: %s left out: no driver for it is loaded\n",
				set[i].name);
}

/** Add the DMA devices to what is compared: 0, or a negative errno when one line says why not. */
int
bench_devices_find(struct bench_run *run)
{
	int16_t id;

	if (rte_dma_count_avail() == 0)
		attach_default_set();
	RTE_DMA_FOREACH_DEV(id)
		if (device_add(run, id) < 0)
			return -EINVAL;
	if (run->nb_subjects == 0) {
		fprintf(stderr, "bench-dma: nothing to measure: no copies and no devices\n");
		return -EINVAL;
	}
	return 0;
}

static int
refuse(char reason[BENCH_REASON_SIZE], const char *step, int ret)
{
	snprintf(reason, BENCH_REASON_SIZE, "%s: %s", step, strerror(-ret));
	return ret;
}

static int
channels_set_up(int16_t dev_id, uint16_t channels, uint16_t descriptors,
		char reason[BENCH_REASON_SIZE])
{
	const struct rte_dma_vchan_conf conf = {
		.direction = RTE_DMA_DIR_MEM_TO_MEM,
		.nb_desc = descriptors,
	};
	uint16_t i;
	int ret;

	for (i = 0; i < channels; i++) {
		ret = rte_dma_vchan_setup(dev_id, i, &conf);
		if (ret < 0)
			return refuse(reason, "rte_dma_vchan_setup", ret);
	}
	return 0;
}

/**
 * Configure and start a device for a cell, a channel for each thread.
 *
 * @param[out] reason why not, when it did not work out
 */
int
bench_device_start(const struct bench_subject *subject, const struct bench_cell *cell,
		   char reason[BENCH_REASON_SIZE])
{
	const struct rte_dma_conf conf = {.nb_vchans = cell->threads};
	struct rte_dma_info info;
	uint32_t descriptors;
	int ret;

	ret = rte_dma_info_get(subject->dev_id, &info);
	if (ret < 0)
		return refuse(reason, "rte_dma_info_get", ret);
	if (info.max_vchans < cell->threads) {
		snprintf(reason, BENCH_REASON_SIZE, "%u channels, %u threads", info.max_vchans,
			 cell->threads);
		return -ENOTSUP;
	}
	/* One more than are under way, for rings that keep a place free. */
	descriptors = RTE_MAX(rte_align32pow2(cell->depth + 1u), (uint32_t)info.min_desc);
	if (descriptors > info.max_desc) {
		snprintf(reason, BENCH_REASON_SIZE, "%u descriptors, %u under way", info.max_desc,
			 cell->depth);
		return -ENOTSUP;
	}
	ret = rte_dma_configure(subject->dev_id, &conf);
	if (ret < 0)
		return refuse(reason, "rte_dma_configure", ret);
	ret = channels_set_up(subject->dev_id, cell->threads, descriptors, reason);
	if (ret < 0)
		return ret;
	ret = rte_dma_start(subject->dev_id);
	return ret < 0 ? refuse(reason, "rte_dma_start", ret) : 0;
}

void
bench_device_stop(const struct bench_subject *subject)
{
	rte_dma_stop(subject->dev_id);
}
