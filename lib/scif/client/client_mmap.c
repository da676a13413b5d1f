/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "client_memory.h"
#include "scif.h"

/* Windows of peers, mapped by the program. The engine is told how many pages of each there are, for
 * as long as they last: the owner's offsets stay taken until then.
 */

/* One piece, as it is mapped. */
struct mapping {
	struct mapping *next;
	uintptr_t start, end; /* 0: not yet */
	uint64_t token;
	struct client *client;
	int fd; /* until it is mapped */
	uint64_t fd_off;
	size_t len;
};

static struct client_lock mappings_lock;
static struct mapping *mappings;

static void
mapping_free(struct mapping *m)
{
	client_put(m->client);
	free(m);
}

/* In a child nothing is mapped. */
void
client_mmap_forget(bool heap_is_whole)
{
	struct mapping *m;

	mappings_lock = (struct client_lock){0};
	while (heap_is_whole && (m = mappings) != NULL) {
		mappings = m->next;
		mapping_free(m);
	}
	mappings = NULL;
}

static void
tell_unmapped(const struct mapping *m, uint64_t len)
{
	struct scif_request rq = {.op = SCIF_REQUEST_UNMAP, .arg = {m->token, len}};
	int fds[SCIF_REQUEST_FDS];
	struct scif_reply reply;

	client_ask(m->client, &rq, -1, &reply, fds);
}

/* ---- Unmap ---- */

/* What is left of a mapping behind a hole in it. */
static int
split(struct mapping *m, uintptr_t end)
{
	struct mapping *rest = malloc(sizeof(*rest));

	if (rest == NULL)
		return -ENOMEM;
	*rest = *m;
	atomic_fetch_add(&rest->client->users, 1);
	rest->start = end;
	m->next = rest;
	return 0;
}

/* A range is no longer mapped. */
static int
drop_range(uintptr_t start, uintptr_t end)
{
	struct mapping **at = &mappings, *m;

	while ((m = *at) != NULL) {
		uintptr_t from = m->start > start ? m->start : start;
		uintptr_t to = m->end < end ? m->end : end;

		if (from >= to) {
			at = &m->next;
			continue;
		}
		if (from > m->start && to < m->end && split(m, to) < 0)
			return -ENOMEM;
		tell_unmapped(m, to - from);
		if (from > m->start)
			m->end = from;
		else
			m->start = to;
		if (m->start < m->end) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		mapping_free(m);
	}
	return 0;
}

int
client_munmap(void *address, size_t len)
{
	uintptr_t start = (uintptr_t)address;
	int ret;

	if (len == 0 || len % CLIENT_PAGE != 0 || start % CLIENT_PAGE != 0 || start + len < start)
		return -EINVAL;
	/* Under the lock: once it is unmapped another thread may map something there. */
	client_lock(&mappings_lock);
	ret = munmap(address, len) < 0 ? -errno : drop_range(start, start + len);
	client_unlock(&mappings_lock);
	return ret;
}

/* ---- Map ---- */

static int
ask_piece(struct client_endpoint *ep, uint64_t offset, uint64_t len, uint32_t prot,
	  struct mapping *m)
{
	struct scif_request rq = {
		.op = SCIF_REQUEST_MAP,
		.endpoint = ep->index,
		.arg = {offset, 0, prot},
	};
	int fds[SCIF_REQUEST_FDS], ret;
	struct scif_reply reply;

	/* How far does the piece go? */
	ret = client_window_ask(ep, CLIENT_SIDE_PEER, offset, false, &reply, fds);
	if (ret < 0)
		return ret;
	if (len > reply.value[0] + reply.value[1] - offset)
		len = reply.value[0] + reply.value[1] - offset;
	rq.arg[1] = len;
	ret = client_ask(ep->client, &rq, -1, &reply, fds);
	if (ret == -EMFILE) {
		/* Held, and cannot be mapped. */
		*m = (struct mapping){.client = ep->client, .token = reply.value[5]};
		tell_unmapped(m, len);
		return -ENOMEM;
	}
	if (ret < 0)
		return ret;
	*m = (struct mapping){
		.token = reply.value[5],
		.client = ep->client,
		.fd = fds[0],
		.fd_off = reply.value[4] + (offset - reply.value[0]),
		.len = len,
	};
	return 0;
}

static void
forget_pieces(struct mapping *list)
{
	struct mapping *m;

	while ((m = list) != NULL) {
		list = m->next;
		tell_unmapped(m, m->len);
		if (m->fd >= 0)
			close(m->fd);
		mapping_free(m);
	}
}

/* All pieces of a range, held. */
static int
ask_pieces(struct client_endpoint *ep, uint64_t offset, size_t len, uint32_t prot,
	   struct mapping **list)
{
	struct mapping **at = list, *m;
	int ret = 0;

	*list = NULL;
	for (size_t done = 0; ret == 0 && done < len;) {
		m = malloc(sizeof(*m));
		ret = m == NULL ? -ENOMEM : ask_piece(ep, offset + done, len - done, prot, m);
		if (ret < 0) {
			free(m);
			break;
		}
		atomic_fetch_add(&m->client->users, 1);
		done += m->len;
		*at = m;
		at = &m->next;
	}
	if (ret < 0)
		forget_pieces(*list);
	return ret;
}

