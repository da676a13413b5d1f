/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX 256

static bool
text_grow(struct ctl_text *t, size_t more)
{
	size_t room = t->room == 0 ? 1024 : t->room;
	char *bytes;

	while (room < t->len + more)
		room *= 2;
	bytes = realloc(t->bytes, room);
	if (bytes == NULL) {
		t->short_of_memory = true;
		return false;
	}
	t->bytes = bytes;
	t->room = room;
	return true;
}

void
ctl_text_add(struct ctl_text *t, const char *format, ...)
{
	char piece[PIECE_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (n < 0)
		return;
	if (n >= (int)sizeof(piece))
		n = sizeof(piece) - 1;
	if (t->len + (size_t)n > t->room && !text_grow(t, (size_t)n))
		return;
	memcpy(t->bytes + t->len, piece, (size_t)n);
	t->len += (size_t)n;
}

void
ctl_text_quote(struct ctl_text *t, const char *s, size_t len)
{
	ctl_text_add(t, "\"");
	for (size_t i = 0; i < len; i++)
		ctl_text_add(t, "%c",
			     s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' ? '?' : s[i]);
	ctl_text_add(t, "\"");
}

void
ctl_text_error(struct ctl_text *t, const char *format, ...)
{
	char piece[PIECE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	ctl_text_add(t, "{\"error\":");
	ctl_text_quote(t, piece, strlen(piece));
	ctl_text_add(t, "}");
}

void
ctl_text_free(struct ctl_text *t)
{
	free(t->bytes);
	*t = (struct ctl_text){0};
}
