/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The model reach of raw/mic: the device is a virtual card in this process, and who idles runs its
 * hardware and its card OS. The only file of the driver that knows there is one.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_malloc.h>

#include "access_irq_priv.h"
#include "access_mic.h"
#include "card.h"

/* A card, its memory, and who is told what its console says. */
struct model {
	struct access_dev access; /* first */
	void *gddr;
	uint64_t gddr_size;
	const char *name;
	void (*log)(const char *name, const char *line);
};

static void
model_close(struct access_dev *access)
{
	struct model *model = (struct model *)access;

	access_follow_end(access);
	card_destroy(access->dev);
	munmap(model->gddr, model->gddr_size);
	rte_free(access->irqs);
	rte_free(model);
}

static uint64_t
model_stray(const struct access_dev *access)
{
	return mic_model_stray(card_model(access->dev));
}

/* A reset of the card is asked for by a register, and waited for by the driver. */
static const struct access_reach model_reach = {
	.close = model_close,
	.stray = model_stray,
	.config = access_call_config,
	.reset_ms = 0,
	.irqs_open = access_irqs_call_open,
	.irq_seen = access_irq_call_seen,
	.irq_sleep = access_irq_call_sleep,
	.irq_fds_open = access_irq_fds_call_open,
	.irq_fds_close = access_irq_fds_call_close,
};

static void
console(void *arg, const char *line)
{
	const struct model *model = arg;

	if (model->log != NULL)
		model->log(model->name, line);
}

static int
choose_era(char letter, enum card_era *era)
{
	for (*era = CARD_ERA_A; *era <= CARD_ERA_D; (*era)++)
		if ((letter != 0 ? letter : 'a') == card_era_name(*era)[0])
			return 0;
	return -EINVAL;
}

static int
card_open(struct model *model, const struct access_mic_config *device)
{
	struct card_config made = {
		.model = {
			.device_id = device->device_id,
			.revision = device->revision,
			.a0 = device->a0,
			.gddr = model->gddr,
			.gddr_size = model->gddr_size,
			.gddr_fd = -1,
			.load_address = device->load_address,
			.ready_ns = device->ready_ns,
			.time_scale = device->time_scale,
			.lose_smpt = device->lose_smpt,
			.never_ready = device->never_ready,
			.all_ones = device->all_ones,
			.strict_enables = device->strict_enables,
			.trains_memory = device->trains_memory,
			.open = {
				.dma_dstat_16_bits = device->dma_dstat_16_bits,
				.dma_owner_card = device->dma_owner_card,
				.dma_after_boot_only = device->dma_after_boot_only,
			},
		},
		.console = console,
		.arg = model,
	};
	int ret = choose_era(device->era, &made.era);

	return ret < 0 ? ret : card_create(&made, &model->access.host, &model->access.dev);
}

static int
memory_open(struct model *model, uint64_t size)
{
	model->gddr_size = size != 0 ? size : ACCESS_MIC_MEMORY;
	model->gddr = mmap(NULL, model->gddr_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return model->gddr == MAP_FAILED ? -ENOMEM : 0;
}

int
access_mic_open(const struct access_config *config, const struct access_mic_config *device,
		struct access_dev **out)
{
	struct model *model = rte_zmalloc_socket(config->name, sizeof(*model), RTE_CACHE_LINE_SIZE,
						 config->numa_node);
	struct access_dev *access;
	int ret;

	if (model == NULL)
		return -ENOMEM;
	access = &model->access;
	access_init(access, config, &model_reach);
	model->name = config->name;
	model->log = config->log;
	ret = memory_open(model, device->memory);
	if (ret < 0)
		goto free_model;
	ret = card_open(model, device);
	if (ret < 0)
		goto unmap_memory;
	ret = access_enable(access);
	if (ret == 0)
		ret = access_follow_memory(access);
	if (ret < 0)
		goto destroy;
	*out = access;
	return 0;

destroy:
	card_destroy(access->dev);
unmap_memory:
	munmap(model->gddr, model->gddr_size);
free_model:
	rte_free(model);
	return ret;
}

int
access_mic_command(struct access_dev *access, const char *command)
{
	static const char *const names[] = {
		[CARD_HALT] = "halt",   [CARD_POWEROFF] = "poweroff", [CARD_RESTART] = "restart",
		[CARD_CRASH] = "crash", [CARD_HANG] = "hang",
	};

	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		if (strcmp(command, names[i]) == 0)
			return card_tell(access->dev, (enum card_command)i);
	return -EINVAL;
}
