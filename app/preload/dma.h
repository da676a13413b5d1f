/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DMA_H
#define SLIPWAY_DMA_H

/**
 * @file
 * What devices may reach of this process: IO addresses and the memory behind them, as an IOMMU has
 * it. Each VFIO container is one space.
 *
 * Lookups and copies may be made by any thread, signal handlers included. Changes come one at a
 * time, which is up to the caller, and are followed by device_remap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"

struct dma_space;

/** Mappings in one space: what the kernel allows. */
#define DMA_MAPPINGS 65535u

/** Make an empty space, or NULL. */
struct dma_space *dma_create(void);

/** Free a space, in which no device may be looking any more. */
void dma_destroy(struct dma_space *space);

/**
 * Map memory.
 *
 * @param iova first IO address
 * @param addr first byte of the memory
 * @param len bytes
 * @param prot BUS_PROT_READ, BUS_PROT_WRITE or both
 * @return 0, -EINVAL, -EEXIST when some of it is mapped, -ENOSPC
 */
int dma_map(struct dma_space *space, uint64_t iova, void *addr, uint64_t len, unsigned int prot);

/**
 * Take away the mappings that lie in an interval.
 *
 * @param unmapped out: bytes that were taken away
 * @return 0, -EINVAL when an end of the interval would cut a mapping in two; nothing changed then
 */
int dma_unmap(struct dma_space *space, uint64_t iova, uint64_t len, uint64_t *unmapped);

/** Take all mappings away. */
void dma_clear(struct dma_space *space);

/** Can any of this memory be mapped? A quick answer that is no most of the time. Any thread. */
bool dma_may_cover(const void *addr, size_t len);

/**
 * Memory of the process goes away: take away what is mapped of it, piece by piece.
 *
 * @return whether there was any
 */
bool dma_forget(struct dma_space *space, const void *addr, size_t len);

/** The first mapping at an IO address or above it. */
bool dma_next(struct dma_space *space, uint64_t iova, uint64_t *start, void **addr, uint64_t *len,
	      unsigned int *prot);

/** See bus_host_ops.map. */
void *dma_pointer(const struct dma_space *space, uint64_t iova, size_t *len, enum bus_prot prot);

/** See bus_host_ops.dma. */
int dma_copy(const struct dma_space *space, uint64_t iova, void *bytes, size_t len, bool write);

#endif /* SLIPWAY_DMA_H */
