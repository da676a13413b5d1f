/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

/* Interrupts that leave: to the card's processors by number (sections 9.1 and 9.2), to the host by
 * vector (section 8).
 */

/* ---- To the card ---- */

void
mic_irq_card(struct mic_model *m, unsigned int number)
{
	/* Pairs with the exchange in mic_model_card_irqs: what was written before is seen there. */
	atomic_fetch_or_explicit(&m->card_irqs, UINT64_C(1) << number, memory_order_release);
}

/* Before there is somebody to take them they go nowhere, but for the one that boots. */
void
mic_doorbell_ring(struct mic_model *m, unsigned int db)
{
	if (mic_power(m) == MIC_POWER_RUNNING)
		mic_irq_card(m, mic_card_irq(db));
	else if (db == MIC_BOOT_DOORBELL)
		mic_boot_start(m);
}

/* ---- To the host ---- */

void
mic_doorbell_tell(struct mic_model *m, uint16_t vectors)
{
	if (m->host->ops->irq == NULL)
		return;
	for (unsigned int v = 0; vectors != 0; v++, vectors >>= 1)
		if (vectors & 1)
			m->host->ops->irq(m->host, v);
}
