/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_CLIENT_CONVERT_H
#define SLIPWAY_SCIF_CLIENT_CONVERT_H

/**
 * @file
 * Private memory that becomes shared, among those who see to it.
 *
 *   client_convert.c        it is moved
 *   client_convert_table.c  which was
 *   client_convert_fork.c   what a child has of it
 */

#include "client_memory.h"

/** One moves memory at a time, or forks; and the table is theirs. */
extern struct client_lock client_convert_lock;

/* ---- client_convert_table.c, under the lock ---- */

/** Room for one more: 0, or -ENOMEM. */
int client_convert_room(void);
/** Add it, where room was made: it gets its key. */
void client_convert_add(struct client_converted *m);
/**
 * An area that is still mapped where it was converted.
 *
 * @param at where to begin to look; then where to go on
 * @param area as much of it as is inside
 * @return 1; 0 when there is none; -EMFILE and the like where nobody can look
 */
int client_convert_area(const struct client_converted *m, uintptr_t *at, struct client_area *area);
void client_convert_each(void (*look)(const struct client_converted *m));
/** In a child: it has its own memory. */
void client_convert_forget(void);

/* ---- client_convert.c ---- */

/** Copy whole pages to where there are zeros. */
void client_copy_pages(char *to, const char *from, size_t size);

#endif /* SLIPWAY_SCIF_CLIENT_CONVERT_H */
