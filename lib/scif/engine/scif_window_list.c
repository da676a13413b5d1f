/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scif_window.h"

/* The windows of an endpoint, by offset. */

uint32_t
scif_window_place(const struct scif_windows *all, unsigned int side, uint64_t offset)
{
	uint32_t low = 0, high = all->count[side];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct scif_window *w = all->window[side][middle];

		if (w->offset + w->length <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct scif_window *
scif_window_at(const struct scif_endpoint *ep, unsigned int side, uint64_t offset)
{
	const struct scif_windows *all = ep->windows;
	uint32_t at;

	if (all == NULL)
		return NULL;
	at = scif_window_place(all, side, offset);
	if (at == all->count[side] || all->window[side][at]->offset > offset)
		return NULL;
	return all->window[side][at];
}

struct scif_windows *
scif_windows_of(struct scif_endpoint *ep)
{
	if (ep->windows == NULL) {
		ep->windows = calloc(1, sizeof(*ep->windows));
		if (ep->windows != NULL)
			ep->windows->next = SCIF_RAS_END;
	}
	return ep->windows;
}

static int
make_room(struct scif_windows *all, unsigned int side)
{
	uint32_t room = all->room[side] == 0 ? 8 : all->room[side] * 2;
	struct scif_window **more;

	if (all->count[side] < all->room[side])
		return 0;
	more = realloc(all->window[side], room * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	all->window[side] = more;
	all->room[side] = room;
	return 0;
}

int
scif_window_insert(struct scif_endpoint *ep, struct scif_window *w)
{
	unsigned int side = w->own ? SCIF_SIDE_OWN : SCIF_SIDE_PEER;
	struct scif_windows *all = scif_windows_of(ep);
	uint32_t at;

	if (all == NULL || make_room(all, side) < 0)
		return -ENOMEM;
	at = scif_window_place(all, side, w->offset);
	if (at < all->count[side] && all->window[side][at]->offset < w->offset + w->length)
		return -EADDRINUSE;
	memmove(&all->window[side][at + 1], &all->window[side][at],
		(all->count[side] - at) * sizeof(all->window[side][0]));
	all->window[side][at] = w;
	all->count[side]++;
	w->ep = ep;
	return 0;
}

void
scif_window_take_out(struct scif_window *w)
{
	unsigned int side = w->own ? SCIF_SIDE_OWN : SCIF_SIDE_PEER;
	struct scif_windows *all = w->ep != NULL ? w->ep->windows : NULL;
	uint32_t at;

	w->ep = NULL;
	if (all == NULL)
		return;
	at = scif_window_place(all, side, w->offset);
	if (at == all->count[side] || all->window[side][at] != w)
		return;
	all->count[side]--;
	memmove(&all->window[side][at], &all->window[side][at + 1],
		(all->count[side] - at) * sizeof(all->window[side][0]));
}

void
scif_window_changed(const struct scif_window *w)
{
	if (w->ep != NULL)
		atomic_fetch_add(w->own ? &w->ep->ctl->windows : &w->ep->ctl->remote, 1);
}
