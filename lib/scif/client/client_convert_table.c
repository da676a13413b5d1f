/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "client_convert.h"

/* Which memory was made shareable. Programs unmap what they had converted, and say nothing: so
 * before the table grows, what is not mapped any more leaves it.
 */

/* So many more than there are, and half as many again: so for each that is new, three are looked at
 * in the end.
 */
#define ROOM_MORE 64u

struct client_lock client_convert_lock;

static struct client_converted *all;
static uint32_t nb_all, room_all;
static uint64_t last_key;

static bool
is_of(const struct client_converted *m, const struct client_area *area)
{
	return area->shared && area->inode == m->inode && area->major == m->major &&
	       area->minor == m->minor;
}

static const struct client_converted *
entry_of(const struct client_area *area)
{
	/* Newest first: the number of a file that is gone may be another's by now. */
	for (uint32_t i = nb_all; i-- > 0;)
		if (is_of(&all[i], area))
			return &all[i];
	return NULL;
}

bool
client_convert_find(const struct client_area *area, struct client_converted *found)
{
	const struct client_converted *m;

	client_lock(&client_convert_lock);
	m = entry_of(area);
	if (m != NULL)
		*found = *m;
	client_unlock(&client_convert_lock);
	return m != NULL;
}

int
client_convert_area(const struct client_converted *m, uintptr_t *at, struct client_area *area)
{
	uintptr_t end = m->start + m->size;

	while (*at < end) {
		int ret = client_area_next(*at, area);

		if (ret < 0 && ret != -EFAULT)
			return ret;
		if (ret < 0 || area->start >= end)
			break;
		*at = area->end;
		if (!is_of(m, area))
			continue;
		if (area->start < m->start)
			area->start = m->start;
		if (area->end > end)
			area->end = end;
		return 1;
	}
	return 0;
}

/* Is any of it still mapped where it was? Where nobody can look, it may be. */
static bool
is_there(const struct client_converted *m)
{
	struct client_area area;
	uintptr_t at = m->start;

	return client_convert_area(m, &at, &area) != 0;
}

static void
sweep(void)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < nb_all; i++)
		if (is_there(&all[i]))
			all[kept++] = all[i];
	nb_all = kept;
}

int
client_convert_room(void)
{
	struct client_converted *fit;
	uint32_t room;

	if (nb_all < room_all)
		return 0;
	sweep();
	room = nb_all + nb_all / 2 + ROOM_MORE;
	if (room == room_all)
		return 0;
	fit = realloc(all, room * sizeof(*fit));
	if (fit == NULL)
		return nb_all < room_all ? 0 : -ENOMEM;
	all = fit;
	room_all = room;
	return 0;
}

void
client_convert_add(struct client_converted *m)
{
	m->key = ++last_key;
	all[nb_all++] = *m;
}

void
client_convert_each(void (*look)(const struct client_converted *m))
{
	for (uint32_t i = 0; i < nb_all; i++)
		look(&all[i]);
}

void
client_convert_forget(void)
{
	nb_all = 0;
}
