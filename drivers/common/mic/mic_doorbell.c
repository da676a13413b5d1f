/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Doorbells: sections 8.5 and 9.1. */

#include <rte_atomic.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

int
mic_dev_doorbell_get(struct mic_dev *dev)
{
	return (int)(atomic_fetch_add(&dev->doorbells, 1) % MIC_C2H_DOORBELLS);
}

void
mic_dev_ring(struct mic_dev *dev, unsigned int h2c_db)
{
	uint32_t at, before = 0;

	/* The card names its doorbell in memory that it can change at any time. */
	if (h2c_db >= MIC_H2C_DOORBELLS)
		return;
	at = mic_h2c_at(h2c_db);
	if (h2c_db < MIC_H2C_APICICR)
		before = mic_dev_read(dev, at);
	/* Before: what the card is to see, in host memory and, through write combining, in its own.
	 * After: the doorbell.
	 */
	rte_wmb();
	mic_dev_write(dev, at, mic_h2c_value(h2c_db, before));
	atomic_fetch_add_explicit(&dev->rung, 1, memory_order_relaxed);
}
