/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_LOOK_H
#define SLIPWAY_CARD_LOOK_H

/**
 * @file
 * How a card is, as JSON: {"name", "state", "post_code", "post_text", "silent": its process is
 * there and gives no answer, "settings", "process": what
 * its process answers to "stats", "owner": what its owner answers to "status"}; both null where
 * there is none.
 */

#include <jansson.h>

#include "cards.h"

/** Look: never NULL but when memory is short. */
json_t *card_look(const struct card_paths *paths);

/** A string of an object, "" where there is none. */
const char *card_text(json_t *object, const char *key);
json_int_t card_number(json_t *object, const char *key);

/** Is there such a state? */
bool card_state_known(const char *state);
/** All of them, for messages. */
void card_state_names(char *buf, size_t len);

/** What a POST code says, and how far on the way to online it is, 0 to 95. */
const char *card_post_text(const char *code);
unsigned int card_post_percent(const char *code);

#endif /* SLIPWAY_CARD_LOOK_H */
