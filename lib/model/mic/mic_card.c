/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

/* The card's own side: what its software can see and do. */

/* ---- How it stands ---- */

enum mic_model_power
mic_model_power(const struct bus_device *dev, uint32_t *generation)
{
	const struct mic_model *m = (const struct mic_model *)dev;
	uint64_t state = atomic_load_explicit(&m->boot.state, memory_order_acquire);

	if (generation != NULL)
		*generation = (uint32_t)(state >> 8);
	return (enum mic_model_power)(state & 0xff);
}

bool
mic_card_runs(const struct mic_model *m)
{
	return mic_power(m) == MIC_POWER_RUNNING;
}

void
mic_model_boot(const struct bus_device *dev, struct mic_model_boot *boot)
{
	/* Its lock is no part of what it is. */
	struct mic_model *m = (struct mic_model *)(uintptr_t)dev;

	/* Another thread's step may be at the next boot already. */
	mic_lock(m);
	*boot = m->boot.image;
	mic_unlock(m);
}

const char *
mic_model_boot_error(const struct bus_device *dev)
{
	const struct mic_model *m = (const struct mic_model *)dev;

	return mic_power(m) == MIC_POWER_REFUSED ? m->boot.error : "";
}

/* ---- Registers ---- */

uint32_t
mic_model_card_read(struct bus_device *dev, uint32_t bar4_off)
{
	return mic_regs_read(mic_model_of(dev), bar4_off);
}

void
mic_model_card_write(struct bus_device *dev, uint32_t bar4_off, uint32_t value)
{
	mic_regs_write(mic_model_of(dev), bar4_off, value, UINT32_MAX);
}

void
mic_model_card_post(struct bus_device *dev, const char code[2])
{
	struct mic_model *m = mic_model_of(dev);

	mic_lock(m);
	mic_reg_set(m, MIC_POSTCODE, 0, MIC_POST(code[0], code[1]));
	mic_unlock(m);
}

/* ---- Memory ---- */

void *
mic_model_card_map(struct bus_device *dev, uint64_t address, size_t *len, enum bus_prot prot)
{
	return mic_address_map(mic_model_of(dev), address, len, prot);
}

int
mic_model_card_copy(struct bus_device *dev, uint64_t address, void *bytes, size_t len, bool write)
{
	return mic_address_copy(mic_model_of(dev), address, bytes, len, write);
}

/* ---- Interrupts ---- */

uint64_t
mic_model_card_irqs(struct bus_device *dev)
{
	struct mic_model *m = mic_model_of(dev);

	/* Asked all the time, and mostly there are none: then the line is not taken from those who
	 * ring.
	 */
	if (atomic_load_explicit(&m->card_irqs, memory_order_relaxed) == 0)
		return 0;
	/* Pairs with the release in mic_irq_card. */
	return atomic_exchange_explicit(&m->card_irqs, 0, memory_order_acquire);
}
