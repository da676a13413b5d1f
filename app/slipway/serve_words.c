/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_words.h"

#include <stdlib.h>
#include <string.h>

bool
serve_words_split(const char *text, size_t len, struct serve_words *w)
{
	size_t n;

	w->count = 0;
	for (; len > 0; text += n, len -= n) {
		for (n = 0; n < len && text[n] != ' ';)
			n++;
		if (n > 0) {
			if (w->count == SERVE_WORDS_MAX || n >= sizeof(w->word[0]))
				return false;
			memcpy(w->word[w->count], text, n);
			w->word[w->count++][n] = '\0';
		}
		n += n < len;
	}
	return true;
}

bool
serve_words_number(const char *word, unsigned long min, unsigned long max, unsigned long *value)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	*value = strtoul(word, &end, 10);
	return *end == '\0' && *value >= min && *value <= max;
}