/* Pieces side by side, at a place that is ours. */
static int
map_pieces(struct mapping *list, char *place, int prot)
{
	for (struct mapping *m = list; m != NULL; m = m->next) {
		if (mmap(place, m->len, prot, MAP_SHARED | MAP_FIXED, m->fd, (off_t)m->fd_off) ==
		    MAP_FAILED)
			return errno == EINVAL ? -ENOMEM : -errno;
		/* As documented: no part of children, nor of core dumps. */
		madvise(place, m->len, MADV_DONTFORK);
		madvise(place, m->len, MADV_DONTDUMP);
		m->start = (uintptr_t)place;
		m->end = m->start + m->len;
		place += m->len;
	}
	return 0;
}

/* The place is taken by what was made elsewhere, piece by piece. Where that fails in the middle,
 * what came before does not stay: it is held no more.
 */
static int
move_pieces(struct mapping *list, char *address)
{
	struct mapping *m = list;
	char *place = address;
	int ret = 0, dropped;

	for (; m != NULL; m = m->next) {
		if (mremap((void *)m->start, m->len, m->len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   place) == MAP_FAILED) {
			ret = -errno;
			break;
		}
		m->start = (uintptr_t)place;
		m->end = m->start + m->len;
		place += m->len;
	}
	dropped = drop_range((uintptr_t)address, (uintptr_t)place);
	if (ret == 0)
		ret = dropped;
	if (ret < 0 && place > address)
		munmap(address, (size_t)(place - address));
	/* Where the others were another thread may have something by now. */
	for (; m != NULL; m = m->next)
		munmap((void *)m->start, m->len);
	return ret;
}

static void
keep_pieces(struct mapping *list)
{
	struct mapping *last = list;

	for (struct mapping *m = list; m != NULL; m = m->next) {
		close(m->fd);
		m->fd = -1;
		last = m;
	}
	last->next = mappings;
	mappings = list;
}

static char *
reserve(void *hint, size_t len)
{
	return mmap(hint, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A place to make in what is to be moved to another, clear of that: the kernel likes to give what
 * was unmapped last, and moves nothing onto itself. Of three in a row at least one is clear, before
 * the other or behind it.
 */
static char *
reserve_clear_of(uintptr_t other, size_t len)
{
	char *three = len <= SIZE_MAX / 3 ? reserve(NULL, 3 * len) : MAP_FAILED;
	uintptr_t start = (uintptr_t)three, place = start;

	if (three == MAP_FAILED)
		return MAP_FAILED;
	if (start < other + len && other < start + len)
		place = other + len;
	if (place > start)
		munmap(three, place - start);
	munmap((void *)(place + len), start + 2 * len - place);
	return (char *)place;
}

/* Can anything be mapped there at all? The kernel asks for each piece, and those before have taken
 * the place of what the program had. Where there is nothing yet, it says so by mapping it.
 */
static int
check_place(void *address, size_t len)
{
	void *got = mmap(address, len, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (got == MAP_FAILED)
		return errno == EEXIST ? 0 : -errno;
	munmap(got, len);
	return 0;
}

static int
map_at(struct mapping *list, void **address, size_t len, int prot, bool fixed)
{
	int ret = fixed ? check_place(*address, len) : 0;
	char *place;

	if (ret < 0)
		return ret;
	place = fixed ? reserve_clear_of((uintptr_t)*address, len) : reserve(*address, len);
	if (place == MAP_FAILED)
		return -errno;
	ret = map_pieces(list, place, prot);
	if (ret < 0) {
		munmap(place, len);
		return ret;
	}
	client_lock(&mappings_lock);
	if (fixed)
		ret = move_pieces(list, *address);
	if (ret == 0)
		keep_pieces(list);
	client_unlock(&mappings_lock);
	if (!fixed)
		*address = place;
	return ret;
}

int
client_mmap(struct client_endpoint *ep, void **address, size_t len, int prot, int flags,
	    int64_t offset)
{
	struct mapping *list;
	int ret = client_verify(ep);

	if (ret < 0)
		return ret;
	if ((flags & ~SCIF_MAP_FIXED) != 0 || (prot & ~(SCIF_PROT_READ | SCIF_PROT_WRITE)) != 0 ||
	    len == 0 || len % CLIENT_PAGE != 0 || offset % (int64_t)CLIENT_PAGE != 0 ||
	    (uintptr_t)*address % CLIENT_PAGE != 0)
		return -EINVAL;
	if (offset < 0 || len > (uint64_t)INT64_MAX + 1 - (uint64_t)offset)
		return -ENXIO;
	ret = ask_pieces(ep, (uint64_t)offset, len, (uint32_t)prot, &list);
	if (ret < 0)
		return ret;
	ret = map_at(list, address, len, prot, (flags & SCIF_MAP_FIXED) != 0);
	if (ret < 0)
		forget_pieces(list);
	return ret;
}
