/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_PROBE_H
#define SLIPWAY_MIC_PROBE_H

/**
 * @file
 * From a device that a bus has found to a raw device, and back.
 */

#include <rte_dev.h>

#include "mic_priv.h"

/**
 * Make the raw device. Logs why it cannot.
 *
 * @param name of the raw device
 * @param open reaches the card: 0 or a negative errno after one log line
 */
int mic_attach(const char *name, struct rte_device *device, const struct mic_devargs *args,
	       int (*open)(struct mic *mic, struct access_dev **access));

/** Remove it, if it is there still: 0, or -EBUSY while it is started. */
int mic_detach(const char *name);

/** Let go of the card: nothing of it is left but the raw device. */
int mic_card_release(struct mic *mic);

#endif /* SLIPWAY_MIC_PROBE_H */
