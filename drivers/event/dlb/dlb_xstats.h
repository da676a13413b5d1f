/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_XSTATS_H
#define SLIPWAY_DLB_XSTATS_H

/**
 * @file
 * Extended statistics by name.
 */

#include "dlb_priv.h"

int dlb_xstats_names(const struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode,
		     uint8_t id, struct rte_event_dev_xstats_name *names, uint64_t *ids,
		     unsigned int size);
int dlb_xstats_get(const struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode, uint8_t id,
		   const uint64_t ids[], uint64_t values[], unsigned int n);
uint64_t dlb_xstats_by_name(const struct rte_eventdev *dev, const char *name, uint64_t *id);
int dlb_xstats_reset(struct rte_eventdev *dev, enum rte_event_dev_xstats_mode mode, int16_t id,
		     const uint64_t ids[], uint32_t nb_ids);

#endif /* SLIPWAY_DLB_XSTATS_H */
