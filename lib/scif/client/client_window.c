/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client_memory.h"
#include "scif.h"
#include "scif_copy_box.h"

/* The windows that transfers have used, mapped here for as long as the engine does not say that one
 * of that side is gone: a word that is looked at before each. Who uses a piece counts itself, so it
 * may go meanwhile.
 */

/* Between questions about a window that a link is asked for. */
#define AGAIN_US 200

int
client_denied(const struct client *c)
{
	return c->driver_errno ? -EPERM : -EACCES;
}

/* ---- Pieces ---- */

static void
piece_free(struct client_piece *piece)
{
	CLIENT_UNCANCELLED;

	if (piece->map != NULL)
		munmap(piece->map, piece->map_len);
	if (piece->fd >= 0)
		close(piece->fd);
	free(piece);
}

static void
piece_put(struct client_piece *piece)
{
	if (atomic_fetch_sub(&piece->users, 1) == 1)
		piece_free(piece);
}

static void
side_clear(struct client_side *side)
{
	for (uint32_t i = 0; i < side->count; i++)
		piece_put(side->piece[i]);
	side->count = 0;
}

struct client_windows *
client_windows_of(struct client_endpoint *ep)
{
	if (ep->windows == NULL)
		ep->windows = calloc(1, sizeof(*ep->windows));
	return ep->windows;
}

void
client_closed(struct client_endpoint *ep)
{
	struct client_windows *w = ep->windows;

	if (w == NULL)
		return;
	client_register_closed(ep);
	for (unsigned int i = 0; i < 2; i++) {
		side_clear(&w->side[i]);
		free(w->side[i].piece);
	}
	free(w);
	ep->windows = NULL;
}

/* As mmap, also where pages of the file are larger than ours. */
static char *
map_shared(int fd, uint64_t offset, size_t len, int prot, void **map, size_t *map_len)
{
	uint64_t start = offset, page;
	struct stat st;
	char *base;

	*map_len = len;
	base = mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)offset);
	if (base == MAP_FAILED && errno == EINVAL && fstat(fd, &st) == 0 && st.st_blksize > 0) {
		page = (uint64_t)st.st_blksize;
		start = offset / page * page;
		*map_len = (offset + len - start + page - 1) / page * page;
		base = mmap(NULL, *map_len, prot, MAP_SHARED, fd, (off_t)start);
	}
	if (base == MAP_FAILED)
		return NULL;
	*map = base;
	return base + (offset - start);
}

/* ---- Asking where one is ---- */

static int
piece_map(struct client_piece *piece, uint32_t prot, int fd)
{
	int how = (prot & SCIF_PROT_WRITE) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;

	piece->base = map_shared(fd, piece->fd_off, piece->end - piece->offset, how,
				 &piece->map, &piece->map_len);
	return piece->base == NULL ? -ENOMEM : 0;
}

/* The box is behind as much as the piece is long. */
static int
box_map(struct client_piece *piece, int fd)
{
	piece->map_len = SCIF_BOX_BYTES;
	piece->box = mmap(NULL, SCIF_BOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  (off_t)(piece->fd_off + (piece->end - piece->offset)));
	if (piece->box == MAP_FAILED)
		return -ENOMEM;
	piece->map = piece->box;
	piece->fd_off = 0;
	return 0;
}

/* The memory of a piece, by what the engine says of it; takes the descriptor. */
static int
piece_reach(struct client_piece *piece, const struct scif_reply *reply, int fd)
{
	uint64_t flags = reply->value[2];
	int ret;

	if ((flags & SCIF_REQUEST_PROCESS) != 0) {
		piece->base = (char *)(uintptr_t)reply->value[4];
		piece->pid = getpid();
		return 0;
	}
	if (fd < 0)
		return -ENXIO;
	piece->fd_off = reply->value[4];
	if ((flags & SCIF_REQUEST_STEADY) == 0) {
		piece->fd = fd;
		return (flags & SCIF_REQUEST_COPIES) == 0 ? 0 : -ENXIO;
	}
	if ((flags & SCIF_REQUEST_COPIES) != 0)
		ret = box_map(piece, fd);
	else
		ret = piece_map(piece, piece->prot, fd);
	close(fd);
	return ret;
}

