/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Boot parameters in the device page: section 14.2. The card writes to the page at any time, so
 * each byte of it is read once, and then checked.
 */

#include <string.h>

#include <rte_atomic.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

static volatile struct mic_boot_params_a *
params_a(const struct mic_dev *dev)
{
	return (volatile struct mic_boot_params_a *)dev->page;
}

static void
init_a(struct mic_dev *dev)
{
	volatile struct mic_boot_params_a *p = params_a(dev);

	p->c2h_shutdown_db = (uint8_t)dev->c2h_shutdown_db;
	p->h2c_shutdown_db = MIC_PAGE_NO_DOORBELL;
	p->h2c_config_db = MIC_PAGE_NO_DOORBELL;
}

static void
init_d(struct mic_dev *dev)
{
	volatile struct mic_boot_params_d *p = (volatile struct mic_boot_params_d *)dev->page;

	p->h2c_config_db = MIC_PAGE_NO_DOORBELL;
	p->node_id = (uint8_t)(dev->machine.conf.number + 1);
	p->h2c_scif_db = MIC_PAGE_NO_DOORBELL;
	p->c2h_scif_db = MIC_PAGE_NO_DOORBELL;
}

void
mic_page_init(struct mic_dev *dev)
{
	memset((void *)(uintptr_t)dev->page, 0, MIC_PAGE_BYTES);
	if (dev->machine.conf.era == MIC_ERA_A)
		init_a(dev);
	else
		init_d(dev);
	/* The page is good before its magic says so. */
	rte_wmb();
	*(volatile uint32_t *)dev->page = MIC_PAGE_MAGIC;
}

int
mic_page_shutdown_db(const struct mic_dev *dev)
{
	uint8_t db = params_a(dev)->h2c_shutdown_db;

	return dev->machine.conf.era == MIC_ERA_A && db < MIC_H2C_DOORBELLS ? db : -1;
}

void
mic_page_ask_shutdown(struct mic_dev *dev)
{
	params_a(dev)->shutdown_card = 1;
}

unsigned int
mic_page_take_status(struct mic_dev *dev)
{
	uint8_t status;

	if (dev->machine.conf.era != MIC_ERA_A)
		return 0;
	status = params_a(dev)->shutdown_status;
	if (status != 0)
		params_a(dev)->shutdown_status = 0;
	return status;
}
