/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_test_rig.h"

#include <stdlib.h>
#include <string.h>

#include "pci_config.h"

static void
rig_irq(struct bus_host *host, unsigned int vector)
{
	/* The test host is the first member of the rig. */
	struct rig *r = (struct rig *)host;

	if (vector < MIC_VECTORS)
		r->irqs[vector]++;
}

static void
gddr_free(struct rig *r)
{
	if (!r->lent)
		free(r->gddr);
}

int
rig_open(struct rig *r, const struct mic_model_config *config)
{
	return rig_open_sized(r, config, RIG_HOST_BYTES);
}

int
rig_open_sized(struct rig *r, const struct mic_model_config *config, size_t bytes)
{
	struct mic_model_config c = config == NULL ? (struct mic_model_config){0} : *config;
	int ret;

	memset(r, 0, sizeof(*r));
	ret = test_host_create(&r->host, bytes, TEST_HOST_WHOLE);
	if (ret < 0)
		return ret;
	r->ops = *r->host.host.ops;
	r->ops.irq = rig_irq;
	r->host.host.ops = &r->ops;
	r->lent = c.gddr != NULL;
	r->gddr = r->lent ? c.gddr : calloc(1, RIG_GDDR_BYTES);
	if (r->gddr == NULL) {
		test_host_destroy(&r->host);
		return -ENOMEM;
	}
	c.gddr = r->gddr;
	c.gddr_size = RIG_GDDR_BYTES;
	c.gddr_fd = -1;
	ret = mic_model_create(&c, &r->host.host, &r->dev);
	if (ret < 0) {
		gddr_free(r);
		test_host_destroy(&r->host);
		return ret;
	}
	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	return 0;
}

uint64_t
rig_close(struct rig *r)
{
	uint64_t stray = mic_model_stray(r->dev);

	mic_model_destroy(r->dev);
	gddr_free(r);
	test_host_destroy(&r->host);
	return stray;
}

int
rig_setup_as(void **state, const struct mic_model_config *config)
{
	static struct rig r;

	*state = &r;
	return rig_open(&r, config);
}

int
rig_setup(void **state)
{
	return rig_setup_as(state, NULL);
}

int
rig_teardown(void **state)
{
	return rig_close(*state) == 0 ? 0 : -1;
}

/* ---- Accesses ---- */

uint32_t
rig_config_read(struct rig *r, uint16_t off, unsigned int size)
{
	uint32_t value = 0;

	(void)r->dev->ops->config(r->dev, off, &value, size, false);
	return value;
}

void
rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value)
{
	(void)r->dev->ops->config(r->dev, off, &value, size, true);
}

uint32_t
rig_read(struct rig *r, uint32_t off)
{
	return (uint32_t)r->dev->ops->read(r->dev, MIC_BAR_MMIO, off, 4);
}

void
rig_write(struct rig *r, uint32_t off, uint32_t value)
{
	r->dev->ops->write(r->dev, MIC_BAR_MMIO, off, value, 4);
}

void
rig_msix(struct rig *r)
{
	for (unsigned int v = 0; v < MIC_VECTORS; v++)
		rig_write(r, MIC_AT(MSIX_CTRL, v), 0);
	rig_config_write(r, MIC_PCI_MSIX + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
}

/* ---- Time ---- */

uint64_t
rig_pass(struct rig *r, uint64_t ns)
{
	r->now += ns;
	return r->dev->ops->step(r->dev, r->now);
}

bool
rig_ready(struct rig *r)
{
	for (unsigned int n = 0; n < 1000; n++) {
		if (mic_model_power(r->dev, NULL) == MIC_POWER_READY)
			return true;
		(void)rig_pass(r, 100 * RIG_MS);
	}
	return false;
}

const char *
rig_post(struct rig *r, char code[3])
{
	uint32_t post = rig_read(r, MIC_POSTCODE_AT);

	code[0] = (char)post;
	code[1] = (char)(post >> 8);
	code[2] = '\0';
	return code;
}

/* ---- Boot ---- */

static void
store(struct rig *r, uint64_t at, uint32_t value)
{
	memcpy(&r->gddr[at], &value, sizeof(value));
}

void
rig_image(struct rig *r, uint32_t size, const char *cmdline, uint32_t ramdisk)
{
	memcpy(&r->gddr[RIG_LOAD + MIC_HDRS_AT], MIC_HDRS_MAGIC, strlen(MIC_HDRS_MAGIC));
	memcpy(&r->gddr[RIG_LOAD + size], cmdline, strlen(cmdline) + 1);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_IMAGE,
	      ramdisk > 0 ? (uint32_t)mic_ramdisk_at(RIG_LOAD) : 0);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_SIZE, ramdisk);
	rig_write(r, MIC_SPAD5_AT, size);
}

void
rig_boot(struct rig *r)
{
	uint32_t spad2 = rig_read(r, MIC_SPAD2_AT);

	rig_write(r, MIC_AT(APICICR_HI, MIC_BOOT_DOORBELL),
		  (uint32_t)REG_GET(MIC_SPAD2_APIC_ID, spad2));
	rig_write(r, MIC_AT(APICICR_LO, MIC_BOOT_DOORBELL), MIC_BOOT_ICR);
	(void)rig_pass(r, 0);
}

bool
rig_start(struct rig *r)
{
	if (!rig_ready(r))
		return false;
	rig_image(r, 0x10000, " mem=32M", 0);
	rig_boot(r);
	return mic_model_power(r->dev, NULL) == MIC_POWER_RUNNING;
}

/* ---- The host ---- */

uint16_t
rig_irqs(struct rig *r)
{
	uint16_t bits = 0;

	for (unsigned int v = 0; v < MIC_VECTORS; v++) {
		bits |= (uint16_t)((r->irqs[v] > 0) << v);
		r->irqs[v] = 0;
	}
	return bits;
}

void *
rig_memory(struct rig *r, size_t off)
{
	return r->host.memory + off;
}

uint64_t
rig_iova(size_t off)
{
	return TEST_HOST_IOVA + off;
}
