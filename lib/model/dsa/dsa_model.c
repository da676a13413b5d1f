/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_model.h"

#include <errno.h>

int
dsa_model_create(const struct dsa_model_config *config, struct bus_host *host,
		 struct bus_device **dev)
{
	(void)config;
	(void)host;
	(void)dev;
	return -ENOMEM;
}

void
dsa_model_destroy(struct bus_device *dev)
{
	(void)dev;
}

uint64_t
dsa_model_stray(const struct bus_device *dev)
{
	(void)dev;
	return 0;
}

void
dsa_model_halt(struct bus_device *dev, unsigned int reset_type)
{
	(void)dev;
	(void)reset_type;
}

bool
dsa_model_wq_stats(const struct bus_device *dev, unsigned int wq, struct dsa_model_wq_stats *stats)
{
	(void)dev;
	(void)wq;
	(void)stats;
	return false;
}
