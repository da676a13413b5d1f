/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A table of routes as the checker understands it: a list that is searched from end to end. */

#ifndef ROUTES_H
#define ROUTES_H

#include <stdint.h>

#include "frame.h"

struct route {
	uint8_t address[16];
	unsigned int address_bytes; /* 4 or 16 */
	unsigned int depth;         /* bits that must be equal */
	unsigned int port;
};

struct routes {
	struct route *list;
	unsigned int count;
};

/* Reads a file, PREFIX PORT a line, and complains about what it cannot accept. */
int routes_read(struct routes *routes, const char *file);
void routes_free(struct routes *routes);

/* The longest route to the frame's destination, the later of two equal ones, or NULL. */
const struct route *routes_find(const struct routes *routes, const struct frame *frame);

#endif
