/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>

#include "card_priv.h"

/* Of doorbell 0; any that is not 0 would do, and is kept by the host's read-modify-write. */
#define VECTOR 0x40u
/* The last APICICR is the bootstrap's. */
#define PROGRAMMED (MIC_H2C_APICICR - 1)

/* ---- To the host ---- */

void
card_ring(struct card *card, unsigned int c2h_db)
{
	if (c2h_db >= MIC_C2H_DOORBELLS)
		return;
	/* Before: what the host is to see. After: the interrupt that makes it look. */
	atomic_thread_fence(memory_order_seq_cst);
	mic_model_card_write(card->model, MIC_AT(SDBIC, c2h_db), MIC_C2H_VALUE);
	card->c2h[c2h_db]++;
}

/* ---- From the host ---- */

int
card_doorbell_get(struct card *card, const void *state)
{
	struct card_hold *hold = card->os.hold, *spare = NULL;
	unsigned int users[MIC_H2C_DOORBELLS] = {0}, best = 0;

	for (unsigned int i = 0; i < CARD_HOLDS; i++) {
		if (hold[i].state != NULL)
			users[hold[i].db]++;
		else if (spare == NULL)
			spare = &hold[i];
	}
	if (spare == NULL)
		return -ENOSPC;
	for (unsigned int db = 1; db < MIC_H2C_DOORBELLS; db++)
		if (users[db] < users[best])
			best = db;
	*spare = (struct card_hold){state, (uint8_t)best};
	return (int)best;
}

void
card_doorbell_put(struct card *card, unsigned int db, const void *state)
{
	for (unsigned int i = 0; i < CARD_HOLDS; i++) {
		if (card->os.hold[i].state != state || card->os.hold[i].db != db)
			continue;
		card->os.hold[i].state = NULL;
		return;
	}
}

void
card_doorbells_start(struct card *card)
{
	uint32_t spad2 = mic_model_card_read(card->model, MIC_SPAD2_AT);

	for (unsigned int db = 0; db < PROGRAMMED; db++) {
		mic_model_card_write(card->model, MIC_AT(APICICR_HI, db),
				     (uint32_t)REG_GET(MIC_SPAD2_APIC_ID, spad2));
		mic_model_card_write(card->model, MIC_AT(APICICR_LO, db), VECTOR + db);
	}
}

static void
rung(struct card *card, const void *state, unsigned int db)
{
	struct card_os *os = &card->os;

	if (state == &os->shutdown_db) {
		if (card_page_shutdown_wanted(card))
			card_ask(card, CARD_POWEROFF);
		return;
	}
	if (state == &os->config_db) {
		card_blocks_scan(card);
		return;
	}
	for (unsigned int i = 0; i < card->services; i++)
		if (os->state[i] == state && card->service[i]->doorbell != NULL)
			card->service[i]->doorbell(card, os->state[i], db);
}

void
card_doorbells_serve(struct card *card)
{
	uint64_t irqs = mic_model_card_irqs(card->model);

	if (irqs == 0)
		return;
	for (unsigned int db = 0; db < MIC_H2C_DOORBELLS; db++)
		card->h2c[db] += irqs >> mic_card_irq(db) & 1;
	for (unsigned int i = 0; i < CARD_HOLDS; i++) {
		const struct card_hold hold = card->os.hold[i];

		if (hold.state != NULL && irqs >> mic_card_irq(hold.db) & 1)
			rung(card, hold.state, hold.db);
	}
}
