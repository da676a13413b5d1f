/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trace_item.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Bytes that are shown of a transfer nothing is known of. */
#define BYTES_SHOWN 32u

void
trace_item_begin(struct trace_item *item, const char *format, ...)
{
	va_list args;

	item->instant = false;
	item->count = 0;
	va_start(args, format);
	vsnprintf(item->name, sizeof(item->name), format, args);
	va_end(args);
}

static struct trace_arg *
arg_add(struct trace_item *item, const char *key, enum trace_arg_kind kind)
{
	struct trace_arg *arg;

	if (item->count == TRACE_ARGS)
		return NULL;
	arg = &item->arg[item->count++];
	arg->kind = kind;
	snprintf(arg->key, sizeof(arg->key), "%s", key);
	return arg;
}

void
trace_item_number(struct trace_item *item, const char *key, uint64_t number)
{
	struct trace_arg *arg = arg_add(item, key, TRACE_NUMBER);

	if (arg != NULL)
		arg->number = number;
}

void
trace_item_hex(struct trace_item *item, const char *key, uint64_t number)
{
	struct trace_arg *arg = arg_add(item, key, TRACE_HEX);

	if (arg != NULL)
		arg->number = number;
}

void
trace_item_text(struct trace_item *item, const char *key, const char *format, ...)
{
	struct trace_arg *arg = arg_add(item, key, TRACE_TEXT);
	va_list args;

	if (arg == NULL)
		return;
	va_start(args, format);
	vsnprintf(arg->text, sizeof(arg->text), format, args);
	va_end(args);
}

void
trace_item_bytes(struct trace_item *item, const char *key, const unsigned char *bytes, size_t len)
{
	size_t shown = len < BYTES_SHOWN ? len : BYTES_SHOWN;
	char text[3 * BYTES_SHOWN + 1] = "";

	for (size_t i = 0; i < shown; i++)
		snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
	/* The last one needs no space after it. */
	if (shown != 0)
		text[3 * shown - 1] = '\0';
	trace_item_text(item, key, "%s%s", text, shown < len ? " ..." : "");
}

void
trace_arg_value(const struct trace_arg *arg, char *buf, size_t len)
{
	if (arg->kind == TRACE_NUMBER)
		snprintf(buf, len, "%" PRIu64, arg->number);
	else if (arg->kind == TRACE_HEX)
		snprintf(buf, len, "0x%" PRIx64, arg->number);
	else
		snprintf(buf, len, "%s", arg->text);
}
