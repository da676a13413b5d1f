/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_token.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* A token: kind 8 bits, generation 24, index 32. Generations begin at 1, so no token is 0. */
#define GENERATION_MASK 0xffffffu
#define NONE            UINT32_MAX

struct scif_token_entry {
	void *object; /* NULL: free */
	enum scif_kind kind;
	uint32_t generation;
	uint32_t next;
};

static uint64_t
token_of(const struct scif_token_entry *e, uint32_t index)
{
	return (uint64_t)e->kind << 56 | (uint64_t)e->generation << 32 | index;
}

static int
grow(struct scif_tokens *all)
{
	uint32_t room = all->room == 0 ? 64 : all->room * 2;
	struct scif_token_entry *e = realloc(all->entry, room * sizeof(*e));

	if (e == NULL)
		return -ENOMEM;
	all->entry = e;
	for (uint32_t i = all->room; i < room; i++)
		e[i] = (struct scif_token_entry){.next = i + 1 < room ? i + 1 : NONE};
	all->free = all->room;
	all->room = room;
	return 0;
}

int
scif_token_new(struct scif_tokens *all, enum scif_kind kind, void *object, uint64_t *token)
{
	struct scif_token_entry *e;
	uint32_t index;

	if (all->count == all->room && grow(all) < 0)
		return -ENOMEM;
	index = all->free;
	e = &all->entry[index];
	all->free = e->next;
	all->count++;
	e->object = object;
	e->kind = kind;
	e->generation = (e->generation + 1) & GENERATION_MASK;
	if (e->generation == 0)
		e->generation = 1;
	*token = token_of(e, index);
	return 0;
}

static struct scif_token_entry *
entry_of(const struct scif_tokens *all, uint64_t token)
{
	uint32_t index = (uint32_t)token;
	struct scif_token_entry *e;

	if (index >= all->room)
		return NULL;
	e = &all->entry[index];
	return e->object != NULL && token_of(e, index) == token ? e : NULL;
}

void *
scif_token_find(const struct scif_tokens *all, enum scif_kind kind, uint64_t token)
{
	const struct scif_token_entry *e = entry_of(all, token);

	return e != NULL && e->kind == kind ? e->object : NULL;
}

void
scif_token_free(struct scif_tokens *all, uint64_t token)
{
	struct scif_token_entry *e = entry_of(all, token);

	if (e == NULL)
		return;
	e->object = NULL;
	e->next = all->free;
	all->free = (uint32_t)token;
	all->count--;
}

void
scif_tokens_free(struct scif_tokens *all)
{
	free(all->entry);
	*all = (struct scif_tokens){0};
}
