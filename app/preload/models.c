/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "models.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_model.h"
#include "dsa_desc.h"
#include "dsa_model.h"

/* ---- DLB ---- */

static int
dlb_create(const struct device *dev, void *memory, struct bus_host *host, struct bus_device **bus)
{
	const struct dlb_model_config config = {
		.version = dev->version,
		.ring_fd = -1,
		.ring_memory = memory,
	};

	return dlb_model_create(&config, host, bus);
}

/* ---- DSA ---- */

/* Work queues of a device: as many as a bitmap of them has bits. */
#define DSA_WQS_ACCEPTED 64

static bool
dsa_option(struct device *dev, const char *option)
{
	unsigned long number;
	char *end;

	if (strcmp(option, "kernel") == 0 || strcmp(option, "kernel=norawio") == 0) {
		dev->kernel = true;
		dev->rawio = option[6] == '\0';
		return true;
	}
	if (strncmp(option, "wqs=", 4) != 0 || option[4] < '0' || option[4] > '9')
		return false;
	errno = 0;
	number = strtoul(option + 4, &end, 10);
	if (*end != '\0' || errno != 0 || number < 1 || number > DSA_WQS_ACCEPTED)
		return false;
	dev->wqs = (unsigned int)number;
	return true;
}

static int
dsa_create(const struct device *dev, void *memory, struct bus_host *host, struct bus_device **bus)
{
	static const unsigned int versions[MODEL_VERSIONS] = {DSA_VERSION_1, DSA_VERSION_2};
	const struct dsa_model_config config = {
		.version = versions[dev->version],
		.wqs = dev->wqs,
	};

	(void)memory;
	return dsa_model_create(&config, host, bus);
}

/* ---- All of them ---- */

static const struct model models[] = {
	{
		.name = "dlb",
		.version = {"2.0", "2.5"},
		.standard = 1,
		.accepted = "accepted options: version=2.0, version=2.5 and at=SOCKET, an absolute "
			    "path",
		.memory = dlb_model_ring_bytes,
		.create = dlb_create,
	},
	{
		.name = "dsa",
		.version = {"1.0", "2.0"},
		.standard = 0,
		.accepted = "accepted options: version=1.0, version=2.0, wqs=1 to wqs=64, "
			    "kernel, kernel=norawio and at=SOCKET, an absolute path",
		.option = dsa_option,
		.create = dsa_create,
	},
};

const char model_names[] = "dlb and dsa";

const struct model *
model_find(const char *name)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(name, models[i].name) == 0)
			return &models[i];
	return NULL;
}

const char *
model_option(const struct model *model, struct device *dev, const char *option)
{
	for (unsigned int v = 0; v < MODEL_VERSIONS; v++)
		if (strncmp(option, "version=", 8) == 0 &&
		    strcmp(option + 8, model->version[v]) == 0) {
			dev->version = v;
			return NULL;
		}
	if (strncmp(option, "at=/", 4) == 0 && strlen(option + 3) < sizeof(dev->at)) {
		strcpy(dev->at, option + 3);
		return NULL;
	}
	return model->option != NULL && model->option(dev, option) ? NULL : model->accepted;
}
