/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFIO_H
#define SLIPWAY_VFIO_H

/**
 * @file
 * The kernel's VFIO for modelled devices: the calls that a program makes on its container, groups
 * and devices. Results are those of the calls: -1 and errno, MAP_FAILED and errno. Any thread; not
 * from signal handlers of ours.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** Returned by vfio_open: not a path of ours. */
#define VFIO_FOREIGN (-2)

/** Open /dev/vfio/vfio or the group of a modelled device: a descriptor, -1, or VFIO_FOREIGN. */
int vfio_open(const char *path, int flags);

/** Is this one of the things in /sys/module that DPDK looks for, and must be said to be there? */
bool vfio_is_module(const char *path);

/** Is this the switch of the mode without an IOMMU, which must be said not to be there? */
bool vfio_is_noiommu(const char *path);

/** Is this a device file of ours? */
bool vfio_is_file(const char *path);

/** close, of a descriptor that is not FD_FOREIGN. */
int vfio_close(int fd);

/** `to` is a copy of `from`, whatever either is. */
void vfio_dup(int from, int to);

/** ioctl, of a descriptor that is not FD_FOREIGN. */
int vfio_ioctl(int fd, unsigned long request, void *arg);

/** VFIO_GROUP_SET_CONTAINER of a real group: the kernel's, and our maps with it. */
int vfio_attach_real(int group, const int *container);

/** pread and pwrite, of a descriptor that is not FD_FOREIGN. */
ssize_t vfio_transfer(int fd, void *bytes, size_t len, off_t off, bool write);

/** write, of a descriptor that is FD_WQ, FD_WQ_GONE or FD_ATTRIBUTE. */
ssize_t vfio_write(int fd, const void *bytes, size_t len);

/** The program has opened something for writing, in the directory of idxd's attributes perhaps. */
void vfio_opened(int fd);

/** mmap, of a descriptor that is not FD_FOREIGN. */
void *vfio_mmap(void *addr, size_t len, int flags, int fd, off_t off);

/**
 * These addresses are about to be unmapped or mapped over: neither BARs nor memory that a device
 * may reach from now on. Cheap when they never were.
 */
void vfio_forget(void *addr, size_t len);

/**
 * Memory has been mapped, by these arguments of mmap: who serves a device may map it as well. Cheap
 * unless it is shared and writable, and some device is served.
 */
void vfio_remember(void *addr, size_t len, int prot, int flags, int fd, off_t off);

#endif /* SLIPWAY_VFIO_H */
