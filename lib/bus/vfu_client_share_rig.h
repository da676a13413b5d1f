/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_CLIENT_SHARE_RIG_H
#define SLIPWAY_VFU_CLIENT_SHARE_RIG_H

/**
 * @file
 * The scripted server of vfu_client_test_rig.h, which shares two rings, memory and its bell.
 */

#include <sys/eventfd.h>

#include "line_ring.h"
#include "vfu_client_test_rig.h"

/* Pages of the bar that are rings. */
#define RING_A    0x1000u
#define RING_B    0x3000u
#define FILE_BYTES 0x11000u /* the two, side by side, fit */
#define MEMORY_AT  0x8000u  /* a page of the bar that is memory */

/* What the server shares, and how a test bends it. */
struct shared {
	struct vfu_share_reply head;
	struct vfu_share_region regions[300];
	unsigned int count; /* records that are sent */
	int memory_fd, bell_fd, kick_fd;
	unsigned int n_fds;
	struct line_ring *rings;
	struct vfu_bell *bell;
	script_fn then; /* what the script goes on with */
};

static inline int
sealed_file(size_t bytes, bool sealed)
{
	int fd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	if (sealed)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	return fd;
}

static inline void
shared_init(struct shared *s)
{
	*s = (struct shared){.head = {3, 0}, .count = 3, .n_fds = VFU_SHARE_FDS};
	s->memory_fd = sealed_file(FILE_BYTES + 0x1000, true);
	s->bell_fd = sealed_file(VFU_BELL_BYTES, true);
	s->kick_fd = eventfd(0, EFD_CLOEXEC);
	s->regions[0] = (struct vfu_share_region){BAR, BUS_LINE_RING, RING_B, 0x1000,
						  sizeof(struct line_ring)};
	s->regions[1] = (struct vfu_share_region){BAR, BUS_LINE_RING, RING_A, 0x1000, 0};
	s->regions[2] =
		(struct vfu_share_region){BAR, BUS_MEMORY, MEMORY_AT, 0x1000, FILE_BYTES};
	s->rings = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->memory_fd, 0);
	s->bell = mmap(NULL, VFU_BELL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->bell_fd, 0);
	assert_true(s->rings != MAP_FAILED && s->bell != MAP_FAILED);
}

static inline void
shared_end(struct shared *s)
{
	munmap(s->rings, FILE_BYTES);
	munmap(s->bell, VFU_BELL_BYTES);
	close(s->memory_fd);
	close(s->bell_fd);
	close(s->kick_fd);
}

static inline void
share(struct peer *p)
{
	struct shared *s = p->arg;
	int fds[] = {s->memory_fd, s->bell_fd, s->kick_fd, s->kick_fd};
	size_t len = sizeof(s->head) + s->count * sizeof(s->regions[0]);
	struct vfu_header head;

	if (!peer_hello(p) || !peer_take(p, VFU_SHARE))
		return;
	head = peer_head(p, len);
	peer_send(p, &head, s, len, NULL, 0, fds, s->n_fds);
	if (s->then != NULL)
		s->then(p);
}

static inline void
wait_for_end(struct peer *p)
{
	if (peer_take_any(p))
		peer_wrong(p, "a message where none is needed");
}

static inline int
share_open(struct peer *p, struct shared *s)
{
	peer_init(p);
	shared_init(s);
	p->fds_before = fds_open();
	p->json = "{\"capabilities\":{\"slipway\":{\"share\":true}}}";
	p->share = true;
	p->arg = s;
	s->then = wait_for_end;
	return 0;
}

static inline void
share_begin(struct peer *p, struct shared *s)
{
	share_open(p, s);
	assert_int_equal(peer_open(p, share), 0);
}

static inline void
share_close(struct peer *p, struct shared *s)
{
	peer_end(p);
	shared_end(s);
}

static inline uint64_t
kicks(const struct shared *s)
{
	uint64_t n = 0;

	(void)!read(s->kick_fd, &n, sizeof(n));
	return n;
}

#endif /* SLIPWAY_VFU_CLIENT_SHARE_RIG_H */
