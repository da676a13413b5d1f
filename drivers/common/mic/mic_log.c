/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The log of the card OS, section 12.8. Length and places are the card's, and bounded by its memory
 * before anything is read.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "mic_dev_priv.h"

/* Where its kernel has the card's memory. */
#define KERNEL_BASE UINT64_C(0xffffffff80000000)

static const void *
translate(struct mic_dev *dev, const char *what, uint64_t address, uint64_t len)
{
	const void *at = address >= KERNEL_BASE
				 ? mic_dev_aperture(dev, address - KERNEL_BASE, len)
				 : NULL;

	if (at == NULL)
		MIC_DEV_LOG(ERR, dev,
			    "%s %#" PRIx64 "+%" PRIu64 "; accepted: %#" PRIx64 "..%#" PRIx64, what,
			    address, len, KERNEL_BASE, KERNEL_BASE + dev->aperture_size - 1);
	return at;
}

int
mic_state_log(struct mic_dev *dev, uint64_t buf_addr, uint64_t len_addr, char *text, uint32_t size)
{
	struct mic_machine *m = &dev->machine;
	const void *at;
	uint32_t len;
	bool up;

	pthread_mutex_lock(&m->lock);
	up = mic_machine_is_up(m);
	pthread_mutex_unlock(&m->lock);
	if (!up || size == 0)
		return 0;
	at = translate(dev, "log_buf_len", len_addr, sizeof(len));
	if (at == NULL)
		return -EINVAL;
	memcpy(&len, at, sizeof(len));
	len = RTE_MIN(RTE_MIN(len, size), (uint32_t)INT32_MAX);
	at = translate(dev, "log_buf_addr", buf_addr, len);
	if (at == NULL)
		return -EINVAL;
	memcpy(text, at, len);
	return (int)len;
}