static struct client_piece *
piece_new(struct client_endpoint *ep, const struct scif_reply *reply, int fd)
{
	struct client_piece *piece = calloc(1, sizeof(*piece));

	if (piece == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	piece->offset = reply->value[0];
	piece->end = reply->value[0] + reply->value[1];
	piece->window_end = reply->value[5];
	piece->prot = (uint32_t)reply->value[2] & (SCIF_PROT_READ | SCIF_PROT_WRITE);
	piece->ep = ep;
	piece->fd = -1;
	piece->users = 1;
	if (piece_reach(piece, reply, fd) < 0) {
		free(piece);
		return NULL;
	}
	return piece;
}

int
client_window_ask(struct client_endpoint *ep, unsigned int side, uint64_t offset, bool with_fd,
		  struct scif_reply *reply, int fds[SCIF_REQUEST_FDS])
{
	struct scif_request rq = {
		.op = SCIF_REQUEST_WINDOW,
		.endpoint = ep->index,
		.arg = {offset, side, with_fd},
	};
	int ret;

	while ((ret = client_ask(ep->client, &rq, -1, reply, fds)) == -EAGAIN)
		usleep(AGAIN_US);
	return ret;
}

static int
piece_ask(struct client_endpoint *ep, unsigned int side, uint64_t offset,
	  struct client_piece **piece)
{
	CLIENT_UNCANCELLED;
	int fds[SCIF_REQUEST_FDS], ret;
	struct scif_reply reply;

	ret = client_window_ask(ep, side, offset, true, &reply, fds);
	if (ret < 0)
		return ret == -EMFILE ? -ENOMEM : ret;
	*piece = piece_new(ep, &reply, reply.fds > 0 ? fds[0] : -1);
	return *piece == NULL ? -ENOMEM : 0;
}

/* ---- Those that are known ---- */

static uint32_t
place_of(const struct client_side *s, uint64_t offset)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->piece[middle]->end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
remember(struct client_side *s, uint32_t at, struct client_piece *piece)
{
	uint32_t room = s->room == 0 ? 8 : 2 * s->room;
	struct client_piece **more;

	if (s->count == s->room) {
		more = realloc(s->piece, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->piece = more;
		s->room = room;
	}
	memmove(&s->piece[at + 1], &s->piece[at], (s->count - at) * sizeof(s->piece[0]));
	s->piece[at] = piece;
	s->count++;
	return 0;
}

static int
piece_at(struct client_endpoint *ep, unsigned int side, uint64_t offset,
	 struct client_piece **found)
{
	struct client_side *s = &ep->windows->side[side];
	uint32_t at = place_of(s, offset);
	int ret;

	if (at < s->count && s->piece[at]->offset <= offset) {
		*found = s->piece[at];
		return 0;
	}
	ret = piece_ask(ep, side, offset, found);
	if (ret < 0)
		return ret;
	ret = remember(s, at, *found);
	if (ret < 0)
		piece_put(*found);
	return ret;
}

/* Forget all of a side, if any of it is gone. */
static void
refresh(struct client_endpoint *ep, unsigned int side)
{
	struct client_side *s = &ep->windows->side[side];
	/* Read before the engine is asked: what it says is at least as new. */
	uint32_t now = atomic_load_explicit(side == CLIENT_SIDE_OWN ? &ep->ctl->windows
								    : &ep->ctl->remote,
					    memory_order_acquire);

	if (s->generation == now)
		return;
	side_clear(s);
	s->generation = now;
}

/* All are asked for again, before one is used. */
void
client_windows_inherited(struct client_windows *w)
{
	if (w == NULL)
		return;
	for (unsigned int i = 0; i < 2; i++)
		w->side[i].generation ^= UINT32_C(1) << 31;
}

/* ---- Ranges ---- */

static int
span_add(struct client_span *span, struct client_piece *piece)
{
	struct client_piece **more;

	if (span->count == span->room) {
		more = realloc(span->many, 2 * span->room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		if (span->many == NULL)
			memcpy(more, span->few, sizeof(span->few));
		span->many = more;
		span->room *= 2;
	}
	atomic_fetch_add(&piece->users, 1);
	if (span->many != NULL)
		span->many[span->count++] = piece;
	else
		span->few[span->count++] = piece;
	return 0;
}

void
client_span_put(struct client_span *span)
{
	for (uint32_t i = 0; i < span->count; i++)
		piece_put(client_span_piece(span, i));
	free(span->many);
	span->many = NULL;
	span->count = 0;
}

static int
span_fill(struct client_endpoint *ep, unsigned int side, uint64_t offset, uint64_t len,
	  uint32_t prot, struct client_span *span)
{
	uint64_t end = offset + len;
	struct client_piece *piece;
	int ret;

	while (offset < end) {
		ret = piece_at(ep, side, offset, &piece);
		if (ret < 0)
			return ret;
		if ((piece->prot & prot) != prot)
			return client_denied(ep->client);
		ret = span_add(span, piece);
		if (ret < 0)
			return ret;
		offset = piece->end;
	}
	return 0;
}

int
client_span_get(struct client_endpoint *ep, unsigned int side, int64_t offset, uint64_t len,
		uint32_t prot, struct client_span *span)
{
	int ret = -ENOMEM;

	span->many = NULL;
	span->count = 0;
	span->room = sizeof(span->few) / sizeof(span->few[0]);
	if (len == 0)
		return -EINVAL;
	if (offset < 0 || len > (uint64_t)INT64_MAX + 1 - (uint64_t)offset)
		return -ENXIO;
	client_lock(&ep->state_lock);
	if (client_windows_of(ep) != NULL) {
		refresh(ep, side);
		ret = span_fill(ep, side, (uint64_t)offset, len, prot, span);
	}
	client_unlock(&ep->state_lock);
	if (ret < 0)
		client_span_put(span);
	return ret;
}
