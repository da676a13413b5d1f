/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "models.h"

#include <errno.h>
#include <string.h>

const struct model models[] = {
	{
		.name = "dlb",
		.title = "DLB",
		.version = {{"2.0", 0x80862710}, {"2.5", 0x80862714}},
		.standard = 1,
		.pci_class = 0x0b4000,
		/* Datasheet section 1.2. */
		.bar_size = {[0] = 0x4000000, [2] = 0x100000000},
		.prefetch = {[0] = true},
		.vdev = "event_dlb0",
	},
	{
		.name = "dsa",
		.title = "DSA",
		.version = {{"1.0", 0x80860b25}, {"2.0", 0x80860b25}},
		.standard = 0,
		.pci_class = 0x088000,
		/* Datasheet section 2.2. */
		.bar_size = {[0] = 0x10000},
		.prefetch = {[0] = true, [2] = true},
		.wqs = 8,
		.wqs_max = 64,
		.wq_bytes = 0x4000,
		.vdev = "dma_dsa0",
	},
	{
		.name = "mic",
		.title = "MIC",
		.version = {{"x100", 0}},
		.vdev = "raw_mic0",
	},
};

const size_t model_count = sizeof(models) / sizeof(models[0]);

const struct model *
model_find(const char *name)
{
	for (size_t i = 0; i < model_count; i++)
		if (name != NULL && strcmp(name, models[i].name) == 0)
			return &models[i];
	return NULL;
}

int
model_version(const struct model *model, const char *text)
{
	for (int v = 0; v < MODEL_VERSIONS; v++)
		if (text != NULL && model->version[v].name != NULL &&
		    strcmp(text, model->version[v].name) == 0)
			return v;
	return -EINVAL;
}

bool
model_of_id(unsigned int pci_id, const struct model **model, unsigned int *version)
{
	for (size_t i = 0; i < model_count; i++)
		for (unsigned int v = 0; v < MODEL_VERSIONS; v++)
			if (models[i].version[v].pci_id == pci_id) {
				*model = &models[i];
				*version = v;
				return true;
			}
	return false;
}

uint64_t
model_bar_size(const struct model *model, unsigned int bar, unsigned int wqs)
{
	uint64_t want, size;

	if (model->wqs_max == 0 || bar != 2)
		return model->bar_size[bar];
	want = (wqs != 0 ? wqs : model->wqs) * model->wq_bytes;
	for (size = model->wq_bytes; size < want;)
		size *= 2;
	return size;
}
