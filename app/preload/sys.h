/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SYS_H
#define SLIPWAY_SYS_H

/**
 * @file
 * System calls for the shim's own use. The C library's functions of these names are interposed, so
 * the shim would meet itself there; these go to the kernel. They set errno like their namesakes and
 * may be called from signal handlers.
 */

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline void *
sys_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off); /* NOLINT */
}

static inline int
sys_munmap(void *addr, size_t len)
{
	return (int)syscall(SYS_munmap, addr, len);
}

static inline int
sys_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

static inline ssize_t
sys_write(int fd, const void *bytes, size_t len)
{
	return syscall(SYS_write, fd, bytes, len);
}

#endif /* SLIPWAY_SYS_H */
