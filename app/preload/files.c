/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Both the plain names and those with 64 are defined here, and neither may be renamed or wrapped by
 * a header.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "device.h"
#include "fds.h"
#include "idxd.h"
#include "real.h"
#include "vfio.h"

/* The functions of the C library that stand between a program and the kernel's VFIO. Each asks
 * whether path, descriptor or address is ours, and passes on what is not.
 */

#define EXPORT __attribute__((visibility("default")))

/* The next definition of a function after the shim's. Looked up at its first call, which may come
 * long before constructors run: the dynamic linker allocates nothing for a symbol that is there.
 */
static void *
next(_Atomic(void *) *slot, const char *name)
{
	void *function = atomic_load_explicit(slot, memory_order_relaxed);

	if (function == NULL) {
		function = dlsym(RTLD_NEXT, name);
		atomic_store_explicit(slot, function, memory_order_relaxed);
	}
	return function;
}

#define NEXT(name)                                      \
	({                                              \
		static _Atomic(void *) slot_;           \
		(__typeof__(&name))next(&slot_, #name); \
	})

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __pread_chk(int fd, void *bytes, size_t len, off_t off, size_t room);
ssize_t __pread64_chk(int fd, void *bytes, size_t len, off64_t off, size_t room);

int
real_open(const char *path, int flags)
{
	return NEXT(open64)(path, flags);
}

int
real_close(int fd)
{
	return NEXT(close)(fd);
}

int
real_ioctl(int fd, unsigned long request, void *arg)
{
	return NEXT(ioctl)(fd, request, arg);
}

/* ---- Opening ---- */

/* A descriptor, -1, or VFIO_FOREIGN; and then what to open. */
static int
open_ours(const char **path_inout, int *flags_inout, char room[PATH_MAX])
{
	const char *path = *path_inout;
	int flags = *flags_inout;

	*path_inout = idxd_path(path, room);
	/* Writing to an attribute changes it, opening it does not. */
	if ((flags & O_TRUNC) != 0 && idxd_is_inside(*path_inout))
		*flags_inout &= ~(O_TRUNC | O_CREAT);

	if (vfio_is_noiommu(path)) {
		errno = ENOENT;
		return -1;
	}
	return vfio_open(path, flags);
}

static int
opened(int fd, int flags)
{
	if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0 && idxd_present())
		vfio_opened(fd);
	return fd;
}

/* The optional mode of the open calls. */
#define MODE_OF(flags, mode)                            \
	do {                                            \
		va_list args_;                          \
		va_start(args_, flags);                 \
		if (__OPEN_NEEDS_MODE(flags))           \
			(mode) = va_arg(args_, mode_t); \
		va_end(args_);                          \
	} while (0)

EXPORT int
open(const char *path, int flags, ...)
{
	char room[PATH_MAX];
	mode_t mode = 0;
	int fd;

	MODE_OF(flags, mode);
	fd = open_ours(&path, &flags, room);
	return fd != VFIO_FOREIGN ? fd : opened(NEXT(open)(path, flags, mode), flags);
}

EXPORT int
open64(const char *path, int flags, ...)
{
	char room[PATH_MAX];
	mode_t mode = 0;
	int fd;

	MODE_OF(flags, mode);
	fd = open_ours(&path, &flags, room);
	return fd != VFIO_FOREIGN ? fd : opened(NEXT(open64)(path, flags, mode), flags);
}

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	char room[PATH_MAX];
	mode_t mode = 0;
	int fd;

	MODE_OF(flags, mode);
	fd = open_ours(&path, &flags, room);
	return fd != VFIO_FOREIGN ? fd : opened(NEXT(openat)(dir, path, flags, mode), flags);
}

EXPORT int
openat64(int dir, const char *path, int flags, ...)
{
	char room[PATH_MAX];
	mode_t mode = 0;
	int fd;

	MODE_OF(flags, mode);
	fd = open_ours(&path, &flags, room);
	return fd != VFIO_FOREIGN ? fd : opened(NEXT(openat64)(dir, path, flags, mode), flags);
}

