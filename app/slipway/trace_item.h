/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TRACE_ITEM_H
#define SLIPWAY_TRACE_ITEM_H

/**
 * @file
 * A bus operation in words: a name, and arguments by name. What decodes an operation fills one in;
 * the table and the JSON are two ways to print it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most arguments: a register has up to 32 fields, and some words beside them. */
#define TRACE_ARGS 40

/** How an argument is printed. */
enum trace_arg_kind {
	TRACE_NUMBER, /**< decimal */
	TRACE_HEX,
	TRACE_TEXT,
};

/** An argument. */
struct trace_arg {
	char key[48];
	enum trace_arg_kind kind;
	uint64_t number;
	char text[512];
};

/** An operation. */
struct trace_item {
	char name[96];
	bool instant; /**< takes no time: an interrupt */
	unsigned int count;
	struct trace_arg arg[TRACE_ARGS];
};

/** Start an item anew, with its name. */
void trace_item_begin(struct trace_item *item, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Add an argument; one more than TRACE_ARGS is left out. */
void trace_item_number(struct trace_item *item, const char *key, uint64_t number);
void trace_item_hex(struct trace_item *item, const char *key, uint64_t number);
void trace_item_text(struct trace_item *item, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Add bytes as an argument, the first 32 of them. */
void trace_item_bytes(struct trace_item *item, const char *key, const unsigned char *bytes,
		      size_t len);

/** An argument's value as text, as both outputs print it. */
void trace_arg_value(const struct trace_arg *arg, char *buf, size_t len);

#endif /* SLIPWAY_TRACE_ITEM_H */
