/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_MIC_H
#define SLIPWAY_SERVE_MIC_H

/**
 * @file
 * A served MIC is a virtual card: the model, its memory as a file that clients map, and the card
 * OS. `slipway serve mic` offers one anywhere; `slipway card run` is the process of a named one.
 */

#include <stdint.h>

#include "card.h"
#include "ctl_text.h"

struct serve;

/** Which one. */
struct serve_mic_options {
	const char *name;    /**< of the card, or NULL; fit for JSON as it is */
	unsigned int memory; /**< MiB: a power of two, 32 to 16384 */
	enum card_era era;
	unsigned int time_scale; /**< 1 to 1000 */
	uint8_t revision;        /**< enum mic_stepping */
};

/** A served card. */
struct serve_mic {
	void *memory;
	uint64_t size;
	int fd;         /**< of that memory */
	bool link_lost; /**< by `slipway inject` */
	uint64_t injected;
};

/** As of a card of which nothing is said: 256 MiB, era A, times by 10, C0. */
void serve_mic_defaults(struct serve_mic_options *options);
/** Take one by its text, named as for messages: 0, or -EINVAL, reported. */
int serve_mic_set_memory(struct serve_mic_options *options, const char *value);
int serve_mic_set_era(struct serve_mic_options *options, const char *value);
int serve_mic_set_scale(struct serve_mic_options *options, const char *value);
int serve_mic_set_revision(struct serve_mic_options *options, const char *value);

/* ---- serve_mic_stats.c: as of struct serve_kind ---- */

void serve_mic_stats(struct serve *s, struct ctl_text *t);
void serve_mic_print(struct serve *s);

#endif /* SLIPWAY_SERVE_MIC_H */
