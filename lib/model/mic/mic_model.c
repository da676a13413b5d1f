/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model.h"

#include <errno.h>
#include <string.h>

int
mic_model_create(const struct mic_model_config *config, struct bus_host *host,
		 struct bus_device **dev)
{
	(void)config;
	(void)host;
	(void)dev;
	return -ENOSYS;
}

void
mic_model_destroy(struct bus_device *dev)
{
	(void)dev;
}

uint64_t
mic_model_stray(const struct bus_device *dev)
{
	(void)dev;
	return 0;
}

enum mic_model_power
mic_model_power(const struct bus_device *dev, uint32_t *generation)
{
	(void)dev;
	if (generation != NULL)
		*generation = 0;
	return MIC_POWER_BOOTSTRAP;
}

void
mic_model_boot(const struct bus_device *dev, struct mic_model_boot *boot)
{
	(void)dev;
	memset(boot, 0, sizeof(*boot));
}

const char *
mic_model_boot_error(const struct bus_device *dev)
{
	(void)dev;
	return "";
}

uint32_t
mic_model_card_read(struct bus_device *dev, uint32_t bar4_off)
{
	(void)dev;
	(void)bar4_off;
	return 0;
}

void
mic_model_card_write(struct bus_device *dev, uint32_t bar4_off, uint32_t value)
{
	(void)dev;
	(void)bar4_off;
	(void)value;
}

void
mic_model_card_post(struct bus_device *dev, const char code[2])
{
	(void)dev;
	(void)code;
}

void *
mic_model_card_map(struct bus_device *dev, uint64_t address, size_t *len, enum bus_prot prot)
{
	(void)dev;
	(void)address;
	(void)len;
	(void)prot;
	return NULL;
}

int
mic_model_card_copy(struct bus_device *dev, uint64_t address, void *bytes, size_t len, bool write)
{
	(void)dev;
	(void)address;
	(void)bytes;
	(void)len;
	(void)write;
	return -EFAULT;
}

uint64_t
mic_model_card_irqs(struct bus_device *dev)
{
	(void)dev;
	return 0;
}

void
mic_model_link(struct bus_device *dev, bool up)
{
	(void)dev;
	(void)up;
}
