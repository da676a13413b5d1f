/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_MAP_H
#define SLIPWAY_VFU_MAP_H

/**
 * @file
 * The memory that a client has made known: ranges of addresses, sorted, each with the file behind
 * it mapped here or, without a file, with nothing: then messages reach it. Ranges may end at 2^64,
 * so ends are inclusive.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/** A range. */
struct vfu_range {
	uint64_t first, last;  /**< addresses, both of it */
	unsigned char *memory; /**< of `first` in this process, NULL without a file */
	enum bus_prot prot;
	void *base; /**< what mmap returned: files with huge pages are mapped by whole ones */
	size_t bytes;
};

/** The map. Zeroed memory is an empty one with no room: see vfu_map_create. */
struct vfu_map {
	struct vfu_range *ranges; /**< sorted */
	uint32_t n, room, most;
	uint32_t hit; /**< the range found last */
};

/** Make an empty map that takes up to `most` ranges. */
void vfu_map_create(struct vfu_map *m, uint32_t most);
/** Remove all ranges, and free what they took. */
void vfu_map_destroy(struct vfu_map *m);

/**
 * Add a range, and map its file.
 *
 * @param fd the file behind it, or -1; the caller's to close
 * @return 0; -EINVAL for a range that is empty, passes 2^64, is not made of 4 KB pages, or lies
 *         beyond the end of its file; -EEXIST for one that overlaps another; -ENOSPC for one too
 *         many; -ENOTSUP for a file that memory cannot be; or what mmap said
 */
int vfu_map_add(struct vfu_map *m, uint64_t first, uint64_t bytes, enum bus_prot prot, int fd,
		uint64_t offset);

/** Ranges taken out of a map, to be unmapped when nobody uses them any longer. */
struct vfu_removed {
	struct vfu_range *ranges;
	uint32_t n;
};

/**
 * Take every range out that lies in first..last.
 *
 * @param removed out: what was taken out: vfu_map_unmap
 * @return 0, even for none; -EINVAL when a range lies in it by halves: then nothing was done; or
 *         -ENOMEM
 */
int vfu_map_remove(struct vfu_map *m, uint64_t first, uint64_t last, struct vfu_removed *removed);
/** Unmap them. */
void vfu_map_unmap(struct vfu_removed *removed);

/** The range that holds an address, or NULL. */
const struct vfu_range *vfu_map_find(struct vfu_map *m, uint64_t address);

/**
 * An address of this process lies in memory whose file has become shorter: put zeroed memory there
 * instead, so that whoever touched it can go on. For a handler of SIGBUS.
 *
 * @return whether it was in this map
 */
bool vfu_map_repair(const struct vfu_map *m, const void *address);

#endif /* SLIPWAY_VFU_MAP_H */
