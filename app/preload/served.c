/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "served.h"

#include <errno.h>
#include <string.h>

#include "dma.h"
#include "fds.h"
#include "ranges.h"
#include "say.h"
#include "shared.h"
#include "sys.h"
#include "vfu_client.h"

#define PAGE 4096
/* Between two looks for what the server asks for: it waits meanwhile. */
#define LOOK_NS UINT64_C(100000)

/* What the server was told of memory is kept: the kernel's VFIO may unmap in other pieces than it
 * mapped, a server may not. A piece lies in one mapping of the space, and in one file or in none.
 *
 *   space    |------------------ a mapping ------------------|
 *   memory   |---- file 1 ----|-- private --|---- file 2 ----|
 *   sent     |---- with fd ---|- without fd-|---- with fd ---|
 */
struct served {
	struct vfu_client *client;
	struct vfu_client_shared shared;
	struct ranges sent; /* by IO address; memory address; rights as tag */
	struct range_slot slots[DMA_MAPPINGS];
};

/* ---- Connecting ---- */

static void
log_line(void *arg, const char *line)
{
	const struct unit *u = arg;

	say("%s: %s", u->dev.address, line);
}

/* The program neither sees nor closes the connection's descriptors. */
static void
mark_descriptors(const struct vfu_client_shared *shared, enum fd_kind kind)
{
	const int fds[] = {shared->socket, shared->memory_fd, shared->bell_fd, shared->kick_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0 && fds[i] < FDS_MAX)
			fds_set(fds[i], kind, 0);
}

int
served_open(struct unit *u, struct bus_host *host, struct bus_device **bus)
{
	struct vfu_client_config config = {
		.path = u->dev.at,
		.share = true,
		.log = log_line,
		.arg = u,
	};
	struct served *s;
	int ret;

	/* Not from the heap: 2 MB of which most programs touch a page. */
	s = sys_mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return -ENOMEM;
	ret = vfu_client_open(&config, host, &s->client);
	if (ret < 0) {
		sys_munmap(s, sizeof(*s));
		return ret;
	}
	s->sent.max = DMA_MAPPINGS;
	s->sent.slots = s->slots;
	vfu_client_shared(s->client, &s->shared);
	mark_descriptors(&s->shared, FD_HIDDEN);
	u->served = s;
	*bus = vfu_client_device(s->client);
	return 0;
}

void
served_measure(struct unit *u)
{
	for (unsigned int i = 0; i < DEVICE_BARS; i++)
		u->dev.bar_size[i] = vfu_client_region_size(u->served->client, i);
}

bool
served_lost(const struct unit *u)
{
	return vfu_client_lost(u->served->client);
}

bool
served_owns(const void *addr)
{
	for (unsigned int i = 0; i < device_count(); i++) {
		const struct served *s = ((struct unit *)device_get(i))->served;

		if (s == NULL || s->shared.memory == NULL)
			continue;
		if ((uintptr_t)addr - (uintptr_t)s->shared.memory < s->shared.memory_bytes ||
		    ((uintptr_t)addr ^ (uintptr_t)s->shared.asleep) < PAGE)
			return true;
	}
	return false;
}

uint64_t
served_deadline(const struct unit *u, uint64_t now_ns)
{
	return vfu_client_needs_step(u->served->client) ? now_ns + LOOK_NS : BUS_NO_DEADLINE;
}

void
served_forked(struct unit *u)
{
	struct served *s = u->served;

	if (s == NULL)
		return;
	/* Only closes: the parent goes on talking. */
	mark_descriptors(&s->shared, FD_FOREIGN);
	vfu_client_close(s->client);
	sys_munmap(s, sizeof(*s));
	u->served = NULL;
}

/* ---- Memory ---- */

/* Is a piece that was sent still what the space has there? */
static bool
is_wanted(struct dma_space *space, const struct range *piece)
{
	uint64_t start, len;
	unsigned int prot;
	void *addr;

	if (space == NULL || !dma_next(space, piece->start, &start, &addr, &len, &prot))
		return false;
	return start <= piece->start && start + (len - 1) >= range_last(piece) &&
	       (uintptr_t)addr + (piece->start - start) == piece->to && prot == piece->tag;
}

