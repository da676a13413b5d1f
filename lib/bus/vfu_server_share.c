/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rings and memory of the device in the client's hands, and the bell: a page that says whether the
 * server sleeps, and an eventfd that wakes it. Both are made for each client, so that those of the
 * one before know nothing that is of use.
 */

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static long
membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

static bool
has_membarrier(void)
{
	long commands = membarrier(MEMBARRIER_CMD_QUERY);

	return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
}

bool
vfu_server_is_shareable(const struct bus_region *r)
{
	return (r->kind == BUS_MEMORY || r->kind == BUS_LINE_RING) && r->memory != NULL &&
	       r->fd >= 0;
}

/* ---- The bell ---- */

/* Its client may look at the page, and nothing else. */
static int
bell_create(struct vfu_shared *sh)
{
	sh->bell_fd = memfd_create("vfu-bell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (sh->bell_fd < 0 || ftruncate(sh->bell_fd, VFU_BELL_BYTES) < 0)
		return -errno;
	sh->bell = mmap(NULL, VFU_BELL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, sh->bell_fd, 0);
	if (sh->bell == MAP_FAILED) {
		sh->bell = NULL;
		return -errno;
	}
	fcntl(sh->bell_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
	fcntl(sh->bell_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return 0;
}

static int
shared_create(struct vfu_server *s)
{
	struct vfu_shared *sh = &s->shared;
	struct epoll_event event = {.events = EPOLLIN};
	int ret;

	if (sh->bell != NULL)
		return 0;
	ret = bell_create(sh);
	if (ret < 0)
		return ret;
	sh->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	event.data.fd = sh->kick;
	if (sh->kick < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, sh->kick, &event) < 0)
		return -errno;
	return 0;
}

void
vfu_server_share_forget(struct vfu_server *s)
{
	struct vfu_shared *sh = &s->shared;

	if (sh->bell != NULL)
		munmap(sh->bell, VFU_BELL_BYTES);
	if (sh->bell_fd >= 0)
		close(sh->bell_fd);
	if (sh->kick >= 0) {
		/* The client still has it: only closing the last copy would take it out. */
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, sh->kick, NULL);
		close(sh->kick);
	}
	*sh = (struct vfu_shared){.bell_fd = -1, .kick = -1};
}

/* ---- Sleeping ---- */

bool
vfu_server_shares(const struct vfu_server *s)
{
	return s->shared.bell != NULL;
}

void
vfu_server_asleep(struct vfu_server *s)
{
	if (s->shared.bell == NULL)
		return;
	atomic_store_explicit(&s->shared.bell->asleep, 1, memory_order_relaxed);
	/* Before: asleep is set. After: the owner looks at the rings. Pairs with the fence of a
	 * client, between publishing a line and looking at asleep: one of the two sees the other.
	 * The membarrier is that fence, too, for clients that make only a compiler's one.
	 */
	if (membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) < 0)
		atomic_thread_fence(memory_order_seq_cst);
}

void
vfu_server_awake(struct vfu_server *s)
{
	if (s->shared.bell == NULL)
		return;
	atomic_store_explicit(&s->shared.bell->asleep, 0, memory_order_relaxed);
	(void)vfu_server_eventfd_take(s->shared.kick);
}

/* ---- SHARE ---- */

/* What lies in the one file that goes with the answer. */
static uint32_t
records_fill(struct vfu_server *s, int *file)
{
	struct vfu_share_region record;
	uint32_t n = 0;

	*file = -1;
	for (unsigned int i = 0; i < s->n_regions; i++) {
		const struct bus_region *r = &s->regions[i];

		if (!vfu_server_is_shareable(r) || (n > 0 && r->fd != *file))
			continue;
		if ((n + 1) * sizeof(record) > VFU_MAX_DATA)
			break;
		*file = r->fd;
		record = (struct vfu_share_region){r->bar, r->kind, r->offset, r->size,
						   r->fd_offset};
		memcpy(s->data + n++ * sizeof(record), &record, sizeof(record));
	}
	return n;
}

int
vfu_server_share(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_share_reply head = {0};
	const struct iovec empty = {&head, sizeof(head)};
	struct iovec parts[] = {{&head, sizeof(head)}, {s->data, 0}};
	int file, ret;

	if (!s->share)
		return vfu_server_refuse(s, m, -ENOTSUP, "not agreed on");
	head.count = records_fill(s, &file);
	if (head.count == 0)
		return vfu_server_reply(s, m, &empty, 1);
	ret = shared_create(s);
	if (ret < 0) {
		vfu_server_share_forget(s);
		return vfu_server_refuse(s, m, ret, "no bell");
	}
	if (!has_membarrier())
		head.flags = VFU_SHARE_FENCE_NEEDED;
	parts[1].iov_len = head.count * sizeof(struct vfu_share_region);
	return vfu_server_reply_fds(s, m, parts, 2,
				    (const int[]){file, s->shared.bell_fd, s->shared.kick},
				    VFU_SHARE_FDS);
}
