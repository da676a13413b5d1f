/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "client_memory.h"
#include "scif.h"

/* What is behind a range of memory, area by area:
 *
 *   shared: a memfd, a file, what was converted before   its descriptor
 *   private, of no file                                  is converted
 *   the rest: stack, private mapping of a file, a file   the process; transfers copy by system
 *   that ends within its last page                       calls, and nobody can map it
 */

struct backings {
	struct client_backing *list;
	uint32_t count, room;
};

/* ---- A descriptor for shared memory ---- */

static bool
is_file(int fd, const struct client_area *area)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == area->inode &&
	       major(st.st_dev) == area->major && minor(st.st_dev) == area->minor;
}

static int
open_file(const char *path, const struct client_area *area, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0 || is_file(fd, area))
		return fd;
	close(fd);
	return -1;
}

static bool
may(int fd, int flags)
{
	int mode = fcntl(fd, F_GETFL);

	return mode >= 0 && ((mode & O_ACCMODE) == O_RDWR || (mode & O_ACCMODE) == flags);
}

/* One that the program has open. */
static int
find_open(const struct client_area *area, int flags)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int found = -1;

	if (dir == NULL)
		return -1;
	while (found < 0 && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_file(fd, area) && may(fd, flags))
			found = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	closedir(dir);
	return found;
}

/* As much as the mapping allows; the kernel lets only some open what is mapped. */
static int
open_shared(const struct client_area *area)
{
	int flags = (area->prot & SCIF_PROT_WRITE) != 0 ? O_RDWR : O_RDONLY;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIxPTR "-%" PRIxPTR, area->start,
		 area->end);
	fd = open_file(path, area, flags);
	if (fd < 0)
		fd = find_open(area, flags);
	if (fd < 0 && area->name[0] == '/')
		fd = open_file(area->name, area, flags);
	return fd;
}

/* ---- The list ---- */

static int
add(struct backings *b, const struct client_backing *backing)
{
	uint32_t room = b->room == 0 ? 4 : 2 * b->room;
	struct client_backing *more;

	if (b->count == b->room) {
		more = realloc(b->list, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		b->list = more;
		b->room = room;
	}
	b->list[b->count++] = *backing;
	return 0;
}

static int
add_or_close(struct backings *b, const struct client_backing *backing)
{
	int ret = add(b, backing);

	if (ret < 0 && backing->fd >= 0)
		close(backing->fd);
	return ret;
}

void
client_back_free(struct client_backing *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].fd >= 0)
			close(list[i].fd);
	free(list);
}

/* ---- Kinds of memory ---- */

static int
back_process(struct backings *b, uintptr_t start, size_t len)
{
	const struct client_backing backing = {.fd = -1, .offset = start, .length = len};

	return add(b, &backing);
}

static int
back_private(struct backings *b, uintptr_t start, size_t len)
{
	struct client_converted made;
	struct client_backing backing = {.length = len};
	int ret = client_convert(start, len, &made, &backing.fd);

	if (ret == -ENOTSUP)
		return back_process(b, start, len);
	if (ret < 0)
		return ret;
	backing.key = made.key;
	return add_or_close(b, &backing);
}

/* Is all of it in the file? Who has the descriptor could write behind the end, and make it longer.
 */
static bool
has_all(int fd, uint64_t end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (uint64_t)st.st_size >= end;
}

static int
back_shared(struct backings *b, const struct client_area *area, uintptr_t start, size_t len)
{
	struct client_backing backing = {
		.fd = -1,
		.offset = area->offset + (start - area->start),
		.length = len,
	};
	struct client_converted before;

	if (client_convert_find(area, &before))
		backing.key = before.key;
	else
		backing.fd = open_shared(area);
	if (backing.fd >= 0 && !has_all(backing.fd, backing.offset + len)) {
		close(backing.fd);
		backing.fd = -1;
	}
	if (backing.fd < 0 && backing.key == 0)
		return back_process(b, start, len);
	return add_or_close(b, &backing);
}

int
client_back_again(uintptr_t start, struct client_backing *backing)
{
	struct client_converted made;
	struct client_area area;
	int ret = client_area_find(start, &area);

	if (ret < 0)
		return ret;
	backing->fd = open_shared(&area);
	if (backing->fd >= 0)
		return 0;
	/* Nobody has it registered, and none of us its descriptor: so it is moved once more. */
	ret = client_convert(start, backing->length, &made, &backing->fd);
	if (ret == -ENOTSUP) {
		*backing = (struct client_backing){-1, 0, start, backing->length};
		return 0;
	}
	backing->key = made.key;
	backing->offset = 0;
	return ret;
}

/* Of no file, and not the kernel's; the heap, and what has been given a name, are as good. */
static bool
is_convertible(const struct client_area *area)
{
	return !area->shared && area->inode == 0 &&
	       (area->name[0] != '[' || strcmp(area->name, "[heap]") == 0 ||
		strncmp(area->name, "[anon:", 6) == 0);
}

static int
check(const struct client_area *area, uint32_t prot)
{
	return (area->prot & prot) == prot && (area->prot & ~CLIENT_PROT_EXEC) != 0 ? 0 : -EFAULT;
}

/* How far private memory goes on, over areas that differ in their protection. */
static int
private_end(uintptr_t end, uint32_t prot, struct client_area *area)
{
	uintptr_t start = area->start;
	struct client_area more;
	int ret;

	while (area->end < end) {
		ret = client_area_find(area->end, &more);
		if (ret < 0)
			return ret;
		if (!is_convertible(&more))
			break;
		if (check(&more, prot) < 0)
			return -EFAULT;
		*area = more;
	}
	area->start = start;
	return 0;
}

static int
back_area(struct backings *b, struct client_area *area, uintptr_t start, uintptr_t end,
	  uint32_t prot)
{
	int ret = 0;
	size_t len;

	if (is_convertible(area))
		ret = private_end(end, prot, area);
	if (ret < 0)
		return ret;
	len = (area->end < end ? area->end : end) - start;
	if (is_convertible(area))
		return back_private(b, start, len);
	if (area->shared && area->inode != 0)
		return back_shared(b, area, start, len);
	return back_process(b, start, len);
}

int
client_back(uintptr_t start, size_t len, uint32_t prot, struct client_backing **list,
	    uint32_t *count)
{
	struct backings b = {0};
	struct client_area area;
	uintptr_t end = start + len;
	/* All of it is looked at before any of it is moved. */
	int ret = client_area_check((const void *)start, len, prot);

	if (ret < 0)
		return ret;
	for (uintptr_t at = start; ret == 0 && at < end; at = area.end) {
		ret = client_area_find(at, &area);
		if (ret == 0)
			ret = check(&area, prot);
		if (ret == 0)
			ret = back_area(&b, &area, at, end, prot);
	}
	if (ret < 0) {
		client_back_free(b.list, b.count);
		return ret;
	}
	*list = b.list;
	*count = b.count;
	return 0;
}

void
client_back_keep(uintptr_t start, struct client_backing *list, uint32_t count)
{
	struct client_area area;

	for (uint32_t i = 0; i < count; i++) {
		if (list[i].fd < 0 && list[i].key != 0 && client_area_find(start, &area) == 0)
			list[i].fd = open_shared(&area);
		start += list[i].length;
	}
}
