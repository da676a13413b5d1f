/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The model reach of event/dlb: the device is a model in this process. The only file of the driver
 * that knows there is one.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "access_irq_priv.h"
#include "dlb_model.h"

static void
model_close(struct access_dev *access)
{
	dlb_model_destroy(access->dev);
	rte_free(access->ring_memory);
	rte_free(access->irqs);
	rte_free(access);
}

static uint64_t
model_stray(const struct access_dev *access)
{
	return dlb_model_stray(access->dev);
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
access_model_open(const struct access_config *config, struct access_dev **out)
{
	struct dlb_model_config model = {.version = config->version, .ring_fd = -1};
	struct access_dev *access;
	int ret;

	access = rte_zmalloc_socket(config->name, sizeof(*access), RTE_CACHE_LINE_SIZE,
				    config->numa_node);
	if (access == NULL)
		return -ENOMEM;
	access_init(access, config, &model_reach);

	access->ring_memory = rte_zmalloc_socket(config->name, dlb_model_ring_bytes(),
						 RTE_CACHE_LINE_SIZE, config->numa_node);
	if (access->ring_memory == NULL) {
		ret = -ENOMEM;
		goto free_access;
	}
	model.ring_memory = access->ring_memory;
	ret = dlb_model_create(&model, &access->host, &access->dev);
	if (ret < 0)
		goto free_rings;
	ret = access_enable(access);
	if (ret < 0)
		goto destroy;
	*out = access;
	return 0;

destroy:
	dlb_model_destroy(access->dev);
free_rings:
	rte_free(access->ring_memory);
free_access:
	rte_free(access);
	return ret;
}
