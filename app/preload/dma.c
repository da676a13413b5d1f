/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dma.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bus_store.h"
#include "ranges.h"
#include "sys.h"

struct dma_space {
	struct ranges ranges;
	struct range_slot slots[DMA_MAPPINGS];
};

/* The memory that was ever mapped lies between these two, so that most calls of munmap are found to
 * be none of our business at once. Moved by the writer, before the program knows of the mapping.
 */
static _Atomic uint64_t memory_start = UINT64_MAX;
static _Atomic uint64_t memory_end;

/* ---- Life ---- */

struct dma_space *
dma_create(void)
{
	/* Not from the heap: 2 MB of which most programs touch a page. */
	struct dma_space *space = sys_mmap(NULL, sizeof(*space), PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (space == MAP_FAILED)
		return NULL;
	space->ranges.max = DMA_MAPPINGS;
	space->ranges.slots = space->slots;
	return space;
}

void
dma_destroy(struct dma_space *space)
{
	if (space != NULL)
		sys_munmap(space, sizeof(*space));
}

/* ---- Changes ---- */

int
dma_map(struct dma_space *space, uint64_t iova, void *addr, uint64_t len, unsigned int prot)
{
	const struct range r = {.start = iova, .size = len, .to = (uintptr_t)addr, .tag = prot};
	int ret = ranges_insert(&space->ranges, &r);

	if (ret < 0)
		return ret;
	if (r.to < atomic_load_explicit(&memory_start, memory_order_relaxed))
		atomic_store_explicit(&memory_start, r.to, memory_order_relaxed);
	if (r.to + len > atomic_load_explicit(&memory_end, memory_order_relaxed))
		atomic_store_explicit(&memory_end, r.to + len, memory_order_relaxed);
	return 0;
}

int
dma_unmap(struct dma_space *space, uint64_t iova, uint64_t len, uint64_t *unmapped)
{
	const struct range hole = {.start = iova, .size = len};
	struct range r;

	*unmapped = 0;
	for (uint64_t at = iova; ranges_next(&space->ranges, at, &r); at = range_last(&r) + 1) {
		if (r.start > range_last(&hole))
			break;
		if (r.start < iova || range_last(&r) > range_last(&hole))
			return -EINVAL;
		*unmapped += r.size;
		if (range_last(&r) == range_last(&hole))
			break;
	}
	return *unmapped == 0 ? 0 : ranges_cut(&space->ranges, iova, len);
}

void
dma_clear(struct dma_space *space)
{
	struct range r;

	while (ranges_next(&space->ranges, 0, &r))
		ranges_cut(&space->ranges, r.start, r.size);
}

bool
dma_may_cover(const void *addr, size_t len)
{
	return (uintptr_t)addr < atomic_load_explicit(&memory_end, memory_order_relaxed) &&
	       (uintptr_t)addr + len > atomic_load_explicit(&memory_start, memory_order_relaxed);
}

bool
dma_forget(struct dma_space *space, const void *addr, size_t len)
{
	uint64_t from = (uintptr_t)addr, to = from + len, at = 0;
	bool found = false;
	struct range r;

	while (ranges_next(&space->ranges, at, &r)) {
		uint64_t start = r.to > from ? r.to : from;
		uint64_t end = r.to + r.size < to ? r.to + r.size : to;

		if (start < end) {
			ranges_cut(&space->ranges, r.start + (start - r.to), end - start);
			found = true;
		}
		if (range_last(&r) == UINT64_MAX)
			break;
		at = range_last(&r) + 1;
	}
	return found;
}

/* ---- Lookups ---- */

bool
dma_next(struct dma_space *space, uint64_t iova, uint64_t *start, void **addr, uint64_t *len,
	 unsigned int *prot)
{
	struct range r;

	if (!ranges_next(&space->ranges, iova, &r))
		return false;
	*start = r.start;
	*addr = (void *)(uintptr_t)r.to;
	*len = r.size;
	*prot = (unsigned int)r.tag;
	return true;
}

void *
dma_pointer(const struct dma_space *space, uint64_t iova, size_t *len, enum bus_prot prot)
{
	struct range r;

	if (!ranges_find(&space->ranges, iova, &r) || (r.tag & prot) != prot)
		return NULL;
	if (*len > range_last(&r) - iova + 1)
		*len = (size_t)(range_last(&r) - iova + 1);
	return (void *)(uintptr_t)(r.to + (iova - r.start));
}

int
dma_copy(const struct dma_space *space, uint64_t iova, void *bytes, size_t len, bool write)
{
	unsigned char *here = bytes, *there;
	size_t piece;

	for (; len > 0; len -= piece, here += piece, iova += piece) {
		piece = len;
		there = dma_pointer(space, iova, &piece, write ? BUS_PROT_WRITE : BUS_PROT_READ);
		if (there == NULL)
			return -EFAULT;
		if (write)
			bus_store(there, here, piece);
		else
			memcpy(here, there, piece);
	}
	return 0;
}
