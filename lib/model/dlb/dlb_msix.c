/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_config.h"

/* MSI-X vectors, datasheet sections 1.3 and 3.2. A vector that may not go out waits in the pending
 * bits until it may; one that waits already waits no longer for being raised twice.
 */

#define PBA_BITS 32u

static bool
is_open(const struct dlb_model *m, uint32_t vector)
{
	/* A message is a write to memory, so it takes a bus master. */
	return m->may_master && pci_config_msix_on(&m->pci) &&
	       !REG_GET(DLB_MSIX_VECTOR_CTRL_VEC_MASK,
			dlb_reg_get(m, DLB_MSIX_VECTOR_CTRL, vector));
}

void
dlb_msix_send(struct dlb_model *m, uint32_t vector)
{
	uint32_t bit = UINT32_C(1) << vector % PBA_BITS;
	uint32_t word = dlb_reg_get(m, DLB_MSIX_PBA, vector / PBA_BITS);
	bool open = is_open(m, vector);

	regfile_put(m->regs, DLB_MSIX_PBA, vector / PBA_BITS, open ? word & ~bit : word | bit);
	if (open && m->host->ops->irq != NULL)
		m->host->ops->irq(m->host, vector);
}

void
dlb_msix_unmasked(struct dlb_model *m)
{
	for (uint32_t w = 0; w * PBA_BITS < DLB_MSIX_VECTORS; w++) {
		uint32_t pending = dlb_reg_get(m, DLB_MSIX_PBA, w);

		for (; pending != 0; pending &= pending - 1)
			dlb_msix_send(m, w * PBA_BITS + (uint32_t)__builtin_ctz(pending));
	}
}

static void
mask_wrote(void *owner, struct reg_at at, uint32_t value)
{
	(void)at;
	(void)value;
	dlb_msix_unmasked(dlb_model_of(owner));
}

static const struct reg_hook hooks[] = {
	{DLB_MSIX_VECTOR_CTRL, NULL, mask_wrote},
};

void
dlb_msix_hook(struct dlb_model *m)
{
	DLB_HOOK(m, hooks);
}
