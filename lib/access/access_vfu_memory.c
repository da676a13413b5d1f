/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The memory of DPDK, as the server gets to know it: with the files behind it, at the addresses it
 * has here. So the device writes to a CQ as to any other memory. Pages of what DPDK gives back are
 * told one by one, as they may go one by one; ordinary ones (--no-huge) stay, and go as one piece.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "access_vfu_priv.h"

/* Pages smaller than this are never given back. */
#define HUGE_MIN (UINT64_C(2) << 20)

#define BOTH ((enum bus_prot)(BUS_PROT_READ | BUS_PROT_WRITE))

/* Memory of one file in one piece. */
struct piece {
	struct access_vfu *vfu;
	uint64_t at;
	size_t len; /* 0: none yet */
	int fd;     /* -1: it has no file */
	size_t offset;
	int error;
};

static int
tell(struct access_vfu *vfu, const struct piece *p)
{
	int ret = vfu_client_dma_map(vfu->client, p->at, p->len, p->fd, p->offset, BOTH);

	/* It came while the walk was under way. */
	if (ret == -EEXIST)
		return 0;
	if (ret < 0 && !vfu_client_lost(vfu->client))
		access_vfu_say(vfu,
			       "the server does not take the memory at %#" PRIx64 "+%#zx: %s; is "
			       "its limit of open files or maps too low?",
			       p->at, p->len, rte_strerror(-ret));
	if (ret == 0 && p->fd < 0 && !vfu->complained) {
		vfu->complained = true;
		access_vfu_say(vfu,
			       "memory at %#" PRIx64 " has no file that the server could map, so "
			       "each event is a message; for speed use huge pages, or --no-huge",
			       p->at);
	}
	return ret;
}

static struct piece
piece_of(struct access_vfu *vfu, const struct rte_memseg *seg)
{
	struct piece p = {.vfu = vfu, .at = seg->addr_64, .len = seg->len};

	/* Whoever walks, or is told of an event, holds the lock of the memory. */
	p.fd = rte_memseg_get_fd_thread_unsafe(seg);
	if (p.fd >= 0 && rte_memseg_get_fd_offset_thread_unsafe(seg, &p.offset) < 0)
		p.fd = -1;
	return p;
}

static bool
goes_on(const struct piece *a, const struct piece *b)
{
	return a->at + a->len == b->at && a->fd == b->fd &&
	       (a->fd < 0 || a->offset + a->len == b->offset);
}

static void
flush(struct piece *p)
{
	if (p->len != 0 && p->error == 0)
		p->error = tell(p->vfu, p);
	p->len = 0;
}

/* A page of DPDK's, one after the other. */
static int
walk(const struct rte_memseg_list *list, const struct rte_memseg *seg, void *arg)
{
	struct piece *p = arg, next = piece_of(p->vfu, seg);

	if (list->external)
		return 0;
	if (p->len != 0 && seg->hugepage_sz < HUGE_MIN && goes_on(p, &next)) {
		p->len += next.len;
		return 0;
	}
	flush(p);
	next.error = p->error;
	*p = next;
	return p->error == 0 ? 0 : -1;
}

/* Memory has come, or is about to go. */
static void
follow(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct access_vfu *vfu = arg;
	const uint8_t *at = addr, *end = at + len;

	if (event == RTE_MEM_EVENT_FREE) {
		vfu_client_dma_unmap(vfu->client, (uint64_t)(uintptr_t)addr, len);
		return;
	}
	while (at < end) {
		const struct rte_memseg *seg =
			rte_mem_virt2memseg(at, rte_mem_virt2memseg_list(at));
		struct piece p;

		/* External memory, which its owner maps. */
		if (seg == NULL || rte_mem_virt2memseg_list(at)->external)
			return;
		p = piece_of(vfu, seg);
		tell(vfu, &p);
		at = (const uint8_t *)seg->addr + seg->len;
	}
}

int
access_vfu_memory_begin(struct access_vfu *vfu)
{
	struct piece p = {.vfu = vfu};
	int ret;

	snprintf(vfu->event_name, sizeof(vfu->event_name), "vfu_%p", (void *)vfu);
	/* Not there where memory never changes, as with --no-huge. */
	ret = rte_mem_event_callback_register(vfu->event_name, follow, vfu);
	vfu->follows = ret == 0;
	if (ret < 0 && rte_errno != ENOTSUP) {
		access_vfu_say(vfu, "cannot follow changes of DPDK's memory: %s",
			       rte_strerror(rte_errno));
		return -rte_errno;
	}
	rte_memseg_walk(walk, &p);
	flush(&p);
	if (p.error < 0)
		access_vfu_memory_end(vfu);
	return p.error;
}

void
access_vfu_memory_end(struct access_vfu *vfu)
{
	if (vfu->follows)
		rte_mem_event_callback_unregister(vfu->event_name, vfu);
	vfu->follows = false;
}

int
access_vfu_memory(struct access_dev *access, uint64_t iova, size_t len, bool map)
{
	struct access_vfu *vfu = access_vfu_of(access);

	if (!map)
		return vfu_client_dma_unmap(vfu->client, iova, len);
	return vfu_client_dma_map(vfu->client, iova, len, -1, 0, BOTH);
}
