/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_FDS_H
#define SLIPWAY_FDS_H

/**
 * @file
 * Which descriptors of this process are the shim's. Programs call close and ioctl very often, and
 * nearly always with descriptors of their own: finding that out is one load. Any thread may ask;
 * changes are made by whoever owns the descriptor.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Descriptors from here on are never the shim's; opening one that high is refused. */
#define FDS_MAX 65536

/** What a descriptor is. */
enum fd_kind {
	FD_FOREIGN, /**< none of our business */
	FD_HIDDEN,  /**< for the shim's own use; the program did not open it and cannot close it */
	FD_CONTAINER, /**< /dev/vfio/vfio */
	FD_GROUP,     /**< /dev/vfio/N of a modelled device */
	FD_DEVICE,    /**< a modelled device */
	FD_WQ,        /**< a work queue of idxd's */
	FD_WQ_GONE,   /**< the same, in a child of the process that opened it */
	FD_ATTRIBUTE, /**< an attribute of idxd's, open for writing */
	FD_GONE,      /**< one of the first three, in a child of the process that opened it */
};

extern _Atomic uint16_t fds_table[FDS_MAX];

/** What a descriptor is. */
static inline enum fd_kind
fds_kind(int fd)
{
	if (fd < 0 || fd >= FDS_MAX)
		return FD_FOREIGN;
	return atomic_load_explicit(&fds_table[fd], memory_order_relaxed) & 0xff;
}

/** Which one of its kind: a number below 256. */
static inline unsigned int
fds_index(int fd)
{
	return atomic_load_explicit(&fds_table[fd], memory_order_relaxed) >> 8;
}

/** Say what a descriptor (0 to FDS_MAX - 1) is from now on. */
static inline void
fds_set(int fd, enum fd_kind kind, unsigned int index)
{
	atomic_store_explicit(&fds_table[fd], (uint16_t)(index << 8 | kind), memory_order_relaxed);
}

/**
 * Move a descriptor of the shim's own to a number that programs do not count on, and hide it.
 *
 * @return the new number, or a negative errno; `fd` stays open then
 */
int fds_hide(int fd);

/** A hidden copy of a descriptor of the program's, or a negative errno. */
int fds_copy(int fd);

/** Close a hidden descriptor. */
void fds_close(int fd);

/** In a child after fork: what the parent had of devices is gone. */
void fds_forked(void);

#endif /* SLIPWAY_FDS_H */
