/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the server shares: rings that lines go into, memory that may be mapped, and the bell page
 * which tells whether the server has to be woken up.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "line_ring.h"
#include "vfu_client_priv.h"
#include "vfu_message.h"

#define PAGE 4096u
/* A ring lies in lines of its own. */
#define RING_ALIGN 64u

/* Ours, and theirs behind it. */
struct reply {
	struct vfu_share_reply head;
	struct vfu_share_region regions[VFU_CLIENT_AREAS];
};

static bool
register_for_fences(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

/* ---- Files ---- */

/* The size of a file that cannot shrink under our feet, or 0. */
static uint64_t
sealed_bytes(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 || st.st_size < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Writing there neither blocks nor raises a signal. */
static bool
is_quiet(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return false;
	return (flags & O_NONBLOCK) || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* ---- Records ---- */

static bool
is_sound(const struct vfu_client *c, const struct vfu_share_region *r, uint64_t file)
{
	bool ring = r->kind == BUS_LINE_RING;
	uint64_t need = ring ? sizeof(struct line_ring) : r->size;
	uint64_t bar;

	if ((!ring && r->kind != BUS_MEMORY) || r->bar >= VFU_REGION_BARS)
		return false;
	bar = c->region_bytes[r->bar];
	if (r->size == 0 || r->offset % PAGE != 0 || r->size % PAGE != 0 || r->size > bar ||
	    r->offset > bar - r->size || (ring && r->size != PAGE))
		return false;
	return r->fd_offset % (ring ? RING_ALIGN : PAGE) == 0 && need <= file &&
	       r->fd_offset <= file - need;
}

static int
by_place(const void *a, const void *b)
{
	const struct bus_region *x = a, *y = b;

	if (x->bar != y->bar)
		return x->bar < y->bar ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Do two parts of a bar, or two rings, share a place? */
static bool
overlap(const struct vfu_client_share *s)
{
	unsigned int i, j;

	for (i = 1; i < s->nb_areas; i++) {
		const struct bus_region *a = &s->areas[i - 1], *b = &s->areas[i];

		if (a->bar == b->bar && b->offset - a->offset < a->size)
			return true;
	}
	for (i = 0; i < s->nb_areas; i++) {
		for (j = 0; j < i; j++) {
			const struct bus_region *a = &s->areas[i], *b = &s->areas[j];
			uint64_t apart = a->fd_offset > b->fd_offset ? a->fd_offset - b->fd_offset
								     : b->fd_offset - a->fd_offset;

			if (a->kind == BUS_LINE_RING && b->kind == BUS_LINE_RING &&
			    apart < sizeof(struct line_ring))
				return true;
		}
	}
	return false;
}

static bool
take_regions(struct vfu_client *c, const struct reply *reply, size_t len, uint64_t file)
{
	struct vfu_client_share *s = &c->share;
	unsigned int i;

	if (len < sizeof(reply->head) || reply->head.count > VFU_CLIENT_AREAS ||
	    len != sizeof(reply->head) + reply->head.count * sizeof(reply->regions[0]))
		return false;
	for (i = 0; i < reply->head.count; i++) {
		const struct vfu_share_region *r = &reply->regions[i];

		if (!is_sound(c, r, file))
			return false;
		s->areas[i] = (struct bus_region){
			.bar = r->bar,
			.kind = r->kind,
			.offset = r->offset,
			.size = r->size,
			.fd = s->told.memory_fd,
			.fd_offset = r->fd_offset,
		};
	}
	s->nb_areas = i;
	qsort(s->areas, s->nb_areas, sizeof(s->areas[0]), by_place);
	return !overlap(s);
}

/* ---- Beginning and end ---- */

static void *
map_file(void *at, size_t bytes, int prot, int fd)
{
	void *memory = mmap(at, bytes, prot, MAP_SHARED, fd, 0);

	return memory != MAP_FAILED ? memory : NULL;
}

static bool
map_all(struct vfu_client *c, size_t bytes)
{
	struct vfu_client_share *s = &c->share;
	unsigned int i;

	s->told.memory = map_file(c->place, bytes, PROT_READ | PROT_WRITE, s->told.memory_fd);
	if (s->told.memory == NULL)
		return false;
	s->told.memory_bytes = bytes;
	s->bell = map_file((uint8_t *)s->told.memory + (bytes + PAGE - 1) / PAGE * PAGE,
			   VFU_BELL_BYTES, PROT_READ, s->told.bell_fd);
	if (s->bell == NULL)
		return false;
	s->told.asleep = &((struct vfu_bell *)s->bell)->asleep;
	for (i = 0; i < s->nb_areas; i++)
		s->areas[i].memory = (uint8_t *)s->told.memory + s->areas[i].fd_offset;
	return true;
}

static bool
take_share(struct vfu_client *c, const struct reply *reply, size_t len, const int fds[])
{
	struct vfu_client_share *s = &c->share;
	uint64_t file = sealed_bytes(fds[VFU_SHARE_MEMORY]);

	s->told.memory_fd = fds[VFU_SHARE_MEMORY];
	s->told.bell_fd = fds[VFU_SHARE_BELL];
	s->told.kick_fd = fds[VFU_SHARE_KICK];
	if (file == 0 || file > SIZE_MAX / 2 ||
	    sealed_bytes(fds[VFU_SHARE_BELL]) < VFU_BELL_BYTES ||
	    !is_quiet(fds[VFU_SHARE_KICK]) || !take_regions(c, reply, len, file))
		return false;
	s->told.fences |= (reply->head.flags & VFU_SHARE_FENCE_NEEDED) != 0;
	return map_all(c, (size_t)file);
}

void
vfu_client_share_begin(struct vfu_client *c)
{
	struct reply *reply = malloc(sizeof(*reply));
	bool fenced = register_for_fences();
	int fds[VFU_MAX_FDS];
	struct vfu_call call = {
		.command = VFU_SHARE,
		.reply = {{reply, sizeof(*reply)}},
		.reply_fds = fds,
	};

	if (reply == NULL)
		return;
	c->share.told.fences = !fenced;
	if (vfu_client_call(c, &call) < 0) {
		free(reply);
		return;
	}
	if (call.n_reply_fds != VFU_SHARE_FDS) {
		vfu_message_close(fds, call.n_reply_fds);
		vfu_client_say(c, "shares nothing, by a wrong number of descriptors; lines go by "
				  "message");
	} else if (!take_share(c, reply, call.reply_len, fds)) {
		vfu_client_say(c, "shares what cannot be mapped safely; lines go by message");
		vfu_client_share_end(c);
	}
	free(reply);
}

int
vfu_client_share_join(struct vfu_client *c, const struct vfu_client_shared *shared,
		      const struct bus_region regions[], unsigned int n)
{
	struct vfu_client_share *s = &c->share;
	void *bell = (void *)(uintptr_t)shared->asleep;
	unsigned int i;

	if (mmap(shared->memory, shared->memory_bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, shared->memory_fd, 0) == MAP_FAILED)
		return -errno;
	if (mmap(bell, VFU_BELL_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE,
		 shared->bell_fd, 0) == MAP_FAILED) {
		munmap(shared->memory, shared->memory_bytes);
		return -errno;
	}
	s->told = *shared;
	s->told.fences |= !register_for_fences();
	s->bell = bell;
	for (i = 0; i < n && s->nb_areas < VFU_CLIENT_AREAS; i++) {
		if (regions[i].kind != BUS_TRAPPED)
			s->areas[s->nb_areas++] = regions[i];
	}
	return 0;
}

/* Threads may be posting: what they write goes nowhere from here on. */
static void
cut(void *memory, size_t bytes, int prot)
{
	if (memory != NULL)
		mmap(memory, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void
vfu_client_share_cut(struct vfu_client *c)
{
	cut(c->share.told.memory, c->share.told.memory_bytes, PROT_READ | PROT_WRITE);
	cut(c->share.bell, VFU_BELL_BYTES, PROT_READ);
}

static void
close_if(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
vfu_client_share_end(struct vfu_client *c)
{
	struct vfu_client_share *s = &c->share;

	if (s->told.memory != NULL)
		munmap(s->told.memory, s->told.memory_bytes);
	if (s->bell != NULL)
		munmap(s->bell, VFU_BELL_BYTES);
	close_if(&s->told.memory_fd);
	close_if(&s->told.bell_fd);
	close_if(&s->told.kick_fd);
	s->told.memory = NULL;
	s->told.asleep = NULL;
	s->bell = NULL;
	s->nb_areas = 0;
}

const struct bus_region *
vfu_client_area(const struct vfu_client *c, unsigned int bar, uint64_t off)
{
	const struct bus_region *areas = c->share.areas;
	unsigned int low = 0, high = c->share.nb_areas;

	/* The first one behind it, by halves. */
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (areas[middle].bar < bar ||
		    (areas[middle].bar == bar && areas[middle].offset <= off))
			low = middle + 1;
		else
			high = middle;
	}
	return low != 0 && areas[low - 1].bar == bar ? &areas[low - 1] : NULL;
}
