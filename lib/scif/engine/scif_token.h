/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_TOKEN_H
#define SLIPWAY_SCIF_TOKEN_H

/**
 * @file
 * What other nodes call the objects of this one: 64 bits of kind, generation and index, looked up
 * in a table and never followed. An old or made-up token finds nothing.
 */

#include <stdint.h>

/** Kinds of objects that messages name. */
enum scif_kind {
	SCIF_KIND_ENDPOINT = 1,
	SCIF_KIND_WINDOW,
	SCIF_KIND_COOKIE, /**< somebody waits for an answer about a fence */
	SCIF_KIND_INFO,   /**< the same, about nodes */
};

struct scif_tokens {
	struct scif_token_entry *entry;
	uint32_t count, room;
	uint32_t free; /**< first of a list; UINT32_MAX: none */
};

/** Name an object: 0 and the token, or -ENOMEM. */
int scif_token_new(struct scif_tokens *all, enum scif_kind kind, void *object, uint64_t *token);

/** The object of that kind, or NULL. */
void *scif_token_find(const struct scif_tokens *all, enum scif_kind kind, uint64_t token);

/** The token names nothing from now on. */
void scif_token_free(struct scif_tokens *all, uint64_t token);

/** Free the table. */
void scif_tokens_free(struct scif_tokens *all);

#endif /* SLIPWAY_SCIF_TOKEN_H */
