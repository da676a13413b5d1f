/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_WORDS_H
#define SLIPWAY_SERVE_WORDS_H

/**
 * @file
 * The words of a request to inject a fault.
 */

#include <stdbool.h>
#include <stddef.h>

/** None has more. */
#define SERVE_WORDS_MAX 3

struct serve_words {
	unsigned int count;
	char word[SERVE_WORDS_MAX][24];
};

/** Take a text apart at spaces: false when there are too many, or one is too long to be any. */
bool serve_words_split(const char *text, size_t len, struct serve_words *w);

/** A whole number, all of the word, min..max. */
bool serve_words_number(const char *word, unsigned long min, unsigned long max,
			unsigned long *value);

#endif /* SLIPWAY_SERVE_WORDS_H */
