/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_TEST_RIG_H
#define SLIPWAY_CARD_TEST_RIG_H

/**
 * @file
 * A card with its card OS on a test bench, and a host that boots it as era A's does. The host's
 * memory begins with the device page.
 */

#include "card.h"
#include "card_image.h"
#include "mic_mailbox.h"
#include "mic_page.h"
#include "mic_test_rig.h"

#define CARD_RIG_IMAGE 0x10000u
#define CARD_RIG_TEXT  16384u
/** A MIC address of the host's memory: the SMPT is as it is after a reset, one to one. */
#define CARD_RIG_MIC(off) (MIC_SYSTEM_MEMORY + TEST_HOST_IOVA + (off))

struct card_rig {
	struct rig rig; /**< dev is the card */
	char text[CARD_RIG_TEXT]; /**< what the card printed, lines ended */
	size_t text_len;
};

/** A bench with a card that is ready for an image: 0 or a negative errno. */
int card_rig_open(struct card_rig *r, const struct card_config *config);
/** Only the card, into a bench that has memory and a host. */
int card_rig_plug(struct card_rig *r, const struct card_config *config);
/** Take it down; accesses that touched nothing. */
uint64_t card_rig_close(struct card_rig *r);

/** Time goes on by steps of 1 ms, as long as `ms` says. */
void card_rig_pass(struct card_rig *r, unsigned int ms);
/** Steps without time until the card wants no more at once, or many. */
void card_rig_settle(struct card_rig *r);

/** The device page as a host of that era makes it, and SPAD14 and 15. */
void card_rig_page(struct card_rig *r, enum card_era era);
/** A good image and a command line in card memory, SPAD5 too. */
void card_rig_image(struct card_rig *r, const char *cmdline);
/** The boot interrupt. */
void card_rig_boot(struct card_rig *r);
/** All of that for era A, then settled: whether the card OS is up. */
bool card_rig_start(struct card_rig *r);
/** RGCR, and until it is ready again. */
void card_rig_reset(struct card_rig *r);

uint8_t *card_rig_page_at(struct card_rig *r, unsigned int off);
/** Ring a doorbell of the card as a host does. */
void card_rig_ring(struct card_rig *r, unsigned int h2c_db);
/** SICR0: what the card has rung; taken back. */
uint32_t card_rig_rung(struct card_rig *r);
bool card_rig_printed(const struct card_rig *r, const char *text);

#endif /* SLIPWAY_CARD_TEST_RIG_H */
