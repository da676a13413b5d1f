/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "client_memory.h"
#include "scif.h"

/* /proc/self/maps, asked for one area where the kernel can (6.11), or read. */

/* The kernel's, which the headers of older ones do not have. */
struct area_query {
	uint64_t size;
	uint64_t flags;
	uint64_t address;
	uint64_t start;
	uint64_t end;
	uint64_t area_flags;
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t major;
	uint32_t minor;
	uint32_t name_size; /* in: room; out: with its end, 0 without a name */
	uint32_t build_id_size;
	uint64_t name;
	uint64_t build_id;
};

#define AREA_QUERY    _IOWR('f', 17, struct area_query)
#define AREA_READABLE   1u
#define AREA_WRITABLE   2u
#define AREA_EXECUTABLE 4u
#define AREA_SHARED     8u
/* Asked for: or the first behind the address. */
#define AREA_OR_NEXT 16u

static _Atomic int maps_fd = -1;
static _Atomic bool maps_only_text;

static int
maps_open(void)
{
	CLIENT_UNCANCELLED;
	int fd = atomic_load(&maps_fd), none = -1;

	if (fd >= 0)
		return fd;
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !atomic_compare_exchange_strong(&maps_fd, &none, fd)) {
		close(fd);
		fd = none;
	}
	return fd;
}

void
client_area_forget(void)
{
	int fd = atomic_exchange(&maps_fd, -1);
	struct statfs fs;

	/* The program may have closed it, and have a file of its own by that number. */
	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		close(fd);
}

/* 0, -ENOENT: nothing there, -ENAMETOOLONG, or -ENOTTY: it cannot be asked. */
static int
query(struct area_query *q)
{
	for (int i = 0; i < 2 && !atomic_load(&maps_only_text); i++) {
		int fd = maps_open();

		if (fd < 0)
			return -ENOTTY;
		if (ioctl(fd, AREA_QUERY, q) == 0)
			return 0;
		if (errno == ENOENT || errno == ENAMETOOLONG)
			return -errno;
		/* A program that closes what it did not open has closed this; so once more. */
		atomic_store(&maps_fd, -1);
	}
	atomic_store(&maps_only_text, true);
	return -ENOTTY;
}

static int
find_by_query(uintptr_t address, bool or_next, struct client_area *area)
{
	struct area_query q = {
		.size = sizeof(q),
		.flags = or_next ? AREA_OR_NEXT : 0,
		.address = address,
		.name = (uintptr_t)area->name,
		.name_size = sizeof(area->name),
	};
	int ret;

	area->name[0] = '\0';
	ret = query(&q);
	if (ret == -ENAMETOOLONG) {
		q.name_size = 0;
		q.name = 0;
		ret = query(&q);
	}
	if (ret < 0)
		return ret;
	area->start = q.start;
	area->end = q.end;
	area->prot = ((q.area_flags & AREA_READABLE) != 0 ? SCIF_PROT_READ : 0) |
		     ((q.area_flags & AREA_WRITABLE) != 0 ? SCIF_PROT_WRITE : 0) |
		     ((q.area_flags & AREA_EXECUTABLE) != 0 ? CLIENT_PROT_EXEC : 0);
	area->shared = (q.area_flags & AREA_SHARED) != 0;
	area->major = q.major;
	area->minor = q.minor;
	area->inode = q.inode;
	area->offset = q.offset;
	return 0;
}

static bool
parse_line(const char *line, struct client_area *area)
{
	char flags[5] = "";

	area->name[0] = '\0';
	if (sscanf(line,
		   "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %" SCNx32 ":%" SCNx32 " %" SCNu64
		   " %255[^\n]",
		   &area->start, &area->end, flags, &area->offset, &area->major, &area->minor,
		   &area->inode, area->name) < 7)
		return false;
	area->prot = (flags[0] == 'r' ? SCIF_PROT_READ : 0) |
		     (flags[1] == 'w' ? SCIF_PROT_WRITE : 0) |
		     (flags[2] == 'x' ? CLIENT_PROT_EXEC : 0);
	area->shared = flags[3] == 's';
	return true;
}

/* Read without the heap: of a child that may be its parent's still. */
struct text {
	int fd;
	size_t at, end;
	char bytes[4096];
};

static int
next_byte(struct text *t)
{
	ssize_t n;

	if (t->at == t->end) {
		n = read(t->fd, t->bytes, sizeof(t->bytes));
		if (n <= 0)
			return -1;
		t->at = 0;
		t->end = (size_t)n;
	}
	return (unsigned char)t->bytes[t->at++];
}

/* A line, or as much of it as there is room for. */
static bool
next_line(struct text *t, char *line, size_t room)
{
	size_t n = 0;
	int byte;

	while ((byte = next_byte(t)) >= 0 && byte != '\n')
		if (n + 1 < room)
			line[n++] = (char)byte;
	line[n] = '\0';
	return byte >= 0;
}

static int
find_by_text(uintptr_t address, bool or_next, struct client_area *area)
{
	CLIENT_UNCANCELLED;
	struct text t = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
	char line[512];
	int ret = -ENOENT;

	if (t.fd < 0)
		return -errno;
	while (ret < 0 && next_line(&t, line, sizeof(line)))
		if (parse_line(line, area) && address < area->end &&
		    (or_next || address >= area->start))
			ret = 0;
	close(t.fd);
	return ret;
}

static int
find(uintptr_t address, bool or_next, struct client_area *area)
{
	int ret = find_by_query(address, or_next, area);

	if (ret == -ENOTTY)
		ret = find_by_text(address, or_next, area);
	/* Whether anything is there is not known then. */
	if (ret == -EMFILE || ret == -ENFILE || ret == -ENOMEM)
		return ret;
	return ret < 0 ? -EFAULT : 0;
}

int
client_area_find(uintptr_t address, struct client_area *area)
{
	return find(address, false, area);
}

int
client_area_next(uintptr_t address, struct client_area *area)
{
	return find(address, true, area);
}

/* A file may end before its mapping does: the last byte that is wanted tells. Ours does not. */
static bool
is_in_file(const struct client_area *area, uintptr_t end)
{
	uintptr_t last = (area->end < end ? area->end : end) - 1;
	struct iovec here, there = {(void *)last, 1};
	char byte;

	if (area->inode == 0 || (area->prot & SCIF_PROT_READ) == 0 ||
	    strncmp(area->name, CLIENT_MEMFD, strlen(CLIENT_MEMFD)) == 0)
		return true;
	here = (struct iovec){&byte, 1};
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}

int
client_area_check(const void *address, size_t len, uint32_t prot)
{
	uintptr_t at = (uintptr_t)address, end = at + len;
	struct client_area area;
	int ret;

	if (end < at)
		return -EFAULT;
	while (at < end) {
		ret = client_area_find(at, &area);
		if (ret < 0)
			return ret;
		if ((area.prot & prot) != prot || !is_in_file(&area, end))
			return -EFAULT;
		at = area.end;
	}
	return 0;
}
