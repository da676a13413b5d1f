/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The one file here that knows which device is checked.
 */
#include "dlb_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_run.h"

static int
create(const struct dlb_script_line *device, struct bus_host *host, struct bus_device **dev,
       void **kept)
{
	struct dlb_model_config config = {
		.version = (enum dlb_version)device->arg[DEVICE_VERSION],
		.open.comp_t_one_token = device->arg[DEVICE_COMP_T_ONE],
		.open.directed_lock_in_qid = device->arg[DEVICE_LOCK_IN_QID],
		.open.weights_are_shares = device->arg[DEVICE_SHARES],
		.ring_fd = -1,
	};
	int ret;

	config.ring_memory = aligned_alloc(4096, (dlb_model_ring_bytes() + 4095) / 4096 * 4096);
	if (config.ring_memory == NULL)
		return -ENOMEM;
	memset(config.ring_memory, 0, dlb_model_ring_bytes());
	ret = dlb_model_create(&config, host, dev);
	if (ret != 0)
		free(config.ring_memory);
	else
		*kept = config.ring_memory;
	return ret;
}

static uint64_t
stray(struct bus_device *dev)
{
	return dlb_model_stray(dev) + dlb_model_lost(dev);
}

static void
destroy(struct bus_device *dev, void *kept)
{
	dlb_model_destroy(dev);
	free(kept);
}

const struct dlb_drive_maker dlb_run_model = {.create = create, .stray = stray, .destroy = destroy};
