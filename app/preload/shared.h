/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SHARED_H
#define SLIPWAY_SHARED_H

/**
 * @file
 * Memory of the program that another process could map: what it maps shared and writable of files,
 * as DPDK does with its huge pages and with the memory file that stands in for them. A descriptor
 * of each file is kept, for the program may close its own.
 *
 * Changes come one at a time, as lookups do: both are made under the lock of vfio.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Files of one program; memory of files beyond that is not known as shared. */
#define SHARED_FILES 4096

/** Where memory lies in a file. */
struct shared_part {
	uint64_t start; /**< first address */
	uint64_t size;
	int fd;
	uint64_t offset;
};

/** Memory was mapped shared and writable from `fd`, in place of what was there. */
void shared_note(const void *addr, size_t len, int fd, off_t off);

/** Memory was unmapped, or mapped over. */
void shared_forget(const void *addr, size_t len);

/** Is any of this memory known? Any thread. */
bool shared_covers(const void *addr, size_t len);

/** The part that holds an address, or the first one behind it: false when there is none. */
bool shared_next(const void *addr, struct shared_part *part);

#endif /* SLIPWAY_SHARED_H */
