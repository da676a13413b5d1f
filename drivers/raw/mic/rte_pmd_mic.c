/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What applications do beyond the raw device API. */

#include <errno.h>
#include <inttypes.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "mic_priv.h"
#include "mic_state.h"

#define MS UINT64_C(1000000)

int
rte_pmd_mic_load_files(uint16_t dev_id, const char *image, const char *ramdisk,
		       const char *cmdline, enum rte_pmd_mic_boot_mode mode)
{
	struct mic *mic = mic_of_id(dev_id);

	return mic != NULL ? mic_load_files(mic, image, ramdisk, cmdline, mode) : -ENODEV;
}

int
rte_pmd_mic_event_register(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg)
{
	struct mic *mic = mic_of_id(dev_id);
	unsigned int i;

	if (mic == NULL || event == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	pthread_mutex_lock(&mic->watch_lock);
	for (i = 0; i < MIC_WATCHERS && mic->watchers[i].event != NULL; i++)
		;
	if (i < MIC_WATCHERS)
		mic->watchers[i] = (struct mic_watcher){event, arg};
	pthread_mutex_unlock(&mic->watch_lock);
	if (i < MIC_WATCHERS)
		return 0;
	MIC_LOG(ERR, mic->name, "callback %u; accepted: %u at a time", i + 1, MIC_WATCHERS);
	return -ENOSPC;
}

int
rte_pmd_mic_event_unregister(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg)
{
	struct mic *mic = mic_of_id(dev_id);
	int ret = -ENOENT;
	unsigned int i;

	if (mic == NULL)
		return -ENODEV;
	/* Held while they are called: once it is ours, this one is not running. */
	pthread_mutex_lock(&mic->watch_lock);
	for (i = 0; i < MIC_WATCHERS && ret < 0; i++) {
		if (event == NULL || mic->watchers[i].event != event || mic->watchers[i].arg != arg)
			continue;
		mic->watchers[i].event = NULL;
		ret = 0;
	}
	pthread_mutex_unlock(&mic->watch_lock);
	return ret;
}

int
rte_pmd_mic_wait(uint16_t dev_id, enum rte_pmd_mic_state state, unsigned int timeout_ms)
{
	struct mic *mic = mic_of_id(dev_id);

	if (mic == NULL)
		return -ENODEV;
	if (state > RTE_PMD_MIC_LOST) {
		MIC_LOG(ERR, mic->name, "wait for state %u; accepted: 0..%u", state,
			RTE_PMD_MIC_LOST);
		return -EINVAL;
	}
	return mic_state_wait(mic->dev, (enum mic_state)state, timeout_ms * MS);
}

int
rte_pmd_mic_suspend(uint16_t dev_id)
{
	struct mic *mic = mic_of_id(dev_id);

	return mic != NULL ? mic_state_suspend(mic->dev) : -ENODEV;
}

int
rte_pmd_mic_resume(uint16_t dev_id)
{
	struct mic *mic = mic_of_id(dev_id);

	return mic != NULL ? mic_state_resume(mic->dev) : -ENODEV;
}

/* ---- Memory ---- */

int
rte_pmd_mic_map(uint16_t dev_id, const void *addr, uint64_t len, uint64_t *mic_address)
{
	struct mic *mic = mic_of_id(dev_id);
	rte_iova_t iova;

	if (mic == NULL || mic_address == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	iova = rte_mem_virt2iova(addr);
	if (len == 0 || iova == RTE_BAD_IOVA ||
	    !access_memory_known(mic_dev_access(mic->dev), addr, iova, len)) {
		MIC_LOG(ERR, mic->name,
			"map of %p+%" PRIu64
			"; accepted: memory of DPDK's, or that rte_dev_dma_map "
			"has made known",
			addr, len);
		return -EINVAL;
	}
	return mic_dev_map(mic->dev, iova, len, mic_address);
}

int
rte_pmd_mic_unmap(uint16_t dev_id, uint64_t mic_address, uint64_t len)
{
	struct mic *mic = mic_of_id(dev_id);

	return mic != NULL ? mic_dev_unmap(mic->dev, mic_address, len) : -ENODEV;
}

void *
rte_pmd_mic_aperture(uint16_t dev_id, uint64_t offset, uint64_t len)
{
	struct mic *mic = mic_of_id(dev_id);
	void *at;

	if (mic == NULL) {
		rte_errno = ENODEV;
		return NULL;
	}
	at = mic_dev_aperture(mic->dev, offset, len);
	if (at == NULL)
		rte_errno = EINVAL;
	return at;
}

int
rte_pmd_mic_log(uint16_t dev_id, char *text, uint32_t size)
{
	struct mic *mic = mic_of_id(dev_id);

	if (mic == NULL || text == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	return mic_read_log(mic, text, size);
}