EXPORT int
__open_2(const char *path, int flags)
{
	char room[PATH_MAX];
	int fd = open_ours(&path, &flags, room);

	return fd != VFIO_FOREIGN ? fd : opened(NEXT(__open_2)(path, flags), flags);
}

EXPORT int
__open64_2(const char *path, int flags)
{
	char room[PATH_MAX];
	int fd = open_ours(&path, &flags, room);

	return fd != VFIO_FOREIGN ? fd : opened(NEXT(__open64_2)(path, flags), flags);
}

EXPORT int
__openat_2(int dir, const char *path, int flags)
{
	char room[PATH_MAX];
	int fd = open_ours(&path, &flags, room);

	return fd != VFIO_FOREIGN ? fd : opened(NEXT(__openat_2)(dir, path, flags), flags);
}

EXPORT int
__openat64_2(int dir, const char *path, int flags)
{
	char room[PATH_MAX];
	int fd = open_ours(&path, &flags, room);

	return fd != VFIO_FOREIGN ? fd : opened(NEXT(__openat64_2)(dir, path, flags), flags);
}

/* Files of stdio: read as they lie; what is written to an attribute goes through write. */
static ssize_t
cookie_write(void *cookie, const char *bytes, size_t len)
{
	ssize_t n = vfio_write((int)(intptr_t)cookie, bytes, len);

	/* As a stream wants it: 0 is an error. */
	return n < 0 ? 0 : n;
}

static int
cookie_close(void *cookie)
{
	return vfio_close((int)(intptr_t)cookie);
}

static FILE *
attribute_stream(const char *path)
{
	static const cookie_io_functions_t functions = {
		.write = cookie_write,
		.close = cookie_close,
	};
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	return fopencookie((void *)(intptr_t)fd, "w", functions);
}

EXPORT FILE *
fopen(const char *restrict path, const char *restrict mode)
{
	char room[PATH_MAX];

	path = idxd_path(path, room);
	if (mode[0] != 'r' && idxd_is_inside(path))
		return attribute_stream(path);
	return NEXT(fopen)(path, mode);
}

EXPORT FILE *
fopen64(const char *restrict path, const char *restrict mode)
{
	char room[PATH_MAX];

	path = idxd_path(path, room);
	if (mode[0] != 'r' && idxd_is_inside(path))
		return attribute_stream(path);
	return NEXT(fopen64)(path, mode);
}

/* ---- Looking ---- */

EXPORT int
access(const char *path, int mode)
{
	char room[PATH_MAX];

	if (vfio_is_module(path) || vfio_is_file(path))
		return 0;
	return NEXT(access)(idxd_path(path, room), mode);
}

EXPORT int
faccessat(int dir, const char *path, int mode, int flags)
{
	char room[PATH_MAX];

	return NEXT(faccessat)(dir, idxd_path(path, room), mode, flags);
}

/* A module that is said to be there is a directory like any other. */
static const char *
stat_path(const char *path, char room[PATH_MAX])
{
	return vfio_is_module(path) ? "/" : idxd_path(path, room);
}

EXPORT int
stat(const char *restrict path, struct stat *restrict st)
{
	char room[PATH_MAX];

	return NEXT(stat)(stat_path(path, room), st);
}

EXPORT int
stat64(const char *restrict path, struct stat64 *restrict st)
{
	char room[PATH_MAX];

	return NEXT(stat64)(stat_path(path, room), st);
}

EXPORT int
lstat(const char *restrict path, struct stat *restrict st)
{
	char room[PATH_MAX];

	return NEXT(lstat)(idxd_path(path, room), st);
}

EXPORT int
lstat64(const char *restrict path, struct stat64 *restrict st)
{
	char room[PATH_MAX];

	return NEXT(lstat64)(idxd_path(path, room), st);
}

EXPORT int
fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
	char room[PATH_MAX];

	return NEXT(fstatat)(dir, idxd_path(path, room), st, flags);
}

