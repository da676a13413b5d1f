/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Boots, the cards in turns. */

#include "bench.h"

void
bench_boots(struct bench_run *run)
{
	for (unsigned int i = 0; i < run->opt.boots; i++)
		for (unsigned int c = 0; c < run->nb_cards; c++) {
			struct bench_card *card = &run->card[c];

			if (bench_card_up(run, card, &card->boot[i]) == 0)
				bench_card_down(card);
		}
}
