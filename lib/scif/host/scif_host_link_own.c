/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "scif_host_link.h"

/* What this side shares over a link, by address and by what it is. Pieces of windows are many, and
 * often of few memories: each of those takes one descriptor at the other side.
 */

static struct link_own **
bucket_at(struct host_link *link, uint64_t address)
{
	return &link->own_at[address / LINK_MEMORY_SPAN % LINK_OWN_BUCKETS];
}

static uint32_t
bucket_of(const struct link_key *key)
{
	return (uint32_t)(((key->ino + key->owner) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) %
	       LINK_OWN_BUCKETS;
}

static bool
same(const struct link_key *a, const struct link_key *b)
{
	return a->owner == b->owner && a->dev == b->dev && a->ino == b->ino &&
	       a->flags == b->flags && a->steady == b->steady;
}

/* A client's memory, by its file: it may come with any number of descriptors. Other clients have
 * their own, as whoever passed one may still change how it writes. It is shared as far as the file
 * goes now, or the next window would be of a longer one.
 */
static void
know(const struct scif_memory *memory, struct link_key *key, uint64_t *size)
{
	uint64_t end;
	struct stat st;

	*key = (struct link_key){0};
	*size = memory->size;
	if (memory->owner == 0 || memory->copies || fstat(memory->fd, &st) < 0)
		return;
	key->owner = memory->owner;
	key->dev = st.st_dev;
	key->ino = st.st_ino;
	key->flags = fcntl(memory->fd, F_GETFL);
	key->steady = scif_host_is_steady(memory->fd, memory->size);
	end = (uint64_t)st.st_size < LINK_MEMORY_SPAN ? (uint64_t)st.st_size : LINK_MEMORY_SPAN;
	if (end > *size)
		*size = end;
}

struct link_own *
scif_host_link_own_find(const struct host_link *link, const struct scif_memory *memory,
			struct link_key *key, uint64_t *size)
{
	struct link_own *own;

	know(memory, key, size);
	if (key->owner == 0)
		return NULL;
	own = link->own_same[bucket_of(key)];
	/* A file may have grown since. */
	while (own != NULL && !(same(&own->key, key) && own->size >= memory->size))
		own = own->next_same;
	return own;
}

struct link_own *
scif_host_link_own_at(const struct host_link *link, uint64_t address)
{
	struct link_own *own = link->own_at[address / LINK_MEMORY_SPAN % LINK_OWN_BUCKETS];

	while (own != NULL && own->address != address)
		own = own->next_at;
	return own;
}

/* The one that was given longest ago, of those that nobody has: they are many more. */
static uint64_t
address_take(struct host_link *link)
{
	uint64_t address;

	do {
		link->numbers = (link->numbers + 1) % LINK_NUMBERS;
		address = link->numbers * LINK_MEMORY_SPAN;
	} while (address == 0 || scif_host_link_own_at(link, address) != NULL);
	return address;
}

struct link_own *
scif_host_link_own_new(struct host_link *link, const struct link_key *key, uint64_t size)
{
	struct link_own *own = calloc(1, sizeof(*own)), **at, **same_at;

	if (own == NULL)
		return NULL;
	own->address = address_take(link);
	own->size = size;
	own->users = 1;
	own->key = *key;
	at = bucket_at(link, own->address);
	own->next_at = *at;
	*at = own;
	if (key->owner == 0)
		return own;
	same_at = &link->own_same[bucket_of(key)];
	own->next_same = *same_at;
	*same_at = own;
	return own;
}

void
scif_host_link_own_hide(struct host_link *link, struct link_own *own)
{
	struct link_own **at = &link->own_same[bucket_of(&own->key)];

	if (own->key.owner == 0)
		return;
	while (*at != own)
		at = &(*at)->next_same;
	*at = own->next_same;
	own->key.owner = 0;
}

void
scif_host_link_own_free(struct host_link *link, struct link_own *own)
{
	struct link_own **at;

	if (own == NULL)
		return;
	scif_host_link_own_hide(link, own);
	at = bucket_at(link, own->address);
	while (*at != own)
		at = &(*at)->next_at;
	*at = own->next_at;
	free(own);
}
