/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card.h"

#include <errno.h>

int
card_create(const struct card_config *config, struct bus_host *host, struct bus_device **dev)
{
	return mic_model_create(&config->model, host, dev);
}

void
card_destroy(struct bus_device *dev)
{
	mic_model_destroy(dev);
}

struct bus_device *
card_model(struct bus_device *dev)
{
	return dev;
}

enum card_state
card_state(const struct bus_device *dev)
{
	(void)dev;
	return CARD_OFF;
}

int
card_command(struct bus_device *dev, enum card_command command)
{
	(void)dev;
	(void)command;
	return -EINVAL;
}