static int
piece_send(struct served *s, const struct range *piece, const struct shared_part *part)
{
	int fd = part == NULL ? -1 : part->fd, ret;
	uint64_t off = part == NULL ? 0 : part->offset + (piece->to - part->start);

	ret = vfu_client_dma_map(s->client, piece->start, piece->size, fd, off,
				 (enum bus_prot)piece->tag);
	return ret < 0 ? ret : ranges_insert(&s->sent, piece);
}

/* As much of what is to be mapped as goes in one piece. */
static int
piece_map(struct served *s, struct range *piece)
{
	/* NOLINTNEXTLINE: an address of the program's */
	const void *addr = (const void *)(uintptr_t)piece->to;
	struct shared_part part;
	uint64_t room = piece->size;
	bool inside = false;

	if (shared_next(addr, &part)) {
		inside = part.start <= piece->to;
		room = inside ? part.start + part.size - piece->to : part.start - piece->to;
	}
	if (piece->size > room)
		piece->size = room;
	return piece_send(s, piece, inside ? &part : NULL);
}

/* Whoever has lost its server goes on, and is told that once, by the client. */
static int
report(struct unit *u, int ret, uint64_t iova, uint64_t len)
{
	if (ret == 0 || vfu_client_lost(u->served->client))
		return 0;
	say("%s: the server refuses %llu bytes of memory at IO address 0x%llx: %s", u->dev.address,
	    (unsigned long long)len, (unsigned long long)iova, strerror(-ret));
	return ret;
}

int
served_map(struct unit *u, uint64_t iova, uint64_t len)
{
	struct dma_space *space = atomic_load_explicit(&u->space, memory_order_relaxed);
	uint64_t last = iova + (len - 1), at = iova, start, size;
	struct served *s = u->served;
	struct range piece, sent;
	unsigned int prot;
	void *addr;
	int ret = 0;

	while (ret == 0 && dma_next(space, at, &start, &addr, &size, &prot) && start <= last) {
		piece.start = start > at ? start : at;
		piece.size = start + (size - 1) - piece.start + 1;
		piece.to = (uintptr_t)addr + (piece.start - start);
		piece.tag = prot;
		if (ranges_next(&s->sent, piece.start, &sent) && sent.start <= range_last(&piece)) {
			if (sent.start <= piece.start)
				piece = sent;
			else
				piece.size = sent.start - piece.start;
		}
		if (!ranges_find(&s->sent, piece.start, &sent))
			ret = report(u, piece_map(s, &piece), piece.start, piece.size);
		if (range_last(&piece) >= last)
			break;
		at = range_last(&piece) + 1;
	}
	return ret;
}

void
served_remap(struct unit *u)
{
	struct dma_space *space = atomic_load_explicit(&u->space, memory_order_relaxed);
	struct served *s = u->served;
	struct range piece;
	uint64_t at = 0;

	while (ranges_next(&s->sent, at, &piece)) {
		if (!is_wanted(space, &piece)) {
			ranges_cut(&s->sent, piece.start, piece.size);
			report(u, vfu_client_dma_unmap(s->client, piece.start, piece.size),
			       piece.start, piece.size);
		}
		if (range_last(&piece) == UINT64_MAX)
			break;
		at = range_last(&piece) + 1;
	}
	if (space != NULL)
		served_map(u, 0, UINT64_MAX);
}

/* ---- Interrupts ---- */

void
served_set_irqs(struct unit *u, unsigned int first, unsigned int n)
{
	struct vfu_client *client = u->served->client;
	int fds[UNIT_VECTORS], ret;

	if (!u->irqs_on) {
		ret = vfu_client_disable_irqs(client);
	} else {
		for (unsigned int i = 0; i < n; i++)
			fds[i] = atomic_load_explicit(&u->eventfd[first + i], memory_order_relaxed);
		ret = vfu_client_set_irqs(client, first, n, fds);
	}
	if (ret < 0 && !vfu_client_lost(client))
		say("%s: the server refuses interrupts: %s", u->dev.address, strerror(-ret));
}
