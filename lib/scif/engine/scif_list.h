/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_LIST_H
#define SLIPWAY_SCIF_LIST_H

/**
 * @file
 * Lists whose links are in their members. An empty list, and a member of none, points at itself.
 */

#include <stdbool.h>
#include <stddef.h>

struct scif_list {
	struct scif_list *next, *prev;
};

static inline void
scif_list_init(struct scif_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool
scif_list_empty(const struct scif_list *list)
{
	return list->next == list;
}

/** Put a member in front of another, or at the end of a list. */
static inline void
scif_list_add(struct scif_list *list, struct scif_list *member)
{
	member->next = list;
	member->prev = list->prev;
	list->prev->next = member;
	list->prev = member;
}

static inline void
scif_list_remove(struct scif_list *member)
{
	member->prev->next = member->next;
	member->next->prev = member->prev;
	scif_list_init(member);
}

#define scif_list_entry(link, type, field) ((type *)(void *)((char *)(link) - offsetof(type, field)))

/** Members in order; the one at hand may be removed, others may not. */
#define scif_list_each(at, next_at, list)                                                          \
	for (struct scif_list *at = (list)->next, *next_at = at->next; at != (list);               \
	     at = next_at, next_at = at->next)

#endif /* SLIPWAY_SCIF_LIST_H */
