/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "serve_rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes of the file: whole pages. */
static size_t
mapped(const struct serve_rings *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (r->bytes + page - 1) / page * page;
}

static int
file_create(size_t len)
{
	int fd = memfd_create("slipway-rings", MFD_CLOEXEC | MFD_ALLOW_SEALING), ret;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)len) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static struct line_ring *
map_file(const struct serve_rings *r, void *at)
{
	void *p = mmap(at, mapped(r), PROT_READ | PROT_WRITE,
		       MAP_SHARED | (at != NULL ? MAP_FIXED : 0), r->fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
serve_rings_create(struct serve_rings *r, size_t bytes)
{
	*r = (struct serve_rings){
		.fd = -1, .bytes = bytes, .count = (unsigned int)(bytes / sizeof(*r->shared))};
	r->fd = file_create(mapped(r));
	if (r->fd < 0)
		return r->fd;
	r->fed = calloc(r->count, sizeof(*r->fed));
	r->device = map_file(r, NULL);
	r->shared = map_file(r, NULL);
	if (r->fed != NULL && r->device != NULL && r->shared != NULL)
		return 0;
	serve_rings_destroy(r);
	return -ENOMEM;
}

void
serve_rings_destroy(struct serve_rings *r)
{
	if (r->device != NULL)
		munmap(r->device, mapped(r));
	if (r->shared != NULL)
		munmap(r->shared, mapped(r));
	if (r->fd >= 0)
		close(r->fd);
	free(r->fed);
	*r = (struct serve_rings){.fd = -1};
}

/* ---- Exchanging the ways ---- */

/* What is in the rings now goes along, and is the device's; what comes after is fed. */
int
serve_rings_divert(struct serve_rings *r)
{
	struct line_ring *own;

	if (r->diverted)
		return 0;
	own = mmap(NULL, mapped(r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < r->count; i++) {
		/* Acquire: the lines that are copied next are those the index tells of. */
		r->fed[i] = atomic_load_explicit(&r->shared[i].head, memory_order_acquire);
		memcpy(&own[i], &r->shared[i], sizeof(own[i]));
		atomic_store_explicit(&own[i].head, r->fed[i], memory_order_relaxed);
	}
	/* Takes the place of what was there in one piece. */
	if (mremap(own, mapped(r), mapped(r), MREMAP_MAYMOVE | MREMAP_FIXED, r->device) ==
	    MAP_FAILED) {
		munmap(own, mapped(r));
		return -ENOMEM;
	}
	r->diverted = true;
	return 0;
}

int
serve_rings_restore(struct serve_rings *r)
{
	if (!r->diverted)
		return 0;
	serve_rings_settle(r);
	if (map_file(r, r->device) == NULL)
		return -errno;
	r->diverted = false;
	return 0;
}

/* ---- Lines ---- */

bool
serve_rings_post(struct serve_rings *r, unsigned int ring, const void *line, unsigned int len)
{
	struct line_poster poster = {.ring = &r->shared[ring]};

	line_ring_resume(&poster);
	/* No index seen yet, so that it looks at the drainer's. */
	poster.tail = poster.head - LINE_RING_LINES;
	if (!line_ring_has_room(&poster))
		return false;
	line_ring_post(&poster, line, len);
	return true;
}

void
serve_rings_feed(struct serve_rings *r, serve_rings_take_fn *take, void *arg)
{
	line_ring_quarter line[LINE_RING_WORDS / 2];

	for (unsigned int i = 0; i < r->count; i++) {
		struct line_drainer d = {.ring = &r->shared[i], .tail = r->fed[i]};
		uint32_t n = line_ring_ready(&d);

		for (uint32_t k = 0; k < n; k++) {
			line_ring_copy(line_ring_line(&d, k), line);
			take(arg, i, line);
		}
		r->fed[i] += n;
	}
}

void
serve_rings_settle(struct serve_rings *r)
{
	uint32_t tail;

	if (!r->diverted)
		return;
	for (unsigned int i = 0; i < r->count; i++) {
		tail = atomic_load_explicit(&r->device[i].tail, memory_order_relaxed);
		/* Pairs with the acquire in line_ring_has_room: those lines have been read. */
		if (tail != atomic_load_explicit(&r->shared[i].tail, memory_order_relaxed))
			atomic_store_explicit(&r->shared[i].tail, tail, memory_order_release);
	}
}

uint32_t
serve_rings_head(const struct serve_rings *r, unsigned int ring)
{
	return atomic_load_explicit(&r->shared[ring].head, memory_order_relaxed);
}

uint32_t
serve_rings_sum(const struct serve_rings *r)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < r->count; i++)
		sum += serve_rings_head(r, i);
	return sum;
}