EXPORT int
fstatat64(int dir, const char *restrict path, struct stat64 *restrict st, int flags)
{
	char room[PATH_MAX];

	return NEXT(fstatat64)(dir, idxd_path(path, room), st, flags);
}

EXPORT int
statx(int dir, const char *restrict path, int flags, unsigned int mask, struct statx *restrict st)
{
	char room[PATH_MAX];

	return NEXT(statx)(dir, idxd_path(path, room), flags, mask, st);
}

EXPORT ssize_t
getxattr(const char *path, const char *name, void *value, size_t size)
{
	char room[PATH_MAX];

	return NEXT(getxattr)(idxd_path(path, room), name, value, size);
}

EXPORT ssize_t
lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	char room[PATH_MAX];

	return NEXT(lgetxattr)(idxd_path(path, room), name, value, size);
}

EXPORT DIR *
opendir(const char *path)
{
	char room[PATH_MAX];

	return NEXT(opendir)(idxd_path(path, room));
}

EXPORT int
scandir(const char *restrict path, struct dirent ***restrict list,
	int (*select)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	char room[PATH_MAX];

	return NEXT(scandir)(idxd_path(path, room), list, select, compare);
}

EXPORT ssize_t
readlink(const char *restrict path, char *restrict bytes, size_t len)
{
	char room[PATH_MAX];

	return NEXT(readlink)(idxd_path(path, room), bytes, len);
}

EXPORT char *
realpath(const char *restrict path, char *restrict resolved)
{
	char room[PATH_MAX];

	return NEXT(realpath)(idxd_path(path, room), resolved);
}

/* ---- Descriptors ---- */

EXPORT int
close(int fd)
{
	return fds_kind(fd) == FD_FOREIGN ? NEXT(close)(fd) : vfio_close(fd);
}

/* Those of ours one by one, as many as there are; the kernel does the rest in between. */
EXPORT int
close_range(unsigned int first, unsigned int last, int flags)
{
	unsigned int from = first, end = last < FDS_MAX ? last : FDS_MAX - 1;
	int ret = 0;

	if (flags != 0 || first > last)
		return NEXT(close_range)(first, last, flags);
	for (unsigned int fd = first; fd <= end; fd++) {
		if (fds_kind((int)fd) == FD_FOREIGN)
			continue;
		if (fd > from)
			ret |= NEXT(close_range)(from, fd - 1, 0);
		vfio_close((int)fd);
		from = fd + 1;
	}
	return from > last ? ret : ret | NEXT(close_range)(from, last, 0);
}

EXPORT void
closefrom(int first)
{
	close_range(first < 0 ? 0 : (unsigned int)first, UINT32_MAX, 0);
}

EXPORT int
dup(int fd)
{
	int copy = NEXT(dup)(fd);

	vfio_dup(fd, copy);
	return copy;
}

/* The kernel says EBUSY for a number it is about to give to somebody else, too. */
static bool
is_taken(int fd)
{
	if (fds_kind(fd) != FD_HIDDEN)
		return false;
	errno = EBUSY;
	return true;
}

EXPORT int
dup2(int fd, int to)
{
	int copy = is_taken(to) ? -1 : NEXT(dup2)(fd, to);

	vfio_dup(fd, copy);
	return copy;
}

EXPORT int
dup3(int fd, int to, int flags)
{
	int copy = is_taken(to) ? -1 : NEXT(dup3)(fd, to, flags);

	vfio_dup(fd, copy);
	return copy;
}

static void
fcntl_done(int fd, int command, int copy)
{
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		vfio_dup(fd, copy);
}

EXPORT int
fcntl(int fd, int command, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	ret = NEXT(fcntl)(fd, command, arg);
	fcntl_done(fd, command, ret);
	return ret;
}

EXPORT int
fcntl64(int fd, int command, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	ret = NEXT(fcntl64)(fd, command, arg);
	fcntl_done(fd, command, ret);
	return ret;
}

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fds_kind(fd) != FD_FOREIGN)
		return vfio_ioctl(fd, request, arg);
	if (request == VFIO_GROUP_SET_CONTAINER && device_count() > 0)
		return vfio_attach_real(fd, arg);
	return real_ioctl(fd, request, arg);
}

