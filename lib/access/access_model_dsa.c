/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The model reach of dma/dsa: the device is a model in this process. The only file of the driver
 * that knows there is one.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "access_dsa.h"
#include "access_irq_priv.h"
#include "dsa_model.h"

static void
model_close(struct access_dev *access)
{
	access_follow_end(access);
	dsa_model_destroy(access->dev);
	rte_free(access->irqs);
	rte_free(access);
}

static uint64_t
model_stray(const struct access_dev *access)
{
	return dsa_model_stray(access->dev);
}

/* A reset is done when the write that asks for it returns. */
static const struct access_reach model_reach = {
	.close = model_close,
	.stray = model_stray,
	.config = access_call_config,
	.reset_ms = 0,
	.irqs_open = access_irqs_call_open,
	.irq_seen = access_irq_call_seen,
	.irq_sleep = access_irq_call_sleep,
};

int
access_dsa_open(const struct access_config *config, const struct access_dsa_config *device,
		struct access_dev **out)
{
	const struct dsa_model_config made = {
		.version = config->version,
		.wqs = device->wqs,
		.wq_total = device->wq_total,
		.groups = device->groups,
		.engines = device->engines,
		.order = device->shuffled ? DSA_ORDER_SHUFFLED : DSA_ORDER_WEIGHTED,
		.seed = 1,
	};
	struct access_dev *access = rte_zmalloc_socket(config->name, sizeof(*access),
						       RTE_CACHE_LINE_SIZE, config->numa_node);
	int ret;

	if (access == NULL)
		return -ENOMEM;
	access_init(access, config, &model_reach);
	ret = dsa_model_create(&made, &access->host, &access->dev);
	if (ret < 0)
		goto free_access;
	ret = access_enable(access);
	if (ret == 0)
		ret = access_follow_memory(access);
	if (ret < 0)
		goto destroy;
	*out = access;
	return 0;

destroy:
	dsa_model_destroy(access->dev);
free_access:
	rte_free(access);
	return ret;
}
