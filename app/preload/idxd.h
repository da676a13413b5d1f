/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_IDXD_H
#define SLIPWAY_IDXD_H

/**
 * @file
 * The kernel's idxd driver, for modelled DSAs that a program is to find as work queues of the
 * kernel's: /dev/dsa/wqD.Q, /sys/bus/dsa. Attributes are files in a directory that `slipway run`
 * has made, where all its processes see them; each process that opens a work queue has a device of
 * its own, configured as they say.
 *
 *   idxd_path.c    names: /sys/bus/dsa, /dev/dsa and what they are in that directory
 *   idxd_attr.c    what is written to an attribute, judged and kept as the kernel does
 *   idxd_bind.c    bind and unbind: devices and work queues are enabled and disabled
 *   idxd_hw.c      registers and commands
 *   idxd_cdev.c    open, mmap, write and close of a work queue
 *
 * Any thread; not from signal handlers of ours.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** Is there any such device? */
bool idxd_present(void);

/**
 * What a path is in the directory of the run, or the path itself.
 *
 * @param room for the answer
 */
const char *idxd_path(const char *path, char room[PATH_MAX]);

/** Is it an attribute's path, which O_TRUNC is not to empty? */
bool idxd_is_inside(const char *path);

/** Is it the path of a work queue's char device? */
bool idxd_is_wq(const char *path);

/* ---- For vfio.c, with its lock held; results are 0 (or what is said) and negative errno ---- */

/** Open a work queue: a descriptor. */
int idxd_wq_open(const char *path, int flags);

/** Map the portal of an open one: *addr in and out. */
int idxd_wq_mmap(unsigned int index, void **addr, size_t len, int flags, off_t off);

/** Descriptors for an open one: bytes taken. */
ssize_t idxd_wq_write(unsigned int index, const void *bytes, size_t len);

/** The program has opened something for writing: if it is an attribute, it becomes ours. */
int idxd_attribute_open(int fd);

/** A value for an open attribute: `len`. */
ssize_t idxd_attribute_write(unsigned int index, const void *bytes, size_t len);

/** One descriptor more or less of those with an index. */
void idxd_reference(unsigned int index, bool more);

/** These addresses are unmapped: portals there are closed. */
void idxd_forget(const void *addr, size_t len);

/** In a child after fork: it has nothing open. */
void idxd_forked(void);

#endif /* SLIPWAY_IDXD_H */