/* ---- Reading and writing ---- */

/* Of ours, only devices can be read and written; the rest is for the kernel to refuse. */
static bool
is_transfer(int fd)
{
	return fds_kind(fd) == FD_DEVICE || fds_kind(fd) == FD_GONE;
}

/* What is written in one piece to those that take it so. */
static bool
is_taker(int fd)
{
	enum fd_kind kind = fds_kind(fd);

	return kind == FD_WQ || kind == FD_WQ_GONE || kind == FD_ATTRIBUTE;
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	return is_taker(fd) ? vfio_write(fd, bytes, len) : NEXT(write)(fd, bytes, len);
}

EXPORT ssize_t
pread(int fd, void *bytes, size_t len, off_t off)
{
	return is_transfer(fd) ? vfio_transfer(fd, bytes, len, off, false)
			       : NEXT(pread)(fd, bytes, len, off);
}

EXPORT ssize_t
pread64(int fd, void *bytes, size_t len, off64_t off)
{
	return is_transfer(fd) ? vfio_transfer(fd, bytes, len, off, false)
			       : NEXT(pread64)(fd, bytes, len, off);
}

EXPORT ssize_t
__pread_chk(int fd, void *bytes, size_t len, off_t off, size_t room)
{
	return is_transfer(fd) && len <= room ? vfio_transfer(fd, bytes, len, off, false)
					      : NEXT(__pread_chk)(fd, bytes, len, off, room);
}

EXPORT ssize_t
__pread64_chk(int fd, void *bytes, size_t len, off64_t off, size_t room)
{
	return is_transfer(fd) && len <= room ? vfio_transfer(fd, bytes, len, off, false)
					      : NEXT(__pread64_chk)(fd, bytes, len, off, room);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t off)
{
	return is_transfer(fd) ? vfio_transfer(fd, (void *)(uintptr_t)bytes, len, off, true)
			       : NEXT(pwrite)(fd, bytes, len, off);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t off)
{
	return is_transfer(fd) ? vfio_transfer(fd, (void *)(uintptr_t)bytes, len, off, true)
			       : NEXT(pwrite64)(fd, bytes, len, off);
}

/* ---- Memory ---- */

static bool
is_mapped_here(int fd)
{
	return is_transfer(fd) || fds_kind(fd) == FD_WQ || fds_kind(fd) == FD_WQ_GONE;
}

/* What is mapped over is gone. NOREPLACE maps over nothing. */
static void
map_over(void *addr, size_t len, int flags)
{
	if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE)
		vfio_forget(addr, len);
}

EXPORT void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	map_over(addr, len, flags);
	if ((flags & MAP_ANONYMOUS) == 0 && is_mapped_here(fd))
		return vfio_mmap(addr, len, flags, fd, off);
	addr = NEXT(mmap)(addr, len, prot, flags, fd, off);
	if (addr != MAP_FAILED)
		vfio_remember(addr, len, prot, flags, fd, off);
	return addr;
}

EXPORT void *
mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	map_over(addr, len, flags);
	if ((flags & MAP_ANONYMOUS) == 0 && is_mapped_here(fd))
		return vfio_mmap(addr, len, flags, fd, off);
	addr = NEXT(mmap64)(addr, len, prot, flags, fd, off);
	if (addr != MAP_FAILED)
		vfio_remember(addr, len, prot, flags, fd, off);
	return addr;
}

EXPORT int
munmap(void *addr, size_t len)
{
	vfio_forget(addr, len);
	return NEXT(munmap)(addr, len);
}

/* Opened pages of a BAR would be memory, and nobody would notice. */
EXPORT int
mprotect(void *addr, size_t len, int prot)
{
	return device_overlaps(addr, len) ? 0 : NEXT(mprotect)(addr, len, prot);
}
