/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_DSA_H
#define SLIPWAY_ACCESS_DSA_H

/**
 * @file
 * The model reach of dma/dsa: a DSA of this process's own, made as it is needed.
 */

#include "access.h"

/** What it is to have; 0: as the SPR part. */
struct access_dsa_config {
	unsigned int wqs, wq_total, groups, engines;
	/** Who tests what a driver counts on finds work done in any order. */
	bool shuffled;
};

/**
 * Open a model in this process.
 *
 * @param config version is DSA_VERSION_1 or DSA_VERSION_2
 * @return 0, -EINVAL for a device that there cannot be, -ENOMEM
 */
int access_dsa_open(const struct access_config *config, const struct access_dsa_config *device,
		    struct access_dev **access);

#endif /* SLIPWAY_ACCESS_DSA_H */
