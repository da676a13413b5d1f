/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_map.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PAGE UINT64_C(4096)

void
vfu_map_create(struct vfu_map *m, uint32_t most)
{
	*m = (struct vfu_map){.most = most};
}

void
vfu_map_destroy(struct vfu_map *m)
{
	struct vfu_removed all = {m->ranges, m->n};

	vfu_map_unmap(&all);
	vfu_map_create(m, m->most);
}

/* ---- Looking ---- */

/* The first range that ends at an address or behind it; n when none does. */
static uint32_t
lower_bound(const struct vfu_map *m, uint64_t address)
{
	uint32_t from = 0, to = m->n, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (m->ranges[middle].last < address)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool
holds(const struct vfu_range *r, uint64_t address)
{
	return r->first <= address && address <= r->last;
}

const struct vfu_range *
vfu_map_find(struct vfu_map *m, uint64_t address)
{
	uint32_t i = m->hit;

	if (i >= m->n || !holds(&m->ranges[i], address))
		i = lower_bound(m, address);
	if (i >= m->n || !holds(&m->ranges[i], address))
		return NULL;
	m->hit = i;
	return &m->ranges[i];
}

/* ---- Adding ---- */

/* Pages of a file that a program in user space serves could make us wait for ever. */
static int
file_check(int fd, uint64_t offset, uint64_t bytes, uint64_t *page)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || fs.f_type == FUSE_SUPER_MAGIC)
		return -ENOTSUP;
	if (offset > (uint64_t)st.st_size || bytes > (uint64_t)st.st_size - offset)
		return -EINVAL;
	*page = fs.f_type == HUGETLBFS_MAGIC ? (uint64_t)fs.f_bsize : PAGE;
	return 0;
}

static int
file_map(struct vfu_range *r, uint64_t bytes, int fd, uint64_t offset)
{
	int prot = (r->prot & BUS_PROT_READ ? PROT_READ : 0) |
		   (r->prot & BUS_PROT_WRITE ? PROT_WRITE : 0);
	uint64_t page = PAGE, before;
	int ret;

	ret = file_check(fd, offset, bytes, &page);
	if (ret < 0)
		return ret;
	before = offset % page;
	r->bytes = (size_t)((before + bytes + page - 1) / page * page);
	r->base = mmap(NULL, r->bytes, prot, MAP_SHARED | MAP_NORESERVE, fd,
		       (off_t)(offset - before));
	if (r->base == MAP_FAILED)
		return -errno;
	r->memory = (unsigned char *)r->base + before;
	return 0;
}

/* Room for one more. */
static int
grow(struct vfu_map *m)
{
	uint32_t room = m->room == 0 ? 64 : m->room * 2;
	struct vfu_range *ranges;

	if (m->n < m->room)
		return 0;
	ranges = realloc(m->ranges, room * sizeof(*ranges));
	if (ranges == NULL)
		return -ENOMEM;
	m->ranges = ranges;
	m->room = room;
	return 0;
}

int
vfu_map_add(struct vfu_map *m, uint64_t first, uint64_t bytes, enum bus_prot prot, int fd,
	    uint64_t offset)
{
	struct vfu_range r = {.first = first, .last = first + (bytes - 1), .prot = prot};
	uint32_t at;
	int ret;

	if (bytes == 0 || r.last < first || (first | bytes | offset) % PAGE != 0)
		return -EINVAL;
	at = lower_bound(m, first);
	if (at < m->n && m->ranges[at].first <= r.last)
		return -EEXIST;
	if (m->n >= m->most)
		return -ENOSPC;
	ret = grow(m);
	if (ret < 0)
		return ret;
	ret = fd >= 0 ? file_map(&r, bytes, fd, offset) : 0;
	if (ret < 0)
		return ret;
	memmove(&m->ranges[at + 1], &m->ranges[at], (m->n - at) * sizeof(r));
	m->ranges[at] = r;
	m->n++;
	return 0;
}

/* ---- Removing ---- */

int
vfu_map_remove(struct vfu_map *m, uint64_t first, uint64_t last, struct vfu_removed *removed)
{
	uint32_t from = lower_bound(m, first), to = from;

	*removed = (struct vfu_removed){0};
	while (to < m->n && m->ranges[to].first <= last)
		to++;
	if (to == from)
		return 0;
	if (m->ranges[from].first < first || m->ranges[to - 1].last > last)
		return -EINVAL;
	removed->ranges = malloc((to - from) * sizeof(*removed->ranges));
	if (removed->ranges == NULL)
		return -ENOMEM;
	removed->n = to - from;
	memcpy(removed->ranges, &m->ranges[from], removed->n * sizeof(*removed->ranges));
	memmove(&m->ranges[from], &m->ranges[to], (m->n - to) * sizeof(*m->ranges));
	m->n -= removed->n;
	return 0;
}

void
vfu_map_unmap(struct vfu_removed *removed)
{
	for (uint32_t i = 0; i < removed->n; i++)
		if (removed->ranges[i].memory != NULL)
			munmap(removed->ranges[i].base, removed->ranges[i].bytes);
	free(removed->ranges);
	*removed = (struct vfu_removed){0};
}

/* ---- Files that become shorter ---- */

bool
vfu_map_repair(const struct vfu_map *m, const void *address)
{
	uintptr_t at = (uintptr_t)address;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct vfu_range *r = &m->ranges[i];

		if (r->memory == NULL || at - (uintptr_t)r->base >= r->bytes)
			continue;
		/* All of it: pages of a file that cheats are not worth keeping, and huge ones
		 * cannot be had by halves.
		 */
		return mmap(r->base, r->bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			    0) != MAP_FAILED;
	}
	return false;
}
