/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The model reach of dma/dsa: the device is a model in this process. The only file of the driver
 * that knows there is one.
 *
 * The model keeps addresses that it has looked up. DPDK may take memory away again, so it is told
 * to look up anew before memory goes.
 */

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "access_dsa.h"
#include "access_irq_priv.h"
#include "dsa_model.h"

/* A model, and that it follows what DPDK does with its memory. */
struct model {
	struct access_dev access; /* first */
	bool follows;
	char event_name[64]; /* of that following */
};

/* Memory that comes was not to be had before, so nobody remembers it. */
static void
follow(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct model *model = arg;

	RTE_SET_USED(addr);
	RTE_SET_USED(len);
	if (event == RTE_MEM_EVENT_FREE)
		model->access.dev->ops->remap(model->access.dev);
}

/* Not there where memory never changes, as with --no-huge. */
static int
follow_memory(struct model *model)
{
	int ret;

	snprintf(model->event_name, sizeof(model->event_name), "dsa_%p", (void *)model);
	ret = rte_mem_event_callback_register(model->event_name, follow, model);
	model->follows = ret == 0;
	return ret == 0 || rte_errno == ENOTSUP ? 0 : -rte_errno;
}

static void
model_close(struct access_dev *access)
{
	struct model *model = (struct model *)access;

	if (model->follows)
		rte_mem_event_callback_unregister(model->event_name, model);
	dsa_model_destroy(access->dev);
	rte_free(access->irqs);
	rte_free(model);
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
	struct model *model = rte_zmalloc_socket(config->name, sizeof(*model), RTE_CACHE_LINE_SIZE,
						 config->numa_node);
	struct access_dev *access;
	int ret;

	if (model == NULL)
		return -ENOMEM;
	access = &model->access;
	access_init(access, config, &model_reach);
	ret = dsa_model_create(&made, &access->host, &access->dev);
	if (ret < 0)
		goto free_model;
	ret = access_enable(access);
	if (ret == 0)
		ret = follow_memory(model);
	if (ret < 0)
		goto destroy;
	*out = access;
	return 0;

destroy:
	dsa_model_destroy(access->dev);
free_model:
	rte_free(model);
	return ret;
}
